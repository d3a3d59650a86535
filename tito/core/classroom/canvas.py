"""Fill the gradebook that a teacher exported from Canvas, for its import.

Canvas takes a column it does not know for a new assignment, and a score for an order to overwrite:
so only cells of one column that is there are filled. Format: instructure/canvas-lms,
lib/gradebook_importer.rb.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

from tito.core.classroom.filling import (
    Filling,
    Finder,
    Grade,
    as_number,
    chosen_column,
    heading_of,
    put_grade,
)
from tito.core.classroom.roster import Student
from tito.core.classroom.sheet import Sheet
from tito.core.errors import UsageError

ASSIGNMENT = re.compile(r"(?P<title>.+?)\s*\((?P<id>\d+)\)")
POSSIBLE = "points possible"
NOT_PEOPLE = (POSSIBLE, "manual posting", "student, test")
READ_ONLY = "(read only)"
EXCUSED = "EX"


def fill_canvas(
    sheet: Sheet,
    roster: Sequence[Student],
    grades: Mapping[str, Grade],
    titles: Sequence[str],
    column: str | None = None,
) -> Filling:
    """Fill the assignment's column. `titles` are the words that may name it; `column` chooses."""
    headings = sheet.row(0)
    if heading_of(headings, ["student"]) is None or heading_of(headings, ["id"]) is None:
        raise UsageError(
            "This is not a gradebook from Canvas: its first line has no Student and ID.",
            where=str(sheet.path),
            hint="In Canvas: Grades, Export, Export Entire Gradebook.",
        )
    at = _assignment(sheet, headings, titles, column)
    possible = _possible(sheet, at)
    filling = Filling(sheet, at)
    find = Finder(roster)
    for row in range(1, len(sheet.rows)):
        if _is_person(sheet.cell(row, 0)):
            student = _student(sheet, row, headings, find)
            _fill_row(filling, (row, at), student, grades, possible)
    filling.note_absent(grades)
    return filling


def _fill_row(
    filling: Filling,
    place: tuple[int, int],
    student: str | None,
    grades: Mapping[str, Grade],
    possible: Fraction | None,
) -> None:
    if student is None:
        filling.unknown.append(f"row {place[0] + 1}: {filling.sheet.cell(place[0], 0)}")
    elif filling.sheet.cell(*place).strip().upper() == EXCUSED:
        filling.left[student] = "excused in Canvas"
    else:
        put_grade(filling, place, student, grades.get(student), possible)


def _is_person(name: str) -> bool:
    return bool(name.strip()) and not name.strip().casefold().startswith(NOT_PEOPLE)


def _assignment(
    sheet: Sheet, headings: Sequence[str], titles: Sequence[str], column: str | None
) -> int:
    if column is not None:
        return _writable(sheet, chosen_column(sheet, headings, column))
    words = {title.casefold() for title in titles}
    known = [i for i, text in enumerate(headings) if ASSIGNMENT.fullmatch(text.strip())]
    found = [i for i in known if _title(headings[i]).casefold() in words]
    if len(found) == 1:
        return _writable(sheet, found[0])
    listed = ", ".join(headings[i] for i in known) or "none"
    raise UsageError(
        f"{'No column' if not found else 'More than one column'} of this file is called "
        f"{' or '.join(titles)}; nothing is added to it.",
        where=str(sheet.path),
        hint=f'Choose one with --column "NAME". Its assignments: {listed}.',
    )


def _title(heading: str) -> str:
    match = ASSIGNMENT.fullmatch(heading.strip())
    return match["title"] if match else heading


def _writable(sheet: Sheet, at: int) -> int:
    for row in range(1, len(sheet.rows)):
        if not _is_person(sheet.cell(row, 0)) and sheet.cell(row, at).strip() == READ_ONLY:
            raise UsageError(
                f"Canvas does not let anybody change the column {sheet.cell(0, at)!r}.",
                where=str(sheet.path),
            )
    return at


def _possible(sheet: Sheet, at: int) -> Fraction | None:
    for row in range(1, len(sheet.rows)):
        if sheet.cell(row, 0).strip().casefold().startswith(POSSIBLE):
            return as_number(sheet.cell(row, at)) or None
    return None


def _student(sheet: Sheet, row: int, headings: Sequence[str], find: Finder) -> str | None:
    """In the order in which Canvas itself looks: its ID, the two SIS IDs, the name."""

    def value(heading: str) -> str:
        at = heading_of(headings, [heading])
        return "" if at is None else sheet.cell(row, at)

    return (
        find.by(value("ID"), "canvas_id")
        or find.by(value("SIS User ID"), "id", "sis_user_id")
        or find.by(value("SIS Login ID"), "id", "email", "login")
        or find.by(value("SIS Login ID"), "account")
        or find.by(sheet.cell(row, 0), "name")
    )
