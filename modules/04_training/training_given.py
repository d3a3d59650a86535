# %% [markdown]
# # Given in module 04: Training
#
# Optimizers that are variations of what you write in `training.py`, and one of another kind. They
# need the lesson's `Optimizer`, so they stand in files of their own. At the end, distributions to
# draw from. Do not edit it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## Root mean squares

# %%
#| default_exp optim.more
#| export
import numpy as np

from tinytorch.optim.lbfgs import LBFGS
from tinytorch.optim.optimizers import Optimizer, decayed
from tinytorch.tensor import Tensor

__all__ = ["LBFGS", "Adadelta", "Adagrad", "RMSprop"]


def _kept(state, name, p, value=0.0):
    """The array that is remembered under `name`, filled with `value` at first."""
    if name not in state:
        state[name] = Tensor(np.full_like(p.data, value))
    return state[name].data


class _Scaled(Optimizer):
    """What they share: the sign, the weight decay, and a count of the steps."""

    def update(self, p, grad, group):
        state = self.state[p]
        state["step"] = state.get("step", 0) + 1
        grad = -grad if group["maximize"] else grad
        if group["weight_decay"]:
            grad = decayed(p, grad, group["weight_decay"])
        self.scaled_step(p, grad, group, state)


class RMSprop(_Scaled):
    """Gradients over the root of their mean square (Tieleman, Hinton 2012).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr: learning rate.
        alpha: how slowly the mean square moves.
        eps: added to the root.
        weight_decay: as in SGD.
        momentum: how much of the last velocity is kept.
        centered: take the square of the mean gradient off the mean square.
        maximize: climb instead.
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        *,
        maximize=False,
    ):
        options = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay}
        options |= {"momentum": momentum, "centered": centered, "maximize": maximize}
        super().__init__(params, options)

    def scaled_step(self, p, grad, group, state):
        alpha, square = group["alpha"], _kept(state, "square_avg", p)
        square += (1 - alpha) * (grad * grad - square)
        variance = square
        if group["centered"]:
            mean = _kept(state, "grad_avg", p)
            mean += (1 - alpha) * (grad - mean)
            variance = square - mean * mean
        step = grad / (np.sqrt(variance) + group["eps"])
        if group["momentum"]:
            velocity = _kept(state, "momentum_buffer", p)
            velocity *= group["momentum"]
            velocity += step
            step = velocity
        p.data -= group["lr"] * step


class Adagrad(_Scaled):
    """Gradients over the root of the sum of their squares so far (Duchi et al. 2011).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr: learning rate; lr_decay: it falls as 1 / (1 + steps * lr_decay).
        weight_decay: as in SGD.
        initial_accumulator_value: what the sum begins with.
        eps: added to the root.
        maximize: climb instead.
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        *,
        maximize=False,
    ):
        options = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        options |= {"initial_accumulator_value": initial_accumulator_value, "maximize": maximize}
        super().__init__(params, options)

    def scaled_step(self, p, grad, group, state):
        total = _kept(state, "sum", p, group["initial_accumulator_value"])
        total += grad * grad
        rate = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        p.data -= rate * grad / (np.sqrt(total) + group["eps"])


class Adadelta(_Scaled):
    """Steps in the unit of the weights, from the last steps' mean square (Zeiler 2012).

    Args:
        params: an iterable of parameters, or of dictionaries (groups).
        lr: what each step is multiplied with.
        rho: how slowly the mean squares move.
        eps: added below the roots.
        weight_decay: as in SGD.
        maximize: climb instead.
    """

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, *, maximize=False):
        options = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "maximize": maximize})

    def scaled_step(self, p, grad, group, state):
        rho, eps = group["rho"], group["eps"]
        square, steps = _kept(state, "square_avg", p), _kept(state, "acc_delta", p)
        square += (1 - rho) * (grad * grad - square)
        step = np.sqrt(steps + eps) / np.sqrt(square + eps) * grad
        steps += (1 - rho) * (step * step - steps)
        p.data -= group["lr"] * step

# %% [markdown]
# ## Curvature from the last steps
#
# An optimizer that asks for the loss as often as it needs it, so that it can look along a line.

# %%
#| export optim.lbfgs
import math
from typing import NamedTuple

import numpy as np

from tinytorch.autograd import enable_grad
from tinytorch.optim.optimizers import Optimizer
from tinytorch.tensor import Tensor, wrap

__all__ = ["LBFGS"]

FALLS_ENOUGH, FLATTENS_ENOUGH = 1e-4, 0.9  # c1 and c2 of the Wolfe conditions
LEAST_CURVATURE = 1e-10  # steps with less are not remembered: the estimate would not be convex
VECTORS, LISTS = ("d", "prev_flat_grad"), ("old_dirs", "old_stps")  # of tensors, in the state


class _At(NamedTuple):
    """What is known of one place on the line: its step, and there the loss, with its slopes."""

    step: float
    loss: float
    grad: np.ndarray
    slope: float  # along the line


class LBFGS(Optimizer):
    """Newton's method with the curvature of the last steps in place of a matrix.

    One step calls the closure many times: at most `max_eval` times. There is one parameter group.

    Args:
        params: an iterable of parameters.
        lr: the length of a step in units of Newton's; with a line search where it begins.
        max_iter: how many directions one call of `step` follows at most.
        max_eval: how often it may call the closure; None for max_iter * 5 // 4.
        tolerance_grad: stop where no slope is larger.
        tolerance_change: stop where neither the loss nor a parameter changes more.
        history_size: how many steps are remembered.
        line_search_fn: None, or "strong_wolfe".

    Raises:
        ValueError: a negative option, no parameters, or more than one group.

    Source: Liu, Nocedal (1989); the line search: Nocedal, Wright (2006), algorithms 3.5 and 3.6.

    Example:
        >>> w = tensor([5.0], requires_grad=True)
        >>> optimizer = LBFGS([w], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = ((w - 2) ** 2).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure)
        tensor(9., grad_fn=<Sum>)
        >>> w
        tensor([2.], requires_grad=True)
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
        options = {"lr": lr, "max_iter": max_iter, "max_eval": max_eval}
        options |= {"tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change}
        options |= {"history_size": history_size, "line_search_fn": line_search_fn}
        super().__init__(params, options)

    def add_param_group(self, param_group):
        """Refuses a second group: all parameters are one vector here."""
        if self.param_groups:
            raise ValueError("LBFGS has one parameter group, without options for single parameters")
        super().add_param_group(param_group)

    @property
    def _parameters(self):
        return self.param_groups[0]["params"]

    @property
    def _memory(self):
        """What is remembered; it stands with the first parameter, as in PyTorch."""
        return self.state[self._parameters[0]]

    def step(self, closure):
        """Follow up to `max_iter` directions downhill.

        Args:
            closure: clears the gradients, computes the loss and its gradients, returns the loss.

        Returns:
            What the closure returned first.

        Raises:
            RuntimeError: `line_search_fn` is another name.
            TypeError: the closure returned no loss.
        """
        group, memory = self.param_groups[0], self._memory
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported: {group['line_search_fn']!r}")
        closure = enable_grad()(closure)
        counts = {"func_evals": memory.get("func_evals", 0), "n_iter": memory.get("n_iter", 0)}
        memory.update(counts)
        first = closure()
        loss, grad = self._seen(first)
        if np.abs(grad).max() > group["tolerance_grad"]:
            allowed = counts["func_evals"] + group["max_eval"]
            self._descend(closure, loss, grad, group, allowed)
        return first

    def _descend(self, closure, loss, grad, group, allowed):
        """Direction after direction, until one of the reasons to stop is there.

        Args:
            loss, grad: at the present parameters; grad is one array of all slopes.
            allowed: stop when the count of the closure's calls is here.
        """
        memory = self._memory
        for left in reversed(range(group["max_iter"])):
            memory["n_iter"] += 1
            direction = self._direction(grad, group["history_size"])
            start = _At(0.0, loss, grad, float(grad @ direction))
            step = group["lr"]
            if memory["n_iter"] == 1:
                step *= min(1.0, 1.0 / float(np.abs(grad).sum()))
            memory.update(d=wrap(direction), t=step, prev_flat_grad=wrap(grad), prev_loss=loss)
            if start.slope > -group["tolerance_change"]:
                return
            if group["line_search_fn"] is not None:
                most = allowed - memory["func_evals"]
                line = self._along(closure, direction)
                step, loss, grad, _ = _search(line, start, step, direction, most, group)
                memory["t"] = step
            self._move(step, direction)
            if left == 0:  # nobody would look at what the closure says here
                return
            if group["line_search_fn"] is None:
                loss, grad = self._seen(closure())
            if memory["func_evals"] >= allowed or _is_still(start, loss, grad, step, group, memory):
                return

    def _direction(self, grad, history_size):
        """Minus the estimated inverse of the curvature times `grad` (Nocedal 1980)."""
        memory = self._memory
        if memory["n_iter"] == 1:
            memory.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -grad
        self._remember(grad - memory["prev_flat_grad"].data, history_size)
        changes, steps = ([x.data for x in memory[name]] for name in LISTS)
        pairs = list(zip(changes, steps, memory["ro"]))
        q, parts = -grad, []
        for change, step, ro in reversed(pairs):
            parts.append(float(step @ q) * ro)
            q -= parts[-1] * change
        q *= memory["H_diag"]
        for change, step, ro in pairs:
            q += (parts.pop() - float(change @ q) * ro) * step
        return q

    def _remember(self, change, history_size):
        """Keep the last step, and by how much the slopes changed on it."""
        memory = self._memory
        step = memory["d"].data * memory["t"]
        curvature = float(change @ step)
        if curvature <= LEAST_CURVATURE:
            return
        for name, new in (("old_dirs", wrap(change)), ("old_stps", wrap(step))):
            memory[name] = [*memory[name], new][-history_size:]
        memory["ro"] = [*memory["ro"], 1.0 / curvature][-history_size:]
        memory["H_diag"] = curvature / float(change @ change)

    def _seen(self, loss):
        """The loss as a number, and all slopes as one array, after a call of the closure."""
        if loss is None:
            raise TypeError("LBFGS: the closure returned None: let it return the loss")
        self._memory["func_evals"] += 1
        parameters = self._parameters
        slopes = [np.zeros_like(p.data) if p.grad is None else p.grad.data for p in parameters]
        return float(loss), np.concatenate([np.ravel(part) for part in slopes])

    def _move(self, step, direction):
        """Go on by `step` times `direction`."""
        at = 0
        for p in self._parameters:
            part = direction[at : at + p.data.size]
            p.data += step * part.reshape(p.data.shape)
            at += p.data.size

    def _along(self, closure, direction):
        """A function that looks at a place on the line and comes back to where it was."""
        here = [p.data.copy() for p in self._parameters]

        def at(step):
            self._move(step, direction)
            loss, grad = self._seen(closure())
            for p, before in zip(self._parameters, here):
                p.data[...] = before
            return _At(step, loss, grad, float(grad @ direction))

        return at

    def load_state_dict(self, state_dict):
        """Go on from the `state_dict()` of an LBFGS with the same parameters, in this order.

        Raises:
            ValueError: it does not fit these parameters; nothing has changed then.
        """
        kept = dict(next(iter(state_dict["state"].values()), {}))
        size = sum(p.data.size for p in self._parameters)
        for vector in [*(kept.get(name) for name in VECTORS), *kept.get("old_dirs", ())]:
            if vector is not None and vector.shape != (size,):
                raise ValueError(f"the state is of {vector.shape} numbers, the optimizer of {size}")
        super().load_state_dict({**state_dict, "state": {}})
        dtype = self._parameters[0].dtype
        for name in VECTORS:
            kept |= {name: Tensor(kept[name], dtype=dtype)} if name in kept else {}
        for name in LISTS:
            kept |= {name: [Tensor(x, dtype=dtype) for x in kept[name]]} if name in kept else {}
        self._memory.update(kept)


def _is_still(start, loss, grad, step, group, memory):
    """Whether the slopes are nearly 0, or the last step has changed nearly nothing."""
    least = group["tolerance_change"]
    return (
        np.abs(grad).max() <= group["tolerance_grad"]
        or np.abs(memory["d"].data * step).max() <= least
        or abs(loss - start.loss) < least
    )


def _search(line, start, step, direction, most, group):
    """A place that is low and flat enough (the strong Wolfe conditions), or the lowest one seen.

    Args:
        line: gives an `_At` for a step; start: that of step 0; step: the first to try.
        most: how many more may be tried after it.
    """
    bracket, found, tried = _bracket(line, start, line(step), most)
    width = float(np.abs(direction).max())
    hesitated = False
    while not found and tried < most:
        if abs(bracket[1].step - bracket[0].step) * width < group["tolerance_change"]:
            break
        step, hesitated = _kept_inside(_lowest_of_cubic(*bracket), bracket, hesitated)
        new = line(step)
        tried += 1
        found = _narrow(bracket, new, start)
    return bracket[_lower(bracket)]


def _is_too_high(place, start):
    return place.loss > start.loss + FALLS_ENOUGH * place.step * start.slope


def _is_flat(place, start):
    return abs(place.slope) <= -FLATTENS_ENOUGH * start.slope


def _lower(bracket):
    return 0 if bracket[0].loss <= bracket[-1].loss else 1


def _bracket(line, start, new, most):
    """Two places with a good one between them, or a good one itself; further and further out.

    Returns:
        list of `_At`, whether its only one is good, and how many were tried after `new`.
    """
    before = start
    for tried in range(most):
        if _is_too_high(new, start) or (tried > 1 and new.loss >= before.loss):
            return [before, new], False, tried
        if _is_flat(new, start):
            return [new], True, tried
        if new.slope >= 0:
            return [before, new], False, tried
        ends = new.step + 0.01 * (new.step - before.step), new.step * 10
        step = _lowest_of_cubic(before, new, ends)
        before, new = new, line(step)
    return [start, new], False, most


def _narrow(bracket, new, start):
    """Let `new` be an end of the bracket; return whether it is good."""
    low = _lower(bracket)
    high = 1 - low
    if _is_too_high(new, start) or new.loss >= bracket[low].loss:
        bracket[high] = new
        return False
    good = _is_flat(new, start)
    if not good and new.slope * (bracket[high].step - bracket[low].step) >= 0:
        bracket[high] = bracket[low]
    bracket[low] = new
    return good


def _kept_inside(step, bracket, hesitated):
    """`step`, or a place a tenth from an end if it is at one, or near one for the second time."""
    low, high = sorted(place.step for place in bracket)
    margin = 0.1 * (high - low)
    if min(high - step, step - low) >= margin:
        return step, False
    if not hesitated and low < step < high:
        return step, True
    return (high - margin if abs(step - high) < abs(step - low) else low + margin), False


def _lowest_of_cubic(a, b, ends=None):
    """Where the cubic through two places is lowest (Nocedal, Wright 2006, 3.59), within `ends`."""
    a, b = sorted((a, b), key=lambda place: place.step)
    low, high = (a.step, b.step) if ends is None else ends
    middle = (low + high) / 2
    if a.step == b.step:
        return middle
    mean = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = mean * mean - a.slope * b.slope
    if not square >= 0:
        return middle
    root = math.sqrt(square)
    below = b.slope - a.slope + 2 * root
    if below == 0:
        return middle
    return min(max(b.step - (b.step - a.step) * ((b.slope + root - mean) / below), low), high)

# %% [markdown]
# ## Distributions
#
# What is drawn, and how probable it was: what a network that decides by chance is trained with.

# %%
#| export distributions
import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

import tinytorch as tt
from tinytorch.autograd import enable_grad, no_grad
from tinytorch.tensor import ShapeError, Size, Tensor

__all__ = [
    "Bernoulli", "Categorical", "Distribution", "Independent", "Normal", "Uniform", "kl_divergence",
]  # fmt: skip


class _Constraint(NamedTuple):
    """What the numbers of an array have to be: PyTorch's name for it, and where they are."""

    name: str
    holds: object

    def check(self, array, what, wanted):
        """ValueError if `array` does not satisfy it; `what` it is, and what is `wanted` of it."""
        if not np.all(self.holds(array)):
            raise ValueError(
                f"Expected {what} (Tensor of shape {array.shape}) {wanted}, but found invalid "
                f"values:\n{array}"
            )


def _is_simplex(x):
    return (x >= 0).all(-1) & (np.abs(x.sum(-1) - 1) < 1e-6 * x.shape[-1])


REAL = _Constraint("Real()", lambda x: ~np.isnan(x))
POSITIVE = _Constraint("GreaterThan(lower_bound=0.0)", lambda x: x > 0)
UNIT = _Constraint("Interval(lower_bound=0.0, upper_bound=1.0)", lambda x: (x >= 0) & (x <= 1))
BOOLEAN = _Constraint("Boolean()", lambda x: (x == 0) | (x == 1))
SIMPLEX = _Constraint("Simplex()", _is_simplex)


def _together(*values):
    """Numbers and tensors as tensors of one shape; numbers take on the tensors' dtype."""
    dtype = next((v.dtype for v in values if isinstance(v, Tensor)), None)
    if dtype is not None and dtype.kind != "f":
        raise RuntimeError(f"a parameter of a distribution is of floats, not {dtype}: x.float()")
    tensors = [v if isinstance(v, Tensor) else tt.tensor(float(v), dtype=dtype) for v in values]
    try:
        shape = np.broadcast_shapes(*(x.shape for x in tensors))
    except ValueError:
        shapes = " and ".join(str(tuple(x.shape)) for x in tensors)
        raise ShapeError(f"parameters of a distribution: shapes {shapes} do not fit") from None
    return [x.expand(shape) for x in tensors]


def _one_of(probs, logits):
    """The name of the parameter that is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return "logits" if probs is None else "probs"


def _not_quite_certain(probs):
    """Probabilities that have a finite logarithm, as have those of their opposites."""
    tiny = float(np.finfo(probs.dtype).eps)
    return probs.clamp(tiny, 1 - tiny)


def _softplus(x):
    """log(1 + exp(x)), without overflow and with a slope everywhere."""
    return tt.stack([tt.zeros_like(x), x]).logsumexp(0)


class Distribution:
    """The base of all: shapes, checks, and what can be said of `rsample` and `variance`.

    A sample has the shape sample_shape + batch_shape + event_shape: `batch_shape` for parameters
    that are tensors, `event_shape` for what is one draw.

    Args:
        batch_shape, event_shape: tuples.
        validate_args: whether parameters and values are checked; None for yes.

    Raises:
        ValueError: a parameter does not satisfy its constraint.
    """

    _constrained = ()  # names of parameters, and what they have to be
    has_rsample = False

    def __init__(self, batch_shape=(), event_shape=(), validate_args=None):
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        self._validate = validate_args is not False
        for name, constraint in self._constrained:
            if self._validate and name in vars(self):
                wanted = f"of distribution {self!r} to satisfy the constraint {constraint.name}"
                constraint.check(vars(self)[name].data, f"parameter {name}", wanted)

    @property
    def batch_shape(self):
        """The shape of the parameters: as many distributions."""
        return self._batch_shape

    @property
    def event_shape(self):
        """The shape of a single draw."""
        return self._event_shape

    @property
    def stddev(self):
        """The square root of the variance."""
        return self.variance.sqrt()

    def _extended_shape(self, sample_shape=()):
        return (*sample_shape, *self._batch_shape, *self._event_shape)

    def sample(self, sample_shape=()):
        """Draw from the one generator, without a gradient: sample_shape + batch + event."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=()):
        """Draw so that the parameters get a gradient, where the distribution allows it."""
        raise NotImplementedError(f"{type(self).__name__} has no rsample: its draws have no slope")

    def _check_value(self, value):
        """ValueError for a value that cannot have been drawn."""
        if not self._validate:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        wanted = self._extended_shape()
        pairs = zip(reversed(value.shape), reversed(wanted))
        if not all(a == b or 1 in (a, b) for a, b in pairs):
            raise ValueError(
                "Value is not broadcastable with batch_shape+event_shape: "
                f"{tuple(value.shape)} vs {wanted}."
            )
        support = self._support()
        wanted = f"to be within the support ({support.name}) of the distribution {self!r}"
        support.check(value.data, "value argument", wanted)

    def _support(self):
        return REAL

    def __repr__(self):
        known = [(name, vars(self)[name]) for name, _ in self._constrained if name in vars(self)]
        shown = [f"{n}: {x.item() if x.numel() == 1 else tuple(x.shape)}" for n, x in known]
        return f"{type(self).__name__}({', '.join(shown)})"


class Categorical(Distribution):
    """One of the numbers 0 to C - 1.

    Args:
        probs: Tensor (..., C) of numbers of at least 0, in proportion to the probabilities; or
        logits: Tensor (..., C), the logarithms of such numbers.

    Raises:
        ValueError: neither or both, no dimension, or a number that is negative, NaN or infinite.
        TypeError: no tensor.
    """

    _constrained = (("probs", SIMPLEX), ("logits", REAL))

    def __init__(self, probs=None, logits=None, validate_args=None):
        name = _one_of(probs, logits)
        given = logits if probs is None else probs
        if not isinstance(given, Tensor):
            raise TypeError(f"`{name}` must be a tensor, not {type(given).__name__}")
        if given.ndim < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if probs is None:
            self.logits = logits - logits.logsumexp(-1, keepdim=True)
        else:
            with np.errstate(invalid="ignore"):  # nothing but zeros: NaN is refused below
                self.probs = probs / probs.sum(-1, keepdim=True)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    @cached_property
    def probs(self):
        """Probabilities, which sum to 1."""
        with enable_grad():
            return self.logits.softmax(-1)

    @cached_property
    def logits(self):
        """Their logarithms."""
        with enable_grad():
            return _not_quite_certain(self.probs).log()

    @property
    def param_shape(self):
        """The shape of `probs` and `logits`."""
        return Size((*self._batch_shape, self._num_events))

    @property
    def mode(self):
        """The most probable number."""
        return self.probs.argmax(-1)

    def sample(self, sample_shape=()):
        """Numbers from 0 on: int64, sample_shape + batch_shape."""
        shape = self._extended_shape(sample_shape)
        flat = self.probs.detach().reshape(-1, self._num_events)
        drawn = tt.multinomial(flat, math.prod(sample_shape), replacement=True)
        return drawn.T.reshape(shape)

    def log_prob(self, value):
        """The logarithm of the probability of each number in `value`."""
        self._check_value(value)
        shape = np.broadcast_shapes(value.shape, self._batch_shape)
        logits = self.logits.expand((*shape, self._num_events))
        return logits.gather(-1, value.long().expand(shape).unsqueeze(-1)).squeeze(-1)

    def entropy(self):
        """-sum(p log p), in nats."""
        least = float(np.finfo(self.logits.dtype).min)
        return -(self.logits.clamp(min=least) * self.probs).sum(-1)

    def enumerate_support(self, expand=True):
        """All numbers, along a new first dimension."""
        shape = (self._num_events, *(1 for _ in self._batch_shape))
        numbers = tt.arange(self._num_events).reshape(shape)
        return numbers.expand((self._num_events, *self._batch_shape)) if expand else numbers

    def _support(self):
        top = self._num_events - 1
        name = f"IntegerInterval(lower_bound=0, upper_bound={top})"
        return _Constraint(name, lambda x: (x % 1 == 0) & (x >= 0) & (x <= top))


class Bernoulli(Distribution):
    """1 with a probability, else 0.

    Args:
        probs: that probability, a tensor or a number; or
        logits: log(p / (1 - p)).

    Raises:
        ValueError: neither or both, or a probability that is none.
    """

    _constrained = (("probs", UNIT), ("logits", REAL))

    def __init__(self, probs=None, logits=None, validate_args=None):
        name = _one_of(probs, logits)
        (given,) = _together(logits if probs is None else probs)
        setattr(self, name, given)
        super().__init__(given.shape, validate_args=validate_args)

    @cached_property
    def probs(self):
        """The probability of 1."""
        with enable_grad():
            return self.logits.sigmoid()

    @cached_property
    def logits(self):
        """log(p / (1 - p))."""
        with enable_grad():
            probs = _not_quite_certain(self.probs)
            return probs.log() - (-probs).log1p()

    @property
    def mean(self):
        return self.probs

    @property
    def variance(self):
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        """Ones and zeros, of the dtype of the parameter: sample_shape + batch_shape."""
        return tt.bernoulli(self.probs.detach().expand(self._extended_shape(sample_shape)))

    def log_prob(self, value):
        """The logarithm of the probability of each 0 or 1 in `value`."""
        self._check_value(value)
        return value * self.logits - _softplus(self.logits)

    def entropy(self):
        """-p log p - (1 - p) log(1 - p), in nats."""
        return _softplus(self.logits) - self.probs * self.logits

    def _support(self):
        return BOOLEAN


class Normal(Distribution):
    """The normal distribution (Gauss 1809).

    Args:
        loc: its mean, a tensor or a number.
        scale: its standard deviation.

    Raises:
        ValueError: a `scale` that is not above 0, or NaN.
    """

    _constrained = (("loc", REAL), ("scale", POSITIVE))
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = _together(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self):
        return self.loc

    mode = mean

    @property
    def stddev(self):
        return self.scale

    @property
    def variance(self):
        return self.scale**2

    def rsample(self, sample_shape=()):
        """loc + scale * noise: both get a gradient (Kingma, Welling 2014)."""
        noise = tt.randn(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        return self.loc + self.scale * noise

    def log_prob(self, value):
        """The logarithm of the density at each number of `value`."""
        self._check_value(value)
        away = (value - self.loc) / self.scale
        return -(away**2) / 2 - self.scale.log() - math.log(2 * math.pi) / 2

    def entropy(self):
        """In nats."""
        return self.scale.log() + 0.5 + math.log(2 * math.pi) / 2


class Uniform(Distribution):
    """Every number from `low` to `high` is as probable as any other.

    Args:
        low, high: tensors or numbers.

    Raises:
        ValueError: a `low` that is not below `high`.
    """

    _constrained = (("low", REAL), ("high", REAL))
    has_rsample = True

    def __init__(self, low, high, validate_args=None):
        self.low, self.high = _together(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)
        if self._validate and not (self.low.data < self.high.data).all():
            raise ValueError("Uniform is not defined when low>= high")

    @property
    def mean(self):
        return (self.high + self.low) / 2

    @property
    def variance(self):
        return (self.high - self.low) ** 2 / 12

    def rsample(self, sample_shape=()):
        """low + (high - low) * noise: both get a gradient."""
        noise = tt.rand(self._extended_shape(sample_shape), dtype=self.low.dtype)
        return self.low + noise * (self.high - self.low)

    def log_prob(self, value):
        """The logarithm of the density at each number of `value`; -inf at `high` itself."""
        self._check_value(value)
        inside = ((value >= self.low) & (value < self.high)).to(self.low.dtype)
        with np.errstate(divide="ignore"):
            return inside.log() - (self.high - self.low).log()

    def entropy(self):
        """In nats."""
        return (self.high - self.low).log()

    def _support(self):
        low, high = self.low.data, self.high.data
        return _Constraint("Interval(low, high)", lambda x: (x >= low) & (x <= high))


class Independent(Distribution):
    """The last dimensions of a batch as one draw: `log_prob` is their sum.

    Args:
        base_distribution: the one whose batch it is.
        reinterpreted_batch_ndims: how many of its last dimensions.

    Raises:
        ValueError: it has not so many.
    """

    def __init__(self, base_distribution, reinterpreted_batch_ndims, validate_args=None):
        shape, count = base_distribution.batch_shape, reinterpreted_batch_ndims
        if count > len(shape):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), "
                f"actual {count} vs {len(shape)}"
            )
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, count
        kept = len(shape) - count
        event = (*shape[kept:], *base_distribution.event_shape)
        super().__init__(shape[:kept], event, validate_args)

    @property
    def has_rsample(self):
        return self.base_dist.has_rsample

    @property
    def mean(self):
        return self.base_dist.mean

    @property
    def variance(self):
        return self.base_dist.variance

    def sample(self, sample_shape=()):
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape=()):
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value):
        """The logarithm of the density of each draw: sums over its dimensions."""
        return self._summed(self.base_dist.log_prob(value))

    def entropy(self):
        """In nats."""
        return self._summed(self.base_dist.entropy())

    def _summed(self, x):
        count = self.reinterpreted_batch_ndims
        return x.sum(tuple(range(-count, 0))) if count else x

    def __repr__(self):
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"


def kl_divergence(p, q):
    """How many nats it costs to take `q` for `p` (Kullback, Leibler 1951): shape batch_shape.

    Raises:
        NotImplementedError: the two are not of one kind.
    """
    kind = type(p)
    if kind is not type(q) or kind not in DIVERGENCES:
        raise NotImplementedError(f"kl_divergence of {kind.__name__} and {type(q).__name__}")
    return DIVERGENCES[kind](p, q)


def _infinite_or_none(term, infinite, none):
    """`term`, but infinite where `q` says never, and 0 where `p` does."""
    term = tt.where(infinite, tt.full_like(term, math.inf), term)
    return tt.where(none, tt.zeros_like(term), term)


def _of_categoricals(p, q):
    term = p.probs * (p.logits - q.logits)
    return _infinite_or_none(term, q.probs.detach() == 0, p.probs.detach() == 0).sum(-1)


def _of_bernoullis(p, q):
    a, b = p.probs.detach(), q.probs.detach()
    ones = p.probs * (_softplus(-q.logits) - _softplus(-p.logits))
    zeros = (1 - p.probs) * (_softplus(q.logits) - _softplus(p.logits))
    return _infinite_or_none(ones, b == 0, a == 0) + _infinite_or_none(zeros, b == 1, a == 1)


def _of_normals(p, q):
    ratio = (p.scale / q.scale) ** 2
    return (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log()) / 2


def _of_uniforms(p, q):
    found = ((q.high - q.low) / (p.high - p.low)).log()
    outside = (q.low > p.low) | (q.high < p.high)
    return tt.where(outside, tt.full_like(found, math.inf), found)


def _of_independents(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("kl_divergence of draws with different numbers of dimensions")
    return p._summed(kl_divergence(p.base_dist, q.base_dist))


DIVERGENCES = {
    Bernoulli: _of_bernoullis,
    Categorical: _of_categoricals,
    Independent: _of_independents,
    Normal: _of_normals,
    Uniform: _of_uniforms,
}
