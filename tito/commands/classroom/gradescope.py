"""`tito class gradescope ASSIGNMENT`: an autograder for Gradescope, and what runs inside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tito import __version__
from tito.commands.base import BaseCommand, add_trust
from tito.core.errors import UsageError
from tito.core.words import counted

if TYPE_CHECKING:
    import argparse

    from tito.workflows.classroom.autograde import Graded

SHOWN = ("visible", "after_due_date", "after_published", "hidden")


class ClassGradescopeCommand(BaseCommand):
    """Build the zip; with --run, grade in Gradescope's folders. Exit code 3: no verdict."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("assignment", metavar="ASSIGNMENT", nargs="?", help="its id")
        parser.add_argument(
            "-o", "--out", metavar="ZIP", default="autograder.zip", help="default: autograder.zip"
        )
        parser.add_argument(
            "--visibility", choices=SHOWN, help="when students see the tests (default: visible)"
        )
        add_trust(parser)
        parser.add_argument(
            "--run", metavar="ROOT", help="grade ROOT/submission; its own run_autograder calls it"
        )

    def run(self, args: argparse.Namespace) -> int:
        if args.run is not None:
            return self._grade(self.world.cwd / args.run)
        if args.assignment is None:
            raise UsageError("Which assignment?", hint="tito class gradescope a1")
        return self._build(args)

    def _build(self, args: argparse.Namespace) -> int:
        from tito.core.classroom.bundle import as_zip
        from tito.workflows.classroom.autograder import RUNNABLE, gradescope_files, write_out

        files = gradescope_files(
            self.world, args.assignment, args.visibility, judged=not args.trust
        )
        data = as_zip(files, RUNNABLE)
        path = self.world.cwd / args.out
        write_out(path, data)
        self.world.say_whole(
            f"{args.out}: {counted(len(files), 'file')}, {len(data) / 1e6:.1f} MB, "
            f"course {__version__}, without roster and secret"
        )
        self.world.say("It has the course's answers: give it to Gradescope, to nobody else.")
        self.world.next_step("In Gradescope: Configure Autograder, Zip file upload.")
        return 0

    def _grade(self, root: Path) -> int:
        from tito.workflows.classroom.autograde import autograde, gradescope_times

        times = gradescope_times(root)
        found = autograde(
            self.world,
            root / "source",
            root / "submission",
            times,
            lambda graded: self._write(root, graded),
        )
        self._write(root, found)
        self.world.say(f"Judged in {found.seconds:.0f} s.")
        return 0

    def _write(self, root: Path, found: Graded) -> None:
        from tito.views.classroom.results_json import gradescope_json
        from tito.workflows.classroom.autograder import write_out

        data = json.dumps(gradescope_json(found), ensure_ascii=True, indent=1)
        write_out(root / "results" / "results.json", data.encode())
