"""What a student may do to a lesson by accident: a clear message, the right code, nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.milestones.verification.isolation import landlock
from tito.core import process
from tito.core.python import pip_install
from tito.core.workspace.workspace import Workspace

from .conftest import Desk, Said

OWN_TESTS = ("00_setup", "--course", ".")  # those of the workspace
QUICK = {"TITO_TEST_SECONDS": "1.5"}


def complete(desk: Desk, name: str = "00_setup", *options: str, **env: str) -> Said:
    """Try to complete; whatever is wrong, the package and the progress must not move."""
    before = desk.everything()
    said = desk.tito("module", "complete", name, *options, **env)
    assert desk.everything() == before, "a failed completion changed something"
    assert "Traceback" not in said.all
    assert "Next: " in said.all or "Try: " in said.all, "no next step"
    return said


def test_a_syntax_error_names_its_line_and_shows_a_caret(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", "    return (seed\n")
    said = complete(desk)
    line = desk.line_of("00_setup", "return (seed")
    assert said.code == 1
    assert f"modules/00_setup/setup.py:{line}" in said.err
    assert "'(' was never closed" in said.err
    assert "^" in said.err


@pytest.mark.parametrize("verb", ["test", "complete"])
def test_the_child_that_was_started_early_ends_with_a_lesson_that_cannot_be_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    children: list[subprocess.Popen[bytes]] = []

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        children.append(started(*arguments, **options))
        return children[-1]

    started = process.start
    monkeypatch.setattr(process, "start", start)
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", "    return (seed\n")
    assert desk.tito("module", verb, "00_setup").code == 1
    (child,) = children
    assert child.poll() is not None


def test_a_coding_line_is_followed(solved_desk: Desk) -> None:
    lesson = solved_desk.lesson("00_setup")
    text = lesson.read_text("utf-8").replace("Remember", "Für später: remember")
    assert "später" in text
    lesson.write_bytes(f"# -*- coding: latin-1 -*-\n{text}".encode("latin-1"))
    assert solved_desk.tito("module", "complete", "00").code == 0
    assert "spät" in (solved_desk.root / "tinytorch/seeds.py").read_text("utf-8")


SETTINGS = """
import warnings
import numpy as np
np.seterr(all="raise")
warnings.simplefilter("error")
"""


def test_settings_that_a_lesson_makes_for_all_are_not_the_tests(solved_desk: Desk) -> None:
    tests = solved_desk.tests("00_setup")
    tests.write_text(
        tests.read_text("utf-8") + "\n\ndef test_0_1_numpy_is_as_ever():\n    import numpy as np\n"
        "    assert np.geterr()['under'] == 'ignore'\n",
        encoding="utf-8",
    )
    solved_desk.on_top("00_setup", SETTINGS)
    said = solved_desk.judged_by_own("module", "test", "00")
    assert said.code == 0, said.all


def test_a_file_beside_the_lesson_is_no_part_of_the_package(solved_desk: Desk) -> None:
    solved_desk.lesson("00_setup").with_name("helper.py").write_text("twice = 2\n")
    solved_desk.on_top("00_setup", "from helper import twice")
    said = solved_desk.tito("module", "test", "00")
    assert said.code == 1
    assert "modules/00_setup/helper.py is not a part of tinytorch" in " ".join(said.all.split())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (b"# %% [markdown]\n# # Module 00: Se", "half-saved"),
        (b"# %%\n#| default_exp seeds\n#| export\nx = 1\n\0\0\0\0", "setup.py:5"),
        ("# %%\n#| export seeds\nx = 'é'\n".encode("latin-1"), "not UTF-8"),
        ("# %%\n#| export seeds\nx = 'é'\n".encode("utf-16"), "Save the file as UTF-8"),
        (b"# %%\n#| export seeds\n" + b"#" * 5_000_001, "5 MB, which is too large for a lesson"),
    ],
    ids=["empty", "blank lines", "cut", "zero bytes", "latin-1", "utf-16", "huge"],
)
def test_a_half_saved_lesson(desk: Desk, content: bytes, words: str) -> None:
    desk.lesson("00_setup").write_bytes(content)
    said = complete(desk)
    assert said.code == 1
    assert words in said.err
    assert "modules/00_setup/setup.py" in said.err


def test_a_lesson_cut_between_two_cells_is_noticed(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.tito("module", "complete", "00")
    desk.solve("03_line")
    text = desk.lesson("03_line").read_text(encoding="utf-8")
    cut = text[: text.index("# %% [markdown]\n# ## Task 3.2")]
    desk.lesson("03_line").write_text(cut, encoding="utf-8")
    said = complete(desk, "03_line")
    assert said.code == 1
    assert "Task 3.2 is no longer in modules/03_line/line.py" in said.out
    assert "tito module reset 03" in said.out


def test_a_lost_heading_is_no_reason_to_complete(solved_desk: Desk) -> None:
    """Its tests belong to no task then; the tasks that are left may all be done."""
    solved_desk.change("03_line", "# ## Task 3.2: seeded_line", "#")
    solved_desk.change("03_line", "return line(x) + manual_seed(seed)", "return 0")
    for verb in ("complete", "hint"):
        said = solved_desk.tito("module", verb, "03")
        assert said.code == 1
        assert "test_3_2_adds_the_seed" in said.out
        assert "Next: tito module test 03" in said.out


def test_a_deleted_lesson_names_the_way_back(desk: Desk) -> None:
    desk.lesson("00_setup").unlink()
    said = complete(desk)
    assert (said.code, "missing" in said.err) == (1, True)
    assert "copy" not in said.err, "there is nothing that a copy could be kept of"
    assert "tito module reset 00" in said.err


def test_a_lost_end_marker(desk: Desk) -> None:
    desk.change("00_setup", "    ### END SOLUTION\n", "")
    said = complete(desk)
    line = desk.line_of("00_setup", "### BEGIN SOLUTION")
    assert said.code == 1
    assert f"setup.py:{line}" in said.err
    assert "### END SOLUTION" in said.err


def test_a_line_that_says_where_to_export_is_to_be_put_back(desk: Desk) -> None:
    desk.change("00_setup", "#| default_exp seeds\n", "")
    said = complete(desk)
    assert said.code == 1
    assert "Put the line '#| default_exp seeds' back" in said.err
    assert "reset" not in said.err


def test_a_misspelled_target_names_its_cell(desk: Desk) -> None:
    desk.change("00_setup", "#| export\nSTATE", "#| export no-name\nSTATE")
    said = complete(desk)
    assert said.code == 1
    assert f"modules/00_setup/setup.py:{desk.line_of('00_setup', 'no-name')}\n" in said.err


def test_a_byte_order_mark_and_windows_line_ends_are_fine(desk: Desk) -> None:
    desk.solve("00_setup")
    text = desk.lesson("00_setup").read_text(encoding="utf-8").replace("\n", "\r\n")
    desk.lesson("00_setup").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert desk.tito("module", "complete", "00").code == 0


def test_an_endless_loop_in_a_function_names_the_line(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", "    while True:\n        seed += 1\n")
    said = complete(desk, **QUICK)
    assert said.code == 1
    assert "still running after 1.5 s" in said.out
    first, second = desk.line_of("00_setup", "while True:"), desk.line_of("00_setup", "seed += 1")
    assert any(f"modules/00_setup/setup.py:{line}" in said.out for line in (first, second))
    assert "manual_seed                           the run was stopped here" in said.out


def test_an_endless_loop_at_import(desk: Desk) -> None:
    desk.on_top("00_setup", "while True:\n    pass")
    said = complete(desk, **QUICK)
    assert said.code == 1
    assert "Importing 00_setup was still running" in said.out
    assert "setup.py:" in said.out


def test_a_gigabyte_of_output_is_stopped(desk: Desk) -> None:
    desk.solve("00_setup")
    endless = "    while True:\n        print('x' * 1000)\n"
    desk.change("00_setup", "    return seed\n", endless)
    said = complete(desk)
    assert said.code == 1
    assert "more than 20 MB" in said.out
    assert len(said.out) < 10_000
    if sys.platform != "win32":
        line = desk.line_of("00_setup", "print('x' * 1000)")
        assert f"setup.py:{line}" in said.out


def test_a_program_of_many_names_is_read_in_time(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", "\n".join(f"v{number} = 0" for number in range(40_000)))
    began = time.process_time()
    assert desk.tito("module", "test", "00").code == 0
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "code", ["import os\nos._exit(0)", "import sys\nsys.exit(0)", "raise SystemExit"]
)
def test_leaving_at_import_is_not_a_pass(desk: Desk, code: str) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", code)
    said = complete(desk)
    assert said.code == 1
    assert "exit" in said.out


@pytest.mark.parametrize(
    "code",
    [
        "os._exit(0)",
        "sys.exit(0)",
        "pytest.skip('no')",
        "pytest.exit('no')",
        "pytest.exit('no', returncode=0)",
        "raise KeyboardInterrupt",
    ],
)
def test_leaving_inside_a_test_is_not_a_pass(desk: Desk, code: str) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", "import os, sys, pytest")
    desk.change("00_setup", "    return seed\n", f"    {code}\n")
    said = complete(desk)
    assert said.code == 1, said.all
    assert "is complete" not in said.out


def test_ending_the_run_before_the_last_test_is_not_a_pass(desk: Desk) -> None:
    desk.solve("00_setup")
    assert desk.tito("module", "complete", "00").code == 0
    desk.solve("03_line")
    desk.on_top("03_line", "import pytest")
    answer = "    return line(x) + manual_seed(seed)\n"
    desk.change("03_line", answer, "    pytest.exit('enough', returncode=0)\n")
    said = complete(desk, "03_line")
    assert said.code == 1, said.all
    assert "test_3_2_adds_the_seed interrupted the test run" in said.out
    assert "is complete" not in said.out


@pytest.mark.parametrize("code", ["sys.stdout.close()", "sys.stdout = None", "os.close(1)"])
def test_a_lesson_that_takes_stdout_away(desk: Desk, code: str) -> None:
    """It is no reason to blame the machine; what it computes is judged."""
    desk.solve("00_setup")
    desk.on_top("00_setup", "import os, sys")
    desk.change("00_setup", "    return seed\n", f"    {code}\n    return seed\n")
    assert desk.tito("module", "test", "00").code == 0
    desk.change("00_setup", "    return seed\n", "    return 0\n")
    said = complete(desk)
    assert (said.code, "must return 5" in said.out) == (1, True)


def test_a_crash_of_python_names_the_line(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", "import ctypes")
    desk.change("00_setup", "    return seed\n", "    ctypes.string_at(0)\n")
    said = complete(desk)
    assert said.code == 1
    assert "crashed Python" in said.out
    assert f"setup.py:{desk.line_of('00_setup', 'ctypes.string_at')}" in said.out


def test_an_error_at_import_names_the_line(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", "nothing_of_that_name")
    said = complete(desk)
    assert said.code == 1
    assert "NameError" in said.out
    assert f"setup.py:{desk.line_of('00_setup', 'nothing_of_that_name')}" in said.out


def test_a_name_that_only_the_lesson_has(desk: Desk) -> None:
    """A check cell imported it: the answer runs in the notebook, and fails in the package."""
    desk.solve("00_setup")
    lesson = desk.lesson("00_setup")
    kept = lesson.read_text(encoding="utf-8")
    desk.change("00_setup", "    return seed\n", "    return math.trunc(seed)\n")
    said = complete(desk)
    assert "name 'math' is not defined" in said.out
    assert "known in the lesson" not in said.out, "it is known nowhere"
    lesson.write_text(lesson.read_text(encoding="utf-8") + "\n# %%\nimport math\n", "utf-8")
    said = complete(desk)
    words = " ".join(said.out.split())
    assert "`math` is known in the lesson, but not in tinytorch/" in words
    assert "finds only what the exported cells of that file import or define." in words
    lesson.write_text(kept, encoding="utf-8")
    desk.on_top("00_setup", "math\nimport math")
    said = complete(desk)
    assert "name 'math' is not defined" in said.out
    assert "known in the lesson" not in said.out, "the package has it, further down"


def test_what_only_the_compiler_sees_names_its_line(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", "return 3")
    said = complete(desk)
    assert said.code == 1
    assert "'return' outside function\n" in said.out, "and no line of the generated file"
    assert f"setup.py:{desk.line_of('00_setup', 'return 3')}" in said.out


def test_endless_recursion(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", "    return manual_seed(seed)\n")
    said = complete(desk)
    assert said.code == 1
    assert "RecursionError" in said.out
    assert f"setup.py:{desk.line_of('00_setup', 'return manual_seed(seed)')}" in said.out


def test_a_function_that_was_deleted(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "def manual_seed(", "def another_name(")
    said = complete(desk)
    assert said.code == 1
    text = " ".join(said.out.split())
    assert "No exported cell defines 'manual_seed', which is imported from tinytorch." in text
    assert "at modules/00_setup/setup.py" in text
    assert "staging" not in text, "a file that is gone by now"


def test_a_listed_function_whose_cell_is_no_longer_exported(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "default_exp seeds", "default_exp seeds\n__all__ = ['manual_seed']")
    desk.change("00_setup", "__all__", "#| export\n__all__")
    desk.change("00_setup", "#| export\nSTATE", "STATE")
    said = complete(desk)
    assert said.code == 1
    text = " ".join(said.out.split())
    assert "No exported cell defines 'manual_seed', which is imported from tinytorch.seeds." in text
    assert "at modules/00_setup/setup.py" in text
    assert "staging" not in text


def test_a_breakpoint_says_that_nobody_can_type(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", "    breakpoint()\n    return seed\n")
    said = complete(desk)
    assert said.code == 1
    assert "breakpoint() has no keyboard here" in said.out
    assert f"setup.py:{desk.line_of('00_setup', 'breakpoint()')}" in said.out


def test_a_background_thread_does_not_keep_the_run(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.on_top(
        "00_setup",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
    )
    assert desk.tito("module", "complete", "00").code == 0


# ---------------------------------------------------------------- what is not the student's fault


@pytest.mark.skipif(os.name != "posix", reason="puts a shell script in Python's place")
def test_without_pytest(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "pytest.py").write_text("raise ImportError('No module named pytest')")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={hidden} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    desk.solve("00_setup")
    said = complete(desk)
    assert said.code == 3
    assert "no working pytest" in said.out
    assert said.out.endswith(f"Next: {pip_install('pytest')}\n")


def test_a_pytest_that_is_too_old(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tito.core.testing.runner.OLDEST_PYTEST", "999.0")
    desk.solve("00_setup")
    said = complete(desk)
    assert said.code == 3
    assert "pytest could not run" in said.out
    assert "Next: tito doctor" in said.out


def test_without_the_test_file(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.tests("00_setup").unlink()
    said = complete(desk, *OWN_TESTS)
    assert said.code == 3
    assert "modules/00_setup/test_setup.py" in said.out
    assert "tito doctor --fix" in said.out


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        ("", "contains no tests"),
        ("def test_0_1(:\n", "SyntaxError"),
        ("import no_such_package\n", "no_such_package"),
    ],
)
def test_a_broken_test_file_is_not_the_students_fault(desk: Desk, tests: str, words: str) -> None:
    desk.solve("00_setup")
    desk.tests("00_setup").write_text(tests)
    said = complete(desk, *OWN_TESTS)
    assert (said.code, words in said.out) == (3, True), said.out


def test_a_skipped_test_is_not_a_pass(desk: Desk) -> None:
    desk.solve("00_setup")
    skip = "import pytest\n\n\ndef test_0_1_skipped():\n    pytest.skip('not today')\n"
    desk.tests("00_setup").write_text(skip)
    said = complete(desk, *OWN_TESTS)
    assert said.code == 1
    assert "A skip is not a pass" in said.out


def test_a_test_that_returns_is_not_a_pass(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.tests("00_setup").write_text("def test_0_1_returns():\n    return True\n")
    assert complete(desk, *OWN_TESTS).code == 1


def test_the_callers_pytest_settings_do_not_reach_the_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    for folder in (desk.root, desk.root / "modules/00_setup"):
        (folder / "conftest.py").write_text("raise RuntimeError('a conftest of the student')")
    (desk.root / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    desk.solve("00_setup")
    said = desk.tito("module", "complete", "00")
    assert said.code == 0, said.all


def test_any_character_on_any_terminal(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", "    raise ValueError('\N{SNOWMAN} \u2211 ü')\n")
    for encoding in ("ascii", "cp1252", "cp437"):
        said = desk.tito("module", "test", "00", encoding=encoding)
        assert (said.code, "ValueError: ? ? " in said.out) == (1, True), said.out
    assert "\N{SNOWMAN} \u2211 ü" in desk.tito("module", "test", "00").out


def test_a_path_with_spaces_and_umlauts(desk: Desk, tmp_path: Path) -> None:
    moved = tmp_path / "Übung mit Leerzeichen" / "wörk"
    moved.parent.mkdir()
    desk.root.rename(moved)
    desk.root = moved
    desk.solve("00_setup")
    said = desk.tito("module", "complete", "00")
    assert said.code == 0, said.all
    desk.change("00_setup", "    return seed\n", "    while True: pass\n")
    said = desk.tito("module", "test", "00", **QUICK)
    assert f"setup.py:{desk.line_of('00_setup', 'while True')}" in said.out


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "0"])
def test_a_time_limit_that_is_none(desk: Desk, value: str) -> None:
    said = desk.tito("module", "test", "00", TITO_TEST_SECONDS=value)
    assert (said.code, "TITO_TEST_SECONDS" in said.err) == (2, True)


# ------------------------------------------------------------ what stands where a file should be

PLACES = ["lesson", "hints", "notes", "package", "journal", "update_journal"]


def in_place_of(desk: Desk, what: str) -> Path:
    return {
        "lesson": desk.lesson("00_setup"),
        "hints": desk.lesson("00_setup").with_name("hints.toml"),
        "notes": desk.root / ".tito" / "notes.json",
        "journal": Workspace(desk.root).journal,
        "update_journal": Workspace(desk.root).update_journal,
        "package": desk.root / "tinytorch" / "seeds.py",
    }[what]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("what", PLACES)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_not_waited_for(desk: Desk, what: str, kind: str) -> None:
    """A pipe waits for a writer, /dev/zero has no end; both were read once."""
    place = in_place_of(desk, what)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "device":
        place.symlink_to("/dev/zero")
    else:
        place.mkdir()
    for command in (["module", "status"], ["module", "test", "00"], ["module", "hint", "00"]):
        said = desk.tito(*command)
        assert said.code in (0, 1, 3), said.all
        assert "tito itself failed" not in said.err, said.err
    said = desk.tito("doctor")
    assert "tito itself failed" not in said.err, said.err
    if what == "lesson":
        assert "modules/00_setup/setup.py" in desk.tito("module", "test", "00").err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_doctor_says_how_to_get_a_lesson_back_from_what_is_no_file(desk: Desk, kind: str) -> None:
    """It said `tito doctor`, in a circle."""
    place = desk.lesson("03_line")
    place.unlink()
    {
        "pipe": lambda: os.mkfifo(place),
        "device": lambda: place.symlink_to("/dev/zero"),
        "folder": place.mkdir,
    }[kind]()
    for command in (["doctor", "--fix"], ["module", "test", "03"]):
        said = desk.tito(*command)
        wanted = "Next: tito module reset 03 --yes"
        if kind == "folder":
            wanted = "Move the folder modules/03_line/line.py away, then run tito module reset 03."
        assert wanted in " ".join(said.all.split()), said.all
    if kind == "folder":
        place.rmdir()
    said = desk.tito("module", "reset", "03", "--yes")
    assert (said.code, "is blank again" in said.out) == (0, True), said.all
    assert "Task 3.1" in place.read_text(encoding="utf-8")
    assert desk.tito("doctor").code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_the_package_is_removed_and_exported_anew(desk: Desk) -> None:
    """It said that writing failed and that nothing was changed; nothing was being written."""
    desk.solve("00_setup")
    assert desk.tito("module", "complete", "00").code == 0
    place = in_place_of(desk, "package")
    place.unlink()
    os.mkfifo(place)
    said = desk.tito("module", "complete", "00")
    assert said.code == 3, said.all
    assert "Writing failed" not in said.err
    assert "at tinytorch/seeds.py" in said.err
    assert said.err.strip().endswith("Remove tinytorch/seeds.py, then run tito export 00.")
    place.unlink()
    assert desk.tito("export", "00").code == 0
    assert place.is_file()


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", "null", "\xff", "[" * 100_000])
@pytest.mark.parametrize("name", ["journal", "update_journal"])
def test_a_journal_that_is_none_is_named(desk: Desk, name: str, text: str) -> None:
    place = in_place_of(desk, name)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text.encode("latin-1"))
    said = desk.tito("module", "status")
    assert said.code == 3
    assert f".tito/{place.parent.name}/{place.name}" in said.err
    assert "Delete " in said.err
    (place.parent if name == "journal" else place).rename(desk.root / "deleted")
    assert desk.tito("module", "status").code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["stack.txt", "events.jsonl"])
@pytest.mark.parametrize("kind", ["os.mkfifo(path)", "os.symlink('/dev/zero', path)"])
def test_what_a_lesson_puts_in_place_of_a_run_s_files_is_not_waited_for(
    desk: Desk, name: str, kind: str
) -> None:
    desk.solve("00_setup")
    planted = (
        "    from pathlib import Path\n    import os\n"  # its own folder is another
        f"    path = Path(__file__).resolve().parents[1] / {name!r}\n"
        f"    path.unlink()\n    {kind}\n    print('planted')\n"
    )
    desk.change("00_setup", "    return seed\n", f"{planted}    os._exit(3)\n")
    said = desk.tito("module", "test", "00")
    assert said.code == 1, said.all
    assert "planted" in said.all
    assert "Traceback" not in said.all


def test_no_mark_of_the_terminal_is_printed(desk: Desk) -> None:
    """A lesson's output is shown without control characters: colors, bells, right to left."""
    desk.solve("00_setup")
    marks = "\\x1b[2J\\x07\\x9b31m\\u202e\\u2066"
    desk.change("00_setup", "    return seed\n", f'    raise ValueError("see{marks}!")\n')
    said = desk.tito("module", "test", "00").out
    assert "see" in said
    assert not set("\x1b\x07\x9b\u202e\u2066") & set(said)
    assert r"\u202e" in said


@pytest.mark.parametrize(
    "setting",
    [
        {"PYTHONOPTIMIZE": "1"},
        {"PYTHONOPTIMIZE": "2"},
        {"PYTEST_ADDOPTS": "--collect-only"},
        {"PYTEST_PLUGINS": "no_such_plugin"},
        {"PYTHONINSPECT": "1"},
        {"PYTHONSTARTUP": "/no/such/file"},
        {"PYTHONWARNINGS": "error"},
        {"PYTHONHASHSEED": "0", "PYTHONDEVMODE": "1"},
    ],
)
def test_no_setting_of_the_caller_changes_the_verdict(desk: Desk, setting: dict[str, str]) -> None:
    """PYTHONOPTIMIZE compiles assertions away: with it, a wrong answer passed once."""
    desk.solve("00_setup")
    assert desk.tito("module", "test", "00", **setting).code == 0
    desk.change("00_setup", "    return seed\n", "    return seed + 1\n")
    said = desk.tito("module", "test", "00", **setting)
    assert (said.code, "must return 5" in said.out) == (1, True), said.all


def test_what_is_planted_on_the_callers_path_is_not_found(desk: Desk, tmp_path: Path) -> None:
    desk.solve("00_setup")
    for name in ("sitecustomize", "numpy", "pytest", "random", "conftest"):
        (tmp_path / f"{name}.py").write_text("import os\nos._exit(0)\n", encoding="utf-8")
        (desk.root / f"{name}.py").write_text("import os\nos._exit(0)\n", encoding="utf-8")
    said = desk.tito("module", "complete", "00", PYTHONPATH=str(tmp_path))
    assert said.code == 0, said.all


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not count what is allocated")
@pytest.mark.parametrize(
    "code", ["kept = []\n    while True:\n        kept.append(bytes(1_000_000))", "bytes(10**11)"]
)
def test_a_loop_that_appends_meets_the_memory_limit(desk: Desk, code: str) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", f"    {code}\n    return seed\n")
    said = desk.tito("module", "test", "00", TITO_TEST_GB="0.5")
    assert said.code == 1, said.all
    words = " ".join(said.out.split())
    assert "Your code asked for more than 0.5 GB of memory. Does something grow in a loop?" in words
    assert "modules/00_setup/setup.py:" in said.out


@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX's")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("kept = [open(os.devnull) for _ in range(10_000)]", "The limit is 256 open files."),
        ("open('big', 'wb').truncate(10_000_000_000)", "The limit is 200 MB for one file."),
    ],
)
def test_another_limit_that_is_met_is_named_with_its_line(desk: Desk, code: str, said: str) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", "import os")
    desk.change("00_setup", "    return seed\n", f"    {code}\n    return seed\n")
    shown = desk.tito("module", "test", "00")
    assert shown.code == 1, shown.all
    assert said in " ".join(shown.out.split())
    assert "modules/00_setup/setup.py:" in shown.out


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere NumPy may use another library")
def test_memory_that_is_missed_outside_of_python(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", "import numpy as np\nA, OUT = np.ones((500, 500)), np.ones((500, 500))")
    use = (
        "kept, size = [], 2**26\n"
        "    while size > 2**12:\n"
        "        try:\n            kept.append(bytearray(size))\n"
        "        except MemoryError:\n            size //= 2\n"
        "    np.matmul(A, A, out=OUT)\n"
    )
    desk.change("00_setup", "    return seed\n", f"    {use}    return seed\n")
    said = desk.tito("module", "test", "00", TITO_TEST_GB="0.5")
    assert said.code == 1, said.all
    assert "more memory than a test run may have" in " ".join(said.out.split()), said.all


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_inside_an_answer_is_named_and_does_not_run_the_tests_twice(desk: Desk) -> None:
    """Each call of the answer would double what goes on with the tests."""
    desk.solve("00_setup")
    desk.on_top("00_setup", "import os")
    desk.change("00_setup", "    return seed\n", "    os.fork()\n    return seed\n")
    said = desk.tito("module", "test", "00")
    assert said.code == 1, said.all
    assert "Your code starts a process" in said.out
    assert "modules/00_setup/setup.py:" in said.out


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody adopts it")
@pytest.mark.parametrize("verb", ["test", "complete"])
def test_a_daemon_ends_with_the_run(desk: Desk, tmp_path: Path, verb: str) -> None:
    where = str(tmp_path / "pid")
    desk.solve("00_setup")
    daemon = f"open({where!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    command = [sys.executable, "-c", f"import os, time; {daemon}"]
    middle = f"import subprocess; subprocess.Popen({command!r}, start_new_session=True)"
    desk.on_top(
        "00_setup",
        "import os, subprocess, sys, time\n"
        f"subprocess.run([sys.executable, '-c', {middle!r}], start_new_session=True)\n"
        f"while not os.path.exists({where!r}) or not open({where!r}).read(): time.sleep(0.01)",
    )
    assert desk.tito("module", verb, "00").code == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path(where).read_text()), 0)


@pytest.mark.skipif(os.name != "posix", reason="there a folder in use cannot be deleted")
def test_a_lesson_that_deletes_its_working_folder(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", "import os, shutil\nshutil.rmtree(os.getcwd())")
    assert desk.tito("module", "test", "00").code == 0


def test_temporary_files_of_a_lesson_go_away_with_the_run(desk: Desk, tmp_path: Path) -> None:
    desk.solve("00_setup")
    code = f"open({str(tmp_path / 'where')!r}, 'w').write(tempfile.mkdtemp())"
    desk.on_top("00_setup", f"import tempfile\n{code}")
    assert desk.tito("module", "test", "00").code == 0
    assert not Path((tmp_path / "where").read_text()).exists()


@pytest.mark.skipif(landlock.version() < 6, reason="this kernel's Landlock knows no signals")
def test_a_lesson_cannot_stop_the_tool(desk: Desk) -> None:
    """A tool that is stopped (SIGSTOP) waits for ever. Signal 0 asks whether one could be sent."""
    desk.solve("00_setup")
    desk.on_top("00_setup", "import os")
    desk.change("00_setup", "    return seed\n", "    os.kill(os.getppid(), 0)\n    return seed\n")
    said = desk.tito("module", "test", "00")
    assert "PermissionError" in said.out, said.all
    desk.change("00_setup", "os.getppid()", "os.getpid()")
    assert desk.tito("module", "test", "00").code == 0, "its own processes it may signal"


@pytest.mark.parametrize("ending", ["SystemExit", "KeyboardInterrupt", "MemoryError"])
def test_an_error_whose_text_is_an_error(desk: Desk, ending: str) -> None:
    desk.solve("00_setup")
    code = f"class Odd(Exception):\n    def __str__(self):\n        raise {ending}\n"
    desk.on_top("00_setup", code)
    desk.change("00_setup", "    return seed\n", "    raise Odd\n")
    said = desk.tito("module", "test", "00")
    assert said.code == 1, said.all
    assert f"its message cannot be shown: {ending}" in said.out
