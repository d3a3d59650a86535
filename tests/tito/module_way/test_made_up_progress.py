"""A progress file that was written by hand says so at `tito module status`."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tito.core.milestones.tracker import load
from tito.core.workspace.workspace import Workspace

from .conftest import Desk


@pytest.fixture
def completed(solved_desk: Desk) -> Desk:
    said = solved_desk.tito("module", "complete", "00")
    assert said.code == 0, said.all
    return solved_desk


def evidence(desk: Desk, **changed: Any) -> str:
    """What the status says of module 00 after an edit of its record, sealed or not."""
    path = desk.home / "progress.json"
    state = json.loads(path.read_text("utf-8"))
    resealed = changed.pop("resealed", False)
    record = {**state["modules"]["00_setup"], **changed}
    if resealed:
        tracker = load(Workspace(desk.course))
        assert tracker is not None
        record = tracker.sealed("00_setup", {k: v for k, v in record.items() if k != "seal"})
    state["modules"]["00_setup"] = record
    path.write_text(json.dumps(state), encoding="utf-8")
    rows = desk.tito("module", "status", "--json").json["modules"]
    return str(rows[0]["evidence"])


def test_a_record_is_evidence_until_it_is_edited(completed: Desk) -> None:
    assert evidence(completed) == "record"
    assert evidence(completed, tests=99) == "none"
    assert evidence(completed, tests=99, resealed=True) == "record", "a seal is no secret"
    assert evidence(completed, course="/mine", resealed=True) == "none"


def test_a_blank_lesson_has_never_passed(completed: Desk) -> None:
    """Even where the seal and the hash of the lesson fit."""
    lesson = completed.lesson("00_setup")
    blank = lesson.read_text("utf-8").replace(
        "    return seed\n", '    raise NotImplementedError("Task 0.1: manual_seed")\n'
    )
    lesson.write_text(blank, encoding="utf-8")
    made_up = hashlib.sha256(lesson.read_bytes()).hexdigest()
    assert evidence(completed, source_sha256=made_up, resealed=True) == "none"
