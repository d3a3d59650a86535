"""Put a lesson back to its blank, and keep what was there in a dated copy."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from tito.core.errors import MachineError, TitoError
from tito.core.files import write_whole
from tito.core.lesson.file import read_lesson
from tito.core.lesson.lesson import LessonError
from tito.core.workspace.course import course_root
from tito.core.workspace.notes import Notes
from tito.core.workspace.workspace import Module, Workspace, modules_in


def find_original(workspace: Workspace, text: str) -> tuple[Module, Module]:
    """The workspace's module and the course's own, even when the workspace has lost its folder."""
    course = Workspace(course_root())
    if workspace.is_authors:
        raise TitoError(
            "This is the course itself: its lessons are the solved ones, and git keeps them.",
            where=str(workspace.root),
            hint="tito init ../my-tinytorch  (a workspace with blank lessons)",
        )
    try:
        module = workspace.resolve(text)
    except TitoError:
        original = next((m for m in modules_in(course.root) if text in _names(m)), None)
        if original is None:
            raise
        return Module(workspace.root / "modules" / original.name), original
    for original in modules_in(course.root):
        if original.name == module.name:
            return module, original
    raise TitoError(
        f"The course has no module {module.name}, so there is no blank to go back to.",
        hint="tito module list",
    )


def reset(workspace: Workspace, module: Module, original: Module) -> Path | None:
    """Write the blank; returns where the old lesson is kept, None when there was none."""
    try:
        blank = read_lesson(Workspace(course_root()), original).lesson.blank()
    except LessonError as error:
        raise MachineError(
            f"The course's own lesson is damaged: {error.message}", where=error.where
        ) from error
    try:
        kept = keep_copy(workspace, module)
        module.folder.mkdir(parents=True, exist_ok=True)
        for ours, theirs in ((module.tests, original.tests), (module.hints, original.hints)):
            if not ours.exists() and theirs.exists():
                shutil.copyfile(theirs, ours)
        write_whole(module.lesson, blank.encode())
    except OSError as error:
        raise MachineError(
            f"The lesson could not be reset: {error.strerror or error}. Your file is as it was.",
            where=str(error.filename or module.lesson),
            hint="tito doctor",
        ) from error
    Notes.of(workspace).forget(module)
    return kept


def keep_copy(workspace: Workspace, module: Module) -> Path | None:
    """A copy that no later reset overwrites."""
    if not module.lesson.exists():
        return None
    moment = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    folder = workspace.scratch / "kept"
    folder.mkdir(parents=True, exist_ok=True)
    for count in range(1000):
        extra = f"-{count}" if count else ""
        copy = folder / f"{module.name}-{moment}{extra}.py"
        if not copy.exists():
            shutil.copy2(module.lesson, copy)
            return copy
    raise OSError(f"too many copies in {folder}")


def _names(module: Module) -> set[str]:
    return {module.name, module.short, module.number, str(int(module.number))}
