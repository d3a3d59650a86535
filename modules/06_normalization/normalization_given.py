# %% [markdown]
# # Given in module 06: Normalization
#
# What the lesson `normalization.py` uses and nobody need write: arguments and shapes that do not
# fit, and a scale and shift where there are any. It is exported before the lesson's own cells, into
# the same file. Do not edit it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## What may be wrong with the input

# %%
#| export nn.functional
import math


def _as_shape(normalized_shape):
    """A whole number or a sequence of them, as a tuple."""
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


def _row_size(name, input, normalized_shape, **parameters):
    """How many numbers are normalized together; refuses shapes that do not fit."""
    shape = _as_shape(normalized_shape)
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"{name}: an input of shape {tuple(input.shape)} does not fit normalized_shape "
            f"{shape}: its last dimensions must be these"
        )
    for which, parameter in parameters.items():
        if parameter is not None and tuple(parameter.shape) != shape:
            raise RuntimeError(
                f"{name}: the {which} has shape {tuple(parameter.shape)}, normalized_shape is "
                f"{shape}: both must be equal"
            )
    return math.prod(shape)


def _flat(parameter):
    """A parameter with one dimension; None stays None."""
    return parameter if parameter is None or parameter.ndim == 1 else parameter.reshape(-1)


def _check_per_channel(name, input, **tensors):
    """Refuse an input without channels, and tensors that do not have one number for each."""
    if input.ndim < 2:
        raise RuntimeError(
            f"{name}: the input must be (N, C) or (N, C, ...); it has shape {tuple(input.shape)}"
        )
    for which, tensor in tensors.items():
        if tensor is not None and tuple(tensor.shape) != (input.shape[1],):
            raise RuntimeError(
                f"{name}: the {which} has shape {tuple(tensor.shape)}, but an input of shape "
                f"{tuple(input.shape)} has {input.shape[1]} channels: it must be "
                f"({input.shape[1]},)"
            )


def _check_groups(name, channels, num_groups, error):
    if num_groups < 1 or channels % num_groups:
        raise error(f"{name}: num_groups={num_groups} must divide the {channels} channels")


def _check_enough(name, input):
    """The statistics of a batch need two numbers for each channel."""
    if math.prod(input.shape) < 2 * input.shape[1]:
        raise ValueError(
            f"{name}: expected more than 1 value per channel when training, got input size "
            f"{tuple(input.shape)}"
        )


def _check_running(name, running_mean, running_var, training):
    if (running_mean is None) != (running_var is None) or (running_mean is None and not training):
        raise RuntimeError(
            f"{name}: give both running_mean and running_var, or, with training=True, neither"
        )


def _check_dropout(name, input, p):
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: the probability must be from 0 to 1, not {p}")
    if input.dtype.kind != "f":
        raise RuntimeError(f"{name}: the input must hold floats, not {input.dtype}")


# %% [markdown]
# ## Means of rows and columns
#
# NumPy adds up columns row by row. A product with a row of ones does the same in BLAS, the library
# behind matrix products, and is ten times as fast for the narrow matrices of this module.

# %%
#| export nn.functional
import numpy as np


def _column_sums(x):
    """x.sum(axis=0) of a matrix of floats."""
    return np.ones(len(x), x.dtype).dot(x)


def _mean(x, axis):
    """x.mean(axis=axis, keepdims=True) of a matrix of floats."""
    if axis == 0:
        return (_column_sums(x) / len(x))[None]
    return np.add.reduce(x, axis=1, keepdims=True) / x.shape[1]


# %% [markdown]
# ## Scale and shift


# %%
#| export nn.functional
def _spread(parameter, input):
    """A tensor (C,) as (C, 1, ...), to be broadcast against an input (N, C, ...); or None."""
    if parameter is None or input.ndim == 2:
        return parameter
    return parameter.reshape(-1, *(1,) * (input.ndim - 2))


def _affine(x, weight, bias):
    """x * weight + bias, broadcast; either may be None. Arrays or tensors."""
    if weight is not None:
        x = x * weight
    return x if bias is None else x + bias


# %% [markdown]
# ## More layers, and what the operations are made of
#
# They need the lesson's layers, so they stand in a file of their own.

# %%
#| default_exp nn.normalization_more
#| export
import numpy as np

from tinytorch.nn import functional as F
from tinytorch.nn.modules import Module
from tinytorch.nn.normalization import Dropout2d, _BatchNorm

__all__ = ["Dropout1d", "InstanceNorm1d", "InstanceNorm2d", "LocalResponseNorm"]


class _InstanceNorm(_BatchNorm):
    """Normalize each channel of each example; see `BatchNorm2d` for the arguments.

    There is no scale and shift, and nothing is remembered, if it is not asked for.
    """

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats)

    def forward(self, input):
        alone = input.ndim == min(self.dimensions)
        batch = input.unsqueeze(0) if alone else input
        if batch.shape[1] == self.num_features or self.weight is not None:
            super().check(batch)
        use_input = self.training or self.running_mean is None
        how = self.weight, self.bias, use_input, self.momentum, self.eps
        out = F.instance_norm(batch, self.running_mean, self.running_var, *how)
        return out.squeeze(0) if alone else out


class InstanceNorm1d(_InstanceNorm):
    """Normalize each row of (N, C, L), or of (C, L) (Ulyanov et al., 2016)."""

    dimensions = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalize each image's channels, (N, C, H, W) or (C, H, W) (Ulyanov et al., 2016)."""

    dimensions = (3, 4)


def instance_norm(
    input,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
):
    """Normalize each channel of each example (Ulyanov et al., 2016).

    Args:
        input: Tensor (N, C, ...).
        running_mean, running_var: Tensors (C,) or None: where means over the batch are remembered.
        weight, bias: Tensors (C,), or None.
        use_input_stats: False: normalize with what was remembered.
        momentum: the share of the new in it.
        eps: added to the variance.
    """
    if not use_input_stats:
        return F.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    n, c = input.shape[:2]
    size = int(np.prod(input.shape[2:]))
    if size < 2:
        shape = tuple(input.shape)
        raise ValueError(f"Expected more than 1 spatial element when training, got shape {shape}")
    if running_mean is not None:
        rows = input.data.reshape(n, c, size)
        for kept, new in ((running_mean, rows.mean(2)), (running_var, rows.var(2, ddof=1))):
            kept.data += momentum * (new.mean(0).astype(kept.dtype) - kept.data)
    return F.group_norm(input, c, weight, bias, eps)


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """Divide by the squares of `size` neighboring channels (Krizhevsky et al., 2012)."""
    squares, channels = input * input, input.shape[1]
    before = size // 2
    near = F.pad(squares, (0, 0) * (input.ndim - 2) + (before, size - 1 - before))
    total = sum(near.narrow(1, i, channels) for i in range(size))
    return input / (k + alpha * total / size) ** beta


def dropout1d(input, p=0.5, training=True, inplace=False):
    """Drop whole channels of (N, C, L)."""
    return F.dropout2d(input.unsqueeze(-1), p, training, inplace).squeeze(-1)


F.instance_norm, F.local_response_norm, F.dropout1d = instance_norm, local_response_norm, dropout1d


class LocalResponseNorm(Module):
    """Divide by the squares of neighboring channels: see `functional.local_response_norm`."""

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input):
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self):
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class Dropout1d(Dropout2d):
    """Drop whole channels of (N, C, L)."""

    def forward(self, input):
        return F.dropout1d(input, self.p, self.training, self.inplace)


# What follows is asked for only where gradients are to be differentiated once more.


@F.written_out(F.NormalizeOp)
def _normalized(x, weight, bias, mean, var, axis, eps):
    centered = x - x.mean(axis, keepdim=True)
    rate = ((centered * centered).mean(axis, keepdim=True) + eps).sqrt()
    return F._affine(centered / rate, weight, bias)


@F.written_out(F.BatchNormOp)
def _batch_normalized(x, weight, bias, mean, var, eps):
    dims = (0, *range(2, x.ndim))
    centered = x - x.mean(dims, keepdim=True)
    rate = ((centered * centered).mean(dims, keepdim=True) + eps).sqrt()
    return F._affine(centered / rate, F._spread(weight, x), F._spread(bias, x))


@F.written_out(F.RMSNormOp)
def _rms_normalized(x, weight, eps):
    return F._affine(x / ((x * x).mean(1, keepdim=True) + eps).sqrt(), weight, None)
