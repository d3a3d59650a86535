# %% [markdown]
# # Module 03: Layers
#
# Nonlinearities, layers, losses, and the Module that keeps track of everything a network learns.
#
# About 50 minutes of reading and 2.5 hours of writing.
#
# ## The question
#
# With tensors and gradients you can train a perceptron: one weighted sum, one threshold. It learns
# whatever a straight line can separate. Here are four points that a straight line cannot. The
# pattern is called XOR, "one or the other, but not both":
#
# ```
#    x2                                     x1  x2   wanted
#     1 |  *        o                        0   0     0  (o)
#       |                                    0   1     1  (*)
#     0 |  o        *                        1   0     1  (*)
#       +--------------- x1                  1   1     0  (o)
#          0        1
# ```
#
# Put a ruler anywhere on this picture: the two stars are never alone on one side. The cell below
# lets a perceptron try, with everything that modules 01 and 02 have. Beside it, for comparison, the
# same perceptron learns AND.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import math
import time
import warnings

import numpy as np

from tinytorch import manual_seed, no_grad, ones, randn, tensor, zeros

corners = tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def train_perceptron(wanted):
    weight, bias = zeros(2, 1, requires_grad=True), zeros(1, requires_grad=True)
    for _ in range(400):
        loss = ((corners @ weight + bias - wanted) ** 2).mean()
        loss.backward()
        with no_grad():
            for p in (weight, bias):
                p -= 0.2 * p.grad
                p.grad = None
    return corners @ weight + bias, loss


for name, wanted in (("AND", [0.0, 0.0, 0.0, 1.0]), ("XOR", [0.0, 1.0, 1.0, 0.0])):
    output, loss = train_perceptron(tensor(wanted).unsqueeze(1))
    answers = "  ".join(f"{value:5.2f}" for value in output.flatten().tolist())
    print(f"{name}: wanted {wanted}   answers {answers}   loss {loss.item():.4f}")

# %% [markdown]
# For AND the fourth answer is above one half and the others are below: learned. For XOR all four
# answers are 0.5, the answer of someone who has learned nothing, and no amount of training will
# change it. The reason takes two lines. Say the output is `w1 * x1 + w2 * x2 + b`, and 0.5 is the
# threshold. The two stars need `w1 + b > 0.5` and `w2 + b > 0.5`, together `w1 + w2 + 2b > 1`. The
# two circles need `b < 0.5` and `w1 + w2 + b < 0.5`, together `w1 + w2 + 2b < 1`. Both cannot be.
#
# What is missing is a **hidden layer**: a few perceptrons side by side that look at the input, and
# one more that looks at *their* results. At the end of this lesson a network of that kind, made of
# your own parts, learns XOR. The parts are useful far beyond it: everything in the later modules,
# convolution and attention included, is built from the `Module` that you write here.
#
# ## Where this stands
#
# Frank Rosenblatt built the perceptron (*The Perceptron: A Perceiving and Recognizing Automaton*,
# 1957; *The Perceptron: A Probabilistic Model for Information Storage and Organization in the
# Brain*, 1958). Marvin Minsky and Seymour Papert proved what it cannot do (*Perceptrons*, 1969),
# and interest in learning machines faded for years. That hidden layers help was known. How to train
# them was not, until David Rumelhart, Geoffrey Hinton and Ronald Williams showed it with the chain
# rule that you built in module 02 (*Learning Representations by Back-propagating Errors*, 1986).
# Xavier Glorot and Yoshua Bengio (2010) and Kaiming He and others (2015) found out with which
# numbers to begin, so that deep networks learn at all.
#
# PyTorch keeps these things in `torch.nn`, in three files that we make as well: `nn.functional`
# (functions such as `relu` and `cross_entropy`), `nn.init` (first values of weights), and `nn`
# itself (the classes: `Module`, `Linear`, `ReLU`, ...). This lesson goes in that order.
#
# # Part one: functions
#
# Each function below is one operation: a class with `forward` beside `backward`, of the kind you
# know from module 02. The arrays that `forward` was given are in `self.args`, what it returned is
# in `self.out`, and `backward` turns the gradient of the result into the gradients of the inputs.
# The classes end in `Op`, because the good names, `ReLU` and `Softmax`, belong to the layers.

# %%
#| export nn.functional
import math
import warnings

import numpy as np

from tinytorch.tensor import Function, ShapeError, checked_dim

# %% [markdown]
# Some of what follows needs helpers that teach nothing new. They stand in `nn_given.py` beside
# this file, and come into `tinytorch` together with your code. Look whenever you like; there is
# nothing to write in it.

# %%
from nn_given import (
    NLLOp,
    _arrays_of,
    _check_same_shape,
    _Everywhere,
    _framed,
    _IncompatibleKeys,
    _kept,
    _misfit,
    _reduced,
    _reduced_kept,
    _RowOfModules,
    _rows_and_classes,
    _runs,
    _share,
    binary_cross_entropy,
    calculate_gain,
    changed,
    constant_,
    cross_entropy_of_probabilities,
    erf,
    gelu,
    nll_loss,
    normal_,
    older,
    ones_,
    uniform_,
    weighted_bce_with_logits,
    weighted_nll,
    zeros_,
)

# %% [markdown]
# ## Task 3.1: a bend: ReLU
#
# Two perceptrons in a row are not yet more than one. A weighted sum of weighted sums is a weighted
# sum: if `h = 2x + 1` and `y = 3h - 4`, then `y = 6x - 1`, still a straight line. Between the two
# there must be something that is not straight. The simplest bend there is cuts off what is
# negative. It is called **ReLU**, rectified linear unit:
#
# ```
#        relu(x)                            its slope
#           |      /                           |
#           |    /                           1 |  .---------
#           |  /                               |  |
#   --------+------- x                --------(0)-+--------- x
#           0                                     0
#
#   x          -2   0   3
#   relu(x)     0   0   3
#   grad        5   5   5       what arrives from above
#   result      0   0   5       passes where x was positive, stops elsewhere
# ```
#
# At exactly 0 there is no slope. Everyone takes 0 there, PyTorch too.
#
# `np.maximum(a, b)` gives the larger of two numbers, element by element. For `backward` note that
# the output tells where the input was positive, and that NumPy takes `True` for 1 in a product.


# %%
#| export nn.functional
class ReLUOp(Function):
    def forward(self, x):
        """What is positive in x, and 0 in place of the rest.

        Args:
            x: an array of floats, of any shape; infinities are fine, and a NaN stays one.

        Returns:
            np.ndarray of the same shape and dtype.

        Example:
            >>> relu(tensor([-2.0, 0.0, 3.0]))
            tensor([0., 0., 3.])
        """
        ### BEGIN SOLUTION
        return np.maximum(x, 0)
        ### END SOLUTION

    def backward(self, grad):
        """The gradient of x.

        Args:
            grad: the gradient of the result, an array of its shape.

        Returns:
            np.ndarray of that shape: `grad` where x was above 0, and 0 elsewhere.
        """
        ### BEGIN SOLUTION
        return grad * (self.out > 0)
        ### END SOLUTION


def relu(input, inplace=False):
    """max(input, 0), element by element (the name: Nair & Hinton, 2010)."""
    return changed(input, ReLUOp.apply) if inplace else ReLUOp.apply(input)


# %%
x = tensor([-2.0, -0.5, 0.0, 0.5, 3.0], requires_grad=True)
y = relu(x)
y.backward(tensor([5.0, 5.0, 5.0, 5.0, 5.0]))
print("x       ", x.tolist())
print("relu(x) ", y.tolist())
print("gradient", x.grad.tolist())

# %% [markdown]
# ## Task 3.2: sigmoid
#
# The older bend squeezes every number into the range from 0 to 1, so that it can be read as a
# probability: `sigmoid(x) = 1 / (1 + exp(-x))`.
#
# ```
#      1 |              . ---------         x          -2       0       2
#        |          .                       sigmoid   0.1192   0.5    0.8808
#    0.5 |        o                         slope     0.1050   0.25   0.1050
#        |     .
#      0 | ---- '                           slope = sigmoid * (1 - sigmoid)
#        +--------+------------- x
#                 0
# ```
#
# The slope needs no new exponential: it follows from the output alone.
#
# There is one trap. For `x = -1000` the formula asks for `exp(1000)`, which is more than any float
# can hold. The cure is to let `exp` see only negative numbers. With `e = exp(-|x|)`, which is never
# above 1,
#
# ```
#   x >= 0:   1 / (1 + e)         the formula as it is
#   x <  0:   e / (1 + e)         the same, numerator and denominator multiplied by exp(x)
# ```
#
# Two forms, because each keeps all its digits on its own side: sigmoid(-30) is 9e-14, and written
# as `1 - 1 / (1 + e)` it would lose most of them.
#
# `np.where(condition, a, b)` takes from `a` where the condition holds, and from `b` elsewhere.


# %%
#| export nn.functional
class SigmoidOp(Function):
    def forward(self, x):
        """1 / (1 + exp(-x)), element by element, without overflow.

        Args:
            x: an array of floats, of any shape; infinities are fine.

        Returns:
            np.ndarray of the same shape and dtype, from 0 to 1.

        Example:
            >>> sigmoid(tensor([-1000.0, 0.0, 1000.0]))
            tensor([0.0000, 0.5000, 1.0000])
        """
        ### BEGIN SOLUTION
        e = np.exp(-np.abs(x))
        return np.where(x >= 0, 1, e) / (1 + e)
        ### END SOLUTION

    def backward(self, grad):
        """The gradient of x: `grad` times the slope at x.

        Args:
            grad: the gradient of the result, an array of its shape.

        Returns:
            np.ndarray of that shape.
        """
        ### BEGIN SOLUTION
        return grad * self.out * (1 - self.out)
        ### END SOLUTION


def sigmoid(input):
    """1 / (1 + exp(-input)), element by element."""
    return SigmoidOp.apply(input)


def tanh(input):
    """The hyperbolic tangent, 2 * sigmoid(2 * input) - 1, from -1 to 1. Module 01 has it."""
    return input.tanh()


# %%
x = tensor([-1000.0, -2.0, 0.0, 2.0, 1000.0], requires_grad=True)
with warnings.catch_warnings():
    warnings.simplefilter("error")  # an overflow is an error here
    y = sigmoid(x)
    y.sum().backward()
print("sigmoid", [round(value, 4) for value in y.tolist()])
print("slope  ", [round(value, 4) for value in x.grad.tolist()])

# %% [markdown]
# A quarter is the most that a sigmoid lets through of a gradient. After ten of them in a row, less
# than a millionth is left. ReLU passes gradients on as they are, which is why deep networks use it.
#
# ## Read: GELU, and a function that NumPy does not have
#
# Transformers use a smooth relative of ReLU, **GELU** (Hendrycks & Gimpel, *Gaussian Error Linear
# Units*, 2016): x times the probability that a normally distributed number is below x. That
# probability is `(1 + erf(x / sqrt(2))) / 2`, and `erf`, the error function, is not in NumPy.
# Python has `math.erf` for one number at a time. For arrays `nn_given.py` builds a table of erf at
# the points ..., -1/256, 0, 1/256, ... once, and goes from the nearest point to x with a few terms
# of the Taylor series. The derivatives of erf are known, `erf'(x) = 2 / sqrt(pi) * exp(-x^2)`, and
# the step is so small that six terms give every digit that float64 has.


# %%
def microseconds(work, times=20):
    """The shortest of five runs, each the average of `times` calls."""
    runs = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(times):
            work()
        runs.append((time.perf_counter() - start) / times * 1e6)
    return sorted(runs)[0]


x = np.linspace(-4, 4, 4096)
one_by_one = np.array([math.erf(value) for value in x])
print(f"largest difference from math.erf: {np.abs(erf(x) - one_by_one).max():.0e}")
print(
    f"4096 numbers: one by one {microseconds(lambda: [math.erf(v) for v in x], 2):.0f} us, "
    f"with the table {microseconds(lambda: erf(x)):.0f} us"
)
print("relu", relu(tensor([-2.0, -1.0, 0.0, 1.0, 2.0])))
print("gelu", gelu(tensor([-2.0, -1.0, 0.0, 1.0, 2.0])))

# %% [markdown]
# ## Task 3.3: a layer of perceptrons, linear
#
# Eight perceptrons that look at the same two inputs are a matrix: one row of weights for each. For
# a whole batch of examples, one matrix product computes all of them. PyTorch stores the weight as
# `(out, in)`, one row for each output, so the formula has a transpose:
#
# ```
#      x          weight.T        bias             y
#   (N, in)   @   (in, out)   +   (out,)   ->   (N, out)
#
#   [1, 2]        weight          [0, 1]        [1*3 + 2*4 + 0,  1*5 + 2*6 + 1]  =  [11, 18]
#                 [[3, 4],
#                  [5, 6]]
# ```
#
# Backward, three gradients. Module 02 gave you the rule of the matrix product; the shapes alone
# nearly tell what goes where:
#
# ```
#   grad of y           (N, out)                                        [1, 10]
#   grad of x       =   grad    @  weight     (N, out) @ (out, in)      [1*3 + 10*5,  1*4 + 10*6]
#   grad of weight  =   grad.T  @  x          (out, N) @ (N, in)        [[1, 2], [10, 20]]
#   grad of bias    =   grad summed over the N rows                     [1, 10]
# ```
#
# `x` may have more dimensions, `(..., in)`. `as_rows` (given) makes one long batch of all of them;
# afterwards the result gets its dimensions back with `reshape`. And not everything needs a
# gradient: `self.needs_input_grad` holds one bool for each of x, weight and bias. The first layer's
# `x` is data, and a product that nobody asks for is the most expensive line of a network.
#
# For two matrices, `a.dot(b)` is `a @ b` with less ado before it starts, which counts when the
# matrices are small.


# %%
#| export nn.functional
def as_rows(x):
    """The same numbers as a matrix: all dimensions but the last become one. (2, 3, 4) -> (6, 4)."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


class LinearOp(Function):
    def forward(self, x, weight, bias):
        """x @ weight.T + bias, as one operation.

        Args:
            x: an array of shape (..., in).
            weight: an array of shape (out, in).
            bias: an array of shape (out,), or None.

        Returns:
            np.ndarray of shape (..., out).

        Raises:
            ValueError: the last dimension of x is not the last dimension of weight.

        Example:
            >>> linear(tensor([1.0, 2.0]), tensor([[3.0, 4.0], [5.0, 6.0]]), tensor([0.0, 1.0]))
            tensor([11., 18.])
        """
        if x.shape[-1:] != weight.shape[1:]:
            raise ShapeError(
                f"linear: input of shape {x.shape} does not fit weight of shape {weight.shape}: "
                f"the input's last dimension must be {weight.shape[-1]}"
            )
        ### BEGIN SOLUTION
        out = as_rows(x).dot(weight.T)
        if bias is not None:
            out += bias
        return out.reshape(*x.shape[:-1], weight.shape[0])
        ### END SOLUTION

    def backward(self, grad):
        """The gradients of x, weight and bias.

        Args:
            grad: the gradient of the result, an array of shape (..., out).

        Returns:
            tuple of three: an array of the shape of x, of weight, and of bias; None in place of
            each for which `self.needs_input_grad` is False.
        """
        x, weight, _ = self.args
        need_x, need_weight, need_bias = self.needs_input_grad
        rows = as_rows(grad)
        ### BEGIN SOLUTION
        return (
            rows.dot(weight).reshape(x.shape) if need_x else None,
            rows.T.dot(as_rows(x)) if need_weight else None,
            np.add.reduce(rows) if need_bias else None,
        )
        ### END SOLUTION


def linear(input, weight, bias=None):
    """input @ weight.T + bias: (..., in) and (out, in) and (out,) to (..., out)."""
    return LinearOp.apply(input, weight, bias)


# %%
x = tensor([[1.0, 2.0]], requires_grad=True)
weight = tensor([[3.0, 4.0], [5.0, 6.0]], requires_grad=True)
bias = tensor([0.0, 1.0], requires_grad=True)
y = linear(x, weight, bias)
y.backward(tensor([[1.0, 10.0]]))
print("y", y.tolist(), " gradients:", x.grad.tolist(), weight.grad.tolist(), bias.grad.tolist())

hidden = relu(linear(corners, tensor([[1.0, 1.0], [1.0, 1.0]]), tensor([0.0, -1.0])))
output = linear(hidden, tensor([[1.0, -2.0]]))
print("XOR by hand:", output.flatten().tolist())

X = randn(64, 64)
W, b = randn(32, 64, requires_grad=True), zeros(32, requires_grad=True)
three = microseconds(lambda: (X @ W.T + b).sum().backward())
one = microseconds(lambda: linear(X, W, b).sum().backward())
print("(64, 64) to 32, forward and backward:", end=" ")
print(f"three operations {three:.0f} us, one {one:.0f} us")

# %% [markdown]
# There it is, XOR, with weights found by hand: the first hidden unit counts the ones, the second
# sees only "both", and the output is the first minus twice the second. By hand, for two inputs. For
# 64 inputs nobody finds the weights by hand. To have them found, we need to say how wrong an output
# is, in one number.
#
# ## Task 3.4: mean squared error
#
# That number is the **loss**. For outputs that should be near given numbers, it is the square of
# the difference, averaged over everything:
#
# ```
#   x        1   2   3
#   target   1   4   0
#   error    0  -2   3        x - target
#   losses   0   4   9        squared
#   loss          13 / 3      reduction="mean": 4.3333     ("sum": 13,  "none": [0, 4, 9])
#   gradient 0  -4/3   2      2 * error / 3
# ```
#
# Every loss of PyTorch has the argument `reduction`. Two helpers, given, do what is common to all:
# `_reduced` ends each `forward`, and `_share` begins each `backward`: it says which part of the
# gradient falls to each single loss. With the mean inside the operation, a loss is one step on the
# tape and not three. For "none", `_share` returns an array of the shape of the losses, otherwise a
# single number; you can multiply with either.
#
# The target may need a gradient too (it often does when two networks are compared). It has the
# opposite sign.


# %%
#| export nn.functional
class MSEOp(Function):
    def forward(self, x, target, reduction):
        """The squared differences, reduced.

        Args:
            x, target: arrays of floats, of one shape (or of shapes that broadcast).
            reduction: "mean", "sum" or "none".

        Returns:
            np.ndarray, or a NumPy scalar for "mean" and "sum".

        Example:
            >>> mse_loss(tensor([1.0, 2.0, 3.0]), tensor([1.0, 4.0, 0.0]))
            tensor(4.3333)
        """
        ### BEGIN SOLUTION
        self.error = x - target
        return _reduced(self.error * self.error, reduction)
        ### END SOLUTION

    def backward(self, grad):
        """The gradients of x and of target.

        Args:
            grad: the gradient of the result, an array of its shape.

        Returns:
            tuple of two arrays, of the shape of the differences. The second one may be None where
            `self.needs_input_grad[1]` is False.
        """
        ### BEGIN SOLUTION
        share = _share(grad, self.args[2], self.error.size)
        grad_x = self.error * (2 * share)
        return grad_x, -grad_x if self.needs_input_grad[1] else None
        ### END SOLUTION


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """The mean of (input - target)^2; input and target of one shape.

    Warns where the shapes differ: (4, 1) and (4,) broadcast to (4, 4), and every output is then
    compared with every target. It is the most frequent mistake with this loss.
    """
    if input.shape != target.shape:
        warnings.warn(
            f"mse_loss: the input's shape {input.shape} and the target's shape {target.shape} "
            "differ and are broadcast, so that numbers are compared which do not belong together. "
            "Give one of them the other's shape.",
            stacklevel=2,
        )
    return MSEOp.apply(input, target, older(size_average, reduce, reduction))


# %%
x, target = tensor([1.0, 2.0, 3.0], requires_grad=True), tensor([1.0, 4.0, 0.0])
loss = mse_loss(x, target)
loss.backward()
print(f"loss {loss.item():.4f}, gradient {[round(value, 4) for value in x.grad.tolist()]}")
print(
    "none:",
    mse_loss(x, target, reduction="none").tolist(),
    " sum:",
    mse_loss(x, target, reduction="sum").item(),
)

three = microseconds(lambda: ((x - target) ** 2).mean().backward())
one = microseconds(lambda: mse_loss(x, target).backward())
print(f"three numbers, forward and backward: three operations {three:.0f} us, one {one:.0f} us")

# %% [markdown]
# ## Task 3.5: softmax
#
# To choose one of ten digits, a network gives ten numbers, one **score** for each class (PyTorch:
# logits). Scores may be of any size and sign. **Softmax** makes probabilities of them:
# exponentials, which are positive, divided by their sum.
#
# ```
#   scores x          0      0.6931   1.0986       (log 1, log 2, log 3)
#   exp(x)            1      2        3            sum 6
#   softmax p         1/6    2/6      3/6          sums to 1
# ```
#
# Adding a constant to all scores changes nothing: it multiplies every exponential, and the sum, by
# the same factor. So subtract the largest score first, and no exponential is ever above 1. Softmax
# computed that way is **numerically stable**.
#
# Backward: every output depends on every score, through the sum. The chain rule, worked out, is
# short. First `grad * p`; then take away from each its part `p` of the total:
#
# ```
#   result  =  grad * p  -  p * sum(grad * p)
#
#   grad            6      0      0
#   grad * p        1      0      0          sum 1
#   p * sum        1/6    2/6    3/6
#   result         5/6   -2/6   -3/6         sums to 0, as it must
# ```
#
# `dim` is the dimension along which the numbers shall sum to 1. Use `keepdims=True`, so that
# what you subtract and divide by broadcasts back. (`initial=-np.inf` in the given line lets the
# maximum of no numbers exist.)


# %%
#| export nn.functional
class SoftmaxOp(Function):
    def forward(self, x, dim):
        """exp(x), divided by its sum along `dim`.

        Args:
            x: an array of floats, of any shape; numbers of any size (exp of -inf is 0).
            dim: the dimension along which the result sums to 1.

        Returns:
            np.ndarray of the same shape and dtype.

        Example:
            >>> softmax(tensor([1000.0, 1000.0]), dim=0)
            tensor([0.5000, 0.5000])
        """
        largest = x.max(axis=dim, keepdims=True, initial=-np.inf)
        ### BEGIN SOLUTION
        e = np.exp(x - largest)
        e /= e.sum(axis=dim, keepdims=True)
        return e
        ### END SOLUTION

    def backward(self, grad):
        """The gradient of x.

        Args:
            grad: the gradient of the result, an array of its shape.

        Returns:
            np.ndarray of that shape.
        """
        p, dim = self.out, self.args[1]
        ### BEGIN SOLUTION
        inner = grad * p
        return inner - p * inner.sum(axis=dim, keepdims=True)
        ### END SOLUTION


class LogSoftmaxOp(Function):
    """log(softmax(x)), without the logarithm of a probability that was rounded to 0."""

    def forward(self, x, dim):
        shifted = x - x.max(axis=dim, keepdims=True, initial=-np.inf)
        return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))

    def backward(self, grad):
        return grad - np.exp(self.out) * grad.sum(axis=self.args[1], keepdims=True)


def softmax(input, dim, dtype=None):
    """Probabilities in proportion to exp(input), which sum to 1 along `dim` (Bridle, 1990)."""
    x = input if dtype is None else input.to(dtype)
    return SoftmaxOp.apply(x, checked_dim(dim, x.ndim))


def log_softmax(input, dim, dtype=None):
    """The logarithm of softmax(input, dim)."""
    x = input if dtype is None else input.to(dtype)
    return LogSoftmaxOp.apply(x, checked_dim(dim, x.ndim))


# %%
scores = tensor(np.log([[1.0, 2.0, 3.0]]), requires_grad=True)
p = softmax(scores, dim=1)
p.backward(tensor([[6.0, 0.0, 0.0]]))
print("softmax ", p.detach().numpy().round(4), " gradient", scores.grad.numpy().round(4))
print("shifted ", softmax(scores + 1e4, dim=1).detach().numpy().round(4))
print("sharper ", softmax(3 * scores, dim=1).detach().numpy().round(4))
far = tensor([0.0, 1e4])
with np.errstate(divide="ignore"):
    print("softmax, then log", softmax(far, dim=0).log(), " log_softmax", log_softmax(far, dim=0))

# %% [markdown]
# ## Task 3.6: cross-entropy
#
# How wrong are probabilities? Look only at the one that was given to the right class, and take
# minus its logarithm. Certain and right costs 0, one half costs 0.69, one in a thousand costs 6.9,
# and certain and wrong costs without limit. This loss is called **cross-entropy**.
#
# Computed as softmax, then log, it breaks: the last line above shows minus infinity where the truth
# is -10,000. As one operation it is exact: `log(sum(exp(x)))`, called **log-sum-exp**, has a stable
# form, too. With `shifted = x - max`,
#
# ```
#   -log softmax(x)[right]  =  log(sum(exp(shifted)))  -  shifted[right]
#
#   x (two rows)             0     0.6931   1.0986    right class 2:  log 6 - log 3  =  0.6931
#                            0     0.6931   1.0986    right class 0:  log 6 - log 1  =  1.7918
#   gradient, if summed     1/6     2/6    3/6 - 1
#                         1/6 - 1   2/6    3/6
# ```
#
# And the gradient is as simple as gradients get: the probabilities, minus 1 at the right class.
# Push down what was given to the wrong classes, push up the right one, both by how much they are
# off.
#
# `self.right` (given) is the pair (0, 1, 2, ...), (right class of row 0, of row 1, ...): indexing a
# matrix with it picks one element from each row, for reading and for `-=`. In `backward`, `_share`
# may be one number or one for each row; `.reshape(-1, 1)` lets either broadcast along the rows.


# %%
#| export nn.functional
class CrossEntropyOp(Function):
    def forward(self, x, target, reduction):
        """Softmax and minus the logarithm of the right class's probability, reduced.

        Args:
            x: an array of floats, shape (N, C): the scores of C classes for each of N rows.
            target: an array of ints, shape (N,): the right classes, from 0 to C - 1.
            reduction: "mean", "sum" or "none" (then the result has shape (N,)).

        Returns:
            np.ndarray, or a NumPy scalar for "mean" and "sum". What `backward` needs is kept on
            `self`: the exponentials (N, C) and their sums (N, 1).

        Example:
            >>> cross_entropy(tensor([[0.0, 0.0]]), tensor([1]))
            tensor(0.6931)
        """
        self.right = np.arange(len(x)), target
        ### BEGIN SOLUTION
        shifted = x - x.max(axis=1, keepdims=True)
        self.exps = np.exp(shifted)
        self.sums = self.exps.sum(axis=1, keepdims=True)
        return _reduced(np.log(self.sums[:, 0]) - shifted[self.right], reduction)
        ### END SOLUTION

    def backward(self, grad):
        """The gradient of x; classes have none.

        Args:
            grad: the gradient of the result: shape () for "mean" and "sum", (N,) for "none".

        Returns:
            np.ndarray of shape (N, C).
        """
        ### BEGIN SOLUTION
        result = self.exps / self.sums
        result[self.right] -= 1
        result *= _share(grad, self.args[2], len(result)).reshape(-1, 1)
        return result
        ### END SOLUTION


# %% [markdown]
# The function itself, given, is mostly courtesy. It takes PyTorch's other shapes, (C,) for one
# example and (N, C, d1, ...) for a class at each position, says what is wrong with a target, and
# handles two extras: targets that do not count (`ignore_index`), and a target that is spread a
# little over all classes (`label_smoothing`; Szegedy et al., 2016). `nll_loss` is cross-entropy for
# those who have applied `log_softmax` already.


# %%
#| export nn.functional
def cross_entropy(
    input,
    target,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
    label_smoothing=0.0,
):
    """Minus the logarithm of the probability that softmax(input) gives to the right class.

    Args:
        input: scores, of shape (N, C), (C,) or (N, C, d1, ...), for C classes.
        target: ints, of that shape without C: the number of the right class, from 0 to C - 1. Or
            probabilities of all classes, of the shape of `input`.
        weight: how much each class counts, a tensor (C,).
        size_average, reduce: PyTorch's older words for `reduction`.
        ignore_index: targets with this number do not count.
        reduction: "mean" over the targets that count, "sum", or "none" (the shape of `target`).
        label_smoothing: the part of the target that is spread evenly over all classes.

    Raises:
        TypeError: `target` does not hold ints. ValueError: the shapes do not fit.
        IndexError: a class that does not exist.
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must be from 0 to 1, not {label_smoothing}")
    reduction = older(size_average, reduce, reduction)
    if target.dtype.kind == "f" and target.shape == input.shape:
        return cross_entropy_of_probabilities(input, target, weight, reduction, label_smoothing)
    rows, classes = _rows_and_classes("cross_entropy", input, target)
    keep = _kept("cross_entropy", rows, classes, ignore_index)
    if weight is not None:
        logs = LogSoftmaxOp.apply(rows, 1)
        how = keep, weight, label_smoothing, reduction
        return weighted_nll(logs, classes, *how, target.shape)
    if keep is None and not label_smoothing:
        loss = CrossEntropyOp.apply(rows, classes, reduction)
        return loss if reduction != "none" else loss.reshape(*target.shape)
    losses = CrossEntropyOp.apply(rows, classes if keep is None else classes * keep, "none")
    if label_smoothing:
        everywhere = LogSoftmaxOp.apply(rows, 1).mean(1)
        losses = (1 - label_smoothing) * losses - label_smoothing * everywhere
    return _reduced_kept(losses, keep, reduction, target.shape)


# %%
scores = tensor(np.log([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]), requires_grad=True)
loss = cross_entropy(scores, tensor([2, 0]), reduction="sum")
loss.backward()
print(f"loss {loss.item():.4f}, gradient")
print(scores.grad.numpy().round(4))
print("scores of 10,000, wrong class:", cross_entropy(tensor([[0.0, 1e4]]), tensor([0])).item())
print(f"ten classes, knowing nothing: {cross_entropy(zeros(1, 10), tensor([3])).item():.4f}")
try:
    cross_entropy(zeros(2, 3), tensor([0, 3]))
except IndexError as error:
    print(error)

# %% [markdown]
# Remember 2.3026, the logarithm of 10. It is where training on ten classes begins, when all scores
# are about equal. If your first loss is far from it, look for the mistake before you train.
#
# ## Task 3.7: yes or no: binary cross-entropy
#
# With only two classes one score is enough: `sigmoid(x)` is the probability of "yes", and 1 minus
# it that of "no". The target is 1 or 0, or anything between. The loss is again minus the logarithm
# of the probability of what happened:
#
# ```
#   target 1:   -log(sigmoid(x))      =  log(1 + exp(-x))
#   target 0:   -log(1 - sigmoid(x))  =  log(1 + exp(x))     =  x + log(1 + exp(-x))
#   any t:                               max(x, 0) - x * t + log(1 + exp(-|x|))
# ```
#
# The last form is the other two in one, with `exp` of negative numbers only. NumPy's `np.log1p(e)`
# is `log(1 + e)`, exact also when `e` is so small that `1 + e` is rounded to 1.
#
# ```
#   x = 0,   t = 1:   0 - 0 + log 2        =  0.6931        gradient  0.5 - 1
#   x = -50, t = 1:   0 + 50 + log1p(...)  =  50.0          gradient  about -1
# ```
#
# The gradient has the form that you know by now: probability minus target. `SigmoidOp().forward(x)`
# is your own sigmoid, on arrays. The gradient of the target is `-x`, times the share.


# %%
#| export nn.functional
class BCEWithLogitsOp(Function):
    def forward(self, x, target, reduction):
        """Minus the logarithm of the probability that sigmoid(x) gives to the target, reduced.

        Args:
            x: an array of floats, of any shape: scores of any size.
            target: an array of the same shape, from 0 to 1.
            reduction: "mean", "sum" or "none".

        Returns:
            np.ndarray, or a NumPy scalar for "mean" and "sum".

        Example:
            >>> binary_cross_entropy_with_logits(tensor([0.0]), tensor([1.0]))
            tensor(0.6931)
        """
        ### BEGIN SOLUTION
        losses = np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))
        return _reduced(losses, reduction)
        ### END SOLUTION

    def backward(self, grad):
        """The gradients of x and of target.

        Args:
            grad: the gradient of the result, an array of its shape.

        Returns:
            tuple of two arrays of the shape of x. The second one may be None where
            `self.needs_input_grad[1]` is False.
        """
        x, target, reduction = self.args
        ### BEGIN SOLUTION
        share = _share(grad, reduction, x.size)
        grad_target = -x * share if self.needs_input_grad[1] else None
        return (SigmoidOp().forward(x) - target) * share, grad_target
        ### END SOLUTION


def binary_cross_entropy_with_logits(
    input,
    target,
    weight=None,
    size_average=None,
    reduce=None,
    reduction="mean",
    pos_weight=None,
):
    """The loss of yes-or-no scores of any size; target of the same shape, from 0 to 1.

    weight: how much each loss counts; pos_weight: how much a yes counts; both broadcast.
    """
    _check_same_shape("binary_cross_entropy_with_logits", input, target)
    reduction = older(size_average, reduce, reduction)
    if weight is not None or pos_weight is not None:
        return weighted_bce_with_logits(input, target, weight, pos_weight, reduction)
    return BCEWithLogitsOp.apply(input, target, reduction)


# %%
scores = tensor([0.0, 3.0, -50.0], requires_grad=True)
target = tensor([1.0, 1.0, 1.0])
losses = binary_cross_entropy_with_logits(scores, target, reduction="none")
losses.sum().backward()
print("from scores       ", [round(value, 4) for value in losses.tolist()])
print("gradient          ", [round(value, 4) for value in scores.grad.tolist()])
again = binary_cross_entropy(sigmoid(-scores.detach()), 1 - target, reduction="none")
print("from probabilities", [round(value, 4) for value in again.tolist()])

# %% [markdown]
# The last line asks the same question the other way round: the probability of "no", where "no" did
# not happen. For the third example that probability is so near 1 that float32 rounds it to 1, and
# the loss comes out wrong. This is why PyTorch's advice, and ours, is to hand scores to a loss.
#
# # Part two: bookkeeping
#
# A network has many arrays of weights: two for each layer, hundreds in a large model. Whatever
# moves them in training (the **optimizer**, module 04) needs all in one list, saving needs a name
# for each. Lists kept by hand go wrong in a particularly nasty way. A layer that was forgotten does
# not fail. It never learns, and the network becomes a little worse than it should be. So the list
# must make itself.
#
# PyTorch's idea: a layer or model is an object of a class `Module`; whatever is assigned to its
# attributes is noticed.
#
# ```
#   class Net(Module):
#       def __init__(self):
#           super().__init__()
#           self.fc1 = Linear(2, 8)          a Module: a part of this one
#           self.act = Tanh()                also a part, without parameters
#           self.scale = Parameter(ones(1))  a Parameter: learned by this module itself
#           self.rounds = 3                  anything else is an ordinary attribute
# ```
#
# Here are the beginnings of both classes, given. A `Parameter` is a tensor that says of itself that
# it wants to be learned. A `Module` has three dictionaries, its registers, and is called like a
# function, which calls its `forward`. The class grows through the next tasks, with `methods_of`
# from module 01.

# %%
#| default_exp nn.modules
#| export
import math
from collections import OrderedDict

import numpy as np

from tinytorch.tensor import (
    ShapeError,
    Tensor,
    as_array,
    dtype_asked,
    float32,
    float64,
    methods_of,
    unwrap,
)

if __name__ == "tinytorch.nn.modules":  # in the package; this lesson has the names already
    from tinytorch.nn.functional import (
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        cross_entropy,
        gelu,
        linear,
        mse_loss,
        older,
        relu,
        sigmoid,
        softmax,
        tanh,
    )
    from tinytorch.nn.init import kaiming_uniform_, uniform_


class Parameter(Tensor):
    """A tensor that a module learns. It shares the memory of the tensor it is made from."""

    def __init__(self, data, requires_grad=True):
        self.data = data.data if isinstance(data, Tensor) else as_array(data)
        self.requires_grad_(requires_grad)

    def __repr__(self):
        return f"Parameter containing:\n{super().__repr__()}"


class Module(_Everywhere):
    """The base of all layers and models. Yours has an `__init__`, which begins with
    `super().__init__()` and assigns the parts, and a `forward`, which computes."""

    training = True  # False while the model is used; `train` and `eval` change it

    def __init__(self):
        for register in ("_parameters", "_buffers", "_modules"):
            object.__setattr__(self, register, {})
        object.__setattr__(self, "_transient", set())  # buffers that are not saved

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, *args, **kwargs):
        raise NotImplementedError(f"{type(self).__name__} has no forward method")

    def __getattr__(self, name):
        """Python asks here when it has found no attribute of that name."""
        kind = type(self).__name__
        text = f"{kind!r} object has no attribute {name!r}"
        if name in ("_parameters", "_buffers", "_modules", "_transient"):
            text = f"{kind}.__init__ must call super().__init__() before anything else"
        raise AttributeError(text, name=name, obj=self)


# %% [markdown]
# ## Task 3.8: to notice an assignment: Module
#
# When Python meets `net.fc1 = layer`, it calls `net.__setattr__("fc1", layer)`. Every object
# inherits this method, and every class may have its own. Yours looks at the value:
#
# ```
#   net.scale = Parameter(...)  ->  net._parameters["scale"]    and   the attribute
#   net.fc1   = Linear(...)     ->  net._modules["fc1"]         and   the attribute
#   net.rounds = 3              ->                                    the attribute
# ```
#
# To set the attribute itself, call the method that every object inherits,
# `object.__setattr__(self, name, value)`. Writing `self.name = value` would set an attribute called
# "name", and `setattr(self, name, value)` would call your own method again, and again.
#
# The call of `_release` is given. A name may have been something else before, and must leave the
# old register; and some assignments are refused: a parameter cannot be replaced by a plain tensor,
# which nobody would train. Below are the other doors into the registers: `register_buffer` is for
# tensors that belong to the module, and are saved with it, but are not learned.

# %%
#| export
_KINDS = {"_parameters": Parameter, "_buffers": Tensor, "_modules": Module}


def _refusal(register, name, value):
    role = {"_parameters": "parameter", "_buffers": "buffer", "_modules": "module"}[register]
    kind = _KINDS[register].__name__
    return TypeError(
        f"cannot assign {type(value).__name__!r} as {role} {name!r}: {kind} or None expected"
    )


@methods_of(Module)
class _Assignment:
    def __setattr__(self, name, value):
        """Set an attribute; enter a Parameter or a Module into its register, by its name.

        Args:
            name: the attribute's name, a text.
            value: a Parameter goes into `self._parameters`, a Module into `self._modules`,
                anything else into neither. The attribute is set in every case.

        Raises:
            AttributeError: `super().__init__()` was not called, so there are no registers.
            TypeError: `name` is a parameter, buffer or module, and `value` is something else.

        Example:
            >>> net = Module(); net.scale = Parameter(tensor([1.0])); list(net._parameters)
            ['scale']
        """
        self._release(name, value)
        ### BEGIN SOLUTION
        if isinstance(value, Parameter):
            self._parameters[name] = value
        elif isinstance(value, Module):
            self._modules[name] = value
        object.__setattr__(self, name, value)
        ### END SOLUTION

    def _release(self, name, value):
        """Let `name` leave its register, where `value` belongs elsewhere and may replace it."""
        for register, kind in _KINDS.items():
            entries = vars(self).get(register, {})
            if name not in entries:
                continue
            if isinstance(value, Parameter) and register != "_parameters":
                del entries[name]
            elif value is None or isinstance(value, kind):
                entries[name] = value
            else:
                raise _refusal(register, name, value)

    def __delattr__(self, name):
        object.__delattr__(self, name)
        for register in _KINDS:
            getattr(self, register).pop(name, None)
        self._transient.discard(name)

    def register_parameter(self, name, param):
        """Like an assignment. None: there could be such a parameter, but this module has none."""
        self._register("_parameters", name, param)

    def register_buffer(self, name, tensor, persistent=True):
        """A tensor that belongs to the module, not learned; persistent=False: nor saved."""
        self._register("_buffers", name, tensor)
        if not persistent:
            self._transient.add(name)

    def add_module(self, name, module):
        """Like an assignment, for names that cannot be attributes in Python's grammar, like "0"."""
        self._register("_modules", name, module)

    def _register(self, register, name, value):
        if not isinstance(name, str) or not name or "." in name:
            raise KeyError(f"a name is a text without dots, not {name!r}")
        if hasattr(self, name) and not any(name in getattr(self, r) for r in _KINDS):
            raise KeyError(f"attribute {name!r} already exists")
        if value is not None and not isinstance(value, _KINDS[register]):
            raise _refusal(register, name, value)
        self._release(name, value)
        getattr(self, register)[name] = value
        object.__setattr__(self, name, value)


# %%
net = Module()
net.scale = Parameter(tensor([1.0]))
net.part = Module()
net.part.weight = Parameter(tensor([2.0, 3.0]))
net.rounds = 3
print("parameters:", list(net._parameters), " modules:", list(net._modules), " rounds:", net.rounds)
print("of the part:", list(net.part._parameters))
try:
    net.scale = tensor([5.0])
except TypeError as error:
    print("TypeError:", error)


class Forgetful(Module):
    def __init__(self):
        self.scale = Parameter(tensor([1.0]))


try:
    Forgetful()
except AttributeError as error:
    print("AttributeError:", error)

# %% [markdown]
# ## Task 3.9: to find everything: parameters
#
# Modules inside modules inside modules: the registers form a tree. A name in the tree is the way to
# it, with dots:
#
# ```
#   net                     ""
#    |-- scale                 "scale"
#    |-- encoder            "encoder"
#    |    |-- weight           "encoder.weight"
#    |    `-- head          "encoder.head"
#    |         `-- bias        "encoder.head.bias"
#    `-- decoder            "decoder"
#         `-- weight           "decoder.weight"    the same object as encoder.weight
# ```
#
# Two methods walk it. `named_modules` yields the module itself and then, by asking each part the
# same question, all modules below it. `_named_members` goes through those and yields what is in one
# of their registers; parameters and buffers both use it.
#
# Both have to remember what they have seen. One object may hang in the tree twice: language models
# use one matrix to read words and to write them. If it came twice, the optimizer would move it
# twice in each step.
#
# Both are **generators**: `yield` hands out one result and goes on from there when the next one is
# asked for; `yield from g` hands out all that another generator `g` yields. An entry that is None
# (registered, but absent) is skipped.
#
# The first use of the walk is `train`. Some layers (Dropout, for example) do one thing while a
# model is trained and another while it is used, and look at their own attribute `training`. One
# call on the whole model sets it in every module; `net.training = False` would reach only `net`.


# %%
#| export
@methods_of(Module)
class _Tree:
    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """This module and every module inside it, in the order of assignment, parents first.

        Args:
            memo: a set of the modules that were seen already; None for an empty one. Share it with
                the calls for the parts.
            prefix: the name of this module. A part "fc" of "net" is "net.fc", of "" it is "fc".
            remove_duplicate: yield a module only once (False: as often as it appears).

        Yields:
            tuple (name, module).

        Example:
            >>> [name for name, _ in net.named_modules()]
            ['', 'encoder', 'encoder.head', 'decoder']
        """
        memo = set() if memo is None else memo
        ### BEGIN SOLUTION
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)
        ### END SOLUTION

    def _named_members(self, register, prefix="", recurse=True, remove_duplicate=True):
        """Everything in one register of this module and of those inside it, each object once.

        Args:
            register: "_parameters" or "_buffers"; `getattr(module, register)` is the dictionary.
            prefix: the name of this module, which the names begin with.
            recurse: False for this module's own register only.
            remove_duplicate: False to yield an object as often as it has names.

        Yields:
            tuple (name, tensor), without those that are None.

        Example:
            >>> [name for name, _ in net._named_members("_parameters")]
            ['scale', 'encoder.weight', 'encoder.head.bias']
        """
        seen = set()
        everywhere = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        modules = everywhere if recurse else [(prefix, self)]
        ### BEGIN SOLUTION
        for path, module in modules:
            for name, member in getattr(module, register).items():
                if member is None or member in seen:
                    continue
                if remove_duplicate:
                    seen.add(member)
                yield f"{path}.{name}" if path else name, member
        ### END SOLUTION

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """All parameters as (name, parameter), each once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse=True):
        """All parameters, each once: what an optimizer wants."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """All buffers as (name, tensor), each once."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """All buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def modules(self):
        """This module and every module inside it, each once."""
        return (module for _, module in self.named_modules())

    def train(self, mode=True):
        """Tell this module and all inside that they are being trained (True) or used (False).

        Args:
            mode: what the attribute `training` of each becomes.

        Returns:
            Module: this one, so that `net = net.train()` may be written.
        """
        ### BEGIN SOLUTION
        for module in self.modules():
            module.training = mode
        return self
        ### END SOLUTION

    def eval(self):
        """The same as train(False)."""
        return self.train(False)

    def named_children(self):
        """The direct parts as (name, module), each once."""
        seen = {None}
        for name, part in self._modules.items():
            if part not in seen:
                seen.add(part)
                yield name, part

    def children(self):
        """The direct parts, each once."""
        return (module for _, module in self.named_children())


# %%
net = Module()
net.scale = Parameter(tensor([1.0]))
net.encoder, net.decoder = Module(), Module()
net.encoder.weight = Parameter(tensor([[1.0, 2.0], [3.0, 4.0]]))
net.encoder.head = Module()
net.encoder.head.bias = Parameter(tensor([0.0, 0.0]))
net.decoder.weight = net.encoder.weight
print("modules:   ", [name for name, _ in net.named_modules()])
print("parameters:", [name for name, _ in net.named_parameters()])
print("numbers to learn:", sum(parameter.numel() for parameter in net.parameters()))

# %% [markdown]
# ## Task 3.10: to keep a state: state_dict
#
# A trained model is worth its numbers. `state_dict()` returns them all, by name, as a plain
# dictionary; `load_state_dict` puts them back, into this model or into another one of the same
# build. (Writing them to a file is another matter, for module 09.)
#
# Its tensors share the model's memory, as in PyTorch: they keep changing while you train. To keep a
# moment, write `copy.deepcopy(model.state_dict())`.
#
# Loading is where models meet that do not fit, so it must be strict and say everything at once:
#
# ```
#   this model            the state
#   0.weight  (8, 2)      0.weight  (8, 2)      fits
#   0.bias    (8,)        -                     missing
#   1.weight  (1, 8)      1.weight  (1, 9)      size mismatch
#   -                     extra     (3,)        unexpected
# ```
#
# First look at everything, then change something: a model that is half loaded is worse than an
# error. And copy the numbers *into* the arrays that exist, with `array[...] = values`. An optimizer
# may hold on to the parameters, and two names may share one.
#
# `self._state()` (given) is a dictionary from name to the tensor itself, every name included. In a
# state the values may be tensors or arrays, `np.asarray(unwrap(value))` makes an array of either.
# `_misfit` (given) writes the error's text.


# %%
#| export
@methods_of(Module)
class _State:
    def _state(self):
        """Every parameter and saved buffer itself, by every name that it has."""
        state = {}
        for path, module in self.named_modules(remove_duplicate=False):
            for name, tensor in {**module._parameters, **module._buffers}.items():
                if tensor is not None and name not in module._transient:
                    state[f"{path}.{name}" if path else name] = tensor
        return state

    def state_dict(self):
        """Every parameter and saved buffer, by name: tensors that share the module's memory.

        As in PyTorch, they change when the module learns: `.clone()` what you want to keep.
        """
        return OrderedDict((name, tensor.detach()) for name, tensor in self._state().items())

    def load_state_dict(self, state_dict, strict=True):
        """Copy the numbers of a state into this module's parameters and buffers.

        Args:
            state_dict: a dictionary from name to tensor or array.
            strict: whether names that only one side has are an error. With False they are left
                alone. A shape that differs is an error in either case.

        Returns:
            _IncompatibleKeys(missing_keys, unexpected_keys): two lists of names, those that only
            this module has, and those that only the state has.

        Raises:
            RuntimeError: `_misfit(self, missing, unexpected, wrong)`, before anything was changed.

        Example:
            >>> net.load_state_dict(net.state_dict())
            <All keys matched successfully>
        """
        own = self._state()
        given = _arrays_of(state_dict)
        ### BEGIN SOLUTION
        missing = [name for name in own if name not in given]
        unexpected = [name for name in given if name not in own]
        common = [name for name in own if name in given]
        shapes = {name: (given[name].shape, own[name].shape) for name in common}
        wrong = {name: pair for name, pair in shapes.items() if pair[0] != pair[1]}
        if wrong or (strict and (missing or unexpected)):
            raise _misfit(self, missing if strict else [], unexpected if strict else [], wrong)
        for name in common:
            own[name].data[...] = given[name]
        return _IncompatibleKeys(missing, unexpected)
        ### END SOLUTION


# %%
before = {name: value.clone() for name, value in net.state_dict().items()}
with no_grad():
    net.encoder.weight *= 100
print("changed: ", net.encoder.weight.tolist())
print(net.load_state_dict(before), net.decoder.weight.tolist())

del before["scale"]
before["extra"], before["encoder.head.bias"] = zeros(3), zeros(5)
try:
    net.load_state_dict(before)
except RuntimeError as error:
    print(error)

# %% [markdown]
# What else `Module` does comes from `_Everywhere` in `nn_given.py`: to forget the gradients of all
# parameters, to freeze them, to give them another dtype, and to print itself.

# %%
print(net)

# %% [markdown]
# # Part three: layers
#
# ## Task 3.11: initialization
#
# Weights must begin different from each other: if all were zero, all units of a layer would compute
# the same, receive the same gradient, and stay the same forever. So they begin random; to choose
# these first numbers is called **initialization**. How large should they be?
# Here is a signal on its way through 30 layers of 100 units with ReLU, and what is left of it:


# %%
def signal_after(scale, layers=30):
    manual_seed(0)
    signal = randn(200, 100)
    for _ in range(layers):
        signal = relu(linear(signal, scale * randn(100, 100)))
    return (signal**2).mean().sqrt().item()


for scale in (0.1, math.sqrt(2 / 100), 0.2):
    print(f"weights of size {scale:.3f}: size of the signal {signal_after(scale):.2g}")

# %% [markdown]
# A little less than right and the signal dies out, a little more and it explodes; gradients do the
# same on their way back. The right size follows from counting. A unit sums `fan_in` products of
# independent numbers, so its variance is `fan_in` times the variance of the weights, times that of
# the inputs. With weights of variance `1 / fan_in` the signal keeps its size (Glorot & Bengio,
# *Understanding the difficulty of training deep feedforward neural networks*, 2010). ReLU throws
# away half of it, so it needs twice the variance (He et al., *Delving Deep into Rectifiers*, 2015).
# That factor, as a factor of the standard deviation, is called the **gain**.
#
# ```
#   weight (out, in):                  fan_in = in          fan_out = out
#   weight (out, in, 3, 3) of a        fan_in = in * 9      fan_out = out * 9     (module 07)
#   3-by-3 convolution
#
#   standard deviation   std   = gain / sqrt(fan)
#   evenly spread        from -bound to bound: its standard deviation is bound / sqrt(3),
#                        so    bound = sqrt(3) * gain / sqrt(fan)
#
#   relu, weight (8, 6):  gain sqrt(2), fan_in 6:  bound = sqrt(3) * sqrt(2) / sqrt(6) = 1
# ```
#
# `calculate_gain(nonlinearity, a)` is given; `a` is a slope for negative inputs, which plain ReLU
# does not have. A name that ends in `_` means, in PyTorch, that the tensor itself is changed.
# `uniform_(tensor, low, high)`, given, fills one with numbers of the one generator of module 00, so
# that `manual_seed` repeats a network's beginning. Draw with it.

# %%
#| export nn.init
import math

import numpy as np

from tinytorch.random import default_generator


def _calculate_fan_in_and_fan_out(tensor):
    """How many inputs one output is made of, and how many outputs one input goes into.

    Args:
        tensor: a weight of shape (out, in), or (out, in, ...) with the size of a window.

    Returns:
        tuple of two ints: in times the size of the window, out times the size of the window.

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    Example:
        >>> _calculate_fan_in_and_fan_out(zeros(8, 3, 5, 5))
        (75, 200)
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"fan_in and fan_out need two dimensions or more, this tensor has shape {tensor.shape}"
        )
    ### BEGIN SOLUTION
    window = math.prod(tensor.shape[2:])
    return tensor.shape[1] * window, tensor.shape[0] * window
    ### END SOLUTION


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    """Fill a weight with numbers spread evenly from -bound to bound (He et al., 2015).

    Args:
        tensor: a weight of shape (out, in, ...); it is changed in place. A dimension may be 0: then
            there is nothing to draw, and a fan of 0 must not be divided by.
        a: the slope of a leaky ReLU for negative inputs (only used with nonlinearity="leaky_relu").
        mode: "fan_in" keeps the size of the signal, "fan_out" that of the gradients.
        nonlinearity: what follows the weight, a name that `calculate_gain` knows.

    Returns:
        the same tensor.

    Raises:
        ValueError: an unknown mode or nonlinearity, or fewer than two dimensions.

    Example:
        >>> kaiming_uniform_(zeros(8, 6), nonlinearity="relu").abs().max() <= 1
        tensor(True)
    """
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', not {mode!r}")
    ### BEGIN SOLUTION
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    fan = fan_in if mode == "fan_in" else fan_out
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3 / max(fan, 1))
    return uniform_(tensor, -bound, bound)
    ### END SOLUTION


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    """As kaiming_uniform_, with normally distributed numbers."""
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', not {mode!r}")
    fan = _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1)))


def xavier_uniform_(tensor, gain=1.0):
    """Keep signal and gradients about equally well (Glorot & Bengio, 2010); evenly spread."""
    fans = sum(_calculate_fan_in_and_fan_out(tensor))
    bound = gain * math.sqrt(6 / max(fans, 1))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor, gain=1.0):
    """As xavier_uniform_, with normally distributed numbers."""
    fans = sum(_calculate_fan_in_and_fan_out(tensor))
    return normal_(tensor, 0.0, gain * math.sqrt(2 / max(fans, 1)))


# %%
manual_seed(0)
weight = kaiming_uniform_(zeros(8, 6), nonlinearity="relu")
print(f"(8, 6): from {weight.min().item():.3f} to {weight.max().item():.3f}")
signal = randn(200, 100)
for _ in range(30):
    signal = relu(linear(signal, kaiming_uniform_(zeros(100, 100), nonlinearity="relu")))
print(f"after 30 layers: {(signal**2).mean().sqrt().item():.2f}")

# %% [markdown]
# ## Task 3.12: Linear and Sequential
#
# All parts are there. `Linear` owns a weight and a bias and begins them as PyTorch does: the weight
# by `kaiming_uniform_` with `a=sqrt(5)`, which is an old habit and comes out as
# `bound = 1 / sqrt(in)`, and the bias evenly spread within the same bound.
#
# `Sequential` is a row of modules. Each gets what the one before returned:
#
# ```
#   Sequential(Linear(2, 8), Tanh(), Linear(8, 1))
#
#   input (N, 2) -> "0" -> (N, 8) -> "1" -> (N, 8) -> "2" -> (N, 1)
# ```
#
# Your parts are the constructor and the first values of `Linear`, and `Sequential.forward`. The
# registers keep the order of assignment: `self._modules.values()` is the row.


# %%
#| export
class Linear(Module):
    """input @ weight.T + bias, on the last dimension: (..., in_features) to (..., out_features)."""

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        """Make the parameters and give them their first values.

        Args:
            in_features, out_features: the sizes of the last dimension, before and after.
            bias: False for a layer without; `self.bias` is then None.
            device: "cpu" or None.
            dtype: of the parameters; None means float32.

        `self.weight` is a Parameter of shape (out_features, in_features), `self.bias`, made after
        it, one of shape (out_features,). Their arrays may hold anything before `reset_parameters`
        fills them.

        Example:
            >>> Linear(2, 8).weight.shape
            (8, 2)
        """
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        dtype = dtype_asked((), dtype or float32, device)
        ### BEGIN SOLUTION
        self.weight = Parameter(np.empty((out_features, in_features), dtype))
        self.bias = Parameter(np.empty(out_features, dtype)) if bias else None
        self.reset_parameters()
        ### END SOLUTION

    def reset_parameters(self):
        """Give weight and bias (if there is one) new first values, in place.

        The weight: `kaiming_uniform_` with a = sqrt(5). The bias: spread evenly from -1 / sqrt(in)
        to 1 / sqrt(in); with in_features = 0, count it as 1.
        """
        ### BEGIN SOLUTION
        kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(max(self.in_features, 1))
            uniform_(self.bias, -bound, bound)
        ### END SOLUTION

    def forward(self, input):
        try:
            return linear(input, self.weight, self.bias)
        except ValueError as error:
            raise ShapeError(f"{self}: {error}") from None

    def extra_repr(self):
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"


class Sequential(_RowOfModules, Module):
    """Modules in a row, each fed with what the one before returned.

    Takes modules, `Sequential(a, b)`, or one dictionary of them, which gives them names.
    """

    def __init__(self, *modules):
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], dict):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            self.extend(modules)

    @classmethod
    def _of(cls, items):
        return cls(dict(items))

    def forward(self, input):
        """Pass `input` through all modules, in order.

        Args:
            input: what the first module takes.

        Returns:
            what the last module returns; the input itself where there is no module.
        """
        ### BEGIN SOLUTION
        for module in self._modules.values():
            input = module(input)
        return input
        ### END SOLUTION


# %%
manual_seed(0)
layer = Linear(16, 4)
print(layer, " weight", layer.weight.shape, " bias", layer.bias.shape)
print(f"largest weight {layer.weight.abs().max().item():.3f}, never above 1 / sqrt(16)")
print("from (5, 7, 16) to", layer(zeros(5, 7, 16)).shape)
try:
    layer(zeros(5, 7))
except ValueError as error:
    print("ValueError:", error)
print(Sequential(Linear(2, 8), Linear(8, 1)))

# %% [markdown]
# The other layers are functions in the dress of a module, and are given. `ModuleList` is a list
# whose modules are found by the walk of task 3.9; a plain Python list would hide them.


# %%
#| export
class ReLU(Module):
    """max(input, 0); `inplace` overwrites the input."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def forward(self, input):
        return relu(input, self.inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class GELU(Module):
    """input times the normal distribution function of input; approximate: "none" or "tanh"."""

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        return gelu(input, approximate=self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class Sigmoid(Module):
    """1 / (1 + exp(-input))."""

    def forward(self, input):
        return sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input):
        return tanh(input)


class Softmax(Module):
    """Probabilities in proportion to exp(input), which sum to 1 along `dim`."""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return softmax(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class Flatten(Module):
    """The dimensions from start_dim to end_dim as one: (N, 8, 8) to (N, 64)."""

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input):
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class ModuleList(_RowOfModules, Module):
    """A list of modules that belong to this one; what they compute is up to your `forward`."""

    def __init__(self, modules=()):
        super().__init__()
        self.extend(modules)

    @classmethod
    def _of(cls, items):
        return cls(module for _, module in items)

    def __repr__(self):
        return _framed(type(self).__name__, "", _runs(self))


class _Loss(Module):
    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__()
        self.reduction = older(size_average, reduce, reduction)


class _WeightedLoss(_Loss):
    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(_Loss):
    """The mean of (input - target)^2."""

    def forward(self, input, target):
        return mse_loss(input, target, reduction=self.reduction)


class BCELoss(_WeightedLoss):
    """Binary cross-entropy of probabilities."""

    def forward(self, input, target):
        return binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """Binary cross-entropy of scores."""

    def __init__(
        self, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
    ):
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input, target):
        how = {"reduction": self.reduction, "pos_weight": self.pos_weight}
        return binary_cross_entropy_with_logits(input, target, self.weight, **how)


class CrossEntropyLoss(_WeightedLoss):
    """Cross-entropy of scores (N, C) and classes (N,), or probabilities (N, C)."""

    def __init__(
        self,
        weight=None,
        size_average=None,
        ignore_index=-100,
        reduce=None,
        reduction="mean",
        label_smoothing=0.0,
    ):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input, target):
        return cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


# %% [markdown]
# ## Put together
#
# XOR again. The same four points, the same gradient descent as at the beginning, and a model that
# is three lines longer. Nobody tells it what the hidden units should be.

# %%
manual_seed(1)
model = Sequential(Linear(2, 8), Tanh(), Linear(8, 1))
loss_fn = MSELoss()
wanted = tensor([[0.0], [1.0], [1.0], [0.0]])
print(model)

for step in range(501):
    loss = loss_fn(model(corners), wanted)
    if step in (0, 10, 50, 100, 200, 500):
        answers = "  ".join(f"{value:5.2f}" for value in model(corners).flatten().tolist())
        print(f"step {step:3}   loss {loss.item():.4f}   answers {answers}")
    model.zero_grad()
    loss.backward()
    with no_grad():
        for p in model.parameters():
            p -= 0.2 * p.grad

# %% [markdown]
# Four right answers, which no perceptron can give. What does it believe about all the other points?
# Here is the plane from -0.5 to 1.5 in both directions, with `#` where the model says more than one
# half; the four corners are marked by their wanted answers.

# %%
side = np.linspace(-0.5, 1.5, 33)
plane = tensor([[x1, x2] for x2 in side[::-2] for x1 in side])
rows = model(plane).reshape(17, 33).tolist()
picture = [["#" if value > 0.5 else "." for value in row] for row in rows]
for (x1, x2), answer in zip(corners.tolist(), wanted.flatten().tolist()):
    picture[round((1.5 - x2) * 8)][round((x1 + 0.5) * 16)] = str(int(answer))
print("\n".join("   " + "".join(row) for row in picture))

copy = Sequential(Linear(2, 8), Tanh(), Linear(8, 1))
copy.load_state_dict(model.state_dict())
print("a copy gives the same answers:", (copy(corners) == model(corners)).tolist())

# %% [markdown]
# The ruler has become a band. Each hidden unit drew one line, and the output combined them.
#
# ## What you can do now
#
# You have `tinytorch.nn`: bends, layers, losses, first values, and a `Module` that knows all its
# parameters, however deep they sit. This is the part of PyTorch that model code is written in; the
# models of the later modules are made of nothing else. What is still missing is comfort: the loop
# with `p -= 0.2 * p.grad` written out, all data in one batch, one step size (0.2, the **learning
# rate**) for everything. That is module 04.
#
# `tito module test 03` runs the tests, `tito module complete 03` puts your code into `tinytorch`,
# and unlocks a milestone: XOR, 1986.
#
# ## Experiments
#
# - Take the `Tanh()` out of the model above. Before you run it: what will the four answers be? Then
#   try `ReLU()` in its place, with several seeds. Does every seed learn? How many hidden units does
#   it take?
# - Fill the weights of both layers with zeros before training (`apply` with a function that calls
#   `nn.init`). Look at the gradients of the first layer, step by step, and explain.
# - Put one `Linear(8, 8)` twice into a `Sequential`, as the same object. How many parameters does
#   it report, how many names has its `state_dict`, and is its gradient right? Check with
#   `gradcheck`.
#
# ## Questions
#
# **1.** In `cross_entropy` with `reduction="mean"` the gradient is (probability - target) / N. A
# student forgets the division by N, and the network still learns, even a little faster. Why is it
# wrong nonetheless?
#
# <details><summary>Answer</summary>
#
# The gradient is then N times too large, which has the same effect as a learning rate N times as
# large. It goes well as long as that rate happens to be bearable. With another batch size the steps
# have another size, and every value of a learning rate that you have read somewhere is off by N.
#
# </details>
#
# **2.** Softmax has as many outputs as inputs, but if you know all outputs, you do not know the
# inputs. What is lost, and where in `backward` can you see it?
#
# <details><summary>Answer</summary>
#
# A constant added to all inputs leaves no trace. So a move of all inputs by the same amount cannot
# change any output, and the gradient in that direction must be zero: the elements of the result of
# `backward` always sum to 0.
#
# </details>
#
# **3.** A model keeps its layers in a Python list, `self.layers = [Linear(4, 4), Linear(4, 4)]`. It
# runs without an error. What goes wrong, where, and when would you notice?
#
# <details><summary>Answer</summary>
#
# `__setattr__` sees a list, which is neither a Parameter nor a Module, so nothing is registered.
# The forward pass works, and so does `backward`, but `parameters()` does not have these weights:
# they are never trained, never saved, and not moved to float64. You notice when the loss stalls, or
# when a loaded model gives other answers than the one that was saved. Use `ModuleList`.
#
# </details>
