"""The release of the course that a workspace was made from, so that a later one can be merged.

.tito/release/release.json                 {"schema": 1, "version": ..., "files": {name: hash}}
.tito/release/modules/01_tensor/tensor.py  the blank lesson, as the student began with it
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from tito import __version__
from tito.core.files import read_regular
from tito.core.workspace.course_files import course_files, normalized, verification_files
from tito.core.workspace.workspace import Module, Workspace

FOLDER = ".tito/release"
LIST = f"{FOLDER}/release.json"


@dataclass(frozen=True)
class Release:
    """The version of a release, and the hash of each of its files, lessons blank."""

    version: str
    files: Mapping[str, str]

    def as_json(self) -> bytes:
        found = {"schema": 1, "version": self.version, "files": dict(self.files)}
        return json.dumps(found, indent=1).encode()


def release_of(course: Path, blanks: Mapping[str, str]) -> Release:
    """The release in the folder `course`; `blanks` are its blank lessons by name."""
    hashes = {name: hash_of(normalized(course / name)) for name in course_files(course)}
    lessons = {name: hash_of(text.encode()) for name, text in blanks.items()}
    return Release(__version__, {**hashes, **lessons})


def release_files(
    course: Path, blanks: Mapping[str, str], older: Mapping[str, str] = MappingProxyType({})
) -> dict[str, bytes]:
    """What a workspace keeps of a release, by name from its root.

    `older` has the hashes of lessons that are still those of an older release.
    """
    lessons = {f"{FOLDER}/{name}": text.encode() for name, text in blanks.items()}
    release = release_of(course, blanks)
    whole = replace(release, files={**release.files, **older})
    return {**lessons, LIST: whole.as_json()}


def read_release(workspace: Workspace) -> Release | None:
    """The release that the workspace keeps; None if it keeps none, as an older one does."""
    try:
        found = json.loads(read_regular(workspace.root / LIST))
        hashes = {str(name): str(value) for name, value in found["files"].items()}
        return Release(str(found["version"]), hashes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def kept_lesson(workspace: Workspace, name: str, release: Release | None) -> str | None:
    """The blank lesson that the student began with; None if it is not there as it was kept."""
    try:
        data = normalized(workspace.root / FOLDER / name)
    except OSError:
        return None
    whole = release is not None and release.files.get(name) == hash_of(data)
    return data.decode("utf-8", errors="replace") if whole else None


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def verification_hash(workspace: Workspace) -> str | None:
    """One hash of the files that judge milestones; None if they cannot be read."""
    root = workspace.judge.root
    try:
        files = {name: hash_of(normalized(root / name)) for name in verification_files(workspace)}
    except OSError:
        return None
    return hash_of(repr(sorted(files.items())).encode())


def tests_hash(workspace: Workspace, module: Module) -> str | None:
    """The hash of the tests that judge a module; None if they cannot be read."""
    try:
        return hash_of(normalized(workspace.judging(module).tests))
    except OSError:
        return None
