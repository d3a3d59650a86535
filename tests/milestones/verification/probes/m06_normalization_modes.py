"""Probes of module 06: what batch normalization remembers, and what it does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.compared import probes_of
from verification.probes.inputs import Array, spread, weights
from verification.probes.m06_normalization import EPS, MODULE
from verification.probes.operation import Operation
from verification.probes.probe import Kit, Probe, expect
from verification.wording import compare

COUNT, CHANNELS, MOMENTUM = 4, 3, 0.3
MEAN, VAR = np.array([0.5, -1.0, 2.0]), np.array([2.0, 0.5, 1.5])

BIASED = (
    "that is the biased variance, divided by n. What is remembered is the unbiased one, divided by "
    "n - 1."
)


def trained(kit: Kit, batches: list[Array]) -> Any:
    """A BatchNorm1d after these batches in training mode."""
    layer = kit.tt.nn.BatchNorm1d(CHANNELS, momentum=MOMENTUM)
    for x in batches:
        layer(kit.tt.tensor(x))
    return layer


def draw(kit: Kit, count: int) -> list[Array]:
    return [kit.rng.normal(2.0, 3.0, (COUNT, CHANNELS)).astype("f4") for _ in range(count)]


def remembered(
    batches: list[Array],
    ddof: int,
    momentum: float = MOMENTUM,
    share: float | None = None,
    of_all: bool = False,
) -> tuple[Array, Array]:
    """The running mean and variance that these batches leave behind."""
    mean, var = np.zeros(CHANNELS), np.ones(CHANNELS)
    new = momentum if share is None else share
    for x in batches:
        mean = (1 - momentum) * mean + new * x.mean(axis=0)
        correction = x.size / (x.size - 1) if of_all else 1
        var = (1 - momentum) * var + new * x.var(axis=0, ddof=ddof) * correction
    return mean, var


def check_remembered(kit: Kit) -> None:
    """The running statistics move toward the batch's mean and unbiased variance."""
    for count in (1, 3):
        batches = draw(kit, count)
        layer = trained(kit, batches)
        batch = "one batch" if count == 1 else f"{count} batches"
        after = f"`nn.BatchNorm1d({CHANNELS}, momentum={MOMENTUM})`, after {batch},"
        mean, var = remembered(batches, ddof=1)
        found = np.array(layer.running_var.data)
        expect(
            f"`running_mean` of {after}", np.array(layer.running_mean.data), mean, relative=1e-4,
            hint="(1 - momentum) * old + momentum * the batch's mean, once for each batch.",
            suspects=slips(batches, 0),
        )  # fmt: skip
        _, biased = remembered(batches, ddof=0)
        if compare(found, biased, 1e-4) is None:
            raise Failure(
                f"`running_var` of {after} is wrong: {BIASED}",
                hint="It is normalized with the biased variance, and remembered is the unbiased.",
            )
        expect(
            f"`running_var` of {after}", found, var, relative=1e-4,
            hint="(1 - momentum) * old + momentum * the batch's variance * n / (n - 1).",
            suspects=slips(batches, 1),
        )  # fmt: skip


def slips(batches: list[Array], which: int) -> dict[str, Callable[[], Array]]:
    """What common mistakes remember: of the means (0) or of the variances (1)."""
    return {
        "is momentum the share of the new, not of the old?": (
            lambda: remembered(batches, 1, 1 - MOMENTUM)[which]
        ),
        "is n how many numbers one channel has, not all of them?": (
            lambda: remembered(batches, ddof=0, of_all=True)[which]
        ),
        "does the buffer itself change, in place? It is as it was at first.": (
            lambda: remembered([], 1)[which]
        ),
        "is what was before kept (1 - momentum of it)?": (
            lambda: MOMENTUM * (batches[-1].mean(axis=0), batches[-1].var(axis=0, ddof=1))[which]
        ),
        "is the batch's part added whole, where its share is momentum?": (
            lambda: remembered(batches, 1, MOMENTUM, 1.0)[which]
        ),
    }


def check_kept_in_evaluation(kit: Kit) -> None:
    """Evaluation does not move what is remembered."""
    layer = trained(kit, draw(kit, 2))
    names = ("running_mean", "running_var")
    before = {name: np.array(getattr(layer, name).data) for name in names}
    layer.eval()
    layer(kit.tt.tensor(draw(kit, 1)[0]))
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
        },
    )  # fmt: skip


PROBES = [
    Probe("nn.BatchNorm1d", MODULE, check_remembered),
    Probe("nn.BatchNorm1d", MODULE, check_kept_in_evaluation),
    *probes_of(
        [evaluation("BatchNorm1d", 4, CHANNELS), evaluation("BatchNorm2d", 2, CHANNELS, 2, 2)],
        MODULE, MODULE,
    ),
]  # fmt: skip
