"""Tests of module 06: what `tito module test 06` runs against your own export.

The oracles are the definitions, written out in NumPy for one row or column at a time; gradients are
compared with central differences of the oracles. Where a result equals that of a known slip, the
message says which.
"""

import numpy as np
import pytest

from tinytorch import Tensor, manual_seed, tensor
from tinytorch import nn
from tinytorch.nn import functional as F
from tinytorch.random import default_generator

EPS = 1e-5


def given(call, value):
    """`value`, unless it is None: then the `return` is missing."""
    assert value is not None, f"{call} gave None: is the `return` missing?"
    return value


def attempt(call, function):
    """function(); a None somewhere in it is told as what it is."""
    try:
        result = given(call, function())
        nothing = getattr(getattr(result, "dtype", None), "kind", "") == "O"  # a tensor of None
        return given(call, None if nothing else result)
    except (AttributeError, TypeError) as error:
        if "NoneType" not in str(error):
            raise
        message = f"{call}: {error}. Something in it is None: is a `return` missing?"
        raise AssertionError(message).with_traceback(error.__traceback__) from None


def draw(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) * 2 + 1 for shape in shapes]


def close(found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    single = found.dtype == np.float32
    return found.shape == expected.shape and np.allclose(
        found, expected, rtol=1e-4 if single else 1e-6, atol=1e-5 if single else 1e-7
    )


def compared(call, found, expected, slips=None, why=""):
    """Assert that both are equal; else say where, and which slip would give what was found."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, (
        f"{call} has shape {found.shape}, expected {expected.shape}. {why}"
    )
    if close(found, expected):
        return
    likely = [said for said, value in (slips or {}).items() if close(found, value)]
    worst = np.unravel_index(np.nanargmax(np.abs(found - expected)), expected.shape)
    where = tuple(int(n) for n in worst)
    at = f" at {where}" if where else ""
    raise AssertionError(
        f"{call} is {found[worst]:.5g}{at}, expected {expected[worst]:.5g}. "
        f"{likely[0] if likely else why}"
    )


def same_dtype(call, found, expected):
    assert found.dtype == expected, (
        f"{call} is {found.dtype} for {np.dtype(expected)} inputs: a float64 has crept in. Plain "
        "Python numbers keep the dtype, arrays made by np.zeros or np.ones do not"
    )


def statistics(x, axis):
    """Mean and biased variance by definition, in float64, with the axis kept."""
    x = np.asarray(x, np.float64)
    n = x.shape[axis]
    mean = np.sum(x, axis=axis, keepdims=True) / n
    return mean, np.sum((x - mean) ** 2, axis=axis, keepdims=True) / n


def slow_normalize(x, weight=None, bias=None, axis=1, eps=EPS):
    mean, var = statistics(x, axis)
    out = (x - mean) / np.sqrt(var + eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


def numeric_gradient(function, array, step=1e-6):
    """Central differences of function() for each element of `array`, changed in place."""
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        before = array[index]
        array[index] = before + step
        high = function()
        array[index] = before - step
        gradient[index] = (high - function()) / (2 * step)
        array[index] = before
    return gradient


def gradients(call, function, arrays, back):
    """The gradients that the framework finds for `arrays` (None stays None)."""
    tensors = [None if a is None else Tensor(a, requires_grad=True) for a in arrays]
    attempt(call, lambda: function(*tensors)).backward(Tensor(back))
    for t in tensors:
        assert t is None or t.grad is not None, (
            f"{call}: after backward a gradient is None. Either a `return` is missing in the way "
            "back, or the tensor's data was used on the way forward, which autograd does not see"
        )
    return [None if t is None else t.grad.data for t in tensors]


# ---- 6.1


@pytest.mark.parametrize("axis", [1, 0])
def test_6_1_mean_and_variance(axis):
    for shape in ((3, 5), (4, 1), (1, 4), (2, 3)):
        (x,) = draw(shape)
        call = f"moments(x of shape {shape}, {axis})"
        before = x.copy()
        try:
            result = attempt(call, lambda x=x: F.moments(x, axis))
        except ValueError as error:
            raise AssertionError(
                f"{call} stopped with: {error}. Keep the axis of the mean, with length 1 "
                "(keepdims=True), so that it can be subtracted from x"
            ) from None
        assert np.array_equal(x, before), f"{call} changed its input: `x - mean` is a new array"
        assert len(result) == 2, f"{call} gave {len(result)} results, expected (mean, var)"
        wanted = (shape[0], 1) if axis == 1 else (1, shape[1])
        for name, found in zip(("mean", "var"), result):
            assert np.shape(found) == wanted, (
                f"{call}: {name} has shape {np.shape(found)}, expected {wanted}: axis {axis} "
                "stays, with length 1 (keepdims=True)"
            )
        mean, var = statistics(x, axis)
        compared(f"{call}: mean", result[0], mean, why=f"Take the mean along axis {axis}.")
        n = shape[axis]
        slips = {
            "That is the root of the variance.": np.sqrt(var),
            "That is the mean of the squares: subtract the mean first.": var + mean**2,
            "That is a sum: divide by the number of elements.": var * n,
            "That is twice the variance.": 2 * var,
        }
        if n > 1:
            slips["That is divided by n - 1: the biased variance is divided by n."] = (
                var * n / (n - 1)
            )
        compared(f"{call}: var", result[1], var, slips, "It is the mean of (x - mean)².")


def test_6_1_large_numbers_that_are_near_each_other():
    x = np.array([[10000.0, 10001.0], [5000.0, 5002.0]], np.float32)
    found = F.moments(x, 1)[1]
    assert close(found, np.array([[0.25], [1.0]], np.float32)), (
        f"moments([[10000, 10001], [5000, 5002]], 1): var is {found.ravel().tolist()}, expected "
        "[0.25, 1.0]: mean(x²) - mean(x)² loses all digits in float32. Subtract the mean first, "
        "then square"
    )


def test_6_1_keeps_the_dtype():
    for dtype in (np.float32, np.float64):
        x = draw((3, 4))[0].astype(dtype)
        for name, found in zip(("mean", "var"), F.moments(x, 1)):
            same_dtype(f"the {name} of moments", found, dtype)


def test_6_1_keeps_all_digits_of_float64():
    (x,) = draw((3, 40))
    for name, found, right in zip(("mean", "var"), F.moments(x, 1), statistics(x, 1)):
        assert np.allclose(found, right, rtol=1e-12, atol=1e-13), (
            f"the {name} of moments of a float64 matrix is off by "
            f"{np.abs(found - right).max():.0e}: somewhere it is computed in float32"
        )


# ---- 6.2


def apply_normalize(x, weight, bias, axis, eps=EPS):
    mean, var = (m.astype(np.asarray(x.data).dtype) for m in statistics(x.data, axis))
    return F.NormalizeOp.apply(x, weight, bias, mean, var, axis, eps)


def with_affine(x, which):
    """(weight, bias) for the columns of x; `which` says which of them there are."""
    weight, bias = draw(x.shape[1], x.shape[1], seed=5)
    return weight if "w" in which else None, bias if "b" in which else None


@pytest.mark.parametrize("which", ["", "w", "b", "wb"])
@pytest.mark.parametrize("axis", [1, 0])
def test_6_2_normalizes_then_scales_and_shifts(axis, which):
    (x,) = draw((3, 4))
    weight, bias = with_affine(x, which)
    parts = [None if a is None else Tensor(a) for a in (weight, bias)]
    eps = 0.5  # so large that its place can be seen
    call = f"NormalizeOp of a (3, 4) matrix, axis {axis}, eps {eps}, weight and bias: "
    call += which or "none"
    expected = slow_normalize(x, weight, bias, axis, eps)
    mean, var = statistics(x, axis)
    root = np.sqrt(var + eps)
    w, b = 1 if weight is None else weight, 0 if bias is None else bias
    slips = {
        "The mean is not subtracted.": x / root * w + b,
        "The mean is added.": (x + mean) / root * w + b,
        "Divided by the variance: divide by its root.": (x - mean) / (var + eps) * w + b,
        "eps is not used.": (x - mean) / np.sqrt(var) * w + b,
        "eps stands outside the root.": (x - mean) / (np.sqrt(var) + eps) * w + b,
        "The scale and shift are missing.": (x - mean) / root,
        "The bias is scaled too: first the weight, then the bias.": ((x - mean) / root + b) * w,
        "The weight is in it twice: keep `self.normal` without it.": (x - mean) / root * w * w + b,
        "Multiplied by the root in place of divided.": (x - mean) * root * w + b,
    }
    out = attempt(call, lambda: apply_normalize(Tensor(x), *parts, axis, eps))
    compared(call, out.data, expected, slips, "(x - mean) / sqrt(var + eps) * weight + bias")


def test_6_2_eps_stands_inside_the_root():
    x = np.array([[1.0, 3.0], [2.0, 2.0]])
    found = apply_normalize(Tensor(x), None, None, 1, eps=3.0).data
    slips = {
        "eps stands outside the root: it is added to the variance.": (x - [[2], [2]])
        / (np.sqrt([[1], [0]]) + 3.0),
        "eps is not used.": np.array([[-1.0, 1.0], [0.0, 0.0]]),
    }
    compared(
        "NormalizeOp of [[1, 3], [2, 2]] with eps 3", found, [[-0.5, 0.5], [0, 0]], slips,
        "The rows have variance 1 and 0: divide by sqrt(1 + 3) and sqrt(0 + 3)",
    )  # fmt: skip


def test_6_2_takes_the_statistics_that_it_is_given():
    x, mean, var = np.array([[4.0, 8.0]]), np.array([[2.0]]), np.array([[4.0]])
    found = F.NormalizeOp.apply(Tensor(x), None, None, mean, var, 1, 0.0).data
    compared(
        "NormalizeOp of [[4, 8]] with mean 2 and var 4", found, [[1.0, 3.0]],
        why="Use the `mean` and `var` of the arguments; do not compute them again",
    )  # fmt: skip


def test_6_2_keeps_what_the_way_back_needs():
    (x,) = draw((3, 4))
    weight = Tensor(np.full(4, 2.0))
    node = apply_normalize(Tensor(x, requires_grad=True), weight, None, 1).grad_fn
    for name in ("rate", "normal"):
        assert hasattr(node, name), f"NormalizeOp.forward must set self.{name}: backward needs it"
    _, var = statistics(x, 1)
    slips = {"That is the root itself: the rate is 1 over it.": np.sqrt(var + EPS)}
    compared("self.rate", node.rate, 1 / np.sqrt(var + EPS), slips, "It is 1 / sqrt(var + eps).")
    slips = {"That is after the scale: keep the numbers before it.": slow_normalize(x, 2.0)}
    compared("self.normal", node.normal, slow_normalize(x), slips, "(x - mean) * rate")


def test_6_2_keeps_the_dtype():
    for dtype in (np.float32, np.float64):
        x, weight = (a.astype(dtype) for a in draw((3, 4), 4))
        out = apply_normalize(Tensor(x, requires_grad=True), Tensor(weight), Tensor(weight), 0)
        same_dtype("the result of NormalizeOp", out.data, dtype)
        for name in ("rate", "normal"):
            same_dtype(f"self.{name} of NormalizeOp", getattr(out.grad_fn, name), dtype)


# ---- 6.3


def normalize_slips(x, weight, back, axis):
    """What known slips give for the gradient of x."""
    rate = 1 / np.sqrt(statistics(x, axis)[1] + EPS)
    normal = slow_normalize(x, axis=axis)
    g = back if weight is None else back * weight
    first = g.mean(axis=axis, keepdims=True)
    second = (g * normal).mean(axis=axis, keepdims=True)
    plain = back.mean(axis=axis, keepdims=True), (back * normal).mean(axis=axis, keepdims=True)
    n = x.shape[axis]
    return {
        "Mean and variance are treated as constants: they are made of x too.": rate * g,
        "The part along `normal` is not taken away: the variance is made of x too.": rate
        * (g - first),
        "The mean of the gradient is not taken away: the mean is made of x too.": rate
        * (g - normal * second),
        "The part along `normal` is added: it is taken away.": rate * (g - first + normal * second),
        "The weight is left out: `g = grad * weight` first.": rate
        * (back - plain[0] - normal * plain[1]),
        "The rate is left out.": g - first - normal * second,
        "Divided by the rate: multiply, it is 1 over the root.": (g - first - normal * second)
        / rate,
        "These are sums along the axis: take means.": rate * (g - n * first - normal * n * second),
        "The mean of g * normal must be multiplied by `normal` again.": rate * (g - first - second),
        "Both means are of the gradient before the weight.": rate
        * (g - plain[0] - normal * plain[1]),
        "The mean of g * normal is taken without the weight.": rate
        * (g - first - normal * plain[1]),
        "That is a sum along normal: take the mean.": rate * (g - first - n * normal * second),
    }


@pytest.mark.parametrize("which", ["", "wb"])
@pytest.mark.parametrize("axis", [1, 0])
def test_6_3_gradients(axis, which):
    x, back = draw((4, 3), (4, 3), seed=1)
    weight, bias = with_affine(x, which)
    call = f"NormalizeOp of a (4, 3) matrix, axis {axis}, weight and bias: {which or 'none'}"
    found = gradients(call, lambda *t: apply_normalize(*t, axis), [x, weight, bias], back)

    def loss():
        return float((slow_normalize(x, weight, bias, axis) * back).sum())

    compared(
        f"{call}: the gradient of x", found[0], numeric_gradient(loss, x),
        normalize_slips(x, weight, back, axis), "rate * (g - mean(g) - normal * mean(g * normal))",
    )  # fmt: skip
    if weight is None:
        return
    normal = slow_normalize(x, axis=axis)
    compared(
        f"{call}: the gradient of weight", found[1], (back * normal).sum(0),
        {
            "That is a mean: sum over the rows.": (back * normal).mean(0),
            "The weight multiplies `normal`, not x.": (back * x).sum(0),
            "That has the weight in it: take the gradient that arrives.": (back * normal).sum(0)
            * weight,
        },
        "grad * normal, summed over the rows (axis 0), whatever the axis of the statistics",
    )  # fmt: skip
    compared(
        f"{call}: the gradient of bias", found[2], back.sum(0),
        {
            "That is a mean: sum over the rows.": back.mean(0),
            "That has the weight in it: the bias is added after it.": (back * weight).sum(0),
        },
        "grad, summed over the rows (axis 0)",
    )  # fmt: skip


def test_6_3_nothing_is_left_in_the_two_directions():
    x, back = draw((1, 6), (1, 6), seed=2)
    x *= 100
    (found,) = gradients("NormalizeOp", lambda t: apply_normalize(t, None, None, 1), [x], back)
    for what, direction in (("of ones", np.ones_like(x)), ("of x", x - x.mean())):
        part = abs((found * direction).sum()) / np.abs(found * direction).sum()
        assert part < 1e-4, (
            f"the gradient of x has a part in the direction {what}: moving x in this direction "
            "does not change the result, so the slope there is 0"
        )


def test_6_3_leaves_the_arriving_gradient_alone():
    x, back = draw((3, 4), (3, 4))
    normal, rate = slow_normalize(x), 1 / np.sqrt(statistics(x, 1)[1] + EPS)
    for weight in (None, np.full(4, 2.0)):
        arrays = back.copy(), normal.copy(), rate.copy()
        result = attempt(
            "normalize_gradients",
            lambda a=arrays, w=weight: F.normalize_gradients(*a, w, 1),
        )
        assert len(result) == 3, (
            f"normalize_gradients gave {len(result)} results, expected three: for x, weight, bias"
        )
        for name, array, before in zip(("grad", "normal", "rate"), arrays, (back, normal, rate)):
            assert np.array_equal(array, before), (
                f"normalize_gradients changed `{name}`: others may hold the same array"
            )


def test_6_3_keeps_the_dtype():
    x, back = (a.astype(np.float32) for a in draw((3, 4), (3, 4)))
    weight = np.full(4, 2.0, np.float32)
    found = gradients("NormalizeOp", lambda *t: apply_normalize(*t, 0), [x, weight, weight], back)
    for name, array in zip(("x", "weight", "bias"), found):
        same_dtype(f"the gradient of {name}", array, np.float32)


# ---- 6.4


def slow_layer_norm(x, shape, weight=None, bias=None, eps=EPS):
    axes = tuple(range(x.ndim - len(shape), x.ndim))
    mean = x.mean(axis=axes, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
    out = (x - mean) / np.sqrt(var + eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


LAYER_SHAPES = [((5,), (5,)), ((3, 4), (4,)), ((2, 3, 4), (4,)), ((2, 3, 4), (3, 4)),
                ((2, 3, 4), (2, 3, 4))]  # fmt: skip


@pytest.mark.parametrize(("shape", "normalized"), LAYER_SHAPES)
def test_6_4_layer_norm_is_its_definition(shape, normalized):
    x, weight, bias = draw(shape, normalized, normalized)
    for w, b in ((None, None), (weight, bias), (weight, None)):
        call = f"layer_norm(input of shape {shape}, {normalized})"
        call += "" if w is None else " with weight" + (" and bias" if b is not None else "")
        tensors = [None if a is None else Tensor(a) for a in (w, b)]
        out = attempt(call, lambda t=tensors: F.layer_norm(Tensor(x), normalized, *t))
        slips = {"The scale and shift are missing.": slow_layer_norm(x, normalized)}
        if x.ndim == 2:
            slips["That is along each column: axis 1 is along each row."] = (
                x - x.mean(0)
            ) / np.sqrt(x.var(0) + EPS)
        why = f"Each row of {int(np.prod(normalized))} numbers has a mean and variance of its own."
        compared(call, out.data, slow_layer_norm(x, normalized, w, b), slips, why)


def test_6_4_eps_is_passed_on():
    out = F.layer_norm(tensor([[1.0, 3.0]]), 2, eps=3.0)
    compared("layer_norm([[1, 3]], 2, eps=3)", out.data, [[-0.5, 0.5]], why="Pass `eps` on")


@pytest.mark.parametrize(("shape", "normalized"), LAYER_SHAPES[1:4])
def test_6_4_gradients(shape, normalized):
    x, weight, bias, back = draw(shape, normalized, normalized, shape, seed=3)
    call = f"layer_norm(input of shape {shape}, {normalized})"
    found = gradients(
        call, lambda x, w, b: F.layer_norm(x, normalized, w, b), [x, weight, bias], back
    )

    def loss():
        return float((slow_layer_norm(x, normalized, weight, bias) * back).sum())

    for name, array, got in zip(("input", "weight", "bias"), (x, weight, bias), found):
        compared(
            f"{call}: the gradient of the {name}", got, numeric_gradient(loss, array),
            why="Give NormalizeOp axis 1, that of the statistics, and reshape the tensor itself",
        )  # fmt: skip


def test_6_4_shapes_that_do_not_fit_are_told():
    with pytest.raises(RuntimeError, match=r"layer_norm.*\(2, 3\).*\(4,\)"):
        F.layer_norm(Tensor(np.zeros((2, 3))), 4)
    with pytest.raises(RuntimeError, match=r"weight has shape \(2,\)"):
        F.layer_norm(Tensor(np.zeros((2, 3))), 3, Tensor(np.zeros(2)))
    with pytest.raises(RuntimeError, match=r"LayerNorm\(\(4,\).*\(2, 3\)"):
        nn.LayerNorm(4)(Tensor(np.zeros((2, 3), np.float32)))


# ---- 6.5


def slow_rms(x, weight=None, eps=EPS):
    out = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
    return out if weight is None else out * weight


def test_6_5_rms_norm_is_its_definition():
    x, weight = draw((3, 4), 4)
    eps = 0.5  # so large that its place can be seen
    for w in (None, weight):
        call = f"RMSNormOp of a (3, 4) matrix, eps {eps}" + ("" if w is None else " with weight")
        out = attempt(
            call, lambda w=w: F.RMSNormOp.apply(Tensor(x), None if w is None else Tensor(w), eps)
        )
        size = (x * x).mean(axis=1, keepdims=True)
        w = 1 if w is None else w
        mean, var = statistics(x, 1)
        slips = {
            "The mean is subtracted: RMS norm leaves it.": (x - mean) / np.sqrt(size + eps) * w,
            "Divided by the mean square: divide by its root.": x / (size + eps) * w,
            "Divided by the root of the sum: take the mean of the squares.": x
            / np.sqrt(4 * size + eps)
            * w,
            "The weight is missing.": slow_rms(x, eps=eps),
            "eps is not used.": x / np.sqrt(size) * w,
            "eps stands outside the root.": x / (np.sqrt(size) + eps) * w,
            "The mean is along the columns: each row has its own.": x
            / np.sqrt((x * x).mean(axis=0) + eps)
            * w,
            "That is the variance: RMS norm does not subtract the mean.": x
            / np.sqrt(var + eps)
            * w,
        }
        expected = slow_rms(x, eps=eps) * w
        compared(call, out.data, expected, slips, "x / sqrt(mean(x²) + eps) * weight")


@pytest.mark.parametrize("weighted", [False, True])
def test_6_5_gradients(weighted):
    x, weight, back = draw((3, 4), 4, (3, 4), seed=4)
    weight = weight if weighted else None
    call = "RMSNormOp of a (3, 4) matrix" + (" with weight" if weighted else "")
    found = gradients(call, lambda x, w: F.RMSNormOp.apply(x, w, EPS), [x, weight], back)
    expected = numeric_gradient(lambda: float((slow_rms(x, weight) * back).sum()), x)
    normal = slow_rms(x)
    rate = 1 / np.sqrt((x * x).mean(axis=1, keepdims=True) + EPS)
    g = back if weight is None else back * weight
    second = (g * normal).mean(axis=1, keepdims=True)
    slips = {
        "The rate is treated as a constant: it is made of x too.": rate * g,
        "The part along `normal` is added: it is taken away.": rate * (g + normal * second),
        "The weight is left out of g.": rate
        * (back - normal * (back * normal).mean(axis=1, keepdims=True)),
        "The mean of g is taken away too: adding a number to all of x changes the result here.": (
            rate * (g - g.mean(axis=1, keepdims=True) - normal * second)
        ),
        "That is a sum along the row: take the mean.": rate * (g - 4 * normal * second),
        "The rate is left out.": g - normal * second,
    }
    if weighted:
        scaled = normal * weight
        slips["self.normal has the weight in it: keep the numbers before the scale."] = rate * (
            g - scaled * (g * scaled).mean(axis=1, keepdims=True)
        )
    compared(f"{call}: the gradient of x", found[0], expected, slips,
             "rate * (g - normal * mean(g * normal)), the mean along each row")  # fmt: skip
    if weighted:
        compared(f"{call}: the gradient of weight", found[1], (back * normal).sum(0),
                 {"That is a mean: sum over the rows.": (back * normal).mean(0)},
                 "grad * normal, summed over the rows")  # fmt: skip


def test_6_5_the_function_and_the_layer():
    (x,) = draw((2, 3, 4))
    compared("rms_norm(x of shape (2, 3, 4), 4)", F.rms_norm(Tensor(x), 4, eps=EPS).data,
             slow_rms(x))  # fmt: skip
    layer = nn.RMSNorm(4)
    x = x.astype(np.float32)
    out = layer(Tensor(x))
    same_dtype("the result of RMSNorm(4)", out.data, np.float32)
    compared("RMSNorm(4)(x)", out.data, slow_rms(x, eps=np.finfo(np.float32).eps))


# ---- 6.6


def slow_group_norm(x, groups, weight=None, bias=None, eps=EPS):
    out = np.zeros_like(x)
    size = x.shape[1] // groups
    for n in range(len(x)):
        for g in range(groups):
            part = x[n, g * size : (g + 1) * size]
            out[n, g * size : (g + 1) * size] = (part - part.mean()) / np.sqrt(part.var() + eps)
    places = (-1, *(1,) * (x.ndim - 2))
    out = out if weight is None else out * weight.reshape(places)
    return out if bias is None else out + bias.reshape(places)


GROUP_SHAPES = [((2, 6), 3), ((2, 6), 1), ((3, 4, 5), 2), ((2, 6, 2, 3), 3), ((2, 4, 3, 2), 4),
                ((1, 4, 3, 2), 1)]  # fmt: skip


@pytest.mark.parametrize(("shape", "groups"), GROUP_SHAPES)
def test_6_6_group_norm_is_its_definition(shape, groups):
    x, weight, bias = draw(shape, shape[1], shape[1])
    call = f"group_norm(input of shape {shape}, {groups})"
    slips = {
        "That is one mean for the whole image.": slow_group_norm(x, 1),
        "That is one mean for each channel.": slow_group_norm(x, shape[1]),
    }
    out = attempt(call, lambda: F.group_norm(Tensor(x), groups))
    size = int(np.prod(shape[1:])) // groups
    why = f"There are {shape[0] * groups} rows of {size} numbers, in the order of memory."
    compared(call, out.data, slow_group_norm(x, groups), slips, why)
    out = attempt(call, lambda: F.group_norm(Tensor(x), groups, Tensor(weight), Tensor(bias)))
    slips = {
        "The scale and shift are missing.": slow_group_norm(x, groups),
        "The bias is missing.": slow_group_norm(x, groups, weight),
    }
    expected = slow_group_norm(x, groups, weight, bias)
    compared(f"{call} with weight and bias", out.data, expected, slips,
             "Each channel has its own weight and bias: (N, C, rest) times (C, 1)")  # fmt: skip


@pytest.mark.parametrize(("shape", "groups"), GROUP_SHAPES[2:4])
def test_6_6_gradients(shape, groups):
    x, weight, bias, back = draw(shape, shape[1], shape[1], shape, seed=6)
    call = f"group_norm(input of shape {shape}, {groups})"
    found = gradients(call, lambda x, w, b: F.group_norm(x, groups, w, b), [x, weight, bias], back)

    def loss():
        return float((slow_group_norm(x, groups, weight, bias) * back).sum())

    for name, array, got in zip(("input", "weight", "bias"), (x, weight, bias), found):
        compared(f"{call}: the gradient of the {name}", got, numeric_gradient(loss, array),
                 why="Reshape the tensors themselves, so that autograd sees it")  # fmt: skip


def test_6_6_eps_is_passed_on():
    out = F.group_norm(tensor([[1.0, 3.0]]), 1, eps=3.0)
    compared("group_norm([[1, 3]], 1, eps=3)", out.data, [[-0.5, 0.5]], why="Pass `eps` on")


def test_6_6_groups_that_do_not_divide_are_told():
    with pytest.raises(RuntimeError, match="num_groups=4 must divide the 6 channels"):
        F.group_norm(Tensor(np.zeros((2, 6))), 4)
    with pytest.raises(ValueError, match="num_groups=4 must divide the 6 channels"):
        nn.GroupNorm(4, 6)


# ---- 6.7

COLUMN_SHAPES = [(4, 3), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 1, 2), (1, 2, 2, 2), (3, 3, 3, 3)]


@pytest.mark.parametrize("shape", COLUMN_SHAPES)
def test_6_7_a_column_has_one_channel(shape):
    (x,) = draw(shape)
    call = f"as_columns(input of shape {shape})"
    columns = attempt(call, lambda: F.as_columns(x))
    rows = x.size // shape[1]
    assert tuple(columns.shape) == (rows, shape[1]), (
        f"{call} has shape {tuple(columns.shape)}, expected {(rows, shape[1])}: a column for each "
        "channel, a row for each place of each example"
    )
    for channel in range(shape[1]):
        found, expected = columns[:, channel], x[:, channel].ravel()
        assert np.array_equal(np.sort(found), np.sort(expected)), (
            f"{call}: column {channel} does not hold the numbers of channel {channel}: bring the "
            "channels to the last axis with transpose before you reshape"
        )
        assert np.array_equal(found, expected), (
            f"{call}: column {channel} has channel {channel} in another order: first all places of "
            "example 0, in the order of memory, then those of example 1"
        )


@pytest.mark.parametrize("shape", COLUMN_SHAPES)
def test_6_7_the_way_back(shape):
    (x,) = draw(shape)
    columns = np.moveaxis(x, 1, -1).reshape(-1, shape[1])
    call = f"from_columns(columns, {shape})"
    found = attempt(call, lambda: F.from_columns(columns, shape))
    assert tuple(found.shape) == shape, (
        f"{call} has shape {tuple(found.shape)}: reshape to (N, ..., C), then move the last axis "
        "to place 1"
    )
    assert np.array_equal(found, x), (
        f"{call} has the right shape, but the numbers stand in other places: the channels are the "
        "*last* axis of the reshaped columns, and transpose brings it to place 1; the others keep "
        "their order"
    )


@pytest.mark.in_process  # the same memory cannot be seen from another process
def test_6_7_images_that_have_their_channels_together_are_not_copied():
    pixels = np.arange(24.0).reshape(2, 2, 2, 3)  # as a convolution leaves them
    shared = np.shares_memory(F.as_columns(pixels.transpose(0, 3, 1, 2)), pixels)
    assert shared, (
        "as_columns copied images whose channels stand together already: transpose looks at the "
        "same memory, and so does the reshape after it"
    )


# ---- 6.8


def updated(running_mean, running_var, mean, var, count, momentum):
    arrays = [np.array(a, np.float64) for a in (running_mean, running_var)]
    F.update_running(*arrays, np.array(mean), np.array(var), count, momentum)
    return arrays


@pytest.mark.shared
def test_6_8_moves_toward_the_batch():
    call = "update_running([0, 2], [1, 1], [10, 4], [3, 6], count 4, momentum 0.1)"
    mean, var = updated([0.0, 2.0], [1.0, 1.0], [10.0, 4.0], [3.0, 6.0], 4, 0.1)
    slips = {
        "Nothing has changed: write into the array (`*=` and `+=`, or `[...] =`).": [0.0, 2.0],
        "The shares are exchanged: momentum is the share of the new.": [9.0, 3.8],
        "The old is not made smaller: its share is 1 - momentum.": [1.0, 2.4],
        "The batch takes the place of all: its share is momentum.": [10.0, 4.0],
    }
    compared(f"{call}: running_mean", mean, [1.0, 2.2], slips, "0.9 * old + 0.1 * new")
    slips = {
        "That is the biased variance: remember var * n / (n - 1).": [1.2, 1.5],
        "That is var * (n - 1) / n: the unbiased variance is larger than the biased one.": [
            0.9 + 0.1 * 3 * 0.75, 0.9 + 0.1 * 6 * 0.75,
        ],
        "Nothing has changed: write into the array (`*=` and `+=`, or `[...] =`).": [1.0, 1.0],
        "The shares are exchanged: momentum is the share of the new.": [0.1 + 3.6, 0.1 + 7.2],
        "The old variance is made unbiased too: only the batch's.": [
            (0.9 + 0.3) * 4 / 3, (0.9 + 0.6) * 4 / 3,
        ],
        "That is the root: it is the variance that is remembered.": [1.1, 0.9 + 0.1 * 8**0.5],
        "The old is not made smaller: its share is 1 - momentum.": [1.4, 1.8],
    }  # fmt: skip
    compared(f"{call}: running_var", var, [1.3, 1.7], slips,
             "0.9 * old + 0.1 * var * 4 / 3")  # fmt: skip


@pytest.mark.shared
def test_6_8_twice_and_the_ends():
    for momentum, expected in ((0.0, [5.0, 7.0]), (1.0, [2.0, 4.0])):
        mean, var = updated([5.0], [7.0], [2.0], [2.0], 2, momentum)
        found = [mean.item(), var.item()]
        assert np.allclose(found, expected), (
            f"update_running([5], [7], [2], [2], count 2, momentum {momentum}) gave {found}, "
            f"expected {expected}"
        )
    arrays = np.zeros(1), np.zeros(1)
    for _ in range(2):
        F.update_running(*arrays, np.array([8.0]), np.array([1.0]), 2, 0.5)
    assert np.allclose(arrays[0], 6.0), (
        f"after two batches of mean 8, momentum 0.5, running_mean is {arrays[0].item()}, "
        "expected 6: 0, 4, 6"
    )


def test_6_8_leaves_the_batch_and_the_dtype_alone():
    mean, var = np.array([3.0], np.float32), np.array([4.0], np.float32)
    running = np.zeros(1, np.float32), np.ones(1, np.float32)
    F.update_running(*running, mean, var, 4, 0.1)
    assert mean.item() == 3.0, "update_running changed the batch's mean: NormalizeOp needs it"
    assert var.item() == 4.0, (
        "update_running changed the batch's variance: what normalizes is the biased one"
    )


# ---- 6.9


def slow_batch_norm(x, weight=None, bias=None, eps=EPS, mean=None, var=None):
    axes = (0, *range(2, x.ndim))
    places = (1, -1, *(1,) * (x.ndim - 2))
    mean = x.mean(axis=axes) if mean is None else mean
    var = x.var(axis=axes) if var is None else var
    out = (x - mean.reshape(places)) / np.sqrt(var.reshape(places) + eps)
    out = out if weight is None else out * weight.reshape(places)
    return out if bias is None else out + bias.reshape(places)


BATCH_SHAPES = [(5, 3), (4, 3, 2), (3, 2, 4, 3), (2, 1, 2, 2)]


@pytest.mark.parametrize("shape", BATCH_SHAPES)
def test_6_9_training_uses_the_batch(shape):
    x, weight, bias = draw(shape, shape[1], shape[1])
    running = Tensor(np.zeros(shape[1])), Tensor(np.ones(shape[1]))
    call = f"batch_norm(input of shape {shape}, ..., training=True)"
    out = attempt(
        call, lambda: F.batch_norm(Tensor(x), *running, Tensor(weight), Tensor(bias), training=True)
    )
    n = x.size // shape[1]
    axes = (0, *range(2, x.ndim))
    unbiased = x.var(axis=axes) * n / (n - 1)
    slips = {
        "Normalized with the running statistics: in training it is the batch's.": slow_batch_norm(
            x, weight, bias, mean=np.zeros(shape[1]), var=np.ones(shape[1])
        ),
        "Normalized with the unbiased variance: that one is only remembered.": slow_batch_norm(
            x, weight, bias, var=unbiased
        ),
        "The scale and shift are missing.": slow_batch_norm(x),
        "Normalized with the running statistics after the update.": slow_batch_norm(
            x, weight, bias, mean=0.1 * x.mean(axis=axes), var=0.9 + 0.1 * unbiased
        ),
    }
    compared(call, out.data, slow_batch_norm(x, weight, bias), slips,
             "Each channel has one mean, over all examples and places.")  # fmt: skip
    slips = {"It did not move: call update_running.": np.zeros(shape[1])}
    compared(f"{call}: running_mean", running[0].data, 0.1 * x.mean(axis=axes), slips)
    slips = {
        "It did not move: call update_running.": np.ones(shape[1]),
        "That is the biased variance.": 0.9 + 0.1 * x.var(axis=axes),
        f"`count` is not right: there are {n} numbers of each channel.": 0.9
        + 0.1 * x.var(axis=axes) * shape[0] / max(shape[0] - 1, 1),
    }
    compared(f"{call}: running_var", running[1].data, 0.9 + 0.1 * unbiased, slips,
             f"0.9 * old + 0.1 * var * {n} / {n - 1}")  # fmt: skip


@pytest.mark.parametrize("shape", BATCH_SHAPES)
def test_6_9_evaluation_uses_what_is_remembered(shape):
    x, weight, bias, mean = draw(shape, shape[1], shape[1], shape[1])
    var = np.arange(shape[1]) + 0.5
    running = Tensor(mean.copy()), Tensor(var.copy())
    call = f"batch_norm(input of shape {shape}, ..., training=False)"
    out = attempt(call, lambda: F.batch_norm(Tensor(x), *running, Tensor(weight), Tensor(bias)))
    slips = {
        "Normalized with the batch's statistics: they are for training.": slow_batch_norm(
            x, weight, bias
        ),
        "The scale and shift are missing.": slow_batch_norm(x, mean=mean, var=var),
    }
    compared(call, out.data, slow_batch_norm(x, weight, bias, mean=mean, var=var), slips,
             "(input - running_mean) / sqrt(running_var + eps), then _affine")  # fmt: skip
    for name, tensor_, before in zip(("running_mean", "running_var"), running, (mean, var)):
        assert np.array_equal(tensor_.data, before), (
            f"{call} changed {name}: what is remembered moves in training only"
        )


def test_6_9_momentum_and_eps_are_passed_on():
    running = Tensor(np.zeros(1)), Tensor(np.ones(1))
    x = tensor([[1.0], [3.0]])
    out = F.batch_norm(x, *running, training=True, momentum=0.5, eps=3.0)
    compared("batch_norm([[1], [3]], training=True, eps=3)", out.data, [[-0.5], [0.5]],
             why="Pass `eps` on")  # fmt: skip
    compared("running_mean with momentum 0.5", running[0].data, [1.0], why="Pass `momentum` on")
    running = Tensor(np.array([1.0])), Tensor(np.array([4.0]))
    out = F.batch_norm(x, *running, eps=5.0)
    compared("batch_norm([[1], [3]], mean 1, var 4, training=False, eps=5)", out.data,
             [[0.0], [2 / 3]],
             {"eps stands outside the root: it is added to the variance.": [[0.0], [2 / 7]],
              "Divided by the variance: divide by its root.": [[0.0], [2 / 9]],
              "eps is not used.": [[0.0], [1.0]]},
             "Add `eps` to the variance, inside the root")  # fmt: skip


def test_6_9_nothing_need_be_remembered():
    (x,) = draw((4, 2))
    out = attempt(
        "batch_norm(x, None, None, training=True)",
        lambda: F.batch_norm(Tensor(x), None, None, training=True),
    )
    compared("batch_norm(x, None, None, training=True)", out.data, slow_batch_norm(x))


@pytest.mark.parametrize("training", [True, False])
def test_6_9_gradients(training):
    x, weight, bias, back = draw((3, 2, 2), 2, 2, (3, 2, 2), seed=7)
    mean, var = np.array([0.5, -1.0]), np.array([2.0, 0.5])
    used = {} if training else {"mean": mean, "var": var}

    def function(x, w, b):
        running = Tensor(mean.copy()), Tensor(var.copy())
        return F.batch_norm(x, *running, w, b, training=training)

    def loss():
        return float((slow_batch_norm(x, weight, bias, **used) * back).sum())

    call = f"batch_norm(input of shape (3, 2, 2), training={training})"
    found = gradients(call, function, [x, weight, bias], back)
    why = (
        "In training the statistics are made of x, and BatchNormOp knows that; otherwise they are "
        "constants."
    )
    for name, array, got in zip(("input", "weight", "bias"), (x, weight, bias), found):
        compared(f"{call}: the gradient of the {name}", got, numeric_gradient(loss, array), why=why)


def test_6_9_shapes_that_do_not_fit_are_told():
    two, x = Tensor(np.zeros(2)), Tensor(np.zeros((4, 3)))
    with pytest.raises(RuntimeError, match=r"running_mean has shape \(2,\).*\(4, 3\)"):
        F.batch_norm(x, two, two)
    with pytest.raises(RuntimeError, match="give both"):
        F.batch_norm(x, None, None)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        F.batch_norm(Tensor(np.zeros((1, 3))), None, None, training=True)


# ---- 6.10


def batch(seed=0, shape=(4, 3)):
    return draw(shape, seed=seed)[0].astype(np.float32)


def test_6_10_buffers():
    layer = nn.BatchNorm1d(3)
    found = {name: (b.shape, str(b.dtype)) for name, b in layer.named_buffers()}
    expected = {
        "running_mean": ((3,), "float32"),
        "running_var": ((3,), "float32"),
        "num_batches_tracked": ((), "int64"),
    }
    assert found == expected, (
        f"BatchNorm1d(3) has the buffers {found}, expected {expected}: register_buffer(name, "
        "tensor) enters one"
    )
    values = [layer.running_mean.tolist(), layer.running_var.tolist()]
    assert values == [[0.0] * 3, [1.0] * 3], (
        f"running_mean and running_var of a new BatchNorm1d(3) are {values}, expected zeros, ones"
    )
    assert layer.num_batches_tracked.item() == 0, "no batch has been counted yet"
    names = [name for name, _ in layer.named_parameters()]
    assert names == ["weight", "bias"], (
        f"BatchNorm1d(3) has the parameters {names}: what is remembered is not learned"
    )
    without = nn.BatchNorm1d(3, track_running_stats=False)
    assert list(without.state_dict()) == ["weight", "bias"], (
        f"with track_running_stats=False the state is {list(without.state_dict())}: register all "
        "three as None"
    )
    assert "running_mean" in without._buffers, (
        "with track_running_stats=False register the three as None all the same, so that "
        "layer.running_mean is None"
    )


def test_6_10_training_remembers_and_counts():
    layer = nn.BatchNorm1d(3)
    x = batch()
    out = attempt("BatchNorm1d(3)(x)", lambda: layer(Tensor(x)))
    compared("BatchNorm1d(3)(x) in training", out.data, slow_batch_norm(x))
    compared("running_mean after one batch", layer.running_mean.data, 0.1 * x.mean(0),
             {"It did not move.": np.zeros(3)})  # fmt: skip
    compared("running_var after one batch", layer.running_var.data, 0.9 + 0.1 * x.var(0) * 4 / 3)
    layer(Tensor(x))
    count = layer.num_batches_tracked
    assert count.item() == 2, f"after two batches num_batches_tracked is {count.item()}, expected 2"
    assert count.dtype == np.int64, f"num_batches_tracked is {count.dtype} now, expected int64"


def test_6_10_evaluation_uses_what_is_remembered():
    layer = nn.BatchNorm1d(3)
    for seed in range(3):
        layer(Tensor(batch(seed)))
    layer.eval()
    before = {name: np.array(b.data) for name, b in layer.named_buffers()}
    x = batch(9)
    out = layer(Tensor(x)).data
    compared(
        "BatchNorm1d(3)(x) in evaluation", out,
        slow_batch_norm(x, mean=before["running_mean"], var=before["running_var"]),
        {"Normalized with the batch's statistics: in evaluation it takes the running ones.":
            slow_batch_norm(x)},
    )  # fmt: skip
    for name, values in before.items():
        assert np.array_equal(getattr(layer, name).data, values), (
            f"in evaluation BatchNorm1d changed {name}: only training changes it"
        )


def test_6_10_without_momentum_it_is_the_average():
    layer = nn.BatchNorm1d(3, momentum=None)
    batches = [batch(seed) for seed in range(4)]
    try:
        for x in batches:
            layer(Tensor(x))
    except TypeError as error:
        raise AssertionError(
            f"BatchNorm1d(3, momentum=None): {error}. momentum=None means 1 / "
            "num_batches_tracked, counted after this batch"
        ) from None
    call = "BatchNorm1d(3, momentum=None), four batches"
    expected = np.mean([x.mean(0) for x in batches], axis=0)
    compared(f"{call}: running_mean", layer.running_mean.data, expected,
             why="The share of the new is 1 / (batches so far, this one included)")  # fmt: skip
    expected = np.mean([x.var(0) * 4 / 3 for x in batches], axis=0)
    compared(f"{call}: running_var", layer.running_var.data, expected)


@pytest.mark.parametrize("training", [True, False])
def test_6_10_nothing_remembered(training):
    layer = nn.BatchNorm1d(3, track_running_stats=False).train(training)
    x = batch()
    call = f"BatchNorm1d(3, track_running_stats=False) with training={training}"
    try:
        out = attempt(call, lambda: layer(Tensor(x)))
    except RuntimeError as error:
        raise AssertionError(
            f"{call} stopped with: {error}. Where nothing is remembered, the batch's statistics "
            "are used in both modes"
        ) from None
    compared(call, out.data, slow_batch_norm(x))


def test_6_10_everything_is_passed_on():
    layer = nn.BatchNorm2d(2, eps=3.0, momentum=0.5)
    layer.weight.data[:], layer.bias.data[:] = [2.0, 3.0], [-1.0, 1.0]
    x = batch(shape=(3, 2, 2, 2))
    call = "BatchNorm2d(2, eps=3, momentum=0.5) with weight [2, 3], bias [-1, 1]"
    expected = slow_batch_norm(x, layer.weight.data, layer.bias.data, eps=3.0)
    slips = {
        "eps is not passed on.": slow_batch_norm(x, layer.weight.data, layer.bias.data),
        "weight and bias are not passed on.": slow_batch_norm(x, eps=3.0),
    }
    compared(call, layer(Tensor(x)).data, expected, slips)
    compared(f"{call}: running_mean", layer.running_mean.data, 0.5 * x.mean(axis=(0, 2, 3)),
             {"momentum is not passed on.": 0.1 * x.mean(axis=(0, 2, 3))})  # fmt: skip


def test_6_10_a_state_brings_back_what_was_remembered():
    layer, other = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    for seed in range(3):
        layer(Tensor(batch(seed)))
    other.load_state_dict(layer.state_dict())
    x = batch(9)
    assert np.array_equal(other.eval()(Tensor(x)).data, layer.eval()(Tensor(x)).data), (
        "a BatchNorm1d that loaded another's state gives other results in evaluation: the running "
        "statistics must be buffers"
    )
    assert other.num_batches_tracked.item() == 3, "the number of batches belongs to the state too"
    other.train()(Tensor(x))
    count = other.num_batches_tracked.item()
    assert count == 4, (
        f"num_batches_tracked was 3 in the state that was loaded, and is {count} after one more "
        "batch, expected 4: count in the buffer itself, num_batches_tracked.data += 1"
    )


def test_6_10_bad_input_is_told():
    for layer, shape, kind, said in (
        (nn.BatchNorm1d(3), (2, 3, 4, 4), ValueError, r"BatchNorm1d\(3.*2D or 3D.*4D"),
        (nn.BatchNorm2d(3), (2, 3), ValueError, r"BatchNorm2d\(3.*4D.*2D"),
        (nn.BatchNorm2d(3), (2, 8, 4, 4), RuntimeError, r"\(2, 8, 4, 4\) has 8 channels.*has 3"),
        (nn.BatchNorm1d(3), (1, 3), ValueError, "BatchNorm1d.*more than 1 value per channel"),
    ):
        with pytest.raises(kind, match=said):
            layer(Tensor(np.zeros(shape, np.float32)))


# ---- 6.11


def test_6_11_each_number_is_drawn_for_itself():
    manual_seed(0)
    call = "dropout_mask((50, 50), 0.5, float32)"
    mask = attempt(call, lambda: F.dropout_mask((50, 50), 0.5, np.dtype("float32"))) != 0
    for what, share in (("row", mask.mean(axis=1)), ("column", mask.mean(axis=0))):
        assert share.min() > 0, f"a whole {what} of a (50, 50) mask is 0: draw for each number"
        assert share.max() < 1, f"a whole {what} of a (50, 50) mask is kept: draw for each number"
    first, second = (F.dropout_mask((50,), 0.5, np.dtype("float32")) for _ in range(2))
    assert not np.array_equal(first, second), "two masks are the same: draw at each call"


def test_6_11_how_many_are_dropped_differs():
    manual_seed(0)
    float32 = np.dtype("float32")
    dropped = {int((F.dropout_mask((10,), 0.3, float32) == 0).sum()) for _ in range(50)}
    assert len(dropped) > 2, (
        f"50 masks of 10 numbers with p=0.3 each drop {sorted(dropped)} of them: each number is "
        "dropped with probability p, whatever happens to the others"
    )
    alone = np.mean([F.dropout_mask((1,), 0.3, float32).item() == 0 for _ in range(400)])
    assert 0.15 < alone < 0.45, (
        f"400 masks of a single number with p=0.3 drop it {alone:.0%} of the time, expected 30%"
    )


def test_6_11_a_mask_is_0_or_the_factor():
    manual_seed(0)
    for p in (0.25, 0.5, 0.9):
        call = f"dropout_mask((100, 200), {p}, float32)"
        mask = attempt(call, lambda p=p: F.dropout_mask((100, 200), p, np.dtype("float32")))
        assert mask.shape == (100, 200), f"{call} has shape {mask.shape}"
        same_dtype(call, mask, np.float32)
        kept = mask[mask != 0]
        values = sorted(set(kept.round(4).tolist()))
        factor = round(1 / (1 - p), 4)
        assert len(values) == 1, (
            f"{call} has the values {values[:4]} besides 0, expected only 1 / (1 - p) = {factor}"
        )
        share = 1 - len(kept) / mask.size
        assert abs(share - p) < 0.02, (
            f"{call}: {share:.0%} of the numbers are 0, expected {p:.0%}: p is the probability to "
            "be *dropped*"
        )
        likely = {1.0: " The division by 1 - p is missing.", round(1 / p, 4): " It is 1 / p."}
        assert np.isclose(values[0], factor, rtol=1e-3), (
            f"{call}: what is kept has the factor {values[0]}, expected 1 / (1 - p) = {factor}, so "
            f"that the mean stays the same.{likely.get(values[0], '')}"
        )


def test_6_11_the_factor_of_float64_has_all_its_digits():
    mask = F.dropout_mask((50,), 0.3, np.dtype("float64"))
    found, factor = float(mask.max()), 1 / 0.7
    call = (
        f"dropout_mask(..., 0.3, float64) has the factor {found}, expected 1 / (1 - p) = {factor}"
    )
    assert np.isclose(found, factor, rtol=1e-6), call
    assert np.isclose(found, factor, rtol=1e-14), f"{call}: somewhere it is float32"


def test_6_11_the_seed_repeats_the_mask():
    masks = []
    for _ in range(2):
        manual_seed(3)
        masks.append(F.dropout_mask((40,), 0.5, np.dtype("float64")))
    assert np.array_equal(*masks), (
        "manual_seed(3) gave two different masks: draw from default_generator, which manual_seed "
        "sets"
    )
    same_dtype("dropout_mask(..., float64)", masks[0], np.float64)


@pytest.mark.filterwarnings("error")
def test_6_11_all_or_nothing():
    x = tensor([1.0, 2.0, 3.0])
    try:
        out = attempt("dropout([1, 2, 3], p=1)", lambda: F.dropout(x, 1.0))
    except (ZeroDivisionError, RuntimeWarning) as error:
        raise AssertionError(
            f"dropout([1, 2, 3], p=1) stopped with: {error}. With p = 1 nothing is kept, and the "
            "factor does not matter: take 0"
        ) from None
    assert out.tolist() == [0.0] * 3, f"dropout([1, 2, 3], p=1) is {out.tolist()}, expected zeros"
    state = default_generator.bit_generator.state
    out = F.dropout(x, 0.0)
    assert out.tolist() == [1.0, 2.0, 3.0], f"dropout([1, 2, 3], p=0) is {out.tolist()}"
    out = attempt("dropout(x, training=False)", lambda: F.dropout(x, 0.5, training=False))
    assert out.tolist() == [1.0, 2.0, 3.0], (
        f"dropout([1, 2, 3], 0.5, training=False) is {out.tolist()}, expected the input: nothing "
        "is dropped or divided in use"
    )
    assert default_generator.bit_generator.state == state, (
        "dropout drew random numbers although there is nothing to drop (p=0 or training=False)"
    )


def test_6_11_keeps_the_mean_and_the_dtype():
    manual_seed(0)
    x = Tensor(np.full(20000, 4.0, np.float32))
    out = F.dropout(x, 0.25)
    same_dtype("the result of dropout", out.data, np.float32)
    mean = float(out.data.mean())
    assert abs(mean - 4) < 0.1, (
        f"dropout of 20,000 fours with p=0.25 has the mean {mean:.2f}, expected about 4"
    )
    assert (x.data == 4).all(), "dropout changed its input"


def test_6_11_backward_takes_the_same_mask():
    manual_seed(0)
    x = Tensor(np.full(100, 3.0), requires_grad=True)
    out = F.dropout(x, 0.5)
    assert out.requires_grad, "dropout's result has no gradient: multiply the tensor, not its data"
    out.sum().backward()
    assert np.allclose(x.grad.data, out.data / 3), (
        "the gradient of dropout is not 0 where a number was dropped and 1 / (1 - p) where it was "
        "kept: forward and backward must use one mask"
    )


def test_6_11_layers_look_at_their_mode():
    for layer, shape in ((nn.Dropout(0.5), (40, 10)), (nn.Dropout2d(0.5), (20, 10, 2, 2))):
        manual_seed(1)
        x = Tensor(np.ones(shape, np.float32))
        out = layer(x).data
        assert set(np.unique(out)) == {0.0, 2.0}, f"{layer} in training gave {np.unique(out)}"
        if len(shape) == 4:
            assert (out.min(axis=(2, 3)) == out.max(axis=(2, 3))).all(), (
                f"{layer} must drop whole channels"
            )
        assert layer.eval()(x) is x, f"{layer} must give its input back in evaluation"


def test_6_11_in_place():
    for function, shape in ((F.dropout, (4, 6)), (F.dropout2d, (4, 6, 2, 2))):
        leaf = Tensor(np.ones(shape), requires_grad=True)
        x = leaf * 3
        manual_seed(2)
        assert function(x, 0.5, inplace=True) is x
        manual_seed(2)
        assert np.array_equal(x.data, 3 * function(Tensor(np.ones(shape)), 0.5).data)
        x.sum().backward()
        assert np.allclose(leaf.grad.data, x.data), "the gradient goes through the change"


def test_6_11_bad_arguments_are_told():
    with pytest.raises(ValueError, match=r"from 0 to 1, not 1\.5"):
        F.dropout(tensor([1.0]), 1.5)
    with pytest.raises(ValueError, match=r"Dropout.*from 0 to 1, not -1"):
        nn.Dropout(-1)
    with pytest.raises(RuntimeError, match="floats, not int64"):
        F.dropout(tensor([1]))
