"""`tito report`: the journey so far, in the terminal or as one HTML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tito.commands.base import BaseCommand
from tito.core.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from tito.workflows.report import Journey


class ReportCommand(BaseCommand):
    """Reads what is recorded and kept; nothing is run."""

    name: ClassVar[str] = "report"
    help: ClassVar[str] = (
        "Your journey: modules with dates, milestones with their curves and pictures."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--html", metavar="FILE", help="write one HTML file that needs no network"
        )

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.report import journey

        with self.world.tracker.translating_errors():
            found = journey(self.world)
            if args.html:
                self._write(found, args.html)
            else:
                self._say(found)
        return 0

    def _say(self, found: Journey) -> None:
        from tito.core.console import UNICODE
        from tito.views.curves import ASCII, BRAILLE
        from tito.views.report_text import report_lines

        dots = BRAILLE if self.world.symbols is UNICODE else ASCII
        for text, style in report_lines(found, dots, self.console.width):
            self.world.say(text, style or None)
        self.world.say()
        self.world.next_step("tito report --html report.html", "with all pictures")

    def _write(self, found: Journey, name: str) -> None:
        from tito.core.files import write_whole
        from tito.views.report.page import report_html

        path = self.world.cwd / name
        refuse_unless_writable(path)
        write_whole(path, report_html(found).encode("utf-8"))
        self.world.say_whole(f"Written: {path}")
        self.world.next_step("Open it in a browser; it needs no network.")


def refuse_unless_writable(path: Path) -> None:
    """Raise UsageError for a folder, and for a file that is something else, such as a lesson."""
    if path.suffix.lower() not in (".html", ".htm") or path.is_dir():
        raise UsageError(
            f"{path.name} is no name for an HTML file.", hint="tito report --html report.html"
        )
    if not path.parent.is_dir():
        raise UsageError(
            "This folder does not exist.",
            where=str(path.parent),
            hint="tito report --html report.html",
        )
