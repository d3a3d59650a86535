"""What editors, formatters and notebooks do to a lesson, in good faith: nothing is lost by it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from .conftest import Desk

has_jupytext = importlib.util.find_spec("jupytext") is not None
needs_jupytext = pytest.mark.skipif(not has_jupytext, reason="pip install -e '.[dev]'")


def test_markers_as_a_formatter_spells_them(desk: Desk) -> None:
    """autopep8 leaves one `#` of three, and a space before the bar."""
    desk.solve("00_setup")
    desk.change("00_setup", "### ", "# ")
    desk.change("00_setup", "#| ", "# | ")
    said = desk.tito("module", "test", "00")
    assert said.code == 0, said.all
    assert "missing" not in said.out


def test_a_command_of_notebooks_in_a_cell_of_ones_own(desk: Desk) -> None:
    desk.solve("00_setup")
    lesson = desk.lesson("00_setup")
    magic = "%matplotlib inline\n!pip list\n"
    lesson.write_text(f"{lesson.read_text('utf-8')}\n# %%\n{magic}", encoding="utf-8")
    assert desk.tito("module", "complete", "00").code == 0
    desk.on_top("00_setup", "%matplotlib inline")
    said = desk.tito("module", "test", "00")
    assert "`%matplotlib inline` is a command of notebooks, not Python." in said.err
    assert f"setup.py:{desk.line_of('00_setup', '%matplotlib')}" in said.err


@needs_jupytext
def test_a_lesson_in_the_light_format_names_the_command_that_converts_it(desk: Desk) -> None:
    desk.solve("00_setup")
    lesson = desk.lesson("00_setup")
    convert = [sys.executable, "-m", "jupytext", "--to", "py:light", str(lesson)]
    subprocess.run(convert, check=True, capture_output=True)
    assert "# %%" not in lesson.read_text("utf-8")
    said = desk.tito("module", "test", "00")
    assert "in another of the formats for notebooks" in " ".join(said.err.split())
    assert "reset" not in said.all
    words = said.err.partition(" -m ")[2].split()
    subprocess.run([sys.executable, "-m", *words], check=True, cwd=desk.root, capture_output=True)
    assert desk.tito("module", "test", "00").code == 0


@needs_jupytext
def test_answers_in_a_notebook_are_noticed_and_taken_over(desk: Desk) -> None:
    blank = desk.lesson("00_setup").read_text("utf-8")
    desk.solve("00_setup")
    lesson = desk.lesson("00_setup")
    subprocess.run(
        [sys.executable, "-m", "jupytext", "--to", "ipynb", str(lesson)],
        check=True, capture_output=True,
    )  # fmt: skip
    assert "ipynb" not in desk.tito("module", "test", "00").out, "the lesson has answers too"
    lesson.write_text(blank, encoding="utf-8")
    said = desk.tito("module", "test", "00", COLUMNS="200").out
    assert "modules/00_setup/setup.ipynb is not read, only modules/00_setup/setup.py." in said
    words = said.partition(" -m ")[2].splitlines()[0].split()
    subprocess.run([sys.executable, "-m", *words], check=True, cwd=desk.root, capture_output=True)
    assert desk.tito("module", "test", "00").code == 0


IMPORT = "from tinytorch import manual_seed\n"


def test_tools_leave_the_imports_of_lessons_where_they_are(desk: Desk) -> None:
    """An import of one cell may be for the code of another one."""
    lesson = desk.lesson("03_line")
    before = lesson.read_bytes()
    assert IMPORT.encode() in before
    ruff = [sys.executable, "-m", "ruff", "check", "--fix", "--no-cache", "modules"]
    linted = subprocess.run(ruff, cwd=desk.root, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout
    assert lesson.read_bytes() == before
    settings = (desk.root / "pyproject.toml").read_text("utf-8")
    assert 'ignore = "E26,E402"' in settings.partition("[tool.autopep8]")[2]


@pytest.mark.parametrize("moved", [False, True], ids=["deleted", "moved to the top"])
def test_an_import_that_is_gone_is_named_and_put_back(desk: Desk, moved: bool) -> None:
    desk.solve("00_setup")
    assert desk.tito("module", "complete", "00").code == 0
    desk.solve("03_line")
    before = desk.lesson("03_line").read_text("utf-8")
    desk.change("03_line", IMPORT, "")
    if moved:
        desk.change("03_line", "import tito.activate", f"{IMPORT}import tito.activate")
    broken = desk.lesson("03_line").read_text("utf-8")
    said = desk.tito("module", "test", "03").out
    assert "is missing or changed. Put back:\n  from tinytorch import manual_seed\n" in said

    said = desk.tito("doctor", COLUMNS="200")
    assert "`from tinytorch import manual_seed` is missing, which the course gives" in said.out
    assert said.out.splitlines()[-1].endswith("tito doctor --fix")
    said = desk.tito("doctor", "--fix")
    assert "Imports put back: modules/03_line/line.py" in " ".join(said.err.split())
    after = desk.lesson("03_line").read_text("utf-8")
    assert after == (
        before.replace("import tito.act", f"{IMPORT}import tito.act") if moved else before
    )
    (kept,) = (desk.root / ".tito" / "kept").iterdir()
    assert kept.read_text("utf-8") == broken
    assert desk.tito("module", "test", "03").code == 0
