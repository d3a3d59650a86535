"""Tests of module 08: what `tito module test 08` runs against your own export.

The oracle is each cell's formula in NumPy and float64, one step after the other; gradients are
compared with central differences.
"""

from itertools import permutations

import numpy as np
import pytest

from tinytorch import Tensor, manual_seed, no_grad, stack
from tinytorch.nn import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell, functional
from tinytorch.nn import recurrent as R
from tinytorch.nn.modules import Module, Parameter


def draw(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def tensors(*shapes, seed=0):
    return [Tensor(a, requires_grad=True) for a in draw(*shapes, seed=seed)]


def given(call, value):
    """`value`, unless it is None: then the `return` is missing."""
    assert value is not None, f"{call} gave None: is the `return` missing?"
    return value


def attempt(call, function, cause):
    """function(); where it stops, the likely cause is named."""
    try:
        return function()
    except (ValueError, IndexError, TypeError, AttributeError) as error:
        message = f"{call} stopped with {type(error).__name__}: {error}. {cause}"
        raise AssertionError(message).with_traceback(error.__traceback__) from None


def assert_close(call, found, expected, cause):
    """Compare arrays; show the place where they differ most."""
    found = np.asarray(found.data if isinstance(found, Tensor) else found)
    assert found.shape == expected.shape, (
        f"{call} has shape {found.shape}, expected {expected.shape}. {cause}"
    )
    if np.allclose(found, expected, atol=1e-7):
        return
    gap = np.where(np.isfinite(found), np.abs(found - expected), np.inf)
    place = tuple(int(i) for i in np.unravel_index(gap.argmax(), gap.shape))
    raise AssertionError(
        f"{call}: at {list(place)} yours is {found[place]:.5g}, expected {expected[place]:.5g}. "
        f"{cause}"
    )


def tell_apart(call, found, mistakes):
    """Fail with the mistake whose result this is, if it is the result of one."""
    found = np.asarray(found.data if isinstance(found, Tensor) else found)
    for said, result in mistakes.items():
        same = found.shape == np.shape(result) and np.allclose(found, result, atol=1e-7)
        assert not same, f"{call}: {said}"


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


def squash(x):
    return 1 / (1 + np.exp(-x))


def assert_recorded(call, result, inputs, names):
    """The gradient goes back to everything that went in."""
    result.sum().backward()
    for name, tensor in zip(names.split(), inputs):
        assert tensor.grad is not None, (
            f"{call}: no gradient arrives at {name}. Compute with the tensors themselves: what is "
            "taken out with `.data` or `.detach()` has no record"
        )


CELL = "input hx w_ih w_hh b_ih b_hh"


# ---- 8.1


def rnn_by_hand(x, h, w_ih, w_hh, b_ih=0, b_hh=0, bend=np.tanh):
    return bend(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)


def test_8_1_the_formula():
    arrays = draw((2, 3), (2, 4), (4, 3), (4, 4), (4,), (4,))
    call = "rnn_cell of input (2, 3) and state (2, 4)"
    inputs = [Tensor(a, requires_grad=True) for a in arrays]
    cause = "The input goes with w_ih and b_ih, the state with w_hh and b_hh"
    found = given(call, attempt(call, lambda: R.rnn_cell(*inputs), cause))
    x, h, w_ih, w_hh, b_ih, b_hh = arrays
    tell_apart(call, found, {
        "there is no bend: both sums together go through `bend`":
            rnn_by_hand(*arrays, bend=lambda z: z),
        "the state's bias, b_hh, is missing": rnn_by_hand(x, h, w_ih, w_hh, b_ih),
        "the input's bias, b_ih, is missing": rnn_by_hand(x, h, w_ih, w_hh, b_hh=b_hh),
        "both biases are missing": rnn_by_hand(x, h, w_ih, w_hh),
        "the state before has no part in it": np.tanh(x @ w_ih.T + b_ih),
        "each half is bent by itself: add them first, then bend once":
            np.tanh(x @ w_ih.T + b_ih) + np.tanh(h @ w_hh.T + b_hh),
        "the product with w_hh lacks its transpose: `linear` has it":
            rnn_by_hand(x, h, w_ih, w_hh.T, b_ih, b_hh),
    })  # fmt: skip
    assert_close(call, found, rnn_by_hand(*arrays), cause)
    assert_recorded(call, found, inputs, CELL)


def test_8_1_without_biases_and_with_another_bend():
    arrays = draw((2, 3), (2, 4), (4, 3), (4, 4), seed=1)
    call = "rnn_cell without biases, bend=relu"
    cause = "`bend` is the function to bend with, and `linear` takes None for a bias"
    found = attempt(call, lambda: R.rnn_cell(*map(Tensor, arrays), bend=functional.relu), cause)
    tell_apart(call, found, {
        "it is bent with tanh, whatever `bend` is: call the argument": rnn_by_hand(*arrays),
    })  # fmt: skip
    expected = rnn_by_hand(*arrays, bend=lambda z: np.maximum(z, 0))
    assert_close(call, given(call, found), expected, cause)


# ---- 8.2


def running(x, state):
    return 2 * state + x


def test_8_2_each_state_goes_into_the_next_step():
    x = np.array([1.0, 10.0, 100.0]).reshape(3, 1, 1)
    call = "unroll of `2 * state + x` over the inputs 1, 10, 100 from the state 5"
    found = given(call, R.unroll(running, Tensor(x), Tensor([[5.0]])))
    assert isinstance(found, tuple), f"{call} gave no pair (outputs, last state), but {found!r}"
    assert len(found) == 2, f"{call} gave {len(found)} things, expected (outputs, last state)"
    outputs, last = found
    outputs = np.asarray(given(f"the outputs of {call}", outputs).data)
    tell_apart(call, outputs.ravel(), {
        "every step starts from the first state. The state is carried: what a step returns is "
        "what the next one gets": [11, 20, 110],
        "the outputs are the states *before* each step: append the one that came out":
            [5, 11, 32],
        "the first state is among the outputs; they begin after the first step":
            [5, 11, 32, 164],
        "the steps are read from the last to the first": [110, 230, 461],
        "the first state is not used": [1, 12, 124],
    })  # fmt: skip
    expected = np.array([11.0, 32.0, 164.0]).reshape(3, 1, 1)
    assert_close(call, outputs, expected, "One output for each step, stacked: (T, N, H)")
    assert_close(f"the last state of {call}", last, np.array([[164.0]]), "It is a state (N, H)")


def test_8_2_a_state_of_two_parts():
    def cell(x, state):
        a, b = state
        return a + x, b + 2 * x

    x = Tensor(np.ones((3, 2, 1)))
    first = Tensor(np.zeros((2, 1))), Tensor(np.zeros((2, 1)))
    call = "unroll of a cell with the state (a, b)"
    cause = "Where the state is a tuple, the output of a step is its first part"
    outputs, last = given(call, attempt(call, lambda: R.unroll(cell, x, first), cause))
    assert tuple(outputs.shape) == (3, 2, 1), (
        f"{call}: the outputs have shape {tuple(outputs.shape)}, expected (3, 2, 1). {cause}"
    )
    tell_apart(call, outputs.data[:, 0, 0], {
        "the output is the second part of the state, expected the first": [2, 4, 6],
    })  # fmt: skip
    assert_close(call, outputs.data[:, 0, 0], np.array([1.0, 2, 3]), cause)
    assert isinstance(last, tuple), (
        f"{call}: the last state is a {type(last).__name__}, expected the pair that the cell "
        "returned last"
    )
    assert [part.data[0, 0] for part in last] == [3, 6], f"{call}: the last state is {last}"


def test_8_2_one_step_and_a_batch():
    x, h = draw((1, 3, 2), (3, 2))
    outputs, last = R.unroll(running, Tensor(x), Tensor(h))
    assert tuple(outputs.shape) == (1, 3, 2), (
        f"unroll over one step of input (1, 3, 2): outputs {tuple(outputs.shape)}, expected "
        "(1, 3, 2): stack puts a new axis for time in front"
    )
    assert_close("unroll over one step: the last state", last, 2 * h + x[0], "")


def test_8_2_gradients_go_back_through_all_steps():
    (x,) = tensors((4, 1, 1))
    outputs, _ = R.unroll(running, x, Tensor(np.zeros((1, 1))))
    outputs[-1].sum().backward()
    grad = None if x.grad is None else x.grad.data.ravel().tolist()
    assert grad == [8, 4, 2, 1], (
        f"unroll of `2 * state + x`: the gradient of the last output for the inputs is {grad}, "
        "expected [8, 4, 2, 1]. Neither state nor outputs may be detached, or made from `.data`"
    )


# ---- 8.3


def test_8_3_norms_of_the_last_output():
    (factors,) = draw((4, 2, 3), seed=2)
    factors[1] = 0
    x = Tensor(np.zeros((4, 2, 3)), requires_grad=True)
    both = stack([(x * Tensor(factors)).sum(0), (x * Tensor(factors)).sum(0) * 3])
    call = "gradient_reach of outputs that are weighted sums of all inputs"
    found = list(given(call, R.gradient_reach(both, x)))
    one = [np.linalg.norm(3 * part) for part in factors]
    tell_apart(call, found, {
        "it measures the sum of *all* outputs; only the last step's, output[-1], goes backward":
            [np.linalg.norm(4 * part) for part in factors],
        "it measures the first output; the last one is output[-1]":
            [np.linalg.norm(part) for part in factors],
        "the steps are in reverse: entry t belongs to input[t]": one[::-1],
        "these are squares: the norm is the root of the sum of squares": np.square(one),
        "these are sums of absolute values; the norm is the root of the sum of squares":
            [np.abs(3 * part).sum() for part in factors],
        "these are the largest entries; the norm is the root of the sum of squares":
            [np.abs(3 * part).max() for part in factors],
        "these are sums; the norm is the root of the sum of squares":
            [(3 * part).sum() for part in factors],
    })  # fmt: skip
    assert_close(call, found, np.array(one), "For each t the norm of input.grad[t], (N, I)")
    for value in found:
        assert isinstance(value, float), f"{call} has a {type(value).__name__}: floats are asked"


def test_8_3_measured_twice():
    x = Tensor(np.ones((3, 1, 1)), requires_grad=True)
    first = R.gradient_reach(R.unroll(running, x, Tensor(np.zeros((1, 1))))[0], x)
    again = R.gradient_reach(R.unroll(running, x, Tensor(np.zeros((1, 1))))[0], x)
    assert list(first) == [4, 2, 1], f"gradient_reach of `2 * state + x`: {first}, not [4, 2, 1]"
    assert list(again) == [4, 2, 1], (
        f"the second measurement gave {again}, the first {first}: `backward` adds to a gradient "
        "that is there. Set input.grad to None first"
    )


# ---- 8.4


def lstm_by_hand(x, h, c, w_ih, w_hh, b_ih=0, b_hh=0, order="ifgo"):
    z = x @ w_ih.T + b_ih + h @ w_hh.T + b_hh
    gate = dict(zip(order, np.split(z, 4, axis=1)))
    c = squash(gate["f"]) * c + squash(gate["i"]) * np.tanh(gate["g"])
    return squash(gate["o"]) * np.tanh(c), c


LSTM_SHAPES = (2, 3), (2, 4), (2, 4), (16, 3), (16, 4), (16,), (16,)


def lstm_pair(call, arrays):
    inputs = [Tensor(a, requires_grad=True) for a in arrays]
    x, h, c, *weights = inputs
    cause = "z is (N, 4H), chunked into four along the last axis; the state is a pair (h, c)"
    found = given(call, attempt(call, lambda: R.lstm_cell(x, (h, c), *weights), cause))
    assert isinstance(found, tuple), f"{call} gave a {type(found).__name__}, expected (h, c)"
    assert len(found) == 2, f"{call} gave {len(found)} things, expected (h, c)"
    return found, inputs


def test_8_4_the_formula():
    arrays = draw(*LSTM_SHAPES, seed=3)
    call = "lstm_cell of input (2, 3) and states (2, 4)"
    (h, c), inputs = lstm_pair(call, arrays)
    expected_h, expected_c = lstm_by_hand(*arrays)
    tell_apart(call, h, {"it returns (c, h), expected (h, c)": expected_c})
    for order in permutations("ifgo"):
        if "".join(order) == "ifgo":
            continue
        wrong = lstm_by_hand(*arrays, order=order)
        same = np.allclose(c.data, wrong[1]) and np.allclose(h.data, wrong[0])
        assert not same, (
            f"{call}: the rows are taken in the order {', '.join(order)}; PyTorch's is i, f, g, o"
        )
    x, h0, c0, w_ih, w_hh, b_ih, b_hh = arrays
    i, f, g, o = np.split(x @ w_ih.T + b_ih + h0 @ w_hh.T + b_hh, 4, axis=1)
    tell_apart(f"{call}, c after", c, {
        "the candidate g has gone through a sigmoid; it goes through tanh":
            squash(f) * c0 + squash(i) * squash(g),
        "the candidate g has no bend: it goes through tanh": squash(f) * c0 + squash(i) * g,
        "the cell state before is not in it: f * c before + i * g": squash(i) * np.tanh(g),
        "the forget gate is missing: f * c before + i * g": c0 + squash(i) * np.tanh(g),
        "the input gate is missing: f * c before + i * g": squash(f) * c0 + np.tanh(g),
        "the input gate is 1 - f; here it is a gate of its own, i":
            squash(f) * c0 + (1 - squash(f)) * np.tanh(g),
        "the gates have no bend: i, f and o go through a sigmoid": f * c0 + i * np.tanh(g),
        "f * h before, expected f * c before: the note is c":
            squash(f) * h0 + squash(i) * np.tanh(g),
        "b_hh is missing": lstm_by_hand(*arrays[:-1])[1],
        "b_ih is missing": lstm_by_hand(*arrays[:-2], b_hh=b_hh)[1],
        "both biases are missing": lstm_by_hand(*arrays[:-2])[1],
    })  # fmt: skip
    assert_close(f"{call}, c after", c, expected_c, "It is f * c before + i * g")
    tell_apart(f"{call}, h after", h, {
        "h is made of c *before*; it shows c after": squash(o) * np.tanh(c0),
        "c has no tanh here: h after = o * tanh(c after)": squash(o) * expected_c,
        "the output gate is missing: h after = o * tanh(c after)": np.tanh(expected_c),
    })  # fmt: skip
    assert_close(f"{call}, h after", h, expected_h, "It is o * tanh(c after)")
    assert_recorded(call, h, inputs, "input h c w_ih w_hh b_ih b_hh")


def test_8_4_without_biases():
    arrays = draw(*LSTM_SHAPES[:5], seed=4)
    (h, c), _ = lstm_pair("lstm_cell without biases", arrays)
    for found, expected in zip((h, c), lstm_by_hand(*arrays)):
        assert_close("lstm_cell without biases", found, expected, "`linear` takes None for a bias")


# ---- 8.5


def gru_by_hand(x, h, w_ih, w_hh, b_ih=0, b_hh=0, order="rzn"):
    from_x = dict(zip(order, np.split(x @ w_ih.T + b_ih, 3, axis=1)))
    from_h = dict(zip(order, np.split(h @ w_hh.T + b_hh, 3, axis=1)))
    r, z = squash(from_x["r"] + from_h["r"]), squash(from_x["z"] + from_h["z"])
    n = np.tanh(from_x["n"] + r * from_h["n"])
    return (1 - z) * n + z * h


GRU_SHAPES = (2, 3), (2, 4), (12, 3), (12, 4), (12,), (12,)


def test_8_5_the_formula():
    arrays = draw(*GRU_SHAPES, seed=5)
    call = "gru_cell of input (2, 3) and state (2, 4)"
    inputs = [Tensor(a, requires_grad=True) for a in arrays]
    cause = "Each half is (N, 3H), chunked into three along the last axis"
    found = given(call, attempt(call, lambda: R.gru_cell(*inputs), cause))
    for order in permutations("rzn"):
        if "".join(order) != "rzn":
            tell_apart(call, found, {
                f"the rows are taken in the order {', '.join(order)}; PyTorch's is r, z, n":
                    gru_by_hand(*arrays, order=order),
            })  # fmt: skip
    x, h, w_ih, w_hh, b_ih, b_hh = arrays
    xr, xz, xn = np.split(x @ w_ih.T + b_ih, 3, axis=1)
    hr, hz, hn = np.split(h @ w_hh.T + b_hh, 3, axis=1)
    r, z = squash(xr + hr), squash(xz + hz)
    n, w_n = np.tanh(xn + r * hn), w_hh[8:]
    tell_apart(call, found, {
        "z and 1 - z are exchanged: z keeps the state before, 1 - z takes the candidate":
            z * n + (1 - z) * h,
        "r multiplies the whole sum of n; it multiplies h's part only":
            (1 - z) * np.tanh(r * (xn + hn)) + z * h,
        "r multiplies x's part of n; it multiplies h's part":
            (1 - z) * np.tanh(r * xn + hn) + z * h,
        "r multiplies the state before the product with w_hh; here, as in PyTorch, it multiplies "
        "the product": (1 - z) * np.tanh(xn + (r * h) @ w_n.T + b_hh[8:]) + z * h,
        "r multiplies h's part without its bias; the bias is part of it":
            (1 - z) * np.tanh(xn + r * (h @ w_n.T) + b_hh[8:]) + z * h,
        "r is not used: n = tanh(x's part + r * h's part)": (1 - z) * np.tanh(xn + hn) + z * h,
        "the candidate n has no tanh": (1 - z) * (xn + r * hn) + z * h,
        "the candidate n goes through a sigmoid; it goes through tanh":
            (1 - z) * squash(xn + r * hn) + z * h,
        "the candidate is added whole: (1 - z) * n + z * h before": n + z * h,
        "the state before is added whole: (1 - z) * n + z * h before": (1 - z) * n + h,
        "b_hh is missing": gru_by_hand(*arrays[:-1]),
        "b_ih is missing": gru_by_hand(*arrays[:-2], b_hh=b_hh),
        "both biases are missing": gru_by_hand(*arrays[:-2]),
    })  # fmt: skip
    assert_close(call, found, gru_by_hand(*arrays), "(1 - z) * n + z * h before")
    assert_recorded(call, found, inputs, CELL)


def test_8_5_without_biases():
    arrays = draw(*GRU_SHAPES[:4], seed=6)
    found = R.gru_cell(*map(Tensor, arrays))
    assert_close(
        "gru_cell without biases", found, gru_by_hand(*arrays), "`linear` takes None for a bias"
    )


# ---- 8.6


class Empty(Module):
    """Something to put parameters into."""

    def __init__(self, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size


def made(bias, suffix="_l0", dtype="float32"):
    module = Empty(5)
    R.add_weights(module, 15, 3, bias, suffix, np.dtype(dtype))
    return module


@pytest.mark.parametrize("suffix", ["", "_l0", "_l1_reverse"])
def test_8_6_names_and_shapes(suffix):
    call = f"add_weights with 15 rows, 3 inputs, hidden_size 5, suffix {suffix!r}"
    found = {name: tuple(p.shape) for name, p in made(True, suffix).named_parameters()}
    expected = {
        f"weight_ih{suffix}": (15, 3), f"weight_hh{suffix}": (15, 5),
        f"bias_ih{suffix}": (15,), f"bias_hh{suffix}": (15,),
    }  # fmt: skip
    assert found, (
        f"{call} made no parameters. They must be set as attributes of `module`, and be of the "
        "class Parameter: a plain Tensor is not registered"
    )
    assert set(found) == set(expected), f"{call} made {list(found)}, expected {list(expected)}"
    for name, shape in expected.items():
        assert found[name] == shape, f"{call}: {name} has shape {found[name]}, expected {shape}"
    assert list(found) == list(expected), f"{call} made {list(found)}, expected this order: " + (
        ", ".join(expected)
    )


def test_8_6_without_biases_and_in_another_dtype():
    found = [name for name, _ in made(False).named_parameters()]
    assert found == ["weight_ih_l0", "weight_hh_l0"], (
        f"add_weights with bias=False made {found}, expected only the two weights"
    )
    for dtype in ("float32", "float64"):
        for name, p in made(True, dtype=dtype).named_parameters():
            assert p.dtype == np.dtype(dtype), (
                f"add_weights with dtype={dtype}: {name} is {p.dtype}; hand `dtype` on"
            )


def test_8_6_two_layers_do_not_share():
    module = made(True, "_l0")
    R.add_weights(module, 15, 5, True, "_l1", np.dtype("float32"))
    names = [name for name, _ in module.named_parameters()]
    assert len(names) == 8, f"two calls of add_weights made the parameters {names}, expected eight"


@pytest.mark.shared
def test_8_6_first_values():
    manual_seed(0)
    module = Empty(16)
    shapes = {"weight_ih": (400, 3), "weight_hh": (400, 16), "bias_ih": (400,)}
    for name, shape in shapes.items():
        setattr(module, name, Parameter(np.full(shape, 7.0, "float32")))
    before = [p.data for p in module.parameters()]
    R.first_values(module)
    for (name, p), array in zip(module.named_parameters(), before):
        largest = np.abs(p.data).max()
        call = f"first_values with hidden_size 16: {name}"
        assert largest != 7, f"{call} has kept its values: all parameters get new ones"
        assert largest > 0, f"{call} is all 0: biases too are spread from -1/4 to 1/4"
        assert largest <= 0.25, (
            f"{call} goes up to {largest:.3f}, expected at most 1 / sqrt(16) = 0.25"
        )
        assert largest > 0.24, (
            f"{call} goes up to {largest:.3f} only, expected nearly 1 / sqrt(16) = 0.25; it is the "
            "hidden size that counts, for all parameters alike"
        )
        assert p.data.min() < -0.2, f"{call} has no numbers near -0.25: from -1/4 to 1/4"
        assert abs(p.data.mean()) < 0.03, f"{call} has the mean {p.data.mean():.3f}, expected 0"
        assert p.data is array, f"{call}: fill the array that is there, do not make a new one"


# ---- 8.7


def states_by_hand(gates, h, w_hh, bend=np.tanh):
    found = []
    for z in gates:
        h = bend(z + h @ w_hh.T)
        found.append(h)
    return np.stack(found)


RNN_SHAPES = (4, 2, 3), (2, 3), (3, 3)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_8_7_states(nonlinearity):
    gates, h0, w_hh = draw(*RNN_SHAPES, seed=7)
    bend = np.tanh if nonlinearity == "tanh" else lambda z: np.maximum(z, 0)
    call = f"RNNOp forward, gates (4, 2, 3), {nonlinearity}"
    found = R.RNNOp.apply(*map(Tensor, (gates, h0, w_hh)), nonlinearity).data
    tell_apart(call, found, {
        "w_hh lacks its transpose: the product is with `turned`":
            states_by_hand(gates, h0, w_hh.T, bend),
        "each step starts from h0: the state before step t is h[t]":
            bend(gates + h0 @ w_hh.T),
        "the state before has no part: h[t] times `turned` is missing": bend(gates),
        "there is no bend": states_by_hand(gates, h0, w_hh, lambda z: z),
        "it is bent with tanh, whatever the nonlinearity: `bend` is ready":
            states_by_hand(gates, h0, w_hh) if nonlinearity == "relu" else [],
    })  # fmt: skip
    cause = "h[t + 1] = bend(gates[t] + h[t] @ w_hh.T), for every t"
    assert_close(call, found, states_by_hand(gates, h0, w_hh, bend), cause)


@pytest.mark.shared
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("steps", [1, 4])
def test_8_7_gradients(nonlinearity, steps):
    gates, h0, w_hh = tensors((steps, 2, 3), (2, 3), (3, 3), seed=8)
    (back,) = draw((steps, 2, 3), seed=9)
    call = f"RNNOp backward, {steps} step{'s' * (steps > 1)}, {nonlinearity}"
    up = Tensor(back)
    R.RNNOp.apply(gates, h0, w_hh, nonlinearity).backward(up)
    assert np.array_equal(up.data, back), f"{call} changed `grad`: others may hold that array"

    def value():
        return (R.RNNOp.apply(gates, h0, w_hh, nonlinearity).data * back).sum()

    causes = {
        "gates": "For each t, from the last to the first: (grad[t] + grad_h) * slope(h[t + 1]), "
        "where grad_h is what step t + 1 has sent back",
        "h0": "It is what is left in grad_h after the loop, and grad_h = grads[t] @ w_hh, without "
        "a transpose",
        "w_hh": "It is the sum of grads[t].T @ h[t], with the state *before* step t: "
        "_product_of_steps(grads, h[:-1])",
    }
    for name, tensor in (("gates", gates), ("h0", h0), ("w_hh", w_hh)):
        assert tensor.grad is not None, f"{call}: the gradient of {name} is None: return all three"
        assert_close(
            f"{call}: the gradient of {name}",
            tensor.grad.data,
            numeric_gradient(value, tensor.data),
            causes[name],
        )


# ---- 8.8


SCALE = np.repeat([0.5, 0.5, 1.0, 0.5], 3)


def one_step(z, c):
    i, f, g, o = np.split(z, 4, axis=1)
    after = squash(f) * c + squash(i) * np.tanh(g)
    return squash(o) * np.tanh(after), after, np.tanh(after)


def tell_order(call, found, gates, c):
    """Fail if the four gates were taken apart under each other's names."""
    pieces = np.split(gates, 4, axis=1)
    for names in permutations("ifgo"):
        gate = dict(zip(names, pieces))
        after = gate["f"] * c + gate["i"] * gate["g"]
        here = after, gate["o"] * np.tanh(after)
        if np.allclose(found[1], here[0]) and np.allclose(found[0], here[1]):
            order = ", ".join(names)
            assert names in (tuple("ifgo"), tuple("gfio")), (  # i * g is g * i
                f"{call}: c and h are those of gates that lie in z in the order {order}. They lie "
                "there as i, f, g, o: take the four parts in this order"
            )


def opened(z):
    i, f, g, o = np.split(z, 4, axis=1)
    return np.concatenate([squash(i), squash(f), np.tanh(g), squash(o)], axis=1)


@pytest.mark.shared
def test_8_8_one_step():
    z, c = draw((2, 12), (2, 3), seed=10)
    gates, before = z.copy(), c.copy()
    call = "lstm_step of z (2, 12) and c (2, 3)"
    found = given(call, R.lstm_step(gates, c, SCALE))
    assert len(found) == 3, f"{call} gave {len(found)} things, expected (h, c, bent)"
    assert np.array_equal(c, before), (
        f"{call} changed c, the cell state before: the way back needs it. f * c + i * g makes a "
        "new array, `c *= f` does not"
    )
    assert not np.array_equal(gates, z), (
        f"{call} left z as it was: it must hold i, f, g, o *after* their bends afterwards"
    )
    parts = zip("ifgo", np.split(gates, 4, axis=1), np.split(opened(z), 4, axis=1))
    for name, mine, wanted in parts:
        assert_close(
            f"{call}: z afterwards, gate {name}", mine, wanted,
            "z *= scale, tanh into z, z *= scale, z += 1 - scale",
        )  # fmt: skip
    expected = one_step(z, c)
    tell_order(call, found, gates, c)
    causes = {
        "c": "f * c before + i * g",
        "bent": "tanh(c after)",
        "h": "o * tanh(c after), with the c after that you return",
    }
    for name, cause in causes.items():  # c first: the others follow from it
        at = ("h", "c", "bent").index(name)
        assert_close(f"{call}: {name}", found[at], expected[at], f"It is {cause}")


def test_8_8_float32_stays():
    z, c = (a.astype("float32") for a in draw((2, 12), (2, 3)))
    gates, scale = opened(z).astype("float32"), SCALE.astype("float32")
    for name, found in (
        ("lstm_step", R.lstm_step(z, c, scale)),
        ("lstm_factors", R.lstm_factors(gates, c, c, scale)),
        ("lstm_step_back", R.lstm_step_back(c, c, gates, c, c)),
    ):
        for part in found:
            assert part.dtype == np.float32, f"{name} of float32 arrays gave {part.dtype}"


FACTORS = {
    "i": "the slope of i times g",
    "f": "the slope of f times c *before* the step",
    "g": "the slope of g times i",
    "o": "the slope of o times bent",
}
SLOPE = "; the slope of a gate a is (1 - a) * (a + 2 * scale - 1)"


def factors_by_hand(gates, c, bent):
    """(factors, through_h), gate by gate."""
    i, f, g, o = np.split(gates, 4, axis=-1)
    parts = i * (1 - i) * g, f * (1 - f) * c, (1 - g * g) * i, o * (1 - o) * bent
    return np.concatenate(parts, axis=-1), o * (1 - bent * bent)


def assert_unchanged(call, names, arguments, copies):
    for name, array, copy in zip(names.split(), arguments, copies):
        assert np.array_equal(array, copy), (
            f"{call} changed its argument {name}: `x = x + ...` makes a new array, `x += ...` "
            "does not"
        )


@pytest.mark.parametrize("lead", [(2,), (5, 2)], ids=["one step", "all steps"])
def test_8_8_factors(lead):
    z, c, bent = draw((*lead, 12), (*lead, 3), (*lead, 3), seed=11)
    gates = np.concatenate([opened(part) for part in z.reshape(-1, 2, 12)]).reshape(z.shape)
    arguments = gates, c, np.tanh(bent), SCALE
    copies = [a.copy() for a in arguments]
    call = f"lstm_factors of gates {gates.shape}"
    cause = "_parts cuts the last axis, for arrays of any rank"
    found = given(call, attempt(call, lambda: R.lstm_factors(*arguments), cause))
    assert len(found) == 2, f"{call} gave {len(found)} things, expected (factors, through_h)"
    assert_unchanged(call, "gates c bent scale", arguments, copies)
    factors, through_h = factors_by_hand(*arguments[:3])
    assert np.shape(found[0]) == factors.shape, (
        f"{call}: factors has shape {np.shape(found[0])}, expected {factors.shape}"
    )
    parts = zip("ifgo", np.split(found[0], 4, axis=-1), np.split(factors, 4, axis=-1))
    for name, mine, expected in parts:
        cause = f"It is {FACTORS[name]}{SLOPE}"
        assert_close(f"{call}: factors, columns of {name}", mine, expected, cause)
    assert_close(f"{call}: through_h", found[1], through_h, "It is o * (1 - bent * bent)")


def test_8_8_the_way_back_of_one_step():
    z, c, up_h, up_c = draw((2, 12), (2, 3), (2, 3), (2, 3), seed=11)
    gates, bent = opened(z), one_step(z, c)[2]
    factors, through_h = factors_by_hand(gates, c, bent)
    arguments = up_h, up_c, factors, through_h, gates[:, 3:6]
    copies = [a.copy() for a in arguments]
    call = "lstm_step_back"
    cause = "factors is (N, 4H), the gradients are (N, H)"
    found = given(call, attempt(call, lambda: R.lstm_step_back(*arguments), cause))
    assert len(found) == 2, f"{call} gave {len(found)} things, expected (grad_z, grad_c)"
    assert_unchanged(call, "grad_h grad_c factors through_h f", arguments, copies)

    def value():
        h, after, _ = one_step(z, c)
        return (h * up_h + after * up_c).sum()

    wanted = numeric_gradient(value, z)
    assert np.shape(found[0]) == wanted.shape, (
        f"{call}: grad_z has shape {np.shape(found[0])}, expected {wanted.shape}"
    )
    more = "; grad_c is here all that arrives: the argument, plus grad_h * through_h"
    parts = zip("ifgo", np.split(found[0], 4, axis=1), np.split(wanted, 4, axis=1))
    for name, mine, expected in parts:
        cause = f"It is its factors times {'grad_h' if name == 'o' else 'grad_c'}{more}"
        assert_close(f"{call}: grad_z, columns of {name}", mine, expected, cause)
    wanted = numeric_gradient(value, c)
    assert_close(f"{call}: grad_c before", found[1], wanted, f"It is grad_c * f{more}")


@pytest.mark.shared
def test_8_8_all_steps():
    gates, h0, c0, w_hh = tensors((4, 2, 12), (2, 3), (2, 3), (12, 3), seed=12)
    read = R.LSTMOp.apply(gates, h0, c0, w_hh)
    h, c, expected = h0.data, c0.data, []
    for z in gates.data:
        h, c, _ = one_step(z + h @ w_hh.data.T, c)
        expected.append(h)
    expected = np.array([*expected, c])
    assert_close("LSTMOp over four steps", read, expected, "Its loop, given, calls lstm_step")
    (back,) = draw(read.shape, seed=13)
    read.backward(Tensor(back))

    def value():
        return (R.LSTMOp.apply(gates, h0, c0, w_hh).data * back).sum()

    for name, tensor in (("gates", gates), ("h0", h0), ("c0", c0), ("w_hh", w_hh)):
        assert_close(
            f"LSTMOp over four steps: the gradient of {name}", tensor.grad.data,
            numeric_gradient(value, tensor.data), "Its loop, given, calls your functions",
        )  # fmt: skip


# ---- 8.9


def doubles(layer, seed=0):
    """Random weights in float64, so that results can be compared closely."""
    rng = np.random.default_rng(seed)
    for p in layer.parameters():
        p.data = rng.standard_normal(p.shape) / 2
    return layer


STEPS = {"RNN": rnn_by_hand, "GRU": gru_by_hand}


def read_by_hand(layer, suffix, x, states):
    """One layer in one direction: outputs and last states, step by step."""
    weights = [p.data for name, p in layer.named_parameters() if name.endswith(suffix)]
    reverse = suffix.endswith("_reverse")
    outputs = []
    for now in x[::-1] if reverse else x:
        if isinstance(layer, LSTM):
            states = lstm_by_hand(now, *states, *weights)
        else:
            states = (STEPS[type(layer).__name__](now, states[0], *weights),)
        outputs.append(states[0])
    return np.stack(outputs[::-1] if reverse else outputs), states


def layer_by_hand(layer, x, first):
    last = []
    for number in range(layer.num_layers):
        outputs = []
        for suffix in layer.suffixes(number):
            output, states = read_by_hand(layer, suffix, x, first[len(last)])
            outputs.append(output)
            last.append(states)
        x = np.concatenate(outputs, axis=2)
    return x, last


KINDS = pytest.mark.parametrize("kind", [RNN, LSTM, GRU], ids=lambda kind: kind.__name__)


def some_states(kind, count, seed=14):
    rng = np.random.default_rng(seed)
    return [tuple(rng.standard_normal((2, 5)) for _ in range(1 + (kind is LSTM)))
            for _ in range(count)]  # fmt: skip


def as_tensors(states):
    return tuple(Tensor(part) for part in states)


@KINDS
def test_8_9_one_layer_in_one_direction(kind):
    layer = doubles(kind(3, 5, bidirectional=True))
    (x,) = draw((4, 2, 3), seed=15)
    (states,) = some_states(kind, 1)
    for suffix in ("_l0", "_l0_reverse"):
        call = f"{kind.__name__}.read(input (4, 2, 3), {suffix!r}, states)"
        output, last = given(call, layer.read(Tensor(x), suffix, as_tensors(states)))
        wanted, wanted_last = read_by_hand(layer, suffix, x, states)
        zero = tuple(np.zeros((2, 5)) for _ in states)
        if suffix == "_l0_reverse":
            forward = {name: p for name, p in layer.named_parameters()}  # noqa: C416
            swapped = doubles(kind(3, 5))
            for name, p in swapped.named_parameters():
                p.data = forward[name + "_reverse"].data
            plain, _ = read_by_hand(swapped, "_l0", x, states)
            tell_apart(call, output, {
                "it reads from the beginning: for a direction that ends in _reverse the input is "
                "flipped along time, input.flip(0)": plain,
                "the outputs are in the order of reading. They belong in the order of time: flip "
                "them again": wanted[::-1],
                "only the output is flipped; the input is to be flipped as well": plain[::-1],
            })  # fmt: skip
        tell_apart(call, output, {
            "the first states are not used; hand `states` on to scan":
                read_by_hand(layer, suffix, x, zero)[0],
        })  # fmt: skip
        cause = "scan(input, states, *self.weights(suffix)), flipped before and after if reverse"
        assert_close(call, output, wanted, cause)
        for mine, expected in zip(last, wanted_last):
            assert_close(
                f"{call}: the last states", mine, expected,
                "They come from scan as they are: the states after the last step *read*",
            )  # fmt: skip


@KINDS
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_8_9_all_layers(kind, layers, bidirectional):
    layer = doubles(kind(3, 5, num_layers=layers, bidirectional=bidirectional))
    directions = 1 + bidirectional
    (x,) = draw((4, 2, 3), seed=16)
    first = some_states(kind, layers * directions)
    call = f"{layer}: read_all of input (4, 2, 3)"
    cause = (
        "Each layer reads the output of the one before. Its directions stand side by side along "
        "the last axis, and the states that belong to it are first[len(last)]"
    )
    found = attempt(call, lambda: layer.read_all(Tensor(x), [as_tensors(s) for s in first]), cause)
    output, last = given(call, found)
    wanted, wanted_last = layer_by_hand(layer, x, first)
    assert len(last) == layers * directions, (
        f"{call}: {len(last)} last states, expected {layers * directions}: one for each layer and "
        "direction"
    )
    tell_apart(call, output, {
        "every layer and direction begins with first[0]; each has its own, first[len(last)]":
            layer_by_hand(layer, x, [first[0]] * len(first))[0] if len(first) > 1 else [],
        "the directions are put side by side in the wrong order: forward first":
            np.concatenate([wanted[..., 5:], wanted[..., :5]], axis=2) if bidirectional else [],
    })  # fmt: skip
    assert_close(call, output, wanted, cause)
    for number, (mine, expected) in enumerate(zip(last, wanted_last)):
        for part, wanted_part in zip(mine, expected):
            assert_close(
                f"{call}: last states, number {number}", part, wanted_part,
                "Order: layer 0, its reverse, layer 1, ...",
            )  # fmt: skip


@KINDS
def test_8_9_what_the_layer_returns(kind):
    layer = doubles(kind(3, 5, num_layers=2, bidirectional=True, batch_first=True))
    (x,) = draw((2, 4, 3), seed=17)
    output, last = layer(Tensor(x))
    first = [tuple(np.zeros((2, 5)) for _ in range(1 + (kind is LSTM)))] * 4
    wanted, wanted_last = layer_by_hand(layer, x.transpose(1, 0, 2), first)
    call = f"{layer} of input (2, 4, 3)"
    assert_close(call, output, wanted.transpose(1, 0, 2), "")
    for mine, expected in zip(last if kind is LSTM else (last,), zip(*wanted_last)):
        assert_close(f"{call}: last states", mine, np.stack(expected), "")
    single, alone = layer(Tensor(x[0]))
    assert_close(f"{layer} of one sequence (4, 3)", single, wanted[:, 0], "")
    shape = (alone[0] if kind is LSTM else alone).shape
    assert tuple(shape) == (4, 5), f"{layer} of one sequence: last states {tuple(shape)}"


@KINDS
@pytest.mark.parametrize("bias", [True, False])
def test_8_9_gradients_of_everything(kind, bias):
    layer = doubles(kind(2, 3, num_layers=2, bidirectional=True, bias=bias))
    (x,) = tensors((3, 2, 2), seed=18)
    (back,) = draw((3, 2, 6), seed=19)

    def value():
        with no_grad():
            return (layer(x)[0].data * back).sum()

    layer(x)[0].backward(Tensor(back))
    for seed, (name, p) in enumerate([("the input", x), *layer.named_parameters()]):
        assert p.grad is not None, f"{layer}: no gradient arrives at {name}"
        (way,), before, values = draw(p.shape, seed=seed), p.data, []
        for step in (1e-6, -1e-6):
            p.data = before + step * way
            values.append(value())
        p.data = before
        found, wanted = (p.grad.data * way).sum(), (values[0] - values[1]) / 2e-6
        assert np.isclose(found, wanted, atol=1e-6), (
            f"{layer}: moving {name} in a random direction changes the result by {wanted:.5g} per "
            f"step, its gradient says {found:.5g}"
        )


def test_8_9_layers_and_cells_agree():
    for kind, cell in ((RNN, RNNCell), (LSTM, LSTMCell), (GRU, GRUCell)):
        manual_seed(0)
        layer, step = kind(3, 5), cell(3, 5)
        step.load_state_dict({n.removesuffix("_l0"): p for n, p in layer.state_dict().items()})
        (x,) = draw((4, 2, 3), seed=20)
        x = Tensor(x.astype("float32"))
        outputs, _ = R.unroll(step, x, None)
        found = layer(x)[0].data
        assert np.allclose(found, outputs.data, atol=1e-6), (
            f"{kind.__name__} and {cell.__name__}, unrolled, with the same weights differ by up to "
            f"{np.abs(found - outputs.data).max():.2g}"
        )


def test_8_9_dropout_between_layers():
    if not hasattr(functional, "dropout"):
        with pytest.raises(ValueError, match="06_normalization"):
            LSTM(3, 5, num_layers=2, dropout=0.5)
        return
    manual_seed(0)
    layer = doubles(GRU(3, 50, num_layers=2, dropout=0.5))
    (x,) = draw((4, 2, 3), seed=21)
    first, again = layer(Tensor(x))[0].data, layer(Tensor(x))[0].data
    assert not np.allclose(first, again), f"{layer}: in training, dropout must differ each time"
    assert (first != 0).all(), f"{layer}: the output itself is dropped; dropout stands *between*"
    layer.eval()
    assert np.array_equal(layer(Tensor(x))[0].data, layer(Tensor(x))[0].data), (
        f"{layer} in eval mode must not drop anything"
    )


def test_8_9_what_does_not_fit_is_refused():
    layer = LSTM(3, 5, num_layers=2)
    zero = Tensor(np.zeros((2, 2, 5), "float32"))
    x = Tensor(np.zeros((4, 2, 3), "float32"))
    for what, arguments, error, words in (
        ("an input of another width", [Tensor(np.zeros((4, 2, 7), "float32"))], RuntimeError, "7"),
        ("no steps", [Tensor(np.zeros((0, 2, 3), "float32"))], RuntimeError, "length"),
        ("four dimensions", [Tensor(np.zeros((1, 4, 2, 3), "float32"))], ValueError, "4D"),
        ("another dtype", [Tensor(np.zeros((4, 2, 3)))], ValueError, "float64"),
        ("one state for two", [x, zero], TypeError, "h_0, c_0"),
        ("a state of one layer", [x, (zero, zero[:1])], RuntimeError, r"hidden\[1\]"),
    ):
        with pytest.raises(error, match=words):
            print(f"{layer} took {what}:", layer(*arguments))


# ---- 8.10


@pytest.mark.shared
def test_8_10_the_rows_of_the_forget_gate():
    manual_seed(0)
    lstm = LSTM(3, 4, num_layers=2, bidirectional=True)
    before = {name: p.data.copy() for name, p in lstm.named_parameters()}
    arrays = {name: p.data for name, p in lstm.named_parameters()}
    returned = R.open_forget_gates_(lstm, 2.5)
    assert returned is lstm, (
        f"open_forget_gates_ returned {'nothing' if returned is None else 'something else'}, "
        "expected the lstm"
    )
    for name, p in lstm.named_parameters():
        call = f"open_forget_gates_(LSTM(3, 4, ...), 2.5): {name}"
        assert p.data is arrays[name], f"{call} has a new array: change rows of the one it has"
        changed = np.unique(np.nonzero(p.data != before[name])[0]).tolist()
        if name.startswith("weight"):
            assert not changed, f"{call} was changed; only biases are"
            continue
        assert changed == [4, 5, 6, 7], (
            f"{call}: the rows {changed} were changed, expected 4 to 7, the second of i, f, g, o "
            "(H to 2H - 1), in every layer and direction"
        )
        wanted = 2.5 if name.startswith("bias_ih") else 0
        found = p.data[4:8].tolist()
        assert found == [wanted] * 4, (
            f"{call}: the forget gate's rows are {np.round(found, 3).tolist()}, expected {wanted}: "
            "bias_ih gets it all and bias_hh 0, since both are added"
        )


def test_8_10_a_cell_and_the_usual_bias():
    manual_seed(0)
    cell = R.open_forget_gates_(LSTMCell(3, 4))
    total = (cell.bias_ih.data + cell.bias_hh.data)[4:8].tolist()
    assert total == [1] * 4, f"open_forget_gates_(LSTMCell(3, 4)): forget bias {total}, expected 1"
    with pytest.raises(ValueError, match="no biases"):
        R.open_forget_gates_(LSTM(3, 4, bias=False))


# ---- 8.11


class Sum:
    """A layer that adds up what it reads, and writes down how it was called."""

    def __init__(self, pair=False):
        self.pair, self.pieces, self.states = pair, [], []

    def __call__(self, input, state=None):
        self.pieces.append(len(input))
        self.states.append(state)
        total = Tensor(np.zeros(input.shape[1:])) if state is None else state
        total = total[0] if isinstance(total, tuple) else total
        outputs = []
        for x in input:
            total = total + x
            outputs.append(total)
        return stack(outputs), (total, total * 2) if self.pair else total


def pieces_of(layer, x, length, state=None):
    call = f"in_pieces of {len(x)} steps, {length} at a time"
    found = given(call, R.in_pieces(layer, x, length, state))
    for piece in found:
        assert isinstance(piece, tuple), f"{call} yields a {type(piece).__name__}"
        assert len(piece) == 3, f"{call} yields {len(piece)} things: (slice, output, state)"
        yield piece


@pytest.mark.parametrize("pair", [False, True], ids=["one state", "a pair"])
def test_8_11_the_state_goes_on(pair):
    x = Tensor(np.arange(1.0, 8).reshape(7, 1, 1))
    layer, seen = Sum(pair), []
    for steps, output, _ in pieces_of(layer, x, 3):
        assert isinstance(steps, slice), f"the first of the three is {steps!r}, expected a slice"
        assert len(x[steps]) == len(output), (
            f"in_pieces: the slice {steps} has {len(x[steps])} steps, its output {len(output)}"
        )
        seen += output.data.ravel().tolist()
    assert layer.pieces == [3, 3, 1], (
        f"in_pieces of 7 steps, 3 at a time: the layer read pieces of {layer.pieces} steps, "
        "expected 3, 3 and what is left, 1"
    )
    assert layer.states[0] is None, "in_pieces: without a first state the layer is to get None"
    assert layer.states[1] is not None, (
        "in_pieces: the second piece was read without a state: carry the state over, or the layer "
        "forgets at every piece what it has read"
    )
    assert seen == np.cumsum(np.arange(1, 8)).tolist(), (
        f"in_pieces: running sums of 1 ... 7 are {seen}, expected 1, 3, 6, 10, ...: every step "
        "once, in order, each piece with the state after the one before"
    )


def test_8_11_a_first_state():
    layer = Sum()
    start = Tensor(np.full((1, 1), 100.0))
    (_, output, state), *_ = pieces_of(layer, Tensor(np.ones((4, 1, 1))), 2, start)
    assert output.data.ravel().tolist() == [101, 102], (
        "in_pieces: the state that was given is not what the first piece begins with"
    )
    assert state.item() == 102, f"in_pieces: the state after the piece is {state.item()}, not 102"


@pytest.mark.parametrize("pair", [False, True], ids=["one state", "a pair"])
def test_8_11_the_gradient_does_not(pair):
    (x,) = tensors((6, 1, 1))
    for steps, output, state in pieces_of(Sum(pair), x, 3):
        parts = state if pair else (state,)
        assert isinstance(state, tuple) == pair, f"in_pieces yields the state {state!r}"
        assert not any(part.requires_grad for part in parts), (
            f"in_pieces: the state after steps {steps.start} to {steps.stop - 1} still has its "
            "record. Detach it, each part if it is a tuple: the next piece's backward would walk "
            "on into this one"
        )
        assert output.requires_grad, "in_pieces: the output must keep its record; detach the state"
        x.grad = None
        output[-1].sum().backward()
        found = x.grad.data.ravel().tolist()
        wanted = [1.0 if steps.start <= t < steps.stop else 0.0 for t in range(6)]
        assert found == wanted, (
            f"in_pieces, steps {steps.start} to {steps.stop - 1}: the gradient for the six inputs "
            f"is {found}, expected {wanted}: backward stays within the piece"
        )


def test_8_11_a_piece_waits_for_the_caller():
    layer = Sum()
    for number, _ in enumerate(pieces_of(layer, Tensor(np.ones((6, 1, 1))), 2)):
        assert len(layer.pieces) == number + 1, (
            f"in_pieces read {len(layer.pieces)} pieces before the caller had learned from piece "
            f"{number}: `yield` each one as soon as it is read, do not collect them in a list"
        )
