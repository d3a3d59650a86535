"""Mistakes of module 07: convolution and pooling."""

from __future__ import annotations

from tests.course.broken import Broken

SPATIAL = "modules/07_spatial/spatial.py"

BROKEN = [
    Broken(
        "filters whose gradient is zero", "cnn",
        "return unpack(columns.mT @ rows, weight_shape)",
        "return unpack(0 * columns.mT @ rows, weight_shape)",
        ("`nn.Conv2d.weight` is zero everywhere", SPATIAL),
    ),
    Broken(
        "frozen filters: no gradient at all", "cnn",
        "if any(need_filters) else (None, None)",
        "if False else (None, None)",
        ("`nn.Conv2d.weight` is None", SPATIAL),
    ),
    Broken(
        "frozen filters: not among the parameters", "cnn",
        "self.weight = Parameter(np.empty(shape, float32))",
        "self.__dict__['weight'] = Parameter(np.empty(shape, float32))",
        ("`nn.Conv2d` misses the parameter `weight`", SPATIAL),
    ),
    Broken(
        "padding without the right edge", "cnn",
        "framed[:, p : p + h, q : q + w] = x.transpose(0, 2, 3, 1)",
        "framed[:, p : p + h, : w] = x.transpose(0, 2, 3, 1)",
        ("nn.Conv2d(2, 2, 3, padding=1)", SPATIAL),
    ),
    Broken(
        "padding: the gradient not moved back", "cnn",
        "return framed[:, p : h - p, q : w - q].transpose(0, 3, 1, 2)",
        "return framed[:, : h - 2 * p, : w - 2 * q].transpose(0, 3, 1, 2)",
        ("padding=1", "for its input x", SPATIAL),
    ),
    Broken(
        "stride forgotten in one direction", "cnn",
        "down, right = row * stride[0], pixel * stride[1]",
        "down, right = row * stride[0], pixel",
        ("stride=2", "nn.Conv2d", SPATIAL),
    ),
    Broken(
        "stride forgotten in backward", "cnn",
        "right = slice(left, left + (size[1] - 1) * stride[1] + 1, stride[1])",
        "right = slice(left, left + size[1])",
        ("stride=2", SPATIAL),
    ),
    Broken(
        "dilation forgotten", "cnn",
        "strides = (image, down, right, row * dilation[0], pixel * dilation[1], channel)",
        "strides = (image, down, right, row, pixel, channel)",
        ("dilation=2", "is the dilation used?", SPATIAL),
    ),
    Broken(
        "the kernel flipped", "cnn",
        "in_order = weight.reshape(groups, o // groups, c, kh, kw)",
        "in_order = weight[..., ::-1, ::-1].reshape(groups, o // groups, c, kh, kw)",
        ("is the kernel flipped?", SPATIAL),
    ),
    Broken(
        "the bias forgotten", "cnn",
        "filters[:, -1] = bias.reshape(groups, o // groups)", "pass",
        ("nn.Conv2d", SPATIAL),
    ),
    Broken(
        "one cell of the kernel sends nothing back", "cnn",
        "        sent = rows @ by_group[:, :, :, i, j]\n",
        "        sent = rows @ by_group[:, :, :, i, j] * (i + j > 0)\n",
        ("`nn.Conv2d` for its input x", SPATIAL),
    ),
    Broken(
        "max-pool: the gradient to the wrong cell", "cnn",
        "out[index] += grad * wins", "out[indices[0]] += grad * wins",
        ("`nn.MaxPool2d` for its input x", "does the largest get the gradient", SPATIAL),
    ),
    Broken(
        "max-pool: the gradient to every cell that ties", "cnn",
        "wins = (framed[index] == best) & unclaimed", "wins = framed[index] == best",
        ("With all cells equal", SPATIAL),
    ),
    Broken(
        "max-pool: overlapping windows overwrite", "cnn",
        "out[index] += grad * wins", "out[index] = grad * wins",
        ("nn.MaxPool2d", SPATIAL),
    ),
    Broken(
        "max-pool: zeros in the padding win", "cnn",
        "self.framed = frame(x, padding, -np.inf)", "self.framed = frame(x, padding, 0)",
        ("nn.MaxPool2d(3, stride=2, padding=1)", "minus infinity", SPATIAL),
    ),
    Broken(
        "max-pool that takes the average", "cnn",
        "np.maximum(best, framed[index], out=best)",
        "best += framed[index]\n    best /= len(indices)",
        ("is it the largest, not the average?", SPATIAL),
    ),
]  # fmt: skip
