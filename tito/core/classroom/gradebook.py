"""The gradebook of one assignment: each student's result, points and lateness. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from fractions import Fraction

from tito.core.classroom.config import Assignment
from tito.core.classroom.late import days_late, share_taken, time_after
from tito.core.classroom.points import Item, Mark, Score, State, rounded, score
from tito.core.classroom.results import Result
from tito.core.classroom.roster import Student

NO_SUBMISSION = (State.MISSING, State.NOT_RUN)
NO_RESULT = {
    State.MISSING: "nothing was handed in",
    State.NOT_RUN: "not graded yet",
    State.COULD_NOT_RUN: "could not be judged, which says nothing about the code",
}


@dataclass(frozen=True)
class Entry:
    """One student's line. Points are None while something could not be judged."""

    student: Student
    state: State
    score: Score
    result: Result = field(default_factory=dict)
    submitted: datetime | None = None
    days: int = 0  # after the deadline
    share: Fraction = Fraction(0)  # of the points, that the late policy takes
    after: timedelta | None = None  # the deadline; negative before it

    @property
    def raw(self) -> Fraction | None:
        return self.score.total

    @property
    def penalty(self) -> Fraction | None:
        return None if self.raw is None else self.raw * self.share

    @property
    def points(self) -> Fraction | None:
        """What counts: the points without what was taken for lateness."""
        return None if self.raw is None else self.raw * (1 - self.share)

    @property
    def is_handed_in(self) -> bool:
        return self.state not in NO_SUBMISSION

    @property
    def is_judged(self) -> bool:
        """Whether every part of a submission was judged."""
        return self.is_handed_in and self.raw is not None

    @property
    def reason(self) -> str:
        """Why there are no points; empty if there are some."""
        if not self.is_handed_in:
            return NO_RESULT[self.state]
        return "" if self.raw is not None else NO_RESULT[State.COULD_NOT_RUN]

    @property
    def details(self) -> str:
        """What the grader says about a result that is not one."""
        first = next((mark.message for mark in self.score.not_judged if mark.message), "")
        return str(self.result.get("reason") or first)


@dataclass(frozen=True)
class Gradebook:
    """All lines of one assignment, in the roster's order."""

    assignment: Assignment
    class_name: str
    items: tuple[Item, ...]
    entries: tuple[Entry, ...]
    strangers: tuple[str, ...] = ()  # results of nobody on the roster

    @property
    def maximum(self) -> Fraction:
        return sum((item.points for item in self.items), Fraction(0))

    @property
    def graded(self) -> list[Entry]:
        """Those whose every part was judged."""
        return [entry for entry in self.entries if entry.is_judged]

    @property
    def handed_in(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.is_handed_in]

    def of_state(self, state: State) -> list[Entry]:
        return [entry for entry in self.entries if entry.state is state]

    @property
    def not_judged(self) -> list[Entry]:
        """Those for whom the grader, not the student, has something left to do."""
        return [entry for entry in self.handed_in if entry.raw is None]


def make_gradebook(
    assignment: Assignment,
    class_name: str,
    items: Sequence[Item],
    roster: Iterable[Student],
    results: Mapping[str, Result],
) -> Gradebook:
    """One entry for each student on the roster, whether there is a result or not."""
    students = list(roster)
    known = {student.id for student in students}
    entries = [_entry(assignment, items, each, results.get(each.id)) for each in students]
    strangers = tuple(name for name in results if name not in known)
    return Gradebook(assignment, class_name, tuple(items), tuple(entries), strangers)


def _entry(
    assignment: Assignment, items: Sequence[Item], student: Student, result: Result | None
) -> Entry:
    if result is None:
        return Entry(student, State.NOT_RUN, score(items, {}))
    submitted = moment((result.get("submission") or {}).get("submitted_at"))
    days = days_late(assignment.due, submitted)
    return Entry(
        student,
        state_of(result),
        score(items, result),
        result,
        submitted,
        days,
        share_taken(assignment.late, days),
        time_after(assignment.due, submitted),
    )


def state_of(result: Result) -> State:
    """A result's state; a word of a later version is nothing that we can judge."""
    try:
        return State(result.get("state", ""))
    except ValueError:
        return State.COULD_NOT_RUN


def moment(text: object) -> datetime | None:
    """A time in ISO format; without a zone it is UTC. None if it is none."""
    try:
        found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def points_text(entry: Entry, maximum: Fraction) -> str:
    """`10.5 of 12`, or why there are none."""
    if entry.points is None:
        return entry.reason
    return f"{rounded(entry.points)} of {rounded(maximum)}"


def late_text(entry: Entry) -> str:
    """`2 days late, -20 %`; empty if in time."""
    if not entry.days:
        return ""
    taken = f", -{rounded(entry.share * 100)} %" if entry.share else ", no points taken"
    return f"{entry.days} day{'' if entry.days == 1 else 's'} late{taken}"


def counted_done(marks: Iterable[Mark]) -> int:
    return sum(mark.state is State.PASSED for mark in marks)
