"""`tito module list` and `status`: the modules of the course, and how far each one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand, add_json
from tito.core.workspace.workspace import outer_workspace
from tito.workflows.status import ModuleStatus, next_step, status

if TYPE_CHECKING:
    import argparse


class ListCommand(BaseCommand):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_json(parser)

    def run(self, args: argparse.Namespace) -> int:
        found = status(self.world)
        if getattr(args, "json", False):
            return self.emit(found)
        self.show(found)
        self.world.next_step(*next_step(found))
        return 0

    def show(self, found: list[ModuleStatus]) -> None:
        from tito.views.modules import list_table

        self.console.print(list_table(found, self.console.width))

    def emit(self, found: list[ModuleStatus]) -> int:
        from tito.views.as_json import status_json

        self.world.emit_json(
            {
                "workspace": str(self.workspace.root),
                "modules": [status_json(row) for row in found],
                "next": next_step(found)[0],
            }
        )
        return 0


class StatusCommand(ListCommand):
    """Show how far each module is; `tito module` without a verb does this too."""

    def show(self, found: list[ModuleStatus]) -> None:
        from tito.views.modules import status_table

        self.console.print(status_table(found, self.world.symbols, self.console.width))
        outer = outer_workspace(self.workspace)
        if outer is not None:
            self.world.say(f"This workspace, {self.workspace.root}, is inside another one:")
            self.world.say(f"{outer.root}. Commands here use only the inner one.")
