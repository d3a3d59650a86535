"""What there is to grade: who handed in, who did not, and whose result is still good."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from tito import __version__
from tito.core.classroom.config import Assignment, ClassConfig
from tito.core.classroom.results import GradeState, Result, read_result, result_path
from tito.core.classroom.roster import Student, read_roster
from tito.core.classroom.secret import class_secret, own_seed, seed_of
from tito.core.classroom.submissions import (
    Submission,
    hash_of,
    module_of,
    read_submission,
    submissions_folder,
)
from tito.core.classroom.work import Work
from tito.core.errors import TitoError, UsageError, did_you_mean
from tito.core.workspace.course_files import course_files
from tito.core.workspace.workspace import course
from tito.world import World


@dataclass(frozen=True)
class Plan:
    """The students of one assignment by what is to be done; `strangers` are not on the roster."""

    config: ClassConfig
    assignment: Assignment
    seed: int
    judged: bool
    todo: tuple[str, ...]
    done: tuple[str, ...]
    missing: tuple[str, ...]
    strangers: tuple[str, ...]

    def work_of(self, submission: Submission) -> Work:
        """With the lessons of earlier assignments that are not part of this one."""
        limits = self.config.limits
        files = {**self.earlier(submission.student), **submission.files}
        return Work(
            files,
            self.assignment.modules,
            self.assignment.milestones,
            own_seed(self.seed, hash_of(files)),
            self.judged,
            limits.seconds,
            limits.memory_mb,
        )

    def earlier(self, student: str) -> dict[str, bytes]:
        """What the student handed in for the assignments before; of each lesson the last."""
        files: dict[str, bytes] = {}
        for before in takewhile(lambda one: one != self.assignment, self.config.assignments):
            submission = read_submission(self.config.root, before.id, student)
            files |= submission.files if submission is not None else {}
        return {
            name: data
            for name, data in files.items()
            if module_of(name) not in self.assignment.modules
        }

    def basis_of(self, submission: Submission) -> str:
        """A hash of all that a result depends on: as long as it is the same, so is the result."""
        work = self.work_of(submission)
        about = work.as_json() | {"files": hash_of(work.files)}
        said = f"{__version__} {course_hash()} {sorted(about.items())}"
        return hashlib.sha256(said.encode()).hexdigest()


@cache
def course_hash() -> str:
    """One hash of the files that judge."""
    whole = hashlib.sha256()
    root = course().root
    for name in course_files(root):
        whole.update(name.encode() + b"\0" + (root / name).read_bytes())
    return whole.hexdigest()


def make_plan(
    config: ClassConfig,
    assignment: Assignment,
    *,
    only: Sequence[str] = (),
    judged: bool = True,
    again: bool = False,
) -> Plan:
    """Sort the students. `only` names some of them; `again` grades also what is graded."""
    students = [student.id for student in _chosen(read_roster(config.root), only)]
    seed = seed_of(class_secret(config.root), assignment.id)
    empty = Plan(config, assignment, seed, judged, (), (), (), ())
    todo, done, missing = [], [], []
    for student in students:
        submission = read_submission(config.root, assignment.id, student)
        if submission is None:
            missing.append(student)
        elif not again and _is_good(empty, submission):
            done.append(student)
        else:
            todo.append(student)
    strangers = () if only else tuple(sorted(_folders(config, assignment) - set(students)))
    return Plan(
        config, assignment, seed, judged, tuple(todo), tuple(done), tuple(missing), strangers
    )


def refuse_unknown_milestones(world: World, assignment: Assignment) -> None:
    """Raise TitoError for a milestone in class.toml that the course does not have."""
    tracker = world.tracker_of(course())
    with tracker.translating_errors():
        for name in assignment.milestones:
            tracker.required.milestone(name)


def _chosen(roster: Sequence[Student], only: Sequence[str]) -> list[Student]:
    known = {student.id: student for student in roster}
    for name in only:
        if name not in known:
            meant = did_you_mean(name, known)
            raise UsageError(f"{name!r} is not on the roster.{meant}", hint="See roster.csv.")
    if not roster:
        raise TitoError("The roster names no students.", hint="Write them into roster.csv.")
    return [known[name] for name in dict.fromkeys(only)] if only else list(roster)


def _folders(config: ClassConfig, assignment: Assignment) -> set[str]:
    folder = submissions_folder(config.root, assignment.id)
    try:
        return {path.name for path in folder.iterdir() if path.is_dir()}
    except OSError:
        return set()


def _is_good(plan: Plan, submission: Submission) -> bool:
    found = result_of(plan, submission.student)
    return (
        found is not None
        and found.get("state") == GradeState.GRADED.value
        and found.get("basis") == plan.basis_of(submission)
    )


def result_of(plan: Plan, student: str) -> Result | None:
    return read_result(result_path(plan.config.root, plan.assignment.id, student))
