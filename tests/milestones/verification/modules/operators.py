"""Python's operators and functions on one object, as the judged process computes them for a judge.

`runner.py` has those that a milestone needs; these are the others.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

MAX_TEXT = 4_000
IN_PLACE = "iadd isub imul itruediv ifloordiv imod ipow imatmul"
MORE: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name) for name in f"eq ne index delitem {IN_PLACE}".split()
} | {
    "repr": lambda value: repr(value)[:MAX_TEXT],
    "str": lambda value: str(value)[:MAX_TEXT],
    "format": lambda value, how: format(value, how)[:MAX_TEXT],
    "dir": dir,
    "vars": vars,
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "isinstance": isinstance,
    "issubclass": issubclass,
    "super": super,
    "array": np.asarray,
    "iter": iter,
    "next": next,
    "reversed": reversed,
    "hash": hash,
    "hasattr": hasattr,
}

# What Python does for `array * tensor`, where the tensor may have __rmul__.
OF_UFUNC = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "power": operator.pow,
    "matmul": operator.matmul,
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}


def with_array(name: str, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc of NumPy whose inputs are arrays and objects of the framework."""
    out = options.get("out", ())
    if method == "__call__" and name in OF_UFUNC:
        if not options:
            return OF_UFUNC[name](*inputs)
        if len(out) == 1 and out[0] is inputs[0] and len(options) == 1:  # `array -= tensor`
            return getattr(operator, f"i{OF_UFUNC[name].__name__}")(*inputs)
    ufunc: np.ufunc = getattr(np, name)
    return getattr(ufunc, method)(*inputs, **options)
