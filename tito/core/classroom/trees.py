"""Files handed in, in a folder or a zip file: listed, and read one by one with a limit.

Nothing is unpacked. A zip file with a path that leaves its folder is refused as a whole, and so is
one with too many entries; a link, or an entry that grows beyond its limit, cannot be read.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from tito.core.files import read_regular
from tito.core.folders import DEEPEST, below

MOST_ENTRIES = 100_000  # a zip with a virtual environment in it has some ten thousand
LARGEST_ZIP = 500_000_000  # bytes
RATIO = 200  # a lesson shrinks to about a quarter
SMALL = 100_000  # bytes that may be compressed as well as they can
DRIVE = re.compile(r"[A-Za-z]:")


class UnreadableError(Exception):
    """Something handed in cannot be read, or is refused; the text says why."""


@dataclass(frozen=True)
class Entry:
    """A regular file: its path from the top, and how to read at most so many bytes of it."""

    path: PurePosixPath
    read: Callable[[int], bytes]
    is_too_deep: bool = False  # a folder that nothing is read of: it is nested too deep

    def below(self, folder: str) -> Entry:
        """The same file, seen from inside a folder."""
        return replace(self, path=self.path.relative_to(folder))


def entries_of(path: Path) -> list[Entry]:
    """The files of a folder or a zip file, without links. UnreadableError if it is neither."""
    if path.is_dir():
        return _in_folder(path)
    try:
        if path.stat().st_size > LARGEST_ZIP:
            raise UnreadableError(f"it is larger than {LARGEST_ZIP / 1e6:.0f} MB")
        return in_zip(read_regular(path, LARGEST_ZIP))
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error


def _in_folder(folder: Path) -> list[Entry]:
    found = []
    for path, is_folder in below(folder):
        inside = PurePosixPath(path.relative_to(folder).as_posix())
        is_too_deep = is_folder and len(inside.parts) > DEEPEST
        if is_too_deep or _is_regular(path):
            found.append(Entry(inside, _reader(path), is_too_deep))
        if len(found) > MOST_ENTRIES:
            raise UnreadableError(f"it has more than {MOST_ENTRIES:,} files")
    return found


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:  # its path is too long, say
        return False


def _reader(path: Path) -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        try:
            return read_regular(path, limit)
        except OSError as error:
            raise UnreadableError(error.strerror or str(error)) from error

    return read


def in_zip(data: bytes) -> list[Entry]:
    """The regular files of a zip file."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableError(f"it is not a zip file that can be read: {error}") from error
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise UnreadableError(f"it has more than {MOST_ENTRIES:,} files")
    for info in infos:
        _refuse_escape(info.filename)
    return [
        Entry(PurePosixPath(info.filename.replace("\\", "/")), _zip_reader(archive, info))
        for info in infos
        if not info.is_dir() and not _is_link(info)
    ]


def _refuse_escape(name: str) -> None:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or DRIVE.match(name) or ".." in parts or "\0" in name:
        raise UnreadableError(f"it has a path that leaves its folder: {name!r}")


def _is_link(info: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(info.external_attr >> 16)


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(limit: int) -> bytes:
        if info.file_size > max(SMALL, RATIO * info.compress_size):
            raise UnreadableError(f"{info.filename} is a zip bomb: {info.file_size / 1e6:.0f} MB")
        try:
            with archive.open(info) as file:
                data = file.read(limit + 1)  # whatever size its header has claimed
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            RuntimeError,
            EOFError,
            ValueError,
        ) as error:
            raise UnreadableError(f"{info.filename} cannot be read: {error}") from error
        if len(data) > limit:
            raise UnreadableError(f"{info.filename} is larger than {limit / 1e6:.0f} MB")
        return data

    return read
