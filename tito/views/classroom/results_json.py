"""One student's result for Classroom 50 and for Gradescope.

Neither is written for a result that could not be judged: both systems take what is missing for
"could not run", and a file for a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tito.core.classroom.gradebook import Entry, Gradebook
from tito.core.classroom.points import Mark, State, rounded
from tito.core.console import visible
from tito.views.classroom.feedback import details, in_words
from tito.views.classroom.tables import iso, user_of

LONGEST = 100  # bytes of a test's name in Classroom 50
OUTPUT = 8_000  # characters of one part's output in Gradescope


def classroom50_json(entry: Entry, book: Gradebook) -> dict[str, Any]:
    """Its `result.json` (foundation50/classroom50). Points are whole numbers there."""
    return {
        "schema": "classroom50/result/v1",
        "classroom": book.class_name,
        "assignment": book.assignment.id,
        "assignment_type": "individual",
        "owner": user_of(entry),
        "datetime": iso(entry.submitted),
        "graded_at": str(entry.result.get("graded_at", "")),
        "score": whole(entry.points or Fraction(0)),
        "max-score": whole(book.maximum),
        "tests": [_classroom50_test(mark) for mark in entry.score.marks],
    }


def _classroom50_test(mark: Mark) -> dict[str, Any]:
    return {
        "test-name": cut(mark.item.label, LONGEST),
        "passed": mark.state is State.PASSED,
        "score": whole(mark.earned or Fraction(0)),
        "max-score": whole(mark.item.points),
        "state": str(mark.state),
    }


def gradescope_json(
    entry: Entry, book: Gradebook, *, seconds: float, visibility: str, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Its `results.json` (gradescope-autograders.readthedocs.io/en/latest/specs)."""
    return {
        "score": number(entry.points or entry.score.so_far),
        "execution_time": round(seconds),
        "output": f"{rounded(entry.score.so_far)} of {rounded(book.maximum)} points",
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "extra_data": dict(extra),
        "tests": [_gradescope_test(mark, book, visibility) for mark in entry.score.marks],
    }


def _gradescope_test(mark: Mark, book: Gradebook, visibility: str) -> dict[str, Any]:
    message, where, hint = details(mark, hidden=book.assignment.hidden)
    place = f"in {where}" if where else ""
    parts = [in_words(mark), message, place, f"Hint: {hint}" if hint else ""]
    return {
        "name": mark.item.title,
        "number": mark.item.key,
        "score": number(mark.earned or Fraction(0)),
        "max_score": number(mark.item.points),
        "status": "passed" if mark.state is State.PASSED else "failed",
        "output": visible("\n\n".join(filter(None, parts)))[:OUTPUT],
        "output_format": "text",
        "tags": [str(mark.state)],
        "visibility": visibility,
    }


def whole(points: Fraction) -> int:
    return int(rounded(points, 0))


def number(points: Fraction) -> float:
    return float(rounded(points))


def cut(text: str, limit: int) -> str:
    """At most that many bytes of UTF-8."""
    return text.encode()[:limit].decode(errors="ignore")
