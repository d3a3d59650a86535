"""Complete a module: export into staging, test there, swap in, record. A failure changes nothing.

Each step is a function that returns a value; `test`, `complete` and `export_untested` combine them.
Nothing is shown here: progress is reported to a `Watcher`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tito.core.export.compose import compose, exported_files
from tito.core.export.lock import workspace_lock
from tito.core.export.swap import RecordName, refuse_changed, staged, swapped
from tito.core.lesson.file import (
    LessonFile,
    check,
    lost_tasks,
    read_lesson,
    reference,
    unmarked_tasks,
    was_cut,
)
from tito.core.lesson.given_lines import gone
from tito.core.lesson.returns import without_return
from tito.core.testing.results import (
    Checklist,
    Remarks,
    Report,
    TestResult,
    TestStatus,
    checklist,
)
from tito.core.testing.runner import Subject, run_tests
from tito.core.workspace.course_files import differs, is_edited
from tito.core.workspace.release import tests_hash

if TYPE_CHECKING:
    from tito.core.export.package import Package
    from tito.core.testing.standby import Standby
    from tito.core.workspace.workspace import Module, Workspace
    from tito.world import World

Record = dict[str, Any]
Unlocks = dict[str, list[str]]


class Watcher:
    """Receives the progress of a run; this base class ignores it."""

    def waiting(self) -> None:
        """Another tito command holds the workspace's lock."""

    def progress(self, done: int, total: int) -> None:
        """`done` of `total` tests have finished."""

    def tick(self, seconds: float) -> None:
        """`seconds` have passed since the start."""


@dataclass(frozen=True)
class Candidate:
    """A lesson that can be exported, and the package as it would be with it."""

    file: LessonFile
    package: Package
    files: Mapping[str, str]

    @property
    def module(self) -> Module:
        return self.file.module


@dataclass(frozen=True)
class Completion:
    """The result of completing a module. `changed` and what follows are empty unless it passed."""

    checklist: Checklist
    broken: tuple[TestResult, ...] = ()  # tests of later, completed modules that fail now
    retested: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    record: Record = field(default_factory=dict)
    unlocks: Unlocks = field(default_factory=lambda: {"newly_unlocked": [], "messages": []})

    @property
    def done(self) -> bool:
        return self.checklist.report.has_passed


def test(
    world: World,
    module: Module,
    watcher: Watcher,
    standby: Standby | None = None,  # noqa: PT028 (not a test of pytest's)
    *,
    judged: bool = False,  # noqa: PT028
) -> Checklist:
    """Run the module's tests against a staged package. `tinytorch/` is not touched.

    `standby` has a child process ready before, if a result is wanted again and again.
    """
    with nullcontext(standby) if standby else early_child(world, module) as child:
        alone = without_later(world.workspace, prepare(world.workspace, module))
        found = judge(world, alone, [], watcher, child, judged=judged)
    world.mark_started(module)
    return found


def complete(world: World, module: Module, watcher: Watcher, *, judged: bool = False) -> Completion:
    """Test, export, record. A failure changes neither `tinytorch/` nor the progress."""
    workspace = world.workspace
    with workspace_lock(workspace, watcher.waiting, world.is_recorded):
        with early_child(world, module) as child:
            candidate = prepare(workspace, module)
            retested = later_completed(world, candidate)
            alone = without_later(workspace, candidate)
            found = judge(world, alone, [], watcher, child, judged=judged)
        if retested and found.report.has_passed:
            found = judge(world, candidate, retested, watcher, judged=judged)
        names = tuple(other.name for other in retested)
        if not found.report.has_passed:
            world.mark_started(module)
            return Completion(found, broken_by(module, found), names)
        record = record_of(candidate, found, workspace)
        name = RecordName(module.name, record["run"])
        with swapped(workspace, candidate.files, name, world.is_recorded) as changed:
            unlocks = world.tracker.record_module(module.name, record)
        world.mark_started(module)
        return Completion(found, (), names, tuple(changed), record, unlocks)


def export_untested(world: World, module: Module, watcher: Watcher) -> tuple[str, ...]:
    """Write the lesson into `tinytorch/` as it is. Nothing is tested, nothing is recorded."""
    with workspace_lock(world.workspace, watcher.waiting, world.is_recorded):
        candidate = prepare(world.workspace, module)
        with swapped(world.workspace, candidate.files) as changed:
            return tuple(changed)


# --------------------------------------------------------------------------------------- the steps


@contextmanager
def early_child(world: World, module: Module) -> Iterator[Standby]:
    """A child that imports NumPy and pytest while the lesson is read: it has a core of its own."""
    from tito.core.testing.standby import Standby

    standby = Standby(world.workspace.root, world.env)
    try:
        standby.refill(world.workspace.judging(module).tests)
        yield standby
    finally:
        standby.close()


def prepare(workspace: Workspace, module: Module) -> Candidate:
    """Read the lesson, check that it can be exported, and compose the package with it."""
    file = read_lesson(workspace, module)
    check(file)
    composed = compose(workspace, file)
    return Candidate(file, composed.package, composed.files)


def without_later(workspace: Workspace, candidate: Candidate) -> Candidate:
    """The same lesson in a package that ends with it: a later one could mend what is wrong here."""
    package = candidate.package
    for name in package.modules:
        if name > candidate.module.name:
            package = package.without(name)
    if package is candidate.package:
        return candidate
    return replace(candidate, package=package, files=exported_files(workspace, package))


def later_completed(world: World, candidate: Candidate) -> list[Module]:
    """Completed modules with a higher number whose code is in this workspace's package."""
    completed = set(world.tracker.completed_modules) & candidate.package.modules
    later = (m for m in world.workspace.modules if m.name > candidate.module.name)
    return [module for module in later if module.name in completed]


def judge(
    world: World,
    candidate: Candidate,
    others: Sequence[Module],
    watcher: Watcher,
    standby: Standby | None = None,
    *,
    judged: bool = False,
) -> Checklist:
    """Run the tests of the module and of the others in staging; group them by task."""
    workspace = world.workspace
    modules = (candidate.module, *others)
    subjects = [subject_of(workspace, module, candidate.package) for module in modules]
    with staged(workspace, candidate.files) as staging:
        report = run_tests(
            workspace,
            staging,
            candidate.files,
            subjects,
            env=world.env,
            judged=judged,
            on_progress=watcher.progress,
            on_tick=watcher.tick,
            standby=standby,
        )
        refuse_changed(staging, candidate.files)
    remarks = remarks_on(workspace, candidate.file, report)
    return checklist(candidate.module.name, candidate.file.lesson, report, remarks)


def subject_of(workspace: Workspace, module: Module, package: Package) -> Subject:
    """The course's tests of the module, with the targets that the module has a section in."""
    targets = [t.name for t in package.targets.values() if module.name in t.sections]
    return Subject(workspace.judging(module), targets)


def remarks_on(workspace: Workspace, file: LessonFile, report: Report) -> Remarks:
    """What is unusual about the lesson's file and its tests."""
    solved = reference(file.module.name)
    lesson, original = file.lesson, solved.lesson if solved else None
    lost = lost_tasks(lesson, original)
    tests = workspace.shown(file.module.tests)
    compared = original if report.has_errors else None
    return Remarks(
        lost=tuple(lost),
        cut=bool(lost) and was_cut(lesson, original),
        unmarked=tuple(unmarked_tasks(lesson, original)),
        returnless=tuple(without_return(lesson, compared)),
        gone=tuple(gone(lesson, compared)) if compared else (),
        notebook=notebook_beside(workspace, file),
        judged_by=workspace.judged_by,
        edited_tests=tests if is_edited(workspace, tests) else "",
        unused_tests=tests if differs(workspace, tests) else "",
    )


def notebook_beside(workspace: Workspace, file: LessonFile) -> str:
    """A notebook beside a lesson that is still blank; empty if there is none."""
    if not file.lesson.is_untouched:
        return ""
    return next((workspace.shown(path) for path in file.module.folder.glob("*.ipynb")), "")


def broken_by(module: Module, found: Checklist) -> tuple[TestResult, ...]:
    others = found.report.others_than(module.name)
    return tuple(test for test in others if test.status is not TestStatus.PASSED)


def record_of(candidate: Candidate, found: Checklist, workspace: Workspace) -> Record:
    """The evidence recorded for a completed module. The tracker adds the time."""
    mine = found.report.of(candidate.module.name)
    return {
        "run": os.urandom(8).hex(),
        "source_sha256": candidate.file.sha256,
        "export_sha256": candidate.file.lesson.export_hash,
        "tests": len(mine),
        "tests_sha256": tests_hash(workspace, candidate.module),
        "tests_edited": bool(found.remarks.edited_tests),
        "course": workspace.judged_by,
        "judged": found.report.judged,
        "seconds": round(sum(test.seconds for test in mine), 3),
        "python": ".".join(map(str, sys.version_info[:3])),
    }
