"""The judge's side of the pipe: start the judged process, send requests, check answers, end it.

An answer that is malformed, too large, unexpected or too late ends the process and the run. An
exception in the framework is raised here as `Raised`. The caller decides what an answer means.
"""

from __future__ import annotations

import os
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
from verification.busy import times_longer
from verification.ended import ended_by_itself, innermost
from verification.failures import Failure
from verification.files import read_regular
from verification.launch import Launched, launch
from verification.raised import raised

# An answer is progress: without one for so long, a loop is endless. The longest request is a
# training step: 0.01 s in the reference's cnn, 2 to 6 where matrix products are loops over single
# numbers. With steps of 20 s, no milestone could end within its time limit.
REQUEST_SECONDS = 20.0
MAX_STACK = 100_000  # bytes
START_SECONDS = 60.0  # Python and NumPy from a cold disk


# What comes of taking an answer apart that has another form than it should.
MISSHAPEN = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError)


class StillRunning(Failure):
    """A request that was not answered in time."""


class Judged:
    """The process in which a workspace's framework runs."""

    def __init__(
        self, workspace: Path, launched: Launched | None = None, limit: float = REQUEST_SECONDS
    ) -> None:
        self.workspace, self.limit = workspace, limit
        self.drops: set[int] = set()  # handles that are no longer used here
        self._over: Exception | None = None
        self._number, self._began, self._deadline, self._prolonged = 0, 0.0, 0.0, False
        self._waiting: tuple[list[Any], list[bytes]] = ([], [])
        self._launched = launched or launch(workspace)
        self._process = self._launched.process
        self._buffer = bytearray()
        if sys.platform == "win32":  # where select does not work on pipes
            threading.Thread(target=self._watch, daemon=True).start()
        elif self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)
        try:
            self.isolation: dict[str, Any] = self.ask("start", limit=START_SECONDS)
        except Failure as failure:
            raise OSError(f"The process for the framework did not start: {failure.said}") from None

    @property
    def held(self) -> str:
        """The level of isolation and the means that hold, as they are recorded."""
        return " + ".join([self.isolation["level"], *self.isolation["means"]])

    # This class sends only values; `standins.py` can also refer to objects.

    def refer(self, value: Any) -> list[Any]:
        raise pipe.Malformed(f"{type(value).__name__} cannot be sent")

    def resolve(self, node: list[Any]) -> Any:
        raise pipe.Malformed("a value of unknown kind")

    def learn(self, news: list[Any], arrays: list[np.ndarray]) -> None:
        """Learn what an answer tells besides its value."""

    def pack(self, value: Any, blobs: list[bytes]) -> Any:
        return pipe.pack(value, blobs, self.refer)

    def unpack(self, node: Any, arrays: list[np.ndarray]) -> Any:
        return pipe.unpack(node, arrays, self.resolve)

    def error_of(self, said: Any) -> BaseException:
        """The exception to raise here for one that was raised there."""
        return raised(said)

    # ----------------------------------------------------------------------------------- asking

    def ask(self, verb: str, *arguments: Any, limit: float | None = None) -> Any:
        """The answer to one request. After the process has ended, always the same exception."""
        if self._over is not None:
            raise self._over
        self._add(verb, arguments)
        self._number += 1
        number, before = self._number, self._deadline
        seconds, self._began = limit or self.limit, time.monotonic()
        self._deadline, self._prolonged = self._began + seconds, False
        try:
            self._send(number)
            value, error = self._heard(number, seconds)
        except (EOFError, OSError, pipe.Malformed, RecursionError) as broken:
            self._over = self._why(broken)
        else:
            if error is not None:
                raise error
            return value
        finally:
            self._deadline = before
        self.end()
        raise self._over

    def _heard(self, number: int, seconds: float) -> tuple[Any, BaseException | None]:
        """What the answer tells; Malformed, whatever is wrong with its form."""
        try:
            head, arrays = self._answer(seconds)
            return self._checked(head, arrays, number)
        except pipe.Malformed:
            raise
        except MISSHAPEN as error:
            raise pipe.Malformed("a value that does not match its kind") from error

    def _send(self, number: int) -> None:
        """Write the requests that wait."""
        drops, self.drops = list(self.drops), set()
        (requests, blobs), self._waiting = self._waiting, ([], [])
        self._write(pipe.frame([number, drops, requests], blobs))

    def _answer(self, seconds: float) -> tuple[list[Any], list[np.ndarray]]:
        """The next message. `seconds`: the limit, for a process that may ask something itself."""
        return pipe.read_frame(self._read)

    def tell(self, verb: str, *arguments: Any) -> None:
        """Queue a request that needs no answer, such as an assignment, until the next one."""
        if self._over is not None:
            raise self._over
        self._add(verb, arguments)

    def _add(self, verb: str, arguments: tuple[Any, ...]) -> None:
        requests, blobs = self._waiting
        requests.append([verb, self.pack(arguments, blobs)])

    def _checked(
        self, head: list[Any], arrays: list[np.ndarray], number: int
    ) -> tuple[Any, BaseException | None]:
        """The value of an answer, or the exception to raise for it."""
        if len(head) != 4 or head[0] != number or self._buffer:
            raise pipe.Malformed("an unexpected answer")
        _, kind, content, news = head
        self.learn(news, arrays)
        if kind == "raised":
            return None, self.error_of(content)
        if kind == "is":
            return self.unpack(content, arrays), None
        raise pipe.Malformed("an answer of unknown kind")

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        outgoing, view = self._process.stdin.fileno(), memoryview(data)
        while view:
            with suppress(BlockingIOError):
                view = view[os.write(outgoing, view) :]
                continue
            self._wait_for([], [outgoing])

    def _read(self, size: int) -> bytes:
        """Read exactly this many bytes."""
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
            while not self._ready(incoming, outgoing):
                self._prolong()

    def _ready(self, incoming: list[int], outgoing: list[int]) -> bool:
        left = self._deadline - time.monotonic()
        return left > 0 and any(select.select(incoming, outgoing, [], left))

    def _prolong(self) -> None:
        """Once for each request, more time for what it could not have: a machine may be busy."""
        more = 0.0 if self._prolonged else self.limit * times_longer(self._process.pid)
        if not more:
            raise TimeoutError
        self._prolonged = True
        self._deadline = time.monotonic() + more

    def _watch(self) -> None:
        """Read in a thread where reading cannot time out: ending the process ends it."""
        while self._process.poll() is None:
            time.sleep(0.2)
            if self._deadline and time.monotonic() > self._deadline:
                self._ask_for_stack()
                self._process.kill()

    # ----------------------------------------------------------------------------------- ending

    def _why(self, error: Exception) -> Exception:
        """The exception for a process that gave no answer, or an invalid one."""
        if isinstance(error, (pipe.Malformed, RecursionError)):
            return Failure(
                f"Your framework's process sent an invalid answer: {error}.",
                hint="Does your code write to a file that it did not open, or start a process "
                "that goes on after a call?",
            )
        if isinstance(error, TimeoutError) or time.monotonic() > self._deadline:
            waited, place = time.monotonic() - self._began, self._stack()
            return StillRunning(
                f"Your code was still running after {waited:.0f} s{place and f' in {place}'}.",
                hint="Is there a loop that never ends, or one over single numbers where NumPy "
                "could use the whole array?",
            )
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        return ended_by_itself(self._process.returncode)

    def _stack(self) -> str:
        """The innermost line in tinytorch at which the process was asked."""
        if self._process.poll() is None:
            self._ask_for_stack()
        with suppress(OSError):
            stack = read_regular(self._launched.home / "stack", MAX_STACK)
            return innermost(stack.decode("utf-8", "replace"), self.workspace / "tinytorch")
        return ""

    def _ask_for_stack(self) -> None:
        if sys.platform == "win32":
            (self._launched.home / "stack.asked").touch()
        else:
            self._process.send_signal(signal.SIGUSR1)
        time.sleep(0.3)

    def end(self) -> None:
        """End the process and everything it started; then delete its folder."""
        if self._over is None:
            self._over = OSError("Your framework's process has ended.")
        self._launched.end()
