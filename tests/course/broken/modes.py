"""Two layers with modes, buffers and random numbers, as a student would write them, and mistakes.

They are written on the reference's `nn.Module`; nothing of module 06 is needed. Each variant is one
replacement in their text. `test_model_under_test.py` judges them.
"""

from __future__ import annotations

from typing import NamedTuple

LAYERS = """
import numpy as np
import tinytorch as tt
from tinytorch import nn


class BatchNorm1d(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.weight, self.bias = nn.Parameter(tt.ones(features)), nn.Parameter(tt.zeros(features))
        self.register_buffer("running_mean", tt.zeros(features))
        self.register_buffer("running_var", tt.ones(features))

    def forward(self, x):
        mean, var = self.running_mean, self.running_var
        if self.training:
            mean = x.mean(dim=0)
            var = ((x - mean) ** 2).mean(dim=0)
            self.update(mean.data, var.data)
        return (x - mean) / (var + 1e-5).sqrt() * self.weight + self.bias

    def update(self, mean, var):
        self.running_mean.data += 0.1 * (mean - self.running_mean.data)
        self.running_var.data += 0.1 * (var - self.running_var.data)


class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        mask = tt.rand(*x.shape).data > self.p
        return x * tt.tensor(mask.astype(x.dtype) / (1 - self.p))


class Net(nn.Sequential):
    pass


def network():
    return Net(nn.Linear(6, 8), BatchNorm1d(8), nn.ReLU(), Dropout(0.2), nn.Linear(8, 3))
"""
UPDATE = "            self.update(mean.data, var.data)"
STATISTICS = (
    "            mean = x.mean(dim=0)\n            var = ((x - mean) ** 2).mean(dim=0)\n" + UPDATE
)


class Variant(NamedTuple):
    """One mistake, and what must be said about it."""

    name: str
    old: str
    new: str
    said: str


VARIANTS = [
    Variant(
        "dropout stays on in evaluation",
        "if not self.training:\n            return x", "",
        "In evaluation mode, `3` (Dropout) gives different outputs for the same input.",
    ),
    Variant(
        "dropout does not rescale",
        "mask.astype(x.dtype) / (1 - self.p)", "mask.astype(x.dtype)",
        "On average, `3` (Dropout) gives in training mode 0.8",
    ),
    Variant(
        "dropout rescales by p",
        "/ (1 - self.p)", "/ self.p",
        "On average, `3` (Dropout) gives in training mode 4",
    ),
    Variant(
        "dropout draws from a generator of its own",
        "tt.rand(*x.shape).data > self.p", "np.random.default_rng().random(x.shape) > self.p",
        "In training mode, `3` (Dropout) gives different outputs for the same input after the same "
        "`manual_seed`.",
    ),
    Variant(
        "dropout forgets its mask in backward",
        "return x * tt.tensor(mask.astype(x.dtype) / (1 - self.p))",
        "return x + (x * tt.tensor(mask.astype(x.dtype) / (1 - self.p)) - x).detach()",
        "In training mode, the gradient of `1.bias` (BatchNorm1d.bias)",
    ),
    Variant(
        "running statistics updated in evaluation too",
        UPDATE, "        self.update(x.data.mean(axis=0), x.data.var(axis=0))",
        "In evaluation mode, a forward changed `1.running_mean` (BatchNorm1d.running_mean).",
    ),
    Variant(
        "running statistics not updated in training",
        UPDATE + "\n", "",
        "In training mode, a forward did not change `1.running_mean` (BatchNorm1d.running_mean).",
    ),
    Variant(
        "one running statistic forgotten",
        "        self.running_var.data += 0.1 * (var - self.running_var.data)\n", "",
        "In training mode, a forward did not change `1.running_var` (BatchNorm1d.running_var).",
    ),
    Variant(
        "a running statistic that is no buffer",
        'self.register_buffer("running_mean", tt.zeros(features))',
        'self.__dict__["running_mean"] = tt.zeros(features)',
        "A forward in training mode changed what `1` (BatchNorm1d) gives in evaluation mode, "
        "although all parameters and buffers were restored.",
    ),
    Variant(
        "batch statistics as constants",
        UPDATE, "            mean, var = mean.detach(), var.detach()\n" + UPDATE,
        "In training mode, the gradient of `0.bias` (Linear.bias)",
    ),
    Variant(
        "the batch's variance as a constant",
        UPDATE, "            var = var.detach()\n" + UPDATE,
        "In training mode, the gradient of `0.weight` (Linear.weight)",
    ),
    Variant(
        "evaluation with the batch's statistics",
        "        if self.training:\n" + STATISTICS,
        "        mean = x.mean(dim=0)\n        var = ((x - mean) ** 2).mean(dim=0)\n"
        "        if self.training:\n" + UPDATE,
        "In evaluation mode, what `1` (BatchNorm1d) gives for an example depends on the other "
        "examples of the batch.",
    ),
    Variant(
        "a wrong sign in backward, in evaluation only",
        "        return (x - mean)",
        "        x = x if self.training else 2 * x.detach() - x\n        return (x - mean)",
        "In evaluation mode, the gradient of `0.bias` (Linear.bias) has the wrong sign.",
    ),
    Variant(
        "training with the running statistics",
        STATISTICS,
        "            mean, var = tt.tensor(mean.data.copy()), tt.tensor(var.data.copy())\n"
        "            self.update(x.data.mean(axis=0), x.data.var(axis=0))",
        "The gradient of `0.bias` is not zero",
    ),
    Variant(
        "eval() that does not reach the layers",
        "class Net(nn.Sequential):\n    pass",
        "class Net(nn.Sequential):\n    def train(self, mode=True):\n"
        "        self.training = mode\n        return self",
        "After `model.eval()`, `0` (Linear) is still in training mode.",
    ),
]  # fmt: skip
