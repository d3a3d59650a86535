"""How a width is cut into heads and joined again, in NumPy, and every wrong order of the axes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import permutations

import numpy as np

from verification.probes.inputs import Array

HEADS = 2
Axes = tuple[int, int, int]
Joining = Callable[[Array], Array]
NAMES = ("head", "position", "number")  # of the axes 1, 2, 3 of (batch, heads, length, width)


def heads_apart(x: Array) -> Array:
    """(batch, length, width) -> (batch, heads, length, width / heads)."""
    split = np.reshape(x, (*x.shape[:2], HEADS, -1))
    return np.transpose(split, (0, 2, 1, 3))


def heads_together(x: Array) -> Array:
    joined = np.transpose(x, (0, 2, 1, 3))
    return np.reshape(joined, (x.shape[0], x.shape[2], -1))


def heads_mixed(x: Array) -> Array:
    """A reshape instead of a transpose: each head gets parts of several positions."""
    return np.reshape(x, (x.shape[0], HEADS, x.shape[1], -1))


def heads_interleaved(x: Array) -> Array:
    """Every second column goes to a head, in place of a block of neighbors."""
    return np.transpose(np.reshape(x, (*x.shape[:2], -1, HEADS)), (0, 3, 1, 2))


def joined_by_reshape(x: Array) -> Array:
    return np.reshape(x, (x.shape[0], x.shape[2], -1))


def joined_by_columns(x: Array) -> Array:
    """The first column of each head, then the second of each, and so on."""
    return np.reshape(np.transpose(x, (0, 2, 3, 1)), (x.shape[0], x.shape[2], -1))


def heads_reversed(x: Array) -> Array:
    return np.asarray(heads_apart(x)[:, ::-1])


# ----------------------------------------------------------------------------- every other order


def joined_in(order: Axes, x: Array) -> Array:
    """The axes of (batch, heads, length, width) in this order, and then a reshape."""
    return np.reshape(np.transpose(x, (0, *order)), (x.shape[0], x.shape[2], -1))


def cut_in(order: Axes, x: Array) -> Array:
    """A reshape to these axes, and then a transpose to (batch, heads, length, width)."""
    n, length, width = x.shape
    sizes = {1: HEADS, 2: length, 3: width // HEADS}
    places = tuple(1 + order.index(axis) for axis in (1, 2, 3))
    return np.transpose(np.reshape(x, (n, *(sizes[axis] for axis in order))), (0, *places))


def named(order: Axes) -> str:
    return ", ".join(NAMES[axis - 1] for axis in order)


RIGHT: Axes = (2, 1, 3)
OTHERS: list[Axes] = [(a, b, c) for a, b, c in permutations((1, 2, 3)) if (a, b, c) != RIGHT]
JOINS: dict[str, Joining] = {
    f"are the heads joined in the order {named(order)}, where it should be {named(RIGHT)} (which "
    "axes are swapped before the reshape)?": partial(joined_in, order)
    for order in OTHERS
}
CUTS: dict[str, Joining] = {
    f"is the width cut into heads in the order {named(order)}, where it should be {named(RIGHT)} "
    "(reshape, then swap)?": partial(cut_in, order)
    for order in OTHERS
}
