"""Kept runs of milestones: `.tito/runs/<milestone>/<UTC time>-<seed>/`.

Each has `run.json` (the verdict, the training's events, pictures of the network at work) and, once
something was trained, `weights.safetensors`. They are for the student to look at and to play with:
nothing here is evidence of a pass, which only the tracker's record is.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from tito import __version__
from tito.core.files import read_regular, write_whole
from tito.core.folders import delete
from tito.core.milestones.progress_events import TrainingEvent
from tito.core.workspace.workspace import Workspace

RUN, WEIGHTS = "run.json", "weights.safetensors"
KEPT = 10  # runs of each milestone
LARGEST = 5_000_000  # bytes of either file
STAMP = "%Y%m%dT%H%M%S.%fZ"  # two runs can begin in one second
Picture = Mapping[str, Any]


@dataclass(frozen=True)
class KeptRun:
    """One run. `data` is from a file: any value may be missing or of another type."""

    path: Path
    data: Mapping[str, Any]

    @property
    def milestone(self) -> str:
        return self.path.parent.name

    @property
    def weights_file(self) -> Path | None:
        """The trained weights, if there are any."""
        file = self.path / WEIGHTS
        return file if file.is_file() else None


def folder_of(workspace: Workspace) -> Path:
    return workspace.scratch / "runs"


def kept_runs(workspace: Workspace, milestone: str | None = None) -> list[KeptRun]:
    """The readable runs, newest first; damaged ones are left out."""
    found = []
    for file in folder_of(workspace).glob(f"{milestone or '*'}/*/{RUN}"):
        with suppress(OSError, ValueError, RecursionError):
            data = json.loads(read_regular(file, LARGEST))
            if isinstance(data, dict):
                found.append(KeptRun(file.parent, data))
    return sorted(found, key=lambda run: run.path.name, reverse=True)


def keep(
    workspace: Workspace,
    started: datetime,
    verdict: Mapping[str, Any],
    events: Sequence[TrainingEvent],
    pictures: Sequence[Picture],
    weights: bytes | None,
) -> KeptRun:
    """Keep one run, and drop the oldest of the same milestone. `started` is in UTC.

    Raises:
        OSError: it cannot be written.
    """
    name = f"{started.strftime(STAMP)}-{verdict['seed']}"
    path = folder_of(workspace) / verdict["milestone"] / name
    data = {
        "schema": 1,
        **verdict,
        "started_at": started.isoformat(),
        "environment": environment(),
        "events": [as_json(event) for event in events],
        "pictures": list(pictures),
    }
    body = encoded(data)
    path.mkdir(parents=True, exist_ok=True)
    if weights is not None:
        write_whole(path / WEIGHTS, weights)
    write_whole(path / RUN, body)
    for old in sorted(path.parent.iterdir(), reverse=True)[KEPT:]:
        delete(old)
    return KeptRun(path, data)


def environment() -> dict[str, str]:
    """What the run depends on besides the code."""
    return {
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        # Not platform.platform(), which starts `uname` and reads through Python's own file.
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "course": __version__,
    }


def encoded(data: dict[str, Any]) -> bytes:
    """The run as JSON; if it is too large, without its pictures."""
    body = json.dumps(data).encode()
    return body if len(body) <= LARGEST else json.dumps({**data, "pictures": []}).encode()


def as_json(event: TrainingEvent) -> dict[str, Any]:
    return {name: value for name, value in vars(event).items() if value not in (None, "")}
