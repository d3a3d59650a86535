"""A test run as JSON, for editors and graders. The keys are an interface: add, never rename."""

from __future__ import annotations

from typing import Any

from tito.core.testing.results import Cause, Checklist, Place, TaskState, TestResult
from tito.views.checklist import next_command
from tito.workflows.complete import Completion


def as_json(found: Checklist) -> dict[str, Any]:
    report = found.report
    return {
        "module": found.module,
        "outcome": report.outcome,
        "exit_code": report.exit_code,
        "cause": _cause_json(report.cause),
        "tasks": [_task_json(state) for state in found.tasks],
        "tests": [_test_json(test) for test in report.tests],
        "tests_edited": bool(found.edited),
        "seconds": round(report.seconds, 3),
        "next": next_command(found)[0],
    }


def completion_json(result: Completion) -> dict[str, Any]:
    return {
        **as_json(result.checklist),
        "exported": list(result.changed),
        "retested": list(result.retested),
        "broken": sorted({test.module for test in result.broken}),
        "evidence": result.evidence,
        **result.unlocked,
    }


def _cause_json(cause: Cause | None) -> dict[str, Any] | None:
    if cause is None:
        return None
    return {
        "kind": cause.kind,
        "message": cause.message,
        "where": _place_json(cause.place),
        "hint": cause.hint,
        "printed": cause.printed,
    }


def _task_json(state: TaskState) -> dict[str, Any]:
    return {
        "task": state.task.number,
        "title": state.task.title,
        "state": state.state,
        "tests": len(state.tests),
        "passed": state.passed,
        "waits_for": state.waits_for,
    }


def _test_json(test: TestResult) -> dict[str, Any]:
    problem = test.problem
    return {
        "module": test.module,
        "test": test.name,
        "task": test.task,
        "status": test.status,
        "error": problem.type if problem else None,
        "message": problem.message if problem else None,
        "where": _place_json(problem.place) if problem else None,
        "seconds": round(test.seconds, 4),
    }


def _place_json(place: Place | None) -> dict[str, Any] | None:
    return {"file": place.file, "line": place.line} if place else None
