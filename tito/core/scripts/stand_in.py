"""`import torch` gives `tinytorch`: the import hook. It runs in the script's process."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

from tito.core.scripts.instead import IN_ONE, STANDS_FOR, is_deferred, missing
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
        # All may have parts: torch.utils.data, one file here, has torch.utils.data.dataloader.
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        if is_deferred(spec.name):
            return Deferred(spec.name)
        module = stands_for(spec.name)
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has put its new spec on the module: give the old one back.
        module.__spec__ = self._specs.get(module.__spec__.name if module.__spec__ else "")


class Deferred(ModuleType):
    """A package that the course does not have: its names can be imported, and refuse to work."""

    def __getattr__(self, name: str) -> Refused:
        if name.startswith("__"):
            raise AttributeError(name)
        return Refused(f"{self.__name__}.{name}")


class Refused:
    """A name of a `Deferred` package."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _refuse(self, *_: object, **__: object) -> None:
        raise ModuleNotFoundError(missing(self._name), name=self._name)

    __call__ = __enter__ = __mro_entries__ = _refuse

    def __getattr__(self, name: str) -> Refused:
        return Refused(f"{self._name}.{name}")

    def __instancecheck__(self, instance: object) -> bool:
        return False  # nothing can be one


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
    found = _held(own)
    return _as_module(name, found) if found is not None else _refuse(name)


def _held(own: str) -> object:
    """What a module, or a class in it, has under a dotted name; None for nothing."""
    root, *rest = own.split(".")
    found: object = sys.modules.get(root)
    for part in rest:
        found = getattr(found, part, None)
    return found


def own_name(name: str) -> str:
    """`torch.nn` is `tinytorch.nn`; empty where nothing stands for the package."""
    for file in IN_ONE:  # also torch.nn.modules.loss
        if f"{name}.".startswith(f"{file}."):
            name = file.rpartition(".")[0]
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
