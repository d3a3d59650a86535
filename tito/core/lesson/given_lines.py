"""What the course gives in a lesson and the student's file has no more: lines, and cell markers.

An answer that is right fails without them, and its student looks for a mistake that is elsewhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tito.core.lesson.given_imports import is_import, missing_imports
from tito.core.lesson.lesson import TASK, Lesson
from tito.core.lesson.percent import DIRECTIVE, Cell
from tito.core.lesson.statements import exported_nodes, holds, statements

DIRECTIVES = ("export", "default_exp")
PROSE = re.compile(r"#\s+##\s")
CODE_MARKER, TEXT_MARKER = "# %%", "# %% [markdown]"


@dataclass(frozen=True)
class Gone:
    """One line that is missing; `line` is where in the student's file it belongs, or just above."""

    text: str
    line: int
    owner: str = ""  # the function or class in which it stands


def gone(mine: Lesson, original: Lesson) -> list[Gone]:
    """Everything that is missing in `mine`; SyntaxError if it is not valid Python."""
    markers = sorted(lost_markers(mine, original), key=lambda one: one.line)
    # Without its marker a cell is not exported, and everything in it would be missing.
    inside = mine.tree.body if markers else exported_nodes(mine)
    imports = [] if markers else lost_imports(mine, original)
    return [*markers, *imports, *lost_statements(mine, inside, original)]


def lost_imports(mine: Lesson, original: Lesson) -> list[Gone]:
    return [
        Gone(line, cell.line if cell else 0)
        for cell, lines in missing_imports(mine, original)
        for line in lines
    ]


# ------------------------------------------------------------------------------------ statements


def lost_statements(mine: Lesson, inside: Sequence[ast.stmt], original: Lesson) -> Iterator[Gone]:
    """Given statements of exported cells. A function that is gone altogether is told by others."""
    places: dict[tuple[str, str], list[int]] = {}
    starts = {"": next((cell.line for cells in mine.sections.values() for cell in cells), 1)}
    for one in statements(inside):
        places.setdefault((one.owner, one.key), []).append(one.line)
        starts.setdefault(one.owner, one.line)
    answers = [range(block.begin, block.end + 1) for block in original.blocks]
    owner, near = "", starts[""]
    for one in statements(node for node in exported_nodes(original) if not is_import(node)):
        if one.owner != owner:
            owner, near = one.owner, starts.get(one.owner, 0)
        found = places.get((owner, one.key))
        if found:
            near = found.pop(0)
        elif owner in starts and not any(one.line in answer for answer in answers):
            yield Gone(one.key, near, owner)


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
    shown = (node for node in original.tree.body if not is_import(node))
    return {ast.unparse(node) for node in shown} - exported


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
