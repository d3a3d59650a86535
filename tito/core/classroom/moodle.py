"""Fill the offline grading worksheet of a Moodle assignment, for its upload.

Only the grade and the feedback change. Moodle translates its headings: those of four languages are
known, and `--column` names the grade in any other. It cancels the whole upload for one grade over
the maximum, so that scores are scaled to the maximum that the file names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

GRADE = ("Grade", "Bewertung", "Note", "Calificación")
MAXIMUM = ("Maximum Grade", "Bestwertung", "Note maximale", "Calificación máxima")
FEEDBACK = (
    "Feedback comments",
    "Feedback als Kommentar",
    "Feedback par commentaires",
    "Comentarios de retroalimentación",
)
EMAIL = ("Email address", "E-Mail-Adresse", "E-Mail", "Adresse de courriel", "Dirección de correo")
NUMBER = ("ID number", "ID-Nummer", "Numéro d'identification", "Número de ID")
NAME = ("Full name", "Vollständiger Name", "Nom complet", "Nombre completo")
CHANGEABLE = (
    "Grade can be changed",
    "Bewertung kann geändert werden",
    "Cette note peut être modifiée",
    "La calificación puede ser cambiada",
)
NO = ("no", "nein", "non")


def fill_moodle(
    sheet: Sheet, roster: Sequence[Student], grades: Mapping[str, Grade], column: str | None = None
) -> Filling:
    """Fill the grade, and the feedback where the file has that column."""
    headings = sheet.row(0)
    at = chosen_column(sheet, headings, column) if column else heading_of(headings, GRADE)
    if at is None:
        raise UsageError(
            "This worksheet has no column for the grade that tito knows.",
            where=str(sheet.path),
            hint=f'Name it with --column "NAME". Its columns: {", ".join(headings)}.',
        )
    filling = Filling(sheet, at)
    find = Finder(roster)
    for row in range(1, len(sheet.rows)):
        if any(cell.strip() for cell in sheet.row(row)):
            _fill_row(filling, row, at, find, grades)
    filling.note_absent(grades)
    return filling


def _fill_row(
    filling: Filling, row: int, at: int, find: Finder, grades: Mapping[str, Grade]
) -> None:
    sheet = filling.sheet
    student = _student(sheet, row, find)
    if student is None:
        filling.unknown.append(f"row {row + 1}: {_value(sheet, row, NAME) or sheet.cell(row, 0)}")
        return
    if _value(sheet, row, CHANGEABLE).strip().casefold() in NO:
        filling.left[student] = "locked in Moodle"
        return
    grade, maximum = grades.get(student), as_number(_value(sheet, row, MAXIMUM)) or None
    feedback = heading_of(sheet.row(0), FEEDBACK)
    if put_grade(filling, (row, at), student, grade, maximum) and grade and feedback is not None:
        sheet.put(row, feedback, grade.comment)


def _value(sheet: Sheet, row: int, headings: Sequence[str]) -> str:
    at = heading_of(sheet.row(0), headings)
    return "" if at is None else sheet.cell(row, at)


def _student(sheet: Sheet, row: int, find: Finder) -> str | None:
    return (
        find.by(_value(sheet, row, EMAIL), "email")
        or find.by(_value(sheet, row, NUMBER), "id")
        or find.by(_value(sheet, row, NAME), "name")
    )
