"""What `tito run` does: find the script, run it in a process of its own, or list what it lacks."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tito.core.errors import MachineError, TitoError, UsageError, did_you_mean
from tito.core.files import read_regular
from tito.core.folders import temporary
from tito.core.scripts.child import command

if TYPE_CHECKING:
    from tito.world import World


class Missing(NamedTuple):
    """A PyTorch name that the student's framework lacks."""

    name: str
    line: int
    message: str
    file: str = ""  # a module beside the script; empty for the script itself
    if_reached: bool = False  # it stands in a branch that may not be taken


def find_script(world: World, text: str) -> Path:
    """The script's path, as it was given.

    Raises:
        UsageError: there is no such file.
    """
    path = world.cwd / text
    if path.is_file():
        return path
    if path.is_dir():
        raise UsageError(f"{text} is a folder: name a Python script.", hint="tito run --help")
    near = [other.name for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
    raise UsageError(f"There is no file {text}.{did_you_mean(path.name, near)}", hint="ls")


def framework_is_there(world: World) -> None:
    """Refuse to run a script on a workspace that has exported nothing."""
    if not (world.workspace.package / "__init__.py").is_file():
        raise TitoError(
            "Your tinytorch/ is empty: complete a module first.", hint="tito module status"
        )


def run_script(world: World, script: str, arguments: list[str]) -> int:
    """Run it in the foreground, as Python would; return its exit code."""
    find_script(world, script)
    framework_is_there(world)
    world.stdout.flush()
    child = subprocess.Popen(
        command(world.workspace.root, "run", script, *arguments), cwd=world.cwd, env=dict(world.env)
    )
    while True:
        try:
            code = child.wait()
            return code if code >= 0 else 128 - code
        except KeyboardInterrupt:
            continue  # the terminal has told the script too: it decides when to end


def check_script(world: World, script: str) -> list[Missing]:
    """The names that are missing, those in the script itself first, in the order of their lines."""
    path = find_script(world, script)
    framework_is_there(world)
    _must_be_python(path, script)
    with temporary("tito-run-") as folder:
        result = folder / "missing.json"
        child = subprocess.run(
            command(world.workspace.root, "check", str(path), str(result)),
            cwd=world.cwd,
            env=dict(world.env),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        try:
            rows = json.loads(read_regular(result))
        except (OSError, ValueError, RecursionError):
            raise _not_importable(child.stderr) from None
    return sorted((Missing(**row) for row in rows), key=lambda row: (row.file, row.line))


def _must_be_python(path: Path, shown: str) -> None:
    try:
        compile(path.read_text(encoding="utf-8"), shown, "exec")
    except UnicodeDecodeError:
        raise TitoError(f"{shown} is not UTF-8 text.") from None
    except (SyntaxError, ValueError) as error:
        where = f"{shown}:{getattr(error, 'lineno', None) or 1}"
        raise TitoError(f"{shown} is not Python: {error}", where=where) from None


def _not_importable(stderr: str) -> MachineError | TitoError:
    last = stderr.strip().splitlines()[-1:] or ["it ended without a word"]
    return TitoError(f"Your tinytorch cannot be imported: {last[0]}", hint="tito doctor")
