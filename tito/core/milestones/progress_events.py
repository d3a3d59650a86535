"""What a running verification reports: training events, the time left, points of a curve.

The test process writes the events (see tests/milestones), `core.process` reads them as they
arrive. Nothing here draws or prints.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

LONGEST_SAID = 80


@dataclass(frozen=True)
class TrainingEvent:
    """How far one phase of a verification is, with the loss and accuracy so far.

    `accuracy` is that of the last minibatch, `held_out` that of examples it does not learn from.
    `said` is what the model itself writes by now, where it writes something.
    """

    phase: str
    step: int
    total: int
    loss: float | None = None
    accuracy: float | None = None
    said: str = ""
    held_out: float | None = None


def read_event(raw: Mapping[str, Any]) -> TrainingEvent | None:
    """Parse one line of the stream; None if invalid, since student code may write anything."""
    phase, step, total = raw.get("phase"), number(raw.get("step")), number(raw.get("total"))
    if not isinstance(phase, str) or step is None or total is None:
        return None
    if not math.isfinite(step + total) or total < 1:
        return None
    loss, accuracy = number(raw.get("loss")), number(raw.get("accuracy"))
    said, held_out = line(raw.get("said")), number(raw.get("held_out"))
    return TrainingEvent(phase, int(step), int(total), loss, accuracy, said, held_out)


def read_picture(raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A picture of the network at work, if this line of the stream is one."""
    picture = raw.get("picture")
    if not isinstance(picture, dict) or not isinstance(picture.get("kind"), str):
        return None
    return picture if isinstance(picture.get("data"), dict) else None


@dataclass(frozen=True)
class Bar:
    """What was measured, and the bar that it had to pass: `at_least`, or for a control `at_most`.

    `shows` says what the measurement shows, once it has passed.
    """

    what: str
    value: float
    at_least: float | None = None
    at_most: float | None = None
    shows: str = ""


def read_bar(raw: Mapping[str, Any]) -> Bar | None:
    """A bar, if this line of the stream is one."""
    bar = raw.get("bar")
    value = number(bar.get("value")) if isinstance(bar, dict) else None
    if not isinstance(bar, dict) or value is None or not isinstance(bar.get("what"), str):
        return None
    limits = number(bar.get("at_least")), number(bar.get("at_most"))
    return Bar(line(bar["what"]), value, *limits, line(bar.get("shows")))


def line(value: Any) -> str:
    """A text as one short line; nothing that could move a terminal's cursor is left in it."""
    text = value if isinstance(value, str) else ""
    return "".join(c if c.isprintable() else " " for c in text[:LONGEST_SAID])


def number(value: Any) -> float | None:
    """A float, or None. NaN stays: a loss that is not a number is worth showing."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


@dataclass
class TimeLeft:
    """Estimates the seconds left in the current phase from its pace so far."""

    clock: Callable[[], float] = time.monotonic
    _began: dict[str, tuple[float, int]] = field(default_factory=dict)

    def after(self, event: TrainingEvent) -> float | None:
        now = self.clock()
        began, first = self._began.setdefault(event.phase, (now, event.step))
        done = event.step - first
        if done <= 0:
            return None
        return (now - began) / done * max(event.total - event.step, 0)


def series(
    events: Iterable[TrainingEvent], name: str, phase: str | None = None
) -> list[tuple[float, float]]:
    """(step, value) points of "loss" or "accuracy" in one phase, ready for a curve."""
    points = []
    for event in events:
        value = getattr(event, name)
        if value is not None and (phase is None or event.phase == phase):
            points.append((float(event.step), float(value)))
    return points
