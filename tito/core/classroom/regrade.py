"""What changed since the last report, and why. Pure.

Every report leaves `scores.json`; the next one compares itself with it. So a regrade, a late
submission and an edit of class.toml are all seen, each with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tito.core.classroom.gradebook import Entry, Gradebook
from tito.core.classroom.points import Mark, rounded

SCHEMA = 1
Scores = dict[str, Any]
# What a result was made with; the first three are reasons in themselves.
MADE_WITH = ("submission", "course", "seed", "python", "numpy")


@dataclass(frozen=True)
class Change:
    """One student's points before and now (None: not known), what differs, and why."""

    student: str
    before: str | None
    now: str | None
    items: tuple[str, ...]
    why: tuple[str, ...]


def scores_of(book: Gradebook) -> Scores:
    """The scores as they are kept."""
    return {
        "schema": SCHEMA,
        "assignment": book.assignment.id,
        "maximum": rounded(book.maximum),
        "points": {_key(mark): rounded(mark.item.points) for mark in _first_marks(book)},
        "students": {entry.student.id: _scores(entry) for entry in book.entries},
    }


def _first_marks(book: Gradebook) -> tuple[Mark, ...]:
    return book.entries[0].score.marks if book.entries else ()


def _scores(entry: Entry) -> dict[str, Any]:
    result = entry.result
    made = {key: result.get(key) for key in MADE_WITH if key in result}
    made["submission"] = (result.get("submission") or {}).get("sha256")
    return {
        "state": str(entry.state),
        "points": _text(entry.points),
        "days_late": entry.days,
        "taken": rounded(entry.share * 100),
        "graded_at": result.get("graded_at"),
        "made_with": made,
        "items": {_key(m): [str(m.state), _text(m.earned)] for m in entry.score.marks},
    }


def _key(mark: Mark) -> str:
    return f"{mark.item.module} {mark.item.key}".strip()


def _text(points: Any) -> str | None:
    return None if points is None else rounded(points)


def changes(before: Mapping[str, Any], now: Scores) -> list[Change]:
    """Who has other points, or the same for other reasons, than in the last report."""
    former, found = before.get("students", {}), []
    for student, line in now["students"].items():
        old = former.get(student)
        if old is None:
            continue
        items = tuple(_item_changes(old.get("items", {}), line["items"]))
        if items or old.get("points") != line["points"]:
            why = tuple(_reasons(old, line)) + tuple(_rules(before, now))
            found.append(
                Change(student, old.get("points"), line["points"], items, why or ("graded again",))
            )
    return found


def _item_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key, (state, points) in new.items():
        was, had = old.get(key, (None, None))
        if was is None:
            yield f"{key}: new, {state}"
        elif was != state:
            yield f"{key}: {_words(was)} → {_words(state)}"
        elif had != points:
            yield f"{key}: {had} → {points} points"
    yield from (f"{key}: no longer asked for" for key in old if key not in new)


def _words(state: str) -> str:
    return state.replace("_", " ")


def _reasons(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    was, made = old.get("made_with", {}), new["made_with"]
    if was.get("submission") != made.get("submission"):
        yield "another submission" if was.get("submission") else "a first submission"
    for key in MADE_WITH[1:]:
        if was.get(key) != made.get(key) and was.get("submission"):
            yield f"{key} {was.get(key)} → {made.get(key)}"
    if (old.get("days_late"), old.get("taken")) != (new["days_late"], new["taken"]):
        yield (
            f"late: {old.get('days_late')} days, -{old.get('taken')} % → "
            f"{new['days_late']} days, -{new['taken']} %"
        )


def _rules(before: Mapping[str, Any], now: Scores) -> Iterator[str]:
    if before.get("points") != now["points"]:
        yield "the points in class.toml"
