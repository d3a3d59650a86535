"""Many processes at once, and kill -9 at any moment: nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STRESS = Path(__file__).with_name("stress.py")


def stress(action: str, file: Path, **options: int) -> dict[str, Any]:
    more = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, str(STRESS), action, "--file", str(file), *more]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.stdout, run.stderr
    counted: dict[str, Any] = json.loads(run.stdout)
    return counted


def test_eight_processes_of_200_modules_lose_no_update(progress_file: Path) -> None:
    counted = stress("together", progress_file, processes=8, modules=200)
    assert counted["updates"] == 1600
    assert (counted["lost"], counted["repeated"], counted["failed_processes"]) == (0, 0, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its writers")
def test_300_kills_leave_a_readable_file_with_every_acknowledged_update(
    progress_file: Path,
) -> None:
    counted = stress("kill", progress_file, times=300)
    assert counted["kills"] == 300
    assert counted["acknowledged"] > 50, "the kills came before anything was written"
    assert counted["mid_write"] > 20, "hardly a kill came in the middle of a write"
    assert (counted["unreadable"], counted["lost"]) == (0, 0), counted
    assert counted["leftovers"] == []
