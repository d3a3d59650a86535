"""Lines that a network wrote, and a few numbers as bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tito.core.console import visible
from tito.views.pictures.paper import Paper, Row

BAR, HIGH = 40, 16
STYLES = {"right": "green", "wrong": "bold red"}


def draw_text(data: Mapping[str, Any], paper: Paper) -> list[Row]:
    """One row for each line; the word `right` or `wrong` at its end gives its color."""
    lines = [visible(line)[: paper.width - 2] for line in data["lines"][:HIGH]]
    return [[(line, STYLES.get(line.rpartition(" ")[2], ""))] for line in lines]


def draw_bars(data: Mapping[str, Any], paper: Paper) -> list[Row]:
    """Shares from 0 to 1, with the number behind the bar."""
    sign = "█" if paper.unicode else "#"
    labels = [visible(str(label)) for label in data["labels"][:HIGH]]
    wide = max(map(len, labels))
    rows: list[Row] = []
    for label, value in zip(labels, data["values"], strict=True):
        bar = sign * round(min(max(value, 0.0), 1.0) * BAR)
        rows.append([(f"{label:>{wide}} ", ""), (bar, "cyan"), (f" {value:.1%}", "")])
    return rows
