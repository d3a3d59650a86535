"""The PyTorch names that a script uses, read from its text. Nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple, TypeGuard

from tito.core.scripts.instead import STANDS_FOR

# Parts of PyTorch's family that nothing stands for: importing them is a name that is missing.
FAMILY = (*STANDS_FOR, "torchtext", "torchaudio")


class Use(NamedTuple):
    """A dotted PyTorch name and the first line that uses it."""

    name: str
    line: int


def used_names(source: str, path: str) -> list[Use]:
    """Every PyTorch name in the script, each once, in the order of its first use.

    Raises:
        SyntaxError: the text is not Python.
    """
    tree = ast.parse(source, path)
    aliases = {alias: name for name, alias, _ in _imports(tree)}
    first: dict[str, int] = {}
    for name, line in sorted(_uses(tree, aliases), key=lambda use: use[1]):
        first.setdefault(name, line)
    covered = {name.rpartition(".")[0] for name in first}  # torch.nn, where torch.nn.Linear is
    return [Use(name, line) for name, line in first.items() if name not in covered]


def methods_called(source: str) -> list[Use]:
    """The methods called on values, as `x.view(...)`: the name and its first line."""
    tree = ast.parse(source)
    packages = _names_imported(tree)  # np.log(x) is no method
    first: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, line = node.func.attr, node.lineno
            if _chain(node.func).partition(".")[0] not in packages:
                first[name] = min(first.get(name, line), line)
    return [Use(name, line) for name, line in first.items()]


def _names_imported(tree: ast.AST) -> set[str]:
    return {
        item.asname or item.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for item in node.names
    }


def functions_defined(source: str) -> set[str]:
    """The names of the functions and methods that the script defines."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)}


def _imports(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    """What the script calls a PyTorch name: the dotted name, its alias, the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                if _is_of_the_family(item.name):
                    root = item.name.partition(".")[0]
                    yield (item.name if item.asname else root), item.asname or root, node.lineno
        elif _is_from_the_family(node):
            for item in node.names:
                yield f"{node.module}.{item.name}", item.asname or item.name, node.lineno


def _uses(tree: ast.AST, aliases: dict[str, str]) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((i.name, node.lineno) for i in node.names if _is_of_the_family(i.name))
        elif isinstance(node, ast.Attribute):
            chain = _chain(node)
            root, _, rest = chain.partition(".")
            if root in aliases:
                yield f"{aliases[root]}.{rest}", node.lineno
    for name, _, line in _imports(tree):
        yield name.removesuffix(".*"), line


def _chain(node: ast.Attribute) -> str:
    """`F.relu` of `F.relu(x)`; empty where the chain does not begin with a name."""
    parts = [node.attr]
    inner = node.value
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    return ".".join([inner.id, *reversed(parts)]) if isinstance(inner, ast.Name) else ""


def _is_from_the_family(node: ast.AST) -> TypeGuard[ast.ImportFrom]:
    if not isinstance(node, ast.ImportFrom) or node.level:
        return False
    return _is_of_the_family(node.module or "")


def _is_of_the_family(name: str) -> bool:
    return name.partition(".")[0] in FAMILY
