"""A picture as a run of a milestone keeps it, drawn for a terminal.

The data come from a file, so anything may be wrong with them: such a picture is not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tito.core.console import visible
from tito.views.pictures import fields, tables
from tito.views.pictures.ink import Ink, Row, beside

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Picture = Mapping[str, Any]
KINDS: dict[str, Callable[[Mapping[str, Any], int, int, Ink], list[Row]]] = {
    "plane": fields.plane,
    "images": fields.images,
    "filters": fields.filters,
    "matrix": tables.matrix,
    "sequences": tables.sequences,
    "bars": tables.bars,
    "text": tables.text,
}
INDENT, MOMENTS, AT_END = 2, 3, 3
WRONG = (
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    ArithmeticError,
)


def draw(picture: Picture, width: int, height: int, ink: Ink) -> list[Row]:
    """A title, the picture in at most `height` rows, and its caption."""
    rows = body(picture, width - INDENT, height, ink)
    if not rows:
        return []
    head: list[Row] = [[(heading(picture)[:width], "bold")]]
    told = visible(str(picture.get("caption") or ""))[: width - INDENT]
    lines = [*rows, *([[(told, "dim")]] if told else [])]
    return [*head, *([(" " * INDENT, ""), *row] for row in lines)]


def body(picture: Picture, width: int, height: int, ink: Ink) -> list[Row]:
    """The picture alone; empty if it cannot be drawn."""
    kind, data = picture.get("kind"), picture.get("data")
    if not isinstance(data, Mapping) or kind not in KINDS:
        return []
    try:
        return KINDS[kind](data, width, height, ink)
    except WRONG:
        return []


def heading(picture: Picture) -> str:
    step = picture.get("step")
    at = f", step {step}" if isinstance(step, int) and not isinstance(step, bool) else ""
    return " " * INDENT + visible(str(picture.get("title") or "")) + at


def draw_moments(pictures: Sequence[Picture], width: int, height: int, ink: Ink) -> list[Row]:
    """The first, one early and the last of the pictures of a plane, side by side."""
    chosen = [pictures[0], pictures[len(pictures) // 4], pictures[-1]]
    room = (width - INDENT) // MOMENTS - 2
    bodies = [body(p, room, height, ink) for p in chosen]
    if not all(bodies):
        return []
    heads: list[Row] = [[(f"step {p.get('step')}"[:room], "bold")] for p in chosen]
    blocks = [[head, *rows] for head, rows in zip(heads, bodies, strict=True)]
    shown = [[(" " * INDENT, ""), *row] for row in beside(blocks, [room] * MOMENTS, gap=2)]
    title: Row = [(f"  {visible(str(pictures[0].get('title') or ''))}"[:width], "bold")]
    told: Row = [(f"  {visible(str(pictures[0].get('caption') or ''))}"[:width], "dim")]
    return [title, *shown, told]


def after_training(pictures: Sequence[Picture], width: int, ink: Ink) -> list[list[Row]]:
    """What to show at the end: of each title the last, three at most; of a plane, how it changed.

    The others are in the kept run.
    """
    last = {str(picture.get("title")): picture for picture in pictures}
    shown = []
    for title, picture in list(last.items())[-AT_END:]:
        moments = [p for p in pictures if p.get("title") == title]
        if picture.get("kind") == "plane" and len(moments) > MOMENTS:
            shown.append(draw_moments(moments, width, 11, ink))
        else:
            shown.append(draw(picture, width, 11, ink))
    return [rows for rows in shown if rows]


def as_text(row: Row) -> Text:
    from rich.text import Text

    return Text.assemble(*row, no_wrap=True, overflow="crop")


def ink_of(console: Console) -> Ink:
    """What this console can show."""
    color = console.is_terminal and not console.no_color and console.color_system is not None
    return Ink(console.encoding.lower().startswith("utf"), color)
