"""`tito verify RECORD`: a record is confirmed by the same run, never by its own word."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tito.core.milestones.records import Compared, records_in


@pytest.fixture
def earned(tito, solved, tinytorch_home) -> Path:
    """A workspace with the first milestone earned."""
    for command in (("module", "complete", "00"), ("milestone", "run", "start", "--seed", "12")):
        assert tito(solved, *command).returncode == 0
    return solved


def change_record(home: Path, **evidence: object) -> None:
    path = home / "progress.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    record = {**state["milestones"]["start"], **evidence}
    state["milestones"]["start"] = {k: v for k, v in record.items() if v is not None}
    path.write_text(json.dumps(state), encoding="utf-8")


def verified(tito, workspace: Path, named: str, *options: str, **env: str) -> tuple[int, dict]:
    """The exit code and the one result."""
    said = tito(workspace, "verify", named, "--json", *options, **env)
    found = json.loads(said.stdout)
    assert found["exit_code"] == said.returncode, said.stderr
    (result,) = found["results"]
    return said.returncode, result


def test_an_earned_record_is_confirmed_and_nothing_is_recorded(tito, earned, tinytorch_home):
    before = (tinytorch_home / "progress.json").read_bytes()
    said = tito(earned, "verify", "start")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "✓ The same verdict again: 1900 - The Start" in said.stdout
    assert "accuracy      97.5%      97.5%" in said.stdout
    assert "Figures may differ by 0.02, or by 2%." in said.stdout
    code, result = verified(tito, earned, "start")
    assert (code, result["result"]) == (0, "same")
    assert result["recorded"] == {"outcome": "passed", "metrics": {"accuracy": 0.975}, "seed": 12}
    assert result["again"]["metrics"] == {"accuracy": 0.975}
    assert (tinytorch_home / "progress.json").read_bytes() == before


def test_a_teacher_checks_with_a_home_of_their_own(tito, earned, tinytorch_home, tmp_path):
    """From a student's progress, and from what a run has printed; one failed run among them."""
    own = {"TINYTORCH_HOME": str(tmp_path / "teacher")}
    assert verified(tito, earned, str(tinytorch_home / "progress.json"), **own)[0] == 0
    for name, options in (("one", ["start"]), ("all", ["--all"])):
        printed = tito(earned, "milestone", "run", *options, "--json").stdout
        (tmp_path / f"{name}.json").write_text(printed, encoding="utf-8")
        assert verified(tito, earned, f"../{name}.json", **own)[1]["result"] == "same"
    shown = tito(earned, "milestone", "info", "start", "--json").stdout
    (tmp_path / "info").write_text(shown, encoding="utf-8")
    assert verified(tito, earned, "../info", **own)[0] == 0
    assert not (tmp_path / "teacher" / "progress.json").exists()


def test_a_failed_run_that_fails_again_is_the_same(tito, earned, tmp_path):
    break_export(earned)
    printed = tito(earned, "milestone", "run", "start", "--json").stdout
    (tmp_path / "failed.json").write_text(printed, encoding="utf-8")
    assert json.loads(printed)["outcome"] == "failed"
    code, result = verified(tito, earned, "../failed.json")
    assert (code, result["result"], result["again"]["outcome"]) == (0, "same", "failed")


def break_export(workspace: Path) -> None:
    path = workspace / "tinytorch/seeds.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("return seed", "return seed + 1"), encoding="utf-8")


def test_other_code_is_named_and_not_run(tito, earned):
    break_export(earned)
    code, result = verified(tito, earned, "start")
    assert (code, result["result"], result["again"]) == (1, "changed", None)
    assert result["changed"] == {"00_setup": "not the same code"}
    shown = " ".join(tito(earned, "milestone", "status").stdout.split())
    assert "1900 - The Start: on record for other code of 00_setup than there is now" in shown
    assert "changed since 00_setup" in " ".join(tito(earned, "report").stdout.split())
    said = tito(earned, "verify", "start").stdout
    assert "00_setup: not the same code" in said


def test_code_that_is_not_exported_here(tito, earned, workspace):
    assert verified(tito, workspace, "start")[1]["changed"] == {"00_setup": "not exported here"}


FORGED = [
    ({"metrics": {"accuracy": 0.999}}, "different", ["accuracy"]),
    ({"metrics": {"accuracy": "97.5%"}}, "different", ["accuracy"]),
    ({"metrics": {"accuracy": 0.975, "loss": 0.1}}, "different", ["loss"]),
    ({"metrics": {"accuracy": 0.97}}, "same", []),
    ({"sources": {"00_setup": "0" * 64}}, "changed", []),
    ({"sources": {"03_line": "0" * 64}}, "changed", []),
    ({"sources": {}}, "no evidence", []),
    ({"sources": None}, "no evidence", []),
    ({"seed": None}, "no evidence", []),
    ({"seed": "12"}, "no evidence", []),
    ({"seed": -1}, "no evidence", []),
]


def test_a_record_that_was_written_by_hand(tito, earned, tinytorch_home):
    good = (tinytorch_home / "progress.json").read_bytes()
    for evidence, expected, far in FORGED:
        (tinytorch_home / "progress.json").write_bytes(good)
        change_record(tinytorch_home, **evidence)
        code, result = verified(tito, earned, "start")
        assert (result["result"], result["too_far_away"]) == (expected, far), evidence
        assert code == (0 if expected == "same" else 1)


def test_a_forged_pass_of_code_that_fails(tito, earned, tinytorch_home):
    break_export(earned)
    printed = json.loads(tito(earned, "milestone", "run", "start", "--json").stdout)
    change_record(tinytorch_home, sources=printed["evidence"]["sources"])
    code, result = verified(tito, earned, "start")
    assert (code, result["result"]) == (1, "different")
    assert "On record: passed. Now: failed." in result["reason"]


def test_answers_that_are_known_for_one_seed_alone(tito, earned, tinytorch_home):
    said = verified(tito, earned, "start", "--fresh")
    assert (said[0], said[1]["remarks"]) == (0, ["With a new seed, 41: passed."])
    path = earned / "modules/00_setup/setup.py"
    text = path.read_text("utf-8").replace("return seed", "return seed if seed == 12 else 12")
    path.write_text(text, encoding="utf-8")
    assert tito(earned, "export", "00", "--no-test").returncode == 0
    assert tito(earned, "milestone", "run", "start", "--seed", "12").returncode == 0
    assert verified(tito, earned, "start")[0] == 0
    code, result = verified(tito, earned, "start", "--fresh")
    assert (code, result["result"], result["again"]["outcome"]) == (1, "different", "failed")
    assert "With a new seed, 41: failed." in result["reason"]


def test_who_judged_then_is_said(tito, earned, tinytorch_home):
    assert verified(tito, earned, "start")[1]["remarks"] == []
    change_record(tinytorch_home, course="/somewhere", stale=["00"])
    by_hand, *remarks = verified(tito, earned, "start")[1]["remarks"]
    assert "by hand" in by_hand
    assert remarks[0] == "It was judged by another course then: /somewhere."
    assert remarks[1].startswith("The lessons had changed")
    change_record(tinytorch_home, course="installed", verification_edited=True)
    remarks = verified(tito, earned, "start")[1]["remarks"][1:]
    assert remarks[0] == "It was judged by an edited verification then."


def test_could_not_run_is_neither(tito, earned):
    (earned / "tests/milestones/pytest.ini").unlink()
    code, result = verified(tito, earned, "start", "--course", ".")
    assert (code, result["result"]) == (3, "could_not_run")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no record"),
        ('{"completed_milestones": []}', "no record"),
        ('{"milestone": 3}', "no record"),
    ],
)
def test_a_file_that_is_no_record(tito, workspace, content, words):
    if content is not None:
        (workspace / "record.json").write_text(content, encoding="utf-8")
    said = tito(workspace, "verify", "record.json")
    assert (said.returncode, words in said.stderr) == (2, True), said.stderr


def test_a_name_that_is_not_on_record(tito, workspace):
    said = tito(workspace, "verify", "start")
    assert (said.returncode, "1900 - The Start is not on record" in said.stderr) == (1, True)
    said = tito(workspace, "verify", "strat")
    assert (said.returncode, "Did you mean start?" in said.stderr) == (1, True)
    (workspace / "other.json").write_text('{"milestone": "gone", "outcome": "passed"}', "utf-8")
    assert verified(tito, workspace, "other.json")[1]["result"] == "unknown"


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"results": [3, {"results": []}]},
        {"completed_milestones": [3, None]},
        {"id": "start", "evidence": None},
    ],
)
def test_any_json_is_read(data: object) -> None:
    assert records_in(data) == []


def test_evidence_of_any_kind_is_read() -> None:
    for record in (None, 3, [], {"seed": True, "metrics": 3, "sources": [1]}):
        state = {"completed_milestones": ["start"], "milestones": {"start": record}}
        (found,) = records_in(state)
        assert (found.seed, dict(found.metrics), dict(found.sources)) == (None, {}, {})


@pytest.mark.parametrize(
    ("recorded", "again", "agrees"),
    [
        (0.98, 0.965, True),
        (0.999, 0.975, False),
        (1e-9, 3e-8, True),
        (2000, 2030, True),
        (2000, 2200, False),
        (float("nan"), float("nan"), False),
        (10**400, 10**400, True),
        ("text", "text", True),
        (None, None, False),
    ],
)
def test_the_tolerance(recorded: object, again: object, agrees: bool) -> None:
    assert Compared("accuracy", recorded, again).agrees is agrees


# ------------------------------------------------------------------ what was never earned


def test_names_without_evidence_are_shown_as_such(tito, solved, tinytorch_home):
    """The specification's three lists unlock work, and are not shown as work."""
    state = {
        "completed_modules": ["00_setup", "03_line"],
        "unlocked_milestones": ["start"],
        "completed_milestones": ["start"],
    }
    (tinytorch_home / "progress.json").write_text(json.dumps(state), encoding="utf-8")
    modules = tito(solved, "module", "status", COLUMNS="200").stdout
    assert "0 of 2 modules complete, 2 recorded without evidence" in modules
    assert "✓" not in modules
    rows = json.loads(tito(solved, "module", "status", "--json").stdout)["modules"]
    assert [(row["state"], row["evidence"]) for row in rows] == [("complete", "none")] * 2
    milestones = tito(solved, "milestone", "status").stdout
    assert "without evidence" in milestones
    assert "Completed" not in milestones
    info = tito(solved, "milestone", "info", "start").stdout
    assert "State: recorded without evidence" in info
    assert "Learned" not in info
    doctor = " ".join(tito(solved, "doctor").stdout.split())
    assert "0 modules complete, 0 milestones learned, 3 names recorded without evidence" in doctor
    code, result = verified(tito, solved, "start")
    assert (code, result["result"]) == (1, "no evidence")
    assert tito(solved, "milestone", "run", "start").returncode == 0
    row, slope = json.loads(tito(solved, "milestone", "status", "--json").stdout)["milestones"]
    assert (row["evidence"], slope["evidence"]) == ("record", None)


def test_a_module_that_is_complete_has_evidence(tito, earned):
    row, other = json.loads(tito(earned, "module", "status", "--json").stdout)["modules"]
    assert (row["evidence"], other["evidence"]) == ("record", None)
    assert "1 of 2 modules complete" in tito(earned, "module", "status").stdout


def test_the_script_by_hand_gives_no_evidence(tito, solved):
    script = solved / "tests/milestones/milestone_tracker.py"
    subprocess.run([sys.executable, str(script), "complete", "00_setup"], check=True)
    rows = json.loads(tito(solved, "module", "status", "--json").stdout)["modules"]
    assert rows[0]["evidence"] == "none"
