"""Pictures made of pixels: a plane, images, filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tito.views.pictures.ink import (
    BAD,
    GOOD,
    Ink,
    Row,
    beside,
    gray_rows,
    sampled,
    side,
    signed,
)

WEIGHTS = ((0.6, "#"), (0.2, "+"), (-0.2, "."), (-0.6, "-"))  # from there on, else "="


def plane(data: Mapping[str, Any], width: int, height: int, ink: Ink) -> list[Row]:
    """The plane in the colors of the two classes, with points o and x on it."""
    columns = min(width, 2 * height)
    field = sampled(data["field"], columns, 2 * height)[::-1]  # its first row is the lowest
    rows = [
        [plane_cell(field[2 * y][x], field[2 * y + 1][x], ink) for x in range(columns)]
        for y in range(height)
    ]
    for x, y, label in data["points"]:
        put_point(rows, place(x, y, data["extent"], columns, height), bool(label), field, ink)
    return rows


def plane_cell(above: float, below: float, ink: Ink) -> tuple[str, str]:
    if ink.has_halves:
        return "▀", f"{side(above)} on {side(below)}"
    return ("░" if ink.unicode else ".") if above + below > 1 else " ", ""


def place(
    x: float, y: float, extent: Sequence[float], columns: int, height: int
) -> tuple[int, int]:
    """(column, row) of a point."""
    left, right, low, high = extent
    column = int((x - left) / (right - left) * columns)
    return column, int((high - y) / (high - low) * height)


def put_point(
    rows: list[Row],
    at: tuple[int, int],
    is_second: bool,
    field: Sequence[Sequence[float]],
    ink: Ink,
) -> None:
    column, row = at
    if 0 <= row < len(rows) and 0 <= column < len(rows[row]):
        ground = f" on {side(field[2 * row][column])}" if ink.has_halves else ""
        rows[row][column] = ("x" if is_second else "o", f"bold white{ground}")


def images(data: Mapping[str, Any], width: int, height: int, ink: Ink) -> list[Row]:
    """Images in rows, with what the network says below each."""
    pictures = [gray_rows(image, ink) for image in data["images"]]
    size = max(len(data["images"][0][0]), 7)
    each, tall = max(1, (width + 1) // (size + 1)), len(pictures[0]) + 1
    blocks = [[*p, caption(data, n)] for n, p in enumerate(pictures)]
    out: list[Row] = []
    for start in range(0, len(blocks), each):
        if len(out) + tall <= height:
            some = blocks[start : start + each]
            out += beside(some, [size] * len(some))
    return out


def caption(data: Mapping[str, Any], n: int) -> Row:
    """`3` if it is right; `5, is 3` if not; without an answer, the label alone."""
    label = str(data["labels"][n])
    if not data["said"]:
        return [(f"{label:^7}"[:7], "")]
    if data["right"][n]:
        return [(f"{label:^7}"[:7], GOOD)]
    wrong = f"{data['said'][n]}, is {label}"
    return [(f"{wrong:^7}"[:7], f"bold {BAD}")]


def filters(data: Mapping[str, Any], width: int, height: int, ink: Ink) -> list[Row]:
    """Signed weights, two characters for each."""
    largest = max((abs(w) for f in data["images"] for row in f for w in row), default=0) or 1.0
    blocks = [
        [[weight(w / largest, ink) for w in row] for row in image] for image in data["images"]
    ]
    size = 2 * len(data["images"][0][0])
    each = max(1, (width + 2) // (size + 2))
    return beside(blocks[:each], [size] * len(blocks[:each]), gap=2)[:height]


def weight(value: float, ink: Ink) -> tuple[str, str]:
    sign = 2 * next((sign for least, sign in WEIGHTS if value >= least), "=")
    return ("  ", f"on {signed(value)}") if ink.color else (sign, "")
