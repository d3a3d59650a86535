"""Mistakes in the projections of a MultiheadAttention: which rows, which bias, whether at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verification.probes.inputs import Array

WIDTH = 4  # of the attention that is asked
Wrong = Callable[..., tuple[Array, ...]]  # of the four parameters


def projections_of(right: Callable[..., Array]) -> dict[str, Callable[..., Array]]:
    """Mistakes in the projections: which rows, which bias, whether at all."""

    def of(wrong: Wrong) -> Callable[..., Array]:
        return lambda x, mask, *parameters: right(x, mask, *wrong(*parameters))

    return {question: of(wrong) for question, wrong in PROJECTIONS.items()}


def rows_of(*thirds: int) -> Callable[[Array], Array]:
    """Rows of Q (0), K (1) or V (2) where those of Q, K and V should be."""
    return lambda a: np.concatenate([a[i * WIDTH : (i + 1) * WIDTH] for i in thirds])


def by_rows(*thirds: int) -> Wrong:
    rows = rows_of(*thirds)
    return lambda w, b, out, out_b: (rows(w), rows(b), out, out_b)


def left_out(third: int, weight: bool) -> Wrong:
    """Q (0), K (1) or V (2) as it came in, not projected; or projected, without its bias."""
    rows = slice(third * WIDTH, (third + 1) * WIDTH)

    def wrong(w: Array, b: Array, out: Array, out_b: Array) -> tuple[Array, ...]:
        w, b = w.copy(), b.copy()
        w[rows], b[rows] = np.eye(WIDTH) if weight else w[rows], 0
        return w, b, out, out_b

    return wrong


def not_projected() -> dict[str, Wrong]:
    """Each projection forgotten, and each bias."""
    names = ("query", "key", "value")
    where = ("first", "second", "last")
    forgotten = {
        f"is the {name} projected, by the {third} third of in_proj_weight?": left_out(i, True)
        for i, (name, third) in enumerate(zip(names, where, strict=True))
    }
    return forgotten | {
        f"is the {third} third of in_proj_bias added to the {name}'s projection?": left_out(
            i, False
        )
        for i, (name, third) in enumerate(zip(names, where, strict=True))
    }


PROJECTIONS: dict[str, Wrong] = {
    **not_projected(),
    "is the output projection applied?": lambda w, b, out, out_b: (w, b, np.eye(WIDTH), 0 * out_b),
    "is in_proj_bias added?": lambda w, b, out, out_b: (w, 0 * b, out, out_b),
    "does each third have a bias of its own?": lambda w, b, out, out_b: (
        w, rows_of(0, 0, 0)(b), out, out_b,
    ),
    "do K and V have rows of their own, not those of Q?": by_rows(0, 0, 0),
    "do K and V have rows of their own, as their bias has?": (
        lambda w, b, out, out_b: (rows_of(0, 0, 0)(w), b, out, out_b)
    ),
    "do the values have rows of their own, not those of Q?": by_rows(0, 1, 0),
    "do the values have rows of their own, not those of K?": by_rows(0, 1, 1),
    "is a third a block of rows, not every third row?": lambda w, b, out, out_b: (
        np.concatenate([w[i::3] for i in range(3)]),
        np.concatenate([b[i::3] for i in range(3)]), out, out_b,
    ),
    "is it x @ weight.T (is the weight transposed)?": lambda w, b, out, out_b: (
        np.concatenate([third.T for third in np.split(w, 3)]), b, out, out_b,
    ),
}  # fmt: skip
