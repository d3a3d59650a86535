"""Read and write files safely: whole or not at all, on Windows too."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

LARGEST = 50_000_000  # bytes; no file of a workspace comes near
# each flag only where the system has it
READ_AT_ONCE = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)
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
    """Try again: Windows refuses while another process has the file open."""
    for attempt in range(WINDOWS_ATTEMPTS):
        try:
            action()
            return
        except PermissionError:
            if os.name != "nt" or attempt == WINDOWS_ATTEMPTS - 1:
                raise
            time.sleep(0.02 * 2**attempt)


@contextmanager
def opened_regular(path: Path) -> Iterator[BinaryIO]:
    """A file that anybody may have put there, for reading: never waits for a pipe or a device.

    OSError where it is not a regular file.
    """
    handle = os.open(path, READ_AT_ONCE)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        with os.fdopen(handle, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(handle)


def read_regular(path: Path, limit: int = LARGEST) -> bytes:
    """The bytes of a regular file; OSError for anything else, and for more than `limit` bytes."""
    with opened_regular(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit / 1e6:.0f} MB", str(path))
    return data


def read_lines(path: Path) -> list[str]:
    """The lines of a file, or none: for messages that can do without them."""
    try:
        return read_regular(path).decode("utf-8-sig", errors="replace").splitlines()
    except OSError:
        return []
