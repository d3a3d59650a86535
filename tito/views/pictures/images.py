"""Images in a row: digits with what a network says they are, and filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tito.core.console import visible
from tito.views.pictures.paper import GRAY, SIGNED, Color, Levels, Paper, Row, beside, shaded

GAP = 1
ROWS = 16  # of text, at most
WIDEST = 12  # an image of fewer pixels is drawn larger

Frame = tuple[list[Row], Row]  # an image and the line below it


def draw_images(data: Mapping[str, Any], paper: Paper) -> list[Row]:
    """Digits; the line below says in green or red what the network makes of it."""
    images = zip(data["images"], data["said"], data["labels"], data["right"], strict=True)
    frames = []
    for image, said, label, right in images:
        words = visible(str(said)) if right else f"{visible(str(said))} ({visible(str(label))})"
        frames.append((framed(image, paper, GRAY), [(words, "green" if right else "bold red")]))
    return in_rows(frames, paper)


def draw_filters(data: Mapping[str, Any], paper: Paper) -> list[Row]:
    """Signed numbers on one scale for all: the color in the middle is zero."""
    images = data["images"]
    largest = max(abs(value) for image in images for row in image for value in row) or 1.0
    frames = []
    for image, label in zip(images, data["labels"], strict=True):
        levels = [[0.5 + 0.5 * value / largest for value in row] for row in image]
        frames.append((framed(levels, paper, SIGNED), [(visible(str(label)), "dim")]))
    return in_rows(frames, paper)


def framed(image: Levels, paper: Paper, colors: Sequence[Color]) -> list[Row]:
    """The image, small ones twice as large; each row of it as wide as the widest."""
    large = enlarged(image, 2) if len(image[0]) * 2 <= WIDEST and paper.color else image
    return shaded(large, paper, colors)


def enlarged(image: Levels, times: int) -> list[list[float]]:
    return [[v for v in row for _ in range(times)] for row in image for _ in range(times)]


def in_rows(frames: Sequence[Frame], paper: Paper) -> list[Row]:
    """The frames side by side, in as many rows as there is room for."""
    wide = max(measure(frame, len) for frame in frames) + GAP
    high = max(len(image) for image, _ in frames) + 1
    across = max(1, (paper.width - 2) // wide)
    rows: list[Row] = []
    for start in range(0, min(len(frames), across * max(1, ROWS // high)), across):
        blocks = [
            [padded(row, wide) for row in [*image, below]]
            for image, below in frames[start : start + across]
        ]
        rows += beside(blocks, gap=0)
    return rows


def measure(frame: Frame, size: Callable[[str], int]) -> int:
    image, below = frame
    return max(sum(size(text) for text, _ in row) for row in [*image, below])


def padded(row: Row, wide: int) -> Row:
    return [*row, (" " * (wide - sum(len(text) for text, _ in row)), "")]
