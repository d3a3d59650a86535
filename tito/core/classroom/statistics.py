"""What a class did: which parts are hard, which message was seen most, when work came in. Pure.

Only submissions that were judged count; how many could not be is told apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from statistics import median

from tito.core.classroom.gradebook import Entry, Gradebook
from tito.core.classroom.points import Item, Mark, State

NUMBERS = re.compile(r"-?\d+(?:\.\d*)?(?:e[-+]?\d+)?")
TENTHS = 10
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Up to how long after the deadline (negative: before it) a bin reaches, and what it is called.
WHEN = (
    (-3 * DAY, "more than three days before"),
    (-DAY, "one to three days before"),
    (-HOUR, "on the last day"),
    (timedelta(0), "in the last hour"),
    (DAY, "up to a day late"),
    (timedelta.max, "later"),
)
UNKNOWN_TIME = "time or deadline not known"


@dataclass(frozen=True)
class Seen:
    """A message, without its numbers, and how many students saw it."""

    part: str
    message: str  # as the first of them saw it
    students: int


@dataclass(frozen=True)
class Hard:
    """How one part went."""

    item: Item
    states: Counter[State]
    share: Fraction | None  # of its points, the average earned; None if nobody was judged
    seen: Seen | None

    @property
    def judged(self) -> int:
        return sum(n for state, n in self.states.items() if state is not State.COULD_NOT_RUN)


def parts_of(book: Gradebook) -> list[Hard]:
    """Every part, in the assignment's order."""
    columns = zip(*(entry.score.marks for entry in book.handed_in), strict=True)
    found = [_hard(marks) for marks in columns]
    return found or [Hard(item, Counter(), None, None) for item in book.items]


def _hard(marks: Iterable[Mark]) -> Hard:
    marks = list(marks)
    item = marks[0].item
    earned = [mark.earned for mark in marks if mark.earned is not None]
    share = sum(earned, Fraction(0)) / len(earned) / item.points if earned and item.points else None
    return Hard(item, Counter(mark.state for mark in marks), share, _first(messages(marks)))


def _first(found: list[Seen]) -> Seen | None:
    return found[0] if found else None


def messages(marks: Iterable[Mark]) -> list[Seen]:
    """The first lines of messages, the most frequent first. Numbers do not tell them apart."""
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for mark in marks:
        line = mark.message.strip().partition("\n")[0]
        if not line or mark.state is not State.FAILED:
            continue
        key = (mark.item.label, NUMBERS.sub("#", line))
        counts[key] += 1
        first.setdefault(key, line)
    return [Seen(key[0], first[key], n) for key, n in counts.most_common()]


def all_messages(book: Gradebook) -> list[Seen]:
    return messages(mark for entry in book.entries for mark in entry.score.marks)


def distribution(book: Gradebook) -> list[tuple[str, int]]:
    """How many students are in each tenth of the points; full points are in the last."""
    counts = Counter(_tenth(entry, book.maximum) for entry in book.graded)
    return [(f"{10 * n}–{10 * (n + 1)} %", counts[n]) for n in range(TENTHS)]


def _tenth(entry: Entry, maximum: Fraction) -> int:
    points = entry.points or Fraction(0)
    return min(TENTHS - 1, int(points / maximum * TENTHS)) if maximum else 0


def middle(book: Gradebook) -> Fraction | None:
    """The median of the points."""
    found = sorted(_points(book))
    return Fraction(median(found)) if found else None


def _points(book: Gradebook) -> Iterator[Fraction]:
    return (entry.points for entry in book.graded if entry.points is not None)


def arrival(book: Gradebook) -> list[tuple[str, int]]:
    """When submissions came in, by the deadline."""
    counts = Counter(_when(entry.after) for entry in book.handed_in)
    names = [name for _, name in WHEN]
    return [
        (name, counts[name]) for name in (*names, UNKNOWN_TIME) if counts[name] or name in names
    ]


def _when(after: timedelta | None) -> str:
    if after is None:
        return UNKNOWN_TIME
    return next(name for until, name in WHEN if after <= until)
