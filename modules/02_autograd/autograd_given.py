# %% [markdown]
# # Given in module 02: Autograd
#
# What the lesson `autograd.py` uses and nobody need write: conversions, errors, and the rules that
# teach nothing new. It is exported before the lesson's own cells, into the same file. Do not edit
# it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %%
#| default_exp autograd
#| export
import math

import numpy as np

from tinytorch.tensor import (
    Abs,
    Cast,
    Cat,
    Clamp,
    Clone,
    Expand,
    Max,
    Maximum,
    Pow,
    Remainder,
    Sqrt,
    Stack,
    Tensor,
    Where,
    ndarray,
)

# %% [markdown]
# ## Where an array belongs

# %%
#| export
def _put_right(tensor):
    """`w.data = w.data - rate * w.grad` leaves a tensor, or a number, where an array belongs."""
    while isinstance(tensor.data, Tensor):
        tensor.data = tensor.data.data
    tensor.data = np.asarray(tensor.data)
    return tensor.data


def _as_matrices(a, b, grad):
    """The operands of `a @ b` and the gradient of the result, with vectors as one row or column."""
    if b.ndim == 1:
        b, grad = b[:, None], grad[..., None]
    if a.ndim == 1:
        a, grad = a[None, :], np.expand_dims(grad, -2)
    if a.ndim > 2 and b.ndim == 2:
        rows = math.prod(a.shape[:-1])
        a, grad = a.reshape(rows, a.shape[-1]), grad.reshape(rows, grad.shape[-1])
    return a, b, grad


def may_repeat(index):
    """Whether `array[index]` may contain an element of `array` more than once."""
    parts = index if isinstance(index, tuple) else (index,)
    lists = [part for part in parts if isinstance(part, (ndarray, list, tuple))]
    return any(np.asarray(part).dtype.kind in "iu" for part in lists)

# %% [markdown]
# ## The walk: where it starts, and what may stop it

# %%
#| export
def _starting_gradient(tensor, gradient):
    """The array the walk from `tensor` starts with."""
    if not tensor.requires_grad:
        raise RuntimeError(
            "backward() from a tensor that does not require grad: none of the tensors it was "
            "computed from was made with requires_grad=True, or it was computed under no_grad()"
        )
    data = tensor.data
    if gradient is None:
        if data.size != 1:
            raise RuntimeError(
                "backward() without a gradient starts from a single number, this tensor has shape "
                f"{data.shape}: take .sum() or .mean() first, or pass a gradient of that shape"
            )
        one = data.dtype.type(1)  # a NumPy number: quicker to compute with than an array ()
        return np.full(data.shape, one) if data.ndim else one
    grad = gradient.data if isinstance(gradient, Tensor) else np.asarray(gradient)
    if grad.shape != data.shape:
        raise RuntimeError(
            f"backward(gradient): the gradient has shape {grad.shape}, the tensor {data.shape}"
        )
    return grad if grad.dtype is data.dtype else grad.astype(data.dtype)


def _freed():
    return RuntimeError(
        "Trying to backward through the graph a second time: what was recorded is freed by the "
        "first backward(). Compute the result again, or keep the record with "
        "backward(retain_graph=True)"
    )


def _too_few(node, results):
    return RuntimeError(
        f"the backward rule of {type(node).__name__} returned {len(results)} gradients for "
        f"{len(node.inputs)} inputs: return one for each, None where there is none"
    )

# %% [markdown]
# ## The judge: both sides of the comparison

# %%
#| export
def _gradients(func, inputs, checked, weights):
    """The gradients of (func(*inputs) * weights).sum() by backward(); `grad` is left as it was."""
    kept = [x.grad for x in checked]
    try:
        for x in checked:
            x.grad = None
        func(*inputs).backward(weights)
        return [np.zeros(x.shape) if x.grad is None else x.grad.data for x in checked]
    finally:
        for x, grad in zip(checked, kept):
            x.grad = grad


def _disagreement(number, found, expected):
    """What to say about two arrays that should be close."""
    gap = np.where(np.isfinite(found), np.abs(found - expected), np.inf)
    worst = tuple(int(i) for i in np.unravel_index(gap.argmax(), gap.shape))
    return (
        f"gradcheck: input {number}, element {worst}: backward() says {found[worst]:.6g}, "
        f"central differences say {expected[worst]:.6g}\nbackward():\n{found}\n"
        f"central differences:\n{expected}"
    )

# %% [markdown]
# ## Rules
#
# `grad` holds the slopes of the final number with respect to the operation's result; `self.args`
# is what the operation was called with, `self.out` its result. Each returns the slopes with respect
# to what went in.

# %%
#| export
def pow_backward(self, grad):
    a, b = self.args
    need_a, need_b = self.needs_input_grad
    grad_a = grad_b = None
    if need_a:  # b a^(b-1); for b = 0 it is 0, also at a = 0, where a^(-1) is infinite
        less = np.where(b == 0, b, b - 1) if isinstance(b, ndarray) else b - 1 if b else 0
        grad_a = grad * (b * a**less)
    if need_b:  # a^b log(a); at a = 0 it is 0
        with np.errstate(divide="ignore", invalid="ignore"):
            log_a = np.log(np.asarray(a, self.out.dtype))
            grad_b = np.where((a == 0) & (b >= 0), 0, grad * self.out * log_a)
    return grad_a, grad_b


def remainder_backward(self, grad):
    a, b = self.args  # a % b is a - (a // b) * b; `//` moves in jumps, and has no slope
    return grad, -grad * (a // b) if self.needs_input_grad[1] else None


def sqrt_backward(self, grad):
    return grad / (2 * self.out)


def abs_backward(self, grad):
    return grad * np.sign(self.args[0])


def maximum_backward(self, grad):
    """The larger of two (and, as Minimum is a kind of Maximum, the smaller); equal ones share."""
    a, b = self.args
    shares = np.where(a == b, grad / 2, grad)
    b_wins, a_wins = (b == self.out) & (a != b), (a == self.out) & (a != b)
    return np.where(b_wins, 0, shares), np.where(a_wins, 0, shares)


def clamp_backward(self, grad):
    a, low, high = self.args
    _, need_low, need_high = self.needs_input_grad
    raised = a if low is None else np.maximum(a, low)
    under = high is None or raised <= high
    return (
        np.where(under & (low is None or a >= low), grad, 0),
        np.where(under & (a < low), grad, 0) if need_low else None,
        np.where(raised > high, grad, 0) if need_high else None,
    )


def where_backward(self, grad):
    condition = self.args[0]
    return None, np.where(condition, grad, 0), np.where(condition, 0, grad)


def same_backward(self, grad):
    return grad  # the walk casts it back to the dtype of the input


def max_backward(self, grad):
    """The largest of all (and, as Min is a kind of Max, the smallest); equal ones share."""
    winners = self.args[0] == self.out
    return grad * winners / (np.count_nonzero(winners) or 1)


def expand_backward(self, grad):
    return grad  # it was broadcast; the walk undoes that


def cat_backward(self, grad):
    dim, *arrays = self.args
    ends = np.cumsum([a.shape[dim] for a in arrays])
    return None, *np.split(grad, ends[:-1], axis=dim)  # None: `dim` was the first input


def stack_backward(self, grad):
    return None, *np.moveaxis(grad, self.args[0], 0)


Pow.backward = pow_backward
Remainder.backward = remainder_backward
Sqrt.backward = sqrt_backward
Abs.backward = abs_backward
Maximum.backward = maximum_backward
Clamp.backward = clamp_backward
Where.backward = where_backward
Clone.backward = Cast.backward = same_backward
Max.backward = max_backward
Expand.backward = expand_backward
Cat.backward = cat_backward
Stack.backward = stack_backward
