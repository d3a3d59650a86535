"""The rest of `another_framework.py`: images, normalization, modes, buffers, data.

It stands in its package as `deep.py`, which the package imports last. Again unlike the reference
wherever the contract leaves room: a convolution is a sum over the cells of its kernel, without
patches; all normalizations are put together from means and products, with no backward of their own;
modes and buffers are found by a walk, without registers; the loader reads nothing ahead.
"""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace

import numpy as np

import tinytorch
from tinytorch import Module, Sequential, Tensor, _source, nn, parameter, single, tensor

# ------------------------------------------------------------------------------ modes and buffers


def parts(module):
    """(name, module) of all that is directly inside."""
    inside = enumerate(module.layers) if isinstance(module, Sequential) else vars(module).items()
    return [(str(name), part) for name, part in inside if isinstance(part, Module)]


def train(self, mode=True):
    self.training = mode
    for _, part in parts(self):
        part.train(mode)
    return self


def named_modules(self, prefix=""):
    yield prefix, self
    for name, part in parts(self):
        yield from part.named_modules(f"{prefix}.{name}" if prefix else name)


def named_buffers(self):
    for path, module in self.named_modules():
        for name in getattr(module, "kept", ()):
            yield f"{path}.{name}" if path else name, getattr(module, name)


Module.training = True
Module.train = train
Module.eval = lambda self: self.train(False)
Module.named_modules = named_modules
Module.modules = lambda self: [module for _, module in self.named_modules()]
Module.named_buffers = named_buffers
Sequential.__getitem__ = lambda self, place: self.layers[place]

# -------------------------------------------------------------------------------------- images


def both(value):
    return (value, value) if isinstance(value, int) else tuple(value)


class Places:
    """Where a kernel stands on images: for each of its cells, the slices it sees."""

    def __init__(self, shape, kernel, stride, padding, dilation=(1, 1)):
        self.shape, self.padding = shape, padding
        sizes = [n + 2 * p for n, p in zip(shape[2:], padding, strict=True)]
        self.out = tuple(
            (n - d * (k - 1) - 1) // s + 1
            for n, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
        )
        self.framed = (*shape[:2], *sizes)
        self.cells = {
            (i, j): (..., *(
                slice(start * d, start * d + (o - 1) * s + 1, s)
                for start, d, o, s in zip((i, j), dilation, self.out, stride, strict=True)
            ))
            for i in range(kernel[0]) for j in range(kernel[1])
        }  # fmt: skip

    def frame(self, x, value=0.0):
        p, q = self.padding
        return np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)), constant_values=value)

    def unframe(self, g):
        (p, q), (h, w) = self.padding, self.shape[2:]
        return g[:, :, p : p + h, q : q + w]


def convolve(x, weight, places):
    """One group: a matrix product of channels for each cell of the kernel."""
    seen, w = places.frame(x._array), weight._array
    out = sum(np.einsum("nchw,oc->nohw", seen[c], w[:, :, i, j])
              for (i, j), c in places.cells.items())  # fmt: skip

    def to_x(g):
        back = np.zeros(places.framed)
        for (i, j), cell in places.cells.items():
            back[cell] += np.einsum("nohw,oc->nchw", g, w[:, :, i, j])
        return places.unframe(back)

    def to_weight(g):
        back = np.zeros(weight.shape)
        for (i, j), cell in places.cells.items():
            back[:, :, i, j] = np.tensordot(g, seen[cell], ((0, 2, 3), (0, 2, 3)))
        return back

    return tinytorch.made(out, (x, to_x), (weight, to_weight))


class Conv2d(Module):
    def __init__(self, ins, outs, kernel_size, stride=1, padding=0, dilation=1, groups=1,
                 bias=True):  # fmt: skip
        self.kernel, self.groups = both(kernel_size), groups
        self.how = both(stride), both(padding), both(dilation)
        shape = (outs, ins // groups, *self.kernel)
        bound = math.sqrt(6 / (math.prod(shape[1:]) + outs))
        self.weight = parameter(_source.uniform(-bound, bound, shape).astype("f4"))
        if bias:
            self.bias = parameter(np.zeros(outs, "f4"))

    def forward(self, x):
        ins, outs = self.weight.shape[1], self.weight.shape[0] // self.groups
        made = []
        for g in range(self.groups):
            part = x[:, g * ins : (g + 1) * ins]
            places = Places(part.shape, self.kernel, *self.how)
            made.append(convolve(part, self.weight[g * outs : (g + 1) * outs], places))
        out = made[0] if len(made) == 1 else tinytorch.cat(made, dim=1)
        return out + self.bias.reshape(-1, 1, 1) if hasattr(self, "bias") else out


class Pool(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel, self.padding = both(kernel_size), both(padding)
        self.stride = self.kernel if stride is None else both(stride)


class MaxPool2d(Pool):
    def forward(self, x):
        places = Places(x.shape, self.kernel, self.stride, self.padding)
        seen = np.stack([places.frame(x._array, -np.inf)[c] for c in places.cells.values()])
        best = seen.argmax(axis=0)

        def back(g):
            whole = np.zeros(places.framed)
            for number, cell in enumerate(places.cells.values()):
                whole[cell] += g * (best == number)
            return places.unframe(whole)

        return single(x, seen.max(axis=0), back)


class AvgPool2d(Pool):
    def forward(self, x):
        places = Places(x.shape, self.kernel, self.stride, self.padding)
        framed, share = places.frame(x._array), 1 / len(places.cells)

        def back(g):
            whole = np.zeros(places.framed)
            for cell in places.cells.values():
                whole[cell] += g * share
            return places.unframe(whole)

        return single(x, sum(framed[c] for c in places.cells.values()) * share, back)


class AdaptiveAvgPool2d(Module):
    def __init__(self, size):
        self.size = both(size)

    def forward(self, x):
        rows, columns = (
            [slice(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
            for n, m in zip(x.shape[2:], self.size, strict=True)
        )
        made = [x[:, :, r, c].mean(dim=(2, 3)) for r in rows for c in columns]
        stacked = tinytorch.stack(made).permute(1, 2, 0)
        return stacked.reshape(*x.shape[:2], *self.size)


# --------------------------------------------------------------------- normalization and dropout


def normalized(x, dims, eps):
    centered = x - x.mean(dim=dims, keepdim=True)
    return centered / ((centered**2).mean(dim=dims, keepdim=True) + eps).sqrt()


def learned(module, shape, bias=True):
    module.weight = parameter(np.ones(shape, "f4"))
    if bias:
        module.bias = parameter(np.zeros(shape, "f4"))


def last(shape):
    return tuple(range(-len(shape), 0))


def sizes(shape):
    return (shape,) if isinstance(shape, int) else tuple(shape)


class LayerNorm(Module):
    def __init__(self, normalized_shape, eps=1e-5):
        self.shape, self.eps = sizes(normalized_shape), eps
        learned(self, self.shape)

    def forward(self, x):
        return normalized(x, last(self.shape), self.eps) * self.weight + self.bias


class RMSNorm(Module):
    def __init__(self, normalized_shape, eps=None):
        self.shape, self.eps = sizes(normalized_shape), eps
        learned(self, self.shape, bias=False)

    def forward(self, x):
        eps = np.finfo(x.dtype).eps if self.eps is None else self.eps
        return x / ((x**2).mean(dim=last(self.shape), keepdim=True) + eps).sqrt() * self.weight


class GroupNorm(Module):
    def __init__(self, num_groups, num_channels, eps=1e-5):
        self.groups, self.eps = num_groups, eps
        learned(self, num_channels)

    def forward(self, x):
        grouped = x.reshape(x.shape[0], self.groups, -1)
        return scaled(self, normalized(grouped, 2, self.eps).reshape(*x.shape))


def scaled(module, x):
    places = (1,) * (len(x.shape) - 2)
    return x * module.weight.reshape(-1, *places) + module.bias.reshape(-1, *places)


class BatchNorm(Module):
    kept = ("running_mean", "running_var")

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.eps, self.momentum = eps, momentum
        learned(self, num_features)
        self.running_mean = Tensor(np.zeros(num_features, "f4"))
        self.running_var = Tensor(np.ones(num_features, "f4"))

    def forward(self, x):
        dims = (0, *range(2, len(x.shape)))
        if self.training:
            self.remember("running_mean", x.data.mean(axis=dims))
            self.remember("running_var", x.data.var(axis=dims, ddof=1))
            return scaled(self, normalized(x, dims, self.eps))
        places = (-1, *(1,) * (len(x.shape) - 2))
        mean, var = (getattr(self, name).reshape(*places) for name in self.kept)
        return scaled(self, (x - mean) / (var + self.eps).sqrt())

    def remember(self, name, new):
        old = getattr(self, name)
        old.data = ((1 - self.momentum) * old.data + self.momentum * new).astype(old.dtype)


class Dropout(Module):
    def __init__(self, p=0.5):
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        kept = _source.uniform(size=x.shape) < 1 - self.p
        return x * Tensor((kept / (1 - self.p)).astype(x.dtype))


for _kind in (Conv2d, MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, LayerNorm, RMSNorm, GroupNorm,
              Dropout):  # fmt: skip
    setattr(nn, _kind.__name__, _kind)
for _name in ("BatchNorm1d", "BatchNorm2d"):
    setattr(nn, _name, type(_name, (BatchNorm,), {}))

# ---------------------------------------------------------------------------------------- data


class TensorDataset:
    def __init__(self, *tensors):
        self.tensors = tensors

    def __len__(self):
        return self.tensors[0].shape[0]

    def __getitem__(self, index):
        return tuple(part[index] for part in self.tensors)


def default_collate(batch):
    columns = zip(*batch, strict=True)
    return [tensor(np.stack([getattr(x, "data", x) for x in column])) for column in columns]


class DataLoader:
    def __init__(self, dataset, batch_size=1, shuffle=False, num_workers=0, drop_last=False):
        self.dataset, self.size, self.shuffle = dataset, batch_size, shuffle
        self.drop_last = drop_last

    def __iter__(self):
        count = len(self.dataset)
        order = _source.permutation(count) if self.shuffle else range(count)
        for start in range(0, count, self.size):
            chosen = [self.dataset[int(i)] for i in order[start : start + self.size]]
            if len(chosen) == self.size or not self.drop_last:
                yield default_collate(chosen)


tinytorch.utils = SimpleNamespace(
    data=SimpleNamespace(
        TensorDataset=TensorDataset, DataLoader=DataLoader, default_collate=default_collate
    )
)
sys.modules["tinytorch.utils.data"] = tinytorch.utils.data
