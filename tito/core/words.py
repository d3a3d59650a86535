"""Helpers for texts: plurals, lists of names, module numbers, quoted paths."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

NAMED = 3  # names in a list before "and 4 more"


def counted(number: int, noun: str) -> str:
    """`1 lesson`, `8 lessons`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def enumerated(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def module_number(name: str) -> str:
    """`01` for `01_tensor`, as commands take it."""
    return name.partition("_")[0]


def quoted(path: Path) -> str:
    """The path, quoted for this system's shell if needed."""
    if os.name == "nt":
        from subprocess import list2cmdline

        return list2cmdline([str(path)])
    from shlex import quote  # here, as above: most commands name no path

    return quote(str(path))
