"""Which mistake makes one array of another: hypotheses, the simplest first.

A pure function over what was expected, what was found and what the operation was given. It knows
no operation: each hypothesis is a relation between arrays that the numbers confirm or refute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from verification.relations import (
    Array,
    Given,
    condition,
    dimensions,
    edge,
    fitting,
    only_place,
    same,
    turns,
)
from verification.wording import Difference, agree, count

Hypothesis = Callable[[Array, Array, Given], "Difference | None"]
Relation = Callable[[Array, Array], Array]

FLOAT32 = 4 * float(np.finfo(np.float32).eps)  # a few roundings of float32
SLIGHT = 1e-3  # a relative error below this is no wrong formula, but rounding or a small constant


def explain(difference: Difference, actual: object, expected: Array, given: Given) -> Difference:
    """The difference in more precise words, if a hypothesis fits; otherwise as it is.

    `given` holds the operands by the name that a sentence can use.
    """
    if difference.kind in ("missing", "type", "zero", "sign"):
        return difference
    found, right = np.asarray(actual), np.asarray(expected)
    numbers = {name: a for name, a in given.items() if a.dtype.kind == "f" and a.size}
    if difference.kind == "factor":
        return factor_of_size(difference, found, right, numbers)
    hypotheses = OF_SHAPES if difference.kind == "shape" else OF_VALUES
    with np.errstate(all="ignore"):
        fitting = (hypothesis(found, right, numbers) for hypothesis in hypotheses)
        more = next((each for each in fitting if each is not None), None)
    if more is None:
        return difference
    if difference.kind == "shape":
        return Difference(more.kind, f"{difference.words}: {more.words}")
    return more


# ------------------------------------------------------------------------------------- shapes


def not_summed(found: Array, right: Array, given: Given) -> Difference | None:
    """The sum over some dimensions would be right."""
    if found.ndim < right.ndim:
        return None
    padded = (1,) * (found.ndim - right.ndim) + right.shape
    axes = tuple(i for i, (a, b) in enumerate(zip(found.shape, padded, strict=True)) if a != b)
    if all(padded[i] == 1 for i in axes) and same(
        found.sum(axis=axes, keepdims=True).reshape(right.shape), right
    ):
        return Difference("not summed", f"its sum over {dimensions(axes)} would be right")
    return None


def other_shape(found: Array, right: Array, given: Given) -> Difference | None:
    """The right numbers: transposed, or in another shape."""
    if found.size != right.size:
        return None
    if found.ndim > 1 and any(same(found, turned) for _, turned in turns(right)):
        return Difference("transposed", "the right numbers, transposed")
    if same(found.reshape(right.shape), right):
        return Difference("shape", "the right numbers in the wrong shape")
    return None


# ------------------------------------------------------------------------------------- values


def factor_of_size(difference: Difference, found: Array, right: Array, given: Given) -> Difference:
    """A constant factor that is the size of something the operation was given."""
    factor = abs(float((found * right).sum()) / float((right * right).sum()))
    for name, a in given.items():
        for size, what in [(a.size, "the number of entries"), *named_dimensions(a)]:
            for root, label in ((1.0, ""), (0.5, "the square root of ")):
                if size > 1 and any(abs(factor / size**p - 1) < 1e-6 for p in (root, -root)):
                    words = f"{difference.words} ({label}{what} of {name} is {size**root:.4g})"
                    return Difference("factor", words)
    return difference


def named_dimensions(a: Array) -> Iterator[tuple[int, str]]:
    for axis, size in enumerate(a.shape):
        yield size, f"dimension {axis}"


def rounding(found: Array, right: Array, given: Given) -> Difference | None:
    """Nearly right: float32, or a small number that was added somewhere."""
    if not np.isfinite(found).all():
        return None
    largest = float(np.abs(right).max(initial=0.0))
    off = float(np.abs(found - right).max(initial=0.0)) / largest if largest else 1.0
    if off > SLIGHT:
        return None
    if off <= FLOAT32:
        return Difference(
            "dtype",
            f"is right to {-np.log10(off):.0f} digits only, those of float32; float64 was given",
        )
    return Difference(
        "precision",
        f"is nearly right: off by {off:.1g} of its largest entry, more than rounding explains",
    )


def bad_entries(found: Array, right: Array, given: Given) -> Difference | None:
    """NaN or infinite, and under which condition on an operand."""
    bad = ~np.isfinite(found)
    if not bad.any():
        return None
    word = "NaN" if np.isnan(found).any() else "infinite"
    where = condition(bad, given) or only_place(bad, given) or edge(bad)
    return Difference("nan", f"is {word} at {count(bad)}{where}")


def reordered(found: Array, right: Array, given: Given) -> Difference | None:
    """The right numbers in another order."""
    if right.size < 3 or not same(np.sort(found, None), np.sort(right, None)):
        return None
    for axes, turned in turns(right):
        if turned.size == found.size and same(found, turned.reshape(found.shape)):
            return Difference("transposed", f"has the right numbers with its axes ordered {axes}")
    for axis in range(right.ndim):
        if same(found, np.flip(right, axis)):
            return Difference("order", f"is reversed along dimension {axis}")
        for step in (1, -1):
            if same(found, np.roll(right, step, axis)):
                return Difference("off by one", f"is shifted by one along dimension {axis}")
    return Difference("order", "has the right numbers, in the wrong order")


def shifted(found: Array, right: Array, given: Given) -> Difference | None:
    """Each entry is its neighbor's, except at the edge."""
    for axis, size in enumerate(right.shape):
        a, b = np.moveaxis(found, axis, 0), np.moveaxis(right, axis, 0)
        if size > 3 and np.ptp(b[1:-1]) > 0 and (same(a[1:], b[:-1]) or same(a[:-1], b[1:])):
            return Difference("off by one", f"is shifted by one along dimension {axis}")
    return None


def some_signs(found: Array, right: Array, given: Given) -> Difference | None:
    """The right sizes, with the wrong sign at some entries."""
    wrong = ~agree(found, right)
    if not same(np.abs(found), np.abs(right)):
        return None
    return Difference("sign", f"has the wrong sign at {count(wrong)}{condition(wrong, given)}")


def offset(found: Array, right: Array, given: Given) -> Difference | None:
    """The same number too much everywhere."""
    off = found - right
    if right.size < 2 or not same(off, np.full(off.shape, off.mean())):
        return None
    more = "large" if off.mean() > 0 else "small"
    return Difference("offset", f"is {abs(off.mean()):.4g} too {more} everywhere")


def an_operand(found: Array, right: Array, given: Given) -> Difference | None:
    """One of the operands, unchanged or negated."""
    for name, a in given.items():
        if right.size > 1 and same(found, a):
            return Difference("wrong operand", f"is just {name}")
        if right.size > 1 and same(found, -a):
            return Difference("wrong operand", f"is just {name}, negated")
    return None


def a_term(found: Array, right: Array, given: Given) -> Difference | None:
    """One operand is a term too much or too little."""
    for name, a in fitting(given, right):
        for words, change in TERMS:
            if same(found, right + change * a):
                return Difference("missing term", words.format(name))
    return None


TERMS: list[tuple[str, float]] = [
    ("is right but for {}, which is not added", -1.0),
    ("is right but for {}, which is added and should not be", 1.0),
    ("is right but for {}, which is subtracted instead of added", -2.0),
    ("is right but for {}, which is added instead of subtracted", 2.0),
]


def a_factor(found: Array, right: Array, given: Given) -> Difference | None:
    """One operand is a factor too much or too little."""
    for name, a in fitting(given, right):
        for words, relation in FACTORS:
            if same(found, relation(right, a)):
                return Difference("missing factor", words.format(name))
    return None


FACTORS: list[tuple[str, Relation]] = [
    ("lacks the factor {}", lambda right, a: right / a),
    ("has the factor {} once too often", lambda right, a: right * a),
    ("lacks the factor -{}", lambda right, a: -right / a),
    ("has the factor -{} once too often", lambda right, a: -right * a),
    ("is divided by {} where it should be multiplied", lambda right, a: right / a**2),
    ("is multiplied by {} where it should be divided", lambda right, a: right * a**2),
]


def by_slices(found: Array, right: Array, given: Given) -> Difference | None:
    """Each row (or column, ...) has a factor of its own: a sum or mean over the wrong axis."""
    for axis in range(right.ndim if right.ndim > 1 else 0):
        rows = np.moveaxis(right, axis, -1), np.moveaxis(found, axis, -1)
        square = (rows[0] ** 2).sum(axis=-1, keepdims=True)
        factors = (rows[0] * rows[1]).sum(axis=-1, keepdims=True) / square
        if rows[0].shape[-1] > 1 and same(rows[1], rows[0] * factors):
            words = (
                f"is right along dimension {axis}, up to a factor that each slice has of its own"
            )
            return Difference("axis", words)
    return None


def part_of_it(found: Array, right: Array, given: Given) -> Difference | None:
    """Wrong only where an operand is negative, positive, or at one end."""
    wrong = ~agree(found, right)
    where = condition(wrong, given) or edge(wrong)
    if not where or wrong.all():
        return None
    what = "is zero" if not found[wrong].any() else "is wrong"
    what = "is not zero" if not right[wrong].any() else what
    return Difference("condition", f"{what} at {count(wrong)}{where}")


OF_SHAPES: list[Hypothesis] = [not_summed, other_shape]
OF_VALUES: list[Hypothesis] = [
    bad_entries, rounding, some_signs, an_operand, reordered, offset, a_term, a_factor, shifted,
    by_slices, part_of_it,
]  # fmt: skip
