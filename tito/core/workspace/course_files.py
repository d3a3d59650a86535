"""The files that judge a student's code, and the workspace's copies of them.

The copies are there to be read. Somebody may have edited them, which changes no verdict.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tito.core.errors import reporting_os_errors
from tito.core.workspace.course import course_root
from tito.core.workspace.workspace import Workspace, modules_in

if TYPE_CHECKING:
    from datetime import datetime


def course_files(course: Path) -> Iterator[str]:
    """The names of all course files except the lessons."""
    for module in modules_in(course):
        for path in (module.given, module.tests, module.hints):
            if path.is_file():
                yield path.relative_to(course).as_posix()
    yield from milestone_files(course)


def milestone_files(course: Path) -> Iterator[str]:
    for path in sorted((course / "tests" / "milestones").rglob("*")):
        inside = path.relative_to(course)
        hidden = any(part.startswith((".", "__")) for part in inside.parts[:-1])
        if path.is_file() and not hidden and not path.name.startswith("."):
            yield inside.as_posix()


def differs(workspace: Workspace, name: str) -> bool:
    """Whether this workspace's copy of a file of the course was edited. Nothing is judged by it."""
    original, copy = workspace.judge.root / name, workspace.root / name
    both = original.is_file() and copy.is_file()
    return both and normalized(original) != normalized(copy)


def is_edited(workspace: Workspace, name: str) -> bool:
    """Whether a file that judges is not the installed course's: only a chosen course's may be."""
    judging, original = workspace.judge.root / name, course_root() / name
    if judging == original or not judging.is_file():
        return False
    return not original.is_file() or normalized(original) != normalized(judging)


def normalized(path: Path) -> bytes:
    """The file's bytes with \\n line ends: git on Windows may have changed them."""
    return path.read_bytes().replace(b"\r\n", b"\n")


def verification_files(workspace: Workspace) -> list[str]:
    """The names of the Python files that judge milestones."""
    return [name for name in milestone_files(workspace.judge.root) if name.endswith(".py")]


def differing_files(workspace: Workspace) -> tuple[list[str], list[str]]:
    """The names of course files that are missing, and of those that were changed."""
    names = list(course_files(workspace.judge.root))
    missing = [name for name in names if not (workspace.root / name).is_file()]
    return missing, [name for name in names if differs(workspace, name)]


def restore_course_files(workspace: Workspace, now: datetime) -> tuple[list[str], Path | None]:
    """Restore the course's files; return their names and the folder of the old versions."""
    missing, changed = differing_files(workspace)
    kept = workspace.scratch / f"replaced-{now:%Y%m%d-%H%M%S}"
    with reporting_os_errors(
        "The files could not be restored: {}.",
        where=workspace.root,
        hint="Free some disk space or fix the permissions, then run the command again.",
    ):
        for name in changed:
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(workspace.root / name, kept / name)
        for name in (*missing, *changed):
            target = workspace.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(workspace.judge.root / name, target)
    return [*missing, *changed], kept if changed else None
