"""Lists, dicts and arrays that both processes have: a change on one side is made on the other.

In a test with the mark `shared`, these are not copied: they are numbered, and each message begins
with what has changed since the last one. So what is a view here is a view there, and `is` holds.
The judge gives even numbers and the judged process odd ones. Outside such tests everything is
copied, and the framework cannot change what a test holds.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Any

import numpy as np

from verification import pipe
from verification.modules.values import Values

KINDS: dict[type, str] = {list: "list", dict: "dict", OrderedDict: "odict", np.ndarray: "array"}
EMPTY: dict[str, Any] = {"list": list, "dict": dict, "odict": OrderedDict}
MAX_OBJECTS = 20_000


def owner_of(array: np.ndarray) -> np.ndarray:
    """The array whose memory this one uses."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def bytes_of(owner: np.ndarray) -> np.ndarray:
    """All bytes of an array in one dimension, without a copy if it has no gaps."""
    axes = sorted(range(owner.ndim), key=lambda axis: -owner.strides[axis])
    flat: np.ndarray = owner.transpose(axes).reshape(-1).view(np.uint8)
    return flat


class Sharing(Values):
    """Values, some of which are shared while `on` is true."""

    def __init__(self, refer: pipe.Refer, resolve: pipe.Resolve, first: int) -> None:
        super().__init__(refer, resolve)
        self.on, self._next = False, first
        self.forget()

    def forget(self) -> None:
        """From now on, what was shared is not."""
        self._objects: dict[int, tuple[str, Any]] = {}
        self._numbers: dict[tuple[str, int], int] = {}  # by kind and id
        self._known: dict[int, Any] = {}  # the states that both sides know
        self._packed: set[int] = set()  # named in the message that is being written

    def shared(self, value: Any) -> Any:
        kind = KINDS.get(type(value)) if self.on else None
        if kind is None or (kind == "array" and not pipe.can_travel(value)):
            return None
        number = self._number(kind, value)
        self._packed.add(number)
        return ["v", number]

    def _number(self, kind: str, value: Any) -> int:
        key = (kind, id(value))
        if key not in self._numbers:
            self._add(self._next, kind, value)
            self._next += 2
        return self._numbers[key]

    def _add(self, number: int, kind: str, value: Any) -> None:
        if len(self._objects) >= MAX_OBJECTS:
            raise pipe.Malformed("too many lists, dicts and arrays")
        self._objects[number] = (kind, value)
        self._numbers[kind, id(value)] = number

    def unpack_kind(self, node: list[Any], arrays: list[np.ndarray]) -> Any:
        if node[0] == "v":
            kind, value = self._objects[node[1]]
            if kind == "buffer":
                raise pipe.Malformed("the memory of an array, in place of the array")
            return value
        return super().unpack_kind(node, arrays)

    # ---------------------------------------------------------------------------------- changes

    def changes(self, blobs: list[bytes]) -> list[Any]:
        """[number, kind, state] of each object that has changed, is new, or is used no more."""
        unused, self._packed = self._unused(), set()
        found: list[Any] = []
        done = 0
        while done < len(self._objects):  # packing a list may add what is in it
            for number in list(self._objects)[done:]:
                done += 1
                kind, value = self._objects[number]
                if kind == "array" and number in self._known:
                    continue
                state = self._state(kind, value)
                if self._known.get(number) != text(state):
                    self._known[number] = text(state)
                    found.append([number, kind, self._sent(state, blobs)])
        for number in unused - self._packed:
            self._drop(number)
            found.append([number, "drop", None])
        self._packed = set()
        return found

    def _unused(self) -> set[int]:
        """What only this table refers to (the pair, `value` and an argument), and no message."""
        return {
            number
            for number, (_, value) in self._objects.items()
            if sys.getrefcount(value) <= 3 and number in self._known and number not in self._packed
        }

    def _drop(self, number: Any) -> None:
        """The object has no number any more; it gets a new one if it is sent again."""
        kind, value = self._objects.pop(number, ("", None))
        self._numbers.pop((kind, id(value)), None)
        self._known.pop(number, None)

    def _state(self, kind: str, value: Any) -> Any:
        if kind == "buffer":
            return bytes_of(value).tobytes()
        if kind == "array":
            return self._layout(value)
        blobs: list[bytes] = []  # stays empty: arrays are shared, single numbers are not
        if kind == "list":
            return [self._item(each, blobs) for each in value]
        return [[self._item(x, blobs) for x in pair] for pair in value.items()]

    def _item(self, value: Any, blobs: list[bytes]) -> Any:
        """A member of a list or a dict; a NumPy number has a blob, which is part of the state."""
        node = self.pack(value, blobs)
        return ["q", node, [blob.decode("latin-1") for blob in pop_all(blobs)]] if blobs else node

    def _sent(self, state: Any, blobs: list[bytes]) -> Any:
        if not isinstance(state, bytes):
            return state
        blobs.append(pipe.npy(np.frombuffer(state, np.uint8)))
        return len(blobs) - 1

    def _layout(self, array: np.ndarray) -> list[Any]:
        """Where in its owner's memory an array lies."""
        owner = owner_of(array)
        offset = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        shape, strides = list(array.shape), list(array.strides)
        writeable = bool(array.flags.writeable)
        number = self._number("buffer", owner)
        return [number, offset, shape, strides, array.dtype.str, writeable]

    def apply(self, changes: list[Any], arrays: list[np.ndarray]) -> None:
        """Make the other side's changes here."""
        try:
            drops = [number for number, kind, _ in changes if kind == "drop"]
            changes = [change for change in changes if change[1] != "drop"]
            for number, kind, state in changes:
                self._make(number, kind, state, arrays)
            for number, kind, state in changes:
                if kind == "array" and number not in self._objects:
                    self._add(number, kind, self._view(*state))
            for number, kind, state in changes:
                self._fill(number, kind, state, arrays)
            for number, kind, _ in changes:
                self._known[number] = text(self._state(kind, self._objects[number][1]))
            for number in drops:
                self._drop(number)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise pipe.Malformed("an invalid change") from error

    def _make(self, number: int, kind: str, state: Any, arrays: list[np.ndarray]) -> None:
        if type(number) is not int or self._objects.get(number, (kind,))[0] != kind:
            raise ValueError("another kind of object")
        if number not in self._objects and number % 2 == self._next % 2:
            raise ValueError("a number that this side gives")
        if number not in self._objects and kind != "array":
            self._add(number, kind, arrays[state] if kind == "buffer" else EMPTY[kind]())

    def _view(
        self, owner: int, offset: int, shape: Any, strides: Any, dtype: str, writeable: bool
    ) -> np.ndarray:
        kind, memory = self._objects[owner]
        if kind != "buffer" or dtype not in pipe.DTYPES:
            raise ValueError("an array without memory")
        flat = bytes_of(memory)
        view: np.ndarray = np.ndarray(shape, dtype, flat, offset, strides)
        view.flags.writeable = bool(writeable)
        return view

    def _fill(self, number: int, kind: str, state: Any, arrays: list[np.ndarray]) -> None:
        value = self._objects[number][1]
        if kind == "buffer":
            flat = bytes_of(value)
            if flat.flags.writeable:
                flat[...] = arrays[state]
        elif kind == "list":
            value[:] = [self._read(each) for each in state]
        elif kind != "array":
            value.clear()
            value.update((self._read(key), self._read(new)) for key, new in state)

    def _read(self, node: Any) -> Any:
        if type(node) is list and node[:1] == ["q"]:
            given = [pipe.array_from(blob.encode("latin-1")) for blob in node[2]]
            return self.unpack(node[1], given)
        return self.unpack(node, [])


def pop_all(blobs: list[bytes]) -> list[bytes]:
    found, blobs[:] = list(blobs), []
    return found


def text(state: Any) -> Any:
    """The state in a form that can be compared: NaN is the same as NaN, and 1 is not True."""
    return state if isinstance(state, bytes) else pipe.ENCODE(state)
