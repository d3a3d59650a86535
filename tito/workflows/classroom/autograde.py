"""Grade the one submission that another system's autograder is started for.

The same judgment as `tito class grade`; the student has no name here. Raise MachineError for what
could not be judged: it must not become a zero.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tito import __version__
from tito.core.classroom.config import Assignment, ClassConfig, read_class
from tito.core.classroom.gradebook import Gradebook, make_gradebook, moment
from tito.core.classroom.lessons_in import lessons_in
from tito.core.classroom.results import Result
from tito.core.classroom.roster import Student
from tito.core.classroom.secret import own_seed
from tito.core.classroom.submissions import hash_of
from tito.core.classroom.trees import UnreadableError, entries_of
from tito.core.classroom.work import Work
from tito.core.errors import MachineError
from tito.core.files import read_regular
from tito.core.folders import temporary
from tito.workflows.classroom.autograder import MEMORY_MB, Job, read_job
from tito.workflows.classroom.grading import could_not_run
from tito.workflows.classroom.one import judge_submission
from tito.workflows.classroom.report import items_in

if TYPE_CHECKING:
    from tito.world import World

METADATA = "submission_metadata.json"
SOMEBODY = "student"  # the only id in here
NO_LESSON = (
    "No lesson of the course is among the files. Hand in the folder modules/, or lessons such as "
    "tensor.py, under their own names."
)


@dataclass(frozen=True)
class Times:
    """When it was handed in and was due, as the other system says."""

    submitted: str | None = None
    due: datetime | None = None


@dataclass(frozen=True)
class Graded:
    """A gradebook of one line, and how long it took so far."""

    book: Gradebook
    job: Job
    seconds: float
    problems: tuple[str, ...]
    is_whole: bool


Told = Callable[[Graded], None]


def gradescope_times(root: Path) -> Times:
    """From Gradescope's metadata. Its deadline knows of extensions, class.toml does not."""
    try:
        found = json.loads(read_regular(root / METADATA))
        due = (found.get("assignment") or {}).get("due_date")
        return Times(found.get("created_at"), moment(due))
    except (OSError, ValueError, AttributeError, RecursionError):
        return Times()


def committed_at(repository: Path, env: Mapping[str, str]) -> str | None:
    """When the last commit was made; it stays the same on a regrade. None without git."""
    command = ["git", "-C", str(repository), "log", "-1", "--format=%cI"]
    try:
        said = subprocess.run(command, env=dict(env), capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.decode(errors="replace").strip() or None


def autograde(world: World, source: Path, handed_in: Path, times: Times, on_part: Told) -> Graded:
    """Grade; `on_part` is called after each module and milestone with all that is known."""
    job, config = read_job(source), read_class(source)
    assignment = config.assignment(job.assignment)
    assignment = replace(assignment, due=times.due or assignment.due)
    started = time.monotonic()
    files, problems = _lessons(handed_in)

    def graded(seen: Mapping[str, Any], *, is_whole: bool) -> Graded:
        result = _result(assignment, job, files, times, seen)
        items = items_in(world, assignment)
        book = make_gradebook(
            assignment, config.name, items, [Student(SOMEBODY)], {SOMEBODY: result}
        )
        return Graded(book, job, time.monotonic() - started, tuple(problems), is_whole)

    if not files:
        return graded(nothing_in(assignment), is_whole=True)
    with temporary("tito-autograde-") as folder:
        seen = judge_submission(
            _work(config, assignment, job, files),
            folder,
            world.env,
            so_far=lambda part: on_part(graded(part, is_whole=False)),
        )
    stuck = could_not_run(seen)
    if stuck:
        raise MachineError(f"The submission could not be judged: {stuck}", hint="Run it again.")
    return graded(seen, is_whole=True)


def _lessons(handed_in: Path) -> tuple[dict[str, bytes], list[str]]:
    try:
        return lessons_in(entries_of(handed_in))
    except UnreadableError as error:
        return {}, [str(error)]


def _work(
    config: ClassConfig, assignment: Assignment, job: Job, files: Mapping[str, bytes]
) -> Work:
    return Work(
        files,
        assignment.modules,
        assignment.milestones,
        own_seed(job.seed, hash_of(files)),
        job.judged,
        seconds=config.limits.seconds,
        memory_mb=config.limits.memory_mb or MEMORY_MB,
    )


def _result(
    assignment: Assignment,
    job: Job,
    files: Mapping[str, bytes],
    times: Times,
    seen: Mapping[str, Any],
) -> Result:
    return {
        "schema": 1,
        "assignment": assignment.id,
        "student": SOMEBODY,
        "submission": {"sha256": hash_of(files), "submitted_at": times.submitted},
        "graded_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "course": __version__,
        "seed": job.seed,
        "state": "graded",
        **seen,
    }


def nothing_in(assignment: Assignment) -> dict[str, Any]:
    """What is seen of files without any lesson: a mistake of the student's, told at once."""
    return {
        "modules": [
            {"name": name, "state": "failed", "reason": NO_LESSON, "tasks": []}
            for name in assignment.modules
        ],
        "milestones": [
            {"id": name, "state": "not_run", "reason": NO_LESSON} for name in assignment.milestones
        ],
    }
