"""Probes of module 13: a GPT's scores, and its loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.attending import along_the_batch, in_heads, in_one_head
from verification.probes.compared import probes_of
from verification.probes.heads import HEADS
from verification.probes.inputs import Array, Input, fixed, spread, weights
from verification.probes.layers_in_numpy import softmax
from verification.probes.m12_attention import CAUSAL, LENGTH
from verification.probes.m13_transformer import (
    EPS,
    INNER,
    MODULE,
    OWN,
    SHAPES,
    Function,
    Look,
    arranged,
    gelu_new,
    relu,
)
from verification.probes.normalizing import normalized
from verification.probes.operation import Operation, Oracle
from verification.probes.probe import Kit, Probe
from verification.probes.projecting import WIDTH

TOKENS = 5


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
    last: int = LENGTH,
    joined: Callable[[Array, Array], Array] = np.add,
    eps: tuple[float, float] = (EPS, EPS),
    look: Look = in_heads,
    step: int = 1,
) -> Oracle:
    """A GPT of one layer; positions count from `first`, and none is behind `last`.

    `eps`: of the layer's norms, and of the one at the end. With `step` -1 they count down.
    """

    def oracle(ids: Array, wte: Array, wpe: Array, *parameters: Array) -> Array:
        places = np.minimum(np.arange(first, first + ids.shape[1]), last)[::step]
        x = joined(wte[ids], wpe[places])
        layer = arranged(norm_first, hidden, activation, eps=(eps[0], eps[0]), look=look)
        x = layer(x, *parameters[:-2])
        if at_the_end:
            x = normalized(x, (-1,), eps=eps[1]) * parameters[-2] + parameters[-1]
        return np.asarray(x @ wte.T)

    return oracle


def no_positions(ids: Array, wte: Array, wpe: Array, *parameters: Array) -> Array:
    return scores()(ids, wte, 0 * wpe, *parameters)


def probabilities(*arrays: Array) -> Array:
    return np.asarray(softmax(scores()(*arrays)))


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
        "are there as many positions as a text has tokens, ids.shape[1]?": scores(last=1),
        "are tokens and positions added, not multiplied?": scores(joined=np.multiply),
        "is it logits that are returned, not probabilities?": probabilities,
        "do the norms stand behind the sums (norm_first)?": scores(norm_first=False),
        "is the activation relu in place of gelu_new?": scores(activation=relu),
        "is the norm at the end missing?": scores(at_the_end=False),
        "do the positions count up from 0, not down to it?": scores(step=-1),
        "is layer_norm_epsilon used by the norm at the end?": scores(eps=(EPS, OWN)),
        "is layer_norm_epsilon used by the layers?": scores(eps=(OWN, EPS)),
        "is layer_norm_epsilon used?": scores(eps=(OWN, OWN)),
        "is n_head used, where all is one head?": scores(look=in_one_head),
        "has the layer batch_first=True? Its attention looks along the batch.": scores(
            look=along_the_batch
        ),
    },
)  # fmt: skip


IDS = np.array([[0, 3, 1, 4], [2, 2, 0, 1]])


def compared(said: slice, came: slice, factor: float = 1.0) -> Oracle:
    """The mean cross-entropy of these positions' logits with these tokens."""

    def oracle(logits: Array, ids: Array) -> Array:
        chances = softmax(logits[:, said])
        taken = np.take_along_axis(chances, ids[:, came, None], axis=2)
        return np.asarray(-np.log(taken).mean() * factor)

    return oracle


def mixed_up(logits: Array, ids: Array) -> Array:
    """As by `ids.T.reshape(-1)`: logits meet the tokens of other texts."""
    tokens = ids[:, 1:].T.reshape(len(ids), -1)
    return compared(BUT_LAST, BUT_FIRST)(logits, np.concatenate([ids[:, :1], tokens], axis=1))


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
        "is each text compared with its own tokens (a transpose mixes them up)?": mixed_up,
    },
)  # fmt: skip


def check_without_dropout(kit: Kit) -> None:
    """With dropout=0 the scores in training mode are the same each time."""
    model, ids = make_gpt(kit.tt), kit.tt.tensor(IDS)
    first, second = (np.array(model(ids).data) for _ in range(2))
    if not np.array_equal(first, second):
        raise Failure(
            "`GPT(config)(ids)`, called twice with dropout=0.0 in the config, gives two results: "
            "is config.dropout handed on to the layers?"
        )


PROBES = [
    Probe("models.GPT", MODULE, check_without_dropout),
    *probes_of([LOSS, GPT], MODULE, MODULE),
]
