"""`tito class report ASSIGNMENT`: gradebooks, feedback pages and an overview, from the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand
from tito.core.errors import UsageError
from tito.core.words import counted, enumerated

if TYPE_CHECKING:
    import argparse

    from tito.core.classroom.filling import Filling
    from tito.core.classroom.gradebook import Entry, Gradebook
    from tito.core.classroom.regrade import Change
    from tito.workflows.classroom.report import Report


class ClassReportCommand(BaseCommand):
    """Count points and write reports/ASSIGNMENT/; nothing is judged, nothing leaves the machine."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("assignment", metavar="ASSIGNMENT", help="its id in class.toml")
        parser.add_argument(
            "--canvas", metavar="CSV", help="fill scores into your export of Canvas's gradebook"
        )
        parser.add_argument(
            "--moodle", metavar="CSV", help="fill grades into an offline grading worksheet"
        )
        parser.add_argument(
            "--column", metavar="NAME", help="the column to fill, if its title is not the one here"
        )
        parser.add_argument(
            "--zeros", action="store_true", help="there, write 0 for who handed nothing in"
        )
        parser.add_argument(
            "--anonymous", action="store_true", help="pseudonyms in place of ids and names"
        )

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.classroom.report import compare_with_last, read_gradebook, write_report

        if args.anonymous and (args.canvas or args.moodle):
            raise UsageError(
                "--anonymous leaves out the names that Canvas and Moodle need.",
                hint="tito class report --help",
            )
        folder, book = read_gradebook(self.world, args.assignment, anonymous=args.anonymous)
        filled = self._filled(args, book)
        report = compare_with_last(folder, book)
        files = {name: filling.sheet.encoded() for name, filling in filled.items()}
        write_report(report, {**files_of(book), **files}, self.world.now())
        self._say(report, filled)
        return 0

    def _filled(self, args: argparse.Namespace, book: Gradebook) -> dict[str, Filling]:
        """The teacher's own files, filled, by the names of the copies."""
        from tito.core.classroom.canvas import fill_canvas
        from tito.core.classroom.moodle import fill_moodle
        from tito.core.classroom.sheet import read_sheet
        from tito.workflows.classroom.report import grades_of

        roster = [entry.student for entry in book.entries]
        grades, found = grades_of(book, zeros=args.zeros), {}
        titles = list(dict.fromkeys([book.assignment.title, book.assignment.id]))
        if args.canvas:
            sheet = read_sheet(self.world.cwd / args.canvas)
            found["canvas.csv"] = fill_canvas(sheet, roster, grades, titles, args.column)
        if args.moodle:
            sheet = read_sheet(self.world.cwd / args.moodle)
            found["moodle.csv"] = fill_moodle(sheet, roster, grades, args.column)
        return found

    # -------------------------------------------------------------------------- what is said

    def _say(self, report: Report, filled: dict[str, Filling]) -> None:
        from tito.views.classroom.overview import standing

        book, say = report.book, self.world.say
        say(f"{book.assignment.title} ({book.assignment.id}): {standing(book)}", "bold")
        for entry in book.not_judged:
            say(f"  {not_judged_line(entry)}", "yellow")
        if book.strangers:
            say(f"  Not on the roster, left out: {enumerated(book.strangers)}", "yellow")
        self._say_changes(report)
        for name, filling in filled.items():
            self._say_filling(name, filling)
        self.world.say_whole(f"Written to {self._shown(report.folder)}")
        self._say_next(book, report.folder)

    def _say_changes(self, report: Report) -> None:
        if report.is_first:
            return
        if not report.changes:
            self.world.say("Since the last report, no score has changed.")
            return
        self.world.say(f"Since the last report, {counted(len(report.changes), 'score')} changed:")
        for change in report.changes:
            self.world.say(f"  {change_line(change)}")

    def _say_filling(self, name: str, filling: Filling) -> None:
        say = self.world.say
        say(f"{name}: {counted(len(filling.filled), 'score')} in the column {filling.column}")
        if filling.scale:
            say(f"  {filling.scale}")
        for line in filling.unknown:
            say(f"  {line}: not on the roster, left as it was", "yellow")
        for student, why in filling.left.items():
            say(f"  {student}: left as it was ({why})")
        for student in filling.absent:
            say(f"  {student}: has no row in this file", "yellow")

    def _say_next(self, book: Gradebook, folder: Path) -> None:
        again = [entry.student.id for entry in book.not_judged]
        if again:
            name = book.assignment.id
            self.world.next_step(
                f"tito class grade {name}", "what could not be judged is tried again"
            )
        else:
            self.world.next_step(f"Open {self._shown(folder / 'overview.html')}.")

    def _shown(self, path: Path) -> str:
        """Relative to the current folder where that is shorter to read."""
        cwd = self.world.cwd.resolve()
        return str(path.relative_to(cwd) if path.is_relative_to(cwd) else path)


def not_judged_line(entry: Entry) -> str:
    stuck = entry.score.not_judged
    parts = f"{enumerated([mark.item.label for mark in stuck])} could not be"
    if len(stuck) == len(entry.score.marks):
        parts = "nothing could be"
    why = f": {entry.details.splitlines()[0]}" if entry.details else "."
    return f"{entry.student.id}: no score, {parts} judged{why}"


def change_line(change: Change) -> str:
    """`ada: 8 → 10 points (2.5: failed → passed). Why: another submission`."""
    before, now = (
        points if points is not None else "no score" for points in (change.before, change.now)
    )
    items = f" ({enumerated(change.items)})" if change.items else ""
    return f"{change.student}: {before} → {now}{items}. Why: {', '.join(change.why)}"


def files_of(book: Gradebook) -> dict[str, bytes]:
    """Every file of the report by its name in the folder."""
    from tito.views.classroom.feedback import feedback_html, feedback_markdown
    from tito.views.classroom.overview import overview_csv, overview_html
    from tito.views.classroom.results_json import classroom50_json
    from tito.views.classroom.tables import classroom50_csv, nbgrader_csv, students_csv

    files = {
        "gradebook.csv": nbgrader_csv(book),
        "students.csv": students_csv(book),
        "classroom50.csv": classroom50_csv(book),
        "overview.csv": overview_csv(book),
        "overview.html": overview_html(book),
    }
    for entry in book.entries:
        name = entry.student.id
        files[f"feedback/{name}.md"] = feedback_markdown(entry, book)
        files[f"feedback/{name}.html"] = feedback_html(entry, book)
        if entry.is_judged:
            found = classroom50_json(entry, book)
            files[f"classroom50/{name}.json"] = (
                json.dumps(found, indent=1, ensure_ascii=False) + "\n"
            )
    return {name: text.encode("utf-8", errors="replace") for name, text in files.items()}
