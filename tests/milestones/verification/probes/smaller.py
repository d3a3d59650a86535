"""A smaller case that shows the same mistake: few numbers, which a student can recompute by hand.

Axis by axis, the arguments are cut as far as the mistake stays the same. It is looked for only
after something wrong was found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

from verification.probes.inputs import Array
from verification.probes.operation import Case
from verification.wording import Difference, apart

SIZES = (1, 2, 3, 4)
Axes = list[tuple[str, int]]  # (argument, axis) that have one size together


class Seen(NamedTuple):
    """One wrong array: of which case, what was found and expected, and what it looks like."""

    case: Case
    actual: Array | None
    expected: Array
    difference: Difference
    question: str = ""
    above: Array | None = None


Look = Callable[[Case, str], "Seen | None"]  # runs a case; the question is the one to confirm


def smallest(first: Seen, look: Look) -> Seen:
    """The same mistake with fewer and shorter numbers, or `first` if there is none."""
    best = first
    for axes in together(first.case):
        sizes = [best.case.arrays[name].shape[axis] for name, axis in axes]
        for size in (size for size in SIZES if size < max(sizes)):
            shorter = (cut(best.case, axes, size, end) for end in (False, True))
            seen = next(filter(None, (alike(best, case, look) for case in shorter)), None)
            if seen is not None:
                best = seen
                break
    return alike(best, rounded(best.case), look) or best


def alike(first: Seen, case: Case | None, look: Look) -> Seen | None:
    """What is seen in this case, if it is the same mistake, in words that fit it."""
    if case is None:
        return None
    try:
        seen = look(case, first.question)
    except Exception:  # it cannot be cut so, for the framework or for NumPy
        return None
    if seen is None or (first.expected.any() and not seen.expected.any()):
        return None
    words = same_words(first, seen)
    return seen._replace(difference=words, question=first.question) if words else None


def same_words(first: Seen, seen: Seen) -> Difference | None:
    """The difference of the smaller case, if it is what was said of the first."""
    said, now = first.difference, seen.difference
    one = seen.actual is not None and seen.actual.size == seen.expected.size == 1
    if first.question:
        return plainly(seen) if one and now.kind == "factor" != said.kind else now
    if said.kind == now.kind and blurred(said.words) == blurred(now.words):
        return now
    if said.kind in ("values", "constant"):
        return plainly(seen) if one else now if now.kind == "values" else None
    return None if re.search(r"\d", said.words) or said.kind == "shape" else said


def blurred(words: str) -> str:
    """Without its numbers, but for those of dimensions."""
    return re.sub(r"(?<!dimension )\b[\d.]+", "#", words)


def plainly(seen: Seen) -> Difference:
    """Of one number: what it is, and what it should be."""
    a, b = (float(np.asarray(array).reshape(-1)[0]) for array in (seen.actual, seen.expected))
    return Difference("values", "is {} instead of {}".format(*apart(a, b)))


# ------------------------------------------------------------------------------------ cutting


def together(case: Case) -> Iterator[Axes]:
    """Groups of axes that can only be cut together.

    Without parameters, those of one size. With parameters, which stay as they are, those of one
    place; a mask or labels only along the batch.
    """
    arrays, inputs = case.arrays, case.op.inputs
    if case.op.whole:
        return
    if not case.parameters:
        for size in sorted({n for a in arrays.values() for n in a.shape if n > 1}):
            yield [(k, i) for k, a in arrays.items() for i, n in enumerate(a.shape) if n == size]
        return
    drawn = {k: a for k, a in arrays.items() if inputs[k].grad} or arrays
    for axis in range(max((a.ndim for a in drawn.values()), default=0)):
        group = [(name, axis) for name, a in drawn.items() if a.ndim > axis and a.shape[axis] > 1]
        sizes = {drawn[name].shape[axis] for name, _ in group}
        if axis == 0 and group:
            group += [(k, 0) for k, a in arrays.items() if k not in drawn and len(a) in sizes]
        if group:
            yield group


def cut(case: Case, axes: Axes, size: int, end: bool = False) -> Case:
    """The first entries along these axes, or the last ones."""
    arrays = dict(case.arrays)
    for name, axis in axes:
        length = arrays[name].shape[axis]
        left = range(length)[-size:] if end else range(min(size, length))
        arrays[name] = np.take(arrays[name], left, axis)
    return case._replace(arrays=arrays)


def rounded(case: Case) -> Case | None:
    """Rounded to as few digits as keep all numbers different, and none of them zero."""
    inputs = case.op.inputs
    drawn = [a for name, a in case.arrays.items() if inputs[name].grad]
    for digits in (1, 2, 3, 4):
        short = [np.round(a, digits) for a in drawn]
        apart = all(
            len(np.unique(s)) == len(np.unique(a)) for s, a in zip(short, drawn, strict=True)
        )
        if apart and all(a.all() for a in short) and not tied(short):
            arrays = {
                name: np.round(a, digits) if inputs[name].grad else a
                for name, a in case.arrays.items()
            }
            parameters = {name: np.round(a, 2) for name, a in case.parameters.items()}
            return case._replace(arrays=arrays, parameters=parameters)
    return None


def tied(arrays: list[Array]) -> bool:
    """Whether two of one shape have the same number at the same place."""
    pairs = combinations(arrays, 2)
    return any(bool((a == b).any()) for a, b in pairs if a.shape == b.shape)


def weight_for(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """A gradient from above: of both signs, with one digit behind the point."""
    if not shape:
        return np.ones(())
    return np.asarray(np.round(rng.uniform(0.5, 1.5, shape), 1) * rng.choice([-1, 1], shape))
