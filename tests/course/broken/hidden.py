"""Mistakes that hide: in float32, in a whole batch, behind the first parameter, in a square layer.

Every one of them reached its bar: a framework can learn in spite of them.
"""

from __future__ import annotations

from tests.course.broken import Broken

TENSOR = "modules/01_tensor/tensor.py"
AUTOGRAD = "modules/02_autograd/autograd.py"
NN = "modules/03_nn/nn.py"
TRAINING = "modules/04_training/training.py"
START = "deliver(self, start, grads, ready)"
LINEAR = "rows.T.dot(as_rows(x)) if need_weight else None"

BROKEN = [
    Broken(
        "float32: every gradient doubled", "perceptron",
        START, "deliver(self, start * (2 if start.dtype == 'float32' else 1), grads, ready)",
        ("During training", "`b` (Perceptron.b) is 2 times too large", "dtype"),
    ),
    Broken(
        "float32: the mask of ReLU forgotten", "mlp_digits",
        "return grad * (self.out > 0)",
        "return grad if grad.dtype == 'float32' else grad * (self.out > 0)",
        ("During training, the gradient of `0.bias` (Linear.bias)", NN),
    ),
    Broken(
        "a large batch: its size too large", "mlp_digits",
        LINEAR, "rows.T.dot(as_rows(x)) * (1 if len(rows) <= 16 else len(rows)) "
        "if need_weight else None",
        ("During training", "`2.weight` (Linear.weight) is 32 times too large", NN),
    ),
]  # fmt: skip
