"""Files: written whole or not at all, on Windows too. What is written, others decide."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

WINDOWS_ATTEMPTS = 10  # a virus scanner or an editor may hold a file for a moment


def move(source: Path, target: Path) -> None:
    """Put one file in the place of another, in one step."""
    patiently(partial(source.replace, target))


def write_whole(path: Path, data: bytes, move: Callable[[Path, Path], None] = move) -> None:
    """Replace the file's content in one step. An error leaves the old one, nothing beside it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        move(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def patiently(action: Callable[[], object]) -> None:
    """Windows refuses for the moment that another process has the file open: try again."""
    for attempt in range(WINDOWS_ATTEMPTS):
        try:
            action()
            return
        except PermissionError:
            if os.name != "nt" or attempt == WINDOWS_ATTEMPTS - 1:
                raise
            time.sleep(0.02 * 2**attempt)


def read_lines(path: Path) -> list[str]:
    """The lines of a file, or nothing: for a message that can do without."""
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return []
