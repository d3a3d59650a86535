"""Tables: a matrix as shades or counts, sequences with what a network makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tito.core.console import visible
from tito.views.pictures.paper import BLACK, Color, Paper, Row, hexed, inked, mixed

HEAT = (BLACK, (70, 60, 140), (220, 90, 60), (255, 230, 140))
HIGH, LONGEST_LABEL = 16, 14
FEW = 20  # columns; fewer have two characters each


def draw_matrix(data: Mapping[str, Any], paper: Paper) -> list[Row]:
    values: Sequence[Sequence[float]] = data["values"][:HIGH]
    labels = [visible(str(label))[:LONGEST_LABEL] for label in data["rows"][: len(values)]]
    largest = max(max(row) for row in values) or 1
    counts = all(isinstance(value, int) for row in values for value in row)
    cell = 4 if counts else 2 if len(values[0]) <= FEW else 1
    margin = max(map(len, labels)) + 1
    room = (paper.width - margin - 2) // cell
    head: Row = [(" " * margin, ""), *heads(data["columns"][:room], cell)]
    rows = [head] if any(text.strip() for text, _ in head) else []
    for label, row in zip(labels, values, strict=True):
        cells = [cell_of(value, value / largest, cell, counts, paper) for value in row[:room]]
        rows.append([(f"{label:>{margin - 1}} ", ""), *cells])
    return rows


def heads(labels: Sequence[Any], cell: int) -> Row:
    """The columns' labels, where they have room."""
    texts = [visible(str(label)) for label in labels]
    if cell == 1:
        return []
    return [(f"{text[: cell - 1]:>{cell - 1}} ", "") for text in texts]


def cell_of(value: float, level: float, cell: int, counts: bool, paper: Paper) -> tuple[str, str]:
    text = f"{value:>{cell - 1}} " if counts and value else " " * (cell - 1) + " "
    if counts and not value:
        text = f"{'.':>{cell - 1}} "
    if not paper.color:
        return (text, "") if counts else (inked(level) * cell, "")
    background = mixed(HEAT, level)
    return text if counts else " " * cell, f"{hexed(ink_on(background))} on {hexed(background)}"


def ink_on(background: Color) -> Color:
    return BLACK if sum(background) > 380 else (225, 225, 225)


def draw_sequences(data: Mapping[str, Any], paper: Paper) -> list[Row]:
    """A line for each: the input, an arrow, and the output with its mistakes in red."""
    arrow = "→" if paper.unicode else "->"
    rows: list[Row] = []
    for line in data["rows"][:HIGH]:
        asked, said, right = (visible(line[name]) for name in ("input", "output", "target"))
        ok = said == right
        verdict = ("right", "green") if ok else (f"wrong, it is {right}", "red")
        rows.append([(f"{asked}  {arrow}  ", ""), *marked(said, right), ("   ", ""), verdict])
    return rows


def marked(said: str, right: str) -> Row:
    """What was said, letter by letter: green where it is right."""
    pairs = zip(said, right.ljust(len(said)), strict=False)
    return [(letter, "green" if letter == wanted else "bold red") for letter, wanted in pairs]
