"""Test files as they were before the lesson was imported.

A lesson knows where its tests are: it could rewrite the file, or plant a compiled one beside it,
and put everything back at the end. So the files are read first, and pytest imports what was read.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

NOT_REWRITTEN = b"PYTEST_DONT_REWRITE"
execute = exec  # before a lesson can replace it


class HeldTests(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """A plugin that finds and loads them for pytest, which asks for a file by folder and name."""

    def __init__(self, files: Iterable[str]) -> None:
        self._names = {os.path.realpath(file): file for file in files}
        self._held = {real: held(Path(file)) for real, file in self._names.items()}
        self._rewritten: dict[str, CodeType] = {}
        self._imported: list[ModuleType] = []
        self.settings_kept: Callable[[], AbstractContextManager[None]] = nullcontext

    def is_like(self, other: HeldTests) -> bool:
        """Whether both hold the same files, with the same in them."""
        return self._names == other._names and self._held == other._held

    def rewrite(self) -> None:
        """Compile what is not compiled: before a lesson, which may have replaced `compile`."""
        for real, code in self._held.items():
            if isinstance(code, bytes) and real not in self._rewritten:
                with suppress(SyntaxError):  # pytest will say so when it imports the file
                    self._rewritten[real] = rewritten(code, self._names[real])

    def pytest_configure(self) -> None:
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, _: ModuleType | None = None
    ) -> ModuleSpec | None:
        for folder in path or ():
            file = Path(folder, fullname.rpartition(".")[2] + ".py")
            if os.path.realpath(file) in self._held:
                return importlib.util.spec_from_file_location(fullname, file, loader=self)
        return None

    def exec_module(self, module: ModuleType) -> None:
        real = os.path.realpath(str(module.__file__))
        code = self._rewritten.get(real) or self._held[real]
        if isinstance(code, bytes):
            code = rewritten(code, str(module.__file__))
        self._imported.append(module)
        with self.settings_kept():  # it may run a lesson's file once more
            execute(code, vars(module))

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave out what is not of these files: a module that a lesson has put in their place."""
        items[:] = [item for item in items if any(item.module is m for m in self._imported)]


def held(file: Path) -> CodeType | bytes:
    """The code, from Python's cache if it is there, or the source whose asserts pytest rewrites."""
    source = file.read_bytes()
    if NOT_REWRITTEN in source:
        with suppress(SyntaxError):  # pytest will say so when it imports the file
            code = SourceFileLoader(file.stem, str(file)).get_code(file.stem)
            assert code is not None
            return code
    return source


def rewritten(source: bytes, file: str) -> CodeType:
    """With its asserts rewritten as pytest does it."""
    from _pytest.assertion.rewrite import rewrite_asserts

    tree = ast.parse(source, filename=file)
    rewrite_asserts(tree, source, file)
    return compile(tree, file, "exec", dont_inherit=True)
