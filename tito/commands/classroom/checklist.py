"""`tito class checklist [NN ...]`: judge the lessons here as a submission would be.

In GitHub Actions the checklist is also the summary of the run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tito.commands.base import BaseCommand, add_json
from tito.core.errors import reporting_os_errors
from tito.core.outcome import Outcome

if TYPE_CHECKING:
    import argparse

SUMMARY = "GITHUB_STEP_SUMMARY"


class ClassChecklistCommand(BaseCommand):
    """Exit code 0: all passed; 1: something is wrong or open; 3: something could not run."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "modules", nargs="*", metavar="NN", help="modules (default: all that are begun)"
        )
        parser.add_argument(
            "--milestone", action="append", default=[], metavar="ID", help="a milestone too"
        )
        parser.add_argument(
            "--trust",
            action="store_true",
            help="test modules in the process of your own code: faster, and as `tito module test`",
        )
        add_json(parser)

    def run(self, args: argparse.Namespace) -> int:
        from tito.views.classroom.summary import summary
        from tito.workflows.classroom.checklist import checklist

        seen = checklist(
            self.workspace,
            args.modules,
            args.milestone,
            self.world.env,
            lambda name: self.world.say_aside(f"Judging {name} ..."),
            judged=not args.trust,
        )
        text = summary(seen)
        place = self.world.env.get(SUMMARY)
        if place:
            with (
                reporting_os_errors("The summary cannot be written: {}.", where=place),
                Path(place).open("a", encoding="utf-8", newline="\n") as file,
            ):
                file.write(text)
        if args.json:
            self.world.emit_json(seen)
        else:
            self.world.say_whole(text)
        return _exit_code(seen)


def _exit_code(seen: dict[str, Any]) -> int:
    states = {each["state"] for each in [*seen["modules"], *seen["milestones"]]}
    if Outcome.COULD_NOT_RUN.value in states:
        return 3
    return 0 if states <= {Outcome.PASSED.value} else 1
