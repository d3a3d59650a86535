"""How the figures and the failures of a milestone read: pure functions, without a run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tito.core.milestones.progress_events import TrainingEvent
from tito.views.as_json import isolation_json
from tito.views.curves import ASCII
from tito.views.history import HISTORY
from tito.views.meanings import MEANINGS, meaning_of
from tito.views.milestone import (
    curve_lines,
    format_metric,
    history_lines,
    level_of,
    metric_lines,
    record_lines,
    wrapped,
)

TESTS = Path(__file__).parents[1] / "milestones/test_learning_verification.py"
OF_A_TEST = {"mlp_digits": ["mlp_digits"], "gpt": ["gpt", "learn_names"]}


def bars_of(milestone: str) -> Iterator[float]:
    """The bars in the milestone's test, as numbers."""
    names = {f"test_{milestone}_learning", *OF_A_TEST.get(milestone, [])}
    for function in ast.parse(TESTS.read_text(encoding="utf-8")).body:
        if isinstance(function, ast.FunctionDef) and function.name in names:
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("require"):
                    given = [*call.args, *(word.value for word in call.keywords)]
                    yield ast.literal_eval(given[-1])


@pytest.mark.parametrize("milestone", MEANINGS)
def test_every_bar_of_a_milestone_is_told(milestone: str) -> None:
    told = [bar for m in MEANINGS[milestone].values() for bar in (m.at_least, m.at_most)]
    bars, words = list(bars_of(milestone)), " ".join(m.words for m in MEANINGS[milestone].values())
    in_words = [bar for bar in bars if bar not in told]
    assert len(bars) >= 2
    assert sorted(filter(None, told)) == sorted(bar for bar in bars if bar in told)
    assert all(f"{bar * 100:.0f}" in words for bar in in_words)


def test_a_number_says_what_it_means_within_the_terminal() -> None:
    lines = [
        text
        for text, _ in metric_lines(
            {"accuracy": 0.975, "control_accuracy": 0.91, "other": 3.0}, "cnn", 1.5
        )
    ]
    assert lines[0] == "  accuracy              97.5%  of held-out digits are right (at least 95%)"
    assert " ".join(" ".join(lines[1:3]).split()) == (
        "control accuracy 91.0% with frozen filters, so the filters did learn something "
        "(at most 93%)"
    )
    assert lines[-2:] == ["  other                     3", "  time                  1.5 s"]
    assert max(map(len, lines)) <= 80


def test_a_milestone_of_another_course_has_its_numbers_alone() -> None:
    assert meaning_of("mine", "loss") == ""
    assert metric_lines({"loss": 0.5}, "mine") == [("  loss        0.5", "")]
    assert history_lines("mine", 80) == []


@pytest.mark.parametrize("milestone", HISTORY)
def test_a_year_is_told_in_a_few_lines(milestone: str) -> None:
    lines = [text for text, _ in history_lines(milestone, 80)]
    assert 4 <= len(lines) <= 6
    assert max(map(len, lines)) <= 80


def test_a_loss_that_falls_by_orders_of_magnitude_has_a_log_scale() -> None:
    far = [TrainingEvent("training", step, 3, 10.0**-step) for step in (1, 2, 3)]
    assert curve_lines(far, ASCII, 80)[1][0] == "  loss, training, on minibatches, log scale"
    assert curve_lines(far[:2], ASCII, 80)[1][0] == "  loss, training, on minibatches"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("accuracy", 0.9721, "97.2%"),
        ("loss", 3.14e-9, "3.14e-09"),
        ("parameters", 2410.0, "2410"),
        ("accuracy", float("nan"), "nan"),
        ("accuracy", float("-inf"), "-inf"),
        ("parameters", 10**400, "1" + "0" * 19),
        ("note", "by hand", "by hand"),
        ("done", True, "True"),
    ],
)
def test_whatever_a_record_holds_is_shown(name: str, value: object, shown: str) -> None:
    assert format_metric(name, value) == shown


def test_a_long_fact_goes_on_below_its_text_not_below_its_label() -> None:
    assert wrapped("  yours   [1.5, 2.5, 3.5]", 20) == ["  yours   [1.5, 2.5,", "          3.5]"]
    assert wrapped("The gradient is wrong", 12) == ["The gradient", "is wrong"]
    assert wrapped("  short", 12) == ["  short"]


def test_the_level_of_isolation_is_told_without_its_means() -> None:
    held = "sandbox + landlock 7 + seccomp"
    assert level_of(held) == "sandbox"
    record = {"completed_at": "2026-01-02T03:04:05", "seed": 5, "isolation": held}
    assert record_lines(record)[0][0] == "  Learned on 2026-01-02, with seed 5, isolation: sandbox"
    means = ["landlock 7", "seccomp"]
    assert isolation_json(held) == {"isolation": "sandbox", "isolation_means": means}
    assert isolation_json("") == {"isolation": None, "isolation_means": []}
