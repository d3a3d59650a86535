"""The real course, solved once for each worker, for tests that only read it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tito.core.workspace.workspace import Workspace
from tito.workflows.init import create_workspace

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with the reference answers, everything exported. Do not write to it."""
    return create_workspace(tmp_path_factory.mktemp("course") / "solved", solved=True)


@pytest.fixture
def run() -> Run:
    """Run Python in a folder, as a student would: no PYTHONPATH of the checkout's own tinytorch."""

    def call(*arguments: str | Path, cwd: Path, seconds: float = 120.0, **env: str):
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "agg", **env},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
        )

    return call
