"""Given imports that an exported cell has lost: found, and put back where the course has them.

Tools do this on save: one removes an import whose code is not written yet, another moves imports
to the top of the file, where they are not exported.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from tito.core.lesson.lesson import Lesson
from tito.core.lesson.percent import Cell
from tito.core.lesson.statements import holds, imported, statements

Cells = list[tuple[str, Cell]]  # exported cells with their targets, in the file's order


def with_imports(mine: Lesson, original: Lesson) -> str:
    """The text of `mine` with what it has lost, each import at the top of its cell.

    Where that cell cannot be told, nothing is added.
    """
    lines = list(mine.lines)
    found = [(cell, new) for cell, new in missing_imports(mine, original) if cell is not None]
    for cell, new in sorted(found, key=lambda pair: -pair[0].line):
        place = cell.line - 1 + len(cell.directives)
        lines[place:place] = new
    return "\n".join(lines)


def missing_imports(mine: Lesson, original: Lesson) -> Iterator[tuple[Cell | None, list[str]]]:
    """The cells of `mine` that have lost imports, None for one that is not found, and the lines.

    There is one line for each name. An import counts for all cells of the same target.
    """
    ours, theirs = exported_cells(mine), exported_cells(original)
    present = {(target, line) for target, cell in ours for line in imports_of(mine, cell)}
    for number, (target, cell) in enumerate(theirs):
        wanted = dict.fromkeys(imports_of(original, cell))
        lost = [line for line in wanted if (target, line) not in present]
        if lost:
            present |= {(target, line) for line in lost}
            yield _home(mine, texts_of(original, cell), number, len(theirs)), lost


def _home(mine: Lesson, wanted: set[str], number: int, count: int) -> Cell | None:
    """The student's exported cell that has one of these statements, or else the same place."""
    ours = [cell for _, cell in exported_cells(mine)]
    for cell in ours:
        if wanted & texts_of(mine, cell):
            return cell
    return ours[number] if len(ours) == count else None


def exported_cells(lesson: Lesson) -> Cells:
    pairs = [(target, cell) for target, cells in lesson.sections.items() for cell in cells]
    return sorted(pairs, key=lambda pair: pair[1].line)


def imports_of(lesson: Lesson, cell: Cell) -> list[str]:
    """The imports at the top level of the cell, one line for each name."""
    nodes = filter(is_import, nodes_of(lesson, cell))
    return [line for node in nodes for line in imported(node)]


def texts_of(lesson: Lesson, cell: Cell) -> set[str]:
    """What else is in the cell: the heads of its functions and classes, and their statements."""
    nodes = [node for node in nodes_of(lesson, cell) if not is_import(node)]
    return {f"{one.owner}: {one.key}" for one in statements(nodes)}


def nodes_of(lesson: Lesson, cell: Cell) -> Iterable[ast.stmt]:
    return (node for node in lesson.tree.body if holds(cell, node.lineno))


def is_import(node: ast.AST) -> TypeGuard[ast.Import | ast.ImportFrom]:
    return isinstance(node, ast.Import | ast.ImportFrom)
