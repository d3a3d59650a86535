"""The marks in `tinytorch/`: above every exported cell, and in what is not exported yet.

`# %% modules/03_nn/nn.py:120`: what follows is line 120 of that lesson. Kept apart from `package`
so that a status, and a message about a traceback, need not load what parses lessons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tito.core.workspace import Workspace

MARK = re.compile(
    r"^# %% (?P<lesson>modules/(?P<module>\d\d_\w+)/\w+\.py):(?P<line>\d+)$", re.MULTILINE
)

NOT_YET = "not exported yet."  # ends the first line of a file that only names its module


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


def awaited_modules(workspace: Workspace, names: Iterable[str]) -> list[str]:
    """Those of which `tinytorch/` itself says that they are not exported yet.

    Not all that have no code there: a framework that tito did not write may be judged too, and
    files of tito may be left beside it.
    """
    if b"tinytorch._later" not in (workspace.package / "__init__.py").read_bytes():
        return []
    texts = [path.read_bytes() for path in workspace.package.rglob("*.py") if path.is_file()]
    waiting = [text for text in texts if NOT_YET.encode() in text.partition(b"\n")[0]]
    return [name for name in names if any(f'"{name}"'.encode() in text for text in waiting)]


def lesson_line(text: str, line: int) -> tuple[str, int] | None:
    """Where line `line` of a generated file stands in the lesson: its path and its line."""
    lines = text.split("\n")[:line]
    for offset, candidate in enumerate(reversed(lines)):
        match = MARK.fullmatch(candidate)
        if match:
            return (match["lesson"], int(match["line"]) + offset - 1) if offset else None
    return None
