"""A lesson as a value: its cells, its tasks, what it exports, and its blank version.

Nothing here touches the disk (`file` reads and checks it) or writes a package.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tito.core.errors import TitoError
from tito.core.lesson.names import (
    MAGIC,
    defined_names,
    listed_names,
    names_by_regex,
    parse_quietly,
    patched_attributes,
    statements,
    without_magics,
)
from tito.core.lesson.percent import Cell, split_cells
from tito.core.lesson.workload import Workload, told

# Formatters make `# BEGIN` of it.
BEGIN = re.compile(r"(?P<indent>\s*)#+\s*BEGIN SOLUTION\s*")
END = re.compile(r"\s*#+\s*END SOLUTION\s*")
TITLE = re.compile(r"#\s+Module\s+(?P<number>\d+)\s*:\s*(?P<title>.+?)\s*")
TASK = re.compile(r"##\s+Task\s+(?P<number>\d+\.\d+)\s*:\s*(?P<title>.+?)\s*")
STUB = re.compile(r"\s*raise NotImplementedError\(\s*['\"]Task \d+\.\d+.*\)\s*")


class LessonError(TitoError):
    """The lesson cannot be used because of the student's code."""

    outcome = "could_not_run"


@dataclass(frozen=True)
class Block:
    """The 1-based lines of a `### BEGIN SOLUTION` and its `### END SOLUTION`."""

    begin: int
    end: int


@dataclass(frozen=True)
class Task:
    """One numbered task and the solution blocks of its answer."""

    number: str
    title: str
    line: int
    blocks: tuple[Block, ...]

    @property
    def label(self) -> str:
        return f"Task {self.number}: {self.title}"

    @property
    def heading(self) -> str:
        """The heading's line in the lesson."""
        return f"# ## {self.label}"


@dataclass(frozen=True)
class Lesson:
    """A parsed lesson. `shown` is its path, as shown to the student.

    `given` is the file beside it, if there is one: code that is exported before the lesson's own.
    """

    text: str
    shown: str
    given: Lesson | None = None

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def cells(self) -> list[Cell]:
        return split_cells(self.text)

    @cached_property
    def title(self) -> str:
        match = next((m for line in self._opening if (m := TITLE.fullmatch(line))), None)
        return match["title"] if match else ""

    @cached_property
    def summary(self) -> str:
        """The first paragraph below the title."""
        lines = itertools.dropwhile(
            lambda line: not line.strip() or line.startswith("#"), self._opening
        )
        return " ".join(itertools.takewhile(lambda line: line.strip(), lines))

    @cached_property
    def workload(self) -> Workload | None:
        """The time that its head says it takes."""
        return told("\n".join(self._opening))

    @property
    def _opening(self) -> tuple[str, ...]:
        first = next((cell for cell in self.cells if cell.kind == "markdown"), None)
        return first.prose if first else ()

    @cached_property
    def default_target(self) -> str | None:
        for cell in self.cells:
            if value := cell.directives.get("default_exp"):
                return value
        return None

    @cached_property
    def exported(self) -> dict[str, list[tuple[Lesson, Cell]]]:
        """The exported cells of each target and the file of each, given code first."""
        found: dict[str, list[tuple[Lesson, Cell]]] = {}
        for part in self.parts:
            for cell in part.cells:
                target = cell.directives.get("export")
                if target is not None and (target := target or part.default_target):
                    found.setdefault(target, []).append((part, cell))
        return found

    @cached_property
    def sections(self) -> dict[str, list[Cell]]:
        """The lesson's own exported cells of each target, in its order."""
        own = {
            target: [cell for part, cell in cells if part is self]
            for target, cells in self.exported.items()
        }
        return {target: cells for target, cells in own.items() if cells}

    @property
    def parts(self) -> list[Lesson]:
        return [self.given, self] if self.given else [self]

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of the file; SyntaxError if it is not valid Python.

        Magics of a notebook are allowed outside of exported cells.
        """
        try:
            return parse_quietly(self.text, self.shown)
        except SyntaxError:
            if any(MAGIC.match(line) for cell in self._exported_cells for line in cell.lines):
                raise
            return parse_quietly(without_magics(self.text), self.shown)

    @property
    def _exported_cells(self) -> list[Cell]:
        return [cell for cell in self.cells if "export" in cell.directives]

    @cached_property
    def futures(self) -> list[str]:
        """Its `from __future__` lines outside of exported cells, which mean those too."""
        exported = {line for cell in self._exported_cells for line in cell.lines}
        found = re.findall(r"^from __future__ import [\w, ]+$", self.text, re.MULTILINE)
        return [line for line in dict.fromkeys(found) if line not in exported]

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The public top-level names of each target: its `__all__`, or else all it defines."""
        nodes: dict[str, list[ast.stmt]] = {target: [] for target in self.exported}
        for target, node in self._exported_nodes():
            nodes[target].append(node)
        found = {target: defined_names(body) for target, body in nodes.items()}
        listed = {target: listed_names(_code(cells)) for target, cells in self.exported.items()}
        return {
            target: names if (own := listed[target]) is None else own
            for target, names in found.items()
        }

    @cached_property
    def names_at_a_glance(self) -> dict[str, list[str]]:
        """`names`, read line by line instead of parsed, for later lessons.

        Every export needs this of every later lesson, which may be broken at the moment. A false
        match does no harm there.
        """
        return {target: names_by_regex(_code(cells)) for target, cells in self.exported.items()}

    @property
    def patched(self) -> list[tuple[str, str]]:
        """The attributes it adds to classes, its own or those of earlier lessons."""
        texts = map(_code, self.exported.values())
        return [pair for text in texts for pair in patched_attributes(text)]

    @cached_property
    def imports(self) -> list[tuple[str, str | None]]:
        """Every `tinytorch` import of an exported cell, as (dotted module, name or None)."""
        found: list[tuple[str, str | None]] = []
        for _, top in self._exported_nodes():
            for node in statements(top):
                if isinstance(node, ast.Import):
                    found += [(alias.name, None) for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found += [(node.module, alias.name) for alias in node.names]
        return [pair for pair in found if pair[0].split(".")[0] == "tinytorch"]

    def _exported_nodes(self) -> Iterator[tuple[str, ast.stmt]]:
        for part in self.parts:
            owner = {
                line: target
                for target, cells in part.sections.items()
                for cell in cells
                for line in range(cell.line, cell.end + 1)
            }
            for node in part.tree.body:
                if node.lineno in owner:
                    yield owner[node.lineno], node

    @cached_property
    def tasks(self) -> list[Task]:
        headings = list(self._headings())
        blocks = self.blocks
        stops = [*(line for line, _, _ in headings[1:]), len(self.lines) + 1]
        return [
            Task(number, title, line, tuple(b for b in blocks if line < b.begin < stop))
            for (line, number, title), stop in zip(headings, stops, strict=False)
        ]

    def _headings(self) -> Iterator[tuple[int, str, str]]:
        for cell in self.cells:
            for offset, line in enumerate(cell.prose if cell.kind == "markdown" else ()):
                match = TASK.fullmatch(line)
                if match:
                    yield cell.line + offset, match["number"], match["title"]

    @cached_property
    def blocks(self) -> list[Block]:
        """All solution blocks; LessonError if a marker has no partner."""
        found: list[Block] = []
        begin: int | None = None
        for number, line in enumerate(self.lines, start=1):
            if BEGIN.fullmatch(line):
                if begin is not None:
                    raise self.unpaired("### BEGIN SOLUTION", begin, "### END SOLUTION")
                begin = number
            elif END.fullmatch(line):
                if begin is None:
                    raise self.unpaired("### END SOLUTION", number, "### BEGIN SOLUTION")
                found.append(Block(begin, number))
                begin = None
        if begin is not None:
            raise self.unpaired("### BEGIN SOLUTION", begin, "### END SOLUTION")
        return found

    def unpaired(self, marker: str, line: int, partner: str) -> LessonError:
        return LessonError(
            f"This {marker!r} has no {partner!r}.",
            where=f"{self.shown}:{line}",
            hint=f"Put the line {partner!r} back: your answer goes between these two lines.",
        )

    def answer(self, task: Task) -> list[str]:
        """The code between the markers of a task, one text for each block."""
        return [
            textwrap.dedent("\n".join(self.lines[block.begin : block.end - 1])).strip("\n")
            for block in task.blocks
        ]

    def is_blank(self, task: Task) -> bool:
        """Whether any answer of the task is still a stub."""
        return any(STUB.fullmatch(text) for text in self.answer(task))

    @property
    def is_untouched(self) -> bool:
        """Whether every task is still blank."""
        return bool(self.tasks) and all(self.is_blank(task) for task in self.tasks)

    @cached_property
    def export_hash(self) -> str:
        """A hash of the code to export: prose and cells that are not exported do not count."""
        exported = self.exported.items()
        parts = (f"{target}\n{cell.source}" for target, cells in exported for _, cell in cells)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def blank(self) -> str:
        """The blank lesson: each answer replaced by a stub that names its task."""
        stubs = {block: task for task in self.tasks for block in task.blocks}
        lines, copied = [], 0
        for block in self.blocks:
            if block not in stubs:
                raise LessonError(
                    "This solution belongs to no task.",
                    where=f"{self.shown}:{block.begin}",
                    hint="Put a markdown cell with '## Task N.M: title' above it.",
                )
            indent = re.match(r"\s*", self.lines[block.begin - 1])
            stub = f"raise NotImplementedError({json.dumps(stubs[block].label)})"
            lines += [*self.lines[copied : block.begin], f"{indent[0] if indent else ''}{stub}"]
            copied = block.end - 1
        return "\n".join([*lines, *self.lines[copied:]])


def _code(cells: list[tuple[Lesson, Cell]]) -> str:
    return "\n".join(line for _, cell in cells for line in cell.lines)
