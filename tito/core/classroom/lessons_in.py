"""The lessons among what somebody handed in: a workspace, its modules/, or single files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from tito.core.classroom.submissions import LARGEST, lesson_path
from tito.core.classroom.trees import LARGEST_ZIP, Entry, UnreadableError, in_zip
from tito.core.folders import DEEPEST
from tito.core.workspace.workspace import Module, course

# Folders of a workspace whose files are no answers: backups, generated code, environments.
NOT_HANDED_IN = {
    ".git", ".tito", ".venv", "venv", "env", "tinytorch", "__pycache__", "__MACOSX",
    "node_modules", "site-packages", ".ipynb_checkpoints",
}  # fmt: skip
TOO_DEEP = f"folders nested deeper than {DEEPEST} are not looked into"
AGAIN = r"(?:-\d+| ?\(\d+\))?"  # what Canvas and browsers add to a name that is there already


def lessons_in(entries: Sequence[Entry]) -> tuple[dict[str, bytes], list[str]]:
    """The lessons by their path in a workspace, and what was odd. Zip files inside are opened."""
    found = {}
    entries = [e for e in entries if not NOT_HANDED_IN & set(e.path.parts)]
    problems = [TOO_DEEP] if any(e.is_too_deep for e in entries) else []
    entries, refused = _opened([e for e in entries if not e.is_too_deep])
    problems += refused
    for module in course().modules:
        candidates = _candidates(module, entries)
        if not candidates:
            continue
        first, *others = candidates
        if others:
            names = ", ".join(str(each.path) for each in candidates)
            problems.append(f"{module.lesson.name} is there more than once: {names}")
        try:
            found[lesson_path(module)] = first.read(LARGEST)
        except UnreadableError as error:
            problems.append(str(error))
    return found, problems


def _opened(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """The files, with those of zip files in place of the zip files (one level deep)."""
    found: list[Entry] = []
    problems = []
    for entry in entries:
        if entry.path.suffix.lower() != ".zip":
            found.append(entry)
            continue
        try:
            inner = in_zip(entry.read(LARGEST_ZIP))
        except UnreadableError as error:
            problems.append(f"{entry.path}: {error}")
            continue
        found += [e for e in inner if not NOT_HANDED_IN & set(e.path.parts)]
    return found, problems


def _candidates(module: Module, entries: Sequence[Entry]) -> list[Entry]:
    """The files that could be this lesson, of the best kind that there is, shallowest first."""
    named = re.compile(re.escape(module.short) + AGAIN + r"\.py")
    own = [e for e in entries if named.fullmatch(_plain(e.path))]
    in_place = [e for e in own if e.path.parent.name == module.name]
    loose = [e for e in own if e.path.parent.name != module.name and _is_loose(e.path)]
    return sorted(in_place or loose, key=lambda entry: (len(entry.path.parts), entry.path))


def _plain(path: PurePosixPath) -> str:
    return path.name


def _is_loose(path: PurePosixPath) -> bool:
    """Whether a file is not in the folder of another module, nor among tests."""
    return not any(re.match(r"\d\d_", part) or part == "tests" for part in path.parts[:-1])
