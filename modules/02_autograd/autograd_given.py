# %% [markdown]
# # Given in module 02: Autograd
#
# What the lesson `autograd.py` uses and nobody need write: conversions, errors, and the rules that
# teach nothing new. It is exported before the lesson's own cells, into the same file. Do not edit
# it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %%
#| export autograd
import functools
import math
import sys

import numpy as np

from tinytorch.tensor import (
    Abs,
    Add,
    Cast,
    Cat,
    Clamp,
    Clone,
    Div,
    DtypeError,
    Exp,
    Expand,
    Function,
    Index,
    Log,
    MatMul,
    Max,
    Maximum,
    Mean,
    Mul,
    Neg,
    Permute,
    Pow,
    Remainder,
    Reshape,
    ShapeError,
    Sqrt,
    Stack,
    Sub,
    Sum,
    Tanh,
    Tensor,
    Where,
    index_steps,
    ndarray,
    unwrap,
    wrap,
)

# %% [markdown]
# ## Where an array belongs


# %%
#| export autograd
def _put_right(tensor):
    """`w.data = w.data - rate * w.grad` leaves a tensor, or a number, where an array belongs."""
    while isinstance(tensor.data, Tensor):
        tensor.data = tensor.data.data
    tensor.data = np.asarray(tensor.data)
    return tensor.data


def _as_matrices(a, b, grad):
    """The operands of `a @ b` and the gradient of the result, with vectors as one row or column."""
    if b.ndim == 1:
        b, grad = b[:, None], grad[..., None]
    if a.ndim == 1:
        a, grad = a[None, :], np.expand_dims(grad, -2)
    if a.ndim > 2 and b.ndim == 2:
        rows = math.prod(a.shape[:-1])
        a, grad = a.reshape(rows, a.shape[-1]), grad.reshape(rows, grad.shape[-1])
    return a, b, grad


def may_repeat(index):
    """Whether `array[index]` may contain an element of `array` more than once."""
    parts = index if isinstance(index, tuple) else (index,)
    lists = [part for part in parts if isinstance(part, (ndarray, list, tuple))]
    return any(np.asarray(part).dtype.kind in "iu" for part in lists)


# %% [markdown]
# ## What `.grad` may be

# %%
#| export autograd
Tensor._grad = None


def _set_grad(tensor, grad):
    """`tensor.grad = grad`: of the tensor's shape, or None.

    A gradient that was only not summed back over a stretched dimension passes: a `backward` in
    progress makes such ones, and its tests say more about them than an error here could.
    """
    if grad is not None:
        if not isinstance(grad, (Tensor, ndarray)):
            raise TypeError(f"assigned grad expected to be a Tensor, not {type(grad).__name__}")
        got, wanted = np.shape(unwrap(grad)), np.shape(tensor.data)
        if got != wanted and not _stretches(wanted, got):
            raise RuntimeError(
                f"a gradient of shape {got} was assigned to the grad of a tensor of shape "
                f"{wanted}: they must be the same"
            )
    if grad is not None and not unwrap(grad).flags.c_contiguous:  # so that it can be viewed
        grad = wrap(np.ascontiguousarray(unwrap(grad)))
    tensor._grad = grad


def _stretches(shape, to):
    """Whether broadcasting makes an array of `shape` one of shape `to`."""
    lined_up = zip(reversed(shape), reversed(to))
    return len(shape) <= len(to) and all(n in (1, m) for n, m in lined_up)


Tensor.grad = property(lambda tensor: tensor._grad, _set_grad)

# %% [markdown]
# ## The walk: where it starts, and what may stop it


# %%
#| export autograd
def _starting_gradient(tensor, gradient):
    """The array the walk from `tensor` starts with."""
    if not tensor.requires_grad:
        raise RuntimeError(
            "backward() from a tensor that does not require grad: none of the tensors it was "
            "computed from was made with requires_grad=True, or it was computed under no_grad()"
        )
    data = tensor.data
    if gradient is None:
        if data.size != 1:
            raise RuntimeError(
                "backward() without a gradient starts from a single number, this tensor has shape "
                f"{data.shape}: take .sum() or .mean() first, or pass a gradient of that shape"
            )
        one = data.dtype.type(1)  # a NumPy number: quicker to compute with than an array ()
        return np.full(data.shape, one) if data.ndim else one
    grad = gradient.data if isinstance(gradient, Tensor) else np.asarray(gradient)
    if grad.shape != data.shape:
        raise RuntimeError(
            f"backward(gradient): the gradient has shape {grad.shape}, the tensor {data.shape}"
        )
    return grad if grad.dtype is data.dtype else grad.astype(data.dtype)


def _freed():
    return RuntimeError(
        "Trying to backward through the graph a second time: what was recorded is freed by the "
        "first backward(). Compute the result again, or keep the record with "
        "backward(retain_graph=True)"
    )


def _too_few(node, results):
    return RuntimeError(
        f"the backward rule of {type(node).__name__} returned {len(results)} gradients for "
        f"{len(node.inputs)} inputs (needs_input_grad: {node.needs_input_grad}): return one for "
        "each, None where there is none"
    )


# %% [markdown]
# ## The judge: both sides of the comparison


# %%
#| export autograd
def _gradients(func, inputs, checked, weights):
    """The gradients of (func(*inputs) * weights).sum() by backward(); `grad` is left as it was."""
    kept = [x.grad for x in checked]
    try:
        for x in checked:
            x.grad = None
        func(*inputs).backward(weights)
        return [np.zeros(x.shape) if x.grad is None else x.grad.data for x in checked]
    finally:
        for x, grad in zip(checked, kept):
            x.grad = grad


def _disagreement(number, found, expected):
    """What to say about two arrays that should be close."""
    gap = np.where(np.isfinite(found), np.abs(found - expected), np.inf)
    worst = tuple(int(i) for i in np.unravel_index(gap.argmax(), gap.shape))
    return (
        f"gradcheck: input {number}, element {worst}: backward() says {found[worst]:.6g}, "
        f"central differences say {expected[worst]:.6g}\nbackward():\n{found}\n"
        f"central differences:\n{expected}"
    )


# %% [markdown]
# ## Rules
#
# `grad` holds the slopes of the final number with respect to the operation's result; `self.args`
# is what the operation was called with, `self.out` its result. Each returns the slopes with respect
# to what went in.


# %%
#| export autograd
def pow_backward(self, grad):
    a, b = self.args
    need_a, need_b = self.needs_input_grad
    grad_a = grad_b = None
    if need_a:  # b a^(b-1); for b = 0 it is 0, also at a = 0, where a^(-1) is infinite
        less = np.where(b == 0, b, b - 1) if isinstance(b, ndarray) else b - 1 if b else 0
        grad_a = grad * (b * a**less)
    if need_b:  # a^b log(a); at a = 0 it is 0
        with np.errstate(divide="ignore", invalid="ignore"):
            log_a = np.log(np.asarray(a, self.out.dtype))
            grad_b = np.where((a == 0) & (b >= 0), 0, grad * self.out * log_a)
    return grad_a, grad_b


def remainder_backward(self, grad):
    a, b = self.args  # a % b is a - (a // b) * b; `//` moves in jumps, and has no slope
    return grad, -grad * (a // b) if self.needs_input_grad[1] else None


def sqrt_backward(self, grad):
    return grad / (2 * self.out)


def abs_backward(self, grad):
    return grad * np.sign(self.args[0])


def maximum_backward(self, grad):
    """The larger of two (and, as Minimum is a kind of Maximum, the smaller); equal ones share."""
    a, b = self.args
    shares = np.where(a == b, grad / 2, grad)
    b_wins, a_wins = (b == self.out) & (a != b), (a == self.out) & (a != b)
    return np.where(b_wins, 0, shares), np.where(a_wins, 0, shares)


def clamp_backward(self, grad):
    a, low, high = self.args
    _, need_low, need_high = self.needs_input_grad
    raised = a if low is None else np.maximum(a, low)
    under = high is None or raised <= high
    return (
        np.where(under & (low is None or a >= low), grad, 0),
        np.where(under & (a < low), grad, 0) if need_low else None,
        np.where(raised > high, grad, 0) if need_high else None,
    )


def where_backward(self, grad):
    condition = self.args[0]
    return None, np.where(condition, grad, 0), np.where(condition, 0, grad)


def same_backward(self, grad):
    return grad  # the walk casts it back to the dtype of the input


def max_backward(self, grad):
    """The largest of all (and, as Min is a kind of Max, the smallest); equal ones share."""
    winners = self.args[0] == self.out
    return grad * winners / (np.count_nonzero(winners) or 1)


def expand_backward(self, grad):
    return grad  # it was broadcast; the walk undoes that


def cat_backward(self, grad):
    dim, *arrays = self.args
    ends = np.cumsum([a.shape[dim] for a in arrays])
    return None, *np.split(grad, ends[:-1], axis=dim)  # None: `dim` was the first input


def stack_backward(self, grad):
    return None, *np.moveaxis(grad, self.args[0], 0)


Pow.backward = pow_backward
Remainder.backward = remainder_backward
Sqrt.backward = sqrt_backward
Abs.backward = abs_backward
Maximum.backward = maximum_backward
Clamp.backward = clamp_backward
Where.backward = where_backward
Clone.backward = Cast.backward = same_backward
Max.backward = max_backward
Expand.backward = expand_backward
Cat.backward = cat_backward
Stack.backward = stack_backward

# %% [markdown]
# ## In place, in the graph
#
# A result that is changed in place takes on a new array and a new history. (Only where `detach` or
# `from_numpy` has shared the memory, the numbers are written there.) Whoever recorded the tensor
# before finds what it was then by the age of the change. What a view is a view of, its history
# tells; where nothing is recorded, indexing leaves a note.

# %%
#| export autograd
VIEWS = (Expand, Index, Permute, Reshape)  # operations whose results may share an input's memory
RECORDED = {np.add: Add, np.subtract: Sub, np.multiply: Mul, np.true_divide: Div, np.power: Pow}


class SetItem(Function):
    """`array[index] = value`, into a copy."""

    def forward(self, a, steps, value):
        out = a.copy()
        part = out
        for step in steps[:-1]:
            part = part[step]
        one = isinstance(value, ndarray) and value.size == 1
        part[steps[-1]] = value.reshape(()) if one else value
        return out

    def backward(self, grad):
        _, steps, value = self.args
        kept, part = grad.copy(), grad
        hole = kept
        for step in steps[:-1]:
            part, hole = part[step], hole[step]
        hole[steps[-1]] = 0
        part = np.array(part[steps[-1]])
        if isinstance(value, ndarray) and value.ndim > part.ndim:
            part = part.sum().reshape(value.shape) if value.size == 1 else part.reshape(value.shape)
        return kept, None, part


class _Part(tuple):
    """Note of a view that is not recorded: the tensor, and the index. A copy of it has no such."""

    def __reduce_ex__(self, protocol):
        return type(None), ()


Tensor._part = None


def _noting(getitem):
    """`Tensor.__getitem__`, which leaves a note in views of what is not recorded."""

    def noting_getitem(self, index):
        result = getitem(self, index)
        if result.grad_fn is None and self.grad_fn is None:
            base, data = result.data.base, self.data
            if base is not None and (base is data or base is data.base):
                result._part = _Part((self, index))
        return result

    return noting_getitem


Tensor.__getitem__ = _noting(Tensor.__getitem__)


def _takes_part(tensor, value):
    """Whether a change of `tensor` to something with `value` can and must be recorded."""
    if tensor.grad_fn is not None:
        return True
    if not isinstance(value, Tensor) or not value.requires_grad or tensor.requires_grad:
        return False
    return tensor._part is not None or _owns_memory(tensor.data)


def _owns_memory(array):
    """Whether nobody else may see a change; what was reshaped at once is a view of nobody's."""
    if array.base is None:
        return True
    alone = 2  # the view, and this call
    return isinstance(array.base, ndarray) and sys.getrefcount(array.base) <= alone


def _is_view(tensor):
    node = tensor.grad_fn
    shares = isinstance(node, VIEWS) and node.args is not None
    return shares and np.may_share_memory(node.args[0], tensor.data)


def _tell_base(node, new, note_change):
    """The tensor that a view was taken of, at `node`, takes over the view's new numbers.

    Returns:
        Tensor: the same view of that tensor, taken anew.
    """
    base = node.inputs[0]
    if isinstance(node, Expand) or base.grad_fn is None:
        raise RuntimeError(
            "in-place change of a view of a tensor that requires grad, or was expanded: write "
            "x = x + y instead of x += y"
        )
    if isinstance(node, Index):
        _go_on(base, lambda old: SetItem.apply(old, [node.args[1]], new), note_change)
    elif isinstance(node, Permute):
        order = [node.args[1].index(i) for i in range(len(node.args[1]))]
        _go_on(base, lambda old: new.permute(order), note_change)
    else:
        _go_on(base, lambda old: new.reshape(old.shape), note_change)
    return type(node).apply(base, *node.args[1:])


def _tell_whole(view, new):
    """The same for a view that is not recorded: see `_noting`."""
    whole, index = view._part
    if not np.may_share_memory(whole.data, view.data):
        raise RuntimeError(
            "in-place change of a view of a tensor that was changed since, with a value that "
            "requires grad: take the view, x[i], anew"
        )
    whole[index] = new
    return whole[index]


def _look_again(view, note_change):
    """Let a view show what it is a view of, if that was changed since."""
    if not _is_view(view):
        return
    node = view.grad_fn
    whole = node.inputs[0]
    _look_again(whole, note_change)
    if next(was for _, was in _before(node)) is not whole:
        _become(view, type(node).apply(whole, *node.args[1:]), _as_it_is(view), note_change)


def _as_it_is(tensor):
    """The tensor as it is now, for those who have recorded it."""
    old = wrap(tensor.data)
    old.grad_fn, old.requires_grad = tensor.grad_fn, tensor.requires_grad
    return old


def _become(tensor, new, old, note_change):
    """Let `tensor` be `new` from now on."""
    tensor._versions = [*getattr(tensor, "_versions", ()), (note_change(), old)]
    tensor.data = new.data.astype(old.dtype, copy=False)
    tensor.grad_fn, tensor.requires_grad = new.grad_fn, new.requires_grad


def _go_on(tensor, make, note_change):
    """Let `tensor` be what `make(its old self)` returns, from now on."""
    _look_again(tensor, note_change)
    node, is_view, old = tensor.grad_fn, _is_view(tensor), _as_it_is(tensor)
    array = tensor.data if node is None and getattr(tensor, "_shared", False) else None
    if array is not None:  # it will be overwritten, and what was recorded before holds it
        old.data, old._changed = array.copy(), note_change()
    new = make(old)
    if new.shape != tensor.shape:
        raise ShapeError(
            f"a tensor of shape {tuple(tensor.shape)} cannot hold a result of shape "
            f"{tuple(new.shape)}: an in-place change must not change the shape"
        )
    if is_view:
        new = _tell_base(node, new, note_change)
    elif node is None and tensor._part is not None:
        new = _tell_whole(tensor, new)
    _become(tensor, new, old, note_change)
    if array is not None:
        array[...] = tensor.data
        tensor.data = array
    return tensor


def _said_as_pytorch(change, tensor, what, value):
    """`change(tensor, what, value)`; NumPy's errors also as the RuntimeErrors of PyTorch."""
    try:
        return change(tensor, what, value)
    except ValueError as error:
        kind, said, place = ShapeError, error, error.__traceback__
    except TypeError as error:
        kind, said, place = DtypeError, error, error.__traceback__
    raise kind(f"in-place change: {said}").with_traceback(place)


def recorded_in_place(plain, is_recording, note_change):
    """`Tensor._in_place`, which records a change of a result; `plain` changes all else.

    Args:
        plain: the method of module 01.
        is_recording: whether operations are recorded now.
        note_change: tells the walk that something was changed, and returns the time.
    """

    def in_place(self, operation, other):
        if not (is_recording() and _takes_part(self, other)):
            return _said_as_pytorch(plain, self, operation, other)
        if operation not in RECORDED:
            return plain(self, operation, other)  # which refuses
        return _go_on(self, lambda old: RECORDED[operation].apply(old, other), note_change)

    return in_place


def recorded_setitem(plain, is_recording, note_change):
    """`Tensor.__setitem__`, which records a change of a result: see `recorded_in_place`."""

    def setitem(self, index, value):
        if not (is_recording() and _takes_part(self, value)):
            return _said_as_pytorch(plain, self, index, value)
        if value is self:
            return None  # the second half of `y[0] += 1` where `y[0]` is all of y
        steps = index_steps(index)
        value = value if isinstance(value, Tensor) else np.asarray(unwrap(value), self.dtype)
        _go_on(self, lambda old: SetItem.apply(old, steps, value), note_change)
        return None

    return setitem


def _before(node):
    """For each input of `node` the pair: itself, and what it was when `node` was recorded."""
    for value in node.inputs:
        versions = getattr(value, "_versions", ()) if isinstance(value, Tensor) else ()
        yield value, next((old for time, old in versions if time > node.age), value)


# %% [markdown]
# ## Operations in PyTorch's form
#
# `forward(ctx, ...)` and `backward(ctx, grad)` as static methods, on tensors instead of arrays.


# %%
#| export autograd
class _OnTensors:
    """What makes such a class an operation of this course: `self` is its `ctx`."""

    saved_tensors = ()

    def save_for_backward(self, *tensors):
        """Keep tensors for `backward`, which finds them in `saved_tensors`."""
        self.saved_tensors = tensors

    def mark_non_differentiable(self, *tensors):
        """Integers have no gradient here in any case."""

    def mark_dirty(self, *tensors):
        """A result is a tensor of its own here in any case."""

    def set_materialize_grads(self, value):
        """Gradients that have not come are zeros here in any case."""

    def forward(self, *arrays):
        inputs = tuple(map(_as_tensor, arrays))
        with set_grad_enabled(False):
            if hasattr(type(self), "setup_context"):
                out = type(self)._forward(*inputs)
                type(self).setup_context(self, inputs, out)
            else:
                out = type(self)._forward(self, *inputs)
        parts = out if isinstance(out, tuple) else (out,)
        if not all(isinstance(x, Tensor) for x in parts):
            raise TypeError(f"{type(self).__name__}.forward must return tensors, not {out!r}")
        type(self)._shapes = self._shapes = [x.shape for x in out] if out is parts else None
        return np.concatenate([x.data.ravel() for x in out]) if out is parts else out.data

    def backward(self, grad):
        with set_grad_enabled(False):
            found = self._passed_on(wrap(np.asarray(grad)))
        return tuple(map(unwrap, found)) if isinstance(found, tuple) else unwrap(found)

    def slopes(self, grad, out, *inputs):
        """The same rule, recorded; what was saved is taken with its history."""
        known = {id(x.data): x for x in (*inputs, out) if isinstance(x, Tensor)}
        self.saved_tensors = tuple(known.get(id(x.data), x) for x in self.saved_tensors)
        return self._passed_on(grad)

    def _passed_on(self, grad):
        parts = (grad,) if self._shapes is None else _cut(grad, self._shapes)
        return type(self)._backward(self, *parts)


def _as_tensor(value):
    return wrap(value) if isinstance(value, ndarray) else value


def _cut(row, shapes):
    """A vector as tensors of these shapes: several results travel through the record as one."""
    ends = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
    pairs = zip([0, *ends], ends, shapes)
    return tuple(row[start:end].reshape(shape) for start, end, shape in pairs)


def _apply_in_parts(cls, *args):
    """`apply`, whose result may be a tuple."""
    out = super(cls, cls).apply(*args)
    return out if cls._shapes is None else _cut(out, cls._shapes)


def _in_pytorch_s_form(cls):
    """Give a class whose `forward` is a static method the methods of `_OnTensors`."""
    if isinstance(vars(cls).get("forward"), staticmethod):
        cls._forward, cls._backward = staticmethod(cls.forward), staticmethod(cls.backward)
        cls.apply = classmethod(_apply_in_parts)
        for name, value in vars(_OnTensors).items():
            if not name.startswith("__"):
                setattr(cls, name, value)


Function.__init_subclass__ = classmethod(_in_pytorch_s_form)


def _retain_grad(self):
    """Keep the gradient of a result in its `grad` too, as that of a leaf."""
    if not self.requires_grad:
        raise RuntimeError("retain_grad() on a tensor that does not require grad")
    if self.grad_fn is not None and "backward" not in vars(self.grad_fn):
        self.grad_fn.backward = _keeping(self, self.grad_fn.backward)


def _keeping(tensor, rule):
    """The backward rule, which also adds the gradient that comes to it to `tensor.grad`."""

    def backward(grad):
        before = 0 if tensor.grad is None else tensor.grad.data
        tensor.grad = wrap(np.array(before + grad, tensor.dtype))
        return rule(grad)

    return backward


Tensor.retain_grad = _retain_grad

# %% [markdown]
# ## Recording on and off, and gradients without `.grad`


# %%
#| export autograd
class set_grad_enabled:
    """Switch recording on or off: at once, and for a `with` block until its end."""

    def __init__(self, mode):
        global _recording
        self.was, _recording = _recording, bool(mode)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        global _recording
        _recording = self.was


class enable_grad:
    """Within this everything is recorded, also inside of `no_grad`."""

    def __enter__(self):
        self.switch = set_grad_enabled(True)

    def __exit__(self, *error):
        self.switch.__exit__()

    def __call__(self, function):
        @functools.wraps(function)
        def with_recording(*args, **kwargs):
            with enable_grad():
                return function(*args, **kwargs)

        return with_recording


class set_detect_anomaly:
    """PyTorch's search for the operation that made a NaN: here nothing is searched for."""

    def __init__(self, mode=True, check_nan=True):
        """Either way."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        """Nothing to undo."""


detect_anomaly = set_detect_anomaly


class AccumulateGrad:
    """Stands for a leaf among the `next_functions` of an operation."""

    def __init__(self, variable):
        self.variable = variable

    next_functions = ()


def _next_functions(self):
    """What the inputs were computed by, as pairs (operation, 0); for a leaf AccumulateGrad."""
    pairs = zip(self.inputs or (), self.needs_input_grad)
    known = [x.grad_fn or AccumulateGrad(x) if needed else None for x, needed in pairs]
    return tuple((operation, 0) for operation in known)


Function.next_functions = property(_next_functions)


def inference_mode(mode=True):
    """The same as `no_grad()` here: `with inference_mode():`, or as a decorator."""
    if callable(mode):
        return no_grad()(mode)  # noqa: F821  (the lesson has it, in the same exported file)
    return no_grad() if mode else enable_grad()  # noqa: F821


def Variable(data, requires_grad=False):
    """A tensor of the same memory, from the time when tensors had no gradients."""
    out = data.detach() if isinstance(data, Tensor) else wrap(data)
    return out.requires_grad_() if requires_grad else out


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph=None,
    create_graph=False,
    only_inputs=True,
    allow_unused=None,
    is_grads_batched=False,
    materialize_grads=False,
):
    """The gradients of the sum of `outputs` with respect to `inputs`, without touching any `grad`.

    Args:
        outputs, inputs: a tensor or several; results may be inputs too.
        grad_outputs: where to start, as the `gradient` of `backward`; one for each output.
        retain_graph: keep what was recorded; None for what `create_graph` says.
        create_graph: record how the gradients are computed, so that they have gradients too.
        only_inputs: PyTorch's; it has no meaning any more.
        allow_unused: give None for inputs that had no part in it, instead of an error.
        is_grads_batched: not offered.
        materialize_grads: give zeros for such inputs.

    Returns:
        tuple of tensors, one for each input.

    Raises:
        RuntimeError: an input had no part in it, or an operation has no rule on tensors.
    """
    if is_grads_batched:
        raise RuntimeError("grad: is_grads_batched is not offered: ask for one after the other")
    outputs = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    starts = grad_outputs if isinstance(grad_outputs, (tuple, list)) else [grad_outputs]
    starts = [*starts] * (len(outputs) if len(starts) == 1 else 1)
    walk = _recorded_gradients if create_graph else _collected
    kept = create_graph if retain_graph is None else retain_graph
    found = walk(outputs, starts, inputs, bool(kept))
    for number, gradient in enumerate(found):
        if gradient is None and materialize_grads:
            found[number] = wrap(np.zeros_like(inputs[number].data))
        elif gradient is None and not allow_unused:
            raise RuntimeError(
                f"grad: input {number} had no part in the outputs: allow_unused=True gives None"
            )
    return tuple(found)


def _collected(outputs, starts, inputs, retain_graph):
    """Walk back from all outputs; catch what arrives at the inputs; leave every `grad` alone."""
    leaves = [*_leaves(outputs), *(x for x in inputs if x.grad_fn is None)]
    kept = [(leaf, leaf.grad) for leaf in {id(x): x for x in leaves}.values()]
    caught = {x.grad_fn: [] for x in inputs if x.grad_fn is not None}
    for leaf, _ in kept:
        leaf.grad = None
    for node, arrived in caught.items():
        node.backward = _catching(node.backward, arrived)
    try:
        for number, (output, start) in enumerate(zip(outputs, starts)):
            output.backward(start, retain_graph or number < len(outputs) - 1)
        return [x.grad if x.grad_fn is None else _total(caught[x.grad_fn]) for x in inputs]
    finally:
        for leaf, gradient in kept:
            leaf.grad = gradient
        for node in caught:
            del node.backward


def _catching(rule, arrived):
    """The backward rule, which also notes the gradients that come to it."""

    def backward(grad):
        arrived.append(grad)
        return rule(grad)

    return backward


def _total(gradients):
    """One tensor of all that has arrived, None for nothing."""
    return wrap(np.array(sum(gradients), order="C")) if gradients else None


def _leaves(outputs):
    """All leaves that the outputs were computed from."""
    found, seen, ahead = [], set(), list(outputs)
    while ahead:
        x = ahead.pop()
        if x.grad_fn is None:
            found.append(x)
        elif x.grad_fn not in seen and x.grad_fn.inputs is not None:
            seen.add(x.grad_fn)
            ahead += [a for a in x.grad_fn.inputs if isinstance(a, Tensor) and a.requires_grad]
    return found


# %% [markdown]
# ## Gradients that have gradients
#
# The walk of the lesson computes with arrays, and leaves no record of what it does. Where the
# gradients are to be differentiated once more (`create_graph=True`), another walk goes the same
# way with tensors. Each operation says how: `slopes` is its rule on tensors; an operation of
# several steps is `written_out` in simpler ones instead, and those are walked through.


# %%
#| export autograd
def _recorded_gradients(outputs, starts, inputs, retain_graph):
    """The gradients of `outputs` with respect to `inputs`, as results that are recorded."""
    with set_grad_enabled(True):
        leaves, found = _walk_on_tensors(outputs, starts, retain_graph)
        keys = [id(x) if x.grad_fn is None else x.grad_fn for x in inputs]
        slopes = [found.get(key, leaves.get(key, (None, None))[1]) for key in keys]
        return [None if g is None else g.contiguous() for g in slopes]


def backward_on_tensors(tensor, gradient, retain_graph):
    """`backward(create_graph=True)`: the gradients that it adds to each `grad` are recorded."""
    with set_grad_enabled(True):
        leaves, _ = _walk_on_tensors([tensor], [gradient], retain_graph)
        for leaf, slopes in leaves.values():
            leaf.grad = slopes if leaf.grad is None else leaf.grad + slopes


def _walk_on_tensors(outputs, starts, retain_graph):
    """Walk back from all outputs.

    Returns:
        dict from the id of each leaf to (leaf, its gradient), dict from operations to the
        gradients of their results.
    """
    leaves, found, ready = {}, {}, []

    def note(tensor, slopes):
        """Add to what has come for `tensor`."""
        if tensor.grad_fn is None:
            _, before = leaves.get(id(tensor), (None, None))
            leaves[id(tensor)] = tensor, slopes if before is None else before + slopes
        elif tensor.grad_fn in found:
            found[tensor.grad_fn] = found[tensor.grad_fn] + slopes
        else:
            found[tensor.grad_fn] = slopes
            heappush(ready, (-tensor.grad_fn.age, tensor))  # noqa: F821  (the lesson imports it)

    for output, start in zip(outputs, starts):
        array = _starting_gradient(output, start)
        note(output, start if isinstance(start, Tensor) else wrap(np.asarray(array)))
    while ready:
        _, result = heappop(ready)  # noqa: F821
        node = result.grad_fn
        for tensor, slopes in _passed_on(node, found[node], result):
            note(tensor, slopes)
        if not retain_graph:
            node.inputs = node.args = node.out = None
    return leaves, found


def _passed_on(node, grad, result):
    """Pairs (input, the gradient that comes to it) of one operation, on tensors."""
    if node.inputs is None:
        raise _freed()
    inputs = [was for _, was in _before(node)]
    if hasattr(node, "written_out"):
        return [(node.written_out(*inputs), grad)]
    if not hasattr(node, "slopes"):
        name = type(node).__name__
        raise RuntimeError(f"create_graph=True: {name} has no rule for gradients of gradients")
    slopes = node.slopes(grad, result, *inputs)
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    wanted = zip(inputs, node.needs_input_grad, slopes)
    return [(x, _fitted_tensor(g, x)) for x, needed, g in wanted if needed and g is not None]


def _fitted_tensor(grad, tensor):
    """`grad` summed over what broadcasting stretched, in the dtype of `tensor`."""
    more = grad.ndim - tensor.ndim
    if more > 0:
        grad = grad.sum(tuple(range(more)))
    shape = tensor.data.shape
    stretched = tuple(d for d, size in enumerate(shape) if size == 1 and grad.shape[d] != 1)
    if stretched:
        grad = grad.sum(stretched, keepdim=True)
    return (grad if grad.data.shape == shape else grad.expand(shape)).to(tensor.dtype)


# %% [markdown]
# ### Rules on tensors
#
# `out` is the result, `grad` its gradient, and what follows are the inputs: all of them tensors
# that know their history.


# %%
#| export autograd
def by_factors(self, grad, out, *inputs):
    """The rule of operations that are straight in pieces: `grad` times slopes that are constant.

    The slopes are what the rule on arrays makes of ones.
    """
    factors = type(self).backward(self, np.ones_like(self.out))
    factors = factors if isinstance(factors, tuple) else (factors,)
    return tuple(None if f is None else grad * wrap(np.asarray(f)) for f in factors)


def _mul_slopes(self, grad, out, a, b):
    return grad * b, grad * a


def _div_slopes(self, grad, out, a, b):
    need_a, need_b = self.needs_input_grad
    return grad / b if need_a else None, -grad * out / b if need_b else None


def _pow_slopes(self, grad, out, a, b):
    need_a, need_b = self.needs_input_grad
    less = b - 1
    if isinstance(b, Tensor):
        less = Where.apply(b.data == 0, 0.0, less)
    elif b == 0:
        less = 0
    of_a = grad * (b * a**less) if need_a else None
    return of_a, grad * out * a.log() if need_b else None


def _sum_slopes(self, grad, out, a, dim, keepdim):
    return _stretched(grad, a.shape, dim, keepdim)


def _mean_slopes(self, grad, out, a, dim, keepdim):
    count = a.numel() // max(1, out.numel())
    return _stretched(grad / count, a.shape, dim, keepdim)


def _stretched(grad, shape, dim, keepdim):
    """`grad` of a sum over `dim`, once more for each element."""
    if dim is not None and not keepdim:
        dims = [d % len(shape) for d in (dim if isinstance(dim, (tuple, list)) else [dim])]
        grad = grad.reshape([1 if d in dims else size for d, size in enumerate(shape)])
    return grad.expand(shape)


def _matmul_slopes(self, grad, out, a, b):
    rows = a.unsqueeze(0) if a.ndim == 1 else a
    columns = b.unsqueeze(1) if b.ndim == 1 else b
    if b.ndim == 1:
        grad = grad.unsqueeze(-1)
    if a.ndim == 1:
        grad = grad.unsqueeze(-2)
    of_a, of_b = grad @ columns.transpose(-2, -1), rows.transpose(-2, -1) @ grad
    return of_a.squeeze(-2) if a.ndim == 1 else of_a, of_b.squeeze(-1) if b.ndim == 1 else of_b


def _cat_slopes(self, grad, out, dim, *tensors):
    ends = np.cumsum([0, *(x.shape[dim] for x in tensors)])
    return None, *(grad.narrow(dim, int(a), x.shape[dim]) for a, x in zip(ends, tensors))


class Put(Function):
    """Zeros, with `values` added at an index: what `Index` does to a gradient."""

    def forward(self, values, shape, index):
        out = np.zeros(shape, values.dtype)
        (np.add.at if may_repeat(index) else _assign)(out, index, values)
        return out

    def backward(self, grad):
        return grad[self.args[2]]

    def slopes(self, grad, out, values, shape, index):
        return Index.apply(grad, index)


def _assign(array, index, values):
    array[index] = values


def _setitem_slopes(self, grad, out, a, steps, value):
    part = grad
    for step in steps:
        part = Index.apply(part, step)
    if isinstance(value, Tensor) and value.ndim > part.ndim:
        part = part.sum().reshape(value.shape) if value.numel() == 1 else part.reshape(value.shape)
    return SetItem.apply(grad, steps, 0), None, part


Add.slopes = lambda self, grad, out, a, b: (grad, grad)
Sub.slopes = lambda self, grad, out, a, b: (grad, -grad)
Neg.slopes = lambda self, grad, out, a: -grad
Mul.slopes, Div.slopes, Pow.slopes = _mul_slopes, _div_slopes, _pow_slopes
Exp.slopes = lambda self, grad, out, a: grad * out
Log.slopes = lambda self, grad, out, a: grad / a
Sqrt.slopes = lambda self, grad, out, a: grad / (2 * out)
Tanh.slopes = lambda self, grad, out, a: grad * (1 - out * out)
Sum.slopes, Mean.slopes = _sum_slopes, _mean_slopes
Abs.slopes = Maximum.slopes = Clamp.slopes = Where.slopes = Max.slopes = by_factors
Clone.slopes = Cast.slopes = Expand.slopes = lambda self, grad, out, a, *how: grad
MatMul.slopes, Cat.slopes = _matmul_slopes, _cat_slopes
Stack.slopes = lambda self, grad, out, dim, *parts: (None, *grad.unbind(dim))
Reshape.slopes = lambda self, grad, out, a, shape: grad.reshape(a.shape)
Permute.slopes = lambda self, grad, out, a, dims: grad.permute(np.argsort(dims).tolist())
Index.slopes = lambda self, grad, out, a, index: Put.apply(grad, a.data.shape, index)
SetItem.slopes = _setitem_slopes


# %% [markdown]
# ## More arguments of `backward`, hooks, and matrices of derivatives
#
# These need the lesson's walk, so they stand in a file of their own.

# %%
#| default_exp _autograd
#| export
import numpy as np

from tinytorch import autograd
from tinytorch.tensor import Tensor, stack, wrap

__all__ = ["autograd"]  # nothing new: it only adds to what is there

_HOOKED = {}  # by id: leaves, and the functions that look at their gradients


def _with_more_arguments(walk):
    """`Tensor.backward` with PyTorch's other arguments; `walk` is the lesson's."""

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        retain_graph = bool(create_graph if retain_graph is None else retain_graph)
        if inputs is not None:
            _only_for(inputs, self, gradient, retain_graph, create_graph)
        elif create_graph:
            autograd.backward_on_tensors(self, gradient, retain_graph)
        elif _HOOKED:
            _with_hooks(lambda: walk(self, gradient, retain_graph))
        else:
            walk(self, gradient, retain_graph)

    backward.__doc__ = walk.__doc__
    return backward


def _only_for(inputs, tensor, gradient, retain_graph, create_graph):
    """Add gradients to the `grad` of these tensors only."""
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    found = autograd.grad(tensor, inputs, gradient, retain_graph, create_graph, allow_unused=True)
    for leaf, slopes in zip(inputs, found):
        if slopes is not None:
            leaf.grad = slopes if leaf.grad is None else leaf.grad + slopes


def _with_hooks(walk):
    """Walk, and let the hooks of leaves see, and change, what comes to them."""
    watched = [(leaf, leaf.grad, hooks) for leaf, hooks in _HOOKED.values() if hooks]
    for leaf, _, _ in watched:
        leaf.grad = None
    try:
        walk()
    finally:
        for leaf, before, hooks in watched:
            for hook in list(hooks.values()) if leaf.grad is not None else ():
                changed = hook(leaf.grad)
                leaf.grad = leaf.grad if changed is None else changed
            if before is not None:
                leaf.grad = before if leaf.grad is None else before + leaf.grad


Tensor.backward = _with_more_arguments(Tensor.backward)


class _RemovableHandle:
    """What `register_hook` returns: `remove()` takes the hook away."""

    def __init__(self, hooks, hook):
        self.hooks = hooks
        self.hooks[id(self)] = hook

    def remove(self):
        self.hooks.pop(id(self), None)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.remove()


def _register_hook(self, hook):
    """Call `hook(gradient)` whenever a gradient of this tensor is computed.

    What it returns, if not None, goes on in place of the gradient.

    Raises:
        RuntimeError: the tensor requires no gradient.
    """
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if self.grad_fn is None:
        return _RemovableHandle(_HOOKED.setdefault(id(self), (self, {}))[1], hook)
    node = self.grad_fn
    if not hasattr(node, "hooks"):
        node.hooks = {}
        node.backward = _looked_at(node.hooks, node.backward)
    return _RemovableHandle(node.hooks, hook)


def _looked_at(hooks, rule):
    """The backward rule, which first shows the gradient to the hooks."""

    def backward(grad):
        for hook in list(hooks.values()):
            changed = hook(wrap(np.asarray(grad)))
            grad = grad if changed is None else changed.data
        return rule(grad)

    return backward


Tensor.register_hook = _register_hook


def _rows(func, inputs, create_graph):
    """For each element of `func(*inputs)` its gradients with respect to all inputs."""
    inputs = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    with autograd.set_grad_enabled(True):
        inputs = tuple(x.detach().requires_grad_() if x.grad_fn is None else x for x in inputs)
        out = func(*inputs)
        how = {"retain_graph": True, "create_graph": create_graph, "materialize_grads": True}
        rows = [autograd.grad(element, inputs, **how) for element in out.reshape(-1)]
    parts = (stack(part).reshape(*out.shape, *x.shape) for part, x in zip(zip(*rows), inputs))
    return out, inputs, tuple(parts)


class _functional:
    """Matrices of derivatives."""

    @staticmethod
    def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False):
        """The slopes of each element of `func(*inputs)` with respect to each element of `inputs`.

        Returns:
            Tensor of the shapes of result and input, one after the other; a tuple for a tuple.
        """
        _, _, parts = _rows(func, inputs, create_graph)
        parts = parts if create_graph else tuple(part.detach() for part in parts)
        return parts[0] if isinstance(inputs, Tensor) else parts

    @staticmethod
    def hessian(func, inputs, create_graph=False, strict=False, vectorize=False):
        """The second derivatives of `func(*inputs)`, one number.

        Returns:
            Tensor of the input's shape, twice; for a tuple of inputs a tuple of tuples.
        """
        alone = isinstance(inputs, Tensor)
        given = (inputs,) if alone else tuple(inputs)

        def slopes_of(number):
            def slopes(*at):
                return autograd.grad(func(*at), at[number], create_graph=True)[0]

            return slopes

        how = {"create_graph": create_graph}
        rows = tuple(_functional.jacobian(slopes_of(i), given, **how) for i in range(len(given)))
        return rows[0][0] if alone else rows


autograd.functional = _functional
