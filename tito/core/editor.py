"""Open a file in the editor of `$VISUAL` or `$EDITOR`, or in JupyterLab, and wait for it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from tito.core.errors import MachineError


def editor_command(env: Mapping[str, str]) -> list[str]:
    """The words of `$VISUAL`, else of `$EDITOR`; both may carry arguments (`code --wait`)."""
    text = env.get("VISUAL") or env.get("EDITOR") or ""
    try:
        words = shlex.split(text, posix=os.name != "nt")
    except ValueError as error:
        raise MachineError(
            f"The editor setting {text!r} cannot be read: {error}.", hint="Set EDITOR again."
        ) from error
    if not words:
        raise MachineError(
            "No editor is set.", hint="Set VISUAL or EDITOR, for example EDITOR='code --wait'."
        )
    return [word.strip('"') for word in words] if os.name == "nt" else words


def jupyter_command(root: Path) -> list[str]:
    """JupyterLab over the whole workspace; jupytext makes a notebook of a lesson."""
    missing = [name for name in ("jupyterlab", "jupytext") if find_spec(name) is None]
    if missing:
        raise MachineError(
            f"{' and '.join(missing)} is not installed in this Python.",
            where=sys.executable,
            hint="pip install tinytorch-course[jupyter]",
        )
    return [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]


def open_with(command: list[str], path: Path, cwd: Path) -> None:
    # Windows starts `code`, which is a code.cmd there, by its whole name only.
    program = shutil.which(command[0]) or command[0]
    try:
        code = subprocess.call([program, *command[1:], str(path)], cwd=cwd)
    except OSError as error:
        raise MachineError(
            f"{command[0]} cannot be started: {error.strerror or error}.",
            hint="Set VISUAL or EDITOR to a program that is there.",
        ) from error
    if code != 0:
        raise MachineError(f"{command[0]} ended with exit code {code}.")
