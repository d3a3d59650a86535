"""Probes of module 03: layers, activations, losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.compared import probes_of
from verification.probes.inputs import Input, between_0_and_1, fixed, spread, weights
from verification.probes.layers_in_numpy import (
    CROSS_ENTROPY,
    CROSS_ENTROPY_BACK,
    LOGITS,
    LOGITS_BACK,
    RELU,
    RELU_BACK,
    SIGMOID,
    SIGMOID_BACK,
    SQUARES,
    Wrong,
    WrongGradients,
    bits_loss,
    gelu,
    gelu_by_tanh,
    linear,
    plain,
    sigmoid,
    softmax,
    softmax_back,
    softmax_mistakes,
    surprise,
)
from verification.probes.modules import MODULES
from verification.probes.operation import Operation
from verification.probes.probe import Kit, Probe, check_drawn_apart, expect

X = {"x": spread(3, 4)}
LABELS = [2, 0, 1, 2]
NOTHING: dict[str, Any] = {}
BITS = [[0.0], [1.0], [1.0], [0.0], [1.0]]


def activation(name: str, oracle: Any, **more: Any) -> Operation:
    """A layer without parameters."""
    return Operation(
        f"nn.{name}", f"nn.{name}()(x)", X, lambda layer, x: layer(x), oracle,
        layer=lambda tt: getattr(tt.nn, name)(), **more,
    )  # fmt: skip


def linear_layer(ins: int, outs: int, shape: tuple[int, ...]) -> Operation:
    """A Linear with an input of this shape."""
    return Operation(
        "nn.Linear", f"nn.Linear({ins}, {outs})(x), x of shape {shape}", {"x": spread(*shape)},
        lambda layer, x: layer(x), linear,
        layer=lambda tt: tt.nn.Linear(ins, outs),
        parameters={"weight": weights(outs, ins), "bias": weights(outs)},
        hint="Linear is x @ weight.T + bias, with a weight of shape (out, in).",
        suspects={
            "is the bias added?": lambda x, weight, bias: x @ weight.T,
            "does it use its input?": lambda x, weight, bias: linear(0 * x, weight, bias),
            "is the weight transposed?": lambda x, weight, bias: x @ weight + bias,
        },
    )  # fmt: skip


def softmax_layer(dim: int) -> Operation:
    """A Softmax along this dimension."""
    return Operation(
        "nn.Softmax", f"nn.Softmax(dim={dim})(x)", X, lambda layer, x: layer(x),
        lambda x: softmax(x, dim),
        layer=lambda tt: tt.nn.Softmax(dim=dim),
        hint="exp(x), divided by its sum along dim.",
        gradient_hint="Every probability depends on every score along dim: "
        "p * (g - (g * p).sum(dim)).",
        suspects=softmax_mistakes(dim),
        gradient_suspects=softmax_back(dim),
    )  # fmt: skip


LINEAR = [
    linear_layer(4, 2, (5, 4)),
    linear_layer(4, 2, (2, 3, 4)),
    linear_layer(3, 3, (5, 3)),
]

ACTIVATIONS = [
    activation(
        "ReLU", lambda x: np.maximum(x, 0), suspects=RELU, gradient_suspects=RELU_BACK,
    ),
    activation("Tanh", np.tanh, suspects={"is the factor 1 - tanh(x)**2 missing?": plain}),
    activation("Sigmoid", sigmoid, suspects=SIGMOID, gradient_suspects=SIGMOID_BACK),
    activation(
        "GELU", gelu,
        hint="x times the normal distribution function of x, (1 + erf(x / sqrt(2))) / 2.",
        gradient_hint="That function, plus x times its derivative exp(-x**2 / 2) / sqrt(2 pi).",
        suspects={
            "is it the exact formula, not the approximation by tanh?": gelu_by_tanh,
            "is it the exact formula, not the approximation by sigmoid?": (
                lambda x: x * sigmoid(1.702 * x)
            ),
        },
    ),
    softmax_layer(-1),
    softmax_layer(0),
    Operation(
        "nn.Flatten", "nn.Flatten()(x)", {"x": spread(2, 3, 2)}, lambda layer, x: layer(x),
        lambda x: x.reshape(2, 6), layer=lambda tt: tt.nn.Flatten(),
    ),
]  # fmt: skip


def loss(
    name: str, x: Input, target: Any, each: Any, hint: str, wrong: Wrong = NOTHING,
    wrong_back: WrongGradients = NOTHING,
) -> Operation:  # fmt: skip
    """A loss: the mean over the batch of `each`; a mistake in `each` is one of `wrong`."""
    suspects = {text: mean_of(mistake) for text, mistake in wrong.items()}
    return Operation(
        f"nn.{name}", f"nn.{name}()(x, target)", {"x": x, "target": fixed(target)},
        lambda layer, x, t: layer(x, t), mean_of(each),
        layer=lambda tt: getattr(tt.nn, name)(),
        hint=hint, gradient_hint=hint,
        suspects={"is the mean over the batch taken?": lambda x, t: each(x, t).sum()} | suspects,
        gradient_suspects=wrong_back,
    )  # fmt: skip


def mean_of(each: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, t: each(x, t).mean()


LOSSES = [
    loss(
        "MSELoss", spread(5, 1), BITS, lambda x, t: (x - t) ** 2, "mean((x - target) ** 2)", SQUARES
    ),
    loss("BCELoss", between_0_and_1(5, 1), BITS, bits_loss, "-mean(t log(p) + (1-t) log(1-p))"),
    loss(
        "BCEWithLogitsLoss", spread(5, 1), BITS, lambda x, t: bits_loss(sigmoid(x), t),
        "The gradient for the logits is (sigmoid(x) - target) / batch.", LOGITS, LOGITS_BACK,
    ),
    loss(
        "CrossEntropyLoss", spread(4, 3), LABELS, surprise,
        "The gradient for the scores is (softmax(x) - one_hot(target)) / batch.",
        CROSS_ENTROPY, CROSS_ENTROPY_BACK,
    ),
]  # fmt: skip


def check_large_scores(kit: Kit) -> None:
    """Scores of 1000 are an ordinary loss: softmax and logarithm are one stable operation."""
    scores = kit.tt.tensor(np.array([[1000.0, 0.0], [0.0, -1000.0]]))
    found = kit.tt.nn.CrossEntropyLoss()(scores, kit.tt.tensor(np.array([0, 1])))
    expect(
        "`nn.CrossEntropyLoss()` of the scores [[1000, 0], [0, -1000]], labels [0, 1],",
        found.data,
        500.0,
        hint="Subtract each row's largest score before exp.",
    )


def check_start(kit: Kit) -> None:
    """New weights are finite numbers, not all alike and not huge."""
    layer = kit.tt.nn.Linear(64, 32)
    weight = np.asarray(layer.weight.data)
    bad = int((~np.isfinite(weight)).sum())
    if bad:
        raise Failure(f"`nn.Linear(64, 32).weight` begins with {bad} NaN or infinite entries.")
    if np.ptp(weight) == 0:
        raise Failure(
            f"`nn.Linear(64, 32).weight` is {weight.flat[0]:g} everywhere from the start.",
            hint="Units that start equal stay equal: draw the weights at random.",
        )
    check_drawn_apart("nn.Linear(64, 32).weight", weight)
    if layer.bias.data.any():  # it may begin with zeros, as nothing depends on its start
        check_drawn_apart("nn.Linear(64, 32).bias", np.array(layer.bias.data))
    if not 0.01 < np.abs(weight).mean() < 1:
        raise Failure(
            f"`nn.Linear(64, 32).weight` begins with entries of about {np.abs(weight).mean():.2g}.",
            hint="PyTorch draws from -1/sqrt(in) to 1/sqrt(in), here -0.125 to 0.125.",
        )


def check_drawn(kit: Kit) -> None:
    """New weights come from the one generator, so that runs can be replayed."""

    def drawn(seed: int) -> np.ndarray:
        kit.tt.manual_seed(seed)
        return np.array(kit.tt.nn.Linear(4, 3).weight.data)

    seed = int(kit.rng.integers(2**31))
    if not np.array_equal(drawn(seed), drawn(seed)):
        raise Failure(
            f"`manual_seed({seed})` twice, and `nn.Linear(4, 3).weight` begins differently.",
            hint="Draw the first weights from the generator that manual_seed restarts.",
        )
    if np.array_equal(drawn(seed), drawn(seed + 1)):
        raise Failure(
            f"`manual_seed({seed})` and `manual_seed({seed + 1})` give the same "
            "`nn.Linear(4, 3).weight`.",
            hint="Is a new generator made for each layer?",
        )


PROBES = [
    *MODULES,
    *probes_of([*LINEAR, *ACTIVATIONS, *LOSSES], "03_nn", "03_nn"),
    Probe("nn.CrossEntropyLoss", "03_nn", check_large_scores),
    Probe("nn.Linear", "03_nn", check_start),
    Probe("nn.Linear", "03_nn", check_drawn),
]
