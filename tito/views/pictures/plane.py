"""A plane with what a network says in each place, and the points it learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tito.views.pictures.paper import BLUE, ORANGE, PALE, Color, Paper, Row, colored, mixed

WIDE, HIGH = 40, 16  # characters; two pixels of color in each are about square
TINTS = (
    mixed((PALE, BLUE), 0.45),
    PALE,
    mixed((PALE, ORANGE), 0.45),
)


def draw_plane(data: Mapping[str, Any], paper: Paper) -> list[Row]:
    rows = 2 * HIGH if paper.color else HIGH
    levels = stretched(data["field"], WIDE, rows)
    dots = dots_of(data, WIDE, rows)
    if not paper.color:
        return [[("".join(row), "")] for row in characters(levels, dots, paper)]
    pixels: list[list[Color]] = [[mixed(TINTS, level) for level in row] for row in levels]
    for (row, column), is_one in dots.items():
        pixels[row][column] = mixed((BLUE, ORANGE), float(is_one))
    return colored(pixels)


def legend(paper: Paper) -> Row:
    if paper.color:
        return [("■", rgb(BLUE)), (" 0   ", ""), ("■", rgb(ORANGE)), (" 1", "")]
    shade = "░" if paper.unicode else "."
    return [(f"o, blank: 0   x, {shade}: 1", "")]


def rgb(color: Color) -> str:
    return "rgb({},{},{})".format(*color)


def characters(
    levels: Sequence[Sequence[float]], dots: Mapping[tuple[int, int], bool], paper: Paper
) -> list[list[str]]:
    shade = "░" if paper.unicode else "."
    rows = [[shade if level > 0.5 else " " for level in row] for row in levels]
    for (row, column), is_one in dots.items():
        rows[row][column] = "x" if is_one else "o"
    return rows


def dots_of(data: Mapping[str, Any], wide: int, high: int) -> dict[tuple[int, int], bool]:
    """(row from above, column) of each point, and whether its label is 1."""
    x0, x1, y0, y1 = data["extent"]
    found = {}
    for x, y, label in data["points"]:
        column = round((x - x0) / (x1 - x0) * (wide - 1))
        row = round((y1 - y) / (y1 - y0) * (high - 1))
        if 0 <= row < high and 0 <= column < wide:
            found[row, column] = label > 0.5
    return found


def stretched(field: Sequence[Sequence[float]], wide: int, high: int) -> list[list[float]]:
    """The field, given from below, at the middle of each pixel from above (bilinear)."""
    lines = [along(row, wide) for row in field]
    columns = [along([line[x] for line in lines], high) for x in range(wide)]
    return [[column[y] for column in columns] for y in reversed(range(high))]


def along(values: Sequence[float], count: int) -> list[float]:
    """`count` values on straight lines between the given ones."""
    found = []
    for index in range(count):
        place = index / (count - 1) * (len(values) - 1)
        left = min(int(place), len(values) - 2)
        found.append(values[left] + (values[left + 1] - values[left]) * (place - left))
    return found
