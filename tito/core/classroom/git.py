"""A student's repository: fetched for its newest commit, and that commit's time."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tito.core.classroom.downloads import as_utc
from tito.core.classroom.trees import UnreadableError
from tito.core.errors import MachineError

SECONDS = 300  # for one repository
# A repository can ask for programs to be run and for other repositories; this one cannot.
SAFE = (
    "-c", "protocol.ext.allow=never",
    "-c", "core.symlinks=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
)  # fmt: skip


def require_git() -> str:
    found = shutil.which("git")
    if found is None:
        raise MachineError("git is not installed here.", hint="Install git, then run this again.")
    return found


def fetch(url: str, target: Path, env: Mapping[str, str]) -> str | None:
    """Clone the newest commit into `target`; its time in UTC. UnreadableError if git fails."""
    git = require_git()
    run(git, ["clone", "-q", "--depth", "1", "--no-tags", "--", url, str(target)], env)
    return as_utc(run(git, ["-C", str(target), "log", "-1", "--format=%cI"], env).strip())


def run(git: str, arguments: list[str], env: Mapping[str, str]) -> str:
    quiet = {**env, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            [git, *SAFE, *arguments],
            env=quiet,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableError(f"git took more than {SECONDS} s") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
        raise UnreadableError(said[-1] if said else f"git ended with {done.returncode}")
    return done.stdout.decode("utf-8", errors="replace")
