"""The judged process: it holds the student's framework, answers requests, and judges nothing.

`process.py` starts it as a program, isolated from PYTHONPATH and from the folder it stands in. It
knows no test, no data beyond a request, no expected value and no report. The framework may change
anything in here: each answer is checked by the judge. Only the standard library and NumPy are used.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import operator
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verification import pipe

PACKAGE = "tinytorch"
MEMORY = 4_000_000_000  # bytes of addresses: the transformer with the reference needs 0.3 billion
MAX_ITEMS = 10_000  # of an iterator, which may have no end
MAX_TEXT = 4_000
CLOSED = 71  # exit code: the framework closed what the answers go through

OPERATORS: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name)
    for name in (
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


def load(path: str) -> ModuleType:
    """A file of the course, by its place: its folder is on no path."""
    spec = importlib.util.spec_from_file_location(f"_course_{Path(path).stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if not TYPE_CHECKING:
    pipe = load(str(Path(__file__).with_name("pipe.py")))


class OnlyTheFramework:
    """Finds `tinytorch` in the workspace, and nothing else there: random.py hides nothing."""

    def __init__(self, workspace: str) -> None:
        self.workspace = workspace

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != PACKAGE:
            return None
        found = PathFinder.find_spec(name, [self.workspace])
        if found is None:  # not one from elsewhere on the path
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return found


def bounded(values: Any) -> list[Any]:
    """What an iterator gives. Plain loops: a framework may have replaced anything else."""
    found: list[Any] = []
    for value in values:
        if len(found) >= MAX_ITEMS:
            raise ValueError(f"an iterator gave more than {MAX_ITEMS:,} values: does it end?")
        found.append(value)
    return found


ITERABLE = (set, frozenset, range, type({}.keys()), type({}.values()), type({}.items()))


class Objects:
    """What has not travelled: numbered, until the judge drops it."""

    def __init__(self) -> None:
        self._held: dict[int, Any] = {}
        self._handles: dict[int, int] = {}  # by id, which is unique as long as it is held
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
    """Names that can be called on any object of a class, so that a call is one request."""
    if issubclass(kind, (ModuleType, type)):
        return []
    names = [name for name in dir(kind) if not name.startswith("__")]
    return [name for name in names if callable(getattr(kind, name, None))][:1000]


class Runner:
    """One request at a time, until the pipe ends."""

    def __init__(self, incoming: int, outgoing: int, workspace: str) -> None:
        self.incoming, self.outgoing = open(incoming, "rb"), outgoing  # noqa: SIM115
        self.package = Path(workspace, PACKAGE)
        self.objects = Objects()
        self.files: dict[str, ModuleType] = {}
        self.process = os.getpid()

    def serve(self) -> None:
        while True:
            (number, drops, requests), arrays = pipe.read_frame(self.read)
            answer = self.answer(number, requests, drops, arrays)
            if os.getpid() != self.process:  # a fork of the framework's, come back out of a call
                os._exit(0)
            self.write(answer)

    def answer(self, number: int, requests: Any, drops: list[int], arrays: list[Any]) -> bytes:
        """The answer to the last request. Those before it are assignments, which have none."""
        value, left = None, len(requests)
        try:
            for verb, packed in requests:
                left -= 1
                arguments = pipe.unpack(packed, arrays, self.objects.resolve)
                value = getattr(self, f"do_{verb}")(*arguments)
            if type(value) in ITERABLE or hasattr(type(value), "__next__"):
                value = bounded(value)
            self.objects.drop(drops)
            blobs: list[bytes] = []
            node = pipe.pack(value, blobs, self.objects.refer)
            described, self.objects.described = self.objects.described, []
            return pipe.frame([number, "is", node, described], blobs)
        except BaseException as error:  # SystemExit too: it is the framework's, not ours
            self.objects.drop(drops)
            said = described_error(error, self.package) | {"late": left > 0}
            return pipe.frame([number, "raised", said, []], [])

    def read(self, size: int) -> bytes:
        data = self.incoming.read(size)
        if len(data) < size:
            os._exit(0)  # the judge has gone, or has what it needs
        return data

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.outgoing, view) :]

    # ----------------------------------------------------------------------- what can be asked for

    def do_start(self) -> int:
        return os.getpid()

    def do_framework(self) -> Any:
        return importlib.import_module(PACKAGE)

    def do_there(self, path: str, name: str) -> Any:
        if path not in self.files:
            self.files[path] = load(path)
        return getattr(self.files[path], name)

    def do_get(self, value: Any, name: str) -> Any:
        return getattr(value, name)

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


# --------------------------------------------------------------------------------------- errors


def described_error(error: BaseException, package: Path) -> dict[str, Any]:
    """What the judge is told of an exception. Its text may be anything, and may itself raise."""
    try:
        text = str(error)[:MAX_TEXT]
        frames = [place(package, entry) for entry in traceback.extract_tb(error.__traceback__)]
        if isinstance(error, SyntaxError) and error.filename:
            at = traceback.FrameSummary(error.filename, error.lineno, "<module>", lookup_line=False)
            frames.append(place(package, at, (error.text or "").strip()))
    except BaseException:
        text, frames = "(its text cannot be shown)", []
    return {
        "kind": str(type(error).__name__)[:100],
        "text": text,
        "places": [found for found in frames if found][-20:],
        "is_error": isinstance(error, Exception),
    }


def place(package: Path, frame: traceback.FrameSummary, line: str | None = None) -> list[Any]:
    """[file, line, function, source] of a frame inside the package."""
    if not Path(frame.filename).is_relative_to(package):
        return []
    shown = Path(PACKAGE, Path(frame.filename).relative_to(package)).as_posix()
    return [shown, frame.lineno or 0, frame.name, (frame.line if line is None else line) or ""]


# ---------------------------------------------------------------------------------------- start


def move_the_pipe_away() -> tuple[int, int]:
    """The pipe is on 0 and 1, where it can be inherited everywhere. Then these are anybody's."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(incoming, os.O_BINARY)
        msvcrt.setmode(outgoing, os.O_BINARY)
    else:  # what the framework forks has no share in it: the judge sees its end
        os.register_at_fork(after_in_child=lambda: (os.close(incoming), os.close(outgoing)))
    return incoming, outgoing


def limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
            try:
                resource.setrlimit(limit, (value, value))
            except (OSError, ValueError):  # not every system lets it be set
                continue


def end_with_the_judge() -> None:
    """Also in the middle of a call, when the pipe is not read."""
    judge = os.getppid()
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != judge:
            os._exit(0)
    elif sys.platform != "win32":

        def watch() -> None:
            while os.getppid() == judge:
                time.sleep(1)
            os._exit(0)

        threading.Thread(target=watch, daemon=True).start()


def main(workspace: str, stack: str, *more_packages: str) -> None:
    incoming, outgoing = move_the_pipe_away()
    limit_memory()
    end_with_the_judge()
    if sys.platform != "win32":  # asked for when a call takes too long
        faulthandler.register(signal.SIGUSR1, open(stack, "w"), all_threads=False)  # noqa: SIM115
    sys.path.extend(more_packages)
    sys.meta_path.insert(0, OnlyTheFramework(workspace))
    try:
        Runner(incoming, outgoing, workspace).serve()
    except OSError:
        os._exit(CLOSED)


if __name__ == "__main__":
    main(*sys.argv[1:])
