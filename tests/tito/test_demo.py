"""`tito demo`: the whole course, as a student would type it, in a throw-away workspace."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tito.core.words import quoted


@dataclass(frozen=True)
class DemoRun:
    """One demo that has run, and the three places it could have left something in."""

    run: subprocess.CompletedProcess[str]
    cwd: Path
    temporary: Path
    home: Path


@pytest.fixture(scope="module")
def finished(tito, tmp_path_factory) -> DemoRun:
    cwd, temporary, home = (tmp_path_factory.mktemp(n) for n in ("cwd", "temporary files", "home"))
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
    run = tito(cwd, "demo", TINYTORCH_HOME=str(home), **places)
    return DemoRun(run, cwd, temporary, home)


def typed(output: str) -> list[str]:
    return [line[2:] for line in output.splitlines() if line.startswith("$ ")]


def test_the_demo_is_what_a_student_would_type(finished):
    demo = finished.run
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert typed(demo.stdout) == [
        "tito init my-tinytorch",
        "tito module test 00",
        "tito module complete 00",
        "tito milestone run start",
        "tito module complete 03",
        "tito milestone run slope",
        "tito milestone progress",
    ]
    assert "2 modules completed, 2 milestones learned" in demo.stdout
    assert "Learned: 1901 - The Slope" in demo.stdout
    assert demo.stdout.splitlines()[-1].startswith("Next: tito init my-tinytorch")


def test_nothing_is_left_and_nobody_s_progress_is_touched(finished):
    assert str(finished.temporary) in finished.run.stdout, "it was made there"
    for place in (finished.cwd, finished.temporary, finished.home):
        assert list(place.iterdir()) == []


def test_it_can_be_kept_and_looked_at(tito, tmp_path):
    demo = tito(tmp_path, "demo", "--keep", "look here")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    root = tmp_path / "look here"
    home = root / ".tito" / "home"
    assert f"Kept: {root}\n  its progress: {home}\n" in demo.stdout
    status = tito(root, "milestone", "status", "--json", TINYTORCH_HOME=str(home))
    states = [row["state"] for row in json.loads(status.stdout)["milestones"]]
    assert states == ["completed", "completed"]


def test_it_does_not_cover_up_a_folder(tito, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine", encoding="utf-8")
    demo = tito(tmp_path, "demo", "--keep", "full")
    assert demo.returncode == 2, "wrong usage, as it is for tito init"
    assert "not empty" in demo.stderr
    assert "doctor" not in demo.stderr
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_a_parent_that_is_not_there(tito, tmp_path):
    run = tito(tmp_path, "demo", "--keep", "no/such")
    assert run.returncode == 2
    assert f"Next: tito demo --keep {quoted(tmp_path / 'such')}" in run.stderr


def test_it_stops_where_the_course_is_wrong(tito, tmp_path, tiny_course):
    """A reference answer that fails its test is the course's fault, so the tool's: exit code 3."""
    broken = tmp_path / "broken course"
    shutil.copytree(tiny_course, broken)
    lesson = broken / "modules/03_line/line.py"
    lesson.write_text(
        lesson.read_text(encoding="utf-8").replace("return 3 * x", "return 4 * x"), encoding="utf-8"
    )
    demo = tito(tmp_path, "demo", PYTHONPATH=str(broken))
    assert demo.returncode == 3
    assert "The demo stopped: `tito module complete 03` ended with exit code 1." in demo.stderr
    assert typed(demo.stdout)[-1] == "tito module complete 03"


def test_a_milestone_that_needs_a_module_to_come_stays_locked(tito, tmp_path, tiny_course):
    smaller = tmp_path / "smaller"
    shutil.copytree(tiny_course, smaller)
    shutil.rmtree(smaller / "modules/03_line")
    demo = tito(tmp_path, "demo", PYTHONPATH=str(smaller))
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "1 module completed, 1 milestone learned" in demo.stdout
    assert "Still locked: 1 milestone, which need modules that are not written yet." in demo.stdout
