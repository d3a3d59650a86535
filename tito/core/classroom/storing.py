"""Put a submission into the class folder: the whole of it, or nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tito.core.classroom.submissions import ABOUT, hash_of, submissions_folder
from tito.core.files import patiently, read_regular
from tito.core.folders import delete
from tito.core.outcome import StrEnum

NEW, OLD = ".new-", ".old-"


class Stored(StrEnum):
    """What storing a submission has changed."""

    NEW = "new"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"


def store(
    root: Path,
    assignment: str,
    student: str,
    files: Mapping[str, bytes],
    *,
    source: str,
    submitted_at: str | None,
    problems: Sequence[str] = (),
) -> Stored:
    """Replace a student's submission. The same files again change nothing but their note."""
    folder = submissions_folder(root, assignment)
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "student": student,
        "source": source,
        "submitted_at": submitted_at,
        "sha256": hash_of(files),
        "files": sorted(files),
        "problems": list(problems),
    }
    target = folder / student
    if _about(target) == about:
        return Stored.UNCHANGED
    there = target.exists()
    staging = Path(tempfile.mkdtemp(prefix=NEW, dir=folder))
    try:
        for name, data in files.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_bytes(data)
        text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
        (staging / ABOUT).write_bytes(text.encode())
        staging.chmod(0o755)
        _swap(staging, target)
    finally:
        delete(staging)
    return Stored.REPLACED if there else Stored.NEW


def _swap(staging: Path, target: Path) -> None:
    old = target.with_name(f"{OLD}{target.name}")
    delete(old)
    if target.exists():
        patiently(lambda: target.rename(old))
    patiently(lambda: staging.rename(target))
    delete(old)


def tidy(root: Path, assignment: str) -> None:
    """Undo what a killed collection has left in the middle of a swap."""
    folder = submissions_folder(root, assignment)
    for left in folder.glob(f"{NEW}*"):
        delete(left)
    for old in folder.glob(f"{OLD}*"):
        target = folder / old.name[len(OLD) :]
        if target.exists():
            delete(old)
        else:
            old.rename(target)


def _about(folder: Path) -> object:
    try:
        return json.loads(read_regular(folder / ABOUT))
    except (OSError, ValueError, RecursionError):
        return None
