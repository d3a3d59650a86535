"""Strokes of a pen as the 8 × 8 pixels that the digits of the course have.

The digits were made in this way (E. Alpaydin, C. Kaynak, 1998): a form of 32 × 32 black or white
points, the digit as large as the form, and a pixel for the share of black points of a 4 × 4 block.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

SIDE, BLOCK = 8, 4
FORM = SIDE * BLOCK
PEN = 2.0  # points of the form from the middle of the stroke to its edge
MARGIN = 2.0
SMALLEST = 0.15  # of the canvas: a single dot is not blown up to the size of the form
MOST_POINTS = 5_000

Stroke = Sequence[tuple[float, float]]  # x to the right, y upwards, each from 0 to 1


def pixels(strokes: Iterable[Stroke]) -> list[list[float]]:
    """Rows of values from 0 to 1, the top row first."""
    black = inked([[*stroke] for stroke in strokes])
    return [
        [sum(black[y][x] for y in rows(top) for x in rows(left)) / BLOCK**2 for left in range(SIDE)]
        for top in range(SIDE)
    ]


def rows(block: int) -> range:
    return range(block * BLOCK, (block + 1) * BLOCK)


def inked(strokes: Sequence[Stroke]) -> list[list[bool]]:
    """The form: black where a point is near the pen's way."""
    black = [[False] * FORM for _ in range(FORM)]
    for stroke in fitted(strokes):
        for start, end in zip(stroke, [*stroke[1:], stroke[-1]], strict=True):
            for x, y in between(start, end):
                blot(black, x, y)
    return black


def fitted(strokes: Sequence[Stroke]) -> list[Stroke]:
    """The drawing, moved to the middle of the form and made as large as it, y downwards."""
    points = [point for stroke in strokes for point in stroke][:MOST_POINTS]
    if not points:
        return []
    xs, ys = [x for x, _ in points], [y for _, y in points]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    scale = (FORM - 2 * MARGIN) / max(width, height, SMALLEST)
    middle_x, middle_y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    return [
        [(FORM / 2 + (x - middle_x) * scale, FORM / 2 - (y - middle_y) * scale) for x, y in stroke]
        for stroke in strokes
        if stroke
    ]


def between(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """Points from one to the other, at most half a point of the form apart."""
    steps = min(max(1, math.ceil(2 * math.dist(start, end))), 4 * FORM)
    (x0, y0), (x1, y1) = start, end
    return [(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps) for i in range(steps + 1)]


def blot(black: list[list[bool]], x: float, y: float) -> None:
    """Ink the points under the pen, which is at (x, y)."""
    for row in range(max(0, math.floor(y - PEN)), min(FORM, math.ceil(y + PEN))):
        for column in range(max(0, math.floor(x - PEN)), min(FORM, math.ceil(x + PEN))):
            if math.hypot(column + 0.5 - x, row + 0.5 - y) <= PEN:
                black[row][column] = True
