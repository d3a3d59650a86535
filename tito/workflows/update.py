"""Take a new release of the course over into a workspace in which somebody has begun.

Lessons are merged, tests, hints and milestones replaced; everything that is replaced is kept in a
dated folder, and one step back is possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tito import __version__
from tito.core.errors import TitoError, UsageError, reporting_os_errors
from tito.core.export.lock import workspace_lock
from tito.core.files import read_regular, write_whole
from tito.core.lesson.file import blank_lessons, read_lesson
from tito.core.lesson.lesson import Lesson, LessonError
from tito.core.lesson.merge import Conflict, merge
from tito.core.workspace.course_files import course_files, normalized
from tito.core.workspace.release import (
    FOLDER,
    LIST,
    Release,
    kept_lesson,
    read_release,
    release_files,
)
from tito.core.workspace.replacement import (
    files_before,
    new_folder,
    replace_files,
    replacements,
)
from tito.core.workspace.workspace import Module, Workspace

if TYPE_CHECKING:
    from tito.world import World

NEW = "new"  # in the dated folder: the course's own text of lessons with conflicts
SAVED = "Writing failed: {}. Nothing was changed."


@dataclass(frozen=True)
class LessonUpdate:
    """What the new release brings to one lesson."""

    name: str  # modules/01_tensor/tensor.py
    taken: int = 0  # cells
    conflicts: tuple[Conflict, ...] = ()
    problem: LessonError | None = None  # why it could not be merged
    is_new: bool = False
    had_base: bool = True


@dataclass(frozen=True)
class Update:
    """A plan, and after it was carried out the folder with what was there before."""

    version_before: str | None
    version: str
    lessons: tuple[LessonUpdate, ...]
    others: tuple[str, ...]  # tests, hints and milestones that are replaced or new
    files: Mapping[str, bytes | None]
    beside: Mapping[str, str]  # the new release's text of lessons with conflicts
    folder: Path | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the workspace already has this release."""
        return not self.lessons and not self.others

    @property
    def lacks_base(self) -> bool:
        return any(not lesson.had_base for lesson in self.lessons)


@dataclass(frozen=True)
class Undone:
    """The files that are as they were before the update, and where those of now are kept."""

    names: tuple[str, ...]
    kept: Path


def plan(workspace: Workspace) -> Update:
    """What the installed course would change in the workspace. Nothing is written."""
    refuse_the_course(workspace)
    release, blanks = read_release(workspace), blank_lessons(workspace.judge)
    found, files, beside = [], dict[str, bytes | None](), dict[str, str]()
    for name, blank in blanks.items():
        lesson, data = _merged(workspace, release, name, blank)
        if lesson is not None:
            found.append(lesson)
        if data is not None:
            files[name] = data
        if lesson is not None and (lesson.conflicts or lesson.problem):
            beside[name] = blank
    others = tuple(_others(workspace))
    files.update({name: (workspace.judge.root / name).read_bytes() for name in others})
    waiting = {lesson.name for lesson in found if lesson.problem}
    files.update(_record(workspace, release, blanks, waiting))
    before = release.version if release else None
    return Update(before, __version__, tuple(found), others, files, beside)


def refuse_the_course(workspace: Workspace) -> None:
    if workspace.is_authors:
        raise UsageError(
            "This is the course itself: git brings its new releases.",
            where=str(workspace.root),
            hint="git pull",
        )


def _merged(
    workspace: Workspace, release: Release | None, name: str, blank: str
) -> tuple[LessonUpdate | None, bytes | None]:
    """What changes in a lesson, and its new bytes; None where nothing does."""
    path = workspace.root / name
    if not path.exists():
        return LessonUpdate(name, is_new=True), blank.encode()
    base = kept_lesson(workspace, name, release)
    if base == blank:
        return None, None
    try:
        mine = read_lesson(workspace, Module(path.parent)).lesson
        merged = merge(Lesson(base, name) if base else None, Lesson(blank, name), mine)
    except LessonError as problem:
        return LessonUpdate(name, problem=problem), None
    changed = merged.text != mine.text
    if not changed and not merged.conflicts:
        return None, None
    lesson = LessonUpdate(name, merged.taken, merged.conflicts, had_base=base is not None)
    return lesson, _with_line_ends_of(path, merged.text) if changed else None


def _with_line_ends_of(path: Path, text: str) -> bytes:
    """The text with the line ends of the file: git on Windows, or an editor, may have set them."""
    crlf = b"\r\n" in read_regular(path)
    return (text.replace("\n", "\r\n") if crlf else text).encode()


def _others(workspace: Workspace) -> list[str]:
    course = workspace.judge.root
    return [
        name
        for name in course_files(course)
        if not (workspace.root / name).is_file()
        or normalized(workspace.root / name) != normalized(course / name)
    ]


def _record(
    workspace: Workspace, old: Release | None, blanks: Mapping[str, str], waiting: set[str]
) -> dict[str, bytes]:
    """The files that note this release, as far as they differ from those that are there.

    Lessons that wait for a merge stay noted as they are. The list comes first: until it is written,
    a lesson beside it counts as not kept.
    """
    older = {name: value for name, value in (old.files if old else {}).items() if name in waiting}
    merged = {name: text for name, text in blanks.items() if name not in waiting}
    wanted = release_files(workspace.judge.root, merged, older)
    return {
        name: data
        for name, data in sorted(wanted.items(), key=lambda item: item[0] != LIST)
        if not (workspace.root / name).is_file() or (workspace.root / name).read_bytes() != data
    }


def update(world: World) -> Update:
    """Carry the plan out, all of it or nothing."""
    workspace = world.workspace
    with (
        workspace_lock(workspace, lambda: None, world.is_recorded),
        reporting_os_errors(SAVED, where=workspace.root),
    ):
        found = plan(workspace)
        if not found.files:
            return found
        if found.is_empty:  # only what is noted of the release
            for name, data in found.files.items():
                (workspace.root / name).parent.mkdir(parents=True, exist_ok=True)
                write_whole(workspace.root / name, data or b"")
            return found
        folder = new_folder(workspace, world.now())
        for name, text in found.beside.items():
            (folder / NEW / name).parent.mkdir(parents=True, exist_ok=True)
            write_whole(folder / NEW / name, text.encode())
        replace_files(workspace, found.files, folder)
    return Update(**{**vars(found), "folder": folder})


def undo(world: World) -> Undone:
    """Put back what the last update has replaced; what is there now is kept in its turn."""
    workspace = world.workspace
    with (
        workspace_lock(workspace, lambda: None, world.is_recorded),
        reporting_os_errors(SAVED, where=workspace.root),
    ):
        done = replacements(workspace)
        if not done:
            raise TitoError(
                "There is no update to undo in this workspace.",
                where=str(workspace.root),
                hint="tito update --check",
            )
        files = files_before(done[-1])
        folder = new_folder(workspace, world.now())
        replace_files(workspace, files, folder)
    return Undone(tuple(name for name in files if not name.startswith(FOLDER)), folder)
