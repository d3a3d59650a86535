"""The judged process's side of a module's tests: `runner.py`'s `Runner` becomes `Extended`.

Besides a milestone's requests it answers those for imports, classes and Python's operators, and the
framework may call functions of a test: the judge is asked, and until it has answered, it may send
requests itself.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import sys
import threading
import types
import warnings
from collections.abc import Callable
from typing import Any

from verification import pipe
from verification.modules.operators import MORE, with_array
from verification.modules.sharing import Sharing
from verification.modules.values import KNOWN, NAMES

MAX_CALLS = 50  # of the judge's functions, one inside the other
MAX_TEXT = 4_000
MAX_WARNINGS = 20  # in one answer
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))


class Extended:
    """What a runner can do besides, for a module's tests."""

    objects: Any
    read: Callable[[int], bytes]
    write: Callable[[bytes], None]

    def set_up(self) -> None:
        self.values = Sharing(self.refer, self.resolve, first=1)
        self.borrowed: dict[int, Any] = {}
        self.depth, self.warned = 0, list[Any]()
        self.lock = threading.RLock()  # held while no request is answered: then nothing is asked
        self.lock.acquire()
        warnings.simplefilter("always")
        warnings.showwarning = self.note_warning

    def note_warning(self, message: Any, category: Any, *_: Any, **__: Any) -> None:
        name = next(kind.__name__ for kind in category.__mro__ if id(kind) in NAMES)
        self.warned.append([name, str(message)[:MAX_TEXT]])

    # --------------------------------------------------------------------------------- messages

    def refer(self, value: Any) -> list[Any]:
        number = getattr(value, "__dict__", {}).get("_number_in_the_judge")
        if type(number) is int and self.borrowed.get(number) is value:
            return ["c", number]
        return list(self.objects.refer(value))

    def resolve(self, node: list[Any]) -> Any:
        if node[0] == "c":
            return self.borrow(node[1], node[2], tuple(node[3]))
        return self.objects.resolve(node)

    def answer(self, *request: Any) -> Any:
        """While the framework works on a request, its threads may use the judge's objects."""
        runner: Any = super()
        if self.depth:  # in a use of one: the others wait
            return runner.answer(*request)
        self.lock.release()
        try:
            return runner.answer(*request)
        finally:
            self.lock.acquire()

    def listed(self, value: Any) -> Any:
        """Iterators stay here: a test may ask how far one has read."""
        return list(value) if type(value) in VIEWS else value

    def pack(self, value: Any, blobs: list[bytes]) -> Any:
        with self.lock:
            return self.values.pack(value, blobs)

    def unpack(self, node: Any, arrays: list[Any]) -> Any:
        with self.lock:
            self.arrays = arrays
            return self.values.unpack(node, arrays)

    def news(self, blobs: list[bytes]) -> list[Any]:
        """New classes, what has changed in shared objects, and warnings."""
        with self.lock:
            changes = self.values.changes(blobs)
        described, self.objects.described = self.objects.described, []
        warned, self.warned = self.warned[:MAX_WARNINGS], []
        return [described, changes, warned]

    def describe(self, error: BaseException) -> dict[str, Any]:
        """What `Runner` says of an error, and which built-in errors it is, and which blank task."""
        runner: Any = super()
        said: dict[str, Any] = runner.describe(error)
        try:
            number = error.__dict__.get("_number_in_the_judge", 0)
            said |= {"bases": bases_of(error), "blank": blank_of(error), "number": number}
            if isinstance(error, SyntaxError):
                said["text"] = str(error.msg)[:MAX_TEXT]
        except BaseException:
            said |= {"bases": [], "blank": "", "number": 0}
        return said

    # ---------------------------------------------------------------------- the judge's objects

    def borrow(self, number: int, name: str, uses: tuple[str, ...]) -> Any:
        """What stands here for an object of the judge; a function is one here, for classes."""
        if number not in self.borrowed:
            found: Any = functools.partial(self.use, number)
            found = function_for(found, name) if uses == ("call",) else kind_for(name, uses)(found)
            found.__dict__["_number_in_the_judge"] = number
            self.borrowed[number] = found
        return self.borrowed[number]

    def use(self, number: int, how: str, arguments: Any, options: Any) -> Any:
        """Ask the judge; until it has answered, it may send requests."""
        if self.depth >= MAX_CALLS:
            raise RecursionError(f"more than {MAX_CALLS} calls of a test's functions in each other")
        with self.lock:
            self.depth += 1
            try:
                blobs: list[bytes] = []
                node = self.pack((how, arguments, options), blobs)
                self.write(pipe.frame([number, "call", node, self.news(blobs)], blobs))
                return self.answer_of_the_judge()
            finally:
                self.depth -= 1

    def answer_of_the_judge(self) -> Any:
        runner: Any = self
        while True:
            (number, drops, requests), arrays = pipe.read_frame(self.read)
            verb, packed = requests[-1]
            if verb not in ("returned", "threw"):
                self.write(runner.answer(number, requests, drops, arrays))
                continue
            for earlier, given in requests[:-1]:
                getattr(self, f"do_{earlier}")(*self.unpack(given, arrays))
            found = self.unpack(packed, arrays)
            self.objects.drop(drops)
            if verb == "threw":
                raise thrown(*found)
            return found[0]

    # ------------------------------------------------------------------------------ the requests

    def do_share(self, on: bool) -> None:
        """A new test begins: nothing is shared any more, and `on` says whether anything will be."""
        self.values.forget()
        self.values.on = on

    def do_changes(self, text: str) -> None:
        self.values.apply(json.loads(text), self.arrays)

    def do_module(self, name: str) -> Any:
        runner: Any = self
        return runner.imported(name)

    def do_fresh(self, name: str) -> Any:
        """The module's file run a second time; the first stays the imported one."""
        imported = importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(name, str(imported.__file__))
        assert spec is not None
        assert spec.loader is not None
        fresh = sys.modules[name] = importlib.util.module_from_spec(spec)
        runner: Any = self
        try:
            with runner.settings_kept():
                spec.loader.exec_module(fresh)
        finally:
            sys.modules[name] = imported
        return fresh

    def do_new_class(self, name: str, bases: tuple[Any, ...], members: dict[str, Any]) -> Any:
        return types.new_class(name, bases, exec_body=lambda namespace: namespace.update(members))

    def do_many(self, function: Any, arguments: list[tuple[Any, ...]]) -> list[Any]:
        return [function(*each) for each in arguments]

    def do_function(self, name: str, *operands: Any) -> Any:
        return MORE[name](*operands)

    def do_ufunc(self, *given: Any) -> Any:
        return with_array(*given)

    def do_delete(self, value: Any, name: str) -> None:
        delattr(value, name)


# ---------------------------------------------------------------------------- the judge's objects


def function_for(use: Callable[..., Any], name: str) -> Any:
    def function(*arguments: Any, **options: Any) -> Any:
        return use("call", arguments, options)

    function.__name__ = name
    return function


@functools.lru_cache(256)
def kind_for(name: str, uses: tuple[str, ...]) -> Callable[[Any], Any]:
    """A class of objects that ask the judge for everything that they are used for."""
    members: dict[str, Any] = {
        f"__{use}__": asking(use) for use in uses if use not in ("get", "set")
    }
    if "get" in uses:
        members["__getattr__"] = asking("get")
    if "set" in uses:
        members["__setattr__"] = asking("set")
    return type(name, (Borrowed,), members)


class Borrowed:
    """An object of the judge."""

    def __init__(self, use: Callable[..., Any]) -> None:
        self.__dict__["_use"] = use


def asking(how: str) -> Any:
    def ask(self: Borrowed, *arguments: Any, **options: Any) -> Any:
        return self.__dict__["_use"](how, arguments, options)

    return ask


# ----------------------------------------------------------------------------------------- errors


def thrown(number: int, kind: str, text: str) -> BaseException:
    """The exception for one in the judge, which finds its own again by the number."""
    of = KNOWN.get(f"builtins.{kind}")
    error = of(text) if isinstance(of, type) and issubclass(of, Exception) else RuntimeError(text)
    error.__dict__["_number_in_the_judge"] = number
    return error


def bases_of(error: BaseException) -> list[str]:
    """The names of the built-in exceptions that it is."""
    return [k.__name__ for k in type(error).__mro__ if id(k) in NAMES and k is not object]


def blank_of(error: BaseException | None) -> str:
    """The message of the stub that caused this error, even if it was wrapped in another one."""
    for _ in range(20):
        if error is None:
            break
        if isinstance(error, NotImplementedError) and str(error).startswith("Task "):
            return str(error)[:MAX_TEXT]
        error = error.__cause__ or error.__context__
    return ""
