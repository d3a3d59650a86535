"""Course code beside the framework: its loader, steps of its loop, its tokenizer, its checkpoints.

Like `there.py` it does not judge, runs in the judged process, and imports NumPy only.
"""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import numpy as np


class Feed:
    """Batches of the framework's DataLoader, shuffled, one pass after the other.

    Each has its inputs, its targets, and the positions of its examples, so that the judge can see
    whether the loader loses or repeats any.
    """

    def __init__(self, tt: Any, inputs: np.ndarray, targets: np.ndarray, size: int) -> None:
        data, parts = tt.utils.data, (inputs, targets, np.arange(len(targets)))
        dataset = data.TensorDataset(*(tt.tensor(part) for part in parts))
        self._loader = data.DataLoader(dataset, batch_size=size, shuffle=True)
        self._waiting: Any = iter(())

    def batch(self) -> Any:
        """The next (inputs, targets, positions), as the loader gives them."""
        found = next(self._waiting, None)
        if found is None:
            self._waiting = iter(self._loader)
            found = next(self._waiting)
        return found

    def arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(np.array(part.data) for part in self.batch())


def fed_steps(
    tt: Any,
    feed: Feed,
    model: Any,
    criterion: Any,
    optimizer: Any,
    schedule: Any,
    count: int,
    max_norm: float | None = None,
) -> tuple[Any, Any, list[np.ndarray]]:
    """Training steps, by the framework's `train_step` if it has one.

    Returns the last outputs and targets, and the positions of the examples in each step.
    """
    step = getattr(getattr(tt, "training", None), "train_step", partial(plain_step, tt))
    seen, outputs, targets = [], None, None
    clipped = {} if max_norm is None else {"max_norm": max_norm}
    for _ in range(count):
        inputs, targets, positions = feed.batch()
        _, outputs = step(model, criterion, optimizer, inputs, targets, **clipped)
        schedule.step()
        seen.append(np.array(positions.data))
    return getattr(outputs, "data", None), getattr(targets, "data", None), seen


def plain_step(
    tt: Any,
    model: Any,
    criterion: Any,
    optimizer: Any,
    inputs: Any,
    targets: Any,
    max_norm: float | None = None,
) -> tuple[Any, Any]:
    """One step of training: (loss, outputs)."""
    outputs = model(inputs)
    loss = criterion(outputs, targets)
    optimizer.zero_grad()
    loss.backward()
    if max_norm is not None:
        tt.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss, outputs


def encoded(tt: Any, text: str) -> list[int]:
    """The ids of a text by a tokenizer made from it."""
    return [int(number) for number in tt.text.CharTokenizer(text).encode(text)]


def read_back(tt: Any, text: str, ids: list[int]) -> str:
    """What that tokenizer decodes ids to."""
    return str(tt.text.CharTokenizer(text).decode(ids))


def resumed(tt: Any, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Go on from `before` with the new objects `after`, by way of a file's bytes."""
    file = io.BytesIO()
    tt.save(tt.serialization.capture(before), file)
    file.seek(0)
    tt.serialization.resume(tt.load(file), after)
