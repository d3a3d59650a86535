"""Required accuracies, and controls, which must not reach them.

A control is a run of the same test on something that cannot learn the task. If a control succeeds,
the success of the real model proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from verification import there
from verification.failures import Failure
from verification.model_under_test import ModelUnderTest
from verification.models import SEPARATOR, SYMBOLS, gate_biases
from verification.run import Run
from verification.wording import compare

# What a control has shown, once it has stayed below its bar.
SHOWS = {
    "one neuron on XOR": "so no line is enough there",
    "a network without a hidden layer": "so it is the hidden layer that solves it",
    "training on shuffled labels": "so it learned from the labels, and from nothing else",
    "a network whose filters do not learn": "so the filters did learn something",
    "digits one pixel off, all pixels in another order,": "so neighbors matter",
    "the trained network without its shortcuts": "so the signal does use the shortcuts",
    "the trained network with other running statistics": "so it uses what it remembered",
    "a plain network of the same depth": "so depth alone does not train",
    "the trained network without its positions": "so it knows where a symbol stands",
    "the trained network with uniform attention": "so where it looks matters",
    "a network trained without positions": "so order cannot be learned without them",
    "training on shuffled answers": "so it learned to add, not to guess",
    "the trained network without the first half of each sequence": "so it remembers the start",
    "the trained network with its forget gates closed": "so the cell state carries it",
    "a plain RNN of the same size": "so the gates make the difference",
}


def require(run: Run, name: str, value: float, at_least: float) -> None:
    """Require a metric of at least this value."""
    run.bar(name, value, at_least=at_least)
    if not value >= at_least:  # NaN does not pass either
        raise Failure(
            f"It did not learn: {name} {value:.1%}, but {at_least:.1%} is needed.",
            seen="all single parts and all gradients agree with NumPy",
            hint="What changes between steps: does the optimizer use the newest gradients, does "
            "zero_grad clear the old ones, does anything keep arrays from an earlier step?",
        )


def require_more(run: Run, name: str, value: float, rival: str, other: float, by: float) -> None:
    """Require a metric better than a rival's, which had the same data and as many steps."""
    run.bar(name, value, at_least=other + by, shows=f"{rival} reads {other:.1%}")
    if not value >= other + by:
        raise Failure(
            f"It is not better than {rival}: {name} {value:.1%} against {other:.1%}.",
            hint="A filter is used at every position: is its gradient the sum over all positions?",
        )


def require_control(run: Run, what: str, value: float, at_most: float) -> None:
    """Require that a control stays below a value; otherwise the measurement proves nothing."""
    run.bar(what, value, at_most=at_most, shows=SHOWS.get(what, ""))
    if not value <= at_most:
        raise Failure(
            f"The control succeeded: {what} reached {value:.1%}, but should not exceed "
            f"{at_most:.1%}.",
            hint="Does something in the framework see the targets, or keep results from before?",
        )


def parameters_outside(model: Any, *layers: Any) -> list[Any]:
    """The parameters of all layers except these, which are not trained."""
    frozen = [p for layer in layers for p in layer.parameters()]
    return [p for p in model.parameters() if not any(p is other for other in frozen)]


@contextmanager
def zeroed(*chosen: Any, value: float = 0.0) -> Iterator[None]:
    """Inside, these parameters, or (parameter, rows) of them, are zero, or `value`."""
    pairs = [entry if isinstance(entry, tuple) else (entry, slice(None)) for entry in chosen]
    old = [p.data for p, _ in pairs]
    for p, rows in pairs:
        changed = np.array(p.data)
        changed[rows] = value
        p.data = changed
    try:
        yield
    finally:
        for (p, _), data in zip(pairs, old, strict=True):
            p.data = data


# ------------------------------------------------------------------------- of the deep networks


def begin_alike(subject: ModelUnderTest, seed: int) -> None:
    """Draw the weights (not the biases) evenly from +-1 / sqrt(inputs), as PyTorch's layers do.

    So that a deep network and its plain rival begin with the same ones, in any framework.
    """
    rng = np.random.default_rng(seed)
    for name, p in subject.parameters().items():
        shape = p.data.shape
        if name.rpartition(".")[2] == "weight" and len(shape) > 1:
            bound = 1 / np.sqrt(np.prod(shape[1:]))
            p.data = rng.uniform(-bound, bound, shape).astype("f4")


@contextmanager
def without_shortcuts(subject: ModelUnderTest) -> Iterator[None]:
    """Inside, nothing passes by the convolutions of `models.deep`."""
    carry = subject.run.there(there.carry)
    carry(subject.model, False)
    try:
        yield
    finally:
        carry(subject.model, True)


@contextmanager
def misremembering(subject: ModelUnderTest) -> Iterator[None]:
    """Inside, the running statistics are those of other numbers: mean 0 and variance 100.

    (Mean 0 and variance 1, as at the beginning, can be right enough by chance.)
    """
    with subject.buffers_kept():
        new = {
            name: np.full(np.shape(buffer.data), 100.0 * name.endswith("var"), "f4")
            for name, buffer in subject.buffers().items()
            if name.endswith(("running_mean", "running_var"))
        }
        subject.set_buffers(new)
        yield


# ------------------------------------------------------------------------------ of the transformer


def exact_match(subject: ModelUnderTest, forward: np.ndarray) -> float:
    """The fraction of sequences that the model reverses without a mistake."""
    return float((reversed_by(subject, forward) == forward[:, ::-1]).all(axis=1).mean())


def reversed_by(subject: ModelUnderTest, forward: np.ndarray) -> np.ndarray:
    """What the model makes of each sequence.

    Greedy: the model gets the sequence and the separator, and then its own outputs.
    """
    length = forward.shape[1]
    ids = np.concatenate([forward, np.full((len(forward), 1), SEPARATOR)], axis=1)
    for _ in range(length):
        scores = subject.outputs(ids)[:, -1]
        ids = np.concatenate([ids, scores.argmax(axis=-1)[:, None]], axis=1)
    return ids[:, length + 1 :]


def check_causal(subject: ModelUnderTest, ids: np.ndarray, tokens: int = SYMBOLS) -> None:
    """Check that a token changes nothing before it, and something at its own position."""
    before = subject.outputs(ids)
    for position in range(ids.shape[1]):
        changed = ids.copy()
        changed[:, position] = (ids[:, position] + 1) % tokens
        moved = np.abs(subject.outputs(changed) - before).max(axis=(0, 2))
        if moved[:position].max(initial=0.0) > 1e-5:
            first = int(np.argmax(moved > 1e-5))
            raise causal_failure(
                f"The future leaks: changing token {position} changes the scores at position "
                f"{first}."
            )
        if moved[position] == 0.0:
            raise causal_failure(
                f"The scores at position {position} do not depend on the token at this position."
            )


def causal_failure(said: str) -> Failure:
    return Failure(
        said,
        module="12_attention",
        part="nn.MultiheadAttention",
        hint="Position i may look at positions 0 to i, including itself. Is the mask used, and "
        "is it off by one?",
    )


# ------------------------------------------------------------------------------------- of the lstm


def begin_by_remembering(layer: Any) -> None:
    """Open an LSTM's forget gates and close its input gates, by their biases.

    Negative biases of input gates: Hochreiter & Schmidhuber (1997); forget gates: Gers et al.
    (2000). Without them a note is halved at each step, and noise is added to it.
    """
    for gate, bias in (("f", 5.0), ("i", -2.0)):
        for value, (p, rows) in zip((bias, 0.0), gate_biases(layer, gate), strict=True):
            changed = np.array(p.data)
            changed[rows] = value
            p.data = changed


def check_pieces(subject: ModelUnderTest, inputs: np.ndarray) -> None:
    """Check that a sequence read in pieces, with the state carried, is a sequence."""
    whole, pieces = subject.run.there(there.read_in_pieces)(subject.run.tt, subject.model, inputs)
    difference = compare(np.asarray(pieces), np.asarray(whole), 1e-4)
    if difference is not None:
        raise Failure(
            "A sequence read in pieces of 7 steps, with the state carried, compared with the same "
            f"sequence read at once: the last output {difference.words}.",
            module="08_recurrent",
            part="nn.LSTM",
            hint="The state that is returned is the one after the last step, and the state that is "
            "given is the one before the first.",
        )
