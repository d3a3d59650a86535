"""Judge one submission in a workspace of its own: what was seen, and no points.

The workspace has the course's given code and the student's lessons; tests, hints and milestones are
the installed course's. A lesson that was not handed in is blank if it is judged; if it is not,
because it belongs to an earlier assignment, the course's own stands in for it.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib import metadata
from pathlib import Path

from tito import __version__
from tito.core.classroom.submissions import lesson_path
from tito.core.classroom.work import Work
from tito.core.errors import TitoError
from tito.core.export.snapshot import take
from tito.core.export.stale import not_exported
from tito.core.export.swap import StagedChangedError, refuse_changed, staged, swapped
from tito.core.lesson.file import read_lesson, reference
from tito.core.lesson.reaching import reaches_out
from tito.core.milestones.attempt import LiveRunner, verify
from tito.core.testing.results import Report, checklist
from tito.core.testing.runner import run_tests
from tito.core.workspace.workspace import Module, Workspace, course, course_module
from tito.workflows.classroom.seen import PASSED, Seen, module_seen, refused_seen
from tito.workflows.complete import Candidate, Watcher, judge, prepare, remarks_on, subject_of
from tito.world import World

Told = Callable[[str], None]


class Bench:
    """A workspace for one submission, inside `folder`, which the caller deletes."""

    def __init__(self, work: Work, folder: Path, env: Mapping[str, str]) -> None:
        self.work, self.workspace = work, Workspace(folder / "work")
        self.world = World(
            cwd=self.workspace.root,
            env={**env, **_limits(work)},
            progress_file=folder / "progress",
        )

    @cached_property
    def requires(self) -> dict[str, list[str]]:
        """By milestone, the modules that it needs."""
        tracker = self.world.tracker_of(self.workspace)
        with tracker.translating_errors():
            of = tracker.required.milestone
            return {name: list(of(name)["requires"]) for name in self.work.milestones}

    @property
    def modules(self) -> list[Module]:
        """The modules up to the last one that is judged or that a milestone needs."""
        needed = {*self.work.modules, *(name for names in self.requires.values() for name in names)}
        return [module for module in course().modules if module.name <= max(needed, default="")]

    def lay_out(self) -> None:
        for module in self.modules:
            place = Module(self.workspace.root / "modules" / module.name)
            place.folder.mkdir(parents=True)
            if module.given.is_file():
                shutil.copyfile(module.given, place.given)
            place.lesson.write_bytes(self._text_of(module))

    def _text_of(self, module: Module) -> bytes:
        data = self.work.files.get(lesson_path(module))
        if data is not None:
            return data
        return module.lesson.read_bytes() if module.name in self.lent else blank(module)

    @property
    def lent(self) -> list[str]:
        """The modules in which the course's own lesson stands in for the student's."""
        return [
            module.name
            for module in self.modules
            if module.name not in self.work.modules and lesson_path(module) not in self.work.files
        ]


def _limits(work: Work) -> dict[str, str]:
    limits = {}
    if work.seconds:
        limits["TITO_TEST_SECONDS"] = str(work.seconds)
    if work.memory_mb:
        limits["TITO_TEST_GB"] = str(work.memory_mb / 1024)
    return limits


def blank(module: Module) -> bytes:
    return read_lesson(course(), module).lesson.blank().encode()


def judge_submission(
    work: Work,
    folder: Path,
    env: Mapping[str, str],
    told: Told = lambda _: None,
    so_far: Callable[[Seen], None] = lambda _: None,
) -> Seen:
    """Judge modules, then milestones; `told` is called with the name of each as it begins, and
    `so_far` with everything that was seen when one has ended.

    All modules are tested in one process first, since starting one takes as long as a module's
    tests. What passes there is settled; every other module is tested in a process of its own, in a
    workspace without the later modules, so that no failure can be that of another module.
    """
    started = time.monotonic()
    bench = Bench(work, folder / "together", env)
    settled = together(bench, told) if len(work.modules) > 1 else {}
    if len(settled) == len(work.modules) > 0:
        modules = [settled[name] for name in sorted(settled)]
    else:
        bench = Bench(work, folder / "apart", env)
        modules = apart(bench, settled, told, so_far)
    milestones: list[Seen] = []
    for name in work.milestones:
        so_far({"modules": modules, "milestones": milestones})
        milestones.append(_milestone(bench, name, told))
    so_far({"modules": modules, "milestones": milestones})
    parts = (*milestones, *modules)
    return {
        "course": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": metadata.version("numpy"),
        "isolation": next((part["isolation"] for part in parts if part.get("isolation")), ""),
        "seconds": round(time.monotonic() - started, 3),
        "lent": bench.lent,
        "modules": modules,
        "milestones": milestones,
    }


def together(bench: Bench, told: Told) -> dict[str, Seen]:
    """The modules that pass when all are tested in one process, by name."""
    bench.lay_out()
    candidates = []
    for module in bench.workspace.modules:
        candidate, refused = _candidate(bench, module)
        if candidate is None or refused is not None or reaches_out_of(candidate):
            return {}
        with swapped(bench.workspace, candidate.files):
            candidates.append(candidate)
    told("all modules")
    tested = [each for each in candidates if each.module.name in bench.work.modules]
    try:
        report = _report_of(bench, candidates[-1], tested)
    except StagedChangedError:
        return {}
    found = {each.module.name: _part_of(bench, each, report) for each in tested}
    return {name: seen for name, seen in found.items() if seen["state"] == PASSED}


def reaches_out_of(candidate: Candidate) -> bool:
    """Whether the lesson may change what others export: then no two are tested together."""
    solved = reference(candidate.module.name)
    return reaches_out(candidate.file.lesson, solved.lesson if solved else None)


def apart(
    bench: Bench, settled: Mapping[str, Seen], told: Told, so_far: Callable[[Seen], None]
) -> list[Seen]:
    """Each module, tested in a process of its own unless it is settled, then exported."""
    bench.lay_out()
    modules: list[Seen] = []
    for module in bench.workspace.modules:
        candidate, refused = _candidate(bench, module)
        if module.name in bench.work.modules:
            told(module.name)
            modules.append(settled.get(module.name) or refused or _tested(bench, candidate))
            so_far({"modules": modules, "milestones": []})
        if candidate is not None:
            with swapped(bench.workspace, candidate.files):
                pass
    return modules


def _report_of(bench: Bench, last: Candidate, tested: Sequence[Candidate]) -> Report:
    subjects = [subject_of(bench.workspace, each.module, last.package) for each in tested]
    with staged(bench.workspace, last.files) as staging:
        report = run_tests(
            bench.workspace,
            staging,
            last.files,
            subjects,
            env=bench.world.env,
            judged=bench.work.judged,
        )
        refuse_changed(staging, last.files)
    return report


def _part_of(bench: Bench, candidate: Candidate, report: Report) -> Seen:
    """One module's part of the report."""
    part = replace(report, tests=report.of(candidate.module.name))
    remarks = remarks_on(bench.workspace, candidate.file, part)
    found = checklist(candidate.module.name, candidate.file.lesson, part, remarks)
    return module_seen(bench.workspace, candidate.module, found)


def _candidate(bench: Bench, module: Module) -> tuple[Candidate | None, Seen | None]:
    """The lesson, ready for export; if it cannot be read, a blank one, and what is wrong."""
    try:
        return prepare(bench.workspace, module), None
    except TitoError as error:
        refused = refused_seen(module, error)
    module.lesson.write_bytes(blank(course_module(module.name)))
    try:
        return prepare(bench.workspace, module), refused
    except TitoError:
        return None, refused


def _tested(bench: Bench, candidate: Candidate | None) -> Seen:
    assert candidate is not None
    try:
        found = judge(bench.world, candidate, [], Watcher(), judged=bench.work.judged)
    except TitoError as error:
        return refused_seen(candidate.module, error)
    return module_seen(bench.workspace, candidate.module, found)


def _milestone(bench: Bench, name: str, told: Told) -> Seen:
    title = str(bench.world.tracker.required.milestone(name)["name"])
    seen: Seen = {
        "id": name,
        "name": title,
        "reason": "",
        "details": "",
        "metrics": {},
        "seed": None,
    }
    needed = bench.requires[name]
    absent = [m for m in needed if lesson_path(course_module(m)) not in bench.work.files]
    absent = absent or not_exported(bench.workspace, needed)
    if absent:
        return {**seen, "state": "not_run", "reason": f"It needs {', '.join(absent)}."}
    told(name)
    try:
        with bench.world.tracker.translating_errors():
            verdict = verify(
                bench.world.tracker,
                name,
                seed=bench.work.seed,
                runner=LiveRunner(lambda _: None, is_seen=False),
                code=take(bench.workspace).up_to(needed),
            )
    except StagedChangedError as error:
        return {**seen, "state": "failed", "reason": str(error)}
    return {
        **seen,
        "state": str(verdict.outcome),
        "reason": verdict.reason,
        "details": verdict.details,
        "metrics": dict(verdict.metrics),
        "seed": verdict.seed,
        "isolation": verdict.isolation,
        "seconds": round(verdict.seconds, 3),
    }
