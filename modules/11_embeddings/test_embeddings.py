"""Tests of module 11: what `tito module test 11` runs against your own export."""

import numpy as np
import pytest

from tinytorch import Tensor, manual_seed, tensor
from tinytorch.nn import Embedding, LearnedPositionalEmbedding, RotaryPositionalEmbedding
from tinytorch.nn import SinusoidalPositionalEncoding, functional

TABLE = np.arange(12.0).reshape(4, 3)


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


# ---- 11.1


def test_11_1_looks_up_rows():
    for ids in (np.array([[3, 0], [1, 1]]), np.array(2), np.array([], dtype=np.int64)):
        found = F.look_up(TABLE, ids)
        assert found.shape == (*ids.shape, 3), (
            f"look_up of ids {ids.shape} in a table (4, 3) has shape {found.shape}, expected "
            f"(*ids.shape, D) = {(*ids.shape, 3)}"
        )
        assert np.array_equal(found, TABLE[ids]), (
            f"look_up(table, {ids.tolist()}) gave {found.tolist()}, expected rows "
            f"{TABLE[ids].tolist()}"
        )
    assert F.look_up(TABLE, np.array([3], np.uint8)).tolist() == [[9, 10, 11]], (
        'ids without a sign (dtype.kind "u") are whole numbers too'
    )


@pytest.mark.parametrize("wrong", [-1, 4, -5, 100])
def test_11_1_refuses_ids_out_of_range(wrong):
    call = f"look_up(table of 4 rows, ids [0, {wrong}])"
    try:
        found = F.look_up(TABLE, np.array([0, wrong]))
    except (IndexError, ValueError) as error:
        raised = error
    else:
        raise AssertionError(
            f"{call} gave {found.tolist()}, expected an IndexError. NumPy takes a negative id from "
            "the end: check the ids before the lookup"
        )
    assert isinstance(raised, IndexError), f"{call} raised {raised!r}, expected an IndexError"
    for number in (str(wrong), "4"):
        assert number in str(raised), (
            f"{call}: the message {str(raised)!r} does not have {number}: name the id ({wrong}) "
            "and the number of rows (4)"
        )


def test_11_1_refuses_ids_that_are_not_whole():
    for wrong in (np.array([0.0, 1.0]), np.array([True, False])):
        try:
            found = F.look_up(TABLE, wrong)
        except TypeError:
            continue
        except IndexError as error:
            raise AssertionError(
                f"{wrong.dtype} ids: expected a TypeError, got {error!r}"
            ) from None
        raise AssertionError(
            f"ids of dtype {wrong.dtype} must raise a TypeError, look_up gave {found.tolist()}"
        )


# ---- 11.2


def test_11_2_sums_rows_of_equal_ids():
    rng = np.random.default_rng(0)
    for size, count in ((3, 3), (5, 12), (40, 7), (1, 6), (4, 1)):
        ids, rows = rng.integers(0, size, count), rng.standard_normal((count, 3))
        before = ids.tolist()
        expected = np.stack([rows[ids == i].sum(axis=0) for i in range(size)])
        found = F.sum_rows_by_id(ids, rows, size)
        assert found.shape == expected.shape, f"shape {found.shape}, expected {expected.shape}"
        assert np.allclose(found, expected), (
            f"sum_rows_by_id(ids={before}, ..., size={size}): rows of the result at "
            f"{np.flatnonzero(~np.isclose(found, expected).all(axis=1)).tolist()} are wrong. An id "
            "that occurs several times needs the sum of all its rows; `out[ids] += rows` adds only "
            "one of them. With reduceat: are ids and rows both in the order of `order`, does the "
            "first run start at 0 (prepend=-1), and does each sum go to the id of its run?"
        )
        assert ids.tolist() == before, (
            f"sum_rows_by_id changed the ids it was given, from {before} to {ids.tolist()}: "
            "ids[order] makes a sorted copy, ids.sort() does not"
        )


def test_11_2_no_ids_and_dtype():
    found = F.sum_rows_by_id(np.array([], np.int64), np.zeros((0, 2), np.float32), 3)
    assert found.tolist() == [[0, 0]] * 3, f"without any ids all is zero, not {found.tolist()}"
    found = F.sum_rows_by_id(np.array([1]), np.ones((1, 2), np.float32), 3)
    assert found.dtype == np.float32, f"rows of float32 gave {found.dtype}"


# ---- 11.3


@pytest.mark.shared
def test_11_3_gradient_accumulates():
    ids = tensor([[2, 0, 2], [3, 2, 0]])
    weight = Tensor(TABLE.copy(), requires_grad=True)
    back = np.random.default_rng(1).standard_normal((2, 3, 3))

    def value():
        return (F.embedding(ids, weight).data * back).sum()

    expected = numeric_gradient(value, weight.data)
    F.embedding(ids, weight).backward(Tensor(back))
    assert weight.grad is not None, (
        "the table received no gradient: backward returned None in its place. Is the `return` "
        "missing?"
    )
    assert np.allclose(weight.grad.data, expected, atol=1e-6), (
        f"ids {ids.tolist()}: the gradient of the table is\n{weight.grad.data.round(3)}\ncentral "
        f"differences say\n{expected.round(3)}\nRow 2 was looked up three times, row 1 never"
    )


@pytest.mark.parametrize("padding", [1, -3, 0, 3])
def test_11_3_padding_gets_no_gradient(padding):
    weight = Tensor(TABLE.copy(), requires_grad=True)
    row = padding % 4
    out = F.embedding(tensor([row, row, 2]), weight, padding_idx=padding)
    assert np.array_equal(out.data, TABLE[[row, row, 2]]), "padding is looked up like any other row"
    up = Tensor(np.ones((3, 3)))
    out.backward(up)
    assert weight.grad.data.tolist() == [[0] * 3, [0] * 3, [1] * 3, [0] * 3], (
        f"padding_idx={padding}: row {row} must have gradient 0, row 2 gradient 1; yours\n"
        f"{weight.grad.data}\nOnly None means that there is no padding; 0 is a row"
    )
    assert np.array_equal(weight.data, TABLE), (
        "backward changed the table itself: clear the row of the gradient, not of the weight"
    )
    assert (up.data == 1).all(), (
        "backward changed `grad`, the array it was given, and others may hold it: clear the row of "
        "the table's gradient, after the sum"
    )


def test_11_3_repeated_backward_and_empty():
    weight = Tensor(TABLE.astype(np.float32), requires_grad=True)
    for _ in range(2):
        F.embedding(tensor([0, 0]), weight).sum().backward()
    assert weight.grad.data[0].tolist() == [4, 4, 4], "two backward passes must add up"
    assert weight.grad.dtype == np.float32, f"gradient of a float32 table: {weight.grad.dtype}"
    weight.grad = None
    F.embedding(Tensor(np.zeros((0, 3), np.int64)), weight).sum().backward()
    assert not weight.grad.data.any(), "no ids, no gradient"


# ---- 11.4


def assert_drawn_from_the_generator(call, first, make):
    """The first values `first` were drawn after manual_seed(0); make() makes another layer."""
    again = make().weight.data
    assert not np.array_equal(again, first), f"two layers {call} start alike"
    manual_seed(0)
    assert np.array_equal(make().weight.data, first), (
        f"manual_seed(0) must repeat the first values of {call}: draw them with nn.init.normal_"
    )


def test_11_4_the_layer():
    manual_seed(0)
    layer = Embedding(200, 50)
    shapes = {name: p.shape for name, p in layer.named_parameters()}
    assert shapes == {"weight": (200, 50)}, f"Embedding(200, 50) has parameters {shapes}"
    values = layer.weight.data
    assert values.dtype == np.float32, f"the table is {values.dtype}, expected float32"
    assert abs(values.mean()) < 0.05, f"first values have mean {values.mean():.3f}, expected 0"
    assert abs(values.std() - 1) < 0.05, f"first values have std {values.std():.3f}, expected 1"
    all_different("Embedding(200, 50).weight", values, "normal_ draws a number for each element.")
    ids = np.array([[5, 7], [5, 199]])
    assert np.array_equal(layer(Tensor(ids)).data, values[ids]), "the layer does not look up"
    assert_drawn_from_the_generator("Embedding(200, 50)", values, lambda: Embedding(200, 50))


@pytest.mark.parametrize("padding", [0, 2, -1])
def test_11_4_padding_row(padding):
    layer = Embedding(4, 3, padding_idx=padding)
    assert layer.padding_idx == padding % 4, (
        f"padding_idx={padding} of 4 rows is kept as {layer.padding_idx}, expected {padding % 4}"
    )
    zero = ~layer.weight.data.any(axis=1)
    assert zero.tolist() == [i == padding % 4 for i in range(4)], (
        f"padding_idx={padding}: exactly row {padding % 4} starts as zeros; zero rows are "
        f"{np.flatnonzero(zero).tolist()}"
    )


# ---- 11.5


def test_11_5_waves():
    for length, dim in ((1, 2), (7, 4), (30, 16)):
        found = F.sinusoidal_positions(length, dim)
        assert found.shape == (length, dim), f"({length}, {dim}): shape {found.shape}"
        assert found.dtype == np.float32, f"expected float32, not {found.dtype}"
        for p, i in np.ndindex(length, dim // 2):
            angle = p / 10000 ** (2 * i / dim)
            pair = found[p, 2 * i], found[p, 2 * i + 1]
            assert np.allclose(pair, (np.sin(angle), np.cos(angle)), atol=1e-6), (
                f"sinusoidal_positions({length}, {dim}): columns {2 * i} and {2 * i + 1} of "
                f"position {p} are {pair[0]:.7g}, {pair[1]:.7g}, expected sine and cosine of "
                f"{angle:.7g}: {np.sin(angle):.7g}, {np.cos(angle):.7g}"
            )


def test_11_5_far_positions_keep_their_digits():
    length, dim = 3000, 6
    found = F.sinusoidal_positions(length, dim)
    angle = np.arange(length)[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    expected = np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, dim)
    error = np.abs(found - expected)
    p, column = np.unravel_index(error.argmax(), error.shape)
    assert error.max() < 1e-6, (
        f"sinusoidal_positions({length}, {dim}): position {p}, column {column}, is "
        f"{found[p, column]:.7f}, expected {expected[p, column]:.7f}, off by {error.max():.0e}. "
        "float32 has seven digits for the whole angle, so few are left behind the point of a large "
        "one: take sine and cosine of the float64 angles, and round what comes out"
    )


def test_11_5_odd_width_is_refused():
    with pytest.raises(ValueError, match="7"):
        F.sinusoidal_positions(4, 7)


# ---- 11.6


def test_11_6_waves_are_added():
    x = np.random.default_rng(2).standard_normal((2, 5, 4))
    layer = SinusoidalPositionalEncoding(8, 4)
    assert list(layer.parameters()) == [], "waves are not learned: there must be no parameters"
    found = layer(Tensor(x))
    assert found is not None, "forward returned None: is the `return` missing?"
    expected = x + F.sinusoidal_positions(8, 4)[:5]
    assert np.allclose(found.data, expected), "row p of the table must be added to position p"
    for dtype in (np.float64, np.float16):
        out = layer(Tensor(x.astype(dtype)))
        assert out.dtype == dtype, (
            f"an input of {np.dtype(dtype)} gave {out.dtype}: add `table`, which was converted, "
            "not self.table"
        )
    x = Tensor(x, requires_grad=True)
    before = x.data.copy()
    out = layer(x)
    assert np.array_equal(x.data, before), "the input was changed: return a sum, do not use +="
    assert out.requires_grad, "no gradient can flow: add tensors, not their .data"
    out.sum().backward()
    assert x.grad is not None and (x.grad.data == 1).all(), (
        "the gradient of the input must be that of the result: add tensors, not their .data"
    )


def test_11_6_learned_positions():
    manual_seed(0)
    layer = LearnedPositionalEmbedding(300, 64)
    shapes = {name: p.shape for name, p in layer.named_parameters()}
    assert shapes == {"weight": (300, 64)}, f"LearnedPositionalEmbedding(300, 64) has {shapes}"
    found = layer.weight.dtype
    assert found == np.float32, f"the table is {found}, expected float32"
    std = layer.weight.data.std()
    assert 0.018 < std < 0.022, f"first values have std {std:.4f}, expected 0.02"
    mean = layer.weight.data.mean()
    assert abs(mean) < 0.002, f"first values have mean {mean:.4f}, expected 0"
    all_different(
        "LearnedPositionalEmbedding(300, 64).weight", layer.weight.data,
        "normal_ draws a number for each element.",
    )  # fmt: skip
    assert_drawn_from_the_generator(
        "LearnedPositionalEmbedding(300, 64)", layer.weight.data.copy(),
        lambda: LearnedPositionalEmbedding(300, 64),
    )  # fmt: skip
    x = np.random.default_rng(3).standard_normal((2, 5, 64)).astype(np.float32)
    words = Tensor(x, requires_grad=True)
    out = layer(words)
    assert out is not None, "forward returned None: is the `return` missing?"
    assert np.allclose(out.data, x + layer.weight.data[:5], atol=1e-6), (
        "row p of the table must be added to position p"
    )
    assert out.requires_grad, "no gradient can flow: add tensors, not their .data"
    out.sum().backward()
    assert layer.weight.grad is not None, (
        "no gradient can reach the table: add self.weight[:length], not its .data"
    )
    assert words.grad is not None and (words.grad.data == 1).all(), (
        "the gradient of the input must be that of the result: add tensors, not their .data"
    )
    rows = layer.weight.grad.data
    assert np.allclose(rows[:5], 2), (
        f"two sequences used rows 0 to 4: their gradient must be 2, yours is {rows[0, 0]:.1f}"
    )
    assert not rows[5:].any(), "rows that no position used must have gradient 0"


def test_11_6_too_long_or_wrong_width():
    for layer in (SinusoidalPositionalEncoding(4, 6), LearnedPositionalEmbedding(4, 6)):
        for shape in ((1, 5, 6), (1, 4, 8)):
            with pytest.raises(ValueError, match=str(shape[1])):
                layer(Tensor(np.zeros(shape, np.float32)))


# ---- 11.7


def test_11_7_turns_pairs():
    rng = np.random.default_rng(4)
    x, angle = rng.standard_normal((2, 3, 5, 6)), rng.uniform(0, 6, (5, 3))
    found = F.rotary(Tensor(x), Tensor(np.cos(angle)), Tensor(np.sin(angle)))
    assert found.shape == x.shape, f"rotary of {x.shape} has shape {found.shape}"
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angle)
    expected = np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)
    backwards = np.stack([turned.imag, turned.real], axis=-1).reshape(x.shape)
    assert not np.allclose(found.data, backwards), "the two numbers of each pair are swapped"
    assert np.allclose(found.data, expected), (
        "rotary must turn (x0, x1) to (x0 cos - x1 sin, x1 cos + x0 sin) and put the pairs back "
        f"side by side; for {x[0, 0, 0].round(2).tolist()} expected "
        f"{expected[0, 0, 0].round(2).tolist()}, got {found.data[0, 0, 0].round(2).tolist()}"
    )


@pytest.mark.shared
def test_11_7_gradient():
    rng = np.random.default_rng(5)
    angle, back = rng.uniform(0, 6, (3, 2)), rng.standard_normal((2, 3, 4))
    x = Tensor(rng.standard_normal((2, 3, 4)), requires_grad=True)
    tables = Tensor(np.cos(angle)), Tensor(np.sin(angle))
    out = F.rotary(x, *tables)
    assert out.requires_grad, (
        "no gradient can flow through rotary: use tensor operations (slices, *, +, stack, "
        "flatten), not .data"
    )
    out.backward(Tensor(back))
    expected = numeric_gradient(lambda: (F.rotary(x, *tables).data * back).sum(), x.data)
    found = x.grad.data
    at = np.unravel_index(np.abs(found - expected).argmax(), found.shape)[:2]
    assert np.allclose(found, expected, atol=1e-6), (
        f"rotary: the gradient of {x.data[at].round(3).tolist()}, angles "
        f"{angle[at[1]].round(3).tolist()}, grad {back[at].round(3).tolist()}, is "
        f"{found[at].round(3).tolist()}, central differences say {expected[at].round(3).tolist()}: "
        "use tensor operations (slices, *, +, stack, flatten) on both numbers of each pair, not "
        ".data"
    )


# ---- 11.8


def test_11_8_turns_by_position():
    layer = RotaryPositionalEmbedding(6, max_len=10)
    assert list(layer.parameters()) == [], "angles are not learned: there must be no parameters"
    kept = {name: (b.shape, str(b.dtype)) for name, b in layer.named_buffers()}
    assert kept == {"cos": ((10, 3), "float32"), "sin": ((10, 3), "float32")}, (
        f"RotaryPositionalEmbedding(6, max_len=10) has buffers {kept}, expected cos and sin, each "
        "(max_len, dim / 2) = (10, 3), float32, kept with register_buffer"
    )
    x = np.random.default_rng(6).standard_normal((2, 4, 7, 6))
    found = layer(Tensor(x))
    assert found is not None, "forward returned None: is the `return` missing?"
    angle = np.arange(7)[:, None] / 10000 ** (np.arange(0, 6, 2) / 6)
    expected = F.rotary(Tensor(x), Tensor(np.cos(angle)), Tensor(np.sin(angle)))
    assert np.allclose(found.data, expected.data, atol=1e-5), (
        "position p must be turned by row p of hand_angles(max_len, dim, base)"
    )
    assert np.allclose(found.data[..., 0, :], x[..., 0, :]), "position 0 must not be turned at all"
    for dtype in (np.float64, np.float16):
        out = layer(Tensor(x.astype(dtype)))
        assert out.dtype == dtype, (
            f"an input of {np.dtype(dtype)} gave {out.dtype}: use self.cos.to(input.dtype)"
        )


def test_11_8_far_positions_keep_their_digits():
    length, dim = 3000, 6
    layer = RotaryPositionalEmbedding(dim, max_len=length)
    angle = np.arange(length)[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    for name, expected in (("cos", np.cos(angle)), ("sin", np.sin(angle))):
        found = getattr(layer, name).data
        error = np.abs(found - expected)
        p, hand = np.unravel_index(error.argmax(), error.shape)
        assert error.max() < 1e-6, (
            f"RotaryPositionalEmbedding({dim}, max_len={length}).{name} at position {p}, hand "
            f"{hand}, is {found[p, hand]:.7f}, expected {expected[p, hand]:.7f}, off by "
            f"{error.max():.0e}. Take {name} of the float64 angles, and make float32 of what comes "
            "out; float32 angles have few digits left behind the point"
        )


def test_11_8_base_and_gradient():
    layer = RotaryPositionalEmbedding(4, max_len=3, base=100.0)
    expected = np.cos(np.arange(3)[:, None] / np.array([1.0, 10.0]))
    assert np.allclose(layer.cos.data, expected, atol=1e-6), (
        f"with base=100 and dim=4, cos is\n{layer.cos.data.round(3)}\nexpected\n"
        f"{expected.round(3)}\nPass base on to hand_angles"
    )
    x = Tensor(np.ones((1, 3, 4)), requires_grad=True)
    out = layer(x)
    assert out.requires_grad, "no gradient can flow through the layer: turn the input itself"
    out.sum().backward()
    angle = np.arange(3)[:, None] / np.array([1.0, 10.0])
    wanted = np.cos(angle) + np.sin(angle)  # of x0 cos - x1 sin + x1 cos + x0 sin, for x0
    assert np.allclose(x.grad.data[0, :, 0::2], wanted, atol=1e-6), (
        "the gradient of the input is wrong: let rotary do the work, with tensors"
    )


def test_11_8_only_the_distance_matters():
    rng = np.random.default_rng(7)
    layer = RotaryPositionalEmbedding(8, max_len=50)
    query, key = (Tensor(np.tile(rng.standard_normal(8), (50, 1))) for _ in range(2))
    products = layer(query).data @ layer(key).data.T
    for distance in (0, 3, 11):
        along = np.diagonal(products, -distance)
        assert np.allclose(along, along[0], atol=1e-4), (
            f"the dot product of two words {distance} positions apart changes along the text, from "
            f"{along.min():.7g} to {along.max():.7g}; it must depend on the distance only"
        )


def test_11_8_errors():
    with pytest.raises(ValueError, match="5"):
        RotaryPositionalEmbedding(5)
    with pytest.raises(ValueError, match="9"):
        RotaryPositionalEmbedding(4, max_len=8)(Tensor(np.zeros((1, 9, 4), np.float32)))
