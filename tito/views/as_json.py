"""Results as JSON, for editors and graders. The keys are an interface: add, never rename."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tito.core.testing.results import Cause, Checklist, Place, TaskResult, TestResult
from tito.views.checklist import next_command
from tito.views.completion import Step, step_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tito.core.milestones.attempt import Attempt
    from tito.workflows.complete import Completion
    from tito.workflows.status import ModuleStatus


def checklist_json(found: Checklist) -> dict[str, Any]:
    report = found.report
    return {
        "module": found.module,
        "outcome": report.outcome,
        "exit_code": report.exit_code,
        "cause": _cause_json(report.cause),
        "tasks": [_task_json(result) for result in found.tasks],
        "tests": [_test_json(test) for test in report.tests],
        "tests_edited": bool(found.remarks.edited_tests),
        "course": found.remarks.judged_by,
        "judged": report.judged,
        "left_out": report.left_out,
        "seconds": round(report.seconds, 3),
        "next": next_command(found)[0],
    }


def completion_json(result: Completion, otherwise: Step) -> dict[str, Any]:
    """`otherwise` is what comes next when no milestone was unlocked."""
    found = {
        **checklist_json(result.checklist),
        "exported": list(result.changed),
        "retested": list(result.retested),
        "broken": sorted({test.module for test in result.broken}),
        "evidence": result.record,
        **result.unlocks,
    }
    return {**found, "next": step_after(result, otherwise)[0]} if result.done else found


def exports_json(results: Sequence[Completion], otherwise: Step) -> dict[str, Any]:
    return {"modules": [completion_json(result, otherwise) for result in results]}


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    """A milestone that was run."""
    verdict = attempt.verdict
    result: dict[str, Any] = {
        "milestone": attempt.row["id"],
        "outcome": attempt.outcome,
        "reason": verdict.reason,
        "details": verdict.details,
        "metrics": dict(verdict.metrics),
        "seed": verdict.seed,
        "seconds": round(verdict.seconds, 3),
        **isolation_json(verdict.isolation),
        "recorded": attempt.has_passed and attempt.unrecorded is None and not attempt.experiment,
        "experiment": dict(attempt.experiment) or None,
        "replay": attempt.replay,
        "edited": list(attempt.edited),
        "course": attempt.judged_by,
        "evidence": dict(attempt.evidence),
        "stale": list(attempt.stale),
    }
    return result | ({"error": attempt.unrecorded.as_json()} if attempt.unrecorded else {})


def isolation_json(recorded: str) -> dict[str, Any]:
    """The level alone, for programs that compare it, and the means beside it."""
    level, *means = recorded.split(" + ")
    return {"isolation": level or None, "isolation_means": means}


def status_json(status: ModuleStatus) -> dict[str, Any]:
    return {
        "module": status.module.name,
        "number": status.module.number,
        "title": status.title,
        "summary": status.summary,
        "tasks": status.tasks,
        "state": status.state,
        "started_at": status.started_at,
        "completed_at": status.completed_at,
        "tests": status.tests,
        "evidence": status.evidence,
        "reading_minutes": status.workload.reading if status.workload else None,
        "writing_hours": status.workload.writing if status.workload else None,
    }


def _cause_json(cause: Cause | None) -> dict[str, Any] | None:
    if cause is None:
        return None
    return {
        "kind": cause.kind,
        "fault": cause.fault,
        "message": cause.message,
        "where": _place_json(cause.place),
        "hint": cause.hint,
        "printed": cause.printed,
    }


def _task_json(result: TaskResult) -> dict[str, Any]:
    return {
        "task": result.task.number,
        "title": result.task.title,
        "state": result.state,
        "tests": len(result.tests),
        "passed": result.passed,
        "waits_for": result.waits_for,
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
