"""Check all gradients of the model under test in each of its modes, and describe a wrong one.

`gradients.py` measures a gradient, `model_under_test.py` repeats a forward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from verification.data import Examples
from verification.failures import Failure
from verification.gradients import (
    RANDOM,
    SAMPLES,
    TOLERANCE,
    Checked,
    Measured,
    check_parameters,
    gradient_arrays,
    in_float64,
)
from verification.layers import mode_dependent, module_of, owner_of, same
from verification.model_under_test import ModelUnderTest, widened
from verification.wording import RELATIVE, apart, compare, number

MODE = {True: "training", False: "evaluation"}
ZERO = 1e-9  # of the model's largest gradient, in float64: rounding alone stays far below

Forward = Callable[[], Any]


def check_model(subject: ModelUnderTest, examples: Examples, samples: int = SAMPLES) -> float:
    """The largest relative error of any gradient of the model, on these examples.

    In training mode, and in evaluation mode too if its outputs differ. `samples` of the entries of
    each parameter are checked one by one: a deep network, whose forwards are slow, has few.
    """
    check_values(subject)
    modes = modes_that_differ(subject, examples.inputs)
    found = {mode: check_mode(subject, examples, mode, modes, samples) for mode in modes}
    for training, checked in found.items():
        if checked.wrong:
            raise gradient_failure(subject, examples, found, training)
    return max(checked.worst for checked in found.values())


def modes_that_differ(subject: ModelUnderTest, inputs: np.ndarray) -> list[bool]:
    """[True] for training alone, [True, False] if outputs differ in evaluation mode."""
    if not subject.has_modes:
        return [True]
    with subject.held(training=True) as restart:
        restart()
        trained = np.asarray(subject.forward(subject.run.tensor(inputs)))
    return [True] if same(trained, subject.outputs(inputs)) else [True, False]


def check_mode(
    subject: ModelUnderTest, examples: Examples, training: bool, modes: list[bool], samples: int
) -> Checked:
    """All gradients in one mode, in float64."""
    run, named = subject.run, subject.parameters()
    done_before = len(named) * modes.index(training)
    with (
        in_float64(named, run.checks_rng),
        subject.held(training, float64=True) as restart,
    ):
        forward, loss, target = forward_and_loss(subject, examples, restart)
        output = forward()
        check_forward(output, subject.criterion(output, target), loss())
        checked = check_parameters(
            named,
            lambda: subject.criterion(forward(), target).backward(),
            loss,
            run.checks_rng,
            lambda done, total: run.progress("gradients", done_before + done, total * len(modes)),
            samples,
        )
        if training and not checked.wrong:
            check_zero_parts(subject)
    return checked


def forward_and_loss(
    subject: ModelUnderTest, examples: Examples, restart: Callable[[], None]
) -> tuple[Forward, Callable[[], float], Any]:
    """(the same forward each time, NumPy's loss of it, the targets), on float64 inputs."""
    inputs, targets = widened(examples.inputs), widened(examples.targets)
    x, t = subject.run.tensor(inputs), subject.run.tensor(targets)

    def forward() -> Any:
        restart()
        return subject.model(x)

    def loss() -> float:
        restart()
        return subject.metrics.loss(subject.output_array(subject.forward(x), len(targets)), targets)

    return forward, loss, t


def check_values(subject: ModelUnderTest) -> None:
    """Check that all parameters are there and finite."""
    named = subject.parameter_values()
    count = sum(np.size(value) for value in named.values())
    missing = {part.parameter for part in subject.parts} - {*named}
    other = count != subject.parameter_count and not subject.run.experiment
    if other or missing:
        raise Failure(
            f"The model's parameters hold {count:,} numbers, not {subject.parameter_count:,}."
            if other
            else f"The model has no parameter `{min(missing)}`.",
            found=", ".join(named) or "none",
            part=subject.made_by[0],
            module=subject.made_by[1],
            hint="Is each table and each layer as large as the config asks?"
            if subject.made_by[0]
            else "Does Module find every Parameter, and the parameters of every module in it?",
        )
    for name, value in named.items():
        if not np.isfinite(value).all():
            raise Failure(f"`{name}` is not finite from the start: {number_of_bad(value)}.")


def check_zero_parts(subject: ModelUnderTest) -> None:
    """Check that parameters declared to have no gradient have none, up to rounding."""
    named = subject.parameters()
    found = gradient_arrays(named)
    largest = max(float(np.abs(g).max(initial=0.0)) for g in found.values())
    for part in subject.parts:
        size = float(np.abs(found[part.parameter][part.rows]).max(initial=0.0))
        if part.zero_because and size > ZERO * largest:
            raise Failure(
                f"The gradient of `{part}` is not zero: its largest entry is {number(size)}.",
                module=module_of(subject.model, part.parameter),
                hint=f"It must be zero in training. {part.zero_because}",
            )


def number_of_bad(array: np.ndarray) -> str:
    return f"{int((~np.isfinite(array)).sum())} of {array.size} entries are NaN or infinite"


def check_forward(output: Any, loss: Any, expected: float) -> None:
    """Check that float64 stays float64, and that the framework's loss equals NumPy's."""
    if output.data.dtype != np.float64:
        raise Failure(
            f"With float64 parameters and inputs, the model's output is {output.data.dtype}.",
            hint="Some operation converts its result or makes a float32 array.",
        )
    difference = compare(np.asarray(loss.data).reshape(()), np.asarray(expected))
    if difference is not None:
        yours, numpy = apart(loss.data, expected)
        raise Failure(
            f"The loss of the model {difference.words}: NumPy says {numpy} for the same outputs.",
            yours=yours,
            numpy=numpy,
            hint="Is the loss averaged over the batch, and does it use the target?",
        )


def gradient_failure(
    subject: ModelUnderTest, examples: Examples, found: Mapping[bool, Checked], training: bool
) -> Failure:
    """The Failure for the wrong parameter nearest to the output, with those that are right."""
    checked, model = found[training], subject.model
    name, measured = list(checked.wrong.items())[-1]
    worst = max(measured, key=lambda m: (m.error > TOLERANCE and m.place != RANDOM, m.error))
    opening = "The gradient" if len(found) == 1 else f"In {MODE[training]} mode, the gradient"
    module, hint = where_to_look(subject, examples, found, training)
    yours, numpy = apart(worst.backward, worst.difference)
    words = in_words(measured, worst)
    if name in checked.missing:
        words, yours = "is None: none arrives there", "None"
    return Failure(
        f"{opening} of `{name}` ({owner_of(model, name)}) {words}.",
        module=module,
        hint=hint,
        wrong=", ".join(checked.wrong),
        right=", ".join(checked.right),
        at=worst.place,
        yours=yours,
        numpy=f"{numpy} (central difference in float64)",
    )


def where_to_look(
    subject: ModelUnderTest, examples: Examples, found: Mapping[bool, Checked], training: bool
) -> tuple[str, str]:
    """(the module to blame, a hint)."""
    wrong, right = found[training].wrong, found[training].right
    if any(not checked.wrong for checked in found.values()):
        layers = mode_dependent(subject, examples.inputs, *turning(subject, [*wrong][-1], right))
        if layers:
            return layers[0].module, (
                f"In {MODE[not training]} mode all gradients are right. What is different in "
                f"{MODE[training]} mode is {' and '.join(map(str, layers))}: does its backward "
                "follow every path from its input to its output?"
            )
    return module_of(subject.model, [*wrong][-1]), (
        "Gradients flow from the loss back to the input: look where they change from right to "
        "wrong."
        if right
        else "All gradients are wrong, so look at the loss first."
    )


def turning(subject: ModelUnderTest, wrong: str, right: list[str]) -> tuple[str, str]:
    """The layers between which gradients change from right to wrong in backward."""
    names = list(subject.parameters())
    after = [name for name in names[names.index(wrong) + 1 :] if name in right]
    return wrong.rpartition(".")[0], after[0].rpartition(".")[0] if after else ""


def in_words(measured: list[Measured], worst: Measured, relative: float = RELATIVE) -> str:
    """What all measured entries have in common, or the worst one of them."""
    entries = [m for m in measured if m.place != RANDOM] or measured
    difference = compare(
        np.array([m.backward for m in entries]),
        np.array([m.difference for m in entries]),
        relative,
    )
    if difference is not None and difference.kind in ("zero", "sign", "factor"):
        return difference.words
    where = f"{'along' if worst.place == RANDOM else 'at'} {worst.place}"
    yours, numpy = apart(worst.backward, worst.difference)
    return f"{where} is {yours} instead of {numpy}"
