"""`tito class report`: read results, count points, keep the scores. Grading is never done here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tito.core.classroom.config import Assignment, find_class, read_class
from tito.core.classroom.filling import Grade
from tito.core.classroom.gradebook import (
    Entry,
    Gradebook,
    counted_done,
    late_text,
    make_gradebook,
)
from tito.core.classroom.points import Item, Part, State, items_of, rounded
from tito.core.classroom.regrade import Change, changes, scores_of
from tito.core.classroom.results import Result, results_of
from tito.core.classroom.roster import Student, read_roster
from tito.core.classroom.secret import class_secret, derived
from tito.core.errors import TitoError, UsageError, did_you_mean, reporting_os_errors
from tito.core.files import read_regular, write_whole
from tito.core.lesson.file import reference
from tito.core.milestones.tracker import Tracker
from tito.core.workspace.workspace import course

if TYPE_CHECKING:
    from tito.world import World

SCORES = "scores.json"
PER_STUDENT = ("feedback", "classroom50")  # folders with a file for each student
ANONYMOUS = "anonymous"  # the folder of a report by pseudonym, apart from the one with names


@dataclass(frozen=True)
class Report:
    """A gradebook, where it goes, and what differs from the one before."""

    folder: Path
    book: Gradebook
    changes: tuple[Change, ...]
    is_first: bool


def read_gradebook(world: World, name: str, *, anonymous: bool = False) -> tuple[Path, Gradebook]:
    """The report's folder and the gradebook of an assignment; TitoError if nothing is graded."""
    config = read_class(find_class(world.cwd))
    assignment = config.assignment(name)
    results = results_of(config.root, assignment.id)
    if not results:
        raise TitoError(
            f"There are no results for {assignment.id} yet.",
            where=str(config.root / "results" / assignment.id),
            hint=f"tito class grade {assignment.id}",
        )
    roster = read_roster(config.root)
    folder = config.root / "reports" / assignment.id
    if anonymous:
        folder = folder / ANONYMOUS
        roster, results = without_names(config.root, roster, results)
    items = items_in(world, assignment)
    return folder, make_gradebook(assignment, config.name, items, roster, results)


def items_in(world: World, assignment: Assignment) -> tuple[Item, ...]:
    """The tasks and milestones of an assignment, as the installed course has them."""
    return items_of(
        assignment.points,
        [part_of(m) for m in assignment.modules],
        _milestones(world, assignment.milestones),
    )


def part_of(module: str) -> Part:
    found = reference(module)
    if found is None:
        raise TitoError(f"The installed course has no module {module}.", hint="tito --version")
    return Part(module, tuple((task.number, task.title) for task in found.lesson.tasks))


def _milestones(world: World, names: Sequence[str]) -> list[tuple[str, str]]:
    if not names:
        return []
    known: Mapping[str, Any] = Tracker(course(), world.env).required.MILESTONES
    for name in names:
        if name not in known:
            raise UsageError(
                f"class.toml names the milestone {name!r}, which the course does not have."
                + did_you_mean(name, known),
                hint="tito milestone list",
            )
    return [(name, str(known[name]["name"])) for name in names]


# ------------------------------------------------------------------------------ names


def without_names(
    root: Path, roster: Sequence[Student], results: Mapping[str, Result]
) -> tuple[list[Student], dict[str, Result]]:
    """The same under pseudonyms, in their order: the roster's order would tell who is who."""
    secret = class_secret(root)
    names = {name: pseudonym(secret, name) for name in (*(s.id for s in roster), *results)}
    students = sorted((Student(names[s.id]) for s in roster), key=lambda student: student.id)
    return students, {names[name]: result for name, result in results.items()}


def pseudonym(secret: bytes, student: str) -> str:
    """The same for a student in every report of a class; without its secret nobody can tell."""
    return f"s-{derived(secret, 'pseudonym', student)[:10]}"


# ------------------------------------------------------------------------------ other systems


def grades_of(book: Gradebook, *, zeros: bool = False) -> dict[str, Grade]:
    """What may go into another system's file. A missing submission is a zero only if asked for."""
    return {entry.student.id: _grade(entry, book, zeros=zeros) for entry in book.entries}


def _grade(entry: Entry, book: Gradebook, *, zeros: bool) -> Grade:
    is_left = entry.state is State.MISSING and not zeros
    points = None if is_left else entry.points
    return Grade(points, book.maximum, comment(entry, book), entry.reason)


def comment(entry: Entry, book: Gradebook) -> str:
    """One line, without anything that a student's code wrote: Moodle shows it as HTML."""
    if entry.state is State.MISSING:
        return "Nothing was handed in."
    done = counted_done(entry.score.marks)
    points = f"{rounded(entry.points or entry.score.so_far)} of {rounded(book.maximum)} points"
    late = late_text(entry)
    return f"{points}; {done} of {len(book.items)} parts pass" + (f"; {late}" if late else "") + "."


# ------------------------------------------------------------------------------ disk


def compare_with_last(folder: Path, book: Gradebook) -> Report:
    """The report, with what differs from the last one that was written."""
    before = _read_scores(folder)
    found = changes(before, scores_of(book)) if before else []
    return Report(folder, book, tuple(found), is_first=before is None)


def _read_scores(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(read_regular(folder / SCORES))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == 1 else None


def write_report(report: Report, files: Mapping[str, bytes], now: datetime) -> None:
    """Write the files, then the scores; scores that differ are kept beside them with the time."""
    folder, scores = report.folder, scores_of(report.book)
    with reporting_os_errors("The report could not be written: {}.", where=folder):
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            write_whole(folder / name, data)
        _forget_others(folder, files)
        text = (json.dumps(scores, indent=1, ensure_ascii=False) + "\n").encode()
        before = folder / SCORES
        if before.exists() and read_regular(before) != text:
            kept = folder / "history" / f"scores-{now:%Y%m%dT%H%M%S}.json"
            kept.parent.mkdir(exist_ok=True)
            write_whole(kept, read_regular(before))
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(before, text)


def _forget_others(folder: Path, files: Mapping[str, bytes]) -> None:
    """Delete a page or a score of the last report that does not hold any more."""
    for inside in (name for name in PER_STUDENT if (folder / name).is_dir()):
        for path in (folder / inside).iterdir():
            if path.is_file() and f"{inside}/{path.name}" not in files:
                path.unlink()
