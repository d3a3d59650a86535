"""`import tinytorch` in the judge: the modules are stand-ins for another process's.

`install` puts a finder in front of Python's own, so that `import tinytorch.autograd as autograd`
and `from tinytorch import Tensor` in an unchanged test file give stand-ins.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from verification.modules.process import Modules

PACKAGE = "tinytorch"


class Module(ModuleType):
    """A stand-in for a module of the framework."""

    def __getattr__(self, name: str) -> Any:
        there = self.__dict__.get("_there")
        if there is None or name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return as_module(there._process.ask("get", there, name))

    def __setattr__(self, name: str, value: Any) -> None:
        there: Any = self.__dict__.get("_there")
        if name.startswith("_"):
            super().__setattr__(name, value)
        elif isinstance(value, Module):  # by Python, after an import: over there, it may be hidden
            if as_module(there._process.ask("get", there, name)) is value:
                super().__setattr__(name, value)
        else:
            there._process.ask("set", there, name, value)


def as_module(value: Any) -> Any:
    """Modules of the framework are the imported ones here too."""
    if type(value).__name__ != "module":
        return value
    name = str(value._process.ask("get", value, "__name__"))
    return sys.modules.get(name, value) if name.partition(".")[0] == PACKAGE else value


class ThereLoader(Loader):
    """Import a module in the other process. `again`: run its file a second time."""

    def __init__(self, finder: Finder, verb: str = "module") -> None:
        self.finder, self.verb = finder, verb

    @property
    def again(self) -> ThereLoader:
        return ThereLoader(self.finder, "fresh")

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = Module(spec.name)
        module.__dict__["_there"] = self.finder.process.ask(self.verb, spec.name)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has run over there."""


class Finder(MetaPathFinder):
    """Finds `tinytorch` and what is inside it in the other process, never in a file."""

    def __init__(self, start: Callable[[], Modules]) -> None:
        self.start = start
        self.process = start()

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        if name.partition(".")[0] != PACKAGE:
            return None
        return ModuleSpec(name, ThereLoader(self), origin=f"<{name}>", is_package=True)

    def restart(self) -> None:
        """A new process; the modules have to be imported again."""
        self.process.end()
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
        self.process = self.start()


def install(staging: Path, limit: float) -> Finder:
    """From now on, importing `tinytorch` imports the one in `staging`, in a process of its own."""
    finder = Finder(lambda: Modules(staging, limit))
    sys.meta_path.insert(0, finder)
    return finder
