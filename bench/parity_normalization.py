"""The cases of `bench.parity` for module 06: normalizations in both modes, and what they remember.

Dropout draws other random numbers in each framework; only what does not depend on them is compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.parity_cases import Case, Lib, Rng, function, layer, normal, shape

# Away from zero: a row without any spread is divided by eps, which makes rounding errors large.
SPREAD = 2.0


def case_layer_norm(rng: Rng) -> Case:
    size = tuple(int(n) + 1 for n in shape(rng))
    last = size[rng.integers(len(size)) :]
    how = {
        "normalized_shape": last if len(last) > 1 or rng.random() < 0.5 else last[0],
        "eps": [1e-5, 0.1][rng.integers(2)],
        "elementwise_affine": bool(rng.random() < 0.8),
        "bias": bool(rng.random() < 0.8),
    }
    return layer("LayerNorm", how, SPREAD * normal(rng, *size))


def case_rms_norm(rng: Rng) -> Case:
    size = tuple(int(n) + 1 for n in shape(rng))
    last = size[rng.integers(len(size)) :]
    how = {
        "normalized_shape": last,
        "eps": [None, 1e-5, 0.1][rng.integers(3)],
        "elementwise_affine": bool(rng.random() < 0.8),
    }
    return layer("RMSNorm", how, SPREAD * normal(rng, *size))


def case_group_norm(rng: Rng) -> Case:
    groups, each = (int(n) for n in rng.integers((1, 2), 4))
    places = tuple(int(n) for n in rng.integers(2, 5, rng.integers(0, 3)))
    size = (int(rng.integers(1, 4)), groups * each, *places)
    how = {"num_groups": groups, "num_channels": groups * each, "affine": bool(rng.integers(2))}
    return layer("GroupNorm", how, SPREAD * normal(rng, *size))


def batch_norm(rng: Rng, kind: str, size: tuple[int, ...]) -> Case:
    """Some batches in training, then one in evaluation; all results, and what is remembered."""
    how = {
        "num_features": size[1],
        "eps": [1e-5, 0.1][rng.integers(2)],
        "momentum": [0.1, 0.7, None][rng.integers(3)],
        "affine": bool(rng.random() < 0.8),
        "track_running_stats": bool(rng.random() < 0.8),
    }
    batches = [SPREAD * normal(rng, *size) + 1 for _ in range(3)]

    def call(_: Lib, module: Any, *tensors: Any) -> tuple[Any, ...]:
        if tensors[0].detach().numpy().dtype == np.float64:
            module.double()  # its buffers; the parameters are float64 already
        outputs = [module(x) for x in tensors[:2]]
        module.eval()
        outputs.append(module(tensors[2]))
        state = module.state_dict()
        return (*outputs, *(state[name] for name in sorted(state) if "_" in name))

    return Case(batches, call, lambda lib: getattr(lib.nn, kind)(**how), f"{how} on {size}")


def case_batch_norm_1d(rng: Rng) -> Case:
    n, channels = (int(n) for n in rng.integers((4, 1), (8, 5)))
    places = tuple(int(n) for n in rng.integers(1, 5, rng.integers(0, 2)))
    return batch_norm(rng, "BatchNorm1d", (n, channels, *places))


def case_batch_norm_2d(rng: Rng) -> Case:
    size = tuple(int(n) for n in rng.integers((2, 1, 2, 2), (4, 5, 5, 5)))
    return batch_norm(rng, "BatchNorm2d", size)


def case_batch_norm_function(rng: Rng) -> Case:
    x = SPREAD * normal(rng, *(int(n) for n in rng.integers((4, 1, 2), (6, 4, 4))))
    channels = x.shape[1]
    training = bool(rng.integers(2))

    def call(lib: Lib, x: Any, mean: Any, var: Any, weight: Any, bias: Any) -> Any:
        running = mean.detach() + 0, var.detach() + 0
        how = {"training": training, "momentum": 0.3}
        out = lib.nn.functional.batch_norm(x, *running, weight, bias, **how)
        return out, *running

    parts = normal(rng, channels), np.abs(normal(rng, channels)) + 0.1
    return function(call, x, *parts, normal(rng, channels), normal(rng, channels))


def case_norm_functions(rng: Rng) -> Case:
    x = SPREAD * normal(rng, 3, 4, 5)

    def call(lib: Lib, x: Any, last: Any, channels: Any) -> Any:
        f = lib.nn.functional
        return (
            f.layer_norm(x, (5,), last, last),
            f.layer_norm(x, (4, 5)),
            f.rms_norm(x, (5,), last),
            f.group_norm(x, 2, channels, channels),
        )

    return function(call, x, normal(rng, 5), normal(rng, 4))


def case_dropout_off(rng: Rng) -> Case:
    x = normal(rng, *shape(rng), 2, 3)

    def call(lib: Lib, x: Any) -> Any:
        f = lib.nn.functional
        module = lib.nn.Dropout(0.4).eval()
        return f.dropout(x, 0.5, False), f.dropout(x, 1.0), f.dropout(x, 0.0), module(x)

    return function(call, x)
