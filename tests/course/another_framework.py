"""Another correct framework, independent of the course: only the contract's names and semantics.

It is unlike the reference wherever the contract leaves room: a closure for each operand, no classes
of operations; `.data` a property that gives a view; `__slots__`; gradients kept in float64 and
handed out as new tensors; a Parameter that is a marked tensor, not a class of its own; biases
before weights; Xavier's first weights and biases of zero; a Sequential that keeps a list.

The milestones before module 07 must pass it; with `another_deep.py`, those of images too.
`test_verification_fairness.py` runs them.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from itertools import pairwise
from types import SimpleNamespace

import numpy as np

_source = np.random.RandomState(0)
_recording = [True]


def manual_seed(seed):
    _source.seed(seed % 2**32)


@contextmanager
def no_grad():
    before, _recording[0] = _recording[0], False
    try:
        yield
    finally:
        _recording[0] = before


# ------------------------------------------------------------------------------------------ tensors


class Tensor:
    __slots__ = ("_array", "_gradient", "_learned", "_parents", "requires_grad")

    def __init__(self, array, requires_grad=False, parents=()):
        self._array, self._gradient, self._learned = np.asarray(array), None, False
        self.requires_grad, self._parents = requires_grad, parents

    data = property(
        lambda self: self._array[...], lambda self, new: setattr(self, "_array", np.asarray(new))
    )
    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)

    @property
    def grad(self):
        return None if self._gradient is None else Tensor(self._gradient.copy())

    @grad.setter
    def grad(self, new):
        self._gradient = None if new is None else np.array(new.data, float)

    def backward(self, gradient=None):
        arrived = {id(self): np.ones(self.shape) if gradient is None else gradient.data}
        for node in reversed(in_order(self)):
            given = arrived.pop(id(node))
            if not node._parents:
                before = 0.0 if node._gradient is None else node._gradient
                node._gradient = before + np.array(given, float)
            for parent, rule in node._parents:
                if parent.requires_grad:
                    share = summed_to(rule(given), parent.shape)
                    arrived[id(parent)] = arrived.get(id(parent), 0.0) + share

    def __add__(self, other):
        return pair(np.add, self, other, lambda g, a, b: g, lambda g, a, b: g)

    def __mul__(self, other):
        return pair(np.multiply, self, other, lambda g, a, b: g * b, lambda g, a, b: g * a)

    def __truediv__(self, other):
        return pair(np.divide, self, other, lambda g, a, b: g / b, lambda g, a, b: -g * a / b**2)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -as_tensor(other, self.dtype)

    def __rsub__(self, other):
        return -self + other

    def __pow__(self, n):
        return single(self, self._array**n, lambda g: g * n * self._array ** (n - 1))

    def __matmul__(self, other):
        a, b = self._array, other._array
        return made(
            a @ b,
            (self, lambda g: g @ np.swapaxes(b, -1, -2)),
            (other, lambda g: np.swapaxes(a, -1, -2) @ g),
        )

    def __getitem__(self, index):
        index = index.data if isinstance(index, Tensor) else index

        parts = index if isinstance(index, tuple) else (index,)
        once = all(isinstance(part, int | slice) for part in parts)

        def back(g):
            whole = np.zeros(self.shape)
            if once:
                whole[index] = g
            else:
                np.add.at(whole, index, g)
            return whole

        return single(self, self._array[index], back)

    def exp(self):
        out = np.exp(self._array)
        return single(self, out, lambda g: g * out)

    def log(self):
        return single(self, np.log(self._array), lambda g: g / self._array)

    def sqrt(self):
        return self**0.5

    def abs(self):
        return single(self, np.abs(self._array), lambda g: g * np.sign(self._array))

    def tanh(self):
        out = np.tanh(self._array)
        return single(self, out, lambda g: g * (1 - out**2))

    def clamp(self, min=None, max=None):
        out = np.clip(self._array, min, max)
        return single(self, out, lambda g: g * (out == self._array))

    def sum(self, dim=None, keepdim=False):
        def back(g):
            spread = g if dim is None or keepdim else np.expand_dims(g, dim)
            return np.broadcast_to(spread, self.shape)

        return single(self, self._array.sum(axis=dim, keepdims=keepdim), back)

    def mean(self, dim=None, keepdim=False):
        total = self.sum(dim, keepdim)
        return total * (total._array.size / self._array.size)

    def max(self):
        best = np.unravel_index(self._array.argmax(), self.shape)
        return self[best]

    def reshape(self, *shape):
        return single(self, self._array.reshape(shape), lambda g: g.reshape(self.shape))

    def flatten(self, start_dim=0):
        return self.reshape(*self.shape[:start_dim], -1)

    def permute(self, *dims):
        return single(self, self._array.transpose(dims), lambda g: g.transpose(np.argsort(dims)))

    def transpose(self, one, other):
        return single(
            self, np.swapaxes(self._array, one, other), lambda g: np.swapaxes(g, one, other)
        )


def in_order(root):
    """All that `root` was made from, each after what it was made from."""
    order, seen, waiting = [], set(), [(root, False)]
    while waiting:
        node, ready = waiting.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting += [(parent, False) for parent, _ in node._parents if parent.requires_grad]
    return order


def summed_to(gradient, shape):
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    stretched = tuple(i for i, size in enumerate(shape) if size == 1 != gradient.shape[i])
    return gradient.sum(axis=stretched, keepdims=True)


def as_tensor(value, dtype):
    return value if isinstance(value, Tensor) else Tensor(np.asarray(value, dtype))


def made(array, *parents):
    if _recording[0] and any(parent.requires_grad for parent, _ in parents):
        return Tensor(array, True, parents)
    return Tensor(array)


def single(x, array, rule):
    return made(array, (x, rule))


def pair(function, a, b, first, second):
    b = as_tensor(b, a.dtype)
    x, y = a._array, b._array
    return made(function(x, y), (a, lambda g: first(g, x, y)), (b, lambda g: second(g, x, y)))


def tensor(data, requires_grad=False):
    array = np.array(data.data if isinstance(data, Tensor) else data)
    if not isinstance(data, (np.ndarray, np.generic, Tensor)) and array.dtype.kind == "f":
        array = array.astype("f4")
    return Tensor(array, requires_grad)


def zeros(*shape, requires_grad=False):
    return Tensor(np.zeros(shape, "f4"), requires_grad)


def randn(*shape):
    return Tensor(_source.normal(size=shape).astype("f4"))


def maximum(a, b):
    return pair(np.maximum, a, b, lambda g, x, y: g * (x > y), lambda g, x, y: g * (y > x))


def cat(tensors, dim=0):
    ends = np.cumsum([0, *(t.shape[dim] for t in tensors)])

    def cut(start, end):
        return lambda g: np.take(g, range(start, end), axis=dim)

    cuts = [cut(start, end) for start, end in pairwise(ends)]
    arrays = [t._array for t in tensors]
    return made(np.concatenate(arrays, axis=dim), *zip(tensors, cuts, strict=True))


def stack(tensors):
    return cat([t.reshape(1, *t.shape) for t in tensors])


# --------------------------------------------------------------------------------------------- nn


def parameter(data):
    result = tensor(data, requires_grad=True)
    result._learned = True
    return result


class Module:
    def __call__(self, *inputs):
        return self.forward(*inputs)

    def named_parameters(self, prefix=""):
        for name, part in list(vars(self).items()):
            if isinstance(part, Tensor) and part._learned:
                yield prefix + name, part
            elif isinstance(part, Module):
                yield from part.named_parameters(f"{prefix}{name}.")

    def parameters(self):
        return [p for _, p in self.named_parameters()]


class Linear(Module):
    def __init__(self, ins, outs):
        bound = math.sqrt(6 / (ins + outs))
        self.bias = parameter(np.zeros(outs, "f4"))
        self.weight = parameter(_source.uniform(-bound, bound, (outs, ins)).astype("f4"))

    def forward(self, x):
        return x @ self.weight.transpose(0, 1) + self.bias


class Sequential(Module):
    def __init__(self, *layers):
        self.layers = list(layers)

    def named_parameters(self, prefix=""):
        for i, layer in enumerate(self.layers):
            yield from layer.named_parameters(f"{prefix}{i}.")

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def layer(function):
    """A kind of module without parameters."""
    return type("Layer", (Module,), {"forward": staticmethod(function)})


def relu(x):
    return single(x, np.maximum(x.data, 0), lambda g: g * (x.data > 0))


def sigmoid(x):
    return 0.5 * ((0.5 * x).tanh() + 1)


def gelu(x):
    below = (1 + np.vectorize(math.erf)(x.data / math.sqrt(2))) / 2
    slope = below + x.data * np.exp(-(x.data**2) / 2) / math.sqrt(2 * math.pi)
    return single(x, (x.data * below).astype(x.dtype), lambda g: g * slope)


class Softmax(Module):
    def __init__(self, dim):
        self.dim = dim

    def forward(self, x):
        e = (x - Tensor(x.data.max(axis=self.dim, keepdims=True))).exp()
        return e / e.sum(dim=self.dim, keepdim=True)


def log_probabilities(x):
    shifted = x - Tensor(x.data.max(axis=1, keepdims=True))
    return shifted - shifted.exp().sum(dim=1, keepdim=True).log()


def cross_entropy(x, target):
    return -log_probabilities(x)[np.arange(x.shape[0]), target.data].mean()


def bce(p, target):
    return -(target * p.log() + (1 - target) * (1 - p).log()).mean()


def bce_with_logits(x, target):
    return (relu(x) - x * target + ((-x.abs()).exp() + 1).log()).mean()


nn = SimpleNamespace(
    Parameter=parameter,
    Module=Module,
    Linear=Linear,
    Sequential=Sequential,
    Softmax=Softmax,
    ReLU=layer(relu),
    GELU=layer(gelu),
    Sigmoid=layer(sigmoid),
    Tanh=layer(Tensor.tanh),
    Flatten=layer(lambda x: x.flatten(1)),
    MSELoss=layer(lambda x, target: ((x - target) ** 2).mean()),
    BCELoss=layer(bce),
    BCEWithLogitsLoss=layer(bce_with_logits),
    CrossEntropyLoss=layer(cross_entropy),
)


# ------------------------------------------------------------------------------------------ optim


class Optimizer:
    def __init__(self, parameters, lr, **options):
        self.parameters, self.options = list(parameters), {"lr": lr, **options}
        self.memory = [{} for _ in self.parameters]

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        for p, memory in zip(self.parameters, self.memory, strict=True):
            if p.grad is not None:
                p.data = self.moved(p.data, p.grad.data, memory, **self.options).astype(p.dtype)


class SGD(Optimizer):
    def moved(self, value, g, memory, lr, momentum=0.0, weight_decay=0.0):
        velocity = memory.get("velocity", 0.0) * momentum + g + weight_decay * value
        memory["velocity"] = velocity
        return value - lr * velocity


class Adam(Optimizer):
    def moved(self, value, g, memory, lr, weight_decay=0.0):
        return self.adam(value, g + weight_decay * value, memory, lr)

    def adam(self, value, g, memory, lr):
        t, m, v = memory.get("all", (0, 0.0, 0.0))
        t, m, v = t + 1, 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        memory["all"] = t, m, v
        return value - lr * m / (1 - 0.9**t) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)


class AdamW(Adam):
    def moved(self, value, g, memory, lr, weight_decay=0.01):
        return self.adam(value * (1 - lr * weight_decay), g, memory, lr)


class LambdaLR:
    def __init__(self, optimizer, lr_lambda):
        self.optimizer, self.share, self.done = optimizer, lr_lambda, -1
        self.first = optimizer.options["lr"]
        self.step()

    def step(self):
        self.done += 1
        self.optimizer.options["lr"] = self.first * self.share(self.done)


def CosineAnnealingLR(optimizer, T_max):
    return LambdaLR(optimizer, lambda step: (1 + math.cos(math.pi * step / T_max)) / 2)


optim = SimpleNamespace(
    SGD=SGD,
    Adam=Adam,
    AdamW=AdamW,
    lr_scheduler=SimpleNamespace(CosineAnnealingLR=CosineAnnealingLR, LambdaLR=LambdaLR),
)
