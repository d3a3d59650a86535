"""list, status, start, hint, solution, reset, export: each says what comes next."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tito.core.console import ASCII, make_console
from tito.core.outcome import Evidence
from tito.core.python import pip_install
from tito.core.workspace.workspace import Module
from tito.views.modules import NARROW, STATE_TEXT, list_table, status_table
from tito.workflows.status import ModuleState, ModuleStatus

from .conftest import Desk, Screen

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and #! are POSIX")


def last_line(text: str) -> str:
    return text.rstrip().splitlines()[-1]


# --------------------------------------------------------------------------- list and status


def test_list_says_what_each_module_is_about(desk: Desk) -> None:
    said = desk.tito("module", "list")
    assert said.code == 0
    assert "One number generator for all." in said.out
    assert "A straight line." in said.out
    assert last_line(said.out) == "Next: tito module start 00  (Setup)"


@pytest.mark.parametrize("verb", ["list", "status"])
def test_list_and_status_as_json(desk: Desk, verb: str) -> None:
    found = desk.tito("module", verb, "--json").json
    assert [module["module"] for module in found["modules"]] == ["00_setup", "03_line"]
    assert [module["tasks"] for module in found["modules"]] == [1, 2]
    assert found["modules"][1]["summary"] == "A straight line."
    assert found["next"] == "tito module start 00"


def states(desk: Desk) -> dict[str, str]:
    found = desk.tito("module", "status", "--json").json
    return {module["module"]: module["state"] for module in found["modules"]}


def test_status_follows_a_module(desk: Desk) -> None:
    assert states(desk)["00_setup"] == "not started"
    desk.tito("module", "start", "00")
    assert states(desk)["00_setup"] == "started"
    desk.solve("00_setup")
    desk.tito("module", "complete", "00")
    assert states(desk)["00_setup"] == "complete"
    desk.change("00_setup", "    return seed\n", "    return seed + 0\n")
    assert states(desk)["00_setup"] == "changed"
    said = desk.tito("module", "status")
    assert "changed since completion" in said.out
    assert last_line(said.out).startswith("Next: tito module complete 00")


def test_prose_and_check_cells_may_change_after_completion(solved_desk: Desk) -> None:
    solved_desk.change("00_setup", "print(manual_seed(3))", "print(manual_seed(4))")
    solved_desk.change("00_setup", "# Keep the number.", "# Keep it.")
    assert states(solved_desk)["00_setup"] == "complete"


def test_a_module_completed_elsewhere(solved_desk: Desk) -> None:
    for path in (solved_desk.root / "tinytorch").glob("*.py"):
        path.unlink()
    assert states(solved_desk) == {"00_setup": "elsewhere", "03_line": "elsewhere"}
    said = solved_desk.tito("module", "status")
    assert last_line(said.out).startswith("Next: tito module complete 00")


@pytest.mark.parametrize("width", [40, 80])
def test_the_tables_lose_nothing(width: int) -> None:
    """Whatever the state: the number and the state are there, and the count where it has room."""
    module = Module(Path("07_name"))
    for state in ModuleState:
        title, day = "Embeddings and positions", "2025-11-23T10:00:00+01:00"
        evidence = Evidence.RECORD
        status = ModuleStatus(module, title, "What it is.", 12, state, None, day, 9, evidence)
        narrow = width < NARROW
        for table in (list_table([status], width), status_table([status], ASCII, width)):
            screen = Screen()
            make_console(screen, {"COLUMNS": str(width)}).print(table)
            lines = screen.text().splitlines()
            assert all(len(line) <= width for line in lines)
            cells = [[cell.strip() for cell in line.split("\u2502")[1:-1]] for line in lines]
            columns = [
                " ".join(filter(None, column)) for column in zip(*filter(None, cells), strict=True)
            ]
            assert columns[:2] == ["07", title]
            assert narrow or columns[2] == "12"
            text = STATE_TEXT.get(state, state)
            assert "What it is." in columns or text in columns[-1 - (not narrow)]


def test_status_when_a_lesson_is_gone(desk: Desk) -> None:
    desk.lesson("00_setup").unlink()
    assert states(desk)["00_setup"] == "missing"
    assert last_line(desk.tito("module", "status").out).startswith("Next: tito module reset 00")


def test_module_without_a_verb_is_status(desk: Desk) -> None:
    assert desk.tito("module").out == desk.tito("module", "status").out


def test_a_workspace_inside_another_one_says_so(desk: Desk) -> None:
    inner = desk.root / "modules" / "00_setup" / "inner"
    (inner / "modules" / "00_setup").mkdir(parents=True)
    said = desk.tito("module", "status", cwd=inner)
    assert said.code == 0
    assert "is inside another one" in said.out


# --------------------------------------------------------------------------- which module


@pytest.mark.parametrize("number", ["0", "00", "00_setup", "setup"])
def test_the_names_of_a_module(desk: Desk, number: str) -> None:
    assert desk.tito("module", "start", number).code == 0


@pytest.mark.parametrize(
    ("number", "near"),
    [("2", "03_line"), ("7", "03_line"), ("01_setup", "00_setup"), ("linne", "03_line")],
)
def test_an_unknown_module_names_the_nearest(desk: Desk, number: str, near: str) -> None:
    for verb in ("start", "test", "complete", "hint", "solution"):
        said = desk.tito("module", verb, number)
        assert said.code == 1
        assert f"Did you mean {near}?" in said.err.replace("\n", " ")
        assert "Next: tito module list" in said.err


def test_outside_a_workspace(desk: Desk, tmp_path: Path) -> None:
    said = desk.tito("module", "status", cwd=tmp_path)
    assert said.code == 2
    assert "not in a TinyTorch workspace" in said.err
    assert "tito init" in said.err


# ----------------------------------------------------------------------------------- start


def test_start_says_what_to_write_and_where(desk: Desk) -> None:
    said = desk.tito("module", "start", "03")
    assert said.code == 0
    assert "A straight line." in said.out
    assert "3.2   seeded_line" in said.out
    assert "tinytorch: line, seeded_line" in said.out
    assert "Open modules/03_line/line.py" in said.out
    assert "builds on 00_setup" in said.out
    assert last_line(said.out) == "Next: tito module start 00"


def test_answers_without_their_markers_are_named(desk: Desk) -> None:
    desk.solve("03_line")
    desk.solve("00_setup")
    assert desk.tito("module", "complete", "00").code == 0
    assert "SOLUTION" not in desk.tito("module", "test", "03").out
    text = desk.lesson("03_line").read_text(encoding="utf-8")
    kept = [line for line in text.split("\n") if "SOLUTION" not in line]
    desk.lesson("03_line").write_text("\n".join(kept), encoding="utf-8")
    said = desk.tito("module", "test", "03")
    assert (said.code, "2 of 2 tasks done" in said.out) == (0, True)
    assert "Task 3.1, 3.2: the lines '### BEGIN SOLUTION'" in " ".join(said.out.split())
    assert f"  below modules/03_line/line.py:{desk.line_of('03_line', 'Task 3.2')}\n" in said.out


def test_a_heading_that_is_missing_is_named_and_nothing_is_reset(solved_desk: Desk) -> None:
    heading = "# ## Task 3.2: seeded_line"
    solved_desk.change("03_line", heading, "# ## seeded_line")
    said = solved_desk.tito("module", "test", "03")
    assert (said.code, "1 of 1 task done" in said.out) == (0, True)
    assert "1 heading missing in modules/03_line/line.py" in said.out
    assert f"  {heading}\n" in said.out
    assert "reset" not in said.out


def test_start_opens_the_editor_with_its_arguments(desk: Desk, tmp_path: Path) -> None:
    script = tmp_path / "my editor.py"
    script.write_text("import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])")
    note = tmp_path / "note"
    editor = f'"{sys.executable}" "{script}" "{note}"'
    said = desk.tito("module", "start", "00", "--open", EDITOR=editor, VISUAL="")
    assert said.code == 0, said.all
    assert Path(note.read_text()) == desk.lesson("00_setup")


def test_start_finds_the_editor_as_a_shell_does(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VS Code's `code` is a code.cmd on Windows, which is started by its whole name only."""
    script = tmp_path / "script.py"
    script.write_text("import sys, pathlib; pathlib.Path(sys.argv[1]).touch()")
    found = {"code": sys.executable}
    monkeypatch.setattr("shutil.which", lambda name, path=None: found.get(name))
    said = desk.tito(
        "module", "start", "00", "--open", VISUAL=f'code "{script}" "{tmp_path / "opened"}"'
    )
    assert said.code == 0, said.all
    assert (tmp_path / "opened").exists()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("", "No editor is set"),
        ("no-such-editor-xyz", "was not found"),
        ("'", "cannot be read"),
    ],
)
def test_start_with_an_editor_that_is_not_there(desk: Desk, setting: str, words: str) -> None:
    said = desk.tito("module", "start", "00", "--open", EDITOR=setting, VISUAL="")
    assert said.code == 3
    assert words in said.err.replace("\n", " ")
    assert states(desk)["00_setup"] == "not started"


@posix
def test_an_editor_whose_path_has_a_space(desk: Desk, tmp_path: Path) -> None:
    editor = tmp_path / "my editor"
    editor.write_text('#!/bin/sh\necho "$1" > "${0%/*}/note"\n')
    editor.chmod(0o755)
    said = desk.tito("module", "start", "00", "--open", VISUAL=str(editor))
    assert said.code == 0, said.all
    assert Path((tmp_path / "note").read_text().strip()) == desk.lesson("00_setup")


@posix
def test_an_interrupt_is_for_the_editor_to_answer(desk: Desk) -> None:
    """JupyterLab asks whether it may stop; killing it in the middle is not an answer."""
    script = desk.root / "editor.py"
    script.write_text(
        "import pathlib, signal, sys, time\n"
        "def leave(*_):\n"
        "    time.sleep(1)\n"
        "    pathlib.Path('saved').touch()\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGINT, leave)\n"
        "pathlib.Path('open').touch()\n"
        "time.sleep(30)\n"
    )
    editor = f"{sys.executable} {script}"
    run = subprocess.Popen(
        [sys.executable, "-m", "tito", "module", "start", "00", "--open"],
        cwd=desk.root,
        env={**os.environ, "PYTHONPATH": str(desk.course), "VISUAL": editor},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not (desk.root / "open").exists():
        assert run.poll() is None
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)
    out, _ = run.communicate(timeout=20)
    assert (desk.root / "saved").exists()
    assert run.returncode == 0
    assert last_line(out).startswith("Next: tito module test 00")


def test_start_jupyter_where_there_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tito.core.editor.find_spec", lambda name: None)
    said = desk.tito("module", "start", "00", "--jupyter")
    assert said.code == 3
    assert last_line(said.err) == f"Next: {pip_install('jupyterlab', 'jupytext')}"
    assert states(desk)["00_setup"] == "not started"


# ------------------------------------------------------------------------------------ hint


def test_hints_are_a_ladder(desk: Desk) -> None:
    expected = ["a nudge", "the approach", "almost the code", "almost the code"]
    for count, words in enumerate(expected, start=1):
        said = desk.tito("module", "hint", "00", "--task", "0.1")
        assert said.code == 0
        assert words in said.out
        assert f"hint {min(count, 3)} of 3" in said.out
        assert count > 2 or "tito module hint 00 --task 0.1 for one more hint" in said.out


def test_a_hint_is_chosen_by_what_fails_now(solved_desk: Desk) -> None:
    solved_desk.change("03_line", "return line(x) + manual_seed(seed)", "return 0")
    assert "Task 3.2" in solved_desk.tito("module", "hint", "03").out
    solved_desk.change("03_line", "return 3 * x", "return 4 * x")
    assert "Task 3.1" in solved_desk.tito("module", "hint", "03").out


def test_a_hint_for_a_module_that_is_done(solved_desk: Desk) -> None:
    said = solved_desk.tito("module", "hint", "00")
    assert (said.code, "no hint to give" in said.out) == (0, True)


def test_a_hint_for_a_lesson_that_cannot_be_imported(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", "nothing_of_that_name")
    said = desk.tito("module", "hint", "00")
    assert said.code == 1
    assert "NameError" in said.out


@pytest.mark.parametrize(("content", "words"), [(None, "missing"), ("[[[", "cannot be read")])
def test_hints_that_are_damaged(desk: Desk, content: str | None, words: str) -> None:
    hints = desk.root / "modules/00_setup/hints.toml"
    hints.unlink() if content is None else hints.write_text(content)
    said = desk.judged_by_own("module", "hint", "00", "--task", "0.1")
    assert (said.code, words in said.err) == (3, True)


def test_a_task_that_is_not_there(desk: Desk) -> None:
    said = desk.tito("module", "hint", "03", "--task", "3.3")
    assert said.code == 1
    assert "has no task '3.3'" in said.err


# -------------------------------------------------------------------------------- solution


def test_the_solution_is_not_shown_to_a_script_by_accident(desk: Desk) -> None:
    said = desk.tito("module", "solution", "00")
    assert said.code == 1
    assert "Next: tito module solution 00 --yes" in said.err
    assert "return seed" not in said.all
    said = desk.tito("module", "solution", "03", "--task", "3.2")
    assert "Next: tito module solution 03 --task 3.2 --yes" in said.err


def test_the_solution_after_a_plain_question(desk: Desk) -> None:
    refused = desk.tito("module", "solution", "00", answer="n")
    assert refused.code == 1
    assert "return seed" not in refused.out
    assert "return seed" in desk.tito("module", "solution", "00", answer="y").out


def test_the_solution_of_a_complete_module_is_free(solved_desk: Desk) -> None:
    said = solved_desk.tito("module", "solution", "03", "--task", "2")
    assert said.code == 0
    assert "seeded_line" in said.out
    assert "return 3 * x" not in said.out  # that is task 3.1


@pytest.mark.parametrize("width", ["60", "140"])
def test_the_solution_beside_the_students(desk: Desk, width: str) -> None:
    desk.change("00_setup", "raise NotImplementedError", "return 17  #")
    said = desk.tito("module", "solution", "00", "--yes", COLUMNS=width)
    assert "return 17" in said.out
    assert "return seed" in said.out


# ----------------------------------------------------------------------------------- reset


def test_reset_keeps_a_dated_copy_and_names_it(desk: Desk) -> None:
    blank = desk.lesson("00_setup").read_bytes()
    desk.solve("00_setup")
    solved = desk.lesson("00_setup").read_bytes()
    said = desk.tito("module", "reset", "00", "--yes")
    assert said.code == 0
    assert desk.lesson("00_setup").read_bytes() == blank
    copies = list((desk.root / ".tito/kept").iterdir())
    assert [copy.read_bytes() for copy in copies] == [solved]
    assert f".tito/kept/{copies[0].name}" in said.out


def test_reset_twice_in_a_second_keeps_both(desk: Desk) -> None:
    for _ in range(3):
        assert desk.tito("module", "reset", "00", "--yes").code == 0
    assert len(list((desk.root / ".tito/kept").iterdir())) == 3


def test_reset_asks(desk: Desk) -> None:
    desk.solve("00_setup")
    solved = desk.lesson("00_setup").read_bytes()
    assert desk.tito("module", "reset", "00").code == 1
    assert desk.tito("module", "reset", "00", answer="").code == 1
    assert desk.lesson("00_setup").read_bytes() == solved
    ended = desk.tito("module", "reset", "00", answer="\x04")
    assert (ended.code, "[y/N] \nNothing was changed." in ended.out) == (1, True), "Ctrl-D"
    assert desk.tito("module", "reset", "00", answer="yes").code == 0
    assert desk.lesson("00_setup").read_bytes() != solved


def test_reset_brings_back_a_folder(desk: Desk) -> None:
    import shutil

    shutil.rmtree(desk.root / "modules" / "00_setup")
    said = desk.tito("module", "test", "00")
    assert said.code == 1
    assert "tito module reset 00_setup" in said.err
    assert desk.tito("module", "reset", "00").code == 0
    assert desk.tests("00_setup").exists()
    assert "still blank" in desk.tito("module", "test", "00").out


def test_reset_refuses_in_the_course_itself(desk: Desk) -> None:
    before = (desk.course / "modules/00_setup/setup.py").read_bytes()
    said = desk.tito("module", "reset", "00", "--yes", cwd=desk.course)
    assert said.code == 1
    assert "the course itself" in said.err
    assert (desk.course / "modules/00_setup/setup.py").read_bytes() == before


def test_reset_when_the_disk_refuses(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.solve("00_setup")
    solved = desk.lesson("00_setup").read_bytes()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tito.workflows.reset.shutil.copy2", refuse)
    said = desk.tito("module", "reset", "00", "--yes")
    assert (said.code, "No space left" in said.err) == (3, True)
    assert desk.lesson("00_setup").read_bytes() == solved


# ---------------------------------------------------------------------------------- export


def test_export_goes_the_tested_way(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", "    return seed + 1\n")
    before = desk.everything()
    assert desk.tito("export", "00").code == 1
    assert desk.everything() == before
    desk.solve("00_setup")
    said = desk.tito("export", "00")
    assert said.code == 0
    assert "MILESTONE UNLOCKED" in said.out
    progress = json.loads((desk.home / "progress.json").read_text())
    assert progress["completed_modules"] == ["00_setup"]


def test_export_without_a_number_takes_what_is_not_blank(desk: Desk) -> None:
    said = desk.tito("export")
    assert (said.code, "still blank" in said.out) == (0, True)
    desk.solve("00_setup")
    found = desk.tito("export", "--json").json
    assert [result["module"] for result in found["modules"]] == ["00_setup"]
    desk.solve("03_line")
    assert desk.tito("export").code == 0
    assert states(desk) == {"00_setup": "complete", "03_line": "complete"}


def test_export_stops_at_the_first_that_fails(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.solve("03_line")
    desk.change("03_line", "return 3 * x", "return 4 * x")
    said = desk.tito("export")
    assert said.code == 1
    assert "line(2) must be 6, yours is 8" in said.out
    assert states(desk)["00_setup"] == "complete"


def test_export_without_tests_records_nothing(desk: Desk) -> None:
    desk.solve("00_setup")
    said = desk.tito("export", "--no-test")
    assert said.code == 0
    assert "tinytorch/seeds.py" in said.out
    assert not (desk.home / "progress.json").exists()
    assert states(desk)["00_setup"] == "exported"
    found = desk.tito("export", "--no-test", "--json").json
    assert found == {"modules": [{"module": "00_setup", "exported": []}]}


def test_export_gets_as_far_as_it_can(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.lesson("03_line").write_bytes(b"")
    said = desk.tito("export")
    assert (said.code, "modules/03_line/line.py" in said.err) == (1, True)
    assert states(desk)["00_setup"] == "complete"


@pytest.mark.parametrize("options", [[], ["--no-test"]])
def test_the_json_of_an_export_that_ended_early_has_what_was_done_before(
    desk: Desk, options: list[str]
) -> None:
    desk.solve("00_setup")
    desk.lesson("03_line").write_bytes(b"")
    said = desk.tito("export", "--json", *options)
    assert (said.code, said.json["error"]["exit_code"]) == (1, 1)
    assert [result["module"] for result in said.json["modules"]] == ["00_setup"]
