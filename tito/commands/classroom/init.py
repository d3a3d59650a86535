"""`tito class init DIR`: a class folder with an example."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand
from tito.core.errors import UsageError
from tito.core.words import quoted

if TYPE_CHECKING:
    import argparse


class ClassInitCommand(BaseCommand):
    """Write class.toml, roster.csv and .gitignore; never over something that is there."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", help="a new folder, or one without a class")

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.classroom.start import create_class

        if not args.folder.strip() or "\0" in args.folder:
            raise UsageError("The folder name is empty.", hint="tito class init my-class")
        folder = Path(args.folder)
        root = create_class((self.world.cwd / folder).absolute())
        self.world.say_whole(f"Your class is ready: {root}", style="bold green")
        self.world.say("  class.toml    assignments, deadlines, points: edit it")
        self.world.say("  roster.csv    the students, one in a line: replace the two examples")
        if root != self.world.cwd:
            self.world.next_step(f"cd {quoted(folder)}")
        else:
            self.world.next_step("Write your assignments into class.toml.")
        return 0
