"""The way back through a softmax: every formula with a factor lost or a sum over the wrong axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import product

import numpy as np

from verification.probes.inputs import Array

Axes = tuple[int, ...] | None
Factors = tuple[bool, ...]  # outer, first, behind, inside: whether each is there
Slip = Callable[[Array, Array], Array]  # of the shares p and the gradient g


def made(factors: Factors, axes: Axes, p: Array, g: Array) -> Array:
    """outer * (first * g - behind * sum(inside * g)), each factor being p, or missing."""
    outer, first, behind, inside = (p if there else np.ones_like(p) for there in factors)
    return np.asarray(outer * (first * g - behind * (inside * g).sum(axis=axes, keepdims=True)))


def text(factors: Factors, g: str, p: str) -> str:
    """`p * (g - sum(g * p))`: the formula with these factors."""
    outer, first, behind, inside = (f"{p} * " if there else "" for there in factors)
    whole = f"{first}{g} - {behind}sum({inside}{g})"
    return f"{outer}({whole})" if outer else whole


def slips(g: str, p: str, sums: Mapping[str, Axes]) -> dict[str, Slip]:
    """A question for each formula that is not the right one; the first of `sums` is right.

    One sum over the wrong axes, one factor too much or too little, or both.
    """
    right = next(iter(sums))
    found: dict[str, Slip] = {}
    for where, axes in sums.items():
        for factors in product((False, True), repeat=4):
            if where == right and factors in SAME:
                continue
            wanted = text(RIGHT, g, p)
            if factors in SAME:
                question = f"is the sum in {wanted} taken over {right}, not over {where}?"
            else:
                over = "" if where == right else f", with the sum over {where}"
                question = f"is it {text(factors, g, p)}{over}, where it should be {wanted}?"
            found.setdefault(question, partial(made, factors, axes))
    return found


RIGHT = (True, False, False, True)  # p * (g - sum(p * g))
SAME = (RIGHT, (False, True, True, True))
