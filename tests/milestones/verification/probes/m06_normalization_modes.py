"""Probes of module 06: what batch normalization remembers, and what it does with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.compared import probes_of
from verification.probes.inputs import Array, spread, weights
from verification.probes.m06_normalization import MODULE
from verification.probes.normalizing import EPS, with_parameters
from verification.probes.operation import Operation
from verification.probes.probe import Kit, Probe, expect
from verification.wording import compare, show

CHANNELS, MOMENTUM = 3, 0.3
SHAPES = {"BatchNorm1d": (4, CHANNELS), "BatchNorm2d": (4, CHANNELS, 2, 2)}
MEAN, VAR = np.array([0.5, -1.0, 2.0]), np.array([2.0, 0.5, 1.5])

BIASED = (
    "that is the biased variance, divided by n. What is remembered is the unbiased one, divided by "
    "n - 1."
)


def trained(kit: Kit, kind: str, batches: list[Array]) -> Any:
    """A batch normalization after these batches in training mode."""
    layer = getattr(kit.tt.nn, kind)(CHANNELS, momentum=MOMENTUM)
    for x in batches:
        layer(kit.tt.tensor(x))
    return layer


def draw(kit: Kit, kind: str, count: int) -> list[Array]:
    return [kit.rng.normal(2.0, 3.0, SHAPES[kind]).astype("f4") for _ in range(count)]


def of_channels(x: Array) -> tuple[Array, Array, int]:
    """The mean and the biased variance of each channel, and of how many numbers they are."""
    axes = (0, *range(2, x.ndim))
    return x.mean(axis=axes), x.var(axis=axes), x.size // CHANNELS


def unbiased(var: Array, n: int) -> Array:
    return np.asarray(var * (n / (n - 1)))


def remembered(
    batches: list[Array],
    new: Callable[[Array, int], Array] = unbiased,
    old: float = 1 - MOMENTUM,
    share: float = MOMENTUM,
) -> tuple[Array, Array]:
    """The running mean and variance that these batches leave behind.

    `new`: what is remembered of a batch's biased variance and the number n.
    """
    running_mean, running_var = np.zeros(CHANNELS), np.ones(CHANNELS)
    for x in batches:
        mean, var, n = of_channels(x)
        running_mean = old * running_mean + share * mean
        running_var = old * running_var + share * new(var, n)
    return running_mean, running_var


def check_remembered(kit: Kit, kind: str) -> None:
    """The running statistics move toward the batch's mean and unbiased variance."""
    for count in (1, 3):
        batches = draw(kit, kind, count)
        layer = trained(kit, kind, batches)
        batch = "one batch" if count == 1 else f"{count} batches"
        after = f"`nn.{kind}({CHANNELS}, momentum={MOMENTUM})`, after {batch},"
        mean, var = remembered(batches)
        each = "; ".join(f"x {show(x, 16)}" for x in batches)
        shown = {"with": f"{each}; at first the mean is 0 and the variance 1"}
        found = np.array(layer.running_var.data)
        expect(
            f"`running_mean` of {after}", np.array(layer.running_mean.data), mean, relative=1e-4,
            hint="(1 - momentum) * old + momentum * the batch's mean, once for each batch.",
            suspects=slips(batches, 0), called=shown,
        )  # fmt: skip
        _, biased = remembered(batches, lambda var, n: var)
        if compare(found, biased, 1e-4) is None:
            raise Failure(
                f"`running_var` of {after} is wrong: {BIASED}",
                hint="It is normalized with the biased variance, and remembered is the unbiased.",
            )
        expect(
            f"`running_var` of {after}", found, var, relative=1e-4,
            hint="(1 - momentum) * old + momentum * the batch's variance * n / (n - 1).",
            suspects=slips_of_variance(batches) | slips(batches, 1), called=shown,
        )  # fmt: skip


def slips(batches: list[Array], which: int) -> dict[str, Callable[[], Array]]:
    """What common mistakes remember: of the means (0) or of the variances (1)."""
    return {
        "is momentum the share of the new, not of the old?": (
            lambda: remembered(batches, old=MOMENTUM, share=1 - MOMENTUM)[which]
        ),
        "does the buffer itself change, in place? It is as it was at first.": (
            lambda: remembered([])[which]
        ),
        "is what was before kept (1 - momentum of it)?": (
            lambda: remembered(batches, old=0.0)[which]
        ),
        "is the batch's part added whole, where its share is momentum?": (
            lambda: remembered(batches, share=1.0)[which]
        ),
        "is what was before made smaller, times 1 - momentum, before the new is added?": (
            lambda: remembered(batches, old=1.0)[which]
        ),
    }


def slips_of_variance(batches: list[Array]) -> dict[str, Callable[[], Array]]:
    """What common mistakes remember of the variances."""
    examples, everything = len(batches[0]), batches[0].size
    news: dict[str, Callable[[Array, int], Array]] = {
        "is n how many numbers one channel has, not all of them?": (
            lambda var, n: unbiased(var, everything)
        ),
        "is n how many numbers one channel has, N * H * W of images, not N alone?": (
            lambda var, n: unbiased(var, examples)
        ),
        "is the variance multiplied by n / (n - 1), not by (n - 1) / n?": (
            lambda var, n: var * (n - 1) / n
        ),
        "is it the variance that is remembered, not its root, the deviation?": (
            lambda var, n: np.sqrt(unbiased(var, n))
        ),
    }
    return {
        question: partial(lambda new: remembered(batches, new)[1], new)
        for question, new in news.items()
    }


def check_kept_in_evaluation(kit: Kit) -> None:
    """Evaluation does not move what is remembered."""
    layer = trained(kit, "BatchNorm1d", draw(kit, "BatchNorm1d", 2))
    names = ("running_mean", "running_var")
    before = {name: np.array(getattr(layer, name).data) for name in names}
    layer.eval()
    layer(kit.tt.tensor(draw(kit, "BatchNorm1d", 1)[0]))
    for name in names:
        if not np.array_equal(np.array(getattr(layer, name).data), before[name]):
            raise Failure(
                f"A forward in evaluation mode changed `{name}` of `nn.BatchNorm1d({CHANNELS})`.",
                hint="Running statistics move in training mode only. In evaluation mode a batch "
                "is normalized with them, and leaves them as they are.",
            )


def in_use(kind: str) -> Any:
    """A batch normalization in evaluation mode that remembers MEAN and VAR."""

    def make(tt: Any) -> Any:
        layer = getattr(tt.nn, kind)(CHANNELS, eps=EPS)
        layer.running_mean.data, layer.running_var.data = MEAN.copy(), VAR.copy()
        layer.eval()
        return layer

    return make


def evaluation(kind: str, *shape: int) -> Operation:
    """The result and the gradients in evaluation mode, where the statistics are constants."""
    places = (1,) * (len(shape) - 2)
    axes = (0, *range(2, len(shape)))

    def with_statistics(x: Array, mean: Array, var: Array, weight: Array, bias: Array) -> Array:
        mean, var, weight, bias = (a.reshape(-1, *places) for a in (mean, var, weight, bias))
        return np.asarray((x - mean) / np.sqrt(var + EPS) * weight + bias)

    return Operation(
        f"nn.{kind}", f"nn.{kind}({CHANNELS}, eps={EPS}).eval()(x)", {"x": spread(*shape)},
        lambda layer, x: layer(x),
        lambda x, weight, bias: with_statistics(x, MEAN, VAR, weight, bias),
        layer=in_use(kind),
        parameters={"weight": weights(CHANNELS), "bias": weights(CHANNELS)},
        hint="(x - running_mean) / sqrt(running_var + eps) * weight + bias.",
        gradient_hint="In evaluation mode mean and variance are constants.",
        suspects={
            "is it normalized with the batch's own statistics? Evaluation uses the running ones.": (
                lambda x, weight, bias: with_statistics(
                    x, x.mean(axis=axes), x.var(axis=axes), weight, bias
                )
            ),
            "is eps added under the root, not outside of it?": (
                lambda x, weight, bias: with_statistics(
                    x, MEAN, (np.sqrt(VAR) + EPS) ** 2 - EPS, weight, bias
                )
            ),
            "is the root forgotten?": lambda x, weight, bias: with_statistics(
                x, MEAN, (VAR + EPS) ** 2 - EPS, weight, bias
            ),
            **with_parameters(
                lambda x: with_statistics(x, MEAN, VAR, np.ones(CHANNELS), np.zeros(CHANNELS)),
                len(places),
            ),
        },
    )  # fmt: skip


PROBES = [
    *(Probe(f"nn.{kind}", MODULE, partial(check_remembered, kind=kind)) for kind in SHAPES),
    Probe("nn.BatchNorm1d", MODULE, check_kept_in_evaluation),
    *probes_of(
        [evaluation("BatchNorm1d", 4, CHANNELS), evaluation("BatchNorm2d", 2, CHANNELS, 2, 2)],
        MODULE, MODULE,
    ),
]  # fmt: skip
