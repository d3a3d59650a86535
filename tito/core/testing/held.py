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
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any


class HeldTests(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """A plugin that finds and loads them for pytest, which asks for a file by folder and name."""

    def __init__(self, files: Iterable[str]) -> None:
        self._sources = {os.path.realpath(file): Path(file).read_bytes() for file in files}

    def pytest_configure(self, config: Any) -> None:
        self._config = config
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, _: ModuleType | None = None
    ) -> ModuleSpec | None:
        for folder in path or ():
            file = Path(folder, fullname.rpartition(".")[2] + ".py")
            if os.path.realpath(file) in self._sources:
                return importlib.util.spec_from_file_location(fullname, file, loader=self)
        return None

    def exec_module(self, module: ModuleType) -> None:
        from _pytest.assertion.rewrite import rewrite_asserts

        file = str(module.__file__)
        source = self._sources[os.path.realpath(file)]
        tree = ast.parse(source, filename=file)
        rewrite_asserts(tree, source, file, self._config)
        exec(compile(tree, file, "exec", dont_inherit=True), vars(module))  # noqa: S102
