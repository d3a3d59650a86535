"""How the figures and the failures of a milestone read: pure functions, without a run."""

from __future__ import annotations

import pytest

from tito.views.milestone import format_metric, wrapped


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
