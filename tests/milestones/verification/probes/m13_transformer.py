"""Probes of module 13: the layer, with both places of its norms, masks and an activation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from verification.probes.attending import along_the_batch, in_heads, in_one_head
from verification.probes.compared import probes_of
from verification.probes.heads import HEADS
from verification.probes.inputs import Array, fixed, spread, weights
from verification.probes.m12_attention import CAUSAL, LENGTH
from verification.probes.normalizing import normalized
from verification.probes.operation import Operation, Oracle
from verification.probes.projecting import WIDTH

MODULE = "13_transformer"
INNER, EPS, TOKENS = 6, 0.1, 5

SHAPES = {
    "self_attn.in_proj_weight": (3 * WIDTH, WIDTH), "self_attn.in_proj_bias": (3 * WIDTH,),
    "self_attn.out_proj.weight": (WIDTH, WIDTH), "self_attn.out_proj.bias": (WIDTH,),
    "linear1.weight": (INNER, WIDTH), "linear1.bias": (INNER,),
    "linear2.weight": (WIDTH, INNER), "linear2.bias": (WIDTH,),
    "norm1.weight": (WIDTH,), "norm1.bias": (WIDTH,),
    "norm2.weight": (WIDTH,), "norm2.bias": (WIDTH,),
}  # fmt: skip

Function = Callable[[Array], Array]
Look = Callable[[Array | None, list[Array]], Array]


def relu(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0))


def gelu_new(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


def parts_of(
    parameters: tuple[Array, ...],
    hidden: Array | None,
    activation: Function,
    eps: tuple[float, float] = (EPS, EPS),
    look: Look = in_heads,
) -> tuple[Function, Function, Function, Function]:
    """(attention, feed-forward, norm1, norm2) of a layer with these parameters, in that order."""
    w_in, b_in, w_out, b_out, w1, b1, w2, b2, g1, c1, g2, c2 = parameters

    def attend(x: Array) -> Array:
        parts = np.split(x @ w_in.T + b_in, 3, axis=-1)
        return np.asarray(look(hidden, parts) @ w_out.T + b_out)

    return (
        attend,
        lambda x: np.asarray(activation(x @ w1.T + b1) @ w2.T + b2),
        lambda x: normalized(x, (-1,), eps=eps[0]) * g1 + c1,
        lambda x: normalized(x, (-1,), eps=eps[1]) * g2 + c2,
    )


def arranged(
    norm_first: bool,
    hidden: Array | None = None,
    activation: Function = relu,
    first: float = 1.0,
    second: float = 1.0,
    norms: tuple[int, int] = (0, 1),
    eps: tuple[float, float] = (EPS, EPS),
    look: Look = in_heads,
) -> Oracle:
    """A layer; `first` and `second` weigh its two shortcuts, `norms` stand at the two places."""

    def oracle(x: Array, *parameters: Array) -> Array:
        attend, feed, *both = parts_of(parameters, hidden, activation, eps, look)
        norm1, norm2 = (both[number] for number in norms)
        if norm_first:
            x = first * x + attend(norm1(x))
            return np.asarray(second * x + feed(norm2(x)))
        x = norm1(first * x + attend(x))
        return norm2(second * x + feed(x))

    return oracle


def through_normalized(first: bool, second: bool) -> Oracle:
    """Norm first, but one shortcut or both start behind the norms."""

    def oracle(x: Array, *parameters: Array) -> Array:
        attend, feed, norm1, norm2 = parts_of(parameters, None, relu)
        x = (norm1(x) if first else x) + attend(norm1(x))
        return np.asarray((norm2(x) if second else x) + feed(norm2(x)))

    return oracle


def half_normalized(first: bool, second: bool) -> Oracle:
    """Norm last, but of one half or of both alone, before the shortcut is added."""

    def oracle(x: Array, *parameters: Array) -> Array:
        attend, feed, norm1, norm2 = parts_of(parameters, None, relu)
        x = x + norm1(attend(x)) if first else norm1(x + attend(x))
        return np.asarray(x + norm2(feed(x)) if second else norm2(x + feed(x)))

    return oracle


EITHER = ((True, False), (False, True), (True, True))
NORMS = {(True, False): "norm1", (False, True): "norm2", (True, True): "norm1 and norm2"}
OWN = 1e-5  # the eps of a LayerNorm that is given none


def misplaced(norm_first: bool) -> dict[str, Oracle]:
    """Norms that are there, at a wrong place."""
    if norm_first:
        question, make = "does a shortcut carry the normalized x ({})?", through_normalized
    else:
        question, make = "is the sum normalized, not the half alone ({})?", half_normalized
    return {question.format(NORMS[which]): make(*which) for which in EITHER}


def of_shortcuts(norm_first: bool, hidden: Array | None) -> dict[str, Oracle]:
    """Shortcuts that are missing, or there twice."""
    weighed = {
        "is the shortcut around the attention missing?": (0.0, 1.0),
        "is the shortcut around the feed-forward half missing?": (1.0, 0.0),
        "are both shortcuts missing?": (0.0, 0.0),
        "is the shortcut around the attention added once, not twice?": (2.0, 1.0),
        "is the shortcut around the feed-forward half added once, not twice?": (1.0, 2.0),
    }
    return {
        question: arranged(norm_first, hidden, first=first, second=second)
        for question, (first, second) in weighed.items()
    }


def suspects(norm_first: bool, hidden: Array | None) -> dict[str, Oracle]:
    """The common mistakes of a layer, as questions."""
    found = {
        "do the norms stand in the other place (norm_first)?": arranged(not norm_first, hidden),
        **of_shortcuts(norm_first, hidden),
        "is batch_first handed on to the attention? It looks along the batch.": arranged(
            norm_first, hidden, look=along_the_batch
        ),
        "is nhead handed on to the attention, which has one head?": arranged(
            norm_first, hidden, look=in_one_head
        ),
        "are norm1 and norm2 exchanged?": arranged(norm_first, hidden, norms=(1, 0)),
        "is norm1 used twice, and norm2 never?": arranged(norm_first, hidden, norms=(0, 0)),
        "is norm2 used twice, and norm1 never?": arranged(norm_first, hidden, norms=(1, 1)),
        "is the activation missing?": arranged(norm_first, hidden, lambda x: x),
        **{
            f"is layer_norm_eps used ({NORMS[which]})?": arranged(
                norm_first, hidden, eps=(OWN if which[0] else EPS, OWN if which[1] else EPS)
            )
            for which in EITHER
        },
        **misplaced(norm_first),
    }
    if hidden is None:
        found["does it hide the future though no mask is given?"] = arranged(norm_first, CAUSAL)
    else:
        found["is the mask used (it sees the future)?"] = arranged(norm_first)
        found["is the mask off by one (it sees the next position)?"] = arranged(
            norm_first, np.triu(hidden, 2)
        )
    return found


def layer_of(norm_first: bool, hidden: Array | None = None) -> Operation:
    """One call of a TransformerEncoderLayer, with a causal mask or without."""
    text = "" if hidden is None else ", src_mask=<True where hidden>"

    def run(layer: Any, x: Any, mask: Any) -> Any:
        return layer(x) if hidden is None else layer(x, src_mask=mask)

    return Operation(
        "nn.TransformerEncoderLayer",
        f"nn.TransformerEncoderLayer({WIDTH}, {HEADS}, {INNER}, dropout=0.0, batch_first=True, "
        f"norm_first={norm_first})(x{text})",
        {"x": spread(2, LENGTH, WIDTH), "mask": fixed(CAUSAL)},
        run, without_mask(arranged(norm_first, hidden)),
        layer=lambda tt: tt.nn.TransformerEncoderLayer(
            WIDTH, HEADS, INNER, dropout=0.0, layer_norm_eps=EPS, batch_first=True,
            norm_first=norm_first,
        ),
        parameters={name: weights(*shape) for name, shape in SHAPES.items()},
        hint="norm_first: x + attention(norm1(x)), then x + feed_forward(norm2(x)). Otherwise "
        "norm1(x + attention(x)), then norm2(x + feed_forward(x)).",
        gradient_hint="The gradient comes back through the shortcut and through the half beside "
        "it, and both add up.",
        suspects={
            question: without_mask(oracle)
            for question, oracle in suspects(norm_first, hidden).items()
        },
    )  # fmt: skip


def without_mask(oracle: Oracle) -> Oracle:
    return lambda x, mask, *parameters: oracle(x, *parameters)


BENT = replace(
    layer_of(True),
    call="nn.TransformerEncoderLayer(..., activation=nn.functional.tanh, norm_first=True)(x)",
    oracle=without_mask(arranged(True, None, np.tanh)),
    layer=lambda tt: tt.nn.TransformerEncoderLayer(
        WIDTH, HEADS, INNER, dropout=0.0, layer_norm_eps=EPS, batch_first=True, norm_first=True,
        activation=tt.nn.functional.tanh,
    ),
    suspects={
        "is the activation that is given used, not always relu?": without_mask(arranged(True)),
        "is the activation missing?": without_mask(arranged(True, None, lambda x: x)),
    },
)  # fmt: skip

PADDING = np.array([[False, False, False, True], [False, False, True, True]])
PADDED = replace(
    layer_of(True),
    call="nn.TransformerEncoderLayer(..., norm_first=True)(x, src_key_padding_mask=<True: hidden>)",
    inputs={"x": spread(2, LENGTH, WIDTH), "mask": fixed(PADDING)},
    run=lambda layer, x, mask: layer(x, src_key_padding_mask=mask),
    oracle=without_mask(arranged(True, PADDING[:, None, None])),
    whole=True,
    suspects={
        "is src_key_padding_mask handed on to the attention?": without_mask(arranged(True)),
    },
)


def causal(norm_first: bool) -> Operation:
    """Without a mask, but told to be causal."""
    return replace(
        layer_of(norm_first, CAUSAL),
        call=f"nn.TransformerEncoderLayer(..., norm_first={norm_first})(x, is_causal=True)",
        run=lambda layer, x, mask: layer(x, is_causal=True),
        suspects={
            "is is_causal handed on to the attention?": without_mask(arranged(norm_first)),
            "is the mask off by one (it sees the next position)?": without_mask(
                arranged(norm_first, np.triu(CAUSAL, 2))
            ),
        },
    )


LAYERS = [layer_of(False), layer_of(True), layer_of(True, CAUSAL)]
PROBES = [
    *probes_of(LAYERS, MODULE, MODULE),
    *probes_of([causal(True), causal(False), BENT, PADDED], MODULE),
]
