"""A model with modes, buffers and random layers is judged correctly, and each mistake is named.

The layers and their broken variants are in `broken/modes.py`.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.course.broken.modes import LAYERS, UPDATE, VARIANTS, Variant
from tito.core.workspace.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parents[1] / "milestones"))

from verification import controls, data, gradients, layers, models, training_gradients
from verification.failures import Failure
from verification.gradients import Measured
from verification.metrics import CLASS_METRICS
from verification.model_gradients import check_model, modes_that_differ
from verification.model_under_test import ModelUnderTest
from verification.models import Part
from verification.modes import check_modes
from verification.randomness import RandomNumbers
from verification.run import Run
from verification.training import check_moved, train

COUNT = 6 * 8 + 8 + 2 * 8 + 8 * 3 + 3
BIAS = Part("0.bias", zero_because="BatchNorm subtracts the batch's mean, and any bias with it.")


@pytest.fixture(scope="module")
def tinytorch(solved: Workspace) -> Iterator[ModuleType]:
    """The reference in this process, and gone from it afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(solved.root))
        import tinytorch

        yield tinytorch
    for name in [name for name in sys.modules if name.partition(".")[0] == "tinytorch"]:
        del sys.modules[name]


class Task(NamedTuple):
    """A network to be judged, and what it learns."""

    subject: ModelUnderTest
    learn: data.Examples
    held_out: data.Examples

    @property
    def few(self) -> data.Examples:
        return self.learn.take(slice(12))


Make = Callable[..., Task]


@pytest.fixture
def make(tinytorch: ModuleType, tmp_path: Path) -> Make:
    """The network with its layers as they are, or with one replacement."""

    def task(old: str = "", new: str = "", tt: Any = tinytorch) -> Task:
        assert LAYERS.count(old) == 1 or not old
        file = tmp_path / "layers_of_a_student.py"
        file.write_text(LAYERS.replace(old, new) if old else LAYERS, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("layers_of_a_student", file)
        assert spec is not None
        assert spec.loader is not None
        written = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(written)
        return task_for(tt, written.network)

    return task


def task_for(tt: Any, network: Callable[[], Any]) -> Task:
    run = Run("blobs", [], 5, lambda name, value: None)
    run.tt = tt
    run.seed_framework()
    centers = run.rng.normal(size=(3, 6))
    labels = np.arange(300) % 3
    inputs = centers[labels] + 0.3 * run.rng.normal(size=(300, 6)) + 2
    learn, held_out = data.split(run.rng, data.Examples(inputs.astype("f4"), labels), 60)
    loss = tt.nn.CrossEntropyLoss()
    return Task(ModelUnderTest(run, network(), loss, CLASS_METRICS, COUNT, [BIAS]), learn, held_out)


def verify(task: Task) -> float:
    """All that a milestone asks of such a network; its accuracy on held-out data."""
    subject = task.subject
    check_modes(subject, task.few.inputs)
    check_model(subject, task.few)
    before = subject.parameter_values()
    adam = subject.run.tt.optim.Adam(subject.model.parameters(), lr=0.02)
    train(subject, task.learn, adam, steps=120, batch=32)
    check_moved(subject, before)
    check_modes(subject, task.few.inputs)
    accuracy, _ = subject.evaluate(task.held_out)
    controls.require(subject.run, "accuracy", accuracy, at_least=0.95)
    return accuracy


def test_a_right_network_passes(make: Make) -> None:
    task = make()
    assert verify(task) > 0.95
    assert modes_that_differ(task.subject, task.few.inputs) == [True, False]


@pytest.mark.parametrize("variant", VARIANTS, ids=[variant.name for variant in VARIANTS])
def test_a_broken_layer_is_named(variant: Variant, make: Make) -> None:
    task = make(variant.old, variant.new)
    with pytest.raises(Failure) as caught:
        verify(task)
    assert variant.said in caught.value.said


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("batch statistics as constants", "training mode is `1` (BatchNorm1d): "),
        ("dropout forgets its mask in backward", "`1` (BatchNorm1d) and `3` (Dropout): "),
        ("a wrong sign in backward, in evaluation only", "evaluation mode is `1` (BatchN"),
    ],
)
def test_where_one_mode_is_right_the_layers_that_differ_are_named(
    name: str, named: str, make: Make
) -> None:
    """The wrong gradient is the Linear's, the error is in a layer after it."""
    variant = next(variant for variant in VARIANTS if variant.name == name)
    task = make(variant.old, variant.new)
    with pytest.raises(Failure) as caught:
        check_model(task.subject, task.few)
    assert named in caught.value.hint
    assert caught.value.module == "06_normalization"


# ----------------------------------------------------------------------- nothing is left behind


def test_a_check_leaves_everything_as_it_was(make: Make, tinytorch: ModuleType) -> None:
    task = make()
    model = task.subject.model
    model[1].eval()  # frozen statistics: a mode of its own within the model
    arrays = {name: buffer.data for name, buffer in task.subject.buffers().items()}
    values = {name: array.copy() for name, array in arrays.items()}
    state = tinytorch.get_rng_state()
    check_modes(task.subject, task.few.inputs)
    check_model(task.subject, task.few)
    task.subject.evaluate(task.held_out)
    assert tinytorch.get_rng_state() == state
    assert [layer.training for layer in model] == [True, False, True, True, True]
    for name, buffer in task.subject.buffers().items():
        assert buffer.data is arrays[name]
        assert np.array_equal(buffer.data, values[name])
    assert not any("forward" in vars(layer) for layer in model)


def test_buffers_are_float64_while_gradients_are_checked(make: Make, tinytorch: ModuleType) -> None:
    """Those of floats; a count stays a count."""
    subject = make().subject
    subject.model[1].register_buffer("count", tinytorch.tensor(np.array(3)))

    def dtypes() -> dict[str, str]:
        found = {name: str(buffer.data.dtype) for name, buffer in subject.buffers().items()}
        return {name.rpartition(".")[2]: dtype for name, dtype in found.items()}

    before = {"running_mean": "float32", "running_var": "float32", "count": "int64"}
    assert dtypes() == before
    with subject.held(training=False, float64=True) as restart:
        restart()
        assert dtypes() == {**before, "running_mean": "float64", "running_var": "float64"}
    assert dtypes() == before


def test_a_check_in_training_does_not_change_what_is_learned(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step's own draws and updates count once, whether the step was checked or not."""

    def learned(phase: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        task = make()
        subject = task.subject
        descent = subject.run.tt.optim.SGD(subject.model.parameters(), lr=0.1)
        train(subject, task.learn, descent, steps=12, batch=32, phase=phase)
        return subject.parameter_values(), {n: b.data for n, b in subject.buffers().items()}

    for checked, plain in zip(learned("training"), learned("control"), strict=True):
        for name, value in plain.items():
            assert np.array_equal(checked[name], value), name


@pytest.mark.parametrize("forgotten", ["bookmark", "set_buffers"])
def test_a_forward_that_did_not_repeat_would_look_like_a_wrong_gradient(
    forgotten: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New masks at each forward, or statistics that move, would make the check fail."""
    task = make(
        UPDATE,
        "            before = tt.tensor(self.running_mean.data.copy())\n"
        f"{UPDATE}\n            mean = mean + before",
    )
    assert check_model(task.subject, task.few) < 1e-5
    if forgotten == "bookmark":
        monkeypatch.setattr(RandomNumbers, "bookmark", lambda self: lambda: None)
    else:
        monkeypatch.setattr(ModelUnderTest, "set_buffers", lambda self, values: None)
    with pytest.raises(Failure):
        check_model(task.subject, task.few)


@pytest.mark.parametrize("offered", [("manual_seed",), ("manual_seed", "random")])
def test_a_framework_that_offers_less_is_judged_too(
    offered: tuple[str, ...], make: Make, tinytorch: ModuleType
) -> None:
    """manual_seed alone, or with it fork_rng: this one brings the stream back exactly."""
    names = ("tensor", "no_grad", "nn", "optim", "manual_seed")
    face = SimpleNamespace(**{name: getattr(tinytorch, name) for name in names})
    if "random" in offered:
        face.random = SimpleNamespace(fork_rng=tinytorch.random.fork_rng)
    task = make(tt=face)
    state = tinytorch.get_rng_state()
    check_modes(task.subject, task.few.inputs)
    check_model(task.subject, task.few)
    assert (tinytorch.get_rng_state() == state) == ("random" in offered)
    assert verify(make(tt=face)) > 0.95


def test_the_same_seed_gives_the_same_run_without_a_readable_stream(
    make: Make, tinytorch: ModuleType
) -> None:
    names = ("tensor", "no_grad", "nn", "optim", "manual_seed")
    face = SimpleNamespace(**{name: getattr(tinytorch, name) for name in names})
    ends = []
    for _ in range(2):
        task = make(tt=face)
        verify(task)
        ends.append(task.subject.parameter_values()["4.weight"])
    assert np.array_equal(*ends)


# --------------------------------------------------------------------------------- in training


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ([["0.weight", "4.bias"], []], ""),
        ([["0.weight"], ["4.bias"]], ""),
        ([["0.weight"], ["0.weight"], ["4.bias"]], ""),
        ([["0.weight", "4.bias"], ["4.bias"], ["0.weight", "4.bias"]], "gradient of `4.bias`"),
    ],
)
def test_one_step_that_disagrees_may_be_a_kink_three_are_a_failure(
    wrong: list[list[str]], expected: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In float32 a ReLU can lie on the other side of zero, and its step is right all the same."""
    task, looks = make(), iter(wrong)
    one = Measured("", gradients.RANDOM, 2.0, 1.0, 1.0)
    monkeypatch.setattr(
        training_gradients, "check_found", lambda *given: {name: [one] for name in next(looks)}
    )
    adam = task.subject.run.tt.optim.Adam(task.subject.model.parameters(), lr=0.02)
    if expected:
        with pytest.raises(Failure, match=expected) as caught:
            train(task.subject, task.learn, adam, steps=20, batch=32)
        assert caught.value.facts["wrong"] == "4.bias"
    else:
        train(task.subject, task.learn, adam, steps=20, batch=32)
    assert next(looks, None) is None


# ------------------------------------------------------------------------------- declared parts


def test_only_a_gradient_that_is_zero_may_be_declared_so(make: Make) -> None:
    task = make()
    wrong = Part("4.bias", zero_because="So somebody said.")
    subject = ModelUnderTest(
        task.subject.run, task.subject.model, task.subject.criterion, CLASS_METRICS, COUNT,
        [BIAS, wrong],
    )  # fmt: skip
    with pytest.raises(Failure, match=r"The gradient of `4.bias` is not zero") as caught:
        check_model(subject, task.few)
    assert "So somebody said." in caught.value.hint


def test_a_declared_parameter_must_exist(make: Make) -> None:
    task = make()
    subject = ModelUnderTest(
        task.subject.run, task.subject.model, task.subject.criterion, CLASS_METRICS, COUNT,
        [Part("9.bias")],
    )  # fmt: skip
    with pytest.raises(Failure, match=r"The model has no parameter `9.bias`"):
        check_model(subject, task.few)


def test_what_is_not_declared_must_move(make: Make) -> None:
    """The declared bias may stay; of a parameter with one declared row, the other rows may not."""
    task = make()
    before = task.subject.parameter_values()
    with pytest.raises(Failure) as caught:
        check_moved(task.subject, before)
    assert "0.weight" in caught.value.facts["unmoved"]
    assert "0.bias" not in caught.value.facts["unmoved"]
    parts = task.subject.another(task.subject.model).parts_of("0.bias", before["0.bias"])
    assert [str(part) for part in parts] == ["0.bias"]
    row = Part("0.weight", "row 0", slice(0, 1), "It is said to be zero.")
    subject = ModelUnderTest(
        task.subject.run, task.subject.model, None, CLASS_METRICS, COUNT, [row]
    )  # fmt: skip
    covered, rest = subject.parts_of("0.weight", before["0.weight"])
    assert covered is row
    assert before["0.weight"][rest.rows].shape == (7, 6)


def test_a_model_without_modes_or_layers_is_one_model(tinytorch: ModuleType) -> None:
    """Like the perceptron: plain tensors, no train(), no buffers, no named_modules."""

    class Plain:
        def __init__(self) -> None:
            self.w = tinytorch.tensor(np.ones((6, 3), "f4"), requires_grad=True)

        def named_parameters(self) -> Iterator[tuple[str, Any]]:
            yield "w", self.w

        def __call__(self, x: Any) -> Any:
            return x @ self.w

    task = task_for(tinytorch, Plain)
    subject = ModelUnderTest(
        task.subject.run, task.subject.model, task.subject.criterion, CLASS_METRICS, 18
    )
    check_modes(subject, task.few.inputs)
    assert check_model(subject, task.few) < 1e-5
    (call,) = layers.observed(subject, task.few.inputs, training=True, seed=1)
    assert str(call) == "the model (Plain)"


def asked(answer: Callable[[np.ndarray], np.ndarray]) -> tuple[ModelUnderTest, list[int]]:
    """A model that answers so, and the number of examples in each of its calls."""
    sizes: list[int] = []

    def model(x: Any) -> Any:
        sizes.append(len(x))
        return SimpleNamespace(data=answer(x))

    tt = SimpleNamespace(no_grad=nullcontext, tensor=np.asarray)
    run = Run("xor", [], 5, lambda *_: None)
    run.tt = tt
    return ModelUnderTest(run, model, None, CLASS_METRICS, 0), sizes


def test_many_examples_are_asked_for_in_parts() -> None:
    """A slow framework answers after each part, and so is seen to make progress."""
    subject, sizes = asked(lambda x: 2 * x)
    inputs = np.arange(15_000.0).reshape(150, 100)
    assert np.array_equal(subject.outputs(inputs), 2 * inputs)
    assert sizes == [64, 64, 22]


def test_small_examples_are_asked_for_in_larger_parts() -> None:
    subject, sizes = asked(lambda x: 2 * x)
    inputs = np.arange(12_000.0).reshape(750, 16)
    assert np.array_equal(subject.outputs(inputs), 2 * inputs)
    assert sizes == [256, 256, 238]


def test_parts_of_different_shapes_are_the_framework_s_fault() -> None:
    subject, _ = asked(lambda x: x[:, : 3 if len(x) == 64 else 2])
    with pytest.raises(Failure, match=r"different shapes: \(64, 3\) and \(22, 2\)"):
        subject.outputs(np.zeros((150, 100)))


def test_modes_come_back_where_only_the_model_can_switch_them(tinytorch: ModuleType) -> None:
    """train() and eval() without modules(): what is inside cannot be reached in another way."""

    class Switch:
        training, inside = True, SimpleNamespace(training=True)

        def train(self) -> None:
            self.training = self.inside.training = True

        def eval(self) -> None:
            self.training = self.inside.training = False

    run = Run("switch", [], 1, lambda name, value: None)
    subject = ModelUnderTest(run, Switch(), None, CLASS_METRICS, 0)
    with subject.mode(training=False):
        assert not subject.model.inside.training
    assert subject.model.inside.training


@pytest.mark.parametrize("name", ["mlp", "cnn", "transformer"])
def test_the_networks_of_the_milestones_pass_too(name: str, tinytorch: ModuleType) -> None:
    """No false alarm where nothing depends on the mode, nor on ids instead of numbers."""
    make = {
        "mlp": lambda: models.mlp(tinytorch.nn),
        "cnn": lambda: models.cnn(tinytorch.nn),
        "transformer": lambda: models.transformer(tinytorch, places=16),
    }
    digits = data.digits().inputs[:8]
    inputs = {
        "mlp": digits.reshape(8, 64),
        "cnn": digits[:, None],
        "transformer": np.random.default_rng(0).integers(10, size=(8, 16)),
    }
    subject = task_for(tinytorch, make[name]).subject
    check_modes(subject, inputs[name])
    assert modes_that_differ(subject, inputs[name]) == [True]
