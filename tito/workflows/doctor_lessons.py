"""What `tito doctor` checks in lessons, and all that it puts back there: given imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.core.errors import TitoError, reporting_os_errors
from tito.core.files import write_whole
from tito.core.lesson.file import check, lost_tasks, read_lesson, reference, unmarked_tasks, was_cut
from tito.core.lesson.given_imports import missing_imports, with_imports
from tito.core.words import counted, enumerated
from tito.core.workspace.course import FIX
from tito.core.workspace.workspace import Module, Workspace, course
from tito.workflows.doctor_machine import Finding, Level
from tito.workflows.reset import keep_copy

if TYPE_CHECKING:
    from datetime import datetime


def check_lessons(workspace: Workspace) -> list[Finding]:
    missing = [
        Finding(
            Level.YOURS, f"modules/{module.name} is missing", f"tito module reset {module.number}"
        )
        for module in course().modules
        if not (workspace.root / "modules" / module.name).is_dir()
    ]
    broken = [f for module in workspace.modules if (f := check_lesson(workspace, module))]
    if broken or missing:
        return missing + broken
    return [Finding(Level.GOOD, f"{counted(len(workspace.modules), 'lesson')} can be read")]


def check_lesson(workspace: Workspace, module: Module) -> Finding | None:
    try:
        file = read_lesson(workspace, module)
        check(file)
    except TitoError as error:
        where = error.where or workspace.shown(module.lesson)
        return Finding(Level.YOURS, f"{where}: {error}", error.hint)
    solved = reference(module.name)
    original = solved.lesson if solved else None
    lost = lost_tasks(file.lesson, original)
    if lost:
        numbers = enumerated([task.number for task in lost])
        if was_cut(file.lesson, original):
            text = f"{workspace.shown(module.lesson)} has lost task {numbers}"
            return Finding(Level.YOURS, text, f"tito module reset {module.number}")
        text = f"{workspace.shown(module.lesson)}: no heading above the answer to task {numbers}"
        return Finding(Level.NOTE, text, f"Put the line '{lost[0].heading}' back.")
    unmarked = unmarked_tasks(file.lesson, original)
    if unmarked:
        where, lines = workspace.shown(module.lesson), "### BEGIN SOLUTION and ### END SOLUTION"
        text = f"{where}: no {lines} around an answer to task {enumerated(unmarked)}"
        return Finding(Level.NOTE, text, "Put the lines back, so that tito finds your answers.")
    missing = missing_imports(file.lesson, original) if original else ()
    imports = [line for _, lines in missing for line in lines]
    if imports:
        where = workspace.shown(module.lesson)
        text = f"{where}: `{imports[0]}` is missing, which the course gives"
        more = len(imports) - 1
        return Finding(Level.YOURS, f"{text}, and {more} more" if more else text, FIX)
    return None


def put_back_imports(workspace: Workspace, now: datetime) -> list[str]:
    """Put given imports back that lessons have lost; a dated copy is kept. Returns the lessons."""
    return [
        workspace.shown(module.lesson)
        for module in workspace.modules
        if put_back_in(workspace, module, now)
    ]


def put_back_in(workspace: Workspace, module: Module, now: datetime) -> bool:
    """Whether the lesson had lost imports that could be put back."""
    try:
        file, solved = read_lesson(workspace, module), reference(module.name)
        check(file)
    except TitoError:
        return False  # the check says what is wrong with it
    text = with_imports(file.lesson, solved.lesson) if solved else file.lesson.text
    if text == file.lesson.text:
        return False
    with reporting_os_errors("The lesson could not be changed: {}.", where=module.lesson):
        keep_copy(workspace, module, now)
        write_whole(module.lesson, text.encode())
    return True
