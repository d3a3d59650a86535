"""The judged process: a separate program in which the student's framework runs.

`process.py` starts it, isolated from PYTHONPATH and from its own folder. This file protects the
judge from accidents in the framework: the pipe is not on descriptors 0, 1 or 2, the process has
limits and a sandbox (`isolation/`), and it ends with the judge. `runner.py` answers requests. Only
the standard library and NumPy are used.
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

CLOSED = 71  # exit code: the framework closed the pipe for the answers


def load(path: str) -> ModuleType:
    """Load a file of the course by its path: its folder is not on sys.path."""
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
        if found is None:  # not one found elsewhere on the path
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return found


def move_the_pipe_away() -> tuple[int, int]:
    """Move the pipe away from 0 and 1, which it needs only to be inherited on every system."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(incoming, os.O_BINARY)
        msvcrt.setmode(outgoing, os.O_BINARY)
    else:  # forked processes do not inherit it, so that the judge sees when it closes
        os.register_at_fork(after_in_child=lambda: os.closerange(incoming, outgoing + 1))
    return incoming, outgoing


def end_with_the_judge() -> None:
    """End with the judge, also in the middle of a call, when the pipe is not read."""
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


def write_stack_when_asked(stack: str) -> None:
    """For a system without signals: the judge asks with an empty file, `stack.asked`."""
    main = threading.get_ident()

    def watch() -> None:
        while not os.path.exists(f"{stack}.asked"):  # noqa: PTH110 (the framework may change Path)
            time.sleep(0.1)
        frame = sys._current_frames().get(main)
        with Path(stack).open("w", encoding="utf-8") as file:
            while frame is not None:  # as faulthandler writes it
                file.write(f'File "{frame.f_code.co_filename}", line {frame.f_lineno}\n')
                frame = frame.f_back

    threading.Thread(target=watch, daemon=True).start()


def isolate(
    limits: Any, level: str, workspace: str, home: str, more: tuple[str, ...]
) -> dict[str, Any]:
    """Set the limits and the level; this comes before any of the framework's code."""
    here = Path(__file__).with_name("isolation")
    gigabytes = limits.memory_gb(os.environ)
    held_limits = limits.apply_for_good(gigabytes)
    if sys.platform == "win32":
        memory = limits.limits_for(gigabytes)["RLIMIT_DATA"] + limits.ROOM
        held_limits += load(str(here / "job.py")).restrict(memory, limits.PROCESSES)
    package = Path(workspace) / "tinytorch"
    held = load(str(here / "level.py")).isolate(load, level, package, Path(home), list(more))
    return {**held, "limits": held_limits}


def main(level: str, workspace: str, stack: str, *more_packages: str) -> None:
    incoming, outgoing = move_the_pipe_away()
    runner: Any = load(str(Path(__file__).with_name("runner.py")))
    end_with_the_judge()
    if sys.platform == "win32":  # asked for when a call takes too long
        write_stack_when_asked(stack)
    else:
        at = os.open(stack, os.O_WRONLY | os.O_CREAT)
        faulthandler.register(signal.SIGUSR1, at, all_threads=False)
    limits = load(str(Path(__file__).with_name("isolation") / "limits.py"))
    isolation = isolate(limits, level, workspace, str(Path(stack).parent), more_packages)
    sys.path.extend(more_packages)
    sys.dont_write_bytecode = True  # the package is laid out for this run alone
    sys.meta_path.insert(0, OnlyTheFramework(workspace))
    try:
        pipe = (incoming, outgoing)
        runner.Runner(pipe, Path(workspace), load, isolation, limits.make_room).serve()
    except OSError:
        os._exit(CLOSED)


if __name__ == "__main__":
    main(*sys.argv[1:])
