"""What a picture is drawn on: rows of styled text, in the characters that a terminal has.

Where there is color, half a character is a pixel (`▀` in two colors). Without color a pixel is set
or not; without Unicode it is a letter, the darker the more ink.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Row = list[tuple[str, str]]  # pieces of text, each with its rich style
Color = tuple[int, int, int]
Levels = Sequence[Sequence[float]]  # 0 to 1

INK = " .:-=+*#%@"
BLACK, WHITE = (16, 16, 16), (245, 245, 245)
BLUE, ORANGE, PALE = (40, 96, 200), (230, 120, 20), (235, 235, 235)
GRAY = (BLACK, WHITE)
SIGNED = (BLUE, PALE, ORANGE)  # 0.5 is zero
DEEP_COLORS = ("256", "truecolor")  # with fewer, shades cannot be told apart


class Paper(NamedTuple):
    """The characters and the room there are."""

    unicode: bool = True
    color: bool = True
    width: int = 80


def paper_of(console: Console, *, unicode: bool) -> Paper:
    color = console.color_system in DEEP_COLORS and not console.no_color
    return Paper(unicode, color and unicode, console.width)


def as_text(row: Row) -> Text:
    from rich.text import Text

    return Text.assemble(*row, no_wrap=True, overflow="crop")


def mixed(colors: Sequence[Color], level: float) -> Color:
    """The color at `level` (0 to 1) of a scale from the first to the last."""
    place = min(max(level, 0.0), 1.0) * (len(colors) - 1)
    left = min(int(place), len(colors) - 2)
    share = place - left
    a, b = colors[left], colors[left + 1]
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def hexed(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def colored(pixels: Sequence[Sequence[Color]]) -> list[Row]:
    """Pixels as half blocks: two rows of them are one row of text."""
    rows = []
    for top in range(0, len(pixels), 2):
        lower = pixels[min(top + 1, len(pixels) - 1)]
        pairs = zip(pixels[top], lower, strict=True)
        rows.append([("▀", f"{hexed(up)} on {hexed(down)}") for up, down in pairs])
    return rows


def shaded(levels: Levels, paper: Paper, colors: Sequence[Color] = GRAY) -> list[Row]:
    """An image of numbers from 0 to 1."""
    if paper.color:
        return colored([[mixed(colors, level) for level in row] for row in levels])
    if paper.unicode:
        return [[(text, "")] for text in half_blocks(levels)]
    return [[("".join(map(inked, row)), "")] for row in levels]


def inked(level: float) -> str:
    return INK[min(int(min(max(level, 0.0), 1.0) * len(INK)), len(INK) - 1)]


def half_blocks(levels: Levels) -> list[str]:
    """Set where it is above a half."""
    lines = []
    for top in range(0, len(levels), 2):
        lower = levels[top + 1] if top + 1 < len(levels) else [0.0] * len(levels[top])
        pairs = zip(levels[top], lower, strict=True)
        lines.append("".join(" ▄▀█"[2 * (up > 0.5) + (down > 0.5)] for up, down in pairs))
    return lines


def width_of(row: Row) -> int:
    return sum(len(text) for text, _ in row)


def beside(blocks: Sequence[list[Row]], gap: int = 2) -> list[Row]:
    """Blocks of rows side by side, each as wide as its longest row."""
    height = max((len(block) for block in blocks), default=0)
    rows: list[Row] = [[] for _ in range(height)]
    for block in blocks:
        wide = max(map(width_of, block), default=0)
        for index, row in enumerate(rows):
            piece = block[index] if index < len(block) else []
            row += [*piece, (" " * (wide - width_of(piece) + gap), "")]
    return rows
