"""What the tracker's tests share: a freshly loaded copy, its script, and other people's files."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TRACKER = Path(__file__).resolve().parents[1] / "milestones" / "milestone_tracker.py"


def load(path: Path = TRACKER) -> ModuleType:
    """The file alone: not registered in sys.modules, its folder not on the path."""
    spec = importlib.util.spec_from_file_location("a_tracker", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def mt() -> ModuleType:
    """A tracker module of this test's own: it may add milestones and patch what it likes."""
    return load()


@pytest.fixture
def told() -> list[str]:
    """What the tracker told the person."""
    return []


@pytest.fixture
def tracker(mt: ModuleType, told: list[str]) -> Any:
    return mt.MilestoneTracker(tell=told.append)


@pytest.fixture
def progress_file(tinytorch_home: Path) -> Path:
    return tinytorch_home / "progress.json"


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a copy of the script that stands alone in a folder."""
    alone = tmp_path / "alone" / TRACKER.name
    alone.parent.mkdir()
    shutil.copy(TRACKER, alone)

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(alone), *arguments],
            env=os.environ | {"PYTHONUTF8": "1"} | env,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=60,
        )

    return run


@pytest.fixture
def course(tmp_path: Path) -> Callable[[str], Any]:
    """A tracker beside a verification file with the given text, in a workspace of its own."""

    def make(text: str, **definition: Any) -> Any:
        tests = tmp_path / "my wörkspace" / "tests" / "milestones"
        tests.mkdir(parents=True, exist_ok=True)
        for name in (TRACKER.name, "pytest.ini"):
            shutil.copy(TRACKER.with_name(name), tests)
        (tests / "test_learning_verification.py").write_text(text, encoding="utf-8")
        module = load(tests / TRACKER.name)
        module.MILESTONES["new"] = {
            "name": "2025 - New",
            "requires": ["00_setup"],
            "test": "test_new_learning",
            "description": "Something new",
            "unlock_message": "You can now do something new",
            **definition,
        }
        return module.MilestoneTracker()

    return make
