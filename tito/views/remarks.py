"""Warnings about the files behind a checklist: the lesson itself, and its tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tito.core.python import python_command
from tito.core.words import counted, enumerated, module_number
from tito.core.workspace.course import FIX, INSTALLED

if TYPE_CHECKING:
    from tito.core.testing.results import Checklist, Remarks
    from tito.views.lines import Line

MOST_GONE = 3


def remark_lines(found: Checklist) -> list[Line]:
    """All warnings; none if all tasks and markers are there and the tests are unchanged."""
    return [
        *(lost_lines if found.remarks.cut else headless_lines)(found),
        *unmarked_lines(found),
        *notebook_lines(found),
        *tests_lines(found.remarks),
    ]


def lost_lines(found: Checklist) -> list[Line]:
    """Tasks that are gone with their answers: a file cut off while saving, not wrong answers."""
    lost = found.remarks.lost
    if not lost or found.report.has_passed:
        return []
    numbers = ", ".join(task.number for task in lost)
    what = f"Task {numbers} {'is' if len(lost) == 1 else 'are'} no longer in {found.file}."
    reset = f"tito module reset {module_number(found.module)}"
    back = f"If the file was cut off: {reset} (a dated copy is kept)"
    return [(what, "bold red"), (back, ""), ("", "")]


def headless_lines(found: Checklist) -> list[Line]:
    """Headings that are gone: the answers are there, but count toward the task above."""
    lost = found.remarks.lost
    if not lost:
        return []
    missing = f"{counted(len(lost), 'heading')} missing in {found.file}"
    back: list[Line] = [(f"  {task.heading}", "") for task in lost]
    what = f"{missing}, which tasks and hints need. Put back:"
    return [(what, "yellow"), *back, ("", "")]


def unmarked_lines(found: Checklist) -> list[Line]:
    """Markers that are gone: tests still pass, but hints and solutions need them."""
    unmarked = found.remarks.unmarked
    if not unmarked:
        return []
    markers = "'### BEGIN SOLUTION' and '### END SOLUTION'"
    what = f"Task {', '.join(unmarked)}: the lines {markers} are missing around an answer."
    why = "Put them back: hints and solutions need them."
    begins = [task.line for task in found.lesson.tasks if task.number in unmarked]
    places: list[Line] = [(f"  below {found.file}:{line}", "cyan") for line in begins]
    return [(f"{what} {why}", "yellow"), *places, ("", "")]


def gone_lines(found: Checklist) -> list[Line]:
    """What the course gives and the lesson has no more: right answers fail without it."""
    gone = found.remarks.gone
    if not gone:
        return []
    lines: list[Line] = [
        ("This is given by the course, and is missing or changed. Put back:", "yellow")
    ]
    for one in gone[:MOST_GONE]:
        where = f"in {one.owner}, " if one.owner else ""
        near = f"{where}{found.file}:{one.line}" if one.line else found.file
        lines += [(f"  {one.text}", ""), (f"    {near}", "cyan")]
    more = len(gone) - MOST_GONE
    return [*lines, *([(f"  [{more} more]", "")] if more > 0 else []), ("", "")]


def notebook_lines(found: Checklist) -> list[Line]:
    """A notebook in which the answers may stand: it is not read."""
    notebook = found.remarks.notebook
    if not notebook:
        return []
    convert = f"{python_command()} -m jupytext --to py:percent --output {found.file} {notebook}"
    what = f"{notebook} is not read, only {found.file}. If your answers are in it:"
    return [(what, "yellow"), (f"  {convert}", ""), ("", "")]


def tests_lines(remarks: Remarks) -> list[Line]:
    """Which tests judged, if they are not those that lie in the workspace unchanged."""
    edited, unused = (
        [name] if name else [] for name in (remarks.edited_tests, remarks.unused_tests)
    )
    lines = judge_lines(remarks.judged_by, edited, unused)
    return [*lines, ("", "")] if lines else []


def judge_lines(judged_by: str, edited: Sequence[str], unused: Sequence[str]) -> list[Line]:
    """A course that was chosen, its files that are `edited`, and changed copies that are `unused`.

    Somebody who changes a copy, by accident or on purpose, should know that it has no effect.
    """
    lines: list[Line] = []
    if judged_by != INSTALLED:
        lines.append((f"Judged by the course in {judged_by}.", "yellow"))
    if edited:
        lines.append((f"Not the installed course's version: {enumerated(edited)}.", "yellow"))
    if unused:
        was = "was changed here. It is" if len(unused) == 1 else "were changed here. They are"
        text = f"{enumerated(unused)} {was} not used: the course's own version judges."
        lines += [(text, "yellow"), (f"To restore it (yours is kept): {FIX}", "")]
    return lines
