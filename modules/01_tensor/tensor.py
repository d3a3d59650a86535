# %% [markdown]
# # Module 01: Tensor
#
# An array of numbers with PyTorch's rules: dtypes, broadcasting, reductions, matrix products,
# views.
#
# About 55 minutes of reading and 2 hours of writing.
#
# ## The question
#
# Everything a neural network does is arithmetic on many numbers at once. Take one layer with 256
# inputs and 256 outputs, and 64 examples that go through it: about four million multiplications,
# for one layer, for one step of training. Python's own tool for many numbers is the list, and
# lists do not do arithmetic. The cell below shows three ways in which that hurts.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import sys
import time

import numpy as np

one, two = [1, 2], [3, 4]
print("1. [1, 2] + [3, 4] is", one + two, "(we wanted [4, 6])")


def milliseconds(work):
    """The shortest of five runs: the others were disturbed by whatever else the machine does."""
    runs = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        runs.append(1000 * (time.perf_counter() - start))
    return sorted(runs)[0]


numbers = [float(i) for i in range(300_000)]
array = np.array(numbers, dtype=np.float32)
list_time = milliseconds(lambda: [2.0 * number for number in numbers])
array_time = milliseconds(lambda: 2.0 * array)
print(f"2. doubling 300,000 numbers: list {list_time:.2f} ms, array {array_time:.2f} ms")

list_bytes = sys.getsizeof(numbers) + len(numbers) * sys.getsizeof(1.5)
print(f"3. bytes for each number: list {list_bytes / 300_000:.0f}, array {array.itemsize}")

# %% [markdown]
# NumPy's array answers all three: one block of memory, one number after the other, all of the same
# kind, and loops that run in compiled code. So why write a class of our own on top of it?
#
# First, NumPy was made for science in general, and computes in 64-bit floats unless told otherwise.
# Networks do well with 32 bits, in half the memory and less time. We want *that* to be what
# happens by itself. Second, we want PyTorch's names, so that what you write here runs there.
# Third, and this is the real reason: in module 02 every number will remember how it was computed.
# NumPy's arrays cannot remember. Ours will, because they are ours.
#
# ## Where this stands
#
# Writing mathematics over whole arrays goes back to Kenneth Iverson, *A Programming Language*
# (1962). Jim Hugunin brought it to Python with Numeric (1995), Travis Oliphant joined the competing
# packages into NumPy (2006); the paper to read is Harris et al., *Array programming with NumPy*
# (2020). PyTorch (Paszke et al., *PyTorch: An Imperative Style, High-Performance Deep Learning
# Library*, 2019) calls its array `torch.Tensor`, and so will we. In machine learning "tensor" means
# no more than "array with any number of dimensions":
#
# ```
#   shape ()        shape (3,)        shape (2, 3)           shape (2, 2, 3)
#
#      7            [1, 2, 3]         [[1, 2, 3],            [[[1, 2, 3],
#                                      [4, 5, 6]]              [4, 5, 6]],
#   one number      a vector           2 rows, 3 columns       [[7, 8, 9],
#   0 dimensions    1 dimension        2 dimensions             [0, 1, 2]]]
# ```
#
# The **shape** says how many entries lie along each dimension. A dimension (PyTorch: `dim`, NumPy:
# `axis`) has a number: 0 is the outermost. Counting from the end works too, so -1 is the last.

# %%
#| default_exp tensor
#| export
import builtins
import functools
import math
import operator
import types
from collections import namedtuple

import numpy as np

# What `tinytorch` itself offers, as `tinytorch.zeros`. The rest stays in `tinytorch.tensor`.
__all__ = [  # noqa: RUF022  (by kind, not by letter)
    "Size", "Tensor", "device", "float32", "float64", "int64",
    "arange", "eye", "full", "ones", "rand", "randn", "tensor", "zeros",
    "abs", "clamp", "exp", "log", "maximum", "pow", "sqrt", "tanh", "where",
    "argmax", "argmin", "max", "mean", "min", "sum", "var",
    "broadcast_shapes", "cat", "flatten", "matmul", "permute", "reshape", "squeeze", "stack",
    "transpose", "unsqueeze",
]  # fmt: skip

ndarray = np.ndarray
float32, float64, int64 = np.dtype("float32"), np.dtype("float64"), np.dtype("int64")

# A large array that is freed goes back to the system, and the next one is fetched again, page by
# page: that costs as much as computing with it. Linux's C library learns from the first large array
# it sees freed to keep the memory. So here is one, freed at once; other systems do not mind.
np.empty(31 << 20, np.uint8)

# %% [markdown]
# PyTorch's kinds of errors, its `Size`, and the one device there is stand in `tensor_given.py`
# beside this file, and come into `tinytorch` together with your code. There is nothing to write in
# it.

# %%
from tensor_given import (
    CPU,
    DtypeError,
    RangeError,
    ShapeError,
    Size,
    compared,
    device,
    drawn_from,
    dtype_asked,
    keeps_its_dtype,
    position_in,
    shape_of,
    sizes_asked,
)

# %% [markdown]
# ## Task 1.1: numbers in
#
# All entries of an array are of one kind, its **dtype** (data type). The dtype decides how many
# bytes an entry takes and how fine it can be:
#
# ```
#   float32   4 bytes   about 7 digits    weights, activations, losses: nearly everything
#   float64   8 bytes   about 16 digits   checking that the float32 results are right
#   int64     8 bytes   whole numbers     class labels, positions, counts
#   bool      1 byte    True or False     masks: which entries do we mean?
# ```
#
# What should `tensor([1, 2, 3])` be? PyTorch's rule, which is ours: Python numbers say what *kind*
# they are, but not how many bytes they want. So floats become float32, ints become int64, bools
# stay bools. A NumPy array has already chosen its dtype, so an array keeps it, and a float64 array
# stays float64. And whoever writes `dtype=...` gets exactly that.
#
# ```
#   [1, 2.5]                   -> float32      a list; one float makes all of them floats
#   [1, 2]                     -> int64        a list of ints
#   np.array([1.0])            -> float64      an array keeps what it has
#   [1, 2] with dtype=float32  -> float32      asked for
#   "12", [[1, 2], [3]], None  -> an error     not numbers, or not a box
# ```
#
# `array.dtype.kind` is one letter: `"f"` float, `"i"` int, `"u"` int without sign, `"b"` bool.
# Anything else (text, objects, dates) has no place in a tensor.
#
# The lines that turn strange data away are given. Yours is the rule.


# %%
#| export
def as_array(data, dtype=None):
    """Make a NumPy array of numbers out of `data`. The array never shares memory with `data`.

    Args:
        data: a number, a NumPy array, or lists of those, nested as deep as you like.
        dtype: the dtype wanted, or None for the rule: arrays (and NumPy scalars) keep theirs;
            of everything else floats become float32, ints int64, bools stay bool.

    Returns:
        np.ndarray, of shape () for one number.

    Raises:
        TypeError: `data` holds something that is not a number.
        ValueError: the lists inside `data` differ in length.

    Example:
        >>> as_array([1, 2.5]).dtype
        dtype('float32')
    """
    keeps_dtype = keeps_its_dtype(data)
    try:
        array = np.array(data)
    except ValueError:
        raise ValueError(f"the lists inside a tensor must all be of one length: {data!r}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a tensor holds numbers, not {array.dtype}: {data!r}")
    ### BEGIN SOLUTION
    if dtype is not None:
        return array.astype(dtype, copy=False)
    if keeps_dtype or array.dtype.kind == "b":
        return array
    return array.astype(float32 if array.dtype.kind == "f" else int64, copy=False)
    ### END SOLUTION


# %%
for data in ([1, 2.5], [1, 2], [True, False], 3.0, np.array([1.0, 2.0]), np.float32(0.5), []):
    array = as_array(data)
    print(f"{data!r:24} -> {array.dtype!s:8} shape {array.shape}")

for data in ("12", [[1, 2], [3]], None):
    try:
        as_array(data)
    except (TypeError, ValueError) as error:
        print(f"{data!r:24} -> {type(error).__name__}: {error}")

print(f"0.1 in float32 is {float(np.float32(0.1)):.20f}")
print(f"0.1 in float64 is {0.1:.20f}")

# %% [markdown]
# Neither is exactly 0.1. Binary fractions cannot be, and float32 stops being right after about
# seven digits. That is enough for learning, and not enough for checking derivatives, which is why
# we keep float64 possible everywhere.
#
# ## The class, given
#
# Now the tensor. It holds one thing, `data`, the NumPy array. The rest of this cell answers
# questions about it (`shape`, `dtype`, `numel`), hands the numbers back to Python (`item`,
# `tolist`) or prints them. `grad`, `requires_grad` and `grad_fn` wait for module 02; they stand on
# the class, not in every tensor, so that a tensor without gradients pays nothing for them.


# %%
#| export
class Tensor:
    """An array of numbers of one dtype. `Tensor.data` is the NumPy array that holds them."""

    grad = None
    requires_grad = False
    grad_fn = None

    def __init__(self, *data, dtype=None, requires_grad=False):
        """`Tensor(data)` copies; lists become float32. `Tensor(2, 3)` has the shape (2, 3)."""
        if sizes_asked(data):
            sizes = data[0] if data and isinstance(data[0], Size) else data or (0,)
            self.data = np.zeros(sizes, dtype or float32)
        else:
            (data,) = data
            dtype = float32 if dtype is None and isinstance(data, (list, tuple)) else dtype
            self.data = as_array(unwrap(data), dtype)
        if requires_grad:
            self.requires_grad_()

    def requires_grad_(self, requires_grad=True):
        """Ask for gradients with respect to this tensor (module 02 computes them)."""
        if requires_grad and self.data.dtype.kind != "f":
            raise RuntimeError(f"only floats can require gradients; this tensor is {self.dtype}")
        if self.grad_fn is not None and not requires_grad:
            raise RuntimeError("requires_grad of a result cannot be changed: use .detach()")
        self.requires_grad = requires_grad
        return self

    @property
    def shape(self):
        return Size(self.data.shape)

    @property
    def device(self):
        return CPU

    @property
    def ndim(self):
        return self.data.ndim

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def is_leaf(self):
        return self.grad_fn is None

    def size(self, dim=None):
        """The shape, or the length of one dimension."""
        return Size(self.data.shape) if dim is None else self.data.shape[dim]

    def dim(self):
        """The number of dimensions."""
        return self.data.ndim

    def numel(self):
        """The number of elements."""
        return self.data.size

    def numpy(self):
        """The array itself, not a copy: a change in one is a change in the other."""
        if self.requires_grad:
            raise RuntimeError("this tensor requires grad: use .detach().numpy()")
        return self.data

    def detach(self):
        """The same numbers in the same memory, without their history."""
        out = wrap(self.data)
        out._shared = self._shared = True  # an in-place change of one must reach the other
        return out

    def tolist(self):
        """Nested Python lists; one Python number for a tensor of shape ()."""
        return self.data.tolist()

    def item(self):
        """The one number in this tensor, as a Python number."""
        if self.data.size != 1:
            raise ShapeError(f"item() takes one element out of one; this has shape {self.shape}")
        return self.data.item()

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        if self.data.dtype.kind not in "iub":
            raise TypeError(f"only whole numbers can be an index, not {self.dtype}")
        return int(self.item())

    def __bool__(self):
        if self.data.size != 1:
            raise RuntimeError(f"is a tensor of shape {self.shape} true? Ask one element.")
        return bool(self.data.item())

    def __len__(self):
        if not self.data.ndim:
            raise TypeError("len() of a tensor of shape ()")
        return len(self.data)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype=dtype, copy=copy)

    def __format__(self, spec):
        if self.data.ndim and spec:
            raise TypeError(f"format {spec!r} is for one number; this has shape {self.shape}")
        return repr(self) if self.data.ndim else format(self.item(), spec)

    def __repr__(self):
        return f"tensor({describe(self)})"


def unwrap(value):
    """The array of a tensor; anything else as it is."""
    return value.data if isinstance(value, Tensor) else value


def wrap(array):
    """A tensor around `array` itself: nothing is copied."""
    out = _new(Tensor)  # without __init__, which copies
    out.data = array
    return out


_new = Tensor.__new__


def tensor(data, *, dtype=None, device=None, requires_grad=False):
    """A new tensor with a copy of `data`: a number, lists, an array or a tensor."""
    out = wrap(as_array(unwrap(data), dtype_asked((), dtype, device)))
    return out.requires_grad_() if requires_grad else out


# %% [markdown]
# Printing follows PyTorch: whole floats as `2.`, others with four digits, and powers of ten when
# the largest number is more than a thousand times the smallest. You may skip this cell.


# %%
#| export
def float_style(array):
    """The function that prints one float of `array` the way PyTorch does, all equally wide."""
    if array.size > 1000:  # only the corners of a large array are printed
        for axis in range(array.ndim):
            if array.shape[axis] > 6:
                array = array.take([0, 1, 2, -3, -2, -1], axis)
    finite = array[np.isfinite(array) & (array != 0)].astype(float64)
    sizes = np.abs(finite) if finite.size else np.ones(1)
    whole = bool((sizes == np.floor(sizes)).all())
    wide = sizes.max() > 1000 * sizes.min() or sizes.max() > 1e8
    if wide or (sizes.min() < 1e-4 and not whole):
        spec, tail = ".4e", ""
    else:
        spec, tail = (".0f", ".") if whole else (".4f", "")

    def text(number):
        return format(number, spec) + (tail if math.isfinite(number) else "")

    width = len(text(finite.min())) if finite.size else 0
    width = len(text(finite.max()).rjust(width)) if finite.size else 0
    return lambda number: text(number).rjust(width)


def describe(tensor):
    """What stands between the parentheses of `tensor(...)`."""
    array = tensor.data
    style = {"float_kind": float_style(array)} if array.dtype.kind == "f" else None
    prefix = " " * len("tensor(")
    text = np.array2string(array, max_line_width=80, separator=", ", prefix=prefix, formatter=style)
    parts = [text]
    if not array.size and array.ndim != 1:
        parts.append(f"size={array.shape}")
    if array.dtype not in (float32, int64, np.dtype(bool)):
        parts.append(f"dtype={array.dtype}")
    if tensor.grad_fn is not None:
        parts.append(f"grad_fn=<{type(tensor.grad_fn).__name__}>")
    elif tensor.requires_grad:
        parts.append("requires_grad=True")
    return ", ".join(parts)


# %%
print(tensor([[1, 2, 3], [4, 5, 6]]))
print(tensor([1.0, 2.0, -3.0]), tensor([0.5, 10.25]), tensor([1e-6, 1.0]))
print(tensor(np.array([1.0, 2.0])), tensor([]), tensor([[], []]), tensor(7))
x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print("shape", x.shape, "| dimensions", x.ndim, "| elements", x.numel(), "| dtype", x.dtype)

# %% [markdown]
# ## Task 1.2: the dtype of a result
#
# The next piece is small and works behind every line you will ever run: the function that settles
# what the *result* of a computation is. NumPy likes float64:
#
# ```
#   NumPy:  int64 / int64       -> float64          we want float32, as in PyTorch
#           float32 * int64     -> float64          we want float32
#           float64 * float32   -> float64          right: somebody asked for float64
# ```
#
# The rule behind the right column: **float64 stays only when an input was a float64 array.** Python
# numbers have no say ("weak"), so `x * 0.1` never makes a float32 tensor float64, and ints and
# bools do not ask for float64 either.
#
# One refinement, PyTorch's: if there are float arrays with dimensions, a float64 array of shape ()
# counts like a Python number. It is one number, and does not drag a million others with it.
#
# ```
#   inputs                                     float64 stays?
#   float32 (3,)  and  int64 (3,)              no
#   float64 (3,)  and  float32 (3,)            yes
#   int64 (3,)    and  the Python number 2.5   no
#   float64 ()    and  float32 ()              yes     no array with dimensions: all count
#   float64 ()    and  float32 (3,)            no      the one with dimensions decides
#   float64 ()    and  int64 (3,)              yes     no *float* with dimensions: all floats count
# ```


# %%
#| export
def keeps_float64(inputs):
    """Whether a float64 result of an operation on `inputs` should stay float64.

    Args:
        inputs: what the operation was given: NumPy arrays, and plain values (numbers, None, ...),
            which have no say.

    Returns:
        bool: True if some float array that counts is float64. The float arrays with dimensions
        count; if there are none, the float arrays of shape () do. (A dtype among the inputs
        means that the operation is a cast; then it is True as well.)

    Example:
        >>> keeps_float64((np.zeros(3, "float32"), 2.5))
        False
    """
    if any(isinstance(a, np.dtype) for a in inputs):
        return True
    ### BEGIN SOLUTION
    floats = [a for a in inputs if type(a) is ndarray and a.dtype.kind == "f"]
    deciding = [a for a in floats if a.ndim > 0] or floats
    return any(a.dtype == float64 for a in deciding)
    ### END SOLUTION


def settle(result, inputs):
    """The result of an operation as an array of the dtype that PyTorch would give it.

    Args:
        result: an array, or a NumPy scalar (NumPy returns those in place of arrays of shape ()).
        inputs: what the operation was given; decides whether float64 stays.

    Returns:
        np.ndarray: float64 has become float32 unless `keeps_float64(inputs)`; an array of any
        other dtype, or of float64 that stays, is returned as it is, not copied.

    Example:
        >>> settle(np.array([1, 2]) / np.array([2, 2]), (np.array([1, 2]), np.array([2, 2])))
        array([0.5, 1. ], dtype=float32)
    """
    result = np.asarray(result)  # a scalar becomes an array of shape ()
    ### BEGIN SOLUTION
    if result.dtype == float64 and not keeps_float64(inputs):
        return result.astype(float32)
    return result
    ### END SOLUTION


# %%
ints, floats, doubles = np.array([1, 2]), np.ones(2, "float32"), np.ones(2)
for text, inputs in {
    "int64 / int64": (ints, ints),
    "float32 / int64": (floats, ints),
    "float64 / float32": (doubles, floats),
    "float32 / 3.0": (floats, 3.0),
}.items():
    result = inputs[0] / inputs[1]
    print(f"{text:18} NumPy says {result.dtype!s:8} ours is {settle(result, inputs).dtype}")

a = np.zeros(3, "float32")
print("not copied:", settle(a, (a,)) is a)

# %% [markdown]
# ## Task 1.3: one operation, Function.apply
#
# Every computation in this framework, from `+` to attention, is a class with a `forward`. `forward`
# knows arrays only, no tensors:
#
# ```
#         tensors              arrays                 array              tensor
#   a + b:  a, b  -- unwrap -->  a.data, b.data  -- forward, settle -->  ...  -- wrap -->  result
#           |___________________________________ apply __________________________________|
# ```
#
# `apply` is the doorman: it takes the arrays out of the tensors, makes an object of the class,
# calls its `forward`, and wraps what comes back. Why an *object* for each computation, and not
# a function? Because in module 02 that object will keep the inputs, and know how to go backward.
# All of automatic differentiation will hang on the small method you write now.
#
# When `forward` cannot work because the shapes do not fit, NumPy says so, but cannot say in which
# operation. `explained` (given) makes a better error, with the name and the shapes, and gives all
# other errors back unchanged.


# %%
#| export
def explained(error, operation, inputs):
    """The same error, with the operation's name and all shapes where these are the cause."""
    if "zero-size" in str(error):
        return ShapeError(f"{operation.__name__}: of no element at all: shape {inputs[0].shape}")
    if "duplicate value" in str(error):
        return ShapeError(f"{operation.__name__}: a dim appears twice in {inputs[1]}")
    if "broadcast" not in str(error):
        return error
    shapes = " and ".join(str(a.shape) for a in inputs if isinstance(a, ndarray))
    return ShapeError(
        f"{operation.__name__}: shapes {shapes} do not fit together: "
        "counted from the right, two sizes must be equal, or one of them 1"
    )


class Function:
    """One operation on arrays: `forward` computes it. Module 02 adds `backward`."""

    def forward(self, *args):
        raise NotImplementedError(f"{type(self).__name__}.forward")

    @classmethod
    def apply(cls, *args):
        """Compute this operation on tensors.

        Args:
            args: what `forward` takes: tensors, and plain values such as numbers, dims or None.

        Returns:
            Tensor: what a new object of this class returns from `forward(...)`, called with the
            arrays of the tensors and the plain values as they are; settled with those same
            inputs, and wrapped.

        Raises:
            ValueError: from `forward`, passed on as `explained(error, cls, arrays)`.

        Example:
            >>> Add.apply(tensor([1, 2]), 10)
            tensor([11, 12])
        """
        ### BEGIN SOLUTION
        arrays = [a.data if isinstance(a, Tensor) else a for a in args]
        try:
            result = cls().forward(*arrays)
        except ValueError as error:
            raise explained(error, cls, arrays) from None
        return wrap(settle(result, arrays))
        ### END SOLUTION


# %% [markdown]
# With that, arithmetic is one line for each operation. NumPy does the numbers: `np.add(a, b)` is
# what `a + b` calls. Functions that are written in C do not become methods, so `self` is not handed
# to them, and NumPy's function can be the `forward` as it stands.


# %%
#| export
class Add(Function):
    forward = np.add


class Sub(Function):
    forward = np.subtract


class Mul(Function):
    forward = np.multiply


class Div(Function):
    forward = np.true_divide


class Pow(Function):
    def forward(self, a, b):
        return a**b


class Neg(Function):
    forward = np.negative


# %% [markdown]
# When Python meets `a + b`, it calls `a.__add__(b)`; when `a` is a plain number that does not know
# tensors, it tries `b.__radd__(a)` ("r" for right). So these methods are what make `2 * x + 1`
# work. Each of them is named after its sign.
#
# The class `Tensor` will grow through the whole lesson, section by section. The decorator
# `methods_of(Tensor)` gives the methods of the class below it to `Tensor` (nbdev's and fastcore's
# `patch` do the same for single functions).


# %%
#| export
def methods_of(target):
    """Class decorator: give the methods and properties of the class below it to `target`."""

    def hand_over(part):
        for name, value in vars(part).items():
            if callable(value) or isinstance(value, property):
                setattr(target, name, value)
            if isinstance(value, types.FunctionType):  # the name that an error message shows
                value.__qualname__ = f"{target.__name__}.{name}"
        return part

    return hand_over


@methods_of(Tensor)
class _Arithmetic:
    def __add__(self, other):
        return Add.apply(self, other)

    def __radd__(self, other):
        return Add.apply(other, self)

    def __sub__(self, other):
        return Sub.apply(self, other)

    def __rsub__(self, other):
        return Sub.apply(other, self)

    def __mul__(self, other):
        return Mul.apply(self, other)

    def __rmul__(self, other):
        if type(other) is list:  # `[10] * tensor(2)` repeats the list, as `[10] * 2` does
            return NotImplemented
        return Mul.apply(other, self)

    def __truediv__(self, other):
        return Div.apply(self, other)

    def __rtruediv__(self, other):
        return Div.apply(other, self)

    def __pow__(self, other):
        return Pow.apply(self, other)

    def __rpow__(self, other):
        return Pow.apply(other, self)

    def __neg__(self):
        return Neg.apply(self)


# %%
x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(2 * x + 1)
print(1 / tensor([1, 2, 4]))
print(x**2 - x * x)
print("float32 stays:", (x * 0.1).dtype, "| float64 stays:", (tensor(np.ones(3)) * 0.1).dtype)

# %% [markdown]
# Clone and cast are operations too. A cast to the dtype a tensor already has costs nothing: it
# returns the tensor itself. After them stand `//` and `%`, as Python has them.


# %%
#| export
class Clone(Function):
    def forward(self, a):
        return a.copy()


class Cast(Function):
    def forward(self, a, dtype):
        return a.astype(dtype)


@methods_of(Tensor)
class _Conversions:
    def clone(self):
        """The same numbers in memory of their own."""
        return Clone.apply(self)

    def contiguous(self):
        """The tensor itself if its numbers lie row by row in memory, else a copy where they do."""
        return self if self.data.flags.c_contiguous else Clone.apply(self)

    def to(self, *args, dtype=None, device=None, non_blocking=False, copy=False):
        """The same numbers in another dtype; the tensor itself if it has that dtype already.

        Takes what PyTorch's does: a dtype, a tensor whose dtype is meant, or the device "cpu".
        """
        out = self._cast(dtype_asked(args, dtype, device) or self.data.dtype)
        return out.clone() if copy and out is self else out

    def _cast(self, dtype):
        return self if self.data.dtype == dtype else Cast.apply(self, dtype)

    def float(self):
        return self._cast(float32)

    def double(self):
        return self._cast(float64)

    def long(self):
        return self._cast(int64)


class FloorDivide(Function):
    forward = np.floor_divide


class Remainder(Function):
    forward = np.remainder


@methods_of(Tensor)
class _WholeNumbers:
    """As in Python: `7 // 2` is 3, rounded down, and `7 % 2` is what is left, 1."""

    def __floordiv__(self, other):
        return FloorDivide.apply(self, other)

    def __rfloordiv__(self, other):
        return FloorDivide.apply(other, self)

    def __mod__(self, other):
        return Remainder.apply(self, other)

    def __rmod__(self, other):
        return Remainder.apply(other, self)

    def __pos__(self):
        return self


# %% [markdown]
# In `array + tensor` NumPy is asked first, and NumPy asks the tensor what to do, by its method
# `__array_ufunc__`. For an operator, ours calls the method with the "r". For all else it hands over
# the arrays: `w.data -= tensor` changes the array that is there, and `np.exp(tensor)` is a tensor.
# `np.exp` of a tensor that requires grad is an error, since its gradient would be lost.

# %%
#| export
ANSWERS = {  # the function of NumPy that stands behind an operator, and the tensor's answer to it
    np.add: "__radd__", np.subtract: "__rsub__", np.multiply: "__rmul__",
    np.true_divide: "__rtruediv__", np.power: "__rpow__", np.matmul: "__rmatmul__",
    np.floor_divide: "__rfloordiv__", np.remainder: "__rmod__",
    np.bitwise_and: "__rand__", np.bitwise_or: "__ror__", np.bitwise_xor: "__rxor__",
    np.less: "__gt__", np.less_equal: "__ge__", np.greater: "__lt__", np.greater_equal: "__le__",
    np.equal: "__eq__", np.not_equal: "__ne__",
}  # fmt: skip


@methods_of(Tensor)
class _BesideArrays:
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        """What NumPy calls when a tensor is an argument of one of its functions, a ufunc."""
        if ufunc in ANSWERS and method == "__call__" and "out" not in kwargs:
            first, second = inputs
            if isinstance(first, (ndarray, np.generic)):
                return getattr(second, ANSWERS[ufunc])(first)
        arrays = [x.numpy() if isinstance(x, Tensor) else x for x in inputs]
        result = getattr(ufunc, method)(*arrays, **kwargs)
        alone = method == "__call__" and not kwargs and ufunc.nout == 1
        return wrap(np.asarray(result)) if alone else result


# %% [markdown]
# ## Task 1.4: broadcasting
#
# `2 * x` worked although `2` has no rows and columns. And this works too, a matrix and a vector:
#
# ```
#     [[1, 2, 3],       [10, 20, 30]        [[1, 2, 3],     [[10, 20, 30],
#      [4, 5, 6]]   +                   =    [4, 5, 6]]  +   [10, 20, 30]]  <- as if repeated
#
#       (2, 3)      +      (3,)         =      (2, 3)
# ```
#
# This is **broadcasting**. Write both shapes down, aligned at the *right*. Missing sizes on the
# left count as 1. Then look at each column: two sizes fit if they are equal, or if one of them is
# 1; that one is stretched.
#
# ```
#      2  3            2  1            8  1  6  1          2  3
#         3            1  4               7  1  5             2
#     -----           -----           -----------          -----
#      2  3            2  4            8  7  6  5          error: 3 and 2
# ```
#
# Nothing is really copied: NumPy reads the same numbers again. NumPy knows the rule, but *you* will
# need it over and over: most errors in real deep-learning code are errors of shape, and module 02
# has to undo broadcasting. So write it once. Mind sizes of 0: 0 and 1 fit (and give 0), 0 and 3 do
# not.


# %%
#| export
def broadcast_shapes(*shapes):
    """The shape of the result when arrays of these shapes meet in one elementwise operation.

    Args:
        shapes: any number of tuples of ints.

    Returns:
        tuple of ints; () for no shapes at all.

    Raises:
        ValueError: two sizes in one column differ and neither is 1. The message holds all shapes.

    Example:
        >>> broadcast_shapes((2, 1), (3,), ())
        (2, 3)
    """
    ### BEGIN SOLUTION
    result = []
    ndim = len(sorted(shapes, key=len)[-1]) if shapes else 0
    for column in range(-ndim, 0):
        sizes = {shape[column] for shape in shapes if len(shape) >= -column} - {1}
        if len(sizes) > 1:
            listed = " and ".join(str(tuple(shape)) for shape in shapes)
            raise ValueError(f"shapes {listed} do not broadcast: sizes {sizes} at {column}")
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)
    ### END SOLUTION


# %%
for shapes in [((2, 3), (3,)), ((2, 1), (1, 4)), ((8, 1, 6, 1), (7, 1, 5)), ((0,), (1,))]:
    print(shapes, "->", broadcast_shapes(*shapes))

try:
    broadcast_shapes((2, 3), (2,))
except ValueError as error:
    print("error:", error)

try:
    tensor([[1, 2, 3], [4, 5, 6]]) + tensor([1, 2])
except ValueError as error:
    print("error:", error)

rows, columns = tensor([[0], [10], [20]]), tensor([1, 2, 3, 4])
print(rows + columns)

# %% [markdown]
# ## Comparing, and picking elements
#
# Comparisons give tensors of bools. They are not differentiable, so they need no `Function`.
#
# Indexing works as in NumPy: `x[0]`, `x[:, 1]`, `x[..., -1]`, with tensors of positions, and with a
# mask, a tensor of bools. The first three give **views**: the same memory seen through another
# window. Masks and positions copy. `Index` has one line more than you may expect: for a single
# element NumPy returns a copy, and with an added `...` it returns a view.
#
# In one point PyTorch differs from NumPy, and we follow it: in `x[0, :, [1, 2]]` the whole number
# goes first, as in `x[0][:, [1, 2]]`. NumPy would read the 0 as one more list of positions.


# %%
#| export
@methods_of(Tensor)
class _Comparisons:
    def _compared(self, comparison, other):
        return wrap(compared(comparison, self.data, unwrap(other)))

    def __eq__(self, other):  # for None Python asks whether they are one object: `x.grad == None`
        return NotImplemented if other is None else self._compared(operator.eq, other)

    def __ne__(self, other):
        return NotImplemented if other is None else self._compared(operator.ne, other)

    def __lt__(self, other):
        return self._compared(operator.lt, other)

    def __le__(self, other):
        return self._compared(operator.le, other)

    def __gt__(self, other):
        return self._compared(operator.gt, other)

    def __ge__(self, other):
        return self._compared(operator.ge, other)

    def __invert__(self):
        return wrap(np.asarray(~self.data))

    def __and__(self, other):
        return wrap(np.asarray(self.data & unwrap(other)))

    def __or__(self, other):
        return wrap(np.asarray(self.data | unwrap(other)))

    def __xor__(self, other):
        return wrap(np.asarray(self.data ^ unwrap(other)))

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__


class Index(Function):
    def forward(self, a, index):
        result = a[index]
        if type(result) is ndarray:
            return result
        return a[(*index, ...) if isinstance(index, tuple) else (index, ...)]


def unwrap_index(part):
    """A part of an index: an array in place of a tensor, an int where that is one position."""
    part = unwrap(part)
    position = isinstance(part, ndarray) and part.ndim == 0 and part.dtype.kind in "iu"
    return part.item() if position else part


def index_steps(index):
    """What to index with, one after the other: whole numbers first, then lists and masks."""
    parts = tuple(map(unwrap_index, index if isinstance(index, tuple) else (index,)))
    lists = [isinstance(part, (list, ndarray)) for part in parts]
    whole = [isinstance(part, (int, np.integer)) and not isinstance(part, bool) for part in parts]
    if not any(lists) or not any(whole):
        return [parts]
    first, then = [], []
    for part, is_list, is_whole in zip(parts, lists, whole):
        if is_list:  # not yet; a mask stands for as many dimensions as it has
            mask = np.asarray(part).dtype == bool
            first += [slice(None)] * (np.ndim(part) if mask else 1)
            then.append(part)
        else:
            first.append(part)
            if not is_whole:
                then.append(part if part is Ellipsis else slice(None))
    return [tuple(first), tuple(then)]


@methods_of(Tensor)
class _Indexing:
    def __getitem__(self, index):
        result = self
        for step in index_steps(index):
            result = Index.apply(result, step)
        return result


# %%
x = tensor([[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]])
print(x > 0)
print("row", x[0], "| column", x[:, 1], "| one element", x[1, -1])
print("the positive ones", x[x > 0], "| row 0, then 1, then 0:", x[tensor([0, 1, 0]), 0])

# %% [markdown]
# ## Task 1.5: clamp
#
# A mask chooses elements; `where(condition, a, b)` chooses between two tensors, element by element,
# and `maximum(a, b)` takes the larger one. No `if`, no loop: the whole array at once.
#
# ```
#   x                  [-2,  0.5,  3]
#   clamp(x, 0, 1)     [ 0,  0.5,  1]     below 0 becomes 0, above 1 becomes 1
#   clamp(x, min=0)    [ 0,  0.5,  3]     one bound is enough; none at all is a mistake
# ```
#
# If somebody asks for `min` above `max`, PyTorch lets `max` win. NaN ("not a number", the result of
# 0/0) stays NaN, so that a mistake is not covered up; `np.maximum` and `np.minimum` do that. Both
# leave a float32 array float32.


# %%
#| export
class Maximum(Function):
    forward = np.maximum


class Minimum(Maximum):
    forward = np.minimum


class Where(Function):
    def forward(self, condition, a, b):
        return np.where(condition, a, b)


class Clamp(Function):
    def forward(self, a, low, high):
        """`a` with everything below `low` raised to `low`, then everything above `high` lowered.

        Args:
            a: an array of any shape.
            low, high: a number, an array that broadcasts with `a`, or None for no bound.

        Returns:
            np.ndarray of the shape of `a`.

        Raises:
            ValueError: both bounds are None.

        Example:
            >>> tensor([-2.0, 0.5, 3.0]).clamp(0, 1)
            tensor([0.0000, 0.5000, 1.0000])
        """
        ### BEGIN SOLUTION
        if low is None and high is None:
            raise ValueError("clamp needs min, max, or both")
        if low is not None:
            a = np.maximum(a, low)
        if high is not None:
            a = np.minimum(a, high)
        return a
        ### END SOLUTION


@methods_of(Tensor)
class _Choices:
    def clamp(self, min=None, max=None):
        """Every element kept between `min` and `max`; either may be None."""
        return Clamp.apply(self, min, max)


def maximum(input, other):
    """The larger of two elements, at every position; NaN where one of them is NaN."""
    return Maximum.apply(input, other)


def where(condition, input, other):
    """`input` where `condition` is true, `other` elsewhere; the three broadcast together."""
    return Where.apply(condition, input, other)


# %%
x = tensor([-2.0, 0.5, 3.0])
print(x.clamp(0, 1), x.clamp(min=0), x.clamp(max=0), x.clamp(2, 1))
print(where(x > 0, x, -x), maximum(x, 1.0))

# %% [markdown]
# ## Task 1.6: in place
#
# `x = x + 1` makes a new array and forgets the old one. `x += 1` can write the result where the old
# numbers are. For a network's weights this matters twice: no new memory at each step, and everybody
# who holds the tensor, a layer, an optimizer, a view, sees the change.
#
# ```
#   y = x          x -----> [1, 2, 3]         x = x + 1      x -----> [2, 3, 4]    (new)
#                  y ------^                                 y -----> [1, 2, 3]
#
#                                             x += 1         x -----> [2, 3, 4]    (same memory)
#                                                            y ------^
# ```
#
# NumPy's functions `np.add`, `np.multiply` and so on take an argument `out=`: the array to write
# into. They refuse what cannot be: a result of another shape (`(3,) += (2, 3)`), and a float result
# in an int array. The second is the rule `casting="same_kind"`: NumPy's default, but better written
# down.
#
# `_check_writable` is called before any change. It does nothing yet. Module 02 will replace it, to
# protect numbers that are still needed for a gradient.


# %%
#| export
@methods_of(Tensor)
class _InPlace:
    def _in_place(self, operation, other):
        """Let NumPy's `operation` of this tensor and `other` overwrite this tensor's numbers.

        Args:
            operation: a NumPy function with two arguments and `out=`, such as np.add.
            other: a tensor, an array or a number that broadcasts to this tensor's shape.

        Returns:
            Tensor: this same tensor, its `data` the same array as before with new numbers in it.

        Raises:
            ValueError: the result has another shape than this tensor.
            TypeError: the result is of another kind, such as float in an int tensor.

        Example:
            >>> x = tensor([1.0, 2.0]); x += 1; x
            tensor([2., 3.])
        """
        self._check_writable(other)
        ### BEGIN SOLUTION
        operation(self.data, unwrap(other), out=self.data, casting="same_kind")
        return self
        ### END SOLUTION

    def _check_writable(self, value=None):
        """Raise an error if the numbers must not change. Module 02 replaces this."""

    def __iadd__(self, other):
        return self._in_place(np.add, other)

    def __isub__(self, other):
        return self._in_place(np.subtract, other)

    def __imul__(self, other):
        return self._in_place(np.multiply, other)

    def __itruediv__(self, other):
        return self._in_place(np.true_divide, other)

    def __ipow__(self, other):
        return self._in_place(np.power, other)

    def __ifloordiv__(self, other):
        return self._in_place(np.floor_divide, other)

    def __imod__(self, other):
        return self._in_place(np.remainder, other)

    def __setitem__(self, index, value):
        self._check_writable(value)
        *views, last = index_steps(index)
        array = self.data
        for view in views:
            array = array[view]
        value = unwrap(value)
        one = isinstance(value, ndarray) and value.size == 1  # fits everywhere, in any shape
        array[last] = value.reshape(()) if one else value

    def fill_(self, value):
        """Set every element to `value`."""
        self[...] = value
        return self

    def zero_(self):
        """Set every element to 0."""
        return self.fill_(0)


# %%
x = tensor([1.0, 2.0, 3.0])
y = x
first = x[:1]  # a view
x += 1
print(y, "y is x:", y is x, "| the view sees it:", first)
x[x > 2] = 0
print(x)
try:
    counts = tensor([1, 2, 3])
    counts += 0.5
except TypeError as error:
    print("TypeError:", error)

# %% [markdown]
# ## More elements at once, and new tensors
#
# The functions of one argument are one line each, like arithmetic.
#
# Tensors of zeros, ones, or random numbers are where networks start. The random ones come from the
# generator you made in module 00, so `manual_seed` governs them. `rand` draws evenly from 0
# (included) to 1 (not included), `randn` from the normal distribution with mean 0 and standard
# deviation 1.


# %%
#| export
class Exp(Function):
    forward = np.exp


class Log(Function):
    forward = np.log


class Sqrt(Function):
    forward = np.sqrt


class Abs(Function):
    forward = np.absolute


class Tanh(Function):
    forward = np.tanh


def wide(tensor):
    """The tensor, but bytes and bools as float32: of those NumPy makes floats of 16 bits."""
    return tensor if tensor.data.itemsize > 1 else tensor.float()


@methods_of(Tensor)
class _Elementwise:
    def exp(self):
        """e to the power of each element."""
        return Exp.apply(wide(self))

    def log(self):
        """The natural logarithm of each element: -inf at 0, NaN below (NumPy warns of both)."""
        return Log.apply(wide(self))

    def sqrt(self):
        """The square root of each element, NaN below 0."""
        return Sqrt.apply(wide(self))

    def abs(self):
        """Each element without its sign."""
        return Abs.apply(self)

    __abs__ = abs

    def tanh(self):
        """The hyperbolic tangent of each element, between -1 and 1."""
        return Tanh.apply(wide(self))

    def pow(self, exponent):
        """Each element to a power: another name for `**`."""
        return Pow.apply(self, exponent)


# %%
#| export
def _sizes(sizes, named=None):
    """`zeros(2, 3)`, `zeros((2, 3))` and `zeros(size=(2, 3))` mean the same; so in permute, ..."""
    sizes = sizes if named is None else (named,)
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def _fresh(array, requires_grad, place=None):
    """A tensor around an array that nobody else has."""
    if place is not None:
        device(place)
    out = wrap(np.asarray(array))
    return out.requires_grad_() if requires_grad else out


def zeros(*sizes, size=None, dtype=None, device=None, requires_grad=False):
    """A tensor of zeros, float32 unless another dtype is asked for."""
    shape = shape_of(_sizes(sizes, size))
    return _fresh(np.zeros(shape, dtype or float32), requires_grad, device)


def ones(*sizes, size=None, dtype=None, device=None, requires_grad=False):
    """A tensor of ones, float32 unless another dtype is asked for."""
    shape = shape_of(_sizes(sizes, size))
    return _fresh(np.ones(shape, dtype or float32), requires_grad, device)


def full(size, fill_value, *, dtype=None, device=None, requires_grad=False):
    """A tensor with `fill_value`, a number, everywhere: float32, int64 or bool, as it is."""
    value = fill_value.item() if isinstance(fill_value, (Tensor, np.generic)) else fill_value
    shape = shape_of(_sizes((size,)))
    return _fresh(np.full(shape, as_array(value, dtype)), requires_grad, device)


def eye(n, m=None, *, dtype=None, device=None, requires_grad=False):
    """An n x m matrix (n x n without m) with ones where row and column number are equal."""
    shape = shape_of((n, n if m is None else m))
    return _fresh(np.eye(*shape, dtype=dtype or float32), requires_grad, device)


def arange(start=0, end=None, step=1, *, dtype=None, device=None, requires_grad=False):
    """The numbers start, start + step, ... before `end`: int64 if all three are ints, else float32.

    With one argument, that is the end, and the start is 0.
    """
    if end is None:
        start, end = 0, start
    if step == 0 or (end - start) / step < 0:
        raise RangeError(f"arange: steps of {step} do not lead from {start} to {end}")
    steps = np.arange(start, end, step)
    dtype = dtype or (float32 if steps.dtype.kind == "f" else int64)
    return _fresh(steps.astype(dtype), requires_grad, device)


def rand(*sizes, size=None, generator=None, dtype=None, device=None, requires_grad=False):
    """Random numbers, evenly spread over [0, 1)."""
    shape = shape_of(_sizes(sizes, size))
    array = drawn_from(generator).random(shape, dtype or float32)
    return _fresh(array, requires_grad, device)


def randn(*sizes, size=None, generator=None, dtype=None, device=None, requires_grad=False):
    """Random numbers from the normal distribution with mean 0 and variance 1."""
    shape = shape_of(_sizes(sizes, size))
    array = drawn_from(generator).standard_normal(shape, dtype or float32)
    return _fresh(array, requires_grad, device)


# %%
from tinytorch.random import manual_seed

print(zeros(2, 3), full((2,), 7), eye(2))
print(arange(5), arange(0, 1, 0.25))
manual_seed(0)
print(randn(3))
manual_seed(0)
print(randn(3), "the same again")
print(tensor([0.0, 1.0]).exp(), tensor([1.0, 100.0]).log(), tensor([4.0, 9.0]).sqrt())

# %% [markdown]
# ## Task 1.7: sum and mean
#
# A **reduction** makes many numbers into fewer. `dim` says which dimension disappears:
#
# ```
#   x = [[1, 2, 3],      x.sum()             21             shape ()
#        [4, 5, 6]]      x.sum(dim=0)        [5, 7, 9]      shape (3,)    down the columns
#                        x.sum(dim=1)        [6, 15]        shape (2,)    along the rows
#   shape (2, 3)         x.sum(1, True)      [[6], [15]]    shape (2, 1)  keepdim
# ```
#
# The trick to remember: `dim=0` takes the shape (2, 3) and strikes out entry 0. `keepdim=True`
# leaves a 1 there instead, and then the result broadcasts back against `x`: `x / x.sum(1, True)`
# divides each row by its own sum. A tuple strikes out several dimensions at once.
#
# NumPy's `a.sum(axis=..., keepdims=...)` does the work. The mean is the sum divided by the number
# of elements that went into *each* result. How many that is follows from the sizes of what goes in
# and what comes out. The mean of ints would hardly ever be an int, so PyTorch refuses, and so do
# we: a `TypeError`.


# %%
#| export
class Sum(Function):
    def forward(self, a, dim, keepdim):
        """The sum over the dimensions `dim`.

        Args:
            a: an array of any shape.
            dim: an int, a tuple of ints, or None for all; negative ones count from the end.
            keepdim: leave the summed dimensions in the shape, with size 1.

        Returns:
            np.ndarray, or a NumPy scalar for shape (). The sum of no numbers is 0.

        Example:
            >>> tensor([[1, 2, 3], [4, 5, 6]]).sum(dim=1)
            tensor([ 6, 15])
        """
        ### BEGIN SOLUTION
        return a.sum(axis=dim, keepdims=keepdim)
        ### END SOLUTION


class Mean(Function):
    def forward(self, a, dim, keepdim):
        """The mean over the dimensions `dim`: arguments and shapes as for Sum.

        Raises:
            TypeError: `a` does not hold floats.

        Example:
            >>> tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).mean(dim=0)
            tensor([2.5000, 3.5000, 4.5000])
        """
        ### BEGIN SOLUTION
        if a.dtype.kind != "f":
            raise TypeError(f"mean needs floats, this tensor is {a.dtype}: use .float().mean()")
        total = np.add.reduce(a, axis=dim, keepdims=keepdim)
        return total / (a.size // (total.size or 1))
        ### END SOLUTION


def _dims(dim):
    """A list of dimensions is as good as a tuple; none at all stands for all of them."""
    return tuple(dim) or None if isinstance(dim, (tuple, list)) else dim


@methods_of(Tensor)
class _Sums:
    def sum(self, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False):
        """The sum over one dimension, over a tuple of them, or over all (None)."""
        x = self if dtype is None else self.to(dtype)
        return Sum.apply(x, _dims(dim if axis is None else axis), keepdim or keepdims)

    def mean(self, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False):
        """The mean over one dimension, over a tuple of them, or over all (None)."""
        x = self if dtype is None else self.to(dtype)
        try:
            return Mean.apply(x, _dims(dim if axis is None else axis), keepdim or keepdims)
        except TypeError as error:
            raise DtypeError(error) from None


# %%
x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(x.sum(), x.sum(dim=0), x.sum(dim=-1), x.sum(1, True).shape)
print(x / x.sum(1, keepdim=True))

tenths = np.full(1_000_000, 0.1, dtype=np.float32)
one_by_one = tenths.cumsum()[-1]  # adds from left to right, in float32
print(f"a million tenths: left to right {one_by_one:.2f}, NumPy's sum {tenths.sum():.2f}")

# %% [markdown]
# The last line is worth a thought. Adding from left to right, the running sum soon is a hundred
# thousand times larger than the next 0.1, and float32 has room for seven digits: part of each 0.1
# falls off the end. NumPy's `sum` adds in pairs, then pairs of pairs, so both sides of each
# addition are about equally large.
#
# ## Task 1.8: variance
#
# How far do numbers lie from their mean? Take the differences, square them, and average:
#
# ```
#   x           [2, 4, 9]         mean 5
#   x - mean    [-3, -1, 4]       squares [9, 1, 16], sum 26
#   variance    26 / (3 - 1) = 13       correction=1, the default
#               26 / (3 - 0) = 8.67     correction=0
# ```
#
# Why divide by one less than the count? The mean was computed from the same numbers, so they lie a
# little closer to it than to the true mean. Dividing by n - 1 makes up for that (Bessel's
# correction). The normalization layers of module 06 will want `correction=0`.
#
# Compute this with *tensor* operations, `-`, `**`, `sum`, `/`. Then module 02 gets the gradient of
# the variance for nothing. The mean must have a shape that broadcasts against `self`, whatever
# `dim` is. Never divide by less than 0: with more correction than numbers, divide by 0 and let
# NumPy warn.


# %%
#| export
@methods_of(Tensor)
class _Variance:
    def var(self, dim=None, unbiased=None, keepdim=False, *, correction=1, axis=None):
        """The variance over `dim`: the squared differences from the mean, over n - correction.

        Args:
            dim: an int, a tuple of ints, or None for all dimensions.
            unbiased: PyTorch's older way: True for correction=1, False for correction=0.
            keepdim: leave the reduced dimensions in the shape, with size 1.
            correction: what to take off the number n of elements in each result.
            axis: another name for `dim`.

        Returns:
            Tensor: of the shape that `self.mean(dim, keepdim)` has.

        Raises:
            TypeError: not floats.

        Example:
            >>> tensor([2.0, 4.0, 9.0]).var()
            tensor(13.)
        """
        dim = dim if axis is None else axis
        if isinstance(dim, bool):  # the oldest way: x.var(False)
            dim, unbiased = None, dim
        if unbiased is not None:
            correction = int(unbiased)
        ### BEGIN SOLUTION
        mean = self.mean(dim, keepdim=True)
        n = self.numel() // (mean.numel() or 1)
        squares = (self - mean) ** 2
        return squares.sum(dim, keepdim) / np.maximum(n - correction, 0).item()
        ### END SOLUTION


# %%
x = tensor([2.0, 4.0, 9.0])
print(x.var(), x.var(correction=0))

manual_seed(0)
small = randn(10_000, 5)
print("variance, 5 numbers at a time, averaged over 10,000 times; the truth is 1:")
print(
    f"  correction=1: {small.var(dim=1).mean():.3f}    correction=0: "
    f"{small.var(dim=1, correction=0).mean():.3f}"
)

far = 10_000 + randn(1000)
shortcut = (far**2).mean() - far.mean() ** 2
print(f"numbers around 10,000: {far.var():.3f}")
print(f"by the shortcut, mean(x^2) - mean(x)^2: {shortcut:.3f}")

# %% [markdown]
# The shortcut in the last line is in many textbooks and saves one pass over the numbers. It takes
# the difference of two numbers near 100,000,000, of which float32 keeps seven digits: nothing is
# left. Two passes it is.
#
# ## Task 1.9: the largest, and where it is: max
#
# `x.max()` is the largest number of all. With a `dim`, PyTorch answers two questions at once: the
# largest value of each row, *and* its position, which is the predicted class when a row holds the
# scores of ten digits:
#
# ```
#   x = [[3, 9, 2],      values, indices = x.max(dim=1)       values   [9, 7]
#        [7, 1, 5]]                                           indices  [1, 0]
# ```
#
# `argmax` (given) finds the positions. The values could come from `a.max(axis)`, but if we *pick*
# them out of `x` with the positions, the gradient will know its way back. Picking one element from
# each row is done by an index for every dimension, made to broadcast together:
#
# ```
#   x[[0, 1], [1, 0]]   takes  x[0, 1] and x[1, 0],  which are  9 and 7
#       |       |
#     rows    columns, from argmax
# ```
#
# For any number of dimensions: `np.indices(shape, sparse=True)` gives the positions along each
# dimension, as arrays that broadcast. For shape (2,) that is `(array([0, 1]),)`, the rows above.
# Put the result of argmax among them at place `dim`. If the dimension was kept, argmax has shape
# (2, 1), its grid has an entry for `dim` already, and that entry is to be *replaced*.


# %%
#| export
class Max(Function):
    def forward(self, a):
        return a.max()


class Min(Max):
    def forward(self, a):
        return a.min()


ValuesIndices = namedtuple("ValuesIndices", ["values", "indices"])


def pick(x, positions, dim, keepdim):
    """Take one element along dimension `dim`, at the positions found by argmax or argmin.

    Args:
        x: a tensor of any shape.
        positions: an int64 tensor: the shape of `x` without dimension `dim`, or with size 1 there.
        dim: which dimension, from 0 to x.ndim - 1.
        keepdim: whether `positions` (and the result) still has dimension `dim`, with size 1.

    Returns:
        Tensor: of the shape of `positions`, its numbers taken from `x` by indexing, `x[...]`.

    Example:
        >>> pick(tensor([[3, 9, 2], [7, 1, 5]]), tensor([1, 0]), 1, False)
        tensor([9, 7])
    """
    ### BEGIN SOLUTION
    grid = list(np.indices(positions.shape, sparse=True))
    if keepdim:
        grid[dim] = positions.data
    else:
        grid.insert(dim, positions.data)
    return x[tuple(grid)]
    ### END SOLUTION


def checked_dim(dim, ndim):
    """`dim` as a number from 0 to ndim - 1; a tensor of shape () counts as having one."""
    ndim = ndim or 1
    if not -ndim <= dim < ndim:
        raise IndexError(f"dim {dim} is out of range: expected one from {-ndim} to {ndim - 1}")
    return dim % ndim


@methods_of(Tensor)
class _Extremes:
    def argmax(self, dim=None, keepdim=False, *, axis=None):
        """The position of the largest element along `dim` (None: in the flattened tensor)."""
        dim = dim if axis is None else axis
        return wrap(position_in(self.data, "argmax", dim, keepdim))

    def argmin(self, dim=None, keepdim=False, *, axis=None):
        """The position of the smallest element along `dim` (None: in the flattened tensor)."""
        dim = dim if axis is None else axis
        return wrap(position_in(self.data, "argmin", dim, keepdim))

    def max(self, dim=None, keepdim=False, *, axis=None, keepdims=False):
        """The largest element; with a `dim`, a pair (values, indices)."""
        if isinstance(dim, Tensor):  # PyTorch's other meaning: the larger of two, everywhere
            return maximum(self, dim)
        return self._extreme(Max, self.argmax, dim if axis is None else axis, keepdim or keepdims)

    def min(self, dim=None, keepdim=False, *, axis=None, keepdims=False):
        """The smallest element; with a `dim`, a pair (values, indices)."""
        if isinstance(dim, Tensor):
            return Minimum.apply(self, dim)
        return self._extreme(Min, self.argmin, dim if axis is None else axis, keepdim or keepdims)

    def _extreme(self, operation, position, dim, keepdim):
        if dim is None:
            return operation.apply(self)
        if self.ndim == 0:
            checked_dim(dim, 0)
            return ValuesIndices(self.clone(), wrap(np.array(0)))
        dim = checked_dim(dim, self.ndim)
        positions = position(dim, keepdim)
        return ValuesIndices(pick(self, positions, dim, keepdim), positions)


# %%
scores = tensor([[3.0, 9.0, 2.0], [7.0, 1.0, 5.0]])
values, indices = scores.max(dim=1)
print("largest of all", scores.max(), "| of each row", values, "at", indices)
print("smallest of each column", scores.min(dim=0))
print("predicted class of each row:", scores.argmax(dim=1).tolist())

# %% [markdown]
# ## Task 1.10: the matrix product
#
# This is the operation that networks are made of. Row `i` of the first matrix meets column `j` of
# the second: multiply pairwise, add up, and the sum is entry `(i, j)`.
#
# ```
#                      [[5, 6],
#                       [7, 8]]                     (2, 3) @ (3, 4)  ->  (2, 4)
#                                                       |     |
#     [[1, 2],     [[1*5 + 2*7, 1*6 + 2*8],             +-----+
#      [3, 4]]      [3*5 + 4*7, 3*6 + 4*8]]         these two must be equal
# ```
#
# NumPy's `np.matmul` multiplies, in the fastest code that exists for your processor. What you write
# is the rule for the *shapes*: it finds the mistake when something does not fit. There are three
# parts to it.
#
# ```
#   two matrices       (2, 3) @ (3, 4)          ->  (2, 4)
#   vectors            (3,)   @ (3, 4)          ->  (4,)    counts as a row (1, 3); the 1 is dropped
#                      (2, 3) @ (3,)            ->  (2,)    counts as a column (3, 1); dropped too
#                      (3,)   @ (3,)            ->  ()      so this is the dot product
#   stacks of them     (8, 1, 2, 3) @ (5, 3, 4) ->  (8, 5, 2, 4)   everything before the last two
#                                                                  dimensions broadcasts
# ```
#
# Python's slices are friendly here: `shape[:-2]` of a shape with fewer than two entries is `()`,
# and so is `shape[-2:-1]` of a shape with one.


# %%
#| export
def matmul_shape(a, b):
    """The shape of the matrix product of arrays of shapes `a` and `b`.

    Args:
        a, b: tuples of ints, with at least one entry each.

    Returns:
        tuple of ints.

    Raises:
        ValueError: a shape is (), the inner sizes differ, or the leading dimensions do not
            broadcast. The message for the first two starts with "matmul" and holds both shapes.

    Example:
        >>> matmul_shape((8, 2, 3), (3, 4))
        (8, 2, 4)
    """
    ### BEGIN SOLUTION
    if not a or not b:
        raise ValueError(f"matmul: shapes {a} and {b}: each needs at least one dimension")
    inner = b[-2:][0]
    if a[-1] != inner:
        raise ValueError(f"matmul: shapes {a} and {b} do not fit: {a[-1]} columns, {inner} rows")
    columns = b[-1:] if len(b) > 1 else ()
    return (*broadcast_shapes(a[:-2], b[:-2]), *a[-2:-1], *columns)
    ### END SOLUTION


class MatMul(Function):
    def forward(self, a, b):
        try:
            return np.matmul(a, b)
        except ValueError as error:
            if "broadcast" not in str(error):  # of the dimensions before the matrices
                raise ShapeError(self.problem(np.shape(a), np.shape(b)) or error) from None
            raise

    @staticmethod
    def problem(a, b):
        """What `matmul_shape` says that does not fit, None if all fits."""
        try:
            matmul_shape(a, b)
        except ValueError as error:
            return error


@methods_of(Tensor)
class _MatrixProduct:
    def matmul(self, other):
        """The matrix product; see `matmul_shape` for the shapes."""
        return MatMul.apply(self, other)

    def __matmul__(self, other):
        return MatMul.apply(self, other)

    def __rmatmul__(self, other):
        return MatMul.apply(other, self)


# %%
print(tensor([[1, 2], [3, 4]]) @ tensor([[5, 6], [7, 8]]))
pairs = [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((8, 1, 2, 3), (5, 3, 4))]
for a, b in pairs:
    product = ones(a) @ ones(b)
    print(f"{a} @ {b} -> {matmul_shape(a, b)}, and NumPy made {product.shape}")
try:
    ones(2, 3) @ ones(2, 4)
except ValueError as error:
    print("error:", error)


def matmul_by_hand(a, b):
    """The definition, in Python lists: one sum for each row of a and column of b."""
    columns = list(zip(*b))
    return [[math.fsum(p * q for p, q in zip(row, column)) for column in columns] for row in a]


manual_seed(0)
a, b = randn(64, 64), randn(64, 64)
rows, columns = a.tolist(), b.tolist()
by_hand = milliseconds(lambda: matmul_by_hand(rows, columns))
by_numpy = milliseconds(lambda: a @ b)
print(f"64 x 64 x 64 = {64**3:,} multiplications: Python {by_hand:.1f} ms, NumPy {by_numpy:.3f} ms")
difference = a @ b - tensor(matmul_by_hand(rows, columns))
print(f"largest difference: {difference.abs().max():.1e}")

# %% [markdown]
# ## Task 1.11: other shapes: reshape, squeeze
#
# In memory an array is one row of numbers, whatever its shape. The shape is only the way of
# counting through it. So six numbers can be (6,), (2, 3), (3, 2) or (1, 6, 1) without moving one
# of them:
#
# ```
#   memory   1  2  3  4  5  6
#
#   (2, 3)   [[1, 2, 3],         (3, 2)   [[1, 2],
#             [4, 5, 6]]                   [3, 4],
#                                          [5, 6]]
# ```
#
# `reshape` (given) does this, and one size may be -1: "whatever is left". Three relatives only
# compute the shape, and then call `self.reshape(*sizes)`:
#
# ```
#   x of shape          (2, 3, 4, 5)
#   x.flatten()         (120,)            everything in one dimension
#   x.flatten(1)        (2, 60)           from dimension 1 to the end: images to rows
#   x.flatten(1, 2)     (2, 12, 5)        from dimension 1 through 2
#   x.unsqueeze(1)      (2, 1, 3, 4, 5)   a new dimension of size 1 at place 1
#   x.unsqueeze(-1)     (2, 3, 4, 5, 1)   -1 is the last place of the *result*
#
#   y of shape          (1, 3, 1)
#   y.squeeze()         (3,)              all sizes of 1 go
#   y.squeeze(0)        (3, 1)            this one goes
#   y.squeeze(1)        (1, 3, 1)         size 3: nothing happens, and it is no error
# ```
#
# `checked_dim(dim, ndim)` turns -1 into a place from 0 on, and complains where there is none. Do
# not use -1 for the flattened size: with a size of 0 somewhere, "whatever is left" has no answer.
# `math.prod` multiplies the entries of a tuple.
#
# `view` is `reshape` with a promise: the result shares memory with the original, never copies. When
# that is impossible, it raises an error. You will see in the next task when that is.


# %%
#| export
class Reshape(Function):
    def forward(self, a, shape):
        try:
            if min(shape, default=0) < -1:  # NumPy takes any negative size for -1
                raise ValueError
            return a.reshape(shape)
        except ValueError:
            raise ShapeError(
                f"reshape: shape {a.shape} has {a.size} elements, they do not fill {shape}"
            ) from None


@methods_of(Tensor)
class _Shapes:
    def reshape(self, *sizes, shape=None):
        """The same numbers in another shape; shares memory where that is possible."""
        return Reshape.apply(self, _sizes(sizes, shape))

    def view(self, *shape):
        """The same memory in another shape; a RuntimeError where that needs a copy.

        Images whose channels stand together in memory, as the results of module 07 do, are copied.
        """
        result = self.reshape(*shape)
        array = self.data
        by_pixel = array.ndim > 2 and np.moveaxis(array, -3, -1).flags.c_contiguous  # see module 07
        shared = array.flags.c_contiguous or np.may_share_memory(array, result.data)
        if not shared and not by_pixel:
            raise RuntimeError(
                f"view: shape {self.shape} does not lie in memory so that it can be seen as "
                f"{result.shape} without a copy: use .reshape(...)"
            )
        return result

    def flatten(self, start_dim=0, end_dim=-1):
        """Join the dimensions from `start_dim` through `end_dim` (included) into one.

        Returns:
            Tensor: a tensor of shape () becomes shape (1,).

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: `start_dim` comes after `end_dim`.

        Example:
            >>> ones(2, 3, 4).flatten(1).shape
            (2, 12)
        """
        start, end = checked_dim(start_dim, self.ndim), checked_dim(end_dim, self.ndim)
        if start > end:
            raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
        ### BEGIN SOLUTION
        joined = math.prod(self.shape[start : end + 1])
        return self.reshape(*self.shape[:start], joined, *self.shape[end + 1 :])
        ### END SOLUTION

    def unsqueeze(self, dim):
        """Insert a dimension of size 1, which will be dimension `dim` of the result.

        Raises:
            IndexError: the result has no dimension `dim`.

        Example:
            >>> ones(2, 3).unsqueeze(-1).shape
            (2, 3, 1)
        """
        ### BEGIN SOLUTION
        dim = checked_dim(dim, self.ndim + 1)
        return self.reshape(*self.shape[:dim], 1, *self.shape[dim:])
        ### END SOLUTION

    def squeeze(self, dim=None):
        """Remove the dimensions of size 1: all of them, or only `dim` (an int or a tuple of ints).

        Raises:
            IndexError: there is no dimension `dim`.

        Example:
            >>> ones(1, 3, 1).squeeze(0).shape
            (3, 1)
        """
        if dim is None:
            dims = range(self.ndim)
        else:
            dims = [checked_dim(d, self.ndim) for d in (dim if isinstance(dim, tuple) else (dim,))]
        ### BEGIN SOLUTION
        kept = [size for d, size in enumerate(self.shape) if size != 1 or d not in dims]
        return self.reshape(*kept)
        ### END SOLUTION


# %%
x = arange(6)
print(x.reshape(2, 3), x.reshape(3, -1).shape, x.view(1, 6, 1).squeeze().shape)
images = zeros(10, 1, 8, 8)
print("10 images:", images.shape, "-> rows:", images.flatten(1).shape)
print("a row", x.unsqueeze(0).shape, "and a column", x.unsqueeze(-1).shape)
x.view(2, 3)[0, 0] = 100
print("one memory:", x)

# %% [markdown]
# ## Task 1.12: transpose and expand, or how to move nothing
#
# How does NumPy find element `(i, j)` in that one row of numbers? By **strides**: how many bytes to
# jump for one step along each dimension.
#
# ```
#   memory   1  2  3  4  5  6          float32, 4 bytes each
#
#   x        shape (2, 3), strides (12, 4)     next row: 12 bytes on, next column: 4 bytes on
#   x.T      shape (3, 2), strides (4, 12)     rows and columns have changed places
# ```
#
# To transpose, nothing moves: the two strides change places. (And now the neighbors in `x.T` no
# longer are neighbors in memory: the tensor is not *contiguous*, and `view` may have to refuse.)
# `permute(dims)` puts all dimensions in a new order. `transpose(dim0, dim1)` swaps two, so it
# is a permutation in which two entries have changed places:
#
# ```
#   shape (2, 3, 4, 5)     transpose(1, 3)  =  permute(0, 3, 2, 1)     ->  (2, 5, 4, 3)
# ```
#
# `expand` uses the same idea for broadcasting: with a stride of 0, each step lands on the same
# number again. A million copies cost nothing. `np.broadcast_to(a, shape)` does it; what remains for
# you is to read the sizes. They may be more than `a` has dimensions (new ones come at the left),
# and -1 means "as it is", which only makes sense for a dimension that exists.
#
# ```
#   a of shape (3, 1)     expand(3, 4)      ->  (3, 4)
#                         expand(-1, 4)     ->  (3, 4)
#                         expand(2, -1, 4)  ->  (2, 3, 4)
#                         expand(-1, 3, 4)  ->  error: the new dimension has no size yet
# ```


# %%
#| export
class Permute(Function):
    def forward(self, a, dims):
        return a.transpose(dims)


class Expand(Function):
    def forward(self, a, sizes):
        """`a` stretched to the shape `sizes`, as a view.

        Args:
            a: an array of any shape.
            sizes: a tuple of ints, at least as long as the shape of `a`; -1 keeps the size.

        Returns:
            np.ndarray of the shape asked for. It shares the memory of `a` and is read-only.

        Raises:
            ValueError: fewer sizes than dimensions, -1 for a new dimension, or a size other than 1
                that differs. The message starts with "expand" and holds both shapes.

        Example:
            >>> tensor([[1], [2]]).expand(-1, 3)
            tensor([[1, 1, 1],
                    [2, 2, 2]])
        """
        problem = ShapeError(f"expand: shape {a.shape} cannot be stretched to {sizes}")
        ### BEGIN SOLUTION
        new = len(sizes) - a.ndim
        if new < 0 or -1 in sizes[:new]:
            raise problem
        shape = (*sizes[:new], *(o if n == -1 else n for n, o in zip(sizes[new:], a.shape)))
        try:
            return np.broadcast_to(a, shape)
        except ValueError:
            raise problem from None
        ### END SOLUTION


@methods_of(Tensor)
class _Views:
    def permute(self, *order, dims=None):
        """The dimensions in a new order: result dimension i is dimension dims[i] of this tensor."""
        dims = _sizes(order, dims)
        order = tuple(checked_dim(dim, self.ndim) for dim in dims)
        if sorted(order) != list(range(self.ndim)):
            raise RuntimeError(f"permute: {dims} does not name each dim of {self.shape} once")
        return Permute.apply(self, order)

    def transpose(self, dim0, dim1):
        """Swap two dimensions.

        Args:
            dim0, dim1: which ones; negative ones count from the end.

        Returns:
            Tensor: a view, with those two sizes of the shape swapped.

        Raises:
            IndexError: there is no such dimension.

        Example:
            >>> ones(2, 3, 4).transpose(0, -1).shape
            (4, 3, 2)
        """
        dim0, dim1 = checked_dim(dim0, self.ndim), checked_dim(dim1, self.ndim)
        order = list(range(self.ndim))
        if dim0 == dim1:
            return self.permute(order)
        ### BEGIN SOLUTION
        order[dim0], order[dim1] = dim1, dim0
        return Permute.apply(self, tuple(order))
        ### END SOLUTION

    @property
    def T(self):
        """All dimensions in reverse order: the transpose of a matrix."""
        return Permute.apply(self, tuple(reversed(range(self.ndim))))

    def expand(self, *sizes, size=None):
        """A view stretched to `sizes` by repeating dimensions of size 1; -1 keeps a size."""
        return Expand.apply(self, _sizes(sizes, size))


# %%
x = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(x.T, "strides", x.data.strides, "->", x.T.data.strides)
print(zeros(2, 3, 4, 5).transpose(1, 3).shape, zeros(2, 3, 4).permute(2, 0, 1).shape)
print(tensor([[1], [2]]).expand(-1, 3))

million = tensor([7.0]).expand(1_000_000)
print("a million elements, strides", million.data.strides, "sum", million.sum())
try:
    x.T.view(6)
except RuntimeError as error:
    print("error:", error)
print("reshape copies instead:", x.T.reshape(6))

# %% [markdown]
# ## Joining, given
#
# `cat` puts tensors one after the other along a dimension that exists; `stack` puts them side by
# side along a new one.


# %%
#| export
class Cat(Function):
    def forward(self, dim, *arrays):
        try:
            return np.concatenate(arrays, axis=dim)
        except ValueError as error:
            shapes = ", ".join(str(a.shape) for a in arrays) or "of an empty list"
            kind = IndexError if isinstance(error, IndexError) else ShapeError
            raise kind(f"cat: shapes {shapes} cannot be joined along dim {dim}") from None


class Stack(Function):
    def forward(self, dim, *arrays):
        try:
            return np.stack(arrays, axis=dim)
        except ValueError as error:
            shapes = ", ".join(str(a.shape) for a in arrays) or "of an empty list"
            kind = IndexError if isinstance(error, IndexError) else ShapeError
            raise kind(f"stack: shapes {shapes} cannot be stacked at dim {dim}") from None


def cat(tensors, dim=0, *, axis=None):
    """Join tensors along an existing dimension; their other sizes must agree.

    `tensor([])` fits with all of them, so that a collection can begin with it.
    """
    tensors, dim = list(tensors), dim if axis is None else axis
    empty = next((list(t.shape) for t in tensors if t.shape != (0,)), [0])
    if len(empty) > 1 and -len(empty) <= dim < len(empty):
        empty[dim] = 0
        tensors = [t.reshape(empty) if t.shape == (0,) else t for t in tensors]
    return Cat.apply(dim, *tensors)


def stack(tensors, dim=0, *, axis=None):
    """Join tensors of one shape along a new dimension `dim`."""
    return Stack.apply(dim if axis is None else axis, *tensors)


# %%
a, b = tensor([[1, 2], [3, 4]]), tensor([[5, 6]])
print(cat([a, b]), cat([a, b]).shape, cat([a, a], dim=1).shape, stack([a, a]).shape)

# %% [markdown]
# ## The same as functions
#
# PyTorch offers most methods as functions too: `torch.exp(x)` is `x.exp()`. Five of them share
# their name with a function of Python: `sum`, `max`, `min`, `abs` and `pow`. For anything that is
# not a tensor, ours hand over to Python's, so that `from tinytorch import *` breaks nothing.


# %%
#| export
def as_function(method):
    """The function that calls a method of Tensor: `as_function(Tensor.exp)(x)` is `x.exp()`.

    With `out=y` the result is written into the tensor y.
    """
    name = method.__name__
    python = getattr(builtins, name, None)

    @functools.wraps(method)
    def function(input, *args, out=None, **kwargs):
        if isinstance(input, Tensor):
            result = getattr(input, name)(*args, **kwargs)
            return result if out is None else out.copy_(result)
        if python is None:
            raise TypeError(f"{name}: expected a Tensor, not {type(input).__name__}")
        return python(input, *args, **kwargs)

    return function


exp = as_function(Tensor.exp)
log = as_function(Tensor.log)
sqrt = as_function(Tensor.sqrt)
abs = as_function(Tensor.abs)
tanh = as_function(Tensor.tanh)
pow = as_function(Tensor.pow)
clamp = as_function(Tensor.clamp)
sum = as_function(Tensor.sum)
mean = as_function(Tensor.mean)
var = as_function(Tensor.var)
max = as_function(Tensor.max)
min = as_function(Tensor.min)
argmax = as_function(Tensor.argmax)
argmin = as_function(Tensor.argmin)
matmul = as_function(Tensor.matmul)
reshape = as_function(Tensor.reshape)
flatten = as_function(Tensor.flatten)
squeeze = as_function(Tensor.squeeze)
unsqueeze = as_function(Tensor.unsqueeze)
transpose = as_function(Tensor.transpose)
permute = as_function(Tensor.permute)

# %%
x = tensor([[1.0, 2.0], [3.0, 4.0]])
print(exp(x), max(x, dim=1).values, sum(x), "| Python's own:", max(3, 5), sum([1, 2]))

# %% [markdown]
# ## Put together
#
# Everything at once, on something real: recognizing which of three prototypes a noisy drawing comes
# from. No learning yet, only tensors. The distance of every drawing to every prototype is computed
# with one broadcast subtraction, and `argmin` chooses.
#
# ```
#   drawings     (300, 1, 25)
#   prototypes     (1, 3, 25)      difference (300, 3, 25), squared and summed: (300, 3)
# ```


# %%
def drawing(text):
    return [[float(c == "#") for c in line] for line in text.split()]


prototypes = tensor(
    [
        drawing("..#.. .##.. ..#.. ..#.. .###."),  # a one
        drawing(".###. ...#. ..#.. .#... .####"),  # a two
        drawing("#..#. #..#. .#### ...#. ...#."),  # a four
    ]
)
manual_seed(0)
truth = arange(3).expand(100, 3).flatten()  # 0, 1, 2, 0, 1, 2, ...
noisy = prototypes[truth] + 0.8 * randn(300, 5, 5)

difference = noisy.flatten(1).unsqueeze(1) - prototypes.flatten(1).unsqueeze(0)
distances = (difference**2).sum(dim=-1)
guess = distances.argmin(dim=1)
correct = (guess == truth).float().mean()

for row in noisy[1]:
    print("  ", "".join(" .:*#"[int(v)] for v in (row * 3 + 1).clamp(0, 4)))
print(f"shapes {difference.shape} -> {distances.shape} -> {guess.shape}")
print(f"this one should be class {truth[1].item()}, the guess is {guess[1].item()}")
print(f"correct: {100 * correct.item():.1f} percent")

# %% [markdown]
# ## What you can do now
#
# You have the whole numeric part of PyTorch that a network needs: `tinytorch.Tensor`, with dtypes
# that stay small, broadcasting, reductions, matrix products and views, and messages that say what
# does not fit. Nothing learns yet. For that we must know which way to turn each number, and that
# is module 02, where every `Function` gets its `backward`.
#
# `tito module test 01` runs the tests, `tito module complete 01` puts your code into `tinytorch`.
#
# ## Experiments
#
# - Compute the distances in "Put together" without the big difference array, from `|a - b|^2 =
#   |a|^2 - 2 a.b + |b|^2` and one matrix product. Which is faster for 3,000 drawings? Which is more
#   exact in float32, and why? (Think of the variance shortcut.)
# - Time `x.sum(dim=0)` and `x.sum(dim=1)` for `x = randn(4000, 4000)` and for `x.T`. Explain with
#   strides.
# - Raise the noise in "Put together" from 0.8 to 2. How many are still recognized? How many would
#   be by guessing?
#
# ## Questions
#
# **1.** `x` has shape (4, 3) and `v` has shape (4,). Why is `x + v` an error, and what do you write
# to add `v[i]` to every element of row `i`?
#
# <details><summary>Answer</summary>
#
# Shapes are aligned at the right, so 3 meets 4. Write `x + v.unsqueeze(1)`: (4, 3) meets (4, 1),
# and the 1 is stretched.
#
# </details>
#
# **2.** `y = x.reshape(6)`, then `y[0] = 5`. Has `x` changed?
#
# <details><summary>Answer</summary>
#
# It depends on `x`. If its numbers lie in memory row by row, `y` is a view and `x` has changed. If
# `x` was a transpose, `reshape` had to copy, and it has not. When it matters, say what you mean:
# `view` for the first, `clone` for the second.
#
# </details>
#
# **3.** Why does `tensor(1.0) / 3` stay float32, while `np.float64(1.0) / 3` is float64? What would
# go wrong in training if every Python number made its result float64?
#
# <details><summary>Answer</summary>
#
# Python numbers have no say in the dtype. If they had, the first `0.1 * gradient` would make
# everything after it float64: twice the memory, slower arithmetic, and no better learning.
#
# </details>
