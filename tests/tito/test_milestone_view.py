"""How the figures and the failures of a milestone read: pure functions, without a run."""

from __future__ import annotations

import pytest

from tito.core.milestones.progress_events import Bar, read_bar
from tito.views import milestone as view
from tito.views.as_json import isolation_json
from tito.views.milestone import format_metric, level_of, record_lines, wrapped


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


def test_each_number_comes_with_its_meaning_and_its_bar() -> None:
    bars = [
        Bar("accuracy on held-out points", 0.995, at_least=0.98),
        Bar("one neuron on XOR", 0.52, at_most=0.75, shows="so no line is enough there"),
    ]
    metrics = {"accuracy": 0.995, "loss": 0.0205, "control_accuracy": 0.52, "mystery": 3}
    lines = view.measured_lines(metrics, bars, 0.31, 100)
    assert [text for text, _ in lines] == [
        "      99.5%   accuracy on held-out points; needed: 98.0%",
        "      52.0%   one neuron on XOR; a control, at most 75%: so no line is enough there",
        "     0.0205   loss on the held-out examples",
        "          3   mystery",
        "      0.3 s   in all",
    ]
    narrow = [text for text, _ in view.measured_lines({}, bars, 0.31, 60)]
    assert narrow[2] == "              a control, at most 75%: so no line is enough there"
    assert all(len(text) <= 80 for text in narrow)


@pytest.mark.parametrize("raw", [{}, {"bar": 3}, {"bar": {"what": 1, "value": 2}}, {"bar": {}}])
def test_only_a_bar_is_a_bar(raw: dict[str, object]) -> None:
    assert read_bar(raw) is None
    assert read_bar({"bar": {"what": "x\x1b[2J", "value": 1}}) == Bar("x [2J", 1.0)
