"""Tests of module 12: what `tito module test 12` runs against your own export.

The oracle of attention is its definition, one query at a time, in float64; gradients are compared
with central differences.
"""

import math

import numpy as np
import pytest

from tinytorch import Tensor, manual_seed
from tinytorch.nn import MultiheadAttention
from tinytorch.nn import functional


SHOWN = 6  # so many numbers are written out in a message


def draw(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def slow_attention(q, k, v, mask=None, scale=None):
    """One query at a time: compare, weigh, average. Returns (result, weights)."""
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    result = np.zeros((*q.shape[:-1], v.shape[-1]))
    weights = np.zeros((*q.shape[:-1], k.shape[-2]))
    mask = np.broadcast_to(np.zeros(()) if mask is None else mask, weights.shape)
    for index in np.ndindex(q.shape[:-1]):
        group = index[:-1]
        scores = k[group] @ q[index] * scale + mask[index]
        if np.isneginf(scores).all():
            continue
        powers = np.exp(scores - scores.max())
        weights[index] = powers / powers.sum()
        result[index] = weights[index] @ v[group]
    return result, weights


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


def attempt(call, function, causes=None):
    """function(); where it stops for a reason that can be told, say so."""
    try:
        return function()
    except ValueError as error:
        if causes is None:
            raise
        message = f"{call} stopped with: {error}. {causes}"
        raise AssertionError(message).with_traceback(error.__traceback__) from None
    except (AttributeError, TypeError) as error:
        if "NoneType" not in str(error):
            raise
        message = f"{call}: {error}. Something in it returned None: is a `return` missing?"
        raise AssertionError(message).with_traceback(error.__traceback__) from None
    except RuntimeError as error:
        if "returned 1 gradients" not in str(error):
            raise
        message = f"{call}: {error}. Is the `return` missing?"
        raise AssertionError(message).with_traceback(error.__traceback__) from None


class Functional:
    """nn.functional, whose functions return something: None is a forgotten `return`."""

    def __getattr__(self, name):
        function = getattr(functional, name)
        if isinstance(function, type):
            return function

        def call(*args, **kwargs):
            result = attempt(name, lambda: function(*args, **kwargs))
            assert result is not None, f"{name} returned None: is the `return` missing?"
            return result

        return call


F = Functional()


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


def assert_result(call, found, expected, causes, tolerance=1e-8):
    """Compare with the definition; show both, or the place where they differ most."""
    assert found.shape == expected.shape, (
        f"{call} has shape {found.shape}, expected {expected.shape}. {causes}"
    )
    if np.allclose(found, expected, atol=tolerance):
        return
    if found.size <= SHOWN:
        raise AssertionError(
            f"{call} is {found.round(4).tolist()}, the definition says "
            f"{expected.round(4).tolist()}. {causes}"
        )
    gap = np.where(np.isfinite(found), np.abs(found - expected), np.inf)
    place = tuple(int(i) for i in np.unravel_index(gap.argmax(), gap.shape))
    raise AssertionError(
        f"{call}: at {list(place)} yours is {found[place]:.6g}, the definition says "
        f"{expected[place]:.6g}; {np.count_nonzero(~np.isclose(found, expected))} of {found.size} "
        f"numbers differ. {causes}"
    )


# ---- 12.1


def test_12_1_scores():
    q, k = np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 4.0]])
    found = attempt(
        "attention_scores of q (2, 2) and k (3, 2)",
        lambda: F.attention_scores(q, k, 0.5),
        "Transpose the last two axes of k only: `.mT`, not `.T`",
    )
    expected = [[0.5, 2.0, 4.0], [1.5, 3.0, 0.0]]
    assert np.shape(found) != (2, 3) or np.allclose(found, expected), (
        f"attention_scores of q {q.tolist()} and k {k.tolist()} with scale 0.5 is "
        f"{np.round(found, 4).tolist()}, expected {expected}: in row i and column j the dot "
        "product of query i and key j, times scale"
    )
    for shapes in (((2, 3), (4, 3)), ((5, 2, 3), (5, 4, 3)), ((2, 5, 1, 6), (2, 5, 3, 6))):
        q, k = draw(*shapes)
        expected = np.einsum("...le,...se->...ls", q, k) * 0.5
        found = attempt(
            f"attention_scores of q {q.shape} and k {k.shape}",
            lambda q=q, k=k: F.attention_scores(q, k, 0.5),
            "Transpose the last two axes of k only: `.mT`, not `.T`",
        )
        for name, array, before in zip("qk", (q, k), draw(*shapes)):
            assert np.array_equal(array, before), (
                f"attention_scores changed {name} itself: {name} * scale makes a new array, "
                f"{name} *= scale does not"
            )
        assert found.shape == expected.shape, (
            f"attention_scores of q {q.shape} and k {k.shape} has shape {found.shape}, expected "
            f"(..., L, S) = {expected.shape}"
        )
        plain = np.allclose(found, 2 * expected)
        assert not plain, "the scores are not multiplied by `scale` (0.5 here)"
        assert np.allclose(found, expected), (
            f"attention_scores(q, k, 0.5): scores[..., 0, 0] is {found.flat[0]:.7g}, expected "
            f"{expected.flat[0]:.7g}; scores[..., i, j] must be the dot product of query i and key "
            "j, times scale, and scale is used as it is given"
        )
        found = F.attention_scores(q.astype(np.float32), k.astype(np.float32), 0.5).dtype
        assert found == np.float32, f"the scores of float32 queries and keys are {found}"


@pytest.mark.parametrize("scale", [0.0, 1.0, 2.0, -0.5])
def test_12_1_scale_as_it_is_given(scale):
    q, k = draw((2, 3, 4), (2, 5, 4), seed=22)
    found = F.attention_scores(q, k, scale)
    expected = np.einsum("...le,...se->...ls", q, k) * scale + 0.0  # no minus before a 0
    assert np.allclose(found, expected), (
        f"attention_scores(q, k, {scale}): scores[0, 0, 0] is {found[0, 0, 0]:.7g}, expected "
        f"{expected[0, 0, 0]:.7g}: the dot product times scale, whichever number that is. "
        "(`if scale` and `scale or ...` take 0 for no scale at all)"
    )


# ---- 12.2


def test_12_2_rows_sum_to_one():
    ones_and_threes = np.log([[1.0, 3.0], [3.0, 3.0], [1.0, 1.0]])
    found = F.attention_weights(ones_and_threes.copy())
    assert_result(
        "attention_weights of [[log 1, log 3], [log 3, log 3], [log 1, log 1]]", found,
        np.array([[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]),
        "Each row, the last axis, is exp(scores) divided by the sum of its own row.",
    )  # fmt: skip
    (scores,) = draw((2, 3, 4, 5))
    expected = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    found = F.attention_weights(scores.copy())
    assert_result(
        "attention_weights of scores (2, 3, 4, 5)", found, expected,
        f"Softmax over the last axis; your rows sum to {found.sum(-1).round(3).ravel()[:4]}.",
    )  # fmt: skip


def test_12_2_large_scores():
    try:
        with np.errstate(over="raise", invalid="raise"):
            found = F.attention_weights(np.array([[1e4, 1e4, 0.0], [-1e4, -1e4, -2e4]]))
    except FloatingPointError as error:
        raise AssertionError(
            f"attention_weights of scores of 10,000: {error}; subtract each row's largest score "
            "before exp"
        ) from None
    assert np.allclose(found, [[0.5, 0.5, 0], [0.5, 0.5, 0]]), (
        f"scores of 10,000: weights {found.tolist()}; subtract each row's largest score first"
    )


def test_12_2_mask():
    scores, bias = draw((2, 3, 4), (3, 4), seed=1)
    bias[0, 1] = bias[2, :3] = -np.inf
    found = F.attention_weights(scores.copy(), bias)
    powers = np.exp(scores + bias)
    expected = powers / powers.sum(-1, keepdims=True)
    for index in np.ndindex(2, 3):
        row, wanted = found[index], expected[index]
        assert np.allclose(row, wanted), (
            f"scores {scores[index].round(2).tolist()} with the mask {bias[index[1]].round(2)}: "
            f"the weights are {row.round(4).tolist()}, expected {wanted.round(4).tolist()}. The "
            "mask is added to the scores, first of all; then each row's softmax"
        )
    assert (found[:, 0, 1] == 0).all(), "where the mask is -inf, the weight must be exactly 0"


def test_12_2_the_largest_of_what_is_not_masked():
    mask = np.array([0.0, 0.0, -np.inf])
    for hidden in (1e3, 1e6):
        with np.errstate(all="ignore"):
            found = F.attention_weights(np.array([[0.0, 0.0, hidden]]), mask)
        assert np.allclose(found, [[0.5, 0.5, 0]]), (
            f"scores [0, 0, {hidden:.0f}] with the mask [0, 0, -inf]: the weights are "
            f"{found[0].tolist()}, expected [0.5, 0.5, 0]. Add the mask first and take the largest "
            "score then: a masked score must not be the largest, or all that may be seen becomes "
            f"exp({-hidden:.0f}), which is 0"
        )


def test_12_2_nothing_to_look_at():
    mask = np.array([[0.0, -np.inf], [-np.inf, -np.inf]])
    with np.errstate(all="ignore"):
        found = F.attention_weights(np.zeros((2, 2)), mask)
    call = "scores [[0, 0], [0, 0]] with the mask [[0, -inf], [-inf, -inf]]"
    assert found[0].tolist() == [1, 0], (
        f"{call}: query 0 may look at key 0 only, so its weights are [1, 0], yours are "
        f"{found[0].tolist()}. What is done for a query that may look at nothing must leave the "
        "others alone: only a largest score of -inf, and only a sum of 0, are replaced"
    )
    assert found[1].tolist() == [0, 0], (
        f"{call}: query 1 may look at nothing, so its weights are [0, 0], yours are "
        f"{found[1].tolist()}. Its largest score is -inf and its sum 0: replace them by 0 and 1"
    )
    empty = attempt(
        "attention_weights of scores (2, 0)",
        lambda: F.attention_weights(np.zeros((2, 0))),
        "Without any key there is no largest score: give max `initial=-np.inf`",
    )
    assert empty.shape == (2, 0), f"without any key, weights have shape {empty.shape}"


def test_12_2_float32_stays():
    found = F.attention_weights(np.zeros((2, 3), np.float32), np.zeros((2, 3), np.float32))
    assert found.dtype == np.float32, f"weights of float32 scores are {found.dtype}"


# ---- 12.3

GRADIENTS = {
    "v": "It is weights.mT @ grad, with the weights as forward left them (not changed since).",
    "q": "It is grad_scores @ k. Is the softmax's row sum subtracted, and is it times scale?",
    "k": "It is the transposed grad_scores times q, times scale.",
}


@pytest.mark.shared
def test_12_3_gradients_of_small_numbers():
    """One query, two keys and two values: all numbers can be followed on paper."""
    q, k, v = [[1.0]], [[0.0], [2.0]], [[3.0], [5.0]]
    inputs = [Tensor(np.array(a), requires_grad=True) for a in (q, k, v)]
    out = F.AttentionOp.apply(*inputs, None, 0.5)
    call = f"attention of q {q}, k {k}, v {v}, scale 0.5, grad [[1]]"
    attempt(
        call,
        lambda: out.backward(Tensor(np.ones((1, 1)))),
        "grad_v is weights.mT @ grad, the scores' gradient begins with grad @ v.mT, grad_q is "
        "grad_scores @ k, grad_k grad_scores.mT @ q",
    )
    for name, tensor in zip("vqk", (inputs[2], inputs[0], inputs[1])):
        wanted = numeric_gradient(
            lambda: F.AttentionOp.apply(*inputs, None, 0.5).data.sum(), tensor.data
        )
        assert tensor.grad is not None, f"{call}: {name} has no gradient"
        assert_result(
            f"{call}: the gradient of {name}", tensor.grad.data, wanted, GRADIENTS[name],
            tolerance=1e-6,
        )  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("lead", [(), (2,), (2, 3)], ids=["one", "sequences", "heads"])
def test_12_3_forward_and_gradients(lead):
    shapes = (*lead, 3, 4), (*lead, 5, 4), (*lead, 5, 2)
    q, k, v = (Tensor(a, requires_grad=True) for a in draw(*shapes, seed=2))
    mask = np.zeros((3, 5))
    mask[1, 2:] = -np.inf
    out = F.AttentionOp.apply(q, k, v, mask, 0.7)
    expected, _ = slow_attention(q.data, k.data, v.data, mask, 0.7)
    inputs = f"q {shapes[0]}, k {shapes[1]}, v {shapes[2]}"
    causes = "AttentionOp, given, computes weights @ v."
    assert_result(f"attention of {inputs}", out.data, expected, causes)
    (back,) = draw(out.shape, seed=3)
    up = Tensor(back)
    attempt(
        f"attention_gradients with {inputs}, weights (..., 3, 5)",
        lambda: out.backward(up, retain_graph=True),
        "A transpose is missing, or one too many: grad_v is weights.mT @ grad, the scores' "
        "gradient begins with grad @ v.mT, grad_q is grad_scores @ k, grad_k grad_scores.mT @ q. "
        "The shapes decide",
    )
    assert np.array_equal(up.data, back), (
        "attention_gradients changed `grad`, the array it was given, and others may hold it: work "
        "in place in an array of your own"
    )

    def value():
        return (F.AttentionOp.apply(q, k, v, mask, 0.7).data * back).sum()

    for name, tensor in (("v", v), ("q", q), ("k", k)):
        wanted = numeric_gradient(value, tensor.data)
        found = tensor.grad.data
        assert found.shape == wanted.shape, f"{name}: {found.shape}, expected {wanted.shape}"
        assert_result(
            f"attention of {inputs}: the gradient of {name}", found, wanted, GRADIENTS[name],
            tolerance=1e-7,
        )  # fmt: skip
    once = {name: tensor.grad.data.copy() for name, tensor in (("v", v), ("q", q), ("k", k))}
    out.backward(up)
    for name, tensor in (("v", v), ("q", q), ("k", k)):
        assert np.allclose(tensor.grad.data, 2 * once[name]), (
            f"backward twice does not give {name} twice the gradient: attention_gradients changed "
            "`weights`, which the second time still needs. Work in place in an array of your own"
        )


@pytest.mark.shared
@pytest.mark.parametrize("shape", [(3, 4), (4, 4)], ids=["square weights", "all square"])
def test_12_3_as_many_queries_as_keys(shape):
    """Here a missing transpose has a right shape too, and NumPy does not complain."""
    q, k, v = (Tensor(a, requires_grad=True) for a in draw(shape, shape, shape, seed=23))
    (back,) = draw(shape, seed=24)
    F.AttentionOp.apply(q, k, v, None, 0.5).backward(Tensor(back))
    causes = {
        "v": "weights.mT @ grad: what key j answered went to every query i by weights[i, j], so "
        "the weights are transposed.",
        "q": "grad_scores @ k, times scale, and grad_scores begins with grad @ v.mT.",
        "k": "grad_scores.mT @ q, times scale: key j met every query i in scores[i, j], so "
        "grad_scores is transposed.",
    }
    for name, tensor in (("v", v), ("q", q), ("k", k)):
        wanted = numeric_gradient(
            lambda: (F.AttentionOp.apply(q, k, v, None, 0.5).data * back).sum(), tensor.data
        )
        found = tensor.grad.data
        assert np.allclose(found, wanted, atol=1e-6), (
            f"attention with as many queries as keys, q, k and v of shape {shape}: the gradient of "
            f"{name} is\n{found.round(4)}\ncentral differences say\n{wanted.round(4)}\nIt is "
            f"{causes[name]} With a number of keys of its own, NumPy would have refused the shapes"
        )


def test_12_3_one_tensor_for_all_three():
    (values,) = draw((3, 4), seed=4)
    three = [Tensor(values, requires_grad=True) for _ in range(3)]
    F.AttentionOp.apply(*three, None, 0.5).sum().backward()
    x = Tensor(values, requires_grad=True)
    for times in (1, 2):
        F.AttentionOp.apply(x, x, x, None, 0.5).sum().backward()
        wanted = times * sum(tensor.grad.data for tensor in three)
        assert np.allclose(x.grad.data, wanted, atol=1e-6), (
            f"one tensor x as query, key and value, backward number {times}: the gradient of x is\n"
            f"{x.grad.data.round(4)}\nexpected {times} times the sum of the three gradients that "
            f"three equal tensors get,\n{wanted.round(4)}\nReturn three arrays, each computed from "
            "q, k, v, weights and grad as they came"
        )


# ---- 12.4


def test_12_4_bools_and_floats():
    allowed = np.array([[True, False, True]])
    found = F.additive_mask(allowed, np.float32)
    assert found.tolist() == [[0, -math.inf, 0]], (
        f"additive_mask([[True, False, True]]) gave {found.tolist()}: True means may look (0), "
        "False may not (-inf)"
    )
    for dtype in (np.float32, np.float64):
        found = F.additive_mask(allowed, dtype).dtype
        assert found == dtype, (
            f"additive_mask(bools, {np.dtype(dtype)}) is {found}: `dtype` says what the mask will "
            "be added to, so the result has it"
        )
    floats = np.array([0.5, -np.inf])
    assert F.additive_mask(floats, np.float64).tolist() == [0.5, -math.inf], (
        "a mask of floats is added as it is"
    )
    assert F.additive_mask(floats, np.float32).dtype == np.float32, "floats are converted to dtype"
    try:
        found = F.additive_mask(np.array([1, 0]), np.float32)
    except (TypeError, ValueError) as error:
        raised = error
    else:
        raise AssertionError(
            f"additive_mask of whole numbers gave {found.tolist()}, expected a TypeError: nobody "
            "can know whether a 1 means yes or is to be added"
        )
    call = "additive_mask of whole numbers"
    assert isinstance(raised, TypeError), f"{call} raised {raised!r}, expected a TypeError"
    assert "int64" in str(raised), (
        f"{call}: the message {str(raised)!r} does not name the dtype, int64"
    )


def test_12_4_causal():
    for queries, keys in ((1, 1), (4, 4), (2, 5), (5, 2)):
        found = F.causal_mask(queries, keys, np.float32)
        expected = [[0.0 if j <= i else -math.inf for j in range(keys)] for i in range(queries)]
        assert found.tolist() == expected, (
            f"causal_mask({queries}, {keys}) is {found.tolist()}, expected {expected}: query i "
            "sees keys 0 to i, itself included, and nothing after"
        )
    for dtype in (np.float32, np.float64):
        found = F.causal_mask(2, 2, dtype).dtype
        assert found == dtype, (
            f"causal_mask(2, 2, {np.dtype(dtype)}) is {found}: hand `dtype` on to the array"
        )


# ---- 12.5


def test_12_5_default_scale():
    q, k, v = draw((2, 3, 9), (2, 4, 9), (2, 4, 5), seed=5)
    found = F.scaled_dot_product_attention(Tensor(q), Tensor(k), Tensor(v)).data
    assert not np.allclose(found, slow_attention(q, k, v, scale=1.0)[0]), (
        "the scores are not scaled: scale=None means 1 / sqrt(E)"
    )
    mistakes = {"1 / E": 1 / 9, "sqrt(E)": 3.0, "1 / sqrt(S)": 0.5, "1 / sqrt(Ev)": 5**-0.5}
    mistakes |= {"1 / sqrt(N)": 2**-0.5, "1 / sqrt(L)": 3**-0.5}
    for wrong, scale in mistakes.items():
        assert not np.allclose(found, slow_attention(q, k, v, scale=scale)[0]), (
            f"the scores are scaled by {wrong}: scale=None means 1 / sqrt(E), where E, 9 here, is "
            "the width of the queries, the last entry of their shape"
        )
    call = "scaled_dot_product_attention of query (2, 3, 9), key (2, 4, 9), value (2, 4, 5)"
    assert_result(
        call, found, slow_attention(q, k, v)[0],
        "Query, key, value, the mask (None here) and the scale 1 / sqrt(E) go to AttentionOp.apply "
        "in this order.",
    )  # fmt: skip
    for scale in (0.1, 0.0):
        found = F.scaled_dot_product_attention(Tensor(q), Tensor(k), Tensor(v), scale=scale).data
        assert_result(
            f"{call}, scale={scale}", found, slow_attention(q, k, v, scale=scale)[0],
            "A scale that is given is used as it is; only None, and not 0, means 1 / sqrt(E).",
        )  # fmt: skip


def test_12_5_masks():
    q, k, v, bias = draw((2, 3, 4), (2, 3, 4), (2, 3, 4), (3, 3), seed=6)
    tensors = [Tensor(a) for a in (q, k, v)]
    allowed = np.tril(np.ones((3, 3), bool))
    hidden = np.where(allowed, 0, -np.inf)
    for mask, expected in ((allowed, hidden), (bias, bias)):
        found = F.scaled_dot_product_attention(*tensors, attn_mask=Tensor(mask)).data
        assert_result(
            f"attention of (2, 3, 4) with attn_mask of {mask.dtype}", found,
            slow_attention(q, k, v, expected)[0],
            "The mask goes through additive_mask, and what that returns to the operation.",
        )  # fmt: skip
    causal = F.scaled_dot_product_attention(*tensors, is_causal=True).data
    assert_result(
        "attention of (2, 3, 4) with is_causal=True", causal,
        slow_attention(q, k, v, hidden)[0], "Query i sees keys 0 to i.",
    )  # fmt: skip


@pytest.mark.parametrize("lengths", [(2, 5), (5, 2)])
def test_12_5_causal_with_two_lengths(lengths):
    queries, keys = lengths
    q, k, v = draw((2, queries, 4), (2, keys, 4), (2, keys, 3), seed=19)
    call = f"is_causal=True with {queries} queries and {keys} keys"
    found = attempt(
        call,
        lambda: F.scaled_dot_product_attention(*map(Tensor, (q, k, v)), is_causal=True).data,
        "The causal mask is (L, S): the number of queries, then the number of keys",
    )
    hidden = np.where(np.arange(keys) <= np.arange(queries)[:, None], 0, -np.inf)
    assert_result(
        call, found, slow_attention(q, k, v, hidden)[0],
        "Query i sees keys 0 to i; the mask is (L, S), queries first.",
    )  # fmt: skip


def test_12_5_gradient_flows():
    tensors = [
        Tensor(a, requires_grad=True) for a in draw((2, 3, 4), (2, 5, 4), (2, 5, 4), seed=21)
    ]
    out = F.scaled_dot_product_attention(*tensors, is_causal=True)
    assert out.requires_grad, (
        "no gradient can flow: give the tensors themselves to AttentionOp.apply"
    )
    out.sum().backward()
    for name, tensor in zip(("query", "key", "value"), tensors):
        assert tensor.grad is not None and tensor.grad.data.any(), (
            f"no gradient reaches {name}: give the tensors themselves to AttentionOp.apply"
        )


def test_12_5_the_future_is_hidden():
    q, k, v = draw((4, 3), (4, 3), (4, 3), seed=7)
    before = F.scaled_dot_product_attention(*map(Tensor, (q, k, v)), is_causal=True).data
    k[2:], v[2:] = 50, -50
    after = F.scaled_dot_product_attention(*map(Tensor, (q, k, v)), is_causal=True).data
    first, then = before[:2].round(4).tolist(), after[:2].round(4).tolist()
    assert np.isfinite(after[:2]).all(), (
        f"keys 2 and 3 became large, and the answers of queries 0 and 1, which must not see them, "
        f"became {then}: attention_weights must add the mask before it takes the largest score"
    )
    assert np.allclose(before[:2], after[:2], rtol=1e-9, atol=0), (
        f"keys and values 2 and 3 changed, and the answers of queries 0 and 1 went from {first} to "
        f"{then}: with is_causal=True query i sees keys 0 to i only. (Answers that became 0: a "
        "masked score was the largest; add the mask before the largest score is taken)"
    )


def test_12_5_what_does_not_fit():
    q, k, v = (Tensor(a) for a in draw((2, 3, 4), (2, 5, 4), (2, 5, 4)))
    for wrong, match in (
        ((q, k[:, :, :3], v), r"\(2, 3, 4\).*\(2, 5, 3\)"),
        ((q, k, v[:, :4]), r"\(2, 5, 4\).*\(2, 4, 4\)"),
    ):
        with pytest.raises(ValueError, match=match):
            F.scaled_dot_product_attention(*wrong)
    with pytest.raises(ValueError, match=r"\(4, 5\).*\(2, 3, 5\)"):
        F.scaled_dot_product_attention(q, k, v, attn_mask=Tensor(np.ones((4, 5), bool)))
    with pytest.raises(TypeError, match="int64"):
        F.scaled_dot_product_attention(q, k, v, attn_mask=Tensor(np.ones((3, 5), np.int64)))


# ---- 12.6


def test_12_6_heads():
    x = np.arange(48.0).reshape(2, 4, 6)
    split = F.split_heads(Tensor(x), 3)
    assert split.shape == (2, 3, 4, 2), (
        f"split_heads of (2, 4, 6) into 3 heads has shape {split.shape}, expected (N, H, L, E / H) "
        "= (2, 3, 4, 2)"
    )
    for head in range(3):
        part = x[:, :, 2 * head : 2 * head + 2]
        assert np.array_equal(split.data[:, head], part), (
            f"head {head} must have numbers {2 * head} and {2 * head + 1} of every word: expected "
            f"{part[0].tolist()}, got {split.data[0, head].tolist()}. Reshape to (N, L, H, E / H), "
            "then swap axes 1 and 2"
        )
    merged = F.merge_heads(Tensor(x.reshape(2, 4, 3, 2).transpose(0, 2, 1, 3).copy()))
    assert merged.shape == x.shape, (
        f"merge_heads of (2, 3, 4, 2) has shape {merged.shape}, expected (N, L, H * D) = {x.shape}"
    )
    assert np.array_equal(merged.data, x), (
        f"merge_heads must undo split_heads: the first word should be {x[0, 0].tolist()} again, "
        f"yours is {merged.data[0, 0].tolist()}. Swap axes 1 and 2, then reshape"
    )


def test_12_6_gradient_flows():
    x = Tensor(np.arange(24.0).reshape(1, 4, 6), requires_grad=True)
    (back,) = draw((1, 4, 6), seed=8)
    out = F.merge_heads(F.split_heads(x, 2) * 3)
    assert out.requires_grad, "no gradient can flow: use the tensor's reshape and transpose"
    out.backward(Tensor(back))
    assert np.allclose(x.grad.data, 3 * back), "heads are mixed up on the way there or back"


# ---- 12.7


def test_12_7_parameters():
    layer = MultiheadAttention(6, 2)
    shapes = {name: p.shape for name, p in layer.named_parameters()}
    expected = {
        "in_proj_weight": (18, 6),
        "in_proj_bias": (18,),
        "out_proj.weight": (6, 6),
        "out_proj.bias": (6,),
    }
    assert shapes == expected, f"MultiheadAttention(6, 2) has parameters {shapes}, not {expected}"
    for name, parameter in layer.named_parameters():
        assert parameter.dtype == np.float32, f"{name} is {parameter.dtype}, expected float32"
    without = sorted(name for name, _ in MultiheadAttention(6, 2, bias=False).named_parameters())
    assert without == ["in_proj_weight", "out_proj.weight"], (
        f"with bias=False there are parameters {without}, expected in_proj_weight and "
        "out_proj.weight only"
    )


def test_12_7_first_values():
    manual_seed(0)
    layer = MultiheadAttention(32, 4)
    bound = math.sqrt(6 / (32 + 96))
    largest = np.abs(layer.in_proj_weight.data).max()
    assert 0.95 * bound < largest <= bound * 1.001, (
        f"in_proj_weight reaches up to {largest:.4f}; xavier_uniform_ of the whole (96, 32) up to "
        f"{bound:.4f}"
    )
    weight = layer.in_proj_weight.data
    parts = {"queries": weight[:32], "keys": weight[32:64], "values": weight[64:]}
    for one, two in (("queries", "keys"), ("keys", "values"), ("queries", "values")):
        assert not np.array_equal(parts[one], parts[two]), (
            f"the rows of in_proj_weight for the {one} and for the {two} start alike: draw all "
            "3 * E rows with one xavier_uniform_(self.in_proj_weight)"
        )
    mixing = layer.out_proj.weight.data
    for name, values in (("in_proj_weight", weight), ("out_proj.weight", mixing)):
        all_different(
            f"MultiheadAttention(32, 4).{name}", values,
            "xavier_uniform_, and Linear, draw a number for each element.",
        )  # fmt: skip
    mean = layer.in_proj_weight.data.mean()
    assert abs(mean) < bound / 10, f"in_proj_weight has mean {mean:.4f}, expected about 0"
    assert not layer.in_proj_bias.data.any(), "in_proj_bias must start as zeros"
    assert not layer.out_proj.bias.data.any(), "out_proj.bias must start as zeros"
    again = MultiheadAttention(32, 4).in_proj_weight.data
    assert not np.array_equal(again, layer.in_proj_weight.data), "two layers start alike"
    manual_seed(0)
    again = MultiheadAttention(32, 4).in_proj_weight.data
    assert np.array_equal(again, layer.in_proj_weight.data), (
        "manual_seed(0) must repeat the first values: draw them with xavier_uniform_"
    )


def test_12_7_heads_must_divide():
    with pytest.raises(ValueError, match=r"num_heads=4.*embed_dim=6"):
        MultiheadAttention(6, 4)


# ---- 12.8


def in_float64(layer, seed=9):
    """Give a layer random float64 parameters."""
    rng = np.random.default_rng(seed)
    for parameter in layer.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    return layer


@pytest.mark.parametrize("bias", [True, False])
def test_12_8_projections(bias):
    layer = in_float64(MultiheadAttention(6, 2, bias=bias))
    (x,) = draw((2, 3, 6), seed=10)
    for part, name in enumerate(("queries", "keys", "values")):
        rows = slice(6 * part, 6 * part + 6)
        flat = x @ layer.in_proj_weight.data[rows].T
        flat = flat + layer.in_proj_bias.data[rows] if bias else flat
        found = layer.project(Tensor(x), part)
        assert found is not None, "project returned None: is the `return` missing?"
        assert found.shape == (2, 2, 3, 3), f"project has shape {found.shape}, not (N, H, L, E / H)"
        assert np.allclose(found.data, flat.reshape(2, 3, 2, 3).transpose(0, 2, 1, 3)), (
            f"the {name} (part {part}) must come from rows {rows.start} to {rows.stop - 1} of "
            "in_proj_weight and in_proj_bias, split into heads"
        )


def test_12_8_gradient_reaches_its_rows():
    for part in range(3):
        layer = in_float64(MultiheadAttention(4, 2))
        (x,) = draw((1, 3, 4), seed=11)
        words = Tensor(x, requires_grad=True)
        layer.project(words, part).sum().backward()
        assert words.grad is not None and words.grad.data.any(), (
            f"after projecting part {part}, the words x have no gradient: use x itself, not its "
            ".data"
        )
        expected = list(range(4 * part, 4 * part + 4))
        for name in ("in_proj_weight", "in_proj_bias"):
            gradient = getattr(layer, name).grad
            assert gradient is not None, (
                f"after projecting part {part}, {name} has no gradient: slice the Parameter, not "
                "its .data"
            )
            touched = np.flatnonzero(gradient.data.reshape(12, -1).any(axis=1)).tolist()
            assert touched == expected, (
                f"after projecting part {part}, rows {touched} of {name} have a gradient, expected "
                f"rows {expected}"
            )


# ---- 12.9


def spread(found, shape):
    """The mask for all heads and queries; an error that teaches where it does not broadcast."""
    assert found is not None, (
        "merged_mask returned None although there is a mask: is the `return` missing?"
    )
    try:
        return np.broadcast_to(found, shape)
    except ValueError:
        raise AssertionError(
            f"merged_mask gave shape {found.shape}, which does not broadcast to (N, H, L, S) = "
            f"{shape}. key_padding_mask (N, S) must become (N, 1, 1, S)"
        ) from None


def test_12_9_no_mask():
    layer = MultiheadAttention(4, 2)
    assert layer.merged_mask(None, None, (1, 3, 3), np.float32) is None, "no masks: None"


def test_12_9_attention_mask():
    layer = MultiheadAttention(4, 2)
    future = np.triu(np.ones((3, 3), bool), 1)
    found = layer.merged_mask(Tensor(future), None, (5, 3, 3), np.float32)
    found = spread(found, (5, 2, 3, 3))
    assert np.array_equal(np.isneginf(found[4, 1]), future), (
        "attn_mask (L, S): True means may NOT look, so -inf where True"
    )
    each = np.random.default_rng(12).standard_normal((10, 3, 3))
    found = layer.merged_mask(Tensor(each), None, (5, 3, 3), np.float64)
    assert found.shape == (5, 2, 3, 3), (
        f"attn_mask (N * H, L, S) = (10, 3, 3) gave {found.shape}, expected (N, H, L, S)"
    )
    assert np.array_equal(found[3, 1], each[7]), (
        "head 1 of sequence 3 must get mask 3 * 2 + 1 = 7: heads of one sequence stand together, "
        "so reshape to (N, H, L, S) in this order"
    )


def test_12_9_padding_and_both():
    layer = MultiheadAttention(4, 2)
    padded = np.array([[False, False, True], [False, True, True]])
    found = layer.merged_mask(None, Tensor(padded), (2, 4, 3), np.float32)
    found = spread(found, (2, 2, 4, 3))
    assert np.array_equal(np.isneginf(found[1, 0, 2]), padded[1]), (
        "key_padding_mask (N, S) must hide the padded keys of its own sequence, for all heads and "
        "all queries"
    )
    for dtype in (np.float32, np.float64):
        found = layer.merged_mask(None, Tensor(padded), (2, 4, 3), dtype)
        assert found.dtype == dtype, f"merged_mask for scores of {np.dtype(dtype)} is {found.dtype}"
    bias = np.random.default_rng(13).standard_normal((4, 3))
    both = attempt(
        "merged_mask of attn_mask (4, 3) and key_padding_mask (2, 3)",
        lambda: layer.merged_mask(Tensor(bias), Tensor(padded), (2, 4, 3), np.float64),
        "Padding becomes (N, 1, 1, S), and total + padding makes a new, larger array; total += "
        "padding has no room for it",
    )
    both = spread(both, (2, 2, 4, 3))
    assert np.allclose(both[0, 0, :, :2], bias[:, :2]), "with both masks, they must be added"
    assert np.isneginf(both[0, :, :, 2]).all(), "with both masks, padding must stay hidden"
    each = np.random.default_rng(20).standard_normal((4, 4, 3))
    before = each.copy()
    mask = Tensor(each)
    both = layer.merged_mask(mask, Tensor(padded), (2, 4, 3), np.float64)
    assert np.array_equal(mask.data, before), (
        "merged_mask changed the attn_mask it was given: total + padding makes a new array, "
        "total += padding does not"
    )
    assert np.array_equal(spread(both, (2, 2, 4, 3))[1, 1, :, :1], before[3, :, :1]), (
        "attn_mask (N * H, L, S) with a key_padding_mask: they must be added, head by head"
    )


def test_12_9_padding_hides_keys_and_not_queries():
    """With as many queries as keys either has a shape that fits."""
    layer = MultiheadAttention(4, 2)
    padded = np.array([[False, False, True], [False, False, False]])
    for attn_mask in (None, Tensor(np.zeros((3, 3), bool))):
        found = layer.merged_mask(attn_mask, Tensor(padded), (2, 3, 3), np.float32)
        hidden = np.isneginf(spread(found, (2, 2, 3, 3)))[0, 0]
        assert hidden.T.tolist() != [[False, False, True]] * 3, (
            f"3 queries, 3 keys, and key 2 is padding: merged_mask hides\n{hidden.astype(int)}\n"
            "(1 is hidden), the last *row*: query 2 may look at nothing, and its weights are 0 / "
            "0, while the padding is seen by all. key_padding_mask is about keys, the last axis: "
            "(N, S) becomes (N, 1, 1, S)"
        )
        assert hidden.tolist() == [[False, False, True]] * 3, (
            f"3 queries, 3 keys, and key 2 is padding: merged_mask hides\n{hidden.astype(int)}\n"
            "(1 is hidden), expected the last column: no query may look at key 2"
        )


def test_12_9_wrong_masks():
    layer = MultiheadAttention(4, 2, batch_first=True)
    x = Tensor(np.zeros((2, 3, 4), np.float32))
    with pytest.raises(ValueError, match=r"attn_mask.*\(3, 4\).*\(3, 3\)"):
        layer(x, x, x, attn_mask=Tensor(np.zeros((3, 4), bool)))
    with pytest.raises(ValueError, match=r"key_padding_mask.*\(3, 2\).*\(2, 3\)"):
        layer(x, x, x, key_padding_mask=Tensor(np.zeros((3, 2), bool)))
    with pytest.raises(TypeError, match="int64"):
        layer(x, x, x, attn_mask=Tensor(np.zeros((3, 3), np.int64)))


# ---- 12.10


def by_hand(layer, query, key, value, mask=None, projections=(), out_proj=True):
    """MultiheadAttention by definition, (N, L, E): result and each head's weights.

    `projections` puts other weights and biases into the place of the layer's, by part.
    """
    e, h = layer.embed_dim, layer.num_heads
    parts = []
    for part, x in enumerate((query, key, value)):
        rows = slice(e * part, e * (part + 1))
        own = layer.in_proj_weight.data[rows], layer.in_proj_bias.data[rows]
        weight, bias = dict(projections).get(part, own)
        flat = x @ weight.T + bias
        parts.append(flat.reshape(*flat.shape[:2], h, e // h).transpose(0, 2, 1, 3))
    out, weights = slow_attention(*parts, mask)
    merged = out.transpose(0, 2, 1, 3).reshape(query.shape)
    if not out_proj:
        return merged, weights
    return merged @ layer.out_proj.weight.data.T + layer.out_proj.bias.data, weights


def tell_slip(found, layer, inputs):
    """In words, which step of `by_hand` was left out or taken with something else."""
    rows = layer.embed_dim * np.arange(4)
    weight, bias = layer.in_proj_weight.data, layer.in_proj_bias.data
    parts = [slice(begin, begin + layer.embed_dim) for begin in rows[:3]]
    slips = {}
    for at, name in enumerate(("query", "key", "value")):
        bare = {at: (np.eye(layer.embed_dim), np.zeros(layer.embed_dim))}
        slips[f"{name} is used as it came: project it first, as part {at}."] = by_hand(
            layer, *inputs, projections=bare
        )
        for other in {0, 1, 2} - {at}:
            taken = {at: (weight[parts[other]], bias[parts[other]])}
            slips[f"{name} is projected as part {other}; it is part {at}."] = by_hand(
                layer, *inputs, projections=taken
            )
    slips["key and value are exchanged."] = by_hand(layer, inputs[0], inputs[2], inputs[1])
    slips["key is used as the value too."] = by_hand(layer, inputs[0], inputs[1], inputs[1])
    slips["out_proj is missing: it comes last, after merge_heads."] = by_hand(
        layer, *inputs, out_proj=False
    )
    return next((said for said, (one, _) in slips.items() if np.allclose(found, one)), "")


@pytest.mark.parametrize("need_weights", [True, False])
def test_12_10_result_and_weights(need_weights):
    layer = in_float64(MultiheadAttention(6, 2, batch_first=True))
    query, key, value = draw((2, 3, 6), (2, 4, 6), (2, 4, 6), seed=14)
    expected, by_head = by_hand(layer, query, key, value)
    out, weights = attempt(
        "MultiheadAttention with 3 queries and 4 keys",
        lambda: layer(Tensor(query), Tensor(key), Tensor(value), need_weights=need_weights),
        "compute returns two things; queries come from query, keys from key, values from value",
    )
    call = "MultiheadAttention(6, 2) of query (2, 3, 6), key and value (2, 4, 6)"
    steps = "project (query as part 0, key as 1, value as 2), attend, merge_heads, out_proj"
    assert_result(
        call,
        out.data,
        expected,
        tell_slip(out.data, layer, (query, key, value)) or f"Steps: {steps}.",
    )
    if not need_weights:
        assert weights is None, "with need_weights=False the weights must be None"
        return
    assert weights is not None, "with need_weights=True (the default) weights must be returned"
    assert np.allclose(weights.data, by_head.mean(axis=1)), "weights must be the mean of all heads"
    _, each = layer(Tensor(query), Tensor(key), Tensor(value), average_attn_weights=False)
    assert np.allclose(each.data, by_head), "average_attn_weights=False must give each head's own"


@pytest.mark.parametrize("need_weights", [True, False])
def test_12_10_padding_is_not_seen(need_weights):
    layer = in_float64(MultiheadAttention(6, 2, batch_first=True))
    (x,) = draw((2, 3, 6), seed=25)
    padded = np.array([[False, False, True], [False, False, False]])
    with np.errstate(all="ignore"):
        found, _ = layer(
            *[Tensor(x)] * 3, key_padding_mask=Tensor(padded), need_weights=need_weights
        )
    hidden = np.where(padded, -np.inf, 0.0)[:, None, None, :]
    expected, _ = by_hand(layer, x, x, x, hidden)
    assert_result(
        f"self-attention of (2, 3, 6) with key_padding_mask {padded.tolist()}, "
        f"need_weights={need_weights}", found.data, expected,
        "The mask goes on to self.attend; in it, padding hides keys, the last axis.",
    )  # fmt: skip


def test_12_10_orders_of_axes():
    x, *_ = draw((3, 2, 6), seed=15)
    first = in_float64(MultiheadAttention(6, 2, batch_first=True))
    later = in_float64(MultiheadAttention(6, 2))
    expected = first(*[Tensor(x)] * 3)[0].data
    turned = Tensor(x.transpose(1, 0, 2).copy())
    assert np.allclose(later(turned, turned, turned)[0].data.transpose(1, 0, 2), expected), (
        "without batch_first, inputs are (L, N, E)"
    )
    single = Tensor(x[0])
    assert np.allclose(later(single, single, single)[0].data, expected[0]), (
        "one sequence (L, E) must give the same as in a batch"
    )


@pytest.mark.shared
@pytest.mark.parametrize("need_weights", [True, False])
def test_12_10_gradients(need_weights):
    layer = in_float64(MultiheadAttention(4, 2, batch_first=True), seed=16)
    x, back = draw((2, 3, 4), (2, 3, 4), seed=17)
    x = Tensor(x, requires_grad=True)

    def run():
        return layer(x, x, x, is_causal=True, need_weights=need_weights)[0]

    run().backward(Tensor(back))
    for name, tensor in [("input", x), *layer.named_parameters()]:
        wanted = numeric_gradient(lambda: (run().data * back).sum(), tensor.data)
        assert tensor.grad is not None, f"{name} has no gradient"
        assert_result(
            f"MultiheadAttention of (2, 3, 4), is_causal=True: the gradient of {name}",
            tensor.grad.data, wanted, "Compute with the tensors themselves, without `.data`.",
            tolerance=1e-6,
        )  # fmt: skip


def test_12_10_causal_and_errors():
    layer = in_float64(MultiheadAttention(4, 2, batch_first=True))
    (x,) = draw((1, 4, 4), seed=18)
    before = layer(*[Tensor(x)] * 3, is_causal=True)[0].data
    x[:, 2:] = 9
    after = layer(*[Tensor(x)] * 3, is_causal=True)[0].data
    assert np.allclose(before[:, :2], after[:, :2]), (
        "is_causal=True: words 2 and 3 changed the answers before them. Is the mask passed on to "
        "self.attend?"
    )
    good, bad = Tensor(x), Tensor(np.zeros((1, 4, 6)))
    with pytest.raises(ValueError, match=r"embed_dim=4.*\(1, 4, 4\).*\(1, 4, 6\)"):
        layer(good, bad, bad)
