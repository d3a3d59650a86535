"""One judgment: what ends a run early means the same for a module and for a milestone."""

from __future__ import annotations

import os

import pytest

from tito.core.milestones.attempt import FAULT_OF
from tito.core.milestones.tracker import Tracker
from tito.core.outcome import Evidence, Fault, Outcome
from tito.core.testing.ending import Ending
from tito.core.workspace.workspace import Workspace

from .conftest import Desk

QUICK = {"TITO_TEST_SECONDS": "1.5"}

# What stands in manual_seed, and what both ways say to it.
MISBEHAVIOR = {
    "an endless loop": ("while True: pass", Outcome.FAILED, 1),
    "a flood": ("while True: print('x' * 100_000)", Outcome.FAILED, 1),
    "os._exit": ("__import__('os')._exit(0)", Outcome.FAILED, 1),
    "sys.exit": ("raise SystemExit(0)", Outcome.FAILED, 1),
    "a skip": ("__import__('pytest').skip('no')", Outcome.FAILED, 1),
    "a crash of Python": ("__import__('ctypes').string_at(0)", Outcome.FAILED, 1),
    "killed from outside": (
        "__import__('os').kill(__import__('os').getpid(), 9)",
        Outcome.COULD_NOT_RUN,
        3,
    ),
    "a wrong answer": ("return seed + 1", Outcome.FAILED, 1),
}


def with_short_milestones(desk: Desk) -> None:
    tracker = desk.root / "tests/milestones/milestone_tracker.py"
    short = "\n\nfor _entry in MILESTONES.values():\n    _entry['timeout'] = 3\n"
    tracker.write_text(tracker.read_text(encoding="utf-8") + short, encoding="utf-8")


@pytest.mark.parametrize("kind", MISBEHAVIOR)
def test_both_ways_agree(solved_desk: Desk, kind: str) -> None:
    if kind == "killed from outside" and os.name != "posix":
        pytest.skip("sends a signal")
    code, outcome, exit_code = MISBEHAVIOR[kind]
    with_short_milestones(solved_desk)
    exported = solved_desk.root / "tinytorch" / "seeds.py"
    right = exported.read_text(encoding="utf-8")
    assert "    return seed\n" in right
    exported.write_text(right.replace("    return seed\n", f"    {code}\n"), encoding="utf-8")
    milestone = solved_desk.judged_by_own("milestone", "run", "start", "--json")
    exported.write_text(right, encoding="utf-8")
    solved_desk.change("00_setup", "    return seed\n", f"    {code}\n")
    module = solved_desk.tito("module", "test", "00", "--json", **QUICK)
    assert (milestone.json["outcome"], milestone.code) == (outcome, exit_code), milestone.all
    assert (module.json["outcome"], module.code) == (outcome, exit_code), module.all
    if outcome is Outcome.COULD_NOT_RUN:
        assert module.json["cause"]["fault"] == Fault.MACHINE


@pytest.mark.parametrize("code", ["1 / 0", "raise SystemExit", "import no_such_part_of_it"])
def test_both_ways_agree_on_code_that_cannot_be_imported(solved_desk: Desk, code: str) -> None:
    exported = solved_desk.root / "tinytorch" / "seeds.py"
    right = exported.read_text(encoding="utf-8")
    exported.write_text(f"{right}\n{code}\n", encoding="utf-8")
    milestone = solved_desk.tito("milestone", "run", "start", "--json")
    exported.write_text(right, encoding="utf-8")
    solved_desk.on_top("00_setup", code)
    module = solved_desk.tito("module", "test", "00", "--json")
    assert (milestone.json["outcome"], milestone.code) == ("failed", 1), milestone.all
    assert (module.json["outcome"], module.code) == ("failed", 1), module.all


def test_an_outcome_follows_from_whose_fault_it_is() -> None:
    for ending in Ending:
        cause = ending.cause(**dict.fromkeys(FACTS, 0))
        student = cause.fault is Fault.STUDENT
        assert cause.fault.outcome is (Outcome.FAILED if student else Outcome.COULD_NOT_RUN)
        assert cause.fault.exit_code == (1 if student else 3)
    assert {outcome: fault.outcome for outcome, fault in FAULT_OF.items()} == {
        outcome: outcome for outcome in FAULT_OF
    }


FACTS = [
    "doing",
    "file",
    "limit",
    "seconds",
    "code",
    "signal",
    "task",
    "undefined",
    "module",
    "error",
    "test",
    "package",
]  # every name that a sentence of the table has a place for


def test_the_tracker_has_the_same_words(solved_desk: Desk) -> None:
    tracker = Tracker(Workspace(solved_desk.root), {})
    theirs = {word.name: word.value for word in tracker.required.Outcome}
    assert theirs == {word.name: word.value for word in Outcome}
    theirs = {word.name: word.value for word in tracker.required.Evidence}
    assert theirs == {word.name: word.value for word in Evidence}
