"""The functions that the specification names, and what they give back."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console


def test_the_specifications_example(mt: ModuleType) -> None:
    for name in ("00_setup", "01_tensor"):
        assert mt.check_module_export(name) == {"newly_unlocked": [], "messages": []}
    result = mt.check_module_export("02_autograd")
    assert result["newly_unlocked"] == ["perceptron"]
    [message] = result["messages"]
    assert message.startswith("🔓 MILESTONE UNLOCKED!\n\n1957 - The Perceptron\n")
    assert mt.MILESTONES["perceptron"]["description"] in message
    assert mt.MILESTONES["perceptron"]["unlock_message"] in message
    assert message.endswith("tito milestone run perceptron")


def test_an_unlock_is_announced_once(mt: ModuleType) -> None:
    for name in ("00_setup", "01_tensor", "02_autograd"):
        mt.check_module_export(name)
    assert mt.check_module_export("02_autograd")["newly_unlocked"] == []


def test_what_was_unlocked_and_never_announced_is_announced_now(
    mt: ModuleType, progress_file: Path
) -> None:
    state = {
        "completed_modules": ["00_setup", "01_tensor", "02_autograd"],
        "unlocked_milestones": [],
        "completed_milestones": [],
    }
    progress_file.write_text(json.dumps(state), encoding="utf-8")
    assert mt.check_module_export("03_nn")["newly_unlocked"] == ["perceptron", "xor"]


def test_what_was_announced_and_is_locked_again_is_announced_when_it_opens(
    mt: ModuleType, progress_file: Path
) -> None:
    state = {
        "completed_modules": ["00_setup", "01_tensor"],
        "unlocked_milestones": ["perceptron"],
        "completed_milestones": [],
    }
    progress_file.write_text(json.dumps(state), encoding="utf-8")
    assert mt.check_module_export("02_autograd")["newly_unlocked"] == ["perceptron"]
    assert mt.check_module_export("02_autograd")["newly_unlocked"] == []
    stored = json.loads(progress_file.read_text(encoding="utf-8"))
    assert stored["unlocked_milestones"] == ["perceptron"]


def test_a_console_shows_the_message_and_without_one_nothing_is_printed(
    mt: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = io.StringIO()
    for name in ("00_setup", "01_tensor", "02_autograd"):
        mt.check_module_export(name, console=Console(file=screen, width=80))
    assert "MILESTONE UNLOCKED" in screen.getvalue()
    assert "tito milestone run perceptron" in screen.getvalue()
    mt.check_module_export("03_nn")
    assert capsys.readouterr() == ("", "")


def test_the_file_has_the_specifications_keys(mt: ModuleType, progress_file: Path) -> None:
    for name in ("00_setup", "01_tensor", "02_autograd"):
        mt.check_module_export(name, evidence={"tests": 12, "source": "ab12"})
    state = json.loads(progress_file.read_text(encoding="utf-8"))
    assert state["completed_modules"] == ["00_setup", "01_tensor", "02_autograd"]
    assert state["unlocked_milestones"] == ["perceptron"]
    assert state["completed_milestones"] == []
    assert state["schema_version"] == 1
    assert state["modules"]["01_tensor"]["tests"] == 12
    assert "completed_at" in state["modules"]["01_tensor"]


def test_progress_is_a_dict_and_never_stale(mt: ModuleType, tracker: Any) -> None:
    assert tracker.progress["completed_modules"] == []
    mt.MilestoneTracker().mark_module_complete("00_setup")
    assert tracker.progress["completed_modules"] == ["00_setup"]
    tracker.progress["completed_modules"].append("01_tensor")
    assert tracker.progress["completed_modules"] == ["00_setup"]


def test_unlocks_follow_from_the_modules_and_not_from_the_list(
    tracker: Any, progress_file: Path
) -> None:
    state = {
        "completed_modules": ["00_setup", "01_tensor", "02_autograd"],
        "unlocked_milestones": ["transformer"],
        "completed_milestones": [],
    }
    progress_file.write_text(json.dumps(state), encoding="utf-8")
    assert tracker.can_run_milestone("perceptron")
    assert not tracker.can_run_milestone("transformer")
    assert tracker.progress["unlocked_milestones"] == ["perceptron"]


def test_status_has_one_row_for_each_milestone(tracker: Any) -> None:
    for name in ("00_setup", "01_tensor", "02_autograd"):
        tracker.mark_module_complete(name)
    tracker.mark_milestone_complete("perceptron", {"metrics": {"accuracy": 0.99}, "seed": 4})
    rows = {row["id"]: row for row in tracker.status()}
    assert list(rows)[:5] == ["perceptron", "xor", "mlp_digits", "cnn", "transformer"]
    assert len(rows) == len(tracker.status())
    assert rows["perceptron"]["state"] == "completed"
    assert rows["perceptron"]["record"]["seed"] == 4
    assert (rows["xor"]["state"], rows["xor"]["done"], rows["xor"]["total"]) == ("locked", 3, 4)
    assert rows["xor"]["missing"] == ["03_nn"]
    json.dumps(list(rows.values()))


def test_a_milestone_that_is_completed_again_keeps_the_newest_evidence(tracker: Any) -> None:
    tracker.mark_milestone_complete("xor", {"seed": 1})
    tracker.mark_milestone_complete("xor", {"seed": 2})
    tracker.mark_milestone_complete("xor")
    assert tracker.progress["completed_milestones"] == ["xor"]
    assert tracker.progress["milestones"]["xor"]["seed"] == 2


@pytest.mark.parametrize(
    "name",
    ["tensor", "1_tensor", "01-tensor", "01_", "01_Tensor", "01_tensor ", "01_tensor\n", "١٢_x",
     "", "../01_tensor", "001_tensor", "01_tensör"],
)  # fmt: skip
def test_a_malformed_name_is_an_error_and_nothing_is_written(
    mt: ModuleType, progress_file: Path, name: str
) -> None:
    with pytest.raises(mt.MalformedModuleName, match="NN_name") as caught:
        mt.check_module_export(name)
    assert caught.value.hint
    assert not list(progress_file.parent.iterdir())


def test_a_well_formed_name_that_no_milestone_requires_is_recorded(tracker: Any) -> None:
    assert tracker.mark_module_complete("42_something_else") == []
    assert tracker.progress["completed_modules"] == ["42_something_else"]


def test_tinytorch_home_moves_the_folder(
    mt: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "a höme with spaces" / "deep"
    monkeypatch.setenv("TINYTORCH_HOME", str(home))
    mt.check_module_export("00_setup")
    assert (home / "progress.json").is_file()


def test_without_the_variable_it_is_the_dot_folder_in_the_home(
    mt: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TINYTORCH_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert mt.default_progress_file() == tmp_path / ".tinytorch" / "progress.json"


def test_the_file_can_be_chosen(mt: ModuleType, tmp_path: Path, progress_file: Path) -> None:
    chosen = tmp_path / "other.json"
    mt.check_module_export("00_setup", progress_file=chosen)
    assert mt.MilestoneTracker(str(chosen)).progress["completed_modules"] == ["00_setup"]
    assert not progress_file.exists()
