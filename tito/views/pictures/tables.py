"""Pictures made of words and numbers: a matrix, sequences, bars, text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tito.core.console import visible
from tito.views.pictures.ink import BAD, BLACK, GOOD, RED, Ink, Row, mixed, shade

GREEN = (40, 150, 80)


def matrix(data: Mapping[str, Any], width: int, height: int, ink: Ink) -> list[Row]:
    """Counts as numbers, other values as shades; labels on the left and above."""
    rows, counts = data["values"], is_counted(data["values"])
    margin = max((len(str(label)) for label in data["rows"]), default=0) + 1
    cell = 4 if counts else max(1, min(3, (width - margin) // max(1, len(rows[0]))))
    columns = min(len(rows[0]), (width - margin) // cell)
    largest = max((float(v) for row in rows for v in row), default=0.0) or 1.0
    out: list[Row] = []
    if any(str(label) for label in data["columns"]):
        names = "".join(f"{str(label)[:cell]:>{cell}}" for label in data["columns"][:columns])
        out.append([(f"{'':{margin}}{names}", "bold")])
    for y, row in enumerate(rows[: height - len(out)]):
        draw = count_cell if counts else shade_cell
        cells = [draw(row[x], largest, x == y, cell, ink) for x in range(columns)]
        out.append([(f"{data['rows'][y]!s:>{margin - 1}} ", "bold"), *cells])
    return out


def is_counted(rows: Any) -> bool:
    return all(isinstance(value, int) for row in rows for value in row)


def count_cell(
    value: float, largest: float, is_right: bool, cell: int, ink: Ink
) -> tuple[str, str]:
    """Right ones on green, wrong ones on red; a dot where there is none."""
    if not value:
        return f"{'.':>{cell}}", "dim"
    strength = value / largest if is_right else 0.35 + 2 * value / largest
    color = mixed(BLACK, GREEN if is_right else RED, strength)
    return f"{value:>{cell}}", f"white on {color}" if ink.color else ""


def shade_cell(value: float, largest: float, _: bool, cell: int, ink: Ink) -> tuple[str, str]:
    if ink.color:
        return " " * cell, f"on {mixed(BLACK, (250, 200, 60), value / largest)}"
    return shade(value / largest, ink) * cell, ""


def sequences(data: Mapping[str, Any], width: int, height: int, ink: Ink) -> list[Row]:
    """`1 2 3 -> 3 2 1`, each wrong sign in red, or marked below the row where there is no color."""
    arrow = " → " if ink.unicode else " -> "
    out: list[Row] = []
    for row in data["rows"]:
        asked, said, target = (visible(str(row[k])) for k in ("input", "output", "target"))
        right = said == target
        signs = [(c, GOOD if c == target[n : n + 1] else f"bold {BAD}") for n, c in enumerate(said)]
        end = ("  right", GOOD) if right else (f"  wrong, it is {target}", BAD)
        out.append(cut([(asked + arrow, ""), *signs, end], width))
    return out[:height]


def cut(row: Row, width: int) -> Row:
    """The row without what is beyond the width."""
    out, left = [], width
    for text, style in row:
        out.append((text[: max(left, 0)], style))
        left -= len(text)
    return out


def bars(data: Mapping[str, Any], width: int, height: int, ink: Ink) -> list[Row]:
    """One bar for each value; 1 is as long as can be."""
    margin = max(len(str(label)) for label in data["labels"])
    room = max(1, width - margin - 10)
    sign, style = ("█", "cyan") if ink.unicode else ("#", "cyan")
    most = max(1.0, *(float(v) for v in data["values"]))
    return [
        [
            (f"{visible(str(label)):<{margin}}  ", ""),
            (sign * round(float(value) / most * room), style),
            (f" {value:.1%}" if most == 1.0 else f" {value:.3g}", "bold"),
        ]
        for label, value in list(zip(data["labels"], data["values"], strict=True))[:height]
    ]


def text(data: Mapping[str, Any], width: int, height: int, ink: Ink) -> list[Row]:
    """Lines as they are, wrapped."""
    import textwrap

    del ink
    lines = [part for line in data["lines"] for part in textwrap.wrap(visible(str(line)), width)]
    return [[(line, "")] for line in lines[:height]]
