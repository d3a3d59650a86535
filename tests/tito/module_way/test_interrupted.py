"""A command that ends in the middle: the package and the progress agree afterwards."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tito.core.milestones.tracker import Tracker

from .conftest import Desk

# `kill -9` at one place: nothing of the process runs after it.
KILLED = """
import os
from tito.core.export import swap
from tito.core.milestones import tracker
from tito.main import main

def killed(*_, **__):
    os._exit(137)

{place} = killed
main(["module", "complete", "00"])
"""


def kill(desk: Desk, place: str) -> None:
    run = subprocess.run([sys.executable, "-c", KILLED.format(place=place)], cwd=desk.root)
    assert run.returncode == 137
    assert (desk.root / ".tito/swap/swap.json").exists()


def state(desk: Desk) -> tuple[bool, bool]:
    """Whether the module is complete, and whether the new code is in the package."""
    said = desk.tito("module", "status", "--json")
    assert said.code == 0, said.all
    complete = said.json["modules"][0]["state"] == "complete"
    assert not (desk.root / ".tito/swap").exists()
    package = desk.root / "tinytorch/seeds.py"
    return complete, package.exists() and "return seed" in package.read_text(encoding="utf-8")


@pytest.fixture
def run_in_tiny_course(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("PYTHONPATH", str(desk.course))
    desk.solve("00_setup")
    return desk


def test_killed_after_the_record(run_in_tiny_course: Desk) -> None:
    """What is recorded as complete is there."""
    kill(run_in_tiny_course, "swap._drop_journal")
    assert state(run_in_tiny_course) == (True, True)


def test_killed_before_the_record(run_in_tiny_course: Desk) -> None:
    kill(run_in_tiny_course, "tracker.Tracker.record_module")
    assert state(run_in_tiny_course) == (False, False)


def test_killed_before_the_record_of_a_second_run(run_in_tiny_course: Desk) -> None:
    """The record of the first run says nothing about the second."""
    desk = run_in_tiny_course
    assert desk.tito("module", "complete", "00").code == 0
    desk.change("00_setup", "return seed", "return seed + 0")
    before = (desk.root / "tinytorch/seeds.py").read_bytes()
    kill(desk, "tracker.Tracker.record_module")
    assert desk.tito("module", "status").code == 0
    assert (desk.root / "tinytorch/seeds.py").read_bytes() == before


def test_without_readable_progress_the_old_package_comes_back(run_in_tiny_course: Desk) -> None:
    desk = run_in_tiny_course
    kill(desk, "swap._drop_journal")
    for name in ("progress.json", "progress.json.bak"):
        (desk.home / name).write_text("damaged", encoding="utf-8")
    assert state(desk) == (False, False)


@pytest.mark.parametrize("ends", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_interrupted_after_the_record(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, ends: type[BaseException]
) -> None:
    """Ctrl-C just after the record must not take the package back."""
    real: Callable[..., Any] = Tracker.record_module

    def record(*arguments: Any) -> Any:
        real(*arguments)
        raise ends

    monkeypatch.setattr(Tracker, "record_module", record)
    desk.solve("00_setup")
    with contextlib.suppress(SystemExit):
        desk.tito("module", "complete", "00")
    assert state(desk) == (True, True)
    progress = json.loads((desk.home / "progress.json").read_text(encoding="utf-8"))
    assert progress["completed_modules"] == ["00_setup"]
