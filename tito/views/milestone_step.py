"""The next step, below the tracker's table and after a pass.

The tracker names the milestone to run. Where that waits for a module it would say `start`, for it
knows what is recorded and no more: how far the module is, and so what to do, `workflows/status`
knows, here as for `tito module list`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tito.core.words import counted
from tito.views.milestone import AFTER_THE_LAST
from tito.workflows.status import step_instead

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from tito.world import World


PLACES_SHOWN = 3
NO_EXIT = (
    "No line of your exported code calls sys.exit or os._exit, so a library may have crashed. A "
    "lesson's tests name the test in which it happens."
)


def show_with_step(world: World, show: Callable[[Any], object]) -> None:
    """What the tracker shows on a console; where it names a module's step, the right one."""
    said = _said(world)
    step = step_instead(world, said)
    if step is None:
        show(world.console)
        return
    console = Without(said, world.console)
    show(console)
    if console.met:
        world.next_step(*step)


def say_step(world: World) -> None:
    """After a pass: the next milestone or module, or what else there is to do."""
    said = _said(world)
    step = step_instead(world, said)
    if step is not None:
        world.next_step(*step)
        return
    world.say(said, style="bold")
    for line in () if said.startswith("Next:") else AFTER_THE_LAST:
        world.say(line)


def exit_lines(found: Sequence[tuple[str, int]]) -> list[str]:
    """Where a process may have been ended, for a failure that does not know the line."""
    if not found:
        return [NO_EXIT]
    places = [f"  {lesson}:{line}" for lesson, line in found[:PLACES_SHOWN]]
    more = len(found) - len(places)
    return [
        "Your code can end the process here:",
        *places,
        *([f"  and in {counted(more, 'more line')}"] if more else []),
    ]


def _said(world: World) -> str:
    return str(world.tracker.required.next_step(world.tracker.status()))


class Without:
    """A console on which one line is not printed, only noticed."""

    def __init__(self, line: str, console: Console) -> None:
        self.line, self.console, self.met = line, console, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.console, name)

    def print(self, *objects: object, **options: Any) -> None:
        if [str(one) for one in objects] == [self.line]:
            self.met = True
        else:
            self.console.print(*objects, **options)
