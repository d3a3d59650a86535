"""Read a file of `tinytorch/`, with a plain message where something else stands in its place.

This only reads; `swap` writes.
"""

from __future__ import annotations

import re
from pathlib import Path

from tito.core.errors import MachineError, os_reason
from tito.core.files import read_lines, read_regular
from tito.core.workspace.workspace import Workspace


def read_text(workspace: Workspace, path: Path) -> str:
    """The text of a file in the package; MachineError if it cannot be read."""
    try:
        return read_regular(path).decode("utf-8", errors="replace")
    except OSError as error:
        shown = workspace.shown(path)
        text = f"A file of your framework cannot be read: {os_reason(error)}."
        hint = f"Remove {shown}, then run {export_of(workspace, path)}."
        raise MachineError(text, where=shown, hint=hint) from error


def export_of(workspace: Workspace, path: Path) -> str:
    """The command that writes this file anew: of the first lesson that exports to it."""
    target = ".".join(Path(workspace.shown(path)).with_suffix("").parts[1:])
    line = re.compile(rf"#\s*\|\s*(default_exp|export)\s+{re.escape(target)}\s*")
    for module in workspace.modules:
        lines = [*read_lines(module.given), *read_lines(module.lesson)]
        if any(map(line.fullmatch, lines)):
            return f"tito export {module.number}"
    return "tito export"
