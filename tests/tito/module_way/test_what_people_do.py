"""What people and their tools do to a workspace, in good faith: copies, headings, odd terminals."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import Desk


def test_a_copy_of_a_module_is_named_and_left_out(desk: Desk) -> None:
    """`cp -r` before an experiment: the real lesson must not become ambiguous, nor be reset."""
    desk.solve("00_setup")
    folder = desk.root / "modules" / "00_setup"
    shutil.copytree(folder, folder.with_name("00_setup_backup"))
    assert desk.tito("module", "test", "00").code == 0
    assert desk.tito("module", "complete", "00").code == 0
    assert desk.tito("export").code == 0
    rows = desk.tito("module", "list", "--json").json["modules"]
    assert [row["module"] for row in rows] == ["00_setup", "03_line"]
    said = desk.tito("doctor")
    assert "modules/00_setup_backup is not a module of the course and is ignored" in said.out
    assert "reset" not in said.out


def test_a_module_that_lost_its_lesson_is_no_copy(desk: Desk) -> None:
    desk.lesson("00_setup").unlink()
    rows = desk.tito("module", "list", "--json").json["modules"]
    assert (rows[0]["module"], rows[0]["state"]) == ("00_setup", "missing")


def test_a_lesson_without_any_heading_is_put_right(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "# ## Task 0.1: manual_seed\n", "#\n")
    for command in ("test", "hint", "complete"):
        said = desk.tito("module", command, "00")
        assert said.code in (0, 1), said.all
        assert "tito itself failed" not in said.err
    assert "# ## Task 0.1: manual_seed" in desk.tito("module", "test", "00").out
    assert "no heading above the answer to task 0.1" in " ".join(desk.tito("doctor").out.split())


@pytest.mark.parametrize("name", ["COLUMNS", "LINES"])
def test_a_terminal_that_says_it_has_no_size(desk: Desk, name: str) -> None:
    for command in (["module", "test", "00"], ["module", "status"], ["milestone", "status"]):
        said = desk.tito(*command, **{name: "0"})
        assert said.code in (0, 1), said.all
        assert "Next: tito" in said.out
    assert "usage: tito module" in desk.tito("module", "--help", **{name: "0"}).out


@pytest.mark.parametrize(
    "text",
    ["SETUP", "Setup", "00_SETUP", "modules/00_setup", "modules/00_setup/", "setup.py",
     "modules/00_setup/setup.py", "00_setup/setup.py", "modules\\00_setup\\setup.py"],
)  # fmt: skip
def test_a_module_is_found_by_what_people_type(desk: Desk, text: str) -> None:
    assert desk.tito("module", "test", text, "--json").json["module"] == "00_setup"


@pytest.mark.parametrize("text", ["modules/03_line/setup.py", "tests/setup", "setup.txt", "/"])
def test_another_path_is_no_module(desk: Desk, text: str) -> None:
    said = desk.tito("module", "test", text)
    assert (said.code, "There is no module" in said.err) == (1, True)


@pytest.mark.skipif(shutil.which("git") is None, reason="this machine has no git")
def test_a_workspace_in_a_repository_that_is_there_already(desk: Desk, tmp_path: Path) -> None:
    """GitHub makes the repository first; `git init` does too."""
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    (repository / ".gitignore").write_text("*.log\n.venv/\n", encoding="utf-8")
    for name in ("README.md", "LICENSE"):
        (repository / name).write_text("theirs\n", encoding="utf-8")
    said = desk.tito("init", ".", cwd=repository)
    assert said.code == 0, said.all
    lines = (repository / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["*.log", ".venv/"]
    assert "/tinytorch/" in lines
    assert lines.count(".venv/") == 1
    assert (repository / ".git").is_dir()
    for name in ("README.md", "LICENSE"):
        assert (repository / name).read_text(encoding="utf-8") == "theirs\n"
    assert (repository / "modules" / "00_setup" / "setup.py").is_file()
    assert not list(repository.glob(".tito-init-*"))


def test_a_clone_on_another_machine_knows_what_is_answered(solved_desk: Desk) -> None:
    """Neither the package nor the progress is in git: the lessons are what there is."""
    for gone in ("tinytorch", ".tito"):
        shutil.rmtree(solved_desk.root / gone)
    home = {"TINYTORCH_HOME": str(solved_desk.root.with_name("elsewhere"))}
    found = solved_desk.tito("module", "status", "--json", **home).json
    assert [row["state"] for row in found["modules"]] == ["answered", "answered"]
    assert found["next"] == "tito module complete 00"
    said = solved_desk.tito("module", "status", COLUMNS="120", **home).out
    assert "answered, not checked here" in said
    assert "(00_setup: it is answered, but not checked on this machine)" in said
    stub = 'raise NotImplementedError("Task 3.2: seeded_line")'
    solved_desk.change("03_line", "return line(x) + manual_seed(seed)", stub)
    rows = solved_desk.tito("module", "status", "--json", **home).json["modules"]
    assert [row["state"] for row in rows] == ["answered", "not started"]


def test_a_numpy_that_is_too_old_is_told_before_anything_is_judged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tito.core.testing.runner.OLDEST_NUMPY", "99.1")
    desk.solve("00_setup")
    said = desk.tito("module", "test", "00")
    assert said.code == 3
    words = " ".join(said.out.split())
    assert re.search(r"It has numpy [\d.]+\w*, and 99.1 or newer is needed", words), words
    assert said.out.endswith('-m pip install "numpy>=99.1"\n')


@pytest.mark.parametrize("command", [("milestone", "run"), ("verify",)])
def test_a_milestone_is_not_judged_with_it_either(
    solved_desk: Desk, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    assert solved_desk.tito("milestone", "run", "start").code == 0
    monkeypatch.setattr("tito.workflows.run_milestone.OLDEST_NUMPY", "99.1")
    said = solved_desk.tito(*command, "start")
    assert said.code == 3
    words = " ".join(said.all.split())
    assert re.search(r"has numpy [\d.]+\w*, and 99.1 or newer is needed. Nothing was judged", words)
    assert said.err.endswith('-m pip install "numpy>=99.1"\n')


def test_a_linked_framework_is_neither_written_nor_judged(
    solved_desk: Desk, tmp_path: Path
) -> None:
    """Whatever is exported through a link lands in somebody else's workspace."""
    theirs = tmp_path / "theirs"
    shutil.move(solved_desk.root / "tinytorch", theirs)
    before = {path: path.read_bytes() for path in theirs.rglob("*.py")}
    (solved_desk.root / "tinytorch").symlink_to(theirs, target_is_directory=True)
    solved_desk.change("00_setup", "    return seed\n", "    return seed + 0\n")
    for command in (["module", "complete", "00"], ["export"], ["milestone", "run", "start"]):
        said = solved_desk.tito(*command)
        assert (said.code, "tinytorch/ is a link to" in said.err) == (1, True), said.all
    assert {path: path.read_bytes() for path in theirs.rglob("*.py")} == before


def test_the_json_of_a_milestone_tells_what_is_not_its_lesson(solved_desk: Desk) -> None:
    assert solved_desk.tito("milestone", "run", "start", "--json").json["stale"] == []
    solved_desk.change("00_setup", "    return seed\n", "    return seed + 0\n")
    assert solved_desk.tito("milestone", "run", "start", "--json").json["stale"] == ["00"]
    progress = json.loads((solved_desk.home / "progress.json").read_text(encoding="utf-8"))
    assert progress["milestones"]["start"]["stale"] == ["00"]
