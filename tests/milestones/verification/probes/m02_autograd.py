"""Probes of module 02: how gradients flow, and the gradient of each operation of module 01."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from verification.failures import Failure
from verification.probes.compared import probes_of
from verification.probes.m01_tensor import OPERATIONS
from verification.probes.probe import Kit, Probe, expect
from verification.wording import show


def gradient_of(tensor: object) -> object:
    grad = getattr(tensor, "grad", None)
    return None if grad is None else np.array(grad.data)


def leaf(kit: Kit, *values: float) -> tuple[Any, np.ndarray]:
    """(a tensor that requires a gradient, its values)."""
    array = np.array(values)
    return kit.tt.tensor(array.copy(), requires_grad=True), array


def facts(call: str, **given: np.ndarray) -> dict[str, str]:
    """The call and all that it was given."""
    shown = "; ".join(f"{name} {show(array, 24)}" for name, array in given.items())
    return {"called": call, "with": shown}


def check_backward(kit: Kit) -> None:
    """The simplest graph: one sum."""
    x, array = leaf(kit, 1.0, -2.0, 3.0)
    result = x.sum()
    try:
        result.backward()
    except NotImplementedError:
        raise  # a blank task
    except Exception as error:
        if not result.requires_grad:
            raise not_carried_over() from error
        raise
    if gradient_of(x) is None and not result.requires_grad:
        raise not_carried_over()
    expect(
        "After `x.sum().backward()`, `x.grad`",
        gradient_of(x),
        np.ones_like(array),
        hint="backward walks from the result to the leaves and leaves the gradient in .grad.",
        called=facts("x.sum().backward()", x=array),
    )


def not_carried_over() -> Failure:
    return Failure(
        "`x` requires a gradient, and the result of `x.sum()` does not.",
        hint="A result requires a gradient if one of its inputs does, unless under no_grad(): is "
        "requires_grad set where the operation is recorded?",
    )


def check_given_gradient(kit: Kit) -> None:
    """`y.backward(gradient)` starts from that gradient."""
    x, array = leaf(kit, 1.0, -2.0, 3.0)
    thirds = array / 3
    (x + 1).backward(kit.tt.tensor(thirds))
    expect(
        "After `(x + 1).backward(g)`, `x.grad`", gradient_of(x), thirds,
        called=facts("(x + 1).backward(g)", x=array, g=thirds),
    )  # fmt: skip


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
            called=facts("(a + b).backward(g)", g=weights),
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
        called=facts("(x.sum() + x.sum()).backward()", x=array),
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
        called=facts("x.sum().backward(), twice", x=array),
        hint="A second backward adds to .grad, as in PyTorch; zero_grad is what clears it.",
    )
    x.grad = None
    x.sum().backward()
    expect("With `x.grad = None` before it, `x.grad`", gradient_of(x), np.ones_like(array))


def check_small(kit: Kit) -> None:
    """The slopes of log and of division are exact for small numbers too."""
    one = kit.tt.tensor(np.array([1.0]))
    (x, _), (z, _) = leaf(kit, 1e-6), leaf(kit, 1e-6)
    x.log().sum().backward()
    (one / z).sum().backward()
    for call, part, tensor, slope in (
        ("x.log()", "Tensor.log", x, 1e6),
        ("tensor([1.0]) / x", "Tensor.__truediv__", z, -1e12),
    ):
        expect(
            f"At x = 1e-6, the gradient of `{call}`",
            gradient_of(tensor),
            [slope],
            hint="Is a small number added to the divisor?",
            part=part,
            called=facts(call, x=np.array(1e-6)),
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
]
