"""`roster.csv`: who is in the class. Excel's files are read too (a BOM, `;` for `,`)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tito.core.classroom.keys import is_name
from tito.core.errors import TitoError, os_reason
from tito.core.files import read_regular

ROSTER = "roster.csv"
NEEDED = ("id",)
KNOWN = ("id", "last_name", "first_name", "email")
FEW = 5  # mistakes that one error lists


@dataclass(frozen=True)
class Student:
    """One line of the roster. Of other columns (section, github, …) `more` has the texts."""

    id: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`Ada Lovelace`, or the ID where the roster has no names."""
        return f"{self.first_name} {self.last_name}".strip() or self.id


def read_roster(folder: Path) -> list[Student]:
    """The students in the roster's order; TitoError names each line with a mistake."""
    path = folder / ROSTER
    try:
        text = read_regular(path).decode("utf-8-sig")
    except OSError as error:
        raise _unreadable(path, f"The roster cannot be read: {os_reason(error)}.") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        text = f"Line {line} of the roster is not UTF-8: save it as “CSV UTF-8”."
        raise _unreadable(path, text) from error
    rows = _rows(path, text)
    students = [_student(row) for _, row in rows]
    mistakes = list(_mistakes([line for line, _ in rows], students))
    if mistakes:
        more = len(mistakes) - FEW
        shown = mistakes[:FEW] + ([f"and {more} more"] if more > 0 else [])
        raise _unreadable(path, "The roster has mistakes.", excerpt="\n".join(shown))
    return students


def _unreadable(path: Path, text: str, excerpt: str | None = None) -> TitoError:
    hint = f"The first line of {ROSTER} is: id,last_name,first_name,email"
    return TitoError(text, where=str(path), excerpt=excerpt, hint=f"{hint}.")


def _rows(path: Path, text: str) -> list[tuple[int, dict[str, str]]]:
    """The rows by column name, and the line each of them ends in."""
    header = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=_delimiter(header), strict=True)
    try:
        columns = [_column(word) for word in next(reader, [])]
        if any(name not in columns for name in NEEDED):
            raise _unreadable(path, "The roster's first line names no column `id`.")
        twice = next((name for name in columns if name and columns.count(name) > 1), None)
        if twice:
            raise _unreadable(path, f"The roster's first line names the column {twice!r} twice.")
        return [
            (reader.line_num, dict(zip(columns, map(str.strip, row), strict=False)))
            for row in reader
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise _unreadable(path, f"Line {reader.line_num} of the roster: {error}.") from error


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _column(word: str) -> str:
    return word.strip().lower().replace(" ", "_")


def _student(row: Mapping[str, str]) -> Student:
    more = {name: text for name, text in row.items() if name and name not in KNOWN}
    last, first, email = (row.get(name, "") for name in KNOWN[1:])
    return Student(row.get("id", ""), last, first, email, more)


def _mistakes(lines: list[int], students: list[Student]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for line, student in zip(lines, students, strict=True):
        if not is_name(student.id):
            yield f"line {line}: the id {student.id!r} names a folder: letters, digits and ._@-"
            continue
        before = seen.setdefault(student.id.casefold(), line)  # a disk may not tell a from A
        if before != line:
            yield f"line {line}: the id {student.id!r} is in line {before} already"
