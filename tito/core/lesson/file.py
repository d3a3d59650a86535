"""Read a lesson from disk, with a plain message if something is wrong with the file.

People, editors and JupyterLab edit a lesson, so it may be missing, empty, half-saved, in another
encoding, or not valid Python at the moment. Each case has its own message; none is a traceback.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
from dataclasses import dataclass
from tokenize import detect_encoding

from tito.core.errors import MachineError, os_reason
from tito.core.files import read_regular
from tito.core.lesson.lesson import Lesson, LessonError, Task
from tito.core.lesson.names import MAGIC
from tito.core.python import python_command
from tito.core.workspace.course import FIX
from tito.core.workspace.workspace import Module, Workspace, course, course_module

EXPORT = re.compile(r"#\s*\|\s*export\b")
LARGEST = 5_000_000  # bytes, a hundred times a long lesson


@dataclass(frozen=True)
class LessonFile:
    """A lesson, with the hash of the bytes it was read from."""

    module: Module
    lesson: Lesson
    sha256: str


def read_lesson(workspace: Workspace, module: Module) -> LessonFile:
    """Read and decode the lesson of `module`. It is not checked yet: see `check`."""
    shown = workspace.shown(module.lesson)
    data = _read_bytes(module, shown)
    lesson = Lesson(_decode(data, module, shown), shown, read_given(workspace, module))
    if not any("export" in cell.directives for cell in lesson.cells):
        raise _without_cells(lesson, module)
    return LessonFile(module, lesson, hashlib.sha256(data).hexdigest())


def _without_cells(lesson: Lesson, module: Module) -> LessonError:
    """The error for a lesson in which no cell is marked for export."""
    if not any(EXPORT.match(line) for line in lesson.lines):
        text = "No cell of this lesson is marked for export. The file looks half-saved."
        return LessonError(text, where=lesson.shown, hint=_way_back(module))
    return LessonError(
        "The lesson has no `# %%` lines: it was saved in another of the formats for notebooks. "
        "Your answers are in it.",
        where=lesson.shown,
        hint=f"{python_command()} -m jupytext --from py:light --to py:percent {lesson.shown}",
    )


def blank_lessons(course: Workspace) -> dict[str, str]:
    """The course's blank lessons, by name from its root, such as modules/01_tensor/tensor.py."""
    return {
        f"modules/{module.name}/{module.lesson.name}": read_lesson(course, module).lesson.blank()
        for module in course.modules
    }


def read_given(workspace: Workspace, module: Module) -> Lesson | None:
    """Read the given code beside the lesson, if there is some. A student does not edit it."""
    shown = workspace.shown(module.given)
    try:
        return Lesson(read_regular(module.given).decode("utf-8"), shown)
    except FileNotFoundError:
        return None  # most modules have none; `check` notices a missing one
    except (OSError, ValueError) as error:
        text = f"The module's given code cannot be read: {error}."
        raise MachineError(text, where=shown, hint=FIX) from error


def check(file: LessonFile) -> None:
    """Raise LessonError unless the lesson is valid Python with paired markers and targets.

    The child's import finds what only the compiler sees (a `return` outside a function).
    """
    lesson = file.lesson
    _check_given(file)
    for part in lesson.parts:
        _check_python(part)
    assert lesson.blocks is not None  # raises for an unpaired marker
    for cell in lesson.cells:
        if cell.directives.get("export") == "" and not lesson.default_target:
            raise LessonError(
                "This cell is exported, but the line '#| default_exp NAME' is missing.",
                where=f"{lesson.shown}:{cell.line}",
                hint=_default_target_back(file.module),
            )
    for target, cells in lesson.sections.items():
        if not all(part.isidentifier() for part in target.split(".")):
            raise LessonError(
                f"The code cannot be exported to {target!r}.",
                where=f"{lesson.shown}:{cells[0].line}",
                hint="Write a dotted name after '#| export', as in '#| export nn.init'.",
            )


def _check_given(file: LessonFile) -> None:
    """Raise TitoError if the given code of the course is missing."""
    original = course_module(file.module.name)
    if file.lesson.given is None and original.given.is_file():
        where = f"modules/{file.module.name}/{file.module.given.name}"
        raise MachineError("The module's given code is missing.", where=where, hint=FIX)


def reference(module_name: str) -> LessonFile | None:
    """The course's own solved lesson; None if the course does not have the module."""
    module = course_module(module_name)
    return read_lesson(course(), module) if module.lesson.is_file() else None


def lost_tasks(lesson: Lesson, original: Lesson | None) -> list[Task]:
    """Tasks of the course that the student's file no longer has."""
    present = {task.number for task in lesson.tasks}
    return [task for task in _tasks_of(original) if task.number not in present]


def was_cut(lesson: Lesson, original: Lesson | None) -> bool:
    """Whether answers are missing too, not just the headings of tasks."""
    return original is not None and len(lesson.blocks) < len(original.blocks)


def unmarked_tasks(lesson: Lesson, original: Lesson | None) -> list[str]:
    """Tasks that have lost marker lines: tests work, but hints and solutions do not."""
    marked = {task.number: len(task.blocks) for task in _tasks_of(original)}
    return [t.number for t in lesson.tasks if len(t.blocks) < marked.get(t.number, 0)]


def _tasks_of(original: Lesson | None) -> list[Task]:
    """The hint for a lost lesson; None for a module that the course does not have."""
    return original.tasks if original else []


def _way_back(module: Module) -> str:
    return f"tito module reset {module.number}  (a dated copy of your file is kept)"


def _default_target_back(module: Module) -> str:
    """The hint for a missing default_exp line: it can be put back without a reset."""
    original = reference(module.name)
    if original is None or not original.lesson.default_target:
        return _way_back(module)
    line = f"#| default_exp {original.lesson.default_target}"
    return f"Put the line '{line}' back, above its first '#| export'."


def _read_bytes(module: Module, shown: str) -> bytes:
    try:
        size = module.lesson.stat().st_size
        data = read_regular(module.lesson) if size <= LARGEST else b""
    except FileNotFoundError as error:
        raise LessonError(
            "The lesson file is missing.", where=shown, hint=f"tito module reset {module.number}"
        ) from error
    except OSError as error:
        text = f"The lesson file cannot be read: {os_reason(error)}."
        raise LessonError(text, where=shown, hint=_readable(module, shown)) from error
    if size > LARGEST:
        text = f"The lesson file is {size / 1e6:.0f} MB, which is too large for a lesson."
        raise LessonError(text, where=shown, hint=_way_back(module))
    if not data.strip():
        raise LessonError("The lesson file is empty.", where=shown, hint=_way_back(module))
    return data


def _readable(module: Module, shown: str) -> str:
    """What to do about a lesson that cannot be read: not `tito doctor`, which says no more."""
    again = f"tito module reset {module.number}"
    if module.lesson.is_dir():
        return f"Move the folder {shown} away, then run {again}."
    if not module.lesson.is_file():
        return f"{again} --yes"
    return f"Give yourself the right to read {shown}, then run the command again."


def _decode(data: bytes, module: Module, shown: str) -> str:
    """Decode UTF-8 with or without a byte-order mark, what a coding line names, any line ends."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise LessonError(
            "The lesson file was saved as UTF-16.",
            where=shown,
            hint="Save the file as UTF-8 in your editor.",
        )
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise LessonError(
            "The lesson file contains zero bytes. It looks half-saved.",
            where=f"{shown}:{line}",
            hint=_way_back(module),
        )
    try:
        text = data.decode(_coding(data))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise LessonError(
            f"The lesson file is not UTF-8 text: byte 0x{data[error.start]:02x} is not valid.",
            where=f"{shown}:{line}",
            hint="Save the file as UTF-8 in your editor.",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _coding(data: bytes) -> str:
    """The encoding that a line such as `# -*- coding: latin-1 -*-` names, or else UTF-8."""
    try:
        return detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError:  # an unknown name, or a first line that is not UTF-8
        return "utf-8-sig"


def _check_python(lesson: Lesson) -> None:
    try:
        assert lesson.tree is not None  # parses it
    except SyntaxError as error:
        line = min(max(error.lineno or 1, 1), len(lesson.lines))
        if MAGIC.match(lesson.lines[line - 1]):
            raise LessonError(
                f"`{lesson.lines[line - 1].strip()}` is a command of notebooks, not Python.",
                where=f"{lesson.shown}:{line}",
                hint="Move the line into a cell of your own, one without '#| export'.",
            ) from error
        raise LessonError(
            f"Python cannot read the lesson: {error.msg}.",
            where=f"{lesson.shown}:{line}",
            excerpt=excerpt(lesson, line, error.offset),
            hint="Fix that line (or the one above it), then run the command again.",
        ) from error
    except (RecursionError, MemoryError, ValueError) as error:
        raise LessonError(
            f"Python cannot read the lesson: {type(error).__name__}: {error}.", where=lesson.shown
        ) from error


def excerpt(lesson: Lesson, line: int, column: int | None = None) -> str:
    """A line of the lesson for a message, with a caret below its column."""
    text = lesson.lines[line - 1].replace("\t", " ")
    shown = f"  {line:>4} | {text}"
    return f"{shown}\n       | {' ' * (column - 1)}^" if column else shown
