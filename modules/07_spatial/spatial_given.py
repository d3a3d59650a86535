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

from tinytorch.tensor import stack, wrap


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


def interpolate(
    input,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
):
    """Larger or smaller images (N, C, H, W), or rows (N, C, L).

    Args:
        size: the new sizes, or one number for all.
        scale_factor: the other way to say it: new sizes over old ones.
        mode: "nearest" pixels; or "linear" for rows and "bilinear" for images: weighted means of
            those around; or "area": means of all that a new pixel covers.
        align_corners: whether the corners' middles stay where they are, for "(bi)linear".
        recompute_scale_factor: PyTorch's; the sizes that come out are used in any case.
        antialias: not offered.

    Raises:
        ValueError: another mode, or not one of size and scale_factor.
    """
    kinds = {3: "linear", 4: "bilinear"}
    if antialias or mode not in ("nearest", "area", kinds.get(input.ndim)):
        raise ValueError(
            f"interpolate: for shape {tuple(input.shape)} mode 'nearest', 'area' or "
            f"{kinds.get(input.ndim)!r} is offered, without antialias; not {mode!r}"
        )
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: either size or scale_factor")
    if align_corners is not None and mode in ("nearest", "area"):
        raise ValueError("interpolate: align_corners is for mode 'linear' and 'bilinear'")
    count = input.ndim - 2
    asked = scale_factor if size is None else size
    asked = tuple(asked) if isinstance(asked, (tuple, list)) else (asked,) * count
    if size is None:
        sizes = [int(n * factor) for n, factor in zip(input.shape[2:], asked)]
        scales = [1 / factor for factor in asked]
    else:
        sizes, scales = asked, [n / new for n, new in zip(input.shape[2:], asked)]
    if mode == "area":
        pool = adaptive_avg_pool1d if count == 1 else adaptive_avg_pool2d  # noqa: F821
        return pool(input, sizes if count == 2 else sizes[0])
    for dim, (new, scale) in enumerate(zip(sizes, scales), 2):
        if mode == "nearest":
            nearest = np.floor(np.arange(new) * scale).astype(int)
            input = input.index_select(dim, wrap(nearest.clip(max=input.shape[dim] - 1)))
        else:
            input = _stretched_along(input, dim, new, scale, align_corners)
    return input


def _stretched_along(input, dim, new, scale, align_corners):
    """Weighted means of neighbors along `dim`: `new` of them, `scale` old pixels apart."""
    last = input.shape[dim] - 1
    if align_corners:
        places = np.arange(new) * (last / max(1, new - 1))
    else:
        places = np.clip((np.arange(new) + 0.5) * scale - 0.5, 0, None)
    left = np.minimum(places.astype(int), last)
    shape = [new if d == dim else 1 for d in range(input.ndim)]
    share = wrap((places - left).reshape(shape).astype(input.dtype))
    at, after = (input.index_select(dim, wrap(i)) for i in (left, np.minimum(left + 1, last)))
    return at + (after - at) * share


def affine_grid(theta, size, align_corners=None):
    """Where each pixel of a moved image comes from (Jaderberg et al., 2015).

    Args:
        theta: Tensor (N, 2, 3): a matrix and a shift for each image.
        size: (N, C, H, W) of the images that will be made.
        align_corners: whether -1 and 1 are the middles of the corner pixels, or their edges.

    Returns:
        Tensor (N, H, W, 2): x and y, from -1 to 1.
    """
    n, _, height, width = size
    ends = [1.0 if align_corners else 1 - 1 / count for count in (width, height)]
    xs, ys = (np.linspace(-e, e, count) for e, count in zip(ends, (width, height)))
    x, y = np.meshgrid(xs if width > 1 else [0.0], ys if height > 1 else [0.0])
    places = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(1, -1, 3).astype(theta.dtype)
    return (wrap(places) @ theta.transpose(1, 2)).reshape(n, height, width, 2)


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """What stands in images at given places.

    Args:
        input: Tensor (N, C, H, W).
        grid: Tensor (N, OH, OW, 2): x and y, from -1 at the left and the top to 1.
        mode: "bilinear" or "nearest".
        padding_mode: what is outside: "zeros", or the nearest pixel of the "border".
        align_corners: as in `affine_grid`.

    Returns:
        Tensor (N, C, OH, OW).
    """
    if mode not in ("bilinear", "nearest") or padding_mode not in ("zeros", "border"):
        raise ValueError(
            "grid_sample: mode 'bilinear' or 'nearest', padding_mode 'zeros' or 'border'"
        )
    height, width = input.shape[2:]
    x, y = (_in_pixels(grid[..., i], n, align_corners) for i, n in enumerate((width, height)))
    if padding_mode == "border":
        x, y = x.clamp(0, width - 1), y.clamp(0, height - 1)
    if mode == "nearest":
        return _pixels(input, np.rint(x.data), np.rint(y.data))
    left, top = np.floor(x.data), np.floor(y.data)
    right, down = (x - wrap(left)).unsqueeze(1), (y - wrap(top)).unsqueeze(1)
    upper = _pixels(input, left, top) * (1 - right) + _pixels(input, left + 1, top) * right
    lower = _pixels(input, left, top + 1) * (1 - right) + _pixels(input, left + 1, top + 1) * right
    return upper * (1 - down) + lower * down


def _in_pixels(places, count, align_corners):
    """-1 to 1 as positions in a row of `count` pixels."""
    if align_corners:
        return (places + 1) * ((count - 1) / 2)
    return ((places + 1) * count - 1) / 2


def _pixels(input, x, y):
    """The pixels at whole positions (N, OH, OW), 0 outside: (N, C, OH, OW)."""
    height, width = input.shape[2:]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    images = np.arange(len(x)).reshape(-1, 1, 1)
    column, row = (np.where(inside, part, 0).astype(int) for part in (x, y))
    found = input.permute(0, 2, 3, 1)[images, row, column]
    return (found * wrap(inside[..., None].astype(input.dtype))).permute(0, 3, 1, 2)


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """All patches as columns: (N, C, H, W) to (N, C * KH * KW, patches)."""
    kernel, step = pair(kernel_size, "kernel_size", 1), pair(stride, "stride", 1)
    apart, (p, q) = pair(dilation, "dilation", 1), pair(padding, "padding", 0)
    framed = pad(input, (q, q, p, p))  # noqa: F821  (module 03 has it, in the same file)
    sizes = [
        (n - d * (k - 1) - 1) // s + 1 for n, k, d, s in zip(framed.shape[2:], kernel, apart, step)
    ]
    ends = [(n - 1) * s + 1 for n, s in zip(sizes, step)]
    parts = [
        framed[:, :, i : i + ends[0] : step[0], j : j + ends[1] : step[1]]
        for i in range(0, kernel[0] * apart[0], apart[0])
        for j in range(0, kernel[1] * apart[1], apart[1])
    ]
    n, c = input.shape[:2]
    return stack(parts, 2).reshape(n, c * kernel[0] * kernel[1], sizes[0] * sizes[1])


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """The way back from `unfold`, where patches that overlap are added up."""
    kernel, size = pair(kernel_size, "kernel_size", 1), pair(output_size, "output_size", 1)
    step, apart = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
    frame = pair(padding, "padding", 0)
    cells = kernel[0] * kernel[1]
    n, channels = input.shape[0], input.shape[1] // cells
    rows = [
        (s + 2 * p - d * (k - 1) - 1) // t + 1
        for s, p, d, k, t in zip(size, frame, apart, kernel, step)
    ]
    patches = input.reshape(n, channels * cells, *rows)
    each = np.tile(np.eye(cells, dtype=input.dtype), (channels, 1)).reshape(-1, 1, *kernel)
    reached = [
        (r - 1) * t - 2 * p + d * (k - 1) + 1
        for r, t, p, d, k in zip(rows, step, frame, apart, kernel)
    ]
    more = tuple(s - r for s, r in zip(size, reached))
    return conv_transpose2d(patches, wrap(each), None, step, frame, more, channels, apart)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """The largest pixel of windows chosen so that the result has `output_size`."""
    if return_indices:
        raise ValueError("adaptive_max_pool2d: return_indices is not offered")
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * 2
    sizes = [n if w is None else w for n, w in zip(input.shape[-2:], wanted)]
    for dim, size in zip((-2, -1), sizes):
        length = input.shape[dim]
        parts = [
            input.narrow(dim, i * length // size, -(-(i + 1) * length // size) - i * length // size)
            for i in range(size)
        ]
        input = stack([part.amax(dim) for part in parts], dim)
    return input


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """`adaptive_max_pool2d` for rows: (N, C, L) to (N, C, output_size)."""
    rows = input.unsqueeze(-2)
    return adaptive_max_pool2d(rows, (1, _the_one(output_size)), return_indices).squeeze(-2)


def pixel_unshuffle(input, downscale_factor):
    """(..., C, H r, W r) to (..., C r r, H, W): pixels become channels."""
    *rest, channels, height, width = input.shape
    r = downscale_factor
    if height % r or width % r:
        raise RuntimeError(f"pixel_unshuffle: {height} x {width} is no multiple of {r}")
    split = input.reshape(*rest, channels, height // r, r, width // r, r)
    at = len(rest)
    order = [*range(at), at, at + 2, at + 4, at + 1, at + 3]
    return split.permute(order).reshape(*rest, channels * r * r, height // r, width // r)


def conv_transpose1d(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    """`conv_transpose2d` for rows: input (N, C, L), weight (C, O / groups, K)."""
    how = (1, _the_one(stride)), (0, _the_one(padding)), (0, _the_one(output_padding)), groups
    images = _as_one_row("conv_transpose1d", input)
    out = conv_transpose2d(images, weight.unsqueeze(2), bias, *how, (1, _the_one(dilation)))
    return out.squeeze(-2)


# %% [markdown]
# ## As layers

# %%
#| default_exp nn.spatial_more
#| export
import functools
import math

import numpy as np

from tinytorch.nn import functional as F
from tinytorch.nn.functional import pair
from tinytorch.nn.init import kaiming_uniform_, uniform_
from tinytorch.nn.modules import Module, Parameter
from tinytorch.nn.spatial import AvgPool2d, Conv2d, MaxPool2d
from tinytorch.tensor import Function, float32, wrap

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AvgPool1d", "Conv1d",
    "ConvTranspose1d", "ConvTranspose2d", "MaxPool1d", "PixelShuffle", "PixelUnshuffle", "Unfold",
    "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d",
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
    """Larger images: see `functional.interpolate`."""

    def __init__(
        self,
        size=None,
        scale_factor=None,
        mode="nearest",
        align_corners=None,
        recompute_scale_factor=None,
    ):
        super().__init__()
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners = align_corners

    def forward(self, input):
        return F.interpolate(input, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self):
        asked = "size" if self.scale_factor is None else "scale_factor"
        value = getattr(self, asked)
        if asked == "scale_factor":
            value = tuple(map(float, value)) if isinstance(value, tuple) else float(value)
        return f"{asked}={value}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Larger images, from the nearest pixels."""

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor)


class UpsamplingBilinear2d(Upsample):
    """Larger images, whose corners stay where they are."""

    def __init__(self, size=None, scale_factor=None):
        super().__init__(size, scale_factor, "bilinear", True)


class PixelUnshuffle(Module):
    """Pixels become channels: (N, C, H r, W r) to (N, C r r, H, W)."""

    def __init__(self, downscale_factor):
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input):
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self):
        return f"downscale_factor={self.downscale_factor}"


class _AdaptiveMaxPool(Module):
    def __init__(self, output_size, return_indices=False):
        super().__init__()
        self.output_size, self.return_indices = output_size, return_indices

    def extra_repr(self):
        return f"output_size={self.output_size}"


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest pixel of windows chosen so that the result has `output_size`."""

    def forward(self, input):
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest number of windows chosen so that the result is `output_size` long."""

    def forward(self, input):
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class ConvTranspose1d(_Filters):
    """`Conv1d` the other way round: (N, in_channels, L) to (N, out_channels, OL)."""

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
        asked = kernel_size, stride, padding, dilation, output_padding
        sizes = [v if isinstance(v, tuple) else (v,) for v in asked]
        super().__init__((in_channels, out_channels), *sizes[:4], groups, bias)
        self.output_padding = sizes[4]

    def forward(self, input):
        how = self.stride, self.padding, self.output_padding, self.groups, self.dilation
        return F.conv_transpose1d(input, self.weight, self.bias, *how)


class Unfold(Module):
    """All patches as columns: see `functional.unfold`."""

    def __init__(self, kernel_size, dilation=1, padding=0, stride=1):
        super().__init__()
        self.how = kernel_size, dilation, padding, stride

    def forward(self, input):
        return F.unfold(input, *self.how)


# %% [markdown]
# ## PyTorch's other arguments of the lesson's layers


# %%
#| export
def _more_below(size, kernel, stride, padding, dilation):
    """Rows that a last window reaches beyond the padded image, where it may (`ceil_mode`)."""
    reach = dilation * (kernel - 1) + 1
    count = -(-(size + 2 * padding - reach) // stride) + 1
    count -= (count - 1) * stride >= size + padding
    return max(0, (count - 1) * stride + reach - size - 2 * padding)


def _framed(input, kernel, stride, padding, dilation, ceil_mode, value):
    """The images with their frame, and what `ceil_mode` needs at the lower and the right end."""
    how = zip(input.shape[-2:], kernel, stride, padding, dilation)
    below, right = (_more_below(*each) if ceil_mode else 0 for each in how)
    (p, q) = padding
    return F.pad(input, (q, q + right, p, p + below), value=value)


def _max_pool2d_as_pytorch(plain):
    """`max_pool2d` with `ceil_mode` and `return_indices`; `plain` is the lesson's."""

    def max_pool2d(
        input,
        kernel_size,
        stride=None,
        padding=0,
        dilation=1,
        ceil_mode=False,
        return_indices=False,
    ):
        if return_indices:
            raise ValueError("max_pool2d: return_indices is not offered")
        if not ceil_mode:
            return plain(input, kernel_size, stride, padding, dilation)
        kernel, step, frame = F.window_arguments("max_pool2d", kernel_size, stride, padding)
        apart = pair(dilation, "dilation", 1)
        framed = _framed(input, kernel, step, frame, apart, True, -math.inf)
        return plain(framed, kernel, step, 0, apart)

    max_pool2d.__doc__ = plain.__doc__
    return max_pool2d


def _avg_pool2d_as_pytorch(plain):
    """`avg_pool2d` with PyTorch's other arguments; `plain` is the lesson's."""

    def avg_pool2d(
        input,
        kernel_size,
        stride=None,
        padding=0,
        ceil_mode=False,
        count_include_pad=True,
        divisor_override=None,
    ):
        if not ceil_mode and count_include_pad and divisor_override is None:
            return plain(input, kernel_size, stride, padding)
        kernel, step, frame = F.window_arguments("avg_pool2d", kernel_size, stride, padding)
        how = kernel, step, frame, (1, 1), ceil_mode
        mean = plain(_framed(input, *how, 0.0), kernel, step)
        if divisor_override is not None:
            return mean * (kernel[0] * kernel[1] / divisor_override)
        counted = wrap(np.ones((1, 1, *input.shape[-2:]), input.dtype))
        if count_include_pad:
            (p, q) = frame
            counted = F.pad(counted, (q, q, p, p), value=1.0)
            more = [m - n for m, n in zip(_framed(input, *how, 0.0).shape, input.shape)][-2:]
            counted = F.pad(counted, (0, more[1] - 2 * q, 0, more[0] - 2 * p))
        else:
            counted = _framed(counted, *how, 0.0)
        share = plain(counted, kernel, step)
        return mean / (share if input.ndim == 4 else share.squeeze(0))

    avg_pool2d.__doc__ = plain.__doc__
    return avg_pool2d


F.max_pool2d = _max_pool2d_as_pytorch(F.max_pool2d)
F.avg_pool2d = _avg_pool2d_as_pytorch(F.avg_pool2d)


def _max_pool_init(
    self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False
):
    Module.__init__(self)
    self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
    self.stride = kernel_size if stride is None else stride
    self.return_indices, self.ceil_mode = return_indices, ceil_mode


def _max_pool_forward(self, input):
    how = self.kernel_size, self.stride, self.padding, self.dilation
    return F.max_pool2d(input, *how, self.ceil_mode, self.return_indices)


_max_pool_repr = MaxPool2d.extra_repr
MaxPool2d.__init__, MaxPool2d.forward = _max_pool_init, _max_pool_forward
MaxPool2d.extra_repr = lambda self: f"{_max_pool_repr(self)}, ceil_mode={self.ceil_mode}"


def _avg_pool_init(
    self,
    kernel_size,
    stride=None,
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
    divisor_override=None,
):
    Module.__init__(self)
    self.kernel_size, self.padding = kernel_size, padding
    self.stride = kernel_size if stride is None else stride
    self.how = ceil_mode, count_include_pad, divisor_override


def _avg_pool_forward(self, input):
    return F.avg_pool2d(input, self.kernel_size, self.stride, self.padding, *self.how)


AvgPool2d.__init__, AvgPool2d.forward = _avg_pool_init, _avg_pool_forward

_conv_init, _conv_forward = Conv2d.__init__, Conv2d.forward


@functools.wraps(_conv_init)
def _conv_init_as_pytorch(
    self,
    in_channels,
    out_channels,
    kernel_size,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    bias=True,
    padding_mode="zeros",
    device=None,
    dtype=None,
):
    if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
        raise ValueError(f"padding_mode: zeros, reflect, replicate or circular: {padding_mode!r}")
    how = stride, padding, dilation, groups, bias
    _conv_init(self, in_channels, out_channels, kernel_size, *how, device=device, dtype=dtype)
    self.padding_mode = padding_mode


def _conv_forward_as_pytorch(self, input):
    if self.padding_mode == "zeros" or isinstance(self.padding, str):
        return _conv_forward(self, input)
    p, q = self.padding
    framed = F.pad(input, (q, q, p, p), self.padding_mode)
    return F.conv2d(framed, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


Conv2d.__init__, Conv2d.forward = _conv_init_as_pytorch, _conv_forward_as_pytorch


# %% [markdown]
# ## Gradients of gradients
#
# A convolution, the gradient of its pixels and that of its filters are straight in each of their
# two inputs, and each one's gradients are the other two.


# %%
#| export
def _pixels(grad, weight, shape, how):
    """From the gradient of a convolution's result to that of its images, of this shape."""
    stride, padding, dilation, groups = how
    (p, q), (n, c, h, w) = padding, shape
    rows = F.as_rows_of_places(grad, groups)
    framed = n, h + 2 * p, w + 2 * q, c
    sent = F.scatter(rows, weight, stride, dilation, grad.shape[2:], framed)
    return F.unframe(sent, padding)


def _filters(x, grad, shape, how):
    """From the images and the gradient of the result to that of the filters, of this shape."""
    stride, padding, dilation, groups = how
    seen = F.frame(x, padding), shape[2:], stride, dilation, grad.shape[2:], groups
    return F.gradient_of_filters(F.gather(*seen), F.as_rows_of_places(grad, groups), shape)[0]


class ConvPixels(Function):
    """`_pixels` as an operation."""

    def forward(self, grad, weight, shape, how):
        return _pixels(grad, weight, shape, how)

    def backward(self, again):
        grad, weight, _, how = self.args
        of_grad = F.Conv2dOp().forward(again, weight, None, *how)
        return of_grad, _filters(again, grad, weight.shape, how)

    def slopes(self, again, out, grad, weight, shape, how):
        of_grad = F.Conv2dOp.apply(again, weight, None, *how)
        return of_grad, ConvFilters.apply(again, grad, weight.data.shape, how)


class ConvFilters(Function):
    """`_filters` as an operation."""

    def forward(self, x, grad, shape, how):
        return _filters(x, grad, shape, how)

    def backward(self, again):
        x, grad, _, how = self.args
        return _pixels(grad, again, x.shape, how), F.Conv2dOp().forward(x, again, None, *how)

    def slopes(self, again, out, x, grad, shape, how):
        of_x = ConvPixels.apply(grad, again, x.data.shape, how)
        return of_x, F.Conv2dOp.apply(x, again, None, *how)


def _conv_slopes(self, grad, out, x, weight, bias, *how):
    need_x, need_weight, need_bias, *_ = self.needs_input_grad
    return (
        ConvPixels.apply(grad, weight, x.data.shape, how) if need_x else None,
        ConvFilters.apply(x, grad, weight.data.shape, how) if need_weight else None,
        grad.sum((0, 2, 3)) if need_bias else None,
    )


F.Conv2dOp.slopes = _conv_slopes


def _seen_by_cells(x, kernel, stride, padding, dilation, value):
    """What each cell of a window sees: a list of tensors (N, C, OH, OW)."""
    (p, q), patches = padding, []
    size = F.places("pooling", x.data.shape, kernel, stride, padding, dilation)
    framed = F.pad(x, (q, q, p, p), value=value)
    for _, _, (images, down, right) in F.cells(kernel, stride, dilation, size):
        patches.append(framed[images, :, down, right])
    return patches


@F.written_out(F.MaxPool2dOp)
def _max_pool2d(x, kernel, stride, padding, dilation):
    first, *rest = _seen_by_cells(x, kernel, stride, padding, dilation, -math.inf)
    for other in rest:
        first = first.maximum(other)
    return first


@F.written_out(F.AvgPool2dOp)
def _avg_pool2d(x, kernel, stride, padding):
    return sum(_seen_by_cells(x, kernel, stride, padding, (1, 1), 0.0)) / (kernel[0] * kernel[1])
