"""The progress display while a milestone trains: bars on a terminal, a few lines in a pipe.

It also collects the events for the curve that is drawn at the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tito.core.milestones.progress_events import TimeLeft, TrainingEvent
from tito.views.milestone import progress_text, said, time_left

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.progress import Progress, TaskID

LINES_PER_PHASE = 5
LIVE_ROWS = 12


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

    def picture(self, picture: Mapping[str, Any]) -> None:
        """Show a picture of the network at work; this class shows nothing."""

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
    """One bar for each phase, with loss, accuracy and the time left; below, the network at work."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._progress: Progress | None = None
        self._live: Live | None = None
        self._held_out: dict[str, float] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (
            TextColumn("  {task.description:<12}"),
            BarColumn(bar_width=10),
            TextColumn("{task.fields[said]}"),
        )
        self._progress = Progress(*columns, console=self._console, auto_refresh=False)
        self._tasks[""] = self._progress.add_task("starting", total=None, said="")
        with Live(self._progress, console=self._console, refresh_per_second=12) as self._live:
            yield
            self._forget_waiting()
            self._live.update(self._progress)  # the pictures come again, below the bars

    def picture(self, picture: Mapping[str, Any]) -> None:
        from rich.console import Group

        from tito.views.pictures.draw import as_text, draw, ink_of

        if self._live is None or self._progress is None:
            return
        width, height = min(self._console.width, 80), min(LIVE_ROWS, self._console.height - 10)
        rows = draw(picture, width, height, ink_of(self._console))
        self._live.update(Group(self._progress, "", *map(as_text, rows)), refresh=True)

    def show(self, event: TrainingEvent, left: float | None) -> None:
        if self._progress is None:
            return
        self._forget_waiting()
        shown = [f"{event.step}/{event.total}", *self._short(event), *said(event)]
        if event.phase not in self._tasks:
            self._tasks[event.phase] = self._progress.add_task(event.phase, total=None, said="")
        self._progress.update(
            self._tasks[event.phase],
            completed=event.step,
            total=event.total,
            said="  ".join([*shown, *time_left(event, left)]),
        )

    def _short(self, event: TrainingEvent) -> list[str]:
        """Loss and accuracies in little room; the held-out one as it was last measured."""
        if event.held_out is not None:
            self._held_out[event.phase] = event.held_out
        figures = [
            ("loss {:.4f}", event.loss),
            ("batch {:.0%}", event.accuracy),
            ("held-out {:.0%}", self._held_out.get(event.phase)),
        ]
        return [text.format(value) for text, value in figures if value is not None]

    def _forget_waiting(self) -> None:
        waiting = self._tasks.pop("", None)
        if waiting is not None and self._progress is not None:
            self._progress.remove_task(waiting)


def display_for(console: Console, *, silent: bool) -> Silent:
    """Choose the display for this console."""
    if silent:
        return Silent()
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines(console)
