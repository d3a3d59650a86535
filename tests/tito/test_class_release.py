"""`tito class release`, `workflow`, `checklist` and `similar`, on the tiny course."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

CLASS = """
[class]
name = "Tiny"
[[assignment]]
id = "a1"
title = "Seeds and lines"
modules = ["00", "03"]
milestones = ["start"]
due = 2027-03-01T23:59:00
"""
ROSTER = "id,last_name,first_name\nada,Lovelace,Ada\nalan,Turing,Alan\ngrace,Hopper,Grace\n"
LINE = "modules/03_line/line.py"
git = pytest.mark.skipif(shutil.which("git") is None, reason="git")


@pytest.fixture
def klass(tmp_path: Path) -> Path:
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "class.toml").write_text(CLASS, encoding="utf-8")
    (folder / "roster.csv").write_text(ROSTER, encoding="utf-8")
    return folder


def hand_in(klass: Path, student: str, solved: Path, old: str = "", new: str = "") -> None:
    place = klass / "submissions/a1" / student
    for name in ("modules/00_setup/setup.py", LINE):
        text = (solved / name).read_text(encoding="utf-8").replace(old, new)
        (place / name).parent.mkdir(parents=True)
        (place / name).write_text(text, encoding="utf-8", newline="\n")


def log(folder: Path) -> list[str]:
    command = ["git", "-C", str(folder), "log", "--format=%s"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")


# ------------------------------------------------------------------------------------- release


@git
def test_a_release_is_a_workspace_that_works(tito, klass: Path, tmp_path: Path) -> None:
    done = tito(klass, "class", "release", "a1")
    assert done.returncode == 0, done.stderr
    home = klass / "releases/a1"
    with zipfile.ZipFile(home / "starter.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(home / "starter"), str(clone)], check=True)
    for workspace in (tmp_path / "unpacked/tinytorch-course", clone):
        assert "NotImplementedError" in (workspace / LINE).read_text(encoding="utf-8")
        assert "has this release" in tito(workspace, "update", "--check").stdout
        assert tito(workspace, "module", "test", "00").returncode == 1
    about = (clone / "ASSIGNMENT.md").read_text(encoding="utf-8")
    assert "Due: 2027-03-01 23:59" in about
    assert "tito class checklist 00 03 --milestone start" in about


@git
def test_the_same_release_again_is_the_same(tito, klass: Path) -> None:
    tito(klass, "class", "release", "a1")
    home = klass / "releases/a1"
    before = [(home / name).read_bytes() for name in ("starter.zip", "manifest.json")]
    done = tito(klass, "class", "release", "a1")
    assert "as it was" in done.stdout
    assert [(home / name).read_bytes() for name in ("starter.zip", "manifest.json")] == before
    assert len(log(home / "starter")) == 2  # one commit and the empty end


@git
def test_a_release_again_is_one_more_commit(tito, klass: Path) -> None:
    tito(klass, "class", "release", "a1")
    config = klass / "class.toml"
    config.write_text(CLASS.replace("Seeds and lines", "Lines"), encoding="utf-8")
    done = tito(klass, "class", "release", "a1")
    assert "changed: ASSIGNMENT.md" in done.stdout
    assert log(klass / "releases/a1/starter")[0].startswith("Lines: course")


def test_a_release_needs_no_git(tito, klass: Path, tmp_path: Path) -> None:
    done = tito(klass, "class", "release", "a1", PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "git is not installed" in done.stdout
    assert not (klass / "releases/a1/starter/.git").exists()


def test_the_manifest_has_the_hash_of_each_file(tito, klass: Path) -> None:
    import hashlib

    tito(klass, "class", "release", "a1")
    home = klass / "releases/a1"
    manifest = json.loads((home / "manifest.json").read_text(encoding="utf-8"))
    assert LINE in manifest["files"]
    for name, value in manifest["files"].items():
        assert hashlib.sha256((home / "starter" / name).read_bytes()).hexdigest() == value


# ------------------------------------------------------------------------- workflow, checklist


def test_the_workflow_judges_the_assignment(tito, klass: Path) -> None:
    tito(klass, "class", "release", "a1", "--package", "course @ https://example.org/c.whl")
    text = (klass / "releases/a1/starter/.github/workflows/tinytorch.yml").read_text("utf-8")
    assert "tito class checklist 00 03 --milestone start" in text
    assert 'pip install "course @ https://example.org/c.whl"' in text
    assert tito(klass, "class", "workflow", "a1").stdout.startswith("# Written by")


def test_the_checklist_is_the_summary_of_the_run(tito, solved: Path, tmp_path: Path) -> None:
    text = (solved / LINE).read_text(encoding="utf-8")
    (solved / LINE).write_text(text.replace("3 * x", "2 * x"), encoding="utf-8")
    summary = tmp_path / "summary.md"
    words = ("class", "checklist", "--trust", "00", "03", "--milestone", "start")
    done = tito(solved, *words, GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 1, done.stderr
    shown = summary.read_text(encoding="utf-8")
    assert "## TinyTorch: 1 of 3 tasks" in shown
    assert "✅ **0.1** manual" in shown
    assert "❌ **3.1** line" in shown
    assert "line\\(2\\)" not in shown
    assert "must be 6, yours is 4" in shown
    assert "✅ 1900 - The Start" in shown


def test_a_checklist_of_everything_done_is_a_green_run(tito, solved: Path) -> None:
    done = tito(solved, "class", "checklist", "--trust")
    assert done.returncode == 0, done.stderr
    assert "3 of 3 tasks" in done.stdout


def test_the_checklist_does_not_believe_tests_of_the_workspace(tito, workspace: Path) -> None:
    tests = workspace / "modules/00_setup/test_setup.py"
    tests.write_text("def test_0_1_passes():\n    assert True\n", encoding="utf-8")
    done = tito(workspace, "class", "checklist", "--trust", "00")
    assert done.returncode == 1
    assert "0 of 1 tasks" in done.stdout


# ------------------------------------------------------------------------------------- similar


def test_similar_writes_only_the_students_own_code(tito, klass: Path, solved: Path) -> None:
    hand_in(klass, "ada", solved)
    hand_in(klass, "alan", solved, "return 3 * x", "y = 3 * x\n    return y\n\ndef helper(): pass")
    done = tito(klass, "class", "similar", "a1", "--no-run")
    assert done.returncode == 0, done.stderr
    jplag = klass / "similar/a1/jplag"
    assert sorted(path.name for path in jplag.iterdir()) == ["_base", "ada", "alan"]
    code = (jplag / "ada/03_line/line.py").read_text(encoding="utf-8")
    compile(code, "line.py", "exec")
    assert "return 3 * x" in code
    assert "from tinytorch" not in code
    assert "def line(x)" not in code
    assert "NotImplementedError" in (jplag / "_base/03_line/line.py").read_text(encoding="utf-8")
    with zipfile.ZipFile(klass / "similar/a1/dolos/03_line.zip") as archive:
        assert sorted(archive.namelist()) == ["ada.py", "alan.py", "info.csv"]
        rows = list(csv.DictReader(io.StringIO(archive.read("info.csv").decode())))
    assert rows[0]["filename"] == "ada.py"
    assert rows[0]["full_name"] == "Ada Lovelace"


def test_anonymous_files_name_nobody(tito, klass: Path, solved: Path) -> None:
    hand_in(klass, "ada", solved)
    hand_in(klass, "alan", solved)
    tito(klass, "class", "similar", "a1", "--anonymous", "--no-run")
    names = sorted(path.name for path in (klass / "similar/a1/jplag").iterdir())
    assert len(names) == 3
    with zipfile.ZipFile(klass / "similar/a1/dolos/03_line.zip") as archive:
        said = archive.read("info.csv").decode() + " ".join(archive.namelist())
    for word in ("ada", "alan", "Lovelace", "Turing"):
        assert word not in said
        assert word not in " ".join(names)
    tito(klass, "class", "similar", "a1", "--anonymous", "--no-run")
    assert sorted(path.name for path in (klass / "similar/a1/jplag").iterdir()) == names
    (klass / ".tito/secret").unlink()
    tito(klass, "class", "similar", "a1", "--anonymous", "--no-run")
    assert sorted(path.name for path in (klass / "similar/a1/jplag").iterdir()) != names


def test_one_submission_is_nothing_to_compare(tito, klass: Path, solved: Path) -> None:
    hand_in(klass, "ada", solved)
    done = tito(klass, "class", "similar", "a1")
    assert done.returncode == 1
    assert "nothing to compare" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_a_tool_that_fails_is_not_taken_for_a_result(
    tito, klass: Path, solved: Path, tmp_path: Path
) -> None:
    hand_in(klass, "ada", solved)
    hand_in(klass, "alan", solved)
    tool = tmp_path / "bin/dolos"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\necho "no grammar"\nexit 1\n', encoding="utf-8")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    done = tito(klass, "class", "similar", "a1", PATH=f"{tool.parent}:/usr/bin:/bin")
    assert done.returncode == 3
    assert "failed: no grammar" in done.stdout
