"""Autograders for Gradescope and Classroom 50: what is built is unpacked and run as they run it.

The tiny course's tests import the framework, so that they need `--trust`.

Installing packages needs pip's index, so that a virtual environment that sees this one's packages
stands for the one that `setup.sh` makes; the zip's own course is what runs in it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest

CLASS = """
[class]
name = "Small"
[late]
policy = "percent_per_day"
[[assignment]]
id = "a1"
title = "Lines"
modules = ["00", "03"]
milestones = ["start"]
due = 2027-03-01T23:59:00
points = { "03" = 6, start = 2 }
"""
FIRST, SECOND = "modules/00_setup/setup.py", "modules/03_line/line.py"
BASH = pytest.mark.skipif(sys.platform == "win32", reason="Gradescope's scripts are for Linux")
METADATA = {
    "created_at": "2027-03-02T10:00:00.000000-05:00",
    "assignment": {"due_date": "2027-03-01T23:59:00.000000-05:00"},
    "users": [{"email": "ada@uni.example", "id": 9, "name": "Ada Lovelace"}],
}


@pytest.fixture
def room(tmp_path: Path) -> Path:
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "class.toml").write_text(CLASS, encoding="utf-8")
    (folder / "roster.csv").write_text("id,last_name\nzoe,Quetzal\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the packages of this one, but without its tito."""
    folder = tmp_path_factory.mktemp("gradescope") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    inside = next(folder.glob("lib/*/site-packages"))
    (inside / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def gradescope(tito: Any, room: Path, tmp_path: Path, environment: Path, tiny_course: Path) -> Path:
    """Gradescope's folders, with the solved lessons handed in."""
    made = tito(room, "class", "gradescope", "a1", "--trust", "-o", "out/autograder.zip")
    assert made.returncode == 0, made.stdout + made.stderr
    root = tmp_path / "autograder"
    (root / "results").mkdir(parents=True)
    with zipfile.ZipFile(room / "out/autograder.zip") as archive:
        archive.extractall(root / "source")
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
    (root / "venv").symlink_to(environment)
    course = root / "source/course"
    pth = next(environment.glob("lib/*/site-packages")) / "course.pth"
    pth.write_text(f"{course}\n", encoding="utf-8")
    for name in (FIRST, SECOND):
        (root / "submission" / name).parent.mkdir(parents=True)
        shutil.copyfile(tiny_course / name, root / "submission" / name)
    (root / "submission_metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")
    return root


def run(root: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        ["bash", str(root / "source/run_autograder"), str(root)],
        cwd=root,
        env={**clean, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


def results(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "results/results.json").read_text("utf-8"))
    return found


@BASH
def test_a_submission_is_judged_in_gradescopes_folders(gradescope: Path) -> None:
    said = run(gradescope)
    assert said.returncode == 0, said.stdout + said.stderr
    found = results(gradescope)
    assert [(t["number"], t["score"], t["max_score"], t["status"]) for t in found["tests"]] == [
        ("0.1", 1.0, 1.0, "passed"),
        ("3.1", 3.0, 3.0, "passed"),
        ("3.2", 3.0, 3.0, "passed"),
        ("start", 2.0, 2.0, "passed"),
    ]
    assert found["score"] == 8.1  # a day late: a tenth of nine points
    assert "1 day late, -10 %" in found["output"]
    assert {t["visibility"] for t in found["tests"]} == {"visible"}
    assert "Lovelace" not in json.dumps(found) + said.stdout
    # the course that judged is the zip's own
    assert str(found["extra_data"]["course"])


@BASH
def test_a_wrong_answer_has_its_message_and_loose_files_are_found(gradescope: Path) -> None:
    lesson = gradescope / "submission" / SECOND
    text = lesson.read_text("utf-8").replace("return 3 * x", "return 4 * x")
    (gradescope / "submission/line.py").write_text(text, "utf-8")
    shutil.rmtree(lesson.parent)
    assert run(gradescope).returncode == 0
    by = {test["number"]: test for test in results(gradescope)["tests"]}
    assert by["3.1"]["status"] == "failed"
    assert "line(2) must be 6" in by["3.1"]["output"]
    assert "Hint: a nudge" in by["3.1"]["output"]


@BASH
def test_what_cannot_be_judged_is_no_zero(gradescope: Path) -> None:
    """The zip's tests are broken: that is not the student's fault."""
    (gradescope / "results/results.json").write_text('{"score": 9}', "utf-8")
    (gradescope / "source/course/tito/_course/modules/03_line/test_line.py").unlink()
    said = run(gradescope)
    assert said.returncode == 3, said.stdout + said.stderr
    assert not (gradescope / "results/results.json").exists()


@BASH
def test_out_of_time_is_no_zero(gradescope: Path) -> None:
    said = run(gradescope, TITO_LIMIT="0.3")
    assert said.returncode == 124
    assert "not a verdict" in said.stdout
    assert not (gradescope / "results/results.json").exists()


@BASH
def test_files_without_a_lesson_are_told_at_once(gradescope: Path) -> None:
    shutil.rmtree(gradescope / "submission/modules")
    (gradescope / "submission/essay.txt").write_text("Dear teacher", "utf-8")
    assert run(gradescope).returncode == 0
    found = results(gradescope)
    assert found["score"] == 0
    assert "No lesson of the course is among the files" in found["tests"][0]["output"]


def test_the_zip_has_no_roster_and_no_secret(tito: Any, room: Path) -> None:
    for out in ("one.zip", "two.zip"):
        assert tito(room, "class", "gradescope", "a1", "-o", out).returncode == 0
    assert (room / "one.zip").read_bytes() == (room / "two.zip").read_bytes()
    secret = (room / ".tito/secret").read_bytes().strip()
    with zipfile.ZipFile(room / "one.zip") as archive:
        names = archive.namelist()
        texts = b"".join(archive.read(name) for name in names)
    assert not [name for name in names if "roster.csv" in name or "__pycache__" in name]
    assert secret not in texts
    assert b"Quetzal" not in texts
    assert {"setup.sh", "run_autograder", "class.toml", "requirements.txt"} <= set(names)


def test_hidden_assignments_are_hidden(tito: Any, room: Path) -> None:
    (room / "class.toml").write_text(CLASS + "hidden = true\n", encoding="utf-8")
    assert tito(room, "class", "gradescope", "a1").returncode == 0
    with zipfile.ZipFile(room / "autograder.zip") as archive:
        assert json.loads(archive.read("autograder.json"))["visibility"] == "after_published"


def test_classroom_50_grades_the_repository(
    tito: Any, room: Path, tmp_path: Path, solved: Path
) -> None:
    made = tito(room, "class", "classroom50", "a1", "--trust", "-o", "out")
    assert made.returncode == 0, made.stdout + made.stderr
    compile((room / "out/autograder.py").read_text("utf-8"), "autograder.py", "exec")
    said = tito(
        solved,
        *("class", "classroom50", "--run", str(room / "out")),
        PYTHONPATH=str(room / "out/course"),
        USERNAME="ada9",
        OWNER="ada9",
        CLASSROOM="cs1",
        COMMIT_URL="https://example.org/c",
        GITHUB_OUTPUT=str(tmp_path / "output"),
    )
    assert said.returncode == 0, said.stdout + said.stderr
    found = json.loads((solved / "result.json").read_text("utf-8"))
    assert (found["score"], found["max-score"], found["owner"]) == (9, 9, "ada9")
    assert (found["classroom"], found["commit"]) == ("cs1", "https://example.org/c")
    assert [test["passed"] for test in found["tests"]] == [True] * 4
    assert (tmp_path / "output").read_text("utf-8") == "status=success\nsummary=9/9\n"
    assert "- [x] 3.1 line" in (solved / "release-body.md").read_text("utf-8")


def test_tests_json_is_what_classroom_50_takes(tito: Any, room: Path) -> None:
    assert tito(room, "class", "classroom50", "a1").returncode == 0
    found = json.loads((room / "classroom50/tests.json").read_text("utf-8"))
    assert [(test["name"], test["points"]) for test in found] == [
        ("00_setup", 1),
        ("03_line", 6),
        ("1900 - The Start", 2),
    ]
    assert {test["type"] for test in found} == {"run"}
    assert all(1 <= test["timeout"] <= 600 for test in found)


@pytest.mark.parametrize("verb", ["gradescope", "classroom50"])
def test_a_folder_that_is_no_autograder_is_refused(tito: Any, tmp_path: Path, verb: str) -> None:
    said = tito(tmp_path, "class", verb, "--run", str(tmp_path))
    assert said.returncode == 2
    assert "not an autograder" in said.stderr
    assert tito(tmp_path, "class", verb).returncode == 2
