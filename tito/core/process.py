"""Run a child process with a time limit and bounded output; end everything it started.

All student code runs through here, in module tests and milestones. What the results mean is
decided elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tito.core.child_output import BoundedOutput, Event, EventFile

POLL_SECONDS = 0.05
OUTPUT_LIMIT = 20_000_000  # bytes printed before the child is stopped
# Small matrix products are fastest on one thread, and results are reproducible. (The tracker is
# self-contained and has its own copy of this list; a test compares them.)
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
# The variables of the caller that a child needs. Others could change what it does: PYTHONOPTIMIZE
# removes the assertions of tests, PYTHONPATH can bring another numpy.
PASSED_ON = {
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "TEMP", "TMP",
    "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "USERNAME",
    "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "NUMBER_OF_PROCESSORS",
    "PYTHONDONTWRITEBYTECODE", "PYTHONUSERBASE", "PYTHONNOUSERSITE",
}  # fmt: skip
STACK_DUMP_SECONDS = 0.3
TERMINATION_SIGNALS = ("SIGTERM", "SIGHUP")  # `timeout 60 tito ...`, and a terminal that is closed


@dataclass(frozen=True)
class ProcessResult:
    """How a child ended. `returncode` is None if we stopped it or it never started."""

    returncode: int | None
    output: str
    timed_out: bool = False
    flooded: bool = False
    output_limit: int = OUTPUT_LIMIT
    seconds: float = 0.0


def clean_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The variables to pass on, with UTF-8 for the pipes and one thread for NumPy."""
    kept = {
        name: value
        for name, value in env.items()
        if name.upper() in PASSED_ON or name.startswith("LC_")
    }
    places = {  # a child may be in another folder
        name: str(Path(kept[name]).absolute())
        for name in ("TMPDIR", "TEMP", "TMP")
        if kept.get(name)
    }
    return {**kept, **places, **ONE_THREAD, "PYTHONIOENCODING": "utf-8"}


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Turn termination signals into KeyboardInterrupt, so that the child is ended too.

    The child has its own session and would otherwise go on running.
    """
    replaced = {}
    if threading.current_thread() is threading.main_thread():
        numbers = [getattr(signal, name) for name in TERMINATION_SIGNALS if hasattr(signal, name)]
        # Keep a handler that somebody has set (`nohup` ignores SIGHUP).
        replaced = {n: signal.SIG_DFL for n in numbers if signal.getsignal(n) is signal.SIG_DFL}
    try:
        for number in replaced:
            signal.signal(number, signal.default_int_handler)
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Delay interrupts while a child starts: its process id is not known yet."""
    held: list[int] = []
    replaced: list[int] = []
    if threading.current_thread() is threading.main_thread():
        numbers = [
            getattr(signal, n) for n in ("SIGINT", *TERMINATION_SIGNALS) if hasattr(signal, n)
        ]
        replaced = [n for n in numbers if signal.getsignal(n) is signal.default_int_handler]
    try:
        for number in replaced:
            signal.signal(number, lambda number, _: held.append(number))
        yield
    finally:
        for number in replaced:
            signal.signal(number, signal.default_int_handler)
    if held:
        raise KeyboardInterrupt


@terminate_as_interrupt()
def run(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    progress_file: Path | None = None,
    on_event: Callable[[Event], None] | None = None,
    on_tick: Callable[[float], None] | None = None,
    output_limit: int = OUTPUT_LIMIT,
    unseal: Callable[[bytes], bytes | None] | None = None,
    told: str = "",
    ready: subprocess.Popen[bytes] | None = None,
) -> ProcessResult:
    """Run `command` until it ends or reaches a limit; end its whole process tree.

    `on_event` is called for each JSON line appended to `progress_file`, `on_tick` with the
    elapsed seconds a few times a second; what either raises ends the run. `unseal` opens each line
    first. `told` is a line for the standard input. `ready` is a process that was started before
    (`start`, with `waits`) and is used instead of a new one.
    """
    started = time.monotonic()
    output = BoundedOutput()
    closed, flooded = threading.Event(), threading.Event()
    events = EventFile(progress_file, on_event, unseal)
    process = reader = None
    timed_out = False
    try:
        with _interrupts_held_back():
            process = ready or start(command, cwd, env, waits=bool(told))
            _tell(process, told)
            pipe = process.stdout
            reader = threading.Thread(
                target=_drain, args=(pipe, output, output_limit, closed, flooded), daemon=True
            )
            reader.start()
        while not closed.wait(POLL_SECONDS) and not _has_ended(process):
            events.pump()
            elapsed = time.monotonic() - started
            if on_tick is not None:
                on_tick(elapsed)
            timed_out = elapsed > timeout
            if timed_out or flooded.is_set():
                request_stack_dump(process)
                break
        stopped = timed_out or flooded.is_set()
        if not stopped:
            timed_out = stopped = not _wait_until_ended(process, started + timeout)
    finally:
        if process is not None:
            returncode = end(process)
        if reader is not None:
            reader.join(timeout=1.0)  # a process that left the session may still hold the pipe
    events.pump()
    return ProcessResult(
        returncode=None if stopped else returncode,
        output=output.text(),
        timed_out=timed_out,
        flooded=flooded.is_set(),
        output_limit=output_limit,
        seconds=time.monotonic() - started,
    )


def start(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], *, waits: bool = False
) -> subprocess.Popen[bytes]:
    """Start a process; one that waits reads from a pipe."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(
        list(command),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.PIPE if waits else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=sys.platform != "win32",
        creationflags=flags,
    )


def _tell(process: subprocess.Popen[bytes], line: str) -> None:
    if line and process.stdin is not None:  # else the pipe stays open: it says that we are here
        with contextlib.suppress(OSError):  # it has ended: that is seen when its output is read
            process.stdin.write(f"{line}\n".encode())
            process.stdin.close()


def _drain(
    pipe: IO[bytes],
    output: BoundedOutput,
    limit: int,
    closed: threading.Event,
    flooded: threading.Event,
) -> None:
    """Read until the pipe closes, so that the child never blocks."""
    with contextlib.suppress(OSError), pipe:
        while chunk := os.read(pipe.fileno(), 65536):
            output.add(chunk)
            if output.total > limit:
                flooded.set()
    closed.set()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the child has ended. It is not reaped, so that its process id is not reused."""
    if sys.platform != "win32" and hasattr(os, "waitid"):
        try:
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, process.pid, flags) is not None
        except ChildProcessError:
            return True
    return process.poll() is not None


def _wait_until_ended(process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Wait for the end after the pipe has closed; a child may also close it and go on."""
    pause = 0.001
    while not _has_ended(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, POLL_SECONDS)
    return True


def request_stack_dump(process: subprocess.Popen[bytes]) -> None:
    """Ask a child that has called `faulthandler.register` to write its stack to a file."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.kill(process.pid, signal.SIGUSR1)
            time.sleep(STACK_DUMP_SECONDS)


def end(process: subprocess.Popen[bytes]) -> int:
    """End the child and everything it started, if it has not ended by itself; its exit code."""
    _kill_tree(process)
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    return process.wait()


def discard(process: subprocess.Popen[bytes]) -> None:
    """End a child whose output nobody reads."""
    end(process)
    if process.stdout is not None:
        process.stdout.close()


def _kill_tree(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            if process.poll() is None:
                tree = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
                subprocess.run(tree, capture_output=True, check=False)
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
