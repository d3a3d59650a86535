"""`tito doctor`: every kind of trouble is found, and comes with the command that fixes it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tito.views import findings
from tito.workflows import doctor_isolation, doctor_machine, doctor_workspace
from tito.workflows.doctor_machine import Finding, Level
from tito.world import World

TRACKER = "tests/milestones/milestone_tracker.py"


@pytest.fixture
def doctor(tito, workspace):
    """Run it; returns the exit code and what is to fix, as [(text, command)]."""

    def run(*arguments, **env):
        result = tito(workspace, "doctor", "--json", *arguments, **env)
        assert "Traceback" not in result.stdout + result.stderr
        report = json.loads(result.stdout)
        assert report["exit_code"] == result.returncode
        findings = report["findings"]["environment"] + report["findings"]["workspace"]
        wrong = [f for f in findings if f["level"] in ("yours", "machine")]
        return result.returncode, [(f["text"], f["fix"]) for f in wrong]

    return run


def test_a_fresh_workspace_has_nothing_to_fix(tito, workspace):
    result = tito(workspace, "doctor")
    assert result.returncode == 0, result.stdout
    assert "Nothing to fix." in result.stdout or "Nothing is wrong. What you may" in result.stdout
    assert "2 lessons can be read" in result.stdout
    assert result.stdout.splitlines()[-1] == "Next: tito module status"


def test_what_is_wrong_is_counted_once_and_fixed_next(tito, workspace):
    (workspace / "tinytorch/__init__.py").unlink()
    (workspace / "modules/00_setup/hints.toml").unlink()
    lines = tito(workspace, "doctor").stdout.splitlines()
    assert [line for line in lines if line.endswith(" to fix.")] == ["2 things to fix."]
    assert lines[-1] == "Next: tito export"


def test_looking_changes_nothing(tito, workspace):
    def kept() -> dict[Path, bytes]:
        """All files but Python's own caches, which any import may write."""
        files = (p for p in workspace.rglob("*") if p.is_file() and p.parent.name != "__pycache__")
        return {p: p.read_bytes() for p in files}

    before = kept()
    tito(workspace, "doctor")
    assert kept() == before


def test_a_folder_that_the_terminal_cannot_spell_is_no_fault(tito, workspace):
    """A Windows console has a few hundred letters, and a home may be called Łukasz."""
    place = workspace.rename(workspace.with_name("Łukasz"))
    result = tito(place, "doctor", PYTHONUTF8="0", PYTHONIOENCODING="cp1252")
    assert result.returncode == 0, result.stdout
    assert "tinytorch can be imported" in result.stdout


def test_outside_of_a_workspace_only_the_machine_is_judged(tito, tmp_path):
    result = tito(tmp_path, "doctor")
    assert result.returncode == 0
    assert "tito init my-tinytorch" in result.stdout


def test_it_reads_on_a_plain_terminal(tito, workspace):
    result = tito(workspace, "doctor", PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert result.returncode == 0
    result.stdout.encode("ascii")
    assert "PYTHONUTF8=1" in result.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "03_line/line.py"),
        ("", "03_line/line.py"),
    ],
)
def test_a_lesson_that_cannot_be_read(doctor, workspace, text, said):
    lesson = workspace / "modules/03_line/line.py"
    lesson.write_text(lesson.read_text(encoding="utf-8") + text if text else "", encoding="utf-8")
    code, wrong = doctor()
    assert code == 1
    assert said in wrong[0][0]


def test_a_lesson_that_lost_a_task(doctor, workspace):
    lesson = workspace / "modules/03_line/line.py"
    kept = lesson.read_text(encoding="utf-8").partition("# %% [markdown]\n# ## Task 3.2")[0]
    lesson.write_text(kept, encoding="utf-8")
    code, wrong = doctor()
    assert (code, wrong) == (
        1,
        [("modules/03_line/line.py has lost task 3.2", "tito module reset 03")],
    )


def test_a_heading_that_is_gone_alone_costs_nobody_the_lesson(doctor, tito, workspace):
    lesson = workspace / "modules/03_line/line.py"
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(text.replace("# ## Task 3.2: seeded_line", "#"), encoding="utf-8")
    assert doctor() == (0, [])
    said = tito(workspace, "doctor").stdout
    assert "modules/03_line/line.py: no heading above the answer to task 3.2" in said
    assert "Put the line '# ## Task 3.2: seeded_line' back." in said


def test_an_answer_without_its_marker_lines_is_noted(tito, workspace):
    lesson = workspace / "modules/03_line/line.py"
    assert "no ### BEGIN SOLUTION" not in tito(workspace, "doctor").stdout
    lines = lesson.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if "### BEGIN" not in line and "### END" not in line]
    lesson.write_text("".join(kept), encoding="utf-8")
    said = tito(workspace, "doctor")
    assert "modules/03_line/line.py: no ### BEGIN SOLUTION and ### END" in said.stdout
    assert said.returncode == 0


def test_a_module_that_is_gone(doctor, workspace):
    for file in (workspace / "modules/03_line").iterdir():
        file.unlink()
    (workspace / "modules/03_line").rmdir()
    code, wrong = doctor()
    assert code == 1
    assert wrong[0] == ("modules/03_line is missing", "tito module reset 03")


def test_a_package_that_is_gone(doctor, workspace):
    (workspace / "tinytorch/__init__.py").unlink()
    assert doctor() == (1, [("tinytorch/ is missing", "tito export")])


def test_a_lesson_that_has_changed_since_its_export_is_noted(tito, solved):
    assert "has changed" not in tito(solved, "doctor").stdout
    lesson = solved / "modules/03_line/line.py"
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(
        text.replace("# A straight line.", "# A line.\n# Straight."), encoding="utf-8"
    )
    assert "has changed" not in tito(solved, "doctor").stdout, "prose is not exported"
    lesson.write_text(text.replace("return 3 * x", "return x * 3"), encoding="utf-8")
    result = tito(solved, "doctor")
    assert result.returncode == 0
    assert "modules/03_line/line.py has changed since it was exported" in result.stdout
    assert "00_setup/setup.py has changed" not in result.stdout
    assert "Nothing to fix" not in result.stdout
    end = result.stdout.splitlines()[-2:]
    assert end == ["Nothing is wrong, 1 thing to do.", "Next: tito module complete 03"]


def test_outside_of_a_workspace_the_next_step_is_to_make_one(tito, tmp_path):
    end = tito(tmp_path, "doctor").stdout.splitlines()[-2:]
    assert end == ["Nothing is wrong, 1 thing to do.", "Next: tito init my-tinytorch"]


def test_a_package_that_cannot_be_imported(doctor, workspace):
    init = workspace / "tinytorch/__init__.py"
    init.write_text(init.read_text(encoding="utf-8") + "\n1 / 0\n", encoding="utf-8")
    code, wrong = doctor()
    assert code == 1
    assert wrong == [("import tinytorch fails: ZeroDivisionError: division by zero", "tito export")]


def test_a_package_that_never_ends(workspace, monkeypatch):

    init = workspace / "tinytorch/__init__.py"
    init.write_text("while True: pass\n", encoding="utf-8")
    monkeypatch.setattr(doctor_workspace, "IMPORT_SECONDS", 0.5)
    finding = doctor_workspace.try_import(World(cwd=workspace), print)
    assert (finding.level, finding.fix) == ("yours", "tito export")


def test_a_slow_import_is_named_while_it_runs(tito, workspace):
    init = workspace / "tinytorch/__init__.py"
    text = init.read_text(encoding="utf-8")
    assert tito(workspace, "doctor").stderr == ""
    init.write_text(f"import time\ntime.sleep(3)\n{text}", encoding="utf-8")
    result = tito(workspace, "doctor")
    assert result.stderr.strip() == "import tinytorch is slow; waiting for at most 20 s"
    assert "tinytorch can be imported" in result.stdout


def test_what_is_no_command_is_not_shown_as_one(tito, workspace):
    lesson = workspace / "modules/00_setup/setup.py"
    lesson.write_text(lesson.read_text(encoding="utf-8") + "\ndef (:\n", encoding="utf-8")
    last = tito(workspace, "doctor").stdout.splitlines()[-1]
    assert last.startswith("Try: Fix that line")


def test_a_changed_test_and_a_missing_hint_are_found_and_put_back(doctor, workspace):
    test, hints = (workspace / f"modules/00_setup/{n}" for n in ("test_setup.py", "hints.toml"))
    original = test.read_bytes()
    test.write_text("def test_0_1(): pass\n", encoding="utf-8")
    hints.unlink()
    code, wrong = doctor()
    assert code == 1
    assert wrong == [
        ("modules/00_setup/hints.toml missing", "tito doctor --fix"),
        ("modules/00_setup/test_setup.py not the course's version", "tito doctor --fix"),
    ]
    assert doctor("--fix") == (0, [])
    assert test.read_bytes() == original
    (kept,) = (workspace / ".tito").glob("replaced-*/modules/00_setup/test_setup.py")
    assert kept.read_text(encoding="utf-8") == "def test_0_1(): pass\n"


def test_fixing_leaves_the_lessons_alone(tito, workspace):
    lesson = workspace / "modules/00_setup/setup.py"
    lesson.write_text("# mine\n", encoding="utf-8")
    tito(workspace, "doctor", "--fix")
    assert lesson.read_text(encoding="utf-8") == "# mine\n"


def test_other_line_ends_are_not_a_change(doctor, workspace):
    test = workspace / "modules/00_setup/test_setup.py"
    test.write_bytes(test.read_bytes().replace(b"\n", b"\r\n"))
    assert doctor() == (0, [])


def test_the_course_itself_is_not_changed(tito, tiny_course):
    assert tito(tiny_course, "doctor", "--fix").returncode == 2


def test_a_tracker_that_is_gone(doctor, workspace):
    (workspace / TRACKER).unlink()
    assert doctor() == (1, [(f"{TRACKER} missing", "tito doctor --fix")])
    code, wrong = doctor("--course", ".")
    assert code == 3
    assert ("the milestone tracker is missing", "tito doctor --fix") in wrong
    assert doctor("--fix") == (0, [])


def test_a_tracker_that_is_broken(doctor, workspace):
    (workspace / TRACKER).write_text("import nothing_of_that_name\n", encoding="utf-8")
    assert doctor() == (1, [(f"{TRACKER} not the course's version", "tito doctor --fix")])
    code, wrong = doctor("--course", ".")
    assert code == 3
    assert any("nothing_of_that_name" in text for text, _ in wrong)


def test_a_damaged_progress_file_is_reported_not_silently_repaired(tito, workspace, tinytorch_home):
    (tinytorch_home / "progress.json").write_bytes(b"\x00\x01 not json")
    result = tito(workspace, "doctor")
    assert result.returncode == 0
    assert "was damaged" in " ".join(result.stdout.split())


def test_a_progress_file_of_a_newer_version(doctor, tito, workspace, tinytorch_home):
    state = {
        "schema_version": 99,
        "completed_modules": [],
        "unlocked_milestones": [],
        "completed_milestones": [],
    }
    (tinytorch_home / "progress.json").write_text(json.dumps(state), encoding="utf-8")
    code, wrong = doctor()
    assert code == 3
    assert "newer TinyTorch" in wrong[0][0]
    assert "can be recorded" not in tito(workspace, "doctor").stdout


def test_a_home_that_cannot_be_written(doctor, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, wrong = doctor(TINYTORCH_HOME=str(tmp_path / "file" / "home"))
    assert code == 3
    assert any("cannot be" in text for text, _ in wrong)


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell reads it")
def test_the_home_that_is_named_instead_can_be_pasted(doctor, workspace, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    finding = doctor_machine.check_home(tmp_path / "file" / "home" / "progress.json")
    shell = subprocess.run(
        ["sh", "-c", f"{finding.fix}; echo $TINYTORCH_HOME"],
        cwd=workspace,
        capture_output=True,
        text=True,
    )
    home = shell.stdout.strip()
    assert Path(home).parent == workspace
    assert doctor(TINYTORCH_HOME=home) == (0, [])


def test_a_package_below_a_folder_with_umlauts_on_a_plain_terminal(tito, workspace):
    place = workspace.rename(workspace.with_name("wörk"))
    result = tito(place, "doctor", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "tinytorch can be imported" in result.stdout
    assert result.returncode == 0


def test_a_nested_workspace_is_noted(tito, workspace):
    inner = workspace / "inner"
    for name in ("modules", "tests", "tinytorch"):
        (workspace / name).rename(workspace / f"_{name}")
    assert tito(workspace, "init", "inner").returncode == 0
    for name in ("modules", "tests", "tinytorch"):
        (workspace / f"_{name}").rename(workspace / name)
    assert "inside another one" in tito(inner, "doctor").stdout


@pytest.mark.parametrize(
    ("fix", "said", "then"),
    [
        (None, "Nothing to fix.", "tito module status"),
        ("pip install it", "What you may do, if you like: 1 note.", "tito module status"),
        ("tito export", "Nothing is wrong, 1 thing to do.", "tito export"),
    ],
)
def test_what_a_note_asks_for_is_not_nothing(tmp_path, fix, said, then):
    out = io.StringIO()
    notes = [Finding(Level.GOOD, "sound", "not asked for"), Finding(Level.NOTE, "a note", fix)]
    findings.show_conclusion(World(cwd=tmp_path, stdout=out), notes)
    assert out.getvalue().strip().endswith(f"{said}\nNext: {then}"), out.getvalue()


# The machine, one check at a time.


def test_a_probe_that_does_not_run_is_the_command_to_see_why(tmp_path, monkeypatch):
    """The files of an installation are none that `--fix` restores."""
    monkeypatch.setattr(doctor_isolation, "course_root", lambda: tmp_path)
    found = doctor_isolation.check_isolation()
    assert found.level == "note"
    assert found.fix is not None
    assert "--fix" not in found.fix
    assert found.fix.endswith(str(Path("isolation", "level.py")))


def test_an_old_python():
    finding = doctor_machine.check_python((3, 9, 18))
    assert finding.level == "machine"
    assert "3.10" in finding.text


def test_a_package_that_is_not_installed():
    finding = doctor_machine.check_package(Requirement("no-such-package-of-ours>=2"))
    assert finding.level == "machine"
    assert finding.fix is not None
    assert finding.fix.endswith('-m pip install "no-such-package-of-ours>=2"')


def test_a_package_that_is_too_old():
    finding = doctor_machine.check_package(Requirement("pytest>=999"))
    assert finding.level == "machine"
    assert "999" in finding.text


def test_a_package_that_cannot_be_imported_as_it_stands(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytest", None)
    finding = doctor_machine.check_package(Requirement("pytest"))
    assert finding.level == "machine"
    assert finding.fix is not None
    assert "--force-reinstall" in finding.fix


def test_a_tito_of_another_environment(monkeypatch, tmp_path):
    monkeypatch.setattr(
        doctor_machine.shutil, "which", lambda *_, **__: str(tmp_path / "bin" / "tito")
    )
    finding = doctor_machine.check_command({})
    assert finding.level == "note"
    assert "another environment" in finding.text


def test_a_full_disk():
    assert doctor_machine.check_disk_space(Path.cwd(), free=1_000_000).level == "machine"
    assert doctor_machine.check_disk_space(Path.cwd(), free=10**10).level == "good"


def test_a_terminal_without_unicode():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    finding = doctor_machine.check_terminal(stream)
    assert (finding.level, "cp1252" in finding.text) == ("note", True)


@pytest.mark.parametrize(
    ("levels", "code"),
    [([], 0), (["good", "note"], 0), (["good", "yours"], 1), (["yours", "machine"], 3)],
)
def test_the_worst_finding_is_the_exit_code(levels, code):
    assert doctor_machine.exit_code([Finding(Level(level), "") for level in levels]) == code
