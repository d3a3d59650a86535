"""What the writers of Canvas's and Moodle's files share: whose row it is, and which score goes in.

Only rows and columns that the file has are filled. A row of nobody on the roster is left alone and
reported; it never stops the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from tito.core.classroom.points import rounded
from tito.core.classroom.roster import Student
from tito.core.classroom.sheet import NUMBER, Sheet
from tito.core.errors import UsageError


@dataclass(frozen=True)
class Grade:
    """One student's points, of `maximum`. None: nothing that may be written as a score."""

    points: Fraction | None
    maximum: Fraction
    comment: str = ""  # plain text, without anything that a student's code wrote
    why_not: str = ""  # why there are no points


@dataclass
class Filling:
    """A filled file, and everything about it that its owner should know."""

    sheet: Sheet
    at: int  # the column that is filled
    scale: str = ""  # "12 points here are 100 there", where the two differ
    filled: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # rows that fit nobody on the roster
    absent: list[str] = field(default_factory=list)  # students with points but without a row
    left: dict[str, str] = field(default_factory=dict)  # rows that were left alone, and why

    @property
    def column(self) -> str:
        return self.sheet.cell(0, self.at)

    @cached_property
    def decimal_mark(self) -> str:
        """What the file writes its numbers with: of its own column first, else of any."""
        return self.sheet.decimal_mark([self.at, *range(len(self.sheet.rows[0]))])

    def note_absent(self, grades: Mapping[str, Grade]) -> None:
        """Note who has points that the file has no row for."""
        seen = {*self.filled, *self.left}
        self.absent = [
            student
            for student, grade in grades.items()
            if grade.points is not None and student not in seen
        ]


class Finder:
    """Finds a student by the values of a row. A value that two students share finds nobody."""

    def __init__(self, roster: Sequence[Student]) -> None:
        self._by: dict[str, dict[str, set[str]]] = {}
        for student in roster:
            for heading, value in _values(student):
                same = self._by.setdefault(heading, {}).setdefault(_folded(value), set())
                same.add(student.id)

    def by(self, value: str, *headings: str) -> str | None:
        """The id of the one student that has this value in one of these columns."""
        wanted = _folded(value)
        columns = (self._by.get(heading, {}) for heading in headings)
        found = {student for column in columns for student in column.get(wanted, ())}
        return found.pop() if wanted and len(found) == 1 else None


def _values(student: Student) -> Iterator[tuple[str, str]]:
    """A student's values by column, and the names that other systems make of them."""
    yield from student.more.items()
    yield from (("id", student.id), ("email", student.email))
    yield "account", student.email.partition("@")[0]
    yield "name", f"{student.last_name}, {student.first_name}"
    yield "name", f"{student.first_name} {student.last_name}"


def _folded(value: str) -> str:
    return " ".join(value.casefold().split())


def as_number(text: str) -> Fraction | None:
    """A number of the file, with a decimal comma or point; None for anything else."""
    plain = text.strip()
    if not (plain.isascii() and (plain.isdigit() or NUMBER.fullmatch(plain))):
        return None
    return Fraction(plain.replace(",", "."))


def scaled(grade: Grade, there: Fraction | None) -> Fraction | None:
    """The points as a share of what the other system counts with, if it says so."""
    if grade.points is None or there is None or not grade.maximum:
        return grade.points
    return grade.points * there / grade.maximum


def scale_note(grades: Iterable[Grade], there: Fraction | None) -> str:
    """What is said where the two maxima differ."""
    here = next((grade.maximum for grade in grades), None)
    if here is None or there is None or here == there:
        return ""
    return f"{rounded(here)} points in class.toml are {rounded(there)} there; scores are scaled"


def heading_of(headings: Sequence[str], known: Iterable[str]) -> int | None:
    """The column whose heading is one of the known words."""
    words = {word.casefold() for word in known}
    return next((i for i, text in enumerate(headings) if text.strip().casefold() in words), None)


def chosen_column(sheet: Sheet, headings: Sequence[str], named: str) -> int:
    """The column that the teacher named; UsageError if the file has none of that name."""
    found = heading_of(headings, [named])
    if found is None:
        raise UsageError(
            f"This file has no column {named!r}; nothing is added to it.",
            where=str(sheet.path),
            hint=f"Its columns: {', '.join(filter(None, headings))}.",
        )
    return found


def put_grade(
    filling: Filling,
    place: tuple[int, int],
    student: str,
    grade: Grade | None,
    maximum: Fraction | None,
) -> bool:
    """Fill one row's grade; return False, and note why, if there is nothing to fill in.

    `maximum` is the other system's, if its file names one.
    """
    points = scaled(grade, maximum) if grade else None
    if grade is None or points is None:
        filling.left[student] = grade.why_not if grade else "no result"
        return False
    filling.sheet.put(*place, rounded(points).replace(".", filling.decimal_mark))
    filling.filled.append(student)
    filling.scale = filling.scale or scale_note([grade], maximum)
    return True
