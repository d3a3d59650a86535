"""Probes of module 01: what a tensor holds, and the result of each operation.

The gradients of the same operations are module 02's.
"""

from __future__ import annotations

import numpy as np

from verification import probing
from verification.failures import Failure
from verification.probes.compared import probes_of
from verification.probes.inputs import fixed, positive, spread
from verification.probes.operation import Operation
from verification.probes.probe import Kit, Probe, expect
from verification.wording import with_article


def check_float64(kit: Kit) -> None:
    """A float64 array stays float64: exact gradient checks depend on it."""
    array = kit.rng.normal(size=(2, 3))
    data = kit.tt.tensor(array).data
    if not isinstance(data, np.ndarray):
        kind = with_article(type(data).__name__)
        raise Failure(f"`tensor(array).data` is {kind}, not a NumPy array.")
    expect("`tensor(array).data`", data, array)
    if data.dtype != np.float64:
        raise Failure(f"`tensor(float64 array)` holds {data.dtype}: a float64 array stays float64.")


def check_update(kit: Kit) -> None:
    """`t.data -= ...`, the step of every optimizer, changes what the tensor computes with."""
    t = kit.tt.tensor(np.array([1.0, 2.0]))
    kit.there(probing.subtract_in_place)(t, 0.5)
    expect(
        "After `t.data -= 0.5` on [1, 2], `t + 0`",
        (t + 0).data,
        np.array([0.5, 1.5]),
        hint=OWN_ARRAY,
    )
    kit.there(probing.put_in_place)(t, 0, 7.0)
    expect("After `t.data[0] = 7`, `t + 0`", (t + 0).data, np.array([7.0, 1.5]), hint=OWN_ARRAY)


OWN_ARRAY = "Does .data give the tensor's own array, or a copy of it?"


A, ROW, COLUMN = spread(3, 4), spread(4), spread(3, 1)
X = {"x": A}
PAIR = {"a": A, "b": positive(3, 4)}

ARITHMETIC = [
    Operation("Tensor.__add__", "a + b", PAIR, lambda tt, a, b: a + b, lambda a, b: a + b),
    Operation(
        "Tensor.__add__", "a + b, b a row", {"a": A, "b": ROW},
        lambda tt, a, b: a + b, lambda a, b: a + b,
    ),
    Operation("Tensor.__add__", "x + 2", X, lambda tt, x: x + 2, lambda x: x + 2),
    Operation("Tensor.__sub__", "a - b", PAIR, lambda tt, a, b: a - b, lambda a, b: a - b),
    Operation(
        "Tensor.__sub__", "a - b, a a column and b a row", {"a": COLUMN, "b": ROW},
        lambda tt, a, b: a - b, lambda a, b: a - b,
    ),
    Operation("Tensor.__rsub__", "1 - x", X, lambda tt, x: 1 - x, lambda x: 1 - x),
    Operation(
        "Tensor.__mul__", "a * b", PAIR, lambda tt, a, b: a * b, lambda a, b: a * b,
        gradient_suspects={
            "does each get the other operand, not itself?": lambda g, a, b: {
                "a": g * a, "b": g * b,
            },
        },
    ),
    Operation(
        "Tensor.__mul__", "a * b, b a column", {"a": A, "b": COLUMN},
        lambda tt, a, b: a * b, lambda a, b: a * b,
    ),
    Operation(
        "Tensor.__mul__", "a * b, b a column for each of two matrices",
        {"a": spread(2, 3, 4), "b": COLUMN},
        lambda tt, a, b: a * b, lambda a, b: a * b,
    ),
    Operation(
        "Tensor.__mul__", "a * b, b a row for each of two matrices",
        {"a": spread(2, 3, 4), "b": ROW},
        lambda tt, a, b: a * b, lambda a, b: a * b,
    ),
    Operation(
        "Tensor.__mul__", "a * b, b of shape (1, 1)", {"a": A, "b": positive(1, 1)},
        lambda tt, a, b: a * b, lambda a, b: a * b,
    ),
    Operation("Tensor.__mul__", "x * x", X, lambda tt, x: x * x, lambda x: x * x),
    Operation("Tensor.__mul__", "3 * x", X, lambda tt, x: 3 * x, lambda x: 3 * x),
    Operation("Tensor.__truediv__", "a / b", PAIR, lambda tt, a, b: a / b, lambda a, b: a / b),
    Operation(
        "Tensor.__truediv__", "a / b, a a row", {"a": ROW, "b": positive(3, 4)},
        lambda tt, a, b: a / b, lambda a, b: a / b,
    ),
    Operation("Tensor.__neg__", "-x", X, lambda tt, x: -x, lambda x: -x),
    Operation("Tensor.__pow__", "x ** 2", X, lambda tt, x: x**2, lambda x: x**2),
]  # fmt: skip

PRODUCTS = [
    Operation(
        "Tensor.__matmul__", "a @ b", {"a": A, "b": spread(4, 2)},
        lambda tt, a, b: a @ b, lambda a, b: a @ b,
        gradient_hint="For c = a @ b the gradients are grad @ b.T and a.T @ grad.",
    ),
    Operation(
        "Tensor.__matmul__", "a @ b, a batch of matrices",
        {"a": spread(2, 3, 4), "b": spread(4, 2)},
        lambda tt, a, b: a @ b, lambda a, b: a @ b,
        gradient_hint="Every matrix of the batch uses the same b: sum over the batch.",
    ),
    Operation(
        "Tensor.__matmul__", "a @ b, both batches of matrices",
        {"a": spread(2, 3, 4), "b": spread(2, 4, 2)},
        lambda tt, a, b: a @ b, lambda a, b: a @ b,
        gradient_hint="Exchange the last two dimensions only: the batch stays where it is.",
    ),
    Operation(
        "Tensor.__matmul__", "a @ b, both of shape (3, 3)", {"a": spread(3, 3), "b": spread(3, 3)},
        lambda tt, a, b: a @ b, lambda a, b: a @ b,
        gradient_hint="For c = a @ b the gradients are grad @ b.T and a.T @ grad.",
        gradient_suspects={
            "is the other matrix transposed?": lambda g, a, b: {"a": g @ b, "b": a @ g},
            "are the factors of the product in the right order?": lambda g, a, b: {
                "a": b.T @ g, "b": g @ a.T,
            },
            "is the gradient of a that of b?": lambda g, a, b: {
                "a": a.T @ g, "b": g @ b.T,
            },
        },
    ),
]  # fmt: skip

FUNCTIONS = [
    Operation("Tensor.exp", "x.exp()", X, lambda tt, x: x.exp(), np.exp),
    Operation(
        "Tensor.log", "x.log()", {"x": positive(3, 4)}, lambda tt, x: x.log(), np.log,
        gradient_suspects={
            "is it divided by x, not by the result?": lambda g, x: {
                "x": g / np.log(x)
            },
        },
    ),
    Operation("Tensor.sqrt", "x.sqrt()", {"x": positive(3, 4)}, lambda tt, x: x.sqrt(), np.sqrt),
    Operation("Tensor.abs", "x.abs()", X, lambda tt, x: x.abs(), np.abs),
    Operation(
        "Tensor.tanh", "x.tanh()", X, lambda tt, x: x.tanh(), np.tanh,
        gradient_suspects={
            "is tanh(x) squared?": lambda g, x: {"x": g * (1 - np.tanh(x))},
            "is the square subtracted, not added?": lambda g, x: {
                "x": g * (1 + np.tanh(x) ** 2)
            },
            "is it the square of the result, not of x?": lambda g, x: {
                "x": g * (1 - x**2)
            },
        },
    ),
    Operation(
        "Tensor.clamp", "x.clamp(min=-0.58, max=0.58)", X,  # in a gap of the numbers of X
        lambda tt, x: x.clamp(min=-0.58, max=0.58), lambda x: np.clip(x, -0.58, 0.58),
        suspects={
            "are min and max exchanged?": lambda x: np.where(x > 0, -0.58, 0.58),
            "are min and max exchanged (in the order of the calls)?": lambda x: 0 * x - 0.58,
            "are min and max exchanged (in the order of the arguments)?": lambda x: 0 * x + 0.58,
            "is it the larger of x and min, not the smaller one?": lambda x: np.minimum(
                x, -0.58
            ),
            "is it the smaller of x and max, not the larger one?": lambda x: np.maximum(
                x, 0.58
            ),
            "is max used?": lambda x: np.maximum(x, -0.58),
            "is min used?": lambda x: np.minimum(x, 0.58),
        },
        gradient_hint="Values that are cut off get no gradient.",
    ),
    Operation(
        "maximum", "maximum(a, b)", {"a": A, "b": spread(3, 4, offset=0.5)},
        lambda tt, a, b: tt.maximum(a, b), np.maximum,
        gradient_hint="The gradient goes to the larger one of each pair.",
    ),
]  # fmt: skip

REDUCTIONS = [
    Operation("Tensor.sum", "x.sum()", X, lambda tt, x: x.sum(), np.sum),
    Operation(
        "Tensor.sum", "x.sum(dim=1)", X, lambda tt, x: x.sum(dim=1), lambda x: x.sum(axis=1)
    ),
    Operation(
        "Tensor.sum", "x.sum(dim=0, keepdim=True)", X,
        lambda tt, x: x.sum(dim=0, keepdim=True), lambda x: x.sum(axis=0, keepdims=True),
    ),
    Operation(
        "Tensor.sum", "x.sum(dim=1, keepdim=True)", X,
        lambda tt, x: x.sum(dim=1, keepdim=True), lambda x: x.sum(axis=1, keepdims=True),
    ),
    Operation(
        "Tensor.mean", "x.mean()", X, lambda tt, x: x.mean(), np.mean,
        suspects={"is it divided by the number of elements?": np.sum},
    ),
    Operation(
        "Tensor.mean", "x.mean(dim=0, keepdim=True)", X,
        lambda tt, x: x.mean(dim=0, keepdim=True), lambda x: x.mean(axis=0, keepdims=True),
        suspects={
            "is it divided by the number of elements?": lambda x: x.sum(axis=0, keepdims=True)
        },
    ),
    Operation(
        "Tensor.max", "x.max()", X, lambda tt, x: x.max(), np.max,
        gradient_hint="Only the largest element gets a gradient.",
    ),
]  # fmt: skip

SHAPES = [
    Operation(
        "Tensor.reshape", "x.reshape(2, 6)", X,
        lambda tt, x: x.reshape(2, 6), lambda x: x.reshape(2, 6),
    ),
    Operation(
        "Tensor.transpose", "x.transpose(0, 1)", X,
        lambda tt, x: x.transpose(0, 1), lambda x: x.T,
    ),
    Operation(
        "Tensor.permute", "x.permute(2, 0, 1)", {"x": spread(2, 3, 4)},
        lambda tt, x: x.permute(2, 0, 1), lambda x: x.transpose(2, 0, 1),
        gradient_hint="backward needs the inverse order, which is a different one here.",
    ),
    Operation(
        "Tensor.flatten", "x.flatten(1)", {"x": spread(2, 3, 2)},
        lambda tt, x: x.flatten(1), lambda x: x.reshape(2, 6),
    ),
    Operation(
        "Tensor.__getitem__", "x[1:, ::2]", X, lambda tt, x: x[1:, ::2], lambda x: x[1:, ::2]
    ),
    Operation(
        "Tensor.__getitem__", "x[i], i = [0, 2, 2]", X | {"i": fixed([0, 2, 2])},
        lambda tt, x, i: x[i], lambda x, i: x[i],
        gradient_hint="Row 2 was selected twice: its gradients add up.",
    ),
    Operation(
        "cat", "cat([a, b], dim=1)", {"a": A, "b": spread(3, 2)},
        lambda tt, a, b: tt.cat([a, b], dim=1), lambda a, b: np.concatenate([a, b], axis=1),
    ),
    Operation(
        "stack", "stack([a, b])", {"a": A, "b": spread(3, 4)},
        lambda tt, a, b: tt.stack([a, b]), lambda a, b: np.stack([a, b]),
    ),
]  # fmt: skip

OPERATIONS = [*ARITHMETIC, *PRODUCTS, *FUNCTIONS, *REDUCTIONS, *SHAPES]

PROBES = [
    Probe("tensor", "01_tensor", check_float64),
    Probe("Tensor.data", "01_tensor", check_update),
    *probes_of(OPERATIONS, results="01_tensor"),
]
