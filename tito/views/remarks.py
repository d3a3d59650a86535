"""Remarks on the files behind a checklist: the lesson itself, and its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.core.words import counted, module_number
from tito.core.workspace.course import FIX

if TYPE_CHECKING:
    from tito.core.testing.results import Checklist
    from tito.views.lines import Line


def remark_lines(found: Checklist) -> list[Line]:
    """Nothing where tasks and markers are all there, and nobody changed the tests."""
    return [
        *(lost_lines if found.remarks.cut else headless_lines)(found),
        *unmarked_lines(found),
        *edited_lines(found.remarks.edited_tests),
    ]


def lost_lines(found: Checklist) -> list[Line]:
    """A file that was cut when it was saved is not a wrong answer."""
    lost = found.remarks.lost
    if not lost or found.report.has_passed:
        return []
    numbers = ", ".join(task.number for task in lost)
    what = f"Task {numbers} {'is' if len(lost) == 1 else 'are'} no longer in {found.file}."
    reset = f"tito module reset {module_number(found.module)}"
    back = f"If it was cut: {reset} (a dated copy is kept)"
    return [(what, "bold red"), (back, ""), ("", "")]


def headless_lines(found: Checklist) -> list[Line]:
    """All answers are there, but what goes by the headings counts them to the task above."""
    lost = found.remarks.lost
    if not lost:
        return []
    missing = f"{counted(len(lost), 'heading')} missing in {found.file}"
    back: list[Line] = [(f"  {task.heading}", "") for task in lost]
    what = f"{missing}: tasks and hints go by headings. To put back:"
    return [(what, "yellow"), *back, ("", "")]


def unmarked_lines(found: Checklist) -> list[Line]:
    """The tests pass without the markers; what goes by them is no longer right."""
    unmarked = found.remarks.unmarked
    if not unmarked:
        return []
    markers = "'### BEGIN SOLUTION' and '### END SOLUTION'"
    what = f"Task {', '.join(unmarked)}: the lines {markers} are missing around an answer."
    why = "Hints and solutions go by them: put them back."
    begins = [task.line for task in found.lesson.tasks if task.number in unmarked]
    places: list[Line] = [(f"  below {found.file}:{line}", "cyan") for line in begins]
    return [(f"{what} {why}", "yellow"), *places, ("", "")]


def edited_lines(tests: str) -> list[Line]:
    """A changed test, by accident or not, judges differently: say so."""
    if not tests:
        return []
    text = f"{tests} is not the course's version: it is what judged your answers."
    return [(text, "yellow"), (f"To restore it (yours is kept): {FIX}", ""), ("", "")]
