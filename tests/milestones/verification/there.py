"""Course code that runs beside the framework, in the judged process. It does not judge.

Several training steps are one request, calls of layers are recorded here, and classes of the
framework are subclassed here. Only the contract's names are used, and the judge checks the results.
Only NumPy may be imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import numpy as np


class GradientDescent:
    """A one-line optimizer for the milestones before module 04."""

    def __init__(self, parameters: Any, lr: float) -> None:
        self.parameters, self.lr = list(parameters), lr

    def zero_grad(self) -> None:
        for p in self.parameters:
            p.grad = None

    def step(self) -> None:
        for p in self.parameters:
            if p.grad is not None:
                p.data -= self.lr * p.grad.data


def gradients(
    tt: Any, model: Any, criterion: Any, optimizer: Any, inputs: np.ndarray, targets: np.ndarray
) -> Any:
    """The first half of a training step, up to backward; returns the model's output."""
    output = model(tt.tensor(inputs))
    loss = criterion(output, tt.tensor(targets))
    optimizer.zero_grad()
    loss.backward()
    return output


def update(optimizer: Any, schedule: Any) -> None:
    """The second half of a training step: update the parameters."""
    optimizer.step()
    if schedule is not None:
        schedule.step()


def warmed_up(tt: Any, optimizer: Any, rise: int, start: float, fall: float) -> Any:
    """A schedule that rises for `rise` steps, and from step `start` on falls to zero in `fall`.

    The first steps of a transformer are small: its attention is not yet looking anywhere. Long
    steps then go on for a while: a network that is late to find the carry still has time for it.
    """

    def share(step: int) -> float:
        risen = min(1.0, (step + 1) / (rise + 1))
        fallen = min(max(step - start, 0.0) / fall, 1.0)
        return float(risen * (1 + np.cos(np.pi * fallen)) / 2)

    return tt.optim.lr_scheduler.LambdaLR(optimizer, share)


def training_steps(
    tt: Any, model: Any, criterion: Any, optimizer: Any, schedule: Any, batches: list[Any]
) -> Any:
    """One training step for each (inputs, targets); returns the model's last output, an array.

    By the framework's own `train_step`, if it has one and a schedule, which comes with it.
    """
    output, own = None, part_of_training(tt, "train_step")
    for inputs, targets in batches:
        if own is not None and schedule is not None:
            _, output = own(model, criterion, optimizer, tt.tensor(inputs), tt.tensor(targets))
            schedule.step()
            continue
        output = gradients(tt, model, criterion, optimizer, inputs, targets)
        update(optimizer, schedule)
    return None if output is None else output.data


def part_of_training(tt: Any, name: str) -> Any:
    """A function of the framework's `training`; None if it has none of this name."""
    return getattr(getattr(tt, "training", None), name, None)


def one_pass(tt: Any, count: int, size: int) -> list[np.ndarray] | None:
    """The positions in each batch of one pass, by the framework's `batch_indices`, if it has it.

    Never more than one batch too many: a generator may have no end.
    """
    cut = part_of_training(tt, "batch_indices")
    if cut is None:
        return None
    return [np.array(batch) for batch in islice(cut(count, size), -(-count // size) + 1)]


# ------------------------------------------------------------------------ modes, buffers, outputs


def switched(model: Any, training: bool) -> tuple[bool, list[Any]]:
    """Set the model's mode; return its old mode, and each layer with its old mode."""
    layers = list(model.modules()) if hasattr(model, "modules") else [model]
    before = [(layer, getattr(layer, "training", True)) for layer in layers]
    was_training = getattr(model, "training", True)
    (model.train if training else model.eval)()
    return was_training, before


def switched_back(model: Any, before: tuple[bool, list[Any]]) -> None:
    was_training, layers = before
    (model.train if was_training else model.eval)()
    for layer, was in layers:
        if getattr(layer, "training", was) != was:
            layer.training = was


def carry(model: Any, carrying: bool) -> None:
    """Cut the shortcuts of `models.deep`, or put them back."""
    model.carrying[0] = carrying


def buffers(model: Any) -> dict[str, Any]:
    """The buffers by name; empty if the framework or the model has none."""
    named = getattr(model, "named_buffers", None)
    return {} if named is None else dict(named())


def set_buffers_apart(model: Any) -> dict[str, Any]:
    """The arrays of the buffers; from now on the model uses copies of them."""
    before = {name: buffer.data for name, buffer in buffers(model).items()}
    set_buffers(model, {name: np.array(value) for name, value in before.items()})
    return before


def set_buffers(model: Any, values: dict[str, np.ndarray]) -> None:
    for name, buffer in buffers(model).items():
        if name in values:
            buffer.data = values[name]


def evaluated(tt: Any, model: Any, parts: list[np.ndarray]) -> list[Any]:
    """The outputs for each part of the inputs, in evaluation mode.

    The model's mode and buffers are restored.
    """
    modes = all(callable(getattr(model, name, None)) for name in ("train", "eval"))
    mode, kept = switched(model, False) if modes else None, set_buffers_apart(model)
    try:
        return [outputs(tt, model, tt.tensor(inputs)) for inputs in parts]
    finally:
        set_buffers(model, kept)
        if mode is not None:
            switched_back(model, mode)


def outputs(tt: Any, model: Any, x: Any) -> Any:
    """The model's outputs as an array, without gradients."""
    with tt.no_grad():
        return model(x).data


# ----------------------------------------------------------------------------- the calls of layers


def array_of(output: Any) -> np.ndarray:
    """A layer's output; if there are several, the first."""
    first = output[0] if isinstance(output, tuple) else output
    return np.array(getattr(first, "data", first))


def again(layer: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> np.ndarray:
    return array_of(layer(*arguments, **options))


def recordable(layer: Any) -> bool:
    """Whether a layer's `forward` can be replaced on the object itself."""
    return hasattr(layer, "forward") and "forward" not in getattr(layer, "__dict__", {"forward": 0})


@contextmanager
def recording(model: Any) -> Iterator[list[tuple[Any, ...]]]:
    """Every call of every layer inside the model, parts before the whole."""
    calls: list[tuple[Any, ...]] = []
    named = dict(model.named_modules()) if hasattr(model, "named_modules") else {}
    inside = {name: layer for name, layer in named.items() if name and recordable(layer)}

    def recorded(name: str, layer: Any, forward: Any, *arguments: Any, **options: Any) -> Any:
        output = forward(*arguments, **options)
        calls.append((name, layer, arguments, options, array_of(output)))
        return output

    for name, layer in inside.items():  # past __setattr__: nothing is registered or released
        vars(layer)["forward"] = partial(recorded, name, layer, layer.forward)
    try:
        yield calls
    finally:
        for layer in inside.values():
            vars(layer).pop("forward", None)


def recorded_calls(tt: Any, model: Any, inputs: np.ndarray) -> list[tuple[Any, ...]]:
    """(name, layer, arguments, options, output) of each call; the model itself comes last."""
    with recording(model) as calls, tt.no_grad():
        x = tt.tensor(inputs)
        calls.append(("", model, (x,), {}, array_of(model(x))))
    return calls


def read_in_pieces(tt: Any, model: Any, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last output of `model.layer` for the whole sequences, and for pieces of 7 steps."""
    x, state = tt.tensor(inputs), None
    with tt.no_grad():
        whole, _ = model.layer(x)
        for start in range(0, inputs.shape[1], 7):
            output, state = model.layer(x[:, start : start + 7], state)
    return np.array(whole[:, -1].data), np.array(output[:, -1].data)
