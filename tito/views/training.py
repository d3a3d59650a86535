"""The display while a milestone trains: bars and a picture on a terminal, lines in a pipe.

It also collects the events for the curve that is drawn at the end, and the final pictures.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tito.core.console import supports_unicode
from tito.core.milestones.progress_events import TimeLeft, TrainingEvent
from tito.core.milestones.runs import Picture
from tito.views.milestone import measured, progress_text, said, time_left
from tito.views.pictures.draw import draw
from tito.views.pictures.frames import SECONDS_EACH, Frames
from tito.views.pictures.paper import as_text, paper_of

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.progress import Progress, TaskID

LINES_PER_PHASE = 5
OTHER_LINES = 2  # of the terminal's height, besides the bars and the picture
ON_MINIBATCHES = "  Loss and accuracy while training are those of the minibatch."


class Silent:
    """Collects events and shows nothing: for `--json` and `--quiet`."""

    def __init__(self) -> None:
        self.events: list[TrainingEvent] = []
        self.pictures: list[Picture] = []  # the final ones
        self.left = TimeLeft()

    def event(self, event: TrainingEvent) -> None:
        self.events.append(event)
        self.show(event, self.left.after(event))

    def picture(self, picture: Picture) -> None:
        if picture.get("step") is None:
            self.pictures.append(picture)

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

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self._print(ON_MINIBATCHES)
        yield

    def show(self, event: TrainingEvent, left: float | None) -> None:
        # A phase of a few steps is over at once: one line at its end is enough.
        parts = LINES_PER_PHASE if event.total >= 2 * LINES_PER_PHASE else 1
        part = event.step * parts // event.total
        if part <= self._shown.get(event.phase, 0 if parts == 1 else -1):
            return
        self._shown[event.phase] = part
        self._print(f"  {progress_text(event, left)}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class Bars(Silent):
    """One bar for each phase, with loss, accuracy and the time left, and the network at work."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._paper = paper_of(console, unicode=supports_unicode(console.file))
        self._tasks: dict[str, TaskID] = {}
        self._progress: Progress | None = None
        self._frames = Frames()

    def picture(self, picture: Picture) -> None:
        super().picture(picture)
        self._frames.add(picture)

    def _frame(self) -> Group:
        """The bars, and a picture if the terminal is high enough for it."""
        from rich.console import Group

        picture = self._frames.now()
        rows = draw(picture, self._paper) if picture else []
        if len(rows) + len(self._tasks) + OTHER_LINES > self._console.height:
            rows = []
        assert self._progress is not None
        return Group(self._progress, *map(as_text, rows))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (
            TextColumn("  {task.description:<12}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[said]}"),
        )
        self._progress = Progress(*columns, console=self._console, auto_refresh=False)
        self._tasks[""] = self._progress.add_task("starting", total=None, said="")
        self._console.print(ON_MINIBATCHES, style="dim")
        frame = self._frame
        with Live(get_renderable=frame, console=self._console, refresh_per_second=10) as live:
            yield
            self._forget_waiting()
            while self._frames.are_left():
                time.sleep(SECONDS_EACH)
                live.refresh()
            self._frames = Frames()  # the final pictures are printed after the bars

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


def display_for(console: Console, *, silent: bool) -> Silent:
    """Choose the display for this console."""
    if silent:
        return Silent()
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines(console)
