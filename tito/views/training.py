"""The progress display while a milestone trains: bars on a terminal, a few lines in a pipe.

It also collects the events for the curve that is drawn at the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tito.core.milestones.progress_events import TimeLeft, TrainingEvent
from tito.views.milestone import measured, progress_text, said, time_left

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

LINES_PER_PHASE = 5


class Silent:
    """Collects events and shows nothing: for `--json`."""

    def __init__(self) -> None:
        self.events: list[TrainingEvent] = []
        self.left = TimeLeft()

    def event(self, event: TrainingEvent) -> None:
        self.events.append(event)
        self.show(event, self.left.after(event))

    def show(self, event: TrainingEvent, left: float | None) -> None:
        """Show one event; this class shows nothing."""

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        yield


class Lines(Silent):
    """A few plain lines for each phase, so that a log stays a log."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._shown: dict[str, int] = {}

    def show(self, event: TrainingEvent, left: float | None) -> None:
        # A phase of a few steps is over at once: one line at its end is enough.
        parts = LINES_PER_PHASE if event.total >= 2 * LINES_PER_PHASE else 1
        part = event.step * parts // event.total
        if part <= self._shown.get(event.phase, 0 if parts == 1 else -1):
            return
        self._shown[event.phase] = part
        text = f"  {progress_text(event, left)}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Bars(Silent):
    """One bar for each phase, with loss, accuracy and the time left."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._progress: Progress | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (
            TextColumn("  {task.description:<12}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[said]}"),
        )
        with Progress(*columns, console=self._console) as self._progress:
            waiting = self._progress.add_task("starting", total=None, said="")
            self._tasks[""] = waiting
            yield
            self._forget_waiting()

    def show(self, event: TrainingEvent, left: float | None) -> None:
        if self._progress is None:
            return
        self._forget_waiting()
        shown = [f"{event.step}/{event.total}", *measured(event), *said(event)]
        if event.phase not in self._tasks:
            self._tasks[event.phase] = self._progress.add_task(event.phase, total=None, said="")
        self._progress.update(
            self._tasks[event.phase],
            completed=event.step,
            total=event.total,
            said="  ".join([*shown, *time_left(event, left)]),
        )

    def _forget_waiting(self) -> None:
        waiting = self._tasks.pop("", None)
        if waiting is not None and self._progress is not None:
            self._progress.remove_task(waiting)


def display_for(console: Console, *, as_json: bool) -> Silent:
    """Choose the display for this console."""
    if as_json:
        return Silent()
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines(console)
