"""Submissions as they lie in the class folder: a student's lessons, and where they came from.

    submissions/<assignment>/<student>/modules/NN_name/name.py
    submissions/<assignment>/<student>/submission.json

Only lessons of the course are ever read from there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tito.core.files import read_regular
from tito.core.workspace.workspace import Module, modules_in

ABOUT = "submission.json"
LARGEST = 5_000_000  # bytes of one lesson, a hundred times a long one


@dataclass(frozen=True)
class Submission:
    """What one student handed in: the lessons by their path, `modules/01_tensor/tensor.py`."""

    student: str
    files: Mapping[str, bytes]
    sha256: str
    source: str = ""
    submitted_at: str | None = None  # ISO, UTC
    problems: tuple[str, ...] = field(default=())


def submissions_folder(root: Path, assignment: str) -> Path:
    return root / "submissions" / assignment


def lesson_path(module: Module) -> str:
    """The path of a lesson in a workspace and in a submission."""
    return f"modules/{module.name}/{module.lesson.name}"


def module_of(path: str) -> str:
    """The name of the module whose lesson has this path."""
    return path.split("/")[1]


def hash_of(files: Mapping[str, bytes]) -> str:
    """One hash of all files, by name; the files may stand in any order."""
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{name} {hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return whole.hexdigest()


def read_submission(root: Path, assignment: str, student: str) -> Submission | None:
    """A student's submission; None if there are no lessons."""
    folder = submissions_folder(root, assignment) / student
    files, problems = read_submission_in(folder)
    if not files:
        return None
    about = _about(folder / ABOUT)
    return Submission(
        student,
        files,
        hash_of(files),
        source=str(about.get("source", "")),
        submitted_at=about.get("submitted_at"),
        problems=(*map(str, about.get("problems", ())), *problems),
    )


def read_submission_in(folder: Path) -> tuple[dict[str, bytes], list[str]]:
    """The lessons below `folder`, by their path, and what is wrong with others."""
    files, problems = dict[str, bytes](), list[str]()
    for module in modules_in(folder):
        name = lesson_path(module)
        if module.folder.is_symlink() or module.lesson.is_symlink():
            problems.append(f"{name} is a link")
            continue
        try:
            files[name] = read_regular(module.lesson, LARGEST)
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(f"{name} cannot be read: {error}")
    return files, problems


def _about(path: Path) -> dict[str, Any]:
    """What was noted when it was collected; a folder that was filled by hand has nothing."""
    try:
        found = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
