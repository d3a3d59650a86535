"""Check what training and evaluation mode must do, on any model: `check_modes`.

Evaluation repeats, keeps the buffers, and treats every example separately. Training moves the
running statistics, draws all random numbers from the framework's generator, and keeps state only in
buffers; on average, a random layer gives the same in both modes. `model_gradients.py` checks the
gradients in both modes.
"""

from __future__ import annotations

import numpy as np

from verification.failures import Failure
from verification.layers import (
    Call,
    first_difference,
    innermost,
    module_of,
    observed,
    owner_of,
    repeated,
    same,
    seeded,
)
from verification.model_under_test import ModelUnderTest, Values

DRAWS = 200
STANDARD_ERRORS = 6.0  # a correct layer is this far off once in a billion times
RUNNING = "running_"  # PyTorch's name for a statistic that training moves


def check_modes(subject: ModelUnderTest, inputs: np.ndarray) -> None:
    """Run all checks, on at least four examples; the first one that fails names the layer.

    A model without modes is not checked. The model does not change.
    """
    if not subject.has_modes:
        return
    check_switch(subject)
    check_evaluation_keeps_buffers(subject, inputs)
    check_evaluation_repeats(subject, inputs)
    check_examples_stand_alone(subject, inputs)
    check_statistics_move(subject, inputs)
    check_training_replays(subject, inputs)
    check_all_state_is_in_buffers(subject, inputs)
    check_random_layers_keep_the_mean(subject, inputs)


def check_switch(subject: ModelUnderTest) -> None:
    """Check that train() and eval() reach every layer."""
    named = getattr(subject.model, "named_modules", dict)
    for training, call in ((False, "eval"), (True, "train")):
        with subject.mode(training):
            for name, layer in dict(named()).items():
                if getattr(layer, "training", training) != training:
                    where = Call(name, layer, (), {}, np.empty(0), subject.run.there)
                    raise Failure(
                        f"After `model.{call}()`, {where} is still in "
                        f"{'evaluation' if training else 'training'} mode.",
                        module="03_nn",
                        part=f"nn.Module.{call}",
                        hint="The mode is set on the model and on every module inside it.",
                    )


def buffers_after(subject: ModelUnderTest, inputs: np.ndarray, training: bool) -> Values:
    """The buffers after one forward in this mode."""
    with subject.held(training, seeded(subject, 1)) as restart, subject.run.tt.no_grad():
        restart()
        subject.model(subject.run.tensor(inputs))
        return {name: np.array(buffer.data) for name, buffer in subject.buffers().items()}


def check_evaluation_keeps_buffers(subject: ModelUnderTest, inputs: np.ndarray) -> None:
    before = {name: np.array(buffer.data) for name, buffer in subject.buffers().items()}
    after = buffers_after(subject, inputs, training=False)
    changed = [name for name in before if not np.array_equal(before[name], after[name])]
    if changed:
        raise buffer_failure(
            subject,
            changed,
            f"In evaluation mode, a forward changed `{changed[0]}` "
            f"({owner_of(subject.model, changed[0])}).",
            "Running statistics are updated in training mode only. Otherwise evaluating on test "
            "data would change the model.",
        )


def check_evaluation_repeats(subject: ModelUnderTest, inputs: np.ndarray) -> None:
    first, second = (observed(subject, inputs, training=False, seed=seed) for seed in (1, 2))
    layer = first_difference(first, second)
    if layer is not None:
        raise layer_failure(
            layer,
            f"In evaluation mode, {layer} gives different outputs for the same input.",
            "Nothing is random in evaluation mode: does it look at `self.training`?",
        )


def check_examples_stand_alone(subject: ModelUnderTest, inputs: np.ndarray) -> None:
    """Check that the first half of the batch does not depend on the second half."""
    half = len(inputs) // 2
    other = np.concatenate([inputs[:half], np.repeat(inputs[:1], len(inputs) - half, axis=0)])
    first, second = (observed(subject, x, training=False, seed=1) for x in (inputs, other))
    layer = first_difference(first, second, rows=half)
    if layer is not None:
        raise layer_failure(
            layer,
            f"In evaluation mode, what {layer} gives for an example depends on the other examples "
            "of the batch.",
            "In evaluation mode a normalization uses its running statistics, not the batch's own.",
        )


def check_statistics_move(subject: ModelUnderTest, inputs: np.ndarray) -> None:
    before = {name: np.array(buffer.data) for name, buffer in subject.buffers().items()}
    after = buffers_after(subject, inputs, training=True)
    running = [name for name in before if name.rpartition(".")[2].startswith(RUNNING)]
    still = [name for name in running if np.array_equal(before[name], after[name])]
    if still:
        raise buffer_failure(
            subject,
            still,
            f"In training mode, a forward did not change `{still[0]}` "
            f"({owner_of(subject.model, still[0])}).",
            "Each forward in training moves the running statistics toward the batch's. Evaluation "
            "uses them.",
        )


def check_training_replays(subject: ModelUnderTest, inputs: np.ndarray) -> None:
    first, second = (observed(subject, inputs, training=True, seed=1) for _ in range(2))
    layer = first_difference(first, second)
    if layer is not None:
        raise layer_failure(
            layer,
            f"In training mode, {layer} gives different outputs for the same input after the same "
            "`manual_seed`.",
            "All random numbers come from the generator that manual_seed restarts. Without that, "
            "no run can be replayed.",
        )


def check_all_state_is_in_buffers(subject: ModelUnderTest, inputs: np.ndarray) -> None:
    """Check that with parameters and buffers restored, training has changed nothing else."""
    others = 2 * inputs[::-1] + 1 if inputs.dtype.kind == "f" else inputs[::-1]
    first = observed(subject, inputs, training=False, seed=1)
    observed(subject, others, training=True, seed=1)
    layer = first_difference(first, observed(subject, inputs, training=False, seed=1))
    if layer is not None:
        raise layer_failure(
            layer,
            f"A forward in training mode changed what {layer} gives in evaluation mode, although "
            "all parameters and buffers were restored.",
            "What a layer keeps from one call to the next belongs in a buffer (register_buffer): "
            "only buffers are saved, restored and converted with the model.",
        )


def check_random_layers_keep_the_mean(subject: ModelUnderTest, inputs: np.ndarray) -> None:
    for call in innermost(observed(subject, inputs, training=True, seed=1)):
        first, second = (repeated(subject, call, training=True, seed=seed) for seed in (1, 2))
        if same(first, second):
            continue
        times, error = mean_size(subject, call)
        if abs(times - 1) > STANDARD_ERRORS * error:
            raise layer_failure(
                call,
                f"On average, {call} gives in training mode {times:.2g} times what it gives in "
                "evaluation mode.",
                "Dropout divides the values it keeps by 1 - p, so that the mean stays the same.",
            )


def mean_size(subject: ModelUnderTest, call: Call) -> tuple[float, float]:
    """(how many times evaluation's output a random layer gives on average, its standard error)."""
    expected = repeated(subject, call, training=False, seed=1)
    square = float((expected * expected).sum()) or 1.0
    with subject.held(True, seeded(subject, 1)) as restart, subject.run.tt.no_grad():
        restart()
        times = [float((call.again() * expected).sum()) / square for _ in range(DRAWS)]
    return float(np.mean(times)), float(np.std(times)) / np.sqrt(DRAWS) + 1e-6


def layer_failure(layer: Call, said: str, hint: str) -> Failure:
    return Failure(said, module=layer.module, hint=hint)


def buffer_failure(subject: ModelUnderTest, names: list[str], said: str, hint: str) -> Failure:
    return Failure(
        said, module=module_of(subject.model, names[0]), hint=hint, buffers=", ".join(names)
    )
