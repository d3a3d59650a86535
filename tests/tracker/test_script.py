"""`python3 tests/milestones/milestone_tracker.py ...`: alone in a folder, exit codes, light."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TRACKER = Path(__file__).resolve().parents[1] / "milestones" / "milestone_tracker.py"
Script = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_specifications_session(script: Script) -> None:
    assert "UNLOCKED" not in script("complete", "00_setup").stdout
    assert "UNLOCKED" not in script("complete", "01_tensor").stdout
    third = script("complete", "02_autograd")
    assert "🔓 MILESTONE UNLOCKED!" in third.stdout
    assert "1957 - The Perceptron" in third.stdout
    assert "UNLOCKED" not in script("complete", "02_autograd").stdout
    assert "3/3 modules" in script("progress").stdout
    assert "test_perceptron_learning" in script("list").stdout


def test_a_milestone_that_was_added_at_the_end_of_the_file(script: Script, tmp_path: Path) -> None:
    """The specification's "Adding New Milestones" to the letter: its lines stand below `main`."""
    with (tmp_path / "alone" / TRACKER.name).open("a", encoding="utf-8") as file:
        file.write(
            """
MILESTONES["new_milestone"] = {
    "name": "2025 - New Breakthrough",
    "requires": ["00_setup", "01_tensor", "15_new_module"],
    "test": "test_new_milestone_learning",
    "description": "Description of the breakthrough",
    "unlock_message": "🎉 You can now...",
}
MILESTONE_ORDER = ["perceptron", "xor", "mlp_digits", "cnn", "transformer", "new_milestone"]
"""
        )
    for name in ("00_setup", "01_tensor"):
        assert "UNLOCKED" not in script("complete", name).stdout
    assert "2025 - New Breakthrough" in script("complete", "15_new_module").stdout
    assert "3/3 modules" in script("progress").stdout
    assert "test_new_milestone_learning" in script("list").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("progress",), 0, ""),
        (("list",), 0, ""),
        (("--help",), 0, ""),
        (("complete", "00_setup"), 0, ""),
        ((), 2, "usage"),
        (("complete",), 2, "usage"),
        (("finish", "00_setup"), 2, "usage"),
        (("complete", "tensor"), 2, "Did you mean 01_tensor?"),
    ],
)
def test_exit_codes(script: Script, arguments: tuple[str, ...], code: int, words: str) -> None:
    run = script(*arguments)
    assert run.returncode == code
    assert words in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_any_encoding_of_the_screen_will_do(script: Script, encoding: str) -> None:
    for name in ("00_setup", "01_tensor", "02_autograd"):
        run = script("complete", name, PYTHONIOENCODING=encoding)
        assert run.returncode == 0, run.stderr
    assert "MILESTONE UNLOCKED!" in run.stdout
    assert script("progress", PYTHONIOENCODING=encoding).stdout.isascii()


@pytest.mark.skipif(sys.platform == "win32", reason="has another error for it")
@pytest.mark.parametrize("action", [["progress"], ["list"], ["complete", "00_setup"]])
def test_an_impatient_reader_is_no_error(action: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.run(
        [sys.executable, TRACKER, *action], stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no full disk at hand")
@pytest.mark.parametrize("action", [["progress"], ["complete", "00_setup"]])
def test_what_cannot_be_shown_is_said_in_words(action: list[str]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        run = subprocess.run(
            [sys.executable, TRACKER, *action], stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert run.returncode == 3
    assert run.stderr.startswith(b"The operating system reports: ")
    assert run.stderr.count(b"\n") == 1


def test_an_interruption_shows_no_traceback(mt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mt, "show_progress", interrupted)
    assert mt.main(["progress"]) == 130


def modules_after(code: str) -> set[str]:
    ending = "; import sys; print('\\n'.join(sys.modules), file=sys.stderr)"
    run = subprocess.run(
        [sys.executable, "-c", code + ending],
        capture_output=True, text=True, check=True, cwd=TRACKER.parent, timeout=60,
    )  # fmt: skip
    return set(run.stderr.split())


def test_showing_progress_loads_hardly_more_than_a_rich_table_does() -> None:
    """The time to start is the modules that are loaded; their number does not depend on the day."""
    table = "from rich.console import Console; from rich.table import Table; from rich import box; "
    table += "t = Table('a'); t.add_row('b'); Console().print(t)"
    ours = modules_after("import milestone_tracker as m; m.show_progress()")
    more = {name for name in ours - modules_after(table) if not name.startswith("json")}
    assert len(more) <= 12, sorted(more)
    heavy = {"asyncio", "filelock", "subprocess", "tempfile", "xml", "argparse", "numpy", "difflib"}
    assert not more & heavy


def test_importing_it_loads_neither_rich_nor_filelock() -> None:
    assert not modules_after("import milestone_tracker") & {"rich", "filelock", "numpy", "tito"}
