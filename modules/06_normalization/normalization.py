# %% [markdown]
# # Module 06: Normalization
#
# Numbers that keep their size in deep networks, statistics that are remembered, noise that helps.
#
# About 35 minutes of reading and 2 hours of writing.
#
# This module needs modules 00 to 04. It does not need 05; take that before or after.
#
# ## The question
#
# More layers should mean more understanding: edges, then corners, then faces. So let us build a
# network of 30 layers, each with the first values of module 03, and look at what arrives where: how
# far two examples are apart on the way forward, and how large the gradients are on the way back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import numpy as np

from tinytorch import Tensor, manual_seed, no_grad, ones, randn, tensor, zeros
from tinytorch.nn import CrossEntropyLoss, Linear, Module, Parameter, ReLU, Sequential

DEPTH = 30


def tower(normalization=None, width=64):
    """DEPTH layers: Linear, a normalization (if any), ReLU."""
    layers = []
    for _ in range(DEPTH):
        layers.append(Linear(width, width))
        if normalization is not None:
            layers.append(normalization(width))
        layers.append(ReLU())
    return Sequential(*layers)


def sizes(network, x):
    """After each ReLU how far the examples are apart, and for each Linear how large its gradient.

    Both are standard deviations: over the examples (the mean of all columns), and over the weights.
    """
    forward, back = [], []
    for layer in network:
        x = layer(x)
        if isinstance(layer, ReLU):
            forward.append(x.data.std(axis=0).mean())
    (x * randn(*x.shape)).sum().backward()
    for layer in network:
        if isinstance(layer, Linear):
            back.append(layer.weight.grad.data.std())
    return forward, back


manual_seed(0)
forward, back = sizes(tower(), randn(32, 64))
print("layer   examples differ by   gradient of its weight")
for number in (0, 9, 19, 29):
    print(f"{number + 1:5} {forward[number]:16.1e} {back[number]:20.1e}")


def rounded(x, digits=2):
    """The numbers of a tensor as lists, for printing."""
    return np.asarray(x.data, float).round(digits).tolist()


# %% [markdown]
# Each layer takes more than half of the difference away, and more than half of the gradient. From
# layer 20 on nothing is left but the rounding of float32: whatever comes in, the same comes out,
# made of the biases of the last layers. The first layers get gradients with ten zeros after the
# point, and do not learn. This is what people mean by **vanishing** gradients; with larger first
# values they **explode** instead.
#
# He and others' first values (`kaiming_uniform_` with its default) are chosen so that the numbers
# keep their size. That helps at the beginning. But training changes the weights, no layer knows
# what the others do, and what was balanced once does not stay so.
#
# The idea of this module: do not hope for numbers of a good size, *make* them so, in the middle of
# the network, at every step. Take some of the numbers that flow through, subtract their mean,
# divide by their standard deviation. Now they have mean 0 and variance 1, whatever the layers
# before have done. All else is one question: *which* numbers share a mean?
#
# ```
#   a batch of N images, C channels, L pixels each
#
#                       one mean for ...                            of how many numbers
#   batch norm          each channel, over the batch                N * L
#   layer norm          each image                                  C * L
#   group norm          each image and group of channels            C / groups * L
# ```
#
# ## Where this stands
#
# Sergey Ioffe and Christian Szegedy, *Batch Normalization: Accelerating Deep Network Training by
# Reducing Internal Covariate Shift* (2015), made networks of more than twenty layers learn quickly;
# the residual networks of the same year (He, Zhang, Ren, Sun, *Deep Residual Learning*) use it
# after every convolution. Jimmy Ba, Jamie Kiros and Geoffrey Hinton, *Layer Normalization* (2016),
# is what transformers use; Biao Zhang and Rico Sennrich, *Root Mean Square Layer Normalization*
# (2019), its shorter form in most language models since 2023. Yuxin Wu and Kaiming He, *Group
# Normalization* (2018), is for batches too small for statistics. **Dropout** is by Nitish
# Srivastava, Geoffrey Hinton and others, *Dropout: A Simple Way to Prevent Neural Networks from
# Overfitting* (2014).
#
# In PyTorch: `nn.LayerNorm`, `nn.RMSNorm`, `nn.GroupNorm`, `nn.BatchNorm1d`, `nn.BatchNorm2d`,
# `nn.Dropout`, and the same as functions in `nn.functional`.
#
# What teaches nothing, shapes that do not fit and the like, stands in `normalization_given.py`.

# %%
from normalization_given import (
    _affine,
    _as_shape,
    _check_dropout,
    _check_enough,
    _check_groups,
    _check_per_channel,
    _check_running,
    _column_sums,
    _flat,
    _mean,
    _row_size,
    _spread,
)

from tinytorch.nn.functional import changed

# %% [markdown]
# # Part one: one operation
#
# ## Task 6.1: mean and variance
#
# All normalizations of this module look at their numbers as a **matrix**. The statistics then go
# either along each row (`axis=1`: layer norm, one row for each example) or down each column
# (`axis=0`: batch norm, one column for each channel):
#
# ```
#       x                 moments(x, 1)              moments(x, 0)
#
#       1  3  5           mean 3    var 8/3          mean  2  2  2
#       3  1 -1           mean 1    var 8/3          var   1  1  9
#
#       (2, 3)                (2, 1)                     (1, 3)
# ```
#
# The variance is the mean of the squared distances from the mean. Divide by the number of elements
# n, not by n - 1: that is the **biased** variance. (The other one, the unbiased, comes up again in
# Task 6.8.) Keep the axis, with length 1 (`keepdims=True`), so that the results broadcast against
# `x`. `_mean(x, axis)`, given, is `x.mean(axis=axis, keepdims=True)`, and many times as fast for
# columns.
#
# There is a shortcut, mean(x²) - mean(x)², which needs only one look at the numbers. Do not take
# it. For 10000 and 10001 in float32 the two terms are near 100,000,000, where float32 goes in steps
# of 8, and the variance, 0.25, is lost between them; it can even come out below 0.

# %%
#| export nn.functional
import math

import numpy as np

from tinytorch.random import default_generator
from tinytorch.tensor import Function, Tensor


def moments(x, axis):
    """The mean and the biased variance of each row or column of a matrix.

    Args:
        x: np.ndarray (R, D) of floats.
        axis: 1 for each row, over its D numbers; 0 for each column, over its R numbers.

    Returns:
        (mean, var), two np.ndarrays of x's dtype, both (R, 1) for axis 1, both (1, D) for axis 0.
        The variance is divided by the number of elements.

    Example:
        >>> moments(np.array([[1.0, 3.0, 5.0]]), 1)
        (array([[3.]]), array([[2.66666667]]))
    """
    ### BEGIN SOLUTION
    mean = _mean(x, axis)
    centered = x - mean
    return mean, _mean(centered * centered, axis)
    ### END SOLUTION


# %%
x = np.array([[1.0, 3.0, 5.0], [3.0, 1.0, -1.0]])
for axis in (1, 0):
    mean, var = moments(x, axis)
    print(f"axis {axis}: mean {mean.round(2).tolist()}  var {var.round(2).tolist()}")
near = np.array([[10000.0, 10001.0]], "float32")
print("10000 and 10001: var", moments(near, 1)[1].item(), end=", ")
print("by the shortcut", float((near * near).mean() - near.mean() ** 2))

# %% [markdown]
# ## Task 6.2: normalize, forward
#
# ```
#   normal = (x - mean) / sqrt(var + eps)          mean 0, variance 1
#   out    = normal * weight + bias                each column gets a scale and a shift
# ```
#
# What is `eps`, a small number such as 0.00001? A column in which all numbers are equal has
# variance 0, and without `eps` this would divide by 0. It stands *inside* the root.
#
# And why scale and shift again what has just been normalized? Mean 0 and variance 1 are a good
# beginning, but perhaps not what the next layer needs: a sigmoid between -1 and 1 is nearly a
# straight line. So the network may choose: `weight` and `bias` are learned, one number for each
# column. The difference to before is that the size is now *one* number, which can be learned
# directly, not the doing of all layers together.
#
# ```
#   x         1  3  5      mean 3, var 8/3          weight  1  1  2      bias  0  0  10
#   normal   -1.22  0  1.22
#   out      -1.22  0  12.45
# ```
#
# The way back needs two of the arrays, so keep them: `self.rate`, which is 1 / sqrt(var + eps), and
# `self.normal`. `_affine(x, weight, bias)`, given, is `x * weight + bias`, where either may be
# None.


# %%
#| export nn.functional
class NormalizeOp(Function):
    """(x - mean) / sqrt(var + eps) * weight + bias, where mean and var are x's own."""

    def forward(self, x, weight, bias, mean, var, axis, eps):
        """Normalize a matrix, then scale and shift its columns.

        Args:
            x: np.ndarray (R, D).
            weight, bias: np.ndarray (D,), or None.
            mean, var: what `moments(x, axis)` gave.
            axis: 0 or 1.
            eps: a number, added to the variance.

        Returns:
            np.ndarray (R, D). `self.rate` has the shape of `var`, `self.normal` is (R, D).
        """
        ### BEGIN SOLUTION
        self.rate = 1 / np.sqrt(var + eps)
        self.normal = (x - mean) * self.rate
        return _affine(self.normal, weight, bias)
        ### END SOLUTION

    def backward(self, grad):
        return normalize_gradients(grad, self.normal, self.rate, self.args[1], self.args[5])


# %%
def normalize(x, weight=None, bias=None, axis=1, eps=1e-5):
    return NormalizeOp.apply(x, weight, bias, *moments(x.data, axis), axis, eps)


x = tensor([[1.0, 3.0, 5.0], [3.0, 1.0, -1.0], [500.0, 500.0, 500.0]])
print(normalize(x))
print(normalize(x, tensor([1.0, 1.0, 2.0]), tensor([0.0, 0.0, 10.0])))

# %% [markdown]
# ## Task 6.3: normalize, backward
#
# The gradients of `weight` and `bias` are the old friends: what arrives times what was multiplied,
# and what arrives; each column was used in every row, so both are summed over the rows.
#
# The gradient of `x` is the interesting one. First through the scale: `g = grad * weight`. If mean
# and variance were constants, what is left would be `g * rate`. But they are made of `x` too. There
# are two things that `x` can do without any effect on the result:
#
# ```
#   all numbers of a row 0.1 larger      the mean moves along         normal stays as it is
#   all distances from the mean doubled  the deviation doubles too    normal stays as it is
# ```
#
# What has no effect must have slope 0. So the part of `g` that points in the first direction (the
# same for all: the mean of `g`) and the part that points in the second (along `normal`) are taken
# away:
#
# ```
#   grad_x = rate * (g - mean(g) - normal * mean(g * normal))
# ```
#
# with both means taken along the axis of the statistics. With small numbers (one row, weight 1):
#
# ```
#   normal  -1.22  0  1.22            g   3  0  0
#   mean(g) = 1                       mean(g * normal) = -1.22
#   g - 1 + 1.22 * normal    =    3 - 1 - 1.5    0 - 1    0 - 1 + 1.5    =    0.5  -1  0.5
# ```
#
# The result has mean 0, and its product with `normal` sums to 0: nothing is left in either
# direction. (The derivation by the chain rule, step by step, gives the same; try it on paper once.)
# `_column_sums(x)`, given, is `x.sum(axis=0)`, and faster, as `_mean` is.


# %%
#| export nn.functional
def normalize_gradients(grad, normal, rate, weight, axis):
    """The gradients of `NormalizeOp` for x, weight and bias.

    Args:
        grad: np.ndarray (R, D), the gradient of the result.
        normal: np.ndarray (R, D), the normalized numbers.
        rate: np.ndarray (R, 1) or (1, D), 1 / sqrt(var + eps).
        weight: np.ndarray (D,), or None for 1.
        axis: along which the statistics were taken, 1 or 0.

    Returns:
        (gradient of x (R, D), of weight (D,), of bias (D,)). Others may hold the arrays that came
        in: none is changed.

    Source: Ioffe and Szegedy (2015), section 3, with its terms put together.
    """
    ### BEGIN SOLUTION
    product = grad * normal
    grad_weight, grad_bias = _column_sums(product), _column_sums(grad)
    if weight is not None:
        grad, product = grad * weight, product * weight
    along_mean, along_normal = _mean(grad, axis), _mean(product, axis)
    return rate * (grad - along_mean - normal * along_normal), grad_weight, grad_bias
    ### END SOLUTION


# %%
x = tensor([[1.0, 3.0, 5.0]], requires_grad=True)
normalize(x, eps=0.0).backward(tensor([[3.0, 0.0, 0.0]]))
rate = 1 / np.sqrt(8 / 3)
print("gradient over rate:", rounded(x.grad / float(rate), 3))
print(f"sum of gradient: {abs(x.grad.sum().item()):.3f}", end="  ")
print(f"sum of gradient times x: {abs((x.grad * x).sum().item()):.3f}")

# %% [markdown]
# # Part two: which numbers share a mean
#
# ## Task 6.4: layer norm
#
# Each example for itself: one row for each. `normalized_shape` says which dimensions belong
# together, always the last ones. For a transformer it is the width of a word's vector:
#
# ```
#   input (2, 5, 8), normalized_shape (8,)        10 rows of 8       a mean for each word
#   input (2, 5, 8), normalized_shape (5, 8)       2 rows of 40      a mean for each sentence
# ```
#
# So: reshape to rows of `size` numbers (given: the check tells it), take the moments of `rows.data`
# along each row, apply the operation, bring the result into the input's shape.


# %%
#| export nn.functional
def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Normalize over the last dimensions, each example for itself (Ba, Kiros and Hinton, 2016).

    Args:
        input: Tensor (..., *normalized_shape).
        normalized_shape: the sizes of the last dimensions, a tuple, or one number.
        weight, bias: Tensors of shape normalized_shape, or None.
        eps: added to the variance.

    Returns:
        Tensor of the input's shape.

    Raises:
        RuntimeError: the shapes do not fit.

    Example:
        >>> layer_norm(tensor([[1.0, 3.0, 5.0]]), 3)
        tensor([[-1.2247,  0.0000,  1.2247]])
    """
    size = _row_size("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    weight, bias = _flat(weight), _flat(bias)
    ### BEGIN SOLUTION
    rows = input.reshape(-1, size)
    mean, var = moments(rows.data, 1)
    return NormalizeOp.apply(rows, weight, bias, mean, var, 1, eps).reshape(*input.shape)
    ### END SOLUTION


# %%
words = tensor([[[1.0, 3.0], [10.0, 50.0]], [[-7.0, -7.5], [0.0, 0.0]]])
print("each word:    ", rounded(layer_norm(words, 2)))
print("each sentence:", rounded(layer_norm(words, (2, 2))))

# %% [markdown]
# ## Task 6.5: RMS norm
#
# Is it the mean that matters, or the size? Zhang and Sennrich left the mean out and lost nothing.
# RMS is for **root mean square**, the root of the mean of the squares:
#
# ```
#   rate   = 1 / sqrt(mean(x²) + eps)          x       3   4
#   normal = x * rate                          mean(x²)  12.5,  rate 0.283
#   out    = normal * weight                   normal  0.849  1.131
# ```
#
# Backward is the same as before, with one direction less: adding 0.1 to all numbers *does* change
# the result now. Only the part along `normal` is taken away. There is no bias.
#
# `x` is a matrix, and the means are along each row.


# %%
#| export nn.functional
class RMSNormOp(Function):
    """x / sqrt(mean(x²) + eps) * weight, row by row."""

    def forward(self, x, weight, eps):
        """Divide each row by its root mean square, then scale the columns.

        Args:
            x: np.ndarray (R, D). weight: np.ndarray (D,), or None. eps: a number.

        Returns:
            np.ndarray (R, D).
        """
        ### BEGIN SOLUTION
        self.rate = 1 / np.sqrt(_mean(x * x, 1) + eps)
        self.normal = x * self.rate
        return _affine(self.normal, weight, None)
        ### END SOLUTION

    def backward(self, grad):
        """The gradients of x and weight.

        Args:
            grad: np.ndarray (R, D), the gradient of the result. `self.args[1]` is the weight.

        Returns:
            (gradient of x (R, D), of weight (D,)).
        """
        weight = self.args[1]
        ### BEGIN SOLUTION
        g = grad if weight is None else grad * weight
        along_normal = _mean(g * self.normal, 1)
        return self.rate * (g - self.normal * along_normal), _column_sums(grad * self.normal)
        ### END SOLUTION


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """Divide by the root mean square of the last dimensions (Zhang and Sennrich, 2019).

    Args:
        input: Tensor (..., *normalized_shape).
        normalized_shape: the sizes of the last dimensions, a tuple, or one number.
        weight: Tensor of shape normalized_shape, or None.
        eps: added to the mean square; None: the smallest step from 1 of the input's dtype.

    Returns:
        Tensor of the input's shape.

    Raises:
        RuntimeError: the shapes do not fit.
    """
    size = _row_size("rms_norm", input, normalized_shape, weight=weight)
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    rows = RMSNormOp.apply(input.reshape(-1, size), _flat(weight), eps)
    return rows.reshape(*input.shape)


# %%
x = tensor([[3.0, 4.0], [300.0, 400.0]], requires_grad=True)
out = rms_norm(x, 2)
out[:, 0].sum().backward()
print("a hundred times as large, the same result:", rounded(out, 3))
print("and a hundredth of the gradient:", rounded(x.grad, 6))

# %% [markdown]
# ## Task 6.6: group norm
#
# Layer norm over a whole image puts all channels into one mean. But a channel that looks for edges
# and one that looks for red have nothing to do with each other. Group norm lets a few channels
# share a mean. Its two extremes: one group is layer norm over the image, as many groups as channels
# is one mean for each channel of each image (known as *instance norm*).
#
# ```
#   input (2, 6, 4, 4), 3 groups
#
#   image 0:  c0 c1 | c2 c3 | c4 c5         2 * 3 = 6 rows
#   image 1:  c0 c1 | c2 c3 | c4 c5         of 2 * 4 * 4 = 32 numbers
# ```
#
# The channels of a group stand next to each other in memory, so `reshape` alone makes the rows. Now
# `weight` and `bias` have one number for each *channel*, and a row has several channels. So apply
# the operation with None for both. Then bring the result to (N, C, numbers of a channel), let
# `_affine` scale and shift it with a weight and a bias of shape (C, 1), and bring it into the
# input's shape. `_column(parameter)`, given, is `parameter` as (C, 1).


# %%
#| export nn.functional
def _column(parameter):
    return None if parameter is None else parameter.reshape(-1, 1)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """Normalize groups of channels, each example for itself (Wu and He, 2018).

    Args:
        input: Tensor (N, C, ...).
        num_groups: divides C; each group is C / num_groups channels that follow each other.
        weight, bias: Tensors (C,), or None.
        eps: added to the variance.

    Returns:
        Tensor of the input's shape.

    Raises:
        RuntimeError: the shapes do not fit, or num_groups does not divide C.
    """
    _check_per_channel("group_norm", input, weight=weight, bias=bias)
    n, channels = input.shape[:2]
    _check_groups("group_norm", channels, num_groups, RuntimeError)
    size = math.prod(input.shape[1:])  # numbers of one example
    weight, bias = _column(weight), _column(bias)
    ### BEGIN SOLUTION
    rows = input.reshape(n * num_groups, size // num_groups)
    mean, var = moments(rows.data, 1)
    normal = NormalizeOp.apply(rows, None, None, mean, var, 1, eps)
    by_channel = normal.reshape(n, channels, size // channels)
    return _affine(by_channel, weight, bias).reshape(*input.shape)
    ### END SOLUTION


# %%
channels = tensor([[1.0, 3.0, 100.0, 300.0]])
for groups in (1, 2):
    print(f"{groups} group(s):", rounded(group_norm(channels, groups)))

# %% [markdown]
# ## Task 6.7: a column for each channel
#
# Batch norm wants the opposite: one mean for each channel, over all images of the batch and all
# their pixels. As a matrix, that is one *column* for each channel:
#
# ```
#   input (2, 3, 2, 2)                             matrix (8, 3)
#
#   image 0   red    a b    green  A B             a  A  .       image 0, pixel 0
#                    c d           C D             b  B  .
#                                                  c  C  .
#   image 1   red    e f    green  E F             d  D  .
#                    g h           G H             e  E  .       image 1, pixel 0
#                                                  ...
# ```
#
# A reshape alone cannot do that: in memory all pixels of one channel follow each other. First the
# channels must become the last axis, (N, ..., C), and only then comes the reshape. That is
# NumPy's `transpose`: it takes the old axes in their new order. For 4 dimensions it is
# `transpose(0, 2, 3, 1)`, for 3 it is `transpose(0, 2, 1)`, for 2 there is nothing to do: all three
# are `transpose(0, *range(2, ndim), 1)`.
#
# The way back: the matrix to (N, ..., C) by a reshape, then the last axis, with the number
# ndim - 1, to place 1: `transpose(0, ndim - 1, *range(1, ndim - 1))`.
#
# These two work on arrays, not tensors. `BatchNormOp`, given, is then one operation from images to
# images: columns, the `NormalizeOp` of Task 6.2, and back; its backward is yours of Task 6.3
# between the same two turns. The results of a convolution have the channels of each pixel together
# in memory already (module 07), and then neither turn copies anything.


# %%
#| export nn.functional
def as_columns(x):
    """One column for each channel: np.ndarray (N, C, ...) to np.ndarray (N * ..., C).

    Example:
        >>> as_columns(np.array([[[1, 2], [10, 20]]]))
        array([[ 1, 10],
               [ 2, 20]])
    """
    ### BEGIN SOLUTION
    channels_last = x.transpose(0, *range(2, x.ndim), 1)
    return channels_last.reshape(-1, x.shape[1])
    ### END SOLUTION


def from_columns(columns, shape):
    """The way back: np.ndarray (N * ..., C) to np.ndarray of `shape` (N, C, ...)."""
    n, channels, *rest = shape
    ### BEGIN SOLUTION
    channels_last = columns.reshape(n, *rest, channels)
    return channels_last.transpose(0, len(shape) - 1, *range(1, len(shape) - 1))
    ### END SOLUTION


class BatchNormOp(Function):
    """Normalize each channel of (N, C, ...) with the batch's own mean and variance, (1, C)."""

    def forward(self, x, weight, bias, mean, var, eps):
        self.op = NormalizeOp()
        out = from_columns(self.op.forward(as_columns(x), weight, bias, mean, var, 0, eps), x.shape)
        return np.ascontiguousarray(out) if x.ndim == 3 else out  # so that it can be viewed flat

    def backward(self, grad):
        op, weight = self.op, self.args[1]
        x, *others = normalize_gradients(as_columns(grad), op.normal, op.rate, weight, 0)
        return from_columns(x, grad.shape), *others


# %%
images = np.arange(24).reshape(2, 3, 2, 2)
columns = as_columns(images)
print(columns.T, "(turned, to save lines)")
print("and back, the same:", bool((from_columns(columns, images.shape) == images).all()))

# %% [markdown]
# ## Task 6.8: what is remembered
#
# With batch norm an image's result depends on the *other* images of its batch. While training, that
# is bearable, even useful as a kind of noise. Later it is not. What should the network say about a
# single image? And should its answer change with the company?
#
# So in training the layer writes down, on the side, what mean and variance its channels have, and
# when the network is used it takes those. They are **running statistics**, an exponential moving
# average:
#
# ```
#   running = (1 - momentum) * running + momentum * batch           momentum 0.1
#
#   batch          10     10     10     10
#   running   0     1    1.9    2.71   3.44    ...  10
# ```
#
# Note that this `momentum` is the share of what is *new*; in the optimizers of module 04 it was the
# share of what is old. PyTorch has both meanings, alas.
#
# One more thing about the variance. The numbers of a batch lie a little closer to their *own* mean
# than to the true one, so the biased variance is too small on average, by (n - 1) / n. For what
# stands for the whole world, PyTorch corrects that: it remembers the **unbiased** variance,
# `var * n / (n - 1)`. Normalized is with the biased one, remembered is the unbiased one. With large
# batches nobody sees a difference, with small ones everybody does who has confused them.
#
# Write into the arrays you are given (`running_mean[...] = `, or `*=` and `+=`): they belong to the
# layer, and a new array would be forgotten as soon as the function ends.


# %%
#| export nn.functional
def update_running(running_mean, running_var, mean, var, count, momentum):
    """Move running statistics toward those of a batch, in place.

    Args:
        running_mean, running_var: np.ndarray (C,), changed.
        mean, var: np.ndarray (C,), the batch's mean and biased variance.
        count: how many numbers of each channel the batch has, at least 2.
        momentum: the share of the new, from 0 to 1.

    Example:
        >>> mean, var = np.zeros(1), np.ones(1)
        >>> update_running(mean, var, np.array([10.0]), np.array([3.0]), 4, 0.1)
        >>> mean, var
        (array([1.]), array([1.3]))
    """
    ### BEGIN SOLUTION
    unbiased = var * (count / (count - 1))
    running_mean *= 1 - momentum
    running_mean += momentum * mean
    running_var *= 1 - momentum
    running_var += momentum * unbiased
    ### END SOLUTION


# %%
rng = np.random.default_rng(0)
running_mean, running_var = np.zeros(1), np.ones(1)
print("batches of 4 numbers with mean 10 and variance 9")
for number in range(1, 2001):
    batch = rng.normal(10, 3, (4, 1))
    mean, var = moments(batch, 0)
    update_running(running_mean, running_var, mean[0], var[0], 4, 0.01)
    if number in (1, 10, 100, 2000):
        print(f"after {number:4}: mean {running_mean.item():5.2f}  var {running_var.item():5.2f}")

# %% [markdown]
# ## Task 6.9: batch norm
#
# Now both modes in one function, with PyTorch's arguments:
#
# ```
#   training     moments of the columns -> update what is remembered (if anything is) -> BatchNormOp
#   else         (input - running_mean) / sqrt(running_var + eps), then scale and shift
# ```
#
# In the second case the statistics are constants, so the operators of module 01 are enough, with
# their own backward: `running_var + eps` is a tensor, and has `sqrt()`. `_affine` does the rest.
# `_spread(t, input)`, given, brings a tensor of shape (C,) to (C, 1, 1), or what else it takes to
# be broadcast against the input's channels; None stays None.
#
# `update_running` takes arrays of shape (C,): the `data` of the running tensors, and `mean[0]`,
# `var[0]` of the moments (1, C). `count` is the number of rows of the columns.


# %%
#| export nn.functional
def batch_norm(
    input,
    running_mean,
    running_var,
    weight=None,
    bias=None,
    training=False,
    momentum=0.1,
    eps=1e-5,
):
    """Normalize each channel over the batch, or with remembered statistics (Ioffe, Szegedy, 2015).

    Args:
        input: Tensor (N, C, ...).
        running_mean, running_var: Tensors (C,), or, when training, both None: nothing is
            remembered.
        weight, bias: Tensors (C,), or None.
        training: True: with the batch's own mean and biased variance, and the running statistics
            move toward the batch's mean and unbiased variance. False: with the running statistics,
            which do not change.
        momentum: the share of the new in the running statistics.
        eps: added to the variance.

    Returns:
        Tensor of the input's shape.

    Raises:
        RuntimeError: the shapes do not fit. ValueError: training with one number for each channel.
    """
    statistics = {"running_mean": running_mean, "running_var": running_var}
    _check_per_channel("batch_norm", input, **statistics, weight=weight, bias=bias)
    _check_running("batch_norm", running_mean, running_var, training)
    if training:
        _check_enough("batch_norm", input)
    ### BEGIN SOLUTION
    if training:
        columns = as_columns(input.data)
        mean, var = moments(columns, 0)
        if running_mean is not None:
            running = running_mean.data, running_var.data
            update_running(*running, mean[0], var[0], len(columns), momentum)
        return BatchNormOp.apply(input, weight, bias, mean, var, eps)
    mean, var = _spread(running_mean, input), _spread(running_var, input)
    normal = (input - mean) / (var + eps).sqrt()
    return _affine(normal, _spread(weight, input), _spread(bias, input))
    ### END SOLUTION


# %%
manual_seed(0)
mean, var = zeros(1), ones(1)
for _ in range(100):
    batch_norm(randn(8, 1) * 3 + 10, mean, var, training=True)
print(f"remembered: mean {mean.item():.1f}, var {var.item():.1f}")
alone = tensor([[13.0]])
print("one number alone, with what was remembered:", round(batch_norm(alone, mean, var).item(), 2))
try:
    batch_norm(alone, mean, var, training=True)
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# ## Task 6.10: the layer, and its buffers
#
# The layers hold `weight` and `bias`. That is all for LayerNorm, RMSNorm and GroupNorm, and they
# are given. Batch norm also holds what it remembers. That is not a parameter: no gradient moves it.
# But it belongs to the model: it must be saved, loaded and converted with it, or a trained network
# would come out of the file with mean 0 and variance 1. Such a tensor is a **buffer**, and
# `self.register_buffer(name, tensor)` of module 03 enters it. Three of them, under PyTorch's names:
#
# ```
#   running_mean           zeros (C,)
#   running_var            ones (C,)
#   num_batches_tracked    0, an int64 tensor of shape ()
# ```
#
# With `track_running_stats=False` all three are registered as None. Nothing is remembered then, and
# the batch's own statistics are used in *both* modes.
#
# In `forward`: use the batch's statistics when training, or when nothing is remembered. When
# training, and something is remembered, first count the batch (`self.num_batches_tracked.data += 1`
# changes the array in place). And `momentum=None` means the plain average over all batches so far:
# the share of the new is then 1 / (number of batches, this one included).

# %%
#| default_exp nn.normalization
#| export
import numpy as np

from tinytorch.nn.modules import Module, Parameter
from tinytorch.tensor import float32, ones, tensor, zeros

if __name__ == "tinytorch.nn.normalization":  # in the package; this lesson has the names already
    from tinytorch.nn.functional import (
        _as_shape,
        _check_groups,
        batch_norm,
        dropout,
        dropout2d,
        group_norm,
        layer_norm,
        rms_norm,
    )

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "Dropout",
    "Dropout2d",
    "GroupNorm",
    "LayerNorm",
    "RMSNorm",
]


class _Normalization(Module):
    """What the layers share: a scale and a shift, and errors that name the layer."""

    def _make_affine(self, shape, weight, bias):
        self.weight = Parameter(np.ones(shape, float32)) if weight else None
        self.bias = Parameter(np.zeros(shape, float32)) if weight and bias else None

    def _named(self, function, *args, **kwargs):
        try:
            return function(*args, **kwargs)
        except (RuntimeError, ValueError) as error:
            raise type(error)(f"{self}: {error}") from None


class _BatchNorm(_Normalization):
    """Normalize each channel over the batch in training, with running statistics otherwise.

    Args:
        num_features: C, the number of channels.
        eps: added to the variance.
        momentum: the share of the new in the running statistics; None: the average of all batches.
        affine: False for a layer without weight and bias.
        track_running_stats: False to remember nothing.
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self._make_affine(num_features, affine, True)
        ### BEGIN SOLUTION
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features) if tracked else None)
        self.register_buffer("running_var", ones(num_features) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0) if tracked else None)
        ### END SOLUTION

    def forward(self, input):
        """Normalize, as the mode says.

        Args:
            input: Tensor (N, C, ...).

        Returns:
            Tensor of the input's shape.

        Raises:
            ValueError: a number of dimensions that this layer does not take.
            RuntimeError: another number of channels.
        """
        self.check(input)
        momentum, mean, var = self.momentum, self.running_mean, self.running_var
        ### BEGIN SOLUTION
        batch = self.training or mean is None
        if self.training and mean is not None:
            self.num_batches_tracked.data += 1
            if momentum is None:
                momentum = 1 / self.num_batches_tracked.item()
        how = mean, var, self.weight, self.bias, batch, momentum, self.eps
        return self._named(batch_norm, input, *how)
        ### END SOLUTION

    def check(self, input):
        if input.ndim not in self.dimensions:
            expected = " or ".join(f"{n}D" for n in self.dimensions)
            raise ValueError(f"{self}: expected {expected} input (got {input.ndim}D input)")
        if input.shape[1] != self.num_features:
            raise RuntimeError(
                f"{self}: an input of shape {tuple(input.shape)} has {input.shape[1]} channels, "
                f"the layer has {self.num_features}"
            )

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalization of (N, C) or (N, C, L); see `_BatchNorm` for the arguments."""

    dimensions = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalization of images (N, C, H, W); see `_BatchNorm` for the arguments."""

    dimensions = (4,)


class LayerNorm(_Normalization):
    """Normalize over the last dimensions: Tensor (..., *normalized_shape) to the same shape.

    Args:
        normalized_shape: their sizes, a tuple, or one number.
        eps: added to the variance.
        elementwise_affine: False for a layer without weight and bias.
        bias: False for one without bias.
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True):
        super().__init__()
        self.normalized_shape, self.eps = _as_shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self._make_affine(self.normalized_shape, elementwise_affine, bias)

    def forward(self, input):
        how = self.normalized_shape, self.weight, self.bias, self.eps
        return self._named(layer_norm, input, *how)

    def extra_repr(self):
        affine = self.elementwise_affine
        text = f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={affine}"
        return text + (", bias=False" if affine and self.bias is None else "")


class RMSNorm(_Normalization):
    """Divide by the root mean square: Tensor (..., *normalized_shape) to the same shape.

    Args:
        normalized_shape: the sizes of the last dimensions, a tuple, or one number.
        eps: added to the mean square; None: the smallest step from 1 of the input's dtype.
        elementwise_affine: False for a layer without weight.
    """

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True):
        super().__init__()
        self.normalized_shape, self.eps = _as_shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self._make_affine(self.normalized_shape, elementwise_affine, False)

    def forward(self, input):
        return self._named(rms_norm, input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        affine = self.elementwise_affine
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={affine}"


class GroupNorm(_Normalization):
    """Normalize groups of channels, each example for itself: Tensor (N, C, ...) to the same shape.

    Args:
        num_groups: divides num_channels.
        num_channels: C.
        eps: added to the variance.
        affine: False for a layer without weight and bias.
    """

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__()
        _check_groups("GroupNorm", num_channels, num_groups, ValueError)
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        self._make_affine(num_channels, affine, True)

    def forward(self, input):
        how = self.num_groups, self.weight, self.bias, self.eps
        return self._named(group_norm, input, *how)

    def extra_repr(self):
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


# %%
manual_seed(0)
layer = BatchNorm1d(2)
for _ in range(50):
    layer(randn(16, 2) * tensor([1.0, 4.0]) + tensor([0.0, 7.0]))
for name, values in layer.state_dict().items():
    print(f"{name:20}", rounded(values, 1))
x = tensor([[0.0, 7.0], [1.0, 11.0]])
print("training:", rounded(layer(x)))
layer.eval()
print("in use:  ", rounded(layer(x)))
print("in use, the second row alone:", rounded(layer(x[1:])))

# %% [markdown]
# # Part three: noise that helps
#
# ## Task 6.11: dropout
#
# A network with more parameters than examples can learn every example by heart, also its accidents.
# That is **overfitting**. Dropout is a strange and good remedy: in every step of training each
# number is set to 0 with probability `p`, at random. No part may rely on one certain other part to
# be there, so what is learned must be supported from many sides. It is as if a new, thinner network
# were trained in each step, and all of them share their weights. In use nothing is dropped, which
# is something like the average of them all.
#
# There is one detail. If half of the numbers are 0, the next layer's sums are half as large, and in
# use, when all are there, they would be twice what it has learned for. So what is *kept* is divided
# by 1 - p, already in training:
#
# ```
#   x               4    4    4    4    4    4    4    4        mean 4
#   kept            1    0    1    1    0    0    1    0        p = 0.5
#   x / (1 - p)     8    0    8    8    0    0    8    0        mean 4 on average
# ```
#
# Two blanks. `dropout_mask` makes the row of factors: 0 with probability `p`, else 1 / (1 - p). It
# draws from the one generator, so that `manual_seed` repeats it; `default_generator.random(shape)`
# gives numbers from 0 to 1 (below 1). With `p = 1` all is dropped, and 1 / (1 - p) must not stop
# the work. Then `dropout` itself: in training the product with a mask, otherwise, and for `p = 0`,
# the input as it is. A product has its backward already: what was dropped gets gradient 0, what was
# kept gets the same factor.


# %%
#| export nn.functional
def dropout_mask(shape, p, dtype):
    """Random factors: 0 with probability p, else 1 / (1 - p), each drawn for itself.

    Args:
        shape: of the result, a tuple. p: a number from 0 to 1. dtype: float32 or float64.

    Returns:
        np.ndarray of that shape and dtype, drawn from `default_generator`; all zeros for p = 1.
    """
    ### BEGIN SOLUTION
    kept = default_generator.random(shape) >= p
    factor = 1 / (1 - p) if p < 1 else 0
    return (kept * factor).astype(dtype)
    ### END SOLUTION


def dropout(input, p=0.5, training=True, inplace=False):
    """Drop numbers at random (Srivastava, Hinton and others, 2014).

    Args:
        input: Tensor of floats, of any shape.
        p: the probability that a number becomes 0; the others are divided by 1 - p.
        training: False: nothing is dropped or divided.
        inplace: overwrite the input.

    Returns:
        Tensor of the input's shape and dtype; `input` itself where nothing is to be dropped, and
        then no number is drawn.

    Raises:
        ValueError: p is not from 0 to 1. RuntimeError: the input does not hold floats.
    """
    _check_dropout("dropout", input, p)
    if inplace and training and p > 0:
        return changed(input, lambda x: dropout(x, p))
    ### BEGIN SOLUTION
    if not training or p == 0:
        return input
    return input * Tensor(dropout_mask(tuple(input.shape), p, input.dtype))
    ### END SOLUTION


def dropout2d(input, p=0.5, training=True, inplace=False):
    """Drop whole channels of images (N, C, H, W): neighboring pixels tell nearly the same.

    Arguments and errors as for `dropout`; (Tompson and others, 2015).
    """
    _check_dropout("dropout2d", input, p)
    if not training or p == 0:
        return input
    if inplace:
        return changed(input, lambda x: dropout2d(x, p))
    places = (1,) * (input.ndim - 2)
    return input * Tensor(dropout_mask((*input.shape[:2], *places), p, input.dtype))


# %%
#| export
class _Dropout(Module):
    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: the probability must be from 0 to 1, not {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Set numbers to 0 with probability p while training; nothing otherwise."""

    def forward(self, input):
        return dropout(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Set whole channels of (N, C, H, W) to 0 with probability p while training."""

    def forward(self, input):
        return dropout2d(input, self.p, self.training, self.inplace)


# %%
manual_seed(1)
layer, fours = Dropout(0.5), tensor([4.0] * 8)
print("one draw:", layer(fours).tolist())
total = sum(layer(fours).data for _ in range(4000)) / 4000
print("the mean of 4,000 draws:", rounded(Tensor(total), 1))
layer.eval()
print("in use:", layer(fours).tolist())

# %% [markdown]
# ## Put together
#
# First the tower of the beginning again, with each of the normalizations after every linear layer.
# How large are the gradients in the first layer, compared with those of the last?

# %%
NORMALIZATIONS = {
    "none": None,
    "LayerNorm": LayerNorm,
    "RMSNorm": RMSNorm,
    "GroupNorm, 8 groups": lambda width: GroupNorm(8, width),
    "BatchNorm1d": BatchNorm1d,
}
print(f"{'':20} examples differ   gradient, layer 1 : layer 30")
for name, normalization in NORMALIZATIONS.items():
    manual_seed(0)
    forward, back = sizes(tower(normalization), randn(32, 64))
    print(f"{name:20} {forward[-1]:12.1e} {back[0] / back[-1]:24.1e}")

# %% [markdown]
# All of them bring the gradient back to the first layer. There is a difference on the way forward,
# though. Layer norm, RMS norm and group norm keep each example at a good size, but they do not keep
# the *examples* apart: all of them are drawn toward one and the same vector, only more slowly. What
# batch norm divides by is the difference between the examples itself, so it cannot get lost. The
# price is on the way back: there its gradients grow, layer by layer (Yang and others, *A Mean Field
# Theory of Batch Normalization*, 2019). Thirty layers bear that; for hundreds of them something
# else must come, the shortcuts of 2015, which also let layer norm work in deep transformers.
#
# Now training. Two spirals, wound into each other, and a network of 24 layers, with and without
# batch norm.

# %%
from tinytorch.optim import Adam


def spirals(count, seed):
    """Points (count, 2) on two arms, and which arm each is on."""
    rng = np.random.default_rng(seed)
    arm, turn = rng.integers(0, 2, count), rng.uniform(0.5, 3, count)
    angle = turn * 3 + arm * np.pi
    points = np.stack([turn * np.cos(angle), turn * np.sin(angle)], 1)
    return tensor((points + rng.normal(0, 0.05, points.shape)).astype("float32")), tensor(arm)


def deep(normalization, width=32, depth=24):
    layers = [Linear(2, width)]
    for _ in range(depth):
        layers += [Linear(width, width), ReLU()]
        if normalization is not None:
            layers.insert(-1, normalization(width))
    return Sequential(*layers, Linear(width, 2))


(seen_x, seen_y), (new_x, new_y) = spirals(300, 1), spirals(500, 2)
for name in ("none", "BatchNorm1d"):
    manual_seed(0)
    network = deep(NORMALIZATIONS[name])
    optimizer, loss_fn = Adam(network.parameters(), lr=0.01), CrossEntropyLoss()
    for _ in range(150):
        optimizer.zero_grad()
        loss = loss_fn(network(seen_x), seen_y)
        loss.backward()
        optimizer.step()
    network.eval()
    with no_grad():
        right = (network(new_x).argmax(1) == new_y).float().mean().item()
    print(f"{name:12} loss {loss.item():.3f}   new points right {right:.0%}")

# %% [markdown]
# ## What you can do now
#
# Build networks as deep as you like, and train them. You know which numbers share a mean in each
# normalization, what a model remembers besides its parameters, and why `model.eval()` stands before
# every evaluation. Attention can use dropout now too: `MultiheadAttention(16, 2, dropout=0.1)` of
# module 12.
#
# ```
#   tito module complete 06
# ```
#
# ## Experiments
#
# 1. In `tower`, put the normalization *before* the linear layer. What becomes of the examples'
#    differences after layer 30, and of the gradients?
# 2. Leave `network.eval()` out before the points are judged. Does the result change? And what if
#    the points are judged one by one, with and without it?
# 3. Train `deep(LayerNorm)`, with 24 layers and with 12. Then let every layer add its result to its
#    input, `x + layer(x)`, and train again.
#
# ## Three questions
#
# **1. A linear layer with a bias stands before a batch norm. What does its bias learn?**
#
# <details><summary>Answer</summary>
#
# Nothing. It adds the same number to a whole column, and the mean takes it away again. Its gradient
# is 0, up to rounding. That is why networks are often written with `bias=False` before a batch
# norm.
#
# </details>
#
# **2. Somebody forgets `model.eval()` and evaluates with batches of 256. The accuracy is as good as
# ever. Where is the harm?**
#
# <details><summary>Answer</summary>
#
# The running statistics have been moved toward the test data: the model was changed by evaluating
# it. And dropout was on. With a batch of one, or a batch of only one class, the answers would be
# useless.
#
# </details>
#
# **3. Why does layer norm need no running statistics?**
#
# <details><summary>Answer</summary>
#
# Its mean and variance come from one example only, and that is all there in use as well. So it does
# the same in both modes, for batches of any size; that is one reason why transformers use it.
#
# </details>
