"""tito/activate.py: whatever runs a lesson, `import tinytorch` is the workspace's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WHERE = "import tinytorch; print(tinytorch.__file__)"


@pytest.fixture
def python(tiny_course):
    """`python(cwd, ...)`: a plain interpreter that knows the tiny course's tito."""

    def run(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(tiny_course), "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def lesson(workspace):
    """A lesson that says which framework it found."""
    path = workspace / "modules/03_line/line.py"
    path.write_text(f"import tito.activate\n{WHERE}\n", encoding="utf-8")
    return path


def own(workspace: Path) -> str:
    return str((workspace / "tinytorch/__init__.py").resolve())


def test_a_lesson_run_from_anywhere(python, workspace, lesson, tmp_path):
    for cwd in (workspace, lesson.parent, tmp_path):
        run = python(cwd, str(lesson))
        assert run.stdout.strip() == own(workspace), run.stderr


def test_the_lesson_counts_more_than_the_current_folder(python, tito, lesson, workspace, tmp_path):
    tito(tmp_path, "init", "other")
    assert python(tmp_path / "other", str(lesson)).stdout.strip() == own(workspace)


@pytest.mark.parametrize("below", [".", "modules", "modules/03_line"])
def test_without_a_file_the_current_folder_counts(python, workspace, below):
    """As in a notebook, whose kernel runs in the notebook's folder."""
    run = python(workspace / below, "-c", f"import tito.activate; {WHERE}")
    assert run.stdout.strip() == own(workspace), run.stderr


def test_a_program_installed_inside_another_workspace_does_not_mislead(
    python, tito, workspace, tmp_path
):
    """An environment is often inside one workspace, while its kernel is used in another."""
    tito(tmp_path, "init", "other")
    program = tmp_path / "other" / ".venv" / "launcher.py"
    program.parent.mkdir()
    program.write_text(f"import tito.activate\n{WHERE}\n", encoding="utf-8")
    assert python(workspace, str(program)).stdout.strip() == own(workspace)


def test_the_workspace_comes_before_everything_else(python, workspace, tmp_path):
    other = tmp_path / "site" / "tinytorch"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(other.parent)!r}); import tito.activate; {WHERE}"
    assert python(workspace, "-c", code).stdout.strip() == own(workspace)


def test_once_is_enough(python, workspace):
    code = (
        "import sys, importlib, tito.activate as a; n = len(sys.path); importlib.reload(a);"
        "print(len(sys.path) - n, sys.path[0])"
    )
    assert python(workspace, "-c", code).stdout.split(" ", 1) == ["0", f"{workspace.resolve()}\n"]


def test_no_workspace_is_a_clear_error(python, tmp_path):
    run = python(tmp_path, "-c", "import tito.activate")
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: This folder is not in a TinyTorch workspace")
    assert "tito init" in last
    assert str(tmp_path.resolve()) in last


def test_another_framework_already_imported_is_a_clear_error(python, tito, workspace, tmp_path):
    tito(tmp_path, "init", "other")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'other')!r});"
        "import tinytorch, tito.activate"
    )
    run = python(workspace, "-c", code)
    assert "already imported" in run.stderr
    assert "Restart Python" in run.stderr


def test_a_path_with_spaces_and_umlauts(python, workspace, tmp_path):
    odd = tmp_path / "Übung eins"
    shutil.move(workspace, odd)
    run = python(odd / "modules", "-c", f"import tito.activate; {WHERE}")
    assert run.stdout.strip() == own(odd), run.stderr
