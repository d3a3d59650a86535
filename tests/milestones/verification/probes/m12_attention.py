"""Probes of module 12: attention compared with its definition, and common mistakes."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.attending import (
    Attend,
    attention,
    backward_mistakes,
    mistakes,
    shares,
    uniform,
)
from verification.probes.compared import probes_of
from verification.probes.heads import (
    CUTS,
    HEADS,
    JOINS,
    Joining,
    heads_apart,
    heads_interleaved,
    heads_mixed,
    heads_reversed,
    heads_together,
    joined_by_columns,
    joined_by_reshape,
)
from verification.probes.inputs import Array, fixed, spread, weights
from verification.probes.operation import Operation
from verification.probes.probe import Kit, Probe, expect
from verification.probes.projecting import WIDTH, projections_of

LENGTH = 4
CAUSAL = np.triu(np.ones((LENGTH, LENGTH), bool), 1)  # True: must not look
ALLOWED = ~CAUSAL
BIAS = np.where(CAUSAL, -1.5, 0.25)


def with_bias(q: Array, k: Array, v: Array) -> Array:
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    return np.asarray(shares(scores + BIAS) @ v)


def scaled(text: str, oracle: Attend, hidden: Array | None = None, **options: Any) -> Operation:
    """One call of scaled_dot_product_attention."""
    mask = options.get("attn_mask")
    inputs = {name: spread(2, LENGTH, 3) for name in "qkv"}

    def run(tt: Any, q: Any, k: Any, v: Any) -> Any:
        extra = dict(options) if mask is None else {**options, "attn_mask": tt.tensor(mask)}
        return tt.nn.functional.scaled_dot_product_attention(q, k, v, **extra)

    suspects = {} if hidden is None else mask_suspects(hidden)
    suspects |= mistakes(hidden, width=3, length=LENGTH)
    return Operation(
        "nn.functional.scaled_dot_product_attention",
        f"scaled_dot_product_attention(q, k, v{text})",
        inputs, run, oracle,
        hint="softmax(q @ k.T / sqrt(d) + mask) @ v, the softmax over the keys.",
        gradient_hint="q, k and v each get a gradient: through the scores, and through the sum.",
        suspects=suspects,
        gradient_suspects=backward_mistakes(hidden),
        fitted={} if mask is BIAS else {SCALE: (one_by_root, partial(attention, hidden))},
    )  # fmt: skip


def one_by_root(q: Array, *more: Array) -> float:
    return 1 / math.sqrt(q.shape[-1])


SCALE = "are the scores multiplied by {}, where it should be {}?"


def mask_suspects(hidden: Array) -> dict[str, Attend]:
    """The results of common mistakes in a causal mask."""
    later = np.triu(hidden, 2)
    return {
        "is the mask used (it sees the future)?": attention(),
        "is the mask off by one (it sees the next position)?": attention(later),
        "is the mask inverted?": attention(~hidden & ~np.eye(LENGTH, dtype=bool)),
        "is the mask the wrong way round?": attention(~hidden),
        "is the mask off by one (it does not see its own position)?": attention(
            np.tril(np.ones((LENGTH, LENGTH), bool)).T
        ),
    }


SCALED = [
    scaled("", attention()),
    scaled(", is_causal=True", attention(CAUSAL), CAUSAL, is_causal=True),
    scaled(", attn_mask=<True where allowed>", attention(CAUSAL), CAUSAL, attn_mask=ALLOWED),
    scaled(", attn_mask=<added to the scores>", with_bias, attn_mask=BIAS),
]


# ------------------------------------------------------------------------------ MultiheadAttention


def multihead(
    attend: Attend, split: Joining = heads_apart, order: str = "qkv", join: Joining = heads_together
) -> Callable[..., Array]:
    """Project, attend in each head, join, project. `attend` applies the mask."""

    def oracle(
        x: Array, mask: Array, w_in: Array, b_in: Array, w_out: Array, b_out: Array
    ) -> Array:
        thirds = np.split(x @ w_in.T + b_in, 3, axis=-1)
        q, k, v = (split(thirds[order.index(name)]) for name in "qkv")
        return np.asarray(join(attend(q, k, v)) @ w_out.T + b_out)

    return oracle


def suspects_for(hidden: Array) -> dict[str, Callable[..., Array]]:
    """Mistakes that do not change shapes and do not stop training."""
    seen = hidden if hidden.any() else None
    right = attention(seen)
    found = {
        "is each head divided by sqrt(head_dim)?": multihead(attention(seen, 1.0)),
        "is it sqrt(embed_dim) instead of sqrt(head_dim)?": multihead(
            attention(seen, 1 / math.sqrt(WIDTH))
        ),
        "are the heads mixed (a reshape where a transpose is needed)?": multihead(
            right, heads_mixed
        ),
        "are the heads joined by a reshape alone, without the transpose?": multihead(
            right, join=joined_by_reshape
        ),
        "does each head get neighboring columns?": multihead(right, heads_interleaved),
        "are the heads joined in blocks, not column by column?": multihead(
            right, join=joined_by_columns
        ),
        "are the heads in reverse order?": multihead(right, heads_reversed),
        "are the weights the same for every key (uniform)?": multihead(uniform(seen)),
        "are Q and K taken from the wrong thirds?": multihead(right, order="kqv"),
        "are K and V taken from the wrong thirds?": multihead(right, order="qvk"),
    }
    if hidden.any():
        masks = mask_suspects(hidden).items()
        found = {question: multihead(attend) for question, attend in masks} | found
    found |= {question: multihead(right, join=join) for question, join in JOINS.items()}
    found |= {question: multihead(right, cut) for question, cut in CUTS.items()}
    return found | projections_of(multihead(right))


def self_attention(text: str, hidden: Array, run: Callable[..., Any]) -> Operation:
    """One self-attention of a MultiheadAttention; `hidden` is True where it must not look."""
    seen = hidden if hidden.any() else None
    return Operation(
        "nn.MultiheadAttention",
        f"nn.MultiheadAttention({WIDTH}, {HEADS}, batch_first=True)(x, x, x{text})",
        {"x": spread(2, LENGTH, WIDTH), "mask": fixed(hidden)},
        run, multihead(attention(seen)),
        layer=lambda tt: tt.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True),
        parameters={
            "in_proj_weight": weights(3 * WIDTH, WIDTH), "in_proj_bias": weights(3 * WIDTH),
            "out_proj.weight": weights(WIDTH, WIDTH), "out_proj.bias": weights(WIDTH),
        },
        hint="Project to q, k and v; attend in each head; join the heads; project.",
        gradient_hint="in_proj_weight holds the rows of Q, then K, then V: each third learns.",
        regions={part: slice(i * WIDTH, (i + 1) * WIDTH) for i, part in enumerate("QKV")},
        suspects=suspects_for(hidden), unseen=() if hidden.any() else ("mask",),
        fitted={
            SCALE: (
                lambda *given: 1 / math.sqrt(WIDTH // HEADS),
                lambda scale: multihead(attention(seen, scale)),
            )
        },
    )  # fmt: skip


def check_weights(kit: Kit) -> None:
    """With need_weights, PyTorch's default, the same result, and the mean weights of the heads."""
    layer = kit.tt.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    x, hidden = kit.tt.tensor(kit.rng.normal(size=(2, LENGTH, WIDTH)).astype("f4")), CAUSAL
    plain, nothing = layer(x, x, x, need_weights=False, attn_mask=kit.tt.tensor(hidden))
    if nothing is not None:
        raise Failure(
            f"`{NAME}(x, x, x, need_weights=False)` gives weights too: is need_weights handed on, "
            "and None returned in their place?"
        )
    result, given = layer(x, x, x, attn_mask=kit.tt.tensor(hidden))
    close(f"With need_weights=True the result of {NAME}", result.data, plain.data)
    close("Summed over the keys, the weights", given.data.sum(axis=-1), np.ones((2, LENGTH)))
    close("The weights of hidden keys", given.data * hidden, np.zeros((2, LENGTH, LENGTH)))


def check_batch_second(kit: Kit) -> None:
    """Without batch_first, sequences lie along the first axis."""
    first, second = (
        kit.tt.nn.MultiheadAttention(WIDTH, HEADS, batch_first=flag) for flag in (True, False)
    )
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        b.data = np.array(a.data)
    x = kit.rng.normal(size=(2, LENGTH, WIDTH)).astype("f4")
    expected = layer_result(kit, first, x)
    found = layer_result(kit, second, np.ascontiguousarray(x.transpose(1, 0, 2)))
    close(f"With batch_first=False the result of {NAME}", found.transpose(1, 0, 2), expected)


def layer_result(kit: Kit, layer: Any, x: Array) -> Array:
    t = kit.tt.tensor(x)
    return np.asarray(layer(t, t, t, need_weights=False)[0].data)


def close(subject: str, found: Array, expected: Array) -> None:
    """Equal up to the rounding of float32."""
    if np.shape(found) != expected.shape or not np.allclose(found, expected, atol=1e-5):
        expect(subject, found, expected)


NAME = f"nn.MultiheadAttention({WIDTH}, {HEADS})"

MULTIHEAD = [
    self_attention(
        "", np.zeros_like(CAUSAL), lambda layer, x, mask: layer(x, x, x, need_weights=False)[0]
    ),
    self_attention(
        ", attn_mask=<causal, True where hidden>", CAUSAL,
        lambda layer, x, mask: layer(x, x, x, need_weights=False, attn_mask=mask)[0],
    ),
]  # fmt: skip

PROBES = [
    *probes_of([*SCALED, *MULTIHEAD], "12_attention", "12_attention"),
    Probe("nn.MultiheadAttention", "12_attention", check_weights),
    Probe("nn.MultiheadAttention", "12_attention", check_batch_second),
]
