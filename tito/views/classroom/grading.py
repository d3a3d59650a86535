"""Grading, as it goes on: a bar with the time left on a terminal, a few lines in a log."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tito.core.classroom.results import GradeState, Result
from tito.core.words import counted, enumerated

if TYPE_CHECKING:
    from tito.workflows.classroom.plan import Plan
    from tito.world import World

LINES = 10  # in a log
Show = Callable[[Result], None]


class Tally:
    """Counts what came back, and says how long the rest will take."""

    def __init__(self, total: int) -> None:
        self.total, self.started = total, time.monotonic()
        self.states: Counter[str] = Counter()
        self.stuck: list[tuple[str, str]] = []

    @property
    def done(self) -> int:
        return self.states.total()

    def count(self, result: Result) -> None:
        self.states[result["state"]] += 1
        if result["state"] == GradeState.COULD_NOT_RUN.value:
            self.stuck.append((result["student"], result["reason"]))

    def text(self) -> str:
        left = (time.monotonic() - self.started) / max(self.done, 1) * (self.total - self.done)
        return f"{self.done} of {self.total} submissions, {duration(left)} left"


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def showing(world: World, tally: Tally, *, quiet: bool) -> Iterator[Show]:
    """A function that takes each result and keeps the display up to date."""
    if quiet:
        yield tally.count
    elif world.error_console.is_terminal:
        with _bar(world, tally) as show:
            yield show
    else:
        yield _lines(world, tally)


@contextmanager
def _bar(world: World, tally: Tally) -> Iterator[Show]:
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=world.error_console, transient=True) as bars:
        task = bars.add_task(f"0 of {tally.total} submissions", total=tally.total)

        def show(result: Result) -> None:
            tally.count(result)
            bars.update(task, completed=tally.done, description=tally.text())

        yield show


def _lines(world: World, tally: Tally) -> Show:
    def show(result: Result) -> None:
        before = tally.done * LINES // tally.total
        tally.count(result)
        if tally.done * LINES // tally.total > before:
            world.say_aside(f"  {tally.text()}")

    return show


def show_plan(world: World, plan: Plan) -> None:
    """Who is not graded now, and why."""
    if plan.done:
        world.say(f"{counted(len(plan.done), 'result')} still good: nothing has changed there.")
    if plan.missing:
        world.say(f"{counted(len(plan.missing), 'submission')} missing: {named(plan.missing)}.")
    if plan.strangers:
        world.say(f"Not on the roster, so not graded: {named(plan.strangers)}.", style="yellow")


def named(students: tuple[str, ...]) -> str:
    return enumerated(students)


def show_end(world: World, tally: Tally) -> None:
    seconds = time.monotonic() - tally.started
    graded = tally.states[GradeState.GRADED.value]
    world.say(f"{counted(graded, 'submission')} graded in {duration(seconds)}.", style="bold")
    for student, reason in tally.stuck:
        world.say(f"  {student} could not be judged: {reason}", style="yellow")
