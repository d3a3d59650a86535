"""This Python: its optional packages, and how to call it and its pip from a shell."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from tito.core.errors import MachineError
from tito.core.words import quoted


def python_command() -> str:
    """`python3` or `python` if that finds this Python, else its path."""
    name = Path(sys.executable).name
    import shutil  # here: rarely needed, and slow to import

    found = shutil.which(name)
    if found and Path(found).absolute() == Path(sys.executable).absolute():
        return name
    return quoted(Path(sys.executable))


def release(version: str) -> tuple[int, ...]:
    """`2.1.0rc1` as the numbers (2, 1)."""
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def pip_install(*what: str) -> str:
    return f"{python_command()} -m pip install " + " ".join(f'"{name}"' for name in what)


def import_extra(package: str, *, extra: str, purpose: str) -> Any:
    """A package that only an extra of the course brings; `purpose` is what needs it.

    Raises:
        MachineError: it is not installed; says how to get it.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise MachineError(
            f"{purpose} needs the package {package}, which the extra `{extra}` brings.",
            hint=pip_install(f"tinytorch-course[{extra}]"),
        ) from error
