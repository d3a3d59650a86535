"""Statements of a lesson as text, by function and class: two files can be compared by them.

A formatter may break lines anew, so the source lines themselves say little.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tito.core.lesson.lesson import Lesson
from tito.core.lesson.percent import Cell


class Statement(NamedTuple):
    """A statement, or the head of one that has others in it. `owner` is its function or class."""

    owner: str
    key: str
    line: int


def exported_nodes(lesson: Lesson) -> list[ast.stmt]:
    cells = [cell for cells in lesson.sections.values() for cell in cells]
    return [node for node in lesson.tree.body if any(holds(cell, node.lineno) for cell in cells)]


def holds(cell: Cell, line: int) -> bool:
    return cell.line <= line <= cell.end


def statements(body: Iterable[ast.AST], owner: str = "") -> Iterator[Statement]:
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
