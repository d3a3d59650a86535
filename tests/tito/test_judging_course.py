"""Which course judges: the installed one, or the one named with `--course`, never the workspace."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

COMMANDS = [
    ("module", "list"),
    ("module", "status"),
    ("module", "start", "03"),
    ("module", "test", "00"),
    ("module", "complete", "00"),
    ("module", "complete", "03"),
    ("module", "hint", "03", "--task", "3.1"),
    ("module", "solution", "03", "--task", "3.1", "--yes"),
    ("milestone", "status"),
    ("milestone", "list"),
    ("milestone", "info", "start"),
    ("milestone", "run", "--all"),
    ("export",),
    ("module", "reset", "03", "--yes"),
]
TRAPPED = [
    "conftest.py",
    "modules/conftest.py",
    "modules/00_setup/conftest.py",
    "modules/00_setup/test_setup.py",
    "modules/03_line/test_line.py",
    "tests/conftest.py",
    "tests/milestones/conftest.py",
    "tests/milestones/milestone_tracker.py",
    "tests/milestones/test_learning_verification.py",
    "tests/milestones/verification/__init__.py",
]


@pytest.fixture
def trapped(solved: Path, tmp_path: Path) -> Path:
    """A solved workspace in which each file that could judge leaves a mark when it is run."""
    for name in TRAPPED:
        path = solved / name
        path.parent.mkdir(exist_ok=True)
        mark = tmp_path / "marks" / name.replace("/", "-")
        path.write_text(f"open({str(mark)!r}, 'w').close()\n", encoding="utf-8")
    (tmp_path / "marks").mkdir()
    (solved / "modules/03_line/hints.toml").write_text('["3.1"]\nhints = ["mine"]\n', "utf-8")
    (solved / "tests/milestones/pytest.ini").write_text("[pytest]\naddopts = --mine\n", "utf-8")
    return solved


def marks(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "marks").iterdir())


def test_no_command_runs_what_the_workspace_could_judge_with(tito, trapped, tmp_path):
    for command in COMMANDS:
        said = tito(trapped, *command)
        assert said.returncode == 0, (command, said.stdout, said.stderr)
        assert marks(tmp_path) == [], command
        assert "mine" not in said.stdout, command
    tito(trapped, "doctor")
    assert marks(tmp_path) == []


def test_the_verdicts_are_the_courses(tito, trapped):
    lesson = trapped / "modules/00_setup/setup.py"
    right = lesson.read_text(encoding="utf-8")
    lesson.write_text(right.replace("    return seed\n", "    return 0\n"), encoding="utf-8")
    said = tito(trapped, "module", "test", "00")
    assert said.returncode == 1
    assert "manual_seed(5) must return 5" in said.stdout
    assert "checked by modules/00_setup/test_setup.py:7" in said.stdout
    lesson.write_text(right, encoding="utf-8")
    for number in ("00", "03"):
        assert tito(trapped, "module", "complete", number).returncode == 0
    (row, _) = json.loads(tito(trapped, "milestone", "status", "--json").stdout)["milestones"]
    assert row["name"] == "1900 - The Start"


def test_what_the_workspace_has_is_run_if_an_author_asks(tito, trapped, tmp_path):
    said = tito(trapped, "module", "test", "00", "--course=.")
    assert (said.returncode, "contains no tests" in said.stdout) == (3, True)
    assert marks(tmp_path) == ["modules-00_setup-test_setup.py"]
    assert tito(trapped, "--course", ".", "module", "status").returncode == 3
    assert "tests-milestones-milestone_tracker.py" in marks(tmp_path)


def test_another_folders_course(tito, workspace, tiny_course, tmp_path):
    """It need not be the workspace, and what it starts is judged by it too."""
    other = shutil.copytree(tiny_course, tmp_path / "other")
    tracker = other / "tests/milestones/milestone_tracker.py"
    text = tracker.read_text(encoding="utf-8").replace("1900 - The Start", "1899 - Before")
    tracker.write_text(text, encoding="utf-8")
    said = tito(workspace, "milestone", "status", "--course", "../other")
    assert (said.returncode, "1899 - Before" in said.stdout) == (0, True)
    demo = tito(tmp_path, "demo", "--course", "other", COLUMNS="500")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Learned: 1899 - Before" in demo.stdout
    assert f"Judged by the course in {other.resolve()}" in demo.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--course"], "needs the folder"),
        (["--course="], "needs the folder"),
        (["--course", ".", "--course", "."], "needs the folder"),
        (["--course", "nowhere"], "is not a course"),
    ],
)
def test_a_wrong_course(tito, workspace, options, words):
    said = tito(workspace, "module", "status", *options)
    assert (said.returncode, words in said.stderr) == (2, True), said.stderr


def test_a_module_that_only_the_workspace_has(tito, solved):
    own = shutil.copytree(solved / "modules/00_setup", solved / "modules/21_mine")
    (own / "setup.py").rename(own / "mine.py")
    (own / "test_setup.py").rename(own / "test_mine.py")
    text = (own / "mine.py").read_text(encoding="utf-8")
    (own / "mine.py").write_text(text.replace("default_exp seeds", "default_exp mine"), "utf-8")
    said = tito(solved, "module", "test", "21")
    assert said.returncode == 3
    assert "The installed course has no tests for 21_mine" in " ".join(said.stdout.split())
    hint = "tito --course . module test 21"
    assert hint in said.stdout
    assert tito(solved, *hint.split()[1:]).returncode == 0
