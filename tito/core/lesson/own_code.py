"""The code of a lesson that its student wrote: answers, and cells that the course does not have."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from tito.core.lesson.lesson import Lesson, LessonError
from tito.core.lesson.outline import SIGN, Outline, outline


def own_code(mine: Lesson, blank: Lesson) -> str:
    """The student's own code as Python; each answer is the body of a function of its own.

    A lesson whose markers are not in pairs gives all lines that the blank lesson does not have.
    """
    try:
        ours = outline(mine)
    except LessonError:
        return _other_lines(mine.lines, blank.lines)
    answers = [_function(name, text) for name, text in _answers(ours)]
    return "\n\n".join([*answers, *_other_cells(ours, outline(blank))]) + "\n"


def _answers(ours: Outline) -> Iterator[tuple[str, str]]:
    for name, lines in ours.answers.items():
        if ours.is_answered(name):
            yield name.strip().strip(SIGN), textwrap.dedent("\n".join(lines[1:-1])).strip("\n")


def _function(name: str, answer: str) -> str:
    word = "".join(letter if letter.isalnum() else "_" for letter in name)
    text = f"def {word}():\n{textwrap.indent(answer, '    ')}"
    return text if _is_python(text) else f"{text}\n    pass"  # an answer of comments only


def _is_python(text: str) -> bool:
    try:
        return bool(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        return False


def _other_cells(ours: Outline, course: Outline) -> Iterator[str]:
    """Of each code cell that is not the course's, the lines that are in no cell of it."""
    given = {line.strip() for chunk in course.chunks for line in chunk.lines}
    known = {chunk.key for chunk in course.chunks}
    for chunk in ours.chunks:
        if chunk.key not in known:
            lines = [line for line in chunk.lines if SIGN not in line]
            text = _other_lines(lines, list(given))
            if text.strip():
                yield text


def _other_lines(lines: list[str], given: list[str]) -> str:
    known = {line.strip() for line in given}
    kept = [
        line for line in lines if line.strip() not in known and not line.lstrip().startswith("#")
    ]
    return textwrap.dedent("\n".join(kept))
