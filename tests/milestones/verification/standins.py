"""Stand-ins in the judge for the framework's objects: each use of one is a request.

`layer(x)`, `p.data`, `p.grad = None`, `1 - x`, `with tt.no_grad():` look as usual, and each is one
request. Arrays, numbers, strings and containers are sent as values: `.data` is a new copy each
time, and a change counts only if it is assigned. `type(layer).__name__` is the real class name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from verification.launch import Launched
from verification.pipe import Malformed
from verification.process import REQUEST_SECONDS, Judged
from verification.raised import RaisedAttribute
from verification.wording import visible


class StandIn:
    """A stand-in for one object of the framework, by its number."""

    __slots__ = ("__weakref__", "_handle", "_known", "_process")
    __array_ufunc__ = None  # so that NumPy's numbers leave `2 * x` to __rmul__

    _methods: frozenset[str] = frozenset()
    _process: Framework
    _handle: int
    _known: dict[str, Any]  # of a module: its functions and classes, requested once

    def __getattr__(self, name: str) -> Any:
        if name in self._methods:
            return Method(self, name)
        if name.startswith("__") and name.endswith("__"):
            raise RaisedAttribute("AttributeError", f"a stand-in has no {name}")
        if name in self._known:
            return self._known[name]
        value = self._process.ask("get", self, name)
        if type(self).__name__ == "module" and type(value).__name__ in LASTING:
            self._known[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        self._process.tell("set", self, name, value)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._process.ask("call", self, arguments, options)

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        """Keep NumPy from looking inside: an array of one object, which is not a number."""
        array = np.empty((), object)
        array[()] = self
        return array

    def __iter__(self) -> Iterator[Any]:
        return iter(self._process.ask("operator", "list", self))

    def __enter__(self) -> Any:
        return self._process.ask("operator", "enter", self)

    def __exit__(self, *error: object) -> None:
        self._process.ask("operator", "exit", self)

    def __del__(self) -> None:
        self._process.drops.add(self._handle)


LASTING = {"module", "function", "type", "builtin_function_or_method"}


class Method:
    """A method that is not called yet: looking it up and calling it are one request."""

    __slots__ = ("_name", "_of")

    def __init__(self, of: StandIn, name: str) -> None:
        self._of, self._name = of, name

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        of = self._of
        return of._process.ask("method", of, self._name, arguments, options)


def asking(name: str, turned: bool = False) -> Callable[..., Any]:
    """The special method of an operator; reversed: `1 - x` instead of `x - 1`."""

    def ask(self: StandIn, *others: Any) -> Any:
        operands = (*others, self) if turned else (self, *others)
        return self._process.ask("operator", name, *operands)

    return ask


BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "matmul", "pow")
OTHERS = ("neg", "pos", "abs", "getitem", "setitem", "contains", "lt", "le", "gt", "ge")
for _name in (*BINARY, *OTHERS, "len", "bool", "float", "int"):
    setattr(StandIn, f"__{_name}__", asking(_name))
for _name in BINARY:
    setattr(StandIn, f"__r{_name}__", asking(_name, turned=True))


class Framework(Judged):
    """The judged process, with stand-ins for the objects that stay in it."""

    def __init__(
        self, workspace: Path, launched: Launched | None = None, limit: float = REQUEST_SECONDS
    ) -> None:
        self._kinds: dict[int, type[StandIn]] = {}
        self._alive: WeakValueDictionary[int, StandIn] = WeakValueDictionary()
        self._functions: dict[tuple[str, str], Any] = {}
        super().__init__(workspace, launched, limit)

    def start(self) -> Any:
        """Import `tinytorch` in the judged process; return its stand-in."""
        return self.ask("framework")

    def there(self, function: Callable[..., Any]) -> Any:
        """Wrap a function of `there.py` or a file like it: it runs in the judged process."""
        path, name = str(sys.modules[function.__module__].__file__), function.__name__
        if (path, name) not in self._functions:
            self._functions[path, name] = self.ask("there", path, name)
        return self._functions[path, name]

    def refer(self, value: Any) -> list[Any]:
        """How a request names an object, or a method of one."""
        if isinstance(value, Method):
            return ["m", value._of._handle, value._name]
        if isinstance(value, StandIn):
            return ["h", value._handle]
        return super().refer(value)

    def learn(self, news: list[Any], arrays: list[np.ndarray]) -> None:
        """Learn classes that an answer describes for the first time."""
        if type(news) is not list:
            raise Malformed("invalid news")
        for entry in news:
            if type(entry) is not list or list(map(type, entry)) != [int, str, list]:
                raise Malformed("an invalid class")
            number, name, methods = entry
            if len(self._kinds) > 10_000:
                raise Malformed("too many classes")
            if any(type(method) is not str for method in methods):
                raise Malformed("a method that has no name")
            members = {"__slots__": (), "_methods": frozenset(methods)}
            self._kinds[number] = type(visible(name)[:100], (self.stand_in(name),), members)

    def stand_in(self, name: str) -> type[StandIn]:
        """The class that the stand-ins for objects of the class `name` inherit from."""
        return StandIn

    def resolve(self, node: list[Any]) -> StandIn:
        if len(node) != 3 or node[0] != "h" or type(node[1]) is not int:
            raise Malformed("a value of unknown kind")
        _, handle, kind = node
        found = self._alive.get(handle)
        if found is None:
            if type(kind) is not int or kind not in self._kinds:
                raise Malformed("an object of a class that was not described")
            found = made(self._kinds[kind], self, handle)
            self._alive[handle] = found
            self.drops.discard(handle)  # it may just have been garbage collected
        return found


def made(kind: type[StandIn], process: Framework, handle: int) -> StandIn:
    """Set an attribute of the stand-in itself, without a request."""
    found = kind()
    for name, value in (("_process", process), ("_handle", handle), ("_known", {})):
        object.__setattr__(found, name, value)
    return found


def fetch(value: Any, *names: str) -> Any:
    """`value.grad.data` as one request; None if one of the attributes is None."""
    if isinstance(value, StandIn):
        return value._process.ask("path", value, *names)
    for name in names:
        value = None if value is None else getattr(value, name)
    return value


def beside(value: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `there.py` or `probing.py`, to run in the process in which `value` is."""
    return value._process.there(function) if isinstance(value, StandIn) else function


def do(function: Callable[..., Any], *arguments: Any) -> None:
    """Call a function without its result; this is sent with the next request."""
    if isinstance(function, StandIn):
        function._process.tell("call", function, arguments, {})
    elif isinstance(function, Method):
        of = function._of
        of._process.tell("method", of, function._name, arguments, {})
    else:
        function(*arguments)


def process_of(tt: Any) -> Framework | None:
    """The process of a stand-in; None for a framework in this process."""
    return tt._process if isinstance(tt, StandIn) else None
