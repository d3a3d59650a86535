"""Probes of module 12: attention across sequences, both masks, large scores, and the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verification.probes.attending import attention, backward_mistakes, mistakes
from verification.probes.compared import probes_of
from verification.probes.heads import HEADS, heads_apart, heads_together
from verification.probes.inputs import Array, Input, fixed, spread, weights
from verification.probes.m12_attention import CAUSAL, LENGTH
from verification.probes.operation import Operation
from verification.probes.probe import Kit, Probe, check_drawn_apart, expect
from verification.probes.projecting import WIDTH

MODULE = "12_attention"
PADDING = np.array([[False] * LENGTH, [False] * (LENGTH - 2) + [True] * 2])
NONE = np.zeros_like(CAUSAL)

Oracle = Callable[..., Array]


def of_keys(padding: Array) -> Array:
    """What the padding hides of (batch, heads, queries, keys): columns."""
    return padding[:, None, None, :]


def crossed(
    sources: str = "qkv", causal: Array = NONE, hides: Callable[[Array], Array] = of_keys
) -> Oracle:
    """Attention from q over k and v; `sources` says what each third of the weight projects."""

    def oracle(
        q: Array, k: Array, v: Array, padding: Array,
        w_in: Array, b_in: Array, w_out: Array, b_out: Array,
    ) -> Array:  # fmt: skip
        given, thirds = {"q": q, "k": k, "v": v}, (np.split(w_in, 3), np.split(b_in, 3))
        heads = [
            heads_apart(given[source] @ weight.T + bias)
            for source, weight, bias in zip(sources, *thirds, strict=True)
        ]
        hidden = causal | hides(padding)
        seen = attention(hidden if hidden.any() else None)
        return np.asarray(heads_together(seen(*heads)) @ w_out.T + b_out)

    return oracle


OWN_THIRDS = "Queries come from q, keys from k and values from v, each by its own third."
SOURCES = {
    "are keys and values projected from key and value, not from the query?": "qqq",
    "are the keys projected from key, not from the query?": "qqv",
    "are the values projected from value, not from the query?": "qkq",
    "are the values projected from value, not from key?": "qkk",
    "are the keys projected from key, not from value?": "qvv",
    "are keys and values exchanged?": "qvk",
}


def layer_of(
    text: str, keys: int, padding: Array, run: Callable[..., Any], causal: Array = NONE,
    suspects: dict[str, Oracle] | None = None, hint: str = OWN_THIRDS,
) -> Operation:  # fmt: skip
    """One call of a MultiheadAttention with three different inputs."""
    shape = (2, keys, WIDTH)
    sources = {text: crossed(order, causal) for text, order in SOURCES.items()}
    return Operation(
        "nn.MultiheadAttention",
        f"nn.MultiheadAttention({WIDTH}, {HEADS}, batch_first=True)(q, k, v{text})",
        {
            "q": spread(2, LENGTH, WIDTH), "k": spread(*shape), "v": spread(*shape),
            "padding": fixed(padding),
        },
        run, crossed("qkv", causal),
        layer=lambda tt: tt.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True),
        parameters={
            "in_proj_weight": weights(3 * WIDTH, WIDTH), "in_proj_bias": weights(3 * WIDTH),
            "out_proj.weight": weights(WIDTH, WIDTH), "out_proj.bias": weights(WIDTH),
        },
        hint=hint, unseen=() if padding.any() else ("padding",),
        regions={part: slice(i * WIDTH, (i + 1) * WIDTH) for i, part in enumerate("QKV")},
        suspects=(suspects or {}) | sources,
    )  # fmt: skip


def plain(layer: Any, q: Any, k: Any, v: Any, padding: Any) -> Any:
    return layer(q, k, v, need_weights=False)[0]


def with_padding(layer: Any, q: Any, k: Any, v: Any, padding: Any) -> Any:
    return layer(q, k, v, key_padding_mask=padding, need_weights=False)[0]


PADDINGS: dict[str, Callable[[Array], Array]] = {
    "is key_padding_mask used?": lambda padding: np.zeros_like(of_keys(padding)),
    "does key_padding_mask hide keys (columns of the scores), not queries (rows)?": (
        lambda padding: padding[:, None, :, None]
    ),
    "is a key hidden where key_padding_mask is True, not where it is False?": lambda padding: (
        of_keys(~padding)
    ),
    "is a key hidden from all queries, not only from those that are padding too?": lambda padding: (
        of_keys(padding) & padding[:, None, :, None]
    ),
    "does padding hide keys only, and no queries?": lambda padding: (
        of_keys(padding) | padding[:, None, :, None]
    ),
    "is the padding that of another sequence of the batch?": lambda padding: of_keys(padding[::-1]),
    "is a key hidden only in the sequence in which it is padding?": lambda padding: of_keys(
        np.broadcast_to(padding.any(axis=0), padding.shape)
    ),
}
FREE = np.zeros((2, LENGTH), bool)
CROSSED = [
    layer_of("", LENGTH, FREE, plain),
    layer_of(", with two keys more than queries", LENGTH + 2, np.zeros((2, LENGTH + 2), bool),
             plain, np.zeros((LENGTH, LENGTH + 2), bool)),
]  # fmt: skip
PADDED = [
    layer_of(", key_padding_mask=<True where hidden>", LENGTH, PADDING, with_padding,
             suspects={text: crossed(hides=hides) for text, hides in PADDINGS.items()},
             hint="A key that is padding is hidden from all queries of its own sequence."),
]  # fmt: skip


def check_both_masks(kit: Kit) -> None:
    """A key is hidden if either mask hides it."""
    layer = kit.tt.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    x = kit.rng.normal(size=(2, LENGTH, WIDTH)).astype("f4")
    t, masks = kit.tt.tensor(x), {"attn_mask": kit.tt.tensor(CAUSAL)}
    masks["key_padding_mask"] = kit.tt.tensor(PADDING)
    given = np.asarray(layer(t, t, t, **masks)[1].data)
    hidden = CAUSAL | PADDING[:, None, :]
    for name, mask in (("attn_mask", CAUSAL[None]), ("key_padding_mask", PADDING[:, None, :])):
        expect(
            f"With attn_mask and key_padding_mask, the weights of the keys that `{name}` hides",
            np.where(mask, given, 0.0),
            np.zeros(given.shape),
            hint="Add both masks to the scores: a key is hidden if either of them hides it.",
        )
    expect(
        "With attn_mask and key_padding_mask, the number of keys with a weight, in each row,",
        (given > 0).sum(axis=-1),
        (~hidden).sum(axis=-1),
        hint="A key that neither mask hides keeps its weight.",
    )


def large(*shape: int) -> Input:
    return Input(lambda rng: 1000 * spread(*shape).make(rng))


def uneven() -> Input:
    """Queries of which the first is large: one maximum for all rows would make the others 0 / 0."""
    return Input(lambda rng: spread(2, 3, 4).make(rng) * np.array([[1000.0], [1.0], [1.0]]))


def functional(
    text: str, inputs: dict[str, Input], oracle: Oracle, wrong: dict[str, Any] | None = None,
    attn_mask: Array | None = None, **options: Any,
) -> Operation:  # fmt: skip
    masked_by = options.get("is_causal") or attn_mask is not None

    def run(tt: Any, q: Any, k: Any, v: Any) -> Any:
        masked = {} if attn_mask is None else {"attn_mask": tt.tensor(attn_mask)}
        return tt.nn.functional.scaled_dot_product_attention(q, k, v, **options, **masked)

    return Operation(
        "nn.functional.scaled_dot_product_attention",
        f"scaled_dot_product_attention(q, k, v{text})", inputs,
        run, oracle, suspects=wrong or {}, gradient_suspects=backward_mistakes(None),
        hint="softmax(q @ k.T / sqrt(d) + mask) @ v; subtract each row's own maximum before exp.",
        whole=bool(masked_by),
    )  # fmt: skip


LONGER = {"q": spread(2, 3, 4), "k": spread(2, 5, 4), "v": spread(2, 5, 4)}
SQUARE = {name: spread(2, 3, 3) for name in "qkv"}
FUNCTIONAL = [
    functional(", scale=0.3", LONGER, attention(scale=0.3), scale=0.3),
    functional(
        ", as many keys as their width", SQUARE, attention(), mistakes(None, width=3, length=3)
    ),
    functional(
        ", is_causal=True, with two keys more than queries", LONGER,
        attention(np.triu(np.ones((3, 5), bool), 1)),
        {
            "does the mask begin at the first key (it is off by one, or aligned at the end)?":
            attention(np.triu(np.ones((3, 5), bool), 3)),
        },
        is_causal=True,
    ),
]  # fmt: skip
STABLE = [
    functional(
        ", with scores of thousands",
        {"q": large(2, 3, 4), "k": spread(2, 5, 4), "v": spread(2, 5, 4)}, attention(),
    ),
    functional(", with scores of thousands in the first row", {**LONGER, "q": uneven()},
               attention()),
    functional(
        ", attn_mask=<True where allowed>, with scores of thousands",
        {"q": large(2, LENGTH, 4), "k": spread(2, LENGTH, 4), "v": spread(2, LENGTH, 4)},
        attention(CAUSAL),
        {"is minus infinity added where the mask hides, not a large number?": attention()},
        attn_mask=~CAUSAL,
    ),
]  # fmt: skip


def check_start(kit: Kit) -> None:
    """The first weights of Q, K and V are drawn one by one."""
    layer = kit.tt.nn.MultiheadAttention(8, HEADS)
    for name in ("in_proj_weight", "out_proj.weight"):
        check_drawn_apart(f"nn.MultiheadAttention(8, {HEADS}).{name}", named(layer)[name])


def named(layer: Any) -> dict[str, Array]:
    return {name: np.array(p.data) for name, p in layer.named_parameters()}


PROBES = [
    *probes_of(FUNCTIONAL, MODULE, MODULE),
    *probes_of(STABLE, MODULE),
    *probes_of([*CROSSED, *PADDED], MODULE, MODULE),
    Probe("nn.MultiheadAttention", MODULE, check_both_masks),
    Probe("nn.MultiheadAttention", MODULE, check_start),
]
