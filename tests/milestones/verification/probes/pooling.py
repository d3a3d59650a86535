"""Pooling in NumPy, and what common mistakes would make of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verification.probes.images import Gradients, Oracle, Pair, cells, framed, unframed, windows
from verification.probes.inputs import Array


def pooling(
    kernel: int, stride: int, padding: int, value: float, of: Callable[[Array], Array]
) -> Callable[[Array], Array]:
    """`of` gets the windows, with the cells of each along the last dimension."""

    def oracle(x: Array) -> Array:
        seen = windows(framed(x, padding, value), (kernel, kernel), (stride, stride))
        return np.asarray(of(seen.reshape(*seen.shape[:4], -1)))

    return oracle


def max_pool(kernel: int, stride: int, padding: int = 0) -> Callable[[Array], Array]:
    return pooling(kernel, stride, padding, -np.inf, lambda seen: seen.max(axis=-1))


def average_pool(kernel: int, stride: int, padding: int = 0) -> Callable[[Array], Array]:
    return pooling(kernel, stride, padding, 0.0, lambda seen: seen.mean(axis=-1))


def without(seen: Array, cell: int) -> Array:
    return np.delete(seen, cell, axis=-1)


def max_mistakes(kernel: int, stride: int, padding: int = 0) -> dict[str, Oracle]:
    ways: dict[str, Callable[[Array], Array]] = {
        "is it the largest, not the smallest?": lambda seen: seen.min(axis=-1),
        "is the result of each comparison kept (is it the first cell)?": lambda seen: seen[..., 0],
        "does the search for the largest begin at 0, where it must begin at minus infinity?": (
            lambda seen: np.maximum(seen.max(axis=-1), 0)
        ),
        "is it the largest, not the average?": lambda seen: seen.mean(axis=-1),
        "is the first cell compared (off by one)?": lambda seen: without(seen, 0).max(axis=-1),
        "is the second cell compared (off by one)?": lambda seen: without(seen, 1).max(axis=-1),
        "is the last cell compared (off by one)?": lambda seen: without(seen, -1).max(axis=-1),
    }
    return {text: pooling(kernel, stride, padding, -np.inf, of) for text, of in ways.items()} | {
        "is the frame filled with minus infinity, not with zeros?": pooling(
            kernel, stride, padding, 0.0, lambda seen: seen.max(axis=-1)
        )
    }


def average_mistakes(kernel: int, stride: int, padding: int = 0) -> dict[str, Oracle]:
    count = kernel * kernel
    ways: dict[str, Callable[[Array], Array]] = {
        "is the first cell counted once (off by one)?": lambda seen: (
            seen.mean(axis=-1) + seen[..., 0] / count
        ),
        "is the first cell counted (off by one)?": lambda seen: (
            without(seen, 0).sum(axis=-1) / count
        ),
        "is the last cell counted (off by one)?": lambda seen: (
            without(seen, -1).sum(axis=-1) / count
        ),
    }
    return {text: pooling(kernel, stride, padding, 0.0, of) for text, of in ways.items()}


def max_back(kernel: int, stride: int, padding: int = 0) -> dict[str, Gradients]:
    """Mistakes in what the winners get."""

    def of(put: Callable[[Array, Array, Array, Array], None]) -> Gradients:
        def gradients(above: Array, x: Array) -> dict[str, Array]:
            frame, best = framed(x, padding, -np.inf), max_pool(kernel, stride, padding)(x)
            out, sides = np.zeros_like(frame), ((kernel, kernel), (stride, stride), best.shape[2:])
            pairs = zip(cells(out, *sides), cells(frame, *sides), strict=True)
            for (_, _, cell), (_, _, seen) in pairs:
                put(cell, seen == best, above, best)
            return {"x": unframed(out, x, padding)}

        return gradients

    def replace(cell: Array, won: Array, above: Array, best: Array) -> None:
        cell[...] = won * above

    def replace_won(cell: Array, won: Array, above: Array, best: Array) -> None:
        cell[won] = above[won]

    def ones(cell: Array, won: Array, above: Array, best: Array) -> None:
        cell += won

    def values(cell: Array, won: Array, above: Array, best: Array) -> None:
        cell += won * best

    def first(above: Array, x: Array) -> dict[str, Array]:
        out = np.zeros_like(framed(x, padding))
        sides = (kernel, kernel), (stride, stride), above.shape[2:]
        next(cells(out, *sides))[2][...] = above
        return {"x": unframed(out, x, padding)}

    return {
        "does the largest get the gradient, not the first cell (is that one copied)?": first,
        "is it added where windows overlap, not replaced?": of(replace),
        "is it added where a cell wins twice, not replaced?": of(replace_won),
        "does the winner get the gradient from above, not 1?": of(ones),
        "does the winner get the gradient, not the value?": of(values),
    }


def average_back(kernel: int, stride: int, padding: int = 0) -> dict[str, Gradients]:
    def gradients(above: Array, x: Array) -> dict[str, Array]:
        out = np.zeros_like(framed(x, padding))
        for _, _, cell in cells(out, (kernel, kernel), (stride, stride), above.shape[2:]):
            cell[...] = above / kernel**2
        return {"x": unframed(out, x, padding)}

    return {"is it added where windows overlap, not replaced?": gradients}


# ------------------------------------------------------------------------------- adaptive pooling

Edges = Callable[[int, int, int], tuple[int, int]]  # (place, number of places, size)


def edges(i: int, places: int, size: int) -> tuple[int, int]:
    return i * size // places, -(-(i + 1) * size // places)


ADAPTIVE: dict[str, Edges] = {
    "is the end of a cell rounded up (off by one)?": lambda i, m, n: (i * n // m, (i + 1) * n // m),
    "is the start of a cell rounded down (off by one)?": lambda i, m, n: (
        -(-i * n // m), -(-(i + 1) * n // m),
    ),
    "do the cells overlap (are they pieces of equal size)?": lambda i, m, n: (
        i * (n // m), (i + 1) * (n // m),
    ),
}  # fmt: skip


def adaptive_average(size: Pair, of: Edges = edges) -> Callable[[Array], Array]:
    """Each output cell averages rows from floor(i H / size) to ceil((i + 1) H / size)."""

    def oracle(x: Array) -> Array:
        cuts = [[of(i, m, n) for i in range(m)] for n, m in zip(x.shape[2:], size, strict=True)]
        rows = [
            np.stack([x[:, :, a:b, c:d].mean(axis=(2, 3)) for c, d in cuts[1]], axis=-1)
            for a, b in cuts[0]
        ]
        return np.stack(rows, axis=2)

    return oracle
