"""The run of a milestone that is going on, for `tito show` to follow: `.tito/runs/live.jsonl`.

The first line says which milestone it is; each line after it is a training event or a picture. The
file is of the newest run only, and is no record of anything: where it cannot be written, the run
goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tito.core.files import read_regular, write_whole
from tito.core.milestones.progress_events import TrainingEvent, read_event
from tito.core.milestones.runs import as_json, folder_of
from tito.core.milestones.shown_runs import Picture, read_picture
from tito.core.workspace.workspace import Workspace

LARGEST = 8_000_000  # bytes


def live_file(workspace: Workspace) -> Path:
    return folder_of(workspace) / "live.jsonl"


class LiveLog:
    """Writes the events of one run, each as soon as it comes."""

    def __init__(self, workspace: Workspace, milestone: str, name: str, started: str) -> None:
        self._file = live_file(workspace)
        head = {"milestone": milestone, "name": name, "started_at": started, "process": os.getpid()}
        self._head = f"{json.dumps(head)}\n".encode()
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, self._head)

    def event(self, event: TrainingEvent) -> None:
        self._append(as_json(event))

    def picture(self, picture: Mapping[str, Any]) -> None:
        self._append({"picture": dict(picture)})

    def _append(self, line: Mapping[str, Any]) -> None:
        """Unless a run that has begun since then has taken the file."""
        with suppress(OSError), self._file.open("r+b") as stream:
            if stream.readline() == self._head:
                stream.seek(0, os.SEEK_END)
                stream.write(f"{json.dumps(line)}\n".encode())


@dataclass
class LiveRun:
    """The newest run as far as it has come."""

    milestone: str = ""
    name: str = ""
    started_at: str = ""
    events: list[TrainingEvent] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)  # the newest of each title


def live_run(workspace: Workspace) -> LiveRun:
    """Read the file; a line that is no event, such as a half-written one, is passed over."""
    try:
        lines = read_regular(live_file(workspace), LARGEST).decode("utf-8", "replace").splitlines()
    except OSError:
        return LiveRun()
    found = [line for line in map(_parsed, lines) if line is not None]
    if not found:
        return LiveRun()
    head = {name: str(found[0].get(name, ""))[:200] for name in ("milestone", "name", "started_at")}
    events = [event for event in map(read_event, found[1:]) if event is not None]
    pictures = [read_picture(line["picture"]) for line in found[1:] if "picture" in line]
    newest = {picture.title: picture for picture in pictures if picture is not None}
    return LiveRun(**head, events=events, pictures=list(newest.values()))


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
