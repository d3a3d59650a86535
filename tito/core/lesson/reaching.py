"""Whether a lesson changes the code of other lessons, where the course's own does not.

Only a reason to look closer: a lesson that does is tested in a package that ends with it. It is
read as text, so that a lesson that hides what it does has to use one of the words below.
"""

from __future__ import annotations

import ast
import re

from tito.core.lesson.lesson import Lesson

WORDS = re.compile(
    r"\b(setattr|delattr|exec|eval|compile|globals|vars|modules|import_module|__import__|gc|inspect"
    r"|ctypes|__\w*(?:dict|class|code|setattr|globals|builtins|mro|bases)__)\b"
)


def reaches_out(lesson: Lesson, original: Lesson | None) -> bool:
    """Whether the lesson uses such words, or sets attributes of imported names, anew."""
    allowed = _uses(original.text) if original is not None else set()
    return not _uses(lesson.text) <= allowed


def _uses(text: str) -> set[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {"cannot be read"}
    found = {word for node in ast.walk(tree) for word in WORDS.findall(_name_of(node))}
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
            root: ast.expr = node
            while isinstance(root, (ast.Attribute, ast.Subscript)):
                root = root.value
            if isinstance(root, ast.Name) and (root.id in imported or root.id[:1].isupper()):
                found.add(ast.unparse(node))
    return found


def _name_of(node: ast.AST) -> str:
    """The names and texts of a node, from which an attribute could be found."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if len(node.value) < 40 else ""
    if isinstance(node, ast.alias):
        return node.name
    return ""
