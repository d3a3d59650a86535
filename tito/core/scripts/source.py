"""The script's own text, and that of the modules beside it, compiled to behave as in PyTorch.

There `x.data` is a tensor on the same memory; in the course it is the NumPy array. And there
`x.requires_grad = False` is an error for a result; in the course nobody watches that attribute,
since it is read in every operation. Only what the script itself writes is changed, never what it
imports from elsewhere.
"""

from __future__ import annotations

import ast
import builtins
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

# Two underscores at the end: a class does not change such a name.
DATA_OF, LEAF = "__data_of__", "__leaf__"


def data_of(owner: Any) -> object:
    """What `owner.data` is in PyTorch: for a tensor, a tensor on the same memory."""
    data = owner.data
    tensor = getattr(sys.modules.get("tinytorch"), "Tensor", ())
    if not isinstance(owner, tensor):
        return data
    if isinstance(data, tensor):  # after `w.data = w - step`, a tensor lies where an array belongs
        owner.data = data.data
    return owner.detach()


def leaf(owner: Any) -> Any:
    """The owner of a `requires_grad` that is about to be set; RuntimeError for a result."""
    tensor = getattr(sys.modules.get("tinytorch"), "Tensor", ())
    if isinstance(owner, tensor) and owner.grad_fn is not None:
        raise RuntimeError(
            "you can only change requires_grad flags of leaf variables. If you want to use a "
            "computed variable in a subgraph that doesn't require differentiation use "
            "var_no_grad = var.detach()."
        )
    return owner


class _AsInPytorch(ast.NodeTransformer):
    """`x.data`, where it is read, becomes `__data_of__(x)`.

    And `x.requires_grad = y` becomes `__leaf__(x).requires_grad = y`.
    """

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr == "data" and isinstance(node.ctx, ast.Load):
            return _called(DATA_OF, node.value, node)
        if node.attr == "requires_grad" and isinstance(node.ctx, ast.Store):
            node.value = _called(LEAF, node.value, node.value)
        return node


def _called(name: str, value: ast.expr, at: ast.expr) -> ast.Call:
    call = ast.Call(ast.Name(name, ast.Load()), [value], [])
    return ast.fix_missing_locations(ast.copy_location(call, at))


def compiled(source: bytes, path: str) -> CodeType:
    """The code of a script, or of a module beside it."""
    code: CodeType = compile(_AsInPytorch().visit(ast.parse(source, path)), path, "exec")
    return code


def run_as_main(path: str) -> None:
    """Run the script as `python path` does."""
    setattr(builtins, DATA_OF, data_of)
    setattr(builtins, LEAF, leaf)
    sys.meta_path.insert(0, Beside(Path(path).resolve().parent))
    main = ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = main
    exec(compiled(Path(path).read_bytes(), path), main.__dict__)  # noqa: S102 - running it is the task


class Beside(importlib.abc.MetaPathFinder):
    """Finds the modules that lie in the script's folder, and compiles them as the script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        loader = spec.loader if spec else None
        if isinstance(loader, importlib.machinery.SourceFileLoader) and self._is_own(loader.path):
            spec.loader = _Loader(loader.name, loader.path)  # type: ignore[union-attr]
            return spec
        return None

    def _is_own(self, path: str) -> bool:
        place = Path(path).resolve()
        if not place.is_relative_to(self.folder):
            return False
        inside = place.relative_to(self.folder).parts
        return "site-packages" not in inside and inside[0] != "tinytorch"


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles as `compiled` does, and neither reads nor leaves a file in __pycache__."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the import system's signature
        return compiled(Path(self.path).read_bytes(), self.path)
