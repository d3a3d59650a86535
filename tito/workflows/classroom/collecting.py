"""Collect submissions into the class folder, and say who is missing, twice or unreadable.

One download that cannot be read, or that belongs to nobody, never costs the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tito.core.classroom import git
from tito.core.classroom.config import Assignment, ClassConfig
from tito.core.classroom.downloads import Arrival, arrivals_in
from tito.core.classroom.lessons_in import lessons_in
from tito.core.classroom.lock import grading_lock
from tito.core.classroom.matching import Matcher
from tito.core.classroom.roster import Student, read_roster
from tito.core.classroom.storing import Stored, store, tidy
from tito.core.classroom.submissions import lesson_path, read_submission
from tito.core.classroom.trees import UnreadableError, entries_of
from tito.core.errors import TitoError, UsageError, did_you_mean, reporting_os_errors
from tito.core.folders import temporary
from tito.core.workspace.workspace import course_module


@dataclass
class Collected:
    """What became of a collection. Texts name the source, as the teacher knows it."""

    stored: dict[str, Stored] = field(default_factory=dict)  # by student
    unknown: list[str] = field(default_factory=list)  # sources that belong to nobody
    unreadable: list[str] = field(default_factory=list)  # "source: why"
    twice: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # "student: what"
    missing: list[str] = field(default_factory=list)  # no submission, now or earlier


@dataclass(frozen=True)
class Found:
    """A readable arrival of a known student."""

    arrival: Arrival
    files: Mapping[str, bytes]
    problems: tuple[str, ...]


def collect(
    config: ClassConfig,
    assignment: Assignment,
    paths: Sequence[Path],
    *,
    git_column: str | None = None,
    env: Mapping[str, str],
    on_step: Callable[[str], None] = lambda _: None,
) -> Collected:
    """Collect from folders and zip files, or from the repositories in a column of the roster."""
    roster = read_roster(config.root)
    result = Collected()
    with (
        grading_lock(config.root, assignment.id),
        reporting_os_errors("The submissions cannot be stored: {}.", where=config.root),
    ):
        tidy(config.root, assignment.id)
        newest = _newest(_from_paths(roster, paths, result, on_step), result)
        for name, found in newest.items():
            _store(config, assignment, name, found, result)
        if git_column is not None:
            for student, found in _from_git(roster, git_column, env, result, on_step):
                _store(config, assignment, student.id, found, result)
        _look_for_missing(config, assignment, roster, result)
    return result


def _from_paths(
    roster: Sequence[Student],
    paths: Sequence[Path],
    result: Collected,
    on_step: Callable[[str], None],
) -> Iterator[tuple[Student, Found]]:
    matcher = Matcher(roster)
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no {path.name} there.", where=str(path))
        try:
            arrivals = arrivals_in(path)
        except UnreadableError as error:
            result.unreadable.append(f"{path.name}: {error}")
            continue
        for arrival in arrivals:
            on_step(arrival.source)
            found = _read(arrival, result)
            students = [matcher.find(owner) for owner in arrival.owners]
            if found is None:
                continue
            if not any(students):
                result.unknown.append(arrival.source)
            yield from ((student, found) for student in students if student is not None)


def _read(arrival: Arrival, result: Collected) -> Found | None:
    if arrival.problem:
        result.unreadable.append(f"{arrival.source}: {arrival.problem}")
        return None
    files, problems = lessons_in(arrival.entries)
    if not files:
        why = "; ".join(problems) or "it has no lesson of the course, such as modules/01_…/….py"
        result.unreadable.append(f"{arrival.source}: {why}")
        return None
    return Found(arrival, files, tuple(problems))


def _newest(arrivals: Iterator[tuple[Student, Found]], result: Collected) -> dict[str, Found]:
    """One arrival for each student: the last by its time; without times, the first."""
    newest: dict[str, Found] = {}
    for student, found in arrivals:
        before = newest.get(student.id)
        if before is None:
            newest[student.id] = found
            continue
        later = (found.arrival.submitted_at or "") > (before.arrival.submitted_at or "")
        kept, left = (found, before) if later else (before, found)
        newest[student.id] = kept
        result.twice.append(f"{student.id}: {kept.arrival.source}, not {left.arrival.source}")
    return newest


def _store(
    config: ClassConfig, assignment: Assignment, student: str, found: Found, result: Collected
) -> None:
    wanted = {lesson_path(course_module(name)) for name in assignment.modules}
    lacking = sorted(wanted - set(found.files))
    problems = [*found.problems, *(f"{name} is not handed in" for name in lacking)]
    result.problems += [f"{student}: {problem}" for problem in problems]
    result.stored[student] = store(
        config.root,
        assignment.id,
        student,
        found.files,
        source=found.arrival.source,
        submitted_at=found.arrival.submitted_at,
        problems=problems,
    )


def _from_git(
    roster: Sequence[Student],
    column: str,
    env: Mapping[str, str],
    result: Collected,
    on_step: Callable[[str], None],
) -> Iterator[tuple[Student, Found]]:
    columns = {name for student in roster for name in student.more}
    if column not in columns:
        meant = did_you_mean(column, columns)
        raise UsageError(f"The roster has no column {column!r}.{meant}", hint="See roster.csv.")
    git.require_git()
    for student in roster:
        url = student.more.get(column, "")
        if not url:
            continue
        on_step(student.id)
        with temporary("tito-collect-") as folder:
            found = _cloned(student, url, folder / "clone", env, result)
        if found is not None:
            yield student, found


def _cloned(
    student: Student, url: str, target: Path, env: Mapping[str, str], result: Collected
) -> Found | None:
    try:
        moment = git.fetch(url, target, env)
        arrival = Arrival(url, ({"id": student.id},), tuple(entries_of(target)), moment)
    except UnreadableError as error:
        result.unreadable.append(f"{student.id}: {error}")
        return None
    return _read(arrival, result)


def _look_for_missing(
    config: ClassConfig, assignment: Assignment, roster: Sequence[Student], result: Collected
) -> None:
    if not roster:
        raise TitoError("The roster names no students.", hint="Write them into roster.csv.")
    there = config.root, assignment.id
    result.missing = [s.id for s in roster if read_submission(*there, s.id) is None]
