"""`tito class similar ASSIGNMENT`: the students' own code, ready for JPlag and Dolos."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand
from tito.core.classroom.config import find_class, read_class
from tito.core.errors import UsageError
from tito.core.words import counted

if TYPE_CHECKING:
    import argparse

    from tito.workflows.classroom.similar import Ran

READ = "Similar is not copied: look at each pair before you speak to anybody."


class ClassSimilarCommand(BaseCommand):
    """Write the files; run the tools where they are installed. Exit code 3: a tool failed."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("assignment", metavar="ASSIGNMENT", help="its id in class.toml")
        parser.add_argument(
            "--anonymous", action="store_true", help="pseudonyms in place of IDs and names"
        )
        parser.add_argument("--jplag", metavar="JAR", help="JPlag's jar file, to run it with java")
        parser.add_argument("--no-run", action="store_true", help="only write the files")

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.classroom.similar import run_tools, write_layouts

        jar = self.world.cwd / args.jplag if args.jplag else None
        if jar is not None and not jar.is_file():
            raise UsageError("There is no such jar file.", where=str(jar))
        config = read_class(find_class(self.world.cwd))
        found = write_layouts(config, config.assignment(args.assignment), anonymous=args.anonymous)
        self.world.say(
            f"The own code of {counted(len(found.students), 'student')}, without what the course "
            "gives:"
        )
        shown = found.folder.relative_to(config.root).as_posix()
        self.world.say_whole(f"  {shown}/jplag   one folder a student; {'_base'} is the given code")
        self.world.say_whole(f"  {shown}/dolos   one zip a module, with info.csv")
        for name in found.unread:
            self.world.say_whole(f"  left out, not UTF-8: {name}")
        ran = [] if args.no_run else run_tools(found, self.world.env, jar)
        self._tell(ran, found.folder)
        return 3 if any(each.failed for each in ran) else 0

    def _tell(self, ran: list[Ran], folder: Path) -> None:
        for each in ran:
            verdict = f"failed: {each.failed}" if each.failed else "done"
            self.world.say_whole(f"  {shlex.join(each.command)}: {verdict}")
        if ran:
            self.world.next_step(READ)
            return
        self.world.say("Neither tool was run here. With Dolos (npm install -g @dodona/dolos):")
        for path in sorted((folder / "dolos").glob("*.zip")):
            template = path.with_name(f"{path.stem}-template.py").name
            command = f"dolos run -f csv -l python -i {template} {path.name}"
            self.world.say_whole(f"  {command}")
        self.world.next_step(READ)
