"""`tito class release ASSIGNMENT`: the students' starter, as a zip and as a git repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand
from tito.core.classroom.config import find_class, read_class
from tito.core.words import counted

if TYPE_CHECKING:
    import argparse

    from tito.workflows.classroom.release import Starter

SHOWN = 10


class ClassReleaseCommand(BaseCommand):
    """Make the starter, or bring one that is there up to date."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        from tito.workflows.classroom.actions import PACKAGE

        parser.add_argument("assignment", metavar="ASSIGNMENT", help="its id in class.toml")
        parser.add_argument(
            "--package",
            default=PACKAGE,
            help=f"what pip installs in GitHub Actions (default: {PACKAGE})",
        )

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.classroom.release import release

        config = read_class(find_class(self.world.cwd))
        assignment = config.assignment(args.assignment)
        found = release(config, assignment, self.world.env, args.package)
        shown = found.folder.relative_to(config.root).as_posix()
        self._tell(found)
        self.world.say_whole(f"  {shown}.zip   for a page or a mail")
        if found.commit is None:
            self.world.say_whole(f"  {shown}/      the same files (git is not installed)")
            self.world.next_step(f"Give {shown}.zip to the class.")
        else:
            self.world.say_whole(f"  {shown}/      a git repository, at {found.commit[:10]}")
            self.world.next_step(f"git -C {shown} push --all URL", "or give the zip to the class")
        return 0

    def _tell(self, found: Starter) -> None:
        say = self.world.say_whole
        if found.is_first:
            say(f"The starter is ready, with {counted(len(found.added), 'file')}:")
        elif found.is_same:
            say("The starter is as it was: nothing in the course or the assignment has changed.")
        else:
            say("The starter is released again. Who has begun takes it over with: tito update")
        if found.is_first:
            return
        for verb, names in (
            ("changed", found.changed),
            ("new", found.added),
            ("removed", found.removed),
        ):
            for name in names[:SHOWN]:
                say(f"  {verb}: {name}")
            if len(names) > SHOWN:
                say(f"  {verb}: {len(names) - SHOWN} more")
