"""Probes of module 11: rows looked up by their number."""

from __future__ import annotations

import numpy as np

from verification.operation import Array, Operation, fixed, probes_of, weights
from verification.probe import Kit, Probe, expect


def rows(ids: Array, weight: Array) -> Array:
    return weight[ids]


def lookup(text: str, ids: object, hint: str) -> Operation:
    return Operation(
        "nn.Embedding", f"nn.Embedding(5, 3)({text})", {"ids": fixed(ids)},
        lambda layer, ids: layer(ids), rows,
        layer=lambda tt: tt.nn.Embedding(5, 3),
        parameters={"weight": weights(5, 3)},
        hint="The result is the row of the table that each id names.",
        gradient_hint=hint,
        suspects={"is it the same row for every id?": lambda ids, weight: weight[ids * 0]},
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
        hint="Row 1 stands for padding: it must not learn.",
    )


PROBES = [
    *probes_of(LOOKUPS, "11_embeddings", "11_embeddings"),
    Probe("nn.Embedding", "11_embeddings", check_padding),
]
