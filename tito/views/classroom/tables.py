"""The gradebook as CSV: nbgrader's columns, Classroom 50's, and one line for each student."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from fractions import Fraction

from tito.core.classroom.gradebook import Entry, Gradebook, counted_done
from tito.core.classroom.points import rounded
from tito.core.console import visible

# jupyter/nbgrader, nbgrader/plugins/export.py
NBGRADER = (
    "assignment,duedate,timestamp,student_id,last_name,first_name,email,"
    "raw_score,late_submission_penalty,score,max_score"
)
# foundation50/classroom50: what its command line writes
CLASSROOM50 = (
    "username,first_name,last_name,email,section,score,max_score,datetime,submission_tag,"
    "submitted_by,review_url,late,override"
)
STUDENTS = (
    "student_id,last_name,first_name,state,points,max_points,raw_points,days_late,late_percent,"
    "submitted_at,hours_after_deadline,parts_passed,reason"
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run these


def nbgrader_csv(book: Gradebook) -> str:
    """Missing work has no timestamp and zeros; what could not be judged has no score."""
    return as_csv(NBGRADER.split(","), (_nbgrader_row(entry, book) for entry in book.entries))


def _nbgrader_row(entry: Entry, book: Gradebook) -> list[str]:
    student = entry.student
    return [
        book.assignment.id,
        _naive_utc(book.assignment.due),
        _naive_utc(entry.submitted),
        student.id,
        student.last_name,
        student.first_name,
        student.email,
        points(entry.raw),
        points(entry.penalty),
        points(entry.points),
        rounded(book.maximum),
    ]


def students_csv(book: Gradebook) -> str:
    """One line for each student, with each part's points."""
    parts = [item.key for item in book.items]
    rows = ([*_student_row(entry, book), *_earned(entry)] for entry in book.entries)
    return as_csv([*STUDENTS.split(","), *parts], rows)


def _student_row(entry: Entry, book: Gradebook) -> list[str]:
    student, after = entry.student, entry.after
    hours = "" if after is None else rounded(Fraction(round(after.total_seconds()), 3600))
    return [
        student.id,
        student.last_name,
        student.first_name,
        str(entry.state),
        points(entry.points),
        rounded(book.maximum),
        points(entry.raw),
        str(entry.days),
        rounded(entry.share * 100),
        iso(entry.submitted),
        hours,
        str(counted_done(entry.score.marks)),
        safe(" ".join(filter(None, (entry.reason, entry.details)))),
    ]


def _earned(entry: Entry) -> list[str]:
    return [points(mark.earned) for mark in entry.score.marks]


def classroom50_csv(book: Gradebook) -> str:
    """Whole points, as it takes; students without a score are left out."""
    return as_csv(CLASSROOM50.split(","), (_classroom50_row(e, book) for e in book.graded))


def _classroom50_row(entry: Entry, book: Gradebook) -> list[str]:
    student = entry.student
    return [
        user_of(entry),
        student.first_name,
        student.last_name,
        student.email,
        student.more.get("section", ""),
        rounded(entry.points or Fraction(0), 0),
        rounded(book.maximum, 0),
        iso(entry.submitted),
        "",
        user_of(entry),
        "",
        "true" if entry.days else "false",
        "",
    ]


def user_of(entry: Entry) -> str:
    """The name of the account at GitHub, or else the id."""
    return entry.student.more.get("github") or entry.student.id


# ------------------------------------------------------------------------------ cells


def points(value: Fraction | None) -> str:
    return "" if value is None else rounded(value)


def iso(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def _naive_utc(moment: datetime | None) -> str:
    """As nbgrader's database has it: UTC, without saying so."""
    return "" if moment is None else f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S}"


def safe(text: str) -> str:
    """A student's text in a cell: visible, on one line, and never a formula."""
    line = " ".join(visible(text).split())
    return f"'{line}" if line.startswith(FORMULA) else line


def as_csv(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()
