# %% [markdown]
# # Given in module 01: Tensor
#
# PyTorch's names from which there is nothing to learn: its kinds of errors, the one device, more
# functions that make tensors, more dtypes, and functions that are two lines of others. What the
# lesson `tensor.py` needs is exported before its own cells, into the same file; all else goes into
# a file of its own, `_tensor`. Do not edit it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## Errors, sizes, and the one device

# %%
#| export tensor
import numpy as np

from tinytorch.random import default_generator


class ShapeError(RuntimeError, ValueError):
    """Shapes that do not fit: PyTorch's RuntimeError, and the ValueError that NumPy would raise."""


class DtypeError(RuntimeError, TypeError):
    """Numbers of a kind that does not fit: PyTorch's RuntimeError, NumPy's TypeError."""


class RangeError(RuntimeError, ValueError):
    """A number that is too small or too large."""


class PositionError(RuntimeError, IndexError):
    """A position outside of a tensor, where PyTorch raises a RuntimeError."""


class EmptyError(IndexError, ValueError):
    """No element to choose from: PyTorch's IndexError, NumPy's ValueError."""


class Size(tuple):
    """A shape: a tuple that also knows how many elements there are."""

    def numel(self):
        """The product of all sizes; 1 for ()."""
        result = 1
        for size in self:
            result *= size
        return result


class device:
    """Where a tensor lives. There is one such place, "cpu".

    Raises:
        RuntimeError: any other device.
    """

    def __init__(self, type, index=None):
        name = getattr(type, "type", type)
        if name not in ("cpu", "cpu:0"):
            raise RuntimeError(
                f"device {name!r}: TinyTorch computes on the CPU only, as a machine without a GPU "
                "does; write device = 'cuda' if torch.cuda.is_available() else 'cpu'"
            )
        self.type, self.index = "cpu", index

    def __repr__(self):
        return "device(type='cpu')"

    def __str__(self):
        return "cpu"

    def __eq__(self, other):
        return isinstance(other, device)

    def __hash__(self):
        return hash("cpu")


CPU = device("cpu")


def dtype_asked(args, dtype, place):
    """The dtype that `.to(*args, dtype=..., device=...)` asks for, None for none.

    Args:
        args: dtypes, tensors (whose dtype is meant), devices and PyTorch's bools, in any order.
        dtype, place: PyTorch's arguments of the names `dtype` and `device`.
    """
    if place is not None:
        device(place)
    for arg in args:
        if hasattr(arg, "data"):
            arg = arg.dtype
        try:
            dtype = dtype if arg is None or isinstance(arg, bool) else np.dtype(arg)
        except TypeError:
            device(arg)
    return None if dtype is None else np.dtype(dtype)


# Module 05 puts another one here: while a loader reads a batch, the batch has its own generator.
DRAWN_FROM = [lambda: default_generator]


def drawn_from(generator):
    """`generator`; for None the one of `manual_seed`, or that of the batch that is being read."""
    return DRAWN_FROM[0]() if generator is None else generator


def compared(operation, a, b):
    """A comparison of two arrays, such as operator.lt, with the error of operations on shapes."""
    try:
        return np.asarray(operation(a, b))
    except ValueError:
        shapes = f"{np.shape(a)} and {np.shape(b)}"
        raise ShapeError(f"{operation.__name__}: shapes {shapes} do not fit together") from None


def shape_of(sizes):
    """`sizes` themselves.

    Raises:
        ShapeError: one is below 0.
    """
    if min(sizes, default=0) < 0:
        raise ShapeError(f"a size is 0 or more; these are {tuple(sizes)}")
    return sizes


def position_in(array, name, dim, keepdim):
    """`array.argmax` or `array.argmin`, as `name` says; EmptyError where there is no element."""
    try:
        return np.asarray(getattr(array, name)(axis=dim, keepdims=keepdim))
    except ValueError as error:
        if isinstance(error, IndexError):  # there is no such dimension
            raise
        raise EmptyError(f"{name}: of no element at all: shape {array.shape}") from None


def sizes_asked(data):
    """Whether `Tensor(*data)` asks for a shape, as PyTorch's oldest constructor allows."""
    return all(type(size) is int for size in data) or isinstance(data[0], Size)


def keeps_its_dtype(data):
    """Whether `data` has chosen a dtype: arrays and NumPy's numbers, also inside of lists."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic))


# %% [markdown]
# ## More dtypes, and tensors made like others
#
# From here on everything stands in a file of its own, and needs the lesson's classes.

# %%
#| default_exp _tensor
#| export
import builtins
import math
from collections import namedtuple

import numpy as np

from tinytorch.tensor import (
    DtypeError,
    Function,
    PositionError,
    RangeError,
    ShapeError,
    Tensor,
    ValuesIndices,
    _fresh,
    _sizes,
    as_array,
    as_function,
    cat,
    checked_dim,
    device,
    drawn_from,
    exp,
    float32,
    float64,
    full,
    int64,
    methods_of,
    ones,
    rand,
    randn,
    shape_of,
    stack,
    unwrap,
    where,
    wide,
    wrap,
    zeros,
)

__all__ = [  # noqa: RUF022  (by kind, not by letter)
    "BoolTensor", "DoubleTensor", "FloatTensor", "IntTensor", "LongTensor",
    "bool", "double", "float", "float16", "half", "int", "int16", "int32", "int8", "long", "uint8",
    "e", "inf", "nan", "pi",
    "as_tensor", "empty", "empty_like", "from_numpy", "full_like", "linspace", "normal",
    "ones_like", "rand_like", "randint", "randint_like", "randn_like", "randperm", "zeros_like",
    "bernoulli", "multinomial", "histc", "histogram",
    "ceil", "cos", "erf", "floor", "isfinite", "isinf", "isnan", "log1p", "log2", "log10", "neg",
    "reciprocal", "round", "rsqrt", "sigmoid", "sign", "sin", "square",
    "all", "allclose", "any", "cumsum", "equal", "logsumexp", "minimum", "norm", "prod", "softmax",
    "log_softmax", "relu", "std",
    "argsort", "sort", "topk",
    "add", "bmm", "div", "dot", "einsum", "mm", "mul", "mv", "outer", "sub",
    "chunk", "concat", "flip", "gather", "hstack", "index_select", "masked_fill", "meshgrid",
    "movedim", "numel", "repeat_interleave", "roll", "split", "t", "tril", "triu", "unbind",
    "unique", "vstack",
    "addcdiv", "addcmul", "addmm", "clip", "clone", "detach", "lerp", "logical_and", "logical_not",
    "logical_or", "logical_xor", "masked_select", "narrow", "ravel", "scatter", "select",
    "eq", "ge", "gt", "le", "lt", "ne", "diag", "nonzero", "Generator", "bfloat16",
    "accelerator", "amp", "autocast", "backends", "cuda", "mps", "xpu",
    "get_default_device", "set_default_device",
    "contiguous_format", "finfo", "iinfo", "preserve_format",
    "is_tensor", "set_default_dtype", "get_default_dtype",
]  # fmt: skip

python = builtins  # some names of Python's have another meaning below
uint8, int8, int16, int32 = (np.dtype(name) for name in ("uint8", "int8", "int16", "int32"))
half = float16 = np.dtype("float16")
preserve_format, contiguous_format = "torch.preserve_format", "torch.contiguous_format"
finfo, iinfo = np.finfo, np.iinfo  # the limits of a dtype
inf, nan, pi, e = math.inf, math.nan, math.pi, math.e


class _NoBfloat16:
    """The name of a dtype that NumPy does not have. It may stand in a table; it cannot be used."""

    def _refuse(self):
        raise RuntimeError("torch.bfloat16: NumPy has no such numbers; write torch.float32")

    dtype = type = property(_refuse)  # what NumPy, and `device`, ask an unknown object

    def __repr__(self):
        return "torch.bfloat16"


bfloat16 = _NoBfloat16()


class autocast:
    """Half precision on a GPU. There is none, so nothing changes, as in PyTorch without one.

    Raises:
        RuntimeError: half precision is asked for on the CPU.
    """

    def __init__(self, device_type="cuda", dtype=None, enabled=True, cache_enabled=None):
        if enabled and str(device_type).startswith("cpu"):
            raise RuntimeError("autocast('cpu'): everything is float32 here: leave it out")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        """Nothing to undo."""

    def __call__(self, function):
        return function


class _CudaAutocast(autocast):
    """`autocast("cuda", ...)`."""

    def __init__(self, enabled=True, dtype=None, cache_enabled=True):
        super().__init__("cuda", dtype, enabled)


class GradScaler:
    """Scales a loss in half precision. There is no GPU: every method does the plain thing."""

    def __init__(self, device="cuda", enabled=True, **settings):
        """Switched off, whatever the settings: there is no GPU."""

    def scale(self, outputs):
        return outputs

    def unscale_(self, optimizer):
        """The gradients are as they should be."""

    def step(self, optimizer, *args, **kwargs):
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale=None):
        """There is no scale."""

    def is_enabled(self):
        return False

    def get_scale(self):
        return 1.0

    def state_dict(self):
        return {}

    def load_state_dict(self, state_dict):
        """There is no state."""


class amp:
    """Half precision, where there is a GPU."""

    autocast, GradScaler = autocast, GradScaler


class _NoDevice:
    """A kind of device that this machine does not have: what scripts ask before they use one."""

    @staticmethod
    def is_available():
        return False

    @staticmethod
    def device_count():
        return 0

    @staticmethod
    def manual_seed(seed):
        """Seeds the generators of all such devices, of which there are none."""

    manual_seed_all = manual_seed

    @staticmethod
    def empty_cache():
        """Frees the device's memory."""

    @staticmethod
    def synchronize(device=None):
        """Waits for the device."""


class mps(_NoDevice):
    """There is no GPU of Apple's."""


class xpu(_NoDevice):
    """There is no GPU of Intel's."""


class accelerator(_NoDevice):
    """There is no accelerator of any kind."""

    @staticmethod
    def current_accelerator(check_available=False):
        """None: there is none."""


class cuda(_NoDevice):
    """There is no GPU of NVIDIA's."""

    class amp:
        """Half precision, where there is a GPU."""

        autocast, GradScaler = _CudaAutocast, GradScaler

    @staticmethod
    def is_bf16_supported():
        return False


class backends:
    """Settings of libraries that are not there: they can be set, and nothing comes of it."""

    class mps(_NoDevice):
        """There is no GPU of Apple's."""

        @staticmethod
        def is_built():
            return False

    class cudnn(_NoDevice):
        """NVIDIA's library for layers."""

        enabled, benchmark, deterministic, allow_tf32 = True, False, False, True

    class cuda:
        """NVIDIA's matrix products."""

        class matmul:
            """With shorter numbers, or not."""

            allow_tf32 = False


class Generator(np.random.Generator):
    """A generator of its own, for `generator=`: what it draws moves no other one."""

    def __init__(self, device="cpu"):
        globals()["device"](device)
        super().__init__(np.random.PCG64(0))
        self.manual_seed(67280421310721)  # PyTorch's

    def manual_seed(self, seed):
        """Start again, at the place that belongs to `seed`; return the generator."""
        self._seed = python.int(seed) % 2**64
        self.bit_generator.state = np.random.PCG64(self._seed).state
        return self

    def initial_seed(self):
        """The seed that it was last started with."""
        return self._seed


def get_default_device():
    """Where tensors are made: on the CPU."""
    return device("cpu")


def set_default_device(device):
    """Refuses all but the CPU."""
    globals()["device"](device)


def is_tensor(obj):
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


def get_default_dtype():
    """float32: what Python's floats become."""
    return float32


def set_default_dtype(d):
    """Refuses all but float32: here the dtype is chosen where a tensor is made."""
    if np.dtype(d) != float32:
        raise RuntimeError(f"the default dtype is float32, not {d}: write dtype=... or .double()")


def _typed(dtype):
    """The old constructors, `LongTensor([1, 2])` and `LongTensor(2, 3)`."""

    def make(*data):
        return Tensor(*data, dtype=dtype)

    return make


FloatTensor, DoubleTensor = _typed(float32), _typed(float64)
LongTensor, IntTensor, BoolTensor = _typed(int64), _typed(int32), _typed(np.dtype("bool"))


def as_tensor(data, dtype=None, device=None):
    """`data` itself if it is a tensor of this dtype; an array's memory is shared."""
    if isinstance(data, Tensor):
        return data.to(dtype, device=device)
    shared = isinstance(data, np.ndarray) and dtype in (None, data.dtype)
    return from_numpy(data) if shared else _fresh(as_array(data, dtype), False, device)


def from_numpy(ndarray):
    """A tensor around the array itself: a change in one is a change in the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: expected an array, not {type(ndarray).__name__}")
    return wrap(ndarray).detach()


def empty(*sizes, size=None, dtype=None, device=None, requires_grad=False):
    """A tensor that may hold anything, until it is filled."""
    shape = shape_of(_sizes(sizes, size))
    return _fresh(np.empty(shape, dtype or float32), requires_grad, device)


def _like(make):
    """`zeros_like` for `zeros`: the shape and dtype of `input`, where no dtype is asked for."""

    def maker(input, *, dtype=None, device=None, requires_grad=False, memory_format=None):
        how = {"dtype": dtype or input.dtype, "device": device, "requires_grad": requires_grad}
        return make(input.shape, **how)

    return maker


zeros_like, ones_like, empty_like = _like(zeros), _like(ones), _like(empty)
rand_like, randn_like = _like(rand), _like(randn)


def full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False):
    """`fill_value` everywhere, in the shape and dtype of `input`."""
    how = {"dtype": dtype or input.dtype, "device": device, "requires_grad": requires_grad}
    return full(input.shape, fill_value, **how)


def linspace(start, end, steps, *, dtype=None, device=None, requires_grad=False):
    """`steps` numbers from start to end, both included, equally far apart."""
    numbers = np.linspace(unwrap(start), unwrap(end), *shape_of([steps]))
    return _fresh(numbers.astype(dtype or float32), requires_grad, device)


def randint(low, high=None, size=None, *, generator=None, dtype=None, device=None):
    """Whole numbers from `low` to `high` - 1; `randint(high, size)` begins at 0.

    Raises:
        RuntimeError: there is no such number.
    """
    if not isinstance(high, (python.int, np.integer)):
        low, high, size = 0, low, high if size is None else size
    if low >= high:
        raise RuntimeError(f"randint: from low={low} to high={high} there is no number")
    numbers = drawn_from(generator).integers(low, high, shape_of(tuple(size)))
    return _fresh(numbers.astype(dtype or int64), False, device)


def randint_like(input, low, high=None, *, dtype=None):
    """As `randint`, in the shape and dtype of `input`."""
    ends = (0, low) if high is None else (low, high)
    return randint(*ends, input.shape, dtype=dtype or input.dtype)


def randperm(n, *, generator=None, dtype=None, device=None):
    """The numbers 0 to n - 1 in a random order."""
    order = drawn_from(generator).permutation(*shape_of([n]))
    return _fresh(order.astype(dtype or int64), False, device)


def normal(mean=0.0, std=1.0, size=None, *, generator=None):
    """Normally distributed numbers; `mean` and `std` are numbers or tensors."""
    shape = np.broadcast_shapes(np.shape(unwrap(mean)), np.shape(unwrap(std)), size or ())
    noise = drawn_from(generator).standard_normal(shape, float32)
    return wrap(np.asarray(unwrap(mean) + unwrap(std) * noise, float32))


def bernoulli(input, *, generator=None):
    """1 with the probability that stands in `input`, else 0."""
    return wrap((drawn_from(generator).random(input.shape) < input.data).astype(input.dtype))


def multinomial(input, num_samples, replacement=False, *, generator=None):
    """Draw positions, each with a probability in proportion to its number.

    Args:
        input: Tensor (C,) or (N, C) of floats of at least 0; rows need not sum to 1.
        num_samples: how many to draw from each row.
        replacement: whether the same position may be drawn again.

    Returns:
        Tensor: int64, (num_samples,) or (N, num_samples).

    Raises:
        RuntimeError: negative or infinite weights, a row of zeros, or more draws than positions.

    Source: without replacement, the keys of Efraimidis and Spirakis (2006).
    """
    weights = np.atleast_2d(input.data).astype(float64)
    if input.ndim not in (1, 2) or not np.isfinite(weights).all() or (weights < 0).any():
        raise RuntimeError("multinomial: needs (C,) or (N, C) finite numbers, none below 0")
    enough = 1 if replacement else num_samples
    if ((weights > 0).sum(axis=1) < enough).any():
        raise RuntimeError(f"multinomial: a row has fewer than {enough} positive numbers")
    if replacement:
        ends = np.cumsum(weights, axis=1)
        draws = drawn_from(generator).random((len(weights), num_samples)) * ends[:, -1:]
        drawn = np.stack([np.searchsorted(a, b, side="right") for a, b in zip(ends, draws)])
    else:
        waits = drawn_from(generator).exponential(size=weights.shape)
        with np.errstate(divide="ignore"):
            drawn = np.argsort(waits / weights, axis=1)[:, :num_samples]
    return wrap(drawn[0] if input.ndim == 1 else drawn)


# %% [markdown]
# ## How often

# %%
#| export
Histogram = namedtuple("histogram", ["hist", "bin_edges"])


def histogram(input, bins=100, *, range=None, weight=None, density=False):
    """How many elements lie in each bin (no gradient is recorded).

    Args:
        input: Tensor of floats, of any shape.
        bins: how many of equal width, or a tensor (bins + 1,) of their ends, in order.
        range: where the first begins and the last ends; None for the extremes of `input`.
        weight: Tensor of the shape of `input`: what each element counts.
        density: divide, so that the bins cover an area of 1.

    Returns:
        (hist, bin_edges): Tensors (bins,) and (bins + 1,) of the dtype of `input`. The right end
        belongs to the last bin only.

    Raises:
        RuntimeError: whole numbers, no bins, or ends that are not finite or not in order.
    """
    if input.dtype.kind != "f":
        raise DtypeError(f"histogram: of floats only, not {input.dtype}: x.float()")
    how = {"range": range, "density": density}
    how |= {} if weight is None else {"weights": unwrap(weight).ravel()}
    try:
        found = np.histogram(input.data.ravel(), unwrap(bins), **how)
    except (ValueError, TypeError) as error:
        raise RangeError(f"histogram: {error}") from None
    return Histogram(*(wrap(np.asarray(part, input.dtype)) for part in found))


def histc(input, bins=100, min=0, max=0):
    """How many elements lie in each of `bins` bins of equal width from `min` to `max`.

    Args:
        input: Tensor of floats; elements outside do not count.
        min, max: the ends; the same number twice: the extremes of `input`.

    Returns:
        Tensor: (bins,), of the dtype of `input`.

    Raises:
        RuntimeError: as `histogram`.
    """
    return histogram(input, bins, range=None if min == max else (min, max)).hist

# %% [markdown]
# ## More operations, with their rules
#
# `backward` is what module 02 calls: `grad` holds the slopes with respect to the result.


# %%
#| export
class Sin(Function):
    forward = np.sin

    def backward(self, grad):
        return grad * np.cos(self.args[0])


class Cos(Function):
    forward = np.cos

    def backward(self, grad):
        return -grad * np.sin(self.args[0])


class Log1p(Function):
    forward = np.log1p

    def backward(self, grad):
        return grad / (1 + self.args[0])


class Sigmoid(Function):
    def forward(self, x):
        small = np.exp(-np.abs(x))  # never above 1: no overflow
        return np.where(x >= 0, 1, small) / (1 + small)

    def backward(self, grad):
        return grad * self.out * (1 - self.out)


class CumSum(Function):
    def forward(self, a, dim):
        return np.cumsum(a, axis=dim, dtype=None if a.dtype.kind == "f" else int64)

    def backward(self, grad):
        dim = self.args[1]
        return np.flip(np.cumsum(np.flip(grad, dim), axis=dim), dim)


class Diag(Function):
    """A vector as the diagonal of a matrix, or the diagonal of a matrix as a vector."""

    def forward(self, a, diagonal):
        return np.array(np.diag(a, diagonal))

    def backward(self, grad):
        a, diagonal = self.args
        if a.ndim == 1:
            return np.diag(grad, diagonal)
        slopes = np.zeros_like(a)
        on_it = np.eye(*a.shape, diagonal, dtype="bool")
        slopes[on_it] = grad
        return slopes


class Step(Function):
    """A function in steps: its slope is 0."""

    def forward(self, a, function):
        return function(a)

    def backward(self, grad):
        return np.zeros_like(grad)


class Einsum(Function):
    """Sums of products over named dimensions; the rule puts the result's letters first."""

    def forward(self, equation, *arrays):
        return np.einsum(equation, *arrays, optimize=len(arrays) > 2)

    def backward(self, grad):
        equation, *arrays = self.args
        inputs, out = equation.split("->")
        terms = inputs.split(",")
        found = [None]
        for i, (term, array) in enumerate(zip(terms, arrays)):
            others = [t for j, t in enumerate(terms) if j != i]
            known = set("".join([out, *others]))
            reached = "".join(letter for letter in term if letter in known)
            rest = [a for j, a in enumerate(arrays) if j != i]
            part = np.einsum(",".join([out, *others]) + "->" + reached, grad, *rest)
            lost = tuple(axis for axis, letter in enumerate(term) if letter not in known)
            found.append(np.broadcast_to(np.expand_dims(part, lost), array.shape))
        return tuple(found)


def _spelled_out(equation, tensors):
    """The equation with an arrow and without dots or blanks."""
    inputs, arrow, out = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(tensors):
        raise RuntimeError(f"einsum: {equation!r} has {len(terms)} operands, not {len(tensors)}")
    free = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in inputs]
    extra = [x.ndim - len(t.replace("...", "")) for t, x in zip(terms, tensors)]
    most = python.max([n for t, n in zip(terms, extra) if "..." in t], default=0)
    dots = "".join(free[:most])
    terms = [t.replace("...", dots[len(dots) - n :] if n else "") for t, n in zip(terms, extra)]
    if not arrow:
        letters = "".join(terms)
        once = sorted({c for c in letters if letters.count(c) == 1 and c not in dots})
        out = "..." + "".join(once)
    return ",".join(terms) + "->" + out.replace("...", dots)


def einsum(equation, *operands):
    """Sums of products, by the letters of the dimensions: "bij,bjk->bik" (Einstein, 1916).

    Args:
        equation: a letter for each dimension of each operand; "..." stands for leading ones. What
            is missing at the right of "->" is summed. No letter twice in one operand.
        operands: the tensors, or one list of them.
    """
    tensors = operands[0] if len(operands) == 1 and isinstance(operands[0], list) else operands
    equation = _spelled_out(equation, tensors)
    if python.any(len(set(term)) < len(term) for term in equation.split("->")[0].split(",")):
        raise RuntimeError(f"einsum: {equation!r} repeats a letter in one operand; use .diagonal()")
    try:
        return Einsum.apply(equation, *tensors)
    except ValueError as error:
        shapes = ", ".join(str(tuple(x.shape)) for x in tensors)
        raise ShapeError(f"einsum: {equation!r} does not fit shapes {shapes}: {error}") from None


# %% [markdown]
# ## The same as methods
#
# What follows is made of operations that are there already, so that each has its gradient.


# %%
#| export
@methods_of(Tensor)
class _MoreElementwise:
    def sin(self):
        """The sine of each element, in radians."""
        return Sin.apply(wide(self))

    def cos(self):
        """The cosine of each element, in radians."""
        return Cos.apply(wide(self))

    def log1p(self):
        """log(1 + x), exact also for small x."""
        return Log1p.apply(wide(self))

    def log2(self):
        """The logarithm to base 2."""
        return self.log() / math.log(2)

    def log10(self):
        """The logarithm to base 10."""
        return self.log() / math.log(10)

    def sigmoid(self):
        """1 / (1 + exp(-x))."""
        return Sigmoid.apply(wide(self))

    def relu(self):
        """max(x, 0)."""
        return where(self > 0, self, zeros_like(self))

    def square(self):
        """x * x."""
        return self * self

    def rsqrt(self):
        """1 / sqrt(x)."""
        return 1 / self.sqrt()

    def reciprocal(self):
        """1 / x."""
        return 1 / self

    def neg(self):
        """-x."""
        return -self

    def floor(self):
        """The largest whole number that is not above."""
        return Step.apply(self, np.floor)

    def ceil(self):
        """The smallest whole number that is not below."""
        return Step.apply(self, np.ceil)

    def round(self):
        """The nearest whole number; halves to the even one."""
        return Step.apply(self, np.round)

    def sign(self):
        """-1, 0 or 1."""
        return Step.apply(self, np.sign)

    def erf(self):
        """The error function of each element (no gradient is recorded)."""
        return wrap(np.vectorize(math.erf, otypes=[wide(self).dtype])(self.data))

    def isnan(self):
        return wrap(np.asarray(np.isnan(self.data)))

    def isinf(self):
        return wrap(np.asarray(np.isinf(self.data)))

    def isfinite(self):
        return wrap(np.asarray(np.isfinite(self.data)))

    def add(self, other, *, alpha=1):
        return self + (other if alpha == 1 else alpha * other)

    def sub(self, other, *, alpha=1):
        return self - (other if alpha == 1 else alpha * other)

    def mul(self, other):
        return self * other

    def div(self, other):
        return self / other

    def eq(self, other):
        return self == other

    def ne(self, other):
        return self != other

    def lt(self, other):
        return self < other

    def le(self, other):
        return self <= other

    def gt(self, other):
        return self > other

    def ge(self, other):
        return self >= other

    def equal(self, other):
        """Whether shapes and all elements are equal."""
        return python.bool(np.array_equal(self.data, other.data))

    def allclose(self, other, rtol=1e-05, atol=1e-08, equal_nan=False):
        """Whether all elements differ by at most atol + rtol * |other|."""
        return python.bool(np.allclose(self.data, other.data, rtol, atol, equal_nan))

    def addcmul(self, tensor1, tensor2, *, value=1):
        """self + value * tensor1 * tensor2."""
        return self + value * (tensor1 * tensor2)

    def addcdiv(self, tensor1, tensor2, *, value=1):
        """self + value * tensor1 / tensor2."""
        return self + value * (tensor1 / tensor2)

    def addmm(self, mat1, mat2, *, beta=1, alpha=1):
        """beta * self + alpha * (mat1 @ mat2)."""
        return beta * self + alpha * mat1.mm(mat2)

    def lerp(self, end, weight):
        """On the way from self to `end`: self + weight * (end - self)."""
        return self + weight * (end - self)

    def logical_and(self, other):
        return (self != 0) & (other != 0)

    def logical_or(self, other):
        return (self != 0) | (other != 0)

    def logical_xor(self, other):
        return (self != 0) ^ (other != 0)

    def logical_not(self):
        return self == 0

    def clip(self, min=None, max=None):
        """Another name for `clamp`."""
        return self.clamp(min, max)


@methods_of(Tensor)
class _MoreConversions:
    def int(self):
        return self._cast(int32)

    def short(self):
        return self._cast(int16)

    def byte(self):
        return self._cast(uint8)

    def half(self):
        return self._cast(float16)

    def bool(self):
        return self._cast(np.dtype("bool"))

    def type(self, dtype=None):
        """The name of the tensor's type; with a dtype or such a name, a cast."""
        if dtype is None:
            return f"torch.{TYPES[self.dtype.name]}Tensor"
        if isinstance(dtype, str):
            dtype = next(n for n, kind in TYPES.items() if dtype.endswith(f"{kind}Tensor"))
        makers = {FloatTensor: float32, DoubleTensor: float64, LongTensor: int64}
        return self.to(makers.get(dtype, dtype))

    def type_as(self, other):
        return self._cast(other.dtype)

    def cpu(self):
        """The tensor itself: there is no other place."""
        return self

    def cuda(self, device=None):
        """Refused: there is no GPU."""
        raise RuntimeError("there is no GPU here: use cuda() only if torch.cuda.is_available()")

    def pin_memory(self):
        """Refused: there is no GPU."""
        raise RuntimeError("pin_memory(): there is no GPU here that would read the memory")

    def is_contiguous(self):
        """Whether the numbers lie row by row in memory."""
        return self.data.flags.c_contiguous

    def is_floating_point(self):
        return self.data.dtype.kind == "f"

    def element_size(self):
        """Bytes of one element."""
        return self.data.itemsize

    def ndimension(self):
        """The number of dimensions."""
        return self.data.ndim

    def nelement(self):
        """The number of elements."""
        return self.data.size

    def stride(self, dim=None):
        """How many elements lie between neighbors along each dimension."""
        steps = tuple(step // self.data.itemsize for step in self.data.strides)
        return steps if dim is None else steps[dim]

    def new(self, *data):
        """A tensor of this dtype: of a shape, or of these numbers."""
        return Tensor(*data, dtype=self.dtype)

    def new_zeros(self, *sizes, dtype=None, device=None, requires_grad=False):
        return zeros(*sizes, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)

    def new_ones(self, *sizes, dtype=None, device=None, requires_grad=False):
        return ones(*sizes, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)

    def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False):
        dtype = dtype or self.dtype
        return full(size, fill_value, dtype=dtype, device=device, requires_grad=requires_grad)

    def new_tensor(self, data, *, dtype=None, device=None):
        return as_tensor(as_array(unwrap(data), dtype or self.dtype), device=device)


TYPES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long", "int32": "Int",
    "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool",
}  # fmt: skip


@methods_of(Tensor)
class _MoreReductions:
    def std(self, dim=None, unbiased=None, keepdim=False, *, correction=1, axis=None):
        """The square root of `var`."""
        return self.var(dim, unbiased, keepdim, correction=correction, axis=axis).sqrt()

    def norm(self, p="fro", dim=None, keepdim=False, dtype=None):
        """The p-norm over `dim` (None: all elements); "fro" is 2."""
        x = self if dtype is None else self.to(dtype)
        p = 2 if p == "fro" else p
        if p in (inf, -inf):
            return x.abs().amax(dim, keepdim) if p > 0 else x.abs().amin(dim, keepdim)
        if p == 0:
            return (x != 0).sum(dim, keepdim)._cast(x.dtype)
        if p == 1:
            return x.abs().sum(dim, keepdim)
        if p == 2:
            return (x * x).sum(dim, keepdim).sqrt()
        return (x.abs() ** p).sum(dim, keepdim) ** (1 / p)

    def prod(self, dim=None, keepdim=False, *, dtype=None):
        """The product of the elements; its gradient by the other factors (no zeros needed)."""
        x = self if dtype is None else self.to(dtype)
        if dim is None:
            x, dim = x.reshape(-1), 0
        result = ones_like(x.select(dim, 0)) if x.shape[dim] else ones(x.select_shape(dim))
        for factor in x.unbind(dim):
            result = result * factor
        return result.unsqueeze(dim) if keepdim else result

    def select_shape(self, dim):
        """The shape without dimension `dim`."""
        shape = list(self.shape)
        del shape[dim]
        return tuple(shape)

    def logsumexp(self, dim, keepdim=False):
        """log(sum(exp(x))) over `dim`, without overflow."""
        top = wrap(np.max(self.data, axis=dim, keepdims=True))
        total = (self - top).exp().sum(dim, keepdim=True).log() + top
        return total if keepdim else total.squeeze(dim)

    def softmax(self, dim, dtype=None):
        """Probabilities in proportion to exp(x), which sum to 1 along `dim`."""
        return self.log_softmax(dim, dtype).exp()

    def log_softmax(self, dim, dtype=None):
        """The logarithm of `softmax`."""
        x = self if dtype is None else self.to(dtype)
        return x - x.logsumexp(dim, keepdim=True)

    def cumsum(self, dim, dtype=None):
        """The sums of the elements so far, along `dim`."""
        return CumSum.apply(self if dtype is None else self.to(dtype), checked_dim(dim, self.ndim))

    def all(self, dim=None, keepdim=False):
        """Whether all elements are true (not 0)."""
        return wrap(np.asarray(self.data.astype("bool").all(axis=dim, keepdims=keepdim)))

    def any(self, dim=None, keepdim=False):
        """Whether any element is true (not 0)."""
        return wrap(np.asarray(self.data.astype("bool").any(axis=dim, keepdims=keepdim)))

    def amax(self, dim=None, keepdim=False):
        """The largest elements over one or more dimensions."""
        return self._of_dims(Tensor.max, dim, keepdim)

    def amin(self, dim=None, keepdim=False):
        """The smallest elements over one or more dimensions."""
        return self._of_dims(Tensor.min, dim, keepdim)

    def _of_dims(self, extreme, dim, keepdim):
        if dim is None or dim == ():
            result = extreme(self)
            return result.reshape((1,) * self.ndim) if keepdim else result
        dims = sorted(checked_dim(d, self.ndim) for d in (dim if isinstance(dim, tuple) else [dim]))
        for d in reversed(dims):
            self = extreme(self, d, keepdim).values
        return self

    def sort(self, dim=-1, descending=False, stable=False):
        """(values, indices) along `dim`, from the smallest or from the largest on."""
        order = self.argsort(dim, descending)
        return ValuesIndices(self.gather(dim, order), order)

    def argsort(self, dim=-1, descending=False, stable=False):
        """The positions that would sort the elements along `dim`; equal ones keep their order."""
        array = np.flip(self.data, dim) if descending else self.data
        order = np.argsort(array, axis=dim, kind="stable")
        if descending:  # sorted from behind, so that equal ones keep their order
            order = np.flip(self.data.shape[dim] - 1 - order, dim)
        return wrap(np.ascontiguousarray(order))

    def topk(self, k, dim=-1, largest=True, sorted=True):
        """(values, indices) of the k largest or smallest along `dim`, in order."""
        if not 0 <= k <= self.shape[dim]:
            raise RuntimeError(f"topk: k={k} of {self.shape[dim]} elements along dim {dim}")
        order = self.argsort(dim, descending=largest).narrow(dim, 0, k)
        return ValuesIndices(self.gather(dim, order), order)


@methods_of(Tensor)
class _MoreShapes:
    def t(self):
        """The transpose of a matrix; vectors stay as they are."""
        if self.ndim > 2:
            raise RuntimeError(f"t() expects at most 2 dimensions, not {tuple(self.shape)}")
        return self.T

    @property
    def mT(self):
        """The last two dimensions swapped."""
        return self.transpose(-2, -1)

    def view_as(self, other):
        return self.view(other.shape)

    def reshape_as(self, other):
        return self.reshape(other.shape)

    def expand_as(self, other):
        return self.expand(other.shape)

    def ravel(self):
        return self.reshape(-1)

    def movedim(self, source, destination):
        """One dimension at another place."""
        order = [d for d in range(self.ndim) if d != checked_dim(source, self.ndim)]
        order.insert(checked_dim(destination, self.ndim), checked_dim(source, self.ndim))
        return self.permute(order)

    def repeat(self, *repeats):
        """Copies side by side: `repeat(2, 3)` gives 2 x 3 of them."""
        times = _sizes(repeats)
        if len(times) < self.ndim:
            raise RuntimeError(f"repeat: {times} is shorter than the shape {tuple(self.shape)}")
        sizes = (1,) * (len(times) - self.ndim) + tuple(self.shape)
        doubled = [n for pair in zip([1] * len(sizes), sizes) for n in pair]
        spread = [n for pair in zip(times, sizes) for n in pair]
        joined = [a * b for a, b in zip(times, sizes)]
        return self.reshape(doubled).expand(spread).reshape(joined)

    def repeat_interleave(self, repeats, dim=None):
        """Each element `repeats` times, one after the other."""
        x, dim = (self.reshape(-1), 0) if dim is None else (self, checked_dim(dim, self.ndim))
        return x.index_select(dim, wrap(np.repeat(np.arange(x.shape[dim]), unwrap(repeats))))

    def _along(self, dim, part):
        """The index that takes `part` of dimension `dim`, and all of the others."""
        return (slice(None),) * checked_dim(dim, self.ndim) + (part,)

    def narrow(self, dim, start, length):
        """`length` entries along `dim`, from `start` on: a view."""
        size = self.shape[dim]
        start = start + size if start < 0 else start
        if not 0 <= start <= start + length <= size:
            raise RuntimeError(f"narrow: {length} entries from {start} on, of {size} in dim {dim}")
        return self[self._along(dim, slice(start, start + length))]

    def select(self, dim, index):
        """One entry along `dim`, which disappears: a view."""
        return self[self._along(dim, index)]

    def index_select(self, dim, index):
        """The entries along `dim` at the positions in `index`."""
        return self[self._along(dim, index)]

    def unbind(self, dim=0):
        """A tuple of the entries along `dim`."""
        return tuple(self.select(dim, i) for i in range(self.shape[dim]))

    def split(self, split_size_or_sections, dim=0):
        """Cut along `dim` into pieces of one size (the last may be shorter), or of those listed."""
        size, sizes = self.shape[dim], split_size_or_sections
        if isinstance(sizes, python.int):
            if sizes < 1:
                raise RuntimeError(f"split: pieces of {sizes} entries")
            sizes = [python.min(sizes, size - at) for at in range(0, size, sizes)] or [0]
        elif python.sum(sizes) != size:
            raise RuntimeError(f"split: {sizes} do not add up to {size}, the size of dim {dim}")
        starts = np.cumsum([0, *sizes])
        return tuple(self.narrow(dim, python.int(a), n) for a, n in zip(starts, sizes))

    def chunk(self, chunks, dim=0):
        """Cut along `dim` into at most `chunks` pieces of equal size."""
        if chunks < 1:
            raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
        return self.split(python.max(-(-self.shape[dim] // chunks), 1), dim)

    def flip(self, *dims):
        """The entries along these dimensions in reverse order: a copy."""
        dims = [checked_dim(d, self.ndim) for d in _sizes(dims)]
        index = tuple(slice(None, None, -1 if d in dims else 1) for d in range(self.ndim))
        return self[index].clone()

    def roll(self, shifts, dims=None):
        """The entries moved on by `shifts`; what falls off the end comes in at the start."""
        if dims is None:
            return self.reshape(-1).roll(shifts, 0).reshape(self.shape)
        if isinstance(dims, tuple):
            for shift, dim in zip(shifts, dims):
                self = self.roll(shift, dim)
            return self
        size = self.shape[dims]
        cut = size - shifts % size if size else 0
        return cat([self.narrow(dims, cut, size - cut), self.narrow(dims, 0, cut)], dims)

    def gather(self, dim, index):
        """The elements at `index` along `dim`: result[i, j] is self[i, index[i, j]] for dim 1."""
        if index.ndim != self.ndim:
            shapes = f"{tuple(index.shape)} and {tuple(self.shape)}"
            raise RuntimeError(f"gather: index and input need as many dimensions: {shapes}")
        grid = list(np.indices(index.shape, sparse=True))
        if grid:
            grid[checked_dim(dim, self.ndim)] = index.data
        try:
            return self[tuple(grid)]
        except IndexError as error:
            raise PositionError(f"gather: {error}") from None

    def scatter(self, dim, index, src):
        """A copy with `src` at `index` along `dim` (no gradient reaches what was there)."""
        out = self.data.copy()
        value = src.data[tuple(map(slice, index.shape))] if isinstance(src, Tensor) else src
        np.put_along_axis(out, index.data, value, axis=dim)
        return wrap(out)

    def scatter_(self, dim, index, src):
        """Put `src` at `index` along `dim`, in place."""
        return self.copy_(self.scatter(dim, index, src))

    def diag(self, diagonal=0):
        """A matrix with this vector `diagonal` places above its diagonal; or that of a matrix."""
        if self.ndim not in (1, 2):
            raise RuntimeError(f"diag: needs 1 or 2 dimensions, not shape {tuple(self.shape)}")
        return Diag.apply(self, diagonal)

    def tril(self, diagonal=0):
        """The lower triangle: 0 above the diagonal."""
        _check_matrices("tril", self)
        return where(np.tri(*self.shape[-2:], diagonal, bool), self, zeros((), dtype=self.dtype))

    def triu(self, diagonal=0):
        """The upper triangle: 0 below the diagonal."""
        _check_matrices("triu", self)
        below = np.tri(*self.shape[-2:], diagonal - 1, bool)
        return where(below, zeros((), dtype=self.dtype), self)

    def masked_fill(self, mask, value):
        """`value` where `mask` is true."""
        if mask.dtype != np.dtype("bool"):
            raise RuntimeError(f"masked_fill: the mask must be of bools, not {mask.dtype}")
        value = np.asarray(unwrap(value), self.dtype)
        return where(mask, wrap(value), self)

    def masked_select(self, mask):
        """The elements where `mask` is true, in one dimension."""
        return self.expand(np.broadcast_shapes(self.shape, mask.shape))[
            mask.expand(np.broadcast_shapes(self.shape, mask.shape))
        ]

    def nonzero(self, as_tuple=False):
        """The positions of all elements that are not 0: (count, dimensions)."""
        found = self.data.nonzero()
        return tuple(map(wrap, found)) if as_tuple else wrap(np.stack(found, axis=-1))

    def unique(self, sorted=True, return_inverse=False, return_counts=False):
        """The different elements in order; with their positions, and how often each is there."""
        values, inverse, counts = np.unique(self.data, return_inverse=True, return_counts=True)
        parts = [values]
        parts += [inverse.reshape(self.shape)] if return_inverse else []
        parts += [counts] if return_counts else []
        return wrap(values) if len(parts) == 1 else tuple(map(wrap, parts))


def _check_matrices(name, x):
    if x.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions, not {x.ndim}")


def _of_dims(count, name):
    """A matrix product for tensors with this many dimensions, such as `mm`."""

    def product(self, other):
        if (self.ndim, other.ndim) != count:
            shapes = f"{tuple(self.shape)} and {tuple(other.shape)}"
            raise RuntimeError(f"{name}: expected tensors of {count} dimensions, not {shapes}")
        if name == "bmm" and self.shape[0] != other.shape[0]:
            shapes = f"{tuple(self.shape)} and {tuple(other.shape)}"
            raise RuntimeError(f"bmm: as many matrices at the left as at the right, not {shapes}")
        return self.matmul(other)

    product.__name__ = name
    return product


Tensor.histogram, Tensor.histc = histogram, histc
Tensor.is_sparse = Tensor.is_cuda = False  # all tensors are dense, and on the CPU
Tensor.mm, Tensor.bmm = _of_dims((2, 2), "mm"), _of_dims((3, 3), "bmm")
Tensor.mv, Tensor.dot = _of_dims((2, 1), "mv"), _of_dims((1, 1), "dot")


def _outer(self, other):
    """Each element of one vector times each of the other."""
    if (self.ndim, other.ndim) != (1, 1):
        shapes = f"{tuple(self.shape)} and {tuple(other.shape)}"
        raise RuntimeError(f"outer: expected two vectors, not shapes {shapes}")
    return self.unsqueeze(1) * other.unsqueeze(0)


_outer.__name__ = "outer"
Tensor.outer = _outer

# %% [markdown]
# ## In place


# %%
#| export
@methods_of(Tensor)
class _MoreInPlace:
    def add_(self, other, *, alpha=1):
        self += other if alpha == 1 else alpha * other
        return self

    def sub_(self, other, *, alpha=1):
        self -= other if alpha == 1 else alpha * other
        return self

    def mul_(self, other):
        self *= other
        return self

    def div_(self, other):
        self /= other
        return self

    def pow_(self, exponent):
        self **= exponent
        return self

    def addcmul_(self, tensor1, tensor2, *, value=1):
        return self.add_(tensor1 * tensor2, alpha=value)

    def addcdiv_(self, tensor1, tensor2, *, value=1):
        return self.add_(tensor1 / tensor2, alpha=value)

    def lerp_(self, end, weight):
        return self.add_((end - self) * weight)

    def copy_(self, src, non_blocking=False):
        """Take over the numbers of `src`, which broadcasts to this shape."""
        self[...] = src if isinstance(src, Tensor) else as_tensor(src)
        return self

    def clamp_(self, min=None, max=None):
        return self.copy_(self.clamp(min, max))

    def exp_(self):
        return self.copy_(self.exp())

    def sqrt_(self):
        return self.copy_(self.sqrt())

    def neg_(self):
        return self.mul_(-1)

    def relu_(self):
        return self.copy_(self.relu())

    def sigmoid_(self):
        return self.copy_(self.sigmoid())

    def tanh_(self):
        return self.copy_(self.tanh())

    def index_fill_(self, dim, index, value):
        """Put `value` at the positions in `index` along `dim`."""
        self[self._along(dim, index)] = value
        return self

    def masked_fill_(self, mask, value):
        return self.copy_(self.masked_fill(mask, value))

    def uniform_(self, a=0.0, b=1.0):
        """Fill with numbers spread evenly from a to b."""
        return self.copy_(wrap(drawn_from(None).uniform(a, b, self.shape).astype(self.dtype)))

    def normal_(self, mean=0.0, std=1.0):
        """Fill with normally distributed numbers."""
        return self.copy_(wrap(drawn_from(None).normal(mean, std, self.shape).astype(self.dtype)))

    def bernoulli_(self, p=0.5):
        """Fill with 1 with probability p, else 0."""
        return self.copy_(bernoulli(full(self.shape, p, dtype=float32)).to(self.dtype))


# %% [markdown]
# ## And as functions

# %%
#| export
sin, cos, log1p, log2, log10 = map(
    as_function, (Tensor.sin, Tensor.cos, Tensor.log1p, Tensor.log2, Tensor.log10)
)
sigmoid, relu, square = map(as_function, (Tensor.sigmoid, Tensor.relu, Tensor.square))
rsqrt, reciprocal, neg = map(as_function, (Tensor.rsqrt, Tensor.reciprocal, Tensor.neg))
floor, ceil, round, sign, erf = map(
    as_function, (Tensor.floor, Tensor.ceil, Tensor.round, Tensor.sign, Tensor.erf)
)
isnan, isinf, isfinite = map(as_function, (Tensor.isnan, Tensor.isinf, Tensor.isfinite))
add, sub, mul, div = map(as_function, (Tensor.add, Tensor.sub, Tensor.mul, Tensor.div))
eq, ne, lt = map(as_function, (Tensor.eq, Tensor.ne, Tensor.lt))
le, gt, ge = map(as_function, (Tensor.le, Tensor.gt, Tensor.ge))
diag, nonzero = as_function(Tensor.diag), as_function(Tensor.nonzero)
clone, detach, ravel = map(as_function, (Tensor.clone, Tensor.detach, Tensor.ravel))
addcmul, addcdiv = as_function(Tensor.addcmul), as_function(Tensor.addcdiv)
addmm, lerp, clip = map(as_function, (Tensor.addmm, Tensor.lerp, Tensor.clip))
logical_and, logical_or = as_function(Tensor.logical_and), as_function(Tensor.logical_or)
logical_xor, logical_not = as_function(Tensor.logical_xor), as_function(Tensor.logical_not)
narrow, select, scatter = map(as_function, (Tensor.narrow, Tensor.select, Tensor.scatter))
masked_select = as_function(Tensor.masked_select)
equal, allclose = as_function(Tensor.equal), as_function(Tensor.allclose)
std, norm, prod, cumsum = map(as_function, (Tensor.std, Tensor.norm, Tensor.prod, Tensor.cumsum))
logsumexp, softmax = as_function(Tensor.logsumexp), as_function(Tensor.softmax)
log_softmax = as_function(Tensor.log_softmax)
all, any = as_function(Tensor.all), as_function(Tensor.any)
sort, argsort, topk = map(as_function, (Tensor.sort, Tensor.argsort, Tensor.topk))
mm, bmm, mv, dot = map(as_function, (Tensor.mm, Tensor.bmm, Tensor.mv, Tensor.dot))
outer = as_function(Tensor.outer)
t, movedim, numel = map(as_function, (Tensor.t, Tensor.movedim, Tensor.numel))
split, chunk, unbind = map(as_function, (Tensor.split, Tensor.chunk, Tensor.unbind))
roll, gather = map(as_function, (Tensor.roll, Tensor.gather))
index_select, masked_fill = as_function(Tensor.index_select), as_function(Tensor.masked_fill)
tril, triu, unique = map(as_function, (Tensor.tril, Tensor.triu, Tensor.unique))
repeat_interleave = as_function(Tensor.repeat_interleave)
concat = cat


def flip(input, dims):
    """The entries along the dimensions `dims` in reverse order: a copy."""
    return input.flip(dims)


def minimum(input, other):
    """The smaller of two elements, at every position; NaN where one of them is NaN."""
    return input.min(other)


def vstack(tensors):
    """Rows, or matrices, one below the other."""
    return cat([x if x.ndim > 1 else x.reshape(1, -1) for x in tensors])


def hstack(tensors):
    """Vectors one after the other, matrices side by side."""
    return cat(tensors, 0 if tensors[0].ndim < 2 else 1)


def meshgrid(*tensors, indexing="ij"):
    """For each vector a tensor that has its numbers along its own dimension."""
    vectors = tensors[0] if isinstance(tensors[0], (list, tuple)) else tensors
    if python.any(x.ndim > 1 for x in vectors):
        raise RuntimeError(f"meshgrid: expected vectors, not {[tuple(x.shape) for x in vectors]}")
    sizes, count = [x.numel() for x in vectors], len(vectors)
    grids = []
    for own, x in enumerate(vectors):
        shape = [sizes[own] if d == own else 1 for d in range(count)]
        grid = x.reshape(shape).expand(sizes)
        grids.append(grid.transpose(0, 1) if indexing == "xy" and count > 1 else grid)
    return tuple(grids)


long, double, float = int64, float64, float32
bool, int = np.dtype("bool"), int32
