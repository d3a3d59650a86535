"""Wrong answers of module 04: optimizers, schedules, clipping, minibatches and the loop."""

from __future__ import annotations

from tests.course.faults.fault import Catalogue, Fault

TRAINING = Catalogue("04_training")

TRAINING.task(
    "4.1", "optim.Optimizer",
    Fault("the zeros are float64", "dtype", "np.zeros_like(p.data)", "np.zeros(p.shape)"),
    Fault("set_to_none ignored", "missing branch", "if set_to_none or p.grad is None:",
          "if True:"),
    Fault("zeros where there was none", "condition", "set_to_none or p.grad is None",
          "set_to_none"),
    Fault("the first group only", "missing branch",
          "        for group in self.param_groups:\n            for p in group[\"params\"]:\n"
          "                if set_to_none",
          "        for group in self.param_groups[:1]:\n            for p in group[\"params\"]:\n"
          "                if set_to_none"),
    Fault("the first parameter only", "missing branch",
          "            for p in group[\"params\"]:\n                if set_to_none",
          "            for p in group[\"params\"][:1]:\n                if set_to_none"),
    Fault("nothing is cleared", "state", "                    p.grad = None",
          "                    pass"),
    Fault("the old array is cleared in place", "aliasing",
          "p.grad = Tensor(np.zeros_like(p.data))", "p.grad.data[...] = 0",
          equivalent="the page says that it fills them with zeros, and PyTorch fills in place"),
    Fault("step without gradients fails", "missing branch",
          "                if p.grad is not None:\n                    self.update",
          "                if True:\n                    self.update"),
    Fault("step stops at the first without a gradient", "missing branch",
          "                if p.grad is not None:\n",
          "                if p.grad is None:\n                    return\n"
          "                if p.grad is not None:\n"),
    Fault("step uses the first group's options", "wrong operand",
          "self.update(p, p.grad.data, group)",
          "self.update(p, p.grad.data, self.param_groups[0])"),
    Fault("step hands over a tensor", "wrong operand", "self.update(p, p.grad.data, group)",
          "self.update(p, p.grad, group)"),
    Fault("step clears the gradients", "state", "self.update(p, p.grad.data, group)",
          "self.update(p, p.grad.data, group); p.grad = None"),
)  # fmt: skip
TRAINING.task(
    "4.2", "optim.SGD",
    Fault("uphill", "sign", 'p.data -= group["lr"] * grad', 'p.data += group["lr"] * grad'),
    Fault("the rate forgotten", "factor", 'group["lr"] * grad', "grad"),
    Fault("a new array", "aliasing", 'p.data -= group["lr"] * grad',
          'p.data = p.data - group["lr"] * grad'),
    Fault("the sign of the gradient", "wrong operand", 'group["lr"] * grad',
          'group["lr"] * np.sign(grad)'),
    Fault("decay away from zero", "sign", "grad + weight_decay", "grad - weight_decay"),
    Fault("decay of the gradient", "wrong operand", "weight_decay * p.data",
          "weight_decay * grad"),
    Fault("decay forgotten", "missing branch", "grad + weight_decay * p.data", "grad"),
    Fault("the gradient itself changed", "aliasing", "    return grad + weight_decay * p.data",
          "    grad += weight_decay * p.data\n    return grad"),
    Fault("the parameter overwritten", "wrong operand", 'p.data -= group["lr"] * grad',
          'p.data[...] = -group["lr"] * grad'),
)  # fmt: skip
TRAINING.task(
    "4.3", "optim.SGD",
    Fault("the gradient itself is the buffer", "aliasing", "Tensor(grad)", "wrap(grad)"),
    Fault("the first step damped", "factor", "Tensor(grad)", "Tensor((1 - dampening) * grad)"),
    Fault("the first velocity is 0", "state", "Tensor(grad)", "Tensor(grad * 0)"),
    Fault("dampening forgotten", "missing branch", "(1 - dampening) * grad", "grad"),
    Fault("an average", "factor", "(1 - dampening) * grad", "(1 - momentum) * grad"),
    Fault("momentum after the gradient", "order",
          "        v *= momentum\n        v += (1 - dampening) * grad",
          "        v += (1 - dampening) * grad\n        v *= momentum"),
    Fault("the velocity not slowed", "missing branch", "        v *= momentum\n", ""),
    Fault("a new array that is not kept", "aliasing",
          "        v *= momentum\n        v += (1 - dampening) * grad",
          "        v = momentum * v + (1 - dampening) * grad"),
    Fault("nesterov ignored", "missing branch", "grad + momentum * v if nesterov else v", "v"),
    Fault("nesterov without the gradient", "missing branch", "grad + momentum * v if",
          "momentum * v if"),
    Fault("nesterov always", "condition", "grad + momentum * v if nesterov else v",
          "grad + momentum * v"),
)  # fmt: skip
TRAINING.task(
    "4.4", "optim.Adam",
    Fault("the betas swapped", "order", "beta1, beta2 = betas", "beta2, beta1 = betas"),
    Fault("the first moment not corrected", "missing branch", "lr / (1 - beta1**t)", "lr"),
    Fault("the second moment not corrected", "missing branch", "v / (1 - beta2**t)", "v"),
    Fault("beta1 in both corrections", "wrong operand", "1 - beta2**t", "1 - beta1**t"),
    Fault("no root", "factor", "np.sqrt(v / (1 - beta2**t))", "(v / (1 - beta2**t))"),
    Fault("eps under the root", "stability", "np.sqrt(v / (1 - beta2**t)) + eps",
          "np.sqrt(v / (1 - beta2**t) + eps)"),
    Fault("eps forgotten", "stability", " + eps)", ")"),
    Fault("eps before the correction", "order", "np.sqrt(v / (1 - beta2**t)) + eps",
          "(np.sqrt(v) + eps) / np.sqrt(1 - beta2**t)"),
    Fault("the square forgotten", "factor", "grad * grad - v", "abs(grad) - v"),
    Fault("uphill", "sign", "p.data -= rate", "p.data += rate"),
    Fault("beta in place of 1 - beta", "factor", "m += (1 - beta1)", "m += beta1"),
    Fault("m not kept", "state", "m += (1 - beta1) * (grad - m)",
          "m = m + (1 - beta1) * (grad - m)"),
    Fault("the step counted from 0", "off by one", "1 - beta1**t", "1 - beta1**(t - 1 or 1)"),
    Fault("corrected by t + 1", "off by one", "1 - beta2**t", "1 - beta2**(t + 1)"),
    Fault("a new array", "aliasing", "p.data -= rate * m /", "p.data = p.data - rate * m /"),
    Fault("the gradient in place of its mean", "wrong operand", "rate * m /", "rate * grad /"),
)  # fmt: skip
TRAINING.task(
    "4.5", "optim.AdamW",
    Fault("decay not times the rate", "factor", '1 - group["lr"] * group["weight_decay"]',
          '1 - group["weight_decay"]'),
    Fault("decay forgotten", "missing branch",
          '        p.data *= 1 - group["lr"] * group["weight_decay"]\n', ""),
    Fault("decay in the gradient, as Adam's", "wrong operand",
          '        p.data *= 1 - group["lr"] * group["weight_decay"]\n',
          '        grad = grad + group["weight_decay"] * p.data\n'),
    Fault("growth", "sign", '1 - group["lr"]', '1 + group["lr"]'),
    Fault("decay after the step", "order",
          '        p.data *= 1 - group["lr"] * group["weight_decay"]\n'
          '        adam_step(p, grad, self.state[p], group["lr"], group["betas"], group["eps"])',
          '        adam_step(p, grad, self.state[p], group["lr"], group["betas"], group["eps"])\n'
          '        p.data *= 1 - group["lr"] * group["weight_decay"]'),
    Fault("one state for all parameters", "state", "self.state[p]", 'self.state["all"]'),
    Fault("a fixed eps", "wrong operand", 'group["eps"]', "1e-8"),
    Fault("a new array", "aliasing", 'p.data *= 1 - group["lr"] * group["weight_decay"]',
          'p.data = p.data * (1 - group["lr"] * group["weight_decay"])'),
)  # fmt: skip
TRAINING.task(
    "4.6", "optim.lr_scheduler.CosineAnnealingLR",
    Fault("sine", "wrong operand", "math.cos(", "math.sin("),
    Fault("the half forgotten", "factor", ") / 2", ")"),
    Fault("the 1 forgotten", "missing branch", "(1 + math.cos", "(0 + math.cos"),
    Fault("upside down", "sign", "1 + math.cos", "1 - math.cos"),
    Fault("twice the period", "factor", "math.pi * self", "2 * math.pi * self"),
    Fault("eta_min forgotten", "missing branch",
          "self.eta_min + (base - self.eta_min) * part", "base * part"),
    Fault("eta_min not taken off the base", "missing branch", "(base - self.eta_min) * part",
          "base * part"),
    Fault("the first group's base", "wrong operand", "(base - self", "(self.base_lrs[0] - self"),
    Fault("one epoch ahead", "off by one", "self.last_epoch / self", "(self.last_epoch + 1) / "
          "self"),
    Fault("whole numbers", "wrong operand", "self.last_epoch / self", "self.last_epoch // self"),
    Fault("one number", "shape", "[self.eta_min + (base - self.eta_min) * part for base in "
          "self.base_lrs]", "self.eta_min + (self.base_lrs[0] - self.eta_min) * part"),
)  # fmt: skip
TRAINING.task(
    "4.7", "nn.utils.clip_grad_norm_",
    Fault("the sum has no root", "factor", " ** (1 / norm_type)", "",
          name="nn.utils.get_total_norm"),
    Fault("the sign kept", "sign", "np.abs(a) **", "a **", name="nn.utils.get_total_norm"),
    Fault("always the second norm", "wrong operand", "np.abs(a) ** norm_type", "np.abs(a) ** 2",
          name="nn.utils.get_total_norm"),
    Fault("always the square root", "wrong operand", "(1 / norm_type)", "0.5",
          name="nn.utils.get_total_norm"),
    Fault("the largest norm", "wrong operand", "sum((np.abs(a) ** norm_type).sum().item() for a "
          "in arrays)", "max((np.abs(a) ** norm_type).sum().item() for a in arrays)",
          name="nn.utils.get_total_norm"),
    Fault("parameters without a gradient", "missing branch", " if p.grad is not None", ""),
    Fault("the parameters clipped", "wrong operand", "[p.grad for p", "[p for p"),
    Fault("each by its own norm", "axis", "            grad.data *= scale",
          "            grad.data *= min(1, max_norm / (np.linalg.norm(grad.data) + 1e-6))"),
    Fault("small gradients enlarged", "condition", "    if scale < 1:", "    if True:"),
    Fault("a small number forgotten", "stability", "(total.item() + 1e-6)", "total.item()"),
    Fault("the total after clipping", "order", "return total", "return get_total_norm(grads, "
          "norm_type)"),
    Fault("the scale returned", "wrong operand", "return total", "return scale"),
    Fault("nothing is returned", "forgotten return", "    return total", ""),
    Fault("the norm's type dropped", "missing branch", "get_total_norm(grads, norm_type, ",
          "get_total_norm(grads, 2.0, "),
    Fault("a number that is not finite accepted", "error not raised",
          "norm_type, error_if_nonfinite)\n    scale", "norm_type)\n    scale"),
    Fault("divided twice", "factor", "grad.data *= scale", "grad.data *= scale * scale"),
    Fault("new arrays", "aliasing", "grad.data *= scale", "grad.data = grad.data * scale"),
)  # fmt: skip
TRAINING.task(
    "4.8", "training.batch_indices",
    Fault("shuffled only inside each batch", "randomness",
          "    return [order[start : start + batch_size] for start in range(0, count, "
          "batch_size)]",
          "    order = np.arange(count)\n"
          "    parts = [order[s : s + batch_size] for s in range(0, count, batch_size)]\n"
          "    return [default_generator.permutation(p) for p in parts] if shuffle else parts"),
    Fault("rotated instead of shuffled", "randomness", "default_generator.permutation(count)",
          "np.roll(np.arange(count), int(default_generator.integers(1, max(count, 2))))"),
    Fault("drawn with repetition", "randomness", "default_generator.permutation(count)",
          "default_generator.integers(0, max(count, 1), count)"),
    Fault("another generator", "randomness", "default_generator.permutation(count)",
          "np.random.permutation(count)"),
    Fault("always shuffled", "condition", " if shuffle else np.arange(count)", ""),
    Fault("never shuffled", "condition",
          "default_generator.permutation(count) if shuffle else np.arange(count)",
          "np.arange(count)"),
    Fault("shuffle the wrong way", "sign", "if shuffle", "if not shuffle"),
    Fault("the last batch dropped", "off by one", "range(0, count, batch_size)",
          "range(0, count - batch_size + 1, batch_size)"),
    Fault("one example too few in each", "off by one", "start + batch_size]",
          "start + batch_size - 1]"),
    Fault("batches that overlap", "off by one", "range(0, count, batch_size)",
          "range(0, count, max(batch_size - 1, 1))"),
    Fault("the first batch dropped", "off by one", "range(0, count", "range(batch_size, count"),
    Fault("the first batch only", "missing branch", "range(0, count, batch_size)]",
          "range(0, count, batch_size)][:1]"),
)  # fmt: skip
TRAINING.task(
    "4.9", "training.train_step",
    Fault("gradients not cleared", "state", "    optimizer.zero_grad()\n", ""),
    Fault("cleared after backward", "order",
          "    optimizer.zero_grad()\n    outputs = model(x)\n"
          "    loss = loss_fn(outputs, y)\n    loss.backward()\n",
          "    outputs = model(x)\n    loss = loss_fn(outputs, y)\n    loss.backward()\n"
          "    optimizer.zero_grad()\n"),
    Fault("no step", "state", "    optimizer.step()\n", ""),
    Fault("no backward", "missing branch", "    loss.backward()\n", ""),
    Fault("the step before backward", "order", "    loss.backward()\n",
          "    optimizer.step()\n    loss.backward()\n",
          equivalent="one step more, before which zero_grad has set every gradient to None"),
    Fault("clipped after the step", "order",
          "    if max_norm is not None:\n        clip_grad_norm_(model.parameters(), max_norm)\n"
          "    optimizer.step()\n",
          "    optimizer.step()\n    if max_norm is not None:\n"
          "        clip_grad_norm_(model.parameters(), max_norm)\n"),
    Fault("never clipped", "missing branch",
          "    if max_norm is not None:\n        clip_grad_norm_(model.parameters(), max_norm)\n",
          ""),
    Fault("a limit of 0 ignored", "condition", "max_norm is not None", "max_norm"),
    Fault("target and output swapped", "order", "loss_fn(outputs, y)", "loss_fn(y, outputs)"),
    Fault("the loss as a tensor", "forgotten return", "loss.item(),", "loss,"),
    Fault("outputs with their graph", "state", "outputs.detach()", "outputs"),
    Fault("outputs after the step", "order", "outputs.detach()", "model(x).detach()"),
    Fault("clipped to 1", "wrong operand", "model.parameters(), max_norm)",
          "model.parameters(), 1.0)"),
)  # fmt: skip
TRAINING.task(
    "4.10", "training.accuracy",
    Fault("the other axis", "axis", "argmax(axis=1)", "argmax(axis=0)"),
    Fault("the largest of all", "axis", "argmax(axis=1)", "argmax()"),
    Fault("a count", "factor", ".mean())", ".sum())"),
    Fault("percent", "factor", ".mean())", ".mean() * 100)"),
    Fault("the share of mistakes", "sign", "== y.data", "!= y.data"),
    Fault("the smallest score", "sign", "argmax", "argmin"),
    Fault("an array", "dtype", "float((outputs.data.argmax(axis=1) == y.data).mean())",
          "(outputs.data.argmax(axis=1) == y.data).mean()",
          equivalent="NumPy's mean is a float64, which is a Python float"),
    Fault("nothing is returned", "forgotten return", "return float", "float"),
)  # fmt: skip
TRAINING.task(
    "4.11", "training.evaluate",
    Fault("the model stays in training mode", "state", "    with evaluating(model):\n",
          "    if True:\n"),
    Fault("the loss as a tensor", "dtype", "loss_fn(outputs, y).item()", "loss_fn(outputs, y)",
          equivalent="summary makes a float of it, the same but for rounding"),
    Fault("every batch counts alike", "factor", "sizes.append(len(y))", "sizes.append(1)"),
    Fault("one size too many", "off by one", "sizes.append(len(y))", "sizes.append(len(y) + 1)"),
    Fault("the first batch only", "missing branch", "            sizes.append(len(y))",
          "            sizes.append(len(y))\n            break"),
    Fault("accuracy of the targets", "wrong operand", "accuracy(outputs, y)",
          "accuracy(outputs, outputs.argmax(dim=1))"),
    Fault("the loss where accuracy belongs", "wrong operand",
          "accuracies.append(accuracy(outputs, y))",
          "accuracies.append(loss_fn(outputs, y).item())"),
    Fault("it trains", "state", "            outputs = model(x)\n",
          "            outputs = model(x)\n            for p in model.parameters():\n"
          "                p.data *= 0.9\n"),
    Fault("targets and outputs swapped", "order", "loss_fn(outputs, y)", "loss_fn(y, outputs)"),
)  # fmt: skip

# More of them, thought of from the lesson alone, without its tests.

TRAINING.task(
    "4.3",
    "optim.SGD",
    Fault(
        "the first step without a copy of its own",
        "aliasing",
        'state["momentum_buffer"] = Tensor(grad)\n        v = state["momentum_buffer"].data',
        'state["momentum_buffer"] = Tensor(grad)\n'
        '        state["momentum_buffer"].data = grad\n'
        "        v = grad",
    ),
)

TRAINING.task(
    "4.7",
    "nn.utils.clip_grad_norm_",
    Fault(
        "every gradient clipped for itself",
        "not summed",
        "    if scale < 1:\n        for grad in grads:\n            grad.data *= scale",
        "    for grad in grads:\n"
        "        one = max_norm / (float(np.linalg.norm(grad.data)) + 1e-6)\n"
        "        grad.data *= min(1.0, one)",
    ),
)
TRAINING.task(
    "4.9", "training.train_step",
    Fault("cleared between backward and step", "order",
          "    optimizer.zero_grad()\n    outputs = model(x)\n    loss = loss_fn(outputs, y)\n"
          "    loss.backward()",
          "    outputs = model(x)\n    loss = loss_fn(outputs, y)\n    loss.backward()\n"
          "    optimizer.zero_grad()"),
)  # fmt: skip
