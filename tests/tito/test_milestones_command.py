"""`tito milestone`: what is shown, what runs, what is recorded, and the exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tito.core.export.snapshot import take
from tito.core.workspace.workspace import Workspace


@pytest.fixture
def record(tito, tiny_course):
    """`record(workspace, "00_setup")`: what `module complete` tells the tracker."""

    def run(workspace: Path, *names: str) -> None:
        script = workspace / "tests/milestones/milestone_tracker.py"
        code = (
            f"import sys; sys.path.insert(0, {str(script.parent)!r});"
            "from milestone_tracker import check_module_export as c;"
            "[c(name) for name in sys.argv[1:]]"
        )
        subprocess.run([sys.executable, "-c", code, *names], check=True)

    return run


@pytest.fixture
def unlocked(solved, record) -> Path:
    record(solved, "00_setup", "03_line")
    return solved


def progress(home: Path) -> dict:
    return json.loads((home / "progress.json").read_text(encoding="utf-8"))


def break_framework(workspace: Path, old: str, new: str) -> None:
    for path in (workspace / "tinytorch").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(old, new), encoding="utf-8")


# ------------------------------------------------------------------------------------ showing


@pytest.mark.parametrize("words", [["milestone"], ["milestone", "progress"], ["milestones"]])
def test_status_has_three_names(tito, solved, words):
    plain = tito(solved, "milestone", "status")
    assert plain.returncode == 0
    assert "1900 - The Start" in plain.stdout
    assert tito(solved, *words).stdout == plain.stdout


@pytest.mark.parametrize("action", ["status", "progress", "list"])
def test_the_specification_calls_run_with_an_action_alone(solved, monkeypatch, capsys, action):
    from argparse import Namespace

    from tito.commands.milestones import MilestonesCommand

    monkeypatch.chdir(solved)
    assert MilestonesCommand().run(Namespace(action=action)) == 0
    assert "Next: tito module complete 00" in capsys.readouterr().out  # it is exported


def test_status_as_json(tito, solved, record):
    record(solved, "00_setup")
    rows = json.loads(tito(solved, "milestone", "status", "--json").stdout)["milestones"]
    assert [(row["id"], row["state"], row["missing"]) for row in rows] == [
        ("start", "unlocked", []),
        ("slope", "locked", ["03_line"]),
    ]


def test_list_shows_only_what_is_unlocked(tito, solved, record):
    assert "No milestone is unlocked yet." in tito(solved, "milestone", "list").stdout
    record(solved, "00_setup")
    plain = tito(solved, "milestone", "list").stdout
    assert "tito milestone run start" in plain
    assert "slope" not in plain
    rows = json.loads(tito(solved, "milestone", "list", "--json").stdout)["milestones"]
    assert [row["id"] for row in rows] == ["start"]


def test_info_says_what_is_missing_and_what_comes_next(tito, solved, record):
    record(solved, "00_setup")
    shown = tito(solved, "milestone", "info", "slope")
    assert shown.returncode == 0
    assert "✓ 00_setup" in shown.stdout
    assert "○ 03_line" in shown.stdout
    assert "Next: tito module complete 03" in shown.stdout
    known = json.loads(tito(solved, "milestone", "info", "slope", "--json").stdout)
    assert known["requires"] == ["00_setup", "03_line"]


@pytest.mark.parametrize("action", ["status", "info", "run"])
def test_the_next_step_is_the_one_that_module_list_says(tito, solved, record, action):
    """03_line is answered and exported, and not recorded: to start it would be a step back."""
    record(solved, "00_setup")
    record(solved, "03_line")
    home = solved.parent / "another home"
    tito(solved, "module", "complete", "00", TINYTORCH_HOME=str(home))
    run = tito(solved, "milestone", "run", "start", TINYTORCH_HOME=str(home))
    assert run.returncode == 0, run.stdout + run.stderr
    listed = tito(solved, "module", "list", TINYTORCH_HOME=str(home)).stdout.splitlines()[-1]
    assert listed.startswith("Next: tito module complete 03")
    name = [] if action == "status" else ["slope"]
    shown = tito(solved, "milestone", action, *name, TINYTORCH_HOME=str(home))
    last = (shown.stdout + shown.stderr).splitlines()[-1]
    assert last.partition("  (")[0] == listed.partition("  (")[0]
    assert last == (listed if action == "status" else last)
    assert shown.stdout.count("Next:") <= 1
    assert run.stdout.splitlines()[-1] == listed, "after a pass too"


# ------------------------------------------------------------------------------------ refusing


def test_a_locked_milestone_names_what_is_missing(tito, solved, record, tinytorch_home):
    record(solved, "00_setup")
    run = tito(solved, "milestone", "run", "slope")
    assert run.returncode == 1
    assert "1901 - The Slope is locked" in run.stderr
    assert "missing 03_line" in run.stderr
    assert "Next: tito module complete 03" in run.stderr
    assert progress(tinytorch_home)["completed_milestones"] == []


def test_an_unknown_milestone_names_the_nearest(tito, solved):
    for action in ("run", "info"):
        run = tito(solved, "milestone", action, "slop")
        assert run.returncode == 1
        assert "Did you mean slope?" in run.stderr


def test_a_locked_milestone_as_json(tito, solved):
    run = tito(solved, "milestone", "run", "slope", "--json")
    error = json.loads(run.stdout)
    assert (run.returncode, error["outcome"], error["error"]["exit_code"]) == (1, "error", 1)


@pytest.mark.parametrize(
    "words",
    [["run"], ["info"], ["runn", "start"], ["run", "start", "--seed", "x"], ["run", "a", "b"]],
)
def test_wrong_usage(tito, unlocked, words):
    run = tito(unlocked, "milestone", *words)
    assert run.returncode == 2
    assert "Next: tito milestone" in run.stderr


@pytest.mark.parametrize("words", [["slope"], ["--all"]])
def test_run_where_modules_are_complete_in_another_workspace(tito, workspace, record, words):
    record(workspace, "00_setup", "03_line")
    run = tito(workspace, "milestone", "run", *words)
    assert run.returncode == 1
    assert "complete, but not exported in this workspace" in " ".join(run.stderr.split())
    assert "Next: tito module complete 00" in run.stderr
    assert "Not learned" not in run.stdout, "no code has been judged"


def test_run_with_a_framework_that_tito_did_not_write(tito, unlocked):
    for path in (unlocked / "tinytorch").rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        own = [line for line in lines if not re.match("# %%|.*(generated by|_later)", line)]
        path.write_text("\n".join([*own, ""]), encoding="utf-8")
    left = '"""tinytorch.left, generated by `tito export`: not exported yet."""\n"03_line"\n'
    (unlocked / "tinytorch/left.py").write_text(left, encoding="utf-8")
    assert tito(unlocked, "milestone", "run", "slope").returncode == 0


def test_run_without_a_package(tito, workspace, record):
    record(workspace, "00_setup")
    for path in sorted((workspace / "tinytorch").rglob("*.py")):
        path.unlink()
    run = tito(workspace, "milestone", "run", "start")
    assert run.returncode == 1
    assert "Next: tito export" in run.stderr


def test_outside_of_a_workspace(tito, tmp_path):
    run = tito(tmp_path, "milestone", "status")
    assert run.returncode == 2
    assert "tito init" in run.stderr


def test_without_a_tracker(tito, solved):
    (solved / "tests/milestones/milestone_tracker.py").unlink()
    assert tito(solved, "milestone", "status").returncode == 0
    run = tito(solved, "--course", ".", "milestone", "status")
    assert run.returncode == 3
    assert "tracker is missing" in run.stderr
    fix = run.stderr.rpartition("Next: tito ")[2].split()
    tito(solved, *fix)
    assert tito(solved, "--course", ".", "milestone", "status").returncode == 0


def test_with_a_broken_tracker(tito, solved):
    path = solved / "tests/milestones/milestone_tracker.py"
    path.write_text("raise RuntimeError('half-saved')", encoding="utf-8")
    run = tito(solved, "--course", ".", "milestone", "run", "start")
    assert run.returncode == 3
    assert "half-saved" in run.stderr
    assert "Traceback" not in run.stderr


# ------------------------------------------------------------------------------------- passing


def test_a_pass_is_shown_and_recorded_with_its_evidence(tito, unlocked, tinytorch_home):
    run = tito(unlocked, "milestone", "run", "start", "--seed", "12")
    assert run.returncode == 0, run.stdout + run.stderr
    for said in (
        "training 20/20  loss 0.1000  accuracy 100.0%",
        "loss, training",
        "97.5%",
        "✓ Learned: 1900 - The Start",
        "Replay: tito milestone run start --seed 12",
        "Next: tito milestone run slope",
    ):
        assert said in run.stdout
    state = progress(tinytorch_home)
    assert state["completed_milestones"] == ["start"]
    record = state["milestones"]["start"]
    assert record["metrics"]["accuracy"] == 0.975
    assert record["seed"] == 12
    assert record["sources"] == take(Workspace(unlocked)).hashes(["00_setup"])
    assert len(record["sources"]["00_setup"]) == 64


def test_quiet_prints_the_verdict_alone(tito, unlocked):
    run = tito(unlocked, "milestone", "run", "start", "--quiet")
    assert (run.returncode, run.stdout) == (0, "✓ Learned: 1900 - The Start\n")
    break_framework(unlocked, "return 3 * x", "return x + 3")
    failed = tito(unlocked, "milestone", "run", "slope", "--quiet").stdout.splitlines()
    assert failed[0].startswith("✗ Not learned yet: ")
    assert len(failed) == 2
    wrong = tito(unlocked, "milestone", "status", "--quiet")
    assert wrong.returncode == 2
    assert "does not take '--quiet'" in wrong.stderr


def test_after_the_last_milestone_it_says_what_to_do_now(tito, unlocked):
    first = tito(unlocked, "milestone", "run", "start").stdout
    assert "It is your framework now" not in first
    last = tito(unlocked, "milestone", "run", "slope").stdout
    assert "All milestones are completed." in last
    assert "tito run examples/names.py" in last


def test_info_says_when_the_code_has_changed_since_the_pass(tito, unlocked):
    tito(unlocked, "milestone", "run", "slope")
    assert "Changed since" not in tito(unlocked, "milestone", "info", "slope").stdout
    break_framework(unlocked, "return 3 * x", "return x * 3")
    shown = tito(unlocked, "milestone", "info", "slope").stdout
    assert "Learned on 20" in shown
    assert "Changed since then: 03_line" in shown
    known = json.loads(tito(unlocked, "milestone", "info", "slope", "--json").stdout)
    assert known["changed_since"] == ["03_line"]


def test_info_says_when_a_release_verifies_in_another_way(tito, unlocked, tiny_course, tmp_path):
    tito(unlocked, "milestone", "run", "slope")
    for name in ("modules", "tests"):
        shutil.copytree(tiny_course / name, tmp_path / "new" / name)
    info = ("--course", str(tmp_path / "new"), "milestone", "info", "slope")
    assert "Changed since" not in tito(unlocked, *info).stdout
    test = tmp_path / "new/tests/milestones/test_learning_verification.py"
    test.write_text(test.read_text("utf-8").replace("line(2) == 6", "line(3) == 9"), "utf-8")
    assert "Changed since then: how it is verified" in tito(unlocked, *info).stdout
    assert json.loads(tito(unlocked, *info, "--json").stdout)["verification_changed"] is True


def test_an_edit_that_is_not_exported_is_said_before_the_run(tito, unlocked):
    lesson = unlocked / "modules/03_line/line.py"
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(text.replace("# A straight line.", "# A line.\n#\n# More."), encoding="utf-8")
    assert "has changed" not in tito(unlocked, "milestone", "run", "slope").stdout, "only prose"
    lesson.write_text(text.replace("return 3 * x", "return 4 * x"), encoding="utf-8")
    shown = " ".join(tito(unlocked, "milestone", "run", "slope").stdout.split())
    assert "modules/03_line/line.py has changed since it was exported" in shown
    assert "tito module complete 03" in shown
    assert "has changed" not in tito(unlocked, "milestone", "run", "start").stdout, "not needed"


def test_an_edit_in_the_package_is_not_called_one_of_the_lesson(tito, unlocked):
    break_framework(unlocked, "return 3 * x", "return x * 3")
    shown = " ".join(tito(unlocked, "milestone", "run", "slope").stdout.split())
    assert "tinytorch/line.py was edited and no longer matches modules/03_line/line.py" in shown
    assert "has changed" not in shown
    assert "tito module complete 03" in shown


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ("os._exit(5)", "Your code can end the process here:\n  modules/03_line/line.py:{line}\n"),
        (
            "getattr(os, '_' + 'exit')(5)",
            "No line of your exported code calls sys.exit or os._exit",
        ),
    ],
)
def test_where_the_process_may_have_been_ended_is_said(tito, unlocked, ends, said):
    """It named no line and no lesson, and to run the same milestone again was the next step."""
    lesson = unlocked / "modules/03_line/line.py"
    text = lesson.read_text(encoding="utf-8").replace("return 3 * x", f"import os; {ends}")
    lesson.write_text(text, encoding="utf-8", newline="\n")
    assert tito(unlocked, "export", "03", "--no-test").returncode == 0
    run = tito(unlocked, "milestone", "run", "slope")
    assert run.returncode == 1
    line = 1 + [ends in line for line in text.splitlines()].index(True)
    assert said.format(line=line) in run.stdout
    assert run.stdout.splitlines()[-1] == "Next: tito module test 03"


def test_after_a_failure_of_an_edited_package_it_is_exported_again(tito, unlocked):
    with (unlocked / "tinytorch/line.py").open("a", encoding="utf-8") as file:
        file.write("\nx = (\n")
    run = tito(unlocked, "milestone", "run", "slope")
    assert run.returncode == 1
    assert run.stdout.splitlines()[-1] == "Next: tito module complete 03"


def test_a_file_of_the_package_that_is_gone_is_not_wrong_code(tito, unlocked):
    (unlocked / "tinytorch/line.py").unlink()
    run = tito(unlocked, "milestone", "run", "slope")
    assert run.returncode == 1
    assert "03_line, which is complete, but not exported" in " ".join(run.stderr.split())
    assert run.stderr.splitlines()[-1] == "Next: tito module complete 03"
    assert "Not learned" not in run.stdout


def test_an_edited_verification_counts_only_if_asked_for(tito, unlocked, tinytorch_home):
    def run(*options: str) -> tuple[str, dict, dict]:
        """What is shown, the JSON, and the record."""
        command = ("milestone", "run", "slope", *options)
        shown = " ".join(tito(unlocked, *command, COLUMNS="500").stdout.split())
        found = json.loads(tito(unlocked, *command, "--json").stdout)
        return shown, found, progress(tinytorch_home)["milestones"]["slope"]

    name = "tests/milestones/test_learning_verification.py"
    assert "course" not in run()[0]
    with (unlocked / name).open("a", encoding="utf-8") as file:
        file.write("\n# mine\n")
    shown, found, record = run()
    assert f"{name} was changed here. It is not used" in shown
    assert "tito doctor --fix" in shown
    assert (found["edited"], found["course"]) == ([], "installed")
    assert (record["verification_edited"], record["course"]) == (False, "installed")

    shown, found, record = run("--course", ".")
    assert f"Judged by the course in {unlocked}" in shown
    assert f"Not the installed course's version: {name}" in shown
    assert (found["edited"], found["course"]) == ([name], str(unlocked))
    assert (record["verification_edited"], record["course"]) == (True, str(unlocked))
    for options, evidence in (((), "none"), (("--course", "."), "record")):
        rows = json.loads(tito(unlocked, "milestone", "status", "--json", *options).stdout)
        assert rows["milestones"][1]["evidence"] == evidence, options


def test_the_seed_of_a_fresh_run_is_named(tito, unlocked):
    assert "--seed 41" in tito(unlocked, "milestone", "run", "start").stdout


def test_a_pass_as_json(tito, unlocked):
    run = tito(unlocked, "milestone", "run", "--json", "slope")  # options may stand anywhere
    result = json.loads(run.stdout)
    assert run.returncode == 0
    assert result["outcome"] == "passed"
    assert result["recorded"] is True
    assert result["metrics"] == {"accuracy": 1.0, "gradient_error": 2.5e-9}
    assert result["replay"] == "tito milestone run slope --seed 7"


def test_a_pipe_gets_a_few_plain_lines(tito, unlocked):
    lines = tito(unlocked, "milestone", "run", "start").stdout.splitlines()
    assert len([line for line in lines if line.startswith("  training ")]) == 6
    assert "\x1b" not in "".join(lines)


def test_it_reads_on_a_plain_terminal(tito, unlocked):
    run = tito(unlocked, "milestone", "run", "start", PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert run.returncode == 0
    run.stdout.encode("ascii")
    assert "+ Learned: 1900 - The Start" in run.stdout
    assert "?" not in run.stdout


def test_it_fits_eighty_columns(tito, unlocked):
    run = tito(unlocked, "milestone", "run", "start", COLUMNS="80")
    assert max(map(len, run.stdout.splitlines())) <= 80


# ------------------------------------------------------------------------------------- failing


def test_a_failure_says_what_is_wrong_and_where(tito, unlocked, tinytorch_home):
    break_framework(unlocked, "return seed", "return seed + 1")
    run = tito(unlocked, "milestone", "run", "start")
    assert run.returncode == 1
    assert "✗ Not learned yet: 1900 - The Start" in run.stdout
    assert "The seed is lost on its way: see modules/00_setup/setup.py, Task 0.1." in run.stdout
    assert "Next: tito module test 00" in run.stdout
    assert progress(tinytorch_home)["completed_milestones"] == []


def test_a_replay_that_the_failure_names_is_not_named_again(tito, unlocked):
    said = "see modules/00_setup/setup.py, Task 0.1."
    test = unlocked / "tests/milestones/test_learning_verification.py"
    text = test.read_text(encoding="utf-8")
    replay = "tito milestone run start --seed 41"
    test.write_text(text.replace(said, f"{said}\\n  replay  {replay}"), encoding="utf-8")
    break_framework(unlocked, "return seed", "return seed + 1")
    run = tito(unlocked, "--course", ".", "milestone", "run", "start")
    assert run.stdout.count(replay) == 1


def test_a_failure_as_json(tito, unlocked):
    break_framework(unlocked, "return seed", "return seed + 1")
    run = tito(unlocked, "milestone", "run", "start", "--json")
    result = json.loads(run.stdout)
    assert (run.returncode, result["outcome"], result["recorded"]) == (1, "failed", False)
    assert "The seed is lost" in result["reason"]


def test_an_earlier_pass_is_kept_when_a_later_run_fails(tito, unlocked, tinytorch_home):
    tito(unlocked, "milestone", "run", "start")
    break_framework(unlocked, "return seed", "return seed + 1")
    assert tito(unlocked, "milestone", "run", "start").returncode == 1
    assert progress(tinytorch_home)["completed_milestones"] == ["start"]


@pytest.mark.parametrize("cheat", ["os._exit(0)", "sys.exit(0)", "pytest.skip('no')"])
def test_leaving_early_is_not_learning(tito, unlocked, tinytorch_home, cheat):
    break_framework(unlocked, "return seed", f"import os, sys, pytest; {cheat}")
    run = tito(unlocked, "milestone", "run", "start")
    assert run.returncode == 1, run.stdout
    assert progress(tinytorch_home)["completed_milestones"] == []


def test_a_flood_of_output_is_stopped_and_named(tito, unlocked):
    flood = "while True: print('x' * 10000)"
    break_framework(unlocked, "    return seed", f"    {flood}")
    run = tito(unlocked, "milestone", "run", "start")
    assert run.returncode == 1
    assert "stopped after it had printed 20 MB" in run.stdout
    assert len(run.stdout) < 10_000


def test_could_not_run_is_not_your_code(tito, unlocked):
    (unlocked / "tests/milestones/pytest.ini").unlink()
    run = tito(unlocked, "--course", ".", "milestone", "run", "start")
    assert run.returncode == 3
    assert "Could not run: 1900 - The Start" in run.stdout
    assert "Not learned" not in run.stdout
    assert "Next: tito doctor" in run.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot forbid writing to a folder")
def test_a_pass_that_cannot_be_recorded_says_so(tito, unlocked, tinytorch_home):
    def blocked():
        """Even for root: the lock's place is taken by a folder."""
        lock = tinytorch_home / "progress.json.lock"
        lock.unlink(missing_ok=True)
        lock.mkdir()

    blocked()
    run = tito(unlocked, "milestone", "run", "start")
    assert run.returncode == 3, run.stdout + run.stderr
    assert "✓ Learned: 1900 - The Start" in run.stdout
    assert "It could not be recorded" in run.stdout
    result = json.loads(tito(unlocked, "milestone", "run", "start", "--json").stdout)
    assert (result["outcome"], result["recorded"]) == ("passed", False)
    assert result["error"]["exit_code"] == 3


# ----------------------------------------------------------------------------------------- all


def test_all_runs_what_is_unlocked_in_order(tito, unlocked, tinytorch_home):
    run = tito(unlocked, "milestone", "run", "--all")
    assert run.returncode == 0, run.stdout + run.stderr
    assert progress(tinytorch_home)["completed_milestones"] == ["start", "slope"]
    assert run.stdout.index("Learned: 1900") < run.stdout.index("Learned: 1901")


def test_all_fails_with_its_worst_and_still_runs_the_rest(tito, unlocked):
    break_framework(unlocked, "return seed", "return seed + 1")
    run = tito(unlocked, "milestone", "run", "--all", "--json")
    report = json.loads(run.stdout)
    assert run.returncode == 1
    assert [result["outcome"] for result in report["results"]] == ["failed", "passed"]


def test_all_names_what_is_locked(tito, solved, record):
    record(solved, "00_setup")
    report = json.loads(tito(solved, "milestone", "run", "--all", "--json").stdout)
    assert report["locked"] == ["slope"]
    assert [result["milestone"] for result in report["results"]] == ["start"]


def test_all_of_nothing_is_refused(tito, solved):
    run = tito(solved, "milestone", "run", "--all")
    assert run.returncode == 1
    assert "locked" in run.stderr


def test_an_identifier_beside_all_is_wrong_usage(tito, unlocked):
    assert tito(unlocked, "milestone", "run", "start", "--all").returncode == 2
