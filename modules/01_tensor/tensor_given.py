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
import itertools
import math
import sys
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
    abs,
    as_array,
    as_function,
    cat,
    checked_dim,
    device,
    drawn_from,
    exp,
    eye,
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
    "absolute", "acos", "acosh", "arccos", "arcsin", "arctan", "arctan2", "asin", "asinh", "atan",
    "atan2", "atanh", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "clamp_max",
    "clamp_min", "cosh", "divide", "exp2", "expm1", "floor_divide", "fmod", "frac", "heaviside",
    "digamma", "hypot", "isclose", "lgamma", "logaddexp", "logit", "multiply", "nan_to_num",
    "negative", "remainder", "signbit", "sinh", "subtract", "tan", "true_divide", "trunc", "xlogy",
    "amax", "amin", "aminmax", "argwhere", "bincount", "corrcoef", "count_nonzero", "cov",
    "cummax", "cummin", "cumprod", "dist", "kthvalue", "median", "quantile", "std_mean", "trace",
    "var_mean",
    "addmv", "baddbmm", "cdist", "cosine_similarity", "cross", "det", "inner", "inverse", "kron",
    "linalg", "logdet", "slogdet", "spmm", "svd", "tensordot", "vdot",
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_tensors", "broadcast_to",
    "bucketize", "cartesian_prod", "column_stack", "combinations", "concatenate", "diag_embed",
    "diagonal", "diff", "dstack", "fliplr", "flipud", "index_add", "index_fill", "logspace",
    "masked_scatter", "rot90", "scatter_add", "scatter_reduce", "searchsorted", "swapaxes",
    "swapdims", "take", "take_along_dim", "tensor_split", "tile", "tril_indices", "triu_indices",
    "unflatten",
    "asarray", "deg2rad", "diagflat", "fmax", "fmin", "ger", "hsplit", "index_put", "isin", "mode",
    "moveaxis", "msort", "nanmean", "nansum", "poisson", "rad2deg", "sgn", "trapezoid", "vsplit",
    "__version__", "dtype", "get_num_threads", "is_complex", "is_floating_point", "promote_types",
    "set_float32_matmul_precision", "set_num_threads", "set_printoptions",
    "use_deterministic_algorithms",
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


class _Typed(type):
    """The old constructors, `LongTensor([1, 2])` and `LongTensor(2, 3)`, which are types too."""

    def __call__(cls, *data):
        return Tensor(*data, dtype=cls.dtype)

    def __instancecheck__(cls, value):
        return isinstance(value, Tensor) and value.dtype == cls.dtype


def _typed(dtype):
    return _Typed("Tensor", (), {"dtype": dtype})


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

    def slopes(self, grad, out, x):
        """The same on tensors, for gradients of gradients."""
        return grad * x.cos()


class Cos(Function):
    forward = np.cos

    def backward(self, grad):
        return -grad * np.sin(self.args[0])

    def slopes(self, grad, out, x):
        return -grad * x.sin()


class Log1p(Function):
    forward = np.log1p

    def backward(self, grad):
        return grad / (1 + self.args[0])

    def slopes(self, grad, out, x):
        return grad / (1 + x)


class Sigmoid(Function):
    def forward(self, x):
        small = np.exp(-np.abs(x))  # never above 1: no overflow
        return np.where(x >= 0, 1, small) / (1 + small)

    def backward(self, grad):
        return grad * self.out * (1 - self.out)

    def slopes(self, grad, out, x):
        return grad * out * (1 - out)


class CumSum(Function):
    def forward(self, a, dim):
        return np.cumsum(a, axis=dim, dtype=None if a.dtype.kind == "f" else int64)

    def backward(self, grad):
        dim = self.args[1]
        return np.flip(np.cumsum(np.flip(grad, dim), axis=dim), dim)

    def slopes(self, grad, out, x, dim):
        return grad.flip(dim).cumsum(dim).flip(dim)


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

    def written_out(self, a, diagonal):
        """The same by indexing, for gradients of gradients."""
        if a.ndim == 2:
            return a[np.eye(*a.shape, diagonal, dtype="bool")]
        size = len(a) + python.abs(diagonal)
        out = zeros(size, size, dtype=a.dtype)
        out[np.eye(size, k=diagonal, dtype="bool")] = a
        return out


class Step(Function):
    """A function in steps: its slope is 0."""

    def forward(self, a, function):
        return function(a)

    def backward(self, grad):
        return np.zeros_like(grad)

    def slopes(self, grad, out, a, function):
        return zeros_like(grad)


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

    def slopes(self, grad, result, equation, *tensors):
        inputs, out = equation.split("->")
        terms = inputs.split(",")
        found = [None]
        for i, (term, tensor) in enumerate(zip(terms, tensors)):
            others = [t for j, t in enumerate(terms) if j != i]
            known = set("".join([out, *others]))
            reached = "".join(letter for letter in term if letter in known)
            rest = [x for j, x in enumerate(tensors) if j != i]
            part = Einsum.apply(",".join([out, *others]) + "->" + reached, grad, *rest)
            shape = [n if letter in known else 1 for n, letter in zip(tensor.shape, term)]
            found.append(part.reshape(shape).expand(tensor.shape))
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


def _without_repeats(term, tensor):
    """The term with each letter once, and the diagonals of the tensor that this means."""
    for letter in sorted(set(term)):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            tensor = tensor.diagonal(0, first, second)
            term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return term, tensor


def einsum(equation, *operands):
    """Sums of products, by the letters of the dimensions: "bij,bjk->bik" (Einstein, 1916).

    Args:
        equation: a letter for each dimension of each operand; "..." stands for leading ones. What
            is missing at the right of "->" is summed. A letter twice in one operand is for its
            diagonal.
        operands: the tensors, or one list of them.
    """
    tensors = operands[0] if len(operands) == 1 and isinstance(operands[0], list) else operands
    inputs, _, out = _spelled_out(equation, tensors).partition("->")
    pairs = [_without_repeats(term, x) for term, x in zip(inputs.split(","), tensors)]
    equation, tensors = ",".join(term for term, _ in pairs) + "->" + out, [x for _, x in pairs]
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
        return Root.apply(self.var(dim, unbiased, keepdim, correction=correction, axis=axis))

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
            return Root.apply((x * x).sum(dim, keepdim))
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
        """One dimension, or several, at another place."""
        lists = [d if isinstance(d, (tuple, list)) else [d] for d in (source, destination)]
        moved, places = ([checked_dim(d, self.ndim) for d in part] for part in lists)
        order = [d for d in range(self.ndim) if d not in moved]
        for place, dim in sorted(zip(places, moved)):
            order.insert(place, dim)
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
# ## Still more functions of each element
#
# `slope` is the derivative, made of operations on tensors: the rule on arrays takes its numbers,
# and the rule for gradients of gradients its history.


# %%
#| export
class Smooth(Function):
    """A function of each element, with its slope."""

    def backward(self, grad):
        return grad * self.slope(wrap(np.asarray(self.args[0]))).data

    def slopes(self, grad, out, x):
        return grad * self.slope(x)


class Erf(Smooth):
    def forward(self, x):
        return np.vectorize(math.erf, otypes=[x.dtype])(x)

    def slope(self, x):
        return (-x * x).exp() * (2 / math.sqrt(math.pi))


class Expm1(Smooth):
    forward = np.expm1

    def slope(self, x):
        return x.exp()


class Sinh(Smooth):
    forward = np.sinh

    def slope(self, x):
        return x.cosh()


class Cosh(Smooth):
    forward = np.cosh

    def slope(self, x):
        return x.sinh()


class Tan(Smooth):
    forward = np.tan

    def slope(self, x):
        return 1 / x.cos() ** 2


class Asin(Smooth):
    forward = np.arcsin

    def slope(self, x):
        return (1 - x * x).rsqrt()


class Acos(Smooth):
    forward = np.arccos

    def slope(self, x):
        return -(1 - x * x).rsqrt()


class Atan(Smooth):
    forward = np.arctan

    def slope(self, x):
        return 1 / (1 + x * x)


class Asinh(Smooth):
    forward = np.arcsinh

    def slope(self, x):
        return (1 + x * x).rsqrt()


class Acosh(Smooth):
    forward = np.arccosh

    def slope(self, x):
        return (x * x - 1).rsqrt()


class Atanh(Smooth):
    forward = np.arctanh

    def slope(self, x):
        return 1 / (1 - x * x)


class Lgamma(Smooth):
    def forward(self, x):
        return np.vectorize(math.lgamma, otypes=[x.dtype])(x)

    def slope(self, x):
        return x.digamma()


class Root(Function):
    """The square root in a norm: where that is 0, its slope counts as 0."""

    forward = np.sqrt

    def backward(self, grad):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.out == 0, 0, grad / (2 * self.out))

    def slopes(self, grad, out, x):
        none = out.data == 0
        return where(none, zeros_like(out), grad / (2 * where(none, ones_like(out), out)))


class CumProd(Function):
    def forward(self, a, dim):
        return np.cumprod(a, axis=dim, dtype=None if a.dtype.kind == "f" else int64)

    def backward(self, grad):
        """Of each factor: what came for the products that it is part of, over the factor."""
        a, dim = self.args
        if (a != 0).all():
            weighed = np.flip(np.cumsum(np.flip(grad * self.out, dim), axis=dim), dim)
            return weighed / a
        a, grad = (np.moveaxis(x, dim, -1) for x in (a, grad))
        found = np.zeros_like(a)
        for i in range(a.shape[-1]):  # without this factor, as a 0 cannot be divided by
            others = a.copy()
            others[..., i] = 1
            found[..., i] = (np.cumprod(others, axis=-1) * grad)[..., i:].sum(axis=-1)
        return np.moveaxis(found, -1, dim)

    def slopes(self, grad, out, x, dim):
        return (grad * out).flip(dim).cumsum(dim).flip(dim) / x


def _smooth(operation, text):
    def method(self):
        return operation.apply(wide(self))

    method.__doc__ = text
    return method


for _name, _operation, _text in (
    ("erf", Erf, "The error function of each element."),
    ("lgamma", Lgamma, "The logarithm of the gamma function: log((x - 1)!)."),
    ("expm1", Expm1, "exp(x) - 1, exact also for small x."),
    ("sinh", Sinh, "The hyperbolic sine of each element."),
    ("cosh", Cosh, "The hyperbolic cosine of each element."),
    ("tan", Tan, "The tangent of each element, in radians."),
    ("asin", Asin, "The angle whose sine is x."),
    ("acos", Acos, "The angle whose cosine is x."),
    ("atan", Atan, "The angle whose tangent is x."),
    ("asinh", Asinh, "The number whose hyperbolic sine is x."),
    ("acosh", Acosh, "The number whose hyperbolic cosine is x."),
    ("atanh", Atanh, "The number whose hyperbolic tangent is x."),
):
    _method = _smooth(_operation, _text)
    _method.__name__ = _name
    setattr(Tensor, _name, _method)
Tensor.arcsin, Tensor.arccos, Tensor.arctan = Tensor.asin, Tensor.acos, Tensor.atan


def _bitwise(operation, name):
    """`operation` of NumPy for whole numbers and bools; it has no gradient."""

    def method(self, other):
        return wrap(np.asarray(operation(self.data, unwrap(other))))

    method.__name__ = name
    return method


Tensor.bitwise_and = _bitwise(np.bitwise_and, "bitwise_and")
Tensor.bitwise_or = _bitwise(np.bitwise_or, "bitwise_or")
Tensor.bitwise_xor = _bitwise(np.bitwise_xor, "bitwise_xor")


@methods_of(Tensor)
class _StillMoreElementwise:
    def digamma(self):
        """The slope of `lgamma`, for numbers above 0 (no gradient is recorded)."""
        x = wide(self).data.astype(float64)
        small = np.zeros_like(x)
        for _ in range(6):  # psi(x) = psi(x + 1) - 1 / x: up to where its series is exact
            small = small - np.where(x < 6, 1 / x, 0)
            x = np.where(x < 6, x + 1, x)
        powers = 1 / x**2
        series = powers * (1 / 12 - powers * (1 / 120 - powers * (1 / 252 - powers / 240)))
        return wrap(np.asarray(small + np.log(x) - 0.5 / x - series, wide(self).dtype))

    def maximum(self, other):
        """The larger of two elements, at every position; NaN where one of them is NaN."""
        return self.max(other)

    def minimum(self, other):
        """The smaller of two elements, at every position; NaN where one of them is NaN."""
        return self.min(other)

    def exp2(self):
        """2 to the power x."""
        return (self * math.log(2)).exp()

    def atan2(self, other):
        """The angle of the point (other, self), in radians."""
        turned = wrap(np.arctan2(self.data, other.data))
        square = (self * self + other * other).detach()
        moved = (self * other.detach() - other * self.detach()) / square
        return turned + (moved - moved.detach())  # the angle, with the slopes of `moved`

    def hypot(self, other):
        """sqrt(self^2 + other^2)."""
        return (self * self + other * other).sqrt()

    def trunc(self):
        """x without its decimals."""
        return Step.apply(self, np.trunc)

    def frac(self):
        """The decimals of x."""
        return self - self.trunc()

    def fmod(self, other):
        """The remainder, with the sign of `self`."""
        return self - (self / other).detach().trunc().to(self.dtype) * other

    def remainder(self, other):
        """The remainder, with the sign of `other`: self % other."""
        return self % other

    def floor_divide(self, other):
        return self // other

    def logit(self, eps=None):
        """log(x / (1 - x)); `eps` keeps x away from 0 and 1."""
        x = self if eps is None else self.clamp(eps, 1 - eps)
        return (x / (1 - x)).log()

    def logaddexp(self, other):
        """log(exp(self) + exp(other)), without overflow."""
        top = wrap(np.maximum(self.data, other.data))
        return ((self - top).exp() + (other - top).exp()).log() + top

    def xlogy(self, other):
        """self * log(other), and 0 where self is 0."""
        other = other if isinstance(other, Tensor) else full_like(self, other)
        none = self.data == 0
        return where(none, zeros_like(self), self * where(none, ones_like(other), other).log())

    def nan_to_num(self, nan=0.0, posinf=None, neginf=None):
        """Finite numbers in place of NaN and the infinities."""
        found = np.nan_to_num(self.data, nan=nan, posinf=posinf, neginf=neginf)
        return where(np.isfinite(self.data), self, wrap(found))

    def heaviside(self, values):
        """0 below 0, 1 above, and `values` at 0."""
        return wrap(np.heaviside(self.data, values.data))

    def isclose(self, other, rtol=1e-05, atol=1e-08, equal_nan=False):
        """For each element whether it differs by at most atol + rtol * |other|."""
        return wrap(np.isclose(self.data, other.data, rtol, atol, equal_nan))

    def signbit(self):
        """Whether each element has a minus sign."""
        return wrap(np.signbit(self.data))

    def bitwise_not(self):
        return wrap(np.invert(self.data))

    def clamp_min(self, min):
        return self.clamp(min=min)

    def clamp_max(self, max):
        return self.clamp(max=max)

    def baddbmm(self, batch1, batch2, *, beta=1, alpha=1):
        """beta * self + alpha * (batch1 @ batch2)."""
        return beta * self + alpha * batch1.bmm(batch2)

    def addmv(self, mat, vec, *, beta=1, alpha=1):
        """beta * self + alpha * (mat @ vec)."""
        return beta * self + alpha * mat.mv(vec)


# %% [markdown]
# ## Still more reductions and shapes


# %%
#| export
@methods_of(Tensor)
class _StillMoreReductions:
    def cumprod(self, dim, dtype=None):
        """The products of the elements so far, along `dim`."""
        return CumProd.apply(self if dtype is None else self.to(dtype), checked_dim(dim, self.ndim))

    def cummax(self, dim):
        """(values, indices): the largest so far along `dim`, the last of equal ones."""
        return self._so_far(dim, np.maximum)

    def cummin(self, dim):
        """(values, indices): the smallest so far along `dim`, the last of equal ones."""
        return self._so_far(dim, np.minimum)

    def _so_far(self, dim, extreme):
        dim = checked_dim(dim, self.ndim)
        best = extreme.accumulate(self.data, axis=dim)
        shape = [-1 if d == dim else 1 for d in range(self.ndim)]
        at = np.where(self.data == best, np.arange(self.shape[dim]).reshape(shape), 0)
        index = wrap(np.maximum.accumulate(at, axis=dim))
        return ValuesIndices(self.gather(dim, index), index)

    def kthvalue(self, k, dim=-1, keepdim=False):
        """(values, indices): the k-th smallest along `dim`, counted from 1."""
        order = self.argsort(dim).narrow(dim, k - 1, 1)
        found = self.gather(dim, order)
        return ValuesIndices(*(x if keepdim else x.squeeze(dim) for x in (found, order)))

    def median(self, dim=None, keepdim=False):
        """The middle one of all elements, the lower of two; with `dim` (values, indices)."""
        if dim is None:
            flat = self.reshape(-1)
            return flat.kthvalue((flat.shape[0] + 1) // 2, 0).values
        return self.kthvalue((self.shape[dim] + 1) // 2, dim, keepdim)

    def quantile(self, q, dim=None, keepdim=False, *, interpolation="linear"):
        """What a part `q` of the elements is below, between two of them in a straight line.

        `q` is a number, or a tensor (Q,): then the result has Q rows.
        """
        x, dim = (self.reshape(-1), 0) if dim is None else (self, checked_dim(dim, self.ndim))
        ordered, last = x.sort(dim).values, x.shape[dim] - 1
        parts = np.atleast_1d(unwrap(q)) * last
        steps = {"linear": parts, "lower": np.floor(parts), "higher": np.ceil(parts)}
        if interpolation not in steps:
            raise ValueError(f"quantile: interpolation {interpolation!r} is not offered")
        found = []
        for part in steps[interpolation]:
            low = python.int(part)
            below, above = (ordered.select(dim, python.min(i, last)) for i in (low, low + 1))
            value = below + (above - below) * python.float(part - low)
            found.append(value.unsqueeze(dim) if keepdim else value)
        return found[0] if np.ndim(unwrap(q)) == 0 else stack(found)

    def count_nonzero(self, dim=None):
        """How many elements are not 0."""
        return (self != 0).sum(dim)

    def argwhere(self):
        """The positions of all elements that are not 0: (count, dimensions)."""
        return self.nonzero()

    def nansum(self, dim=None, keepdim=False):
        """The sum of all that is not NaN."""
        return self.nan_to_num(0.0, inf, -inf).sum(dim, keepdim)

    def nanmean(self, dim=None, keepdim=False):
        """The mean of all that is not NaN."""
        counts = wrap(np.asarray((~np.isnan(self.data)).astype(self.dtype)))
        return self.nansum(dim, keepdim) / counts.sum(dim, keepdim)

    def mode(self, dim=-1, keepdim=False):
        """(values, indices): the most frequent along `dim`, the smallest of several."""
        dim = checked_dim(dim, self.ndim)
        ordered = np.sort(self.data, axis=dim)
        equal = np.expand_dims(ordered, dim) == np.expand_dims(ordered, dim + 1)
        counts = equal.sum(axis=dim)
        best = np.take_along_axis(ordered, counts.argmax(dim, keepdims=True), dim)
        last = self.shape[dim] - 1 - np.flip(self.data == best, dim).argmax(dim, keepdims=True)
        index = wrap(last)
        found = self.gather(dim, index)
        return ValuesIndices(*(x if keepdim else x.squeeze(dim) for x in (found, index)))

    def aminmax(self, *, dim=None, keepdim=False):
        """(min, max)."""
        return MinMax(self.amin(dim, keepdim), self.amax(dim, keepdim))

    def dist(self, other, p=2):
        """The p-norm of the difference."""
        return (self - other).norm(p)

    def trace(self):
        """The sum of the diagonal."""
        return self.diagonal().sum()

    def bincount(self, weights=None, minlength=0):
        """How often each number from 0 on is there."""
        return wrap(np.bincount(self.data, unwrap(weights), minlength))

    def cov(self, *, correction=1):
        """The covariances of the rows."""
        x = self if self.ndim > 1 else self.unsqueeze(0)
        away = x - x.mean(1, keepdim=True)
        return (away @ away.T / (x.shape[1] - correction)).squeeze()

    def corrcoef(self):
        """The correlations of the rows."""
        cov = self.cov()
        if cov.ndim == 0:
            return cov / cov
        scale = cov.diagonal().sqrt()
        return cov / scale.unsqueeze(0) / scale.unsqueeze(1)


MinMax = namedtuple("aminmax", ["min", "max"])


@methods_of(Tensor)
class _StillMoreShapes:
    def unfold(self, dimension, size, step):
        """All windows of `size` entries along `dimension`, `step` apart; they come last."""
        dim = checked_dim(dimension, self.ndim)
        if not 0 <= size <= self.shape[dim] or step < 1:
            raise RuntimeError(f"unfold: size {size}, step {step} of {self.shape[dim]} entries")
        starts = np.arange(0, self.shape[dim] - size + 1, step)
        windows = self[self._along(dim, wrap(starts[:, None] + np.arange(size)))]
        return windows.movedim(dim + 1, -1)

    def unflatten(self, dim, sizes):
        """One dimension as several."""
        dim = checked_dim(dim, self.ndim)
        return self.reshape(*self.shape[:dim], *sizes, *self.shape[dim + 1 :])

    def diagonal(self, offset=0, dim1=0, dim2=1):
        """The diagonal of two dimensions, as the last one: a copy."""
        x = self.movedim(dim1, -1)
        dim2 = checked_dim(dim2, self.ndim)
        x = x.movedim(dim2 - (dim2 > checked_dim(dim1, self.ndim)), -1)
        rows, columns = x.shape[-2:]
        down, right = python.max(-offset, 0), python.max(offset, 0)
        at = np.arange(python.max(0, python.min(rows - down, columns - right)))
        return x[..., wrap(at + down), wrap(at + right)]

    def diag_embed(self, offset=0):
        """Matrices with the last dimension as their diagonals."""
        size = self.shape[-1] + python.abs(offset)
        more = (python.max(-offset, 0), python.max(offset, 0))
        on_it = np.eye(size, k=offset, dtype="bool")
        rows = [zeros(*self.shape[:-1], n, dtype=self.dtype) for n in more]
        padded = cat([rows[0], self, rows[1]], -1).unsqueeze(-1)
        return where(on_it, padded, zeros((), dtype=self.dtype))

    def tile(self, *dims):
        """Copies side by side, as `repeat`, where `dims` may also be shorter than the shape."""
        times = _sizes(dims)
        return self.repeat((1,) * (self.ndim - len(times)) + tuple(times))

    def tensor_split(self, indices_or_sections, dim=0):
        """Cut along `dim` into so many parts, or at these positions."""
        size = self.shape[dim]
        if isinstance(indices_or_sections, python.int):
            parts = np.array_split(np.arange(size), indices_or_sections)
            return self.split([len(part) for part in parts], dim)
        ends = [python.min(i, size) for i in indices_or_sections]
        pairs = zip([0, *ends], [*ends, size])
        return tuple(self.narrow(dim, a, python.max(b - a, 0)) for a, b in pairs)

    def rot90(self, k=1, dims=(0, 1)):
        """Turned by k quarters, from the first of `dims` to the second."""
        first, second = dims
        if k % 4 == 0:
            return self.clone()
        if k % 4 == 2:
            return self.flip(first, second)
        return self.flip(second if k % 4 == 1 else first).transpose(first, second)

    def take(self, index):
        """The elements at these positions of the flattened tensor."""
        return self.reshape(-1)[index]

    def take_along_dim(self, indices, dim=None):
        """`gather` where all other dimensions broadcast."""
        if dim is None:
            return self.reshape(-1).gather(0, indices.reshape(-1))
        dim = checked_dim(dim, self.ndim)
        sizes = [[n, m] for n, m in zip(self.shape, indices.shape)]
        others = [1 if d == dim else python.max(pair) for d, pair in enumerate(sizes)]
        x = self.expand([n if d == dim else o for d, (n, o) in enumerate(zip(self.shape, others))])
        at = [m if d == dim else o for d, (m, o) in enumerate(zip(indices.shape, others))]
        return x.gather(dim, indices.expand(at))

    def diff(self, n=1, dim=-1):
        """The differences of neighbors along `dim`, `n` times."""
        for _ in range(n):
            count = self.shape[dim] - 1
            self = self.narrow(dim, 1, count) - self.narrow(dim, 0, count)
        return self

    def index_put(self, indices, values, accumulate=False):
        """A copy with `values` at these positions: a tuple of tensors, as in x[indices]."""
        if not accumulate:
            out = self.clone()
            out[tuple(indices)] = values
            return out
        places = np.arange(self.data.size).reshape(self.shape)[tuple(unwrap(i) for i in indices)]
        flat = wrap(places.reshape(-1))
        added = values.expand(places.shape).reshape(-1)
        return self.reshape(-1).scatter_add(0, flat, added).reshape(self.shape)

    def index_put_(self, indices, values, accumulate=False):
        return self.copy_(self.index_put(indices, values, accumulate))

    def detach_(self):
        """Forget the history of this tensor itself."""
        self.grad_fn, self.requires_grad = None, False
        return self

    def data_ptr(self):
        """Where in memory the numbers begin."""
        return self.data.__array_interface__["data"][0]

    @property
    def nbytes(self):
        """Bytes of all elements."""
        return self.data.nbytes

    def new_empty(self, *sizes, dtype=None, device=None, requires_grad=False):
        return empty(*sizes, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


Tensor.swapaxes = Tensor.swapdims = Tensor.transpose
Tensor.moveaxis = Tensor.movedim
Tensor.broadcast_to = Tensor.expand
Tensor.inner = lambda self, other: (self.unsqueeze(-2) * other).sum(-1)
Tensor.inner.__name__ = "inner"


# %% [markdown]
# ## Putting numbers at positions


# %%
#| export
def _grid(dim, index):
    """What to index with, so that `index` counts along `dim`."""
    grid = list(np.indices(index.shape, sparse=True))
    if grid:
        grid[dim] = index
    return tuple(grid)


class Scatter(Function):
    """A copy with `src` at the positions `index` along `dim`."""

    def forward(self, a, dim, index, src):
        out = a.copy()
        out[_grid(dim, index)] = src
        return out

    def backward(self, grad):
        _, dim, index, _ = self.args
        grid = _grid(dim, index)
        kept = grad.copy()
        kept[grid] = 0
        return kept, None, None, grad[grid]

    def slopes(self, grad, out, a, dim, index, src):
        kept = Scatter.apply(grad, dim, index, 0)
        return kept, None, None, grad.gather(dim, wrap(index))


class ScatterAdd(Function):
    """A copy where `src` is added at the positions `index` along `dim`."""

    def forward(self, a, dim, index, src):
        out = a.copy()
        np.add.at(out, _grid(dim, index), src)
        return out

    def backward(self, grad):
        _, dim, index, _ = self.args
        return grad, None, None, grad[_grid(dim, index)]

    def slopes(self, grad, out, a, dim, index, src):
        return grad, None, None, grad.gather(dim, wrap(index))


@methods_of(Tensor)
class _Positions:
    def scatter(self, dim, index, src=None, *, value=None, reduce=None):
        """A copy with `src` (a tensor or a number) at `index` along `dim`.

        reduce: "add" for a sum with what was there.
        """
        src = value if src is None else src
        if reduce == "add":
            return self.scatter_add(dim, index, src)
        if reduce is not None:
            raise RuntimeError(f"scatter: reduce={reduce!r} is not offered: see scatter_reduce")
        return Scatter.apply(self, *self._places(dim, index), self._fitting(index, src))

    def scatter_(self, dim, index, src=None, *, value=None, reduce=None):
        """Put `src` at `index` along `dim`, in place."""
        return self.copy_(self.scatter(dim, index, src, value=value, reduce=reduce))

    def scatter_add(self, dim, index, src):
        """A copy where `src` is added at `index` along `dim`; a position may come several times."""
        return ScatterAdd.apply(self, *self._places(dim, index), self._fitting(index, src))

    def scatter_add_(self, dim, index, src):
        return self.copy_(self.scatter_add(dim, index, src))

    def _places(self, dim, index):
        dim = checked_dim(dim, self.ndim)
        size = self.shape[dim] if self.ndim else 1
        if index.data.size and not 0 <= index.data.min() <= index.data.max() < size:
            raise PositionError(f"scatter: a position outside of 0 to {size - 1} in dim {dim}")
        return dim, index.data

    def _fitting(self, index, src):
        """The part of `src` that `index` speaks of, in this dtype."""
        if not isinstance(src, Tensor):
            return np.asarray(src, self.dtype)
        if src.dtype != self.dtype:
            raise DtypeError(f"scatter: self is {self.dtype}, but src is {src.dtype}")
        return src if src.shape == index.shape else src[tuple(map(slice, index.shape))]

    def scatter_reduce(self, dim, index, src, reduce, *, include_self=True):
        """A copy with the sum, mean, amax or amin of all of `src` that falls on one position.

        include_self: what was there takes part too.
        """
        places = self._places(dim, index)
        hit = np.zeros(self.shape, self.dtype)
        np.add.at(hit, _grid(*places), 1)
        base = self if include_self else where(hit > 0, zeros_like(self), self)
        if reduce == "sum":
            return base.scatter_add(dim, index, src)
        if reduce == "mean":
            counts = np.maximum(hit + include_self, 1)
            return base.scatter_add(dim, index, src) / where(hit > 0, wrap(counts), 1.0)
        if reduce not in ("amax", "amin"):
            raise RuntimeError(f"scatter_reduce: reduce={reduce!r}: sum, mean, amax or amin")
        return self._extreme_at(places, self._fitting(index, src), reduce, include_self, hit)

    def _extreme_at(self, places, src, reduce, include_self, hit):
        """`scatter_reduce` for amax and amin: equal ones share the gradient."""
        grid, extreme = _grid(*places), np.maximum if reduce == "amax" else np.minimum
        nothing = -inf if reduce == "amax" else inf
        best = self.data.copy() if include_self else np.where(hit > 0, nothing, self.data)
        best = best.astype(self.dtype)
        extreme.at(best, grid, src.data)
        wins = (src.data == best[grid]).astype(self.dtype)
        own = (self.data == best) & (include_self | (hit == 0))
        shares = own.astype(self.dtype)
        np.add.at(shares, grid, wins)
        total = ScatterAdd.apply(where(own, self, zeros_like(self)), *places, src * wrap(wins))
        return total / wrap(shares)

    def index_add(self, dim, index, source, *, alpha=1):
        """A copy where the entries of `source` are added at `index` along `dim`."""
        dim = checked_dim(dim, self.ndim)
        shape = [-1 if d == dim else 1 for d in range(source.ndim)]
        at = wrap(np.broadcast_to(index.data.reshape(shape), source.shape))
        return self.scatter_add(dim, at, source if alpha == 1 else alpha * source)

    def index_add_(self, dim, index, source, *, alpha=1):
        return self.copy_(self.index_add(dim, index, source, alpha=alpha))

    def index_copy_(self, dim, index, source):
        """Put the entries of `source` at `index` along `dim`."""
        self[self._along(checked_dim(dim, self.ndim), index)] = source
        return self

    def index_fill(self, dim, index, value):
        """A copy with `value` at the positions in `index` along `dim`."""
        return self.clone().index_fill_(dim, index, value)

    def masked_scatter(self, mask, source):
        """A copy with the first numbers of `source` where `mask` is true."""
        mask = mask.expand(self.shape)
        out = self.clone()
        out[mask] = source.reshape(-1)[: python.int(mask.data.sum())]
        return out

    def fill_diagonal_(self, fill_value, wrap=False):
        """Put a number on the diagonal."""
        at = np.arange(python.min(self.shape))
        self[(at,) * self.ndim] = fill_value
        return self


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

    def neg_(self):
        return self.mul_(-1)

    def square_(self):
        return self.mul_(self)

    def addmm_(self, mat1, mat2, *, beta=1, alpha=1):
        return self.copy_(self.addmm(mat1, mat2, beta=beta, alpha=alpha))

    def baddbmm_(self, batch1, batch2, *, beta=1, alpha=1):
        return self.copy_(self.baddbmm(batch1, batch2, beta=beta, alpha=alpha))

    def clamp_min_(self, min):
        return self.clamp_(min=min)

    def clamp_max_(self, max):
        return self.clamp_(max=max)

    def clip_(self, min=None, max=None):
        return self.clamp_(min, max)

    def random_(self, from_=0, to=None):
        """Fill with whole numbers from `from_` to `to` - 1; with one number, from 0 to below it."""
        low, high = (0, from_) if to is None and from_ else (from_, to or 2**24)
        numbers = drawn_from(None).integers(low, high, self.shape)
        return self.copy_(wrap(np.asarray(numbers, self.dtype)))

    def exponential_(self, lambd=1.0):
        """Fill with waiting times: exponentially distributed numbers of mean 1 / lambd."""
        waits = drawn_from(None).exponential(1 / lambd, self.shape)
        return self.copy_(wrap(np.asarray(waits, self.dtype)))

    def unsqueeze_(self, dim):
        return self._reshaped(self.unsqueeze(dim))

    def squeeze_(self, *dims):
        return self._reshaped(self.squeeze(*dims))

    def transpose_(self, dim0, dim1):
        return self._reshaped(self.transpose(dim0, dim1))

    def t_(self):
        return self._reshaped(self.t())

    def _reshaped(self, new):
        """Take on another shape, and the history that goes with it."""
        if self.requires_grad and getattr(self, "grad_fn", None) is None:
            raise RuntimeError("a leaf that requires grad cannot change its shape in place")
        self.data, self.grad_fn = new.data, getattr(new, "grad_fn", None)
        return self

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


def _in_place(name):
    """`exp_` for `exp`: the same, which overwrites the tensor."""

    def method(self, *args, **kwargs):
        return self.copy_(getattr(self, name)(*args, **kwargs))

    method.__name__ = f"{name}_"
    return method


for _name in (
    "abs", "acos", "asin", "atan", "ceil", "cos", "cosh", "cumprod", "cumsum", "erf", "exp",
    "expm1", "floor", "fmod", "frac", "index_fill", "log", "log10", "log1p", "log2", "logit",
    "masked_scatter", "nan_to_num", "reciprocal", "relu", "remainder", "round", "rsqrt",
    "scatter_reduce", "sigmoid", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "tril", "triu",
    "trunc", "xlogy",
):  # fmt: skip
    if not hasattr(Tensor, f"{_name}_"):
        setattr(Tensor, f"{_name}_", _in_place(_name))


# %% [markdown]
# ## And as functions

# %%
#| export
sin, cos, log1p, log2, log10 = map(
    as_function, (Tensor.sin, Tensor.cos, Tensor.log1p, Tensor.log2, Tensor.log10)
)
sigmoid, relu, square = map(as_function, (Tensor.sigmoid, Tensor.relu, Tensor.square))
rsqrt, reciprocal, neg = map(as_function, (Tensor.rsqrt, Tensor.reciprocal, Tensor.neg))
floor, ceil, round, sign = map(as_function, (Tensor.floor, Tensor.ceil, Tensor.round, Tensor.sign))
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
narrow, select = as_function(Tensor.narrow), as_function(Tensor.select)
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
concat = concatenate = cat
erf, exp2, expm1, sinh, cosh, tan = map(
    as_function, (Tensor.erf, Tensor.exp2, Tensor.expm1, Tensor.sinh, Tensor.cosh, Tensor.tan)
)
lgamma, digamma = as_function(Tensor.lgamma), as_function(Tensor.digamma)
asin, acos, atan, atan2 = map(as_function, (Tensor.asin, Tensor.acos, Tensor.atan, Tensor.atan2))
asinh, acosh, atanh = map(as_function, (Tensor.asinh, Tensor.acosh, Tensor.atanh))
arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
hypot, trunc, frac = map(as_function, (Tensor.hypot, Tensor.trunc, Tensor.frac))
fmod, remainder = as_function(Tensor.fmod), as_function(Tensor.remainder)
floor_divide, logit = as_function(Tensor.floor_divide), as_function(Tensor.logit)
logaddexp, xlogy = as_function(Tensor.logaddexp), as_function(Tensor.xlogy)
nan_to_num, heaviside = as_function(Tensor.nan_to_num), as_function(Tensor.heaviside)
isclose, signbit = as_function(Tensor.isclose), as_function(Tensor.signbit)
bitwise_and, bitwise_or = as_function(Tensor.bitwise_and), as_function(Tensor.bitwise_or)
bitwise_xor, bitwise_not = as_function(Tensor.bitwise_xor), as_function(Tensor.bitwise_not)
clamp_min, clamp_max = as_function(Tensor.clamp_min), as_function(Tensor.clamp_max)
baddbmm, addmv = as_function(Tensor.baddbmm), as_function(Tensor.addmv)
cumprod, cummax, cummin = map(as_function, (Tensor.cumprod, Tensor.cummax, Tensor.cummin))
kthvalue, median, quantile = map(as_function, (Tensor.kthvalue, Tensor.median, Tensor.quantile))
count_nonzero, argwhere = as_function(Tensor.count_nonzero), as_function(Tensor.argwhere)
aminmax, dist, trace = map(as_function, (Tensor.aminmax, Tensor.dist, Tensor.trace))
amax, amin = as_function(Tensor.amax), as_function(Tensor.amin)
bincount, cov, corrcoef = map(as_function, (Tensor.bincount, Tensor.cov, Tensor.corrcoef))
unflatten, diagonal = as_function(Tensor.unflatten), as_function(Tensor.diagonal)
diag_embed, tensor_split = as_function(Tensor.diag_embed), as_function(Tensor.tensor_split)
rot90, take, diff = map(as_function, (Tensor.rot90, Tensor.take, Tensor.diff))
take_along_dim, inner = as_function(Tensor.take_along_dim), as_function(Tensor.inner)
scatter, scatter_add = as_function(Tensor.scatter), as_function(Tensor.scatter_add)
scatter_reduce, index_add = as_function(Tensor.scatter_reduce), as_function(Tensor.index_add)
index_fill, masked_scatter = as_function(Tensor.index_fill), as_function(Tensor.masked_scatter)
broadcast_to, swapaxes = as_function(Tensor.expand), as_function(Tensor.transpose)
swapdims, vdot, spmm = swapaxes, dot, mm  # all matrices are dense here
absolute, negative, multiply, divide = abs, neg, mul, div
moveaxis, asarray, ger, sgn = movedim, as_tensor, outer, sign
nansum, nanmean, mode = map(as_function, (Tensor.nansum, Tensor.nanmean, Tensor.mode))
index_put = as_function(Tensor.index_put)
true_divide, subtract = div, sub


def fmax(input, other):
    """The larger of two elements; the other one where one of them is NaN."""
    a, b = (where(x.isnan(), y, x) for x, y in ((input, other), (other, input)))
    return a.maximum(b)


def fmin(input, other):
    """The smaller of two elements; the other one where one of them is NaN."""
    return -fmax(-input, -other)


def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """For each element whether it is among the others."""
    return wrap(np.isin(unwrap(elements), unwrap(test_elements), assume_unique, invert=invert))


def deg2rad(input):
    """Degrees as radians."""
    return input * (math.pi / 180)


def rad2deg(input):
    """Radians as degrees."""
    return input * (180 / math.pi)


def diagflat(input, offset=0):
    """A matrix with all elements on its diagonal."""
    return input.reshape(-1).diag(offset)


def hsplit(input, indices_or_sections):
    """Cut into pieces side by side."""
    return input.tensor_split(indices_or_sections, 0 if input.ndim == 1 else 1)


def vsplit(input, indices_or_sections):
    """Cut into pieces one below the other."""
    return input.tensor_split(indices_or_sections, 0)


def msort(input):
    """Sorted along the first dimension."""
    return input.sort(0).values


def trapezoid(y, x=None, *, dx=1.0, dim=-1):
    """The area below the straight lines between points."""
    count = y.shape[dim] - 1
    mean = (y.narrow(dim, 0, count) + y.narrow(dim, 1, count)) / 2
    return (mean * (dx if x is None else x.diff(dim=-1))).sum(dim)


def poisson(input, generator=None):
    """Counts, each with the mean that stands in `input`."""
    return wrap(np.asarray(drawn_from(generator).poisson(input.data), input.dtype))


def tile(input, dims):
    """Copies side by side: see `Tensor.tile`."""
    return input.tile(dims)


def fliplr(input):
    """The columns in reverse order."""
    return input.flip(1)


def flipud(input):
    """The rows in reverse order."""
    return input.flip(0)


def var_mean(input, dim=None, **how):
    """(var, mean)."""
    return input.var(dim, **how), input.mean(dim, how.get("keepdim", False))


def std_mean(input, dim=None, **how):
    """(std, mean)."""
    return input.std(dim, **how), input.mean(dim, how.get("keepdim", False))


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The cosine of the angle between the vectors along `dim`."""
    squares = (x1 * x1).sum(dim) * (x2 * x2).sum(dim)
    return (x1 * x2).sum(dim) / squares.clamp(min=eps * eps).sqrt()


def cdist(x1, x2, p=2.0, compute_mode=None):
    """The p-norms of all differences: (..., R, D) and (..., S, D) to (..., R, S)."""
    return (x1.unsqueeze(-2) - x2.unsqueeze(-3)).norm(p, -1)


def cross(input, other, dim=-1):
    """The product of vectors of three numbers that stands at a right angle to both."""
    a, b = input.unbind(dim), other.unbind(dim)
    parts = [a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)]
    return stack(parts, dim)


def kron(input, other):
    """Each element of one matrix times the whole other one."""
    ndim = python.max(input.ndim, other.ndim)
    a, b = (x.reshape((1,) * (ndim - x.ndim) + tuple(x.shape)) for x in (input, other))
    spread = a.reshape([n for size in a.shape for n in (size, 1)])
    other_way = b.reshape([n for size in b.shape for n in (1, size)])
    return (spread * other_way).reshape([n * m for n, m in zip(a.shape, b.shape)])


def tensordot(a, b, dims=2):
    """The sums of products over the last `dims` of `a` and the first of `b`, or over two lists."""
    if isinstance(dims, python.int):
        dims = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    first, second = ([checked_dim(d, x.ndim) for d in part] for part, x in zip(dims, (a, b)))
    rows = [d for d in range(a.ndim) if d not in first]
    columns = [d for d in range(b.ndim) if d not in second]
    size = math.prod(a.shape[d] for d in first)
    left, right = a.permute(rows + first), b.permute(second + columns)
    product = left.reshape(-1, size) @ right.reshape(size, -1)
    return product.reshape([a.shape[d] for d in rows] + [b.shape[d] for d in columns])


def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None):
    """Where to put each number, so that the sequence stays sorted along its last dimension."""
    side = side or ("right" if right else "left")
    values = np.asarray(unwrap(input))
    if sorted_sequence.ndim == 1:
        found = np.searchsorted(sorted_sequence.data, values, side)
    else:
        rows = sorted_sequence.data.reshape(-1, sorted_sequence.shape[-1])
        asked = values.reshape(len(rows), -1)
        found = np.stack([np.searchsorted(a, v, side) for a, v in zip(rows, asked)])
        found = found.reshape(values.shape)
    return wrap(np.asarray(found, int32 if out_int32 else int64))


def bucketize(input, boundaries, *, out_int32=False, right=False):
    """Between which of the boundaries each number lies."""
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def cartesian_prod(*tensors):
    """All combinations of one element of each vector."""
    if len(tensors) == 1:
        return tensors[0]
    return stack([grid.reshape(-1) for grid in meshgrid(*tensors)], 1)


def combinations(input, r=2, with_replacement=False):
    """All choices of `r` elements of a vector."""
    kind = "combinations_with_replacement" if with_replacement else "combinations"
    chosen = list(getattr(itertools, kind)(range(len(input)), r))
    return input[wrap(np.array(chosen, int64).reshape(-1, r))]


def tril_indices(row, col, offset=0, *, dtype=None, device=None):
    """The positions on and below the diagonal: (2, count)."""
    return wrap(np.stack(np.tril_indices(row, offset, col)).astype(dtype or int64))


def triu_indices(row, col, offset=0, *, dtype=None, device=None):
    """The positions on and above the diagonal: (2, count)."""
    return wrap(np.stack(np.triu_indices(row, offset, col)).astype(dtype or int64))


def logspace(start, end, steps, base=10.0, *, dtype=None, device=None, requires_grad=False):
    """`steps` powers of `base`, with exponents from start to end."""
    numbers = np.logspace(unwrap(start), unwrap(end), steps, base=base)
    return _fresh(numbers.astype(dtype or float32), requires_grad, device)


def block_diag(*tensors):
    """A matrix with these matrices along its diagonal, and zeros elsewhere."""
    parts = [x.reshape(1, -1) if x.ndim < 2 else x for x in tensors]
    width, before, rows = python.sum(x.shape[1] for x in parts), 0, []
    for x in parts:
        after = width - before - x.shape[1]
        around = [zeros(x.shape[0], n, dtype=x.dtype) for n in (before, after)]
        rows.append(cat([around[0], x, around[1]], 1))
        before += x.shape[1]
    return cat(rows)


def broadcast_tensors(*tensors):
    """All stretched to one shape."""
    shape = np.broadcast_shapes(*(x.shape for x in tensors))
    return tuple(x.expand(shape) for x in tensors)


def _at_least(ndim, *tensors):
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tensors[0]
    found = []
    for x in tensors:
        before = {0: ndim - 1, 1: python.max(ndim - 2, 0)}.get(x.ndim, 0) if ndim > 1 else 0
        after = python.max(ndim - x.ndim - before, 0)
        found.append(x.reshape((1,) * before + tuple(x.shape) + (1,) * after))
    return found[0] if len(found) == 1 else tuple(found)


def atleast_1d(*tensors):
    """Numbers as vectors."""
    return _at_least(1, *tensors)


def atleast_2d(*tensors):
    """Numbers and vectors as matrices of one row."""
    return _at_least(2, *tensors)


def atleast_3d(*tensors):
    """With three dimensions."""
    return _at_least(3, *tensors)


def column_stack(tensors):
    """Vectors as columns side by side, matrices too."""
    return cat([x.reshape(-1, 1) if x.ndim < 2 else x for x in tensors], 1)


def dstack(tensors):
    """One behind the other, along the third dimension."""
    return cat([atleast_3d(x) for x in tensors], 2)


def is_floating_point(input):
    """Whether the tensor holds floats."""
    return input.is_floating_point()


def is_complex(input):
    """False: there are no complex numbers here."""
    return False


def promote_types(type1, type2):
    """The dtype of a result of these two."""
    return np.result_type(type1, type2)


def set_float32_matmul_precision(precision):
    """On the CPU products are exact in any case."""


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Everything is deterministic here."""


def set_num_threads(count):
    """NumPy chooses; the variable OPENBLAS_NUM_THREADS sets it before Python starts."""


def get_num_threads():
    """One: what Python itself uses."""
    return 1


def set_printoptions(precision=None, threshold=None, linewidth=None, **others):
    """Tensors are shown as they are."""


class linalg:
    """Linear algebra: norms, products, inverses, and what is computed with them."""

    cross = staticmethod(cross)

    @staticmethod
    def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
        """The norm of the elements over `dim` (None: all), as one vector."""
        return x.norm(ord, dim, keepdim, dtype)

    @staticmethod
    def norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
        """The norm of vectors, or of all elements; other norms of matrices are not offered."""
        if ord not in (None, "fro") and dim is None and A.ndim == 2:
            raise RuntimeError(f"linalg.norm: ord={ord!r} of a matrix is not offered")
        return A.norm(2 if ord in (None, "fro") else ord, dim, keepdim, dtype)

    @staticmethod
    def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
        """The root of the sum of all squares of each matrix."""
        if ord != "fro":
            raise RuntimeError(f"linalg.matrix_norm: ord={ord!r} is not offered")
        return A.norm(2, dim, keepdim, dtype)

    @staticmethod
    def inv(A):
        """The inverse of each matrix."""
        return Inverse.apply(_square("inv", A))

    @staticmethod
    def det(A):
        """The determinant of each matrix."""
        return Determinant.apply(_square("det", A))

    @staticmethod
    def slogdet(A):
        """(sign, logarithm of the size) of each determinant."""
        sign = np.linalg.slogdet(_square("slogdet", A).data)[0]
        return SignAndLog(wrap(np.asarray(sign)), LogDeterminant.apply(A))

    @staticmethod
    def solve(A, B):
        """x with A @ x = B."""
        if B.ndim == A.ndim - 1:
            return (linalg.inv(A) @ B.unsqueeze(-1)).squeeze(-1)
        return linalg.inv(A) @ B

    @staticmethod
    def matrix_power(A, n):
        """A @ A @ ..., n times."""
        if n < 0:
            A, n = linalg.inv(A), -n
        out = eye(A.shape[-1], dtype=A.dtype).expand(A.shape)
        for _ in range(n):
            out = out @ A
        return out

    @staticmethod
    def cholesky(A):
        """L, lower, with L @ L.T = A (no gradient is recorded)."""
        return wrap(np.linalg.cholesky(_without_gradient("cholesky", A)))

    @staticmethod
    def qr(A, mode="reduced"):
        """(Q, R) (no gradient is recorded)."""
        return tuple(map(wrap, np.linalg.qr(_without_gradient("qr", A), mode)))

    @staticmethod
    def eigh(A, UPLO="L"):
        """(values, vectors) of a symmetric matrix (no gradient is recorded)."""
        return tuple(map(wrap, np.linalg.eigh(_without_gradient("eigh", A), UPLO)))

    @staticmethod
    def svd(A, full_matrices=True):
        """(U, S, Vh) (no gradient is recorded)."""
        return tuple(map(wrap, np.linalg.svd(_without_gradient("svd", A), full_matrices)))

    @staticmethod
    def svdvals(A):
        """The singular values (no gradient is recorded)."""
        return linalg.svd(A)[1]

    @staticmethod
    def pinv(A):
        """The pseudo-inverse (no gradient is recorded)."""
        return wrap(np.linalg.pinv(_without_gradient("pinv", A)))

    @staticmethod
    def matrix_rank(A):
        """The rank of each matrix."""
        return wrap(np.asarray(np.linalg.matrix_rank(A.data)))

    @staticmethod
    def multi_dot(tensors):
        """The product of all, from the left to the right."""
        out, *others = tensors
        for other in others:
            out = out @ other
        return out


SignAndLog = namedtuple("slogdet", ["sign", "logabsdet"])


def _square(name, matrices):
    if matrices.ndim < 2 or matrices.shape[-1] != matrices.shape[-2]:
        raise RuntimeError(f"linalg.{name}: square matrices, not shape {tuple(matrices.shape)}")
    return matrices


def _without_gradient(name, matrices):
    if matrices.requires_grad:
        raise RuntimeError(f"linalg.{name} records no gradient here: use x.detach()")
    return matrices.data


class LinAlgError(RuntimeError, np.linalg.LinAlgError):
    """A matrix that has no inverse: PyTorch's RuntimeError, and NumPy's."""


class Inverse(Function):
    def forward(self, a):
        try:
            return np.linalg.inv(a)
        except np.linalg.LinAlgError as error:
            raise LinAlgError(f"linalg.inv: {error}") from None

    def backward(self, grad):
        turned = np.swapaxes(self.out, -1, -2)
        return -turned @ grad @ turned

    def slopes(self, grad, out, a):
        return -out.mT @ grad @ out.mT


class Determinant(Function):
    def forward(self, a):
        return np.linalg.det(a)

    def backward(self, grad):
        turned = np.swapaxes(np.linalg.inv(self.args[0]), -1, -2)
        return np.asarray(grad * self.out)[..., None, None] * turned

    def slopes(self, grad, out, a):
        return (grad * out)[..., None, None] * Inverse.apply(a).mT


class LogDeterminant(Function):
    def forward(self, a):
        return np.linalg.slogdet(a)[1]

    def backward(self, grad):
        return np.asarray(grad)[..., None, None] * np.swapaxes(np.linalg.inv(self.args[0]), -1, -2)

    def slopes(self, grad, out, a):
        return grad[..., None, None] * Inverse.apply(a).mT


def svd(input, some=True):
    """(U, S, V): the older form of `linalg.svd` (no gradient is recorded)."""
    u, s, vh = linalg.svd(input, full_matrices=not some)
    return u, s, vh.mT


def where_or_positions(condition, input=None, other=None):
    """`where`; with a condition alone the positions where it is true, one tensor per dimension."""
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    return where(condition, input, other)


sys.modules["tinytorch.tensor"].where = where_or_positions  # `tinytorch` takes it from there

inverse, det, slogdet = linalg.inv, linalg.det, linalg.slogdet
Tensor.inverse, Tensor.det = inverse, det
Tensor.logdet = logdet = lambda self: slogdet(self).logabsdet


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


__version__ = "2.13.0+tinytorch"  # the PyTorch whose names these are
dtype = np.dtype
long, double, float = int64, float64, float32
bool, int = np.dtype("bool"), int32
