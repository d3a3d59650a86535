"""The public names that Python code defines: parsed, or matched line by line."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator

DEFINED = re.compile(
    r"(?:(?:async )?def|class) +(?P<name>\w+)|(?P<assigned>[A-Za-z_][\w, ]*?) *(?::[^=()]+)?=(?!=)"
)

PATCHED = re.compile(r"^(?P<owner>[A-Za-z]\w*)\.(?P<name>[A-Za-z]\w*) *=(?!=)", re.MULTILINE)

LIST = re.compile(r"^__all__ = \[(?P<names>[^\]]*)\]", re.MULTILINE)


def listed_names(text: str) -> list[str] | None:
    """The names in the code's `__all__`; None if it has none."""
    found = LIST.search(text)
    return None if found is None else re.findall(r"[\"'](\w+)[\"']", found["names"])


MAGIC = re.compile(r"\s*[%!]\s*\w")


def without_magics(text: str) -> str:
    """The text with each line of a notebook's magics (`%matplotlib inline`) made a comment."""
    return "\n".join(f"#{line}" if MAGIC.match(line) else line for line in text.split("\n"))


def parse_quietly(text: str, name: str) -> ast.Module:
    """ast.parse without its warnings, such as an invalid escape in a string."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text, filename=name)


def statements(top: ast.stmt) -> Iterator[ast.AST]:
    """A statement and those inside of it; `ast.walk` would visit every expression too."""
    waiting: list[ast.AST] = [top]
    while waiting:
        node = waiting.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, name, ())


def defined_names(body: Iterable[ast.stmt]) -> list[str]:
    """The public names that top-level statements define; imports do not count.

    `Tensor.add = add` stores an attribute and only reads the name `Tensor`.
    """
    found: dict[str, None] = {}
    for node in body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = None
        elif isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        inner = (part for target in targets for part in ast.walk(target))
        stored = (n.id for n in inner if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        found.update(dict.fromkeys(stored))
    return [name for name in found if not name.startswith("_")]


def names_by_regex(text: str) -> list[str]:
    """`listed_names` or `defined_names`, read line by line instead of parsed."""
    listed = listed_names(text)
    if listed is not None:
        return listed
    found: dict[str, None] = {}
    for line in text.split("\n"):
        match = DEFINED.match(line)
        names = (match["name"] or match["assigned"]).split(",") if match else []
        found.update(dict.fromkeys(map(str.strip, names)))
    return [name for name in found if not name.startswith("_")]


def patched_attributes(text: str) -> list[tuple[str, str]]:
    """Attributes added to a class later: (Tensor, backward) for `Tensor.backward = backward`."""
    return [(match["owner"], match["name"]) for match in PATCHED.finditer(text)]
