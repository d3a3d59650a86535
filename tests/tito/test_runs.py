"""Kept runs: what `report`, `show` and `play` read."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tito.core.milestones import runs
from tito.core.milestones.progress_events import TrainingEvent, read_picture
from tito.core.workspace.workspace import Workspace

NOON = datetime(2027, 1, 2, 12, tzinfo=timezone.utc)
EVENTS = [TrainingEvent("training", 1, 2, 0.5), TrainingEvent("training", 2, 2, 0.25, 1.0)]
PICTURE = {"kind": "text", "title": "it writes", "data": {"lines": ["12+34=46"]}}


def kept(workspace: Workspace, *, hours: int = 0, seed: int = 7) -> runs.KeptRun:
    told = {"milestone": "xor", "seed": seed, "outcome": "passed"}
    moment = NOON + timedelta(hours=hours)
    return runs.keep(workspace, moment, told, EVENTS, [PICTURE], b"weights")


def test_a_run_is_kept_with_its_curve_pictures_and_weights(tmp_path: Path) -> None:
    kept(Workspace(tmp_path))
    [found] = runs.kept_runs(Workspace(tmp_path))
    assert found.milestone == "xor"
    assert found.data["seed"] == 7
    assert [event["loss"] for event in found.data["events"]] == [0.5, 0.25]
    assert found.data["pictures"] == [PICTURE]
    assert found.weights_file is not None
    assert found.weights_file.read_bytes() == b"weights"
    assert set(found.data["environment"]) == {"python", "numpy", "platform", "course"}


def test_two_runs_that_begin_in_one_second_are_both_kept(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    first = kept(workspace)
    told = {"milestone": "xor", "name": "XOR", "outcome": "passed", "seed": 7}
    later = NOON.replace(microsecond=400_000)
    second = runs.keep(workspace, later, told, EVENTS, [PICTURE], None)
    assert [run.path for run in runs.kept_runs(workspace)] == [second.path, first.path]


def test_the_newest_come_first_and_the_oldest_go(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for hour in range(runs.KEPT + 3):
        kept(workspace, hours=hour, seed=hour)
    assert [run.data["seed"] for run in runs.kept_runs(workspace, "xor")] == [*range(12, 2, -1)]


@pytest.mark.parametrize("damage", [b"", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"a":'])
def test_a_damaged_run_is_left_out(tmp_path: Path, damage: bytes) -> None:
    workspace = Workspace(tmp_path)
    kept(workspace)
    (kept(workspace, hours=1).path / runs.RUN).write_bytes(damage)
    assert [run.data["started_at"] for run in runs.kept_runs(workspace)] == [NOON.isoformat()]


def test_a_run_that_is_too_large_is_kept_without_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "LARGEST", 600)
    found = runs.encoded({"seed": 7, "pictures": [PICTURE] * 100})
    assert json.loads(found) == {"seed": 7, "pictures": []}


@pytest.mark.parametrize("raw", [{}, {"picture": 3}, {"picture": {"kind": "text"}}])
def test_only_a_picture_is_a_picture(raw: dict[str, object]) -> None:
    assert read_picture(raw) is None
    assert read_picture({"picture": PICTURE}) == PICTURE
