"""Mistakes of modules 03 and 04: layers, losses, optimizers."""

from __future__ import annotations

from tests.course.broken import Broken

NN = "modules/03_nn/nn.py"
TRAINING = "modules/04_training/training.py"
MEAN = "is the mean over the batch taken?"

OWN_BATCHES = (
    "    return [order[start : start + batch_size] for start in range(0, count, batch_size)]"
)

BROKEN = [
    Broken(
        "Sequential: each layer gets a detached tensor", "xor",
        "            input = module(input)\n", "            input = module(input.detach())\n",
        ("no gradient comes back to x, 0.weight, 0.bias", "nn.Sequential", NN),
    ),
    Broken(
        "train_step: the old gradients kept", "mlp_digits",
        "    optimizer.zero_grad()\n    outputs = model(x)", "    outputs = model(x)",
        ("training.train_step", "are the old gradients cleared before backward?", TRAINING),
    ),
    Broken(
        "batch_indices: never shuffled", "mlp_digits",
        "default_generator.permutation(count) if shuffle else np.arange(count)",
        "np.arange(count)",
        ("training.batch_indices", TRAINING),
    ),
    Broken(
        "batch_indices: without an end", "mlp_digits",
        OWN_BATCHES, "    import itertools\n    return itertools.repeat(order[:batch_size])",
        ("training.batch_indices", "does it never end?", TRAINING),
    ),
    Broken(
        "ReLU: the mask forgotten", "xor",
        "return grad * (self.out > 0)", "return grad",
        ("nn.ReLU", "is the mask of the negative inputs missing?", NN),
    ),
    Broken(
        "ReLU: the mask forgotten, on the digits", "mlp_digits",
        "return grad * (self.out > 0)", "return grad",
        ("nn.ReLU", "is the mask of the negative inputs missing?", NN),
    ),
    Broken(
        "Tanh: the factor forgotten", "xor",
        "return grad * (1 - self.out * self.out)", "return grad",
        ("tanh", "modules/02_autograd/autograd.py"),
    ),
    Broken(
        "Linear: the weight's gradient zero", "xor",
        "rows.T.dot(as_rows(x)) if need_weight else None",
        "0 * rows.T.dot(as_rows(x)) if need_weight else None",
        ("`nn.Linear.weight` is zero everywhere", NN),
    ),
    Broken(
        "Linear: the weight's gradient missing", "xor",
        "rows.T.dot(as_rows(x)) if need_weight else None", "None",
        ("`nn.Linear.weight` is None", NN),
    ),
    Broken(
        "Linear: the weight's gradient flipped", "xor",
        "rows.T.dot(as_rows(x)) if need_weight else None",
        "-rows.T.dot(as_rows(x)) if need_weight else None",
        ("`nn.Linear.weight` has the wrong sign", NN),
    ),
    Broken(
        "Linear: the batch's size too large", "xor",
        "rows.T.dot(as_rows(x)) if need_weight else None",
        "len(rows) * rows.T.dot(as_rows(x)) if need_weight else None",
        ("`nn.Linear.weight` is 2 times too large (dimension 0 of x is 2)", NN),
    ),
    Broken(
        "Linear: the bias's gradient not summed", "xor",
        "np.add.reduce(rows) if need_bias else None", "rows[0] if need_bias else None",
        ("`nn.Linear.bias`", NN),
    ),
    Broken(
        "constant output", "xor",
        "class LinearOp(Function):\n    def forward(self, x, weight, bias):",
        "class LinearOp(Function):\n    def forward(self, x, weight, bias):\n"
        "        x = np.zeros_like(x)",
        ("nn.Linear(4, 2)(x)", "does it use its input?", NN),
    ),
    Broken(
        "NaN weights", "xor",
        "kaiming_uniform_(self.weight, a=math.sqrt(5))",
        "self.weight.data[...] = np.nan",
        ("nn.Linear(64, 32).weight", "NaN", NN), where="nn/modules.py",
    ),
    Broken(
        "all weights alike", "xor",
        "kaiming_uniform_(self.weight, a=math.sqrt(5))",
        "self.weight.data[...] = 0.05",
        ("nn.Linear(64, 32).weight", "0.05 everywhere", NN), where="nn/modules.py",
    ),
    Broken(
        "a Module that does not look into its modules", "xor",
        "self._modules[name] = value", "pass",
        ("nn.Module.__setattr__", "inner", NN), where="nn/modules.py",
    ),
    Broken(
        "a loss that returns 0", "xor",
        "losses = np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))",
        "losses = np.zeros_like(x)",
        ("nn.BCEWithLogitsLoss", "is zero", NN),
    ),
    Broken(
        "a loss that returns 0, on the digits", "mlp_digits",
        "return _reduced(np.log(self.sums[:, 0]) - shifted[self.right], reduction)",
        "return np.zeros(())",
        ("nn.CrossEntropyLoss", "is zero", NN),
    ),
    Broken(
        "losses without their mean", "xor",
        'return grad / count if reduction == "mean" else grad', "return grad",
        ("2 times too large", MEAN, NN),
    ),
    Broken(
        "cross-entropy: softmax without minus one", "mlp_digits",
        "result[self.right] -= 1", "pass",
        ("nn.CrossEntropyLoss", "is 1 subtracted at the right class?", NN),
    ),
    Broken(
        "cross-entropy that overflows", "mlp_digits",
        "        shifted = x - x.max(axis=1, keepdims=True)\n        self.exps",
        "        shifted = x\n        self.exps",
        ("[[1000, 0], [0, -1000]]", NN),
    ),
    Broken(
        "SGD: a step that does nothing", "mlp_digits",
        'p.data -= group["lr"] * grad', 'p.data - group["lr"] * grad',
        ("optim.SGD", "step() does nothing", TRAINING),
    ),
    Broken(
        "Adam: a step that does nothing", "mlp_digits",
        "p.data -= rate * m / (np.sqrt(v / (1 - beta2**t)) + eps)", "pass",
        ("optim.Adam", "step() does nothing", TRAINING),
    ),
    Broken(
        "Adam: uphill", "mlp_digits",
        "p.data -= rate * m / (np.sqrt(v / (1 - beta2**t)) + eps)",
        "p.data += rate * m / (np.sqrt(v / (1 - beta2**t)) + eps)",
        ("optim.Adam", TRAINING),
    ),
    Broken(
        "Adam: no correction of the start", "mlp_digits",
        "rate = lr / (1 - beta1**t)", "rate = lr",
        ("optim.Adam", TRAINING),
    ),
    Broken(
        "SGD: momentum forgotten", "mlp_digits",
        "v *= momentum", "v *= 0",
        ("momentum=0.9", TRAINING),
    ),
    Broken(
        "zero_grad that clears nothing", "mlp_digits",
        "if set_to_none or p.grad is None:\n                    p.grad = None",
        "if set_to_none or p.grad is None:\n                    pass",
        ("zero_grad", TRAINING),
    ),
    Broken(
        "a schedule that never changes the step size", "mlp_digits",
        "part = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2", "part = 1",
        ("CosineAnnealingLR", TRAINING),
    ),
    Broken(
        "shuffled only inside each batch", "mlp_digits",
        "return [order[start : start + batch_size] for start in range(0, count, batch_size)]",
        "return [np.sort(order)[start : start + batch_size][::-1]\n"
        "            for start in range(0, count, batch_size)]",
        ("only inside each batch", "training.batch_indices", TRAINING),
    ),
    Broken(
        "gradients clipped each by its own norm", "mlp_digits",
        "            grad.data *= scale",
        "            grad.data *= max_norm / np.linalg.norm(grad.data)",
        ("clip_grad_norm_([p, q], 1)", "all gradients together", TRAINING),
    ),
]  # fmt: skip
