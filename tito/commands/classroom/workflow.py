"""`tito class workflow`: a GitHub Actions file that judges each push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand
from tito.core.classroom.config import find_class, read_class
from tito.core.errors import UsageError, reporting_os_errors
from tito.core.files import write_whole

if TYPE_CHECKING:
    import argparse


class ClassWorkflowCommand(BaseCommand):
    """Print the file, or write it into a repository."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        from tito.workflows.classroom.actions import PACKAGE

        parser.add_argument(
            "assignment",
            nargs="?",
            metavar="ASSIGNMENT",
            help="its modules and milestones (default: all modules that are begun)",
        )
        parser.add_argument("--write", metavar="DIR", help="into this repository")
        parser.add_argument(
            "--package", default=PACKAGE, help=f"what pip installs (default: {PACKAGE})"
        )

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.classroom.actions import PLACE, workflow_text

        modules, milestones = self._wanted(args.assignment)
        text = workflow_text(modules, milestones, args.package)
        if not args.write:
            self.world.say_whole(text.rstrip("\n"))
            return 0
        root = self.world.cwd / args.write
        if not root.is_dir():
            raise UsageError("There is no such folder.", where=str(root))
        path = root / PLACE
        with reporting_os_errors("The workflow cannot be written: {}.", where=path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text.encode())
        self.world.say_whole(f"Written: {path}")
        self.world.next_step(f"git add {PLACE}")
        return 0

    def _wanted(self, assignment: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if assignment is None:
            return (), ()
        found = read_class(find_class(self.world.cwd)).assignment(assignment)
        return tuple(name[:2] for name in found.modules), found.milestones
