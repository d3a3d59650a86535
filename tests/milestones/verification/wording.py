"""From two arrays to a sentence: how a result differs from the expected one.

Pure functions over NumPy arrays. No framework, no file names, no advice.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import numpy as np

RELATIVE = 1e-6
SMALL = 1e-2  # entries this small, relative to the largest, are compared by absolute error


class Difference(NamedTuple):
    """How two arrays differ: `kind` for programs, `words` for people."""

    kind: str
    words: str


def compare(actual: object, expected: np.ndarray, relative: float = RELATIVE) -> Difference | None:
    """Describe the difference; None if the arrays agree."""
    expected = np.asarray(expected)
    if actual is None:
        return Difference("missing", "is None")
    array = np.asarray(actual)
    if array.dtype.kind not in "fiub":
        return Difference("type", f"holds {array.dtype}, not numbers")
    if array.shape != expected.shape:
        return Difference("shape", f"has shape {array.shape} instead of {expected.shape}")
    if not np.isfinite(array).all():
        bad = "NaN" if np.isnan(array).any() else "infinite"
        return Difference("nan", f"is {bad} at {count(~np.isfinite(array))}")
    if agree(array, expected, relative).all():
        return None
    return proportional(array, expected, relative) or by_entries(array, expected, relative)


def agree(actual: np.ndarray, expected: np.ndarray, relative: float = RELATIVE) -> np.ndarray:
    """The entries in which two arrays of one shape agree."""
    finite = np.isfinite(expected)
    largest = np.abs(expected[finite]).max(initial=0.0)
    size = np.where(finite, np.abs(expected), 0.0)
    allowed = relative * size + max(relative * SMALL * largest, 1e-12)
    return np.asarray((np.abs(actual - expected) <= allowed) | (actual == expected))


def proportional(actual: np.ndarray, expected: np.ndarray, relative: float) -> Difference | None:
    """Zero, the wrong sign, or N times the right thing."""
    if not np.any(actual):
        return Difference("zero", "is zero" if actual.ndim == 0 else "is zero everywhere")
    square = float((expected * expected).sum())
    factor = float((actual * expected).sum()) / square if square else 0.0
    if not factor or not agree(actual / factor, expected, relative).all():
        return None
    if abs(factor + 1) < relative:
        return Difference("sign", "has the wrong sign")
    size = abs(factor) if abs(factor) > 1 else 1 / abs(factor)
    often = f"{size:.4g} times" if size > 1.001 else f"{100 * (size - 1):.2g} %"
    times = f"{often} too {'large' if abs(factor) > 1 else 'small'}"
    return Difference("factor", f"{'has the wrong sign and ' if factor < 0 else ''}is {times}")


def by_entries(actual: np.ndarray, expected: np.ndarray, relative: float) -> Difference:
    """Describe a difference in some entries: how many, and the worst one."""
    right = agree(actual, expected, relative)
    wrong = ~right
    if actual.size > 1 and np.ptp(actual) == 0 and np.ptp(expected) > 0:
        return Difference("constant", f"is {number(actual.flat[0])} everywhere")
    if not right.all() and (expected[wrong] == 0).all():
        return Difference("extra", f"is not zero at {count(wrong)}, where it must be")
    if (actual[wrong] == 0).all():
        return Difference("dropped", f"is zero at {count(wrong)}, where it must not be")
    off = np.where(wrong, np.abs(actual - expected), 0)
    worst = np.unravel_index(np.argmax(off), actual.shape)
    place = f" {list(map(int, worst))}" if worst else ""
    words = "is {} instead of {}".format(*apart(actual[worst], expected[worst]))
    if actual.size == 1:
        return Difference("values", words)
    return Difference("values", f"is wrong at {count(wrong)}; the worst,{place}, {words}")


def count(where: np.ndarray) -> str:
    """`3 of 12 entries`."""
    return f"{int(where.sum())} of {where.size} entries"


def plural(number: int, noun: str) -> str:
    """`1 step`, `2 steps`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def visible(text: str) -> str:
    """Escape characters that control a terminal or change the text direction."""
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in UNSEEN else f"\\u{ord(c):04x}"
        for c in text
    )


UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, format, surrogate, unassigned


def with_article(noun: str) -> str:
    """`an ndarray`, `a list`: the article that fits the way the name is pronounced."""
    vowel = noun[:1].lower() in "aeio" or noun == "ndarray"
    return f"{'an' if vowel else 'a'} {noun}"


def number(value: object) -> str:
    return f"{float(np.asarray(value)):.5g}"


def apart(a: object, b: object) -> tuple[str, str]:
    """Two different numbers, with as many digits as it takes to see that they are."""
    x, y = (float(np.asarray(value)) for value in (a, b))
    digits = next((n for n in range(5, 17) if f"{x:.{n}g}" != f"{y:.{n}g}"), 17)
    return f"{x:.{digits}g}", f"{y:.{digits}g}"


def show(value: object, limit: int = 12) -> str:
    """An array on one line: a small one in full, a large one by shape and first entries."""
    if value is None:
        return "None"
    array = np.asarray(value)
    if array.ndim == 0:
        return number(array) if array.dtype.kind == "f" else str(array)
    if array.size <= limit:
        return np.array2string(array, precision=4, separator=", ", suppress_small=True)
    start = np.array2string(array.reshape(-1)[:6], precision=4, separator=", ", suppress_small=True)
    return f"shape {array.shape}, beginning {start[:-1]}, ...]"


def show_both(actual: object, expected: object, relative: float = RELATIVE) -> dict[str, str]:
    """Both as facts of a message: large ones from the first entry on that differs."""
    found, right = (np.asarray(value) for value in (actual, expected))
    if actual is None or found.dtype.kind not in "fiub" or found.shape != right.shape:
        return {"yours": show(actual), "numpy": show(expected)}
    wrong = np.flatnonzero(~agree(found, right, relative).reshape(-1))
    if not wrong.size or not right.ndim:
        return {"yours": show(actual), "numpy": show(expected)}
    first = int(wrong[0])
    digits = digits_apart(found.reshape(-1)[first], right.reshape(-1)[first])
    pair = [excerpt(array, first, digits) for array in (found, right)]
    return dict(zip(("yours", "numpy"), pair, strict=True))


def digits_apart(a: object, b: object) -> int:
    """How many digits behind the point it takes to see that two numbers differ; 4 or more."""
    x, y = (float(np.asarray(value)) for value in (a, b))
    return next((n for n in range(4, 16) if f"{x:.{n}f}" != f"{y:.{n}f}"), 16)


def excerpt(array: np.ndarray, first: int, digits: int, limit: int = 12) -> str:
    """Like `show`, but a large array from this entry on."""
    how = {"precision": digits, "separator": ", ", "suppress_small": True}
    if array.size <= limit:
        return np.array2string(array, **how)  # type: ignore[arg-type]
    begin = min(first, array.size - 6)
    some = np.array2string(array.reshape(-1)[begin : begin + 6], **how)  # type: ignore[arg-type]
    place = list(map(int, np.unravel_index(begin, array.shape)))
    where = "beginning" if not begin else f"from {place} on"
    more = "]" if begin + 6 == array.size else ", ...]"
    return f"shape {array.shape}, {where} {some[:-1]}{more}"


def wrong_visits(order: np.ndarray, count: int) -> str:
    """How a pass differs from one with each of `count` positions once; "" if it does not."""
    beyond = order[(order < 0) | (order >= count)]
    if len(beyond):
        return f"gives position {beyond[0]}, and there are only 0 to {count - 1}"
    visits = np.bincount(order, minlength=count)
    lost, twice = int((visits == 0).sum()), int((visits > 1).sum())
    if not lost:
        return f"repeats {twice} of {count} positions" if twice else ""
    return f"leaves out {lost} of {count} positions{f' and repeats {twice}' if twice else ''}"
