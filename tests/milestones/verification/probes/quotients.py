"""Gradients of NumPy's version by central differences, and how one is compared with them."""

from __future__ import annotations

import numpy as np

from verification.probes.inputs import UNKNOWN, Array
from verification.probes.operation import Case, Oracle
from verification.wording import Difference, compare

STEP = 1e-5


def compare_known(actual: Array, wrong: Array) -> Difference | None:
    """Like `compare`, without the entries of which a suspect says nothing."""
    if actual.shape == wrong.shape:
        wrong = np.where(wrong == UNKNOWN, actual, wrong)
    return compare(actual, wrong)


def compare_gradient(actual: Array | None, expected: Array) -> Difference | None:
    """Like `compare`, but ignore the last digits of a difference quotient."""
    if actual is not None and actual.shape == expected.shape and np.isfinite(actual).all():
        noise = 1e-9 * max(1.0, float(np.abs(expected).max(initial=0.0)))
        same = np.abs(actual - expected) <= noise + 1e-7 * np.abs(expected)
        actual = np.where(same, expected, actual)
    return compare(actual, expected)


def numeric_gradient(case: Case, name: str, weight: Array, oracle: Oracle) -> Array:
    """d (weight * oracle).sum() / d argument, by central differences."""
    group = case.parameters if name.startswith(".") else case.arrays
    array = group[name.removeprefix(".")]
    gradient = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        kept, ends = array[index], []
        try:
            for step in (STEP, -STEP):
                array[index] = kept + step
                ends.append(float((case.expected(oracle) * weight).sum()))
        finally:  # the oracle of a suspect may raise, and others are still to be asked
            array[index] = kept
        gradient[index] = (ends[0] - ends[1]) / (2 * STEP)
    return gradient
