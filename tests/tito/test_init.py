"""`tito init`: a complete workspace, or none at all."""

from __future__ import annotations

import os
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tito.core.errors import MachineError, UsageError
from tito.core.workspace.workspace import Workspace
from tito.workflows import init


def files_below(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def hinted(made: subprocess.CompletedProcess[str]) -> list[str]:
    """The words of the command that is named, as a shell takes them."""
    return shlex.split(made.stderr.partition("Next: ")[2].splitlines()[0])


def test_the_workspace_is_complete_and_blank(tito, tmp_path):
    made = tito(tmp_path, "init", "work")
    assert made.returncode == 0, made.stderr
    root = tmp_path / "work"
    assert {
        "README.md",
        ".gitignore",
        "modules/00_setup/setup.py",
        "modules/00_setup/test_setup.py",
        "modules/00_setup/hints.toml",
        "modules/03_line/line.py",
        "tests/milestones/milestone_tracker.py",
        "tests/milestones/pytest.ini",
        "tinytorch/__init__.py",
    } <= files_below(root)
    lesson = (root / "modules/00_setup/setup.py").read_bytes()
    assert b'raise NotImplementedError("Task 0.1: manual_seed")' in lesson
    assert b'STATE["seed"] = seed' not in lesson
    assert b"\r" not in lesson


def test_it_says_what_comes_next(tito, tmp_path):
    lines = tito(tmp_path, "init", "work").stdout.splitlines()
    assert lines[-2:] == ["Next: cd work", "then: tito module start 00"]


def test_a_long_path_stays_on_its_line(tito, tmp_path):
    """A command that is broken at column 80 cannot be pasted."""
    name = " ".join(["a long name"] * 12)
    made = tito(tmp_path, "init", name)
    assert f"Next: cd '{name}'" in made.stdout.replace('"', "'").splitlines()
    again = tito(tmp_path / name, "init", name)
    assert hinted(again)[-1].endswith(name) or os.name == "nt"


def test_only_the_workspace_appears(tito, tmp_path):
    tito(tmp_path, "init", "work")
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_the_new_package_names_the_module_of_what_is_missing(workspace):
    code = "import tinytorch\ntinytorch.line"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=False
    )
    assert "comes with module 03_line" in run.stderr


@pytest.mark.parametrize("name", ["mein Arbeitsplatz ü", "a/b/c", "..odd", "日本"])
def test_odd_names(tito, tmp_path, name):
    made = tito(tmp_path, "init", name)
    assert made.returncode == 0, made.stderr
    status = tito(tmp_path / name, "milestone", "status", "--json")
    assert status.returncode == 0, status.stderr


def test_the_current_folder_when_it_is_empty(tito, tmp_path):
    made = tito(tmp_path, "init", ".")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "modules/00_setup/setup.py").is_file()
    assert made.stdout.splitlines()[-1] == "Next: tito module start 00"
    assert not list(tmp_path.glob(".tito-init-*"))


def test_a_folder_that_is_not_empty_is_left_as_it_is(tito, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("mine", encoding="utf-8")
    made = tito(tmp_path, "init", "work")
    assert made.returncode == 2
    assert "not empty" in made.stderr
    assert hinted(made) == ["tito", "init", str(tmp_path / "work-2")]
    assert files_below(tmp_path) == {"work/thesis.txt"}


def test_a_workspace_is_not_made_twice(tito, workspace):
    made = tito(workspace.parent, "init", "work")
    assert made.returncode == 2
    assert "This folder is already a workspace." in made.stderr


def test_no_workspace_inside_another(tito, workspace):
    before = files_below(workspace)
    made = tito(workspace / "modules", "init", "my inner")
    assert made.returncode == 2
    assert "inside another" in made.stderr
    assert os.name == "nt" or hinted(made) == ["tito", "init", str(workspace.parent / "my inner")]
    assert files_below(workspace) == before


def test_a_file_in_the_way(tito, tmp_path):
    (tmp_path / "work").write_text("mine", encoding="utf-8")
    made = tito(tmp_path, "init", "work")
    assert made.returncode == 2
    assert (tmp_path / "work").read_text(encoding="utf-8") == "mine"


def test_a_file_where_a_parent_should_be(tito, tmp_path):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    made = tito(tmp_path, "init", "file/work")
    assert made.returncode == 3
    assert "Traceback" not in made.stderr
    assert files_below(tmp_path) == {"file"}


@pytest.mark.parametrize("arguments", [[], [""], ["  "], ["a", "b"]])
def test_wrong_usage(tito, tmp_path, arguments):
    made = tito(tmp_path, "init", *arguments)
    assert made.returncode == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["deep/er/work", "empty"])
@pytest.mark.parametrize("step", ["write_blank", "put", "install"])
def test_an_error_half_way_leaves_nothing(tmp_path, monkeypatch, tiny_course, target, step):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(init, step, full_disk)
    monkeypatch.setattr(init, "course", lambda: Workspace(tiny_course))
    with pytest.raises(MachineError, match="No space left"):
        init.create_workspace(tmp_path / target)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_disk_that_is_full_while_files_are_copied_is_said_in_a_line(tmp_path, monkeypatch):
    def full_disk(source, target, **_):
        raise OSError(28, "No space left on device", os.fspath(source), None, target)

    monkeypatch.setattr("shutil.copyfile", full_disk)
    with pytest.raises(MachineError) as caught:
        init.create_workspace(tmp_path / "work")
    assert caught.value.message == (
        "The workspace could not be created: No space left on device. Nothing was left behind."
    )


def test_an_error_at_the_last_rename_takes_new_parents_back(tmp_path, monkeypatch, tiny_course):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(init, "course", lambda: Workspace(tiny_course))
    monkeypatch.setattr(Path, "rename", full_disk)
    with pytest.raises(MachineError, match="No space left"):
        init.create_workspace(tmp_path / "deep" / "er" / "work")
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_moving_in_takes_back_what_was_moved(tmp_path, monkeypatch):
    site, target = tmp_path / "site", tmp_path / "target"
    for folder in (site / "modules" / "00_setup", site / "tests", target):
        folder.mkdir(parents=True)
    (site / "README.md").write_text("x", encoding="utf-8")
    rename = Path.rename

    def fails_at_modules(self, to):
        if self.name == "modules":
            raise OSError(28, "No space left on device")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", fails_at_modules)
    with pytest.raises(OSError, match="No space"):
        init.install(site, target)
    assert list(target.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_others_may_read_it_as_any_new_folder(tito, tmp_path):
    tito(tmp_path, "init", "work")
    (tmp_path / "plain").mkdir()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("work", "plain")}
    assert len(modes) == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_where_one_may_not_write(tito, tmp_path):
    tmp_path.chmod(0o555)
    made = tito(tmp_path, "init", "work")
    tmp_path.chmod(0o755)
    assert made.returncode == 3
    assert "Permission denied" in made.stderr


def test_refusals_are_usage_errors(tmp_path):
    (tmp_path / "x").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="not empty"):
        init.refuse_bad_place(tmp_path)


def test_the_hidden_option_puts_the_answers_in_and_exports_them(tito, tmp_path):
    made = tito(tmp_path, "init", "work", "--solved")
    assert made.returncode == 0, made.stderr
    code = "import tinytorch; print(tinytorch.seeded_line(2, 4))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "work",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.strip() == "10", run.stderr
    assert "--solved" not in tito(tmp_path, "init", "--help").stdout


@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_terminal_that_is_closed_leaves_nothing_behind(tmp_path, monkeypatch, tiny_course, name):
    def ended(*_, **__):
        os.kill(os.getpid(), getattr(signal, name))
        raise AssertionError("the signal should have been heard")

    monkeypatch.setattr(init, "course", lambda: Workspace(tiny_course))
    monkeypatch.setattr(init, "fill", ended)
    with pytest.raises(KeyboardInterrupt):
        init.create_workspace(tmp_path / "deep" / "work")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_has_left_is_swept_by_the_next(tito, tmp_path):
    old, running = tmp_path / ".tito-init-old", tmp_path / ".tito-init-running"
    for folder in (old, running):
        (folder / "workspace").mkdir(parents=True)
    os.utime(old, (0, 0))
    assert tito(tmp_path, "init", "work").returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [running.name, "work"]
