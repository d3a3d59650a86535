"""Grade an assignment: each submission once, stored as soon as it is judged.

Whenever this is killed, what is stored stays, and the next run does only the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from tito import __version__
from tito.core.classroom.apart import BROKEN, Seen
from tito.core.classroom.results import SCHEMA, GradeState, Result, write_result
from tito.core.classroom.submissions import Submission, read_submission
from tito.core.outcome import Outcome
from tito.workflows.classroom.plan import Plan, result_of
from tito.workflows.classroom.pools import Pool

ATTEMPTS = 2  # what could not run is tried once more, for the machine may have been short of it


@dataclass
class Piece:
    """One submission on its way through the pool."""

    submission: Submission
    attempts: int = 0


def grade(plan: Plan, pool: Pool, on_result: Callable[[Result], None]) -> None:
    """Judge what is to do, store each result, and tell of it."""
    for student in plan.missing:
        store_missing(plan, student)
    for submission, seen in judged(plan, pool):
        result = result_from(plan, submission, seen)
        write_result(plan.config.root, result)
        on_result(result)


def judged(plan: Plan, pool: Pool) -> Iterator[tuple[Submission, Seen]]:
    """Each submission with what was seen of it, as it becomes ready."""
    waiting = deque(plan.todo)
    pending: dict[Any, Piece] = {}

    def hand_in(piece: Piece) -> None:
        piece.attempts += 1
        pending[pool.submit(plan.work_of(piece.submission).as_json())] = piece

    while waiting or pending:
        while waiting and len(pending) < pool.ahead:
            student = waiting.popleft()
            submission = read_submission(plan.config.root, plan.assignment.id, student)
            if submission is not None:
                hand_in(Piece(submission))
        for future in pool.ready(set(pending)):
            piece, seen = pending.pop(future), pool.seen(future)
            if could_not_run(seen) and piece.attempts < ATTEMPTS:
                hand_in(piece)
            else:
                yield piece.submission, seen


def could_not_run(seen: Mapping[str, Any]) -> str:
    """Why a submission was not judged, or not in all parts; empty if it was."""
    if BROKEN in seen:
        return str(seen[BROKEN])
    parts = [*seen["modules"], *seen["milestones"]]
    stuck = [part for part in parts if part["state"] == Outcome.COULD_NOT_RUN.value]
    return "; ".join(f"{part.get('id') or part['name']}: {part['reason']}" for part in stuck)


def result_from(plan: Plan, submission: Submission, seen: Seen) -> Result:
    reason = could_not_run(seen)
    state = GradeState.COULD_NOT_RUN if reason else GradeState.GRADED
    return {
        **_head(plan, submission.student, state),
        "submission": {
            "sha256": submission.sha256,
            "submitted_at": submission.submitted_at,
            "source": submission.source,
        },
        "reason": reason,
        "basis": plan.basis_of(submission),
        "judged": plan.judged,
        "problems": list(submission.problems),
        "modules": [],
        "milestones": [],
        **{key: value for key, value in seen.items() if key != BROKEN},
    }


def store_missing(plan: Plan, student: str) -> None:
    """Note that nothing was handed in, unless that is noted already."""
    before = result_of(plan, student)
    if before is None or before.get("state") != GradeState.MISSING.value:
        nothing: Result = {"submission": None, "reason": "", "modules": [], "milestones": []}
        write_result(plan.config.root, {**_head(plan, student, GradeState.MISSING), **nothing})


def _head(plan: Plan, student: str, state: GradeState) -> Result:
    return {
        "schema": SCHEMA,
        "assignment": plan.assignment.id,
        "student": student,
        "graded_at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "course": __version__,
        "seed": plan.seed,
        "state": state.value,
    }
