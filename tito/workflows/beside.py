"""Steps that run beside another one, in a thread; what they print is kept until it is their turn.

The first of them waits for a sign that it may begin.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
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
    """Runs steps one after the other until the block ends, or one of them fails.

    Args:
        steps: are asked for one at a time, each when the one before has ended.
        run: runs a step and keeps what it prints.
        may_begin: asked again and again, until it says yes for the first time.
    """

    def __init__(
        self, steps: Iterator[Step], run: Callable[[Step], Done], may_begin: Callable[[], bool]
    ) -> None:
        self._steps, self._run, self._may_begin = steps, run, may_begin
        self._ended, self._thread = threading.Event(), threading.Thread(target=self._go_on)
        self._error: BaseException | None = None
        self.done: list[Done] = []

    def __enter__(self) -> Beside:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._error is not None and kind is None:
            raise self._error

    def _go_on(self) -> None:
        try:
            while not self._may_begin():
                if self._ended.wait(WAIT):
                    return
            while not self._ended.is_set() and (step := next(self._steps, None)) is not None:
                self.done.append(self._run(step))
                if self.done[-1].code:
                    return
        except BaseException as error:  # raised again where the block ends
            self._error = error
