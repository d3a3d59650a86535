"""The journey so far: modules with their dates, milestones with their records and kept runs."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tito import __version__
from tito.core.milestones.changed import changed_codes
from tito.core.milestones.shown_runs import ShownRun, shown_runs
from tito.core.milestones.tracker import MilestoneState
from tito.core.outcome import Evidence
from tito.workflows.status import ModuleStatus, status

if TYPE_CHECKING:
    from tito.world import World


@dataclass(frozen=True)
class Milestone:
    """One milestone: the tracker's row of it, and its kept runs, newest first."""

    row: Mapping[str, Any]
    runs: tuple[ShownRun, ...]
    changed: tuple[str, ...] = ()  # modules whose code is not what it was learned with

    @property
    def record(self) -> Mapping[str, Any]:
        found = self.row.get("record")
        return found if isinstance(found, dict) else {}

    @property
    def is_learned(self) -> bool:
        return bool(self.row["state"] == MilestoneState.COMPLETED)

    @property
    def is_proven(self) -> bool:
        """Whether it is learned, with a record that can be checked again."""
        return bool(self.is_learned and self.row["evidence"] != Evidence.NONE)

    @property
    def best_run(self) -> ShownRun | None:
        """The run to show: that of the record, else the newest that earned something."""
        seed = self.record.get("seed")
        of_record = (run for run in self.runs if run.seed == seed and run.experiment is None)
        real = (run for run in self.runs if run.experiment is None)
        return next(of_record, None) or next(real, None) or next(iter(self.runs), None)


@dataclass(frozen=True)
class Journey:
    """What the report tells."""

    modules: tuple[ModuleStatus, ...]
    milestones: tuple[Milestone, ...]
    environment: Mapping[str, str]
    written_at: str


def journey(world: World) -> Journey:
    """Read everything; nothing is run and nothing is written."""
    runs = shown_runs(world.workspace)
    rows = world.tracker.status()
    changed = changed_codes(rows, world.workspace)
    milestones = tuple(
        Milestone(
            row,
            tuple(run for run in runs if run.milestone == row["id"]),
            tuple(changed.get(row["id"], ())),
        )
        for row in rows
    )
    when = world.now().strftime("%Y-%m-%d %H:%M")
    return Journey(tuple(status(world)), milestones, environment(), when)


def environment() -> dict[str, str]:
    """What the course runs on here."""
    from importlib import metadata

    return {
        "course": __version__,
        "Python": platform.python_version(),
        "NumPy": metadata.version("numpy"),
        "system": f"{platform.system()} {platform.machine()}".strip() or sys.platform,
    }
