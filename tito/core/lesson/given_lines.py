"""What the course gives in a lesson and the student's file has no more: lines, and cell markers.

An answer that is right fails without them, and its student looks for a mistake that is elsewhere.
Statements are compared, not text: a formatter may break lines anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tito.core.lesson.lesson import TASK, Lesson
from tito.core.lesson.percent import DIRECTIVE, Cell

DIRECTIVES = ("export", "default_exp")
PROSE = re.compile(r"#\s+##\s")
CODE_MARKER, TEXT_MARKER = "# %%", "# %% [markdown]"


@dataclass(frozen=True)
class Gone:
    """One line that is missing; `line` is where in the student's file it belongs, or just above."""

    text: str
    line: int
    owner: str = ""  # the function or class in which it stands


class Statement(NamedTuple):
    """A statement, or the head of one that has others in it. `owner` is its function or class."""

    owner: str
    key: str
    line: int


def gone(mine: Lesson, original: Lesson) -> list[Gone]:
    """Everything that is missing in `mine`; SyntaxError if it is not valid Python."""
    markers = sorted(lost_markers(mine, original), key=lambda one: one.line)
    return [*markers, *lost_statements(mine, original)]


# ------------------------------------------------------------------------------------ statements


def lost_statements(mine: Lesson, original: Lesson) -> Iterator[Gone]:
    """Given statements of exported cells. A function that is gone altogether is told by others."""
    places: dict[tuple[str, str], list[int]] = {}
    for one in statements(mine.tree.body):
        places.setdefault((one.owner, one.key), []).append(one.line)
    owners = {owner for owner, _ in places} | {""}
    answers = [range(block.begin, block.end + 1) for block in original.blocks]
    near = next((cell.line for cells in mine.sections.values() for cell in cells), 1)
    for one in statements(exported_nodes(original)):
        found = places.get((one.owner, one.key))
        if found:
            near = found.pop(0)
        elif one.owner in owners and not any(one.line in answer for answer in answers):
            yield Gone(one.key, near, one.owner)


def exported_nodes(lesson: Lesson) -> list[ast.stmt]:
    cells = [cell for cells in lesson.sections.values() for cell in cells]
    return [node for node in lesson.tree.body if any(holds(cell, node.lineno) for cell in cells)]


def holds(cell: Cell, line: int) -> bool:
    return cell.line <= line <= cell.end


def statements(body: Sequence[ast.AST], owner: str = "") -> Iterator[Statement]:
    """Every statement below `body`, but no docstring."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{owner}.{node.name}".strip(".")
            for decorator in node.decorator_list:
                yield Statement(inner, f"@{ast.unparse(decorator)}", node.lineno)
            yield Statement(inner, head(node), node.lineno)
            yield from statements(node.body, inner)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for text in imported(node):
                yield Statement(owner, text, node.lineno)
        elif isinstance(node, ast.stmt | ast.ExceptHandler) and not is_docstring(node):
            yield Statement(owner, head(node), node.lineno)
            for field in ("body", "handlers", "orelse", "finalbody"):
                yield from statements(getattr(node, field, ()), owner)


def head(node: ast.stmt | ast.ExceptHandler) -> str:
    """The statement as one line; of one that has others in it, the first line alone."""
    return ast.unparse(node) if not hasattr(node, "body") else first_line(node)


def first_line(node: ast.stmt | ast.ExceptHandler) -> str:
    lines = ast.unparse(node).split("\n")
    return next(line for line in lines if not line.startswith("@"))


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """One text for each name, so that sorting or joining imports changes nothing."""
    for alias in node.names:
        renamed = f" as {alias.asname}" if alias.asname else ""
        source = (
            f"from {'.' * node.level}{node.module or ''} "
            if isinstance(node, ast.ImportFrom)
            else ""
        )
        yield f"{source}import {alias.name}{renamed}"


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


# --------------------------------------------------------------------------------------- markers


def lost_markers(mine: Lesson, original: Lesson) -> Iterator[Gone]:
    """Lines that begin a cell: without one, what follows stands in a cell of another kind."""
    shown = shown_statements(original)
    for cell in mine.cells:
        found = lost_in_text(cell) if cell.kind == "markdown" else lost_in_code(cell)
        yield from ([found] if found else [])
        if "export" in cell.directives:
            inside = (
                n for n in mine.tree.body if holds(cell, n.lineno) and ast.unparse(n) in shown
            )
            yield from (Gone(CODE_MARKER, node.lineno) for node in [*inside][:1])


def shown_statements(original: Lesson) -> set[str]:
    """What the course only shows: top-level statements of cells that are not exported."""
    exported = {ast.unparse(node) for node in exported_nodes(original)}
    return {ast.unparse(node) for node in original.tree.body} - exported


def lost_in_text(cell: Cell) -> Gone | None:
    """Code in a cell of text."""
    for number, line in enumerate(cell.lines, cell.line):
        if line.strip() and (not line.startswith("#") or is_directive(line)):
            return Gone(CODE_MARKER, number)
    return None


def lost_in_code(cell: Cell) -> Gone | None:
    """A task's heading, or a directive that is not at the top of its cell."""
    at_the_top = True
    for number, line in enumerate(cell.lines, cell.line):
        if is_directive(line) and not at_the_top:
            return Gone(CODE_MARKER, number)
        if PROSE.match(line) and TASK.fullmatch(line[1:].strip()):
            return Gone(TEXT_MARKER, number)
        at_the_top = at_the_top and (not line.strip() or is_directive(line))
    return None


def is_directive(line: str) -> bool:
    match = DIRECTIVE.fullmatch(line)
    return match is not None and match["word"] in DIRECTIVES
