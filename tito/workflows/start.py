"""What `tito module start` does: read the lesson, note the start, find missing modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tito import FRAMEWORK
from tito.core.errors import TitoError
from tito.core.export.compose import outlines, read_package
from tito.core.export.pending import is_flat
from tito.core.export.prerequisites import missing_modules
from tito.core.lesson.file import LessonFile, read_lesson

if TYPE_CHECKING:
    from tito.core.lesson.lesson import Lesson
    from tito.core.workspace.workspace import Module, Workspace
    from tito.world import World

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


class Offer(NamedTuple):
    """Public names, and the module they are imported from."""

    place: str
    names: list[str]


@dataclass(frozen=True)
class Start:
    """What `start` returns about a module."""

    lesson: Lesson
    offers: list[Offer]
    missing: list[str]  # the modules it builds on that are not exported yet
    is_new: bool


def start(world: World, module: Module) -> Start:
    file = read_lesson(world.workspace, module)
    return Start(
        file.lesson,
        offers_of(file.lesson),
        missing_for(world.workspace, file),
        world.mark_started(module),
    )


def offers_of(lesson: Lesson) -> list[Offer]:
    """The public names a lesson adds, if it is valid Python."""
    try:
        by_target = lesson.names
    except UNREADABLE:
        return [Offer(FRAMEWORK, ["(the lesson is not valid Python at the moment)"])]
    return [Offer(_place(target, lesson), names) for target, names in by_target.items()]


def _place(target: str, lesson: Lesson) -> str:
    parent = target.rpartition(".")[0]
    flat = is_flat(target, lesson)
    return f"{FRAMEWORK}.{parent}".rstrip(".") if flat else f"{FRAMEWORK}.{target}"


def missing_for(workspace: Workspace, file: LessonFile) -> list[str]:
    try:
        package = read_package(workspace)
        return missing_modules(file, package, outlines(workspace, package))
    except (TitoError, *UNREADABLE):
        return []  # a damaged package must not stop a start; test and complete report it
