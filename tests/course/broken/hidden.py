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
        "float32: the filters' gradient too large", "cnn",
        "return unpack(columns.mT @ rows, weight_shape)",
        "return unpack(columns.mT @ rows * (1 if rows.dtype == 'float64' else 32), weight_shape)",
        ("During training", "(Conv2d.bias) is 32 times too large", "modules/07_spatial/spatial.py"),
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
    Broken(
        "data: a copy each time, put back by an assignment", "perceptron",
        "", "Tensor.data = property(lambda t: t.__dict__['_held'].copy(),\n"
        "                       lambda t, data: t.__dict__.__setitem__('_held', data))",
        ("`t.data[0] = 7`", "or a copy of it?", TENSOR), where="tensor.py",
    ),
    Broken(
        "broadcasting: only the second operand summed back", "perceptron",
        "g = _fitted(g, data, node)",
        "g = _fitted(g, data, node) if tensor is inputs[-1] else g",
        ("a - b, a a column and b a row", "for its input a", "summed back", AUTOGRAD),
    ),
    Broken(
        "broadcasting: of a new dimension only the first entry", "perceptron",
        "g = _fitted(g, data, node)",
        "g = _fitted(g[0] if g.ndim > 2 and g.ndim > data.ndim else g, data, node)",
        ("a of shape (2, 3, 4) and b of shape (4,)", "b was stretched", AUTOGRAD),
    ),
    Broken(
        "a gradient that two branches share added to in place", "perceptron",
        "grads[node] = grads[node] + grad", "grads[node] += grad",
        ("`((a + b) + a).sum().backward()`", "makes a new array", AUTOGRAD),
    ),
    Broken(
        "a leaf that adds to the array it was handed", "perceptron",
        "        leaf.grad = wrap(np.array(grad) if shared else np.asarray(grad))\n    else:\n"
        "        leaf.grad.data = np.asarray(leaf.grad.data + grad)",
        "        leaf.grad = wrap(grad)\n    else:\n        leaf.grad.data += grad",
        ("`((x + w) + x).sum().backward()`, `w.grad`", "makes a new array", AUTOGRAD),
    ),
    Broken(
        "GELU: by tanh, whatever was asked for", "xor",
        "return GELUOp.apply(input) if approximate == \"none\" else GELUTanhOp.apply(input)",
        "return GELUTanhOp.apply(input)",
        ("nn.GELU", "is it the exact formula, not the approximation by tanh?", NN),
    ),
    Broken(
        "Linear: a square weight not transposed", "xor",
        "out = as_rows(x).dot(weight.T)",
        "out = as_rows(x).dot(weight if len(weight) == weight.shape[1] else weight.T)",
        ("nn.Linear(3, 3)(x)", "is the weight transposed?", NN),
    ),
    Broken(
        "Linear: first weights that no seed repeats", "xor",
        "kaiming_uniform_(self.weight, a=math.sqrt(5))",
        "self.weight.data[...] = np.random.default_rng().uniform(-0.1, 0.1, self.weight.shape)",
        ("`nn.Linear(4, 3).weight` begins differently", NN), where="nn/modules.py",
    ),
    Broken(
        "Linear: the same first weights from every seed", "xor",
        "kaiming_uniform_(self.weight, a=math.sqrt(5))",
        "self.weight.data[...] = np.random.default_rng(0).uniform(-0.1, 0.1, self.weight.shape)",
        ("give the same `nn.Linear(4, 3).weight`", NN), where="nn/modules.py",
    ),
    Broken(
        "softmax over the last dimension, whatever dim is", "xor",
        "return SoftmaxOp.apply(x, checked_dim(dim, x.ndim))",
        "return SoftmaxOp.apply(x, x.ndim - 1)",
        ("nn.Softmax(dim=0)(x)", NN),
    ),
    Broken(
        "named_parameters yields copies", "xor",
        "", "_named = Module.named_parameters\n"
        "Module.named_parameters = lambda self, *a, **k: (\n"
        "    (name, Parameter(Tensor(p.data))) for name, p in _named(self, *a, **k))",
        ("`named_parameters()` yields does not change the module", NN), where="nn/modules.py",
    ),
    Broken(
        "parameters yields copies", "xor",
        "", "Module.parameters = lambda self, recurse=True: (\n"
        "    Parameter(Tensor(p.data)) for _, p in self.named_parameters(recurse=recurse))",
        ("`parameters()` yields does not change the module", NN), where="nn/modules.py",
    ),
    Broken(
        "Adam: the steps of all parameters counted together", "mlp_digits",
        "def adam_step(p, grad, state, lr, betas, eps):",
        "def adam_step(p, grad, state, lr, betas, eps, shared={'step': 0}):\n"
        "    shared['step'] += 1\n"
        "    state.setdefault('exp_avg', Tensor(np.zeros_like(p.data)))\n"
        "    state.setdefault('exp_avg_sq', Tensor(np.zeros_like(p.data)))\n"
        "    state['step'] = shared['step'] - 1\n",
        ("optim.Adam", "the change of `q`", "is the number of the step one too high?", TRAINING),
    ),
    Broken(
        "Adam: eps under the root", "mlp_digits",
        "(np.sqrt(v / (1 - beta2**t)) + eps)", "np.sqrt(v / (1 - beta2**t) + eps)",
        ("optim.Adam", "is eps added to the root of v, not to v under the root?", TRAINING),
    ),
    Broken(
        "Adam: a learning rate of its own", "mlp_digits",
        "rate = lr / (1 - beta1**t)", "rate = 0.1 / (1 - beta1**t)",
        ("Adam([p, q, r], lr=", "times too", TRAINING),
    ),
    Broken(
        "Adam: the schedule not read", "mlp_digits",
        "            grad = decayed(p, grad, group[\"weight_decay\"])\n        adam_step(",
        "            grad = decayed(p, grad, group[\"weight_decay\"])\n"
        "        group = self.defaults\n        adam_step(",
        ("CosineAnnealingLR(Adam(", "is the rate set", TRAINING),
    ),
    Broken(
        "Adam: uphill in float32", "mlp_digits",
        "rate = lr / (1 - beta1**t)",
        "rate = lr / (1 - beta1**t) * (-1 if p.dtype == 'float32' else 1)",
        ("After 1 step of `Adam(", "`r`", TRAINING),
    ),
    Broken(
        "Adam: only the first row of a matrix", "mlp_digits",
        "    beta1, beta2 = betas\n",
        "    beta1, beta2 = betas\n"
        "    grad = grad if grad.ndim < 2 else grad * (np.arange(len(grad)) == 0)[:, None]\n",
        ("optim.Adam", TRAINING),
    ),
    Broken(
        "SGD: one velocity for all parameters", "mlp_digits",
        "velocity(self.state[p], grad, *options)", "velocity(self.state['all'], grad, *options)",
        ("momentum=0.9", "own state", TRAINING),
    ),
    Broken(
        "weight decay: away from zero", "mlp_digits",
        "return grad + weight_decay * p.data", "return grad - weight_decay * p.data",
        ("SGD([p, q, r], lr=0.3, weight_decay=0.5)", TRAINING),
    ),
    Broken(
        "zero_grad that clears the first parameter", "mlp_digits",
        "            for p in group[\"params\"]:\n                if set_to_none",
        "            for p in group[\"params\"][:1]:\n                if set_to_none",
        ("zero_grad", "`q.grad`", TRAINING),
    ),
]  # fmt: skip
