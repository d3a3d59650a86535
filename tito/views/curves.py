"""A small curve drawn with characters: pure functions from numbers to lines of text.

It knows nothing about training, colors or the terminal.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

ORDERS = 100  # from this ratio on, the axis is logarithmic


@dataclass(frozen=True)
class Dots:
    """How a character shows a grid of `wide` by `high` dots, and the character for each set."""

    wide: int
    high: int
    glyphs: str
    bits: tuple[tuple[int, ...], ...]  # bits[row][column], added up to an index into glyphs
    axis: str  # vertical line, corner, horizontal line

    def glyph(self, index: int) -> str:
        return self.glyphs[index] if index else " "


# Unicode orders the braille dots 1-2-3-7 down the left column, 4-5-6-8 down the right one.
BRAILLE = Dots(
    wide=2,
    high=4,
    glyphs="".join(chr(0x2800 + index) for index in range(256)),
    bits=((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80)),
    axis="│└─",
)
ASCII = Dots(wide=1, high=2, glyphs=" '.:", bits=((1,), (2,)), axis="|+-")


def draw_curve(
    points: Sequence[tuple[float, float]],
    *,
    width: int = 60,
    height: int = 8,
    dots: Dots = BRAILLE,
) -> list[str]:
    """Draw a curve through (x, y) points sorted by x, as lines; empty if there is nothing to draw.

    `width` and `height` count characters of the drawing alone; labels and axes come on top.
    """
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if len(finite) < 2 or finite[0][0] == finite[-1][0]:
        return []
    by_size = falls_by_orders(y for _, y in finite)
    if by_size:
        finite = [(x, math.log10(y)) for x, y in finite]
    heights = sample(finite, width * dots.wide)
    low, high = min(heights), max(heights)
    rows = raster(heights, low, high, width, height, dots)
    ends = (10**low, 10**high) if by_size else (low, high)
    return with_axes(rows, ends, (finite[0][0], finite[-1][0]), dots)


def falls_by_orders(values: Iterable[float]) -> bool:
    """Whether a curve needs a logarithmic axis: on a linear one it would lie on the ground."""
    known = list(values)
    return min(known) > 0 and max(known) / min(known) >= ORDERS


def sample(points: Sequence[tuple[float, float]], columns: int) -> list[float]:
    """One y for each column: the mean of the points that fall into it, or a straight line."""
    first, last = points[0][0], points[-1][0]
    buckets: list[list[float]] = [[] for _ in range(columns)]
    for x, y in points:
        buckets[round((x - first) / (last - first) * (columns - 1))].append(y)
    known = [(c, sum(ys) / len(ys)) for c, ys in enumerate(buckets) if ys]
    out: list[float] = []
    for (left, y0), (right, y1) in pairwise(known):
        step = (y1 - y0) / (right - left)
        out += [y0 + step * offset for offset in range(right - left)]
    return [*out, known[-1][1]]


def raster(
    heights: Sequence[float], low: float, high: float, width: int, height: int, dots: Dots
) -> list[str]:
    """Text rows of the curve, each dot joined to the one before by a vertical run."""
    levels = height * dots.high
    span = (high - low) or 1.0
    cells = [[0] * width for _ in range(height)]
    before: int | None = None
    for column, y in enumerate(heights):
        level = round((high - y) / span * (levels - 1))
        for dot in run(before, level):
            row, inner = divmod(dot, dots.high)
            cells[row][column // dots.wide] |= dots.bits[inner][column % dots.wide]
        before = level
    return ["".join(map(dots.glyph, row)).rstrip() for row in cells]


def run(before: int | None, level: int) -> range:
    """The dots from just after the last column's level to this one's, this one's included."""
    if before is None or before == level:
        return range(level, level + 1)
    return range(before + 1, level + 1) if before < level else range(level, before)


def with_axes(
    rows: Sequence[str], y_range: tuple[float, float], x_range: tuple[float, float], dots: Dots
) -> list[str]:
    """The rows with the y range on the left and the x range below."""
    vertical, corner, horizontal = tuple(dots.axis)
    top, bottom = short(y_range[1]), short(y_range[0])
    margin = max(len(top), len(bottom))
    labels = [top, *[""] * (len(rows) - 2), bottom if bottom != top else ""]
    lines = [f"{label:>{margin}} {vertical}{row}" for label, row in zip(labels, rows, strict=True)]
    width = max(len(row) for row in rows)
    left, right = short(x_range[0]), short(x_range[1])
    lines.append(f"{'':{margin}} {corner}{horizontal * width}")
    lines.append(f"{'':{margin}}  {left}{right:>{max(width - len(left), len(right) + 1)}}")
    return lines


def short(number: float) -> str:
    """A number as a label: 600, 2.31, 0.0042."""
    return f"{number:.0f}" if number == round(number) and abs(number) < 1e6 else f"{number:.3g}"
