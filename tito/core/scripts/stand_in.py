"""`import torch` gives `tinytorch`: the import hook. It runs in the script's process."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

from tito.core.scripts.instead import STANDS_FOR, missing
from tito.core.scripts.names import FAMILY


class StandIn(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `torch.nn` as the module `tinytorch.nn`: the same object under both names."""

    def __init__(self) -> None:
        self._specs: dict[str, importlib.machinery.ModuleSpec | None] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the import system's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in FAMILY:
            return None
        return importlib.machinery.ModuleSpec(fullname, self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = stands_for(spec.name)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has put its new spec on the module: give the old one back.
        module.__spec__ = self._specs.get(module.__spec__.name if module.__spec__ else "")


def stands_for(name: str) -> ModuleType:
    """The module for a dotted PyTorch name.

    Raises:
        ModuleNotFoundError: the course has none; the message says what to write instead.
        ImportError: a later module brings it; the message is that of `tinytorch`.
    """
    own = own_name(name)
    try:
        return importlib.import_module(own) if own else _refuse(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{own}.".startswith(f"{error.name}."):
            raise
    parent, _, last = own.rpartition(".")
    found = getattr(sys.modules.get(parent), last, None)
    return _as_module(name, found) if found is not None else _refuse(name)


def own_name(name: str) -> str:
    """`torch.nn` is `tinytorch.nn`; empty where nothing stands for the package."""
    root, _, rest = name.partition(".")
    own = STANDS_FOR.get(root, "")
    return f"{own}.{rest}" if own and rest else own


def _as_module(name: str, holder: object) -> ModuleType:
    """A module with the attributes of a class, for `import torch.cuda`."""
    module = ModuleType(name)
    module.__dict__.update({key: getattr(holder, key) for key in dir(holder) if key[0] != "_"})
    return module


def _refuse(name: str) -> ModuleType:
    raise ModuleNotFoundError(missing(name), name=name)
