"""Colors and signs of a picture in characters: pure functions from numbers to spans of text.

A row is a list of spans, (text, rich style). Where there is no color, the signs alone tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Span = tuple[str, str]
Row = list[Span]
Grid = Sequence[Sequence[float]]

BLACK, WHITE = (16, 16, 20), (245, 245, 245)
BLUE, RED, ORANGE = (60, 110, 220), (215, 70, 70), (240, 150, 50)
GOOD, BAD = "green", "red"


class Ink(NamedTuple):
    """What a terminal can show."""

    unicode: bool
    color: bool

    @property
    def shades(self) -> str:
        """Signs from empty to full."""
        return " ░▒▓█" if self.unicode else " .:-=+*#%@"

    @property
    def has_halves(self) -> bool:
        """Whether a character can show two pixels, one above the other."""
        return self.unicode and self.color


def mixed(low: tuple[int, int, int], high: tuple[int, int, int], share: float) -> str:
    """The color between two, as rich writes it."""
    at = min(1.0, max(0.0, share))
    return "#" + "".join(f"{round(a + at * (b - a)):02x}" for a, b in zip(low, high, strict=True))


def gray(value: float) -> str:
    return mixed(BLACK, WHITE, value)


def side(probability: float) -> str:
    """Blue below one half, orange above it, dark where it is undecided."""
    far = abs(2 * probability - 1)
    return mixed(BLACK, ORANGE if probability > 0.5 else BLUE, 0.15 + 0.65 * far)


def signed(value: float) -> str:
    """Blue for a negative weight, red for a positive one; `value` from -1 to 1."""
    return mixed(BLACK, RED if value > 0 else BLUE, abs(value))


def shade(value: float, ink: Ink) -> str:
    """A sign for a value from 0 to 1."""
    at = min(1.0, max(0.0, value))
    return ink.shades[round(at * (len(ink.shades) - 1))]


def sampled(grid: Grid, width: int, height: int) -> list[list[float]]:
    """The grid in another size: the nearest value at each place."""
    rows, columns = len(grid), len(grid[0])
    return [
        [float(grid[y * rows // height][x * columns // width]) for x in range(width)]
        for y in range(height)
    ]


def gray_rows(image: Grid, ink: Ink) -> list[Row]:
    """An image from 0 to 1, two pixels in each character."""
    height, width = (len(image) + 1) // 2, len(image[0])
    pairs = [
        list(zip(image[2 * y], image[min(2 * y + 1, len(image) - 1)], strict=True))
        for y in range(height)
    ]
    if ink.has_halves:
        return [[("▀", f"{gray(a)} on {gray(b)}") for a, b in row] for row in pairs]
    return [[("".join(shade((a + b) / 2, ink) for a, b in row).ljust(width), "")] for row in pairs]


def beside(blocks: Sequence[Sequence[Row]], widths: Sequence[int], gap: int = 1) -> list[Row]:
    """Blocks of rows side by side, each in a column of its width."""
    out = []
    for y in range(max(map(len, blocks), default=0)):
        row: Row = []
        for block, width in zip(blocks, widths, strict=True):
            spans = block[y] if y < len(block) else []
            used = sum(len(text) for text, _ in spans)
            row += [*spans, (" " * (width - used + gap), "")]
        out.append(row)
    return out
