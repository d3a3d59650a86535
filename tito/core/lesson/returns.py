"""Answers with a forgotten `return`: at the end, or before a value that goes nowhere.

The commonest slip of all. A function without it gives None, and its tests fail in many ways: a
wrong shape, a wrong dtype, an error in the caller.
"""

from __future__ import annotations

import ast
import textwrap

from tito.core.lesson.lesson import Lesson

# An expression of these kinds does nothing by itself; a call may.
VALUES = (
    ast.BinOp, ast.Compare, ast.Dict, ast.DictComp, ast.IfExp, ast.List, ast.ListComp, ast.Name,
    ast.Subscript, ast.Tuple, ast.UnaryOp,
)  # fmt: skip
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def without_return(mine: Lesson, original: Lesson | None) -> list[str]:
    """The numbers of the tasks with such an answer."""
    theirs = {task.number: original.answer(task) for task in original.tasks} if original else {}
    return [
        task.number
        for task in mine.tasks
        if any(map(_forgotten, mine.answer(task), theirs.get(task.number, ())))
    ]


def _forgotten(mine: str, theirs: str) -> bool:
    try:
        ours, given = (ast.parse(textwrap.dedent(text)) for text in (mine, theirs))
    except SyntaxError:
        return False  # `check` says where
    ends = _may_return(_last(given)) and not _may_return(_last(ours))
    return ends or any(
        isinstance(n, ast.Expr) and isinstance(n.value, VALUES) for n in ast.walk(ours)
    )


def _last(answer: ast.Module) -> ast.stmt | None:
    return answer.body[-1] if answer.body else None


def _may_return(node: ast.AST | None) -> bool:
    """Whether it, or a statement in it, gives a value or raises; functions in it do not count."""
    if node is None or isinstance(node, FUNCTIONS):
        return False
    if isinstance(node, ast.Return):
        return node.value is not None
    return isinstance(node, ast.Raise) or any(map(_may_return, ast.iter_child_nodes(node)))
