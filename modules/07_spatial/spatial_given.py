# %% [markdown]
# # Given in module 07: Images
#
# Layers of PyTorch's that are made of those of the lesson `spatial.py`: rows instead of images,
# convolution the other way round, and larger images. The lesson does not need them. Do not edit
# this file; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## As functions

# %%
#| export nn.functional
import numpy as np

from tinytorch.tensor import wrap


def _the_one(value):
    """The one number in 3 or (3,)."""
    return value[0] if isinstance(value, (tuple, list)) else value


def _as_one_row(name, input):
    """`input`, (N, C, L) or (C, L), as images of one row."""
    if input.ndim not in (2, 3):
        raise ValueError(f"{name}: input must be (N, C, L) or (C, L), not {tuple(input.shape)}")
    return input.unsqueeze(-2)


def padding_by_name(name, input, weight, stride, dilation):
    """What "same" and "valid" mean: the images, framed if need be, and the padding for `conv2d`.

    Args:
        name: "same", so that the result is as large as the image, or "valid", without padding.
        input, weight: images (..., H, W), filters (O, C / groups, KH, KW).
        stride, dilation: of the convolution.

    Raises:
        ValueError: another name, or "same" with a stride: then no padding can do it.
    """
    if name not in ("same", "valid"):
        raise ValueError(f"padding must be 'same', 'valid' or numbers, not {name!r}")
    if name == "valid":
        return input, 0
    if stride not in (1, (1, 1), [1, 1]):
        raise ValueError("padding='same' is not supported for strided convolutions")
    both = (dilation, dilation) if isinstance(dilation, int) else dilation
    down, right = (d * (size - 1) for d, size in zip(both, weight.shape[2:]))
    if down % 2 == right % 2 == 0:
        return input, (down // 2, right // 2)
    *rest, h, w = input.shape
    out = wrap(np.zeros((*rest, h + down, w + right), input.dtype))
    out[..., down // 2 : down // 2 + h, right // 2 : right // 2 + w] = input
    return out, 0


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """`conv2d` for rows: input (N, C, L) or (C, L), weight (O, C / groups, K)."""
    padding = padding if isinstance(padding, str) else (0, _the_one(padding))
    how = (1, _the_one(stride)), padding, (1, _the_one(dilation))
    images = _as_one_row("conv1d", input)
    out = conv2d(images, weight.unsqueeze(2), bias, *how, groups)  # noqa: F821
    return out.squeeze(-2)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1):
    """`max_pool2d` for rows: (N, C, L) to (N, C, OL)."""
    size = _the_one(kernel_size)
    how = (1, _the_one(stride or size)), (0, _the_one(padding)), (1, _the_one(dilation))
    return max_pool2d(_as_one_row("max_pool1d", input), (1, size), *how).squeeze(-2)  # noqa: F821


def avg_pool1d(input, kernel_size, stride=None, padding=0):
    """`avg_pool2d` for rows: (N, C, L) to (N, C, OL)."""
    size = _the_one(kernel_size)
    how = (1, _the_one(stride or size)), (0, _the_one(padding))
    return avg_pool2d(_as_one_row("avg_pool1d", input), (1, size), *how).squeeze(-2)  # noqa: F821


def adaptive_avg_pool1d(input, output_size):
    """`adaptive_avg_pool2d` for rows: (N, C, L) to (N, C, output_size)."""
    rows = _as_one_row("adaptive_avg_pool1d", input)
    return adaptive_avg_pool2d(rows, (1, _the_one(output_size))).squeeze(-2)  # noqa: F821


def _with_gaps(images, stride, more):
    """Zeros between the pixels, stride - 1 of them, and `more` at the right and the lower end."""
    n, c, h, w = images.shape
    size = (h - 1) * stride[0] + 1 + more[0], (w - 1) * stride[1] + 1 + more[1]
    out = wrap(np.zeros((n, c, *size), images.dtype))
    out[:, :, : size[0] - more[0] : stride[0], : size[1] - more[1] : stride[1]] = images
    return out


def _turned_round(weight, groups):
    """Filters (C, O / groups, KH, KW) as those of the convolution that goes the other way."""
    c, o, kh, kw = weight.shape
    parts = weight.reshape(groups, c // groups, o, kh, kw).transpose(1, 2)
    return parts.reshape(groups * o, c // groups, kh, kw).flip(2, 3)


def conv_transpose2d(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    """What `conv2d` does to a gradient on its way back: small images become large ones.

    Args:
        input: Tensor (N, C, H, W), or (C, H, W) for one image.
        weight: Tensor (C, O / groups, KH, KW). bias: Tensor (O,) or None.
        stride, padding, dilation: those of the convolution that is turned round.
        output_padding: rows and columns more at the lower and the right end.
        groups: cuts the channels into groups that do not see each other.

    Returns:
        Tensor (N, O, OH, OW); OH = (H - 1) stride - 2 padding + dilation (KH - 1) + more + 1.

    Source: Zeiler et al., Deconvolutional networks (2010).
    """
    images = as_images("conv_transpose2d", input)  # noqa: F821
    stride, padding = pair(stride, "stride", 1), pair(padding, "padding", 0)
    dilation, more = pair(dilation, "dilation", 1), pair(output_padding, "output_padding", 0)
    if images.shape[1] != weight.shape[0]:
        raise ValueError(
            f"conv_transpose2d: input of shape {tuple(input.shape)} does not fit weight of shape "
            f"{tuple(weight.shape)}: the input needs {weight.shape[0]} channels"
        )
    reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:])]
    frame = [max(r - p, 0) for r, p in zip(reach, padding)]
    spread = _with_gaps(images, stride, more)
    how = 1, tuple(frame), dilation, groups
    out = conv2d(spread, _turned_round(weight, groups), bias, *how)  # noqa: F821
    cut = [max(p - r, 0) for r, p in zip(reach, padding)]
    out = out[:, :, cut[0] : out.shape[2] - cut[0], cut[1] : out.shape[3] - cut[1]]
    return out if input.ndim == 4 else out.squeeze(0)


def pixel_shuffle(input, upscale_factor):
    """(..., C r r, H, W) to (..., C, H r, W r): channels become pixels (Shi et al., 2016)."""
    *rest, channels, height, width = input.shape
    r = upscale_factor
    if channels % (r * r):
        raise RuntimeError(f"pixel_shuffle: {channels} channels are no multiple of {r} * {r}")
    count = channels // (r * r)
    split = input.reshape(*rest, count, r, r, height, width)
    at = len(rest)
    order = [*range(at), at, at + 3, at + 1, at + 4, at + 2]
    return split.permute(order).reshape(*rest, count, height * r, width * r)


def interpolate(input, size=None, scale_factor=None, mode="nearest"):
    """Larger or smaller images: each pixel is the nearest one of (N, C, H, W).

    Args:
        size: (height, width), or one number for both.
        scale_factor: the other way to say it.
        mode: "nearest".

    Raises:
        ValueError: another mode, or not one of size and scale_factor.
    """
    if mode != "nearest" or (size is None) == (scale_factor is None):
        raise ValueError("interpolate: mode='nearest', and either size or scale_factor")
    if size is None:
        factors = scale_factor if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * 2
        size = [int(n * f) for n, f in zip(input.shape[2:], factors)]
    sizes = size if isinstance(size, (tuple, list)) else (size, size)
    for dim, new in zip((2, 3), sizes):
        old = input.shape[dim]
        input = input.index_select(dim, wrap(np.arange(new) * old // new))
    return input


# %% [markdown]
# ## As layers

# %%
#| default_exp nn.spatial_more
#| export
import math

import numpy as np

from tinytorch.nn import functional as F
from tinytorch.nn.functional import pair
from tinytorch.nn.init import kaiming_uniform_, uniform_
from tinytorch.nn.modules import Module, Parameter
from tinytorch.tensor import float32

__all__ = [
    "AdaptiveAvgPool1d", "AvgPool1d", "Conv1d", "ConvTranspose2d", "MaxPool1d", "PixelShuffle",
    "Upsample",
]  # fmt: skip


class _Filters(Module):
    """What layers with filters share: how they are made, and how they are shown."""

    transposed = False

    def __init__(self, channels, kernel_size, stride, padding, dilation, groups, bias):
        super().__init__()
        self.in_channels, self.out_channels = channels
        if groups < 1 or any(count % groups for count in channels):
            raise ValueError(f"{type(self).__name__}: groups={groups} must divide {channels}")
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.dilation, self.groups = dilation, groups
        first, second = channels if self.transposed else reversed(channels)
        self.weight = Parameter(np.empty((first, second // groups, *kernel_size), float32))
        self.bias = Parameter(np.empty(self.out_channels, float32)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
            uniform_(self.bias, -bound, bound)

    def extra_repr(self):
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        usual = {"padding": 0, "dilation": 1, "output_padding": 0, "groups": 1}
        for name, value in usual.items():
            set_to = getattr(self, name, value)
            if set_to not in (value, (value,), (value, value)):
                text += f", {name}={set_to}"
        return text + ("" if self.bias is not None else ", bias=False")


class Conv1d(_Filters):
    """Slide learned filters over rows: (N, in_channels, L) to (N, out_channels, OL)."""

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
        sizes = [v if isinstance(v, (tuple, str)) else (v,) for v in (kernel_size, stride, padding)]
        dilation = dilation if isinstance(dilation, tuple) else (dilation,)
        super().__init__((in_channels, out_channels), *sizes, dilation, groups, bias)

    def forward(self, input):
        how = self.stride, self.padding, self.dilation, self.groups
        return F.conv1d(input, self.weight, self.bias, *how)


class ConvTranspose2d(_Filters):
    """`Conv2d` the other way round: (N, in_channels, H, W) to (N, out_channels, OH, OW)."""

    transposed = True

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
    ):
        sizes = pair(kernel_size, "kernel_size", 1), pair(stride, "stride", 1)
        frame, dilation = pair(padding, "padding", 0), pair(dilation, "dilation", 1)
        channels = in_channels, out_channels
        super().__init__(channels, *sizes, frame, dilation, groups, bias)
        self.output_padding = pair(output_padding, "output_padding", 0)

    def forward(self, input):
        how = self.stride, self.padding, self.output_padding, self.groups, self.dilation
        return F.conv_transpose2d(input, self.weight, self.bias, *how)


class MaxPool1d(Module):
    """The largest number of each window: (N, C, L) to (N, C, OL)."""

    def __init__(self, kernel_size, stride=None, padding=0, dilation=1):
        super().__init__()
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride

    def forward(self, input):
        return F.max_pool1d(input, self.kernel_size, self.stride, self.padding, self.dilation)


class AvgPool1d(Module):
    """The mean number of each window: (N, C, L) to (N, C, OL)."""

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def forward(self, input):
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding)


class AdaptiveAvgPool1d(Module):
    """The mean over windows chosen so that the result is `output_size` long."""

    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def forward(self, input):
        return F.adaptive_avg_pool1d(input, self.output_size)


class PixelShuffle(Module):
    """Channels become pixels: (N, C r r, H, W) to (N, C, H r, W r)."""

    def __init__(self, upscale_factor):
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input):
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self):
        return f"upscale_factor={self.upscale_factor}"


class Upsample(Module):
    """Larger images, from the nearest pixels: see `functional.interpolate`."""

    def __init__(self, size=None, scale_factor=None, mode="nearest"):
        super().__init__()
        self.size, self.scale_factor, self.mode = size, scale_factor, mode

    def forward(self, input):
        return F.interpolate(input, self.size, self.scale_factor, self.mode)

    def extra_repr(self):
        asked = "size" if self.scale_factor is None else "scale_factor"
        return f"{asked}={getattr(self, asked)}, mode={self.mode!r}"
