"""Probes of module 13: the layer with both places of its norms, a GPT's scores, and its loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from verification.probes.attending import HEADS, attention, heads_apart, heads_together
from verification.probes.compared import probes_of
from verification.probes.inputs import Array, Input, fixed, spread, weights
from verification.probes.layers_in_numpy import softmax
from verification.probes.m06_normalization import normalized
from verification.probes.m12_attention import CAUSAL, LENGTH, WIDTH
from verification.probes.operation import Operation, Oracle

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


def relu(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0))


def gelu_new(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


def parts_of(
    parameters: tuple[Array, ...], hidden: Array | None, activation: Function, eps: float = EPS
) -> tuple[Function, Function, Function, Function]:
    """(attention, feed-forward, norm1, norm2) of a layer with these parameters, in that order."""
    w_in, b_in, w_out, b_out, w1, b1, w2, b2, g1, c1, g2, c2 = parameters

    def attend(x: Array) -> Array:
        parts = np.split(x @ w_in.T + b_in, 3, axis=-1)
        return np.asarray(
            heads_together(attention(hidden)(*map(heads_apart, parts))) @ w_out.T + b_out
        )

    return (
        attend,
        lambda x: np.asarray(activation(x @ w1.T + b1) @ w2.T + b2),
        lambda x: normalized(x, (-1,), eps=eps) * g1 + c1,
        lambda x: normalized(x, (-1,), eps=eps) * g2 + c2,
    )


def arranged(
    norm_first: bool,
    hidden: Array | None = None,
    activation: Function = relu,
    first: float = 1.0,
    second: float = 1.0,
    swapped: bool = False,
) -> Oracle:
    """A layer; `first` and `second` weigh its two shortcuts."""

    def oracle(x: Array, *parameters: Array) -> Array:
        attend, feed, norm1, norm2 = parts_of(parameters, hidden, activation)
        if swapped:
            norm1, norm2 = norm2, norm1
        if norm_first:
            x = first * x + attend(norm1(x))
            return np.asarray(second * x + feed(norm2(x)))
        x = norm1(first * x + attend(x))
        return norm2(second * x + feed(x))

    return oracle


def through_normalized(x: Array, *parameters: Array) -> Array:
    """Norm first, but the shortcuts start behind the norms."""
    attend, feed, norm1, norm2 = parts_of(parameters, None, relu)
    x = norm1(x)
    y = norm2(x + attend(x))
    return y + feed(y)


def layer_of(norm_first: bool, hidden: Array | None = None) -> Operation:
    """One call of a TransformerEncoderLayer, with a causal mask or without."""
    text = "" if hidden is None else ", src_mask=<True where hidden>"
    suspects = {
        "do the norms stand in the other place (norm_first)?": arranged(not norm_first, hidden),
        "is the shortcut around the attention missing?": arranged(norm_first, hidden, first=0.0),
        "is the shortcut around the feed-forward half missing?": arranged(
            norm_first, hidden, second=0.0
        ),
        "are both shortcuts missing?": arranged(norm_first, hidden, first=0.0, second=0.0),
        "are norm1 and norm2 exchanged?": arranged(norm_first, hidden, swapped=True),
        "is the activation missing?": arranged(norm_first, hidden, lambda x: x),
        "do the shortcuts carry the normalized x?": through_normalized,
    }
    if hidden is not None:
        suspects["is the mask used (it sees the future)?"] = arranged(norm_first)
        suspects["is the mask off by one (it sees the next position)?"] = arranged(
            norm_first, np.triu(hidden, 2)
        )

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
        suspects={question: without_mask(oracle) for question, oracle in suspects.items()},
    )  # fmt: skip


def without_mask(oracle: Oracle) -> Oracle:
    return lambda x, mask, *parameters: oracle(x, *parameters)


# -------------------------------------------------------------------------------------------- GPT


def gpt_parameters() -> dict[str, Input]:
    layer = {f"blocks.layers.0.{name}": weights(*shape) for name, shape in SHAPES.items()}
    tables = {"wte.weight": weights(TOKENS, WIDTH), "wpe.weight": weights(LENGTH + 1, WIDTH)}
    norm = {"blocks.norm.weight": weights(WIDTH), "blocks.norm.bias": weights(WIDTH)}
    return tables | layer | norm


def scores(
    hidden: Array | None = CAUSAL,
    first: int = 0,
    norm_first: bool = True,
    activation: Function = gelu_new,
    at_the_end: bool = True,
) -> Oracle:
    """A GPT of one layer; positions count from `first`."""

    def oracle(ids: Array, wte: Array, wpe: Array, *parameters: Array) -> Array:
        x = wte[ids] + wpe[first : first + ids.shape[1]]
        x = arranged(norm_first, hidden, activation)(x, *parameters[:-2])
        if at_the_end:
            x = normalized(x, (-1,), eps=EPS) * parameters[-2] + parameters[-1]
        return np.asarray(x @ wte.T)

    return oracle


def no_positions(ids: Array, wte: Array, wpe: Array, *parameters: Array) -> Array:
    return scores()(ids, wte, 0 * wpe, *parameters)


def make_gpt(tt: Any) -> Any:
    config = tt.models.GPTConfig(
        vocab_size=TOKENS, n_positions=LENGTH + 1, n_embd=WIDTH, n_layer=1, n_head=HEADS,
        n_inner=INNER, dropout=0.0, layer_norm_epsilon=EPS,
    )  # fmt: skip
    return tt.models.GPT(config)


GPT = Operation(
    "models.GPT", "GPT(config)(ids)", {"ids": fixed([[0, 3, 1, 3], [4, 4, 2, 0]])},
    lambda model, ids: model(ids), scores(),
    layer=make_gpt, parameters=gpt_parameters(),
    hint="wte(ids) + wpe(0, 1, ...), the causal blocks with a norm at their end, times the table "
    "of tokens.",
    gradient_hint="The table of tokens is used twice, at the beginning and as the head: both "
    "gradients add up.",
    suspects={
        "is the causal mask missing?": scores(None),
        "is the mask off by one (it sees the next position)?": scores(np.triu(CAUSAL, 2)),
        "do the positions count from 1?": scores(first=1),
        "are the positions missing?": no_positions,
        "do the norms stand behind the sums (norm_first)?": scores(norm_first=False),
        "is the activation relu in place of gelu_new?": scores(activation=relu),
        "is the norm at the end missing?": scores(at_the_end=False),
    },
)  # fmt: skip

# -------------------------------------------------------------------------------------------- loss

IDS = np.array([[0, 3, 1, 4], [2, 2, 0, 1]])


def compared(said: slice, came: slice, factor: float = 1.0) -> Oracle:
    """The mean cross-entropy of these positions' logits with these tokens."""

    def oracle(logits: Array, ids: Array) -> Array:
        chances = softmax(logits[:, said])
        taken = np.take_along_axis(chances, ids[:, came, None], axis=2)
        return np.asarray(-np.log(taken).mean() * factor)

    return oracle


EVERY, BUT_LAST, BUT_FIRST = slice(None), slice(None, -1), slice(1, None)
LOSS = Operation(
    "models.next_token_loss", "models.next_token_loss(logits, ids)",
    {"logits": spread(2, 4, TOKENS), "ids": fixed(IDS)},
    lambda tt, logits, ids: tt.models.next_token_loss(logits, ids), compared(BUT_LAST, BUT_FIRST),
    hint="The logits at a position say the token after it: logits[:, :-1] with ids[:, 1:].",
    suspects={
        "is each position compared with the token after it, not with its own?": compared(
            EVERY, EVERY
        ),
        "is it compared with the token after it, not with the one before?": compared(
            BUT_FIRST, BUT_LAST
        ),
        "is it compared with the next token, not with the one after that?": compared(
            slice(None, -2), slice(2, None)
        ),
        "is it the sum in place of the mean?": compared(BUT_LAST, BUT_FIRST, 6.0),
    },
)  # fmt: skip

LAYERS = [layer_of(False), layer_of(True), layer_of(True, CAUSAL)]
PROBES = [*probes_of([*LAYERS, LOSS, GPT], MODULE, MODULE)]
