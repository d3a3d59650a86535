"""`another_framework.py` with plain loops over single numbers: slow, and right."""

import numpy as np

from tinytorch import closures
from tinytorch.closures import *  # noqa: F403
from tinytorch.closures import Tensor, nn, optim  # noqa: F401


def product(a, b):
    """The matrix product, one multiplication after the other."""
    rows, columns = a.tolist(), np.swapaxes(b, 0, 1).tolist()
    sums = [[sum(x * y for x, y in zip(row, c, strict=True)) for c in columns] for row in rows]
    return np.array(sums, np.result_type(a, b)).reshape(len(rows), len(columns))


def products(a, b):
    """The products of all matrices in two stacks."""
    if a.ndim == b.ndim == 2:
        return product(a, b)
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (np.broadcast_to(x, batch + x.shape[-2:]) for x in (a, b))
    return np.array([product(x, y) for x, y in zip(a, b, strict=True)])


def matmul(self, other):
    a, b = self._array, other._array
    return closures.made(
        products(a, b),
        (self, lambda g: products(g, np.swapaxes(b, -1, -2))),
        (other, lambda g: products(np.swapaxes(a, -1, -2), g)),
    )


def mapped(function):
    """A function of one number, for each number in turn."""

    def method(self):
        out = np.array([function(x) for x in self._array.ravel().tolist()], self.dtype)
        return out.reshape(self.shape)

    return method


def tanh(self):
    out = mapped(closures.math.tanh)(self)
    return closures.single(self, out, lambda g: g * (1 - out**2))


def exp(self):
    out = mapped(closures.math.exp)(self)
    return closures.single(self, out, lambda g: g * out)


Tensor.__matmul__, Tensor.tanh, Tensor.exp = matmul, tanh, exp
