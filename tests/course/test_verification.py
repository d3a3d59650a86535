"""The verification's own tools: what they notice, what they do not mistake, and how they say it.

They run on a framework of forty lines that is defined here, so that each error can be made by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "milestones"))

from verification import explain, gradients, layers, wording
from verification.failures import Failure
from verification.probes import m01_tensor, m06_normalization, m08_recurrent
from verification.probes.compared import check_gradients, check_result, numeric_gradient
from verification.probes.inputs import spread
from verification.probes.normalizing import EPS, WayBack
from verification.probes.operation import Operation, draw
from verification.probes.probe import Kit, Probe, run_probe
from verification.probes.recurring_back import SUFFIX, LSTMBack, RNNBack


class Parameter:
    """What the gradient check needs of one: `.data` and `.grad`."""

    def __init__(self, array: np.ndarray) -> None:
        self.data = array
        self.grad: Any = None


def a_model(rng: np.random.Generator, spoil: Callable[[dict[str, np.ndarray]], None]) -> Any:
    """(parameters, backward, loss) of relu(x w) v with a squared loss; `spoil` edits gradients."""
    x, target = rng.normal(size=(6, 5)), rng.normal(size=6)
    named = {"w": Parameter(rng.normal(size=(5, 20))), "v": Parameter(rng.normal(size=20))}

    def forward() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        before = x @ named["w"].data
        hidden = np.maximum(before, 0)
        return before, hidden, hidden @ named["v"].data - target

    def loss() -> float:
        return float((forward()[2] ** 2).mean())

    def backward() -> None:
        before, hidden, error = forward()
        each = 2 * error / len(error)
        found = {
            "v": hidden.T @ each,
            "w": x.T @ (each[:, None] * named["v"].data * (before > 0)),
        }
        spoil(found)
        for name, grad in found.items():
            named[name].grad = SimpleNamespace(data=grad)

    return named, backward, loss


def checked(spoil: Callable[[dict[str, np.ndarray]], None] = lambda found: None) -> Any:
    rng = np.random.default_rng(3)
    return gradients.check_parameters(*a_model(rng, spoil), rng)


def test_right_gradients_agree_to_many_digits() -> None:
    result = checked()
    assert not result.wrong
    assert result.worst < 1e-6


def test_a_relative_error_of_one_in_ten_thousand_is_noticed() -> None:
    def spoil(found: dict[str, np.ndarray]) -> None:
        found["w"] *= 1 + 1e-4

    assert list(checked(spoil).wrong) == ["w"]


def test_one_wrong_entry_of_a_large_tensor_is_noticed() -> None:
    """It may not be among the samples, but a random direction has a share in it."""

    def spoil(found: dict[str, np.ndarray]) -> None:
        found["w"][3, 7] += 1e-2

    assert list(checked(spoil).wrong) == ["w"]


def test_a_missing_gradient_counts_as_zero() -> None:
    rng = np.random.default_rng(3)
    named, _, loss = a_model(rng, lambda found: None)
    result = gradients.check_parameters(named, lambda: None, loss, rng)
    assert list(result.wrong) == ["w", "v"]


def found_in_training(spoil: Callable[[dict[str, np.ndarray]], None] = lambda found: None) -> Any:
    """What is wrong with gradients in float32, of parameters in float32."""
    rng = np.random.default_rng(3)
    named, backward, loss = a_model(rng, spoil)
    for p in named.values():
        p.data = p.data.astype(np.float32)
    backward()
    for p in named.values():
        p.grad.data = p.grad.data.astype(np.float32)
    kept = {name: (p.data, p.grad) for name, p in named.items()}
    wrong = gradients.check_found(named, loss, rng, 1e-2)
    for name, (data, grad) in kept.items():
        assert named[name].data is data
        assert named[name].grad is grad
    return wrong


def test_right_gradients_in_float32_are_right() -> None:
    assert not found_in_training()


def test_a_gradient_that_is_wrong_only_in_training_is_noticed() -> None:
    def spoil(found: dict[str, np.ndarray]) -> None:
        found["v"] *= 1.05

    assert list(found_in_training(spoil)) == ["v"]


@pytest.mark.parametrize("distance", [0.0, 1e-7, -3e-6])
def test_a_kink_is_not_taken_for_an_error(distance: float) -> None:
    """|p| next to its kink: the central quotient is wrong, one side is right."""
    named = {"p": Parameter(np.array([distance, 1.0]))}

    def backward() -> None:
        sign = np.where(named["p"].data > 0, 1.0, -1.0)
        named["p"].grad = SimpleNamespace(data=sign)

    def loss() -> float:
        return float(np.abs(named["p"].data).sum())

    result = gradients.check_parameters(named, backward, loss, np.random.default_rng(0))
    assert not result.wrong


def test_parameters_come_back_as_they_were() -> None:
    array = np.zeros(3, np.float32)
    named = {"p": Parameter(array)}
    with gradients.in_float64(named, np.random.default_rng(0)):
        assert named["p"].data.dtype == np.float64
    assert named["p"].data is array


def test_a_parameter_is_named_where_a_sequential_keeps_a_list() -> None:
    """`0.weight` is the name in PyTorch, too, but `model.0` need not be an attribute."""

    class Sequential:
        pass

    assert layers.owner_of(Sequential(), "0.weight") == "Sequential.weight"
    assert layers.module_of(Sequential(), "0.weight") == "03_nn"


def test_the_file_of_a_layer_is_not_that_of_the_sequential_around_it() -> None:
    conv = type("Conv2d", (), {})()
    model = type("Sequential", (), {"0": conv})()
    assert layers.module_of(model, "0.weight") == "07_spatial"


# ------------------------------------------------------------------------------------------- words

RIGHT = np.array([[1.0, -2.0], [0.0, 4.0]])


@pytest.mark.parametrize(
    ("actual", "kind", "words"),
    [
        (None, "missing", "is None"),
        (np.ones(3), "shape", "has shape (3,) instead of (2, 2)"),
        (RIGHT * np.nan, "nan", "is NaN at 4 of 4 entries"),
        (RIGHT * 0, "zero", "is zero everywhere"),
        (-RIGHT, "sign", "has the wrong sign"),
        (32 * RIGHT, "factor", "is 32 times too large"),
        (RIGHT / 8, "factor", "is 8 times too small"),
        (RIGHT * (1 + 2e-5), "factor", "is 0.002 % too large"),
        (-2 * RIGHT, "factor", "has the wrong sign and is 2 times too large"),
        (np.full((2, 2), 7.0), "constant", "is 7 everywhere"),
        (
            np.add(RIGHT, [[0, 0], [3, 0]]),
            "extra",
            "is not zero at 1 of 4 entries, where it must be",
        ),
        (RIGHT * [[1, 0], [1, 1]], "dropped", "is zero at 1 of 4 entries, where it must not be"),
        (
            np.add(RIGHT, [[0, 0.5], [0, 0]]),
            "values",
            "is wrong at 1 of 4 entries; the worst, [0, 1], is -1.5 instead of -2",
        ),
        (np.array("four"), "type", "holds <U4, not numbers"),
    ],
)
def test_a_difference_is_put_into_words(actual: Any, kind: str, words: str) -> None:
    assert wording.compare(actual, RIGHT) == (kind, words)


def test_the_worst_entry_is_one_that_is_wrong() -> None:
    """With 1e-4 allowed of each, 0.05 off at 1000 is none, and 0.04 off at 100 is one."""
    found = wording.compare(np.array([1000.05, 100.04]), np.array([1000.0, 100.0]), 1e-4)
    assert found is not None
    assert "the worst, [1]," in found.words


@pytest.mark.parametrize(
    ("noun", "said"),
    [("ndarray", "an ndarray"), ("int64", "an int64"), ("uint8", "a uint8"), ("list", "a list")],
)
def test_an_article_fits_its_word(noun: str, said: str) -> None:
    assert wording.with_article(noun) == said


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ([2, 0, 1], ""),
        ([2, 0], "leaves out 1 of 3 positions"),
        ([2, 0, 1, 2], "repeats 1 of 3 positions"),
        ([2, 0, 0], "leaves out 1 of 3 positions and repeats 1"),
        ([2, 0, 3], "gives position 3, and there are only 0 to 2"),
        ([2, 0, -1], "gives position -1, and there are only 0 to 2"),
    ],
)
def test_a_pass_that_is_not_whole_is_put_into_words(order: list[int], said: str) -> None:
    assert wording.wrong_visits(np.array(order), 3) == said


def test_rounding_is_no_difference() -> None:
    assert wording.compare(RIGHT * (1 + 1e-9), RIGHT) is None
    assert wording.compare(np.zeros(2), np.zeros(2)) is None


# ------------------------------------------------------------------------------------------ probes


class Number:
    """A tensor that knows only `double`, whose gradient is `slope`."""

    slope = 2.0

    def __init__(self, data: np.ndarray, requires_grad: bool = False) -> None:
        self.data, self.grad = np.asarray(data), None

    def double(self) -> Number:
        result = Number(2 * self.data)
        result.backward = lambda weight: setattr(self, "grad", Number(self.slope * weight.data))
        return result


def double(slope: float) -> tuple[Operation, Kit]:
    op = Operation(
        "Number.double", "x.double()", {"x": spread(2, 3)}, lambda tt, x: x.double(),
        lambda x: 2 * x, suspects={"is it copied?": lambda x: x},
    )  # fmt: skip
    kind = type("Sloped", (Number,), {"slope": slope})
    return op, Kit(SimpleNamespace(tensor=kind), np.random.default_rng(0))


def test_a_right_operation_passes() -> None:
    op, kit = double(2.0)
    check_result(op, kit)
    check_gradients(op, kit)


@pytest.mark.parametrize(
    ("slope", "said"),
    [
        (-2.0, "The gradient of `Number.double` for its input x has the wrong sign."),
        (0.0, "The gradient of `Number.double` for its input x is zero everywhere."),
        (
            1.0,
            "The gradient of `Number.double` for its input x is 2 times too small: is it copied?",
        ),
    ],
)
def test_a_wrong_gradient_is_said_with_its_suspect(slope: float, said: str) -> None:
    op, kit = double(slope)
    with pytest.raises(Failure) as caught:
        check_gradients(op, kit)
    assert caught.value.said == said


def operation(part: str) -> Operation:
    return next(op for op in m01_tensor.OPERATIONS if op.part == part)


def test_what_maximum_compares_never_ties() -> None:
    """A tie is a kink: central differences across it would blame a right gradient."""
    rng = np.random.default_rng(0)
    for _ in range(3000):
        a, b = draw(operation("maximum"), rng).arrays.values()
        assert np.abs(a - b).min() > 0.01


def test_what_clamp_cuts_is_never_at_its_bounds() -> None:
    rng = np.random.default_rng(0)
    for _ in range(3000):
        case = draw(operation("Tensor.clamp"), rng)
        (x,), cut = case.arrays.values(), np.abs(case.expected()).max()
        assert np.abs(np.abs(x) - cut).min(where=np.abs(x) != cut, initial=1.0) > 0.01
        assert (np.abs(x) > cut).any()


def test_an_error_in_the_framework_becomes_a_failure_with_its_part() -> None:
    def check(kit: Kit) -> None:
        raise TypeError("no")

    with pytest.raises(Failure) as caught:
        run_probe(Probe("nn.Linear", "03_nn", check), double(2.0)[1])
    assert "`nn.Linear` raised TypeError: no" in str(caught.value)
    assert "modules/03_nn/nn.py" in str(caught.value)


def test_a_blank_task_stays_a_blank_task() -> None:
    def check(kit: Kit) -> None:
        raise NotImplementedError("Task 3.1: linear")

    with pytest.raises(NotImplementedError, match=r"Task 3\.1"):
        run_probe(Probe("nn.Linear", "03_nn", check), double(2.0)[1])


GIVEN = {"x": np.array([[0.5, -1.5, 2.0], [-0.25, 3.0, -1.0]]), "b": np.array([2.0, 3.0, 5.0])}
X, B = GIVEN.values()
SQUARE = np.array([[1.0, 2.5], [-3.0, 0.75]])


@pytest.mark.parametrize(
    ("actual", "expected", "kind", "words"),
    [
        (X * B, (X * B).sum(axis=0), "not summed", "its sum over dimension 0 would be right"),
        (X.T, X, "transposed", "the right numbers, transposed"),
        (SQUARE.T, SQUARE, "transposed", "its axes ordered (1, 0)"),
        (X.T.reshape(2, 3), X * 1.0, "transposed", "its axes ordered (1, 0)"),
        (X[:, ::-1], X, "order", "reversed along dimension 1"),
        (np.roll(X, 1, 1), X, "off by one", "shifted by one along dimension 1"),
        (np.arange(5.0) + 7, np.append(np.arange(1, 5) + 7.0, 40), "off by one", "shifted by one"),
        (6 * (X + B), X + B, "factor", "(the number of entries of x is 6)"),
        (3**0.5 * (X + B), X + B, "factor", "(the square root of dimension 1 of x is 1.732)"),
        (np.abs(X), X, "sign", "at 3 of 6 entries, exactly where x is negative"),
        (X + 0.5, X, "offset", "0.5 too large everywhere"),
        (X, X * B, "wrong operand", "is just x"),
        (X**2, X**2 + B, "missing term", "but for b, which is not added"),
        (X**2 - B, X**2 + B, "missing term", "b, which is subtracted instead of added"),
        (X**3, X**3 * B, "missing factor", "lacks the factor b"),
        (X**3 * B, X**3, "missing factor", "the factor b once too often"),
        (X**2 * [[2], [3]], X**2, "axis", "right along dimension 1, up to a factor"),
        (np.where(X < 0, 7.0, X**2), X**2, "condition", "exactly where x is negative"),
        (np.where(X < 0, np.nan, X), X, "nan", "is NaN at 3 of 6 entries, exactly where x is"),
        (np.float32(X / B).astype(float), X / B, "dtype", "those of float32"),
        (X / (B + 1e-4), X / B, "precision", "more than rounding explains"),
    ],
)
def test_a_difference_is_explained(
    actual: np.ndarray, expected: np.ndarray, kind: str, words: str
) -> None:
    difference = wording.compare(actual, expected, 1e-9)
    assert difference is not None
    found = explain.explain(difference, actual, expected, GIVEN)
    assert (found.kind, words in found.words) == (kind, True), found


def test_what_no_hypothesis_explains_stays_as_it_is() -> None:
    actual = X + np.array([[0.1, -0.7, 0.3], [0.9, 0.2, -0.4]])
    difference = wording.compare(actual, X)
    assert difference is not None
    assert explain.explain(difference, actual, X, {}) == difference


def test_what_fits_only_because_all_entries_are_equal_is_not_said() -> None:
    actual, expected = np.ones(5), np.array([7.0, 1.0, 1.0, 1.0, 1.0])
    difference = wording.compare(actual, expected)
    assert difference is not None
    assert "shifted" not in explain.explain(difference, actual, expected, {}).words


def test_two_different_numbers_never_look_alike() -> None:
    assert wording.apart(-0.0655321, -0.0655324) == ("-0.0655321", "-0.0655324")
    assert wording.apart(1.0, 2.0) == ("1", "2")


@pytest.mark.parametrize(
    ("part", "right"),
    [
        ("nn.LayerNorm", WayBack((2,), EPS)),
        ("nn.RMSNorm", WayBack((1,), EPS, centered=False, mean_taken=False)),
        ("nn.BatchNorm2d", WayBack((0, 2, 3), EPS, places=2)),
    ],
)
def test_the_way_back_through_a_norm_in_numpy_is_right(part: str, right: Any) -> None:
    operation = next(op for op in m06_normalization.LAYERS if op.part == part)
    case = draw(operation, np.random.default_rng(7))
    above = np.random.default_rng(8).normal(size=case.expected().shape)
    given = [*case.arrays.values(), *case.parameters.values()]
    found = right(above, *given)
    for name in ("x", *(f".{name}" for name in case.parameters)):
        wanted = numeric_gradient(case, name, above, operation.oracle)
        np.testing.assert_allclose(found[name], wanted, atol=1e-7, err_msg=name)
    made = [found, *(wrong(above, *given) for wrong in operation.gradient_suspects.values())]
    for number, one in enumerate(made):
        for other in made[:number]:
            assert not all(np.allclose(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", ["RNN", "LSTM"])
def test_the_way_back_in_numpy_is_right_and_each_mistake_in_it_is_another(kind: str) -> None:
    operation = next(op for op in m08_recurrent.LAYERS if op.part == f"nn.{kind}")
    case = draw(operation, np.random.default_rng(5))
    above = np.random.default_rng(6).normal(size=case.expected().shape)
    given = [*case.arrays.values(), *case.parameters.values()]
    right = {"RNN": RNNBack(), "LSTM": LSTMBack()}[kind](above, *given)
    for name, found in right.items():
        wanted = numeric_gradient(case, name, above, operation.oracle)
        np.testing.assert_allclose(found, wanted, atol=1e-7, err_msg=name)
    names = list(operation.gradient_suspects)
    made = [right, *(operation.gradient_suspects[name](above, *given) for name in names)]
    hidden = f".weight_hh{SUFFIX}"
    for number, one in enumerate(made):
        for other in made[:number]:
            assert not np.allclose(one[hidden], other[hidden]), names[number - 1]
