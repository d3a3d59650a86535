"""Temporary folders with work that is handed to another process, and their end.

A folder is named after the process that waits for the result: `tito-grade-1234-x7k2`. When that
process is killed, the one that judges deletes the folder; when both are, the next one here does. On
Windows, where asking whether a process runs can end it, only the age counts.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tito.core.folders import delete, temporary

PREFIX = "tito-grade-"
OLD = 86_400.0  # seconds; a submission takes an hour at most


@contextmanager
def handed_over() -> Iterator[Path]:
    """An empty folder, deleted afterwards; OSError if there can be none."""
    sweep(Path(tempfile.gettempdir()))
    start = f"{PREFIX}{os.getpid()}-"
    with temporary(start) as folder:
        yield folder


def delete_handed_over(folder: Path) -> None:
    """For who judges: nobody else is left to do it."""
    if folder.name.startswith(PREFIX):
        delete(folder)


def sweep(parent: Path) -> None:
    """Delete the folders of processes that were killed."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if _is_ours(folder) and _is_left_over(folder):
                delete(folder)


def _is_ours(folder: Path) -> bool:
    """A real folder of this user: in a shared temporary folder, others may plant a name."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return os.name != "posix" or folder.stat().st_uid == os.getuid()


def _is_left_over(folder: Path) -> bool:
    owner = re.match(rf"{PREFIX}(\d+)-", folder.name)
    if owner is None or os.name != "posix":
        return time.time() - folder.stat().st_mtime > OLD
    try:
        os.kill(int(owner[1]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
