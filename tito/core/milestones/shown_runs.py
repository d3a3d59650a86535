"""Kept runs of milestones, ready to be shown.

Whatever is in their files is checked here, value by value: what cannot be shown is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tito.core.milestones.progress_events import TrainingEvent, number, read_event
from tito.core.milestones.runs import KeptRun, kept_runs
from tito.core.workspace.workspace import Workspace

LONGEST_TEXT = 2_000
MOST_RUNS, MOST_EVENTS, MOST_PICTURES = 200, 5_000, 60


@dataclass(frozen=True)
class Picture:
    """One picture of a run: `data` is as it stood in the file, and may lack anything."""

    kind: str
    title: str
    caption: str
    step: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True)
class ShownRun:
    """One kept run."""

    path: Path
    milestone: str
    name: str
    outcome: str
    seed: int | None
    seconds: float | None
    started_at: str
    metrics: Mapping[str, Any]
    environment: Mapping[str, Any]
    experiment: Mapping[str, Any] | None
    events: tuple[TrainingEvent, ...]
    pictures: tuple[Picture, ...]
    weights: Path | None

    @property
    def label(self) -> str:
        """The run in a few words: the time, the seed, and whether it was an experiment."""
        what = "" if self.seed is None else f", seed {self.seed}"
        mark = "" if self.experiment is None else ", experiment"
        return f"{self.started_at[:16].replace('T', ' ') or self.path.name}{what}{mark}"


def shown_runs(workspace: Workspace, milestone: str | None = None) -> list[ShownRun]:
    """The kept runs, newest first."""
    return [shown(run) for run in kept_runs(workspace, milestone)[:MOST_RUNS]]


def shown(run: KeptRun) -> ShownRun:
    """One run, with only what can be shown."""
    raw = run.data
    seed, experiment = raw.get("seed"), raw.get("experiment")
    return ShownRun(
        path=run.path,
        milestone=run.milestone,
        name=text(raw.get("name")) or run.milestone,
        outcome=text(raw.get("outcome")),
        seed=seed if type(seed) is int else None,
        seconds=number(raw.get("seconds")),
        started_at=text(raw.get("started_at")),
        metrics=mapping(raw.get("metrics")),
        environment=mapping(raw.get("environment")),
        experiment=mapping(experiment) if experiment else None,
        events=tuple(_events(raw.get("events"))),
        pictures=tuple(_pictures(raw.get("pictures"))),
        weights=run.weights_file,
    )


def _events(raw: Any) -> Iterator[TrainingEvent]:
    for one in items(raw)[:MOST_EVENTS]:
        event = read_event(mapping(one))
        if event is not None:
            yield event


def _pictures(raw: Any) -> Iterator[Picture]:
    for one in items(raw)[:MOST_PICTURES]:
        picture = read_picture(one)
        if picture is not None:
            yield picture


def read_picture(raw: Any) -> Picture | None:
    """A picture of a file or of an event; None if it says no kind."""
    found = mapping(raw)
    kind, step = text(found.get("kind")), found.get("step")
    if not kind:
        return None
    return Picture(
        kind,
        text(found.get("title")),
        text(found.get("caption")),
        step if type(step) is int else None,
        mapping(found.get("data")),
    )


# ---------------------------------------------------------------- values that may be anything


def text(value: Any) -> str:
    """A text of bounded length; empty if it is none."""
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
