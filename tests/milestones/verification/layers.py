"""The layers of a model: which one owns a parameter, and the inputs and outputs of each.

A layer is named as precisely as possible: `1.0` (BatchNorm1d). If a framework has no
`named_modules`, there is only the model as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from verification import there
from verification.model_under_test import ModelUnderTest, Moment
from verification.probes.parts import module_bringing

CONTAINERS = {"Sequential", "ModuleList"}


def owner_of(model: Any, name: str) -> str:
    """The class of the layer that a parameter belongs to, `Linear.weight`."""
    return f"{type(layers_to(model, name)[-1]).__name__}.{name.rpartition('.')[2]}"


def module_of(model: Any, name: str) -> str:
    """The course module that defines the layer; a Linear inside attention counts as attention."""
    names = [type(layer).__name__ for layer in layers_to(model, name)]
    names.sort(key=lambda kind: kind in CONTAINERS)  # they hold layers of any module
    return next(filter(None, map(module_bringing, names)), "")


def layers_to(model: Any, name: str) -> list[Any]:
    """The model and the layers inside it that contain a parameter, as far as names show.

    A Sequential may keep its layers in a list: then "0" is not an attribute, and the list is short.
    """
    layers = [model]
    for attribute in name.split(".")[:-1]:
        layer = getattr(layers[-1], attribute, None)
        if layer is None:
            break
        layers.append(layer)
    return layers


FiveOfACall = tuple[str, Any, tuple[Any, ...], dict[str, Any], np.ndarray]


class Call(NamedTuple):
    """One call of one layer: its inputs and its output."""

    name: str
    layer: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    output: np.ndarray
    where: Callable[[Any], Any]  # `Run.there`: the layer is over there

    def again(self) -> np.ndarray:
        call = self.where(there.again)
        return np.asarray(call(self.layer, self.arguments, self.options))

    @property
    def module(self) -> str:
        return module_bringing(type(self.layer).__name__)

    def __str__(self) -> str:
        kind = type(self.layer).__name__
        return f"`{self.name}` ({kind})" if self.name else f"the model ({kind})"


def observed(
    subject: ModelUnderTest, inputs: np.ndarray, *, training: bool, seed: int
) -> list[Call]:
    """The calls of one forward without gradients, with a seed; the model itself comes last."""
    run, model = subject.run, subject.model
    with subject.held(training, seeded(subject, seed)) as restart:
        restart()
        made = run.there(there.recorded_calls)(run.tt, model, inputs)
    return [Call(*call, run.there) for call in cast("list[FiveOfACall]", made)]


def repeated(subject: ModelUnderTest, call: Call, *, training: bool, seed: int) -> np.ndarray:
    """The output of one layer for the same arguments, in this mode and with this seed."""
    with subject.held(training, seeded(subject, seed)) as restart, subject.run.tt.no_grad():
        restart()
        return call.again()


def seeded(subject: ModelUnderTest, seed: int) -> Moment:
    """The model's current state, with random numbers restarted from a seed."""
    values = {name: np.array(buffer.data) for name, buffer in subject.buffers().items()}
    return Moment(subject.run.random.seeding(seed), values)


def innermost(calls: Sequence[Call]) -> list[Call]:
    """The calls of layers that called no other layer."""
    names = [call.name for call in calls]
    return [
        call
        for call in calls
        if not any(other.startswith(f"{call.name}." if call.name else "") for other in names)
        or len(calls) == 1
    ]


def mode_dependent(
    subject: ModelUnderTest, inputs: np.ndarray, first: str = "", last: str = ""
) -> list[Call]:
    """The layers whose outputs differ between training and evaluation, for the same input.

    With the names of a first and a last layer, only those between them.
    """
    calls = innermost(observed(subject, inputs, training=True, seed=1))
    names = [call.name for call in calls]
    start = names.index(first) if first in names else 0
    end = names.index(last) + 1 if last in names else len(names)
    return [
        call
        for call in calls[start:end]
        if not same(
            repeated(subject, call, training=True, seed=1),
            repeated(subject, call, training=False, seed=1),
        )
    ]


def first_difference(before: list[Call], after: list[Call], rows: int | None = None) -> Call | None:
    """The first call whose output differs although its inputs are the same.

    With `rows`, only the first examples count, in outputs that have the batch's size.
    """
    for old, new in zip(before, after, strict=False):
        a, b = old.output, new.output
        if rows is not None:
            if a.ndim == 0 or len(a) != len(before[-1].output):
                continue
            a, b = a[:rows], b[:rows]
        if not same(a, b):
            return new
    return None


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal up to rounding, which may depend on where an array is in memory."""
    if a.shape != b.shape:
        return False
    return np.allclose(
        a, b, rtol=1e-5, atol=1e-6 * float(np.abs(a).max(initial=0.0)), equal_nan=True
    )
