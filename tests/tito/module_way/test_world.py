"""The world is handed in: home, environment and clock are the caller's, not the process's."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from tito.main import main
from tito.world import World

from .conftest import Desk, Screen

PERCEPTRON = datetime(1957, 7, 8, 12, 30)


def world(desk: Desk, home: Path, **more: object) -> World:
    """A world at the desk with a home of its own; what it prints is in `.stdout`."""
    env = {"PATH": os.environ.get("PATH", ""), "TERM": "dumb", "TINYTORCH_HOME": str(home)}
    return World(cwd=desk.root, env=env, stdout=Screen(), stderr=Screen(), **more)  # type: ignore[arg-type]


def completed(world: World) -> list[str]:
    assert main(["module", "list", "--json"], world) == 0
    rows = json.loads(world.stdout.text())["modules"]  # type: ignore[attr-defined]
    return [row["module"] for row in rows if row["state"] == "complete"]


def test_two_homes_in_one_process_do_not_see_each_other(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path / "the process's"))
    desk.solve("00_setup")
    ada, grace = tmp_path / "ada", tmp_path / "grace"
    assert main(["module", "complete", "00"], world(desk, ada)) == 0
    assert completed(world(desk, ada)) == ["00_setup"]
    assert completed(world(desk, grace)) == []
    assert not (tmp_path / "the process's").exists()

    screen = world(desk, grace)
    assert main(["milestone", "status", "--json"], screen) == 0
    rows = json.loads(screen.stdout.text())["milestones"]  # type: ignore[attr-defined]
    assert {row["state"] for row in rows} == {"locked"}
    assert main(["milestone", "run", "start"], world(desk, grace)) == 1
    assert main(["milestone", "run", "start"], world(desk, ada)) == 0
    assert not (grace / "progress.json").exists()


def test_a_home_of_the_environment_alone(desk: Desk, tmp_path: Path) -> None:
    """`~` is the home that this environment names."""
    desk.solve("00_setup")
    env = {"PATH": os.environ.get("PATH", ""), "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    here = World(cwd=desk.root, env=env, stdout=Screen(), stderr=Screen())
    assert main(["module", "complete", "00"], here) == 0
    assert (tmp_path / ".tinytorch" / "progress.json").is_file()
    env["TINYTORCH_HOME"] = "~/elsewhere"
    here = World(cwd=desk.root, env=env, stdout=Screen(), stderr=Screen())
    assert main(["module", "complete", "00"], here) == 0
    assert (tmp_path / "elsewhere" / "progress.json").is_file()


def test_the_progress_file_can_be_handed_in(desk: Desk, tmp_path: Path) -> None:
    desk.solve("00_setup")
    mine = tmp_path / "mine.json"
    assert main(["module", "complete", "00"], world(desk, desk.home, progress_file=mine)) == 0
    assert json.loads(mine.read_text(encoding="utf-8"))["completed_modules"] == ["00_setup"]
    assert not (desk.home / "progress.json").exists()


def test_the_clock_is_the_callers(desk: Desk, tmp_path: Path) -> None:
    desk.solve("00_setup")

    def then(*arguments: str) -> None:
        assert main(arguments, world(desk, tmp_path, now=lambda: PERCEPTRON)) == 0

    then("module", "complete", "00")
    progress = json.loads((tmp_path / "progress.json").read_text(encoding="utf-8"))
    assert progress["modules"]["00_setup"]["completed_at"].startswith("1957-07-08T12:30:00")
    notes = json.loads((desk.root / ".tito" / "notes.json").read_text(encoding="utf-8"))
    assert notes["started"]["00_setup"].startswith("1957-07-08T12:30:00")
    then("module", "reset", "00", "--yes")
    kept = [path.name for path in (desk.root / ".tito" / "kept").iterdir()]
    assert kept == ["00_setup-1957-07-08-123000.py"]
    desk.tests("00_setup").write_text("", encoding="utf-8")
    then("doctor", "--fix")
    assert (desk.root / ".tito" / "replaced-19570708-123000").is_dir()


def test_the_width_is_the_environments(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for width in (40, 80):
        screen = Screen()
        env = {"COLUMNS": str(width), "TINYTORCH_HOME": str(desk.home)}
        assert main(["module", "list"], World(cwd=desk.root, env=env, stdout=screen)) == 0
        assert max(len(line) for line in screen.text().splitlines()[:-1]) <= width
