"""Read and write files atomically, on Windows too."""

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

NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
LARGEST = 50_000_000  # bytes; far more than any file of a workspace needs
# each flag only where the system has it
READ_AT_ONCE = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)
WINDOWS_ATTEMPTS = 10  # a virus scanner or an editor may have the file open for a moment


def move(source: Path, target: Path) -> None:
    """Replace one file with another in one step."""
    patiently(partial(source.replace, target))


def write_whole(path: Path, data: bytes, move: Callable[[Path, Path], None] = move) -> None:
    """Replace the file's content in one step. After an error the old content is still there."""
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


def can_be_locked(path: Path) -> bool:
    """Whether this disk has file locks; some network disks have none. It may create the file."""
    try:
        from fcntl import LOCK_UN, flock
    except ModuleNotFoundError:
        return True  # Windows, which always has them
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        flock(handle, LOCK_UN)  # takes nothing, so that nobody has to wait for it
    except OSError as error:
        return error.errno not in NO_LOCKS
    finally:
        os.close(handle)
    return True


@contextmanager
def opened_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading; never wait for a pipe or a device.

    Raise OSError if it is not a regular file.
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
    """Read a regular file; raise OSError for anything else or for more than `limit` bytes."""
    with opened_regular(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit / 1e6:.0f} MB", str(path))
    return data


def read_lines(path: Path) -> list[str]:
    """The lines of a file, or none if it cannot be read: for messages only."""
    try:
        return read_regular(path).decode("utf-8-sig", errors="replace").splitlines()
    except OSError:
        return []
