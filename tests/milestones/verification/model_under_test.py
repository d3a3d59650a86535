"""The model under test: its forwards can be repeated, and measuring does not change it.

A model may behave differently in training and in evaluation (its mode), keep running statistics
(its buffers) and draw random numbers. Only this file handles these three; `modes.py` checks them.
Models and frameworks without them work too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from verification import probing, there
from verification.data import Examples
from verification.failures import Failure
from verification.metrics import Metrics
from verification.models import Part
from verification.randomness import Rewind
from verification.run import Run
from verification.standins import do

AT_ONCE = 64  # examples in one part, as in a training step; more, if they are small:
NUMBERS_AT_ONCE = 4096
SECONDS_A_REQUEST = 0.05

Criterion = Callable[[Any, Any], Any]
Values = dict[str, np.ndarray]


class Moment(NamedTuple):
    """The state a forward depends on, besides its inputs and parameters."""

    rewind: Rewind
    buffers: Values


@dataclass(frozen=True)
class ModelUnderTest:
    """A model with its loss, its metrics and the number of its parameters.

    `parts` are declared beside the network (`models.py`): rows of a parameter that count by
    themselves, and those whose gradient is exactly zero.
    """

    run: Run
    model: Any
    criterion: Criterion
    metrics: Metrics
    parameter_count: int
    parts: Sequence[Part] = ()
    made_by: tuple[str, str] = ("", "03_nn")  # the public name of the whole, if any, and its module

    def another(self, model: Any) -> ModelUnderTest:
        """A rival or a control: another model with the same loss and metrics."""
        return replace(self, model=model, parts=())

    # ------------------------------------------------------------------------------ what it holds

    def parameters(self) -> dict[str, Any]:
        return dict(self.model.named_parameters())

    def parameter_values(self) -> Values:
        """A copy of every parameter, by name."""
        named = self.parameters()
        if not named:
            return {}
        found = self.run.there(probing.contents)(list(named.values()))
        return {name: np.array(data) for name, data in zip(named, found, strict=True)}

    def buffers(self) -> dict[str, Any]:
        """Its buffers by name; empty if the framework or the model has none."""
        return self.run.there(there.buffers)(self.model)

    def parts_of(self, name: str, value: np.ndarray) -> list[Part]:
        """The declared parts of a parameter, and the rest of it."""
        declared = [part for part in self.parts if part.parameter == name]
        left = np.ones(value.shape[:1], bool)
        for part in declared:
            left[part.rows] = False
        return [*declared, *([Part(name, rows=left)] if left.any() else [])]

    # --------------------------------------------------------------------------------------- modes

    @property
    def has_modes(self) -> bool:
        return all(callable(getattr(self.model, name, None)) for name in ("train", "eval"))

    @contextmanager
    def mode(self, training: bool) -> Iterator[None]:
        """Switch to training or evaluation mode; restore the mode of every layer afterwards."""
        if not self.has_modes:
            yield
            return
        before = self.run.there(there.switched)(self.model, training)
        try:
            yield
        finally:
            do(self.run.there(there.switched_back), self.model, before)

    @contextmanager
    def at(self, values: Values) -> Iterator[None]:
        """With these parameters; afterwards with those of now."""
        now = self.parameter_values()
        self._set(values)
        try:
            yield
        finally:
            self._set(now)

    def _set(self, values: Values) -> None:
        for name, p in self.parameters().items():
            p.data = values[name]

    # ------------------------------------------------------------------------------------ forwards

    def moment(self) -> Moment:
        """The current state, from which the same forward can be repeated."""
        values = {name: np.array(buffer.data) for name, buffer in self.buffers().items()}
        return Moment(self.run.random.bookmark(), values)

    @contextmanager
    def held(
        self, training: bool, moment: Moment | None = None, *, float64: bool = False
    ) -> Iterator[Rewind]:
        """Stay in one mode; yield a function that restores the moment's state.

        Call it before each forward, so that all of them see the same buffers and random numbers.
        Afterwards modes, buffers and random numbers are restored. Buffers can be float64 inside;
        `gradients.in_float64` does the same for parameters.
        """
        with self.mode(training), self.buffers_kept(), self.run.random.kept():
            start = moment or self.moment()
            cast = widened if float64 else np.array
            buffers = {name: cast(value) for name, value in start.buffers.items()}

            def restart() -> None:
                start.rewind()
                self.set_buffers({name: value.copy() for name, value in buffers.items()})

            yield restart

    @contextmanager
    def buffers_kept(self) -> Iterator[None]:
        """Let the model work on copies of its buffers; restore the arrays themselves afterwards."""
        before = self.run.there(there.set_buffers_apart)(self.model)
        try:
            yield
        finally:
            self.set_buffers(before)

    def set_buffers(self, values: Values) -> None:
        """By name: a layer may have put a new tensor in a buffer's place."""
        if values:
            do(self.run.there(there.set_buffers), self.model, values)

    # ----------------------------------------------------------------------------------- measuring

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        """Its raw outputs in evaluation mode, as the NumPy array they are.

        Asked for in parts, so that no request is longer than a training step: the time limit of a
        request tells a slow framework from a loop that never ends. Quick parts are one request.
        """
        evaluated, found, count = self.run.there(there.evaluated), [], 1
        size = max(AT_ONCE, NUMBERS_AT_ONCE // max(1, inputs[:1].size))
        parts = [inputs[at : at + size] for at in range(0, len(inputs), size)]
        while parts:
            some, parts, began = parts[:count], parts[count:], time.perf_counter()
            outputs = evaluated(self.run.tt, self.model, some)
            count = affordable(len(some), time.perf_counter() - began)
            for part, output in zip(some, outputs, strict=True):
                found.append(self.output_array(output, len(part)))
        if len({part.shape[1:] for part in found}) > 1:
            shapes = " and ".join(str(part.shape) for part in (found[0], found[-1]))
            raise Failure(f"The model's outputs have different shapes: {shapes}.")
        return np.concatenate(found)

    def forward(self, x: Any) -> Any:
        """The model's output for a tensor, as the framework's own tensor, without gradients."""
        return self.run.there(there.outputs)(self.run.tt, self.model, x)

    def output_array(self, found: Any, examples: int) -> np.ndarray:
        """Check that an answer is an array of numbers, one row for each example."""
        array = np.asarray(found)
        if array.dtype.kind not in "fiub" or array.shape[:1] != (examples,):
            raise Failure(
                f"For {examples} examples the model returned an array of {array.dtype} with shape "
                f"{array.shape}.",
                hint="The first dimension must count the examples, the entries must be numbers.",
            )
        return array

    def evaluate(self, examples: Examples) -> tuple[float, float]:
        """(accuracy, loss) on these examples, in evaluation mode."""
        outputs = self.outputs(examples.inputs)
        return (
            self.metrics.accuracy(outputs, examples.targets),
            self.metrics.loss(outputs, examples.targets),
        )


def affordable(done: int, seconds: float) -> int:
    """How many parts or steps may be one request, after `done` of them have taken so long."""
    return max(1, int(SECONDS_A_REQUEST * done / (seconds + 1e-9)))


def widened(array: np.ndarray) -> np.ndarray:
    """A copy, in float64 unless the array holds integers."""
    return np.array(array, np.float64 if array.dtype.kind == "f" else None)
