"""The judge's end of the pipe: it starts the judged process, asks, checks what comes, and ends it.

Nothing that comes is believed beyond its form: an answer that is malformed, too large, out of turn
or too late ends the process and the run. An exception in the framework is `Raised`, an answer like
any other. What an answer means is the business of whoever asked.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from verification import pipe
from verification.faults import Fault
from verification.launch import Launched, launch
from verification.raised import EndedFromOutside, raised
from verification.wording import visible

REQUEST_SECONDS = 20.0  # the longest request of a right framework takes 0.2
START_SECONDS = 60.0  # Python and NumPy from a cold disk
CLOSED = 71  # judged.py's exit code when its pipe was closed under it
FROM_OUTSIDE = (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM))


class Judged:
    """The process that holds the framework of a workspace."""

    def __init__(
        self, workspace: Path, launched: Launched | None = None, limit: float = REQUEST_SECONDS
    ) -> None:
        self.workspace, self.limit = workspace, limit
        self.drops: set[int] = set()  # handles that nobody here holds any more
        self._over: Exception | None = None
        self._number, self._deadline = 0, 0.0
        self._waiting: tuple[list[Any], list[bytes]] = ([], [])
        self._launched = launched or launch(workspace)
        self._process = self._launched.process
        self._buffer = bytearray()
        if sys.platform == "win32":  # where a pipe cannot be waited for
            threading.Thread(target=self._watch, daemon=True).start()
        elif self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)
        try:
            self.ask("start", limit=START_SECONDS)
        except Fault as fault:
            raise OSError(f"The process for the framework did not start: {fault.said}") from None

    # Here, nothing but values travels; `standins.py` has a way for the rest.

    def refer(self, value: Any) -> list[Any]:
        raise pipe.Malformed(f"{type(value).__name__} cannot be sent")

    def resolve(self, node: list[Any]) -> Any:
        raise pipe.Malformed("a value of no known kind")

    def describe(self, classes: list[Any]) -> None:
        """Classes that are named in an answer for the first time."""

    # ----------------------------------------------------------------------------------- asking

    def ask(self, verb: str, *arguments: Any, limit: float | None = None) -> Any:
        """The answer to one request. Once the process is over, always the same exception."""
        if self._over is not None:
            raise self._over
        self._add(verb, arguments)
        drops, self.drops = list(self.drops), set()
        (requests, blobs), self._waiting = self._waiting, ([], [])
        self._number += 1
        seconds = limit or self.limit
        self._deadline = time.monotonic() + seconds
        try:
            self._write(pipe.frame([self._number, drops, requests], blobs))
            head, arrays = pipe.read_frame(self._read)
            return self._checked(head, arrays)
        except (EOFError, OSError, pipe.Malformed, RecursionError) as error:
            self._over = self._why(error, seconds)
        finally:
            self._deadline = 0.0
        self.end()
        raise self._over

    def tell(self, verb: str, *arguments: Any) -> None:
        """A request whose answer nobody needs goes with the next one: an assignment."""
        if self._over is not None:
            raise self._over
        self._add(verb, arguments)

    def _add(self, verb: str, arguments: tuple[Any, ...]) -> None:
        requests, blobs = self._waiting
        packed = pipe.pack(arguments, blobs, self.refer)
        requests.append([verb, packed])

    def _checked(self, head: list[Any], arrays: list[np.ndarray]) -> Any:
        if len(head) != 4 or head[0] != self._number or self._buffer:
            raise pipe.Malformed("an answer out of turn")
        _, kind, content, classes = head
        if kind == "raised":
            error = raised(content)
        elif kind == "is":
            self.describe(classes)
            return pipe.unpack(content, arrays, self.resolve)
        else:
            raise pipe.Malformed("an answer of no known kind")
        raise error

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        outgoing, view = self._process.stdin.fileno(), memoryview(data)
        while view:
            with suppress(BlockingIOError):
                view = view[os.write(outgoing, view) :]
                continue
            self._wait_for([], [outgoing])

    def _read(self, size: int) -> bytes:
        """Exactly so many bytes."""
        assert self._process.stdout is not None
        incoming = self._process.stdout.fileno()
        while len(self._buffer) < size:
            self._wait_for([incoming], [])
            chunk = os.read(incoming, max(65_536, size - len(self._buffer)))
            if not chunk:
                raise EOFError
            self._buffer += chunk
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _wait_for(self, incoming: list[int], outgoing: list[int]) -> None:
        if sys.platform != "win32":
            left = self._deadline - time.monotonic()
            if left <= 0 or not any(select.select(incoming, outgoing, [], left)):
                raise TimeoutError

    def _watch(self) -> None:
        """Where reading cannot be given up: ending the process ends the reading."""
        while self._process.poll() is None:
            time.sleep(0.2)
            if self._deadline and time.monotonic() > self._deadline:
                self._process.kill()

    # ----------------------------------------------------------------------------------- ending

    def _why(self, error: Exception, seconds: float) -> Exception:
        """What to say of a process that gave no answer, or none that can be used."""
        if isinstance(error, (pipe.Malformed, RecursionError)):
            return Fault(
                f"What the process of your framework answered cannot be used: {error}.",
                hint="Does your code write to a file that it did not open, or start a process "
                "that goes on after a call?",
            )
        if isinstance(error, TimeoutError) or time.monotonic() > self._deadline:
            place = self._stack()
            return Fault(
                f"Your code was still running after {seconds:.0f} s{place and f' in {place}'}.",
                hint="Is there a loop that never ends, or one over single numbers where NumPy "
                "could work on the whole array?",
            )
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        return ended_by_itself(self._process.returncode)

    def _stack(self) -> str:
        """The innermost line in tinytorch, from the process that is still running."""
        if sys.platform == "win32" or self._process.poll() is not None:
            return ""
        self._process.send_signal(signal.SIGUSR1)
        time.sleep(0.3)
        path = self._launched.home / "stack"
        with suppress(OSError), path.open(encoding="utf-8", errors="replace") as stack:
            return innermost(stack.read(100_000), self.workspace / "tinytorch")
        return ""

    def end(self) -> None:
        """The process and what it has started; then its folder."""
        if self._over is None:
            self._over = OSError("The process of the framework is over.")
        self._launched.end()


def ended_by_itself(code: int | None) -> Exception:
    """`code` is None for a process that lives and has closed its end of the pipe."""
    if code is None or code == CLOSED:
        return Fault(
            "Your code closed the pipe through which it is asked.",
            hint="os.close and os.closerange are for descriptors that your code has opened.",
        )
    if -code in FROM_OUTSIDE:
        return EndedFromOutside(
            f"The process of the framework was ended from outside (signal {-code}); often the "
            "memory ran out."
        )
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return Fault(
        f"Your code ended the process ({how}).",
        hint="Does it call sys.exit or os._exit, or crash in a library?",
    )


def innermost(stack: str, package: Path) -> str:
    """`tinytorch/autograd.py:77`, of the first line of a faulthandler's stack that is inside."""
    for file, line in re.findall(r'File "([^"\n]*)", line (\d+)', stack):
        if Path(file).is_relative_to(package):
            shown = Path("tinytorch", Path(file).relative_to(package)).as_posix()
            return visible(f"{shown}:{line}"[:300])
    return ""
