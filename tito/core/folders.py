"""Folders that a student's code could write to: looked through and deleted, however deep.

Folders nested a thousand deep are too deep for `shutil`, `os.walk` and `Path.rglob`. The judge has
its own copy of `delete`, in `verification/files.py`: neither imports the other.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Folder = int | str  # an open descriptor, or a path where the system has none for folders

DEEPEST = 50  # no folder that tito reads is nested deeper
LEVELS = 20  # folders that are open at once, one inside the other
JUNCTION = 0xA0000003  # the tag of Windows's links to folders
OWNERS = 0o700
# So that no folder can be exchanged for a link between a look and a deed; Windows has only paths.
BY_DESCRIPTOR = os.scandir in os.supports_fd
ENTER = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC")
)


@contextmanager
def temporary(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """An empty folder, deleted afterwards."""
    import tempfile  # it brings shutil, which most commands do without

    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield folder
    finally:
        delete(folder)


def below(folder: Path, levels: int = DEEPEST) -> Iterator[tuple[Path, bool]]:
    """What is in a folder and at most so many folders deep, and whether it is a folder itself.

    By name, files first. A link is no folder; a folder that cannot be listed is taken for empty.
    """
    for is_folder, name in _listed(folder):
        yield folder / name, is_folder
        if levels and is_folder:
            yield from below(folder / name, levels - 1)


def _listed(folder: Path) -> list[tuple[bool, str]]:
    entries = []
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            with suppress(FileNotFoundError):  # deleted in this moment
                entries.append((_is_folder(entry.stat(follow_symlinks=False)), entry.name))
    return sorted(entries)


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
