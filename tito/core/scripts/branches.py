"""Which lines of a script are reached in every run, and which may not be."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator

Found = tuple[ast.AST, bool]


def nodes(tree: ast.AST) -> list[Found]:
    """Every node, and whether it may never be reached.

    That is so for the branches of an `if`, for what an `except` may catch, and for a function that
    is named only in such places.
    """
    found = list(_walk(tree, False, ()))
    perhaps = _names_read(found, unsure=True) - _names_read(found, unsure=False)
    return list(_walk(tree, False, perhaps)) if perhaps else found


def _names_read(found: list[Found], unsure: bool) -> set[str]:
    return {
        node.id
        for node, how in found
        if how is unsure and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _walk(node: ast.AST, unsure: bool, perhaps: Container[str]) -> Iterator[Found]:
    yield node, unsure
    for part, values in ast.iter_fields(node):
        children = values if isinstance(values, list) else [values]
        for number, child in enumerate(children):
            if isinstance(child, ast.AST):
                inside = unsure or _is_unsure(node, part, number, perhaps)
                yield from _walk(child, inside, perhaps)


def _is_unsure(node: ast.AST, part: str, number: int, perhaps: Container[str]) -> bool:
    """Whether this part of the node may be skipped, or its error be caught."""
    if isinstance(node, ast.If | ast.IfExp):
        return part != "test" and not _is_main(node.test)
    if isinstance(node, ast.BoolOp):
        return number > 0
    if isinstance(node, ast.Try):
        return bool(node.handlers) and part != "finalbody"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return part == "body" and node.name in perhaps
    return False


def _is_main(test: ast.expr) -> bool:
    """`if __name__ == "__main__":`, which holds for a script."""
    return isinstance(test, ast.Compare) and ast.unparse(test.left) == "__name__"
