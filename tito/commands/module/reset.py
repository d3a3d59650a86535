"""`tito module reset`: make a lesson blank again, and keep a dated copy of the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand, add_module, add_yes
from tito.core.errors import TitoError
from tito.workflows.reset import find_original, reset

if TYPE_CHECKING:
    import argparse

    from tito.core.workspace.workspace import Module


class ResetCommand(BaseCommand):
    """Make the lesson blank, after asking if there is something to lose."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_module(parser)
        add_yes(parser)

    def run(self, args: argparse.Namespace) -> int:
        world, workspace = self.world, self.workspace
        module, original = find_original(workspace, args.module)
        shown = workspace.shown(module.lesson)
        if module.lesson.exists() and not args.yes and not self._agreed(module, shown):
            world.say("Nothing was changed.")
            world.next_step(f"tito module test {module.number}")
            return 1
        kept = reset(world, module, original)
        world.say(f"{shown} is blank again.")
        if kept is not None:
            world.say(f"Your lesson is kept as {workspace.shown(kept)}")
        world.say("tinytorch/ and your progress have not changed.")
        world.next_step(f"tito module start {module.number}")
        return 0

    def _agreed(self, module: Module, shown: str) -> bool:
        if not self.world.is_interactive():
            raise TitoError(
                f"This would make {shown} blank again.",
                hint=f"tito module reset {module.number} --yes  (a dated copy is kept)",
            )
        return self.world.confirm(f"Replace {shown} with a blank one? A dated copy is kept.")
