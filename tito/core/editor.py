"""Open a file in the editor of `$VISUAL` or `$EDITOR`, or in JupyterLab, and wait for it."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from tito.core.errors import MachineError, os_reason
from tito.core.python import pip_install

ANOTHER_EDITOR = "Set VISUAL or EDITOR to a program that is installed."


def editor_command(env: Mapping[str, str]) -> list[str]:
    """The command in `$VISUAL`, or else `$EDITOR`; both may have arguments (`code --wait`).

    The program's full path is looked up: on Windows nothing else starts a `code.cmd`.
    """
    text = env.get("VISUAL") or env.get("EDITOR") or ""
    if whole := shutil.which(text, path=env.get("PATH")):
        return [whole]  # a path with spaces, as Windows writes it
    program, *options = _words(text)
    found = shutil.which(program, path=env.get("PATH"))
    if found is None:
        raise MachineError(f"The editor {program!r} was not found.", hint=ANOTHER_EDITOR)
    return [found, *options]


def _words(text: str) -> list[str]:
    """Split the setting like a shell."""
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
    """The command that opens JupyterLab on the workspace; jupytext shows lessons as notebooks."""
    missing = [name for name in ("jupyterlab", "jupytext") if find_spec(name) is None]
    if missing:
        raise MachineError(
            f"{' and '.join(missing)} is not installed in this Python.",
            where=sys.executable,
            hint=pip_install(*missing),
        )
    return [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]


def open_with(command: list[str], path: Path, cwd: Path, env: Mapping[str, str]) -> None:
    """Run the program and wait. Ctrl-C goes to the program, which may ask (JupyterLab does)."""
    try:
        process = subprocess.Popen([*command, str(path)], cwd=cwd, env=dict(env))
    except OSError as error:
        raise MachineError(
            f"{command[0]} cannot be started: {os_reason(error)}.", hint=ANOTHER_EDITOR
        ) from error
    code = None
    while code is None:
        with contextlib.suppress(KeyboardInterrupt):
            code = process.wait()
    if code != 0:
        raise MachineError(f"{command[0]} ended with exit code {code}.")
