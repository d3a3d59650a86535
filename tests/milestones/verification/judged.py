"""The judged process: a program of its own that holds the student's framework and judges nothing.

`process.py` starts it, isolated from PYTHONPATH and from the folder it stands in. Here it is made a
place that gives the framework no way to what judges it by accident: a pipe that is not on 0, 1 or
2, a limit of memory, an end with the judge. What it answers is `runner.py`. Only the standard
library and NumPy are used.
"""

from __future__ import annotations

import faulthandler
import importlib.util
import os
import signal
import sys
import threading
import time
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

MEMORY = 4_000_000_000  # bytes of addresses; with the reference, all need less than 0.2 billion
CLOSED = 71  # exit code: the framework closed what the answers go through


def load(path: str) -> ModuleType:
    """A file of the course, by its place: its folder is on no path."""
    spec = importlib.util.spec_from_file_location(f"_course_{Path(path).stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class OnlyTheFramework:
    """Finds `tinytorch` in the workspace, and nothing else there: random.py hides nothing."""

    def __init__(self, workspace: str) -> None:
        self.workspace = workspace

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "tinytorch":
            return None
        found = PathFinder.find_spec(name, [self.workspace])
        if found is None:  # not one from elsewhere on the path
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return found


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
        os.register_at_fork(after_in_child=lambda: os.closerange(incoming, outgoing + 1))
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
    runner: Any = load(str(Path(__file__).with_name("runner.py")))
    limit_memory()
    end_with_the_judge()
    if sys.platform != "win32":  # asked for when a call takes too long
        at = os.open(stack, os.O_WRONLY | os.O_CREAT)
        faulthandler.register(signal.SIGUSR1, at, all_threads=False)
    sys.path.extend(more_packages)
    sys.meta_path.insert(0, OnlyTheFramework(workspace))
    try:
        runner.Runner(incoming, outgoing, Path(workspace), load).serve()
    except OSError:
        os._exit(CLOSED)


if __name__ == "__main__":
    main(*sys.argv[1:])
