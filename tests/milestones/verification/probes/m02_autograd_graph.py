"""Probes of module 02: graphs in which something is used twice, and whose array a gradient is."""

from __future__ import annotations

from typing import Any

import numpy as np

from verification import probing
from verification.failures import Failure
from verification.places import named, raised_in
from verification.probes.m02_autograd import facts, gradient_of, leaf
from verification.probes.probe import Kit, Probe, expect


def check_shared_node(kit: Kit) -> None:
    """A result is used twice, one use feeding the other: a node must wait for all its uses."""
    x, array = leaf(kit, 0.5, -1.0, 1.5)
    y = x * 2
    check_it_ends((y.exp() * y).sum(), array)
    expect(
        "With y = x * 2, after `(y.exp() * y).sum().backward()`, `x.grad`",
        gradient_of(x),
        2 * np.exp(2 * array) * (1 + 2 * array),
        suspects={
            "y is used twice; is only the gradient from the product kept?": lambda: (
                2 * np.exp(2 * array)
            ),
            "y is used twice; is only the gradient from the exp kept?": lambda: (
                4 * array * np.exp(2 * array)
            ),
            "are the two gradients of y added, not subtracted?": lambda: (
                2 * np.exp(2 * array) * (1 - 2 * array)
            ),
        },
        hint=IN_ORDER,
        called=facts("(y.exp() * y).sum().backward()", x=array),
    )
    check_several_uses(kit)


def check_it_ends(result: Any, array: np.ndarray) -> None:
    """Go back; where that raises, say which order would be right."""
    try:
        result.backward()
    except NotImplementedError:
        raise  # a blank task
    except Exception as error:
        kind = named(error).partition(":")[0]
        raise Failure(
            f"With y = x * 2, `(y.exp() * y).sum().backward()` raises {kind}: is the operation "
            "that made y visited before all gradients of y have arrived?",
            hint=f"{IN_ORDER} Where y is used once, backward goes well.",
            raised=raised_in(error), **facts("(y.exp() * y).sum().backward()", x=array),
        ) from error  # fmt: skip


def check_several_uses(kit: Kit) -> None:
    """Two results, each used several times."""
    x, array = leaf(kit, 0.5, -1.0, 1.5)
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
        called=facts("(y * z + z * (z + y)).sum().backward()", x=array),
    )


IN_ORDER = (
    "y is used twice: the gradients of both uses must be added up before y passes them on (walk "
    "the graph from the newest result to the oldest)."
)


def check_handed_to_two(kit: Kit) -> None:
    """An addition passes one array to both inputs: changing one gradient must not change both."""
    (x, array), (w, other) = leaf(kit, 1.0, -2.0), leaf(kit, 0.5, 3.0)
    ((x + w) + x).sum().backward()
    one, shown = np.ones_like(array), facts("((x + w) + x).sum().backward()", x=array, w=other)
    for name, found, right in (("x", gradient_of(x), 2 * one), ("w", gradient_of(w), one)):
        expect(
            f"After `((x + w) + x).sum().backward()`, `{name}.grad`", found, right, hint=HANDED,
            called=shown,
        )  # fmt: skip
    z, _ = leaf(kit, 1.0, -2.0)
    a, b = z * 2, z * 3
    ((a + b) + a).sum().backward()
    expect(
        "With a = z * 2 and b = z * 3, after `((a + b) + a).sum().backward()`, `z.grad`",
        gradient_of(z),
        7 * one,
        hint=HANDED,
        called=facts("((a + b) + a).sum().backward()", z=array),
    )


HANDED = (
    "An addition passes the same array to both inputs. `grad += more` changes it for the other one "
    "too; grad = grad + more makes a new array."
)


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


PROBES = [
    Probe("Tensor.backward", "02_autograd", check_shared_node),
    Probe("Tensor.backward", "02_autograd", check_handed_to_two),
    Probe("Tensor.grad", "02_autograd", check_own_gradients),
    Probe("Tensor.grad", "02_autograd", check_float64),
]
