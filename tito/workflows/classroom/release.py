"""The students' starter of an assignment: a zip, and a folder that is a git repository.

    releases/<assignment>/starter/       the workspace, blank; a git repository where git is there
    releases/<assignment>/starter.zip    the same files
    releases/<assignment>/manifest.json  the course's version and the hash of each file

The same course and assignment give the same zip, byte for byte. A release again changes what has
changed, as one more commit; students then merge it with `tito update`.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tito import __version__
from tito.core import process
from tito.core.classroom.config import Assignment, ClassConfig
from tito.core.errors import MachineError, TitoError, reporting_os_errors
from tito.core.files import read_regular, write_whole
from tito.workflows.classroom.actions import PLACE, workflow_text
from tito.workflows.init import create_workspace

MOMENT = (1980, 1, 1, 0, 0, 0)  # of every file in the zip
MANIFEST = "manifest.json"
GIT_SECONDS = 120.0
# A teacher's machine may have no name set, or sign each commit with a key that asks for a password.
IDENTITY = ("-c", "user.name=TinyTorch", "-c", "user.email=tinytorch@localhost")
PLAIN = ("-c", "commit.gpgsign=false", "-c", "core.autocrlf=false", "-c", "core.hooksPath=")

ABOUT = """\
# {title}

{due}Modules: {modules}
{milestones}
    tito module start {first}
    tito module test {first}
    tito class checklist {words}

The last command judges your work as it will be graded. Hand in the lessons,
`modules/NN_name/name.py`.
"""


@dataclass(frozen=True)
class Starter:
    """What was released, and what differs from the release before."""

    folder: Path
    zip: Path
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    is_first: bool
    commit: str | None  # of the repository; None without git

    @property
    def is_same(self) -> bool:
        return not (self.added or self.changed or self.removed)


def release(
    config: ClassConfig, assignment: Assignment, env: Mapping[str, str], package: str
) -> Starter:
    """Write the starter, or bring one that is there up to date."""
    home = config.root / "releases" / assignment.id
    files = starter_files(assignment, package)
    before = _hashes_before(home)
    now = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    with reporting_os_errors("The starter could not be written: {}.", where=home):
        home.mkdir(parents=True, exist_ok=True)
        _fill(home / "starter", files, set(before or {}))
        data = _zipped(files)
        write_whole(home / "starter.zip", data)
        commit = _committed(home / "starter", assignment, env)
        write_whole(home / MANIFEST, _manifest(assignment, now, data))
    old = before or {}
    return Starter(
        home / "starter",
        home / "starter.zip",
        added=tuple(sorted(now.keys() - old.keys())),
        changed=tuple(sorted(name for name in now.keys() & old.keys() if now[name] != old[name])),
        removed=tuple(sorted(old.keys() - now.keys())),
        is_first=before is None,
        commit=commit,
    )


def starter_files(assignment: Assignment, package: str) -> dict[str, bytes]:
    """A blank workspace, the assignment in words, and the workflow for GitHub Actions."""
    with tempfile.TemporaryDirectory(prefix="tito-release-") as folder:
        root = create_workspace(Path(folder) / "starter").root
        files = {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }
    numbers = [name[:2] for name in assignment.modules]
    files["ASSIGNMENT.md"] = _about(assignment).encode()
    files[PLACE] = workflow_text(numbers, assignment.milestones, package).encode()
    return files


def _about(assignment: Assignment) -> str:
    numbers = [name[:2] for name in assignment.modules]
    names = ", ".join(assignment.milestones)
    words = [*numbers, *(f"--milestone {name}" for name in assignment.milestones)]
    return ABOUT.format(
        title=assignment.title,
        due=f"Due: {assignment.due:%Y-%m-%d %H:%M} ({assignment.due.tzinfo})\n\n"
        if assignment.due
        else "",
        modules=", ".join(assignment.modules) or "none",
        milestones=f"Milestones: {names}\n" if names else "",
        first=numbers[0] if numbers else "NN",
        words=" ".join(words),
    )


def _hashes_before(home: Path) -> dict[str, str] | None:
    try:
        found: Any = json.loads(read_regular(home / MANIFEST))
        return {str(name): str(value) for name, value in found["files"].items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TitoError(
            f"The manifest of the release before cannot be read: {error}.",
            where=str(home / MANIFEST),
            hint=f"Move the folder {home.name} away, then release again.",
        ) from error


def _fill(folder: Path, files: Mapping[str, bytes], before: set[str]) -> None:
    """Write the files; remove those of the release before that are gone. Others are left alone."""
    for name in before - files.keys():
        (folder / name).unlink(missing_ok=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != data:
            write_whole(path, data)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(f"tinytorch-course/{name}", MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return whole.getvalue()


def _manifest(assignment: Assignment, hashes: Mapping[str, str], data: bytes) -> bytes:
    found = {
        "schema": 1,
        "assignment": assignment.id,
        "course": __version__,
        "modules": list(assignment.modules),
        "milestones": list(assignment.milestones),
        "zip_sha256": hashlib.sha256(data).hexdigest(),
        "files": dict(sorted(hashes.items())),
    }
    return (json.dumps(found, indent=1) + "\n").encode()


def _committed(folder: Path, assignment: Assignment, env: Mapping[str, str]) -> str | None:
    """Commit what has changed; the last commit, or None where there is no git."""
    git = shutil.which("git", path=env.get("PATH"))
    if git is None:
        return None

    def run(*words: str) -> process.ProcessResult:
        clean = {name: value for name, value in env.items() if not name.startswith("GIT_")}
        command = [git, *IDENTITY, *PLAIN, *words]
        return process.run(command, cwd=folder, env=clean, timeout=GIT_SECONDS)

    steps: list[tuple[str, ...]] = (
        [] if (folder / ".git").exists() else [("init", "-q", "-b", "main")]
    )
    steps.append(("add", "-A"))
    for step in steps:
        _must(run(*step), folder)
    if run("diff", "--cached", "--quiet").returncode != 0:
        message = f"{assignment.title}: course {__version__}"
        _must(run("commit", "-q", "-m", message), folder)
    return _must(run("rev-parse", "HEAD"), folder).strip()


def _must(done: process.ProcessResult, folder: Path) -> str:
    if done.returncode != 0:
        last = (done.output.strip().splitlines() or ["no output"])[-1]
        raise MachineError(f"git failed: {last}", where=str(folder), hint="git status")
    return done.output
