"""A wrong result is shown in a small case, and with the mistake that was fitted to it."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "milestones"))

from verification import wording
from verification.failures import Failure
from verification.probes import heads, softmax_back
from verification.probes.compared import check_gradients, check_result
from verification.probes.fitting import fitted, slope_question
from verification.probes.inputs import spread
from verification.probes.operation import Operation, few
from verification.probes.probe import Kit

Array = np.ndarray


class Value:
    """A tensor that knows only `exp`, with a chosen result and slope."""

    result: Any = staticmethod(np.exp)
    slope: Any = staticmethod(np.exp)

    def __init__(self, data: Array, requires_grad: bool = False) -> None:
        self.data, self.grad = np.asarray(data), None

    def exp(self) -> Value:
        made = Value(self.result(self.data))
        made.backward = lambda above: setattr(  # type: ignore[attr-defined]
            self, "grad", Value(self.slope(self.data) * above.data)
        )
        return made


def said(result: Any = np.exp, slope: Any = np.exp, check: Any = check_gradients) -> Failure:
    members = {"result": staticmethod(result), "slope": staticmethod(slope)}
    kind = type("Wrong", (Value,), members)
    op = Operation("Value.exp", "x.exp()", {"x": spread(3, 4)}, lambda tt, x: x.exp(), np.exp)
    with pytest.raises(Failure) as caught:
        check(op, Kit(SimpleNamespace(tensor=kind), np.random.default_rng(0)))
    return caught.value


def test_the_input_used_in_place_of_the_result_is_said() -> None:
    failure = said(slope=lambda x: x)
    assert failure.said.endswith(
        "is the gradient from above multiplied by x, where it should be result, with result = "
        "x.exp()?"
    )


def test_few_numbers_are_shown_and_what_backward_began_with() -> None:
    facts = said(slope=lambda x: x).facts
    x, above = facts["with"].split("; the gradient from above ")
    assert x.count(",") == above.count(",") == facts["yours"].count(",") == 1
    assert facts["with"].count(".") == 4
    assert len(facts["with"]) < 60


def test_numbers_that_no_formula_gives_are_those_of_one_entry() -> None:
    failure = said(result=lambda x: np.sinh(x) + 3, check=check_result)
    assert " instead of " in failure.said
    assert "entries" not in failure.said
    x = float(failure.facts["with"].removeprefix("x ").strip("[]"))
    assert failure.facts["numpy"] == f"[[{math.exp(x):.4f}]]"


def test_a_mistake_that_needs_two_entries_is_not_shown_with_one() -> None:
    failure = said(result=lambda x: np.exp(x[::-1]), check=check_result)
    assert "is reversed along dimension 0" in failure.said
    assert failure.facts["yours"].count("],") == 1  # two rows, as one would be right


def test_the_number_in_a_formula_is_solved_for() -> None:
    x = np.linspace(-1, 1, 6)
    families = {
        "is it {}, where it should be {}?": (lambda x: 0.5, lambda a: lambda x: np.tanh(a * x))
    }
    found = fitted(families, np.tanh(x / math.sqrt(3)), lambda oracle: oracle(x), [x])
    assert found == "is it 0.57735 = 1 / sqrt(3), where it should be 0.5 = 1 / 2?"
    assert fitted(families, np.sin(3 * x), lambda oracle: oracle(x), [x]) == ""
    assert fitted(families, np.tanh(x / 2), lambda oracle: oracle(x), [x]) == ""


def test_a_slope_that_is_no_simple_formula_is_not_guessed() -> None:
    x, g = np.linspace(0.1, 1, 6), np.ones(6)
    assert slope_question("x.exp()", x, np.exp(x), g, np.arctan(x), np.exp(x)) == ""


def test_no_slip_is_the_right_formula() -> None:
    rng = np.random.default_rng(0)
    p, g = rng.dirichlet(np.ones(4), 3), rng.normal(size=(3, 4))
    right = p * (g - (p * g).sum(axis=-1, keepdims=True))
    sums: dict[str, softmax_back.Axes] = {"each row": (-1,), "each column": (0,), "all": None}
    for question, slip in softmax_back.slips("g", "p", sums).items():
        assert not np.allclose(slip(p, g), right), question


def test_no_other_order_of_the_axes_is_the_right_one() -> None:
    x = np.arange(2 * 3 * 8.0).reshape(2, 3, 8)
    apart = heads.heads_apart(x)
    assert np.array_equal(heads.joined_in(heads.RIGHT, apart), x)
    assert np.array_equal(heads.cut_in(heads.RIGHT, x), apart)
    for order in heads.OTHERS:
        assert not np.array_equal(heads.joined_in(order, apart), x)
        assert not np.array_equal(heads.cut_in(order, x), apart)


def test_large_arrays_are_shown_from_the_first_difference_on() -> None:
    right = np.arange(30.0).reshape(5, 6)
    wrong = right.copy()
    wrong[2, 1] += 1e-6 * 20
    shown = wording.show_both(wrong, right)
    assert shown["yours"].startswith("shape (5, 6), from [2, 1] on [13.00002")
    assert shown["yours"] != shown["numpy"]


def test_many_names_are_cut() -> None:
    assert few([f"p{i}" for i in range(9)]) == "p0, p1, p2, p3, p4, p5 and 3 more"
    assert few(["a", "b"]) == "a, b"
