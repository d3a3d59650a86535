"""What a person sees: legible in 80 columns, without color, without emoji, in a pipe."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from rich.console import Console

FOUNDATION = ("00_setup", "01_tensor", "02_autograd")
EMOJI = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")


def shown(tracker: Any, what: str = "show_progress", **options: Any) -> str:
    screen = options.pop("file", None) or io.StringIO()
    options = {"width": 80, "legacy_windows": False, **options}
    getattr(tracker, what)(Console(file=screen, **options))
    screen.seek(0)
    text: str = screen.read()
    return text


def latin_1() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="latin-1")


REPEATABLE: dict[str, Any] = {"seed": 7, "sources": {"00_setup": "its hash"}}


@pytest.fixture
def advanced(tracker: Any) -> Any:
    """The first milestone completed, the second open, the others locked."""
    for name in (*FOUNDATION, "03_nn"):
        tracker.mark_module_complete(name)
    metrics = {"gradient_error": 1e-9, "accuracy": 0.9725}
    evidence = {"metrics": metrics, "completed_at": "2026-03-04T10:00:00+00:00", **REPEATABLE}
    tracker.mark_milestone_complete("perceptron", evidence)
    return tracker


def test_it_is_the_specifications_table(tracker: Any) -> None:
    for name in FOUNDATION:
        tracker.mark_module_complete(name)
    text = shown(tracker)
    assert text.startswith("🎯 TinyTorch Milestone Progress\n┌──")
    for part in ("Milestone", "Status", "Requirements"):
        assert part in text.splitlines()[2]
    assert re.search(r"│ 1957 - The Perceptron +│ 🔓 Unlocked │ 3/3 modules  │", text)
    assert re.search(r"│ 1986 - Backpropagation \(XOR\) +│ +🔒 Locked +│ 3/4 modules  │", text)


def test_a_completed_one_shows_its_figure_and_its_date(advanced: Any) -> None:
    text = shown(advanced)
    assert "✅ Completed" in text
    assert "accuracy 97.2%, 2026-03-04" in text


def test_all_completed_fits_in_80_columns(tracker: Any, mt: ModuleType) -> None:
    for name in mt.MILESTONE_ORDER:
        for module in mt.MILESTONES[name]["requires"]:
            tracker.mark_module_complete(module)
        figure = mt.MILESTONES[name]["metrics"][0]
        tracker.mark_milestone_complete(name, {"metrics": {figure: 1.0}, **REPEATABLE})
    text = shown(tracker)
    assert max(map(len, text.splitlines())) <= 80
    for name in mt.MILESTONE_ORDER:
        assert mt.MILESTONES[name]["name"] in text, "a name was broken into two lines"
    assert "exact match 100.0%" in text
    assert "All milestones are completed." in text


@pytest.mark.parametrize(
    "record",
    [{}, {"metrics": None}, {"metrics": {"accuracy": "good"}}, {"completed_at": 3},
     {"metrics": {"accuracy": None}, "completed_at": None},
     {"metrics": {"accuracy": 10**400}}, {"metrics": {"accuracy": float("nan")}},
     {"completed_at": "\ud800 is no letter"}, {"completed_at": "\x1b[2J\n2026-03-04"}],
)  # fmt: skip
def test_a_completed_one_without_a_readable_record_is_shown_as_completed(
    tracker: Any, record: dict[str, Any]
) -> None:
    tracker.mark_milestone_complete("perceptron", {"completed_at": "", **REPEATABLE, **record})
    text = shown(tracker)
    text.encode("utf-8")
    assert "Completed" in text
    assert not re.search(r"%|\x1b|2026", text)


def test_a_milestone_without_metrics_shows_its_date(tracker: Any, mt: ModuleType) -> None:
    del mt.MILESTONES["xor"]["metrics"]
    tracker.mark_milestone_complete("xor", {"completed_at": "2026-03-04", **REPEATABLE})
    assert "2026-03-04" in shown(tracker)


BY_HAND: list[dict[str, Any] | None] = [
    None,
    {"metrics": {"accuracy": 0.99}, "completed_at": "2026-03-04"},
    {"metrics": {"accuracy": 0.99}, "seed": 7},
    {"metrics": {"accuracy": 0.99}, "seed": 7, "sources": {}},
    {"metrics": {"accuracy": 0.99}, "seed": 7, "sources": "none"},
    {"metrics": {"accuracy": 0.99}, "seed": True, "sources": {"00_setup": "its hash"}},
]


@pytest.mark.parametrize("record", BY_HAND)
def test_what_is_written_by_hand_is_never_shown_as_learned(
    tracker: Any, mt: ModuleType, record: dict[str, Any] | None
) -> None:
    tracker.mark_milestone_complete("perceptron", record)
    for module in mt.MILESTONES["perceptron"]["requires"]:
        tracker.mark_module_complete(module)
    text = shown(tracker)
    assert "📝 Recorded" in text
    assert "without evidence" in text
    assert not re.search(r"✅|Completed|99.0%|2026", text)
    listed = shown(tracker, "list_unlocked_tests")
    assert "1957 - The Perceptron (recorded without evidence)" in listed
    row, *others = tracker.status()
    assert (row["state"], row["evidence"]) == ("completed", "none")
    assert {other["evidence"] for other in others} == {None}


EDITS: list[Callable[[dict[str, Any]], Any]] = [
    lambda record: record["metrics"].update(accuracy=0.99),
    lambda record: record.update(seed=8),
    lambda record: record["sources"].update({"00_setup": "another hash"}),
    lambda record: record.update(completed_at="2025-01-01"),
    lambda record: record.pop("seal"),
    lambda record: record.update(seal="0" * 32),
    lambda record: record.update(course="/mine"),
]


def test_a_record_that_was_edited_is_no_evidence(tracker: Any) -> None:
    record = {"metrics": {"accuracy": 0.98, "loss": np.float32(0.1)}, **REPEATABLE}
    tracker.mark_milestone_complete("perceptron", record)
    good = tracker.store.path.read_text("utf-8")
    assert tracker.status()[0]["evidence"] == "record"
    for edit in EDITS:
        state = json.loads(good)
        edit(state["milestones"]["perceptron"])
        tracker.store.path.write_text(json.dumps(state), encoding="utf-8")
        assert tracker.status()[0]["evidence"] == "none", edit
    state = json.loads(good)
    state["milestones"]["xor"] = state["milestones"]["perceptron"]
    state["completed_milestones"].append("xor")
    tracker.store.path.write_text(json.dumps(state, indent=2), encoding="utf-8")
    rows = {row["id"]: row["evidence"] for row in tracker.status()}
    assert (rows["perceptron"], rows["xor"]) == ("record", "none"), "laid out anew, or copied"


def test_what_another_course_has_judged_is_evidence_there_alone(tracker: Any) -> None:
    tracker.mark_milestone_complete("perceptron", {**REPEATABLE, "course": "/mine"})
    assert tracker.status()[0]["evidence"] == "none"
    tracker.course = "/mine"
    assert tracker.status()[0]["evidence"] == "record"


def test_a_record_of_a_run_is_evidence(advanced: Any) -> None:
    assert advanced.status()[0]["evidence"] == "record"


def test_when_all_are_recorded_the_one_without_evidence_comes_next(
    tracker: Any, mt: ModuleType
) -> None:
    for name in mt.MILESTONE_ORDER:
        for module in mt.MILESTONES[name]["requires"]:
            tracker.mark_module_complete(module)
        tracker.mark_milestone_complete(name, None if name == "cnn" else REPEATABLE)
    last = shown(tracker).rstrip().splitlines()[-1]
    assert last == "Next: tito milestone run cnn  (it is recorded without evidence)"


def test_the_next_command_is_always_there(tracker: Any, advanced: Any) -> None:
    assert shown(advanced).rstrip().endswith("Next: tito milestone run xor")
    advanced.mark_milestone_complete("xor")
    assert shown(advanced).rstrip().endswith("Next: tito module start 04")


def test_at_the_very_beginning_it_is_the_first_module(tracker: Any) -> None:
    assert shown(tracker).rstrip().endswith("Next: tito module start 00")
    assert "tito module start 00" in shown(tracker, "list_unlocked_tests")


def test_the_list_has_only_what_is_unlocked(advanced: Any) -> None:
    text = shown(advanced, "list_unlocked_tests")
    assert "1957 - The Perceptron (completed)" in text
    assert "test_xor_learning: tito milestone run xor" in text
    assert "transformer" not in text.lower()


def test_in_a_pipe_there_are_no_escape_codes(advanced: Any) -> None:
    assert "\x1b" not in shown(advanced)


@pytest.mark.parametrize("what", ["show_progress", "list_unlocked_tests"])
def test_a_terminal_that_knows_no_emoji_gets_none(advanced: Any, what: str) -> None:
    text = shown(advanced, what, file=latin_1())
    text.encode("latin-1")
    assert "?" not in text
    assert "ompleted" in text
    if what == "show_progress":
        assert "| 1986 - Backpropagation (XOR) | " in re.sub(" +", " ", text)


@pytest.mark.parametrize("width", [40, 20])
def test_a_narrow_screen_breaks_words_and_loses_none_of_their_letters(
    advanced: Any, width: int
) -> None:
    text = shown(advanced, file=latin_1(), width=width)
    first_column = "".join(line.split("|")[1].strip() for line in text.splitlines() if "|" in line)
    assert "Backpropagation(XOR)" in first_column.replace(" ", "")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_it_plain_gets_it_plain(
    advanced: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    text = shown(advanced, force_terminal=True)
    assert not EMOJI.search(text)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text), "a color"


def test_the_unlock_message_too_is_plain_there(mt: ModuleType) -> None:
    screen = latin_1()
    for name in FOUNDATION:
        mt.check_module_export(name, Console(file=screen, width=80))
    screen.seek(0)
    text = screen.read()
    assert "MILESTONE UNLOCKED!" in text
    assert "?" not in text


def test_brackets_in_a_name_are_not_markup(tracker: Any, mt: ModuleType) -> None:
    mt.MILESTONES["xor"]["name"] = "1986 - [bold]Backprop[/x]"
    assert "[bold]Backprop[/x]" in shown(tracker)


def test_without_a_console_it_goes_to_the_screen(
    mt: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    mt.show_progress()
    mt.list_tests()
    assert "TinyTorch Milestone Progress" in capsys.readouterr().out
