"""The loss and the accuracy of a run as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tito.core.milestones.progress_events import TrainingEvent, series
from tito.views.report.markup import BLUE, GREEN, GREY, line, svg, tag, text, words

WIDTH, HEIGHT = 340, 170
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 22, 26
DECADES = 30.0  # from this ratio of the largest to the smallest on, the axis is logarithmic

Points = Sequence[tuple[float, float]]


def curves(events: Sequence[TrainingEvent]) -> str:
    """Both curves of the main training, side by side; nothing if it reported no number."""
    phase = next((event.phase for event in events if event.loss is not None), None)
    drawn = [
        curve(finite_only(series(events, name, phase)), title, color)
        for name, title, color in (("loss", "loss", BLUE), ("accuracy", "accuracy", GREEN))
    ]
    found = [one for one in drawn if one]
    caption = tag("figcaption", text(phase or ""))
    return tag("figure", *found, caption, class_="curves") if found else ""


def finite_only(points: Points) -> Points:
    return [(x, y) for x, y in points if math.isfinite(y) and abs(y) < 1e300]


def curve(points: Points, title: str, color: str) -> str:
    """One curve with its axes; a loss that falls by orders of magnitude gets a log axis."""
    if len(points) < 2:
        return ""
    log = is_logarithmic([y for _, y in points]) and title == "loss"
    shown = [(x, math.log10(y) if log else y) for x, y in points]
    xs, ys = [x for x, _ in shown], [y for _, y in shown]
    low, high = (0.0, 1.0) if title == "accuracy" and max(ys) <= 1 else (min(ys), max(ys))
    across, up = (
        scale(min(xs), max(xs), LEFT, WIDTH - RIGHT),
        scale(low, high, HEIGHT - BOTTOM, TOP),
    )
    ticks = [low, (low + high) / 2, high]
    axes = [words(LEFT - 6, up(t) + 4, said(t, log, title), "end", GREY) for t in ticks]
    axes += [line([(LEFT, up(t)), (WIDTH - RIGHT, up(t))], "#e3e6ea", 1) for t in ticks]
    axes += [words(across(x), HEIGHT - 8, f"{x:.0f}", "middle", GREY) for x in (xs[0], xs[-1])]
    axes.append(words(WIDTH / 2, HEIGHT - 8, "step", "middle", GREY))
    heading = words(LEFT, 13, f"{title}, logarithmic" if log else title)
    drawn = line([(across(x), up(y)) for x, y in shown], color, 2)
    return svg(WIDTH, HEIGHT, heading, *axes, drawn, label=f"{title} by step")


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
