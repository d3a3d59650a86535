"""What was seen of one module, as JSON: its state, and each task with its tests and its message."""

from __future__ import annotations

from typing import Any

from tito.core.errors import TitoError
from tito.core.lesson.file import read_lesson
from tito.core.lesson.hints import read_hints
from tito.core.outcome import Fault, Outcome
from tito.core.testing.results import Checklist, TaskResult, TaskState
from tito.core.workspace.workspace import Module, Workspace, course, course_module

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


def refused_seen(module: Module, error: TitoError) -> Seen:
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


def module_seen(workspace: Workspace, module: Module, found: Checklist) -> Seen:
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
        "isolation": report.isolation,
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
