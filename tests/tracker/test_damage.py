"""Damaged progress: no traceback, the damaged file kept, the last good state back, said once."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Script = Callable[..., "subprocess.CompletedProcess[str]"]

GOOD: dict[str, list[str]] = {
    "completed_modules": [],
    "unlocked_milestones": [],
    "completed_milestones": [],
}

DEEP = b"[" * 400 + b"]" * 400
DAMAGE: dict[str, bytes] = {
    "empty": b"",
    "white space": b" \n\t\n",
    "zeros": bytes(4096),
    "cut": json.dumps(GOOD).encode()[:-10],
    "list": b"[]",
    "null": b"null",
    "number": b"3",
    "text": b'"progress"',
    "empty object": b"{}",
    "a key missing": json.dumps({"completed_modules": []}).encode(),
    "null for a list": json.dumps(GOOD | {"completed_modules": None}).encode(),
    "a text for a list": json.dumps(GOOD | {"completed_modules": "00_setup"}).encode(),
    "an object for a list": json.dumps(GOOD | {"unlocked_milestones": {}}).encode(),
    "numbers in a list": json.dumps(GOOD | {"completed_milestones": [1]}).encode(),
    "lists in a list": json.dumps(GOOD | {"completed_modules": [["00_setup"]]}).encode(),
    "a list for records": json.dumps(GOOD | {"modules": []}).encode(),
    "numbers for records": json.dumps(GOOD | {"milestones": {"xor": 1}}).encode(),
    "schema as text": json.dumps(GOOD | {"schema_version": "1"}).encode(),
    "schema zero": json.dumps(GOOD | {"schema_version": 0}).encode(),
    "schema true": json.dumps(GOOD | {"schema_version": True}).encode(),
    "binary": random.Random(1).randbytes(5000),
    "not utf-8": b'{"completed_modules": ["\xff\xfe"]}',
    "deep nesting": b"[" * 200_000,
    "deep nesting, closed": b"[" * 100_000 + b"]" * 100_000,
    "deep nesting, inside": json.dumps(GOOD).encode()[:-1] + b', "x": ' + DEEP + b"}",
    "a number without end": b"9" * 100_000,
    "10 MB of junk": random.Random(2).randbytes(10_000_000),
    "20 MB of a text": b'"' + b"a" * 20_000_000 + b'"',
    "two states": json.dumps(GOOD).encode() * 2,
    "a conflict": b"<<<<<<< HEAD\n" + json.dumps(GOOD).encode(),
}  # fmt: skip


def corrupt_copies(file: Path) -> list[Path]:
    return sorted(file.parent.glob("progress.json.corrupt-*"))


@pytest.mark.parametrize("kind", DAMAGE)
def test_the_last_good_state_comes_back(
    tracker: Any, told: list[str], progress_file: Path, kind: str
) -> None:
    tracker.mark_module_complete("00_setup", {"tests": 3})
    progress_file.write_bytes(DAMAGE[kind])
    assert tracker.progress["completed_modules"] == ["00_setup"]
    assert tracker.progress["modules"]["00_setup"]["tests"] == 3
    [kept] = corrupt_copies(progress_file)
    assert kept.read_bytes() == DAMAGE[kind]
    [text] = told
    assert "damaged" in text
    assert "last good state was restored (modules complete: 1)" in text
    assert kept.name in text
    assert tracker.mark_module_complete("01_tensor") == []
    assert len(told) == 1


@pytest.mark.parametrize("kind", ["empty", "deep nesting", "10 MB of junk"])
@pytest.mark.parametrize("action", [("progress",), ("list",), ("complete", "02_autograd")])
def test_no_action_of_the_script_shows_a_traceback(
    script: Script, progress_file: Path, kind: str, action: tuple[str, ...]
) -> None:
    progress_file.write_bytes(DAMAGE[kind])
    first, second = script(*action), script(*action)
    assert first.returncode == second.returncode == 0
    assert "Traceback" not in first.stderr
    assert "was damaged" in first.stderr
    assert "Your progress starts from the beginning" in first.stderr
    assert second.stderr == ""
    assert [kept.read_bytes() for kept in corrupt_copies(progress_file)] == [DAMAGE[kind]]


def test_a_write_repairs_first_and_then_counts(tracker: Any, progress_file: Path) -> None:
    for name in ("00_setup", "01_tensor"):
        tracker.mark_module_complete(name)
    progress_file.write_bytes(b"")
    assert tracker.mark_module_complete("02_autograd") == ["perceptron"]
    assert json.loads(progress_file.read_bytes())["completed_modules"] == [
        "00_setup", "01_tensor", "02_autograd",
    ]  # fmt: skip


def test_with_the_backup_damaged_too_you_start_again_and_nothing_is_thrown_away(
    tracker: Any, told: list[str], progress_file: Path
) -> None:
    tracker.mark_module_complete("00_setup")
    progress_file.write_bytes(b"gone")
    progress_file.with_name("progress.json.bak").write_bytes(b"gone too")
    assert tracker.progress["completed_modules"] == []
    assert "Your progress starts from the beginning" in told[0]
    assert [kept.read_bytes() for kept in corrupt_copies(progress_file)] == [b"gone"]


def test_an_older_copy_is_never_overwritten(tracker: Any, progress_file: Path) -> None:
    for number in range(5):
        progress_file.write_bytes(b"damage %d" % number)
        tracker.status()
    kept = {path.read_bytes() for path in corrupt_copies(progress_file)}
    assert kept == {b"damage %d" % number for number in range(5)}


def test_a_disk_without_links_keeps_the_copy_too(
    mt: ModuleType, tracker: Any, progress_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    tracker.mark_module_complete("00_setup")
    progress_file.write_bytes(b"damaged")
    monkeypatch.setattr(mt.os, "link", refuse)
    assert tracker.progress["completed_modules"] == ["00_setup"]
    assert [kept.read_bytes() for kept in corrupt_copies(progress_file)] == [b"damaged"]


def test_a_file_without_end_is_not_read(tracker: Any, told: list[str], progress_file: Path) -> None:
    tracker.mark_module_complete("00_setup")
    os.truncate(progress_file, 2**40)  # a terabyte of nothing
    assert tracker.progress["completed_modules"] == ["00_setup"]
    assert "far too large for a progress file" in told[0]
    corrupt_copies(progress_file)[0].unlink()


def test_a_folder_in_the_files_place_is_moved_aside(tracker: Any, progress_file: Path) -> None:
    progress_file.mkdir()
    (progress_file / "keep.txt").write_text("kept")
    assert tracker.mark_module_complete("00_setup") == []
    [kept] = corrupt_copies(progress_file)
    assert (kept / "keep.txt").read_text() == "kept"
    assert progress_file.is_file()


def test_a_backup_from_a_newer_version_is_left_alone(
    mt: ModuleType, tracker: Any, told: list[str], progress_file: Path
) -> None:
    backup = progress_file.with_name("progress.json.bak")
    raw = json.dumps(GOOD | {"schema_version": 7, "completed_modules": ["00_setup"]}).encode()
    backup.write_bytes(raw)
    progress_file.write_bytes(b"damaged")
    assert tracker.progress["completed_modules"] == ["00_setup"]
    with pytest.raises(mt.NewerSchema):
        tracker.mark_module_complete("01_tensor")
    assert backup.read_bytes() == raw
    assert progress_file.read_bytes() == b"damaged"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
STATES = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys((*GOOD, "schema_version", "modules", "milestones", "anything"), JSON),
)


@settings(max_examples=60)
@given(raw=st.binary(max_size=200) | (STATES | JSON).map(lambda data: json.dumps(data).encode()))
def test_any_bytes_at_all_end_in_a_state_or_in_words(
    mt: ModuleType, progress_file: Path, raw: bytes
) -> None:
    for leftover in progress_file.parent.iterdir():
        leftover.unlink()
    progress_file.write_bytes(raw)
    told: list[str] = []
    tracker = mt.MilestoneTracker(tell=told.append)
    try:
        tracker.mark_module_complete("00_setup")
    except mt.NewerSchema:
        assert progress_file.read_bytes() == raw
    else:
        assert "00_setup" in tracker.progress["completed_modules"]
        assert len(told) == len(corrupt_copies(progress_file)) <= 1
    tracker.show_progress()
