"""Tests of module 04: what `tito module test 04` runs against your own export.

The oracle is NumPy: each rule is written down once more, plainly and in float64.

PYTEST_DONT_REWRITE: every assert has a message of its own, which says it in plainer words.
"""

import copy
import itertools
import math

import numpy as np
import pytest

import tinytorch
from tinytorch import manual_seed, nn, tensor
from tinytorch.nn.utils import clip_grad_norm_, get_total_norm
from tinytorch.optim import SGD, Adam, AdamW, Optimizer, lr_scheduler
from tinytorch.optim.optimizers import adam_step, decayed, velocity
from tinytorch.random import default_generator
from tinytorch.training import (
    Callback,
    Trainer,
    accuracy,
    batch_indices,
    evaluate,
    minibatches,
    train_step,
)

SHAPES = [(), (1,), (3,), (2, 3), (0, 2), (2, 1, 3)]


def parameter(values, dtype=None):
    return tensor(values, dtype=dtype, requires_grad=True)


def with_grad(values, grad, dtype="float32"):
    p = parameter(np.asarray(values, dtype))
    p.grad = tensor(np.asarray(grad, dtype))
    return p


def randoms(seed, dtype="float32", count=2):
    """For each shape, `count` random arrays of it."""
    rng = np.random.default_rng(seed)
    for shape in SHAPES:
        yield tuple(np.asarray(rng.standard_normal(shape), dtype) for _ in range(count))


def close(found, expected, tolerance=1e-6):
    found, expected = np.asarray(found), np.asarray(expected)
    return found.shape == expected.shape and np.allclose(found, expected, tolerance, tolerance)


def show(values):
    """Numbers for a message, without the noise of float32."""
    return np.round(np.asarray(values, "float64"), 6).tolist()


def error_of(call, *args, **kwargs):
    """The exception that a call raises, or None."""
    try:
        call(*args, **kwargs)
    except NotImplementedError:
        raise
    except Exception as error:
        return error
    return None


def said(error):
    return f"raised {type(error).__name__}: {error}" if error else "raised nothing"


def likely(found, slips, tolerance=1e-4):
    """What is said of the slip whose result was found, as the end of a message; nothing if none."""
    tolerances = {"rtol": tolerance, "atol": tolerance, "equal_nan": True}
    met = [said for said, value in slips.items() if np.allclose(found, value, **tolerances)]
    return f": {met[0]}" if met else ""


# Task 4.1: the optimizer


class Recorder(Optimizer):
    """Writes down what `step` asks it to update."""

    def __init__(self, params, **options):
        super().__init__(params, {"lr": 0.1, **options})
        self.seen = []

    def update(self, p, grad, group):
        self.seen.append((p, grad, group))


def test_4_1_zero_grad_forgets():
    a, b, idle = parameter([1.0, 2.0]), parameter([[3.0]]), parameter([4.0])
    optimizer = Recorder([{"params": [a, idle]}, {"params": [b]}])
    a.grad, b.grad = tensor([1.0, 1.0]), tensor([[1.0]])
    optimizer.zero_grad()
    assert a.grad is None, (
        f"after zero_grad() the gradient of a parameter is {a.grad}, expected None: set `p.grad`"
    )
    assert b.grad is None, (
        f"after zero_grad() a parameter of the second group still has the gradient {b.grad}: "
        "go through all of self.param_groups"
    )
    assert idle.grad is None, f"a parameter without gradient got one in zero_grad(): {idle.grad}"


def test_4_1_zero_grad_goes_through_a_whole_group():
    params = [with_grad([1.0], [5.0]), with_grad([2.0], [6.0]), with_grad([3.0], [7.0])]
    Recorder(params).zero_grad()
    left = [p.grad is not None for p in params]
    assert left == [False, False, False], (
        f"three parameters in one group; after zero_grad() number {left.index(True) + 1} still has "
        "its gradient: go through all of group['params']"
    )


def test_4_1_zero_grad_with_zeros():
    for values, _ in [*randoms(0, "float32"), *randoms(0, "float64")]:
        p, idle = parameter(values), parameter([1.0])
        p.grad = tensor(np.ones_like(values))
        Recorder([p, idle]).zero_grad(set_to_none=False)
        assert p.grad is not None and not np.any(p.grad.data), (
            f"zero_grad(set_to_none=False) left the gradient {p.grad}, expected zeros"
        )
        assert p.grad.shape == p.shape, (
            f"zero_grad(set_to_none=False) for a parameter of shape {p.shape}: the zeros have "
            f"shape {p.grad.shape}"
        )
        assert p.grad.dtype == p.dtype, (
            f"zero_grad(set_to_none=False) for a {p.dtype} parameter: the zeros are "
            f"{p.grad.dtype}. NumPy makes float64 when it is not told the dtype "
            "(np.zeros(p.shape)); np.zeros_like(p.data) has shape and dtype of p"
        )
        assert idle.grad is None, (
            "zero_grad(set_to_none=False) gave a gradient to a parameter that had None: "
            "leave those alone"
        )


@pytest.mark.shared
def test_4_1_step_visits_every_parameter_with_a_gradient():
    a, b, c = parameter([1.0, 2.0]), parameter([3.0]), parameter(5.0)
    optimizer = Recorder([{"params": [a, b]}, {"params": [c], "lr": 0.5}])
    a.grad, b.grad, c.grad = tensor([6.0, 7.0]), tensor([8.0]), tensor(9.0)
    error = error_of(optimizer.step)
    assert error is None, (
        f"step() {said(error)} Whether there is a gradient, ask with `p.grad is not None`: a "
        "tensor of several numbers is neither true nor false"
    )
    seen = [id(p) for p, _, _ in optimizer.seen]
    assert seen == [id(a), id(b), id(c)], (
        f"step() called update {len(seen)} times for three parameters in two groups: "
        "once for each parameter, group by group, in order"
    )
    for p, grad, group in optimizer.seen:
        assert isinstance(grad, np.ndarray), (
            f"update got a gradient of type {type(grad).__name__}: pass the array, p.grad.data"
        )
        got = f"update got {grad} for a parameter with gradient {p.grad}"
        assert np.array_equal(grad, p.grad.data), got
        assert grad is p.grad.data, f"{got}: the same numbers, but not that array itself"
        expected = 0.5 if p is c else 0.1
        assert group["lr"] == expected, (
            f"update got a group with lr {group['lr']}, expected {expected}: "
            "pass the group to which the parameter belongs"
        )


@pytest.mark.shared
def test_4_1_step_skips_parameters_without_gradient():
    a, idle, b = parameter([1.0]), parameter([2.0]), parameter([3.0])
    a.grad, b.grad = tensor([1.0]), tensor([0.0])
    optimizer = Recorder(p for p in (a, idle, b))
    error = error_of(optimizer.step)
    assert error is None, (
        f"step() with a parameter whose grad is None {said(error)}: skip such parameters"
    )
    seen = [p.item() for p, _, _ in optimizer.seen]
    assert 2.0 not in seen, "step() updated a parameter whose grad is None: skip it"
    assert seen == [1.0, 3.0], (
        f"step() updated {seen}, expected [1.0, 3.0]: skip where grad is None, go on after it, and "
        "do not skip a gradient that happens to be 0"
    )
    assert len(optimizer.state) == 0, "step() left a trace in self.state: that is update's business"


def test_4_1_step_and_closure():
    p = with_grad([1.0], [1.0])
    optimizer = Recorder([p])
    assert optimizer.step() is None, "step() without a closure returns None"
    found = optimizer.step(lambda: 0.25)
    assert found == 0.25, f"step(closure) returned {found!r}, expected what the closure returned"


def test_4_1_bad_parameters():
    w = parameter([1.0])
    for text, params, kind in [
        ("no parameters", [], ValueError),
        ("a used-up generator", iter(()), ValueError),
        ("one tensor", w, TypeError),
        ("a list with a number", [1.0], TypeError),
        ("a parameter in two groups", [{"params": [w]}, {"params": [w]}], ValueError),
        ("a tensor that was computed", [w * 2], ValueError),
    ]:
        error = error_of(Recorder, params)
        assert isinstance(error, kind), f"{text} should raise {kind.__name__}, {said(error)}"


def test_4_1_names_and_duplicates():
    """Given code, as in PyTorch."""
    w = parameter([1.0])
    named = Recorder([("w", w)])
    assert named.param_groups[0]["params"] == [w], "named_parameters() are parameters too"
    with pytest.warns(UserWarning, match="duplicate parameters"):
        Recorder([w, w])


# Task 4.2: gradient descent


def test_4_2_one_step():
    p = with_grad([2.0, -1.0], [3.0, 0.5])
    SGD([p], lr=0.1).step()
    assert close(p.data, [1.7, -1.05]), (
        f"w = [2, -1] with gradient [3, 0.5] and lr 0.1 became {show(p.data)}, expected "
        "[1.7, -1.05]: subtract lr times the gradient (plus would climb)"
    )
    assert close(p.grad.data, [3.0, 0.5]), (
        f"the step changed the gradient from [3, 0.5] to {show(p.grad.data)}: `grad` is the array "
        "in p.grad; read it, do not write into it"
    )


def test_4_2_any_shape_and_dtype():
    for dtype in ("float32", "float64"):
        for values, grad in randoms(1, dtype):
            p = with_grad(values, grad, dtype)
            SGD([p], lr=0.3).step()
            assert close(p.data, values - 0.3 * grad), (
                f"one step with lr 0.3 from {show(values)} against {show(grad)} gave "
                f"{show(p.data)}, expected {show(values - 0.3 * grad)}"
            )
            assert p.dtype == dtype, f"a {dtype} parameter became {p.dtype}: update it in place"


@pytest.mark.shared
def test_4_2_in_place():
    p = with_grad([[2.0, 1.0], [0.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]])
    array, shared = p.data, p.data.T
    SGD([p], lr=1.0).step()
    assert p.data is array, (
        "after the step p.data is another array: change the one that is there, `p.data -= ...`; "
        "others may share it"
    )
    assert close(shared, [[1.0, -3.0], [-1.0, 0.0]]), f"a view of the weights shows {shared}"
    assert p.requires_grad and p.grad_fn is None, (
        "the step was recorded: work on p.data and the array `grad`, not on tensors"
    )


def test_4_2_decayed():
    for dtype in ("float32", "float64"):
        for values, grad in randoms(12, dtype):
            before = grad.copy()
            found = decayed(parameter(values), grad, 0.5)
            assert isinstance(found, (np.ndarray, np.generic)), (
                f"decayed returned a {type(found).__name__}, expected an array: use p.data. (None "
                "is a missing `return`)"
            )
            assert close(found, before + 0.5 * values), (
                f"decayed(p, grad, 0.5) with p = {show(values)} and grad = {show(before)} gave "
                f"{show(found)}, expected {show(before + 0.5 * values)}: grad + 0.5 * p"
            )
            assert (grad == before).all(), (
                f"decayed changed the gradient it was given from {show(before)} to {show(grad)}: "
                "`grad += ...` writes into p.grad; return a new array"
            )
            assert found.dtype == dtype, f"decayed made {found.dtype} out of {dtype} arrays"


def test_4_2_weight_decay():
    p = with_grad([2.0], [3.0])
    SGD([p], lr=0.1, weight_decay=0.5).step()
    assert close(p.data, [1.6]), (
        f"w = 2, gradient 3, lr 0.1, weight_decay 0.5 gave {p.item():.7g}, expected 1.6: "
        "the gradient is 3 + 0.5 * 2 = 4 (minus would push away from 0)"
    )
    assert close(p.grad.data, [3.0]), (
        f"the step changed p.grad from 3 to {p.grad.item()}: read the gradient, leave it alone"
    )
    p = with_grad([2.0], [3.0])
    optimizer = SGD([{"params": [p], "weight_decay": 0.0}], lr=0.1, weight_decay=0.5)
    optimizer.step()
    assert close(p.data, [1.7]), (
        f"a group with weight_decay 0 gave {p.item():.7g}, expected 1.7: read the option from group"
    )


def test_4_2_a_transposed_parameter():
    p = parameter(np.zeros((2, 3), "float32"))
    p.data = np.arange(6, dtype="float32").reshape(3, 2).T
    p.grad = tensor(np.ones((2, 3), "float32"))
    SGD([p], lr=1.0).step()
    expected = [[-1, 1, 3], [0, 2, 4]]
    assert close(p.data, expected), (
        f"a step of 1 for a parameter that is a transposed view gave {show(p.data)}, "
        f"expected {expected}"
    )


@pytest.mark.shared
def test_4_2_learning_rates_of_groups():
    a, b = with_grad([1.0], [1.0]), with_grad([1.0], [1.0])
    optimizer = SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.2
    optimizer.step()
    assert close([a.item(), b.item()], [0.7, 0.0]), (
        f"lr 0.1, then 0.2, in one group and 0.5 in the other took 1 and 1 to {a.item():.7g} and "
        f"{b.item():.7g}, expected 0.7 and 0: read group['lr'] in each step"
    )


@pytest.mark.shared
def test_4_2_a_learning_rate_that_is_a_tensor():
    w = with_grad([2.0, 1.0], [3.0, 5.0])
    memory = w.data
    optimizer = SGD([w], lr=tensor(0.5))
    optimizer.step()
    assert w.data is memory, "SGD with lr=tensor(0.5) has replaced w.data"
    assert w.tolist() == [0.5, -1.5], f"w is {w.tolist()} after SGD with lr=tensor(0.5)"


def test_4_2_bad_options():
    for options in (
        {"lr": -0.1},
        {"lr": math.nan},
        {"momentum": -1},
        {"weight_decay": -1e-4},
        {"nesterov": True},
        {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
    ):
        error = error_of(SGD, [parameter([1.0])], **options)
        text = f"SGD(params, {options}) should raise ValueError"
        assert isinstance(error, ValueError), f"{text}, {said(error)}"


# Task 4.3: momentum


def momentum_by_definition(grads, momentum, dampening, nesterov):
    """The directions of SGD, from its definition, in float64."""
    v, directions = None, []
    for grad in np.asarray(grads, "float64"):
        v = grad if v is None else momentum * v + (1 - dampening) * grad
        directions.append(grad + momentum * v if nesterov else v)
    return directions


@pytest.mark.shared
def test_4_3_velocity_grows_and_cancels():
    for grads, expected in [
        ([1.0, 1.0, 1.0], [1.0, 1.9, 2.71]),
        ([1.0, -1.0, 1.0], [1.0, -0.1, 0.91]),
    ]:
        state, found = {}, []
        for grad in grads:
            one = velocity(state, np.array([grad]), 0.9)
            assert one is not None, "velocity returned None: is a `return` missing?"
            found.append(np.array(one).item())
            buffer = state.get("momentum_buffer")
            assert isinstance(buffer, tinytorch.Tensor), (
                f"after a call state['momentum_buffer'] is {buffer!r}, expected a Tensor: "
                "state['momentum_buffer'] = Tensor(grad)"
            )
        assert close(found, expected), (
            f"momentum 0.9 and gradients {grads} gave the velocities {show(found)}, "
            f"expected {expected}: momentum times the old velocity plus the gradient; the first "
            "one is the gradient"
        )


@pytest.mark.shared
def test_4_3_all_options():
    options = [(0.9, 0, False), (0.5, 0.3, False), (0.9, 0, True), (0.3, 0, True)]
    for (momentum, dampening, nesterov), (grads, *_) in itertools.product(options, randoms(2)):
        grads = np.stack([grads, 2 * grads, -grads, grads])
        state = {}
        expected = momentum_by_definition(grads, momentum, dampening, nesterov)
        for step, (grad, direction) in enumerate(zip(grads, expected), start=1):
            found = np.array(velocity(state, np.asarray(grad), momentum, dampening, nesterov))
            assert close(found, direction), (
                f"velocity(momentum={momentum}, dampening={dampening}, nesterov={nesterov}) in "
                f"step {step} is {show(found)}, expected {show(direction)}. "
                + "The first velocity is the whole gradient, without dampening. " * (step == 1)
                + "From the second step on the gradient counts 1 - dampening. " * (step > 1)
                + "Nesterov: return the gradient + momentum * the new velocity." * nesterov
            )
            assert found.dtype == "float32", f"float32 gradients gave a velocity in {found.dtype}"


@pytest.mark.shared
def test_4_3_state():
    state, grad = {}, np.array([1.0, 2.0], "float32")
    velocity(state, grad, 0.9)
    assert list(state) == ["momentum_buffer"], (
        f"after one call the state has the keys {list(state)}, expected ['momentum_buffer']"
    )
    buffer = state["momentum_buffer"]
    grad *= 100
    assert close(buffer.data, [1.0, 2.0]), (
        "the velocity changed when the gradient's array did: keep a copy, Tensor(grad)"
    )
    array = buffer.data
    velocity(state, grad, 0.9)
    assert close(grad, [100.0, 200.0]), f"velocity changed the gradient it was given: {grad}"
    assert state["momentum_buffer"].data is array, (
        "the second call made a new velocity: change the one that is there, `v *= momentum`"
    )


@pytest.mark.shared
def test_4_3_nesterov_keeps_the_velocity():
    state = {}
    for _ in range(3):
        velocity(state, np.array([1.0]), 0.9, 0, True)
    found = state["momentum_buffer"].item()
    assert close(found, 2.71), (
        f"after three gradients of 1 with Nesterov the buffer holds {found:.7g}, expected 2.71: "
        "the buffer is v alone; the gradient is added to what you return"
    )


def test_4_3_sgd_with_momentum():
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((2, 3)), rng.standard_normal(4)
    p, q = parameter(a), parameter(b)
    optimizer = SGD([p, q], lr=0.1, momentum=0.8, dampening=0.2, weight_decay=0.1)
    va = vb = None
    for _ in range(10):
        ga, gb = rng.standard_normal((2, 3)), rng.standard_normal(4)
        p.grad, q.grad = tensor(ga), tensor(gb)
        optimizer.step()
        ga, gb = ga + 0.1 * a, gb + 0.1 * b
        va = ga if va is None else 0.8 * va + 0.8 * ga
        vb = gb if vb is None else 0.8 * vb + 0.8 * gb
        a, b = a - 0.1 * va, b - 0.1 * vb
    assert close(p.data, a, 1e-12) and close(q.data, b, 1e-12), (
        f"ten steps of SGD with momentum for two parameters lead to {show(q.data)}, expected "
        f"{show(b)}: does each parameter keep a velocity of its own, weight decay included?"
    )


# Task 4.4: Adam


def adam_by_definition(w, grads, lr, betas, eps):
    """Kingma and Ba's algorithm 1, line by line, in float64."""
    w, m, v = np.array(w, "float64"), 0.0, 0.0
    for t, g in enumerate(np.asarray(grads, "float64"), start=1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
        w = w - lr * m_hat / (np.sqrt(v_hat) + eps)
    return w


def first_steps(g, eps=1e-8):
    """Where slips in Adam lead from 2 in the first step, with lr 0.1: text to result."""
    m, v, size = 0.1 * g, 0.001 * g * g, np.abs(g)
    with np.errstate(invalid="ignore"):  # the root of a gradient
        steps = {
            "the step goes against the gradient, subtract it": -g / (size + eps),
            "neither m nor v was corrected for beginning at 0": m / (np.sqrt(v) + eps),
            "m was not divided by 1 - beta1^t": m / (size + eps),
            "v was not divided by 1 - beta2^t": g / (np.sqrt(v) + eps),
            "the root of v is missing": g / (size * size + eps),
            "eps is under the root, it belongs outside of it": g / np.sqrt(size * size + eps),
            "v is the average of |g|, expected that of the squares": g / (np.sqrt(size) + eps),
            "v is the average of g, expected that of the squares": g / (np.sqrt(g) + eps),
            "m moves by 1 - beta2, expected 1 - beta1": 0.01 * g / (size + eps),
            "v moves by 1 - beta1, expected 1 - beta2": g / (10 * size + eps),
            "m moves by beta2 and v by beta1, they have each other's": 0.01 * g / (10 * size + eps),
            "1 - beta is the part of what is new, beta that of the average": 9
            * g
            / (999**0.5 * size),
        }
    return {said: 2 - 0.1 * step for said, step in steps.items()}


def test_4_4_first_step_is_lr():
    grads = np.array([3.0, -0.0003, 500.0], "float32")
    w = parameter([2.0, 2.0, 2.0])
    with np.errstate(invalid="ignore"):
        error = error_of(adam_step, w, grads, {}, 0.1, (0.9, 0.999), 1e-8)
    assert error is None, (
        f"the first step of adam_step {said(error)}. (Is t the number of this step, from 1 on, as "
        "the given lines set it? 1 - beta1^0 is 0.)"
    )
    assert close(w.data, [1.9, 2.1, 1.9], 1e-4), (
        f"the first step with lr 0.1 and gradients 3, -0.0003, 500 led from 2 to {show(w.data)}, "
        f"expected [1.9, 2.1, 1.9]{likely(w.data, first_steps(grads.astype('float64')))}"
    )


@pytest.mark.shared
def test_4_4_in_place():
    w, state, grad = parameter([1.0, 2.0]), {}, np.array([0.5, -0.5], "float32")
    adam_step(w, grad, state, 0.1, (0.9, 0.999), 1e-8)
    assert close(grad, [0.5, -0.5]), f"the step changed the gradient it was given: {show(grad)}"
    arrays = w.data, state["exp_avg"].data, state["exp_avg_sq"].data
    assert close(arrays[1], [0.05, -0.05]) and close(arrays[2], [0.00025, 0.00025], 1e-7), (
        f"after one gradient of 0.5 the averages are {arrays[1][0]:.6f} and {arrays[2][0]:.6f}, "
        "expected 0.05 and 0.00025: update them in place (m += ...), and correct only what you use"
    )
    adam_step(w, grad, state, 0.1, (0.9, 0.999), 1e-8)
    for name, before, after in zip(
        ("p.data", "exp_avg", "exp_avg_sq"),
        arrays,
        (w.data, state["exp_avg"].data, state["exp_avg_sq"].data),
    ):
        assert after is before, f"{name} is another array after a step: change it in place"
    assert state["step"] == 2, (
        f"after two steps state['step'] is {state['step']}: the line before your answer counts"
    )


@pytest.mark.shared
def test_4_4_by_definition():
    cases = [((0.9, 0.999), 1e-8), ((0.5, 0.9), 1e-8), ((0.9, 0.99), 0.5), ((0.0, 0.9), 1e-3)]
    rng = np.random.default_rng(4)
    for dtype, (betas, eps), shape in itertools.product(("float32", "float64"), cases, SHAPES):
        start = np.asarray(rng.standard_normal(shape), dtype)
        grads = [np.asarray(g, dtype) for g in rng.standard_normal((6, *shape))]
        w, state = parameter(start), {}
        for step, grad in enumerate(grads, start=1):
            adam_step(w, grad, state, 0.1, betas, eps)
            expected = adam_by_definition(start, grads[:step], 0.1, betas, eps)
            assert close(w.data, expected, 2e-6 if dtype == "float32" else 1e-12), (
                f"adam_step(lr=0.1, betas={betas}, eps={eps}) led from {show(start)} to "
                f"{show(w.data)} in step {step}, expected {show(expected)}. "
                "Check: beta1 goes with m, beta2 with v; t is state['step'], which counts this "
                "step already; m and v stay uncorrected in the state; eps is added to the root "
                "of the corrected v"
            )
        assert w.dtype == dtype, f"a {dtype} parameter became {w.dtype}"


def test_4_4_a_gradient_of_zero():
    w = parameter([1.0, 1.0])
    with np.errstate(all="raise"):
        adam_step(w, np.array([0.0, 1.0], "float32"), {}, 0.1, (0.9, 0.999), 1e-8)
    assert close(w.data, [1.0, 0.9], 1e-5), (
        f"gradients 0 and 1 led from 1 to {show(w.data)}, expected [1.0, 0.9]: eps keeps 0 / 0 away"
    )


def test_4_4_adam():
    rng = np.random.default_rng(5)
    start, grads = rng.standard_normal(3), rng.standard_normal((5, 3))
    p, decayed = parameter(start), parameter(start)
    plain, decaying = Adam([p], lr=0.1), Adam([decayed], lr=0.1, weight_decay=0.5)
    seen = []
    for grad in grads:
        p.grad, decayed.grad = tensor(grad), tensor(grad)
        seen.append(grad + 0.5 * decayed.data)
        plain.step()
        decaying.step()
    expected = adam_by_definition(start, grads, 0.1, (0.9, 0.999), 1e-8)
    assert close(p.data, expected, 1e-12), f"Adam led to {show(p.data)}, expected {show(expected)}"
    expected = adam_by_definition(start, seen, 0.1, (0.9, 0.999), 1e-8)
    assert close(decayed.data, expected, 1e-12), (
        f"Adam with weight_decay=0.5 led to {show(decayed.data)}, expected {show(expected)}"
    )
    error = error_of(Adam, [parameter([1.0])], betas=(0.9, 1.0))
    assert isinstance(error, ValueError), f"betas=(0.9, 1.0) should be refused, {said(error)}"


# Task 4.5: AdamW


def adamw_by_definition(w, grads, lr, decay, betas=(0.9, 0.999), eps=1e-8):
    """Loshchilov and Hutter's algorithm 2, in float64."""
    w = np.array(w, "float64")
    for t in range(1, len(grads) + 1):
        zero = np.zeros_like(w)
        moved = adam_by_definition(zero, grads[:t], lr, betas, eps)
        before = adam_by_definition(zero, grads[: t - 1], lr, betas, eps)
        w = w * (1 - lr * decay) + (moved - before)
    return w


DECAYS = {
    "no decay, or one that went into the gradient (there Adam divides it away)": [1.9],
    "the decay came after the step": [1.805],
    "lr is missing in the decay": [0.9],
    "the decay alone: Adam's step is missing, or its result was overwritten": [1.95],
    "the weight grows: 1 - lr * weight_decay makes it smaller": [2.0],
}


@pytest.mark.shared
def test_4_5_one_step():
    p = with_grad([2.0], [3.0])
    array = p.data
    AdamW([p], lr=0.1, weight_decay=0.5).step()
    assert close(p.data, [1.8], 1e-5), (
        f"w = 2, gradient 3, lr 0.1, weight_decay 0.5 gave {p.item():.7g}, expected 1.8: first "
        f"2 * (1 - 0.1 * 0.5) = 1.9, then Adam's step of 0.1{likely(p.data, DECAYS)}"
    )
    assert p.data is array, "p.data is another array after the step: p.data *= ..."
    assert close(p.grad.data, [3.0]), f"the step changed p.grad from 3 to {p.grad.item()}"


def test_4_5_by_definition():
    rng = np.random.default_rng(6)
    for dtype, tolerance in (("float32", 2e-6), ("float64", 1e-12)):
        for shape in SHAPES:
            start = np.asarray(rng.standard_normal(shape), dtype)
            grads = [np.asarray(g, dtype) for g in rng.standard_normal((5, *shape))]
            p = parameter(start)
            optimizer = AdamW([p], lr=0.1, weight_decay=0.3)
            for grad in grads:
                p.grad = tensor(grad)
                optimizer.step()
            expected = adamw_by_definition(start, grads, 0.1, 0.3)
            assert close(p.data, expected, tolerance), (
                f"five steps of AdamW(lr=0.1, weight_decay=0.3) led from {show(start)} to "
                f"{show(p.data)}, expected {show(expected)}: the gradient that Adam averages has "
                "no decay in it, and the averages live in self.state[p]"
            )
            assert p.dtype == dtype, f"a {dtype} parameter became {p.dtype}"


def test_4_5_every_option_is_used():
    for options in ({"eps": 3.0}, {"betas": (0.5, 0.999)}, {"betas": (0.9, 0.5)}):
        p, grads = parameter([2.0]), [np.array([3.0]), np.array([-1.0])]
        optimizer = AdamW([p], lr=0.1, weight_decay=0.5, **options)
        for grad in grads:
            p.grad = tensor(grad, dtype="float32")
            optimizer.step()
        expected = adamw_by_definition([2.0], grads, 0.1, 0.5, **options)
        assert close(p.data, expected, 1e-5), (
            f"two steps of AdamW with {options}: w = 2 with gradients 3 and -1 became "
            f"{p.item():.7g}, expected {expected[0]:.7g}. `group` holds this parameter's lr, "
            "betas, eps and weight_decay"
        )


def test_4_5_decay_does_not_depend_on_the_gradient():
    p = with_grad([1.0, 1.0], [0.0, 0.0])
    optimizer = AdamW([p], lr=0.1, weight_decay=0.5)
    optimizer.step()
    assert close(p.data, [0.95, 0.95]), (
        f"with gradients of 0, one step took 1 to {show(p.data)}, expected 0.95 = 1 - 0.1 * 0.5. "
        "0.9 means that the decay went through Adam's averages"
    )


def test_4_5_a_checkpoint_goes_on():
    def take(optimizer, parameters, seed, steps):
        rng = np.random.default_rng(seed)
        for _ in range(steps):
            for p in parameters:
                p.grad = tensor(np.asarray(rng.standard_normal(p.shape)), dtype="float32")
            optimizer.step()

    for make in (
        lambda params: SGD(params, lr=0.1, momentum=0.9),
        lambda params: Adam(params, lr=0.1),
        lambda params: AdamW(params, lr=0.1),
    ):
        straight = [parameter([1.0, 2.0]), parameter([[3.0]])]
        optimizer = make(straight)
        take(optimizer, straight, 0, 3)
        resumed, checkpoint = copy.deepcopy(straight), copy.deepcopy(optimizer.state_dict())
        take(optimizer, straight, 1, 3)
        again = make(resumed)
        again.load_state_dict(checkpoint)
        take(again, resumed, 1, 3)
        pairs = list(zip(straight, resumed))
        assert all((p.data == q.data).all() for p, q in pairs), (
            f"{type(optimizer).__name__}: 3 steps, a checkpoint and 3 more end at "
            f"{show(resumed[0].data)}, 6 steps at {show(straight[0].data)}: is everything that "
            "must be remembered kept in the state, and read from it?"
        )


def test_4_5_a_checkpoint_that_does_not_fit():
    p = with_grad([1.0, 2.0], [1.0, 1.0])
    optimizer = Adam([p])
    optimizer.step()
    for params in ([parameter([1.0])], [parameter([1.0]), parameter([2.0])]):
        other = Adam(params)
        error = error_of(other.load_state_dict, optimizer.state_dict())
        assert isinstance(error, ValueError), f"a state that does not fit: {said(error)}"
        assert not other.state, "a refused state must leave nothing behind"


# Task 4.6: a learning rate that changes


def rates(make, lrs=(1.0,), epochs=12):
    """The learning rates of the first group's optimizer, epoch by epoch, for all groups."""
    optimizer = SGD([{"params": [parameter([0.0])], "lr": lr} for lr in lrs])
    try:
        scheduler = make(optimizer)
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"making the schedule for {len(lrs)} parameter groups {said(error)}. get_lr() returns "
            "a list, with one float for each entry of self.base_lrs"
        ) from None
    found = []
    for _ in range(epochs):
        found.append([group["lr"] for group in optimizer.param_groups])
        scheduler.step()
    return found


def test_4_6_cosine():
    found = [lr for (lr,) in rates(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=4), epochs=5)]
    expected = [1, 0.8535534, 0.5, 0.1464466, 0]
    assert close(found, expected), (
        f"CosineAnnealingLR(T_max=4) from 1.0 gives {found}, expected {expected}: "
        "base * (1 + cos(pi * last_epoch / T_max)) / 2"
    )


def test_4_6_cosine_by_definition():
    for T_max, eta_min in itertools.product((1, 5, 10), (0.0, 0.01)):
        lrs = (0.1, 2.0)
        found = rates(lambda o, t=T_max, e=eta_min: lr_scheduler.CosineAnnealingLR(o, t, e), lrs)
        for epoch, row in enumerate(found):
            part = (1 + math.cos(math.pi * epoch / T_max)) / 2
            expected = [eta_min + (lr - eta_min) * part for lr in lrs]
            assert close(row, expected, 1e-12), (
                f"CosineAnnealingLR(T_max={T_max}, eta_min={eta_min}) with learning rates {lrs} "
                f"sets {row} in epoch {epoch}, expected {expected}: from each group's base_lrs "
                "(not from the current lr) down to eta_min; after T_max the cosine rises again"
            )


def test_4_6_cosine_result_and_resume():
    def make():
        return SGD([parameter([0.0])], lr=0.5)

    scheduler = lr_scheduler.CosineAnnealingLR(make(), T_max=10)
    for _ in range(3):
        scheduler.step()
    rate = scheduler.get_lr()
    assert isinstance(rate, list) and isinstance(rate[0], float), (
        f"get_lr() returned {rate!r}, expected a list with one float for each group"
    )
    optimizer = make()
    resumed = lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    optimizer.load_state_dict(scheduler.optimizer.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    scheduler.step()
    resumed.step()
    assert optimizer.param_groups[0]["lr"] == scheduler.get_last_lr()[0], (
        f"a resumed schedule goes on with {optimizer.param_groups[0]['lr']}, expected "
        f"{scheduler.get_last_lr()[0]}: use self.last_epoch, self.T_max, self.base_lrs"
    )


def by_hand(scheduler):
    """The scheduler, after its optimizer's learning rates were changed: it goes on from there."""
    for group in scheduler.optimizer.param_groups:
        group["lr"] *= 7
    return scheduler


@pytest.mark.shared
def test_4_6_other_schedules():
    for text, make, expected in [
        ("StepLR(3, 0.5)", lambda o: lr_scheduler.StepLR(o, 3, 0.5), [1, 1, 1, 0.5, 0.5, 0.5]),
        (
            "LinearLR(0.2, 1.0, 4)",
            lambda o: lr_scheduler.LinearLR(o, 0.2, 1.0, 4),
            [0.2, 0.4, 0.6, 0.8, 1, 1],
        ),
        ("ExponentialLR(0.5)", lambda o: lr_scheduler.ExponentialLR(o, 0.5), [1, 0.5, 0.25]),
        ("MultiStepLR", lambda o: lr_scheduler.MultiStepLR(o, [1, 3]), [1, 0.1, 0.1, 0.01]),
        ("LambdaLR", lambda o: lr_scheduler.LambdaLR(o, lambda e: 1 / (e + 1)), [1, 1 / 2, 1 / 3]),
    ]:
        found = [lr for (lr,) in rates(make, epochs=len(expected))]
        assert close(found, expected), f"{text} from 1.0 gives {found}, expected {expected}"
        found = [lr for (lr,) in rates(lambda o, m=make: by_hand(m(o)), epochs=len(expected))]
        scale = 1 if text == "LambdaLR" else 7
        assert close(found[1:], [scale * rate for rate in expected[1:]]), (
            f"{text}: after the learning rate was made 7 times as large by hand: {found}"
        )
    error = error_of(lr_scheduler.StepLR, parameter([1.0]), 3)
    assert isinstance(error, TypeError), f"StepLR(a tensor, 3) should be refused, {said(error)}"


# Task 4.7: clipping


def grads_of(seed, dtype="float32"):
    return [with_grad(values, grad, dtype) for values, grad in randoms(seed, dtype)]


def test_4_7_total_norm():
    grads = [tensor([3.0, 0.0]), tensor([[0.0], [4.0]])]
    found = get_total_norm(grads).item()
    assert close(found, 5.0), (
        f"[3, 0] and [[0], [4]] together have the norm {found}, expected 5, the root of 9 + 16"
        + likely(
            found, {"put all squares under one root, 7 is 3 + 4": 7, "the root is missing": 25}
        )
    )
    for dtype, p in itertools.product(("float32", "float64"), (1.0, 2.0, 3.0, math.inf)):
        grads = [w.grad for w in grads_of(7, dtype)]
        flat = np.concatenate([g.data.reshape(-1) for g in grads]).astype("float64")
        total, expected = get_total_norm(grads, p), np.linalg.norm(flat, p)
        assert close(total.item(), expected), (
            f"get_total_norm(norm_type={p}) is {total.item()}, expected {expected}: "
            "(sum of |x|^p)^(1/p) over all entries; the absolute value counts"
        )
        assert isinstance(total, tinytorch.Tensor) and total.shape == () and total.dtype == dtype, (
            f"the norm of {dtype} gradients is {total!r}, expected a {dtype} tensor of shape ()"
        )


def test_4_7_norms_by_name():
    grads = [tensor([3.0, 0.0]), tensor([[0.0], [-4.0]])]
    found = get_total_norm(grads, "inf").item()
    assert found == 4.0, f'get_total_norm(norm_type="inf") is {found}, expected 4: PyTorch has it'
    error = error_of(get_total_norm, grads, 0)
    assert isinstance(error, ValueError) and "not offered" in str(error), (
        f"get_total_norm(norm_type=0): {said(error)}, expected a ValueError that says so"
    )


def test_4_7_clip():
    a, b = with_grad([0.0, 0.0], [3.0, 0.0]), with_grad([[0.0], [0.0]], [[0.0], [4.0]])
    total = clip_grad_norm_([a, b], max_norm=1.0)
    assert close(a.grad.data, [0.6, 0.0], 1e-5) and close(b.grad.data, [[0.0], [0.8]], 1e-5), (
        f"clipping [3, 0] and [[0], [4]] to 1 gave {show(a.grad.data)} and {show(b.grad.data)}, "
        "expected [0.6, 0] and [[0], [0.8]]: one factor for all, max_norm / total"
    )
    assert isinstance(total, tinytorch.Tensor) and close(total.item(), 5.0), (
        f"clip_grad_norm_ returned {total!r}, expected the norm before clipping, tensor(5.). "
        "(None: is the `return` missing?)"
    )


def test_4_7_clip_by_definition():
    for max_norm, p in itertools.product((0.1, 1.0, 100.0), (1.0, 2.0, math.inf)):
        parameters = grads_of(8, "float64")
        before = [w.grad.data.copy() for w in parameters]
        total = np.linalg.norm(np.concatenate([g.reshape(-1) for g in before]), p)
        clip_grad_norm_(iter(parameters), max_norm, norm_type=p)
        scale = min(1.0, max_norm / (total + 1e-6))
        for w, grad in zip(parameters, before):
            assert close(w.grad.data, grad * scale, 1e-12), (
                f"clipping gradients of norm {total:.7g} (norm_type {p}) to {max_norm} multiplied "
                f"{show(grad)} to {show(w.grad.data)}, the factor should be {scale:.6f}: "
                "max_norm / (total + 1e-6), and never above 1. (`parameters` may be a generator, "
                "as model.parameters() is: what has been read is gone, so keep a list)"
            )


@pytest.mark.shared
def test_4_7_clip_leaves_the_rest_alone():
    short, idle = with_grad([0.0], [0.5]), parameter([1.0])
    grad, array = short.grad, short.grad.data
    error = error_of(clip_grad_norm_, [idle, short], max_norm=1.0)
    assert error is None, f"clipping with a parameter whose grad is None {said(error)}"
    total = clip_grad_norm_([idle, short], max_norm=1.0)
    assert close(short.grad.data, [0.5]), (
        f"a gradient of norm 0.5 became {short.grad.item()} with max_norm 1: shorter ones stay"
    )
    assert idle.grad is None, f"a parameter without gradient got one: {idle.grad}"
    assert close(total.item(), 0.5), f"the norm of one gradient of 0.5 is {total}, expected 0.5"
    clip_grad_norm_(short, max_norm=0.1)
    assert short.grad is grad and grad.data is array, (
        "after clipping p.grad holds another array: clip in place, grad.data *= scale"
    )
    assert close(short.grad.data, [0.1], 1e-5), f"one parameter alone: {short.grad}, expected 0.1"
    nothing = clip_grad_norm_([idle], max_norm=1.0)
    assert nothing.item() == 0, f"without any gradient the norm is {nothing}, expected 0"


def test_4_7_clip_zero_and_infinite_gradients():
    zero = with_grad([0.0], [0.0])
    with np.errstate(all="raise"):
        clip_grad_norm_([zero], max_norm=0.0)
    assert zero.grad.item() == 0, f"a gradient of 0 became {zero.grad.item()}: total + 1e-6"
    p = with_grad([0.0, 0.0], [1.0, math.inf])
    error = error_of(clip_grad_norm_, [p], 1.0, error_if_nonfinite=True)
    assert isinstance(error, RuntimeError), (
        f"error_if_nonfinite=True and a gradient of inf: {said(error)}, expected a RuntimeError; "
        "pass the option on to get_total_norm"
    )
    assert p.grad.data[0] == 1, "the gradients were changed before the error: raise first"


# Task 4.8: minibatches


def test_4_8_every_position_once():
    for count, size in [(7, 3), (6, 3), (5, 5), (3, 10), (1, 1), (20, 1)]:
        for shuffle in (False, True):
            call = f"batch_indices({count}, {size}, shuffle={shuffle})"
            arrays = batch_indices(count, size, shuffle)
            assert arrays is not None, f"{call} returned None: is the `return` missing?"
            arrays = list(arrays)
            assert all(isinstance(b, np.ndarray) and b.dtype.kind == "i" for b in arrays), (
                f"{call} gave {arrays}, expected NumPy arrays of ints"
            )
            batches = [b.tolist() for b in arrays]
            found = sorted(i for batch in batches for i in batch)
            assert found == list(range(count)), (
                f"{call} holds the positions {found}, expected each of 0 ... {count - 1} once; "
                "the last batch, which may be smaller, counts too"
            )
            sizes = [len(batch) for batch in batches]
            expected = [size] * (count // size) + [count % size] * (count % size > 0)
            assert sizes == expected, f"{call} has batches of {sizes}, expected {expected}"
            if not shuffle:
                flat = [i for batch in batches for i in batch]
                assert flat == found, f"{call} changed the order: {flat}"


def test_4_8_random_order():
    manual_seed(0)
    one, two = (np.concatenate(batch_indices(50, 8)).tolist() for _ in range(2))
    manual_seed(0)
    again = np.concatenate(batch_indices(50, 8)).tolist()
    assert one != list(range(50)), "batch_indices(50, 8) kept the order 0, 1, 2, ...: shuffle it"
    assert one == again, (
        "after the same manual_seed the order differs: draw it from default_generator, "
        "not from np.random"
    )
    assert one != two, "two epochs have the same order: draw a new one in each call"
    manual_seed(0)
    state = default_generator.bit_generator.state["state"]
    batch_indices(50, 8, shuffle=False)
    assert default_generator.bit_generator.state["state"] == state, (
        "batch_indices(shuffle=False) drew random numbers: leave the generator alone"
    )


def test_4_8_other_examples_meet_in_each_epoch():
    manual_seed(0)
    epochs = [[sorted(b.tolist()) for b in batch_indices(48, 8)] for _ in range(3)]
    kept = [batch for batch in epochs[0] if batch in epochs[1] and batch in epochs[2]]
    assert not kept, (
        f"batch_indices(48, 8): in three epochs the positions {kept[0]} were always in one batch. "
        "Shuffle first and cut then. If the order is cut first, and only what is inside of each "
        "batch (or the order of the batches) is shuffled, the same examples meet forever"
    )
    order = np.concatenate(batch_indices(200, 8))
    followed = int(np.count_nonzero(np.abs(np.diff(order)) == 1))
    assert followed < 40, (
        f"batch_indices(200, 8): {followed} of 200 positions stand beside the next one, as "
        "without shuffling: that is a new start or direction, not a random order. Take "
        "default_generator.permutation(count)"
    )


def test_4_8_minibatches():
    X = np.arange(14, dtype="float32").reshape(7, 2)
    for inputs, targets in ((X, np.arange(7)), (tensor(X), tensor(list(range(7))))):
        batches = list(minibatches(inputs, targets, 3))
        found = [(x.shape, y.shape) for x, y in batches]
        assert found == [((3, 2), (3,))] * 2 + [((1, 2), (1,))], (
            f"7 examples of 2 numbers in minibatches of 3 have the shapes {found}, expected (3, 2) "
            "and (3,) twice, then (1, 2) and (1,): batch_indices returns arrays of positions"
        )
        for x, y in batches:
            assert (x.data[:, 0] == 2 * y.data).all(), f"inputs {x} got the targets {y} of others"
            assert x.dtype == "float32" and y.dtype == "int64", f"dtypes {x.dtype}, {y.dtype}"
    for args in (
        (X, np.arange(6), 3),
        (X[:0], np.arange(0), 3),
        (X, np.arange(7), 0),
        (tensor(1.0), tensor(1.0), 1),
    ):
        error = error_of(minibatches, *args)
        assert isinstance(error, ValueError), f"minibatches{args} should be refused, {said(error)}"


# Task 4.9: one step of training


def line(weight=2.0):
    """A model y = w x with w in float64, and data for which everything is known."""
    model = nn.Linear(1, 1, bias=False)
    model.weight.data = np.array([[weight]])
    x, y = tensor(np.array([[1.0], [3.0]])), tensor(np.array([[1.0], [1.0]]))
    return model, x, y  # mean of (w - 1)^2 and (3w - 1)^2: loss 13 and gradient 16 at w = 2


def mse(outputs, y):
    return ((outputs - y) ** 2).mean()


def test_4_9_learns():
    model, x, y = line()
    result = train_step(model, mse, SGD(model.parameters(), lr=0.1), x, y)
    assert result is not None, "train_step returned None: is the `return` missing?"
    loss, outputs = result
    assert close(model.weight.data, [[0.4]]), (
        f"y = w x, w = 2, gradient 16, lr 0.1: after train_step w is {model.weight.item():.7g}, "
        "expected 0.4. (2 means that nothing moved: backward, then optimizer.step(), and no "
        "zero_grad() in between)"
    )
    assert isinstance(loss, float) and close(loss, 13.0), (
        f"train_step returned the loss {loss!r}, expected the float 13.0, from before the step"
    )
    assert isinstance(outputs, tinytorch.Tensor) and close(outputs.data, [[2.0], [6.0]]), (
        f"train_step returned the outputs {outputs!r}, expected those from before the step"
    )
    assert outputs.grad_fn is None and not outputs.requires_grad, (
        "the outputs still hold the record of how they were computed: return outputs.detach()"
    )


def test_4_9_forgets_old_gradients():
    model, x, y = line()
    model.weight.grad = tensor(np.array([[100.0]]))  # left by whoever called backward() before
    optimizer = SGD(model.parameters(), lr=0.01)
    expected = 2.0
    for _ in range(3):
        train_step(model, mse, optimizer, x, y)
        expected -= 0.01 * ((expected - 1) + 3 * (3 * expected - 1))
    assert close(model.weight.item(), expected), (
        f"after three steps w is {model.weight.item():.7g}, expected {expected:.7g}: each step "
        "begins with optimizer.zero_grad(), or the gradients add up to what was there before"
    )


def test_4_9_asks_for_outputs_then_targets():
    model, x, y = line()
    calls = []

    def loss_fn(first, second):
        calls.append(second is y)
        return mse(first, second)

    train_step(model, loss_fn, SGD(model.parameters(), lr=0.1), x, y)
    assert calls == [True], (
        f"loss_fn was called {len(calls)} times, with y as second argument: {calls}; expected one "
        "call loss_fn(outputs, y)"
    )


def test_4_9_clips():
    model, x, y = line()
    train_step(model, mse, SGD(model.parameters(), lr=0.1), x, y, max_norm=1.0)
    assert close(model.weight.item(), 1.9), (
        f"with max_norm=1 the step should be lr * 1 = 0.1, from 2 to 1.9; w is "
        f"{model.weight.item():.7g}: clip after backward() and before step()"
    )
    model, x, y = line()
    train_step(model, mse, SGD(model.parameters(), lr=0.1), x, y, max_norm=0.0)
    assert close(model.weight.item(), 2.0), (
        f"max_norm=0 clips everything away, w should stay 2, it is {model.weight.item():.7g}: "
        "`if max_norm is not None`, because 0 is a number too"
    )


# Task 4.10: accuracy


def test_4_10_accuracy():
    scores = tensor([[2.0, -1.0, 0.5, 0.1], [0.3, 0.2, 0.9, 0.4], [-5.0, -4.0, -9.0, -6.0]])
    error = error_of(accuracy, scores, tensor([0, 1, 1]))
    assert error is None, (
        f"accuracy of scores (3, 4) and targets (3,) {said(error)}: each row has one prediction, "
        "argmax along dim 1"
    )
    found = accuracy(scores, tensor([0, 1, 1]))
    assert isinstance(found, float) and close(found, 2 / 3), (
        f"accuracy is {found!r}, expected the float {2 / 3} (None: is the `return` missing?): the "
        "largest score stands at 0, 2, 1, the targets are 0, 1, 1"
    )
    rng = np.random.default_rng(9)
    for n, c in [(1, 2), (4, 4), (10, 3), (50, 10)]:
        outputs, y = rng.standard_normal((n, c)), rng.integers(0, c, n)
        right = sum(max(range(c), key=lambda j: outputs[i, j]) == y[i] for i in range(n))
        found = accuracy(tensor(outputs), tensor(y))
        assert close(found, right / n), (
            f"{right} of {n} predictions over {c} classes are right, accuracy gave {found}: "
            "the largest score of each row (axis 1), compared with y, and the mean of that"
        )


def test_4_10_no_classes():
    scores = tensor([[1.0], [2.0]])
    assert accuracy(scores, tensor([[1.0], [2.0]])) is None, "float targets have no accuracy: None"
    assert accuracy(scores, tensor([[1], [2]])) is None, "targets shaped like the outputs: None"
    error = error_of(accuracy, tensor([[1.0, 2.0]]), tensor([0, 1]))
    assert isinstance(error, ValueError) and "(1, 2)" in str(error) and "(2,)" in str(error), (
        f"outputs (1, 2) and targets (2,) should be a ValueError with both shapes, {said(error)}"
    )


# Task 4.11: evaluate


class Watched(nn.Module):
    """Notes in which mode it is called, and whether that is recorded."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 3)
        self.calls = []

    def forward(self, x):
        outputs = self.inner(x)
        self.calls.append((self.training, self.inner.training, outputs.requires_grad))
        return outputs


def data(count=7):
    rng = np.random.default_rng(10)
    return tensor(rng.standard_normal((count, 2)), dtype="float32"), tensor(np.arange(count) % 3)


def test_4_11_means_over_all_examples():
    manual_seed(0)
    model, (X, y) = Watched(), data()
    loss_fn = nn.CrossEntropyLoss()
    whole = model(X)
    expected = loss_fn(whole, y).item(), accuracy(whole, y)
    for size in (1, 3, 5, 7):
        found = evaluate(model, loss_fn, minibatches(X, y, size))
        assert close(tuple(found), expected, 1e-5), (
            f"7 examples in batches of {size} have loss and accuracy {tuple(found)}, all at once "
            f"{expected}: append len(y) to sizes, and to each list one entry for each batch"
        )
    found = evaluate(nn.Linear(2, 2), nn.MSELoss(), [(X, X)])
    assert found.accuracy is None, f"a regression has the accuracy {found.accuracy}, expected None"


@pytest.mark.shared
def test_4_11_modes():
    model, (X, y) = Watched(), data()
    model.inner.training = False
    evaluate(model, nn.CrossEntropyLoss(), [(X, y)])
    training, inner, recorded = model.calls[0]
    assert not training and not inner, "the model was called in training mode: evaluating(model)"
    assert not recorded, "the evaluation was recorded: no_grad, which evaluating(model) contains"
    assert model.training and not model.inner.training, (
        f"afterwards model.training is {model.training}, that of its layer {model.inner.training}: "
        "each should be what it was, True and False"
    )


def test_4_11_changes_nothing():
    model, (X, y) = Watched(), data()
    before = {name: p.data.copy() for name, p in model.named_parameters()}
    evaluate(model, nn.CrossEntropyLoss(), minibatches(X, y, 3))
    for name, p in model.named_parameters():
        assert (p.data == before[name]).all() and p.grad is None, f"evaluate changed {name}"

    def broken(outputs, y):
        raise KeyError("broken loss")

    assert isinstance(error_of(evaluate, model, broken, [(X, y)]), KeyError), "errors must pass"
    assert model.training, "after an error in the loss the model is still in eval mode"
    error = error_of(evaluate, model, broken, [])
    assert isinstance(error, ValueError), f"no minibatch should be a ValueError, {said(error)}"


class Notes(Callback):
    def __init__(self, stop_at=None):
        self.steps, self.epochs, self.stop_at = [], [], stop_at

    def on_step(self, trainer, step, total, loss):
        self.steps.append((step, total))

    def on_epoch(self, trainer, record):
        self.epochs.append(record["epoch"])
        trainer.should_stop = record["epoch"] == self.stop_at


def trainer_and_data(lr=0.05, **options):
    manual_seed(1)
    rng = np.random.default_rng(11)
    X = rng.standard_normal((40, 2)).astype("float32")
    y = (X[:, 0] > 0).astype("int64") + (X[:, 1] > 0)
    model = nn.Linear(2, 3)
    optimizer = Adam(model.parameters(), lr=lr)
    return Trainer(model, nn.CrossEntropyLoss(), optimizer, **options), (X, y)


@pytest.mark.shared
def test_4_11_trainer_learns():
    trainer, pair = trainer_and_data()
    notes = Notes()
    history = trainer.fit(pair, 10, validation=pair, batch_size=16, callbacks=[notes])
    names = ["epoch", "lr", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert list(history) == names, f"the history has {list(history)}, expected {names}"
    assert all(len(values) == 10 for values in history.values()), "one entry for each epoch"
    assert history["val_loss"][-1] < 0.8 * history["val_loss"][0], (
        f"ten epochs moved the loss from {history['val_loss'][0]:.3f} to "
        f"{history['val_loss'][-1]:.3f} only: does train_step learn?"
    )
    assert notes.steps == [(i, 30) for i in range(1, 31)], "40 examples by 16: 3 steps an epoch"
    assert notes.epochs == list(range(1, 11)), f"on_epoch was told of the epochs {notes.epochs}"
    assert trainer.evaluate(pair).loss == history["val_loss"][-1], "not the last val_loss"


def test_4_11_trainer_repeats_and_stops():
    runs = []
    for _ in range(2):
        trainer, pair = trainer_and_data()
        runs.append(trainer.fit(pair, 3, seed=5))
    assert runs[0] == runs[1], f"two runs with seed=5 differ: {runs[0]['loss']}, {runs[1]['loss']}"
    trainer, (X, y) = trainer_and_data()
    loader = [(tensor(X[:30]), tensor(y[:30])), (tensor(X[30:]), tensor(y[30:]))]
    history = trainer.fit(loader, 9, callbacks=[Notes(stop_at=2)])
    assert history["epoch"] == [1, 2], f"stopped after epochs {history['epoch']}, expected [1, 2]"


def test_4_11_trainer_says_what_is_wrong():
    trainer, (X, y) = trainer_and_data(lr=1e38)
    with np.errstate(all="ignore"):
        error = error_of(trainer.fit, (X, y), 5)
    assert isinstance(error, FloatingPointError), f"a loss that explodes: {said(error)}"
    trainer, (X, y) = trainer_and_data()
    used_up = iter([(tensor(X), tensor(y))])
    error = error_of(trainer.fit, used_up, 2)
    assert isinstance(error, ValueError), f"a generator is empty in epoch 2: {said(error)}"
