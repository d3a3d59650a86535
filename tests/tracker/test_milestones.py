"""The milestones as data: complete, in order, and enough by themselves to add another one."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

FOUNDATION = ["00_setup", "01_tensor", "02_autograd"]
DIGITS = [*FOUNDATION, "03_nn", "04_training"]
REQUIRED = {
    "perceptron": FOUNDATION,
    "xor": [*FOUNDATION, "03_nn"],
    "mlp_digits": DIGITS,
    "cnn": [*DIGITS, "07_spatial"],
    "transformer": [*DIGITS, "11_embeddings", "12_attention"],
    "lstm": [*DIGITS, "05_data", "08_recurrent"],
    "resnet": [*DIGITS, "05_data", "06_normalization", "07_spatial"],
    "gpt": [
        *DIGITS, "05_data", "06_normalization", "09_serialization", "10_tokenization",
        "11_embeddings", "12_attention", "13_transformer",
    ],
}  # fmt: skip
FIRST = ["perceptron", "xor", "mlp_digits", "cnn", "transformer"]


def test_the_order_starts_as_the_contract_says_and_names_every_milestone(mt: ModuleType) -> None:
    assert mt.MILESTONE_ORDER[:5] == FIRST
    assert sorted(mt.MILESTONE_ORDER) == sorted(mt.MILESTONES)


@pytest.mark.parametrize("name", REQUIRED)
def test_each_has_its_requirements_and_all_that_is_shown(mt: ModuleType, name: str) -> None:
    definition = mt.MILESTONES[name]
    assert definition["requires"] == REQUIRED[name]
    assert definition["test"] == f"test_{name}_learning"
    assert definition["name"][:4].isdigit()
    assert len(definition["name"]) <= 29, "wider names do not leave room for a result in 80 columns"
    assert definition["description"]
    assert definition["unlock_message"].startswith("🎉 You can now")
    assert {"gradient_error", "control_accuracy"} <= set(definition["metrics"])


def test_the_years_are_in_order(mt: ModuleType) -> None:
    """Those of the first five, and those of the milestones that follow."""
    years = [int(mt.MILESTONES[name]["name"][:4]) for name in mt.MILESTONE_ORDER]
    assert years[:5] == sorted(years[:5])
    assert years[5:] == sorted(years[5:])


@pytest.mark.parametrize("name", REQUIRED)
def test_it_opens_with_the_last_of_its_modules_and_not_before(
    mt: ModuleType, tracker: Any, name: str
) -> None:
    *first, last = REQUIRED[name]
    for module in first:
        tracker.mark_module_complete(module)
    assert not tracker.can_run_milestone(name)
    assert tracker.missing_modules(name) == [last]
    assert name in tracker.mark_module_complete(last)
    assert tracker.can_run_milestone(name)


def test_the_order_of_the_modules_does_not_matter(tracker: Any) -> None:
    for module in reversed(FOUNDATION[1:]):
        assert tracker.mark_module_complete(module) == []
    assert tracker.mark_module_complete("00_setup") == ["perceptron"]


@pytest.mark.parametrize(
    ("wrong", "near"), [("perceptorn", "perceptron"), ("XOR", "xor"), ("mlp", "mlp_digits")]
)
def test_an_unknown_milestone_is_an_error_with_the_nearest_name(
    mt: ModuleType, tracker: Any, wrong: str, near: str
) -> None:
    for call in (tracker.can_run_milestone, tracker.run_milestone, tracker.mark_milestone_complete):
        with pytest.raises(mt.UnknownMilestone) as caught:
            call(wrong)
        assert near in caught.value.hint
        assert caught.value.exit_code == 1


def add_one(mt: Any) -> None:
    """The specification's first two steps, word for word."""
    mt.MILESTONES["new_milestone"] = {
        "name": "2025 - New Breakthrough",
        "requires": ["00_setup", "01_tensor", "15_new_module"],
        "test": "test_new_milestone_learning",
        "description": "Description of the breakthrough",
        "unlock_message": "🎉 You can now...",
    }
    mt.MILESTONE_ORDER = [*mt.MILESTONE_ORDER, "new_milestone"]


def test_a_new_milestone_needs_only_the_three_steps(
    mt: ModuleType, tracker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    add_one(mt)
    for module in ("00_setup", "01_tensor"):
        tracker.mark_module_complete(module)
    result = mt.check_module_export("15_new_module")
    assert result["newly_unlocked"] == ["new_milestone"]
    assert "🎉 You can now..." in result["messages"][0]
    record = {"metrics": {"accuracy": 1.0}, "seed": 1, "sources": {"00_setup": "its hash"}}
    tracker.mark_milestone_complete("new_milestone", record)
    mt.show_progress()
    mt.list_tests()
    shown = capsys.readouterr().out
    assert "2025 - New Breakthrough" in shown
    assert "Completed" in shown
    assert "test_new_milestone_learning" in shown


def test_a_new_milestone_that_is_not_yet_in_the_order_comes_last(mt: Any) -> None:
    add_one(mt)
    mt.MILESTONE_ORDER = mt.MILESTONE_ORDER[:-1]
    assert mt.ordered_milestones() == [*mt.MILESTONE_ORDER, "new_milestone"]
