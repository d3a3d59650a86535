"""What a judged process could write: read and deleted, whatever it is.

A named pipe would make a reader wait, and folders nested a thousand deep are too deep for `shutil`.
`milestone_tracker.py` loads this file by its path, so it imports only the standard library.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Folder = int | str  # an open descriptor, or a path where the system has none for folders

LEVELS = 20  # folders that are open at once, one inside the other
JUNCTION = 0xA0000003  # the tag of Windows's links to folders
OWNERS = 0o700
# So that no folder can be exchanged for a link between a look and a deed; Windows has only paths.
BY_DESCRIPTOR = os.scandir in os.supports_fd


def flags(*names: str) -> int:
    """These flags of os.open, as far as the system has them."""
    return os.O_RDONLY | sum(getattr(os, name, 0) for name in names)


READ = flags("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
ENTER = flags("O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC")


def read_regular(path: Path, limit: int) -> bytes:
    """The first `limit` bytes; OSError at once for a link, a pipe or a device."""
    handle = os.open(path, READ)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(handle)


def delete(folder: Path) -> None:
    """Delete a folder and all that is in it, as far as that can be done.

    No link is followed. Folders that are nested deeper than LEVELS are moved up to the top, so that
    neither Python's stack, nor the descriptors, nor the length of a path sets a limit.
    """
    place = os.path.abspath(folder)  # noqa: PTH100 (Path.resolve would follow a link)
    if sys.platform == "win32" and not place.startswith("\\\\"):
        place = f"\\\\?\\{place}"  # without it, paths end at 260 characters
    deep: list[str] = []
    with suppress(OSError):
        with _entered(place, None) as top:
            _empty(top, top, deep, LEVELS)
            while deep:
                with suppress(OSError):
                    _delete(deep.pop(), top, top, deep, LEVELS)
        Path(place).rmdir()


def _empty(at: Folder, top: Folder, deep: list[str], levels: int) -> None:
    with os.scandir(at) as found:
        entries = list(found)
    for entry in entries:
        with suppress(OSError):  # what cannot be deleted never keeps the rest
            if _is_folder(entry.stat(follow_symlinks=False)):
                _delete(entry.name, at, top, deep, levels)
            else:
                _unlink(entry.name, at)


def _delete(name: str, at: Folder, top: Folder, deep: list[str], levels: int) -> None:
    """Delete one folder, or move it up to the top and name it in `deep`."""
    path, inside = _path(name, at)
    with _entered(path, inside) as folder:
        if levels:
            _empty(folder, top, deep, levels - 1)
        else:
            new = f".{os.urandom(8).hex()}"
            target, above = _path(new, top)
            os.rename(path, target, src_dir_fd=inside, dst_dir_fd=above)
            deep.append(new)
            return
    os.rmdir(path, dir_fd=inside)


def _unlink(name: str, at: Folder) -> None:
    path, inside = _path(name, at)
    try:
        os.unlink(path, dir_fd=inside)
    except PermissionError:
        if BY_DESCRIPTOR:
            raise
        Path(path).chmod(stat.S_IWRITE)  # on Windows, a file that may only be read
        Path(path).unlink()


def _is_folder(found: os.stat_result) -> bool:
    """Whether it is a folder itself, and no link to one."""
    return stat.S_ISDIR(found.st_mode) and getattr(found, "st_reparse_tag", 0) != JUNCTION


def _path(name: str, at: Folder) -> tuple[str, int | None]:
    """How a call of the system names an entry of a folder."""
    return (f"{at}{os.sep}{name}", None) if isinstance(at, str) else (name, at)


@contextmanager
def _entered(path: str, inside: int | None) -> Iterator[Folder]:
    """A folder whose entries can be listed and deleted, made so if its owner has shut it."""
    if not BY_DESCRIPTOR:
        if not _is_folder(os.lstat(path)):
            raise NotADirectoryError(errno.ENOTDIR, "it is a link or a file", path)
        yield path
        return
    try:
        folder = os.open(path, ENTER, dir_fd=inside)
    except PermissionError:
        os.chmod(path, OWNERS, dir_fd=inside)
        folder = os.open(path, ENTER, dir_fd=inside)
    try:
        if os.fstat(folder).st_mode & OWNERS != OWNERS:
            with suppress(OSError):
                os.fchmod(folder, OWNERS)
        yield folder
    finally:
        os.close(folder)
