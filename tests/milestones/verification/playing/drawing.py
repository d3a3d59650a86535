"""Any drawing as 8 x 8 pixels, as the digits of the course were made.

Those were drawn on 32 x 32 black and white points, filling the height; each pixel counts the ink in
4 x 4 of them (Alpaydin & Kaynak, 1998). The same is done here with a drawing of any size.
"""

from __future__ import annotations

import numpy as np

from verification.playing.answers import NotAQuestion

SIDE, BLOCK = 32, 4
WIDEST = 26  # of 32; the outermost columns of the course's digits are empty
LEAST_INK, MOST_INK = 0.25, 0.42  # of the square, as the course's digits have
SHADES = {" ": 0.0, ".": 0.0, "░": 0.25, "▒": 0.5, "▓": 0.75}  # any other letter is ink
CELL = (2, 1)  # a letter of a terminal is twice as high as it is wide


def from_text(text: str) -> np.ndarray:
    """A drawing made of letters: ink from 0 to 1."""
    rows = text.expandtabs().splitlines()
    width = max((len(row) for row in rows), default=0)
    cells = np.array([[SHADES.get(letter, 1.0) for letter in row.ljust(width)] for row in rows])
    return np.kron(cells.reshape(len(rows), width), np.ones(CELL))


def ink_of(gray: np.ndarray) -> np.ndarray:
    """The ink of a picture: what differs from the paper, which is the color of the border."""
    border = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    ink: np.ndarray = np.abs(gray - np.median(border))
    top = ink.max()
    return ink / top if top > 0.1 else np.zeros_like(ink)


def as_digit(ink: np.ndarray) -> np.ndarray:
    """Centered and scaled to (8, 8), from 0 to 1.

    Raises:
        NotAQuestion: there is no ink.
    """
    marks = ink > 0.35
    if not marks.any():
        raise NotAQuestion("There is nothing drawn: the picture is empty.")
    rows, columns = (np.flatnonzero(marks.any(axis=axis)) for axis in (1, 0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    points = pressed(fitted(cut))
    blocks: np.ndarray = points.reshape(8, BLOCK, 8, BLOCK).mean(axis=(1, 3))
    return blocks.astype("f4")


def fitted(cut: np.ndarray) -> np.ndarray:
    """The drawing in the middle of a square of 32 x 32, as high as the square."""
    high, wide = cut.shape
    height = SIDE if wide < 2 * high else max(1, round(SIDE * high / wide))
    width = min(max(1, round(height * wide / high)), WIDEST)
    small = weights(cut.shape[0], height) @ cut @ weights(cut.shape[1], width).T
    square = np.zeros((SIDE, SIDE))
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    square[top : top + height, left : left + width] = small
    return square


def weights(old: int, new: int) -> np.ndarray:
    """(new, old): how much each old row belongs to each new one. Their areas decide."""
    edges = np.linspace(0, old, new + 1)
    lower, upper = edges[:-1, None], edges[1:, None]
    starts = np.arange(old)[None]
    shared = np.clip(np.minimum(upper, starts + 1) - np.maximum(lower, starts), 0, None)
    found: np.ndarray = shared / (upper - lower)
    return found


def pressed(square: np.ndarray) -> np.ndarray:
    """Black and white, with a pen as broad as that of the course's digits."""
    points = square > 0.5 * square.max()
    for _ in range(3):
        if points.mean() >= LEAST_INK:
            break
        broader = broad(points)
        if broader.mean() > MOST_INK:
            break
        points = broader
    found: np.ndarray = points.astype(float)
    return found


def broad(points: np.ndarray) -> np.ndarray:
    """Every point with its four neighbors."""
    padded = np.pad(points, 1)
    sides = (padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1])
    found: np.ndarray = np.logical_or.reduce([points, *sides])
    return found
