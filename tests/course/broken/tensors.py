"""Mistakes of modules 00 to 02: they show in the perceptron already."""

from __future__ import annotations

from tests.course.broken import Broken

AUTOGRAD = "modules/02_autograd/autograd.py"

BROKEN = [
    Broken(
        "the step changes a copy of the data", "perceptron",
        "", "Tensor.data = property(lambda t: t._held.copy(),\n"
        "                       lambda t, data: t.__dict__.setdefault('_held', data))",
        ("`t.data -= 0.5`", "modules/01_tensor/tensor.py"), where="tensor.py",
    ),
    Broken(
        "float64 is lost", "perceptron",
        "forward = np.exp\n", "forward = staticmethod(lambda a: np.exp(a.astype('f4')))\n",
        ("x.exp()", "modules/01_tensor/tensor.py"),
    ),
    Broken(
        "every gradient flipped", "perceptron",
        "deliver(self, start, grads, ready)", "deliver(self, -start, grads, ready)",
        ("has the wrong sign", "Tensor.backward", AUTOGRAD),
    ),
    Broken(
        "every gradient doubled", "perceptron",
        "deliver(self, start, grads, ready)", "deliver(self, 2 * start, grads, ready)",
        ("2 times too large", "Tensor.backward", AUTOGRAD),
    ),
    Broken(
        "gradients replaced instead of added, at leaves", "perceptron",
        "leaf.grad.data = np.asarray(leaf.grad.data + grad)", "leaf.grad.data = np.asarray(grad)",
        ("x.sum() + x.sum()", "each use has a gradient", AUTOGRAD),
    ),
    Broken(
        "the factors of a product in the wrong order", "perceptron",
        "return grad * b if need_a else None, grad * a if need_b else None",
        "return grad * a if need_a else None, grad * b if need_b else None",
        ("Tensor.__mul__", "a * b", AUTOGRAD),
    ),
    Broken(
        "one branch of a shared node dropped", "perceptron",
        "grads[node] = grads[node] + grad", "grads[node] = grad",
        ("y = x * 2", "is only the gradient from the exp kept?", AUTOGRAD),
    ),
    Broken(
        "the oldest node goes first", "perceptron",
        "heappush(ready, (-node.age, tensor))", "heappush(ready, (node.age, tensor))",
        ("Tensor.backward", AUTOGRAD),
    ),
    Broken(
        "broadcast not summed, one row taken", "perceptron",
        "grad = np.add.reduce(grad, axis=0)", "grad = grad[0]",
        ("b of shape (4,)", "added (is it the first one's)?", AUTOGRAD),
    ),
    Broken(
        "broadcast not summed, the large shape kept", "perceptron",
        "g = _fitted(g, data, node)", "pass",
        ("has shape (2, 3, 4) instead of (4,)", "b was stretched", AUTOGRAD),
    ),
    Broken(
        "matrix product: one gradient zero", "perceptron",
        "grad_B = A.mT @ grad", "grad_B = 0 * (A.mT @ grad)",
        ("`Tensor.__matmul__` for its input b", "is zero everywhere", AUTOGRAD),
    ),
    Broken(
        "matrix product: the batch's size too large", "perceptron",
        "grad_B = A.mT @ grad", "grad_B = A.mT @ grad * len(A)",
        ("`Tensor.__matmul__` for its input b", "times too large", AUTOGRAD),
    ),
    Broken(
        "mean: the gradient of a sum", "perceptron",
        "spread(grad / (each or 1), a.shape, dim, keepdim)",
        "spread(grad, a.shape, dim, keepdim)",
        ("Tensor.mean", "2 times too large", "divided by the number of elements?", AUTOGRAD),
    ),
    Broken(
        "exp: its factor forgotten", "perceptron",
        "def exp_backward(self, grad):", "def exp_backward(self, grad):\n    return grad\n",
        ("The gradient of `Tensor.exp`", AUTOGRAD),
    ),
    Broken(
        "no_grad that stays on", "perceptron",
        "_recording = self.before", "_recording = False",
        ("no_grad", AUTOGRAD),
    ),
    Broken(
        "a backward that does nothing", "perceptron",
        "    start = _starting_gradient(self, gradient)\n", "    return\n",
        ("`x.grad` is None", "Tensor.backward", AUTOGRAD),
    ),
    Broken(
        "a seed that is ignored", "perceptron",
        "", "def manual_seed(seed):\n    return default_generator",
        ("manual_seed", "modules/00_setup/setup.py"), where="random.py",
    ),
    Broken(
        "a generator that always gives the same number", "perceptron",
        "", "def randn(*sizes, size=None, dtype=None, requires_grad=False):\n"
        "    number = default_generator.standard_normal()\n"
        "    return _fresh(np.full(_sizes(sizes, size), number, dtype or float32), requires_grad)",
        ("randn", "2 different numbers", "modules/00_setup/setup.py"), where="tensor.py",
    ),
    Broken(
        "a generator that stands still", "perceptron",
        "", "def randn(*sizes, size=None, dtype=None, requires_grad=False):\n"
        "    place = default_generator.bit_generator.state['state']['state'] % 2**32\n"
        "    numbers = np.random.default_rng(place)\n"
        "    array = numbers.standard_normal(_sizes(sizes, size), dtype or float32)\n"
        "    return _fresh(array, requires_grad)",
        ("randn", "1000 different numbers", "modules/00_setup/setup.py"), where="tensor.py",
    ),
    Broken(
        "numbers of the normal distribution that are not spread", "perceptron",
        "array = drawn_from(generator).standard_normal(shape, dtype or float32)",
        "array = drawn_from(generator).standard_normal(shape, dtype or float32) / 2",
        ("randn", "standard deviation 0.5", "modules/00_setup/setup.py"),
    ),
    Broken(
        "two leaves share one gradient", "perceptron",
        "np.array(grad) if shared else np.asarray(grad)", "np.asarray(grad)",
        ("x.grad.data -= 5", "Tensor.grad", AUTOGRAD),
    ),
]  # fmt: skip
