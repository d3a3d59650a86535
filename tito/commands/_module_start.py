"""`tito module start`: what a module gives, what is to write, and which file to open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.core.editor import editor_command, jupyter_command, open_with
from tito.core.errors import TitoError
from tito.core.export.exporter import outlines, read_package
from tito.core.export.package import ROOT, is_flat
from tito.core.export.prerequisites import missing_modules
from tito.core.lesson.file import LessonFile, read_lesson
from tito.core.lesson.lesson import Lesson
from tito.core.words import counted
from tito.core.workspace.notes import Notes

if TYPE_CHECKING:
    from tito.commands.base import BaseCommand

NAMES_SHOWN = 12


def start(command: BaseCommand, number: str, *, editor: bool, jupyter: bool) -> int:
    """Mark the start and say what there is to do."""
    workspace = command.workspace
    module = workspace.resolve(number)
    file = read_lesson(workspace, module)
    # Asked for before anything is marked: an editor that is not there is no start.
    program = jupyter_command(workspace.root) if jupyter else None
    program = editor_command(command.world.env) if editor else program
    is_new = Notes.of(workspace).start(module)
    for line in introduction(module.name, file.lesson):
        command.say(line)
    if not is_new:
        command.say("You have started this module before.")
    missing = _missing(command, file)
    if missing:
        command.say(f"It builds on {', '.join(missing)}: complete that first.", style="yellow")
    command.say(f"Open {file.lesson.shown}", style="bold")
    if program is not None:
        if jupyter:
            command.say("In JupyterLab: right-click the file, then Open With, then Notebook.")
        open_with(program, module.lesson, workspace.root)
    if missing:
        command.next_step(f"tito module start {missing[0][:2]}")
    else:
        command.next_step(f"tito module test {module.number}", "as often as you like")
    return 0


def introduction(name: str, lesson: Lesson) -> list[str]:
    """The head of a lesson, its tasks and what it exports."""
    lines = [f"Module {name}: {lesson.title}", lesson.summary, ""]
    lines.append(f"{counted(len(lesson.tasks), 'task')}:")
    lines += [f"  {task.number:<5} {task.title}" for task in lesson.tasks]
    lines += ["", "What it gives your framework:"]
    lines += [f"  {place}: {names}" for place, names in offered(lesson)]
    return [*lines, ""]


def offered(lesson: Lesson) -> list[tuple[str, str]]:
    """Public names by the place they are imported from; nothing while it is not Python."""
    try:
        by_target = lesson.names
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [(ROOT, "(the lesson is not valid Python at the moment)")]
    found = []
    for target, names in by_target.items():
        parent = target.rpartition(".")[0]
        place = f"{ROOT}.{parent}".rstrip(".") if is_flat(target, lesson) else f"{ROOT}.{target}"
        more = len(names) - NAMES_SHOWN
        tail = f" and {more} more" if more > 0 else ""
        found.append((place, ", ".join(names[:NAMES_SHOWN]) + tail))
    return found


def _missing(command: BaseCommand, file: LessonFile) -> list[str]:
    try:
        package = read_package(command.workspace)
        return missing_modules(file, package, outlines(command.workspace, package))
    except (TitoError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # a start must not fail over a damaged package; test and complete say it
