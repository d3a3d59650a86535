"""Objects of a test that the framework may use: functions, iterators, a generator, a test's own.

The object stays in the judge. The judged process gets something in its place that asks the judge
for each use. What may be asked depends on the object: a function can be called and nothing else, so
that no path leads from it to the rest of the judge.
"""

from __future__ import annotations

import functools
import io
import operator
from collections.abc import Callable
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

import numpy as np

from verification.pipe import Malformed

WITH_METHODS = (np.random.Generator, io.BytesIO)  # whose methods may be called
FUNCTIONS = (FunctionType, MethodType, functools.partial, staticmethod)
SPECIAL = ("call", "iter", "next", "len", "getitem", "contains", "bool", "enter", "exit")
USES: dict[str, Callable[..., Any]] = {
    "call": lambda value, *arguments, **options: value(*arguments, **options),
    "get": getattr,
    "set": setattr,
    "iter": iter,
    "next": next,
    "len": len,
    "getitem": operator.getitem,
    "contains": operator.contains,
    "bool": bool,
    "enter": lambda value: value.__enter__(),
    "exit": lambda value, *_: value.__exit__(None, None, None),
}


class Lent:
    """The judge's list of what it has lent, by number."""

    def __init__(self) -> None:
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}  # by id: a lent object stays in the list

    def number_of(self, value: Any) -> int:
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
        return self._numbers[id(value)]

    def __getitem__(self, number: Any) -> Any:
        if type(number) is not int or not 0 <= number < len(self._objects):
            raise Malformed("something that the judge has not lent")
        return self._objects[number]

    def use(self, number: Any, how: Any, arguments: Any, options: Any) -> Any:
        """Do what the framework asks for, if it may."""
        value = self[number]
        if how not in (uses_of(value) or ()):
            raise TypeError(f"{type(value).__name__!r} object cannot be used in this way ({how})")
        if how in ("get", "set") and str(arguments[0]).startswith("_"):
            raise AttributeError(f"{type(value).__name__!r} object has no {arguments[0]!r}")
        return USES[how](value, *arguments, **options)


def is_function(value: Any) -> bool:
    """Functions and classes of a test; and methods such as `rng.random` and `file.read`."""
    return isinstance(value, (*FUNCTIONS, type)) or (
        isinstance(value, BuiltinMethodType) and isinstance(value.__self__, WITH_METHODS)
    )


def uses_of(value: Any) -> list[str] | None:
    """How the framework may use an object of the judge; None for what must not be lent."""
    kind = type(value)
    if isinstance(value, type) and is_of_a_test(value):
        return ["call", "get", "set"]
    if is_function(value):
        return ["call"]
    if isinstance(value, WITH_METHODS):
        return ["get"]
    special = [name for name in SPECIAL if hasattr(kind, f"__{name}__")]
    if hasattr(kind, "__next__") and not hasattr(value, "__dict__"):
        return [name for name in special if name in ("iter", "next")]
    if kind is object:
        return []
    return ["get", "set", *special] if is_of_a_test(kind) else None


def is_of_a_test(kind: type) -> bool:
    return kind.__module__.rpartition(".")[2].startswith("test_")
