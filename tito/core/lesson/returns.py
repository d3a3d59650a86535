"""Answers that end without a `return` where the course's answer has one.

The commonest slip of all. A function without it gives None, and its tests fail in many ways: a
wrong shape, a wrong dtype, an error in the caller.
"""

from __future__ import annotations

import ast
import textwrap

from tito.core.lesson.lesson import Lesson

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
        return _may_return(_last(theirs)) and not _may_return(_last(mine))
    except SyntaxError:
        return False  # `check` says where


def _last(answer: str) -> ast.stmt | None:
    body = ast.parse(textwrap.dedent(answer)).body
    return body[-1] if body else None


def _may_return(node: ast.AST | None) -> bool:
    """Whether it, or a statement in it, gives a value or raises; functions in it do not count."""
    if node is None or isinstance(node, FUNCTIONS):
        return False
    if isinstance(node, ast.Return):
        return node.value is not None
    return isinstance(node, ast.Raise) or any(map(_may_return, ast.iter_child_nodes(node)))
