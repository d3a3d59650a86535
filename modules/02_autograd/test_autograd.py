"""Tests of module 02: what each task must do, and what is likely wrong where it does not.

The oracle is the definition of a slope: central differences in float64, of plain NumPy functions.
Module 01's operations are taken as they are.

PYTEST_DONT_REWRITE: every assert has a message of its own, and rewriting costs a quarter second.
"""

import gc
import heapq
import weakref
from typing import ClassVar

import numpy as np
import pytest

import tinytorch.autograd as autograd
from tinytorch.autograd import (
    accumulate,
    central_differences,
    deliver,
    gradcheck,
    is_grad_enabled,
    no_grad,
    unbroadcast,
)
from tinytorch.tensor import Function, Tensor, cat, maximum, stack, tensor, where

EPS = 1e-6
SHAPES = [(2,), (2, 3), (), (1,), (0,), (2, 0, 3), (2, 1, 3)]


# ---- helpers


def generator(seed=0):
    return np.random.default_rng(seed)


def numbers(*shape, seed=0):
    """Float64 numbers between 0.5 and 2: no zeros to divide by, no logarithm of a negative."""
    return np.asarray(np.round(generator(seed).uniform(0.5, 2.0, shape), 2))


def ups(shape):
    """A gradient to start with."""
    return np.asarray(np.round(generator(9).standard_normal(shape), 1))


def leaf(value, dtype=None):
    return Tensor(np.asarray(value, dtype=dtype), requires_grad=True)


def strided(array):
    """A leaf with the numbers of `array` that do not lie one after the other in memory."""
    wide = np.empty((*array.shape[:-1], 2 * array.shape[-1]))
    wide[..., ::2] = array
    result = Tensor(0.0, requires_grad=True)
    result.data = wide[..., ::2]
    return result


def slopes(function, arrays, number, weights):
    """Central differences of (function(*arrays) * weights).sum() for arrays[number]."""
    before, moving, after = arrays[:number], arrays[number], arrays[number + 1 :]
    steps = EPS * np.eye(moving.size).reshape(moving.size, *moving.shape)

    def total(moved):
        return (function(*before, moved, *after) * weights).sum()

    found = [(total(moving + step) - total(moving - step)) / (2 * EPS) for step in steps]
    return np.array(found).reshape(moving.shape)


def text(array):
    return np.array2string(np.asarray(array), precision=7, separator=", ")


def shown(arrays):
    """The inputs as a message names them: small ones with their numbers, others by shape."""
    return " and ".join(text(a) if a.size <= 4 else f"shape {a.shape}" for a in arrays)


def same(found, expected, call, cause="", tolerance=1e-6):
    """`found` must be an array (or a number) with the shape and the numbers of `expected`."""
    expected = np.asarray(expected)
    assert found is not None, f"{call} is None, expected {expected.tolist()}. {cause}"
    found = np.asarray(found.data if isinstance(found, Tensor) else found)
    assert found.shape == expected.shape, (
        f"{call} has shape {found.shape}, expected {expected.shape}. {cause}"
    )
    assert np.allclose(found, expected, rtol=tolerance, atol=tolerance), (
        f"{call} is\n{text(found)}\nexpected\n{text(expected)}\n"
        f"{wrong_sign(found, expected, tolerance) or cause}"
    )


def wrong_sign(found, expected, tolerance=1e-6):
    """In words, when a minus is all that is wrong: the rest of the rule is right then."""
    if not np.allclose(found, -expected, rtol=tolerance, atol=tolerance):
        return ""
    return "The numbers are right, their sign is not: a minus is missing, or is one too many."


def refused(kind, action, call, reason):
    """The message of the error that `action()` must raise."""
    try:
        action()
    except NotImplementedError:
        raise  # a blank task is not a wrong one
    except kind as error:
        return str(error)
    except Exception as error:
        raise AssertionError(
            f"{call} raised {error!r}, expected a {kind.__name__}: {reason}"
        ) from error
    raise AssertionError(f"{call} raised no error, expected a {kind.__name__}: {reason}")


def running(action, call, cause):
    """What `action()` returns; an error in it keeps its traceback and gets the call beside it."""
    try:
        return action()
    except NotImplementedError:
        raise
    except Exception as error:
        message = f"{call} ended with {type(error).__name__}: {error}\n{cause}"
        raise AssertionError(message).with_traceback(error.__traceback__) from error


def rule(result, grad, inputs, cause=""):
    """What the rule of the operation behind `result` returns, one entry for each input."""
    call = f"the rule of {type(result.grad_fn).__name__}"
    found = running(lambda: result.grad_fn.backward(grad), call, cause)
    assert found is not None, f"{call} returned None: is the `return` missing?"
    found = found if isinstance(found, tuple) else (found,)
    assert len(found) == inputs, (
        f"{call} returned {len(found)} gradients, it has {inputs} inputs: return one for each, in "
        "their order"
    )
    assert not any(isinstance(g, Tensor) for g in found), (
        f"{call} returned a Tensor, expected arrays: read self.args, which holds arrays, and not "
        "self.inputs, which holds tensors"
    )
    return found


def check(call, operation, function, arrays, cause="", make=leaf):
    """Compare backward() through `operation` with the slopes of the NumPy function."""
    tensors = [make(array) for array in arrays]
    result = operation(*tensors)
    weights = ups(result.shape)
    walk = f"backward() through {call}, inputs {shown(arrays)},"
    running(lambda: result.backward(Tensor(weights)), walk, cause)
    for number, x in enumerate(tensors):
        expected = slopes(function, arrays, number, weights)
        name = f"the gradient of input {number} of {call}, inputs {shown(arrays)},"
        same(x.grad, expected, name, cause)


def check_rule(call, operation, function, arrays, cause):
    """The same for the rule alone, which is called by hand: inputs of one shape, no walk."""
    tensors = [leaf(array) for array in arrays]
    grad = ups(arrays[0].shape)
    kept = grad.copy()
    found = rule(operation(*tensors), grad, len(arrays), cause)
    for number, g in enumerate(found):
        expected = slopes(function, arrays, number, kept)
        name = f"the gradient of input {number} of {call}, inputs {shown(arrays)},"
        same(g, expected, f"{name} grad {shown([kept])},", cause)
    assert np.array_equal(grad, kept), (
        f"the rule of {call} changed `grad` in place: others may hold that array, make a new one"
    )


class Twice(Function):
    """Counts how often its rule is called, and with what."""

    calls: ClassVar[list] = []

    def forward(self, a):
        return a + a

    def backward(self, grad):
        Twice.calls.append(np.array(grad))
        return grad + grad


# ---- 2.1 apply: remember


def test_2_1_the_result_remembers_its_operation():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    p = x * y
    assert type(p.grad_fn).__name__ == "Mul", (
        f"(x * y).grad_fn is {p.grad_fn!r}, expected the Mul object: set result.grad_fn = node"
    )
    assert p.requires_grad is True, (
        f"(x * y).requires_grad is {p.requires_grad}, expected True: without it, what is computed "
        "from the result is not recorded"
    )
    assert not p.is_leaf and x.is_leaf, (
        "x was made by hand, x * y by an operation: only x is a leaf"
    )
    q = p + x
    assert q.grad_fn is not None and q.grad_fn.inputs[0] is p, (
        "in q = x * y + x the operation Add should have the tensor x * y itself among its inputs"
    )


def test_2_1_the_operation_remembers_what_went_in():
    x, plain = leaf([1.0, 2.0]), tensor([3.0, 4.0])
    node = (x * plain).grad_fn
    inputs = getattr(node, "inputs", None)
    assert inputs is not None, (
        "node.inputs is missing: it should be `args`, as apply was given them"
    )
    assert inputs[0] is x and inputs[1] is plain, (
        "node.inputs should hold the very tensors that apply was given (not their arrays): the "
        "walk must find x itself to put the gradient into x.grad"
    )
    needs = getattr(node, "needs_input_grad", None)
    assert isinstance(needs, (list, tuple)) and list(needs) == [True, False], (
        f"needs_input_grad of x * plain is {needs}, expected [True, False]: it is the list `needs`"
    )
    inputs = (2.0 * x).grad_fn.inputs
    assert isinstance(inputs[0], float) and inputs[-1] is x, (
        f"the inputs of 2.0 * x are {inputs}, expected the number 2.0, then x: keep the plain "
        "values too, so that gradients and inputs stand in the same order"
    )


@pytest.mark.shared
def test_2_1_the_array_that_came_out():
    x = leaf([1.0, 2.0])
    p = x * 3.0
    out = getattr(p.grad_fn, "out", None)
    assert not isinstance(out, Tensor), (
        "node.out is a tensor, expected the bare array: result -> node -> result would be a "
        "circle, which Python cannot free at once"
    )
    assert np.array_equal(out, p.data), (
        f"node.out is {out!r}, expected the array of the result, {p.data!r}"
    )
    assert out is p.data, "node.out is a copy of the result's array; keep the array itself: out"


def test_2_1_ages_rise():
    x = leaf(2.0)
    results = [x * 2.0]
    for _ in range(5):
        results.append(results[-1] + x)
    ages = [getattr(r.grad_fn, "age", None) for r in results]
    assert None not in ages and ages == sorted(set(ages)), (
        f"the ages of six operations in a row are {ages}; each should be larger than the one "
        "before: node.age = next(_clock)"
    )


def test_2_1_no_two_operations_are_of_one_age():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    results = [x * 2.0, y * 3.0, x + y, x * x]  # none of them was computed from another
    ages = [getattr(r.grad_fn, "age", None) for r in results]
    assert None not in ages and ages == sorted(set(ages)), (
        f"four operations, none of which uses another's result, have the ages {ages}; each should "
        "be larger than the one before, whatever went in: node.age = next(_clock), and not one "
        "more than the age of an input (the queue of Task 2.3 cannot order equal ages)"
    )


def test_2_1_needs_stand_in_the_order_of_the_inputs():
    x, y, plain = leaf([1.0, 2.0]), leaf([3.0, 4.0]), tensor([5.0, 6.0])
    mask = tensor([True, False])
    for call, result, expected in [
        ("plain * x", plain * x, [False, True]),
        ("2.0 * x", 2.0 * x, [False, True]),
        ("x * y", x * y, [True, True]),
        ("where(mask, plain, x)", where(mask, plain, x), [False, False, True]),
    ]:
        needs = getattr(result.grad_fn, "needs_input_grad", None)
        assert needs is not None and list(needs) == expected, (
            f"needs_input_grad of {call}, where only x and y require grad, is {needs}, expected "
            f"{expected}: the list `needs` as it is, one bool for each input, in their order"
        )


def test_2_1_nothing_wanted_nothing_noted():
    p = tensor([1.0]) * tensor([2.0])
    assert p.grad_fn is None and p.requires_grad is False, "no input requires grad, so no record"
    whole = leaf([1.5, 2.5]).to("int64")
    assert not whole.requires_grad, "a result of whole numbers has no slope, so no record"


def test_2_1_a_record_nobody_holds_is_freed_at_once():
    gc.disable()
    try:
        x = leaf([1.0, 2.0])
        middle = x * 2.0
        watch = weakref.ref(middle)
        last = middle + x
        del middle, last
        assert watch() is None, (
            "x * 2 + x was let go of, but its record is still alive: something in it points back "
            "to a result (node.out should be the array, not the tensor)"
        )
    finally:
        gc.enable()


# ---- 2.2 the rules of + and *


def check_small(call, result, grad, *expected, cause):
    """Readable numbers first: what the rule of `result` makes of `grad`."""
    found = rule(result, np.array(grad), len(expected), cause)
    for number, (g, e) in enumerate(zip(found, expected)):
        same(g, e, f"the gradient of input {number} of {call}, grad {grad},", cause)


ADD_CAUSE = "Both own slopes of a + b are 1, so each input gets grad as it came."
MUL_CAUSE = "The own slopes of a * b are b and a; each comes times grad. Are they crossed over?"


def test_2_2_small_numbers():
    a, b, grad = leaf([2.0, 5.0]), leaf([3.0, 4.0]), [10.0, 100.0]
    check_small("[2, 5] + [3, 4]", a + b, grad, grad, grad, cause=ADD_CAUSE)
    expected = [30.0, 400.0], [20.0, 500.0]
    check_small("[2, 5] * [3, 4]", a * b, grad, *expected, cause=MUL_CAUSE)


def test_2_2_add_passes_on_what_it_gets():
    for shape in SHAPES:
        arrays = [numbers(*shape), numbers(*shape, seed=1)]
        check_rule("a + b", lambda a, b: a + b, lambda a, b: a + b, arrays, ADD_CAUSE)


def test_2_2_mul_crosses_over():
    for shape in SHAPES:
        arrays = [numbers(*shape), numbers(*shape, seed=1)]
        check_rule("a * b", lambda a, b: a * b, lambda a, b: a * b, arrays, MUL_CAUSE)


def test_2_2_mul_with_a_plain_number():
    x = leaf([1.0, 2.0])
    grad = np.array([10.0, 100.0])
    found = rule(x * 3.0, grad, 2)[0]
    same(found, [30.0, 300.0], "the gradient of x in x * 3", "The own slope of x in 3 * x is 3.")
    found = rule(3.0 * x, grad, 2)[1]
    same(found, [30.0, 300.0], "the gradient of x in 3 * x", "The own slope of x in 3 * x is 3.")


# ---- 2.3 the order of the backward pass


def delivered(*parts):
    """`grads` and `ready` after each (tensor, gradient) has been delivered."""
    grads, ready = {}, []
    for result, part in parts:
        deliver(result, part, grads, ready)
    return grads, ready


@pytest.mark.shared
def test_2_3_the_first_gradient():
    p = leaf(2.0) * leaf(3.0)
    grads, ready = delivered((p, np.array(7.0)))
    assert list(grads) == [p.grad_fn], (
        f"after the first delivery the keys of grads are {list(grads)}, expected the one "
        "operation, p.grad_fn"
    )
    same(grads[p.grad_fn], 7.0, "grads[p.grad_fn] after the gradient 7 was delivered")
    assert len(ready) == 1, f"after the first delivery the queue is {ready}, expected one entry"
    assert isinstance(ready[0], tuple) and ready[0][0] == -p.grad_fn.age, (
        f"the entry in the queue is {ready[0]!r}, expected the pair (-age, tensor), where age is "
        f"{p.grad_fn.age}: without the minus the oldest operation would go first"
    )
    assert ready[0][1] is p, "the second of the pair should be the tensor itself"


@pytest.mark.shared
def test_2_3_what_comes_later_is_added():
    p = leaf([1.0, 1.0]) * leaf([2.0, 2.0])
    parts = [np.array([1.0, 10.0]), np.array([2.0, 20.0]), np.array([4.0, 40.0])]
    grads, ready = delivered(*((p, part) for part in parts))
    same(
        grads[p.grad_fn], [7.0, 70.0], "grads[p.grad_fn] after [1, 10], [2, 20] and [4, 40]",
        "Slopes over several ways add up: is the new one added, or does it replace the old?",
    )  # fmt: skip
    assert len(ready) == 1, (
        f"three gradients for one operation made {len(ready)} entries in the queue, expected 1: "
        "only the first puts it there"
    )


def test_2_3_adding_makes_a_new_array():
    p = leaf([1.0]) * leaf([2.0])
    first, second = np.array([1.0]), np.array([2.0])
    delivered((p, first), (p, second))
    assert first.item() == 1.0 and second.item() == 2.0, (
        f"delivering [1] and [2] changed them to {first} and {second}: others may hold these "
        "arrays; write grads[node] + grad, which makes a new one, not +="
    )


@pytest.mark.shared
def test_2_3_the_youngest_goes_first():
    x = leaf(1.0)
    results = [x * 1.0]
    for _ in range(30):
        results.append(results[-1] + x)
    order = generator(3).permutation(len(results))
    _, ready = delivered(*((results[i], np.array(1.0)) for i in order))
    found = [heapq.heappop(ready)[1].grad_fn.age for _ in order]
    assert found == sorted(found, reverse=True), (
        f"heappop gives the ages {found}, expected falling ones: put entries into the queue with "
        "heappush(ready, ...), not with ready.append(...)"
    )


# ---- 2.4 accumulate


def test_2_4_first_and_second():
    for shape in SHAPES:
        for dtype in ("float32", "float64"):
            x = leaf(np.ones(shape, dtype))
            first = np.asarray(generator(1).standard_normal(shape), dtype)
            second = np.asarray(generator(2).standard_normal(shape), dtype)
            for shared in (True, False):
                x.grad = None
                accumulate(x, first.copy(), shared)
                kind = type(x.grad).__name__
                assert isinstance(x.grad, Tensor), f"x.grad is a {kind}, not a Tensor"
                call = f"x.grad after accumulate(x, <{dtype}>, shared={shared})"
                same(x.grad, first, call, "")
                assert x.grad.dtype == dtype, f"{call} is {x.grad.dtype}: a copy has its dtype too"
            accumulate(x, second.copy(), True)
            same(x.grad, first + second, "x.grad after the second gradient", "Add, do not replace.")
            assert type(x.grad.data) is np.ndarray, (
                f"x.grad.data is a {type(x.grad.data).__name__} for shape {shape}, expected an "
                "array: NumPy makes a plain number of a sum of shape (); np.asarray(...) mends it"
            )
            assert x.grad.dtype == dtype, f"x.grad is {x.grad.dtype}, the leaf is {dtype}"
            assert not x.grad.requires_grad, "a gradient is a result, nobody wants *its* gradient"


def test_2_4_numpy_numbers_become_arrays():
    for shared in (True, False):
        x = leaf(np.float32(1.0))
        accumulate(x, np.float32(3.0), shared)
        assert type(x.grad.data) is np.ndarray, (
            f"accumulate(x, np.float32(3), shared={shared}) made x.grad.data a "
            f"{type(x.grad.data).__name__}, expected an array: np.asarray or np.array"
        )


def test_2_4_a_shared_array_is_copied():
    grad = np.array([1.0, 2.0])
    x, y = leaf([0.0, 0.0]), leaf([0.0, 0.0])
    accumulate(x, grad, shared=True)
    accumulate(y, grad, shared=True)
    assert not np.shares_memory(x.grad.data, y.grad.data), (
        "x.grad and y.grad share their memory after accumulate(..., shared=True): whoever scales "
        "one scales the other; copy the array when it is shared"
    )
    assert not np.shares_memory(x.grad.data, grad), (
        "x.grad shares its memory with the array that was passed, although shared is True: copy it"
    )


def test_2_4_arrays_of_others_are_not_changed():
    first, second = np.array([1.0, 2.0]), np.array([10.0, 20.0])
    x = leaf([0.0, 0.0])
    accumulate(x, first, shared=True)
    accumulate(x, second, shared=True)
    assert first.tolist() == [1.0, 2.0] and second.tolist() == [10.0, 20.0], (
        f"accumulate changed the arrays it was given: {first.tolist()}, {second.tolist()}"
    )


# ---- 2.5 backward


def test_2_5_the_running_example():
    x, w, b = leaf(2.0), leaf(3.0), leaf(1.0)
    z = x * w + b
    (z * z).backward()
    cause = "L = z * z, z = x * w + b at x = 2, w = 3, b = 1: see the dictionary in the lesson."
    for name, value, expected in (("b", b, 14.0), ("x", x, 42.0), ("w", w, 28.0)):
        same(value.grad, expected, f"{name}.grad", cause)


def test_2_5_gradients_of_shared_results_add_up():
    cause = (
        "A result that was used several times gets a gradient from each use: add them in `grads`, "
        "do not replace."
    )
    cases = {
        "a * a + b": lambda a, b: a * a + b,
        "(a * b + a) * (a * b) - b": lambda a, b: (a * b + a) * (a * b) - b,
        "h * h * h - h with h = a + b": lambda a, b: (lambda h: h * h * h - h)(a + b),
        "h * (h * b) + h with h = a + b": lambda a, b: (lambda h: h * (h * b) + h)(a + b),
    }
    for call, function in cases.items():
        for shape in SHAPES:
            arrays = [numbers(*shape), numbers(*shape, seed=1)]
            check(call, function, function, arrays, cause)
    check("a * a + b", cases["a * a + b"], cases["a * a + b"], arrays, cause, make=strided)


def test_2_5_adding_makes_a_new_array():
    def function(a, b):
        h, k = a * b, a * a
        return (h + k) + h

    cause = (
        "The rule of addition hands one array to two inputs. If it is then changed in place "
        "(grads[...] += g), the other one changes too: make a new array."
    )
    arrays = [numbers(2), numbers(2, seed=1)]
    check("(h + k) + h with h = a * b, k = a * a", function, function, arrays, cause)


@pytest.mark.shared
def test_2_5_each_rule_is_called_once_with_the_whole_gradient():
    Twice.calls = []
    x = leaf(1.0)
    h = Twice.apply(x)
    k = h + x
    (h * k + h).backward()
    assert len(Twice.calls) == 1, (
        f"h is used three times; its operation's rule was called {len(Twice.calls)} times, "
        "expected once, when all three parts are there"
    )
    same(Twice.calls[0], 6.0, "the gradient handed to h's rule", "3 (from h * k) + 2 (from k) + 1.")
    doubled = x
    x.grad = None
    for _ in range(40):
        doubled = doubled + doubled
    doubled.backward()
    same(x.grad, 2.0**40, "the gradient through 40 doublings", "")


def test_2_5_a_long_chain():
    x = leaf(1.0)
    result = x
    for _ in range(1500):
        result = result * 1.0
    result.backward()
    same(x.grad, 1.0, "the gradient through 1,500 multiplications by 1", "")


def test_2_5_the_gradient_argument():
    x = leaf([1.0, 2.0, 3.0])
    weights = Tensor(np.array([1.0, 10.0, 100.0]))
    (x * x).backward(weights)
    same(
        x.grad, [2.0, 40.0, 600.0], "x.grad after (x * x).backward(weights)", "It is weights * 2x."
    )
    x.grad = None
    x.backward(weights)
    same(x.grad, weights.data, "x.grad after x.backward(weights), x a leaf", "")
    for result in (x * x, x + x):
        message = refused(
            RuntimeError, result.backward, "(shape (3,)).backward()", "where to start?"
        )
        assert "(3,)" in message, f"the message should name the shape (3,): {message}"
    refused(RuntimeError, tensor(1.0).backward, "tensor(1.0).backward()", "nothing requires grad")


def test_2_5_repeated_backward_accumulates():
    x = leaf([1.0, 2.0])
    for times in (1, 2, 3):
        (x * x).backward(Tensor(np.ones(2)))
        same(x.grad, times * 2 * x.data, f"x.grad after {times} times (x * x).backward()", "Add.")
    x.grad = None
    result = x * x
    result.backward(Tensor(np.ones(2)), retain_graph=True)
    result.backward(Tensor(np.ones(2)), retain_graph=True)
    same(x.grad, 4 * x.data, "x.grad after backward twice with retain_graph=True", "")


def test_2_5_a_freed_record_says_so():
    x = leaf(2.0)
    h = x * x
    a, b = h * 1.0, h * 2.0
    a.backward()
    for result, call in ((a, "a second a.backward()"), (b, "b.backward() after a freed h")):
        message = refused(RuntimeError, result.backward, call, "its record is freed")
        assert "retain_graph" in message, f"the message should name retain_graph: {message}"
    same(x.grad, 4.0, "x.grad after a refused backward()", "It should be as before.")


def test_2_5_every_leaf_has_memory_of_its_own():
    class View(Function):
        def forward(self, a):
            return a[:]

        def backward(self, grad):
            return grad[:]

    class SameTwice(Function):
        def forward(self, a, b):
            return a + b

        def backward(self, grad):
            fresh = grad * 1.0
            return fresh, fresh

    cases = {
        "x + y": lambda x, y: x + y,
        "x + y - x": lambda x, y: x + y - x,
        "a rule that returns a view of grad": lambda x, y: View.apply(x) + View.apply(y),
        "a rule that returns one array twice": SameTwice.apply,
        "x itself": lambda x, y: x,
    }
    for call, operation in cases.items():
        x, y, gradient = leaf([1.0, 2.0]), leaf([3.0, 4.0]), Tensor(np.ones(2))
        operation(x, y).backward(gradient)
        arrays = [t.data for t in (x, y, gradient, x.grad, y.grad) if t is not None]
        for i, a in enumerate(arrays):
            assert not any(np.shares_memory(a, b) for b in arrays[:i]), (
                f"after ({call}).backward(gradient) two of x, y, x.grad, y.grad and gradient share "
                "their memory: hand `shared` on to accumulate"
            )
        assert gradient.tolist() == [1.0, 1.0], f"({call}).backward changed the gradient passed in"


def test_2_5_what_had_no_part_keeps_its_grad():
    x, unused, plain = leaf(2.0), leaf(3.0), tensor(4.0)
    p = x * plain
    (p + 1.0).backward()
    assert unused.grad is None, f"unused.grad is {unused.grad}, it had no part: expected None"
    assert plain.grad is None, (
        f"plain.grad is {plain.grad}, it does not require grad: expected None"
    )
    assert p.grad is None, f"(x * plain).grad is {p.grad}: only leaves keep a gradient"
    same(x.grad, 4.0, "x.grad", "")


def test_2_5_a_rule_may_return_none():
    class Deaf(Function):
        def forward(self, a, b):
            return a + b

        def backward(self, grad):
            return None, grad

    x, y = leaf(2.0), leaf(3.0)
    Deaf.apply(x * 2.0, y).backward()
    same(y.grad, 1.0, "y.grad", "")
    assert x.grad is None, f"x.grad is {x.grad}; the rule passed nothing back: expected None"


def test_2_5_a_rule_with_too_few_gradients_is_caught():
    class Short(Function):
        def forward(self, a, b):
            return a + b

        def backward(self, grad):
            return grad

    result = Short.apply(leaf(2.0), leaf(3.0))
    message = refused(RuntimeError, result.backward, "backward()", "1 gradient for 2 inputs")
    assert "Short" in message, f"the message should name the operation: {message}"


def test_2_5_the_gradient_has_the_dtype_of_its_leaf():
    x, y = leaf([1.0, 2.0], "float32"), leaf([3.0, 4.0], "float64")
    whole = tensor([5, 6])
    (x * y * whole).backward(Tensor(np.ones(2)))
    assert x.grad.dtype == "float32", f"x is float32, x.grad is {x.grad.dtype}"
    assert y.grad.dtype == "float64", f"y is float64, y.grad is {y.grad.dtype}"
    same(x.grad, [15.0, 24.0], "x.grad of x * y * [5, 6]", "")
    z = leaf([1.0, 3.0])
    (z * z).backward(Tensor(np.full(2, 1 / 3)))
    cause = "All of it is float64: the gradients on the way must not be rounded to float32."
    same(z.grad, [2 / 3, 2.0], "z.grad of z * z, given 1/3,", cause, 1e-12)


def test_2_5_ints_have_no_gradient():
    """`requires_grad = True` is only noted; an int64 gradient of 0.5 would be cut to 0."""
    x = tensor([1, 2, 3])
    x.requires_grad = True
    message = refused(
        RuntimeError, lambda: (x * 0.5).backward(Tensor(np.ones(3))), "backward()", "an int64 leaf"
    )
    assert "only floats" in message, f"the message should say what can have one: {message}"


def test_2_5_gradients_on_the_way_are_let_go():
    class Watch(Function):
        passed: ClassVar[list] = []

        def forward(self, a):
            return a + a

        def backward(self, grad):
            alive = sum(array() is not None for array in Watch.passed)
            assert alive <= 1, (
                f"{alive} gradients of operations that are done are still held: take them out of "
                "`grads` with pop"
            )
            result = grad + grad
            Watch.passed.append(weakref.ref(result))
            return result

    result = leaf([1.0, 2.0])
    for _ in range(5):
        result = Watch.apply(result)
    result.backward(Tensor(np.ones(2)))


def test_2_5_memory_is_given_back():
    gc.disable()
    try:
        x = leaf([1.0, 2.0])
        middle = x * x
        watch = weakref.ref(middle)
        last = middle * x
        del middle
        last.backward(Tensor(np.ones(2)))
        assert watch() is None, (
            "after backward() the tensors in between are still alive: only the result is held"
        )
    finally:
        gc.enable()


# ---- 2.6 unbroadcast


def test_2_6_the_shape_and_the_sums():
    cases = [
        ((2, 3), (3,)), ((2, 3), ()), ((2, 3), (2, 3)), ((4, 3, 5), (3, 1)), ((4, 3, 5), (1, 3, 1)),
        ((4, 3, 5), (1,)), ((2, 1), (1,)), ((1, 3), (1, 3)), ((0, 3), (3,)), ((0, 3), (1, 3)),
        ((2, 0), (2, 1)), ((), ()), ((1, 1), ()),
    ]  # fmt: skip
    for big, small in cases:
        grad = numbers(*big)
        kept = grad.copy()
        found = unbroadcast(grad, small)
        call = f"unbroadcast(grad of shape {big}, {small})"
        assert found is not None, f"{call} returned None: is the `return` missing?"
        assert np.shape(found) == small, (
            f"{call} has shape {np.shape(found)}, expected {small}: sum away the new dimensions at "
            "the left, and sum the stretched ones to size 1 (keepdims=True)"
        )
        # Slopes by definition: each element of the small array, moved by one, moves L by this much.
        ones = np.eye(int(np.prod(small))).reshape(-1, *small)
        expected = [(np.broadcast_to(one, big) * grad).sum() for one in ones]
        same(
            found,
            np.array(expected).reshape(small),
            call,
            "Sum over what was stretched, only that.",
        )
        assert np.array_equal(grad, kept), f"{call} changed grad"
        narrow = unbroadcast(grad.astype("float32"), small)
        assert narrow.dtype == "float32", f"{call} made {narrow.dtype} of float32"


def test_2_6_backward_through_broadcasting():
    cause = "The gradient of a broadcast input is summed back to its shape."
    pairs = [
        ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 4)), ((), (2, 3)), ((2, 3), (1, 1)),
        ((4, 1, 3), (2, 1)), ((0, 3), (3,)), ((1,), (0,)), ((1, 2, 1), (3, 1, 4)),
    ]  # fmt: skip
    for left, right in pairs:
        arrays = [numbers(*left), numbers(*right, seed=1)]
        check("a * b + a", lambda a, b: a * b + a, lambda a, b: a * b + a, arrays, cause)
    x, b = leaf(np.ones((2, 3)), "float32"), leaf(np.ones(3), "float32")
    (x + b).backward(Tensor(np.ones((2, 3))))
    assert b.grad.dtype == "float32", f"b is float32, b.grad is {b.grad.dtype}"


def test_2_6_a_rule_with_a_wrong_shape_is_caught():
    class Wrong(Function):
        def forward(self, a):
            return a + a

        def backward(self, grad):
            return grad[0]

    result = Wrong.apply(leaf(np.ones((2, 3))))
    message = refused(
        RuntimeError, lambda: result.backward(Tensor(np.ones((2, 3)))), "backward()", "wrong shape"
    )
    assert "Wrong" in message and "(2, 3)" in message and "(3,)" in message, message


# ---- 2.7 no_grad


def test_2_7_nothing_is_recorded_inside():
    x = leaf([1.0, 2.0])
    with no_grad():
        inside = x * 2.0
        assert is_grad_enabled() is False, "is_grad_enabled() inside no_grad() is not False"
    assert inside.grad_fn is None and inside.requires_grad is False, (
        "x * 2 inside `with no_grad():` was recorded: __enter__ should set _recording to False "
        "(with `global _recording`, else it is only a local name)"
    )
    assert is_grad_enabled() is True, (
        "after the block recording is still off: __exit__ should put back what was before"
    )
    assert (x * 2.0).requires_grad, "x * 2 after the block is not recorded"


def test_2_7_blocks_in_blocks():
    with no_grad():
        with no_grad():
            pass
        assert is_grad_enabled() is False, (
            "after an inner no_grad() block recording is on, but the outer block goes on: put back "
            "what was before, do not switch it on"
        )
    assert is_grad_enabled() is True, "after both blocks recording should be on again"


def test_2_7_errors_pass_and_the_switch_is_put_back():
    def fails():
        with no_grad():
            raise KeyError("mine")

    message = refused(KeyError, fails, "an error inside no_grad()", "errors pass through")
    assert "mine" in message, f"the error came out changed: {message}"
    assert is_grad_enabled() is True, "after an error in the block recording is still off"


def test_2_7_as_a_decorator():
    x = leaf([1.0, 2.0])

    @no_grad()
    def double(value):
        """Doubles."""
        return value * 2.0

    @no_grad
    def triple(value, depth=0):
        return triple(value, depth - 1) if depth else value * 3.0

    assert not double(x).requires_grad, "a function below @no_grad() was recorded"
    assert not triple(x, depth=2).requires_grad, "a function below @no_grad was recorded"
    assert is_grad_enabled() is True, "after the call recording is still off"
    assert double.__name__ == "double", f"its name is now {double.__name__}: functools.wraps"


def test_2_7_changes_in_place():
    x = leaf([1.0, 2.0])
    p = x * 2.0
    for name, action in {
        "x += 1": lambda: x.__iadd__(1.0),
        "x[0] = 1": lambda: x.__setitem__(0, 1.0),
    }.items():
        message = refused(RuntimeError, action, name, "the walk may still need the numbers")
        assert "no_grad" in message, message
    with no_grad():
        x += 1.0
    assert x.data.tolist() == [2.0, 3.0], "inside no_grad() a leaf may be changed"
    message = refused(
        RuntimeError, lambda: p.backward(Tensor(np.ones(2))), "backward after x changed", "too late"
    )
    assert "changed in place" in message, message


def test_2_7_a_changed_input_is_noticed():
    w, batch = leaf([1.0, 2.0]), Tensor(np.array([3.0, 4.0]))
    batch += 1.0  # before it is used: no harm
    product = w * batch
    other = w * 2.0
    batch += 1.0
    ones = Tensor(np.ones(2))
    refused(RuntimeError, lambda: product.backward(ones), "backward()", "batch has changed since")
    other.backward(ones)
    same(w.grad, [2.0, 2.0], "w.grad of w * 2", "A change elsewhere is no reason to refuse.")


# ---- 2.8 central differences and gradcheck


@pytest.mark.shared
def test_2_8_the_same_step_to_both_sides():
    for eps in (0.5, 0.01):
        a = np.array([2.0])
        found = central_differences(lambda a=a: (a * a).sum(), a, eps)
        cause = (
            "For a square, central differences are exact with any eps. (A one-sided step gives "
            f"{4 + eps}.) Is it the eps that was passed, and 2 * eps below the line?"
        )
        same(found, [4.0], f"the slope of a * a at 2 with eps={eps}", cause, 1e-9)


@pytest.mark.shared
def test_2_8_the_array_is_put_back_exactly():
    wide = numbers(3, 8)
    a = wide[:, :6:2]  # a view that no reshape can make flat without copying it
    kept = wide.copy()
    central_differences(lambda: np.exp(a).sum(), a, 3.0)  # so large that a - eps + eps is not a
    assert np.array_equal(wide, kept), (
        f"central_differences left the array changed, by up to {np.abs(wide - kept).max():.1e}: "
        "keep the number before you change it, and put that back (not + eps, - eps)"
    )
    moved = []
    central_differences(lambda: moved.append(np.count_nonzero(wide != kept)) or 0.0, a)
    assert max(moved) == 1, (
        f"while value() runs, {max(moved)} elements of `array` differ from the original, expected "
        "1: change `array` itself and no copy of it, and put one back before you move the next"
    )


@pytest.mark.shared
def test_2_8_slopes_by_trying():
    for shape in SHAPES:
        a, factor = numbers(*shape), numbers(*shape, seed=1)
        found = central_differences(lambda a=a, f=factor: (f * a * a * a).sum(), a)
        cause = "Move one element at a time: (value up - value down) / (2 * eps)."
        same(found, 3 * factor * a * a, f"the slopes of sum(f * a**3), a of shape {shape},", cause)
        assert type(found) is np.ndarray, f"for shape {shape} it returned a {type(found).__name__}"
        assert found.dtype == "float64", f"the slopes are {found.dtype}, expected float64"


def test_2_8_gradcheck_judges():
    class Wrong(Function):
        def forward(self, a):
            return a * a

        def backward(self, grad):
            return grad * self.args[0]

    x, y = leaf(numbers(2, 3)), leaf(numbers(3, seed=1))
    x.grad = old = Tensor(np.ones((2, 3)))
    kept = x.data.copy()
    assert gradcheck(lambda a, b: a * b + b, (x, y)) is True, "a * b + b is right"
    message = refused(
        RuntimeError, lambda: gradcheck(Wrong.apply, x), "gradcheck(wrong)", "2 missing"
    )
    assert "input 0" in message, message
    assert gradcheck(Wrong.apply, (x,), raise_exception=False) is False, "a wrong rule passed"
    assert gradcheck(lambda a, b: b * 2.0, (x, y)) is True, "x has no part: its gradient is 0"
    assert x.grad is old and np.array_equal(x.data, kept), "gradcheck changed x or x.grad"
    single = leaf([1.0], "float32")
    message = refused(
        ValueError, lambda: gradcheck(lambda a: a * a, single), "gradcheck", "float32"
    )
    assert "float64" in message, message


# ---- 2.9 division, exp, log, tanh

DIV_CAUSE = "The own slopes of a / b are 1 / b and -a / b²; each comes times grad."
UNARY = {"exp": np.exp, "log": np.log, "tanh": np.tanh}
OWN_SLOPES = {
    "exp": "The own slope of exp(a) is exp(a), the result itself; it comes times grad.",
    "log": "The own slope of log(a) is 1 / a; it comes times grad.",
    "tanh": "The own slope of tanh is 1 - out²; it comes times grad.",
}


def test_2_9_small_numbers():
    six, two, zero = leaf([6.0]), leaf([2.0]), leaf([0.0])
    check_small("6 / 2", six / two, [10.0], [5.0], [-15.0], cause=DIV_CAUSE)
    check_small("exp(0)", zero.exp(), [10.0], [10.0], cause=OWN_SLOPES["exp"])
    check_small("log(2)", two.log(), [10.0], [5.0], cause=OWN_SLOPES["log"])
    check_small("tanh(0)", zero.tanh(), [10.0], [10.0], cause=OWN_SLOPES["tanh"])


def check_unary(name):
    for shape in SHAPES:
        arrays = [numbers(*shape)]
        check_rule(name, lambda a: getattr(a, name)(), UNARY[name], arrays, OWN_SLOPES[name])
    arrays = [numbers(2, 3)]
    check(name, lambda a: getattr(a, name)(), UNARY[name], arrays, OWN_SLOPES[name], make=strided)
    x = leaf([0.5, 2.0], "float32")
    found = rule(getattr(x, name)(), np.ones(2, "float32"), 1)[0]
    assert found.dtype == "float32", f"the rule of {name} made {found.dtype} of float32"


def check_exact(call, operation, arrays, expected, cause):
    """The rule of an operation against the formula, where central differences see too little."""
    result = operation(*map(leaf, arrays))
    found = rule(result, np.ones(np.shape(expected[0])), len(arrays), cause)
    for number, (g, e) in enumerate(zip(found, expected)):
        name = f"the gradient of input {number} of {call}, inputs {shown(arrays)}, grad 1,"
        same(g, e, name, cause)


def test_2_9_small_inputs_are_inputs_too():
    small = np.array([1e-2, 1e-7, 1e-12])
    exact = (
        "It is exact there too: nothing may be added to it, such as 1e-8 against a division by 0"
    )
    cause = f"The own slope of log(a) is 1 / a. {exact}."
    check_exact("log(a)", lambda a: a.log(), [small], [1 / small], cause)
    one = np.ones(3)
    expected = [1 / small, -1 / small**2]
    check_exact("a / b", lambda a, b: a / b, [one, small], expected, f"{DIV_CAUSE} {exact}.")


def test_2_9_float32_stays():
    a, b = leaf([0.5, 2.0], "float32"), leaf([4.0, 5.0], "float32")
    for number, found in enumerate(rule(a / b, np.ones(2, "float32"), 2)):
        assert found.dtype == "float32", (
            f"the rule of a / b made {found.dtype} of float32 for input {number}"
        )


def test_2_9_div():
    for shape in SHAPES:
        arrays = [numbers(*shape), numbers(*shape, seed=1)]
        check_rule("a / b", lambda a, b: a / b, lambda a, b: a / b, arrays, DIV_CAUSE)
    arrays = [numbers(2, 3), numbers(3)]
    check("a / b", lambda a, b: a / b, lambda a, b: a / b, arrays, DIV_CAUSE)
    check("a / 4", lambda a: a / 4, lambda a: a / 4, [numbers(2)], DIV_CAUSE)
    check("3 / a", lambda a: 3 / a, lambda a: 3 / a, [numbers(2)], DIV_CAUSE)


def test_2_9_exp():
    check_unary("exp")


def test_2_9_log():
    check_unary("log")


def test_2_9_tanh():
    check_unary("tanh")


def test_2_9_all_together():
    def formula(a, b):
        return (a.exp() / b + b.log()).tanh() / a

    def in_numpy(a, b):
        return np.tanh(np.exp(a) / b + np.log(b)) / a

    cause = "(exp(a) / b + log(b)).tanh() / a uses every rule of this task."
    check("that formula", formula, in_numpy, [numbers(2, 3), 4 * numbers(3, seed=1)], cause)


def test_2_9_the_given_rules():
    cases = {
        "a ** 3": (lambda a, b: a**3 + b, lambda a, b: a**3 + b),
        "a ** b": (lambda a, b: a**b, lambda a, b: a**b),
        "2 ** a": (lambda a, b: 2**a + b, lambda a, b: 2**a + b),
        "a % b": (lambda a, b: a % b, lambda a, b: a % b),
        "sqrt, abs": (lambda a, b: a.sqrt() + (a - b).abs(), lambda a, b: a**0.5 + abs(a - b)),
        "maximum": (maximum, np.maximum),
        "the smaller": (lambda a, b: a.min(b), np.minimum),
        "clamp": (lambda a, b: a.clamp(0.8, b), lambda a, b: np.minimum(np.maximum(a, 0.8), b)),
        "where": (lambda a, b: where(a > b, a * a, b), lambda a, b: np.where(a > b, a * a, b)),
    }
    for call, (operation, function) in cases.items():
        check(call, operation, function, [numbers(2, 3), numbers(2, 3, seed=5)])
    x = leaf([0.0, 1.0, 2.0])
    (x**0 + maximum(x, 1.0) + x.clamp(0, 1) + x.abs()).backward(Tensor(np.ones(3)))
    same(x.grad, [1.0, 2.5, 2.0], "the gradient at the corners", "As in PyTorch.")
    exponent = leaf([2.0, 0.0, 1.0])
    (tensor([0.0, 0.0, 0.0]) ** exponent).backward(Tensor(np.ones(3)))
    cause = (
        "0 ** b is 0 for all b > 0: its slope is 0, not 0 * log(0), which is NaN. As in PyTorch."
    )
    same(exponent.grad, [0.0, 0.0, 0.0], "the gradient of b in 0 ** b at b = 2, 0, 1", cause)
    x = leaf([0.0, 1.0, 2.0])
    x.min(tensor([1.0, 1.0, 1.0])).backward(Tensor(np.ones(3)))
    same(x.grad, [1.0, 0.5, 0.0], "the gradient of the smaller of two", "Equal ones share.")


# ---- 2.10 the matrix product

PRODUCTS = [
    ((2, 3), (3, 4)), ((1, 3), (3, 1)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)),
    ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2)),
    ((2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((2, 1, 2, 3), (3, 2)),
]  # fmt: skip
EMPTY_PRODUCTS = [((0, 3), (3, 4)), ((2, 0), (0, 4)), ((4, 2, 0), (0, 3)), ((0, 2, 3), (3,))]
MATMUL_CAUSE = (
    "A is (n, k), B is (k, m), grad is (n, m): in which order must grad and the other matrix "
    "stand, and which of them transposed, for the right shape? Transpose only the last two "
    "dimensions: .mT."
)


def test_2_10_small_numbers():
    A, B = leaf([[1.0, 2.0], [3.0, 4.0]]), leaf([[5.0], [6.0]])
    call = "[[1, 2], [3, 4]] @ [[5], [6]]"
    grad = [[10.0], [100.0]]
    found = rule(A @ B, np.array(grad), 2, MATMUL_CAUSE)
    for name, g, expected in (
        ("A", found[0], [[50.0, 60.0], [500.0, 600.0]]),
        ("B", found[1], [[310.0], [420.0]]),
    ):
        same(g, expected, f"the gradient of {name} of {call}, grad {grad},", MATMUL_CAUSE)
    a, b, up = [[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]], [[1.0, 0.0], [10.0, 0.0]]
    found = rule(leaf(a) @ leaf(b), np.array(up), 2, MATMUL_CAUSE)
    call = f"of {a} @ {b}, grad {up},"
    same(found[0], [[5.0, 7.0], [50.0, 70.0]], f"the gradient of A {call}", MATMUL_CAUSE)
    same(found[1], [[31.0, 0.0], [42.0, 0.0]], f"the gradient of B {call}", MATMUL_CAUSE)


def test_2_10_matrices():
    arrays = [numbers(2, 3), numbers(3, 4, seed=1)]
    check("a @ b", lambda a, b: a @ b, lambda a, b: a @ b, arrays, MATMUL_CAUSE)
    square = [numbers(3, 3), numbers(3, 3, seed=1)]  # where a wrong transpose fits as well
    check("a @ b", lambda a, b: a @ b, lambda a, b: a @ b, square, MATMUL_CAUSE)


def test_2_10_vectors_and_many_matrices():
    for left, right in PRODUCTS + EMPTY_PRODUCTS:
        arrays = [numbers(*left), numbers(*right, seed=1)]
        check("a @ b", lambda a, b: a @ b, lambda a, b: a @ b, arrays, MATMUL_CAUSE)


def test_2_10_views_and_shared_matrices():
    for make in (leaf, strided):
        cube = "a @ a @ a"
        check(cube, lambda a: a @ a @ a, lambda a: a @ a @ a, [numbers(3, 3)], MATMUL_CAUSE, make)


def test_2_10_what_nobody_needs_is_skipped():
    a, b = leaf(numbers(2, 3)), tensor(numbers(3, 4))
    found = rule(a @ b, np.ones((2, 4)), 2)
    assert found[1] is None, "nobody needs the gradient of b, but the rule computed it"
    found = rule(b.data.T @ leaf(numbers(3, 4)), np.ones((4, 4)), 2)
    assert found[0] is None, "nobody needs the gradient of a, but the rule computed it"


def test_2_10_float32_stays():
    a, b = leaf(numbers(2, 3), "float32"), leaf(numbers(3, 4), "float32")
    for found in rule(a @ b, np.ones((2, 4), "float32"), 2):
        assert found.dtype == "float32", f"the rule of a @ b made {found.dtype} of float32"


# ---- 2.11 sum and mean

REDUCTIONS = [
    ((), None), ((4,), None), ((4,), 0), ((2, 3), None), ((2, 3), 0), ((2, 3), 1), ((2, 3), -1),
    ((2, 3, 4), (0, 2)), ((2, 3, 4), (0, 1, 2)), ((2, 3, 4), (-1, 0)), ((3, 3), 0), ((3, 3), 1),
    ((0,), None), ((0, 3), 0), ((0, 3), 1), ((1, 4), 0),
]  # fmt: skip


def check_reduction(name, cause):
    for shape, dim in REDUCTIONS:
        if name == "mean" and 0 in shape and dim != 1:
            continue  # the mean of no numbers is not a number
        for keepdim in (False, True):
            if keepdim and dim is None:
                continue
            check(
                f"a.{name}(dim={dim}, keepdim={keepdim})",
                lambda a, d=dim, k=keepdim: getattr(a, name)(dim=d, keepdim=k),
                lambda a, d=dim, k=keepdim: getattr(a, name)(axis=d, keepdims=k),
                [numbers(*shape)],
                cause,
            )


def test_2_11_spread():
    spread = autograd.spread
    grad = np.array([10.0, 20.0], "float32")
    cause = (
        "Unless keepdim is set or dim is None, put dimension `dim` back with size 1 "
        "(np.expand_dims); then stretch."
    )
    found = running(
        lambda: spread(grad, (2, 3), 1, False), "spread([10, 20], (2, 3), 1, False)", cause
    )
    same(found, [[10.0] * 3, [20.0] * 3], "spread([10, 20], (2, 3), 1, False)", cause)
    assert found.dtype == "float32", f"spread made {found.dtype} of float32"
    assert found.flags.writeable and not np.shares_memory(found, grad), (
        "spread returned a view of grad, expected a new array"
    )
    column = grad[:, None]
    found = running(
        lambda: spread(column, (2, 1), 1, True), "spread([[10], [20]], (2, 1), 1, True)", cause
    )
    same(found, [[10.0], [20.0]], "spread([[10], [20]], (2, 1), 1, True)", cause)
    assert found is not column and not np.shares_memory(found, column), (
        "spread([[10], [20]], (2, 1), 1, True), where nothing is to be stretched, returned grad "
        "itself, or a view of it: the result is a new array in every case"
    )
    call = "spread([10, 20], (2, 2), 0, False)"
    found = running(lambda: spread(grad, (2, 2), 0, False), call, cause)
    same(found, [[10.0, 20.0]] * 2, call, cause)
    call = "spread([[10], [20]], (2, 3), 1, True)"
    found = running(lambda: spread(grad[:, None], (2, 3), 1, True), call, cause)
    same(found, [[10.0] * 3, [20.0] * 3], call, cause)
    call = "spread(7, (2,), None, False)"
    found = running(lambda: spread(np.float32(7), (2,), None, False), call, cause)
    same(found, [7.0, 7.0], call, cause)


def test_2_11_small_numbers():
    a = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    rows = [[10.0] * 3, [20.0] * 3]
    call = "[[1, 2, 3], [4, 5, 6]]"
    found = rule(a.sum(dim=1), np.array([10.0, 20.0]), 1)[0]
    same(found, rows, f"the gradient of {call}.sum(dim=1), grad [10, 20],")
    found = rule(a.mean(dim=1), np.array([30.0, 60.0]), 1)[0]
    same(found, rows, f"the gradient of {call}.mean(dim=1), grad [30, 60],", "A third each.")
    narrow = leaf([[1.0, 2.0], [3.0, 4.0]], "float32")
    for name in ("sum", "mean"):
        found = rule(getattr(narrow, name)(dim=1), np.ones(2, "float32"), 1)[0]
        assert found.dtype == "float32", f"the rule of {name} made {found.dtype} of float32"


def test_2_11_sum():
    check_reduction("sum", "Each element that went into a sum has slope 1.")


def test_2_11_mean():
    check_reduction(
        "mean",
        "Each element's slope is 1 / n, where n is how many went into *each* result "
        "(a.size // self.out.size), not always all of them.",
    )


def test_2_11_steps_written_with_data():
    """Both ways in which PyTorch programs write a step: `.data` is a tensor there, not an array."""
    x, ends = tensor(np.array([[1.0, 2.0], [3.0, 5.0]])), []
    for in_place in (True, False):
        w = tensor(np.array([[1.0], [-1.0]]), requires_grad=True)
        scale = tensor(2.0, requires_grad=True)  # the gradient of each is computed with the other
        for _ in range(3):
            w.grad = scale.grad = None
            ((x @ w) * scale).sum().backward()
            for p in (w, scale):
                if in_place:
                    p.data -= 0.1 * p.grad
                else:
                    p.data = p.data - 0.1 * p.grad
        ends.append((x @ w * scale).tolist())
        kinds = [type(p.data).__name__ for p in (w, scale)]
        assert kinds == ["ndarray", "ndarray"], f"used once more, their data are {kinds}"
    assert ends[0] == ends[1], f"p.data -= step led to {ends[0]}, p.data = p.data - step: {ends[1]}"


def test_2_11_shared_and_views():
    array = [numbers(2, 3)]
    check("a * a.sum(dim=0)", lambda a: a * a.sum(dim=0), lambda a: a * a.sum(0), array)
    check("a view's mean", lambda a: a.mean(dim=1), lambda a: a.mean(1), array, make=strided)
    check("a.var(dim=1)", lambda a: a.var(dim=1), lambda a: a.var(1, ddof=1), array)
    check("a.max() * a", lambda a: a.max() * a, lambda a: a.max() * a, array)
    check("a.min() * a", lambda a: a.min() * a, lambda a: a.min() * a, array)
    x = leaf([1.0, 3.0, 3.0])
    x.max().backward()
    same(x.grad, [0.0, 0.5, 0.5], "the gradient of [1, 3, 3].max()", "Equal ones share.")


# ---- 2.12 shapes and indexing


def test_2_12_small_numbers():
    a = leaf([5.0, 6.0, 7.0])
    found = rule(a[[0, 0, 2]], np.array([1.0, 10.0, 100.0]), 1)[0]
    cause = "Element 0 was picked twice: np.add.at adds both, an assignment keeps one."
    same(
        found, [11.0, 0.0, 100.0], "the gradient of [5, 6, 7][[0, 0, 2]], grad [1, 10, 100],", cause
    )
    b = leaf([[1.0, 2.0], [3.0, 4.0]])
    found = rule(b.reshape(4), np.array([1.0, 2.0, 3.0, 4.0]), 1)[0]
    call = "the gradient of [[1, 2], [3, 4]].reshape(4), grad [1, 2, 3, 4],"
    same(found, b.data, call, "It goes back into the shape of what went in, self.args[0].shape.")
    found = rule(b.permute(1, 0), np.array([[1.0, 3.0], [2.0, 4.0]]), 1)[0]
    call = "the gradient of [[1, 2], [3, 4]].permute(1, 0), grad [[1, 3], [2, 4]],"
    same(found, b.data, call, "Transpose by the inverse permutation, here (1, 0) again.")


def test_2_12_reshape():
    cause = "The gradient goes back into the shape of what went in, self.args[0].shape."
    for old, new in [
        ((2, 3), (6,)),
        ((6,), (3, 2)),
        ((), (1, 1)),
        ((0, 3), (3, 0)),
        ((2, 3), (3, 2)),
    ]:
        check(
            f"a.reshape({new}) * b",
            lambda a, b, new=new: a.reshape(new) * b,
            lambda a, b, new=new: a.reshape(new) * b,
            [numbers(*old), numbers(*new, seed=1)],
            cause,
        )
    shape = [numbers(2, 3)]
    check("a.T.reshape(6)", lambda a: a.T.reshape(6), lambda a: a.T.reshape(6), shape, cause)
    check("a.unsqueeze(1)", lambda a: a.unsqueeze(1), lambda a: a[:, None], shape, cause)


def test_2_12_permute():
    cause = (
        "Transpose by the *inverse* permutation: entry i is where i stands in dims. (Permutations "
        "of two dimensions are their own inverse; those of three are not always.)"
    )
    for dims in [(0, 1, 2), (1, 0, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)]:
        check(
            f"a.permute{dims}",
            lambda a, dims=dims: a.permute(*dims),
            lambda a, dims=dims: a.transpose(dims),
            [numbers(2, 3, 4)],
            cause,
        )
    check("a.T", lambda a: a.T, lambda a: a.T, [numbers(2, 3)], cause)
    check("cubes, a.permute(2, 0, 1)", lambda a: a.permute(2, 0, 1) * a,
          lambda a: a.transpose(2, 0, 1) * a, [numbers(3, 3, 3)], cause)  # fmt: skip


INDICES = {
    "a[0]": 0,
    "a[-1, 1]": (-1, 1),
    "a[1:]": slice(1, None),
    "a[:, ::2]": (slice(None), slice(None, None, 2)),
    "a[..., 1]": (..., 1),
    "a[None, :, 0]": (None, slice(None), 0),
    "a[2:2]": slice(2, 2),
    "a[[2, 0]]": [2, 0],
    "a[[0, 0, 1]]": [0, 0, 1],
    "a[[0, -3]]": [0, -3],
    "a[[0, 0, 1, 0], [1, 1, 2, 1]]": ([0, 0, 1, 0], [1, 1, 2, 1]),
    "a[:, [2, 2]]": (slice(None), np.array([2, 2])),
}


def test_2_12_indexing():
    cause = (
        "Zeros in the shape of a, and the gradient added where a was picked. An element picked "
        "several times gets the sum: np.add.at."
    )
    for call, index in INDICES.items():
        check(call, lambda a, i=index: a[i], lambda a, i=index: a[i], [numbers(3, 4)], cause)
    array = numbers(3, 4)
    mask = array > 1.0
    check("a[mask]", lambda a: a[Tensor(mask)], lambda a: a[mask], [array], cause)
    picked = tensor([1, 1, 0])
    check("a[tensor([1, 1, 0])]", lambda a: a[picked], lambda a: a[[1, 1, 0]], [array], cause)
    check("a view", lambda a: a[1:, [0, 0]], lambda a: a[1:, [0, 0]], [array], cause, strided)
    x = leaf([1.0, 2.0], "float32")
    found = rule(x[[0, 0]], np.ones(2, "float32"), 1)[0]
    assert found.dtype == "float32", f"the rule of a[index] made {found.dtype} of float32"


def test_2_12_all_elements_by_themselves():
    def by_hand(a):
        return sum(row[0] * row[1] + row[0] for row in a)

    check("sum(row[0] * row[1] + row[0])", by_hand, by_hand, [numbers(3, 2)], "Shared rows add up.")


def test_2_12_the_given_rules():
    cases = {
        "cat": (lambda a, b: cat([a, b, a * b]), lambda a, b: np.concatenate([a, b, a * b])),
        "cat, dim=1": (lambda a, b: cat([a, b], 1), lambda a, b: np.concatenate([a, b], 1)),
        "stack": (lambda a, b: stack([a, b], -1), lambda a, b: np.stack([a, b], -1)),
        "expand": (lambda a, b: a[:1].expand(4, -1) + b[0], lambda a, b: a[:1] + b[[0] * 4]),
        "max over a dim": (lambda a, b: (a + b).max(dim=1).values, lambda a, b: (a + b).max(1)),
    }
    for call, (operation, function) in cases.items():
        check(call, operation, function, [numbers(2, 3), numbers(2, 3, seed=5)])


def test_2_12_a_result_changed_in_place_is_recorded():
    """Given code; it relies on your walk."""
    x = leaf([1.0, 2.0, 4.0])
    y = x * 3.0
    before = y * y
    y += x
    y[0] = x[1]
    (before + y).backward(Tensor(np.ones(3)))
    cause = "(3x)^2 has slope 18x; then y is [x1, 4 x1, 4 x2]"
    same(x.grad, [18.0, 36.0 + 1.0 + 4.0, 72.0 + 4.0], "y = 3x; y * y; y += x; y[0] = x[1]", cause)
    z = Tensor(np.zeros(2))
    z[1] = x[2] * x[2]
    x.grad = None
    z.sum().backward()
    same(x.grad, [0.0, 0.0, 8.0], "z[1] = x[2] * x[2]", "a value put into zeros has a gradient")
    y = x * 3.0
    y[1] += x[2] * x[2]  # y[1] is a view: y must see the change
    x.grad = None
    y.sum().backward()
    same(x.grad, [3.0, 3.0, 11.0], "y[1] += x[2] * x[2]", "y[1] is 3 x1 + x2^2")
