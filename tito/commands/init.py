"""`tito init DIR`: a workspace with blank lessons, their tests and hints, and the milestones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tito.commands.base import BaseCommand
from tito.core.errors import UsageError
from tito.core.words import counted, quoted

if TYPE_CHECKING:
    import argparse


class InitCommand(BaseCommand):
    """Make a workspace, but never where that would overwrite something."""

    name: ClassVar[str] = "init"
    help: ClassVar[str] = "Make a workspace: the blank lessons and everything they need."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        from argparse import SUPPRESS

        parser.add_argument("folder", metavar="DIR", help="a new or an empty folder")
        # With the reference answers filled in: for tests and for the course's authors.
        parser.add_argument("--solved", action="store_true", help=SUPPRESS)

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.init import create_workspace

        if not args.folder.strip() or "\0" in args.folder:
            raise UsageError("The folder name is empty.", hint="tito init my-tinytorch")
        folder = Path(args.folder)
        workspace = create_workspace(self.world.cwd / folder, solved=args.solved)
        modules = workspace.modules
        self.world.say_whole(f"Your workspace is ready: {workspace.root}", style="bold green")
        self.world.say(
            f"  modules/           {counted(len(modules), 'lesson')}, {modules[0].name} first"
        )
        self.world.say("  tests/milestones/  what your framework will be judged with")
        self.world.say("  tinytorch/         your framework, empty so far; tito writes it")
        self.world.say()
        if workspace.root != self.world.cwd:
            self.world.next_step(f"cd {quoted(folder)}")
            self.world.say(f"then: tito module start {modules[0].number}", style="bold")
        else:
            self.world.next_step(f"tito module start {modules[0].number}")
        return 0
