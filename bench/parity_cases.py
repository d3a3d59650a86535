"""The cases of `bench.parity`: each `case_*` draws shapes and arguments and says what to call.

One function for each layer, function or loss. Everything is called by PyTorch's names; a case must
not depend on which framework it runs on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

Rng = np.random.Generator
Lib = SimpleNamespace


@dataclass(frozen=True)
class Case:
    """One draw: inputs, how to build the layer (if any), how to call it, and the arguments."""

    inputs: list[np.ndarray]
    call: Callable[..., Any]
    build: Callable[[Lib], Any] | None = None
    arguments: str = ""


def function(call: Callable[..., Any], *inputs: np.ndarray, arguments: str = "") -> Case:
    """A case without parameters; `call` gets the framework and the tensors."""
    shown = arguments or ", ".join(str(x.shape) for x in inputs)
    return Case(list(inputs), lambda lib, _, *tensors: call(lib, *tensors), None, shown)


def layer(kind: str, arguments: dict[str, Any], *inputs: np.ndarray) -> Case:
    """A case of an `nn` layer built with `arguments` and called on the inputs."""
    return Case(
        list(inputs),
        lambda _, module, *tensors: module(*tensors),
        lambda lib: getattr(lib.nn, kind)(**arguments),
        f"{arguments} on {', '.join(str(x.shape) for x in inputs)}",
    )


def shape(rng: Rng, low: int = 1, high: int = 4) -> tuple[int, ...]:
    """A shape of `low` to `high` dimensions of 1 to 5."""
    return tuple(int(n) for n in rng.integers(1, 6, rng.integers(low, high + 1)))


def normal(rng: Rng, *size: int) -> np.ndarray:
    """Standard normal numbers."""
    return rng.standard_normal(size)


def stretched(rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays whose shapes broadcast."""
    full = shape(rng)
    cut = full[rng.integers(0, len(full)) :]
    return normal(rng, *full), normal(rng, *(n if rng.random() < 0.6 else 1 for n in cut))


# ---- 01 and 02: tensors and their gradients


def case_add(rng: Rng) -> Case:
    return function(lambda _, a, b: a + b, *stretched(rng))


def case_sub(rng: Rng) -> Case:
    return function(lambda _, a, b: a - b, *stretched(rng))


def case_mul(rng: Rng) -> Case:
    return function(lambda _, a, b: a * b, *stretched(rng))


def case_div(rng: Rng) -> Case:
    a, b = stretched(rng)
    return function(lambda _, a, b: a / b, a, np.sign(b) * (np.abs(b) + 0.5))


def case_pow(rng: Rng) -> Case:
    a, b = stretched(rng)
    return function(lambda _, a, b: a**b, np.abs(a) + 0.5, b)


def case_pow_number(rng: Rng) -> Case:
    power = [2, 3, 0.5, -1, 1.5][rng.integers(5)]
    return function(lambda _, a: a**power, np.abs(normal(rng, *shape(rng))) + 0.5)


def case_numbers(rng: Rng) -> Case:
    return function(lambda _, a: 2 - 3 * a / 4 + 1 / (a * a + 1) - (-a), normal(rng, *shape(rng)))


def case_integer_division(rng: Rng) -> Case:
    a, b = rng.integers(-5, 6, 4), rng.integers(1, 6, 4)
    return function(lambda _, a, b: (a / b, a * 2, a * 1.5, a + b), a, b)


def case_exp(rng: Rng) -> Case:
    return function(lambda lib, a: lib.tt.exp(a), normal(rng, *shape(rng)))


def case_log(rng: Rng) -> Case:
    return function(lambda lib, a: lib.tt.log(a), np.abs(normal(rng, *shape(rng))) + 0.1)


def case_sqrt(rng: Rng) -> Case:
    return function(lambda lib, a: lib.tt.sqrt(a), np.abs(normal(rng, *shape(rng))) + 0.1)


def case_abs(rng: Rng) -> Case:
    return function(lambda lib, a: lib.tt.abs(a), normal(rng, *shape(rng)))


def case_tanh(rng: Rng) -> Case:
    return function(lambda lib, a: lib.tt.tanh(a), 3 * normal(rng, *shape(rng)))


def case_maximum(rng: Rng) -> Case:
    a, b = stretched(rng)
    return function(lambda lib, a, b: lib.tt.maximum(a, b), a.round(1), b.round(1))


def case_clamp(rng: Rng) -> Case:
    low, high = (-0.5, None) if rng.random() < 0.3 else (-1.0, 0.7)
    return function(lambda lib, a: lib.tt.clamp(a, low, high), normal(rng, *shape(rng)))


def case_where(rng: Rng) -> Case:
    a, b = stretched(rng)
    return function(lambda lib, a, b: lib.tt.where(a > 0, a, b), a, b)


def reduced(rng: Rng) -> tuple[np.ndarray, dict[str, Any]]:
    """An array and the `dim` and `keepdim` of a reduction."""
    x = normal(rng, *(n + 1 for n in shape(rng)))
    dims = [int(d) for d in rng.permutation(x.ndim)[: rng.integers(1, x.ndim + 1)]]
    dim = tuple(dims) if rng.random() < 0.5 else dims[0] - x.ndim
    return x, {"dim": dim, "keepdim": bool(rng.integers(2))}


def case_sum(rng: Rng) -> Case:
    x, how = reduced(rng)
    return function(lambda _, a: (a.sum(), a.sum(**how)), x, arguments=f"{x.shape} {how}")


def case_mean(rng: Rng) -> Case:
    x, how = reduced(rng)
    return function(lambda _, a: (a.mean(), a.mean(**how)), x, arguments=f"{x.shape} {how}")


def case_var(rng: Rng) -> Case:
    x, how = reduced(rng)
    how["correction"] = int(rng.integers(2))
    return function(lambda _, a: a.var(**how), x, arguments=f"{x.shape} {how}")


def case_max_min(rng: Rng) -> Case:
    x, how = reduced(rng)
    how["dim"] = int(rng.integers(-x.ndim, x.ndim))

    def call(_: Lib, a: Any) -> Any:
        high, low = a.max(**how), a.min(**how)
        return a.max(), a.min(), high[0], high[1], low.values, low.indices

    return function(call, x, arguments=f"{x.shape} {how}")


def case_max_of_equals(rng: Rng) -> Case:
    x = rng.integers(0, 3, shape(rng)).astype(float)
    return function(lambda _, a: (a.max(), a.min()), x)


def case_argmax(rng: Rng) -> Case:
    x, how = reduced(rng)
    how["dim"] = int(rng.integers(-x.ndim, x.ndim))
    return function(lambda _, a: (a.argmax(), a.argmax(**how)), x, arguments=f"{x.shape} {how}")


def case_matmul(rng: Rng) -> Case:
    rows, inner, columns = (int(n) for n in rng.integers(1, 6, 3))
    batch = shape(rng, 1, 2)
    left = [(inner,), (rows, inner), (*batch, rows, inner), (*batch[1:], rows, inner)]
    right = [(inner,), (inner, columns), (*batch, inner, columns), (inner, columns)]
    a, b = left[rng.integers(4)], right[rng.integers(4)]
    return function(lambda lib, a, b: lib.tt.matmul(a, b), normal(rng, *a), normal(rng, *b))


def case_shapes(rng: Rng) -> Case:
    a, b, c = (int(n) for n in rng.integers(1, 5, 3))

    def call(_: Lib, x: Any) -> Any:
        return (
            x.reshape(c, -1), x.view(a * b, c), x.flatten(), x.flatten(1), x.transpose(0, -1),
            x.permute(2, 0, 1), x[0].T, x.unsqueeze(-1).squeeze(-1),
            x.unsqueeze(1).expand(a, 3, b, c),
            x.permute(1, 2, 0).reshape(-1) * 2,
        )  # fmt: skip

    return function(call, normal(rng, a, b, c))


def case_indexing(rng: Rng) -> Case:
    rows = rng.integers(0, 4, 6)

    def call(_: Lib, x: Any, y: Any) -> Any:
        return x[1], x[:, 1:3], x[..., -1], x[None, 2], x[::2, 0], x[y], x[y, y], x[x > 0]

    return function(call, normal(rng, 4, 5, 3), rows)


def case_cat_stack(rng: Rng) -> Case:
    size, dim = shape(rng, 2, 3), int(rng.integers(-2, 2))

    def call(lib: Lib, a: Any, b: Any) -> Any:
        return lib.tt.cat([a, b, a], dim=dim), lib.tt.stack((a, b), dim=dim)

    return function(call, normal(rng, *size), normal(rng, *size), arguments=f"{size} dim={dim}")


def case_shared_nodes(rng: Rng) -> Case:
    def call(_: Lib, a: Any, b: Any) -> Any:
        c = a * b + a
        d = c.exp() / (1 + c.exp())
        return (d * c + d.sum()).tanh() + c

    return function(call, *stretched(rng))


# ---- 03: layers, activations, losses


def case_linear(rng: Rng) -> Case:
    *batch, inputs = shape(rng)
    how = {"in_features": inputs, "out_features": int(rng.integers(1, 6))}
    return layer("Linear", {**how, "bias": bool(rng.integers(2))}, normal(rng, *batch, inputs))


def case_relu(rng: Rng) -> Case:
    return layer("ReLU", {}, normal(rng, *shape(rng)))


def case_gelu(rng: Rng) -> Case:
    how = {"approximate": ["none", "tanh"][rng.integers(2)]}
    return layer("GELU", how, 3 * normal(rng, *shape(rng)))


def case_sigmoid(rng: Rng) -> Case:
    return layer("Sigmoid", {}, 5 * normal(rng, *shape(rng)))


def case_tanh_layer(rng: Rng) -> Case:
    return layer("Tanh", {}, normal(rng, *shape(rng)))


def case_softmax(rng: Rng) -> Case:
    x = 10 * normal(rng, *shape(rng))
    return layer("Softmax", {"dim": int(rng.integers(-x.ndim, x.ndim))}, x)


def case_log_softmax(rng: Rng) -> Case:
    x = 10 * normal(rng, *shape(rng))
    dim = int(rng.integers(-x.ndim, x.ndim))
    return function(lambda lib, a: lib.nn.functional.log_softmax(a, dim=dim), x)


def case_functional(rng: Rng) -> Case:
    def call(lib: Lib, x: Any, w: Any, b: Any) -> Any:
        F = lib.nn.functional
        hidden = F.relu(F.linear(x, w, b))
        return F.softmax(F.gelu(F.linear(hidden, w)), dim=-1), F.sigmoid(hidden), F.tanh(hidden)

    return function(call, normal(rng, *shape(rng, 0, 2), 3), normal(rng, 3, 3), normal(rng, 3))


def case_flatten_sequential(rng: Rng) -> Case:
    x = normal(rng, *shape(rng, 3, 4))
    features = int(np.prod(x.shape[1:]))

    def build(lib: Lib) -> Any:
        nn = lib.nn
        return nn.Sequential(nn.Flatten(), nn.Linear(features, 4), nn.GELU(), nn.Linear(4, 2))

    return Case([x], lambda _, module, t: module(t), build, str(x.shape))


def reduction(rng: Rng) -> dict[str, str]:
    """Draw a reduction for a loss."""
    return {"reduction": ["mean", "sum", "none"][rng.integers(3)]}


def case_mse_loss(rng: Rng) -> Case:
    size = shape(rng)
    return layer("MSELoss", reduction(rng), normal(rng, *size), normal(rng, *size))


def case_bce_loss(rng: Rng) -> Case:
    size = shape(rng)
    call = layer("BCELoss", reduction(rng), rng.uniform(0.01, 0.99, size))
    target = rng.uniform(0, 1, size)
    return Case(call.inputs, with_target(target), call.build, call.arguments)


def case_bce_with_logits_loss(rng: Rng) -> Case:
    size = shape(rng)
    call = layer("BCEWithLogitsLoss", reduction(rng), 10 * normal(rng, *size))
    target = rng.uniform(0, 1, size)
    return Case(call.inputs, with_target(target), call.build, call.arguments)


def with_target(target: np.ndarray) -> Callable[..., Any]:
    """Call a loss with a target without gradient, in the input's precision."""

    def call(lib: Lib, module: Any, x: Any) -> Any:
        return module(x, lib.tt.tensor(target.astype(x.detach().numpy().dtype)))

    return call


def case_cross_entropy_loss(rng: Rng) -> Case:
    classes, extra = int(rng.integers(2, 7)), shape(rng, 0, 2)
    batch = int(rng.integers(1, 6))
    scores = 20 * normal(rng, batch, classes, *extra)
    return layer(
        "CrossEntropyLoss", reduction(rng), scores, rng.integers(0, classes, (batch, *extra))
    )


# ---- 07: convolution and pooling


def window(rng: Rng) -> dict[str, Any]:
    """Kernel, stride, padding and dilation that fit an image of 9 by 8."""
    kernel = tuple(int(n) for n in rng.integers(1, 4, 2))
    return {
        "kernel_size": kernel if rng.random() < 0.5 else min(kernel),
        "stride": tuple(int(n) for n in rng.integers(1, 4, 2)),
        "padding": int(rng.integers(0, min(kernel) // 2 + 1)),
        "dilation": int(rng.integers(1, 3)),
    }


def case_conv2d(rng: Rng) -> Case:
    how = window(rng)
    how["padding"] = tuple(int(n) for n in rng.integers(0, 3, 2))
    groups = int(rng.integers(1, 4))
    how |= {"groups": groups, "bias": bool(rng.integers(2))}
    how |= {"in_channels": 2 * groups, "out_channels": 3 * groups}
    return layer("Conv2d", how, normal(rng, int(rng.integers(1, 4)), 2 * groups, 9, 8))


def case_conv2d_same(rng: Rng) -> Case:
    how = {"in_channels": 2, "out_channels": 3, "kernel_size": (3, 5), "padding": "same"}
    how |= {"dilation": int(rng.integers(1, 3))} if rng.random() < 0.7 else {"padding": "valid"}
    return layer("Conv2d", how, normal(rng, int(rng.integers(1, 4)), 2, 7, 7))


def case_conv2d_function(rng: Rng) -> Case:
    def call(lib: Lib, x: Any, w: Any, b: Any) -> Any:
        return lib.nn.functional.conv2d(x, w, b, stride=2, padding=1)

    return function(call, normal(rng, 2, 3, 6, 5), normal(rng, 4, 3, 3, 3), normal(rng, 4))


def case_max_pool2d(rng: Rng) -> Case:
    how = window(rng)
    if rng.random() < 0.3:
        del how["stride"]
    return layer("MaxPool2d", how, normal(rng, 2, 3, 9, 8).round(1))


def case_avg_pool2d(rng: Rng) -> Case:
    how = window(rng)
    del how["dilation"]
    return layer("AvgPool2d", how, normal(rng, 2, 3, 9, 8))


def case_adaptive_avg_pool2d(rng: Rng) -> Case:
    size = tuple(int(n) or None for n in rng.integers(0, 8, 2))
    how = {"output_size": size if rng.random() < 0.6 else size[0] or 4}  # None only in a pair
    return layer("AdaptiveAvgPool2d", how, normal(rng, 2, 3, 9, 8))


# ---- 08: recurrent networks


def recurrent(rng: Rng, kind: str, **more: Any) -> Case:
    """A recurrent layer with all its arguments, with or without first states and a batch."""
    sizes = [int(n) for n in rng.integers(1, 6, 4)]
    steps, batch, inputs, hidden = sizes
    layers, two, first = int(rng.integers(1, 4)), bool(rng.integers(2)), bool(rng.integers(2))
    how = {"input_size": inputs, "hidden_size": hidden, "num_layers": layers, **more}
    how |= {"bias": bool(rng.integers(2)), "batch_first": first, "bidirectional": two}
    alone = () if rng.random() < 0.3 else (batch,)
    x = normal(rng, *((*alone, steps) if first else (steps, *alone)), inputs)
    states = [normal(rng, layers * (1 + two), *alone, hidden) for _ in range(1 + (kind == "LSTM"))]
    if rng.random() < 0.4:
        states = []

    def call(_: Lib, module: Any, x: Any, *states: Any) -> Any:
        hx = (states if kind == "LSTM" else states[0]) if states else None
        output, last = module(x, hx)
        return output, *(last if kind == "LSTM" else (last,))

    def build(lib: Lib) -> Any:
        return getattr(lib.nn, kind)(**how)

    return Case([x, *states], call, build, f"{how} on {x.shape}, {len(states)} first states")


def case_rnn(rng: Rng) -> Case:
    return recurrent(rng, "RNN", nonlinearity=["tanh", "relu"][rng.integers(2)])


def case_lstm(rng: Rng) -> Case:
    return recurrent(rng, "LSTM")


def case_gru(rng: Rng) -> Case:
    return recurrent(rng, "GRU")


def recurrent_cell(rng: Rng, kind: str, **more: Any) -> Case:
    """A cell, with or without first states and a batch."""
    batch, inputs, hidden = (int(n) for n in rng.integers(1, 6, 3))
    how = {"input_size": inputs, "hidden_size": hidden, "bias": bool(rng.integers(2)), **more}
    alone = () if rng.random() < 0.3 else (batch,)
    states = [normal(rng, *alone, hidden) for _ in range(1 + (kind == "LSTMCell"))]
    if rng.random() < 0.3:
        states = []

    def call(_: Lib, module: Any, x: Any, *states: Any) -> Any:
        return module(x, (states if kind == "LSTMCell" else states[0]) if states else None)

    def build(lib: Lib) -> Any:
        return getattr(lib.nn, kind)(**how)

    x = normal(rng, *alone, inputs)
    return Case([x, *states], call, build, f"{how} on {x.shape}, {len(states)} first states")


def case_rnn_cell(rng: Rng) -> Case:
    return recurrent_cell(rng, "RNNCell", nonlinearity=["tanh", "relu"][rng.integers(2)])


def case_lstm_cell(rng: Rng) -> Case:
    return recurrent_cell(rng, "LSTMCell")


def case_gru_cell(rng: Rng) -> Case:
    return recurrent_cell(rng, "GRUCell")


# ---- 11: embeddings


def case_embedding(rng: Rng) -> Case:
    ids = rng.integers(0, 5, shape(rng, 1, 3))
    return layer("Embedding", {"num_embeddings": 5, "embedding_dim": 3}, ids)


def case_embedding_padding(rng: Rng) -> Case:
    ids = rng.integers(0, 5, shape(rng, 1, 3))
    padding = int(rng.integers(-5, 5))
    how = {"num_embeddings": 5, "embedding_dim": 3, "padding_idx": padding}
    return layer("Embedding", how, ids)


# ---- 12: attention


def case_scaled_dot_product_attention(rng: Rng) -> Case:
    batch, (queries, keys, width, values) = (
        shape(rng, 1, 2),
        (int(n) for n in rng.integers(1, 6, 4)),
    )
    allowed = rng.random((queries, keys)) < 0.7
    allowed[:, 0] = True
    mask = [None, allowed, normal(rng, queries, keys)][rng.integers(3)]
    causal = mask is None and bool(rng.integers(2))
    scale = [None, 0.3][rng.integers(2)]

    def call(lib: Lib, q: Any, k: Any, v: Any) -> Any:
        given = mask
        if mask is not None:
            dtype = q.detach().numpy().dtype
            given = lib.tt.tensor(mask if mask.dtype == bool else mask.astype(dtype))
        attend = lib.nn.functional.scaled_dot_product_attention
        return attend(q, k, v, attn_mask=given, is_causal=causal, scale=scale)

    return function(
        call,
        normal(rng, *batch, queries, width),
        normal(rng, *batch, keys, width),
        normal(rng, *batch, keys, values),
    )


def attention(
    how: dict[str, Any],
    options: Callable[[Lib, Any], dict[str, Any]],
    *inputs: np.ndarray,
) -> Case:
    """A case of MultiheadAttention; `options` makes the masks in the precision of the query."""
    return Case(
        list(inputs),
        lambda lib, module, *tensors: module(*tensors, **options(lib, tensors[0])),
        lambda lib: lib.nn.MultiheadAttention(**how),
        f"{how} on {', '.join(str(x.shape) for x in inputs)}",
    )


def case_multihead_attention(rng: Rng) -> Case:
    heads, batch, queries, keys = (int(n) for n in rng.integers(1, 5, 4))
    width, first = heads * int(rng.integers(1, 5)), bool(rng.integers(2))
    how = {
        "embed_dim": width,
        "num_heads": heads,
        "batch_first": first,
        "bias": bool(rng.integers(2)),
    }
    sizes = [(batch, n, width) if first else (n, batch, width) for n in (queries, keys, keys)]
    hidden = rng.random((queries, keys)) < 0.4
    hidden[:, 0] = False
    padded = rng.random((batch, keys)) < 0.3
    padded[:, 0] = False
    use, average = rng.integers(2, size=3), bool(rng.integers(2))

    def options(lib: Lib, _: Any) -> dict[str, Any]:
        return {
            "attn_mask": lib.tt.tensor(hidden) if use[0] else None,
            "key_padding_mask": lib.tt.tensor(padded) if use[1] else None,
            "need_weights": bool(use[2]),
            "average_attn_weights": average,
        }

    return attention(how, options, *(normal(rng, *size) for size in sizes))


def case_multihead_self_attention(rng: Rng) -> Case:
    heads, batch, length = (int(n) for n in rng.integers(1, 5, 3))
    width = heads * int(rng.integers(1, 5))
    future = np.triu(np.ones((length, length), bool), 1)

    def call(lib: Lib, module: Any, x: Any) -> Any:
        mask = lib.tt.tensor(future)
        return module(x, x, x, attn_mask=mask, is_causal=True, need_weights=False)[0]

    return Case(
        [normal(rng, batch, length, width)],
        call,
        lambda lib: lib.nn.MultiheadAttention(width, heads, batch_first=True),
        f"width {width}, heads {heads}, batch {batch}, length {length}",
    )


def case_multihead_attention_float_mask(rng: Rng) -> Case:
    heads, batch, length = (int(n) for n in rng.integers(1, 4, 3))
    how = {"embed_dim": 4 * heads, "num_heads": heads, "batch_first": True}
    mask = normal(rng, batch * heads, length, length)

    def options(lib: Lib, query: Any) -> dict[str, Any]:
        return {"attn_mask": lib.tt.tensor(mask.astype(query.detach().numpy().dtype))}

    x = [normal(rng, batch, length, 4 * heads) for _ in range(3)]
    return attention(how, options, *x)
