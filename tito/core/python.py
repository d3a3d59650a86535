"""How to call this Python and its pip from a shell, for messages that name a command."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tito.core.words import quoted


def python_command() -> str:
    """`python3` or `python` if that finds this Python, else its path."""
    name = Path(sys.executable).name
    found = shutil.which(name)
    if found and Path(found).absolute() == Path(sys.executable).absolute():
        return name
    return quoted(Path(sys.executable))


def release(version: str) -> tuple[int, ...]:
    """`2.1.0rc1` as the numbers (2, 1)."""
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def pip_install(*what: str) -> str:
    return f"{python_command()} -m pip install " + " ".join(f'"{name}"' for name in what)
