"""Judge one submission in a workspace of its own: what was seen, and no points.

The workspace has the course's given code and the student's lessons; tests, hints and milestones are
the installed course's. Lessons that were not handed in are blank.
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
from typing import Any

from tito import __version__
from tito.core.classroom.work import Work
from tito.core.errors import TitoError
from tito.core.export.stale import not_exported
from tito.core.export.swap import staged, swapped
from tito.core.lesson.file import read_lesson
from tito.core.lesson.hints import read_hints
from tito.core.milestones.attempt import LiveRunner, verify
from tito.core.outcome import Fault, Outcome
from tito.core.testing.results import Checklist, Report, TaskResult, TaskState, checklist
from tito.core.testing.runner import run_tests
from tito.core.workspace.workspace import Module, Workspace, course, course_module
from tito.workflows.complete import Candidate, Watcher, judge, prepare, remarks_on, subject_of
from tito.world import World

PASSED, FAILED, BLANK, NOT_REACHED, COULD_NOT_RUN = (
    "passed",
    "failed",
    "blank",
    "not_reached",
    "could_not_run",
)
STATES = {
    TaskState.DONE: PASSED,
    TaskState.WRONG: FAILED,
    TaskState.STOPPED: FAILED,
    TaskState.BLANK: BLANK,
    TaskState.WAITING: NOT_REACHED,
    TaskState.SKIPPED: NOT_REACHED,
    TaskState.NOT_RUN: NOT_REACHED,
}
Seen = dict[str, Any]
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
            data = self.work.files.get(f"modules/{module.name}/{module.lesson.name}")
            place.lesson.write_bytes(blank(module) if data is None else data)


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
    settled = together(Bench(work, folder / "together", env), told)
    bench = Bench(work, folder / "apart", env)
    bench.lay_out()
    modules = []
    for module in bench.workspace.modules:
        candidate, refused = _candidate(bench, module)
        if module.name in work.modules:
            told(module.name)
            modules.append(settled.get(module.name) or refused or _tested(bench, candidate))
            so_far({"modules": modules, "milestones": []})
        if candidate is not None:
            with swapped(bench.workspace, candidate.files):
                pass
    milestones: list[Seen] = []
    for name in work.milestones:
        milestones.append(_milestone(bench, name, told))
        so_far({"modules": modules, "milestones": milestones})
    return {
        "course": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": metadata.version("numpy"),
        "isolation": next((m["isolation"] for m in milestones if m.get("isolation")), ""),
        "seconds": round(time.monotonic() - started, 3),
        "modules": modules,
        "milestones": milestones,
    }


def together(bench: Bench, told: Told) -> dict[str, Seen]:
    """The modules that pass when all are tested in one process, by name."""
    if len(bench.work.modules) < 2:
        return {}
    bench.lay_out()
    candidates = []
    for module in bench.workspace.modules:
        candidate, refused = _candidate(bench, module)
        if candidate is None or refused is not None:
            return {}
        with swapped(bench.workspace, candidate.files):
            candidates.append(candidate)
    told("all modules")
    tested = [each for each in candidates if each.module.name in bench.work.modules]
    report = _report_of(bench, candidates[-1], tested)
    found = {each.module.name: _part_of(bench, each, report) for each in tested}
    return {name: seen for name, seen in found.items() if seen["state"] == PASSED}


def _report_of(bench: Bench, last: Candidate, tested: Sequence[Candidate]) -> Report:
    subjects = [subject_of(bench.workspace, each.module, last.package) for each in tested]
    with staged(bench.workspace, last.files) as staging:
        return run_tests(
            bench.workspace,
            staging,
            last.files,
            subjects,
            env=bench.world.env,
            judged=bench.work.judged,
        )


def _part_of(bench: Bench, candidate: Candidate, report: Report) -> Seen:
    """One module's part of the report."""
    part = replace(report, tests=report.of(candidate.module.name))
    remarks = remarks_on(bench.workspace, candidate.file, part)
    found = checklist(candidate.module.name, candidate.file.lesson, part, remarks)
    return _module_seen(bench.workspace, candidate.module, found)


def _candidate(bench: Bench, module: Module) -> tuple[Candidate | None, Seen | None]:
    """The lesson, ready for export; if it cannot be read, a blank one, and what is wrong."""
    try:
        return prepare(bench.workspace, module), None
    except TitoError as error:
        refused = _refused(module, error)
    module.lesson.write_bytes(blank(course_module(module.name)))
    try:
        return prepare(bench.workspace, module), refused
    except TitoError:
        return None, refused


def _refused(module: Module, error: TitoError) -> Seen:
    state = COULD_NOT_RUN if error.exit_code == Fault.MACHINE.exit_code else FAILED
    rest = COULD_NOT_RUN if state == COULD_NOT_RUN else NOT_REACHED
    tasks = read_lesson(course(), course_module(module.name)).lesson.tasks
    where = error.where or ""
    return {
        "name": module.name,
        "state": state,
        "reason": error.message,
        "where": where,
        "tasks": [_task(task.number, task.title, rest) for task in tasks],
    }


def _tested(bench: Bench, candidate: Candidate | None) -> Seen:
    assert candidate is not None
    try:
        found = judge(bench.world, candidate, [], Watcher(), judged=bench.work.judged)
    except TitoError as error:
        return _refused(candidate.module, error)
    return _module_seen(bench.workspace, candidate.module, found)


def _module_seen(workspace: Workspace, module: Module, found: Checklist) -> Seen:
    report, cause = found.report, found.report.cause
    hints = read_hints(workspace, module)
    return {
        "name": module.name,
        "state": str(report.outcome),
        "reason": cause.message if cause else "",
        "where": str(cause.place or "") if cause else "",
        "tasks": [
            _task_seen(result, report.outcome, hints.get(result.task.number, []))
            for result in found.tasks
        ],
        "lost": [task.number for task in found.remarks.lost],
    }


def _task_seen(result: TaskResult, outcome: Outcome, hints: list[str]) -> Seen:
    state = STATES[result.state]
    if outcome is Outcome.COULD_NOT_RUN and state == NOT_REACHED:
        state = COULD_NOT_RUN
    failure = result.first_failure
    problem = failure.problem if failure else None
    return _task(
        result.task.number,
        result.task.title,
        state,
        passed=result.passed,
        tests=len(result.tests),
        message=problem.message if problem else "",
        where=str(problem.place or "") if problem else "",
        hint=hints[0] if hints and state in (FAILED, BLANK) else "",
    )


def _task(
    number: str,
    title: str,
    state: str,
    *,
    passed: int = 0,
    tests: int = 0,
    message: str = "",
    where: str = "",
    hint: str = "",
) -> Seen:
    return {
        "number": number,
        "title": title,
        "state": state,
        "passed": passed,
        "tests": tests,
        "message": message,
        "where": where,
        "hint": hint,
    }


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
    absent = [m for m in needed if f"modules/{m}/{m[3:]}.py" not in bench.work.files]
    absent = absent or not_exported(bench.workspace, needed)
    if absent:
        return {**seen, "state": "not_run", "reason": f"It needs {', '.join(absent)}."}
    told(name)
    with bench.world.tracker.translating_errors():
        verdict = verify(
            bench.world.tracker, name, seed=bench.work.seed, runner=LiveRunner(lambda _: None)
        )
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
