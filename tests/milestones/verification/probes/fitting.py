"""Mistakes that are found by fitting: a number in a formula, or the slope of a function.

What a table of suspects cannot hold: the number that was used is solved for, and the slope is
looked for among simple formulas of the input and of the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from verification.probes.inputs import Array
from verification.relations import same
from verification.wording import number

Oracle = Callable[..., Array]
Families = Mapping[str, tuple[Callable[..., float], Callable[[float], Oracle]]]
STARTS = [sign * 2.0**k for sign in (1, -1) for k in np.arange(-6, 6.5, 0.5)]


def fitted(
    families: Families, found: Array, made_by: Callable[[Oracle], Array], given: Iterable[Array]
) -> str:
    """The question for a formula that is right but for one number; "" if there is none.

    A family gives the right number for what was given, and the formula with any other one.
    """
    for question, (right_for, family) in families.items():
        right = right_for(*given)
        used = solved(right, lambda x, family=family: made_by(family(x)), found)  # type: ignore[misc]
        if used is not None and abs(used - right) > 1e-4 * abs(right):
            return question.format(named_number(used), named_number(right))
    return ""


def solved(right: float, made: Callable[[float], Array], found: Array) -> float | None:
    """The number that makes `found`, by Gauss and Newton from the best starts."""

    def off(x: float) -> Array:
        return np.asarray(made(x) - found)

    def size(x: float) -> float:
        total = float(np.square(off(x)).sum())
        return total if math.isfinite(total) else math.inf

    if made(right).shape != found.shape or found.size < 2:
        return None
    for start in sorted((right * start for start in STARTS), key=size)[:4]:
        x = start
        for _ in range(25):
            h = 1e-5 * abs(x)
            slope = (off(x + h) - off(x - h)) / (2 * h)
            square = float(np.square(slope).sum())
            if not square or not math.isfinite(square):
                break
            step = float((slope * off(x)).sum()) / square
            while step and size(x - step) > size(x) and abs(step) > 1e-12 * abs(x):
                step /= 2
            x -= step
        if same(made(x), found):
            return float(x)
    return None


def named_number(x: float) -> str:
    """`0.57735 = 1 / sqrt(3)`, where it is such a number."""
    for n in range(2, 65):
        for value, name in (
            (n, ""), (1 / n, f"1 / {n}"), (n**0.5, f"sqrt({n})"), (n**-0.5, f"1 / sqrt({n})"),
        ):  # fmt: skip
            if abs(x / value - 1) < 1e-4:
                return f"{number(value)} = {name}" if name else number(value)
    return number(x)


# ------------------------------------------------------------------------------------ slopes

FORMULAS: dict[str, Callable[[Array], Array]] = {
    "{}": lambda v: v,
    "-{}": lambda v: -v,
    "1 / {}": lambda v: 1 / v,
    "-1 / {}": lambda v: -1 / v,
    "{} ** 2": lambda v: v * v,
    "1 / {} ** 2": lambda v: 1 / (v * v),
    "-1 / {} ** 2": lambda v: -1 / (v * v),
    "1 - {}": lambda v: 1 - v,
    "1 + {}": lambda v: 1 + v,
    "1 - {} ** 2": lambda v: 1 - v * v,
    "1 + {} ** 2": lambda v: 1 + v * v,
    "{} * (1 - {})": lambda v: v * (1 - v),
    "2 * {}": lambda v: 2 * v,
    "0.5 * {}": lambda v: v / 2,
    "0.5 / {}": lambda v: 0.5 / v,
    "exp({})": np.exp,
    "log({})": np.log,
    "cos({})": np.cos,
}


def slope_question(
    call: str, x: Array, result: Array, above: Array, found: Array, right: Array
) -> str:
    """Which formula of the input or of the result was used as the slope, and which is right."""
    if not x.shape == result.shape == above.shape == found.shape == right.shape or x.size < 2:
        return ""
    with np.errstate(all="ignore"):
        wrong, good = (next(formulas(x, result, each / above), "") for each in (found, right))
    if not wrong or not good:
        return ""
    named = f", with result = {call}" if "result" in wrong + good else ""
    return f"is the gradient from above multiplied by {wrong}, where it should be {good}{named}?"


def formulas(x: Array, result: Array, slope: Array) -> Iterator[str]:
    """The formulas that give this slope, the simplest first."""
    for text, formula in FORMULAS.items():
        for name, values in (("result", result), ("x", x)):
            made = formula(values)
            if np.isfinite(made).all() and same(np.asarray(made), slope):
                yield text.replace("{}", name)
