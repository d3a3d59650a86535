"""`tito update`: take a new release of the course over, and keep every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tito.commands.base import BaseCommand
from tito.core.errors import UsageError

if TYPE_CHECKING:
    import argparse


class UpdateCommand(BaseCommand):
    """Update, show what an update would change, or take one back."""

    name: ClassVar[str] = "update"
    help: ClassVar[str] = (
        "Take the installed release of the course over into your workspace. Your answers stay as "
        "they are; what you and the course have both changed stays yours and is shown."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only show what would change")
        parser.add_argument("--undo", action="store_true", help="take the last update back")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def run(self, args: argparse.Namespace) -> int:
        if args.check and args.undo:
            raise UsageError("--check and --undo do not go together.", hint="tito update --help")
        return self._undo(as_json=args.json) if args.undo else self._update(args)

    def _update(self, args: argparse.Namespace) -> int:
        from tito.views.update import show_update, update_json
        from tito.workflows.update import plan, update

        found = plan(self.workspace) if args.check else update(self.world)
        if args.json:
            self.world.emit_json(update_json(found, self.workspace))
            return 0
        for line in show_update(found, self.workspace, only_check=args.check):
            self.world.say_whole(line)
        if found.is_empty:
            self.world.next_step("tito module status")
        elif args.check:
            self.world.next_step("tito update", "tito update --undo takes it back")
        else:
            self.world.next_step("tito module status", "tito update --undo takes it back")
        return 0

    def _undo(self, *, as_json: bool) -> int:
        from tito.workflows.update import undo

        found = undo(self.world)
        shown = self.workspace.shown(found.kept)
        if as_json:
            self.world.emit_json({"restored": list(found.names), "kept": shown})
            return 0
        self.world.say("Your workspace is as it was before the last update.")
        for name in found.names:
            self.world.say_whole(f"  {name}")
        self.world.say_whole(f"The files as they were until now are kept in {shown}/before")
        self.world.next_step("tito module status", "tito update --undo brings the update back")
        return 0
