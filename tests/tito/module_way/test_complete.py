"""test, export, unlock: in this order, all or nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tito.core.export import swap
from tito.core.workspace.workspace import Workspace

from .conftest import Desk


def progress(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((desk.home / "progress.json").read_text(encoding="utf-8"))
    return found


def test_the_way_of_a_module(desk: Desk) -> None:
    desk.solve("00_setup")
    said = desk.tito("module", "complete", "0")
    assert said.code == 0, said.all
    assert "0.1" in said.out
    assert "00_setup is complete" in said.out
    assert "MILESTONE UNLOCKED" in said.out
    assert said.out.rstrip().splitlines()[-1].startswith("Next: tito milestone run start")
    assert progress(desk)["completed_modules"] == ["00_setup"]
    assert progress(desk)["unlocked_milestones"] == ["start"]


def test_what_is_recorded_as_evidence(desk: Desk) -> None:
    import hashlib

    desk.solve("00_setup")
    assert desk.tito("module", "complete", "00").code == 0
    record = progress(desk)["modules"]["00_setup"]
    assert (
        record["source_sha256"] == hashlib.sha256(desk.lesson("00_setup").read_bytes()).hexdigest()
    )
    assert record["tests"] == 1
    assert record["completed_at"]
    assert {"export_sha256", "seconds", "python"} <= record.keys()


def test_changed_tests_of_the_workspace_count_only_if_asked_for(desk: Desk) -> None:
    desk.solve("00_setup")
    name = "modules/00_setup/test_setup.py"
    windows = desk.tests("00_setup").read_bytes().replace(b"\n", b"\r\n")
    desk.tests("00_setup").write_bytes(windows)
    honest = desk.tito("module", "test", "00")
    assert "test_setup.py" not in honest.out
    found = desk.judged_by_own("module", "test", "00", "--json").json
    assert (found["tests_edited"], found["course"]) == (False, str(desk.root))

    desk.tests("00_setup").write_text("def test_0_1_nothing():\n    assert 0\n", encoding="utf-8")
    said = desk.tito("module", "complete", "00")
    assert said.code == 0
    shown = " ".join(said.out.split())
    assert f"{name} was changed here. It is not used: the course's own version judges." in shown
    assert "tito doctor --fix" in said.out
    record = progress(desk)["modules"]["00_setup"]
    assert (record["tests_edited"], record["course"]) == (False, "installed")

    assert desk.judged_by_own("module", "test", "00").code == 1
    desk.tests("00_setup").write_text("def test_0_1_nothing():\n    pass\n", encoding="utf-8")
    said = desk.judged_by_own("module", "complete", "00", COLUMNS="500")
    assert said.code == 0
    shown = " ".join(said.out.split())
    assert f"Judged by the course in {desk.root}" in shown
    assert f"Not the installed course's version: {name}" in shown
    found = desk.judged_by_own("module", "test", "00", "--json").json
    assert (found["tests_edited"], found["course"]) == (True, str(desk.root))
    record = progress(desk)["modules"]["00_setup"]
    assert (record["tests_edited"], record["course"]) == (True, str(desk.root))


def test_a_lesson_that_is_half_saved_while_its_tests_run(desk: Desk) -> None:
    """What was read before the run is what is exported and reported."""
    desk.solve("00_setup")
    saving = "\n\ndef test_0_1_saved():\n    open({!r}, 'w').write('# %%\\n### END SOLUTION')\n"
    with desk.tests("00_setup").open("a", encoding="utf-8") as file:
        file.write(saving.format(str(desk.lesson("00_setup"))))
    said = desk.judged_by_own("module", "complete", "00")
    assert (said.code, said.err) == (0, ""), said.all
    assert "00_setup is complete" in said.out


def test_the_export_runs_without_tito(solved_desk: Desk) -> None:
    code = "import tinytorch; print(tinytorch.seeded_line(2, 4), tinytorch.line.__module__)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=solved_desk.root, capture_output=True, text=True
    )
    assert run.stdout.split() == ["10", "tinytorch.line"], run.stderr


def test_blank_is_not_wrong(desk: Desk) -> None:
    before = desk.everything()
    said = desk.tito("module", "complete", "00")
    assert said.code == 1
    assert "still blank" in said.out
    assert "wrong" not in said.out
    line = desk.line_of("00_setup", "### BEGIN SOLUTION")
    assert f"Task 0.1: manual_seed is next: modules/00_setup/setup.py:{line}" in said.out
    assert said.out.rstrip().splitlines()[-1].startswith("Next: tito module hint 00")
    assert desk.everything() == before


def test_a_wrong_answer_is_told_what_where_and_what_next(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", "    return seed + 1\n")
    said = desk.tito("module", "test", "00")
    assert said.code == 1
    assert "manual_seed(5) must return 5" in said.out
    answer = desk.line_of("00_setup", "### BEGIN SOLUTION") + 1
    assert f"modules/00_setup/setup.py:{answer}" in said.out
    assert "modules/00_setup/test_setup.py:7" in said.out
    assert said.out.rstrip().splitlines()[-1].startswith("Next: tito module hint 00")


def test_the_line_that_checked_is_the_tests_own_not_its_helpers(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "return seed", "return seed + 1")
    text = desk.tests("00_setup").read_text(encoding="utf-8")
    helper = text.replace("assert manual_seed(5) == 5,", "judge(manual_seed(5) == 5),")
    helper += "\n\ndef judge(right):\n    assert right, 'manual_seed(5) must return 5'\n"
    desk.tests("00_setup").write_text(helper, encoding="utf-8")
    own = text.splitlines().index("def test_0_1_returns_the_seed():") + 2
    said = desk.judged_by_own("module", "test", "00").out
    assert f"checked by modules/00_setup/test_setup.py:{own}\n" in said


def test_an_exception_is_shown_with_its_line_of_the_lesson(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", "    return seed / 0\n")
    said = desk.tito("module", "test", "00")
    line = desk.line_of("00_setup", "seed / 0")
    assert f"in modules/00_setup/setup.py:{line}" in said.out
    assert f"{line} |     return seed / 0" in said.out
    assert "ZeroDivisionError" in said.out


def test_what_the_failing_test_printed_is_shown(desk: Desk) -> None:
    desk.solve("00_setup")
    desk.change("00_setup", "    return seed\n", "    print('look', seed)\n    return 0\n")
    assert "look 5" in desk.tito("module", "test", "00").out


def test_what_a_lesson_prints_does_not_steer_the_terminal(desk: Desk) -> None:
    desk.solve("00_setup")
    wipe = "    print('a\\x1b[2J ü')\n    raise ValueError('\\x1b[31m')\n"
    desk.change("00_setup", "    return seed\n", wipe)
    said = desk.tito("module", "test", "00")
    assert "\x1b" not in said.out
    assert r"a\x1b[2J ü" in said.out


def test_a_task_that_calls_an_earlier_blank_one_waits(solved_desk: Desk) -> None:
    stub = 'raise NotImplementedError("Task 3.1: line")'
    solved_desk.change("03_line", "return 3 * x", stub)
    found = solved_desk.tito("module", "test", "03", "--json").json
    states = {task["task"]: (task["state"], task["waits_for"]) for task in found["tasks"]}
    assert states == {"3.1": ("blank", None), "3.2": ("waiting", "3.1")}


def test_a_module_needs_the_modules_that_it_imports(desk: Desk) -> None:
    desk.solve("03_line")
    said = desk.tito("module", "complete", "03")
    assert said.code == 1
    assert "builds on 00_setup" in said.err
    assert "Next: tito module complete 00" in said.err


def test_a_change_below_must_not_break_a_module_above(solved_desk: Desk) -> None:
    solved_desk.change("00_setup", "    return seed\n", "    return 5\n")  # its own tests pass
    before = solved_desk.everything()
    assert solved_desk.tito("module", "test", "00").code == 0
    said = solved_desk.tito("module", "complete", "00")
    assert said.code == 1
    assert "03_line builds on this" in said.out
    assert "test_3_2_adds_the_seed" in said.out
    last = said.out.rstrip().splitlines()[-1]
    assert last == "Next: tito module complete 00  (once 03_line passes with it)"
    assert solved_desk.everything() == before


def test_a_good_change_below_is_tested_above(solved_desk: Desk) -> None:
    solved_desk.change("00_setup", "    return seed\n", "    return seed + 0\n")
    found = solved_desk.tito("module", "complete", "00", "--json").json
    assert (found["outcome"], found["retested"]) == ("passed", ["03_line"])
    assert "03_line still passes with it" in solved_desk.tito("module", "complete", "00").out
    assert found["exported"] == ["seeds.py"]


def test_test_changes_nothing(desk: Desk) -> None:
    desk.solve("00_setup")
    before = desk.everything()
    assert desk.tito("module", "test", "00").code == 0
    assert desk.everything() == before


def test_the_json_of_a_completion(desk: Desk) -> None:
    desk.solve("00_setup")
    said = desk.tito("module", "complete", "00", "--json")
    found = said.json
    assert (said.code, found["outcome"], found["exit_code"]) == (0, "passed", 0)
    assert found["newly_unlocked"] == ["start"]
    assert found["tasks"][0]["state"] == "done"
    assert found["tests"][0]["status"] == "passed"
    assert found["next"] == "tito milestone run start"
    exported = desk.tito("export", "--json").json
    assert exported["modules"][0]["next"] == "tito module start 03"


def test_the_json_of_a_lesson_that_cannot_be_read(desk: Desk) -> None:
    desk.change("00_setup", "### END SOLUTION", "")
    said = desk.tito("module", "test", "00", "--json")
    assert said.code == 1
    assert said.json["outcome"] == "could_not_run"
    assert said.json["error"]["where"].startswith("modules/00_setup/setup.py:")


# ------------------------------------------------- somebody has edited what tito has generated


@pytest.mark.parametrize("damage", ["def (\n", "1 / 0\n"])
@pytest.mark.parametrize("file", ["seeds.py", "line.py"])
def test_the_suggested_command_fixes_an_edited_package(
    solved_desk: Desk, file: str, damage: str
) -> None:
    """The command after `Next:` restores everything, whichever command suggests it."""
    before = solved_desk.everything()
    path = solved_desk.root / "tinytorch" / file
    for first in (["doctor"], ["module", "test", "03"], ["export"]):
        path.write_text(path.read_text() + damage)
        said = solved_desk.tito(*first)
        for _ in range(3):
            named = said.all.rpartition("Next: tito ")[2].partition("  (")[0]
            said = solved_desk.tito(*named.split())
        after = solved_desk.everything()
        changed = {name for name in before if before[name] != after.get(name)}
        assert not {name for name in changed if name.endswith(".py")}, said.all
        assert solved_desk.tito("doctor").code == 0


def test_two_damaged_files_are_mended_one_after_the_other(solved_desk: Desk) -> None:
    for file in ("seeds.py", "line.py"):
        path = solved_desk.root / "tinytorch" / file
        path.write_text(path.read_text() + "def (\n")
    said = solved_desk.tito("module", "complete", "03")
    assert said.code == 1
    assert "Next: tito module complete 00" in said.err
    assert "Next: tito module complete 03" in solved_desk.tito("module", "complete", "00").out
    assert solved_desk.tito("module", "complete", "03").code == 0
    assert solved_desk.tito("doctor").code == 0


# ------------------------------------------------------------------- nothing is lost on the way


def test_when_progress_cannot_be_written_the_export_is_undone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "a file"
    in_the_way.write_text("not a folder")
    monkeypatch.setenv("TINYTORCH_HOME", str(in_the_way))
    desk.solve("00_setup")
    before = desk.everything()
    said = desk.tito("module", "complete", "00")
    assert said.code == 3
    assert "cannot be written" in " ".join(said.err.split())
    assert desk.everything() == before
    assert not (desk.root / "tinytorch" / "seeds.py").read_text().count("def manual_seed")


def test_when_the_disk_is_full_the_old_package_stands(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.solve("00_setup")
    before = desk.everything()
    original = swap._move
    moved: list[Path] = []

    def full(source: Path, path: Path) -> None:
        if path.parent.name == "tinytorch" and not source.is_relative_to(desk.root / ".tito"):
            moved.append(path)
            if len(moved) == 2:  # one file of the package has been replaced already
                raise OSError(28, "No space left on device", str(path))
        original(source, path)

    monkeypatch.setattr(swap, "_move", full)
    said = desk.tito("module", "complete", "00")
    assert said.code == 3
    assert "No space left on device" in said.err
    assert len(moved) == 2
    assert desk.everything() == before


def test_a_swap_that_was_cut_is_undone_by_the_next_command(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.solve("00_setup")
    before = desk.everything()
    files = {"seeds.py": "new", "fresh/file.py": "new"}
    workspace = Workspace(desk.root)
    swap._write_journal(workspace, list(files), None)
    for name, text in files.items():  # as far as a power cut let it come
        swap._put(workspace.package / name, text.encode())
    assert desk.everything() != before
    assert desk.tito("module", "status").code == 0
    assert desk.everything() == before
    assert not workspace.journal.exists()
    assert not (workspace.package / "fresh").exists()


def test_a_pipe_that_breaks_while_the_tracker_speaks_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tito.core.milestones.tracker import Tracker

    def broken(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(Tracker, "show_unlocks", broken)
    desk.solve("00_setup")
    desk.tito("module", "complete", "00")
    assert progress(desk)["completed_modules"] == ["00_setup"]
    assert "def manual_seed" in (desk.root / "tinytorch" / "seeds.py").read_text()


def test_a_pipe_that_breaks_is_the_command_s_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing else of this process is turned away: older pytests keep captured output there."""

    def broken(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("tito.main.dispatch", broken)
    other = tmp_path / "other"
    with other.open("w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert desk.tito("module", "list").code == 0
        assert os.path.samestat(os.fstat(stream.fileno()), other.stat())


def test_two_terminals_at_once(desk: Desk) -> None:
    desk.solve("00_setup")
    env = {**os.environ, "PYTHONPATH": str(desk.course)}
    command = [sys.executable, "-m", "tito", "module", "complete", "00"]
    runs = [
        subprocess.Popen(
            command, cwd=desk.root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for _ in range(3)
    ]
    said = [run.communicate()[0].decode("utf-8", "replace") for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], said
    assert any("Waiting for another tito" in text for text in said)
    assert desk.tito("module", "status", "--json").json["modules"][0]["state"] == "complete"


def test_a_lock_that_is_never_released(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from tito.core.errors import MachineError
    from tito.core.export.lock import workspace_lock
    from tito.workflows import complete as completion

    workspace = Workspace(desk.root)
    heard: list[str] = []
    reached, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with workspace_lock(workspace, lambda: None):
            reached.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    reached.wait(10)
    try:
        with (
            pytest.raises(MachineError, match="Another tito"),
            workspace_lock(workspace, lambda: heard.append("waiting"), patience=0.2),
        ):
            pass
    finally:
        leave.set()
        holder.join()
    assert heard == ["waiting"]
    assert completion.Watcher().waiting() is None


# ----------------------------------------------------------------------------- the tracker


def test_without_a_tracker_the_export_still_works(desk: Desk) -> None:
    (desk.root / "tests/milestones/milestone_tracker.py").unlink()
    desk.solve("00_setup")
    said = desk.judged_by_own("module", "complete", "00")
    assert said.code == 0, said.all
    assert "def manual_seed" in (desk.root / "tinytorch/seeds.py").read_text()
    assert "Next: tito module start 03" in said.out, "it does not send in circles"
    assert not (desk.home / "progress.json").exists()
    assert desk.judged_by_own("module", "status").code == 0
    desk.solve("03_line")
    said = desk.judged_by_own("module", "complete", "03")
    assert (said.code, "tito module complete" in said.out) == (0, False), said.all
    said = desk.judged_by_own("module", "status")
    assert (said.code, "complete 0" in said.out) == (0, False), said.all


@pytest.mark.parametrize(
    "defect",
    ["import no_such_package_xyz\n", "raise ImportError('broken')\n", "def broken(:\n", "1 / 0\n"],
)
def test_a_broken_tracker_is_not_hidden(desk: Desk, defect: str) -> None:
    (desk.root / "tests/milestones/milestone_tracker.py").write_text(defect)
    desk.solve("00_setup")
    before = desk.everything()
    said = desk.judged_by_own("module", "complete", "00")
    assert said.code == 3
    assert "milestone tracker is broken" in said.err
    assert desk.everything() == before


def test_a_defect_inside_the_tracker_undoes_the_export(desk: Desk) -> None:
    tracker = desk.root / "tests/milestones/milestone_tracker.py"
    defect = "\n\ndef check_module_export(*_, **__):\n    return {}['a defect']\n"
    tracker.write_text(tracker.read_text(encoding="utf-8") + defect, encoding="utf-8")
    desk.solve("00_setup")
    before = desk.everything()
    said = desk.judged_by_own("module", "complete", "00")
    assert (said.code, "a defect" in said.err) == (3, True), said.all
    assert desk.everything() == before


def test_the_specifications_methods(desk: Desk) -> None:
    from tito.commands.base import BaseCommand
    from tito.commands.module_workflow import ModuleWorkflowCommand
    from tito.world import World

    desk.solve("00_setup")
    command = ModuleWorkflowCommand(World(cwd=desk.root))
    assert isinstance(command, BaseCommand)
    assert command.complete_module("00") == 0
    assert command._check_milestone_unlocks("03_line")["newly_unlocked"] == ["slope"]


def test_tests_of_one_name_in_two_modules(solved_desk: Desk) -> None:
    """What a later module's test says must not be taken for this module's."""
    for name, value in (("00_setup", 1), ("03_line", 2)):
        code = f"def test_same_name():\n    print('from {name}')\n    assert {value} == 1\n"
        with solved_desk.tests(name).open("a", encoding="utf-8") as file:
            file.write("\n\n" + code)
    found = solved_desk.judged_by_own("module", "complete", "00", "--json").json
    same = {test["module"]: test["status"] for test in found["tests"] if "same" in test["test"]}
    assert same == {"00_setup": "passed", "03_line": "wrong"}
    assert "from 03_line" in solved_desk.judged_by_own("module", "complete", "00").out


def test_a_later_lesson_cannot_mend_this_one(solved_desk: Desk) -> None:
    """As 03, in the same package, it could replace what 00 exports."""
    mend = "import tinytorch, tinytorch.seeds\ntinytorch.seeds.manual_seed = lambda seed: seed\n"
    solved_desk.on_top("03_line", f"{mend}tinytorch.manual_seed = tinytorch.seeds.manual_seed")
    assert solved_desk.tito("export", "03", "--no-test").code == 0
    solved_desk.change("00_setup", "    return seed\n", "    return seed + 1\n")
    for verb in ("test", "complete"):
        said = solved_desk.tito("module", verb, "00")
        assert said.code == 1, said.all
        assert "wrong: 0 of 1 test pass" in said.out


@pytest.mark.parametrize("verb", ["test", "complete"])
def test_code_that_is_changed_while_it_is_tested_is_not_recorded(desk: Desk, verb: str) -> None:
    desk.solve("00_setup")
    desk.on_top("00_setup", "open(__file__, 'a').write('# more')")
    said = desk.tito("module", verb, "00")
    assert said.code != 0, said.all
    assert "was changed while it was tested" in " ".join(said.all.split())
    assert not (desk.home / "progress.json").exists() or not progress(desk)["completed_modules"]
