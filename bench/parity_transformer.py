"""The cases of `bench.parity` for module 13: encoder layers, stacks of them, a GPT, and sampling.

PyTorch has no GPT and no top-k or top-p: theirs are put together here, from its parts.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bench import networks
from bench.backends import PYTORCH
from bench.parity_cases import Case, Lib, Rng, function, normal


def drawn_layer(rng: Rng) -> dict[str, Any]:
    """Arguments of a layer; of a width of 4 or more, for a norm of 1 or 2 numbers leaves a sign."""
    heads = int(rng.integers(1, 4))
    return {
        "d_model": heads * int(rng.integers(4, 7)),
        "nhead": heads,
        "dim_feedforward": int(rng.integers(1, 9)),
        "dropout": 0.0,
        "activation": ["relu", "gelu"][rng.integers(2)],
        "layer_norm_eps": [1e-5, 0.1][rng.integers(2)],
        "batch_first": bool(rng.integers(2)),
        "norm_first": bool(rng.integers(2)),
        "bias": bool(rng.random() < 0.8),
    }


def sequences(rng: Rng, how: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A batch of sequences, what no position may see, and which positions are padding.

    Wide apart: a row without any spread is divided by eps, which makes rounding errors large.
    """
    batch, length = (int(n) for n in rng.integers(1, 5, 2))
    size = (batch, length) if how["batch_first"] else (length, batch)
    hidden, padded = rng.random((length, length)) < 0.4, rng.random((batch, length)) < 0.3
    hidden[:, 0] = padded[:, 0] = False
    return 2 * normal(rng, *size, how["d_model"]), hidden, padded


def masked(lib: Lib, names: tuple[str, ...], masks: list[Any]) -> dict[str, Any]:
    """The masks as arguments; those that are None are left out."""
    pairs = zip(names, masks, strict=True)
    return {name: lib.tt.tensor(mask) for name, mask in pairs if mask is not None}


def case_transformer_encoder_layer(rng: Rng) -> Case:
    how = drawn_layer(rng)
    x, *masks = sequences(rng, how)
    masks = [mask if rng.integers(2) else None for mask in masks]
    names = "src_mask", "src_key_padding_mask"
    return Case(
        [x],
        lambda lib, module, x: module(x, **masked(lib, names, masks)),
        lambda lib: lib.nn.TransformerEncoderLayer(**how),
        f"{how} on {x.shape}, masks {[mask is not None for mask in masks]}",
    )


def case_transformer_encoder(rng: Rng) -> Case:
    how, layers, last = drawn_layer(rng), int(rng.integers(1, 4)), bool(rng.integers(2))
    x, *masks = sequences(rng, how)
    masks = [mask if rng.integers(2) else None for mask in masks]
    names = "mask", "src_key_padding_mask"

    def build(lib: Lib) -> Any:
        norm = lib.nn.LayerNorm(how["d_model"]) if last else None
        layer = lib.nn.TransformerEncoderLayer(**how)
        return lib.nn.TransformerEncoder(layer, layers, norm, enable_nested_tensor=False)

    return Case(
        [x],
        lambda lib, module, x: module(x, **masked(lib, names, masks)),
        build,
        f"{layers} of {how} on {x.shape}, masks {[mask is not None for mask in masks]}",
    )


# ---- a GPT


def case_gpt(rng: Rng) -> Case:
    heads = int(rng.integers(1, 3))
    sizes = {
        "vocab_size": 7, "n_positions": 6, "n_embd": heads * int(rng.integers(4, 7)),
        "n_layer": int(rng.integers(1, 3)), "n_head": heads,
    }  # fmt: skip
    ids = rng.integers(0, 7, (int(rng.integers(1, 4)), int(rng.integers(2, 7))))

    def build(lib: Lib) -> Any:
        if lib.name == PYTORCH:
            return networks.gpt(lib, sizes)
        return lib.tt.models.GPT(lib.tt.models.GPTConfig(**sizes, dropout=0.0))

    def call(lib: Lib, model: Any, ids: Any) -> tuple[Any, Any]:
        logits = model(ids)
        if lib.name != PYTORCH:
            return logits, lib.tt.models.next_token_loss(logits, ids)
        said, came = logits[:, :-1].reshape(-1, 7), ids[:, 1:].reshape(-1)
        return logits, lib.nn.functional.cross_entropy(said, came)

    return Case([ids], call, build, f"{sizes} on {ids.shape}")


# ---- sampling


def case_top_k(rng: Rng) -> Case:
    k = int(rng.integers(1, 9))

    def call(lib: Lib, logits: Any) -> Any:
        if lib.name != PYTORCH:
            return lib.tt.tensor(lib.tt.models.keep_top_k(logits.detach().numpy(), k))
        smallest = logits.topk(min(k, 7)).values[:, -1:]
        return logits.detach().masked_fill(logits < smallest, -math.inf)

    return function(call, normal(rng, 3, 7), arguments=f"k {k}")


def case_top_p(rng: Rng) -> Case:
    p = float(rng.uniform(0.05, 1))

    def call(lib: Lib, logits: Any) -> Any:
        if lib.name != PYTORCH:
            return lib.tt.tensor(lib.tt.models.keep_top_p(logits.detach().numpy(), p))
        falling, order = logits.detach().double().sort(descending=True)
        likely = falling.softmax(-1)
        late = likely.cumsum(-1) - likely >= p
        dropped = lib.tt.zeros_like(late).scatter(1, order, late)
        return logits.detach().masked_fill(dropped, -math.inf)

    return function(call, normal(rng, 3, 7), arguments=f"p {p:.3f}")
