"""Stand-ins in the judge of a module's tests, for objects and classes of the framework.

They have more of Python's operators than those of a milestone. Classes that a test derives from the
framework's are made in the other process; their methods stay here and are called over the pipe.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from verification.standins import BINARY, Method, StandIn, asking
from verification.wording import visible

HIDDEN = ("__array", "__class__", "__dict__", "__file__", "__mro_entries__", "__wrapped__")
NOT_OBJECTS = {str, bytes, tuple, list, dict, set, frozenset, type(None)}
PYTESTS_OWN = ("__test__", "__bases__", "_pytestfixturefunction", "pytestmark", "__code__")


def function_of(name: str) -> Any:
    """A special method that asks for one of `operators.MORE`."""

    def ask(self: Any, *others: Any) -> Any:
        return self._process.ask("function", name, self, *others)

    return ask


class Object(StandIn):
    """A stand-in for any object of the framework, with more of Python's operators."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith(HIDDEN) or name in PYTESTS_OWN:
            raise AttributeError(f"a stand-in has no {name}")
        if name in self._methods:
            return Method(self, name)
        return self._process.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._process.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._process.ask("delete", self, name)

    def __array_ufunc__(  # type: ignore[override]  # a milestone's has None
        self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any
    ) -> Any:
        """`array * tensor`, `array -= tensor` and the like."""
        return self._process.ask("ufunc", ufunc.__name__, method, inputs, options)

    def __array__(self, dtype: Any = None, copy: object = None) -> np.ndarray:
        """What NumPy makes of the object over there, if these are numbers."""
        found = self._process.ask("function", "array", self)
        array = found if isinstance(found, np.ndarray) else super().__array__()
        return array if dtype is None else array.astype(dtype)

    def __eq__(self, other: object) -> Any:
        """A tensor of comparisons; a bool that the framework gives does not count.

        No object is a text, or a list or tuple: whatever it says of that counts neither.
        """
        if type(other) in NOT_OBJECTS:
            return False
        found = self._process.ask("function", "eq", self, other)
        return found if isinstance(found, StandIn) else self is other

    def __ne__(self, other: object) -> Any:
        if type(other) in NOT_OBJECTS:
            return True
        found = self._process.ask("function", "ne", self, other)
        return found if isinstance(found, StandIn) else self is not other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return visible(str(self._process.ask("function", "repr", self)))

    def __str__(self) -> str:
        return visible(str(self._process.ask("function", "str", self)))

    def __format__(self, how: str) -> str:
        return visible(str(self._process.ask("function", "format", self, how)))

    def __dir__(self) -> list[str]:
        return list(self._process.ask("function", "dir", self))

    def __iter__(self) -> Any:
        return self._process.ask("function", "iter", self)

    def __next__(self) -> Any:
        return self._process.ask("function", "next", self)

    def __deepcopy__(self, _: Any) -> Any:
        return self._process.ask("function", "deepcopy", self)


for _name in (*(f"i{name}" for name in BINARY), "delitem", "index", "copy", "reversed"):
    setattr(Object, f"__{_name}__", function_of(_name))
for _name, _asked in (("and", "and_"), ("or", "or_"), ("xor", "xor"), ("invert", "invert")):
    setattr(Object, f"__{_name}__", asking(_asked))
for _name, _asked in (("and", "and_"), ("or", "or_"), ("xor", "xor")):
    setattr(Object, f"__r{_name}__", asking(_asked, turned=True))


class Class(Object):
    """A stand-in for a class: it can be asked for its objects, and classes can inherit from it."""

    __slots__ = ()

    def __new__(kind, *derived: Any) -> Any:
        """With a name, bases and members, as a class statement calls it: a class over there."""
        if not derived:
            return super().__new__(kind)
        name, bases, members = derived
        process = next(base._process for base in bases if isinstance(base, Class))
        cell = members.pop("__classcell__", None)
        made = process.ask("new_class", name, bases, own_members(members))
        if cell is not None:
            cell.cell_contents = made
        return made

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """So that a test's `isinstance(function, type)` tells a class from a function."""
        return type

    def __init__(self, *_: Any) -> None:
        """The class statement calls this too; everything is done."""

    def __instancecheck__(self, value: object) -> bool:
        process: Any = self._process  # that of a module's tests
        return isinstance(value, StandIn) and bool(process.has_kind(value, self))

    def __subclasscheck__(self, value: object) -> bool:
        return isinstance(value, StandIn) and bool(
            self._process.ask("function", "issubclass", value, self)
        )


def own_members(members: dict[str, Any]) -> dict[str, Any]:
    """What a class statement has set, without what Python adds for its own use."""
    added = {"module", "qualname", "doc", "annotations", "annotate_func"}
    added |= {"firstlineno", "static_attributes"}
    return {name: value for name, value in members.items() if name.strip("_") not in added}


# ------------------------------------------------------------------ functions that look inside


def with_stand_ins(namespace: dict[str, Any]) -> None:
    """Let `super()`, `vars()` and `map()` in a test file look into the other process."""
    namespace.update({"super": super_of, "vars": vars_of, "map": map_of})


def vars_of(value: Any) -> Any:
    return (
        value._process.ask("function", "vars", value) if isinstance(value, StandIn) else vars(value)
    )


def map_of(function: Any, *values: Any) -> Any:
    """All calls of a function of the framework in one request."""
    if issubclass(type(function), (StandIn, Method)):
        process = (function._of if type(function) is Method else function)._process
        return iter(process.ask("many", function, list(zip(*values, strict=False))))
    return map(function, *values)


def super_of(*given: Any) -> Any:
    if not given:
        frame = sys._getframe(1)
        first = frame.f_code.co_varnames[0]
        given = (frame.f_locals["__class__"], frame.f_locals[first])
    kind, value = given
    if isinstance(kind, StandIn):
        return Parent(kind._process.ask("function", "super", kind, value))
    return super(*given)


class Parent:
    """What `super()` gives; a stand-in has an `__init__` of its own, which must not be found."""

    def __init__(self, there: Any) -> None:
        self.there = there

    def __getattribute__(self, name: str) -> Any:
        there = object.__getattribute__(self, "there")
        return there._process.ask("get", there, name)
