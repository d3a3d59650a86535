"""A module's way: export into staging, test there, swap in, record. Or nothing at all.

Each step is a function that returns a value; the two ways that use them are `test` and
`complete`. Nothing is shown here: what happens on the way goes to the `Watcher`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tito.core.errors import TitoError
from tito.core.export import prerequisites
from tito.core.export.exporter import outlines, read_package, staged, swapped
from tito.core.export.lock import workspace_lock
from tito.core.export.package import Package
from tito.core.export.package_files import package_files
from tito.core.lesson.file import LessonFile, check, read_lesson
from tito.core.milestones import tracker
from tito.core.testing.results import Checklist, TestResult, checklist
from tito.core.testing.runner import Subject, run_tests
from tito.core.workspace.course_files import differs
from tito.core.workspace.workspace import Module, Workspace

Evidence = dict[str, Any]
Unlocked = dict[str, list[str]]
Record = Callable[[str, Evidence], Unlocked]


class Watcher:
    """Hears how far a run is. This one is deaf."""

    def waiting(self) -> None:
        """Another tito has the workspace."""

    def progress(self, done: int, total: int) -> None:
        """So many tests are through."""

    def tick(self, seconds: float) -> None:
        """Time passes."""


@dataclass(frozen=True)
class Candidate:
    """A lesson that can be read, and the package as it would be with it."""

    file: LessonFile
    package: Package
    files: Mapping[str, str]

    @property
    def module(self) -> Module:
        return self.file.module


@dataclass(frozen=True)
class Completion:
    """How the way ended. `changed` and what follows are empty unless it went all the way."""

    checklist: Checklist
    broken: tuple[TestResult, ...] = ()  # tests of later, completed modules that fail now
    retested: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    evidence: Evidence = field(default_factory=dict)
    unlocked: Unlocked = field(default_factory=lambda: {"newly_unlocked": [], "messages": []})

    @property
    def done(self) -> bool:
        return self.checklist.report.outcome == "passed"


def prepare(workspace: Workspace, module: Module) -> Candidate:
    """Read the lesson, see that it can be exported, and compose the package with it."""
    file = read_lesson(workspace, module)
    check(file)
    package = intact_package(workspace, module)
    unexported = outlines(workspace, package)
    prerequisites.require(file, package, unexported)
    package = package.with_lesson(module.name, file.lesson)
    later = {name: lesson for name, lesson in unexported.items() if name not in package.modules}
    return Candidate(file, package, package_files(package, later))


def intact_package(workspace: Workspace, module: Module) -> Package:
    """What is exported. What an edit in `tinytorch/` has spoiled is left out, unless others stand
    on it: then its own lesson has to be exported first."""
    exported = read_package(workspace)
    package = exported.intact()
    spoiled = min(exported.modules - package.modules, default=module.name)
    if spoiled != module.name and any(name > spoiled for name in package.modules):
        raise TitoError(
            f"tinytorch/ was edited: what {spoiled} has exported is not Python any more.",
            hint=f"tito module complete {spoiled[:2]}",
        )
    return package


def test(
    workspace: Workspace, module: Module, *, env: Mapping[str, str], watcher: Watcher
) -> Checklist:
    """The module's tests against a staged package. `tinytorch/` is not touched."""
    candidate = prepare(workspace, module)
    return _judge(workspace, candidate, [], env, watcher)


def complete(
    workspace: Workspace,
    module: Module,
    *,
    env: Mapping[str, str],
    watcher: Watcher,
    record: Record,
) -> Completion:
    """Test, export, record. After any failure `tinytorch/` and the progress are as they were."""
    with workspace_lock(workspace, watcher.waiting):
        candidate = prepare(workspace, module)
        retested = later_completed(workspace, candidate)
        result = _judge(workspace, candidate, retested, env, watcher)
        names = tuple(other.name for other in retested)
        broken = tuple(t for t in result.report.others_than(module.name) if t.status != "passed")
        if result.report.outcome != "passed":
            return Completion(result, broken, names)
        evidence = evidence_for(candidate, result)
        with swapped(workspace, candidate.files) as changed:
            unlocked = record(module.name, evidence)
        return Completion(result, (), names, tuple(changed), evidence, unlocked)


def export_untested(workspace: Workspace, module: Module, watcher: Watcher) -> tuple[str, ...]:
    """Write the lesson into `tinytorch/` as it is. Nothing is tested, nothing is recorded."""
    with workspace_lock(workspace, watcher.waiting):
        candidate = prepare(workspace, module)
        with swapped(workspace, candidate.files) as changed:
            return tuple(changed)


def later_completed(workspace: Workspace, candidate: Candidate) -> list[Module]:
    """Completed modules above this one whose code stands in this workspace's package."""
    completed = set(tracker.completed_modules(workspace)) & candidate.package.modules
    later = (module for module in workspace.modules if module.name > candidate.module.name)
    return [module for module in later if module.name in completed]


def evidence_for(candidate: Candidate, result: Checklist) -> Evidence:
    """What a completed module is recorded with. The tracker adds the time."""
    mine = result.report.of(candidate.module.name)
    return {
        "source_sha256": candidate.file.sha256,
        "export_sha256": candidate.file.lesson.export_hash,
        "tests": len(mine),
        "tests_edited": bool(result.edited),
        "seconds": round(sum(test.seconds for test in mine), 3),
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def _judge(
    workspace: Workspace,
    candidate: Candidate,
    others: Sequence[Module],
    env: Mapping[str, str],
    watcher: Watcher,
) -> Checklist:
    subjects = [subject_of(module, candidate.package) for module in (candidate.module, *others)]
    with staged(workspace, candidate.files) as staging:
        report = run_tests(
            workspace,
            staging,
            candidate.files,
            subjects,
            env=env,
            on_progress=watcher.progress,
            on_tick=watcher.tick,
        )
    tests = workspace.shown(candidate.module.tests)
    edited = tests if differs(workspace, tests) else ""
    return checklist(candidate.module.name, candidate.file.lesson, report, edited)


def subject_of(module: Module, package: Package) -> Subject:
    """The module and the targets it has a section in."""
    targets = [t.name for t in package.targets.values() if module.name in t.sections]
    return Subject(module, targets)
