"""Probes of module 02: how gradients flow, and the gradient of each operation of module 01."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from verification import probing
from verification.failures import Failure
from verification.probes.compared import probes_of
from verification.probes.m01_tensor import OPERATIONS
from verification.probes.probe import Kit, Probe, expect


def gradient_of(tensor: object) -> object:
    grad = getattr(tensor, "grad", None)
    return None if grad is None else np.array(grad.data)


def leaf(kit: Kit, *values: float) -> tuple[Any, np.ndarray]:
    """(a tensor that requires a gradient, its values)."""
    array = np.array(values)
    return kit.tt.tensor(array.copy(), requires_grad=True), array


def check_backward(kit: Kit) -> None:
    """The simplest graph: one sum."""
    x, array = leaf(kit, 1.0, -2.0, 3.0)
    x.sum().backward()
    expect(
        "After `x.sum().backward()`, `x.grad`",
        gradient_of(x),
        np.ones_like(array),
        hint="backward walks from the result to the leaves and leaves the gradient in .grad.",
    )


def check_given_gradient(kit: Kit) -> None:
    """`y.backward(gradient)` starts from that gradient."""
    x, array = leaf(kit, 1.0, -2.0, 3.0)
    thirds = array / 3
    (x + 1).backward(kit.tt.tensor(thirds))
    expect("After `(x + 1).backward(g)`, `x.grad`", gradient_of(x), thirds)


def check_broadcasting(kit: Kit) -> None:
    """What was stretched gets one gradient for each copy: they are added up."""
    weights = kit.rng.normal(size=(2, 3, 4))
    for shape, axes in (((4,), (0, 1)), ((3, 1), (0, 2)), ((1, 1), (0, 1, 2))):
        small = kit.tt.tensor(np.ones(shape), requires_grad=True)
        large = kit.tt.tensor(np.zeros((2, 3, 4)))
        (large + small).backward(kit.tt.tensor(weights))
        expect(
            f"After `(a + b).backward(g)`, a of shape (2, 3, 4) and b of shape {shape}, `b.grad`",
            gradient_of(small),
            weights.sum(axis=axes).reshape(shape),
            suspects={
                question: partial(one_copy, choose, weights, axes, shape)
                for question, choose in COPIES.items()
            },
            hint="b was stretched: sum its gradient over the dimensions that were added or were 1.",
        )


def one_copy(
    choose: Callable[..., np.ndarray], g: np.ndarray, axes: tuple[int, ...], shape: tuple[int, ...]
) -> np.ndarray:
    """What comes out of one way to make one gradient of those of all copies."""
    return choose(g, axes).reshape(shape)


COPIES: dict[str, Callable[..., np.ndarray]] = {
    "are the gradients of all copies added (is it the first one's)?": lambda g, axes: g[
        tuple(0 if axis in axes else slice(None) for axis in range(3))
    ],
    "are the gradients of all copies added (is it the last one's)?": lambda g, axes: g[
        tuple(-1 if axis in axes else slice(None) for axis in range(3))
    ],
    "are the gradients of all copies added (is it their mean, a factor)?": lambda g, axes: g.mean(
        axis=axes
    ),
    "are the gradients of all copies added (is it the largest)?": lambda g, axes: g.max(axis=axes),
}


def check_shared_leaf(kit: Kit) -> None:
    """x is used twice: both branches count."""
    x, array = leaf(kit, 1.0, -2.0, 3.0)
    (x.sum() + x.sum()).backward()
    expect(
        "After `(x.sum() + x.sum()).backward()`, `x.grad`",
        gradient_of(x),
        np.full_like(array, 2),
        hint="x is used twice here. Each use has a gradient: add them up.",
    )


def check_shared_node(kit: Kit) -> None:
    """A result is used twice, one use feeding the other: a node must wait for all its uses."""
    x, array = leaf(kit, 0.5, -1.0, 1.5)
    y = x * 2
    (y.exp() * y).sum().backward()
    expect(
        "With y = x * 2, after `(y.exp() * y).sum().backward()`, `x.grad`",
        gradient_of(x),
        2 * np.exp(2 * array) * (1 + 2 * array),
        suspects={
            "is only one of the two gradients of y kept (not summed)?": lambda: (
                2 * np.exp(2 * array)
            ),
            "is the other one of the two gradients of y kept (not summed)?": lambda: (
                4 * array * np.exp(2 * array)
            ),
            "are the two gradients of y added, not subtracted (the sign)?": lambda: (
                2 * np.exp(2 * array) * (1 - 2 * array)
            ),
        },
        hint="y is used twice: the gradients of both branches must be added up before y passes "
        "them on (walk the graph from the newest result to the oldest).",
    )
    x.grad = None
    y = x * 2
    deep = (y * 3 + 1).tanh()
    (y * deep + deep * (deep + y)).sum().backward()
    t = np.tanh(6 * array + 1)
    expect(
        "With y = x * 2 and z = tanh(y * 3 + 1), after `(y * z + z * (z + y)).sum().backward()`, "
        "`x.grad`",
        gradient_of(x),
        4 * t + (4 * array + 2 * t) * 6 * (1 - t * t),
        hint="y and z are used several times: a node waits for the gradients of all its uses.",
    )


def check_handed_to_two(kit: Kit) -> None:
    """An addition passes one array to both inputs: changing one gradient must not change both."""
    (x, array), (w, _) = leaf(kit, 1.0, -2.0), leaf(kit, 0.5, 3.0)
    ((x + w) + x).sum().backward()
    one = np.ones_like(array)
    expect("After `((x + w) + x).sum().backward()`, `x.grad`", gradient_of(x), 2 * one, hint=HANDED)
    expect("After `((x + w) + x).sum().backward()`, `w.grad`", gradient_of(w), one, hint=HANDED)
    z, _ = leaf(kit, 1.0, -2.0)
    a, b = z * 2, z * 3
    ((a + b) + a).sum().backward()
    expect(
        "With a = z * 2 and b = z * 3, after `((a + b) + a).sum().backward()`, `z.grad`",
        gradient_of(z),
        7 * one,
        hint=HANDED,
    )


HANDED = (
    "An addition passes the same array to both inputs. `grad += more` changes it for the other one "
    "too; grad = grad + more makes a new array."
)


def check_two_backwards(kit: Kit) -> None:
    """Gradients of two backward calls add up, until they are set to None."""
    x, array = leaf(kit, 1.0, -2.0)
    for _ in range(2):
        x.sum().backward()
    expect(
        "After two times `x.sum().backward()`, `x.grad`",
        gradient_of(x),
        np.full_like(array, 2),
        hint="A second backward adds to .grad, as in PyTorch; zero_grad is what clears it.",
    )
    x.grad = None
    x.sum().backward()
    expect("With `x.grad = None` before it, `x.grad`", gradient_of(x), np.ones_like(array))


def check_own_gradients(kit: Kit) -> None:
    """Two leaves never share one array: what clips or clears one gradient leaves the others."""
    (x, _), (w, _) = leaf(kit, 1.0, -2.0), leaf(kit, 0.5, 3.0)
    given = kit.tt.tensor(np.array([1.0, 2.0]))
    (x + w).backward(given)
    if np.asarray(w.grad.data).dtype != np.float64:
        raise Failure(f"The gradient of a float64 tensor is {np.asarray(w.grad.data).dtype}.")
    kit.there(probing.subtract_in_place)(x.grad, 5.0)
    for name, left in (("w.grad", w.grad.data), ("the gradient given", given.data)):
        expect(
            f"After `(x + w).backward(g)` and `x.grad.data -= 5`, {name}",
            left,
            np.array([1.0, 2.0]),
            hint="An addition passes the same array to both inputs: each leaf keeps its own.",
        )


def check_float64(kit: Kit) -> None:
    """The gradient of a float64 tensor is float64: exact checks depend on it."""
    x, _ = leaf(kit, 0.5, 1.5)
    ((x * x).exp() / x + x[:1]).mean().backward()
    found = np.asarray(x.grad.data).dtype
    if found != np.float64:
        raise Failure(
            f"The gradient of a float64 tensor is {found}.",
            hint="Somewhere backward makes an array of float32: a gradient has its tensor's dtype.",
        )
    x.grad = None
    third = np.array([1 / 3, 2 / 3])
    (x * 1).backward(kit.tt.tensor(third))
    expect(
        "After `(x * 1).backward(g)`, with g of float64, `x.grad`",
        gradient_of(x),
        third,
        relative=1e-12,
        hint="Somewhere on the way the gradient was rounded to float32.",
    )


def check_small(kit: Kit) -> None:
    """The slopes of log and of division are exact for small numbers too."""
    one = kit.tt.tensor(np.array([1.0]))
    (x, _), (z, _) = leaf(kit, 1e-6), leaf(kit, 1e-6)
    x.log().sum().backward()
    (one / z).sum().backward()
    for call, tensor, slope in (("x.log()", x, 1e6), ("tensor([1.0]) / x", z, -1e12)):
        expect(
            f"At x = 1e-6, the gradient of `{call}`",
            gradient_of(tensor),
            [slope],
            hint="Is a small number added to the divisor?",
        )


PROBES = [
    Probe("Tensor.backward", "02_autograd", check_backward),
    *probes_of(OPERATIONS[:1], "", "02_autograd", computed="01_tensor"),  # a + b, used below
    Probe("Tensor.backward", "02_autograd", check_given_gradient),
    Probe("Tensor.backward", "02_autograd", check_broadcasting),
    Probe("Tensor.backward", "02_autograd", check_shared_leaf),
    Probe("Tensor.backward", "02_autograd", check_two_backwards),
    *probes_of(OPERATIONS[1:], "", "02_autograd", computed="01_tensor"),
    Probe("Tensor.backward", "02_autograd", check_small),
    Probe("Tensor.backward", "02_autograd", check_shared_node),
    Probe("Tensor.backward", "02_autograd", check_handed_to_two),
    Probe("Tensor.grad", "02_autograd", check_own_gradients),
    Probe("Tensor.grad", "02_autograd", check_float64),
]
