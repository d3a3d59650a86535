"""A progress line on stderr while tests run: only on a terminal, and only if it takes a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tito.core.console import symbols_for
from tito.workflows.complete import Watcher

if TYPE_CHECKING:
    from tito.world import World

QUIET_SECONDS = 0.8  # a shorter run needs no progress line


class ProgressLine(Watcher):
    """A line that redraws itself; `close` erases it."""

    def __init__(self, world: World) -> None:
        self.stream = world.stderr
        self.moves = bool(self.stream and self.stream.isatty())
        self.signs = symbols_for(self.stream).spinner
        self.done = self.total = self.turns = 0
        self.width = 0

    def waiting(self) -> None:
        print("Waiting for another tito command in this workspace.", file=self.stream)

    def progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total

    def tick(self, seconds: float) -> None:
        if not self.moves or seconds < QUIET_SECONDS:
            return
        self.turns += 1
        sign = self.signs[self.turns % len(self.signs)]
        counts = f"{self.done} of {self.total} tests" if self.total else "starting the tests"
        self._draw(f"{sign} {counts}, {seconds:.0f} s")

    def close(self) -> None:
        if self.width:
            self._draw("")
            self.stream.write("\r")
            self.stream.flush()

    def _draw(self, text: str) -> None:
        self.stream.write(f"\r{text:<{self.width}}")
        self.stream.flush()
        self.width = len(text)


@contextmanager
def watching(world: World) -> Iterator[Watcher]:
    line = ProgressLine(world)
    try:
        yield line
    finally:
        line.close()
