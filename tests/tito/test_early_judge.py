"""The judge's process that is started before it is known what to run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tito.core import process
from tito.core.milestones.early import PROGRAM, EarlyJudge
from tito.core.milestones.tracker import Tracker
from tito.core.workspace.workspace import course

CASE = """
import os, sys
def test_this():
    print("in", os.getcwd(), "with", os.environ["SAID"], os.environ.get("BEFORE"))
    print("typed", repr(sys.stdin.read()), "arguments", sys.argv[1:])
    assert os.environ["SAID"] == "yes"
"""


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(course(), {})


@pytest.fixture
def early(tracker: Tracker) -> Iterator[EarlyJudge]:
    with EarlyJudge(tracker, {**os.environ, "BEFORE": "1"}) as judge:
        yield judge


def command(tracker: Tracker, *arguments: str) -> list[str]:
    isolated = tracker.required.ISOLATED
    return [sys.executable, *isolated, "-m", "pytest", "-s", "-q", "-pno:cacheprovider", *arguments]


def run(
    early: EarlyJudge, called: list[str], cwd: Path, env: dict[str, str]
) -> process.ProcessResult:
    ready, told = early.take(called, cwd, env)
    assert ready is not None
    return process.run(called, cwd=cwd, env=env, timeout=60, ready=ready, told=told)


@pytest.mark.parametrize(("said", "code"), [("yes", 0), ("no", 1)])
def test_it_runs_what_it_is_told_where_it_is_told(
    tracker: Tracker, early: EarlyJudge, tmp_path: Path, said: str, code: int
) -> None:
    (tmp_path / "test_case.py").write_text(CASE, encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if name != "BEFORE"} | {"SAID": said}
    result = run(early, command(tracker, "test_case.py"), tmp_path, env)
    assert result.returncode == code, result.output
    assert f"in {tmp_path.resolve()} with {said} None" in result.output
    assert "typed '' arguments" in result.output


def test_a_missing_pytest_is_told_as_python_tells_it(tmp_path: Path) -> None:
    job = json.dumps({"arguments": [], "cwd": str(tmp_path), "env": dict(os.environ)})
    found = subprocess.run(
        [sys.executable, "-I", "-S", str(PROGRAM)],
        input=job, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert found.returncode == 1
    assert ": No module named pytest" in found.stderr  # what the tracker looks for


def test_another_command_and_an_ended_process_are_not_for_it(
    tracker: Tracker, early: EarlyJudge, tmp_path: Path
) -> None:
    assert early.take([sys.executable, "-m", "pytest"], tmp_path, {}) == (None, "")
    assert early._waiting is not None
    early._waiting.kill()
    early._waiting.wait()
    assert early.take(command(tracker), tmp_path, {}) == (None, "")


def test_an_unused_process_ends_with_the_block(tracker: Tracker) -> None:
    with EarlyJudge(tracker, os.environ) as judge:
        waiting = judge._waiting
        assert waiting is not None
        assert waiting.poll() is None
    assert waiting.poll() is not None


def test_it_ends_when_nobody_tells_it_anything() -> None:
    found = subprocess.run(
        [sys.executable, "-I", str(PROGRAM)], stdin=subprocess.DEVNULL, check=False
    )
    assert found.returncode == 0


def test_where_no_process_can_be_started_the_run_itself_says_so(
    tracker: Tracker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def start(*arguments: object, **options: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr("tito.core.milestones.early.start", start)
    with EarlyJudge(tracker, os.environ) as judge:
        assert judge.take(command(tracker), tmp_path, {}) == (None, "")
