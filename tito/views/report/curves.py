"""The loss and the accuracy of a run as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tito.core.milestones.progress_events import TrainingEvent, series
from tito.views.report.markup import BLUE, GREEN, GREY, LIGHT, line, svg, tag, text, words

WIDTH, HEIGHT = 340, 170
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 22, 26
DECADES = 30.0  # from this ratio of the largest to the smallest on, the axis is logarithmic

Points = Sequence[tuple[float, float]]


class Line(NamedTuple):
    """What one colour of a drawing shows; `name` is its word in the heading."""

    name: str
    color: str
    points: Points


def curves(events: Sequence[TrainingEvent]) -> str:
    """Both curves of the main training, side by side; nothing if it reported no number."""
    phase = next((event.phase for event in events if event.loss is not None), None)

    def one(name: str, said: str, color: str) -> Line:
        return Line(said, color, finite_only(series(events, name, phase)))

    loss = one("loss", "loss", BLUE)
    minibatch, held_out = one("accuracy", "minibatch", LIGHT), one("held_out", "held-out", GREEN)
    drawn = [curve("loss", [loss]), curve("accuracy", [minibatch, held_out])]
    found = [one for one in drawn if one]
    caption = tag("figcaption", text(phase or ""))
    return tag("figure", *found, caption, class_="curves") if found else ""


def finite_only(points: Points) -> Points:
    return [(x, y) for x, y in points if math.isfinite(y) and abs(y) < 1e300]


def curve(title: str, lines: Sequence[Line]) -> str:
    """Lines over one pair of axes; a loss that falls by orders of magnitude gets a log axis."""
    lines = [one for one in lines if len(one.points) >= 2]
    if not lines:
        return ""
    log = title == "loss" and is_logarithmic([y for one in lines for _, y in one.points])
    shown = [[(x, math.log10(y) if log else y) for x, y in one.points] for one in lines]
    xs, ys = zip(*(point for points in shown for point in points), strict=True)
    low, high = (0.0, 1.0) if title == "accuracy" and max(ys) <= 1 else (min(ys), max(ys))
    across = scale(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    up = scale(low, high, HEIGHT - BOTTOM, TOP)
    heading = words(LEFT, 13, f"{title}, logarithmic" if log else title)
    ticks = {up(t): said(t, log, title) for t in (low, (low + high) / 2, high)}
    drawn = [
        line([(across(x), up(y)) for x, y in points], one.color, 2)
        for one, points in zip(lines, shown, strict=True)
    ]
    around = [heading, *legend(lines), *axes(ticks, min(xs), max(xs))]
    return svg(WIDTH, HEIGHT, *around, *drawn, label=f"{title} by step")


def axes(ticks: Mapping[float, str], first: float, last: float) -> Iterator[str]:
    """A thin line with its number at each height, and the steps below."""
    for y, number in ticks.items():
        yield words(LEFT - 6, y + 4, number, "end", GREY)
        yield line([(LEFT, y), (WIDTH - RIGHT, y)], "#e3e6ea", 1)
    yield words(LEFT, HEIGHT - 8, f"{first:.0f}", "start", GREY)
    yield words((LEFT + WIDTH) / 2, HEIGHT - 8, "step", "middle", GREY)
    yield words(WIDTH - RIGHT, HEIGHT - 8, f"{last:.0f}", "end", GREY)


def legend(lines: Sequence[Line]) -> Iterator[str]:
    """From the right, the name of each line in its colour; one alone needs none."""
    for behind, one in enumerate(reversed(lines) if len(lines) > 1 else ()):
        yield words(WIDTH - RIGHT - 75 * behind, 13, one.name, "end", one.color)


def is_logarithmic(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) / min(values) > DECADES


def said(value: float, log: bool, title: str) -> str:
    return f"{value:.0%}" if title == "accuracy" else f"{10**value if log else value:.3g}"


class scale:  # noqa: N801 (it is used as a function)
    """Maps an interval of values onto one of the drawing."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.start = low, start
        self.slope = (end - start) / ((high - low) or 1.0)

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) * self.slope
