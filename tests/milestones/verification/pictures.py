"""Pictures of a network at work, while it trains and after it.

They are for the student to look at, not for the verdict: all are computed by NumPy from the arrays
that the network gives, and a picture that cannot be made is left out. `run.Run.picture` sends them,
`tito/views/pictures` draws them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from verification import data, models, there
from verification.controls import reversed_by
from verification.model_under_test import ModelUnderTest
from verification.writing import sums_answered

GRID, POINTS, SHOWN, ROWS = 24, 40, 16, 6  # of a plane: its side, points; images; sequences
SHADES = 3  # decimals: enough for a screen, and small in a file


def spread(count: int, most: int) -> slice:
    """At most so many of `count` examples, from the first to the last: they may be sorted."""
    return slice(None, None, -(-count // most) or 1)


def rounded(array: Any) -> Any:
    return np.round(np.asarray(array, float), SHADES).tolist()


# ----------------------------------------------------------------------------------------- points


def plane(subject: ModelUnderTest, held_out: data.Examples, step: int) -> None:
    """What the network says at each point of the plane, with some held-out points on it."""
    reach = 1.1 * float(np.abs(held_out.inputs).max())
    places = np.linspace(-reach, reach, GRID)
    grid = np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2).astype("f4")
    (scores,) = subject.run.there(there.evaluated)(subject.run.tt, subject.model, [grid])
    field = 1 / (1 + np.exp(-np.asarray(scores, float).reshape(GRID, GRID)))
    inputs, targets = held_out.take(spread(len(held_out.targets), POINTS))
    points = [[*rounded(p), int(t > 0.5)] for p, t in zip(inputs, targets.reshape(-1), strict=True)]
    subject.run.picture(
        "plane", "The plane as the network sees it",
        "shade: its probability of x; signs: held-out points, o and x", step or None,
        extent=[-reach, reach, -reach, reach], field=rounded(field), points=points,
    )  # fmt: skip


# ----------------------------------------------------------------------------------------- images


def images(subject: ModelUnderTest, held_out: data.Examples, step: int) -> None:
    """The first held-out digits, and what the network says."""
    some = held_out.take(slice(SHOWN))
    said = subject.outputs(some.inputs).argmax(axis=-1)
    show_images(subject, "Digits it has never seen, and what it says", "", some, said, step)


def wrong_images(subject: ModelUnderTest, held_out: data.Examples, _: int) -> None:
    """Held-out digits that the network gets wrong."""
    said = subject.outputs(held_out.inputs).argmax(axis=-1)
    wrong = np.flatnonzero(said != held_out.targets)
    title = f"The digits it gets wrong: {len(wrong)} of {len(said)}"
    some = held_out.take(wrong[:SHOWN])
    show_images(subject, title, "below each: what it says, and what it is", some, said[wrong], 0)


def shifted_images(subject: ModelUnderTest, mlp: ModelUnderTest, off: data.Examples) -> None:
    """Digits one pixel off that this network reads and the MLP does not."""
    if subject.run.stream is None:
        return
    with suppress(Exception):  # whatever the framework does wrong here, the checks will tell
        said = mlp.outputs(data.flat(off).inputs).argmax(axis=-1)
        read = subject.outputs(off.inputs).argmax(axis=-1) == off.targets
        chosen = np.flatnonzero(read & (said != off.targets))
        title = f"One pixel off: {len(chosen)} digits that the CNN reads and the MLP does not"
        chosen = chosen[spread(len(chosen), SHOWN)]
        told = "below each: what the MLP says, and what it is"
        show_images(subject, title, told, off.take(chosen), said[chosen])


def show_images(
    subject: ModelUnderTest,
    title: str,
    caption: str,
    some: data.Examples,
    said: np.ndarray,
    step: int = 0,
) -> None:
    pairs = list(zip(said.tolist(), some.targets.tolist(), strict=False))
    if pairs:
        subject.run.picture(
            "images", title, caption, step or None,
            images=rounded(some.inputs.reshape(-1, 8, 8)),
            labels=[str(target) for _, target in pairs], said=[str(answer) for answer, _ in pairs],
            right=[answer == target for answer, target in pairs],
        )  # fmt: skip


def confusion(subject: ModelUnderTest, held_out: data.Examples, step: int) -> None:
    """How often each class was taken for each other one."""
    scores = subject.outputs(held_out.inputs)
    count = scores.shape[-1]
    table = np.zeros((count, count), int)
    np.add.at(table, (held_out.targets, scores.argmax(axis=-1)), 1)
    names = [str(n) for n in range(count)]
    subject.run.picture(
        "matrix", "Confusion matrix: held-out examples, counted",
        "rows: what it is; columns: what the network says", step or None,
        values=table.tolist(), rows=names, columns=names,
    )  # fmt: skip


def filters(subject: ModelUnderTest, held_out: data.Examples, _: int) -> None:
    """The first layer's filters, and where each responds to one digit."""
    run, first = subject.run, subject.model[0]
    weights = np.array(first.weight.data)[:, 0]
    names = [str(n) for n in range(len(weights))]
    run.picture(
        "filters", "The filters that the first layer has learned",
        "one sign for each weight: positive or negative", images=rounded(weights), labels=names,
    )  # fmt: skip
    seen = np.maximum(subject.another(first).outputs(held_out.inputs[:1])[0], 0)
    seen = np.concatenate([held_out.inputs[0], seen / max(float(seen.max()), 1e-9)])
    run.picture(
        "images", "A held-out digit, and where each filter responds to it", "",
        images=rounded(seen[:8]), labels=["digit", *(f"by {n}" for n in names)][:8],
        said=[], right=[],
    )  # fmt: skip


def depth(subject: ModelUnderTest, residual: float, plain: float) -> None:
    """How well a deep network did with and without shortcuts."""
    subject.run.picture(
        "bars", "Held-out accuracy of two networks of the same depth",
        "the same data, the same start, as many steps",
        labels=["with shortcuts", "plain"], values=rounded([residual, plain]),
    )  # fmt: skip


# -------------------------------------------------------------------------------------- sequences


def reversal(subject: ModelUnderTest, held_out: data.Examples, step: int) -> None:
    """Held-out sequences, and what the network makes of them."""
    forward = held_out.inputs[:ROWS, : held_out.targets.shape[1]]
    rows = [
        {"input": spelled(i), "output": spelled(o), "target": spelled(i[::-1])}
        for i, o in zip(forward, reversed_by(subject, forward), strict=True)
    ]
    subject.run.picture(
        "sequences", "Sequences it has never seen, reversed", "", step or None, rows=rows
    )


def spelled(symbols: np.ndarray) -> str:
    return " ".join(str(symbol) for symbol in symbols.tolist())


def attention(subject: ModelUnderTest, held_out: data.Examples, _: int) -> None:
    """Where each written symbol looks in the sequence: the mean of the heads' weights."""
    ids = held_out.inputs[0]
    length, values = held_out.targets.shape[1], subject.parameter_values()
    weights = head_weights(values, ids, heads=4).mean(axis=0)[length:]
    names = [str(s) if s < models.SYMBOLS else "|" for s in ids.tolist()]
    subject.run.picture(
        "matrix", "Attention: where it looks as it writes the reversal",
        "rows: the symbol to write next; columns: what it has read",
        values=rounded(weights), rows=[str(s) for s in held_out.targets[0].tolist()], columns=names,
    )  # fmt: skip


def head_weights(values: dict[str, np.ndarray], ids: np.ndarray, heads: int) -> np.ndarray:
    """softmax(q k^T / sqrt(d)) of the transformer's attention, (heads, places, places)."""
    x = values["tokens.weight"][ids] + values["positions.weight"][: len(ids)]
    both = x @ values["attention.in_proj_weight"].T + values["attention.in_proj_bias"]
    width = x.shape[1]
    q, k = (
        both[:, i * width : (i + 1) * width].reshape(len(ids), heads, -1).swapaxes(0, 1)
        for i in (0, 1)
    )
    scores = q @ k.swapaxes(1, 2) / np.sqrt(width / heads)
    scores[:, models.future(len(ids))] = -np.inf
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def gates(subject: ModelUnderTest, held_out: data.Examples, _: int) -> None:
    """How far each gate of the LSTM is open while it reads one sequence."""
    opened = gate_means(subject.parameter_values(), held_out.inputs[0])[:, ::2]
    subject.run.picture(
        "matrix", "The gates of the LSTM as it reads a sequence: how far they are open",
        "each column is two steps, the key first; the mean of all cells",
        values=rounded(opened), rows=["input gate", "forget gate", "output gate"],
        columns=[""] * opened.shape[1],
    )  # fmt: skip


def gate_means(values: dict[str, np.ndarray], inputs: np.ndarray) -> np.ndarray:
    """The mean input, forget and output gate at each step, (3, steps), from the weights."""
    w, u = values["layer.weight_ih_l0"], values["layer.weight_hh_l0"]
    bias = values["layer.bias_ih_l0"] + values["layer.bias_hh_l0"]
    hidden = u.shape[1]
    h, c, found = np.zeros(hidden), np.zeros(hidden), []
    for x in inputs:
        i, f, g, o = (w @ x + u @ h + bias).reshape(len(models.GATES), hidden)
        i, f, o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        found.append([i.mean(), f.mean(), o.mean()])
    return np.asarray(np.transpose(found))


def sums(subject: ModelUnderTest, held_out: data.Sums, step: int) -> None:
    """What the GPT writes for sums it has never seen."""
    some = held_out.take(slice(ROWS))
    rows = []
    for n, answer in enumerate(sums_answered(subject, some)):
        one = some.take(slice(n, n + 1))
        asked, said = one.text(answer).split("=")
        target = one.text(one.answers[0]).split("=")[1]
        rows.append({"input": f"{asked}=", "output": said, "target": target})
    subject.run.picture(
        "sequences", "Sums it has never seen, and what it writes", "", step or None, rows=rows
    )


def invented(run: Any, names: list[str]) -> None:
    """Names that the GPT has made up."""
    run.picture("text", "Names that it has made up", "", lines=[" ".join(names[:24])])
