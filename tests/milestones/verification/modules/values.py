"""More kinds of values for the pipe: named tuples, sets, ranges, bytes, complex numbers, types.

Both sides load this file. As in `pipe.py`, nothing is pickled, and the only names that are looked
up are those of the table here.
"""

from __future__ import annotations

import builtins
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from verification import pipe

# Classes and functions that both sides have: sent by name, looked up in this table only.
KNOWN: dict[str, Any] = {
    f"builtins.{name}": value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and not name.startswith("_")
} | {
    f"numpy.{name}": value
    for name, value in vars(np).items()  # not dir(np): it names what NumPy imports when asked for
    if isinstance(value, (type, np.ufunc)) and not name.startswith("_")
}
NAMES = {id(value): name for name, value in KNOWN.items()}

CONTAINERS: dict[type, str] = {list: "l", tuple: "t", set: "f", frozenset: "g"}
MAKE: dict[str, Callable[[list[Any]], Any]] = {"l": list, "t": tuple, "f": set, "g": frozenset}
# A kind of value: its letter, its parts that are plain, and how it is made of these.
SIMPLE: dict[type, tuple[str, Callable[[Any], list[Any]], Callable[..., Any]]] = {
    range: ("r", lambda value: [value.start, value.stop, value.step], range),
    complex: ("z", lambda value: [value.real, value.imag], complex),
    bytes: ("x", lambda value: [value.decode("latin-1")], lambda text: text.encode("latin-1")),
}
PARTS = {letter: made for letter, _, made in SIMPLE.values()}


class Values:
    """How one side writes and reads values; `refer` and `resolve` handle what is not plain."""

    def __init__(self, refer: pipe.Refer, resolve: pipe.Resolve) -> None:
        self.refer, self.resolve = refer, resolve
        self.named: dict[tuple[str, tuple[str, ...]], Any] = {}  # this side's named tuples

    def shared(self, value: Any) -> Any:
        """Instead of a copy, how the value is named on both sides; None: it is copied."""
        return None

    def pack(self, value: Any, blobs: list[bytes], depth: int = 0) -> Any:
        kind = type(value)
        if kind in pipe.PLAIN:
            return value
        if depth > pipe.MAX_DEPTH:
            raise pipe.Malformed(f"a value nested more than {pipe.MAX_DEPTH} deep")
        named = self.shared(value)
        if named is not None:
            return named
        if kind in CONTAINERS:
            return [CONTAINERS[kind], self.pack_all(value, blobs, depth)]
        if kind is dict or kind is OrderedDict:
            return ["d", [self.pack_all(pair, blobs, depth) for pair in value.items()]]
        if isinstance(value, tuple) and type(getattr(kind, "_fields", None)) is tuple:
            names = tuple(str(name) for name in kind._fields)
            self.named.setdefault((kind.__name__, names), kind)
            return ["u", self.pack_all(value, blobs, depth), kind.__name__, list(names)]
        return self.pack_simple(value, blobs)

    def pack_simple(self, value: Any, blobs: list[bytes]) -> Any:
        if type(value) in SIMPLE:
            letter, parts, _ = SIMPLE[type(value)]
            return [letter, parts(value)]
        if isinstance(value, Path):
            return ["p", str(value)]
        if id(value) in NAMES:
            return ["b", NAMES[id(value)]]
        return pipe.pack(value, blobs, self.refer)

    def pack_all(self, values: Any, blobs: list[bytes], depth: int = 0) -> list[Any]:
        return [self.pack(each, blobs, depth + 1) for each in values]

    def unpack(self, node: Any, arrays: list[np.ndarray]) -> Any:
        if type(node) is not list or not node or type(node[0]) is not str:
            return pipe.unpack(node, arrays, self.resolve)
        try:
            return self.unpack_kind(node, arrays)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, pipe.Malformed):
                raise
            raise pipe.Malformed("a value that does not match its kind") from error

    def unpack_kind(self, node: list[Any], arrays: list[np.ndarray]) -> Any:
        kind = node[0]
        if kind in MAKE:
            return MAKE[kind]([self.unpack(each, arrays) for each in node[1]])
        if kind == "d":
            return dict([self.unpack(x, arrays) for x in pair] for pair in node[1])
        if kind == "u":
            values = [self.unpack(each, arrays) for each in node[1]]
            name, fields = str(node[2])[:100], tuple(map(str, node[3]))
            return (self.named.get((name, fields)) or named_tuple(name, fields))(*values)
        if kind in PARTS:
            return PARTS[kind](*node[1])
        if kind == "p":
            return Path(node[1])
        return KNOWN[node[1]] if kind == "b" else pipe.unpack(node, arrays, self.resolve)


@lru_cache(256)
def named_tuple(name: str, fields: tuple[str, ...]) -> Callable[..., Any]:
    """A class of named tuples; ValueError for names that are none."""
    return namedtuple(name, fields)
