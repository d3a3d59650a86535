"""One student's result for Classroom 50 and for Gradescope.

Neither is written for a result that could not be judged: both systems take what is missing for
"could not run", and a file for a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tito.core.classroom.gradebook import Entry, Gradebook, late_text
from tito.core.classroom.points import Mark, State, rounded
from tito.core.console import visible
from tito.views.classroom.feedback import details, in_words
from tito.views.classroom.tables import iso, user_of

if TYPE_CHECKING:
    from tito.workflows.classroom.autograde import Graded

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


def gradescope_json(found: Graded) -> dict[str, Any]:
    """Its `results.json` (gradescope-autograders.readthedocs.io/en/latest/specs).

    While it is graded, only what is judged so far, and no score.
    """
    book, entry, shown = found.book, found.book.entries[0], found.job.visibility
    judged = [mark for mark in entry.score.marks if mark.earned is not None]
    result = {
        "execution_time": round(found.seconds),
        "output": "\n".join(_gradescope_lines(found)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": shown,
        "stdout_visibility": "hidden",
        "extra_data": {
            "course": entry.result.get("course"),
            "seed": found.job.seed,
            "sha256": (entry.result.get("submission") or {}).get("sha256"),
            "days_late": entry.days,
        },
        "tests": [_gradescope_test(mark, book, shown) for mark in judged],
    }
    # the score counts, not the tests' sum: the late policy has had its share
    score = entry.points if found.is_whole else None
    return result if score is None else result | {"score": number(score)}


def _gradescope_lines(found: Graded) -> Iterator[str]:
    entry, maximum = found.book.entries[0], rounded(found.book.maximum)
    if not found.is_whole:
        yield f"Not finished: {len(entry.score.not_judged)} parts are not judged yet."
        return
    yield f"{rounded(entry.points or Fraction(0))} of {maximum} points"
    late = late_text(entry)
    if late:
        yield f"Handed in {late}."
    yield from (visible(problem) for problem in found.problems)


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
