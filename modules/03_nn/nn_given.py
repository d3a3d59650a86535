# %% [markdown]
# # Given in module 03: Layers
#
# What the lesson `nn.py` uses and nobody need write: a function that NumPy lacks, the losses for
# those who have probabilities already, what is wrong with a target or a state, and how to fill a
# tensor. It is exported before the lesson's own cells, into the same files. Do not edit it;
# `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## GELU, and the error function

# %%
#| export nn.functional
import math
from functools import cache

import numpy as np

from tinytorch import autograd
from tinytorch.tensor import (
    Cat,
    DtypeError,
    Function,
    RangeError,
    ShapeError,
    drawn_from,
    float32,
    where,
    wrap,
)

CELLS = 256  # points of the table for each unit of x
REACH = 6  # erf(6) is 1 in float64


@cache
def erf_table(dtype):
    """The Taylor coefficients of erf at each point of the table, one row for each power."""
    x = np.arange(-REACH * CELLS, REACH * CELLS + 1) / CELLS
    slope = 2 / math.sqrt(math.pi) * np.exp(-x * x)
    rows = [
        [math.erf(point) for point in x],
        slope,
        slope * -x,
        slope * (2 * x**2 - 1) / 3,
        slope * (3 * x - 2 * x**3) / 6,
        slope * (4 * x**4 - 12 * x**2 + 3) / 30,
    ]
    return np.array(rows[:4] if dtype == float32 else rows, dtype)


def erf(x):
    """The error function of an array of floats, right to the last digit of its dtype."""
    x = np.clip(x, -REACH, REACH)
    point = np.rint(x * CELLS)
    step = x - point / CELLS
    index = np.fmax(point, -REACH * CELLS).astype(np.intp) + REACH * CELLS  # fmax: NaN has no row
    *higher, last = erf_table(step.dtype)
    result = last.take(index)
    for row in reversed(higher):
        result *= step
        result += row.take(index)
    return result


class GELUOp(Function):
    def forward(self, x):
        self.below = 0.5 * (1 + erf(x * math.sqrt(0.5)))
        return x * self.below

    def backward(self, grad):
        x = self.args[0]
        density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        return grad * (self.below + x * density)


class GELUTanhOp(Function):
    """An older approximation, which some well-known models were trained with."""

    def forward(self, x):
        self.t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))
        return 0.5 * x * (1 + self.t)

    def backward(self, grad):
        x, t = self.args[0], self.t
        inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
        return grad * 0.5 * ((1 + t) + x * (1 - t * t) * inner)


def gelu(input, *, approximate="none"):
    """input times the normal distribution function of input; approximate: "none" or "tanh"."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}")
    return GELUOp.apply(input) if approximate == "none" else GELUTanhOp.apply(input)


# %% [markdown]
# ## More activation functions


# %%
#| export nn.functional
def changed(input, function):
    """Overwrite `input` with `function(input)`, as `inplace=True` asks; recorded for a result."""
    if autograd.is_grad_enabled() and input.grad_fn is not None:
        return autograd._go_on(input, function, autograd.note_change)
    input._check_writable()
    input.data[...] = function(input.detach()).data
    return input


class LeakyReLUOp(Function):
    def forward(self, x, slope):
        return np.where(x > 0, x, x * slope)

    def backward(self, grad):
        x, slope = self.args
        return np.where(x > 0, grad, grad * slope)


class ELUOp(Function):
    """x above 0, alpha * (exp(x) - 1) below (Clevert et al., 2016)."""

    def forward(self, x, alpha):
        return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))

    def backward(self, grad):
        x, alpha = self.args
        return np.where(x > 0, grad, grad * (self.out + alpha))


class SoftplusOp(Function):
    """log(1 + exp(beta * x)) / beta; x itself where beta * x is above the threshold."""

    def forward(self, x, beta, threshold):
        scaled = beta * x
        smooth = (np.maximum(scaled, 0) + np.log1p(np.exp(-np.abs(scaled)))) / beta
        return np.where(scaled > threshold, x, smooth).astype(x.dtype)

    def backward(self, grad):
        x, beta, threshold = self.args
        slope = SigmoidOp().forward(beta * x)  # noqa: F821  (the lesson has it, in the same file)
        return np.where(beta * x > threshold, grad, grad * slope)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """input where it is positive, negative_slope * input elsewhere (Maas et al., 2013)."""

    def function(x):
        return LeakyReLUOp.apply(x, negative_slope)

    return changed(input, function) if inplace else function(input)


def elu(input, alpha=1.0, inplace=False):
    """input where it is positive, alpha * (exp(input) - 1) elsewhere (Clevert et al., 2016)."""

    def function(x):
        return ELUOp.apply(x, alpha)

    return changed(input, function) if inplace else function(input)


def silu(input, inplace=False):
    """input * sigmoid(input) (Elfwing et al., 2017)."""

    def function(x):
        return x * SigmoidOp.apply(x)  # noqa: F821

    return changed(input, function) if inplace else function(input)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """input, cut off at min_val and max_val."""

    def function(x):
        return x.clamp(min_val, max_val)

    return changed(input, function) if inplace else function(input)


def relu6(input, inplace=False):
    """input, cut off at 0 and 6."""
    return hardtanh(input, 0.0, 6.0, inplace)


def softplus(input, beta=1.0, threshold=20.0):
    """log(1 + exp(beta * input)) / beta: a smooth ReLU."""
    return SoftplusOp.apply(input, beta, threshold)


def logsigmoid(input):
    """log(sigmoid(input)), without overflow."""
    return -softplus(-input, 1.0, math.inf)


def hardsigmoid(input, inplace=False):
    """relu6(input + 3) / 6: a sigmoid of straight pieces."""

    def function(x):
        return (x + 3).clamp(0.0, 6.0) / 6

    return changed(input, function) if inplace else function(input)


def hardswish(input, inplace=False):
    """input * hardsigmoid(input) (Howard et al., 2019)."""

    def function(x):
        return x * hardsigmoid(x)

    return changed(input, function) if inplace else function(input)


def mish(input, inplace=False):
    """input * tanh(softplus(input)) (Misra, 2019)."""

    def function(x):
        return x * softplus(x).tanh()

    return changed(input, function) if inplace else function(input)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(input, inplace=False):
    """elu with such constants that means and variances stay 0 and 1 (Klambauer et al., 2017)."""

    def function(x):
        return SELU_SCALE * ELUOp.apply(x, SELU_ALPHA)

    return changed(input, function) if inplace else function(input)


def celu(input, alpha=1.0, inplace=False):
    """input above 0, alpha * (exp(input / alpha) - 1) below (Barron, 2017)."""

    def function(x):
        return alpha * ELUOp.apply(x / alpha, 1.0)

    return changed(input, function) if inplace else function(input)


def prelu(input, weight):
    """input above 0, weight * input below; a weight, or one for each channel (He et al., 2015)."""
    if weight.numel() > 1:
        weight = weight.reshape(-1, *(1,) * (input.ndim - 2))
    return where(input > 0, input, weight * input)


def softshrink(input, lambd=0.5):
    """input, moved by `lambd` toward 0, and 0 where it is nearer."""
    return input - input.clamp(-lambd, lambd)


def hardshrink(input, lambd=0.5):
    """input, and 0 where it is not farther than `lambd` from 0."""
    return where(input.abs() > lambd, input, wrap(np.asarray(0, input.dtype)))


def softsign(input):
    """input / (1 + |input|)."""
    return input / (1 + input.abs())


def tanhshrink(input):
    """input - tanh(input)."""
    return input - input.tanh()


def threshold(input, threshold, value, inplace=False):
    """input above the threshold, `value` elsewhere."""

    def function(x):
        return where(x > threshold, x, wrap(np.asarray(value, x.dtype)))

    return changed(input, function) if inplace else function(input)


def softmin(input, dim=None, dtype=None):
    """softmax(-input)."""
    return softmax(-input, dim, dtype)  # noqa: F821


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A draw from the classes, as probabilities that have a gradient (Jang et al., 2016).

    Args:
        logits: Tensor of any shape; along `dim` the logarithms of the probabilities.
        tau: temperature: the lower, the nearer to 0 and 1.
        hard: 0 and 1 themselves, with the gradient of the probabilities.
        eps: PyTorch's; it has no meaning any more.
    """
    waits = drawn_from(None).exponential(size=logits.shape)
    noise = wrap(-np.log(waits).astype(logits.dtype))
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    winners = np.zeros_like(soft.data)
    np.put_along_axis(winners, soft.data.argmax(dim, keepdims=True), 1.0, dim)
    return wrap(winners) - soft.detach() + soft


def glu(input, dim=-1):
    """The first half along `dim` times the sigmoid of the second (Dauphin et al., 2017)."""
    first, second = input.chunk(2, dim)
    return first * SigmoidOp.apply(second)  # noqa: F821


# %% [markdown]
# ## Vectors


# %%
#| export nn.functional
def one_hot(tensor, num_classes=-1):
    """For each class number a row of zeros with a 1 at that place.

    Args:
        tensor: whole numbers of any shape, from 0 on.
        num_classes: C; -1 for one more than the largest number.

    Returns:
        Tensor: int64, (..., C).

    Raises:
        RuntimeError: a number outside of 0 to C - 1.
    """
    classes = tensor.data
    if classes.dtype.kind not in "iu":
        raise RuntimeError(f"one_hot: needs class numbers, which are ints, not {classes.dtype}")
    count = int(classes.max(initial=-1)) + 1 if num_classes == -1 else num_classes
    if classes.size and not 0 <= classes.min() <= classes.max() < count:
        raise RuntimeError(f"one_hot: class numbers must be from 0 to {count - 1}")
    return wrap(np.eye(count, dtype=np.int64)[classes])


def normalize(input, p=2.0, dim=1, eps=1e-12):
    """input, divided by its p-norm along `dim`."""
    return input / input.norm(p, dim, keepdim=True).clamp(min=eps)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The cosine of the angle between the vectors along `dim`."""
    squares = (x1 * x1).sum(dim) * (x2 * x2).sum(dim)
    return (x1 * x2).sum(dim) / squares.clamp(min=eps * eps).sqrt()


def pad(input, pad, mode="constant", value=None):
    """Put numbers around a tensor: pairs (before, after), for the last dimension first.

    A negative number cuts off. mode: "constant", which is `value`; or what lies inside, as in a
    mirror ("reflect"), the nearest ("replicate"), or as if it went round ("circular").
    """
    if mode not in OUTSIDE and mode != "constant":
        raise NotImplementedError(f"pad: there is no mode {mode!r}; {', '.join(OUTSIDE)}, constant")
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise RuntimeError(f"pad: {pad} are not pairs for a tensor of shape {tuple(input.shape)}")
    for number in range(len(pad) // 2):
        dim = input.ndim - 1 - number
        before, after = pad[2 * number : 2 * number + 2]
        if mode == "constant":
            input = _padded(input, dim, before, after, value or 0.0)
        elif before or after:
            input = _padded_from_inside(input, dim, before, after, mode)
    return input


OUTSIDE = {  # from positions below 0 or above the last one to those inside
    "reflect": lambda at, size: size - 1 - np.abs(size - 1 - np.abs(at)),
    "replicate": lambda at, size: at.clip(0, size - 1),
    "circular": lambda at, size: at % size,
}


def _padded_from_inside(input, dim, before, after, mode):
    size = input.shape[dim]
    most = size - (mode == "reflect")
    if mode != "replicate" and max(before, after) > most:
        raise RuntimeError(
            f"pad: {mode} needs a padding of at most {most} in dim {dim} of shape "
            f"{tuple(input.shape)}, not {before, after}"
        )
    return input.index_select(dim, wrap(OUTSIDE[mode](np.arange(-before, size + after), size)))


def _padded(input, dim, before, after, value):
    start, size = max(-before, 0), input.shape[dim] - max(-before, 0) - max(-after, 0)
    parts = [input.narrow(dim, start, size)]
    for position, count in ((0, before), (len(parts) + 1, after)):
        if count > 0:
            sizes = [count if d == dim else n for d, n in enumerate(input.shape)]
            parts.insert(position, wrap(np.full(sizes, value, input.dtype)))
    return parts[0] if len(parts) == 1 else Cat.apply(dim, *parts)


# %% [markdown]
# ## What operations are made of
#
# It is asked for only where gradients are to be differentiated once more (`create_graph=True`): see
# `autograd_given.py`.


# %%
#| export nn.functional
def written_out(operation):
    """Decorator: what the operation computes, from tensors and with operations that have rules."""

    def install(function):
        operation.written_out = lambda self, *inputs: function(*inputs)
        return function

    return install


# %% [markdown]
# ## What losses have in common


# %%
#| export nn.functional
def _reduced(losses, reduction):
    """What a loss returns: the mean of the single losses, their sum, or all of them ("none")."""
    if reduction == "mean":
        return np.add.reduce(losses, axis=None) / losses.size
    if reduction == "sum":
        return np.add.reduce(losses, axis=None)
    if reduction == "none":
        return losses
    raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")


def _share(grad, reduction, count):
    """The part of `grad` that falls to each of the `count` single losses."""
    return grad / count if reduction == "mean" else grad


def older(size_average, reduce, reduction):
    """`reduction`, in PyTorch's older words: reduce=False is "none", size_average=False "sum"."""
    if reduce is False:
        return "none"
    if size_average is None and reduce is None:
        return reduction
    return "sum" if size_average is False else "mean"


def reduced_tensor(losses, reduction):
    """`_reduced` for a tensor: its mean, its sum or all of it."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
    return losses if reduction == "none" else getattr(losses, reduction)()


def weighted_nll(logs, classes, keep, weight, smoothing, reduction, shape):
    """Cross-entropy of log-probabilities (N, C) where classes have weights (C,).

    The mean is that of the weighted losses over the sum of their weights.
    """
    counts = np.ones(len(classes.data), bool) if keep is None else keep
    right = classes.data * counts  # any class will do where none counts
    weights = weight.data[right] * counts
    picked = logs[np.arange(len(right)), right]
    losses = -picked * wrap(weights)
    if smoothing:
        smooth = -(logs * weight).sum(1) * (smoothing / logs.shape[1])
        losses = losses * (1 - smoothing) + where(counts, smooth, 0.0)
    if reduction == "mean":
        return losses.sum() / weights.sum()
    losses = reduced_tensor(losses, reduction)
    return losses.reshape(shape) if reduction == "none" else losses


def cross_entropy_of_probabilities(input, target, weight, reduction, smoothing):
    """Cross-entropy where the target says how probable each class is."""
    dim = min(input.ndim - 1, 1)
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[dim]
    terms = LogSoftmaxOp.apply(input, dim) * target  # noqa: F821
    if weight is not None:
        terms = terms * weight.reshape(-1, *(1,) * (input.ndim - 1 - dim))
    return reduced_tensor(-terms.sum(dim), reduction)


def weighted_bce_with_logits(input, target, weight, pos_weight, reduction):
    """Binary cross-entropy of scores where some losses count more than others."""
    factor = 1 if pos_weight is None else (pos_weight - 1) * target + 1
    losses = (1 - target) * input - factor * logsigmoid(input)
    return reduced_tensor(losses if weight is None else losses * weight, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """The mean of |input - target|."""
    return reduced_tensor((input - target).abs(), older(size_average, reduce, reduction))


def huber_loss(input, target, reduction="mean", delta=1.0):
    """Half the square of small differences, a line for those above delta (Huber, 1964)."""
    apart = (input - target).abs()
    losses = where(apart <= delta, 0.5 * apart * apart, delta * (apart - 0.5 * delta))
    return reduced_tensor(losses, reduction)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """The Huber loss over beta (Girshick, 2015); l1_loss for beta 0."""
    reduction = older(size_average, reduce, reduction)
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return huber_loss(input, target, reduction, beta) / beta


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """target * (log(target) - input), where `input` holds log-probabilities.

    reduction: also "batchmean", the sum over the length of the first dimension, which is the
    Kullback-Leibler divergence (1951).
    """
    if log_target:
        losses = target.exp() * (target - input)
    else:
        safe = where(target > 0, target, 1.0)
        losses = target * (safe.log() - input)
    reduction = older(size_average, reduce, reduction)
    if reduction == "batchmean":
        return losses.sum() / input.shape[0]
    return reduced_tensor(losses, reduction)


# %% [markdown]
# ## Losses that compare


# %%
#| export nn.functional
def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of x1 - x2 + eps along the last dimension."""
    return (x1 - x2 + eps).norm(p, -1, keepdim)


def triplet_margin_loss(
    anchor,
    positive,
    negative,
    margin=1.0,
    p=2,
    eps=1e-6,
    swap=False,
    size_average=None,
    reduce=None,
    reduction="mean",
):
    """How much the positive is not nearer to the anchor than the negative, by `margin`.

    swap: take the negative's distance to the positive where that is smaller (Balntas et al., 2016).
    """

    def distance(x, y):
        return pairwise_distance(x, y, p, eps)

    how = {"distance_function": distance, "margin": margin, "swap": swap}
    reduction = older(size_average, reduce, reduction)
    return triplet_margin_with_distance_loss(anchor, positive, negative, **how, reduction=reduction)


def triplet_margin_with_distance_loss(
    anchor,
    positive,
    negative,
    *,
    distance_function=None,
    margin=1.0,
    swap=False,
    reduction="mean",
):
    """`triplet_margin_loss` for any measure of distance; None: `pairwise_distance`."""
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduced_tensor((margin + near - far).clamp(min=0.0), reduction)


def cosine_embedding_loss(
    input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"
):
    """1 - cosine where the target is 1, what the cosine is above `margin` where it is -1."""
    squares = [(x * x).sum(-1) + 1e-12 for x in (input1, input2)]  # PyTorch's constant
    cosine = (input1 * input2).sum(-1) / (squares[0] * squares[1]).sqrt()
    losses = where(target > 0, 1 - cosine, (cosine - margin).clamp(min=0.0))
    return reduced_tensor(losses, older(size_average, reduce, reduction))


def margin_ranking_loss(
    input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"
):
    """How much input1 is not above input2 (target 1) or below it (target -1), by `margin`."""
    losses = (-target * (input1 - input2) + margin).clamp(min=0.0)
    return reduced_tensor(losses, older(size_average, reduce, reduction))


def hinge_embedding_loss(
    input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"
):
    """input where the target is 1, what is missing to `margin` where it is -1."""
    losses = where(target == 1, input, (margin - input).clamp(min=0.0))
    return reduced_tensor(losses, older(size_average, reduce, reduction))


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target * input)) for targets 1 and -1."""
    losses = (-target * input).exp().log1p()
    return reduced_tensor(losses, older(size_average, reduce, reduction))


def multilabel_soft_margin_loss(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean"
):
    """Binary cross-entropy of scores (..., C), the mean over C."""
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    losses = losses if weight is None else losses * weight
    return reduced_tensor(losses.mean(-1), older(size_average, reduce, reduction))


def multi_margin_loss(
    input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"
):
    """How much each wrong class of (N, C) is not below the right one, by `margin`."""
    rows, classes = np.arange(len(target.data)), target.data
    short = (margin - input[rows, classes].unsqueeze(1) + input).clamp(min=0.0) ** p
    short = short if weight is None else short * weight[classes].unsqueeze(1)
    others = np.ones(input.shape, input.dtype)
    others[rows, classes] = 0
    losses = (short * wrap(others)).sum(1) / input.shape[1]
    return reduced_tensor(losses, older(size_average, reduce, reduction))


def poisson_nll_loss(
    input,
    target,
    log_input=True,
    full=False,
    size_average=None,
    eps=1e-8,
    reduce=None,
    reduction="mean",
):
    """Minus the log-probability of counts; `input` is the mean, or its logarithm.

    full: with the term of the target alone, by Stirling's formula.
    """
    mean = input.exp() if log_input else input
    losses = mean - target * (input if log_input else (input + eps).log())
    if full:
        safe = where(target > 1, target, 1.0)
        stirling = safe * safe.log() - safe + 0.5 * (2 * math.pi * safe).log()
        losses = losses + where(target > 1, stirling, 0.0)
    return reduced_tensor(losses, older(size_average, reduce, reduction))


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """Minus the log-probability of `target`; `input` is the mean. full: with its constant."""
    var = where(var.data < eps, wrap(np.asarray(eps, var.dtype)), var)
    losses = 0.5 * (var.log() + (input - target) ** 2 / var)
    losses = losses + 0.5 * math.log(2 * math.pi) if full else losses
    return reduced_tensor(losses, reduction)


# %% [markdown]
# ## Losses of log-probabilities and of probabilities, and what may be wrong with a target


# %%
#| export nn.functional
class NLLOp(Function):
    """-x[i, target[i]] for each row i; x (N, C), target (N,), result (N,)."""

    def forward(self, x, target):
        self.right = np.arange(len(x)), target
        return -x[self.right]

    def backward(self, grad):
        result = np.zeros_like(self.args[0])
        result[self.right] = -grad
        return result


def nll_loss(
    input,
    target,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
):
    """Cross-entropy of log-probabilities: arguments, shapes and errors as for cross_entropy."""
    reduction = older(size_average, reduce, reduction)
    rows, classes = _rows_and_classes("nll_loss", input, target)
    keep = _kept("nll_loss", rows, classes, ignore_index)
    if weight is not None:
        return weighted_nll(rows, classes, keep, weight, 0.0, reduction, target.shape)
    losses = NLLOp.apply(rows, classes if keep is None else classes * keep)
    return _reduced_kept(losses, keep, reduction, target.shape)


def _rows_and_classes(name, input, target):
    """Scores of any shape as (rows, C), and the targets to match as (rows,)."""
    x, classes = input.data, target.data
    axis = 0 if x.ndim == 1 else 1  # where the classes are
    if classes.dtype.kind not in "iu":
        raise DtypeError(
            f"{name}: the target must hold class numbers, which are ints, not {classes.dtype}: "
            "use target.long()"
        )
    expected = x.shape[:axis] + x.shape[axis + 1 :]
    if x.ndim == 0 or classes.shape != expected:
        raise ShapeError(
            f"{name}: the input has shape {x.shape}, so the target must have shape {expected}, "
            f"one class for each row of scores; it has shape {classes.shape}"
        )
    if x.ndim == 2:
        return input, target
    if x.ndim > 2:
        input = input.permute(0, *range(2, x.ndim), 1)
    return input.reshape(classes.size, x.shape[axis]), target.reshape(classes.size)


def _kept(name, rows, classes, ignore_index):
    """Which targets count, as an array of bools, or None for all. Classes must exist."""
    data, count = classes.data, rows.data.shape[1]
    outside = data.size > 0 and (data.min() < 0 or data.max() >= count)
    if not outside and ignore_index < 0:
        return None
    keep = data != ignore_index
    wrong = data[keep & ((data < 0) | (data >= count))]
    if wrong.size:
        raise IndexError(
            f"{name}: there is no class {wrong[0]}: the input of shape {rows.shape} has scores for "
            f"{count} classes, numbered 0 to {count - 1}"
        )
    return None if keep.all() else keep


def _reduced_kept(losses, keep, reduction, shape):
    """Reduce a tensor of single losses where only some of them count."""
    if keep is not None:
        losses = where(keep, losses, 0.0)  # not a product: NaN * 0 is NaN
    if reduction == "none":
        return losses.reshape(*shape)
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
    total = losses.sum()
    return total if reduction == "sum" else total / (losses.numel() if keep is None else keep.sum())


class BCEOp(Function):
    """The same for probabilities. Logarithms below -100 count as -100, as in PyTorch."""

    def forward(self, p, target, reduction):
        with np.errstate(divide="ignore"):
            self.logs = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
        yes, no = self.logs
        return _reduced(-(target * yes + (1 - target) * no), reduction)

    def backward(self, grad):
        p, target, reduction = self.args
        share = _share(grad, reduction, p.size)
        yes, no = self.logs
        return share * (p - target) / np.maximum(p * (1 - p), 1e-12), share * (no - yes)


def binary_cross_entropy(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean"
):
    """The loss of yes-or-no probabilities; target of the same shape, from 0 to 1."""
    _check_same_shape("binary_cross_entropy", input, target)
    p = input.data
    if p.size and not (p.min() >= 0 and p.max() <= 1):
        raise RangeError(
            f"binary_cross_entropy: the input must be probabilities, from 0 to 1, but goes from "
            f"{p.min()} to {p.max()}. For scores use binary_cross_entropy_with_logits"
        )
    reduction = older(size_average, reduce, reduction)
    if weight is None:
        return BCEOp.apply(input, target, reduction)
    return reduced_tensor(BCEOp.apply(input, target, "none") * weight, reduction)


def _check_same_shape(name, input, target):
    if input.shape != target.shape:
        raise ShapeError(
            f"{name}: input of shape {input.shape} and target of shape {target.shape} must be equal"
        )


# %% [markdown]
# ## What a module says of its state and of itself

# %%
#| export nn.modules
from collections import namedtuple

import numpy as np

from tinytorch.tensor import unwrap


class _IncompatibleKeys(namedtuple("_IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What load_state_dict(strict=False) passed over."""

    def __repr__(self):
        return super().__repr__() if any(self) else "<All keys matched successfully>"


def _arrays_of(state_dict):
    """The arrays of a state, by name; an error for what is no state."""
    if not hasattr(state_dict, "items"):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict).__name__}")
    arrays = {name: np.asarray(unwrap(value)) for name, value in state_dict.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            kind = type(state_dict[name]).__name__
            raise TypeError(f"load_state_dict: {name!r} is a {kind}, expected a tensor")
    return arrays


def _misfit(module, missing, unexpected, wrong):
    """The error that names everything; wrong: name -> (shape in the state, shape in the module)."""
    lines = [f"Error(s) in loading state_dict for {type(module).__name__}:"]
    for what, names in (("Missing", missing), ("Unexpected", unexpected)):
        if names:
            quoted = ", ".join(f'"{name}"' for name in names)
            lines.append(f"{what} key(s) in state_dict: {quoted}.")
    for name, (theirs, ours) in wrong.items():
        lines.append(
            f"size mismatch for {name}: copying a param with shape {theirs} from checkpoint, "
            f"the shape in current model is {ours}."
        )
    return RuntimeError("\n\t".join(lines))


def _framed(kind, extra, parts):
    """`Linear(in_features=2)` for a layer; for what has parts, one indented line for each."""
    if not parts:
        return f"{kind}({extra})"
    lines = "\n".join([extra, *parts] if extra else parts)
    return f"{kind}(\n  " + lines.replace("\n", "\n  ") + "\n)"


def _runs(modules):
    """As PyTorch prints a list: equal neighbors in one line, "(0-3): 4 x Linear(...)"."""
    runs = []
    for position, text in enumerate(map(repr, modules)):
        if runs and runs[-1][2] == text:
            runs[-1][1] = position
        else:
            runs.append([position, position, text])
    parts = []
    for first, last, text in runs:
        many = f"({first}-{last}): {last - first + 1} x {text}"
        parts.append(many if last > first else f"({first}): {text}")
    return parts


# %% [markdown]
# ## What a module does to all that is inside it, and a row of modules

# %%
#| export nn.modules
import functools
import inspect

from tinytorch.tensor import Function, dtype_asked, float32, float64, wrap


class _Watch(Function):
    """The tensor as it is; on the way back its gradient is shown to a function."""

    def forward(self, a, look):
        return a

    def backward(self, grad):
        changed = self.args[1](wrap(np.asarray(grad)))
        return grad if changed is None else changed.data

    def slopes(self, grad, out, a, look):
        changed = look(grad)
        return grad if changed is None else changed


class _Hooked:
    """Stands in place of a module's `forward`, and calls hooks before and after it."""

    def __init__(self, module):
        self.module = module
        self.hooks = {"before": {}, "after": {}, "backward": {}}

    def add(self, when, hook, with_kwargs):
        handle = _Handle(self.hooks[when])
        self.hooks[when][handle] = hook, with_kwargs
        return handle

    def __call__(self, *inputs, **kwargs):
        module = self.module
        for hook, both in list(self.hooks["before"].values()):
            found = hook(module, inputs, kwargs) if both else hook(module, inputs)
            if found is not None and both:
                inputs, kwargs = found
            elif found is not None:
                inputs = found if isinstance(found, tuple) else (found,)
        watched = bool(self.hooks["backward"])
        if watched:
            inputs, come = self._watch(inputs)
        out = type(module).forward(module, *inputs, **kwargs)
        for hook, both in list(self.hooks["after"].values()):
            given = (module, inputs, kwargs, out) if both else (module, inputs, out)
            found = hook(*given)
            out = out if found is None else found
        return self._watch_output(out, come) if watched else out

    def _watch(self, inputs):
        """The inputs, and a function that is told the gradients of the outputs."""
        known = {"grad_output": None}
        needed = [i for i, x in enumerate(inputs) if getattr(x, "requires_grad", False)]
        slopes = [None] * len(inputs)

        def come(grad_output):
            known["grad_output"] = grad_output
            if not needed:
                self._tell(tuple(slopes), grad_output)

        def look_at(number):
            def look(grad):
                slopes[number] = grad
                if number != needed[0]:
                    return None
                found = self._tell(tuple(slopes), known["grad_output"])
                return None if found is None else found[number]

            return look

        parts = list(inputs)
        for number in needed:
            parts[number] = _Watch.apply(parts[number], look_at(number))
        return tuple(parts), come

    def _watch_output(self, out, come):
        if not isinstance(out, tuple):
            return _Watch.apply(out, lambda grad: come((grad,)))
        slopes = [None] * len(out)

        def look_at(number):
            def look(grad):
                slopes[number] = grad
                come(tuple(slopes))

            return look

        return tuple(_Watch.apply(x, look_at(i)) for i, x in enumerate(out))

    def _tell(self, grad_input, grad_output):
        found = None
        for hook, _ in list(self.hooks["backward"].values()):
            changed = hook(self.module, grad_input, grad_output)
            if changed is not None:
                found = changed if isinstance(changed, tuple) else (changed,)
        return found


class _Handle:
    """What a hook is registered under; `remove()` takes it away."""

    def __init__(self, hooks):
        self.hooks = hooks

    def remove(self):
        self.hooks.pop(self, None)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.remove()


def _hooked(module):
    """What stands in place of the module's `forward`."""
    if not isinstance(module.forward, _Hooked):
        object.__setattr__(module, "forward", _Hooked(module))
    return module.forward


def _placed(make):
    """A layer's `__init__`, which also takes PyTorch's `device` and `dtype`, as its last two."""
    code = make.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    takes_all = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    own = code.co_argcount - 1
    if "device" in names or takes_all or own < 1:
        return make

    @functools.wraps(make)
    def __init__(self, *args, device=None, dtype=None, **kwargs):
        given, more = args[:own], args[own:]
        if len(more) > 2:
            make(self, *args, **kwargs)  # which says that these are too many
        device, dtype = (*more, None, None)[:2] if more else (device, dtype)
        make(self, *given, **kwargs)
        if device is not None or dtype is not None:
            self.to(device=device, dtype=dtype)

    return __init__


class _Everywhere:
    """What a module does to all that is inside it; `Module` finds the parts and inherits this."""

    def __init_subclass__(cls, **how):
        """Let the layers of this package take a device and a dtype."""
        super().__init_subclass__(**how)
        if cls.__module__.startswith("tinytorch.") and "__init__" in vars(cls):
            cls.__init__ = _placed(cls.__init__)

    def zero_grad(self, set_to_none=True):
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad.data[...] = 0

    def requires_grad_(self, requires_grad=True):
        """Say of all parameters whether they are learned: False freezes the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def apply(self, fn):
        """Call `fn(module)` for every module inside, parts before the whole."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def get_submodule(self, target):
        """The module with this dotted name; "" is the module itself."""
        return functools.reduce(getattr, target.split(".") if target else [], self)

    def get_parameter(self, target):
        """The parameter with this dotted name."""
        return dict(self.named_parameters())[target]

    def get_buffer(self, target):
        """The buffer with this dotted name."""
        return dict(self.named_buffers())[target]

    def to(self, *args, dtype=None, device=None, non_blocking=False):
        """Give all parameters and buffers of floats this dtype, in place; the device is "cpu"."""
        dtype = dtype_asked(args, dtype, device)
        if dtype is None:
            return self
        if dtype not in (float32, float64):
            raise TypeError(f"a module computes in float32 or float64, not in {dtype}")
        for tensor in (*self.parameters(), *self.buffers()):
            for holder in (tensor, tensor.grad):
                if holder is not None and holder.data.dtype.kind == "f":
                    holder.data = holder.data.astype(dtype)
        return self

    def float(self):
        """to(float32)."""
        return self.to(float32)

    def double(self):
        """to(float64), for exact checks."""
        return self.to(float64)

    def cpu(self):
        """The module itself: there is no other place."""
        return self

    def cuda(self, device=None):
        """Refused: there is no GPU."""
        raise RuntimeError("there is no GPU here: use cuda() only if torch.cuda.is_available()")

    def half(self):
        """Refused: NumPy computes with float16 many times more slowly than with float32."""
        raise TypeError("a module computes in float32 or float64: leave half() out")

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Call `hook(module, inputs)` before each `forward`; it may return other inputs."""
        return _hooked(self).add("before", hook, with_kwargs)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Call `hook(module, inputs, output)` after each `forward`; it may return another one."""
        return _hooked(self).add("after", hook, with_kwargs)

    def register_full_backward_hook(self, hook, prepend=False):
        """Call `hook(module, grad_input, grad_output)` when the walk has passed this module.

        What it returns, if not None, goes on in place of `grad_input`.
        """
        return _hooked(self).add("backward", hook, False)

    def extra_repr(self):
        """What a layer shows between its parentheses."""
        return ""

    def __repr__(self):
        parts = [f"({name}): {module!r}" for name, module in self._modules.items()]
        return _framed(type(self).__name__, self.extra_repr(), parts)


class _RowOfModules:
    """A list of modules, named "0", "1", "2", ...: what Sequential and ModuleList share."""

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)._of(list(self._modules.items())[index])
        return list(self)[index]

    def __setitem__(self, index, module):
        self.add_module(list(self._modules)[index], module)

    def __delitem__(self, index):
        modules = list(self)
        del modules[index]
        self._refill(modules)

    def __add__(self, other):
        return type(self)._of([(str(i), module) for i, module in enumerate([*self, *other])])

    def __iadd__(self, modules):
        return self.extend(modules)

    def append(self, module):
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules):
        for module in modules:
            self.append(module)
        return self

    def insert(self, index, module):
        modules = list(self)
        modules.insert(index, module)
        return self._refill(modules)

    def pop(self, index):
        module = self[index]
        del self[index]
        return module

    def _refill(self, modules):
        """Hold these modules, numbered anew."""
        for name in list(self._modules):
            delattr(self, name)
        return self.extend(modules)


# %% [markdown]
# ## Filling a tensor

# %%
#| export nn.init
import math

from tinytorch.random import default_generator


def uniform_(tensor, a=0.0, b=1.0):
    """Fill `tensor` with numbers spread evenly from a to b, and return it."""
    tensor.data[...] = default_generator.uniform(a, b, tensor.shape)
    return tensor


def normal_(tensor, mean=0.0, std=1.0):
    """Fill `tensor` with normally distributed numbers, and return it."""
    tensor.data[...] = default_generator.normal(mean, std, tensor.shape)
    return tensor


def constant_(tensor, val):
    """Fill `tensor` with one number, and return it."""
    tensor.data[...] = val
    return tensor


def zeros_(tensor):
    """Fill `tensor` with 0, and return it."""
    return constant_(tensor, 0.0)


def ones_(tensor):
    """Fill `tensor` with 1, and return it."""
    return constant_(tensor, 1.0)


def calculate_gain(nonlinearity, param=None):
    """The factor for the standard deviation before this nonlinearity; PyTorch's list."""
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        return math.sqrt(2 / (1 + slope * slope))
    gains = {"linear": 1.0, "conv2d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": math.sqrt(2)}
    if nonlinearity not in gains:
        known = ", ".join(["leaky_relu", *gains])
        raise ValueError(f"calculate_gain: {nonlinearity!r} is none of {known}")
    return gains[nonlinearity]


def orthogonal_(tensor, gain=1):
    """Rows or columns at right angles, of length `gain` (Saxe et al., 2014)."""
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_ needs two dimensions or more, not {tuple(tensor.shape)}")
    rows, columns = len(tensor.data), tensor.data[0].size
    q, r = np.linalg.qr(default_generator.normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))  # else some directions would be more probable
    tensor.data[...] = gain * (q if rows >= columns else q.T).reshape(tensor.shape)
    return tensor


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0):
    """Normally distributed numbers; those outside of a to b are drawn again."""
    found = default_generator.normal(mean, std, tensor.shape)
    while ((found < a) | (found > b)).any():
        outside = (found < a) | (found > b)
        found[outside] = default_generator.normal(mean, std, np.count_nonzero(outside))
    tensor.data[...] = found
    return tensor


def eye_(tensor):
    """Fill a matrix with the identity, and return it."""
    tensor.data[...] = np.eye(*tensor.shape)
    return tensor


# %% [markdown]
# ## More layers
#
# They need the lesson's `Module`, so they stand in a file of their own.

# %%
#| default_exp nn.more
#| export
import math

import numpy as np

from tinytorch import autograd
from tinytorch.nn import functional as F
from tinytorch.nn.modules import Module, Parameter, _Loss, _WeightedLoss
from tinytorch.tensor import where

__all__ = [  # noqa: RUF022  (by kind, not by letter)
    "CELU", "ELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "Identity",
    "LeakyReLU",
    "LogSigmoid", "LogSoftmax", "Mish", "PReLU", "ReLU6", "SELU", "SiLU", "Softmax2d", "Softmin",
    "Softplus", "Softshrink", "Softsign", "Tanhshrink", "Threshold", "Unflatten",
    "CircularPad1d", "CircularPad2d", "ConstantPad1d", "ConstantPad2d", "ReflectionPad1d",
    "ReflectionPad2d", "ReplicationPad1d", "ReplicationPad2d", "ZeroPad1d", "ZeroPad2d",
    "CosineEmbeddingLoss", "GaussianNLLLoss", "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss",
    "L1Loss", "MarginRankingLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss",
    "PoissonNLLLoss", "SmoothL1Loss", "SoftMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "CosineSimilarity", "PairwiseDistance",
    "ModuleDict", "ParameterDict", "ParameterList",
]  # fmt: skip


class Identity(Module):
    """Returns its input; takes any arguments, so that it can stand for another layer."""

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        return input


class _Activation(Module):
    """A layer that only calls a function: `options` are its arguments and their defaults."""

    function, options = None, {}

    def __init__(self, *args, **kwargs):
        super().__init__()
        given = {**dict(zip(self.options, args)), **kwargs}
        unknown = set(given) - set(self.options)
        if unknown or len(args) > len(self.options):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.options) or 'nothing'}")
        for name, value in {**self.options, **given}.items():
            setattr(self, name, value)

    def forward(self, input):
        how = {name: getattr(self, name) for name in self.options}
        return type(self).function(input, **how)

    def extra_repr(self):
        shown = {name: getattr(self, name) for name in self.options}
        if not shown.get("inplace", True):
            del shown["inplace"]
        return ", ".join(f"{name}={value}" for name, value in shown.items())


class LeakyReLU(_Activation):
    """input where it is positive, negative_slope * input elsewhere."""

    function, options = F.leaky_relu, {"negative_slope": 0.01, "inplace": False}


class ELU(_Activation):
    """input where it is positive, alpha * (exp(input) - 1) elsewhere."""

    function, options = F.elu, {"alpha": 1.0, "inplace": False}


class SiLU(_Activation):
    """input * sigmoid(input)."""

    function, options = F.silu, {"inplace": False}


class ReLU6(_Activation):
    """input, cut off at 0 and 6."""

    function, options = F.relu6, {"inplace": False}


class Hardtanh(_Activation):
    """input, cut off at min_val and max_val."""

    function, options = F.hardtanh, {"min_val": -1.0, "max_val": 1.0, "inplace": False}


class Softplus(_Activation):
    """log(1 + exp(beta * input)) / beta."""

    function, options = F.softplus, {"beta": 1.0, "threshold": 20.0}


class LogSigmoid(_Activation):
    """log(sigmoid(input))."""

    function = F.logsigmoid


class GLU(_Activation):
    """The first half along `dim` times the sigmoid of the second."""

    function, options = F.glu, {"dim": -1}


class Hardsigmoid(_Activation):
    """relu6(input + 3) / 6."""

    function, options = F.hardsigmoid, {"inplace": False}


class Hardswish(_Activation):
    """input * hardsigmoid(input)."""

    function, options = F.hardswish, {"inplace": False}


class Mish(_Activation):
    """input * tanh(softplus(input))."""

    function, options = F.mish, {"inplace": False}


class SELU(_Activation):
    """elu with constants that keep means at 0 and variances at 1."""

    function, options = F.selu, {"inplace": False}


class CELU(_Activation):
    """input where it is positive, alpha * (exp(input / alpha) - 1) elsewhere."""

    function, options = F.celu, {"alpha": 1.0, "inplace": False}


class Softsign(_Activation):
    """input / (1 + |input|)."""

    function = F.softsign


class Tanhshrink(_Activation):
    """input - tanh(input)."""

    function = F.tanhshrink


class Threshold(_Activation):
    """input above the threshold, `value` elsewhere."""

    function, options = F.threshold, {"threshold": 0.0, "value": 0.0, "inplace": False}


class Softshrink(_Activation):
    """input, moved by `lambd` toward 0."""

    function, options = F.softshrink, {"lambd": 0.5}


class Hardshrink(_Activation):
    """input, and 0 where it is near 0."""

    function, options = F.hardshrink, {"lambd": 0.5}


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W)."""

    def forward(self, input):
        return F.softmax(input, -3)


class Softmin(_Activation):
    """softmax(-input) along `dim`."""

    function, options = F.softmin, {"dim": -1}


class PReLU(Module):
    """input where it is positive, and elsewhere a multiple of it that is learned.

    num_parameters: 1 for all, or one for each channel; init: what they begin with.
    """

    def __init__(self, num_parameters=1, init=0.25):
        super().__init__()
        self.num_parameters = num_parameters
        self.weight = Parameter(np.full(num_parameters, init, np.float32))

    def forward(self, input):
        return F.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"


class LogSoftmax(Module):
    """The logarithm of softmax along `dim`."""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.log_softmax(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class Unflatten(Module):
    """One dimension as several: Unflatten(1, (2, 3)) makes (N, 6) to (N, 2, 3)."""

    def __init__(self, dim, unflattened_size):
        super().__init__()
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input):
        dim = self.dim % input.ndim
        return input.reshape(*input.shape[:dim], *self.unflattened_size, *input.shape[dim + 1 :])

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


# %% [markdown]
# ## A frame around images


# %%
#| export
class _Pad(Module):
    """What lies outside: see `functional.pad`. One number of padding is for all sides."""

    sides, mode = 4, "constant"

    def __init__(self, padding):
        super().__init__()
        alone = not isinstance(padding, (tuple, list))
        self.padding = (padding,) * self.sides if alone else tuple(padding)

    def forward(self, input):
        return F.pad(input, self.padding, self.mode, getattr(self, "value", None))

    def extra_repr(self):
        return f"{self.padding}"


class ZeroPad2d(_Pad):
    """Zeros."""


class ZeroPad1d(_Pad):
    """Zeros, for rows."""

    sides = 2


class ConstantPad2d(_Pad):
    """A number."""

    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(ConstantPad2d):
    """A number, for rows."""

    sides = 2


class ReflectionPad2d(_Pad):
    """As in a mirror."""

    mode = "reflect"


class ReflectionPad1d(ReflectionPad2d):
    """As in a mirror, for rows."""

    sides = 2


class ReplicationPad2d(_Pad):
    """The nearest pixel."""

    mode = "replicate"


class ReplicationPad1d(ReplicationPad2d):
    """The nearest number, for rows."""

    sides = 2


class CircularPad2d(_Pad):
    """As if it went round."""

    mode = "circular"


class CircularPad1d(CircularPad2d):
    """As if it went round, for rows."""

    sides = 2


# %% [markdown]
# ## In simpler operations
#
# What the operations of this module are made of. It is asked for only where gradients are to be
# differentiated once more (`create_graph=True`): see `autograd_given.py`.


# %%
#| export
F.ReLUOp.slopes = F.LeakyReLUOp.slopes = autograd.by_factors
F.SigmoidOp.slopes = lambda self, grad, out, x: grad * out * (1 - out)


@F.written_out(F.LinearOp)
def _linear(x, weight, bias):
    out = x @ weight.t()
    return out if bias is None else out + bias


@F.written_out(F.GELUOp)
def _gelu(x):
    return 0.5 * x * (1 + (x * math.sqrt(0.5)).erf())


@F.written_out(F.GELUTanhOp)
def _gelu_tanh(x):
    return 0.5 * x * (1 + (math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)).tanh())


@F.written_out(F.ELUOp)
def _elu(x, alpha):
    return where(x > 0, x, alpha * (x.clamp(max=0.0).exp() - 1))


@F.written_out(F.SoftplusOp)
def _softplus(x, beta, threshold):
    scaled = beta * x
    smooth = scaled.clamp(max=min(threshold, 80.0)).exp().log1p() / beta  # exp(80) is a float32
    return where(scaled > threshold, x, smooth)


@F.written_out(F.SoftmaxOp)
def _softmax(x, dim):
    return F.LogSoftmaxOp.apply(x, dim).exp()


@F.written_out(F.LogSoftmaxOp)
def _log_softmax(x, dim):
    return x - x.logsumexp(dim, keepdim=True)


@F.written_out(F.MSEOp)
def _mse(x, target, reduction):
    return F.reduced_tensor((x - target) * (x - target), reduction)


@F.written_out(F.NLLOp)
def _nll(x, target):
    return -x[np.arange(len(x)), target]


@F.written_out(F.CrossEntropyOp)
def _cross_entropy(x, target, reduction):
    return F.reduced_tensor(_nll(_log_softmax(x, 1), target), reduction)


@F.written_out(F.BCEOp)
def _bce(p, target, reduction):
    yes, no = p.log().clamp(min=-100.0), (1 - p).log().clamp(min=-100.0)
    return F.reduced_tensor(-(target * yes + (1 - target) * no), reduction)


@F.written_out(F.BCEWithLogitsOp)
def _bce_with_logits(x, target, reduction):
    return F.reduced_tensor((1 - target) * x + F.softplus(-x), reduction)


# %% [markdown]
# ## More losses


# %%
#| export
class L1Loss(_Loss):
    """The mean of |input - target|."""

    def forward(self, input, target):
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """Half the square of differences below beta, over beta; a line for those above."""

    def __init__(self, size_average=None, reduce=None, reduction="mean", beta=1.0):
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input, target):
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """Half the square of differences below delta; a line for those above."""

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input, target):
        return F.huber_loss(input, target, self.reduction, self.delta)


class KLDivLoss(_Loss):
    """target * (log(target) - input) of log-probabilities."""

    def __init__(self, size_average=None, reduce=None, reduction="mean", log_target=False):
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input, target):
        how = {"reduction": self.reduction, "log_target": self.log_target}
        return F.kl_div(input, target, **how)


class NLLLoss(_WeightedLoss):
    """Cross-entropy of log-probabilities (N, C) and classes (N,)."""

    def __init__(
        self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"
    ):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        how = {"ignore_index": self.ignore_index, "reduction": self.reduction}
        return F.nll_loss(input, target, self.weight, **how)


class _Comparison(_Loss):
    """A loss that only calls a function: `options` are its arguments and their defaults."""

    function, options = None, {}

    def __init__(self, *args, size_average=None, reduce=None, reduction="mean", **kwargs):
        super().__init__(size_average, reduce, reduction)
        given = {**dict(zip(self.options, args)), **kwargs}
        if set(given) - set(self.options) or len(args) > len(self.options):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.options)} and reduction")
        for name, value in {**self.options, **given}.items():
            setattr(self, name, value)

    def forward(self, *tensors):
        how = {name: getattr(self, name) for name in self.options}
        return type(self).function(*tensors, **how, reduction=self.reduction)


class TripletMarginLoss(_Comparison):
    """Anchor, positive, negative: see `functional.triplet_margin_loss`."""

    function, options = (
        F.triplet_margin_loss,
        {"margin": 1.0, "p": 2.0, "eps": 1e-6, "swap": False},
    )


class TripletMarginWithDistanceLoss(_Comparison):
    """Anchor, positive, negative, and a measure of distance."""

    function, options = (
        F.triplet_margin_with_distance_loss,
        {"distance_function": None, "margin": 1.0, "swap": False},
    )


class CosineEmbeddingLoss(_Comparison):
    """Two vectors, and whether they belong together: see `functional.cosine_embedding_loss`."""

    function, options = F.cosine_embedding_loss, {"margin": 0.0}


class MarginRankingLoss(_Comparison):
    """Two numbers, and which should be larger: see `functional.margin_ranking_loss`."""

    function, options = F.margin_ranking_loss, {"margin": 0.0}


class HingeEmbeddingLoss(_Comparison):
    """A distance, and whether it should be small: see `functional.hinge_embedding_loss`."""

    function, options = F.hinge_embedding_loss, {"margin": 1.0}


class SoftMarginLoss(_Comparison):
    """log(1 + exp(-target * input))."""

    function = F.soft_margin_loss


class MultiLabelSoftMarginLoss(_Comparison):
    """Binary cross-entropy of scores (N, C)."""

    function, options = F.multilabel_soft_margin_loss, {"weight": None}


class MultiMarginLoss(_Comparison):
    """How much each wrong class is not below the right one."""

    function, options = F.multi_margin_loss, {"p": 1, "margin": 1.0, "weight": None}


class PoissonNLLLoss(_Comparison):
    """Minus the log-probability of counts: see `functional.poisson_nll_loss`."""

    function, options = F.poisson_nll_loss, {"log_input": True, "full": False, "eps": 1e-8}


class GaussianNLLLoss(_Comparison):
    """Minus the log-probability of numbers: see `functional.gaussian_nll_loss`."""

    function, options = F.gaussian_nll_loss, {"full": False, "eps": 1e-6}


class PairwiseDistance(Module):
    """The p-norm of the difference: see `functional.pairwise_distance`."""

    def __init__(self, p=2.0, eps=1e-6, keepdim=False):
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1, x2):
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """The cosine of the angle between the vectors along `dim`."""

    def __init__(self, dim=1, eps=1e-8):
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1, x2):
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


# %% [markdown]
# ## Dictionaries and lists that belong to a module


# %%
#| export
class ModuleDict(Module):
    """Modules by name."""

    def __init__(self, modules=None):
        super().__init__()
        self.update(modules or {})

    def __getitem__(self, key):
        return self._modules[key]

    def __setitem__(self, key, module):
        self.add_module(key, module)

    def __delitem__(self, key):
        delattr(self, key)

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)

    def __contains__(self, key):
        return key in self._modules

    def keys(self):
        return self._modules.keys()

    def values(self):
        return self._modules.values()

    def items(self):
        return self._modules.items()

    def update(self, modules):
        for name, module in dict(modules).items():
            self[name] = module

    def pop(self, key):
        module = self[key]
        del self[key]
        return module


class ParameterDict(Module):
    """Parameters by name; other tensors become parameters."""

    def __init__(self, parameters=None):
        super().__init__()
        for name, value in dict(parameters or {}).items():
            self[name] = value

    def __getitem__(self, key):
        return self._parameters[key]

    def __setitem__(self, key, value):
        self.register_parameter(key, value if isinstance(value, Parameter) else Parameter(value))

    def __len__(self):
        return len(self._parameters)

    def __iter__(self):
        return iter(self._parameters)

    def __contains__(self, key):
        return key in self._parameters

    def keys(self):
        return self._parameters.keys()

    def values(self):
        return self._parameters.values()

    def items(self):
        return self._parameters.items()


class ParameterList(Module):
    """Parameters in a row, named "0", "1", "2", ..."""

    def __init__(self, values=()):
        super().__init__()
        for value in values:
            self.append(value)

    def append(self, value):
        value = value if isinstance(value, Parameter) else Parameter(value)
        self.register_parameter(str(len(self)), value)
        return self

    def __getitem__(self, index):
        return list(self._parameters.values())[index]

    def __len__(self):
        return len(self._parameters)

    def __iter__(self):
        return iter(self._parameters.values())
