"""From a picture's data to rows of text: its title, the drawing, and what one sees in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tito.core.console import visible
from tito.views.pictures.images import draw_filters, draw_images
from tito.views.pictures.paper import Paper, Row
from tito.views.pictures.plane import draw_plane, legend
from tito.views.pictures.tables import draw_matrix, draw_sequences
from tito.views.pictures.texts import draw_bars, draw_text

DRAWN: dict[str, Callable[[Mapping[str, Any], Paper], list[Row]]] = {
    "plane": draw_plane,
    "images": draw_images,
    "filters": draw_filters,
    "matrix": draw_matrix,
    "sequences": draw_sequences,
    "text": draw_text,
    "bars": draw_bars,
}
LEGENDS = {"plane": legend}
WRONG_DATA = (
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    ZeroDivisionError,
    OverflowError,
)


def draw(picture: Mapping[str, Any], paper: Paper) -> list[Row]:
    """The rows of one picture; none if it is of an unknown kind or its data are damaged."""
    try:
        drawing = DRAWN[picture["kind"]](picture["data"], paper)
    except WRONG_DATA:
        return []
    rows = [title_of(picture), *drawing, *below(picture, paper)]
    return [[("  ", ""), *row] for row in rows]


def title_of(picture: Mapping[str, Any]) -> Row:
    step = picture.get("step")
    when = "" if step is None else f", step {step}"
    return [(visible(f"{picture.get('title', '')}{when}"), "bold")]


def below(picture: Mapping[str, Any], paper: Paper) -> list[Row]:
    """The legend and the caption."""
    shown = LEGENDS.get(picture["kind"])
    row: Row = [*shown(paper), ("   ", "")] if shown else []
    caption = visible(str(picture.get("caption") or ""))
    return [[*row, (caption, "dim")]] if row or caption else []
