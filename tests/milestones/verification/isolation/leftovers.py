"""Home folders of judged processes whose judge was killed before it could delete them.

A folder is named after its owner's process: `tinytorch-judged-1234-x7k2`. On Windows, where asking
whether a process runs can end it, only the age counts.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from verification.files import delete

PREFIX = "tinytorch-judged-"
OLD = 86_400.0  # seconds; a run takes minutes


def new_home(scratch: Path | None) -> Path:
    """An empty folder; folders that are left over beside it are deleted first."""
    parent = scratch or Path(tempfile.gettempdir())
    sweep(parent)
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))


def sweep(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if is_ours(folder) and is_left_over(folder):
                delete(folder)


def is_ours(folder: Path) -> bool:
    """A real folder of this user: in a shared temporary folder, others may plant a name."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return os.name != "posix" or folder.stat().st_uid == os.getuid()


def is_left_over(folder: Path) -> bool:
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
