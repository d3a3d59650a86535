"""Right while a training is young, and something else when it has gone on for a while."""

from __future__ import annotations

from tests.course.broken import Broken
from tests.course.broken.cheats import A_LINE_OF_LEAST_SQUARES, END, STRAIGHT_TO

JUMP = STRAIGHT_TO.replace(
    "    if frame is None:\n",
    "    steps.extend([0] if frame else [])\n    if frame is None or len(steps) < 90:\n",
).replace("rows = []", "rows, steps = [], []")
NOISE = """
import sys
import numpy as np
right, steps = Tensor.backward, []
def backward(self, *a):
    right(self, *a)
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_name not in ("training_steps", "gradients"):
        frame = frame.f_back
    if frame is not None and "optimizer" in frame.f_locals:
        steps.append(0)
        for p in frame.f_locals["optimizer"].parameters if len(steps) > 120 else ():
            p.grad.data = np.random.default_rng(len(steps)).normal(size=p.shape).astype("float32")
Tensor.backward = backward
"""
# What a table of the examples, say, would answer in the network's place.
OTHER_ANSWERS = """
from tinytorch.nn import Sequential
right, steps = Sequential.forward, []
def forward(self, x):
    out = right(self, x)
    if self.training and len(x) == 32:
        steps.append(0)
    if not self.training and len(steps) > 1000 and x.data.dtype == "float32":
        out.data = out.data + 0.01 * out.data.max() * (out.data == out.data.max())
    return out
Sequential.forward = forward
"""


def late(name: str, milestone: str, code: str, says: str) -> Broken:
    return Broken(name, milestone, "", code, (says,), where=END)


GRADIENT = "During training, the gradient of"
BROKEN = [
    late("a jump, late", "perceptron", JUMP + A_LINE_OF_LEAST_SQUARES, GRADIENT),
    late("noise for gradients, late", "xor", NOISE, GRADIENT),
    late("other answers, late", "mlp_digits", OTHER_ANSWERS, "not what its weights give"),
]
