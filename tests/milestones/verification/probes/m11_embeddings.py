"""Probes of module 11: embeddings and positions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from verification.probes.compared import probes_of
from verification.probes.inputs import Array, fixed, weights
from verification.probes.operation import Operation
from verification.probes.probe import Kit, Probe, check_drawn_apart, expect


def rows(ids: Array, weight: Array) -> Array:
    return np.asarray(weight[ids])


def one_of_each(choose: Callable[[Array], Array]) -> Callable[..., dict[str, Array]]:
    """The gradient of the table, if one gradient is chosen of those of a repeated id."""

    def gradients(above: Array, ids: Array, weight: Array) -> dict[str, Array]:
        found, all_rows = np.zeros(weight.shape), above.reshape(-1, weight.shape[1])
        for i in np.unique(ids):
            found[i] = choose(all_rows[np.ravel(ids) == i])
        return {".weight": found}

    return gradients


REPEATED = {
    "do the gradients of an id that repeats add up (is only the last one kept)?": one_of_each(
        lambda given: given[-1]
    ),
    "do the gradients of an id that repeats add up (is only the first one kept)?": one_of_each(
        lambda given: given[0]
    ),
    "do the gradients of an id that repeats add up (is it the largest)?": one_of_each(
        lambda given: given.max(axis=0)
    ),
    "do the gradients of an id that repeats add up (is it their mean)?": one_of_each(
        lambda given: given.mean(axis=0)
    ),
}


def lookup(text: str, ids: object, hint: str) -> Operation:
    return Operation(
        "nn.Embedding", f"nn.Embedding(5, 3)({text})", {"ids": fixed(ids)},
        lambda layer, ids: layer(ids), rows,
        layer=lambda tt: tt.nn.Embedding(5, 3),
        parameters={"weight": weights(5, 3)},
        hint="The result is the row of the table that each id names.",
        gradient_hint=hint,
        suspects={
            "does each id have its own row, not the first?": lambda ids, weight: weight[ids * 0],
        },
        gradient_suspects=REPEATED,
    )  # fmt: skip


LOOKUPS = [
    lookup("[0, 3, 1]", [0, 3, 1], "Only the rows that were looked up get a gradient."),
    lookup(
        "[[4, 1, 4], [4, 0, 1]]", [[4, 1, 4], [4, 0, 1]],
        "Rows 4 and 1 are looked up several times: do the gradients of an id that repeats add up? "
        "(`table[ids] += grad` keeps only the last one; np.add.at adds all.)",
    ),
]  # fmt: skip


def check_padding(kit: Kit) -> None:
    """The row of padding_idx is looked up like any other, but gets no gradient."""
    layer = kit.tt.nn.Embedding(5, 3, padding_idx=1)
    layer(kit.tt.tensor(np.array([1, 2, 2]))).sum().backward()
    expected = np.zeros((5, 3))
    expected[2] = 2
    expect(
        "With padding_idx=1, after looking up [1, 2, 2], `Embedding.weight.grad`",
        None if layer.weight.grad is None else layer.weight.grad.data,
        expected,
        suspects={
            "is it the row of padding_idx that stays zero, not the column?": lambda: np.where(
                np.arange(3) == 1, 0, [[0], [1], [2], [0], [0]]
            ),
        },
        hint="Row 1 stands for padding: it must not learn.",
    )


def check_positions(kit: Kit, name: str, table: Callable[[Any], Array]) -> None:
    """A layer of positions adds row p of its table to position p: equal tokens differ."""
    make = getattr(kit.tt.nn, name, None)
    if make is None:  # the contract does not fix the names of these layers
        return
    layer, x = make(6, 4), kit.rng.normal(size=(2, 3, 4)).astype("f4")
    found, full = np.asarray(layer(kit.tt.tensor(x)).data) - x, table(layer)
    rows = np.broadcast_to(full[:3], x.shape)
    if found.shape == x.shape and np.allclose(found, rows, atol=1e-5):
        return
    expect(
        f"What `nn.{name}(6, 4)(x)` adds to x",
        found,
        rows,
        relative=1e-4,
        suspects={
            question: partial(np.broadcast_to, wrong(full, x), x.shape)
            for question, wrong in ADDED.items()
        },
        hint="Without positions, attention cannot tell a sequence from its reversal.",
    )


# What a mistake adds to x, of the table of all positions and of x.
ADDED: dict[str, Callable[[Array, Array], Array]] = {
    "is the table added, not multiplied?": lambda table, x: x * table[:3] - x,
    "are the first rows taken, and not the last?": lambda table, x: table[-3:],
    "do the positions begin at 0 (off by one)?": lambda table, x: table[1:4],
    "does each place have a row of its own, not the first?": lambda table, x: table[:1],
    "does each place have a row of its own, not the last?": lambda table, x: table[-1:],
    "is the position that in the sequence, not in the batch?": (lambda table, x: table[:2, None]),
    "are sine and cosine exchanged?": (
        lambda table, x: table.reshape(6, 2, 2)[:3, :, ::-1].reshape(3, 4)
    ),
    "are sine and cosine in pairs, and not in halves?": (
        lambda table, x: np.concatenate([table[:3, ::2], table[:3, 1::2]], axis=1)
    ),
    "is it the cosine in the odd columns?": lambda table, x: np.repeat(table[:3, ::2], 2, axis=1),
    "is it the sine in the even columns?": lambda table, x: np.repeat(table[:3, 1::2], 2, axis=1),
    "does each pair of columns have a rate of its own (the exponent)?": (
        lambda table, x: np.tile(table[:3, :2], 2)
    ),
}


def check_waves(kit: Kit) -> None:
    """The table of the waves, if the framework has a function for it."""
    make = getattr(kit.tt.nn.functional, "sinusoidal_positions", None)
    if make is None:
        return
    table, longer = waves(None), waves(None, 7)
    expect(
        "`nn.functional.sinusoidal_positions(6, 4)`", np.asarray(make(6, 4)), table, relative=1e-5,
        suspects={
            "are sine and cosine exchanged?": lambda: table.reshape(6, 2, 2)[
                :, :, ::-1
            ].reshape(6, 4),
            "do the positions begin at 0 (off by one)?": lambda: longer[1:],
            "are sine and cosine in pairs, and not in halves?": lambda: np.concatenate(
                [table[:, ::2], table[:, 1::2]], axis=1
            ),
            "is it the cosine in the odd columns?": lambda: np.repeat(table[:, ::2], 2, axis=1),
            "is it the sine in the even columns?": lambda: np.repeat(table[:, 1::2], 2, axis=1),
            "does each pair of columns have a rate of its own (the exponent)?": lambda: np.tile(
                table[:, :2], 2
            ),
        },
        hint="Even columns are sines, odd ones cosines of p / 10000^(2i / D).",
    )  # fmt: skip


def waves(layer: Any, count: int = 6) -> Array:
    """sin in the even columns, cos in the odd ones, slower from pair to pair."""
    angles = np.arange(count)[:, None] / 10000 ** (np.arange(0, 4, 2) / 4)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(count, 4)


POSITIONS = {
    "SinusoidalPositionalEncoding": waves,
    "LearnedPositionalEmbedding": lambda layer: np.asarray(layer.weight.data),
}


def check_learned(kit: Kit) -> None:
    """Each row of a learned table gets the gradients of its position, from the whole batch."""
    make = getattr(kit.tt.nn, "LearnedPositionalEmbedding", None)
    if make is None:
        return
    layer, above = make(4, 2), kit.rng.normal(size=(2, 3, 2)).astype("f4")
    x = kit.tt.tensor(np.zeros((2, 3, 2), "f4"), requires_grad=True)
    layer(x).backward(kit.tt.tensor(above))
    expect(
        "The gradient of `nn.LearnedPositionalEmbedding(4, 2).weight`",
        None if layer.weight.grad is None else layer.weight.grad.data,
        np.concatenate([above.sum(axis=0), np.zeros((1, 2))]),
        relative=1e-5,
        hint="Row p is added to position p of each sequence: its gradients add up.",
    )


def check_start(kit: Kit) -> None:
    """New rows are drawn one by one."""
    weight = np.array(kit.tt.nn.Embedding(10, 8).weight.data)
    check_drawn_apart("nn.Embedding(10, 8).weight", weight)


PROBES = [
    *probes_of(LOOKUPS, "11_embeddings", "11_embeddings"),
    Probe("nn.Embedding", "11_embeddings", check_padding),
    Probe("nn.Embedding", "11_embeddings", check_start),
    Probe("nn.functional.sinusoidal_positions", "11_embeddings", check_waves),
    *(
        Probe(f"nn.{name}", "11_embeddings", partial(check_positions, name=name, table=table))
        for name, table in POSITIONS.items()
    ),
    Probe("nn.LearnedPositionalEmbedding", "11_embeddings", check_learned),
]
