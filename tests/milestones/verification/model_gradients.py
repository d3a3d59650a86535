"""All gradients of one model and its loss, checked; and a wrong one in words.

How a gradient is measured stands in `gradients.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verification.data import Examples
from verification.faults import Fault
from verification.gradients import (
    RANDOM,
    TOLERANCE,
    Checked,
    Measured,
    check_found,
    check_parameters,
    in_float64,
)
from verification.probes.parts import module_bringing
from verification.run import Run
from verification.wording import RELATIVE, compare, number

TRAINING_TOLERANCE = 1e-2  # float32: near the end of a training its gradients are mostly rounding

CONTAINERS = {"Sequential", "ModuleList"}

NumpyLoss = Callable[[np.ndarray, np.ndarray], float]


def check_model(
    run: Run,
    model: Any,
    criterion: Callable[[Any, Any], Any],
    numpy_loss: NumpyLoss,
    examples: Examples,
    parameter_count: int,
) -> float:
    """The largest relative error of any gradient of this very model, on these examples.

    `parameter_count` is how many numbers the model should learn: a layer that hides its parameters
    would never learn them.
    """
    named = dict(model.named_parameters())
    check_values(named, parameter_count)
    loss, x, t = loss_on(run, model, numpy_loss, examples)
    with in_float64(named, run.checks_rng):
        check_forward(model(x), criterion(model(x), t), loss())
        checked = check_parameters(
            named,
            lambda: criterion(model(x), t).backward(),
            loss,
            run.checks_rng,
            lambda done, total: run.progress("gradients", done, total),
        )
    if checked.wrong:
        raise gradient_fault(model, checked)
    return checked.worst


def check_in_training(run: Run, model: Any, numpy_loss: NumpyLoss, batch: Examples) -> None:
    """The gradients that the optimizer is about to use: float32, a whole batch, moved weights.

    `check_model` has seen float64, few examples and the first weights. What is wrong only here may
    do no harm to the accuracy: Adam divides by the size of a gradient.
    """
    named = dict(model.named_parameters())
    loss, _, _ = loss_on(run, model, numpy_loss, batch)
    wrong = check_found(named, loss, run.checks_rng, TRAINING_TOLERANCE)
    if not wrong:
        return
    name, measured = list(wrong.items())[-1]
    right = [other for other in named if other not in wrong]
    raise Fault(
        f"During training, the gradient of `{name}` ({owner_of(model, name)}) "
        f"{in_words(measured, measured[0], TRAINING_TOLERANCE)}.",
        module=module_of(model, name),
        hint="Before training it was right, in float64. What depends on the dtype, on the number "
        "of examples, or on something kept from an earlier step: an array, a gradient that "
        "zero_grad did not clear?",
        wrong=", ".join(wrong),
        right=", ".join(right),
        batch=f"{len(batch.targets)} examples",
    )


def loss_on(
    run: Run, model: Any, numpy_loss: NumpyLoss, examples: Examples
) -> tuple[Callable[[], float], Any, Any]:
    """(NumPy's loss of the model on these examples in float64, their inputs, their targets)."""
    x, t = run.tensor(widened(examples.inputs)), run.tensor(widened(examples.targets))

    def loss() -> float:
        with run.tt.no_grad():
            return numpy_loss(np.asarray(model(x).data), np.asarray(t.data))

    return loss, x, t


def widened(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def check_values(named: dict[str, Any], parameter_count: int) -> None:
    """All parameters are there, and they are finite."""
    count = sum(np.size(p.data) for p in named.values())
    if count != parameter_count:
        raise Fault(
            f"The model's parameters hold {count:,} numbers, not {parameter_count:,}.",
            found=", ".join(named) or "none",
            module="03_nn",
            hint="Does Module find every Parameter, and the parameters of every module in it?",
        )
    for name, p in named.items():
        if not np.isfinite(p.data).all():
            raise Fault(f"`{name}` is not finite from the start: {number_of_bad(p.data)}.")


def number_of_bad(array: np.ndarray) -> str:
    return f"{int((~np.isfinite(array)).sum())} of {array.size} entries are NaN or infinite"


def check_forward(output: Any, loss: Any, expected: float) -> None:
    """float64 all the way, and the framework's loss is the one NumPy finds."""
    if output.data.dtype != np.float64:
        raise Fault(
            f"With float64 parameters and inputs the model's output is {output.data.dtype}.",
            hint="Some operation on the way converts its result or makes a float32 array.",
        )
    difference = compare(np.asarray(loss.data).reshape(()), np.asarray(expected))
    if difference is not None:
        raise Fault(
            f"The loss of the model {difference.words}: NumPy says {number(expected)} for the same "
            "outputs.",
            yours=number(loss.data),
            numpy=number(expected),
            hint="Is the loss averaged over the batch, and does it use the target?",
        )


def gradient_fault(model: Any, checked: Checked) -> Fault:
    """The wrong parameter nearest to the output, in words, and which are right."""
    name, measured = list(checked.wrong.items())[-1]
    worst = max(measured, key=lambda m: (m.error > TOLERANCE and m.place != RANDOM, m.error))
    everywhere = "" if checked.right else "All gradients are wrong, so look at the loss first."
    return Fault(
        f"The gradient of `{name}` ({owner_of(model, name)}) {in_words(measured, worst)}.",
        module=module_of(model, name),
        hint=everywhere
        or "Gradients flow from the loss back to the input: the fault lies where they turn from "
        "right to wrong.",
        wrong=", ".join(checked.wrong),
        right=", ".join(checked.right),
        at=worst.place,
        yours=number(worst.backward),
        numpy=f"{number(worst.difference)} (central difference in float64)",
    )


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
    return f"{where} is {number(worst.backward)} in place of {number(worst.difference)}"


def owner_of(model: Any, name: str) -> str:
    """The class of the layer that a parameter belongs to, `Linear.weight`."""
    return f"{type(layers_to(model, name)[-1]).__name__}.{name.rpartition('.')[2]}"


def module_of(model: Any, name: str) -> str:
    """The course module that brings that layer; the attention's own Linear belongs to attention."""
    names = [type(layer).__name__ for layer in layers_to(model, name)]
    names.sort(key=lambda kind: kind in CONTAINERS)  # they hold layers of any module
    return next(filter(None, map(module_bringing, names)), "")


def layers_to(model: Any, name: str) -> list[Any]:
    """The model and the layers inside it that a parameter belongs to, as far as names lead there.

    A Sequential may keep its layers in a list: then "0" is no attribute, and the way ends early.
    """
    layers = [model]
    for attribute in name.split(".")[:-1]:
        layer = getattr(layers[-1], attribute, None)
        if layer is None:
            break
        layers.append(layer)
    return layers
