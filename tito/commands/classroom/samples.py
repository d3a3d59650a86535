"""`tito class samples ASSIGNMENT DIR`: five submissions of nobody, to try a class with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand
from tito.core.classroom.config import find_class, read_class
from tito.core.words import quoted

if TYPE_CHECKING:
    import argparse


class ClassSamplesCommand(BaseCommand):
    """They have the course's answers: do not give them to students."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("assignment", metavar="ASSIGNMENT", help="its id in class.toml")
        parser.add_argument("folder", metavar="DIR", help="a new folder")

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.classroom.samples import write_samples

        config = read_class(find_class(self.world.cwd))
        assignment = config.assignment(args.assignment)
        found = write_samples(self.world.cwd / args.folder, assignment)
        self.world.say_whole(f"Five submissions and their roster are in {args.folder}:")
        for student, text in found.items():
            self.world.say(f"  {student:<8} {text}")
        self.world.say("Some have the course's answers: do not give them to students.")
        place = quoted(Path(args.folder) / "handed-in")
        self.world.next_step(f"tito class collect {assignment.id} {place}")
        return 0
