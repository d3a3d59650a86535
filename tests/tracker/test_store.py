"""The progress file: what it may contain, what is kept, and which files are beside it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

BARE = {
    "completed_modules": ["00_setup", "01_tensor"],
    "unlocked_milestones": [],
    "completed_milestones": ["xor"],
}


def written(file: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(file.read_bytes())
    return state


def test_a_file_with_only_the_three_keys_is_valid(
    tracker: Any, told: list[str], progress_file: Path
) -> None:
    progress_file.write_text(json.dumps(BARE), encoding="utf-8")
    assert tracker.mark_module_complete("02_autograd") == ["perceptron"]
    assert written(progress_file)["completed_milestones"] == ["xor"]
    assert told == []


def test_reading_writes_nothing(tracker: Any, progress_file: Path) -> None:
    progress_file.write_text(json.dumps(BARE), encoding="utf-8")
    tracker.status()
    tracker.show_progress()
    tracker.list_unlocked_tests()
    assert [path.name for path in progress_file.parent.iterdir()] == ["progress.json"]


def test_unknown_keys_are_kept_at_every_level(tracker: Any, progress_file: Path) -> None:
    extra = {
        "from_a_plugin": {"deep": [1, None, "ü", {"x": 1.5}]},
        "modules": {"00_setup": {"grade": "A"}},
    }
    progress_file.write_text(json.dumps(BARE | extra), encoding="utf-8")
    tracker.mark_module_complete("02_autograd")
    state = written(progress_file)
    assert state["from_a_plugin"] == extra["from_a_plugin"]
    assert state["modules"]["00_setup"] == {"grade": "A"}


@settings(max_examples=30)
@given(
    extra=st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=10,
        ),
        max_size=4,
    )
)
def test_whatever_else_stands_in_the_file_survives(
    mt: ModuleType, progress_file: Path, extra: dict[str, Any]
) -> None:
    extra = {key: value for key, value in extra.items() if key not in mt.fresh_state()}
    progress_file.write_text(json.dumps(BARE | extra), encoding="utf-8")
    mt.MilestoneTracker().mark_module_complete("02_autograd")
    state = written(progress_file)
    assert {key: state[key] for key in extra} == extra


def test_the_backup_holds_the_same_state(tracker: Any, progress_file: Path) -> None:
    for name in ("00_setup", "01_tensor"):
        tracker.mark_module_complete(name)
        backup = progress_file.with_name("progress.json.bak")
        assert backup.read_bytes() == progress_file.read_bytes()


def test_no_temporary_file_stays(tracker: Any, progress_file: Path) -> None:
    leftover = progress_file.with_name("progress.json.tmp")
    leftover.write_text("from a process that was killed")
    tracker.mark_module_complete("00_setup")
    names = {path.name for path in progress_file.parent.iterdir()}
    assert names - {"progress.json.lock"} == {"progress.json", "progress.json.bak"}


def test_what_changes_nothing_writes_nothing(tracker: Any, progress_file: Path) -> None:
    tracker.mark_module_complete("00_setup")
    before = progress_file.stat()
    tracker.mark_module_complete("00_setup")
    after = progress_file.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_evidence_may_carry_numpy_values_and_paths(tracker: Any, progress_file: Path) -> None:
    evidence = {
        "accuracy": np.float32(0.5),
        "curve": np.arange(3),
        "file": Path("modules"),
        "ok": np.True_,
    }
    tracker.mark_module_complete("00_setup", evidence)
    record = written(progress_file)["modules"]["00_setup"]
    del record["completed_at"], record["seal"]
    assert record == {"accuracy": 0.5, "curve": [0, 1, 2], "file": "modules", "ok": True}


def test_evidence_that_could_not_be_read_again_is_not_written(
    tracker: Any, progress_file: Path
) -> None:
    tracker.mark_module_complete("00_setup")
    before = progress_file.read_bytes()
    deep: Any = []
    for _ in range(60):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        tracker.mark_module_complete("01_tensor", {"deep": deep})
    assert progress_file.read_bytes() == before


def test_repeated_names_in_a_file_count_once(tracker: Any, progress_file: Path) -> None:
    progress_file.write_text(
        json.dumps(BARE | {"completed_modules": ["00_setup"] * 3}), encoding="utf-8"
    )
    assert tracker.progress["completed_modules"] == ["00_setup"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_an_editor_saved_its_own_way_is_read(
    tracker: Any, told: list[str], progress_file: Path, encoding: str
) -> None:
    progress_file.write_text(json.dumps(BARE), encoding=encoding)
    assert tracker.progress["completed_modules"] == BARE["completed_modules"]
    assert told == []


def test_a_newer_schema_is_shown_and_never_rewritten(
    mt: ModuleType, tracker: Any, progress_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = BARE | {"schema_version": 99, "modules": "now kept elsewhere", "new": [1]}
    raw = json.dumps(newer).encode()
    progress_file.write_bytes(raw)
    tracker.show_progress()
    assert "2/3 modules" in capsys.readouterr().out
    with pytest.raises(mt.NewerSchema, match="newer TinyTorch") as caught:
        tracker.mark_module_complete("02_autograd")
    assert caught.value.exit_code == 3
    assert progress_file.read_bytes() == raw
    assert not list(progress_file.parent.glob("*.corrupt*"))


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_stays_a_link(tracker: Any, tmp_path: Path, progress_file: Path) -> None:
    target = tmp_path / "dotfiles" / "my-progress.json"
    target.parent.mkdir()
    target.write_text(json.dumps(BARE))
    progress_file.symlink_to(target)
    type(tracker)().mark_module_complete("02_autograd")
    assert progress_file.is_symlink()
    assert "02_autograd" in written(target)["completed_modules"]


def test_a_deleted_file_is_a_new_start(tracker: Any, progress_file: Path) -> None:
    tracker.mark_module_complete("00_setup")
    progress_file.unlink()
    assert tracker.progress["completed_modules"] == []


def test_a_progress_that_would_be_too_large_is_not_written(
    tracker: Any, progress_file: Path
) -> None:
    """At the next reading it would count as damage, its backup too."""
    tracker.mark_module_complete("00_setup")
    before = progress_file.read_bytes()
    with pytest.raises(ValueError, match="but the limit is 16 MB"):
        tracker.mark_module_complete("01_tensor", {"note": "é" * 2_700_000})
    assert progress_file.read_bytes() == before
    assert tracker.progress["completed_modules"] == ["00_setup"]
