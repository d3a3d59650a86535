"""A class in which some attack the grader: the others do not notice, and nothing is left behind."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.course.hostile import KINDS, hostile
from tests.course.test_isolation import SANDBOX
from tito.core.lesson.file import read_lesson
from tito.core.workspace.workspace import course, course_module

CONFIG = """
[limits]
memory_mb = 500
[[assignment]]
id = "a1"
modules = ["00"]
"""
LESSON = "modules/00_setup/setup.py"
SOME = ["forks that leave the session", "read the answers", "a forged report", "planted files"]
SOME += ["deep folders"]


def hand_in(root: Path, student: str, text: str) -> None:
    path = root / "submissions/a1" / student / LESSON
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def processes_in(folder: Path) -> list[str]:
    """The command lines of processes whose environment names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text(encoding="utf-8"))
        except OSError:
            continue
    return found


@SANDBOX
@pytest.mark.parametrize(
    ("honest", "kinds"),
    [
        pytest.param(2, SOME, id="some"),
        pytest.param(
            100, [KINDS[n % len(KINDS)] for n in range(100)], id="all", marks=pytest.mark.thorough
        ),
    ],
)
def test_honest_ones_are_unharmed_and_attacks_earn_nothing(
    tmp_path: Path, honest: int, kinds: list[str]
) -> None:
    root, temporary = tmp_path / "class", tmp_path / "temporary"
    temporary.mkdir()
    lesson = read_lesson(course(), course_module("00_setup")).lesson
    good = [f"honest-{number:03}" for number in range(honest)]
    bad = {f"hostile-{number:03}": kind for number, kind in enumerate(kinds)}
    for student in good:
        hand_in(root, student, lesson.text)
    places = {"root": str(root), "course": str(course().root)}
    for student, kind in bad.items():
        hand_in(root, student, hostile(lesson.blank(), kind, **places))
    mixed = [name for pair in zip(good, bad, strict=False) for name in pair]
    mixed += [name for name in (*good, *bad) if name not in mixed]
    (root / "class.toml").write_text(CONFIG, encoding="utf-8")
    (root / "roster.csv").write_text("\n".join(["id", *mixed]), encoding="utf-8")
    before = hashes(root / "submissions"), hashes(course().root / "modules")

    command = [sys.executable, "-m", "tito", "class", "grade", "a1", "--jobs", "2", "--json"]
    env = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["graded"] == len(good) + len(bad)

    results = {
        path.stem: json.loads(path.read_bytes()) for path in (root / "results/a1").glob("*.json")
    }
    assert set(results) == {*good, *bad}
    for student, found in results.items():
        tasks = found["modules"][0]["tasks"]
        assert found["isolation"].startswith("sandbox")
        if student in bad:
            passed = [task["number"] for task in tasks if task["state"] == "passed"]
            assert (found["state"], passed) == ("graded", []), bad[student]
        else:
            assert {task["state"] for task in tasks} == {"passed"}, student
    assert (hashes(root / "submissions"), hashes(course().root / "modules")) == before
    assert processes_in(temporary) == []
    assert list(temporary.iterdir()) == []
    assert {path.name for path in root.iterdir()} <= {
        ".tito", "class.toml", "results", "roster.csv", "submissions",
    }  # fmt: skip
