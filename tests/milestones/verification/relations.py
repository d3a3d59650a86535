"""Relations between arrays: equal, transposed, broadcastable, and where one differs.

Pure functions over NumPy arrays, from which `explain.py` builds its hypotheses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations

import numpy as np

from verification.wording import RELATIVE, agree

Array = np.ndarray
Given = Mapping[str, Array]


def same(found: Array, right: Array) -> bool:
    """Equal in shape and, up to rounding, in every entry."""
    return found.shape == right.shape and bool(agree(found, right, 10 * RELATIVE).all())


def condition(wrong: Array, given: Given) -> str:
    """`, exactly where x is negative`; empty if no operand tells the entries apart."""
    for name, a in given.items():
        if a.shape == wrong.shape and not wrong.all():
            for word, holds in (("negative", a < 0), ("positive", a > 0), ("zero", a == 0)):
                if np.array_equal(wrong, holds):
                    return f", exactly where {name} is {word}"
    return ""


def only_place(wrong: Array, given: Given) -> str:
    """`, where x is -inf`, if it is one entry only."""
    for name, a in given.items():
        if a.shape == wrong.shape and wrong.sum() == 1:
            return f", where {name} is {float(a[wrong][0]):.5g}"
    return ""


def edge(wrong: Array) -> str:
    """`, all in the last place of dimension 1`."""
    for axis, size in enumerate(wrong.shape):
        found = np.flatnonzero(wrong.any(axis=tuple(i for i in range(wrong.ndim) if i != axis)))
        if size > 1 and list(found) in ([0], [size - 1]):
            end = "first" if found[0] == 0 else "last"
            return f", all in the {end} place of dimension {axis}"
    return ""


def fitting(given: Given, right: Array) -> Iterator[tuple[str, Array]]:
    """The operands that can be broadcast to the result, without those that say nothing."""
    for name, a in given.items():
        padded = (1,) * (right.ndim - a.ndim) + a.shape
        broadcasts = a.ndim <= right.ndim and all(
            n in (1, m) for n, m in zip(padded, right.shape, strict=True)
        )
        if broadcasts and np.any(a) and np.ptp(a) > 0:
            yield name, a


def turns(right: Array) -> Iterator[tuple[tuple[int, ...], Array]]:
    """The array with its axes in every other order."""
    if right.ndim <= 4:
        for axes in permutations(range(right.ndim)):
            if axes != tuple(range(right.ndim)):
                yield axes, right.transpose(axes)


def dimensions(axes: tuple[int, ...]) -> str:
    named = " and ".join(map(str, axes))
    return f"dimension{'s' if len(axes) > 1 else ''} {named}"
