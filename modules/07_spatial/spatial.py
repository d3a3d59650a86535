# %% [markdown]
# # Module 07: Convolution
#
# Filters that slide over an image, pooling, and networks that do not mind where a thing stands.
#
# About 35 minutes of reading and 2 hours of writing.
#
# This module needs modules 00 to 04. It does not need 05 and 06; take those before or after.
#
# ## The question
#
# Here is a task a child solves at a glance: an image of 10 by 10 pixels shows one bar of five
# pixels. Does it stand or lie? We train a network of two linear layers on bars in the upper left
# corner of the image. Then we ask it about the same bars in the lower right corner.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import time

import numpy as np

from spatial_given import padding_by_name
from tinytorch import Tensor, manual_seed, no_grad, tensor
from tinytorch.nn import CrossEntropyLoss, Flatten, Linear, Module, ReLU, Sequential
from tinytorch.optim import Adam


def bars(count, corner, seed):
    """`count` images (N, 1, 10, 10) of a bar within 5x5 pixels at `corner`; 1: it stands."""
    rng = np.random.default_rng(seed)
    images, standing = rng.normal(0, 0.1, (count, 1, 10, 10)), rng.integers(0, 2, count)
    for image, stands in zip(images, standing):
        place = corner + rng.integers(0, 5)
        if stands:
            image[0, corner : corner + 5, place] += 1
        else:
            image[0, place, corner : corner + 5] += 1
    return tensor(images.astype(np.float32)), tensor(standing)


def train(model, images, labels, steps=150):
    optimizer, loss_fn = Adam(model.parameters(), lr=0.01), CrossEntropyLoss()
    for _ in range(steps):
        optimizer.zero_grad()
        loss_fn(model(images), labels).backward()
        optimizer.step()


def accuracy(model, images, labels):
    with no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()


seen, unseen = bars(200, corner=0, seed=1), bars(200, corner=5, seed=2)
manual_seed(1)
two_layers = Sequential(Flatten(), Linear(100, 16), ReLU(), Linear(16, 2))
train(two_layers, *seen)
print(f"upper left, where it was trained: {accuracy(two_layers, *seen):.0%} right")
print(f"lower right: {accuracy(two_layers, *unseen):.0%} right")
print("parameters:", sum(p.numel() for p in two_layers.parameters()))

# %% [markdown]
# In the corner it was trained on the network is perfect. In the other corner it guesses. That is no
# accident: a linear layer has one weight for each pixel, and the weights of the lower right corner
# never saw a bar. For this layer the pixels are a list in no particular order. Shuffle the pixels
# of every image in the same way, and it learns exactly as well.
#
# What we know about images, and the layer does not: *near pixels belong together*, and *a thing is
# the same thing wherever it stands*. Convolution builds both into the layer. It takes a small
# **filter** (PyTorch also says kernel), say of 3 by 3 weights, lays it on every place of the image,
# and at each place computes one number with the same nine weights. (In mathematics, a convolution
# turns the filter around first, and what we compute is a **cross-correlation**. The filters are
# learned, so it makes no difference, and all frameworks say convolution.)
#
# ## Where this stands
#
# Hubel and Wiesel found cells in the cat's visual cortex that answer to edges in one small part of
# the view (1962). Kunihiko Fukushima built layers of such cells, *Neocognitron* (1980). Yann LeCun
# and others trained the filters with backpropagation, *Backpropagation Applied to Handwritten Zip
# Code Recognition* (1989), and with *Gradient-Based Learning Applied to Document Recognition*
# (1998, LeNet-5) read the amounts on millions of bank checks. In PyTorch: `nn.Conv2d`,
# `nn.MaxPool2d`, `nn.AvgPool2d`, `nn.AdaptiveAvgPool2d`, and the same as functions in
# `nn.functional`.
#
# Images come as tensors of shape `(N, C, H, W)`: N images, C channels (1 for gray, 3 for red, green
# and blue, any number inside a network), H rows, W columns.
#
# ```
#       filter (3, 3)          image (4, 4)               result (2, 2)
#
#       1  0 -1             3  1  2  0
#       1  0 -1      on     2  4  1  1        gives        2  2      3+2+1 - (2+1+1) = 2
#       1  0 -1             1  0  1  2                     0  3
#                           0  2  1  0
#                          '-------'  first place: the 3x3 pixels at the upper left
# ```

# %% [markdown]
# As a program that is four loops: over the rows and columns of the result, and for each of its
# places over the rows and columns of the filter. Read it against the picture above. It is right,
# and far too slow for a network. In task 7.5 your fast convolution is checked against it.


# %%
def slow_convolution(image, kernel):
    """Convolution of one channel, by its definition: (H, W) and (KH, KW) to (OH, OW)."""
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    result = np.zeros((rows, columns), image.dtype)
    for y in range(rows):
        for x in range(columns):
            for i in range(kernel.shape[0]):
                for j in range(kernel.shape[1]):
                    result[y, x] += image[y + i, x + j] * kernel[i, j]
    return result


picture = np.array([[3, 1, 2, 0], [2, 4, 1, 1], [1, 0, 1, 2], [0, 2, 1, 0]], np.float32)
edge = np.array([[1, 0, -1]] * 3, np.float32)
print(slow_convolution(picture, edge))

# %% [markdown]
# ## Task 7.1: how many places: the output size
#
# Before anything is computed: how large is the result? Go along one axis of `size` pixels.
#
# - The filter covers `kernel` pixels. With `dilation` d there are d - 1 pixels left out between two
#   weights, so it reaches over `d * (kernel - 1) + 1` pixels.
# - `padding` p puts p extra pixels at both ends.
# - `stride` s: from one place to the next it moves by s pixels.
#
# ```
#   size 5, kernel 3, padding 1, stride 2:
#
#     (0) 1  2  3  4  5 (0)        ( ) padding
#      [  .  ]                     place 0
#            [  .  ]               place 1
#                  [  .  ]         place 2       3 places
#
#   size 7, kernel 3, dilation 2 (reach 5), stride 1:   places 0, 1, 2
# ```
#
# The first place starts at 0. The last one must end inside the padded image. Count the starts.

# %%
#| export nn.functional
import numpy as np

from tinytorch.tensor import Function, ShapeError, Tensor


def output_size(size, kernel, stride=1, padding=0, dilation=1):
    """The number of places that a filter can take along one axis.

    Args:
        size: pixels along the axis, without padding.
        kernel: weights along the axis.
        stride: pixels from one place to the next, at least 1.
        padding: extra pixels at each of the two ends.
        dilation: pixels from one weight to the next, at least 1.

    Returns:
        int; 0 or less when the filter reaches over more pixels than there are.

    Example:
        >>> output_size(5, 3, stride=2, padding=1)
        3
    """
    ### BEGIN SOLUTION
    reach = dilation * (kernel - 1) + 1
    return (size + 2 * padding - reach) // stride + 1
    ### END SOLUTION


# %%
print("size 5, kernel 3, padding 1, stride 2:", output_size(5, 3, stride=2, padding=1))
print("size 7, kernel 3, dilation 2:", output_size(7, 3, dilation=2))
print("kernel 3, padding 1 keeps the size:", [output_size(n, 3, padding=1) for n in (1, 8, 33)])
size = 224
for layer in range(5):
    size = output_size(size, 3, stride=2, padding=1)
    print(f"after {layer + 1} layers of stride 2: {size}")

# %% [markdown]
# Arguments may be one number for both axes or a pair, as in PyTorch. This is given, together with
# the check that there is at least one place for the filter.


# %%
#| export nn.functional
def pair(value, name, least):
    """`value` as (vertical, horizontal); one number counts for both. Refuses less than `least`."""
    if type(value) is int and value >= least:  # nearly always
        return value, value
    both = (value, value) if isinstance(value, (int, np.integer)) else value
    if not isinstance(both, (tuple, list)) or len(both) != 2:
        raise TypeError(f"{name} must be a whole number or a pair of them, not {value!r}")
    if not all(isinstance(n, (int, np.integer)) and n >= least for n in both):
        raise ValueError(f"{name} must be at least {least}, not {value!r}")
    return tuple(map(int, both))


def places(name, shape, kernel, stride, padding, dilation):
    """Rows and columns of the result for images (N, C, H, W); an error if there are none."""
    size = tuple(map(output_size, shape[2:], kernel, stride, padding, dilation))
    if min(size) < 1:
        reach = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel))
        padded = tuple(n + 2 * p for n, p in zip(shape[2:], padding))
        raise ShapeError(
            f"{name}: a kernel of {kernel} reaches over {reach} pixels, but the padded image has "
            f"only {padded} (input {shape}, padding {padding}, dilation {dilation})"
        )
    return size


# %% [markdown]
# ## Task 7.2: a frame around the image: padding
#
# The arrays come as (N, C, H, W): first all pixels of channel 0, then all of channel 1. A filter
# wants something else: at one place it needs *all channels* of a few near pixels. So we first bring
# the channels of each pixel together, `(N, H, W, C)`, called **channels last**. What lies together
# in memory can be copied together, and copying patches is what comes next.
#
# In the same step comes the padding: a larger array, filled with `value`, with the image inside.
#
# ```
#    x (1, 2, 2, 2)                          framed (1, 4, 4, 2), padding (1, 1)
#
#    channel 0:  a b    channel 1:  A B       ..  ..  ..  ..
#                c d                C D       ..  aA  bB  ..      .. is (value, value)
#                                             ..  cC  dD  ..
#                                             ..  ..  ..  ..
# ```
#
# When both paddings are 0 there is nothing to fill. Then `np.ascontiguousarray` of the transposed
# image is enough: it puts the numbers into memory in the order of the axes (that is what
# **contiguous** means), and copies only if it has to. Task 7.3 will rely on that order.


# %%
#| export nn.functional
def frame(x, padding, value=0.0):
    """Move the channels to the end and put a frame of `value` around each image.

    Args:
        x: np.ndarray (N, C, H, W).
        padding: (p, q), rows above and below, columns left and right.
        value: what the frame is filled with.

    Returns:
        np.ndarray (N, H + 2p, W + 2q, C), contiguous, of x's dtype.

    Example:
        >>> frame(np.ones((1, 3, 2, 2), np.float32), (1, 0)).shape
        (1, 4, 2, 3)
    """
    n, c, h, w = x.shape
    p, q = padding
    ### BEGIN SOLUTION
    if not any(padding):
        return np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    framed = np.full((n, h + 2 * p, w + 2 * q, c), value, x.dtype)
    framed[:, p : p + h, q : q + w] = x.transpose(0, 2, 3, 1)
    return framed
    ### END SOLUTION


# %%
image = np.arange(1, 9, dtype=np.float32).reshape(1, 2, 2, 2)
print("two channels:", image[0].tolist())
print("framed, pixel by pixel:")
for row in frame(image, (1, 1))[0].astype(int).tolist():
    print("  ", row)

# %% [markdown]
# ## Task 7.3: every patch at once, without a copy
#
# A filter of 3 by 3 sees, at each place, a **patch** of 3 by 3 pixels. We want all patches as one
# array with axes (image, place down, place right, cell down, cell right, channel). Neighboring
# patches share most of their pixels, so as a copy this would be nine times the image. But NumPy can
# *look* at the same memory in this way. An array is a block of memory, a shape, and **strides**:
# for each axis, how many bytes further the next element is.
#
# ```
#   memory of one row of 5 pixels (float32, 4 bytes each), kernel 3, stride 1:
#
#      | 0 | 1 | 2 | 3 | 4 |        shape (5,)      strides (4,)
#
#      place 0:  0 1 2
#      place 1:    1 2 3            shape (3, 3)    strides (4, 4)
#      place 2:      2 3 4                                   ^ one cell further: one pixel
#                                                         ^ one place further: one pixel too
# ```
#
# One place further down is `stride` rows further; one cell further down is `dilation` rows further.
# `np.ndarray(shape, dtype, buffer, offset, strides)` makes such a view of an existing contiguous
# array, and refuses strides that would leave its memory.


# %%
#| export nn.functional
def patches(framed, kernel, stride, dilation, size):
    """All patches that a filter sees, as a view of `framed`: nothing is copied.

    Args:
        framed: np.ndarray (N, H, W, C), contiguous.
        kernel, stride, dilation: pairs (vertical, horizontal).
        size: (OH, OW), the number of places.

    Returns:
        np.ndarray (N, OH, OW, KH, KW, C); element [n, y, x, i, j, c] is
        framed[n, y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1], c].

    Example:
        >>> patches(np.zeros((1, 5, 5, 2)), (3, 3), (1, 1), (1, 1), (3, 3)).shape
        (1, 3, 3, 3, 3, 2)
    """
    image, row, pixel, channel = framed.strides
    ### BEGIN SOLUTION
    shape = (len(framed), *size, *kernel, framed.shape[3])
    down, right = row * stride[0], pixel * stride[1]
    strides = (image, down, right, row * dilation[0], pixel * dilation[1], channel)
    return np.ndarray(shape, framed.dtype, framed, 0, strides)
    ### END SOLUTION


# %%
numbers = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
view = patches(numbers, (3, 3), (1, 1), (1, 1), (2, 2))
print("image:\n", numbers[0, :, :, 0].astype(int))
print("patch at place (1, 0):\n", view[0, 1, 0, :, :, 0].astype(int))
print("same memory:", np.shares_memory(view, numbers), end=" | ")
print("elements seen:", view.size, "of", numbers.size)

# %% [markdown]
# ## Task 7.4: patches into rows
#
# At each place the result is the sum of (pixel times weight) over all cells and channels of the
# patch: a dot product. Many dot products are a matrix product, and matrix products are what
# computers do best. So we write each patch into one row of a matrix, one row for each place of each
# image. (The trick is called *im2col*; Chellapilla, Puri and Simard, 2006.)
#
# ```
#   columns            one row for each place        filters (one column for each output channel)
#
#   place 0:   [ patch of KH * KW * C numbers | 1 ]        [ w0  v0 ]
#   place 1:   [ patch of KH * KW * C numbers | 1 ]   @    [ w1  v1 ]    =    (places, 2)
#   ...        [ ...                          | 1 ]        [ ..  .. ]
#                                                          [ b_w b_v]  <- the bias
# ```
#
# The extra 1 at the end of each row saves a pass over the result: the bias becomes one more weight,
# of an input that is always 1, and its gradient will come out by itself.
#
# **Groups.** With `groups=2` the channels are cut in two halves, and each half of the filters sees
# only its half of the channels: two smaller convolutions side by side. We give the matrix an axis
# for the groups in front; with groups=1 it has length 1. `parts` below already has the patches with
# that axis, as a view; `np.empty` makes an array whose contents are whatever was in memory.


# %%
#| export nn.functional
def gather(framed, kernel, stride, dilation, size, groups):
    """Copy the patches into the rows of a matrix for each group, with a 1 at the end of each row.

    Args:
        framed: np.ndarray (N, H, W, C), contiguous; N may be 0.
        kernel, stride, dilation: pairs (vertical, horizontal).
        size: (OH, OW), the number of places.
        groups: number of groups; divides C.

    Returns:
        np.ndarray (groups, N * OH * OW, KH * KW * C / groups + 1). Rows are ordered by image, then
        place; the numbers in a row by cell, then channel.

    Example:
        >>> gather(np.zeros((2, 5, 5, 4)), (3, 3), (1, 1), (1, 1), (3, 3), 2).shape
        (2, 18, 19)
    """
    n, _, _, c = framed.shape
    seen = patches(framed, kernel, stride, dilation, size)
    split = seen.reshape(n, *size, *kernel, groups, c // groups)
    parts = np.moveaxis(split, 5, 0)  # (groups, N, OH, OW, KH, KW, C / groups)
    ### BEGIN SOLUTION
    positions, cells = n * size[0] * size[1], kernel[0] * kernel[1] * (c // groups)
    columns = np.empty((groups, positions, cells + 1), framed.dtype)
    columns[:, :, :cells].reshape(parts.shape)[...] = parts
    columns[:, :, cells] = 1
    return columns
    ### END SOLUTION


# %%
print("2x2 patches of the 4x4 image, stride 2:")
print(gather(numbers, (2, 2), (2, 2), (1, 1), (2, 2), groups=1)[0].astype(int))

# %% [markdown]
# ## Task 7.5: convolution forward
#
# The filters come in PyTorch's shape, `weight (O, C / groups, KH, KW)`. `pack`, given, puts them
# into the shape that fits our rows: for each group one column per output channel, cells and
# channels in the order of `gather`, and the bias as the last row (zeros without a bias).
#
# The rest is yours, in four steps: how many places (`places`), the framed image, the matrix, the
# product. The result has shape (groups, N * OH * OW, O / groups) and must become (N, O, OH, OW).
# Move the groups beside their channels, open the rows up into (N, OH, OW), then move the channels
# to their place in front. `transpose` only changes strides, so the last step costs nothing: the
# numbers stay channels last in memory, just as the next layer wants them.
#
# `op` is the operation this is a part of (the class comes in task 7.7; in its methods it is
# `self`). Keep there what `backward` will need: `op.columns`, `op.size` and `op.framed_shape`.


# %%
#| export nn.functional
def pack(weight, bias, groups):
    """(O, C / groups, KH, KW), (O,) or None to (groups, KH * KW * C / groups + 1, O / groups)."""
    o, c, kh, kw = weight.shape
    filters = np.zeros((groups, kh * kw * c + 1, o // groups), weight.dtype)
    in_order = weight.reshape(groups, o // groups, c, kh, kw).transpose(0, 3, 4, 2, 1)
    filters[:, :-1] = in_order.reshape(groups, kh * kw * c, o // groups)
    if bias is not None:
        filters[:, -1] = bias.reshape(groups, o // groups)
    return filters


def unpack(filters, weight_shape):
    """Undo `pack`: the weight of `weight_shape` and the bias (O,) out of the packed filters."""
    groups, (_, c, kh, kw) = len(filters), weight_shape
    in_order = filters[:, :-1].reshape(groups, kh, kw, c, -1).transpose(0, 4, 3, 1, 2)
    return in_order.reshape(weight_shape), filters[:, -1].reshape(-1)


def convolve(op, x, weight, bias, stride, padding, dilation, groups):
    """The forward pass of convolution.

    Args:
        op: the operation; gets `columns`, `size` and `framed_shape` for its backward pass.
        x: np.ndarray (N, C, H, W).
        weight: np.ndarray (O, C / groups, KH, KW). bias: np.ndarray (O,) or None.
        stride, padding, dilation: pairs. groups: int.

    Returns:
        np.ndarray (N, O, OH, OW).

    Raises:
        ValueError: the kernel reaches over more than the padded image (from `places`).
    """
    n, kernel = len(x), weight.shape[2:]
    ### BEGIN SOLUTION
    op.size = places("conv2d", x.shape, kernel, stride, padding, dilation)
    framed = frame(x, padding)
    op.framed_shape = framed.shape
    op.columns = gather(framed, kernel, stride, dilation, op.size, groups)
    out = op.columns @ pack(weight, bias, groups)
    out = out.transpose(1, 0, 2).reshape(n, *op.size, len(weight))
    return out.transpose(0, 3, 1, 2)
    ### END SOLUTION


# %%
class Notes:
    """Stands for an operation: somewhere to keep things."""


once = ((1, 1), (0, 0), (1, 1), 1)  # stride, padding, dilation, groups
fast = convolve(Notes(), picture[None, None], edge[None, None], None, *once)[0, 0]
print(fast, "as with four loops:", np.allclose(fast, slow_convolution(picture, edge)))

large = np.random.default_rng(0).standard_normal((60, 60)).astype(np.float32)
began = time.perf_counter()
by_loops = slow_convolution(large, edge)
between = time.perf_counter()
at_once = convolve(Notes(), large[None, None], edge[None, None], None, *once)[0, 0]
loops, product = between - began, time.perf_counter() - between
print(f"60 by 60 pixels: the product is {loops / product:.0f} times as fast,", end=" ")
print(f"and differs by {np.abs(by_loops - at_once).max():.1e}")

standing = np.zeros((1, 1, 7, 7), np.float32)
standing[0, 0, 1:6, 3] = 1
answer = convolve(Notes(), standing, edge[None, None], None, (1, 1), (1, 1), (1, 1), 1)
print("a standing bar, seen by the edge filter:")
for row in answer[0, 0]:
    print("  ", "".join(f"{value:4.0f}" for value in row))

# %% [markdown]
# Look at the answer for the bar: positive where the bar is to the *left* of the place's center
# column, negative where it is to the right, zero on the bar itself. It says where standing edges
# are, and which way they face. Nobody will write such filters by hand: they will be learned. For
# that we need the gradients.

# %% [markdown]
# ## Task 7.6: the gradient of the filters
#
# Forward was `out = columns @ filters`, and you know from module 02 what a matrix product does with
# a gradient: `columns`, transposed, times `grad`. Each weight collects from every place where it
# was used; that is what **weight sharing** means for the gradient. The bias row of `filters` met
# the column of ones, so its gradient is the sum of `grad` over all places, and it is already there,
# in the last row.
#
# Two things are ready for you. `as_rows_of_places` brings the gradient (N, O, OH, OW) into the
# shape of the product. `unpack`, above, takes weight and bias out of the packed filters. Mind the
# axis of the groups: an array's `.T` would turn all three axes around, `.mT` swaps only the last
# two.


# %%
#| export nn.functional
def as_rows_of_places(grad, groups):
    """(N, O, OH, OW) to (groups, N * OH * OW, O / groups)."""
    n, o, oh, ow = grad.shape
    last = grad.transpose(0, 2, 3, 1)
    return last.reshape(n * oh * ow, groups, o // groups).transpose(1, 0, 2)


def gradient_of_filters(columns, rows, weight_shape):
    """The gradients of the weight and the bias of a convolution.

    Args:
        columns: np.ndarray (groups, places, KH * KW * C / groups + 1), from `gather`.
        rows: np.ndarray (groups, places, O / groups), the gradient of the product.
        weight_shape: (O, C / groups, KH, KW).

    Returns:
        (np.ndarray of `weight_shape`, np.ndarray (O,)).
    """
    ### BEGIN SOLUTION
    return unpack(columns.mT @ rows, weight_shape)
    ### END SOLUTION


# %%
seen_by_filter = gather(frame(picture[None, None], (0, 0)), (3, 3), (1, 1), (1, 1), (2, 2), 1)
everywhere = as_rows_of_places(np.ones((1, 1, 2, 2), np.float32), 1)
weight_gradient, bias_gradient = gradient_of_filters(seen_by_filter, everywhere, (1, 1, 3, 3))
print("with a gradient of 1 at all 4 places, each weight collects the 4 pixels it met:")
print(weight_gradient[0, 0])
print("and the bias", bias_gradient)

# %% [markdown]
# ## Task 7.7: the gradient of the image
#
# A pixel was seen by several places, each time by another cell of the filter. Its gradient is the
# sum over all of them. Here is the way that needs no loop over pixels: go through the *cells* of
# the filter, nine of them for 3 by 3. For one cell (i, j):
#
# - every place sends `rows @ weight[:, :, i, j]` to the pixel under that cell: a matrix product, of
#   (places, O) with (O, C);
# - these pixels form a regular grid inside the framed image: start at row `i * dilation`, go on in
#   steps of `stride`, as many as there are places. That is a slice.
#
# ```
#   4x4 image, kernel 3, stride 1, 2x2 places; cell (0, 0) sees A, cell (1, 2) sees B:
#
#     A A . .          . . . .
#     A A . .          . . B B        framed[slice of the cell] += what was sent
#     . . . .          . . B B
#     . . . .          . . . .
# ```
#
# `cells`, given, goes through the cells and their slices; the weights come with an axis for the
# groups in front. What is sent then has shape (groups, places, C / groups), and must become
# (N, OH, OW, C): groups beside their channels first, as in task 7.5. Add it up in `framed`; the
# frame is cut off at the end (given: `unframe`).


# %%
#| export nn.functional
def cells(kernel, stride, dilation, size):
    """Yield (i, j, index) for each cell: framed[index], (N, OH, OW, C), is what the cell sees."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            down = slice(top, top + (size[0] - 1) * stride[0] + 1, stride[0])
            right = slice(left, left + (size[1] - 1) * stride[1] + 1, stride[1])
            yield i, j, (slice(None), down, right)


def unframe(framed, padding):
    """(N, H + 2p, W + 2q, C) to (N, C, H, W): undo `frame`, as a view."""
    (p, q), (_, h, w, _) = padding, framed.shape
    return framed[:, p : h - p, q : w - q].transpose(0, 3, 1, 2)


def scatter(rows, weight, stride, dilation, size, framed_shape):
    """Send the gradient of every place back to the pixels that it saw.

    Args:
        rows: np.ndarray (groups, N * OH * OW, O / groups), the gradient at each place.
        weight: np.ndarray (O, C / groups, KH, KW).
        stride, dilation: pairs. size: (OH, OW).
        framed_shape: (N, H + 2p, W + 2q, C), the shape of the framed image.

    Returns:
        np.ndarray of `framed_shape`, the gradient of the framed image.
    """
    groups, n = len(rows), framed_shape[0]
    by_group = weight.reshape(groups, -1, *weight.shape[1:])  # (groups, O / groups, C / groups, ..)
    framed = np.zeros(framed_shape, rows.dtype)
    for i, j, index in cells(weight.shape[2:], stride, dilation, size):
        # by_group[:, :, :, i, j] has the weights of this cell, (groups, O / groups, C / groups)
        ### BEGIN SOLUTION
        sent = rows @ by_group[:, :, :, i, j]
        framed[index] += sent.transpose(1, 0, 2).reshape(n, *size, framed_shape[3])
        ### END SOLUTION
    return framed


COLUMNS_AT_ONCE = 2**19  # numbers in `columns`, as many as fit into the processor's cache
PLACES_AT_ONCE = 8192
PARTS_FROM = 8  # with fewer parts, more is lost than saved


def slices(count, few):
    """`count` in parts of `few`; an empty list if there would be only one."""
    few = max(1, few)
    starts = range(0, count, few)
    return [slice(start, min(start + few, count)) for start in starts] if len(starts) > 1 else []


class Conv2dOp(Function):
    """Convolution as one operation: a matrix product with patches, and the way back.

    A large batch goes a few images at a time, so that each product finds its factors in the
    processor's cache. On the way back the columns are gathered again.
    """

    def forward(self, x, weight, bias, stride, padding, dilation, groups):
        how = stride, padding, dilation, groups
        in_image = x[:1].size * weight[:1, :1].size  # columns of one image, about
        few = max(1, COLUMNS_AT_ONCE // max(1, in_image))
        self.parts = slices(len(x), few) if len(x) > PARTS_FROM * few else []
        if not self.parts:
            return convolve(self, x, weight, bias, *how)
        first, *rest = self.parts
        done = convolve(self, x[first], weight, bias, *how)
        out = np.empty_like(done, shape=(len(x), *done.shape[1:]))  # in the same order in memory
        out[first] = done
        for part in rest:
            out[part] = convolve(self, x[part], weight, bias, *how)
        return out

    def backward(self, grad):
        groups, padding = self.args[6], self.args[4]
        need_x, *need_filters = self.needs_input_grad[:3]
        rows = as_rows_of_places(grad, groups)
        grad_weight, grad_bias = self.to_filters(rows) if any(need_filters) else (None, None)
        return unframe(self.to_pixels(rows), padding) if need_x else None, grad_weight, grad_bias

    def to_filters(self, rows):
        """`gradient_of_filters`, part by part."""
        x, weight, _, stride, padding, dilation, groups = self.args
        if not self.parts:
            return gradient_of_filters(self.columns, rows, weight.shape)
        of_weight = of_bias = 0
        for part in self.parts:
            framed = frame(x[part], padding)
            columns = gather(framed, weight.shape[2:], stride, dilation, self.size, groups)
            more = gradient_of_filters(columns, rows[:, self.places_of(part)], weight.shape)
            of_weight, of_bias = of_weight + more[0], of_bias + more[1]
        return of_weight, of_bias

    def to_pixels(self, rows):
        """`scatter`, a few images at a time."""
        x, weight, _, stride, (p, q), dilation, _ = self.args
        n, c, h, w = x.shape
        shape = n, h + 2 * p, w + 2 * q, c
        parts = slices(n, PLACES_AT_ONCE // (self.size[0] * self.size[1]))
        if not parts:
            return scatter(rows, weight, stride, dilation, self.size, shape)
        framed = np.empty(shape, rows.dtype)
        for part in parts:
            own, few = rows[:, self.places_of(part)], (part.stop - part.start, *shape[1:])
            framed[part] = scatter(own, weight, stride, dilation, self.size, few)
        return framed

    def places_of(self, part):
        """The rows of these images in a matrix of all places."""
        places = self.size[0] * self.size[1]
        return slice(part.start * places, part.stop * places)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Slide filters over images (LeCun et al., 1989; with matrices: Chellapilla et al., 2006).

    Args:
        input: Tensor (N, C, H, W), or (C, H, W) for one image.
        weight: Tensor (O, C / groups, KH, KW). bias: Tensor (O,) or None.
        stride, padding, dilation: a whole number or a pair (vertical, horizontal); padding may
            also be "same" (the result is as large as the image) or "valid" (none).
        groups: cuts the channels into groups that do not see each other.

    Returns:
        Tensor (N, O, OH, OW), or (O, OH, OW); OH = `output_size(H, KH, ...)`.

    Raises:
        ValueError: shapes do not fit, or the kernel is larger than the padded image.
    """
    if weight.ndim != 4:
        raise ShapeError(f"conv2d: weight must be (O, C / groups, KH, KW), not {weight.shape}")
    images = as_images("conv2d", input)
    if isinstance(padding, str):
        images, padding = padding_by_name(padding, images, weight, stride, dilation)
    how = pair(stride, "stride", 1), pair(padding, "padding", 0), pair(dilation, "dilation", 1)
    o, c = weight.shape[:2]
    if images.shape[1] != c * groups or o % groups:
        raise ShapeError(
            f"conv2d: input of shape {input.shape} does not fit weight of shape {weight.shape} "
            f"with groups={groups}: the input needs {c * groups} channels, and groups must divide "
            f"the number of filters, {o}"
        )
    if bias is not None and bias.shape != (o,):
        raise ShapeError(
            f"conv2d: bias of shape {bias.shape} does not fit weight of shape {weight.shape}"
        )
    out = Conv2dOp.apply(images, weight, bias, *how, groups)
    return out if input.ndim == 4 else out.squeeze(0)


def as_images(name, input):
    """`input` as (N, C, H, W); a single image (C, H, W) becomes a batch of one."""
    if input.ndim not in (3, 4):
        raise ShapeError(f"{name}: input must be (N, C, H, W) or (C, H, W), not {input.shape}")
    return input if input.ndim == 4 else input.unsqueeze(0)


# %%
x = Tensor(picture[None, None], requires_grad=True)
conv2d(x, Tensor(np.ones((1, 1, 3, 3), np.float32))).sum().backward()
print("how often each pixel was seen by a 3x3 filter:")
print(x.grad.data[0, 0].astype(int))

images = Tensor(np.random.default_rng(0).standard_normal((32, 8, 16, 16)).astype(np.float32))
filters = Tensor(np.ones((16, 8, 3, 3), np.float32), requires_grad=True)
images.requires_grad_()
start = time.perf_counter()
conv2d(images, filters, padding=1).sum().backward()
took = time.perf_counter() - start
products = 3 * 32 * 16 * 16 * 16 * 8 * 9
print(f"{products / 1e6:.0f} million multiplications, forward and back, in {took * 1e3:.0f} ms")

# %% [markdown]
# The corners are seen once, the middle four times: that is what padding is for, it lets the filter
# look at the border as often as at the rest.
#
# ## Task 7.8: max pooling
#
# A layer that has found an edge *somewhere near here* has found what matters. **Max pooling** keeps
# the largest answer in each window of, say, 2 by 2 places, and forgets where exactly it was. The
# image becomes a quarter as large, and a shift by one pixel changes little.
#
# ```
#     1  3 | 2  0
#     5  2 | 1  1          5  2
#     -----+-----    ->
#     0  0 | 4  3          1  4
#     1  0 | 2  2
# ```
#
# You have all you need: `cells` gives, for each cell of the window, what all windows have there.
# Start with the first cell, a *copy* of it, and take the larger of it and each other cell with
# `np.maximum(..., out=best)`. A frame must never win: its value is minus infinity (given).


# %%
#| export nn.functional
def largest_of_cells(framed, indices):
    """The largest pixel of each window.

    Args:
        framed: np.ndarray (N, H, W, C).
        indices: list; framed[index], (N, OH, OW, C), is what one cell of the window sees.

    Returns:
        np.ndarray (N, OH, OW, C), which shares no memory with `framed`; NaN where a window has one.

    Example:
        >>> row = np.array([1.0, 5.0, 2.0, 3.0]).reshape(1, 1, 4, 1)
        >>> indices = [index for _, _, index in cells((1, 2), (1, 2), (1, 1), (1, 2))]
        >>> largest_of_cells(row, indices).ravel()
        array([5., 3.])
    """
    ### BEGIN SOLUTION
    best = framed[indices[0]].copy()
    for index in indices[1:]:
        np.maximum(best, framed[index], out=best)
    return best
    ### END SOLUTION


# %%
square = np.array([[1, 3, 2, 0], [5, 2, 1, 1], [0, 0, 4, 3], [1, 0, 2, 2]], np.float32)
windows = [index for _, _, index in cells((2, 2), (2, 2), (1, 1), (2, 2))]
print(largest_of_cells(square.reshape(1, 4, 4, 1), windows)[0, :, :, 0])

# %% [markdown]
# ## Task 7.9: who won: max pooling, backward
#
# Going back, the gradient of a window belongs to the one pixel that won, all of it; the others did
# not matter. When two are equally large, PyTorch gives it to the first one, and so do we:
# `unclaimed` says which windows still have a gradient to give away. For each cell: it wins where
# its pixel equals the best *and* the window is unclaimed. Windows may overlap (stride smaller than
# kernel), so a pixel can win more than once: add.


# %%
#| export nn.functional
def route_to_winners(grad, best, framed, indices):
    """Give each window's gradient to the first of its pixels that equals the largest.

    Args:
        grad, best: np.ndarray (N, OH, OW, C), the gradient and the result of the pooling.
        framed: np.ndarray (N, H, W, C), the framed input.
        indices: list; framed[index] is what one cell of the window sees.

    Returns:
        np.ndarray like `framed`, the gradient of the framed input.
    """
    out = np.zeros(framed.shape, grad.dtype)
    unclaimed = np.ones(best.shape, bool)
    for index in indices:
        ### BEGIN SOLUTION
        wins = (framed[index] == best) & unclaimed
        unclaimed ^= wins
        out[index] += grad * wins
        ### END SOLUTION
    return out


NUMBERS_AT_ONCE = 65536


class MaxPool2dOp(Function):
    """The largest pixel of each window, (N, C, H, W) to (N, C, OH, OW)."""

    def forward(self, x, kernel, stride, padding, dilation):
        size = places("max_pool2d", x.shape, kernel, stride, padding, dilation)
        self.indices = [index for _, _, index in cells(kernel, stride, dilation, size)]
        self.framed = frame(x, padding, -np.inf)
        return largest_of_cells(self.framed, self.indices).transpose(0, 3, 1, 2)

    def backward(self, grad):
        grad, best = grad.transpose(0, 2, 3, 1), self.out.transpose(0, 2, 3, 1)
        in_image = max(1, best.size // max(1, len(best)))
        few = max(1, NUMBERS_AT_ONCE // in_image)  # images, as many as fit into the cache
        parts = slices(len(best), few)
        if not parts:
            out = route_to_winners(grad, best, self.framed, self.indices)
            return unframe(out, self.args[3])
        out = np.empty(self.framed.shape, grad.dtype)
        for part in parts:
            own = np.ascontiguousarray(grad[part])  # what comes from Flatten lies in another order
            out[part] = route_to_winners(own, best[part], self.framed[part], self.indices)
        return unframe(out, self.args[3])


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1):
    """The largest pixel of each window.

    Args:
        input: Tensor (N, C, H, W) or (C, H, W).
        kernel_size, stride, padding, dilation: a whole number or a pair; stride None: kernel_size.

    Returns:
        Tensor (N, C, OH, OW) or (C, OH, OW).
    """
    images = as_images("max_pool2d", input)
    how = window_arguments("max_pool2d", kernel_size, stride, padding)
    out = MaxPool2dOp.apply(images, *how, pair(dilation, "dilation", 1))
    return out if input.ndim == 4 else out.squeeze(0)


def window_arguments(name, kernel_size, stride, padding):
    """Kernel, stride and padding of a pooling as pairs; padding over half a window is refused."""
    kernel, padding = pair(kernel_size, "kernel_size", 1), pair(padding, "padding", 0)
    if any(p > k // 2 for p, k in zip(padding, kernel)):
        raise ValueError(f"{name}: padding {padding} is more than half of kernel_size {kernel}")
    return kernel, kernel if stride is None else pair(stride, "stride", 1), padding


# %%
x = Tensor(square[None, None], requires_grad=True)
max_pool2d(x, 2).backward(Tensor(np.array([[[[10.0, 20.0], [30.0, 40.0]]]], np.float32)))
print(x.grad.data[0, 0].astype(int))

# %% [markdown]
# ## Task 7.10: average pooling
#
# The gentler sister: the mean of each window. All cells count the same, and the frame counts as
# zeros (PyTorch's `count_include_pad=True`). Backward, every cell of a window gets the same share.
# Forward is four lines and backward two, with the pieces you have; `pixels` is the number of cells.
# As with the maximum, start from a *copy* of what the first cell sees. At the end the channels go
# back from the last axis to axis 1.


# %%
#| export nn.functional
class AvgPool2dOp(Function):
    """The mean pixel of each window, (N, C, H, W) to (N, C, OH, OW)."""

    def forward(self, x, kernel, stride, padding):
        self.kernel, pixels = kernel, kernel[0] * kernel[1]
        size = places("avg_pool2d", x.shape, kernel, stride, padding, (1, 1))
        self.indices = [index for _, _, index in cells(kernel, stride, (1, 1), size)]
        framed = frame(x, padding)
        self.framed_shape = framed.shape
        ### BEGIN SOLUTION
        total = framed[self.indices[0]].copy()
        for index in self.indices[1:]:
            total += framed[index]
        return (total / pixels).transpose(0, 3, 1, 2)
        ### END SOLUTION

    def backward(self, grad):
        share = grad.transpose(0, 2, 3, 1) / (self.kernel[0] * self.kernel[1])
        out = np.zeros(self.framed_shape, grad.dtype)
        ### BEGIN SOLUTION
        for index in self.indices:
            out[index] += share
        ### END SOLUTION
        return unframe(out, self.args[3])


def avg_pool2d(input, kernel_size, stride=None, padding=0):
    """The mean pixel of each window; the frame counts as zeros.

    Args:
        input: Tensor (N, C, H, W) or (C, H, W).
        kernel_size, stride, padding: a whole number or a pair; stride None means kernel_size.

    Returns:
        Tensor (N, C, OH, OW) or (C, OH, OW).
    """
    images = as_images("avg_pool2d", input)
    out = AvgPool2dOp.apply(images, *window_arguments("avg_pool2d", kernel_size, stride, padding))
    return out if input.ndim == 4 else out.squeeze(0)


# %%
x = Tensor(square[None, None], requires_grad=True)
pooled = avg_pool2d(x, 2)
pooled.sum().backward()
print("means:", pooled.tolist()[0][0], "| every pixel's share:", x.grad.data[0, 0, 0, 0])

# %% [markdown]
# ## Task 7.11: whatever the size: adaptive pooling
#
# A network that ends in a linear layer needs a fixed number of inputs, so it accepts images of one
# size only. `AdaptiveAvgPool2d((2, 2))` turns the question around: you say how large the *result*
# shall be, and the windows are chosen to fit. `AdaptiveAvgPool2d(1)` is the mean of the whole
# image.
#
# PyTorch's windows: place i of `out` places covers the pixels from `floor(i * size / out)` up to,
# not including, `ceil((i + 1) * size / out)`.
#
# ```
#   size 5, out 2:   place 0: pixels 0 1 2        place 1: pixels 2 3 4     (they may overlap)
#
#   as a matrix:     1/3 1/3 1/3  0   0
#                     0   0  1/3 1/3 1/3
# ```
#
# Such a mean is a matrix product, (out, size) with (size,): rows from the left, columns from the
# right. And then autograd does the rest: no backward to write.


# %%
#| export nn.functional
def averaging_matrix(size, out):
    """The matrix that takes the mean over adaptive windows.

    Args:
        size: pixels along the axis. out: places wanted along the axis.

    Returns:
        np.ndarray (out, size), float64; each row is 1 / n at the n pixels of its window, else 0.

    Example:
        >>> averaging_matrix(4, 2)
        array([[0.5, 0.5, 0. , 0. ],
               [0. , 0. , 0.5, 0.5]])
    """
    matrix = np.zeros((out, size))
    ### BEGIN SOLUTION
    for i in range(out):
        start, end = i * size // out, -((i + 1) * size // -out)
        matrix[i, start:end] = 1 / (end - start)
    return matrix
    ### END SOLUTION


def adaptive_avg_pool2d(input, output_size):
    """The mean over windows that are chosen so that the result has `output_size`.

    Args:
        input: Tensor (..., H, W). output_size: (OH, OW) or one number for both; None keeps a size.

    Returns:
        Tensor (..., OH, OW).
    """
    as_images("adaptive_avg_pool2d", input)
    both = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    asked = [old if new is None else new for old, new in zip(input.shape[-2:], both)]
    rows, columns = pair(asked, "output_size", 1)
    down = averaging_matrix(input.shape[-2], rows)
    right = averaging_matrix(input.shape[-1], columns)
    return Tensor(down.astype(input.dtype)) @ input @ Tensor(right.T.astype(input.dtype))


# %%
print(averaging_matrix(5, 2).round(2))
x = Tensor(square[None, None])
for wanted in (1, 2, 3):
    means = adaptive_avg_pool2d(x, wanted).data[0, 0].astype(float)
    print(f"to {wanted}x{wanted}:", means.round(2).tolist())

# %% [markdown]
# ## Task 7.12: the layer, Conv2d
#
# A layer keeps its filters and knows how many there are. `weight` has shape (out_channels,
# in_channels / groups, KH, KW), `bias` (out_channels,), both Parameters of float32. Their first
# values are drawn as PyTorch draws them, with the functions of module 03: the weight with
# `kaiming_uniform_` and a = sqrt(5), the bias evenly between -1 / sqrt(fan) and 1 / sqrt(fan),
# where `fan` is the number of inputs of one filter: in_channels / groups * KH * KW.
#
# `kernel_size` is a pair by then. The pooling layers have nothing to learn; they are given.

# %%
#| default_exp nn.spatial
#| export
import math

import numpy as np

from tinytorch.nn.init import kaiming_uniform_, uniform_
from tinytorch.nn.modules import Module, Parameter
from tinytorch.tensor import ShapeError, Tensor, float32

if __name__ == "tinytorch.nn.spatial":  # in the package; this lesson has the names already
    from tinytorch.nn.functional import adaptive_avg_pool2d, avg_pool2d, conv2d, max_pool2d, pair


class Conv2d(Module):
    """Slide learned filters over images: (N, in_channels, H, W) to (N, out_channels, OH, OW)."""

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
    ):
        """Make the filters.

        Args:
            in_channels, out_channels: channels before and after; `groups` divides both.
            kernel_size, stride, padding, dilation: a whole number or a pair; padding as `conv2d`.
            bias: False for a layer without; `self.bias` is then None.

        Example:
            >>> Conv2d(3, 8, 5, groups=1).weight.shape
            (8, 3, 5, 5)
        """
        super().__init__()
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"Conv2d: groups={groups} must divide in_channels={in_channels} "
                f"and out_channels={out_channels}"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = kernel_size = pair(kernel_size, "kernel_size", 1)
        self.stride, self.dilation = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
        self.padding = padding if isinstance(padding, str) else pair(padding, "padding", 0)
        ### BEGIN SOLUTION
        shape = (out_channels, in_channels // groups, *kernel_size)
        self.weight = Parameter(np.empty(shape, float32))
        kaiming_uniform_(self.weight, a=math.sqrt(5))
        self.bias = None
        if bias:
            bound = 1 / math.sqrt(math.prod(shape[1:]))
            self.bias = Parameter(np.empty(out_channels, float32))
            uniform_(self.bias, -bound, bound)
        ### END SOLUTION

    def forward(self, input):
        how = self.stride, self.padding, self.dilation, self.groups
        try:
            return conv2d(input, self.weight, self.bias, *how)
        except ValueError as error:
            raise ShapeError(f"{self}: {error}") from None

    def extra_repr(self):
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        for name, usual in (("padding", (0, 0)), ("dilation", (1, 1)), ("groups", 1)):
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text + ("" if self.bias is not None else ", bias=False")


class MaxPool2d(Module):
    """The largest pixel of each window: (N, C, H, W) to (N, C, OH, OW)."""

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        super().__init__()
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride

    def forward(self, input):
        return max_pool2d(input, self.kernel_size, self.stride, self.padding, self.dilation)

    def extra_repr(self):
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}"
        )


class AvgPool2d(Module):
    """The mean pixel of each window: (N, C, H, W) to (N, C, OH, OW)."""

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def forward(self, input):
        return avg_pool2d(input, self.kernel_size, self.stride, self.padding)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AdaptiveAvgPool2d(Module):
    """The mean over windows chosen so that the result is `output_size`: (N, C, OH, OW)."""

    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def forward(self, input):
        return adaptive_avg_pool2d(input, self.output_size)

    def extra_repr(self):
        return f"output_size={self.output_size}"


# %%
manual_seed(0)
layer = Conv2d(3, 8, 3, padding=1)
print(layer, "has", sum(p.numel() for p in layer.parameters()), "parameters")
before, after = 3 * 32 * 32, 8 * 32 * 32
print("a Linear layer between the same 32x32 images would have", before * after + after)
print("largest first weight:", round(np.abs(layer.weight.data).max().item(), 3))
try:
    layer(Tensor(np.zeros((1, 1, 32, 32), np.float32)))
except ValueError as error:
    print(error)

# %% [markdown]
# ## Put together
#
# Bars again. Four filters, a bend, the mean of each filter's answers over the whole image, and a
# linear layer that decides between standing and lying. It is trained on the upper left corner only.

# %%
manual_seed(1)
convolutional = Sequential(Conv2d(1, 4, 3), ReLU(), AdaptiveAvgPool2d(1), Flatten(), Linear(4, 2))
train(convolutional, *seen)
print(f"upper left, where it was trained: {accuracy(convolutional, *seen):.0%} right")
print(f"lower right: {accuracy(convolutional, *unseen):.0%} right")
print("parameters:", sum(p.numel() for p in convolutional.parameters()))
print("what the first two filters look for:")
marks = np.array([" .", " -", " o", " #"])
for first, second in zip(*convolutional[0].weight.data[:2, 0]):
    levels = np.digitize([*first, *second], [-0.3, 0.0, 0.3])
    print("  ", "".join(marks[levels[:3]]), "    ", "".join(marks[levels[3:]]))

# %% [markdown]
# Fifty parameters do what 1650 could not, and it does not matter where the bar stands. The network
# was not told to ignore the place. It cannot do otherwise: it has the same weights everywhere. Look
# at the two filters: one waits for a standing edge, the other for a lying one. Nobody wrote them.
#
# ## What you can do now
#
# You can build the networks that ruled computer vision from 1989 to about 2020. `tito module test
# 07` runs the tests, `tito module complete 07` puts your code into `tinytorch` and unlocks the
# milestone of 1998: real handwritten digits, read by your own convolution, also when they are
# shifted by a pixel.
#
# ## Experiments
#
# - Give `convolutional` a filter of 1 by 1 instead of 3 by 3. Before you run it: can it still tell
#   standing from lying?
# - Replace the adaptive pooling by `Flatten()` and a larger `Linear`. How well does it do in the
#   lower right corner now, and why?
# - Take `standing` from task 7.5, shift it by one pixel with `np.roll`, and compare `max_pool2d` of
#   both answers with the answers themselves: how much of the shift is left?
#
# ## Questions
#
# **1.** A filter of 5 by 5 sees as far as two filters of 3 by 3 in a row. Which has more weights
# (one channel, no bias), and what else is different?
#
# <details><summary>Answer</summary>
#
# 25 against 18. And between the two small ones there can be a ReLU, so that the pair can express
# what no single filter can. That is why networks since 2014 (Simonyan and Zisserman) are made of
# many 3 by 3 filters.
#
# </details>
#
# **2.** `columns` holds every pixel up to nine times. What does that cost for a batch of 64 images
# of 32 by 32 with 32 channels, and what do we get for it?
#
# <details><summary>Answer</summary>
#
# 64 * 32 * 32 rows of 9 * 32 + 1 numbers of 4 bytes, about 76 megabytes, kept until the backward
# pass. For that the whole layer is one matrix product in each direction. Large libraries build the
# rows piece by piece inside the product, and never have all of them at once.
#
# </details>
#
# **3.** Why does the gradient of a filter become larger when the image becomes larger, and why is
# that usually no problem?
#
# <details><summary>Answer</summary>
#
# A weight collects from every place it was used at, and a larger image has more places. Where the
# network averages over places (average pooling, or a loss that is a mean over pixels), each place
# sends proportionally less, and the two cancel.
#
# </details>
