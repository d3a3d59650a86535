"""Probes of module 13: a stack of layers that are copies, with masks and a norm at its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from verification.probes.compared import probes_of
from verification.probes.heads import HEADS
from verification.probes.inputs import Array, fixed, spread, weights
from verification.probes.m12_attention import CAUSAL, LENGTH
from verification.probes.m13_transformer import EPS, INNER, MODULE, SHAPES, arranged
from verification.probes.normalizing import normalized
from verification.probes.operation import Operation, Oracle
from verification.probes.projecting import WIDTH

COPIES = 2


def stack(
    hidden: Array | None = CAUSAL,
    first_alone: bool = False,
    at_the_end: bool = True,
    each: bool = False,
    from_input: bool = False,
    last_first: bool = False,
) -> Oracle:
    """COPIES layers and a norm; with `first_alone` only the first gets the mask.

    With `from_input` each layer reads what came in.
    """

    def oracle(x: Array, mask: Array, *parameters: Array) -> Array:
        size, came = len(SHAPES), x
        for number in range(COPIES):
            place = COPIES - 1 - number if last_first else number
            layer = arranged(True, None if first_alone and number else hidden)
            own = parameters[place * size : (place + 1) * size]
            x = layer(came if from_input else x, *own)
            if each or (at_the_end and number == COPIES - 1):
                x = normalized(x, (-1,)) * parameters[-2] + parameters[-1]
        return x

    return oracle


def make_stack(tt: Any) -> Any:
    layer = tt.nn.TransformerEncoderLayer(
        WIDTH, HEADS, INNER, dropout=0.0, layer_norm_eps=EPS, batch_first=True, norm_first=True
    )
    return tt.nn.TransformerEncoder(layer, COPIES, norm=tt.nn.LayerNorm(WIDTH, eps=EPS))


STACK = Operation(
    "nn.TransformerEncoder",
    f"nn.TransformerEncoder(layer, {COPIES}, norm=nn.LayerNorm({WIDTH}))(x, <True where hidden>)",
    {"x": spread(2, LENGTH, WIDTH), "mask": fixed(CAUSAL)},
    lambda stack, x, mask: stack(x, mask), stack(),
    layer=make_stack,
    parameters={
        **{
            f"layers.{number}.{name}": weights(*shape)
            for number in range(COPIES)
            for name, shape in SHAPES.items()
        },
        "norm.weight": weights(WIDTH), "norm.bias": weights(WIDTH),
    },
    hint="Each layer is a copy (copy.deepcopy) with parameters of its own; all get the masks; the "
    "norm comes last.",
    suspects={
        "does every layer get the mask, not the first alone?": stack(first_alone=True),
        "is the mask used (it sees the future)?": stack(None),
        "does the norm stand at the end only, not behind each layer?": stack(each=True),
        "is the norm at the end missing?": stack(at_the_end=False),
        "does each layer read the result of the one before, not the first input?": stack(
            from_input=True
        ),
        "does the first layer come first, and the last one last?": stack(last_first=True),
    },
)  # fmt: skip

CAUSAL_STACK = replace(
    STACK,
    call=f"nn.TransformerEncoder(layer, {COPIES}, norm=nn.LayerNorm({WIDTH}))(x, is_causal=True)",
    run=lambda stack, x, mask: stack(x, is_causal=True),
    suspects={
        "is is_causal handed on to the layers?": stack(None),
        "does every layer get is_causal, not the first alone?": stack(first_alone=True),
    },
)

PROBES = [*probes_of([STACK, CAUSAL_STACK], MODULE)]
