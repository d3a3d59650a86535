"""The files of `tinytorch/`, from what has been exported. Nothing here touches the disk.

Besides the targets: `__init__` files that export their names, and errors for what is not exported
yet, which say which module brings it. That table is generated anew every time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tito import FRAMEWORK
from tito.core.export.package import FLAT, FOOT, SEAL, Package, Target
from tito.core.export.pending import (
    Placeholders,
    ancestors,
    parent_of,
    placeholder_attributes,
    placeholders,
)
from tito.core.export.source_map import SIGN

if TYPE_CHECKING:
    from tito.core.lesson.lesson import Lesson

# Loaded on first use, because most programs do not need them.
LAZY = ("distributions", "text", "utils", "vision")

PLACEHOLDERS = f'''"""{FRAMEWORK}._later, {SIGN}: names of modules that are not exported yet."""

import sys
from importlib import import_module


def later(package, names, lazy=()):
    """A module's `__getattr__`: loads what is lazy, and says which module brings a name."""

    def __getattr__(name):
        if name in lazy:
            return import_module(f"{{package}}.{{name}}")
        if name not in names:
            module = sys.modules[package]
            text = f"module {{package!r}} has no attribute {{name!r}}"
            raise AttributeError(text, name=name, obj=module)
        if _is_import_statement(sys._getframe(1)):
            raise ImportError(comes_with(f"{{package}}.{{name}}", names[name]), name=package)
        raise AttributeError(comes_with(f"{{package}}.{{name}}", names[name]))

    return __getattr__


def later_attributes(owner, names):
    """Let a class say which module brings an attribute that it has not got yet."""
    for name, module in names.items():
        if not hasattr(owner, name):
            setattr(owner, name, _Later(f"{{owner.__name__}}.{{name}}", module))


class _Later:
    """Stands for one attribute. A `__getattr__` would hide the errors inside of properties."""

    def __init__(self, name, module):
        self.text = comes_with(name, module)

    def __get__(self, instance, owner):
        raise AttributeError(self.text)


def comes_with(name, module):
    number = module.partition("_")[0]
    return f"{{name}} comes with module {{module}}: tito module start {{number}}"


def _is_import_statement(frame):
    """`from package import name` asks twice: importlib, then the statement itself."""
    if frame.f_code.co_name == "_handle_fromlist":
        return True
    from opcode import opmap

    return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]
'''


# `float` is a dtype there, as in PyTorch; after `import *` it is still Python's own.
PYTHON_TYPES = ("bool", "float", "int")


def package_files(package: Package, later: Mapping[str, Lesson]) -> dict[str, str]:
    """The text of every file, by path; `later` are the lessons that are not exported yet."""
    pending = placeholders(later)
    patched = placeholder_attributes(later)
    files = _stubs(package, later)
    for target in package.targets.values():
        files[target.path] = _target_file(target, pending, patched)
    for name in _packages(package.targets):
        files[_init_path(name)] = _init_file(name, package, pending)
    files["_later.py"] = PLACEHOLDERS
    return files


def _packages(targets: Iterable[str]) -> list[str]:
    return sorted({"", *(package for target in targets for package in ancestors(target))})


def _init_path(package: str) -> str:
    return "/".join([*(package.split(".") if package else []), "__init__.py"])


def _stubs(package: Package, later: Mapping[str, Lesson]) -> dict[str, str]:
    """Files for later targets: importing one raises an error that names its module."""
    present = _packages(package.targets)
    stubs: dict[str, str] = {}
    for module, lesson in sorted(later.items()):
        for target in lesson.exported:
            missing = [name for name in ancestors(target) if name not in present]
            for name in missing:
                stubs.setdefault(_init_path(name), _stub(name, module))
            if not missing:
                stubs.setdefault(target.replace(".", "/") + ".py", _stub(target, module))
    return stubs


def _stub(name: str, module: str) -> str:
    dotted = f"{FRAMEWORK}.{name}"
    return "\n".join(
        [
            f'"""{dotted}, {SIGN}: not exported yet."""',
            "",
            f"from {FRAMEWORK}._later import comes_with",
            "",
            f'raise ImportError(comes_with("{dotted}", "{module}"), name="{dotted}")',
            "",
        ]
    )


def _target_file(target: Target, pending: Placeholders, patched: Placeholders) -> str:
    lines = [f'"""{target.dotted}, {SIGN}: edit the lessons in modules/, not this file."""', ""]
    lines += [*target.futures, ""] if target.futures else []
    lines += [FLAT] if target.flat else []
    lines += [f"{SEAL}{target.seal}", *_all(target.names), "", target.body]
    owners = {name: patched[name] for name in target.names if name in patched}
    lines += _footer(_still_missing(pending, target.name, target.names), [], owners)
    return "\n".join([*lines, ""])


def _init_file(package: str, everything: Package, pending: Placeholders) -> str:
    dotted = f"{FRAMEWORK}.{package}" if package else FRAMEWORK
    lines = [f'"""{dotted}, {SIGN}: what your lessons have exported so far."""', ""]
    public: list[str] = []
    lazy: list[str] = []
    for member in _members(package, everything):
        target = everything.targets.get(member)
        short = member.rpartition(".")[2]
        if member.split(".")[0] in LAZY:
            lazy.append(short)
        elif target is not None and target.flat:
            lines += _import(target)
            public += target.names
        else:
            lines.append(f"from {dotted} import {short}")
            public.append(short)
    lines += ["", *_all(name for name in public if name not in PYTHON_TYPES)]
    lines += _footer(_still_missing(pending, package, [*public, *lazy]), lazy)
    return "\n".join([*lines, ""])


def _members(package: str, everything: Package) -> list[str]:
    """The files and packages directly in a package, in the order of the modules."""
    first: dict[str, str] = {}
    for target in everything.targets.values():
        for name in (target.name, *ancestors(target.name)):
            if name and parent_of(name) == package:
                first[name] = min([first.get(name, "99"), *target.sections])
    return sorted(first, key=lambda name: (first[name], name))


def _still_missing(pending: Placeholders, name: str, present: Iterable[str]) -> dict[str, str]:
    there = set(present)
    names = pending.get(name, {})
    return {key: names[key] for key in sorted(names) if key not in there}


def _footer(
    missing: Mapping[str, str], lazy: list[str], owners: Placeholders | None = None
) -> list[str]:
    lines: list[str] = []
    if missing or lazy:
        table = [f"    {name!r}: {module!r}," for name, module in missing.items()]
        lines += [f"from {FRAMEWORK}._later import later as _later", ""]
        lines += ["_names = {", *table, "}", f"__getattr__ = _later(__name__, _names, {lazy!r})"]
    if owners:
        lines += [f"from {FRAMEWORK}._later import later_attributes as _later_attributes", ""]
        lines += [f"_later_attributes({owner}, {names!r})" for owner, names in owners.items()]
    return ["", FOOT, *lines] if lines else []


def _import(target: Target) -> list[str]:
    names = [f"    {name}," for name in target.names]
    return [f"from {target.dotted} import (", *names, ")"] if names else [f"import {target.dotted}"]


def _all(names: Iterable[str]) -> list[str]:
    return ["__all__ = [", *(f'    "{name}",' for name in dict.fromkeys(names)), "]"]
