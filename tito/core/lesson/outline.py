"""A lesson as the text that the course gives, with a placeholder where each answer stands.

Two releases and a student's file can then be compared: answers are the same placeholder in all
three, whatever is written there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tito.core.lesson.lesson import STUB, Block, Lesson

DEFINITION = re.compile(r"(?P<indent>\s*)(?:async\s+def|def|class)\s+(?P<name>\w+)")
SIGN = "\0"  # no text of a lesson has it

Key = tuple[str, ...]


@dataclass(frozen=True)
class Chunk:
    """One cell with its marker line and its place in the file; answers are placeholders."""

    line: int
    lines: tuple[str, ...]

    @cached_property
    def key(self) -> Key:
        """What two cells are compared by: editors change the empty lines between cells."""
        kept = [line.rstrip() for line in self.lines]
        while kept and not kept[-1]:
            kept.pop()
        return tuple(kept)

    @property
    def answers(self) -> list[str]:
        return [line for line in self.lines if SIGN in line]


@dataclass(frozen=True)
class Outline:
    """The cells of a lesson, and the lines of each answer, markers included."""

    chunks: tuple[Chunk, ...]
    answers: Mapping[str, tuple[str, ...]]

    def is_answered(self, placeholder: str) -> bool:
        """Whether something of the student's stands between the markers."""
        inside = "\n".join(self.answers.get(placeholder, ())[1:-1])
        return bool(inside.strip()) and not STUB.fullmatch(inside.strip())


def outline(lesson: Lesson) -> Outline:
    """Cut a lesson up; LessonError if a marker has no partner."""
    names = dict(_placeholders(lesson))
    answers = {
        name: tuple(lesson.lines[block.begin - 1 : block.end]) for block, name in names.items()
    }
    return Outline(tuple(_chunks(lesson, names)), answers)


def _chunks(lesson: Lesson, names: Mapping[Block, str]) -> Iterator[Chunk]:
    starts = [max(cell.line - 1, 1) for cell in lesson.cells]
    starts = [1, *starts] if starts[:1] != [1] else starts
    begins = {block.begin: (block, name) for block, name in names.items()}
    for first, stop in zip(starts, [*starts[1:], len(lesson.lines) + 1], strict=True):
        lines, number = [], first
        while number < stop:
            if number in begins:
                block, name = begins[number]
                lines.append(name)
                number = block.end
            else:
                lines.append(lesson.lines[number - 1])
            number += 1
        yield Chunk(first, tuple(lines))


def _placeholders(lesson: Lesson) -> Iterator[tuple[Block, str]]:
    """A name for each answer: of the definition around it, so that a task may get a new number."""
    count: Counter[str] = Counter()
    for block in lesson.blocks:
        begin = lesson.lines[block.begin - 1]
        around = _around(lesson.lines, block)
        count[around] += 1
        indent = begin[: len(begin) - len(begin.lstrip())]
        yield block, f"{indent}{SIGN}{around}#{count[around]}"


def _around(lines: list[str], block: Block) -> str:
    """`Tensor.sum` for an answer in that method; the lines above it with less indent tell."""
    begin = lines[block.begin - 1]
    indent, names = len(begin) - len(begin.lstrip()), list[str]()
    for line in reversed(lines[: block.begin - 1]):
        found = DEFINITION.match(line)
        if found and len(found["indent"]) < indent:
            names.append(found["name"])
            indent = len(found["indent"])
        if indent == 0:
            break
    return ".".join(reversed(names))
