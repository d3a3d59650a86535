"""How the judged process answers requests, one at a time, with the contract's names.

It knows no tests, no expected values and no report. The framework may change anything in this
process, so the judge checks each answer. `judged.py` starts it.
"""

from __future__ import annotations

import importlib.util
import operator
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from verification import described, pipe

PACKAGE = "tinytorch"
MAX_ITEMS = 10_000  # of an iterator, which may be endless

OPERATORS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name)
    for name in (  # noqa: SIM905 (a list would fill the page)
        "add sub mul truediv floordiv mod matmul pow neg pos abs getitem setitem contains "
        "lt le gt ge and_ or_ xor invert"
    ).split()
} | {
    "len": len,
    "bool": bool,
    "float": float,
    "int": int,
    "list": lambda value: bounded(iter(value)),
    "enter": lambda manager: manager.__enter__(),
    "exit": lambda manager: manager.__exit__(None, None, None),
}


def bounded(values: Any) -> list[Any]:
    """The values of an iterator. A plain loop: the framework may have replaced anything else."""
    found: list[Any] = []
    for value in values:
        if len(found) >= MAX_ITEMS:
            raise ValueError(f"an iterator gave more than {MAX_ITEMS:,} values: does it end?")
        found.append(value)
    return found


ITERABLE: tuple[type, ...] = (
    set,
    frozenset,
    range,
    type({}.keys()),
    type({}.values()),
    type({}.items()),
)


class Objects:
    """Objects that stay here, numbered until the judge drops them."""

    def __init__(self) -> None:
        self._held: dict[int, Any] = {}
        self._handles: dict[int, int] = {}  # by id, which is unique while the object is referenced
        self._classes: dict[int, tuple[int, type]] = {}
        self._next = 0
        self.described: list[Any] = []  # classes that the judge does not know yet

    def refer(self, value: Any) -> list[Any]:
        handle = self._handles.get(id(value))
        if handle is None:
            self._next += 1
            handle = self._handles[id(value)] = self._next
            self._held[handle] = value
        return ["h", handle, self._class_of(type(value))]

    def _class_of(self, kind: type) -> int:
        if id(kind) not in self._classes:
            self._classes[id(kind)] = (len(self._classes), kind)
            self.described.append([len(self._classes) - 1, kind.__name__, methods_of(kind)])
        return self._classes[id(kind)][0]

    def resolve(self, node: list[Any]) -> Any:
        value = self._held[node[1]]
        return getattr(value, node[2]) if node[0] == "m" else value

    def drop(self, handles: list[int]) -> None:
        for handle in handles:
            value = self._held.pop(handle, None)
            self._handles.pop(id(value), None)


def methods_of(kind: type) -> list[str]:
    """The callable names of a class, so that calling one is a single request."""
    if issubclass(kind, (ModuleType, type)):
        return []
    names = [name for name in dir(kind) if not name.startswith("__")]
    return [name for name in names if callable(getattr(kind, name, None))][:1000]


class Runner:
    """Answer one request at a time, until the pipe closes."""

    def __init__(
        self,
        ends: tuple[int, int],
        workspace: Path,
        load: Callable[[str], ModuleType],
        isolation: dict[str, Any],
        make_room: Callable[[], None],
    ) -> None:
        global pipe, described
        pipe, described = (
            load(str(Path(__file__).with_name(f"{name}.py"))) for name in ("pipe", "described")
        )
        self.incoming, self.outgoing = os.fdopen(ends[0], "rb"), ends[1]
        self.package = workspace / PACKAGE
        self.objects = Objects()
        self.load, self.files = load, dict[str, ModuleType]()
        self.process, self.isolation = os.getpid(), isolation
        self.make_room = make_room  # before an error of memory is described

    def serve(self) -> None:
        while True:
            (number, drops, requests), arrays = pipe.read_frame(self.read)
            answer = self.answer(number, requests, drops, arrays)
            if os.getpid() != self.process:  # a process forked by the framework
                os._exit(0)
            self.write(answer)

    def answer(self, number: int, requests: Any, drops: list[int], arrays: list[Any]) -> bytes:
        """Answer the last request. Those before it are assignments, which have no answer."""
        value, left = None, len(requests)
        try:
            for verb, packed in requests:
                left -= 1
                arguments = self.unpack(packed, arrays)
                value = getattr(self, f"do_{verb}")(*arguments)
            value = self.listed(value)
            self.objects.drop(drops)
            blobs: list[bytes] = []
            node = self.pack(value, blobs)
            news = self.news(blobs)
            return pipe.frame([number, "is", node, news], blobs)
        except BaseException as error:  # SystemExit too: the framework raised it, not we
            if isinstance(error, MemoryError):
                self.make_room()
            self.objects.drop(drops)
            blobs = []
            said = self.describe(error) | {"late": left > 0}
            news = self.news(blobs)
            return pipe.frame([number, "raised", said, news], blobs)

    def listed(self, value: Any) -> Any:
        """A list of what an iterator gives; other values as they are."""
        is_iterator = type(value) in ITERABLE or hasattr(type(value), "__next__")
        return bounded(value) if is_iterator else value

    def news(self, blobs: list[bytes]) -> list[Any]:
        """What the judge has to know besides the answer: new classes."""
        classes, self.objects.described = self.objects.described, []
        return classes

    def pack(self, value: Any, blobs: list[bytes]) -> Any:
        return pipe.pack(value, blobs, self.objects.refer)

    def unpack(self, node: Any, arrays: list[Any]) -> Any:
        return pipe.unpack(node, arrays, self.objects.resolve)

    def describe(self, error: BaseException) -> dict[str, Any]:
        return described.error(error, self.package)

    def read(self, size: int) -> bytes:
        data = self.incoming.read(size)
        if len(data) < size:
            os._exit(0)  # the judge has ended, or has what it needs
        return data

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.outgoing, view) :]

    # ----------------------------------------------------------------------- the requests

    def do_start(self) -> dict[str, Any]:
        """The isolation that holds. No code of the framework has run yet."""
        return self.isolation

    def do_framework(self) -> Any:
        return self.imported(PACKAGE)

    def do_extend(self, name: str) -> None:
        """From now on answer as `Extended` in this file of `verification` does."""
        here = Path(__file__).parent
        for package, folder in (("verification", here), ("verification.modules", here / "modules")):
            sys.modules[package] = ModuleType(package)
            sys.modules[package].__path__ = [str(folder)]
        sys.modules["verification.pipe"] = pipe
        kind: Any = type("Extended", (importlib.import_module(name).Extended, type(self)), {})
        self.__class__ = kind
        kind.set_up(self)

    def imported(self, name: str) -> Any:
        with self.settings_kept():
            return importlib.import_module(name)

    @contextmanager
    def settings_kept(self) -> Iterator[None]:
        """Undo `np.seterr` and filters of warnings that a lesson sets, which hold for all code."""
        with warnings.catch_warnings(), np.errstate():
            yield

    def do_there(self, path: str, name: str) -> Any:
        if path not in self.files:
            self.files[path] = self.load(path)
        return getattr(self.files[path], name)

    def do_get(self, value: Any, name: str) -> Any:
        return getattr(value, name)

    def do_path(self, value: Any, *names: str) -> Any:
        for name in names:
            value = None if value is None else getattr(value, name)
        return value

    def do_set(self, value: Any, name: str, new: Any) -> None:
        setattr(value, name, new)

    def do_call(self, function: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return function(*arguments, **options)

    def do_method(
        self, value: Any, name: str, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        return getattr(value, name)(*arguments, **options)

    def do_operator(self, name: str, *operands: Any) -> Any:
        return OPERATORS[name](*operands)
