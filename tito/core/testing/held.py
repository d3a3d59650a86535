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
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

NOT_REWRITTEN = b"PYTEST_DONT_REWRITE"


class HeldTests(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """A plugin that finds and loads them for pytest, which asks for a file by folder and name."""

    def __init__(self, files: Iterable[str]) -> None:
        self._held = {os.path.realpath(file): held(Path(file)) for file in files}

    def pytest_configure(self, config: Any) -> None:
        self._config = config
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
        file = str(module.__file__)
        code = self._held[os.path.realpath(file)]
        if isinstance(code, bytes):
            code = self._rewritten(code, file)
        exec(code, vars(module))  # noqa: S102

    def _rewritten(self, source: bytes, file: str) -> CodeType:
        from _pytest.assertion.rewrite import rewrite_asserts

        tree = ast.parse(source, filename=file)
        rewrite_asserts(tree, source, file, self._config)
        return compile(tree, file, "exec", dont_inherit=True)


def held(file: Path) -> CodeType | bytes:
    """The code, from Python's cache if it is there, or the source whose asserts pytest rewrites."""
    source = file.read_bytes()
    if NOT_REWRITTEN in source:
        with suppress(SyntaxError):  # pytest will say so when it imports the file
            code = SourceFileLoader(file.stem, str(file)).get_code(file.stem)
            assert code is not None
            return code
    return source
