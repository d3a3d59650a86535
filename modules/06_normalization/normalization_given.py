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
