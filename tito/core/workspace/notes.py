"""What the tool remembers in `.tito/notes.json`: started modules and hints already given.

Progress is the tracker's business. Losing this file only makes hints begin again.
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
    """Started modules by name, with the time; hints given by module and task, as a count."""

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
                str(k): {str(task): int(rung) for task, rung in v.items()}
                for k, v in found["hints"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            notes.started, notes.hints = {}, {}
        return notes

    def start(self, module: Module, now: datetime) -> bool:
        """Mark the start; False when it was marked before."""
        if module.name in self.started:
            return False
        self.started[module.name] = now.astimezone().isoformat(timespec="seconds")
        self.save()
        return True

    def rung(self, module: Module, task: str) -> int:
        """How many hints have been given for the task."""
        return self.hints.get(module.name, {}).get(task, 0)

    def climb(self, module: Module, task: str, rung: int) -> None:
        self.hints.setdefault(module.name, {})[task] = rung
        self.save()

    def forget(self, module: Module) -> None:
        """Forget a module that was reset."""
        self.started.pop(module.name, None)
        self.hints.pop(module.name, None)
        self.save()

    def save(self) -> None:
        """Best effort: a read-only workspace still shows its lessons and runs tests."""
        text = json.dumps({"started": self.started, "hints": self.hints}, indent=1)
        with suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            write_whole(self.path, text.encode())
