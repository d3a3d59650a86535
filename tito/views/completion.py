"""How a completed module is shown: checklist, what was exported and unlocked, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.views.checklist import broken_lines, next_command, show_checklist
from tito.views.lines import show_lines

if TYPE_CHECKING:
    from tito.workflows.complete import Completion
    from tito.world import World

Step = tuple[str, str]  # the command to type, and why


def show_failure(world: World, result: Completion) -> None:
    show_checklist(world, result.checklist)
    show_lines(world.console, broken_lines(result))
    world.say("Nothing was exported. Your progress has not changed.")
    step, why = next_command(result.checklist)
    if result.broken and result.checklist.report.cause is None:
        why = f"once {result.broken[0].module} passes with it"
    world.next_step(step, why)


def show_success(world: World, result: Completion) -> None:
    show_checklist(world, result.checklist)
    done, name = world.symbols.done, result.checklist.module
    if result.retested:
        verb = "passes" if len(result.retested) == 1 else "pass"
        world.say(f"{done} {', '.join(result.retested)} still {verb} with it", style="green")
    what = "exported into tinytorch/" if result.changed else "tinytorch/ already has it"
    world.say(f"{done} {name} is complete: {what}", style="bold green")
    world.tracker.show_unlocks(result.unlocks, world.console)


def step_after(result: Completion, otherwise: Step) -> Step:
    """The next command: a milestone that was just unlocked comes first."""
    for milestone in result.unlocks["newly_unlocked"]:
        return f"tito milestone run {milestone}", "does your framework really learn it?"
    return otherwise
