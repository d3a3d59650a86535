"""Tests of module 03: what `tito module test 03` runs against your own export.

Values are compared with NumPy, gradients with central differences in float64.
PYTEST_DONT_REWRITE: every assert has a message of its own, and rewriting costs a second.
"""

import math
import warnings

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor, nn, tensor
from tinytorch.nn import functional as F
from tinytorch.nn import init

SHAPES = [(5,), (2, 3), (2, 1, 4), (1,), (), (0,), (3, 0)]


def normal(seed, *shape, scale=1.0):
    """Random float64 numbers that no two tests share."""
    return np.asarray(scale * np.random.default_rng(seed).standard_normal(shape))


def show(array):
    return np.array2string(np.asarray(array), precision=5, separator=", ", threshold=40)


def named(array):
    """An input as a message names it: few numbers in full, others by their shape."""
    return str(array.tolist()) if 0 < array.size <= 6 else f"shape {array.shape}"


def run(function, *args, **kwargs):
    """What a call returns, or the exception that it raises, for `same` to report."""
    try:
        return function(*args, **kwargs)
    except NotImplementedError:
        raise
    except Exception as error:
        return error


def completed(result, call, cause):
    """Assert that what `run` gave is no exception; the failure still knows the lesson's line."""
    if isinstance(result, Exception):
        lost = "returned 1 gradients" in str(result)
        hint = (
            "\nbackward returned None, or a single array: is the `return` missing?" if lost else ""
        )
        text = f"{call} raised {type(result).__name__}: {result}{hint}\n{cause}"
        raise AssertionError(text.rstrip()).with_traceback(result.__traceback__) from result
    return result


def same(call, found, expected, cause, rtol=1e-9, dtype=None):
    """Assert that the tensor `found` is the array `expected`: type, shape, dtype, numbers."""
    completed(found, call, cause)
    expected = np.asarray(expected)
    assert isinstance(found, Tensor), f"{call} gave {found!r}, not a Tensor. {cause}"
    assert found.dtype != object, f"{call}: forward returned None: is the `return` missing?"
    assert found.shape == expected.shape, (
        f"{call} has shape {found.shape}, expected {expected.shape}. {cause}"
    )
    dtype = np.dtype(dtype or "float64")
    assert found.dtype == dtype, (
        f"{call} is {found.dtype}, expected {dtype}: the dtype of the input must stay. Is there an "
        "array of another dtype in between?"
    )
    close = np.allclose(found.data, expected, rtol=rtol, atol=rtol, equal_nan=True)
    assert close, f"{call} is\n{show(found.data)}\nexpected\n{show(expected)}\n{cause}"


def without_overflow(call, function, cause):
    """What `function()` returns; a warning of NumPy's on the way is a failure with a reason."""
    problem = None
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            return function()
    except FloatingPointError as error:
        problem = error
    return pytest.fail(f"{call}: {problem}. {cause}")


def central(function, arrays, position, weights, eps=1e-6):
    """The derivative of sum(weights * function(*arrays)) for one of the arrays, by differences."""
    before, moving, after = arrays[:position], arrays[position], arrays[position + 1 :]
    steps = eps * np.eye(moving.size).reshape(moving.size, *moving.shape)

    def total(moved):
        return float(np.sum(weights * function(*before, moved, *after)))

    found = [(total(moving + step) - total(moving - step)) / (2 * eps) for step in steps]
    return np.array(found).reshape(moving.shape)


def gradients(call, function, plain, arrays, cause, names=("the input", "the target"), seed=0):
    """Assert that backward gives what central differences give, for every array.

    `plain` computes in NumPy what `function` computes with tensors; its differences are taken.
    """
    inputs = [Tensor(array, requires_grad=True) for array in arrays]
    out = run(function, *inputs)
    same(call, out, plain(*arrays), "Its gradient is right only if it is right itself.")
    weights = np.random.default_rng(seed).uniform(0.5, 2, out.shape)
    up = Tensor(weights)
    completed(run(out.backward, up), f"{call}, backward:", cause)
    assert np.array_equal(up.data, weights), (
        f"{call}: backward has changed `grad`, the array it was given. Others may hold it: make a "
        "new one"
    )
    for position, (name, x) in enumerate(zip(names, inputs, strict=False)):
        expected = central(plain, arrays, position, weights)
        assert x.grad is not None, (
            f"{call}: {name} received no gradient: backward returned None for it. Is the `return` "
            f"missing? {cause}"
        )
        found = x.grad.data
        assert found.shape == expected.shape, (
            f"{call}: the gradient of {name} has shape {found.shape}, expected {expected.shape}. "
            f"{cause}"
        )
        assert np.allclose(found, expected, rtol=1e-5, atol=1e-7), (
            f"{call}, gradient of the result {show(weights)}: the gradient of {name} is\n"
            f"{show(found)}\ncentral differences "
            f"say\n{show(expected)}\n{ratio(found, expected)}{cause}"
        )


def ratio(found, expected):
    """In words, when all of the gradient is off by one factor: the usual slip with a mean."""
    if found.size < 2 or np.any(np.abs(expected) < 1e-6):
        return ""
    factors = found / expected
    if not np.allclose(factors, factors.flat[0], rtol=1e-4, atol=0):
        return ""
    if np.isclose(factors.flat[0], -1, rtol=1e-4):
        return "The numbers are right, their sign is not. "
    return f"Yours is {factors.flat[0]:.4g} times that, everywhere. "


def all_different(call, values, cause):
    """Assert that first values were drawn one by one: hardly any number comes twice."""
    values = np.asarray(values)
    kinds = len(np.unique(values))
    if kinds == 1:
        return  # nothing was drawn: what checks their size says so
    assert kinds > 0.9 * values.size, (
        f"{call}: of {values.size} first values only {kinds} differ. {cause} What begins alike "
        "computes the same, gets the same gradient, and stays alike forever"
    )


# 3.1 relu


def test_3_1_relu_values():
    cause = "Every negative number becomes 0, every other one stays."
    x = [-2.0, -0.0, 0.0, 3.0]
    same(f"relu({x})", run(F.relu, tensor(x)), np.array(x).clip(0), cause, dtype="float32")
    for seed, shape in enumerate(SHAPES):
        x = normal(seed, *shape)
        same(f"relu of {show(x)}", run(F.relu, Tensor(x)), np.where(x > 0, x, 0), cause)


def test_3_1_relu_leaves_its_input_alone():
    x = tensor([-1.0, 2.0])
    F.relu(x)
    assert x.tolist() == [-1.0, 2.0], (
        f"after y = relu(x), x = [-1, 2] has become {x.tolist()}: forward must make a new array, "
        "not write into the one that it was given"
    )


def test_3_1_relu_of_infinities():
    x = tensor([-math.inf, -1.0, 0.0, math.inf])
    with np.errstate(invalid="ignore"):
        found = run(F.relu, x)
    cause = (
        "A NaN here is inf * 0: a product with the mask (x > 0) makes it. Choose the larger of x "
        "and 0 in place of multiplying."
    )
    same("relu([-inf, -1, 0, inf])", found, [0, 0, 0, math.inf], cause, dtype="float32")


def test_3_1_relu_keeps_nan():
    found = F.relu(tensor([math.nan, -1.0])).tolist()
    assert math.isnan(found[0]) and found[1] == 0, (
        f"relu([nan, -1]) is {found}, expected [nan, 0]: a NaN says that something went wrong "
        "before, and must not vanish. np.maximum keeps it, np.fmax and comparisons do not"
    )


def test_3_1_relu_gradient():
    for seed, shape in enumerate(SHAPES):
        x = normal(seed + 10, *shape)
        x = x + 0.1 * np.sign(x)  # away from the bend
        gradients(
            f"relu of {show(x)}",
            F.relu,
            lambda x: np.maximum(x, 0),
            [x],
            "backward returns grad where x > 0, and 0 where x < 0.",
        )


def test_3_1_relu_gradient_at_zero():
    x = tensor([0.0, -0.0, 1.0], requires_grad=True)
    F.relu(x).backward(tensor([5.0, 5.0, 5.0]))
    assert x.grad.tolist() == [0.0, 0.0, 5.0], (
        f"x = [0, -0, 1], grad = [5, 5, 5]: relu's gradient is {x.grad.tolist()}, expected "
        "[0, 0, 5]. At exactly 0 nothing passes: compare with >, not with >="
    )


def test_3_1_relu_used_twice():
    x = tensor([-1.0, 2.0], requires_grad=True)
    for times in (1, 2):
        (F.relu(x) * F.relu(x)).sum().backward()
        expected = [0.0, 4.0 * times]
        assert x.grad.tolist() == expected, (
            f"x = [-1, 2], (relu(x) * relu(x)).sum(), backward number {times}: the gradient of x "
            f"is {x.grad.tolist()}, expected {expected}"
        )


# 3.2 sigmoid


def test_3_2_sigmoid_values():
    cause = "sigmoid(x) = 1 / (1 + exp(-x)): 0.5 at 0, and more for larger x."
    for seed, shape in enumerate(SHAPES):
        x = normal(seed, *shape, scale=4)
        same(f"sigmoid of {show(x)}", run(F.sigmoid, Tensor(x)), 1 / (1 + np.exp(-x)), cause)
    x = np.array([-2.0, 0.0, 2.0], "float32")
    expected = 1 / (1 + np.exp(-x.astype("float64")))
    same(f"sigmoid of {show(x)}", run(F.sigmoid, Tensor(x)), expected, cause, 1e-6, "float32")
    found = F.SigmoidOp().forward(x).dtype
    assert found == "float32", (
        f"SigmoidOp().forward of a float32 array returned {found}: somewhere a float64 came in"
    )


def test_3_2_sigmoid_of_large_numbers():
    for dtype in ("float32", "float64"):
        x = np.array([-np.inf, -1000, -100, 100, 1000, np.inf], dtype)
        found = without_overflow(
            f"sigmoid of {show(x)} ({dtype})",
            lambda x=x: F.sigmoid(Tensor(x)).data,
            "exp of a large positive number does not fit into a float. Take exp(-|x|), which is "
            "never above 1, for both signs of x",
        )
        assert np.allclose(found, [0, 0, 0, 1, 1, 1], atol=1e-40), (
            f"sigmoid of {show(x)} is {show(found)}, expected [0, 0, 0, 1, 1, 1]"
        )


def test_3_2_sigmoid_is_exact_for_negative_numbers():
    found = F.sigmoid(Tensor(np.array([-30.0]))).item()
    expected = math.exp(-30) / (1 + math.exp(-30))
    assert abs(found / expected - 1) < 1e-12, (
        f"sigmoid(-30) is {found!r}, expected {expected!r}: small, but with all its digits. A "
        "difference such as 1 - 1/(1 + e) loses them; e / (1 + e) does not"
    )


def test_3_2_sigmoid_gradient():
    for seed, shape in enumerate(SHAPES):
        x = normal(seed + 20, *shape, scale=2)
        gradients(
            f"sigmoid of {show(x)}",
            F.sigmoid,
            lambda x: 1 / (1 + np.exp(-x)),
            [x],
            "The slope is out * (1 - out), and backward returns grad times the slope.",
        )


# 3.3 linear


def linear_cases():
    for seed, (shape, out) in enumerate(
        [
            ((4, 2), 3),
            ((3, 4), 2),
            ((2, 3, 2), 4),
            ((2,), 3),
            ((1, 1), 1),
            ((0, 3), 2),
            ((2, 0, 3), 1),
        ]
    ):
        yield normal(seed, *shape), normal(seed + 50, out, shape[-1]), normal(seed + 90, out)


def plain_linear(x, weight, bias=0):
    return x @ weight.T + bias


def test_3_3_linear_values():
    for x, weight, bias in linear_cases():
        call = f"linear: x {x.shape}, weight {weight.shape}"
        expected = x @ weight.T
        same(
            f"{call}, no bias",
            run(F.linear, Tensor(x), Tensor(weight)),
            expected,
            "The result is x @ weight.T, of shape (..., out); with bias None nothing is added.",
        )
        same(
            f"{call}, bias {bias.shape}",
            run(F.linear, Tensor(x), Tensor(weight), Tensor(bias)),
            expected + bias,
            "The bias is added to each row of x @ weight.T.",
        )
        single = [a.astype("float32") for a in (x, weight, bias)]
        found = run(F.linear, *map(Tensor, single))
        cause = "float32 stays float32."
        same(f"{call} in float32", found, expected + bias, cause, 1e-5, "float32")


def test_3_3_linear_leaves_its_inputs_alone():
    arrays = normal(3, 2, 2), normal(4, 2, 2), normal(5, 2)
    inputs = [Tensor(array, requires_grad=True) for array in arrays]
    completed(run(F.linear(*inputs).sum().backward), "linear of (2, 2) arrays, backward:", "")
    for name, x, before in zip(("x", "weight", "bias"), inputs, arrays, strict=True):
        assert np.array_equal(x.data, before), (
            f"linear has changed {name}: from\n{show(before)}\nto\n{show(x.data)}\nOnly the "
            "result, a new array, may be written into"
        )


def test_3_3_linear_of_one_row_leaves_its_inputs_alone():
    weight, bias = normal(4, 2, 3), normal(5, 2)
    for shape in [(3,), (1, 3), (1, 1, 3)]:
        x = normal(3, *shape)
        inputs = [Tensor(array) for array in (x, weight, bias)]
        call = f"linear: x {shape}, a single row, weight (2, 3), bias (2,)"
        cause = "The result is a new array: add the bias to the product, not the product to it."
        out = run(F.linear, *inputs)
        same(call, out, x @ weight.T + bias, cause)
        for name, tensor_in, before in zip(("x", "weight", "bias"), inputs, (x, weight, bias)):
            assert np.array_equal(tensor_in.data, before), (
                f"{call} has changed {name}: from\n{show(before)}\nto\n{show(tensor_in.data)}\n"
                f"{cause}"
            )
            assert not np.shares_memory(out.data, tensor_in.data), (
                f"{call}: the result is the memory of {name}, and whoever changes one changes the "
                f"other. {cause}"
            )


def test_3_3_linear_gradients():
    names = ("x", "weight", "bias")
    for x, weight, bias in linear_cases():
        call = f"linear: x {x.shape}, weight {weight.shape}, bias {bias.shape}"
        cause = (
            "With grad and x as rows: x gets grad @ weight, weight gets grad.T @ x, and bias gets "
            "grad summed over the rows."
        )
        gradients(call, F.linear, plain_linear, [x, weight, bias], cause, names)
        gradients(f"{call}, no bias", F.linear, plain_linear, [x, weight], cause, names)


def test_3_3_linear_of_views():
    x, weight = normal(1, 2, 3, 4), normal(2, 5, 6)
    views = x.transpose(2, 1, 0), weight[:, 1:3]  # (4, 3, 2) and (5, 2), not row by row in memory
    found = run(F.linear, Tensor(x).permute(2, 1, 0), Tensor(weight)[:, 1:3])
    cause = "The inputs may be views of other memory; reshape copies where it must."
    same("linear of a permuted x and a slice of a weight", found, views[0] @ views[1].T, cause)
    gradients(
        "linear of views",
        lambda x, w: F.linear(x.permute(2, 1, 0), w[:, 1:3]),
        lambda x, w: x.transpose(2, 1, 0) @ w[:, 1:3].T,
        [x, weight],
        cause,
    )


def test_3_3_linear_gradients_have_the_shapes_of_the_inputs():
    names = ("x", "weight", "bias")
    for arrays in linear_cases():
        out = F.linear(*(Tensor(array, requires_grad=True) for array in arrays))
        for name, array, found in zip(names, arrays, out.grad_fn.backward(np.ones(out.shape))):
            assert np.shape(found) == array.shape, (
                f"linear of x {arrays[0].shape}, weight {arrays[1].shape}: backward returns an "
                f"array of shape {np.shape(found)} for {name}, expected {array.shape}. (The walk "
                "sums what was broadcast, but only once: give it what the docstring promises.)"
            )


def test_3_3_linear_with_one_tensor_twice():
    a = normal(7, 3, 3)
    gradients(
        "linear(a, a), a of shape (3, 3)",
        lambda a: F.linear(a, a),
        lambda a: a @ a.T,
        [a],
        "Here x and weight are one tensor: its gradient is the sum of both.",
        ("a",),
    )


def test_3_3_linear_computes_no_gradient_that_nobody_needs():
    for needed in ([False, True, True], [True, False, False], [False, False, True]):
        inputs = [
            Tensor(array, requires_grad=need)
            for array, need in zip(
                (normal(1, 2, 3), normal(2, 4, 3), normal(3, 4)), needed, strict=True
            )
        ]
        node = F.linear(*inputs).grad_fn
        found = [result is not None for result in node.backward(np.ones((2, 4)))]
        assert found == needed, (
            f"linear with needs_input_grad {needed} for x, weight, bias: backward computed "
            f"gradients for {found}. Return None where none is needed: the product for data is a "
            "large part of the time of a first layer"
        )


def test_3_3_linear_that_does_not_fit():
    F.linear(tensor([1.0, 2.0]), tensor([[1.0, 2.0]]))
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(8, 2\)"):
        F.linear(Tensor(np.ones((4, 3))), Tensor(np.ones((8, 2))))


# 3.4 mean squared error

REDUCTIONS = {"mean": np.mean, "sum": np.sum, "none": np.asarray}


def plain_mse(x, target, reduced=np.mean):
    return reduced((x - target) ** 2)


def test_3_4_mse_values():
    for reduction, reduced in REDUCTIONS.items():
        for seed, shape in enumerate([(5,), (2, 3), (2, 1, 3), (1,), ()]):
            x, target = normal(seed, *shape), normal(seed + 5, *shape)
            same(
                f"mse_loss, shape {shape}, reduction={reduction!r}",
                run(F.mse_loss, Tensor(x), Tensor(target), reduction=reduction),
                plain_mse(x, target, reduced),
                "The single losses are (x - target) squared; _reduced(losses, reduction) does the "
                "rest.",
            )
    loss = F.mse_loss(tensor([1.0, 2.0, 3.0]), tensor([1.0, 4.0, 0.0]))
    same("mse_loss([1, 2, 3], [1, 4, 0])", loss, 13 / 3, "(0 + 4 + 9) / 3.", 1e-6, "float32")


def test_3_4_mse_gradients():
    for reduction, reduced in REDUCTIONS.items():
        for seed, shape in enumerate([(5,), (2, 3), (1,), ()]):
            gradients(
                f"mse_loss, shape {shape}, reduction={reduction!r}",
                lambda x, t, reduction=reduction: F.mse_loss(x, t, reduction=reduction),
                lambda x, t, reduced=reduced: plain_mse(x, t, reduced),
                [normal(seed + 30, *shape), normal(seed + 35, *shape)],
                "The gradient is 2 * error times the share of each loss (for the mean, one part in "
                "the number of losses); the target gets the same with the opposite sign.",
                seed=seed,
            )


def test_3_4_mse_gradients_of_shapes_that_broadcast():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for first, second in [((3, 1), (2,)), ((2,), (3, 2))]:
            gradients(
                f"mse_loss of shapes {first} and {second}",
                F.mse_loss,
                plain_mse,
                [normal(41, *first), normal(42, *second)],
                "The mean is over the losses, and there is one for each *difference*: count those.",
            )


def test_3_4_mse_inside_a_longer_computation():
    x = tensor([1.0, 2.0], requires_grad=True)
    loss = 3 * F.mse_loss(x * x, tensor([0.0, 0.0]))
    loss.backward()
    assert x.grad.tolist() == [6.0, 48.0], (
        f"x = [1, 2], loss = 3 * mse_loss(x * x, 0): the gradient of x is {x.grad.tolist()}, "
        "expected [6, 48]. Is the gradient that arrives (here 3) used?"
    )


def test_3_4_mse_of_a_tensor_with_itself():
    x = tensor([1.0, 2.0], requires_grad=True)
    F.mse_loss(x, x).backward()
    assert x.grad.tolist() == [0.0, 0.0], (
        f"mse_loss(x, x) is 0 for every x, but x received the gradient {x.grad.tolist()}"
    )


def test_3_4_mse_backward_twice():
    x, target = tensor([1.0, 2.0], requires_grad=True), tensor([0.0, 0.0])
    loss = F.mse_loss(x, target, reduction="sum")
    loss.backward(retain_graph=True)
    loss.backward()
    assert x.grad.tolist() == [4.0, 8.0], (
        f"x = [1, 2], target 0, reduction='sum', backward twice: the gradients add up to "
        f"{x.grad.tolist()}, expected [4, 8]. backward must not change what forward has kept"
    )


def test_3_4_mse_warns_of_broadcasting():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        F.mse_loss(Tensor(np.ones((2, 1))), Tensor(np.ones((2, 1))))
    with pytest.warns(UserWarning, match=r"\(4, 1\).*\(4,\)"):
        loss = F.mse_loss(Tensor(np.ones((4, 1))), Tensor(np.zeros(4)), reduction="none")
    assert loss.shape == (4, 4), f"mse_loss of (4, 1) and (4,) has shape {loss.shape}, not (4, 4)"


# 3.5 softmax


def softmax_cases():
    for seed, shape in enumerate([(3,), (2, 3), (2, 3, 2), (3, 1), (1,)]):
        for dim in range(-len(shape), len(shape)):
            yield normal(seed, *shape, scale=2).round(2), dim


def plain_softmax(x, dim):
    e = np.exp(x)
    return e / e.sum(axis=dim, keepdims=True)


def test_3_5_softmax_values():
    for x, dim in softmax_cases():
        same(
            f"softmax of {named(x)}, dim={dim}",
            run(F.softmax, Tensor(x), dim),
            plain_softmax(x, dim),
            f"exp(x), divided by its sum along dim {dim} (with keepdims=True).",
        )
    x = np.log(np.array([1, 2, 3], "float32"))
    found = F.softmax(Tensor(x), dim=0)
    cause = "The exponentials are 1, 2 and 3."
    same("softmax of [log 1, log 2, log 3]", found, [1 / 6, 2 / 6, 3 / 6], cause, 1e-6, "float32")


def test_3_5_softmax_of_large_numbers():
    x = tensor([1e4, 1e4, -1e4])
    found = without_overflow(
        "softmax([10000, 10000, -10000])",
        lambda: F.softmax(x, dim=0).tolist(),
        "Subtract the largest number before exp",
    )
    assert found == [0.5, 0.5, 0.0], (
        f"softmax([10000, 10000, -10000]) is {found}, expected [0.5, 0.5, 0]"
    )
    assert x.tolist() == [1e4, 1e4, -1e4], (
        "softmax has changed its input: x - largest is a new array"
    )


def test_3_5_softmax_of_rows_of_different_size():
    x = np.array([[1e3, 1e3], [0.0, 0.0], [-1e3, -1e3]])
    for dim, scores in ((1, x), (0, x.T)):
        with np.errstate(all="ignore"):
            found = run(F.softmax, Tensor(scores), dim)
        same(
            f"softmax of {scores.tolist()}, dim={dim}",
            found,
            np.full(scores.shape, 0.5),
            "Each row (or column) has a largest number of its own, `largest` in the given line. "
            "With the largest of the whole array subtracted, all exponentials of the small rows "
            "are 0, and 0 / 0 is NaN.",
        )


def test_3_5_softmax_of_no_numbers():
    for shape, dim in (((0, 3), -1), ((3, 0), 0), ((0, 3), 0), ((3, 0), -1), ((0,), 0)):
        x, call = (
            Tensor(np.zeros(shape), requires_grad=True),
            f"softmax of shape {shape}, dim={dim}",
        )
        cause = (
            "Without rows, or in rows without a number, there is nothing to compute, and the "
            "result has the shape of x."
        )
        found = run(F.softmax, x, dim)
        same(call, found, np.zeros(shape), cause)
        completed(run(found.backward, Tensor(np.zeros(shape))), f"{call}, backward:", cause)


def test_3_5_log_softmax_of_rows_of_different_size():
    x = np.array([[1e3, 1e3], [0.0, -1e3]])
    for dim, scores in ((1, x), (0, x.T)):
        found = run(F.log_softmax, Tensor(scores), dim)
        expected = np.array([[-math.log(2)] * 2, [0.0, -1e3]])
        expected = expected if dim else expected.T
        cause = "Given: each row has a largest number of its own, max(axis=dim, keepdims=True)."
        same(f"log_softmax of {scores.tolist()}, dim={dim}", found, expected, cause)
    x = normal(57, 2, 3)
    gradients("log_softmax, dim=1", lambda x: F.log_softmax(x, 1), log_softmax, [x], "Given.")


def test_3_5_softmax_gradient():
    for x, dim in softmax_cases():
        gradients(
            f"softmax of {named(x)}, dim={dim}",
            lambda x, dim=dim: F.softmax(x, dim),
            lambda x, dim=dim: plain_softmax(x, dim),
            [x],
            "result = grad * p - p * sum(grad * p), the sum along dim with keepdims=True.",
        )


def test_3_5_softmax_of_minus_infinity():
    x = Tensor(np.array([[0.0, -math.inf, 0.0]]), requires_grad=True)
    cause = "exp(-inf) is 0: such a score gets nothing, the others share."
    with np.errstate(all="ignore"):
        found = run(F.softmax, x, 1)
        same("softmax([[0, -inf, 0]], dim=1)", found, [[0.5, 0, 0.5]], cause)
        found.backward(Tensor(np.array([[1.0, 5.0, 0.0]])))
    call = "the gradient of softmax([[0, -inf, 0]], dim=1), grad [[1, 5, 0]],"
    same(call, x.grad, [[0.25, 0, -0.25]], cause)


def test_3_5_softmax_backward_twice():
    x = tensor([0.0, 1.0, 2.0], requires_grad=True)
    y = F.softmax(x, dim=0)
    p = y.tolist()
    for _ in range(2):
        y.backward(tensor([1.0, 0.0, 0.0]), retain_graph=True)
    expected = [2 * p[0] * (1 - p[0]), -2 * p[0] * p[1], -2 * p[0] * p[2]]
    assert np.allclose(x.grad.tolist(), expected), (
        f"softmax, backward twice: the gradients add up to {x.grad.tolist()}, expected {expected}. "
        "Does backward change self.out?"
    )


# 3.6 cross-entropy


def log_softmax(x):
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def plain_cross_entropy(x, target):
    """The loss of each row."""
    return -log_softmax(x)[np.arange(len(x)), target]


def cross_entropy_cases():
    for seed, (rows, classes) in enumerate([(4, 2), (2, 5), (1, 3), (1, 1)]):
        rng = np.random.default_rng(seed)
        yield 2 * rng.standard_normal((rows, classes)), rng.integers(0, classes, rows)


def test_3_6_cross_entropy_values():
    for x, target in cross_entropy_cases():
        losses = plain_cross_entropy(x, target)
        for reduction, reduced in REDUCTIONS.items():
            same(
                f"cross_entropy, scores {x.shape}, target {target.tolist()}, "
                f"reduction={reduction!r}",
                run(F.cross_entropy, Tensor(x), Tensor(target), reduction=reduction),
                reduced(losses),
                "For each row: log of the sum of exp(shifted), minus shifted at the right class.",
            )


def test_3_6_cross_entropy_gradient():
    for x, target in cross_entropy_cases():
        for reduction, reduced in REDUCTIONS.items():
            gradients(
                f"cross_entropy, scores {x.shape}, target {target.tolist()}, "
                f"reduction={reduction!r}",
                lambda x, t=target, r=reduction: F.cross_entropy(x, Tensor(t), reduction=r),
                lambda x, t=target, reduced=reduced: reduced(plain_cross_entropy(x, t)),
                [x],
                "The gradient is softmax(x), minus 1 at the right class, times the share of each "
                "row (as a column, so that it belongs to the row).",
            )


def test_3_6_cross_entropy_of_large_scores():
    for dtype in ("float32", "float64"):
        x = Tensor(np.array([[1e4, 0, -1e4], [1e4, 0, -1e4]], dtype), requires_grad=True)
        losses = without_overflow(
            f"cross_entropy of scores of 10,000 ({dtype})",
            lambda x=x: F.cross_entropy(x, tensor([0, 2]), reduction="none"),
            "Subtract the largest score of each row first, and take the log of the sum only, never "
            "of a single probability",
        )
        completed(run(losses.sum().backward), "cross_entropy of large scores, backward:", "")
        same(
            "cross_entropy of [10000, 0, -10000] for the classes 0 and 2",
            losses,
            [0, 2e4],
            "Right and certain costs 0, wrong by 20,000 costs 20,000.",
            dtype=dtype,
        )
        same(
            "the gradient of cross_entropy of [10000, 0, -10000] for the classes 0 and 2",
            x.grad,
            [[0, 0, 0], [1, 0, -1]],
            "Probabilities minus 1 at the target.",
            dtype=dtype,
        )


def test_3_6_cross_entropy_of_rows_of_different_size():
    x = np.array([[1e4, 0.0], [0.0, 0.0]])
    found = without_overflow(
        "cross_entropy of a row [10000, 0] above a row [0, 0]",
        lambda: F.cross_entropy(Tensor(x), tensor([0, 0]), reduction="none").tolist(),
        "Each row has a largest score of its own: max(axis=1, keepdims=True)",
    )
    assert np.allclose(found, [0, math.log(2)]), (
        f"cross_entropy of [[10000, 0], [0, 0]] for the classes 0 and 0 is {found}, expected "
        f"[0, {math.log(2):.4f}]. Each row has a largest score of its own"
    )


def test_3_6_cross_entropy_backward_twice():
    x = Tensor(np.zeros((2, 2)), requires_grad=True)
    loss = F.cross_entropy(x, tensor([0, 1]))
    loss.backward(retain_graph=True)
    first = x.grad.tolist()
    x.grad = None
    loss.backward()
    assert x.grad.tolist() == first == [[-0.25, 0.25], [0.25, -0.25]], (
        f"two equal scores, targets 0 and 1: backward gives {first} the first time and "
        f"{x.grad.tolist()} the second time, expected [[-0.25, 0.25], [0.25, -0.25]] both times. "
        "Does backward write into what forward has kept?"
    )


def test_3_6_cross_entropy_leaves_its_inputs_alone():
    x, target = normal(3, 2, 3), np.array([2, 0])
    tensors = Tensor(x, requires_grad=True), Tensor(target)
    F.cross_entropy(*tensors).backward()
    assert np.array_equal(tensors[0].data, x), "cross_entropy has changed its scores"
    assert np.array_equal(tensors[1].data, target), "cross_entropy has changed its target"


def test_3_6_cross_entropy_of_other_shapes():
    x = normal(5, 2, 3, 4)
    target = np.random.default_rng(6).integers(0, 3, (2, 4))
    rows, classes = x.transpose(0, 2, 1).reshape(8, 3), target.reshape(8)

    def plain(x):
        return plain_cross_entropy(x.transpose(0, 2, 1).reshape(8, 3), classes).reshape(2, 4)

    losses = plain(x)
    for reduction, reduced in REDUCTIONS.items():
        found = run(F.cross_entropy, Tensor(x), Tensor(target), reduction=reduction)
        same(
            f"cross_entropy of (2, 3, 4), {reduction}", found, reduced(losses), "Classes in dim 1."
        )
    cause = "Here the 3 classes are in dim 1; your operation gets 8 rows of 3 scores."
    gradients(
        "cross_entropy of (2, 3, 4)",
        lambda x: F.cross_entropy(x, Tensor(target)),
        lambda x: plain(x).mean(),
        [x],
        cause,
    )
    one = F.cross_entropy(Tensor(rows[0]), Tensor(classes[0]))
    same("cross_entropy of one example, shape (3,)", one, losses[0, 0], cause)
    empty = F.cross_entropy(Tensor(np.zeros((0, 3))), Tensor(np.zeros(0, "int64")), reduction="sum")
    same("cross_entropy of an empty batch, summed", empty, 0.0, "The sum of nothing.")


def test_3_6_cross_entropy_where_some_targets_do_not_count():
    x, target = normal(8, 4, 3), np.array([0, -100, 2, 1])

    def plain(x):
        return (plain_cross_entropy(x, [0, 0, 2, 1]) * [1, 0, 1, 1]).sum() / 3

    same(
        "cross_entropy with one target -100",
        F.cross_entropy(Tensor(x), Tensor(target)),
        plain(x),
        "The mean is over those that count.",
    )
    gradients(
        "cross_entropy with one target -100",
        lambda x: F.cross_entropy(x, Tensor(target)),
        plain,
        [x],
        "The row that does not count arrives with a gradient of 0: use the share of each row.",
    )
    broken = x.copy()
    broken[1] = np.nan
    found = F.cross_entropy(Tensor(broken), Tensor(target))
    cause = "What does not count cannot spoil the mean."
    same("cross_entropy with NaN in the row of -100", found, plain(x), cause)
    nothing = Tensor(x, requires_grad=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        F.cross_entropy(nothing, tensor([-100] * 4)).backward()
    cause = "The mean of nothing is NaN, but no row had a part in it: as in PyTorch."
    same("the gradient where all targets are -100", nothing.grad, np.zeros((4, 3)), cause)
    smooth = F.cross_entropy(Tensor(x[:1]), Tensor(target[:1]), label_smoothing=0.3)
    expected = -(0.7 * log_softmax(x[:1])[0, 0] + 0.3 * log_softmax(x[:1]).mean())
    same(
        "cross_entropy with label_smoothing=0.3",
        smooth,
        expected,
        "From your losses, one for each row.",
    )


def test_3_6_cross_entropy_refuses_targets():
    x = Tensor(np.zeros((2, 3)))
    F.cross_entropy(x, tensor([0, 2]))
    for target, kind, text in [
        ([0.0, 1.0], TypeError, "long"),
        ([0, 3], IndexError, "no class 3"),
        ([-1, 0], IndexError, "no class -1"),
        ([0, 1, 2], ValueError, r"\(2, 3\).*\(3,\)"),
    ]:
        with pytest.raises(kind, match=text):
            F.cross_entropy(x, tensor(target))
    certain = F.cross_entropy(x, tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    same("with probabilities as the target", certain, np.log(3), "Given code; uses your softmax.")
    for part in (-0.1, 1.5):
        with pytest.raises(ValueError, match=f"from 0 to 1, not {part}"):
            F.cross_entropy(x, tensor([0, 2]), label_smoothing=part)


# 3.7 yes or no


def plain_bce(x, target):
    p = 1 / (1 + np.exp(-x))
    return -(target * np.log(p) + (1 - target) * np.log(1 - p))


def test_3_7_bce_values():
    for seed, shape in enumerate([(5,), (2, 3), (1,), (), (0,)]):
        x, t = normal(seed, *shape, scale=3), np.random.default_rng(seed).random(shape)
        losses = plain_bce(x, t)
        for reduction, reduced in REDUCTIONS.items():
            if x.size == 0 and reduction == "mean":
                continue
            same(
                f"binary_cross_entropy_with_logits({show(x)}, {show(t)}, reduction={reduction!r})",
                run(F.binary_cross_entropy_with_logits, Tensor(x), Tensor(t), reduction=reduction),
                reduced(losses),
                "max(x, 0) - x * target + log(1 + exp(-|x|)), then _reduced.",
            )


def test_3_7_bce_is_exact_where_it_is_small():
    # Of the two, one may come out as 0: the order of the terms decides, in PyTorch too.
    x, t = np.array([40.0, -40.0]), np.array([1.0, 0.0])
    found = F.binary_cross_entropy_with_logits(Tensor(x), Tensor(t), reduction="none").data
    assert (np.abs(found / math.exp(-40) - 1) < 1e-9).any(), (
        f"a score of 40 for a target of 1 costs {float(found[0])!r}, one of -40 for a target of 0 "
        f"costs {float(found[1])!r}, expected {math.exp(-40)!r}: np.log(1 + e) rounds 1 + e to 1, "
        "np.log1p(e) does not (and a probability that was rounded to 1 has lost it before any log)"
    )


def test_3_7_bce_gradients():
    for reduction, reduced in REDUCTIONS.items():
        for seed, shape in enumerate([(4,), (2, 3), ()]):
            gradients(
                f"binary_cross_entropy_with_logits, shape {shape}, reduction={reduction!r}",
                lambda x, t, r=reduction: F.binary_cross_entropy_with_logits(x, t, reduction=r),
                lambda x, t, reduced=reduced: reduced(plain_bce(x, t)),
                [normal(seed + 60, *shape), np.random.default_rng(seed).random(shape)],
                "x gets (sigmoid(x) - target) times the share, the target -x times the share.",
            )


def test_3_7_bce_of_large_scores():
    for dtype in ("float32", "float64"):
        x = Tensor(np.array([1e4, -1e4, 1e4, -1e4], dtype), requires_grad=True)
        target = Tensor(np.array([1, 0, 0, 1], dtype))
        losses = without_overflow(
            f"binary_cross_entropy_with_logits of scores of 10,000 ({dtype})",
            lambda x=x, t=target: F.binary_cross_entropy_with_logits(x, t, reduction="none"),
            "Only exp of negative numbers is safe, and log1p(...) is never the log of 0",
        )
        without_overflow(
            f"binary_cross_entropy_with_logits of scores of 10,000 ({dtype}), backward",
            losses.sum().backward,
            "The sigmoid must be the stable one of task 3.2: SigmoidOp().forward(x)",
        )
        same(
            "the losses of [1e4, -1e4, 1e4, -1e4] for [1, 0, 0, 1]",
            losses,
            [0, 0, 1e4, 1e4],
            "Right and certain costs 0, wrong by 10,000 costs 10,000.",
            dtype=dtype,
        )
        same(
            "the gradient of the scores [1e4, -1e4, 1e4, -1e4] for [1, 0, 0, 1]",
            x.grad,
            [0, 0, 1, -1],
            "It is sigmoid(x) - target.",
            dtype=dtype,
        )


def test_3_7_bce_leaves_its_inputs_alone():
    arrays = normal(71, 4), np.array([0.0, 1.0, 1.0, 0.3])
    inputs = [Tensor(array, requires_grad=True) for array in arrays]
    F.binary_cross_entropy_with_logits(*inputs).backward()
    for name, x, before in zip(("scores", "target"), inputs, arrays, strict=True):
        assert np.array_equal(x.data, before), (
            f"binary_cross_entropy_with_logits has changed its {name}, forward or backward: from "
            f"{show(before)} to {show(x.data)}"
        )


def test_3_7_bce_of_probabilities_is_the_same_loss():
    x, t = normal(70, 4), np.array([0.0, 1.0, 1.0, 0.3])
    scores = F.binary_cross_entropy_with_logits(Tensor(x), Tensor(t))
    probabilities = F.binary_cross_entropy(run(F.sigmoid, Tensor(x)), Tensor(t))
    same(
        "binary_cross_entropy_with_logits(x, t)",
        scores,
        probabilities.data,
        "It should equal binary_cross_entropy(sigmoid(x), t).",
    )
    with pytest.raises(ValueError, match=r"\(4, 1\).*\(4,\)"):
        F.binary_cross_entropy_with_logits(Tensor(np.ones((4, 1))), Tensor(np.ones(4)))


def test_3_7_bce_of_certain_probabilities():
    """Given. As in PyTorch: a logarithm below -100 counts as -100, and there is never a NaN."""
    p = Tensor(np.array([0.0, 1.0, 0.0, 1.0]), requires_grad=True)
    target = Tensor(np.array([1.0, 0.0, 0.0, 1.0]))
    with np.errstate(all="ignore"):
        losses = run(F.binary_cross_entropy, p, target, reduction="none")
    cause = "Certain and wrong costs 100, certain and right 0; 0 * log(0) must not become NaN."
    call = "binary_cross_entropy of the probabilities [0, 1, 0, 1] for [1, 0, 0, 1]"
    same(call, losses, [100, 100, 0, 0], cause)
    with np.errstate(all="ignore"):
        losses.sum().backward()
    cause = "p * (1 - p), below the line, is kept from being 0."
    same(f"{call}: the gradient of p", p.grad, [-1e12, 1e12, 0, 0], cause, 1e-6)


# 3.8 to notice an assignment


def assigned(module, **attributes):
    """Assign attributes to a module; a recursion without end is a failure with a reason."""
    endless = None
    try:
        for name, value in attributes.items():
            setattr(module, name, value)
    except RecursionError:
        endless = name
    assert endless is None, (
        f"module.{endless} = ... calls itself without end: inside __setattr__, set the attribute "
        "with object.__setattr__(self, name, value), not with setattr or self.name = value"
    )
    return module


def parameter(*numbers):
    return nn.Parameter(np.array(numbers, "float64"))


def test_3_8_parameters_and_modules_are_registered():
    weight, part = parameter(1, 2), nn.Module()
    net = assigned(nn.Module(), weight=weight, part=part)
    assert list(net._parameters) == ["weight"], (
        f"after net.weight = Parameter(...) and net.part = Module(), net._parameters has the names "
        f"{list(net._parameters)}, expected ['weight']"
    )
    assert list(net._modules) == ["part"], (
        f"after net.weight = Parameter(...) and net.part = Module(), net._modules has the names "
        f"{list(net._modules)}, expected ['part']"
    )
    assert net._parameters["weight"] is weight, "the register must hold the parameter itself"
    assert net._modules["part"] is part, "the register must hold the module itself"


def test_3_8_attributes_are_set():
    weight, part, plain = parameter(1, 2), nn.Module(), tensor([3.0])
    net = assigned(nn.Module(), weight=weight, part=part, rounds=3, plain=plain, layers=[part])
    for name, value in [("weight", weight), ("part", part), ("rounds", 3), ("plain", plain)]:
        found = vars(net).get(name)
        assert found is value, (
            f"net.{name} = {value!r}, but then net.{name} is something else: every value, "
            "registered or not, is also set with object.__setattr__(self, name, value)"
        )
    registered = [*net._parameters, *net._modules, *net._buffers]
    assert registered == ["weight", "part"], (
        f"the names in the registers are {registered}: numbers, lists and plain tensors do not "
        "belong there, only a Parameter or a Module"
    )


def test_3_8_subclasses_count():
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = parameter(1)

    class Special(nn.Parameter):
        pass

    net = assigned(nn.Module(), layer=Layer(), special=Special(np.ones(1)))
    assert list(net._modules) == ["layer"], (
        "a layer whose class inherits from Module was not registered: use isinstance, not type"
    )
    assert list(net._parameters) == ["special"], (
        "an object whose class inherits from Parameter was not registered: use isinstance, not type"
    )
    assert list(net.layer._parameters) == ["scale"], (
        "self.scale in Layer.__init__ must register too"
    )


def test_3_8_each_module_has_its_own_registers():
    one, two = assigned(nn.Module(), a=parameter(1)), assigned(nn.Module(), b=parameter(2))
    assert list(one._parameters) == ["a"], f"one has {list(one._parameters)}, expected ['a']"
    assert list(two._parameters) == ["b"], f"two has {list(two._parameters)}, expected ['b']"


def test_3_8_names_can_be_given_again():
    first, second = parameter(1), parameter(2)
    net = assigned(nn.Module(), a=first, b=parameter(3))
    assigned(net, a=second)
    assert list(net._parameters) == ["a", "b"], "a new value keeps the place of the old one"
    assert net._parameters["a"] is second is net.a, "net.a = second: the register has the old value"
    assigned(net, a=None)
    assert net._parameters["a"] is None is net.a, "net.a = None: the register must know it"
    assigned(net, c=nn.Module(), d=4)
    assigned(net, c=parameter(5), d=nn.Module())
    assert ("c" in net._parameters, "c" in net._modules, "d" in net._modules) == (
        True,
        False,
        True,
    ), (
        f"net.c was a module and is a parameter, net.d was 4 and is a module; parameters: "
        f"{list(net._parameters)}, modules: {list(net._modules)}"
    )
    del net.c
    assert not hasattr(net, "c"), "del net.c left the attribute"
    assert "c" not in net._parameters, "del net.c left the register's entry"


def test_3_8_what_is_refused():
    net = assigned(nn.Module(), weight=parameter(1), part=nn.Module())
    for name in ("weight", "part"):
        with pytest.raises(TypeError, match=name):
            setattr(net, name, tensor([1.0]))

    class Forgetful(nn.Module):
        def __init__(self):
            self.weight = parameter(1)

    with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
        Forgetful()


def test_3_8_buffers():
    net = assigned(nn.Module(), rounds=0)
    net.register_buffer("mean", tensor([0.0]))
    new = tensor([5.0])
    assigned(net, mean=new)
    assert net.mean is new, "net.mean = new: the attribute is not set"
    assert net._buffers["mean"] is new, "net.mean = new: the register has the old one"
    assert not net._parameters, "a buffer is not a parameter"


# 3.9 to find everything


def tree():
    """The tree of the lesson's picture, with one weight in two places."""
    net = assigned(nn.Module(), scale=parameter(1), encoder=nn.Module(), decoder=nn.Module())
    assigned(net.encoder, weight=parameter(2, 3), head=nn.Module())
    assigned(net.encoder.head, bias=parameter(4))
    assigned(net.decoder, weight=net.encoder.weight)
    return net


def pairs(call, generator, cause):
    """The (name, object) pairs that a generator yields, as a list."""
    found = completed(run(list, generator), call, cause)
    odd = [item for item in found if not isinstance(item, tuple) or len(item) != 2]
    assert not odd, (
        f"{call} yielded {odd[0]!r}, expected pairs (name, object). To hand out what another "
        "generator yields, it is `yield from`"
    )
    return found


def test_3_9_named_modules():
    net = tree()
    cause = "Each part answers the same question: part.named_modules(memo, its name, ...)."
    found = pairs("named_modules()", net.named_modules(), cause)
    names = [name for name, _ in found]
    assert names == ["", "encoder", "encoder.head", "decoder"], (
        f"named_modules gave the names {names}, expected ['', 'encoder', 'encoder.head', "
        "'decoder']: first the module itself, then each part with everything inside it, before "
        "the next part"
    )
    expected = [net, net.encoder, net.encoder.head, net.decoder]
    assert all(a is b for (_, a), b in zip(found, expected, strict=True)), (
        "the names are right, the modules beside them are not"
    )


def test_3_9_named_modules_with_a_prefix():
    names = [name for name, _ in tree().named_modules(prefix="net")]
    assert names == ["net", "net.encoder", "net.encoder.head", "net.decoder"], (
        f"named_modules(prefix='net') gave {names}: the prefix is the name of the module itself, "
        "and a dot stands between it and the name of a part"
    )


def test_3_9_a_shared_module_comes_once():
    part = assigned(nn.Module(), weight=parameter(1))
    net = assigned(nn.Module(), a=part, b=nn.Module(), c=part)
    assigned(net.b, inner=part)
    names = [name for name, _ in net.named_modules()]
    assert names == ["", "a", "b"], (
        f"one module hangs at a, b.inner and c; named_modules gave {names}, expected ['', 'a', "
        "'b']. Is the memo given on to the parts, so that all levels share it?"
    )
    names = [name for name, _ in net.named_modules(remove_duplicate=False)]
    assert names == ["", "a", "b", "b.inner", "c"], (
        f"with remove_duplicate=False named_modules gave {names}, expected every place"
    )
    again = [name for name, _ in net.named_modules()]
    assert again == ["", "a", "b"], f"the second call gave {again}: what was seen must be forgotten"


def test_3_9_named_parameters():
    net = tree()
    cause = "Remember the objects that were seen in the set `seen` (== compares their numbers)."
    found = dict(pairs("named_parameters()", net.named_parameters(), cause))
    assert list(found) == ["scale", "encoder.weight", "encoder.head.bias"], (
        f"named_parameters gave {list(found)}, expected ['scale', 'encoder.weight', "
        "'encoder.head.bias']. encoder.weight and decoder.weight are one object, which an "
        "optimizer must see once"
    )
    assert found["encoder.head.bias"] is net.encoder.head.bias, "not the parameter itself"
    assert [id(p) for p in net.parameters()] == [id(p) for p in found.values()], (
        "parameters() and named_parameters() gave different objects"
    )


def test_3_9_equal_is_not_the_same():
    net = assigned(nn.Module(), a=parameter(1, 2), b=parameter(1, 2))
    names = [name for name, _ in net.named_parameters()]
    assert names == ["a", "b"], (
        f"two parameters with equal numbers: named_parameters gave {names}. Keep the objects that "
        "you have seen in a set, do not compare their numbers"
    )


def test_3_9_one_name_in_several_parts():
    net = assigned(nn.Module(), a=nn.Module(), b=nn.Module(), weight=parameter(5))
    assigned(net.a, weight=parameter(1))
    assigned(net.b, weight=parameter(2), head=nn.Module())
    assigned(net.b.head, weight=parameter(3))
    names = [name for name, _ in net.named_parameters()]
    expected = ["weight", "a.weight", "b.weight", "b.head.weight"]
    assert names == expected, (
        f"four different parameters, each called weight in its own module: named_parameters gave "
        f"{names}, expected {expected}. Two parts may use one name: remember the *objects* that "
        "you have seen, not their names"
    )
    for part in ("a", "b"):
        getattr(net, part).register_buffer("mean", tensor([1.0]))
    names = [name for name, _ in net.named_buffers()]
    assert names == ["a.mean", "b.mean"], (
        f"two parts have a buffer called mean: named_buffers gave {names}, expected ['a.mean', "
        "'b.mean']. Remember the objects, not their names"
    )


def test_3_9_a_parameter_of_zero():
    net = assigned(nn.Module(), a=parameter(0.0), b=parameter(1.0))
    names = [name for name, _ in net.named_parameters()]
    assert names == ["a", "b"], (
        f"one of two parameters holds the number 0: named_parameters gave {names}, expected ['a', "
        "'b']. Ask `member is None`: a tensor of one 0 counts as false"
    )


def test_3_9_all_names():
    names = [name for name, _ in tree().named_parameters(remove_duplicate=False)]
    assert names == ["scale", "encoder.weight", "encoder.head.bias", "decoder.weight"], (
        f"named_parameters(remove_duplicate=False) gave {names}, expected every name"
    )


def test_3_9_only_here_and_with_prefix():
    net = tree()
    names = [name for name, _ in net.named_parameters(recurse=False)]
    assert names == ["scale"], f"named_parameters(recurse=False) gave {names}, expected ['scale']"
    names = [name for name, _ in net.named_parameters(prefix="net")]
    assert names == ["net.scale", "net.encoder.weight", "net.encoder.head.bias"], (
        f"named_parameters(prefix='net') gave {names}"
    )


def test_3_9_none_is_skipped():
    net = assigned(nn.Module(), a=parameter(1), part=nn.Module())
    net.register_parameter("bias", None)
    net.add_module("nothing", None)
    cause = "Skip entries that are None: registered, but absent."
    names = [name for name, _ in pairs("named_modules()", net.named_modules(), cause)]
    assert names == ["", "part"], f"a module registered as None came out: {names}. {cause}"
    names = [name for name, _ in pairs("named_parameters()", net.named_parameters(), cause)]
    assert names == ["a"], f"a parameter registered as None came out: {names}. {cause}"
    net.scale = parameter(2)
    names = [name for name, _ in net.named_parameters()]
    assert names == ["a", "scale"], (
        f"a, then bias=None, then scale: named_parameters gave {names}, expected ['a', 'scale']. "
        "After an entry that is skipped the others still have their turn: continue, not return"
    )


def test_3_9_buffers_are_found_too():
    net = assigned(nn.Module(), part=nn.Module())
    net.part.register_buffer("mean", tensor([0.0]))
    names = [name for name, _ in net.named_buffers()]
    assert names == ["part.mean"], (
        f"part has a buffer called mean; named_buffers gave {names}, expected ['part.mean']: look "
        "into getattr(module, register), for the module whose turn it is"
    )
    assert list(net.parameters()) == [], "a buffer is not a parameter: look into `register` only"


def test_3_9_train_reaches_every_module():
    net = tree()
    for call, change, expected in (
        ("train(False)", lambda: net.train(False), False),
        ("train()", net.train, True),
        ("eval()", net.eval, False),
    ):
        returned = run(change)
        modes = {name or "net itself": module.training for name, module in net.named_modules()}
        wrong = [name for name, mode in modes.items() if mode is not expected]
        assert not wrong, (
            f"after net.{call} the attribute `training` of {wrong[0]} is {modes[wrong[0]]}, "
            f"expected {expected}: set it in each module that self.modules() yields, and that is "
            "the module itself and all inside it"
        )
        assert returned is net, f"net.{call} returned {returned!r}, expected net: return self"


def test_3_9_what_is_done_to_all():
    net = tree()
    (net.decoder.weight * net.scale).sum().backward()
    net.zero_grad()
    assert [p.grad for p in net.parameters()] == [None] * 3, "zero_grad must reach every parameter"
    for dtype in ("float32", "float64"):
        single = assigned(nn.Module(), scale=nn.Parameter(np.ones(2, dtype)))
        (single.scale * single.scale).sum().backward()
        single.zero_grad(set_to_none=False)
        same(
            f"the gradient of a {dtype} parameter after zero_grad(set_to_none=False)",
            single.scale.grad, np.zeros(2), "Zeros of the parameter's shape and dtype.", dtype=dtype
        )  # fmt: skip


# 3.10 to keep a state


def refused(call, load):
    """The text of the RuntimeError that `load()` raises."""
    text = None
    try:
        result = load()
    except RuntimeError as error:
        text = str(error)
    assert text is not None, (
        f"{call} returned {result!r}, expected RuntimeError: raise _misfit(...)"
    )
    return text


def test_3_10_there_and_back():
    one, two = tree(), tree()
    with tinytorch.no_grad():
        for p in two.parameters():
            p *= 10
    result = one.load_state_dict(two.state_dict())
    names = [name for name, _ in one.named_parameters()]
    assert names == [name for name, _ in two.named_parameters()], (
        f"after loading, the model's parameters are {names}: load_state_dict must not assign "
        "anything"
    )
    for (name, p), q in zip(one.named_parameters(), two.parameters(), strict=True):
        assert np.array_equal(p.data, q.data), (
            f"after one.load_state_dict(two.state_dict()), {name} of one is {p.tolist()}, of two "
            f"{q.tolist()}"
        )
    assert result == ([], []), (
        f"load_state_dict returned {result!r}, expected the two lists of names that do not fit, "
        "both empty here"
    )


@pytest.mark.shared
def test_3_10_numbers_are_copied_into_the_arrays():
    net = tree()
    arrays = [p.data for p in net.parameters()]
    objects = list(net.parameters())
    state = {name: value + 1 for name, value in net.state_dict().items()}
    net.load_state_dict(state)
    assert all(p is q for p, q in zip(objects, net.parameters(), strict=False)), (
        "load_state_dict has replaced Parameter objects: an optimizer that holds the old ones "
        "would from now on train in vain"
    )
    assert all(a is p.data for a, p in zip(arrays, net.parameters(), strict=True)), (
        "load_state_dict has replaced arrays: write into them, own[name].data[...] = numbers"
    )
    state["scale"].data[...] = 77
    assert net.scale.item() == 2.0, (
        "changing the state after loading has changed the model: the numbers must be copied"
    )


def test_3_10_a_shared_parameter_stays_shared():
    net = tree()
    net.load_state_dict({name: value * 10 for name, value in net.state_dict().items()})
    assert net.decoder.weight is net.encoder.weight, "loading has separated a shared weight"
    assert net.encoder.weight.tolist() == [20.0, 30.0], (
        f"ten times [2, 3] was loaded into a shared weight, it is {net.encoder.weight.tolist()}"
    )


def test_3_10_everything_that_is_wrong_is_named():
    net = tree()
    state = net.state_dict()
    del state["scale"], state["encoder.head.bias"]
    state["extra"] = tensor([1.0])
    state["encoder.weight"] = tensor([9.0, 9.0, 9.0])
    state["decoder.weight"] = tensor([[9.0, 9.0]])
    message = refused("loading a state where nothing fits", lambda: net.load_state_dict(state))
    for part in (
        "Missing",
        "scale",
        "encoder.head.bias",
        "Unexpected",
        "extra",
        "size mismatch",
        "encoder.weight",
        "(3,)",
        "(2,)",
        "decoder.weight",
        "(1, 2)",
    ):
        assert part in message, (
            f"scale and encoder.head.bias are missing, extra is unexpected, two shapes are wrong; "
            f"{part!r} does not appear in the error:\n{message}"
        )
    missing, unexpected = message.index("Missing"), message.index("Unexpected")
    assert missing < message.index("scale") < unexpected < message.index("extra"), (
        "scale and encoder.head.bias are what the state lacks (missing), extra is what only the "
        f"state has (unexpected):\n{message}"
    )
    told = message[message.index("size mismatch for encoder.weight") :]
    assert told.index("(3,)") < told.index("(2,)"), (
        "`wrong` maps a name to (shape in the state, shape in the module), in this "
        f"order:\n{message}"
    )


def test_3_10_nothing_is_changed_by_a_state_that_does_not_fit():
    for broken in ("missing", "unexpected", "size"):
        net = tree()
        state = {name: value * 0 for name, value in net.state_dict().items()}
        if broken == "missing":
            del state["decoder.weight"]
        elif broken == "unexpected":
            state["zzz"] = tensor([1.0])
        else:
            state["encoder.head.bias"] = tensor([1.0, 2.0])
        what = {
            "missing": "without decoder.weight",
            "unexpected": "with a name zzz too many",
            "size": "with a bias of shape (2,) in place of (1,)",
        }[broken]
        refused(f"loading a state {what}", lambda net=net, state=state: net.load_state_dict(state))
        assert net.scale.item() == 1.0, (
            f"the state was refused ({broken}), but scale had already been overwritten: look at "
            "everything first"
        )


def test_3_10_one_number_is_not_stretched():
    net = assigned(nn.Module(), weight=parameter(1, 2, 3))
    refused(
        "loading one number, shape (1,), into a weight of shape (3,)",
        lambda: net.load_state_dict({"weight": np.array([7.0])}),
    )


def test_3_10_not_strict():
    net = tree()
    state = {"scale": np.array([5.0]), "extra": np.ones(3)}
    result = completed(
        run(net.load_state_dict, state, strict=False),
        "load_state_dict({'scale': ..., 'extra': ...}, strict=False)",
        "With strict=False, names that only one side has are no error.",
    )
    assert net.scale.item() == 5.0, "strict=False still loads the names that both sides have"
    missing = ["decoder.weight", "encoder.head.bias", "encoder.weight"]
    assert sorted(result.missing_keys) == missing, (
        f"strict=False: missing_keys is {result.missing_keys}, expected {missing}, in any order"
    )
    assert list(result.unexpected_keys) == ["extra"], (
        f"strict=False: unexpected_keys is {result.unexpected_keys}"
    )
    refused(
        "loading scale of shape (2, 2) into (1,) with strict=False, which forgives names, not "
        "shapes,",
        lambda: net.load_state_dict({"scale": np.ones((2, 2))}, strict=False),
    )


def test_3_10_buffers_belong_to_the_state():
    net = tree()
    net.register_buffer("mean", tensor([1.0]))
    net.register_buffer("scratch", tensor([1.0]), persistent=False)
    state = net.state_dict()
    assert "mean" in state and "scratch" not in state, f"the state has {list(state)}"
    state["mean"] = tensor([8.0])
    net.load_state_dict(state)
    assert net.mean.tolist() == [8.0], f"the buffer is {net.mean.tolist()} after loading 8"


# 3.11 with which numbers to begin


def test_3_11_fans():
    for shape, expected in [
        ((8, 6), (6, 8)),
        ((8, 3, 5, 5), (75, 200)),
        ((4, 2, 3), (6, 12)),
        ((1, 1), (1, 1)),
        ((3, 0), (0, 3)),
    ]:
        found = init._calculate_fan_in_and_fan_out(Tensor(np.zeros(shape)))
        assert found is not None, (
            "_calculate_fan_in_and_fan_out returned None: is the `return` missing?"
        )
        assert tuple(found) == expected, (
            f"a weight of shape {shape}: (fan_in, fan_out) is {found}, expected {expected}. fan_in "
            "is dimension 1 times the window (all further dimensions), fan_out is dimension 0 "
            "times it"
        )


def filled(bound, found, call, cause=""):
    """Assert that 5,000 numbers are spread evenly from -bound to bound."""
    found = found.data
    largest = np.abs(found).max()
    assert largest <= bound * (1 + 1e-6), (
        f"{call}: the largest number is {largest:.5f}, the bound is {bound:.5f}{cause}"
    )
    assert largest > 0.98 * bound, (
        f"{call}: the largest of {found.size} numbers is {largest:.5f}, so the bound is too small; "
        f"it should be {bound:.5f}{cause}"
    )
    assert abs(found.std() / (bound / math.sqrt(3)) - 1) < 0.05, (
        f"{call}: the standard deviation is {found.std():.5f}, of numbers spread evenly from "
        f"-bound to bound it is bound / sqrt(3) = {bound / math.sqrt(3):.5f}"
    )
    assert abs(found.mean()) < 0.05 * bound, f"{call}: the mean is {found.mean():.5f}, not about 0"


def test_3_11_kaiming_uniform_draws_each_number():
    for shape in [(50, 40), (10, 8, 5, 5)]:
        tinytorch.manual_seed(6)
        weight = Tensor(np.zeros(shape, "float32"))
        call = f"kaiming_uniform_(weight of shape {shape})"
        completed(run(init.kaiming_uniform_, weight), call, "")
        all_different(call, weight.data, "Draw a number for each element, not one row for all.")


def test_3_11_kaiming_uniform():
    for shape, arguments, gain, fan in [
        ((100, 50), {}, math.sqrt(2), 50),
        ((100, 50), {"nonlinearity": "relu"}, math.sqrt(2), 50),
        ((100, 50), {"nonlinearity": "tanh"}, 5 / 3, 50),
        ((100, 50), {"a": 3}, math.sqrt(2 / 10), 50),
        ((100, 50), {"a": math.sqrt(5)}, math.sqrt(2 / 6), 50),
        ((100, 50), {"mode": "fan_out"}, math.sqrt(2), 100),
        ((40, 5, 5, 5), {"nonlinearity": "linear"}, 1, 125),
    ]:
        tinytorch.manual_seed(1)
        given = "".join(f", {name}={value!r}" for name, value in arguments.items())
        weight = Tensor(np.zeros(shape))
        found = run(init.kaiming_uniform_, weight, **arguments)
        call = f"kaiming_uniform_(weight of shape {shape}{given}), gain {gain:.4f}, fan {fan}"
        completed(found, call, "uniform_(tensor, -bound, bound) draws the numbers.")
        assert found is not None, f"{call} returned None: is the `return` missing?"
        assert found is weight, f"{call} must return the tensor that it was given, not {found!r}"
        filled(
            gain * math.sqrt(3 / fan), weight, call,
            ": sqrt(3) * gain / sqrt(fan), with the gain of nonlinearity and a, the fan of mode",
        )  # fmt: skip


def test_3_11_kaiming_uniform_of_nothing():
    for shape, mode in (((3, 0), "fan_in"), ((0, 3), "fan_out")):
        weight = Tensor(np.zeros(shape, "float32"))
        call = f"kaiming_uniform_(weight of shape {shape}, mode={mode!r})"
        completed(run(init.kaiming_uniform_, weight, mode=mode), call, "")
        assert weight.shape == shape, f"{call} changed the shape to {weight.shape}"


@pytest.mark.shared
def test_3_11_kaiming_uniform_in_place_and_repeatable():
    weight = Tensor(np.zeros((3, 4), "float32"), requires_grad=True)
    array = weight.data
    tinytorch.manual_seed(3)
    init.kaiming_uniform_(weight)
    assert weight.data is array, "kaiming_uniform_ must write into the array, not replace it"
    assert weight.dtype == np.float32, f"the dtype has changed to {weight.dtype}"
    assert weight.requires_grad, "kaiming_uniform_ must leave requires_grad as it is"
    assert weight.grad_fn is None, "kaiming_uniform_ must not be recorded by autograd"
    tinytorch.manual_seed(3)
    again = init.kaiming_uniform_(Tensor(np.zeros((3, 4), "float32")))
    assert np.array_equal(array, again.data), (
        "after the same manual_seed the numbers differ: draw them with uniform_, which uses the "
        "framework's one generator"
    )


def test_3_11_kaiming_uniform_draws_new_numbers_each_time():
    drawn = []
    for seed in (3, None, 4):
        if seed is not None:
            tinytorch.manual_seed(seed)
        weight = Tensor(np.zeros((3, 4), "float32"))
        init.kaiming_uniform_(weight)
        drawn.append(weight.data)
    causes = (
        "`uniform_` draws from the framework's one generator; a generator of your own, with a seed "
        "of its own, begins again at each call"
    )
    assert not np.array_equal(drawn[0], drawn[1]), (
        f"two calls of kaiming_uniform_, one after the other, drew the same numbers: {causes}. All "
        "layers of one shape would begin alike"
    )
    assert not np.array_equal(drawn[0], drawn[2]), (
        f"after manual_seed(3) and after manual_seed(4) kaiming_uniform_ drew the same numbers: "
        f"{causes}"
    )


def test_3_11_kaiming_uniform_refuses():
    init.kaiming_uniform_(Tensor(np.zeros((2, 2))))
    with pytest.raises(ValueError, match=r"\(3,\)"):
        init.kaiming_uniform_(Tensor(np.zeros(3)))
    with pytest.raises(ValueError, match="nobody"):
        init.kaiming_uniform_(Tensor(np.zeros((2, 2))), nonlinearity="nobody")


# 3.12 Linear and Sequential


def test_3_12_linear_parameters():
    cause = "Set self.bias in both cases, None without a bias; ask it for `is None`, not for truth."
    layer = completed(run(nn.Linear, 3, 5), "Linear(3, 5)", cause)
    shapes = {name: p.shape for name, p in layer.named_parameters()}
    assert shapes == {"weight": (5, 3), "bias": (5,)}, (
        f"Linear(3, 5) has the parameters {shapes}, expected weight (5, 3) and bias (5,): one row "
        "of the weight for each output"
    )
    assert list(shapes) == ["weight", "bias"], (
        f"the order is {list(shapes)}: first weight, then bias"
    )
    assert all(p.dtype == np.float32 for p in layer.parameters()), (
        f"Linear(3, 5) has parameters of {[str(p.dtype) for p in layer.parameters()]}, expected "
        "float32: give `dtype` to the array (NumPy's own choice is float64)"
    )
    assert all(p.requires_grad for p in layer.parameters()), "a Parameter requires grad by itself"
    double = nn.Linear(3, 5, dtype="float64")
    assert [p.dtype for p in double.parameters()] == [np.dtype("float64")] * 2, (
        f"Linear(3, 5, dtype='float64') has {[str(p.dtype) for p in double.parameters()]}"
    )


def test_3_12_linear_without_bias():
    call = "Linear(3, 5, bias=False)"
    cause = "Set self.bias in both cases, None without a bias; ask it for `is None`, not for truth."
    layer = completed(run(nn.Linear, 3, 5, bias=False), call, cause)
    assert getattr(layer, "bias", "missing") is None, (
        f"{call}.bias is {getattr(layer, 'bias', 'missing')}, expected None: set the attribute in "
        "both cases, forward reads it"
    )
    names = [name for name, _ in layer.named_parameters()]
    assert names == ["weight"], f"Linear(3, 5, bias=False) has the parameters {names}"
    x = normal(1, 2, 3)
    cause = "x @ weight.T, and nothing added."
    same(
        "Linear(3, 5, bias=False)(x)",
        run(layer.double(), Tensor(x)),
        x @ layer.weight.data.T,
        cause,
    )


@pytest.mark.shared
def test_3_12_linear_first_values():
    tinytorch.manual_seed(5)
    layer = nn.Linear(16, 5000)
    for name, p in layer.named_parameters():
        cause = "Draw one for each element: `kaiming_uniform_` and `uniform_` fill a whole tensor."
        all_different(f"Linear(16, 5000).{name}", p.data, cause)
    cause = ". Does __init__ call reset_parameters, and does that fill the weight and the bias?"
    filled(1 / math.sqrt(16), layer.weight, "Linear(16, 5000).weight (a = sqrt(5))", cause)
    filled(1 / math.sqrt(16), layer.bias, "Linear(16, 5000).bias (1 / sqrt(in))", cause)
    arrays = [p.data for p in layer.parameters()]
    before = [p.data.copy() for p in layer.parameters()]
    layer.reset_parameters()
    for (name, p), array, old in zip(layer.named_parameters(), arrays, before, strict=True):
        assert p.data is array, f"reset_parameters must fill {name} in place"
        assert not np.array_equal(array, old), f"reset_parameters must draw new numbers for {name}"
    tinytorch.manual_seed(5)
    again = nn.Linear(16, 5000)
    assert np.array_equal(again.weight.data, before[0]), "the same seed must give the same weight"
    assert np.array_equal(again.bias.data, before[1]), "the same seed must give the same bias"


def test_3_12_linear_computes():
    layer = nn.Linear(3, 2).double()
    for shape in [(3,), (4, 3), (2, 4, 3), (0, 3)]:
        x = normal(9, *shape)
        expected = x @ layer.weight.data.T + layer.bias.data
        same(
            f"Linear(3, 2) of shape {shape}",
            run(layer, Tensor(x)),
            expected,
            "x @ weight.T + bias.",
        )
    layer(Tensor(normal(9, 4, 3))).sum().backward()
    assert np.allclose(layer.weight.grad.data, normal(9, 4, 3).sum(axis=0)), "the weight's gradient"
    assert layer.bias.grad.tolist() == [4.0, 4.0], (
        f"a batch of 4, summed: the bias's gradient is {layer.bias.grad.tolist()}, expected [4, 4]"
    )
    with pytest.raises(ValueError, match=r"Linear\(in_features=3.*\(4, 2\).*\(2, 3\)"):
        layer(Tensor(np.zeros((4, 2))))


class Times(nn.Module):
    """Multiply by a number, then add 1: in another order the result is another one."""

    def __init__(self, factor):
        super().__init__()
        self.factor = nn.Parameter(np.array(float(factor)))

    def forward(self, input):
        return input * self.factor + 1


def test_3_12_sequential_runs_in_order():
    row = nn.Sequential(Times(2), Times(3), Times(5))
    found = row(Tensor(np.array([1.0, 0.0])))
    assert found is not None, "Sequential.forward returned None: is the `return` missing?"
    assert found.tolist() == [51.0, 21.0], (
        f"Sequential of 2x + 1, 3x + 1, 5x + 1 makes {found.tolist()} of [1, 0], expected [51, "
        "21]: each module gets what the one before returned, beginning with the first"
    )
    names = [name for name, _ in row.named_parameters()]
    assert names == ["0.factor", "1.factor", "2.factor"], f"the row's parameters are {names}"


def test_3_12_sequential_empty_nested_and_shared():
    x = tensor([1.0])
    assert nn.Sequential()(x) is x, "an empty Sequential returns its input"
    two = Times(2)
    row = nn.Sequential(two, nn.Sequential(two, nn.Sequential()), two)
    assert row(Tensor(np.array([1.0]))).tolist() == [15.0], (
        "2x + 1 three times makes 15 of 1: a module that stands in a row twice also runs twice"
    )
    assert len(list(row.parameters())) == 1, "but its parameter is one"
    assert row[-1] is two, "a row can be indexed"
    assert len(row[:2]) == 2, "a row can be sliced"


def test_3_12_rows_change_like_lists():
    two, three, five = Times(2), Times(3), Times(5)
    for kind in (nn.ModuleList, nn.Sequential):
        row = kind()
        row += [two, five]
        row.insert(1, three)
        assert list(row) == [two, three, five], f"{kind.__name__}: += and insert, as in a list"
        assert row.pop(1) is three, f"{kind.__name__}: pop returns what it takes out"
        names = [name for name, _ in row.named_children()]
        assert (names, list(row)) == (["0", "1"], [two, five]), f"{kind.__name__}: after pop(1)"
        del row[0]
        assert list(row.state_dict()) == ["0.factor"], f"{kind.__name__}: del row[0]"


def test_3_12_a_network_learns_xor():
    tinytorch.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
    x = tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    wanted = tensor([[0.0], [1.0], [1.0], [0.0]])
    loss_fn, parameters = nn.MSELoss(), list(model.parameters())
    for _ in range(120):
        model.zero_grad()
        loss_fn(model(x), wanted).backward()
        with tinytorch.no_grad():
            for p in parameters:
                p -= 0.1 * p.grad
    found = model(x).flatten().tolist()
    assert np.allclose(found, [0, 1, 1, 0], atol=0.4), (
        f"after 120 steps the answers for XOR are {np.round(found, 2)}, expected about [0, 1, 1, 0]"
    )
