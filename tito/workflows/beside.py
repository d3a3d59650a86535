"""Steps that run beside those that are shown, in a thread; what they print is kept for later.

The first of them waits for a sign that it may begin.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tito.workflows.demo import Step

WAIT = 0.1  # seconds between two looks


class Done(NamedTuple):
    """A step that has run: its exit code, and what it has printed."""

    step: Step
    code: int
    printed: str


class Beside:
    """Runs steps one after the other between `begin` and `pause`, or until one of them fails.

    Args:
        next_step: gives the next one, if there is any.
        run: runs a step and keeps what it prints.
    """

    def __init__(self, next_step: Callable[[], Step | None], run: Callable[[Step], Done]) -> None:
        self._next, self._run = next_step, run
        self._lock, self._paused = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None  # as long as it has something to do
        self._error: BaseException | None = None
        self._done: list[Done] = []
        self.running: Step | None = None

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        self._paused.set()
        self._join()

    def begin(self, may_begin: Callable[[], bool]) -> None:
        """Take steps from now on; `may_begin` is asked until it says yes for the first time."""
        with self._lock:
            self._paused.clear()
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, args=(may_begin,))
                self._thread.start()

    def pause(self) -> list[Done]:
        """Take no more steps; return those that have ended.

        A step that changes the framework has ended then; a milestone may go on.
        """
        with self._lock:
            self._paused.set()
            running = self.running
        if running is None or not running.milestone:
            self._join()
        return self._ended()

    def wait(self) -> list[Done]:
        """Wait for all that is running; return the steps that have ended."""
        self._join()
        return self._ended()

    def _join(self) -> None:
        thread = self._thread
        if thread is not None:
            thread.join()

    def _ended(self) -> list[Done]:
        if self._error is not None:
            raise self._error
        with self._lock:
            done, self._done = self._done, []
        return done

    def _go_on(self, may_begin: Callable[[], bool]) -> None:
        try:
            while not self._paused.is_set() and not may_begin():
                self._paused.wait(WAIT)
            while (step := self._take()) is not None:
                done = self._run(step)
                with self._lock:
                    self._done.append(done)
                if done.code:
                    break
        except BaseException as error:  # raised again where the steps are collected
            self._error = error
        with self._lock:
            self._thread = self.running = None

    def _take(self) -> Step | None:
        with self._lock:
            self.running = None if self._paused.is_set() else self._next()
            return self.running
