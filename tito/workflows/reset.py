"""Make a lesson blank again, and keep a dated copy of the old one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tito.core.errors import MachineError, TitoError, reporting_os_errors
from tito.core.files import write_whole
from tito.core.lesson.file import read_lesson
from tito.core.lesson.lesson import LessonError
from tito.core.workspace.workspace import Module, Workspace, course

if TYPE_CHECKING:
    from datetime import datetime

    from tito.world import World


def find_original(workspace: Workspace, text: str) -> tuple[Module, Module]:
    """The workspace's module and the course's own, even if the workspace has lost its folder."""
    if workspace.is_authors:
        raise TitoError(
            "This is the course itself: its lessons are the solved ones, and git keeps them.",
            where=str(workspace.root),
            hint="tito init ../my-tinytorch  (a workspace with blank lessons)",
        )
    try:
        module = workspace.resolve(text)
    except TitoError:
        original = next((m for m in course().modules if text in _names(m)), None)
        if original is None:
            raise
        return Module(workspace.root / "modules" / original.name), original
    original = course().module(module.name)
    if original is None:
        raise TitoError(
            f"The course has no module {module.name}, so there is no blank lesson to restore.",
            hint="tito module list",
        )
    return module, original


def reset(world: World, module: Module, original: Module) -> Path | None:
    """Write the blank lesson; return the path of the old one's copy, None if there was none."""
    blank = blank_of(original)
    with reporting_os_errors(
        "The lesson could not be reset: {}. Your file was not changed.", where=module.lesson
    ):
        kept = keep_copy(world.workspace, module, world.now())
        module.folder.mkdir(parents=True, exist_ok=True)
        for name in ("given", "tests", "hints"):
            ours, theirs = getattr(module, name), getattr(original, name)
            if not ours.exists() and theirs.exists():
                shutil.copyfile(theirs, ours)
        write_whole(module.lesson, blank.encode())
    world.notes.forget(module)
    return kept


def blank_of(original: Module) -> str:
    try:
        return read_lesson(course(), original).lesson.blank()
    except LessonError as error:
        raise MachineError(
            f"The course's own lesson is damaged: {error.message}", where=error.where
        ) from error


def keep_copy(workspace: Workspace, module: Module, now: datetime) -> Path | None:
    """Copy the lesson to a dated name that no later reset overwrites."""
    if not module.lesson.is_file():
        return None  # a pipe or a device holds nothing that could be kept
    folder = workspace.scratch / "kept"
    folder.mkdir(parents=True, exist_ok=True)
    for count in range(1000):
        extra = f"-{count}" if count else ""
        copy = folder / f"{module.name}-{now:%Y-%m-%d-%H%M%S}{extra}.py"
        if not copy.exists():
            shutil.copy2(module.lesson, copy)
            return copy
    raise OSError(f"too many copies in {folder}")


def _names(module: Module) -> set[str]:
    return {module.name, module.short, module.number, str(int(module.number))}
