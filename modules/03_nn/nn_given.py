# %% [markdown]
# # Given in module 03: Layers
#
# What the lesson `nn.py` uses and nobody need write: a function that NumPy lacks, the losses for
# those who have probabilities already, what is wrong with a target or a state, and how to fill a
# tensor. It is exported before the lesson's own cells, into the same files. Do not edit it;
# `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## GELU, and the error function

# %%
#| export nn.functional
import math
from functools import cache

import numpy as np

from tinytorch.tensor import Function, float32, where

CELLS = 256  # points of the table for each unit of x
REACH = 6  # erf(6) is 1 in float64


@cache
def erf_table(dtype):
    """The Taylor coefficients of erf at each point of the table, one row for each power."""
    x = np.arange(-REACH * CELLS, REACH * CELLS + 1) / CELLS
    slope = 2 / math.sqrt(math.pi) * np.exp(-x * x)
    rows = [
        [math.erf(point) for point in x],
        slope,
        slope * -x,
        slope * (2 * x**2 - 1) / 3,
        slope * (3 * x - 2 * x**3) / 6,
        slope * (4 * x**4 - 12 * x**2 + 3) / 30,
    ]
    return np.array(rows[:4] if dtype == float32 else rows, dtype)


def erf(x):
    """The error function of an array of floats, right to the last digit of its dtype."""
    x = np.clip(x, -REACH, REACH)
    point = np.rint(x * CELLS)
    step = x - point / CELLS
    index = np.fmax(point, -REACH * CELLS).astype(np.intp) + REACH * CELLS  # fmax: NaN has no row
    *higher, last = erf_table(step.dtype)
    result = last.take(index)
    for row in reversed(higher):
        result *= step
        result += row.take(index)
    return result


class GELUOp(Function):
    def forward(self, x):
        self.below = 0.5 * (1 + erf(x * math.sqrt(0.5)))
        return x * self.below

    def backward(self, grad):
        x = self.args[0]
        density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        return grad * (self.below + x * density)


class GELUTanhOp(Function):
    """An older approximation, which some well-known models were trained with."""

    def forward(self, x):
        self.t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))
        return 0.5 * x * (1 + self.t)

    def backward(self, grad):
        x, t = self.args[0], self.t
        inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
        return grad * 0.5 * ((1 + t) + x * (1 - t * t) * inner)


def gelu(input, *, approximate="none"):
    """input times the normal distribution function of input; approximate: "none" or "tanh"."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}")
    return GELUOp.apply(input) if approximate == "none" else GELUTanhOp.apply(input)

# %% [markdown]
# ## What losses have in common

# %%
#| export nn.functional
def _reduced(losses, reduction):
    """What a loss returns: the mean of the single losses, their sum, or all of them ("none")."""
    if reduction == "mean":
        return np.add.reduce(losses, axis=None) / losses.size
    if reduction == "sum":
        return np.add.reduce(losses, axis=None)
    if reduction == "none":
        return losses
    raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")


def _share(grad, reduction, count):
    """The part of `grad` that falls to each of the `count` single losses."""
    return grad / count if reduction == "mean" else grad

# %% [markdown]
# ## Losses of log-probabilities and of probabilities, and what may be wrong with a target

# %%
#| export nn.functional
class NLLOp(Function):
    """-x[i, target[i]] for each row i; x (N, C), target (N,), result (N,)."""

    def forward(self, x, target):
        self.right = np.arange(len(x)), target
        return -x[self.right]

    def backward(self, grad):
        result = np.zeros_like(self.args[0])
        result[self.right] = -grad
        return result


def nll_loss(input, target, *, ignore_index=-100, reduction="mean"):
    """Cross-entropy of log-probabilities: arguments, shapes and errors as for cross_entropy."""
    rows, classes = _rows_and_classes("nll_loss", input, target)
    keep = _kept("nll_loss", rows, classes, ignore_index)
    losses = NLLOp.apply(rows, classes if keep is None else classes * keep)
    return _reduced_kept(losses, keep, reduction, target.shape)


def _rows_and_classes(name, input, target):
    """Scores of any shape as (rows, C), and the targets to match as (rows,)."""
    x, classes = input.data, target.data
    axis = 0 if x.ndim == 1 else 1  # where the classes are
    if classes.dtype.kind not in "iu":
        instead = "target.argmax(1)" if classes.shape == x.shape else "target.long()"
        raise TypeError(
            f"{name}: the target must hold class numbers, which are ints, not {classes.dtype}: "
            f"use {instead}"
        )
    expected = x.shape[:axis] + x.shape[axis + 1 :]
    if x.ndim == 0 or classes.shape != expected:
        raise ValueError(
            f"{name}: the input has shape {x.shape}, so the target must have shape {expected}, "
            f"one class for each row of scores; it has shape {classes.shape}"
        )
    if x.ndim == 2:
        return input, target
    if x.ndim > 2:
        input = input.permute(0, *range(2, x.ndim), 1)
    return input.reshape(classes.size, x.shape[axis]), target.reshape(classes.size)


def _kept(name, rows, classes, ignore_index):
    """Which targets count, as an array of bools, or None for all. Classes must exist."""
    data, count = classes.data, rows.data.shape[1]
    outside = data.size > 0 and (data.min() < 0 or data.max() >= count)
    if not outside and ignore_index < 0:
        return None
    keep = data != ignore_index
    wrong = data[keep & ((data < 0) | (data >= count))]
    if wrong.size:
        raise IndexError(
            f"{name}: there is no class {wrong[0]}: the input of shape {rows.shape} has scores for "
            f"{count} classes, numbered 0 to {count - 1}"
        )
    return None if keep.all() else keep


def _reduced_kept(losses, keep, reduction, shape):
    """Reduce a tensor of single losses where only some of them count."""
    if keep is not None:
        losses = where(keep, losses, 0.0)  # not a product: NaN * 0 is NaN
    if reduction == "none":
        return losses.reshape(*shape)
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
    total = losses.sum()
    return total if reduction == "sum" else total / (losses.numel() if keep is None else keep.sum())


class BCEOp(Function):
    """The same for probabilities. Logarithms below -100 count as -100, as in PyTorch."""

    def forward(self, p, target, reduction):
        with np.errstate(divide="ignore"):
            self.logs = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
        yes, no = self.logs
        return _reduced(-(target * yes + (1 - target) * no), reduction)

    def backward(self, grad):
        p, target, reduction = self.args
        share = _share(grad, reduction, p.size)
        yes, no = self.logs
        return share * (p - target) / np.maximum(p * (1 - p), 1e-12), share * (no - yes)


def binary_cross_entropy(input, target, *, reduction="mean"):
    """The loss of yes-or-no probabilities; target of the same shape, from 0 to 1."""
    _check_same_shape("binary_cross_entropy", input, target)
    p = input.data
    if p.size and not (p.min() >= 0 and p.max() <= 1):
        raise ValueError(
            f"binary_cross_entropy: the input must be probabilities, from 0 to 1, but goes from "
            f"{p.min()} to {p.max()}. For scores use binary_cross_entropy_with_logits"
        )
    return BCEOp.apply(input, target, reduction)


def _check_same_shape(name, input, target):
    if input.shape != target.shape:
        raise ValueError(
            f"{name}: input of shape {input.shape} and target of shape {target.shape} must be equal"
        )

# %% [markdown]
# ## What a module says of its state and of itself

# %%
#| export nn.modules
from collections import namedtuple


class _IncompatibleKeys(namedtuple("_IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What load_state_dict(strict=False) passed over."""

    def __repr__(self):
        return super().__repr__() if any(self) else "<All keys matched successfully>"


def _misfit(module, missing, unexpected, wrong):
    """The error that names everything; wrong: name -> (shape in the state, shape in the module)."""
    lines = [f"Error(s) in loading state_dict for {type(module).__name__}:"]
    for what, names in (("Missing", missing), ("Unexpected", unexpected)):
        if names:
            quoted = ", ".join(f'"{name}"' for name in names)
            lines.append(f"{what} key(s) in state_dict: {quoted}.")
    for name, (theirs, ours) in wrong.items():
        lines.append(
            f"size mismatch for {name}: copying a param with shape {theirs} from checkpoint, "
            f"the shape in current model is {ours}."
        )
    return RuntimeError("\n\t".join(lines))


def _framed(kind, extra, parts):
    """`Linear(in_features=2)` for a layer; for what has parts, one indented line for each."""
    if not parts:
        return f"{kind}({extra})"
    lines = "\n".join([extra, *parts] if extra else parts)
    return f"{kind}(\n  " + lines.replace("\n", "\n  ") + "\n)"


def _runs(modules):
    """As PyTorch prints a list: equal neighbors in one line, "(0-3): 4 x Linear(...)"."""
    runs = []
    for position, text in enumerate(map(repr, modules)):
        if runs and runs[-1][2] == text:
            runs[-1][1] = position
        else:
            runs.append([position, position, text])
    parts = []
    for first, last, text in runs:
        many = f"({first}-{last}): {last - first + 1} x {text}"
        parts.append(many if last > first else f"({first}): {text}")
    return parts

# %% [markdown]
# ## What a module does to all that is inside it, and a row of modules

# %%
#| export nn.modules
from tinytorch.tensor import float32, float64


class _Everywhere:
    """What a module does to all that is inside it; `Module` finds the parts and inherits this."""

    def zero_grad(self, set_to_none=True):
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad.data[...] = 0

    def requires_grad_(self, requires_grad=True):
        """Say of all parameters whether they are learned: False freezes the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def apply(self, fn):
        """Call `fn(module)` for every module inside, parts before the whole."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def to(self, dtype):
        """Give all parameters and buffers of floats this dtype, in place."""
        for tensor in (*self.parameters(), *self.buffers()):
            for holder in (tensor, tensor.grad):
                if holder is not None and holder.data.dtype.kind == "f":
                    holder.data = holder.data.astype(dtype)
        return self

    def float(self):
        """to(float32)."""
        return self.to(float32)

    def double(self):
        """to(float64), for exact checks."""
        return self.to(float64)

    def extra_repr(self):
        """What a layer shows between its parentheses."""
        return ""

    def __repr__(self):
        parts = [f"({name}): {module!r}" for name, module in self._modules.items()]
        return _framed(type(self).__name__, self.extra_repr(), parts)


class _RowOfModules:
    """A list of modules, named "0", "1", "2", ...: what Sequential and ModuleList share."""

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)._of(list(self._modules.items())[index])
        return list(self)[index]

    def __setitem__(self, index, module):
        self.add_module(list(self._modules)[index], module)

    def __delitem__(self, index):
        modules = list(self)
        del modules[index]
        self._refill(modules)

    def __iadd__(self, modules):
        return self.extend(modules)

    def append(self, module):
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules):
        for module in modules:
            self.append(module)
        return self

    def insert(self, index, module):
        modules = list(self)
        modules.insert(index, module)
        return self._refill(modules)

    def pop(self, index):
        module = self[index]
        del self[index]
        return module

    def _refill(self, modules):
        """Hold these modules, numbered anew."""
        for name in list(self._modules):
            delattr(self, name)
        return self.extend(modules)

# %% [markdown]
# ## Filling a tensor

# %%
#| export nn.init
import math

from tinytorch.random import default_generator


def uniform_(tensor, a=0.0, b=1.0):
    """Fill `tensor` with numbers spread evenly from a to b, and return it."""
    tensor.data[...] = default_generator.uniform(a, b, tensor.shape)
    return tensor


def normal_(tensor, mean=0.0, std=1.0):
    """Fill `tensor` with normally distributed numbers, and return it."""
    tensor.data[...] = default_generator.normal(mean, std, tensor.shape)
    return tensor


def constant_(tensor, val):
    """Fill `tensor` with one number, and return it."""
    tensor.data[...] = val
    return tensor


def zeros_(tensor):
    """Fill `tensor` with 0, and return it."""
    return constant_(tensor, 0.0)


def ones_(tensor):
    """Fill `tensor` with 1, and return it."""
    return constant_(tensor, 1.0)


def calculate_gain(nonlinearity, param=None):
    """The factor for the standard deviation before this nonlinearity; PyTorch's list."""
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        return math.sqrt(2 / (1 + slope * slope))
    gains = {"linear": 1.0, "conv2d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2)}
    if nonlinearity not in gains:
        known = ", ".join(["leaky_relu", *gains])
        raise ValueError(f"calculate_gain: {nonlinearity!r} is none of {known}")
    return gains[nonlinearity]
