"""`tito class collect ASSIGNMENT PATH…`: bring what was handed in into the class folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand, add_json
from tito.core.classroom.config import find_class, read_class
from tito.core.errors import UsageError

if TYPE_CHECKING:
    import argparse


class ClassCollectCommand(BaseCommand):
    """Exit code 0, even if somebody's submission is missing or cannot be read: that is shown."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("assignment", metavar="ASSIGNMENT", help="its id in class.toml")
        parser.add_argument(
            "paths",
            nargs="*",
            metavar="PATH",
            help="a download of Gradescope, Canvas or Moodle, or a folder or zip file with a "
            "folder or zip file for each student",
        )
        parser.add_argument(
            "--git", metavar="COLUMN", help="fetch the repositories in this column of the roster"
        )
        add_json(parser)
        parser.intermixed = True  # type: ignore[attr-defined]

    def run(self, args: argparse.Namespace) -> int:
        from tito.views.classroom.collecting import collected_json, show_collected
        from tito.workflows.classroom.collecting import collect

        if not args.paths and args.git is None:
            raise UsageError(
                "From where? Give folders or zip files, or --git and a column of the roster.",
                hint=f"tito class collect {args.assignment} downloads/",
            )
        config = read_class(find_class(self.world.cwd))
        assignment = config.assignment(args.assignment)
        paths = [self.world.cwd / path for path in args.paths]
        found = collect(config, assignment, paths, git_column=args.git, env=self.world.env)
        if args.json:
            self.world.emit_json(collected_json(found))
        else:
            show_collected(self.world, found)
            self.world.next_step(f"tito class grade {assignment.id}")
        return 0
