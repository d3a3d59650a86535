"""The work of judging one submission, as JSON: it can be handed to a process or another machine.

It holds lessons and no names: whoever judges does not know whose they are.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tito.core.errors import UsageError


@dataclass(frozen=True)
class Work:
    """Lessons by path, and what is to be judged with which seed and limits."""

    files: Mapping[str, bytes]
    modules: tuple[str, ...]
    milestones: tuple[str, ...]
    seed: int
    judged: bool = True  # in a process that the student's code cannot reach
    seconds: float | None = None  # for one test; None is the course's own limit
    memory_mb: float | None = None

    def as_json(self) -> dict[str, Any]:
        files = {name: base64.b64encode(data).decode() for name, data in self.files.items()}
        return {
            "files": files,
            "modules": list(self.modules),
            "milestones": list(self.milestones),
            "seed": self.seed,
            "judged": self.judged,
            "seconds": self.seconds,
            "memory_mb": self.memory_mb,
        }


def read_work(found: Any) -> Work:
    """Work out of JSON; UsageError if it is none."""
    try:
        return Work(
            {str(name): base64.b64decode(text) for name, text in found["files"].items()},
            tuple(map(str, found["modules"])),
            tuple(map(str, found["milestones"])),
            int(found["seed"]),
            bool(found["judged"]),
            found["seconds"],
            found["memory_mb"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"This is no work to judge: {error!r}.") from error
