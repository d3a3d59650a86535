"""Five submissions of nobody, to try a class with: right, half done, wrong, broken, and blank."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tito.core.classroom.config import Assignment
from tito.core.errors import UsageError, reporting_os_errors
from tito.core.files import write_whole
from tito.core.lesson.file import read_lesson
from tito.core.lesson.lesson import Lesson
from tito.core.workspace.workspace import course, course_module

ROSTER = """\
id,last_name,first_name,email
ada,Lovelace,Ada,ada@example.org
alan,Turing,Alan,alan@example.org
barbara,Liskov,Barbara,barbara@example.org
edsger,Dijkstra,Edsger,edsger@example.org
grace,Hopper,Grace,grace@example.org
"""


def half(solved: Lesson) -> str:
    """The first half of the answers; the rest as it was given."""
    blocks = solved.blocks[: len(solved.blocks) // 2]
    last = blocks[-1].end if blocks else 0
    blank = solved.blank().split("\n")
    return "\n".join([*solved.lines[:last], *blank[_end_of(blank, len(blocks)) :]])


def _end_of(lines: list[str], number: int) -> int:
    """The line after the first `number` blocks."""
    blocks = Lesson("\n".join(lines), "").blocks
    return blocks[number - 1].end if number else 0


def wrong(solved: Lesson) -> str:
    """Everything answered, the first answer with `return None`."""
    first = solved.blocks[0]
    line = solved.lines[first.begin - 1]
    indent = line[: len(line) - len(line.lstrip())]
    answer = f"{indent}return None"
    return "\n".join([*solved.lines[: first.begin], answer, *solved.lines[first.end - 1 :]])


def broken(solved: Lesson) -> str:
    """Not valid Python: the parenthesis of the last line is open."""
    return solved.text + "\nprint((\n"


SAMPLES: Mapping[str, Callable[[Lesson], str]] = {
    "ada": lambda solved: solved.text,
    "alan": half,
    "barbara": wrong,
    "edsger": broken,
    "grace": Lesson.blank,
}


def write_samples(folder: Path, assignment: Assignment) -> dict[str, str]:
    """Write a roster and the submissions; return what is in each of them, by student."""
    if folder.exists():
        raise UsageError(
            "There is already something with this name. Nothing was changed.", where=str(folder)
        )
    lessons = {
        name: read_lesson(course(), course_module(name)).lesson for name in assignment.modules
    }
    with reporting_os_errors("The samples could not be written: {}.", where=folder):
        for student, make in SAMPLES.items():
            for name, lesson in lessons.items():
                path = folder / "handed-in" / student / "modules" / name / f"{name[3:]}.py"
                path.parent.mkdir(parents=True)
                write_whole(path, make(lesson).encode())
        write_whole(folder / "roster.csv", ROSTER.encode())
    says = ("everything right", "half done", "an answer is wrong", "not valid Python", "blank")
    return dict(zip(SAMPLES, says, strict=True))
