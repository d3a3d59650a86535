"""The line that stands above every exported cell, and what can be told from it alone.

`# %% modules/03_nn/nn.py:120`: what follows is line 120 of that lesson. Kept apart from `package`
so that a status, and a message about a traceback, need not load what parses lessons.
"""

from __future__ import annotations

import re

from tito.core.workspace.workspace import Workspace

MARK = re.compile(
    r"^# %% (?P<lesson>modules/(?P<module>\d\d_\w+)/\w+\.py):(?P<line>\d+)$", re.MULTILINE
)


def exported_modules(workspace: Workspace) -> set[str]:
    """The modules that have a section somewhere in `tinytorch/`."""
    found: set[str] = set()
    for path in workspace.package.rglob("*.py"):
        try:
            parts = path.read_bytes().split(b"\n# %% modules/")
        except OSError:
            continue
        found.update(part.partition(b"/")[0].decode(errors="replace") for part in parts[1:])
    return found


def lesson_line(text: str, line: int) -> tuple[str, int] | None:
    """Where line `line` of a generated file stands in the lesson: its path and its line."""
    lines = text.split("\n")[:line]
    for offset, candidate in enumerate(reversed(lines)):
        match = MARK.fullmatch(candidate)
        if match:
            return (match["lesson"], int(match["line"]) + offset - 1) if offset else None
    return None
