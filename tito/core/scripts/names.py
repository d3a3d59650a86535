"""The PyTorch names that a script uses, read from its text. Nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeGuard

from tito.core.scripts.branches import nodes
from tito.core.scripts.instead import STANDS_FOR, is_deferred

# Parts of PyTorch's family that nothing stands for: importing them is a name that is missing.
FAMILY = (*STANDS_FOR, "torchtext", "torchaudio")


class Use(NamedTuple):
    """A dotted PyTorch name, a line that uses it, and whether that line may never be reached."""

    name: str
    line: int
    if_reached: bool


def used_names(source: str, path: str) -> list[Use]:
    """Every PyTorch name in the script, each once: its first use, a certain one before others.

    Raises:
        SyntaxError: the text is not Python.
    """
    tree = ast.parse(source, path)
    aliases = {alias: name for name, alias in _imports(tree)}
    found = _first(_uses(tree, aliases))
    covered = {use.name.rpartition(".")[0] for use in found}  # torch.nn, where torch.nn.Linear is
    return [use for use in found if use.name not in covered]


def methods_called(source: str) -> list[Use]:
    """The methods called on values, as `x.view(...)`: the name and its first line."""
    tree = ast.parse(source)
    packages = _names_imported(tree)  # np.log(x) is no method
    return _first(
        Use(node.func.attr, node.lineno, unsure)
        for node, unsure in nodes(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if _chain(node.func).partition(".")[0] not in packages
    )


def _first(uses: Iterable[Use]) -> list[Use]:
    """One use for each name."""
    first: dict[str, Use] = {}
    for use in sorted(uses, key=lambda use: (use.if_reached, use.line)):
        first.setdefault(use.name, use)
    return sorted(first.values(), key=lambda use: use.line)


def _names_imported(tree: ast.AST) -> set[str]:
    return {
        item.asname or item.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for item in node.names
    }


def modules_imported(source: str) -> list[str]:
    """The dotted names of the modules that the text imports, and `a.b` for `from a import b`."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [item.name for item in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module, *(f"{node.module}.{item.name}" for item in node.names)]
    return found


def functions_defined(source: str) -> set[str]:
    """The names of the functions and methods that the script defines."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)}


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What the script calls a PyTorch name: the dotted name, its alias."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                if _is_of_the_family(item.name):
                    root = item.name.partition(".")[0]
                    yield (item.name if item.asname else root), item.asname or root
        elif _is_from_the_family(node):
            for item in node.names:
                yield f"{node.module}.{item.name}", item.asname or item.name


def _uses(tree: ast.AST, aliases: dict[str, str]) -> Iterator[Use]:
    for node, unsure in nodes(tree):
        for name in _names_in(node, aliases):
            yield Use(name.removesuffix(".*"), getattr(node, "lineno", 1), unsure)


def _names_in(node: ast.AST, aliases: dict[str, str]) -> Iterator[str]:
    """The PyTorch names that this node itself uses; to import a deferred one is no use."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        imported = [name for name, _ in _imports(node)]
        if isinstance(node, ast.Import):
            imported += [item.name for item in node.names if _is_of_the_family(item.name)]
        yield from (name for name in imported if not is_deferred(name))
    elif isinstance(node, ast.Attribute):
        root, _, rest = _chain(node).partition(".")
        if root in aliases:
            yield f"{aliases[root]}.{rest}"
    elif isinstance(node, ast.Name) and is_deferred(aliases.get(node.id, "")):
        yield aliases[node.id]


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
