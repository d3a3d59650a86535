# %% [markdown]
# # Module 02: Autograd
#
# Exact slopes for all numbers at once: record what was computed, then walk it back.
#
# About 45 minutes of reading and 2 hours of writing.
#
# ## The question
#
# A network has knobs, its weights, and one number that says how badly it does, the loss. To
# improve, we must know for each knob: if I turn it up a little, does the loss rise or fall, and
# how fast? That speed is the **slope** of the loss with respect to that knob. (All others stand
# still, so in mathematics it is a **partial derivative**.)
#
# The plain way to find it is to try: turn the knob a little up, look, a little down, look, divide
# the difference by the step. The cell below does that twice. First for x³ at x = 2, where we know
# the slope, 3x² = 12, to see how exact it is. Then for a small model with 1,000 weights, to see
# what it costs.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import time

import numpy as np

from tinytorch.random import manual_seed
from tinytorch.tensor import Tensor, ones, rand, randn, tensor, zeros

for step in (1e-1, 1e-3, 1e-5, 1e-7):
    up, down = tensor(2.0 + step), tensor(2.0 - step)
    slope = (up * up * up - down * down * down) / (2 * step)
    print(f"step {step:.0e}: the slope of x*x*x at 2 comes out as {slope.item():.4f}, it is 12")

manual_seed(0)
inputs, targets, weights = randn(100, 1000), randn(100), randn(1000)


def model_loss():
    return ((inputs @ weights - targets) ** 2).mean()


start = time.perf_counter()
model_loss()
once = time.perf_counter() - start
start = time.perf_counter()
for i in range(1000):
    weights.data[i] += 1e-3
    up = model_loss()
    weights.data[i] -= 2e-3
    down = model_loss()
    weights.data[i] += 1e-3
    slope = (up - down) / 2e-3
tried = time.perf_counter() - start
print(f"loss once: {1e3 * once:.3f} ms; slopes of 1,000 weights by trying: {1e3 * tried:.0f} ms")

# %% [markdown]
# Both are bad news. The answer is never quite right: a large step sees the curve and not the
# slope, and a small step drowns in the seven digits of float32. And the price is two computations
# of the loss for each weight. A model with a million weights would need two million, for one step
# of learning.
#
# In this module you write the machine that makes both problems vanish: exact slopes, for all
# weights at once, for the price of computing the loss about three times. It is the one idea
# without which there is no deep learning, and the lines you will write for it fit on two pages.
#
# ## The idea: slopes multiply along a way, and add up over ways
#
# Think of gears. If y moves 3 times as fast as x, and L moves 2 times as fast as y, then L moves 6
# times as fast as x:
#
# ```
#         slope 3        slope 2
#      x ---------> y ----------> L           slope of L with respect to x:  3 * 2 = 6
# ```
#
# If x reaches L in two ways, both push, and their effects add up:
#
# ```
#         3        2
#      .-----> y -----.
#    x |              |---> L                 slope:  3 * 2  +  5 * 1  =  11
#      '-----> z -----'
#         5        1
# ```
#
# That is the **chain rule**, all of it. Everything below is bookkeeping. Our running example has
# two multiplications and an addition, at x = 2, w = 3, b = 1:
#
# ```
#     x = 2 ---.
#              (*)--- p = 6 ---.
#     w = 3 ---'               (+)--- z = 7 ---(*)--- L = 49
#     b = 1 -------------------'         '------'           L is z * z: z goes in twice
# ```
#
# Now walk back, from the right. L moves as fast as L, so we start with 1. In z * z each factor is
# multiplied by the other, 7, and z goes in twice: 7 + 7 = 14. An addition passes on what it gets:
# p has 14, b has 14. In x * w, x is multiplied by w, which is 3: so x has 14 * 3 = 42, and w has
# 14 * 2 = 28.
#
# ```
#     x: 42 <--.
#              (*)<-- p: 14 <--.
#     w: 28 <--'               (+)<-- z: 7 + 7 <--(*)<-- L: 1
#     b: 14 <------------------'
# ```
#
# Check one: with w = 3.01, z is 7.02 and L is 49.2804, which is 0.2804 more: 28 times 0.01, and a
# bit for the curve. One walk gave *all three* slopes. With a million weights it would be one walk
# still. The slopes of one final number with respect to every element of a tensor, as an array of
# the tensor's shape, are called its **gradient**.
#
# ## Where this stands
#
# Robert Wengert described how to differentiate a program by listing its elementary operations, *A
# simple automatic derivative evaluation program* (1964); such a list is still called a Wengert
# list, or a tape. Seppo Linnainmaa found that walking the list backward gives all slopes at once,
# in his master's thesis *The representation of the cumulative rounding error of an algorithm as a
# Taylor expansion of the local rounding errors* (1970). David Rumelhart, Geoffrey Hinton and
# Ronald Williams showed that networks trained this way find useful features by themselves,
# *Learning representations by back-propagating errors* (1986). Hence the name **backpropagation**.
#
# The operations that were recorded, and the tensors between them, are the **computational graph**.
# To compute the loss is the **forward pass** through it; the walk from the loss back to the weights
# is the **backward pass**. PyTorch calls its machine `torch.autograd`. We use its names:
#
# ```
#   requires_grad     this tensor's gradient is wanted
#   leaf              a tensor that you made, not an operation: weights, inputs
#   grad_fn           the recorded operation that made this tensor (None for a leaf)
#   grad              where a leaf's gradient is put
#   backward          the walk; also the rule of one operation
#   needs_input_grad  for each input of an operation: does anybody want its gradient?
#   ctx               what PyTorch hands to a rule; here that is the operation itself, `self`
# ```

# %%
#| default_exp autograd
#| export
import functools
import math
from heapq import heappop, heappush
from itertools import count

import numpy as np

from tinytorch.tensor import (
    Add,
    Div,
    Exp,
    Function,
    Index,
    Log,
    MatMul,
    Mean,
    Mul,
    Neg,
    Permute,
    Reshape,
    Sub,
    Sum,
    Tanh,
    Tensor,
    explained,
    float32,
    float64,
    ndarray,
    settle,
    wrap,
)

__all__ = [  # what `tinytorch` itself offers
    "enable_grad", "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled",  # noqa: F822
]  # fmt: skip

# %% [markdown]
# Some of what follows needs helpers that teach nothing: they convert, or say what is wrong. They
# stand in `autograd_given.py` beside this file, and come into `tinytorch` together with your code.
# Look whenever you like; there is nothing to write in it.

# %%
from autograd_given import (
    _as_matrices,
    _before,
    _disagreement,
    _freed,
    _gradients,
    _put_right,
    _starting_gradient,
    _too_few,
    may_repeat,
    recorded_in_place,
    recorded_setitem,
)

# %% [markdown]
# ## Task 2.1: remember: record the graph
#
# In module 01 every computation went through one door, `Function.apply`, which made an *object*
# for each operation, and forgot it at once. Now we keep it. The tensor that comes out points to
# the object that made it, and the object points to the tensors that went in:
#
# ```
#       x ---.
#            |<-- inputs -- [ Mul object ] <-- grad_fn -- p
#       w ---'                                            the result
# ```
#
# Follow these arrows from the loss, and you find everything that led to it. All arrows point back
# into the past, none to the result. So nothing holds the last tensor but you: when you let go of
# it, Python frees the whole record at once. That is why an operation keeps `out`, the bare *array*
# of its result, and never the tensor.
#
# Here is the new `apply`. The first half is as in module 01, written for speed: for each argument
# it notes the array, and whether a gradient is wanted. When nobody wants one, or the result does
# not hold floats (a slope needs numbers between the numbers), there is nothing to remember, and
# the result goes out as before. The second half is yours. Six notes are to be taken:
#
# ```
#   node.inputs             what apply was given, as it is: the tensors and the plain values
#   node.needs_input_grad   the list `needs`: one bool for each input
#   node.out                the array that came out
#   node.age                the next number of `_clock`: 0, 1, 2, ... in the order of recording
#   result.grad_fn          the node
#   result.requires_grad    True, so that what is computed from the result is recorded as well
# ```
#
# (`node.args`, the arrays that `forward` got, is noted already.) `_recording` is a switch for Task
# 2.7; until then it is on.

# %%
#| export
_clock = count()
_recording = True
_new = Tensor.__new__


def apply(cls, *args):
    """`Function.apply`, which now also records: the result remembers how it was computed.

    Args:
        cls: the operation, a subclass of Function.
        args: what its `forward` takes: tensors, and plain values such as numbers, dims or None.

    Returns:
        Tensor: as before. If an input requires a gradient, its `grad_fn` is an object of `cls`
        with `inputs`, `needs_input_grad`, `args`, `out` and `age`, and it requires a gradient too.

    Raises:
        ValueError: the shapes do not fit; the message has the operation and the shapes.

    Example:
        >>> type((tensor(2.0, requires_grad=True) * 3).grad_fn).__name__
        'Mul'
    """
    node = cls()
    arrays, needs = [], []
    for arg in args:
        if isinstance(arg, Tensor):
            data = arg.data
            arrays.append(data if type(data) is ndarray else _put_right(arg))
            needs.append(arg.requires_grad)
        else:
            arrays.append(arg)
            needs.append(False)
    node.args = arrays
    try:
        out = node.forward(*arrays)
    except ValueError as error:
        raise explained(error, cls, arrays) from None
    if type(out) is not ndarray:
        out = np.asarray(out)  # NumPy returns a number in place of an array of shape ()
    floats = out.dtype is float32  # nearly always; otherwise take a closer look
    if not floats:
        out = settle(out, arrays)
        floats = out.dtype.kind == "f"
    result = _new(Tensor)  # what `wrap` does, without the price of a call
    result.data = out
    if floats and _recording and True in needs:
        ### BEGIN SOLUTION
        node.inputs, node.needs_input_grad = args, needs
        node.out, node.age = out, next(_clock)
        result.grad_fn, result.requires_grad = node, True
        ### END SOLUTION
    return result


Function.apply = classmethod(apply)


# %%
def show(value, name="result", depth=0):
    """Print a tensor and, below it, the operation that made it and what went in."""
    node = getattr(value, "grad_fn", None)
    made = f"made by {type(node).__name__}, age {node.age}" if node else "leaf"
    print("  " * depth + f"{name}: {value.item() if isinstance(value, Tensor) else value} ({made})")
    for number, parent in enumerate(node.inputs if node else ()):
        show(parent, f"input {number}", depth + 2)


x, w, b = (tensor(value, requires_grad=True) for value in (2.0, 3.0, 1.0))
show(x * w + b)

plain, tracked = randn(4, 4), randn(4, 4).requires_grad_()
for name, first in (("nothing recorded", plain), ("recorded", tracked)):
    start = time.perf_counter()
    for _ in range(2000):
        first + plain
    print(f"one addition of 4x4, {name}: {1e6 * (time.perf_counter() - start) / 2000:.2f} us")

# %% [markdown]
# ## Task 2.2: the rules of addition and multiplication
#
# Each kind of operation has a rule that says how a slope passes back through it. The rule is given
# `grad`, the slopes of the final number L with respect to the operation's *result*. It returns the
# slopes of L with respect to each *input*: `grad` times the operation's own slope.
#
# ```
#   z = a + b     a up by 0.01: z up by 0.01               own slopes 1 and 1
#   z = a * b     a = 2, b = 3: z = 6;
#                 a = 2.01:     z = 6.03, 3 times 0.01     own slopes b and a
# ```
#
# With arrays nothing changes. `a * b` multiplies element by element, so each element has a rule of
# its own, and NumPy applies them all at once:
#
# ```
#   a      [2,  5]       grad (from the right)  [10, 100]
#   b      [3,  4]       gradient of a          [30, 400]     10 * 3, 100 * 4
#   a * b  [6, 20]       gradient of b          [20, 500]     10 * 2, 100 * 5
# ```
#
# A rule reads what `apply` noted: `self.args` (the arrays), `self.out`, `self.needs_input_grad`.
# It must not change `grad`: others may hold the same array. It may return None for an input whose
# gradient nobody wants. In `x * 2` nobody wants the gradient of 2, so why multiply two arrays for
# it?
#
# The decorator `gradient_of(Mul)` makes the function below it the `backward` of module 01's `Mul`,
# so that each rule is a small function of its own.


# %%
#| export
def gradient_of(function):
    """Decorator: make the function below it the `backward` of an operation of module 01."""

    def install(rule):
        function.backward = rule
        return rule

    return install


def _no_rule(self, grad):
    raise RuntimeError(f"the operation {type(self).__name__} has no backward rule")


Function.backward = _no_rule


@gradient_of(Add)
def add_backward(self, grad):
    """The rule of `a + b`.

    Args:
        grad: slopes of the final number with respect to the result; an array of its shape.

    Returns:
        tuple: the gradients of a and b, of the shape of `grad`.

    Example:
        >>> (x + w).grad_fn.backward(np.float32(14))
        (np.float32(14.0), np.float32(14.0))
    """
    ### BEGIN SOLUTION
    return grad, grad
    ### END SOLUTION


@gradient_of(Mul)
def mul_backward(self, grad):
    """The rule of `a * b`; a and b, as arrays or plain numbers, are in `self.args`.

    Args:
        grad: slopes of the final number with respect to the result; an array of its shape.

    Returns:
        tuple: the gradients of a and b. For an input that needs none it may be None.

    Example:
        >>> (x * w).grad_fn.backward(np.float32(14))    # at x = 2, w = 3
        (np.float32(42.0), np.float32(28.0))
    """
    ### BEGIN SOLUTION
    a, b = self.args
    need_a, need_b = self.needs_input_grad
    return grad * b if need_a else None, grad * a if need_b else None
    ### END SOLUTION


@gradient_of(Sub)
def sub_backward(self, grad):
    return grad, -grad


@gradient_of(Neg)
def neg_backward(self, grad):
    return -grad


# %%
p = x * w
z = p + b
L = z * z
from_L = L.grad_fn.backward(np.float32(1))
print("L = z * z passes back to z, twice:", *from_L)
to_p, to_b = z.grad_fn.backward(from_L[0] + from_L[1])
print("z = p + b passes back to p and b: ", to_p, to_b)
print("p = x * w passes back to x and w: ", *p.grad_fn.backward(to_p))

# %% [markdown]
# ## Task 2.3: the order of the backward pass
#
# You just did the walk by hand, and you chose a good order without noticing. Here it matters:
#
# ```
#              .----------------.
#    x --- h --|                (*)--- L          h = x + x,  k = h + x,  L = h * k
#              '---(+)--- k ----'
#    x ------------'
# ```
#
# The gradient of h comes from two sides, from L and from k. If h passes on its gradient as soon as
# the first part arrives, the second part comes too late: it is lost, or h has to go again, and
# everything behind h as well. With thirty such forks one after the other, the first operation
# would go a billion times.
#
# So: **an operation's turn comes when all operations that used its result have had theirs.** Such
# an order is called **topological**, and the ages you noted give one without a search. Whatever
# used a result was recorded after it. So keep a queue of the operations to which a gradient has
# come, and let always the *youngest* of them go next. Nothing older than it can have used its
# result, and everything younger has gone already: its gradient is complete. (PyTorch does the same;
# it calls the age `sequence_nr` and the queue `ready_queue`.)
#
# Here is the fork from above. The ages are 0 for h, 1 for k, 2 for L:
#
# ```
#   the queue, youngest first      goes     its rule hands gradients to
#   L                              L        h, which joins the queue, and k, which joins too
#   k  h                           k        h, which is there already: added up; and the leaf x
#   h                              h        the leaf x, twice
# ```
#
# A queue from which one always takes the smallest entry is called a **heap**, and Python has it:
# `heappush(ready, entry)` puts an entry into the list `ready`, `heappop(ready)` takes the smallest
# one out. Neither looks through the whole list: with a million entries, some twenty comparisons
# are enough. Tuples are compared by their first element. So an entry is `(-age, tensor)`: the
# youngest operation has the smallest number, and the tensor beside it is the result of that
# operation, which leads to everything else.
#
# `deliver` is what happens when a gradient comes to such a tensor. `grads` is a dictionary from an
# operation to the gradient of its result, as far as it is known:
#
# ```
#   the operation has no entry in `grads`    note the gradient, and put (-age, tensor) in the queue
#   it has one                               add the gradient to it: it waits in the queue already
# ```
#
# When you add, make a *new* array. `+=` would change one that others may hold: the rule of
# addition handed the same array to two inputs.


# %%
#| export
def deliver(tensor, grad, grads, ready):
    """Note a gradient for the operation that made `tensor`; the first puts it into the queue.

    Args:
        tensor: the result of a recorded operation, `tensor.grad_fn`.
        grad: an array of the shape of `tensor`: one part of its gradient. It is not changed.
        grads: dict from operations to the sum of what has come for their results so far.
        ready: the queue, a heap of pairs (-age of the operation, its result).

    Returns:
        None. Afterwards `grads` has the new sum, and `ready` an entry for the operation.

    Source: ordering by age makes the walk that of Wengert's list (1964), read from its end.

    Example:
        >>> p = x * w; grads, ready = {}, []
        >>> deliver(p, np.float32(3), grads, ready); deliver(p, np.float32(4), grads, ready)
        >>> grads[p.grad_fn], len(ready)
        (np.float32(7.0), 1)
    """
    node = tensor.grad_fn
    ### BEGIN SOLUTION
    if node in grads:
        grads[node] = grads[node] + grad
    else:
        grads[node] = grad
        heappush(ready, (-node.age, tensor))
    ### END SOLUTION


# %%
h = x + x
k = h + x
L = h * k
grads, ready = {}, []
deliver(L, np.float32(1), grads, ready)
while ready:
    result = heappop(ready)[1]
    node = result.grad_fn
    grad = grads.pop(node)
    print(f"{type(node).__name__}, age {node.age}, passes on {grad}")
    for value, g in zip(node.inputs, node.backward(grad)):
        if value.grad_fn is not None:  # a leaf's gradient is lost here: that is the next task
            deliver(value, g, grads, ready)
print("h is 4 and k is 6: L hands 6 to h and 4 to k, which hands its 4 on to h: 10, complete")

# %% [markdown]
# ## Task 2.4: gradients add up
#
# When the walk arrives at a leaf, the gradient is put into `leaf.grad`, a tensor of the leaf's
# shape. If something is there already, the new gradient is *added*. There are two reasons. A leaf
# that was used twice gets a gradient from each use, and slopes over several ways add up. And
# whoever calls `backward` for several losses, one after the other, wants the sum of their
# gradients. The price: before the next step of training, somebody has to clear `grad`. You will
# meet that in PyTorch too; its loop has `optimizer.zero_grad()` for it.
#
# There is a trap here. The rule of addition returned `grad, grad`: one array, twice. Were it put
# into both `x.grad` and `y.grad`, the two would share their memory, and whoever scales `x.grad` in
# place has scaled `y.grad` too:
#
# ```
#    x.grad ---.                            x.grad ---> [14, 14]
#              |---> [14, 14]    wrong,                             right
#    y.grad ---'                            y.grad ---> [14, 14]
# ```
#
# A copy mends it, but copies of large arrays cost time. So the walk says whether somebody else may
# have the array (`shared`), and we copy only then.
#
# NumPy has a habit to watch: the sum of two arrays of shape () is not an array but a NumPy number.
# `np.asarray(value)` makes an array of that, and returns an array as it is. `np.array(value)`
# always copies. `wrap(array)`, from module 01, makes a tensor around an array.


# %%
#| export
def accumulate(leaf, grad, shared):
    """Add `grad` to `leaf.grad`.

    Args:
        leaf: a tensor. Its `grad` is None, or a tensor of its shape.
        grad: an array (or NumPy number) of the leaf's shape and dtype. It is not changed.
        shared: whether somebody else may hold `grad`, so that `leaf.grad` needs its own copy.

    Returns:
        None. Afterwards `leaf.grad` is a tensor, and `leaf.grad.data` an array.

    Example:
        >>> x = tensor([1.0, 2.0]); accumulate(x, np.ones(2, "float32"), shared=True); x.grad
        tensor([1., 1.])
    """
    ### BEGIN SOLUTION
    if leaf.grad is None:
        leaf.grad = wrap(np.array(grad) if shared else np.asarray(grad))
    else:
        leaf.grad.data = np.asarray(leaf.grad.data + grad)
    ### END SOLUTION


# %%
y, v = tensor([1.0, 2.0]), tensor([5.0, 5.0])
both = np.array([14.0, 14.0], dtype="float32")
accumulate(y, both, shared=True)
accumulate(v, both, shared=True)
accumulate(y, both, shared=True)
print("y.grad", y.grad, "v.grad", v.grad, "the array that was passed", both)

# %% [markdown]
# ## Task 2.5: backward
#
# Everything is there. At the start one gradient is delivered, to the tensor `backward` was called
# on. Then, as long as an operation is waiting in the queue:
#
# ```
#   1.  the youngest goes: take its gradient out of `grads`, and let its rule, `node.backward`,
#       make `results` of it
#   2.  each input that needs it gets its part `g`:
#          a leaf (no grad_fn)       ->  accumulate(tensor, g, shared)
#          made by an operation      ->  deliver(tensor, g, grads, ready)
#   3.  forget what the operation noted
# ```
#
# Here is the running example, at the moments when the dictionary changes:
#
# ```
#   grads = {L's Mul: 1}
#   L's Mul   ->  z, 7       grads = {z's Add: 7}
#             ->  z, 7       grads = {z's Add: 14}          added, not replaced
#   z's Add   ->  p, 14      grads = {p's Mul: 14}
#             ->  b, 14      leaf: b.grad = 14
#   p's Mul   ->  x, 42      leaf: x.grad = 42
#             ->  w, 28      leaf: w.grad = 28
# ```
#
# Take a gradient *out* of the dictionary when its turn has come, so that its memory can be used
# again. Note what is not here: a function that calls itself. A record can be very long (a thousand
# steps of a recurrent network are some ten thousand operations), and Python gives up after a
# thousand nested calls. A queue does not mind.
#
# The rest is given, and worth reading, because most mistakes in a rule are caught there.
# `_starting_gradient` says what the walk starts with: 1 for a single number, and what you pass for
# anything larger. Each gradient gets the shape and the dtype of its input. Where shapes differ,
# the input was broadcast, and `unbroadcast`, your next task, undoes that. A gradient is `shared`
# if it is the very array the rule was given, or was handed out just before, or is a view of
# another one. At the end each operation lets go of what it noted: those arrays are the largest
# part of the memory that training needs. An operation that has let go cannot be walked again, and
# the walk says so.

# %%
#| export
_last_change = -1  # the clock's number when a tensor was last changed in place; see below


def _fitted(grad, data, node):
    """A gradient for the input array `data`: broadcasting undone, its dtype; or an error."""
    shape = data.shape
    if data.dtype.kind != "f":
        raise RuntimeError(
            f"only floats can require gradients; a tensor of shape {shape} is {data.dtype}: "
            "make it with dtype=float32"
        )
    if grad.shape == shape:
        return grad.astype(data.dtype)
    fitted = unbroadcast(grad, shape) if grad.ndim >= len(shape) else grad
    if fitted.shape != shape:
        raise RuntimeError(
            f"the backward rule of {type(node).__name__} returned a gradient of shape {grad.shape} "
            f"for an input of shape {shape}"
        )
    return fitted if fitted.dtype is data.dtype else fitted.astype(data.dtype)


def backward(self, gradient=None, retain_graph=False):
    """Compute the gradient of this tensor with respect to every leaf that requires one.

    The gradients are added to the leaves' `grad`. Leaves that had no part in it keep theirs.

    Args:
        gradient: where to start: slopes of some final number with respect to this tensor, of its
            shape. May be left out for a tensor with one element: the final number is that element.
        retain_graph: keep what was recorded, so that backward can be called again.

    Raises:
        RuntimeError: this tensor does not require grad; or it has several elements and there is no
            gradient; or the gradient has another shape; or the record has been freed; or a tensor
            was changed in place after it was recorded.

    Source: reverse accumulation, Linnainmaa (1970).

    Example:
        >>> x = tensor(3.0, requires_grad=True); (x * x).backward(); x.grad
        tensor(6.)
    """
    start = _starting_gradient(self, gradient)
    if self.grad_fn is None:
        accumulate(self, start, shared=True)
        return
    grads, ready = {}, []
    deliver(self, start, grads, ready)
    while ready:
        age, result = heappop(ready)
        node = result.grad_fn
        inputs, needs = node.inputs, node.needs_input_grad
        if inputs is None:
            raise _freed()
        if -age < _last_change:
            inputs = _as_recorded(result, node)
        ### BEGIN SOLUTION
        grad = grads.pop(node)
        results = node.backward(grad)
        ### END SOLUTION
        if type(results) is not tuple:
            results = (results,)
        if len(results) < len(needs) and True in needs[len(results) :]:
            raise _too_few(node, results)
        before = grad
        for tensor, needed, g in zip(inputs, needs, results):
            if not needed or g is None:
                continue
            data = tensor.data
            if g.shape != data.shape or g.dtype is not data.dtype:
                g = _fitted(g, data, node)
            leaf = tensor.grad_fn is None
            shared = leaf and (g is grad or g is before or g.base is not None)
            before = g
            ### BEGIN SOLUTION
            if leaf:
                accumulate(tensor, g, shared)
            else:
                deliver(tensor, g, grads, ready)
            ### END SOLUTION
        if not retain_graph:
            node.inputs = node.args = node.out = None


Tensor.backward = backward

# %%
L = (x * w + b) * (x * w + b)
L.backward()
print("at x = 2, w = 3, b = 1:", "x.grad", x.grad, "w.grad", w.grad, "b.grad", b.grad)

try:
    L.backward()
except RuntimeError as error:
    print("again:", error)

far = tensor(1.0, requires_grad=True)
result, factor = far, 1 + 2**-14
for _ in range(50_000):
    result = result * factor
result.backward()
print(f"through 50,000 operations: {far.grad.item():.2f}, it should be {factor**50_000:.2f}")

# %% [markdown]
# What does it cost? Here are both halves, for the small sizes where Python's own work dominates
# and for a larger one where the arithmetic does. (Walter Baur and Volker Strassen proved in 1983
# that the number of operations for all slopes is at most a small constant times that for the
# result.)

# %%
for size, repeats in ((4, 300), (300, 20)):
    u, v = randn(size, size).requires_grad_(), randn(size, size).requires_grad_()
    ahead = back = math.inf
    for _ in range(repeats):  # the shortest of them: the others were disturbed
        start = time.perf_counter()
        result = (u * v + u) * v - u * u
        middle = time.perf_counter()
        result.backward(ones(size, size))
        ahead, back = min(ahead, middle - start), min(back, time.perf_counter() - middle)
    print(
        f"{size} x {size}: forward {1e6 * ahead:.1f} us, backward {1e6 * back:.1f} us, "
        f"{back / ahead:.1f} x"
    )

# %% [markdown]
# ## Task 2.6: undo broadcasting
#
# `x + b` with x of shape (2, 3) and b of shape (3,) uses each element of b twice, once in each
# row. Used twice means: two ways, and slopes over several ways add up. So the gradient, which
# arrives with the shape of the *result*, must be summed over the rows:
#
# ```
#    b        [10, 20, 30]                  grad  [[1, 2, 3],
#              |   |   |                           [4, 5, 6]]
#    used in row 0, and in row 1                    |  |  |
#                                           b.grad [5, 7, 9]      shape (3,) again
# ```
#
# In general: broadcasting put new dimensions at the left, and stretched sizes of 1. Whatever was
# stretched is summed, and then has the old size again:
#
# ```
#    shape    (   3, 1)        grad  (4, 3, 5)
#                  |                  |     |
#           was stretched     sum away 0    sum to size 1:  keepdims      ->  (3, 1)
# ```
#
# `np.add.reduce(array, axis=..., keepdims=...)` is what `array.sum` calls, without the detour.


# %%
#| export
def unbroadcast(grad, shape):
    """Sum `grad` over everything that broadcasting stretched, until it has `shape`.

    Args:
        grad: an array, whose shape `shape` can be broadcast to. It is not changed.
        shape: the shape of the input before broadcasting, with at most as many dimensions.

    Returns:
        An array (or NumPy number) of the shape `shape`.

    Example:
        >>> unbroadcast(np.array([[1, 2, 3], [4, 5, 6]]), (3,))
        array([5, 7, 9])
    """
    ### BEGIN SOLUTION
    while grad.ndim > len(shape):
        grad = np.add.reduce(grad, axis=0)
    if grad.shape != shape:
        stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
        grad = np.add.reduce(grad, axis=stretched, keepdims=True)
    return grad
    ### END SOLUTION


# %%
print(unbroadcast(np.ones((4, 3, 5)), (3, 1)).tolist())

x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
b = tensor([10.0, 20.0, 30.0], requires_grad=True)
scale = tensor(2.0, requires_grad=True)
((x + b) * scale).backward(ones(2, 3))
print("b.grad", b.grad, "scale.grad", scale.grad, "(the sum of x + b)")

# %% [markdown]
# ## Task 2.7: not recording, no_grad
#
# Recording costs memory: as long as a result lives, all that led to it lives. When you only want
# to *use* a model, or change its weights, nothing should be recorded. PyTorch writes `with
# torch.no_grad():` around such code, or `@torch.no_grad()` above a function.
#
# `with` calls `__enter__` of the object at the start of the block, and `__exit__` at its end, also
# when the block is left by an error. (`__exit__` is told the error; if it returns something true,
# the error is swallowed, so it should return nothing.) Yours set the switch `_recording`, which
# `apply` asks. `global _recording` at the top of a method says that the module's variable is
# meant.
#
# The trap: when such a block ends, do not switch recording *on*. Put back what was *before*, for
# blocks can stand in blocks:
#
# ```
#   with no_grad():                 recording: off
#       with no_grad():                        off
#           ...
#       still in the outer block               off   <- must stay off
#   outside                                    on
# ```


# %%
#| export
class no_grad:
    """Within this nothing is recorded: `with no_grad():`, or `@no_grad()` above a function."""

    def __new__(cls, function=None):
        """`@no_grad` without parentheses works too, as in PyTorch."""
        self = object.__new__(cls)
        return self if function is None else self(function)

    def __enter__(self):
        """Note in `self.before` whether recording is on, and switch it off."""
        global _recording
        ### BEGIN SOLUTION
        self.before = _recording
        _recording = False
        ### END SOLUTION

    def __exit__(self, *error):
        """Set the switch to what it was before. Returns None: errors pass through."""
        global _recording
        ### BEGIN SOLUTION
        _recording = self.before
        ### END SOLUTION

    def __call__(self, function):
        @functools.wraps(function)
        def without_recording(*args, **kwargs):
            with no_grad():
                return function(*args, **kwargs)

        return without_recording


def is_grad_enabled():
    """Whether operations are recorded now."""
    return _recording


# %%
w = tensor([1.0, 2.0], requires_grad=True)
with no_grad():
    print("inside: ", w * 3, "recording", is_grad_enabled())
print("outside:", w * 3, "recording", is_grad_enabled())

# %% [markdown]
# ## What must not change, given
#
# The rule of multiplication reads its inputs when the walk comes by, long after the
# multiplication. If somebody has overwritten them in between, with `w += 1`, the gradient is
# wrong, and nothing looks wrong. So in-place changes are watched. `_check_writable`, which module
# 01 calls before each of them, now refuses to change a tensor that requires grad while recording
# is on. Write `w = w + 1`, which leaves the old numbers alone, or, when you update weights after
# the walk, `with no_grad():`.
#
# Tensors that do not require grad may change; but if it happens between the recording and the
# walk, the walk refuses. That is what the clock is good for, once more: each change notes its
# time, and a change that is younger than an operation which used the tensor is an error. PyTorch
# counts versions to the same end. (It also sees changes through views, which we do not. Changes of
# `tensor.data` neither of us sees: there you are on your own.)
#
# A *result* may be changed while recording: `y += x` is then recorded as `y + x`, and the tensor
# `y` goes on as its result. `recorded_in_place` in `autograd_given.py` does that. What was recorded
# with the old `y` keeps the old array and the old history, so its gradients stay right. (A view
# that was taken of `y` before keeps the old numbers; in PyTorch it would see the new ones.)

# %%
#| export
Tensor._changed = -1


def _check_writable(self, value=None):
    """Called before each change in place of this tensor (to `value`, where that is known)."""
    global _last_change
    if _recording and self.requires_grad:
        raise RuntimeError(
            "in-place change of a tensor that requires grad: write x = x + y instead of x += y, "
            "or, to update weights, put it inside `with no_grad():`"
        )
    if _recording and isinstance(value, Tensor) and value.requires_grad:
        raise RuntimeError(
            "in-place change of a view with a value that requires grad: its gradient would be "
            "lost; change the tensor itself, x[i] = y, or write value.detach() if that is meant"
        )
    self._changed = _last_change = next(_clock)


def _as_recorded(result, node):
    """The inputs of `node` as they were when it was recorded; raises if its rule reads others."""
    before = tuple(was for _, was in _before(node))
    used = [result, *(a for a in before if isinstance(a, Tensor) and a.grad_fn is None)]
    for tensor in used:  # the other inputs are results: they are looked at when their turn comes
        if tensor._changed > node.age:
            raise RuntimeError(
                f"a tensor of shape {tensor.shape} was changed in place after "
                f"{type(node).__name__} was recorded with it, so its gradient would be wrong: "
                "change it after backward()"
            )
    return before


def note_change():
    """Let the walk look closer at everything that was recorded up to now."""
    global _last_change
    _last_change = next(_clock)
    return _last_change


Tensor._check_writable = _check_writable
Tensor._in_place = recorded_in_place(Tensor._in_place, is_grad_enabled, note_change)
Tensor.__setitem__ = recorded_setitem(Tensor.__setitem__, is_grad_enabled, note_change)

# %%
w, batch = tensor([1.0, 2.0], requires_grad=True), tensor([3.0, 4.0])
try:
    w += 1
except RuntimeError as error:
    print("refused:", error)

product = w * batch
batch += 1
try:
    product.backward(ones(2))
except RuntimeError as error:
    print("noticed:", error)

with no_grad():
    w -= 0.5
print("updated:", w)

# %% [markdown]
# ## Task 2.8: a judge for rules, gradcheck
#
# Many rules are still to come, here and in every later module, and a rule that is slightly wrong
# does not crash: the network just learns badly. So before we write more of them, we build their
# judge. It is the plain way from the beginning, now in the role it is good at. It is slow, but it
# needs no rule, only the definition of a slope:
#
# ```
#    f |                        .
#      |                      .'  up              f(x + eps) - f(x - eps)
#      |                   .-'           slope = -------------------------
#      |              _.-'                               2 * eps
#      |     ___..--''
#      |    down                         "central": the same step to both sides,
#      '------|-------|-------|-----     so that the bend of the curve cancels out
#          x - eps    x    x + eps
# ```
#
# With float64 and eps = 1e-6, central differences are right to nine or ten digits. `value` is a
# function without arguments that computes one number from (among others) `array`. For each
# element: change it to up, call `value()`, change it to down, call again, and put the *kept*
# number back (adding and subtracting eps would leave a rounding error behind).
# `np.ndindex(array.shape)` goes through all index tuples, and for shape () through the one empty
# tuple `()`.
#
# `gradcheck` is given, with PyTorch's name and arguments. A function's result may be a whole
# tensor, so it multiplies the result with fixed random weights and sums: a wrong gradient in any
# element then shows in that one number.


# %%
#| export
def central_differences(value, array, eps=1e-6):
    """The slope of `value()` with respect to each element of `array`, by trying.

    Args:
        value: a function without arguments; returns one number, computed from `array`.
        array: a float64 array of any shape. It is changed while this runs; afterwards it holds
            exactly what it held before.
        eps: how far each element is moved to either side.

    Returns:
        np.ndarray: float64, of the shape of `array`.

    Example:
        >>> a = np.array([1.0, 2.0]); central_differences(lambda: (a * a).sum(), a).round(6)
        array([2., 4.])
    """
    ### BEGIN SOLUTION
    slopes = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + eps
        up = value()
        array[index] = kept - eps
        down = value()
        array[index] = kept
        slopes[index] = (up - down) / (2 * eps)
    return slopes
    ### END SOLUTION


def gradcheck(func, inputs, *, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True):
    """Compare the gradients of `func` with central differences, for every input that requires grad.

    Args:
        func: takes the inputs, returns a tensor. Must give the same result each time. (Leaves that
            it uses besides the inputs get gradients, as from any backward().)
        inputs: a tensor or a tuple of tensors; those that require grad must be float64. Their data
            and their `grad` are as before afterwards.
        eps: the step of the differences.
        atol, rtol: the two may differ by atol + rtol * |difference quotient|.
        raise_exception: raise for a wrong gradient; otherwise return False.

    Returns:
        bool: True when all gradients agree.

    Raises:
        RuntimeError: a gradient is wrong; says where.
        ValueError: no input requires grad, or one that does is not float64.

    Example:
        >>> gradcheck(lambda a: a * a, tensor(np.array([1.0, 2.0]), requires_grad=True))
        True
    """
    inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    numbers = [n for n, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
    if not numbers:
        raise ValueError("gradcheck: none of the inputs requires grad")
    for n in numbers:
        if inputs[n].dtype != float64:
            raise ValueError(
                f"gradcheck: input {n} is {inputs[n].dtype}; steps of {eps} need float64: .double()"
            )
    with no_grad():
        shape = func(*inputs).shape
    weights = np.random.default_rng(0).uniform(0.5, 1.5, shape)
    found = _gradients(func, inputs, [inputs[n] for n in numbers], weights)

    @no_grad()
    def value():
        return float((func(*inputs).data * weights).sum())

    for n, gradient in zip(numbers, found):
        kept = inputs[n].data.copy()
        try:
            expected = central_differences(value, inputs[n].data, eps)
        finally:
            inputs[n].data[...] = kept
        if not np.allclose(gradient, expected, rtol, atol):
            if raise_exception:
                raise RuntimeError(_disagreement(n, gradient, expected))
            return False
    return True


# %%
def doubles(*shape):
    """Random float64 numbers between 0.5 and 1.5, whose gradient is wanted."""
    return tensor(0.5 + rand(*shape, dtype=np.float64).data, requires_grad=True)


manual_seed(0)
print("a * b + a:", gradcheck(lambda a, b: a * b + a, (doubles(2, 3), doubles(3))))


class Cube(Function):
    def forward(self, a):
        return a**3

    def backward(self, grad):
        return grad * 2 * self.args[0] ** 2  # a wrong rule: the 2 should be a 3


try:
    gradcheck(Cube.apply, doubles(2))
except RuntimeError as error:
    print(error)

# %% [markdown]
# ## Task 2.9: division, exp, log, tanh
#
# With the judge at hand, the rules. The slopes you need:
#
# ```
#   out = a / b       own slopes   1/b  and  -a/b²         -a/b²  is  -out/b
#   out = exp(a)      own slope    exp(a)                  is out
#   out = log(a)      own slope    1/a
#   out = tanh(a)     own slope    1 - tanh(a)²            is 1 - out²
# ```
#
# Where the slope can be written with the *result*, use `self.out`: it is there already, and
# computing exp or tanh again would cost more than all the rest. Each rule returns `grad` times the
# own slope.
#
# Have a look at the numbers of tanh: at a = 0 its slope is 1, at a = 3 it is 0.0099. A gradient
# that passes through a few such flat places becomes very small. That is the *vanishing gradient*,
# which plagued deep networks for twenty years.


# %%
#| export
@gradient_of(Div)
def div_backward(self, grad):
    """The rule of `a / b`; a and b are in `self.args`, their quotient is `self.out`.

    Args:
        grad: slopes of the final number with respect to the result; an array of its shape.

    Returns:
        tuple: the gradients of a and b. For an input that needs none it may be None.

    Example:
        >>> a, b = tensor(6.0, requires_grad=True), tensor(2.0, requires_grad=True)
        >>> (a / b).grad_fn.backward(np.float32(1))
        (np.float32(0.5), np.float32(-1.5))
    """
    ### BEGIN SOLUTION
    grad_a = grad / self.args[1]
    return grad_a, -grad_a * self.out if self.needs_input_grad[1] else None
    ### END SOLUTION


@gradient_of(Exp)
def exp_backward(self, grad):
    """The rule of `exp(a)`: returns the gradient of a, of the shape of `grad`."""
    ### BEGIN SOLUTION
    return grad * self.out
    ### END SOLUTION


@gradient_of(Log)
def log_backward(self, grad):
    """The rule of `log(a)`: returns the gradient of a, of the shape of `grad`."""
    ### BEGIN SOLUTION
    return grad / self.args[0]
    ### END SOLUTION


@gradient_of(Tanh)
def tanh_backward(self, grad):
    """The rule of `tanh(a)`: returns the gradient of a, of the shape of `grad`."""
    ### BEGIN SOLUTION
    return grad * (1 - self.out * self.out)
    ### END SOLUTION


# %%
for name, function in {
    "a / b": lambda a, b: a / b,
    "exp": lambda a, b: a.exp() * b,
    "log": lambda a, b: (a + b).log(),
    "tanh": lambda a, b: (a * b).tanh(),
    "all at once": lambda a, b: (a.exp() / b + b.log()).tanh() / a,
}.items():
    print(f"{name:12} gradcheck {gradcheck(function, (doubles(4, 3), doubles(4, 1)))}")

a = tensor([0.0, 1.0, 2.0, 3.0], requires_grad=True)
a.tanh().backward(ones(4))
print("slope of tanh at 0, 1, 2, 3:", a.grad)

# %% [markdown]
# ## More rules, given
#
# The other rules for single elements are of the same kind: `pow`, `remainder`, `sqrt`, `abs`,
# `maximum`, `clamp`, `where`, and the two that only copy. They stand in `autograd_given.py`, and
# with them the rules of `max`, `expand`, `cat` and `stack`. Some are worth a look. `abs`,
# `maximum` and `clamp` have a corner, where there is no slope. Something must be returned, and we
# return what PyTorch does: 0 for `abs` at 0, half to each side where `maximum` finds two equal
# numbers, and 1 on the border of `clamp`. And `where` gives each element's gradient to the side
# it was taken from.

# %% [markdown]
# ## Task 2.10: the matrix product
#
# Nearly all of a network's arithmetic is matrix products. Let us find the rule with small
# matrices. C = A @ B, where A has shape (2, 2) and B has shape (2, 1):
#
# ```
#    A = [[1, 2],     B = [[5],      C = [[1*5 + 2*6],   = [[17],
#         [3, 4]]          [6]]           [3*5 + 4*6]]      [39]]
# ```
#
# Let grad be [[10], [100]]. How does L depend on the entry 2 of A, at row 0, column 1? It only
# enters row 0 of C, where it is multiplied by 6. So its gradient is 10 * 6. The same for all
# entries of A:
#
# ```
#    gradient of A = [[ 10*5,  10*6],    (2, 2), from grad (2, 1) and B (2, 1)
#                     [100*5, 100*6]]
# ```
#
# The entry 5 of B is multiplied by 1 for row 0 of C, and by 3 for row 1: two ways, so they add up:
#
# ```
#    gradient of B = [[1*10 + 3*100],    (2, 1), from A (2, 2) and grad (2, 1)
#                     [2*10 + 4*100]]
# ```
#
# Look at them for a while: both are matrix products again, each with one of its two matrices
# transposed. You need not remember which, because the shapes decide. In general A is (n, k), B is
# (k, m), and grad is (n, m) like C. There is only one way to put grad and B together so that A's
# shape comes out.
#
# With more dimensions, the last two are the matrices and the others count them. So transpose only
# the last two: that is `array.mT`.
#
# Everything around it is given: a vector at the left is a matrix with one row, a vector at the
# right one with one column; and if there are many matrices at the left but only one at the right,
# all their rows are stacked into one tall matrix, for one large product is faster than many small
# ones.
#
# If nobody needs one of the two gradients, skip it: `need_a` is False in the first layer of every
# network, because nobody wants the gradient of the images.


# %%
#| export
@gradient_of(MatMul)
def matmul_backward(self, grad):
    """The rule of `A @ B`.

    Args:
        grad: slopes of the final number with respect to the result; an array of its shape.

    Returns:
        tuple: the gradients of A and B; None for the one that nobody needs.

    Example (with A and B as above):
        >>> (A @ B).grad_fn.backward(np.array([[10.0], [100.0]]))
        (array([[ 50.,  60.],
               [500., 600.]]), array([[310.],
               [420.]]))
    """
    need_a, need_b = self.needs_input_grad
    a, b = A, B = self.args
    matrices = a.ndim == b.ndim == 2
    if not matrices:
        A, B, grad = _as_matrices(a, b, grad)  # A (..., n, k), B (..., k, m), grad (..., n, m)
    grad_A = grad_B = None
    if need_a:
        ### BEGIN SOLUTION
        grad_A = grad @ B.mT
        ### END SOLUTION
    if need_b:
        ### BEGIN SOLUTION
        grad_B = A.mT @ grad
        ### END SOLUTION
    if not matrices and need_a and grad_A.ndim < a.ndim:
        grad_A = grad_A.reshape(a.shape)  # the tall matrix is cut up again
    if not matrices and need_b and b.ndim == 1:
        grad_B = grad_B[..., 0]
    return grad_A, grad_B


# %%
A = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
B = tensor([[5.0], [6.0]], requires_grad=True)
(A @ B).backward(tensor([[10.0], [100.0]]))
print("A.grad", A.grad.tolist(), "B.grad", B.grad.tolist())
pairs = [((2, 3), (3, 4)), ((3,), (3, 2)), ((2, 3), (3,)), ((5, 2, 3), (3, 4))]
for left, right in [*pairs, ((5, 1, 2, 3), (4, 3, 2))]:
    good = gradcheck(lambda a, b: a @ b, (doubles(*left), doubles(*right)))
    print(f"{left!s:12} @ {right!s:9} gradcheck {good}")

images, layer, up = randn(500, 200), randn(200, 200).requires_grad_(), ones(500, 200)
for needed in (True, False):
    images.requires_grad = needed
    start = time.perf_counter()
    for _ in range(4):
        (images @ layer).backward(up)
    milliseconds = 1e3 * (time.perf_counter() - start) / 4
    print(f"500 images, their gradient needed: {needed!s:5} {milliseconds:.1f} ms")

# %% [markdown]
# ## Task 2.11: sum and mean
#
# `sum` turns many numbers into one, and every one of them has slope 1. So the gradient of the
# result is handed to each element that went in. The only work is the shape:
#
# ```
#   a (2, 3)      sum over dim 1      result (2,)       grad  [10, 20]
#
#                     put the dimension back, size 1          [[10],
#                                                              [20]]         (2, 1)
#                     stretch it to the shape of a            [[10, 10, 10],
#                                                              [20, 20, 20]] (2, 3)
# ```
#
# `spread` does both. With `keepdim`, or when everything was summed (`dim` is None), no dimension
# needs to be put back. `np.expand_dims(grad, dim)` takes an int or a tuple, negative ones too. The
# result is to be a new array, which `np.empty` makes; assigning to all of it broadcasts.
# (`np.broadcast_to` is shorter, but its result is a view that cannot be written to.)
#
# `mean` is the sum divided by how many numbers went into each result, so each element's slope is
# one over that number. It follows from the sizes of what went in and what came out. Mind that
# nothing may have come out.


# %%
#| export
def spread(grad, shape, dim, keepdim):
    """Hand the gradient of a reduction's result to every element that went in.

    Args:
        grad: an array (or NumPy number) of the shape of the result.
        shape: the shape of what went in.
        dim: the dimension that was reduced, a tuple of them, or None for all.
        keepdim: whether the result still has them, with size 1.

    Returns:
        np.ndarray: new, of `shape`, and of grad's dtype.

    Example:
        >>> spread(np.array([10.0, 20.0]), (2, 3), 1, False)
        array([[10., 10., 10.],
               [20., 20., 20.]])
    """
    ### BEGIN SOLUTION
    if dim is not None and not keepdim:
        grad = np.expand_dims(grad, dim)
    result = np.empty(shape, grad.dtype)
    result[...] = grad
    return result
    ### END SOLUTION


@gradient_of(Sum)
def sum_backward(self, grad):
    """The rule of `a.sum(dim, keepdim)`: returns the gradient of a, of the shape of a."""
    a, dim, keepdim = self.args
    ### BEGIN SOLUTION
    return spread(grad, a.shape, dim, keepdim)
    ### END SOLUTION


@gradient_of(Mean)
def mean_backward(self, grad):
    """The rule of `a.mean(dim, keepdim)`: returns the gradient of a, of the shape of a."""
    a, dim, keepdim = self.args
    ### BEGIN SOLUTION
    each = a.size // (self.out.size or 1)
    return spread(grad / (each or 1), a.shape, dim, keepdim)
    ### END SOLUTION


# %%
a = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
a.sum(dim=1).backward(tensor([10.0, 20.0]))
print("sum: ", a.grad.tolist())
a.grad = None
a.mean().backward()
print("mean:", a.grad)
for name, function in {
    "sum over (0, 2)": lambda a: a.sum(dim=(0, 2)),
    "mean over -1, kept": lambda a: a.mean(dim=-1, keepdim=True),
    "variance": lambda a: a.var(dim=1),
    "max, min": lambda a: a.max() - a.min(),
}.items():
    print(f"{name:20} gradcheck {gradcheck(function, doubles(2, 3, 4))}")

# %% [markdown]
# The variance has no rule of its own. You wrote it in module 01 with tensor operations, so it can
# be differentiated for nothing. That is the point of the whole module.
#
# ## Task 2.12: shapes and indexing
#
# The last kind only moves numbers around. Their slope is 1, and the gradient has to find its way
# back:
#
# ```
#   reshape       (2, 3) -> (6,)           the gradient goes (6,) -> (2, 3)
#   permute       dims (2, 0, 1):          result dimension 0 was dimension 2, 1 was 0, 2 was 1
#                                          back: which result dimension is now 0? 1. And 1? 2. 2? 0.
#                                          so the gradient is transposed by (1, 2, 0)
#   a[index]      picks elements           zeros everywhere, except the gradient where a was picked
# ```
#
# The inverse of a permutation can be read off it: position i in the answer is where i stands in
# `dims`.
#
# With indices, mind an element that is picked more than once:
#
# ```
#   a = [5, 6, 7]     a[[0, 0, 2]] = [5, 5, 7]      grad [1, 10, 100]
#
#   result[[0, 0, 2]] += grad            [10, 0, 100]     wrong: NumPy writes each place only once
#   np.add.at(result, [0, 0, 2], grad)   [11, 0, 100]     right
# ```
#
# `np.add.at` is slower than an assignment. `may_repeat(index)` (given) says whether it is needed
# at all: slices, single numbers and masks never pick an element twice, and then `result[index] =
# grad` will do.


# %%
#| export
@gradient_of(Reshape)
def reshape_backward(self, grad):
    """The rule of `a.reshape(...)`: returns the gradient of a, of the shape of a."""
    a = self.args[0]
    ### BEGIN SOLUTION
    return grad.reshape(a.shape)
    ### END SOLUTION


@gradient_of(Permute)
def permute_backward(self, grad):
    """The rule of `a.permute(dims)`: returns the gradient of a, with a's order of dimensions."""
    dims = self.args[1]
    ### BEGIN SOLUTION
    return grad.transpose([dims.index(i) for i in range(len(dims))])
    ### END SOLUTION


@gradient_of(Index)
def index_backward(self, grad):
    """The rule of `a[index]`.

    Args:
        grad: slopes of the final number with respect to what was picked; an array of its shape.

    Returns:
        np.ndarray: of the shape and dtype of a; 0 where nothing was picked, and the sum of the
        gradients where an element was picked several times.

    Example:
        >>> a = tensor([5.0, 6.0, 7.0], requires_grad=True)
        >>> a[[0, 0, 2]].grad_fn.backward(np.array([1, 10, 100]))
        array([ 11.,   0., 100.], dtype=float32)
    """
    a, index = self.args
    ### BEGIN SOLUTION
    result = np.zeros(a.shape, a.dtype)
    if may_repeat(index):
        np.add.at(result, index, grad)
    else:
        result[index] = grad
    return result
    ### END SOLUTION


# %%
from tinytorch.tensor import cat, stack

a = tensor([5.0, 6.0, 7.0], requires_grad=True)
a[[0, 0, 2]].backward(tensor([1.0, 10.0, 100.0]))
print("picked twice:", a.grad)
turned = tensor(np.arange(24.0).reshape(4, 2, 3))
for name, function in {
    "reshape": lambda a: a.reshape(4, 6) * 2,
    "permute": lambda a: a.permute(2, 0, 1) * turned,
    "slices and masks": lambda a: a[1, :, ::2].sum() + a[a > 1].sum(),
    "max over a dim": lambda a: a.max(dim=1).values,
    "cat and stack": lambda a: cat([a, a * a]).sum(dim=0) + stack([a, a]).mean(),
    "expand": lambda a: a[:, :1].expand(2, 5, 4),
}.items():
    print(f"{name:18} gradcheck {gradcheck(function, doubles(2, 3, 4))}")

# %% [markdown]
# ## Put together
#
# A cup of coffee cools. Isaac Newton's law says how: the difference to the room shrinks by the
# same factor in every minute, `T(t) = room + extra * exp(-rate * t)`. Somebody measured the
# temperature for an hour, every two minutes, with a bad thermometer. How warm is the room, how hot
# was the coffee, and how fast does it cool? Three knobs, one loss: the mean squared difference
# between the law and the measurements. We start with a bad guess and let every knob go down its
# slope, again and again. Nobody tells the machine the slopes of this formula.

# %%
manual_seed(7)
minutes = tensor(np.arange(0, 60, 2, dtype="float32"))
measured = 21 + 69 * (minutes * -0.05).exp() + randn(30)

room = tensor(10.0, requires_grad=True)
extra = tensor(50.0, requires_grad=True)
rate = tensor(0.1, requires_grad=True)
knobs = [(room, 0.1), (extra, 0.1), (rate, 2e-6)]  # each with the size of its steps

for step in range(1501):
    loss = ((room + extra * (-rate * minutes).exp() - measured) ** 2).mean()
    loss.backward()
    if step % 250 == 0:
        found = f"room {room:5.2f}   coffee {room + extra:5.2f}   rate {rate:.4f}"
        print(f"step {step:4}: loss {loss:8.3f}   {found}")
    with no_grad():
        for knob, size in knobs:
            knob -= size * knob.grad
            knob.grad = None

print("it was:                     room 21.00   coffee 90.00   rate 0.0500")

# %% [markdown]
# Forget one of those last lines, and you will see what PyTorch's users see when they forget it:
# with `knob.grad = None` missing, the gradients of all steps add up, and nothing converges.
#
# ## What you can do now
#
# You can write any formula with tensors, and get its exact gradient with one call. Every layer of
# every later module is built on that: from here on, an operation is a `Function` with `forward`
# and `backward`, and `gradcheck` is its judge. The first milestone, the perceptron, is open to
# you.
#
# `tito module test 02` runs the tests, `tito module complete 02` puts your code into `tinytorch`.
#
# ## Experiments
#
# - Write a `class Sin(Function)` with a rule, and check it with `gradcheck`. Then add a daily
#   rhythm to the coffee's room.
# - In "Put together", start with `rate` at 5.0 and print `rate.grad`. The loss stays bad, yet the
#   rate hardly moves. Why? (Look at `exp` of a large negative number, and at its rule.)
# - Make `accumulate` replace instead of add, and run the tests. Which uses of a tensor break, and
#   which still work?
#
# ## Questions
#
# **1.** In `y = x * x` the walk calls the rule of `Mul` once. How does x get the slope 2x?
#
# <details><summary>Answer</summary>
#
# The rule returns two gradients, one for each input, and both inputs are x. The walk delivers each
# of them: `grad * x` is put into x.grad, then `grad * x` is added. No rule knows that its inputs
# are the same tensor, and none has to.
#
# </details>
#
# **2.** You train with `losses.append(loss)` in each step, to draw a curve later, and never call
# `backward` on some of those losses. Why does memory grow, and what should you append?
#
# <details><summary>Answer</summary>
#
# A tensor with a `grad_fn` keeps everything that led to it: all operations and their arrays.
# Append `loss.item()`, a plain number, or `loss.detach()`, a tensor without the record.
#
# </details>
#
# **3.** We walk from the result back to the inputs. One could also walk forward, from one input to
# all results, multiplying slopes on the way (that is what Wengert did in 1964). When would that be
# the better direction?
#
# <details><summary>Answer</summary>
#
# One forward walk gives the slopes of *all results* with respect to *one input*; one backward walk
# gives the slopes of *one result* with respect to *all inputs*. Training has one result, the loss,
# and millions of inputs. With one knob and many results, walk forward: nothing has to be
# remembered either.
#
# </details>
