"""What the tool remembers in `.tito/notes.json`: started modules and hints already given.

Progress is the tracker's business. If this file is lost, hints only start again from the first.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tito.core.files import read_regular, write_whole
from tito.core.workspace.workspace import Module, Workspace

if TYPE_CHECKING:
    from datetime import datetime


class Notes:
    """When each module was started, and how many hints were given for each task."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.started: dict[str, str] = {}
        self.hints: dict[str, dict[str, int]] = {}

    @classmethod
    def of(cls, workspace: Workspace) -> Notes:
        notes = cls(workspace.scratch / "notes.json")
        try:
            found: Any = json.loads(read_regular(notes.path))
            notes.started = {str(k): str(v) for k, v in found["started"].items()}
            notes.hints = {
                str(k): {str(task): int(count) for task, count in v.items()}
                for k, v in found["hints"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            notes.started, notes.hints = {}, {}
        return notes

    def start(self, module: Module, now: datetime) -> bool:
        """Note the start of a module; return False if it was already started."""
        if module.name in self.started:
            return False
        self.started[module.name] = now.astimezone().isoformat(timespec="seconds")
        self.save()
        return True

    def hints_given(self, module: Module, task: str) -> int:
        """How many hints have been given for a task."""
        return self.hints.get(module.name, {}).get(task, 0)

    def set_hints_given(self, module: Module, task: str, count: int) -> None:
        self.hints.setdefault(module.name, {})[task] = count
        self.save()

    def forget(self, module: Module) -> None:
        """Forget a module that was reset."""
        self.started.pop(module.name, None)
        self.hints.pop(module.name, None)
        self.save()

    def save(self) -> None:
        """Write the file if possible: a read-only workspace still shows lessons and runs tests."""
        text = json.dumps({"started": self.started, "hints": self.hints}, indent=1)
        with suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            write_whole(self.path, text.encode())
