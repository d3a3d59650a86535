"""A command that ends in the middle: the package and the progress agree afterwards."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from filelock import SoftFileLock

from tito.core.errors import MachineError
from tito.core.export import lock
from tito.core.milestones.tracker import Tracker
from tito.core.workspace.workspace import Workspace

from ..test_process import is_alive
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


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


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


def test_a_terminal_that_is_closed_takes_back_what_was_begun(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("the signal should have been heard")

    monkeypatch.setattr(Tracker, "record_module", ended)
    desk.solve("00_setup")
    before = desk.everything()
    assert desk.tito("module", "complete", "00").code == 130
    assert desk.everything() == before
    assert not (desk.root / ".tito/swap").exists()


@pytest.mark.skipif(os.name != "posix", reason="kills a process, and asks for another")
def test_a_tool_that_was_killed_leaves_nothing_that_stays(run_in_tiny_course: Desk) -> None:
    """Its child ends with what the lesson has started; the next commands remove the folder."""
    desk = run_in_tiny_course
    started = "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)'])"
    where = desk.root / "pids"
    told = f"open({str(where)!r}, 'w').write(f'{{os.getpid()}} {{p.pid}}.')"
    desk.solve("00_setup")
    right = desk.lesson("00_setup").read_bytes()
    desk.on_top("00_setup", f"import os, subprocess, sys, time\n{started}\n{told}\ntime.sleep(100)")
    command = [sys.executable, "-m", "tito", "module", "test", "00"]
    env = {**os.environ, "PYTHONPATH": str(desk.course), "TITO_TEST_SECONDS": "100"}
    with subprocess.Popen(command, cwd=desk.root, env=env, stdout=subprocess.DEVNULL) as tool:
        wait_until(lambda: where.exists() and where.read_text().endswith("."))
        tool.kill()
    pids = [int(pid) for pid in where.read_text().strip(".").split()]
    wait_until(lambda: not any(map(is_alive, pids)))
    (left,) = (desk.root / ".tito").glob("staging-*")
    desk.lesson("00_setup").write_bytes(right)
    for age, stays in ((60, True), (3_600, False)):
        os.utime(left, (time.time() - age,) * 2)
        assert desk.tito("module", "test", "00").code == 0
        assert left.exists() is stays


@pytest.mark.parametrize("number", ["ENOSYS", "EOPNOTSUPP", "ENOLCK"])
def test_a_disk_without_file_locks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    """As some network disks are. A lock file that is left over means nothing there."""
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_: object) -> None:
        raise OSError(getattr(errno, number), "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    (desk.root / ".tito").mkdir(exist_ok=True)
    (desk.root / ".tito/lock").touch()
    desk.solve("00_setup")
    for _ in range(2):
        said = desk.tito("module", "complete", "00")
        assert said.code == 0, said.all
    held = desk.root / ".tito/lock.held"
    waiting = lock.workspace_lock(Workspace(desk.root), lambda: None, patience=0.1)
    with SoftFileLock(held), pytest.raises(MachineError) as caught, waiting:
        pass
    assert caught.value.where == str(held)
    assert str(caught.value.hint).endswith(f"If not, delete {held}.")
