"""Pictures of networks that read and write sequences: the rest of `pictures.py`."""

from __future__ import annotations

import numpy as np

from verification import there
from verification.controls import reversed_by
from verification.data import Examples, Sums
from verification.model_under_test import ModelUnderTest
from verification.models import GATES, SEPARATOR
from verification.pictures import rounded
from verification.writing import Naming, sums_answered

WRITTEN = 6  # lines of a text
MOMENTS = 50  # of a sequence, side by side


def watch_reversal(subject: ModelUnderTest, forward: np.ndarray) -> None:
    """Held-out sequences, what the network makes of them, and how they are reversed."""
    few = forward[:WRITTEN]

    def draw(step: int | None) -> None:
        said = reversed_by(subject, few)
        rows = [
            {"input": spelled(asked), "output": spelled(row), "target": spelled(asked[::-1])}
            for asked, row in zip(few, said, strict=True)
        ]
        subject.run.picture("sequences", "Held-out sequences, to be reversed", "", step, rows=rows)

    subject.run.drawings.add("training", draw)


def show_attention(subject: ModelUnderTest, forward: np.ndarray) -> None:
    """Where each place looks while the network reverses one sequence."""

    def draw(_: int | None) -> None:
        one, run = forward[:1], subject.run
        ids = np.concatenate([one, [[SEPARATOR]], reversed_by(subject, one)[:, :-1]], axis=1)
        looks = np.array(run.there(there.attention_map)(run.tt, subject.model, ids))[0]
        tokens = ["|" if token == SEPARATOR else str(token) for token in ids[0]]
        length = forward.shape[1]
        run.picture(
            "matrix", "Where attention looks while it writes the reversal",
            "a row for each symbol written, a column for each place it can look at",
            values=rounded(looks[length:]), columns=tokens,
            rows=spelled(one[0, ::-1]).split(),
        )  # fmt: skip

    subject.run.drawings.now(draw)


def spelled(symbols: np.ndarray) -> str:
    return " ".join(str(symbol) for symbol in symbols)


def show_gates(subject: ModelUnderTest, held_out: Examples) -> None:
    """The gates of an LSTM while it reads one sequence, the mean over its cells."""

    def draw(_: int | None) -> None:
        inputs = held_out.inputs[0]
        gates = gates_of(subject, inputs)
        heard = np.abs(inputs[:, :4]).max(axis=1) > 0
        values = [heard.astype(float), *(gates[gate].mean(axis=1) for gate in "ifo")]
        values.append(np.abs(gates["c"]).mean(axis=1) / np.abs(gates["c"]).mean(axis=1).max())
        step = -(-len(inputs) // MOMENTS)
        pooled = [
            [float(row[at : at + step].max()) for at in range(0, len(row), step)] for row in values
        ]
        subject.run.picture(
            "matrix", "The gates while one sequence is read, from left to right",
            "1: open; the key comes early, is let in, and kept to the end",
            values=rounded(pooled), columns=[str(at) for at in range(0, len(inputs), step)],
            rows=["key heard", "input gate", "forget gate", "output gate", "memory"],
        )  # fmt: skip

    subject.run.drawings.now(draw)


def gates_of(subject: ModelUnderTest, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """The gates and the cell (T, hidden), computed by NumPy from the learned weights."""
    learned = {name.removeprefix("layer."): w for name, w in subject.parameter_values().items()}
    bias = learned["bias_ih_l0"] + learned["bias_hh_l0"]
    hidden = cell = np.zeros(len(bias) // len(GATES))
    found: dict[str, list[np.ndarray]] = {name: [] for name in "ifoc"}
    for x in inputs:
        scores = learned["weight_ih_l0"] @ x + learned["weight_hh_l0"] @ hidden + bias
        into, forget, new, out = scores.reshape(len(GATES), -1)
        into, forget, out = (1 / (1 + np.exp(-z)) for z in (into, forget, out))
        cell = forget * cell + into * np.tanh(new)
        hidden = out * np.tanh(cell)
        for name, value in zip("ifoc", (into, forget, out, cell), strict=True):
            found[name].append(value)
    return {name: np.array(values) for name, values in found.items()}


# ------------------------------------------------------------------------------------------ text


def watch_sums(subject: ModelUnderTest, asked: Sums) -> None:
    """Held-out sums as the network writes them."""
    few = asked.take(slice(WRITTEN))

    def draw(step: int | None) -> None:
        said = sums_answered(subject, few)
        right = (said == few.answers).all(axis=1)
        lines = [
            f"{few.take(slice(row, row + 1)).text(said[row])}  {'right' if right[row] else 'wrong'}"
            for row in range(len(said))
        ]
        subject.run.picture("text", "It writes the answers to held-out sums", "", step, lines=lines)

    subject.run.drawings.add("training", draw)
    subject.run.drawings.add("resumed", draw)


def watch_names(subject: ModelUnderTest, naming: Naming) -> None:
    """Names that the network invents."""

    def draw(step: int | None) -> None:
        with subject.run.random.kept():  # what is trained does not depend on what is shown
            names = naming.names(4 * WRITTEN)
        lines = ["  ".join(f"{name:<11}" for name in names[at::WRITTEN]) for at in range(WRITTEN)]
        subject.run.picture("text", "It invents names", "", step, lines=lines)

    subject.run.drawings.add("names", draw)
