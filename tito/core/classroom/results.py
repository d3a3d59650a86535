"""Results of grading, one JSON file for each student. They hold what was seen, never points.

A file is replaced in one step; the result before it goes to the history first, so that a killed
grader leaves the old result, or the new one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tito.core.files import read_regular, write_whole
from tito.core.outcome import StrEnum

SCHEMA = 1
Result = dict[str, Any]


class GradeState(StrEnum):
    """What a result is: only a graded one says anything about the student's code."""

    GRADED = "graded"
    COULD_NOT_RUN = "could_not_run"
    MISSING = "missing"


def results_folder(root: Path, assignment: str) -> Path:
    return root / "results" / assignment


def result_path(root: Path, assignment: str, student: str) -> Path:
    return results_folder(root, assignment) / f"{student}.json"


def read_result(path: Path) -> Result | None:
    """The result in a file; None if there is none, or it is damaged."""
    try:
        found = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None


def results_of(root: Path, assignment: str) -> dict[str, Result]:
    """The newest results by student, in the order of the IDs."""
    paths = sorted(results_folder(root, assignment).glob("*.json"))
    found = {path.stem: read_result(path) for path in paths if not path.name.startswith(".")}
    return {student: result for student, result in found.items() if result is not None}


def history_of(root: Path, assignment: str, student: str) -> list[Result]:
    """The earlier results of a student, oldest first."""
    paths = sorted((results_folder(root, assignment) / "history" / student).glob("*.json"))
    return [result for result in map(read_result, paths) if result is not None]


def write_result(root: Path, result: Mapping[str, Any]) -> None:
    """Store a result; the one before it is kept in the history."""
    student, assignment = str(result["student"]), str(result["assignment"])
    path = result_path(root, assignment, student)
    path.parent.mkdir(parents=True, exist_ok=True)
    before = read_result(path)
    if before is not None:
        kept = path.parent / "history" / student / f"{_as_name(before['graded_at'])}.json"
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, _as_text(before))
    write_whole(path, _as_text(result))


def _as_text(result: Mapping[str, Any]) -> bytes:
    return (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode()


def _as_name(moment: object) -> str:
    """`2027-03-01T12:00:00.250+00:00` as a file's name, on Windows too."""
    return re.sub(r"[^0-9A-Za-z.+-]", "", str(moment)) or "unknown"
