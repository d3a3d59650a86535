"""`tito module reset`: begin a lesson anew; a dated copy of the old one is kept and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.core.errors import TitoError
from tito.workflows.reset import find_original, reset

if TYPE_CHECKING:
    from tito.commands.base import BaseCommand


def reset_module(command: BaseCommand, number: str, *, yes: bool) -> int:
    """Ask first, unless there is nothing to lose."""
    workspace = command.workspace
    module, original = find_original(workspace, number)
    shown = workspace.shown(module.lesson)
    if module.lesson.exists() and not yes:
        if not command.world.is_interactive():
            raise TitoError(
                f"{shown} would be replaced by its blank.",
                hint=f"tito module reset {module.number} --yes  (a dated copy is kept)",
            )
        question = f"Replace {shown} by its blank? A dated copy is kept."
        if not command.world.confirm(question):
            command.say("Nothing was changed.")
            command.next_step(f"tito module test {module.number}")
            return 1
    kept = reset(workspace, module, original)
    command.say(f"{shown} is blank again.")
    if kept is not None:
        command.say(f"Your lesson is kept as {workspace.shown(kept)}")
    command.say("tinytorch/ and your progress are as they were.")
    command.next_step(f"tito module start {module.number}")
    return 0
