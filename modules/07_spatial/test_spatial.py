"""Tests of module 07: what `tito module test 07` runs against your own export.

The oracle of the convolutions is the definition itself: for each place, the sum over cells and
channels, in plain loops. It is linear in the image and in the filters, so the gradient of one
element is what the definition gives for an image or filter that is 1 there and 0 elsewhere.
"""

import math

import numpy as np
import pytest

from tinytorch import Tensor, manual_seed
from tinytorch.nn import AdaptiveAvgPool2d, AvgPool2d, Conv2d, MaxPool2d
from tinytorch.nn import functional

# kernel, stride, padding, dilation, groups: each case turns one more thing on
WAYS = [
    ((3, 3), (1, 1), (0, 0), (1, 1), 1),
    ((3, 3), (1, 1), (1, 1), (1, 1), 1),
    ((2, 3), (2, 1), (0, 0), (1, 1), 1),
    ((3, 2), (1, 3), (2, 1), (1, 1), 1),
    ((2, 2), (1, 1), (0, 1), (2, 3), 1),
    ((3, 3), (2, 2), (1, 1), (2, 1), 2),
    ((1, 3), (1, 2), (0, 1), (1, 1), 4),
]
NAMES = ["plain", "padding", "stride", "uneven", "dilation", "two groups", "one channel a group"]


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


def told(kernel, stride, padding, dilation, groups):
    return (
        f"kernel {kernel}, stride {stride}, padding {padding}, dilation {dilation}, groups {groups}"
    )


def count_places(size, kernel, stride, padding, dilation):
    """Count the starts one by one: the definition."""
    last = size + 2 * padding - dilation * (kernel - 1)
    return len(range(0, last, stride))


def each_place(shape, kernel, stride, padding, dilation):
    """Yield (oy, ox, [(i, j, y, x), ...]) with the pixels inside the unpadded image."""
    size = [count_places(*axis) for axis in zip(shape, kernel, stride, padding, dilation)]
    for oy in range(size[0]):
        for ox in range(size[1]):
            pixels = [
                (i, j, oy * stride[0] + i * dilation[0] - padding[0],
                 ox * stride[1] + j * dilation[1] - padding[1])
                for i in range(kernel[0]) for j in range(kernel[1])
            ]  # fmt: skip
            yield oy, ox, [(i, j, y, x) for i, j, y, x in pixels
                           if 0 <= y < shape[0] and 0 <= x < shape[1]]  # fmt: skip


def slow_conv2d(x, weight, bias, stride, padding, dilation, groups):
    """Convolution by definition, in loops."""
    n, _, h, w = x.shape
    o, cg, *kernel = weight.shape
    size = [count_places(*a) for a in zip((h, w), kernel, stride, padding, dilation)]
    out = np.zeros((n, o, *size))
    out += 0 if bias is None else bias[:, None, None]
    for oy, ox, pixels in each_place((h, w), kernel, stride, padding, dilation):
        for i, j, py, px in pixels:
            for g in range(groups):
                seen = x[:, g * cg : (g + 1) * cg, py, px]
                rows = slice(g * o // groups, (g + 1) * o // groups)
                out[:, rows, oy, ox] += seen @ weight[rows, :, i, j].T
    return out


def draw(way, seed=0, dtype=np.float64):
    """Images, filters, bias for a way; 4 channels of 6 by 7, 8 filters."""
    rng = np.random.default_rng(seed)
    (kernel, *_, groups) = way
    shapes = (2, 4, 6, 7), (8, 4 // groups, *kernel), (8,)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def assert_gradient(name, found, expected, call, causes):
    """Compare and, where they differ, say how: sign, factor, zero, or place."""
    assert found is not None, f"{call}: {name} got no gradient (None)"
    assert found.shape == expected.shape, (
        f"{call}: the gradient of {name} has shape {found.shape}, {name} itself {expected.shape}"
    )
    if np.allclose(found, expected, rtol=1e-5, atol=1e-7):
        return
    worst = np.unravel_index(np.abs(found - expected).argmax(), expected.shape)
    where = tuple(int(n) for n in worst)
    raise AssertionError(
        f"{call}: the gradient of {name} is wrong, most of all at {where}: yours "
        f"{found[worst]:.7g}, the definition says {expected[worst]:.7g}. {causes}"
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


def assert_window(call, place, found, expected, name):
    """Compare what a pooling has at one place, (N, C), with the definition."""
    if np.allclose(found, expected):
        return
    n, c = (int(i) for i in np.unravel_index(np.abs(found - expected).argmax(), expected.shape))
    raise AssertionError(
        f"{call}, place {place} of image {n}, channel {c}: yours {found[n, c]:.7g}, {name} is "
        f"{expected[n, c]:.7g}"
    )


# ---- 7.1


def test_7_1_number_of_places():
    for size in range(1, 9):
        for kernel, stride, padding, dilation in np.ndindex(3, 3, 3, 2):
            how = kernel + 1, stride + 1, padding, dilation + 1
            expected = count_places(size, *how)
            found = F.output_size(size, *how)
            assert max(found, 0) == expected, (
                f"output_size(size={size}, kernel={how[0]}, stride={how[1]}, padding={how[2]}, "
                f"dilation={how[3]}) gave {found}, but there are {expected} places. The filter "
                f"reaches over dilation * (kernel - 1) + 1 pixels; count the starts 0, stride, "
                "2 * stride, ... from which it still ends inside"
            )
            assert isinstance(found, (int, np.integer)), (
                f"output_size(size={size}, kernel={how[0]}, stride={how[1]}, padding={how[2]}, "
                f"dilation={how[3]}) gave {found!r}, expected the int {expected}: it becomes the "
                "size of an array. `//` divides ints and rounds down, np.floor gives a float"
            )


# ---- 7.2


def test_7_2_frame_moves_channels_and_pads():
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    framed = F.frame(x, (1, 2), value=-7)
    assert framed.shape == (2, 4, 6, 3), (
        f"frame of a {x.shape} image with padding (1, 2) has shape {framed.shape}, expected "
        "(N, H + 2p, W + 2q, C) = (2, 4, 6, 3): rows get 1 at each end, columns 2"
    )
    inside = framed[:, 1:3, 2:4]
    assert np.array_equal(inside, x.transpose(0, 2, 3, 1)), (
        f"the image inside the frame is\n{inside[0].tolist()}\nexpected, pixel by pixel with its "
        f"channels together,\n{x.transpose(0, 2, 3, 1)[0].tolist()}"
    )
    assert framed.sum() == x.sum() - 7 * (framed.size - x.size), (
        "everything around the image must be `value` (-7 here)"
    )
    assert framed.dtype == np.float32, f"the frame of a float32 image is {framed.dtype}"


@pytest.mark.parametrize("padding", [(0, 0), (1, 1), (0, 2)])
def test_7_2_frame_is_contiguous_and_keeps_the_dtype(padding):
    for dtype in ("float32", "float64"):
        plain = np.arange(24, dtype=dtype).reshape(2, 3, 2, 2)
        for name, x in (("an image", plain), ("a transposed image", plain.transpose(0, 1, 3, 2))):
            for value in (0.0, -np.inf):
                framed = F.frame(x, padding, value)
                call = f"frame(x, {padding}, {value}), x {name} of {dtype},"
                assert framed.flags.c_contiguous, (
                    f"{call} does not lie in memory in the order of its axes, (N, H + 2p, W + 2q, "
                    "C): `patches` will read that memory by strides. A transpose moves nothing: "
                    "make the large array first, in the right order, and write the image into it "
                    "(or take np.ascontiguousarray of the result)"
                )
                assert framed.dtype == dtype, f"{call} is {framed.dtype}: give x.dtype to the array"


def test_7_2_frame_without_padding():
    x = np.arange(24, dtype=np.float64).reshape(2, 3, 2, 2)
    framed = F.frame(x, (0, 0))
    assert framed.shape == (2, 2, 2, 3), f"frame(x, (0, 0)) has shape {framed.shape}"
    assert framed.flags.c_contiguous, (
        "without padding the result must be contiguous too (np.ascontiguousarray): patches will "
        "read its memory by strides"
    )
    expected = x.transpose(0, 2, 3, 1)
    assert np.array_equal(framed, expected), (
        f"frame(x, (0, 0)) is\n{framed[0].tolist()}\nexpected, with the channels of each pixel "
        f"together,\n{expected[0].tolist()}"
    )


@pytest.mark.parametrize("padding", [(0, 1), (2, 0)])
def test_7_2_frame_on_two_sides_only(padding):
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    p, q = padding
    framed = F.frame(x, padding, value=-7)
    expected = np.full((2, 2 + 2 * p, 2 + 2 * q, 3), -7)
    expected[:, p : p + 2, q : q + 2] = x.transpose(0, 2, 3, 1)
    assert framed.shape == expected.shape, (
        f"frame with padding {padding} of a {x.shape} image has shape {framed.shape}, expected "
        f"{expected.shape}. Only when both numbers are 0 there is nothing to frame"
    )
    assert np.array_equal(framed, expected), (
        f"frame with padding {padding} is\n{framed[0].tolist()}\nexpected\n{expected[0].tolist()}"
    )


# ---- 7.3


@pytest.mark.shared
@pytest.mark.parametrize("way", WAYS[:5], ids=NAMES[:5])
def test_7_3_patches(way):
    kernel, stride, _, dilation, _ = way
    framed = np.random.default_rng(1).standard_normal((2, 7, 9, 3))
    axes = zip((7, 9), kernel, stride, (0, 0), dilation)
    size = tuple(count_places(*axis) for axis in axes)
    view = F.patches(framed, kernel, stride, dilation, size)
    assert view.shape == (2, *size, *kernel, 3), (
        f"patches has shape {view.shape}, expected (N, OH, OW, KH, KW, C) = "
        f"{(2, *size, *kernel, 3)}"
    )
    assert np.shares_memory(view, framed), "patches must be a view: it copied the pixels"
    for oy, ox, pixels in each_place((7, 9), kernel, stride, (0, 0), dilation):
        for i, j, y, x in pixels:
            assert np.array_equal(view[:, oy, ox, i, j], framed[:, y, x]), (
                f"with stride {stride} and dilation {dilation}, patches[n, {oy}, {ox}, {i}, {j}] "
                f"must be the pixel ({y}, {x}): one place further is `stride` pixels further, one "
                "cell further is `dilation` pixels further"
            )


# ---- 7.4


@pytest.mark.parametrize("groups", [1, 2])
def test_7_4_gather(groups):
    framed = np.random.default_rng(2).standard_normal((2, 5, 6, 4)).astype(np.float32)
    kernel, stride, dilation, size = (2, 3), (1, 2), (2, 1), (3, 2)
    columns = F.gather(framed, kernel, stride, dilation, size, groups)
    expected_shape = (groups, 2 * 3 * 2, 2 * 3 * 4 // groups + 1)
    assert columns.shape == expected_shape, (
        f"gather with groups={groups} has shape {columns.shape}, expected (groups, N * OH * OW, "
        f"KH * KW * C / groups + 1) = {expected_shape}"
    )
    assert columns.dtype == np.float32, f"gather of float32 pixels is {columns.dtype}"
    assert (columns[:, :, -1] == 1).all(), "the last number of each row must be 1, for the bias"
    view = F.patches(framed, kernel, stride, dilation, size)
    for group in range(groups):
        channels = slice(group * 4 // groups, (group + 1) * 4 // groups)
        rows = view[..., channels].reshape(12, -1)
        assert np.array_equal(columns[group, :, :-1], rows), (
            f"the rows of group {group} are not the patches of its channels in the order image, "
            "place, cell, channel"
        )


def test_7_4_gather_of_no_images():
    columns = attempt(
        "gather of a batch without images",
        lambda: F.gather(np.zeros((0, 5, 6, 4)), (2, 3), (1, 2), (2, 1), (3, 2), 2),
        "reshape cannot find out -1 where there is nothing: give it all sizes as numbers",
    )
    assert columns.shape == (2, 0, 13), (
        f"gather of a batch without images has shape {columns.shape}, expected (2, 0, 13)"
    )


# ---- 7.5


@pytest.mark.parametrize("way", WAYS, ids=NAMES)
def test_7_5_convolution_forward(way):
    x, weight, bias = draw(way)
    _, *how = way
    call = f"conv2d of images {x.shape} with {told(*way)}"
    out = attempt(
        call,
        lambda: F.conv2d(Tensor(x), Tensor(weight), Tensor(bias), *how),
        "`places` and `gather` must get the same kernel, stride and dilation, and `frame` the "
        "padding that `places` got",
    )
    expected = slow_conv2d(x, weight, bias, *how)
    assert out.dtype != object, f"{call}: convolve returned None: is the `return` missing?"
    assert out.shape == expected.shape, f"{call} has shape {out.shape}, expected {expected.shape}"
    mirrored = np.allclose(out.data, slow_conv2d(x, weight[:, :, ::-1, ::-1], bias, *how))
    assert not mirrored, f"{call}: the filter was mirrored; deep learning's convolution does not"
    bare = np.allclose(out.data, slow_conv2d(x, weight, None, *how))
    assert not bare, f"{call}: all is right but for the bias, which was not added"
    assert np.allclose(out.data, expected), (
        f"{call} differs from the sum over all cells and channels by up to "
        f"{np.abs(out.data - expected).max():.2g}. Do the rows of columns and filters have the "
        "same order (cell, then channel), and do the axes end as (N, O, OH, OW)? With groups the "
        "product is (groups, places, O / groups): transpose(1, 0, 2) before the reshape"
    )


def test_7_5_without_bias_and_dtypes():
    x, weight, _ = draw(WAYS[1], dtype=np.float32)
    out = F.conv2d(Tensor(x), Tensor(weight), padding=1)
    assert out.dtype == np.float32, f"conv2d of float32 tensors is {out.dtype}"
    expected = slow_conv2d(x, weight, None, (1, 1), (1, 1), (1, 1), 1)
    assert np.allclose(out.data, expected, atol=1e-4), (
        "conv2d without a bias, place (0, 0) of the first filter: yours "
        f"{out.data[0, 0, 0, 0]:.7g}, the definition says {expected[0, 0, 0, 0]:.7g}; the largest "
        f"difference anywhere is {np.abs(out.data - expected).max():.2g}. `pack` puts zeros in "
        "place of the bias"
    )


def test_7_5_keeps_what_backward_needs():
    class Op:
        """Stands for an operation."""

    x, weight, bias = draw(WAYS[1])
    F.convolve(Op, x, weight, bias, (1, 1), (1, 2), (1, 1), 1)
    columns = getattr(Op, "columns", np.zeros(0))
    for name, found, expected in (
        ("size", getattr(Op, "size", None), (6, 9)),
        ("framed_shape", getattr(Op, "framed_shape", None), (2, 8, 11, 4)),
        ("columns.shape", columns.shape, (1, 2 * 6 * 9, 9 * 4 + 1)),
    ):
        assert found == expected, (
            f"after convolve of images {x.shape}, kernel (3, 3), padding (1, 2), op.{name} is "
            f"{found}, expected {expected}: `backward` will need it"
        )


def test_7_5_empty_batch_and_single_image():
    x, weight, bias = (Tensor(a) for a in draw(WAYS[0]))
    empty = F.conv2d(x[:0], weight, bias)
    assert empty.shape == (0, 8, 4, 5), f"conv2d of no images has shape {empty.shape}"
    single = F.conv2d(x[0], weight, bias)
    assert single.shape == (8, 4, 5), f"conv2d of one image (C, H, W) has shape {single.shape}"
    whole = F.conv2d(x, weight, bias)
    assert np.allclose(single.data, whole.data[0]), "one image gives another result than in a batch"


def test_7_5_shapes_that_do_not_fit():
    x, weight, bias = (Tensor(a) for a in draw(WAYS[0]))
    with pytest.raises(ValueError, match=r"\(2, 3, 6, 7\).*\(8, 4, 3, 3\)"):
        F.conv2d(x[:, :3], weight, bias)
    with pytest.raises(ValueError, match=r"kernel of \(3, 3\).*\(2, 7\)"):
        F.conv2d(x[:, :, :2], weight, bias)


# ---- 7.6


@pytest.mark.parametrize("way", WAYS, ids=NAMES)
def test_7_6_gradients_of_weight_and_bias(way):
    x, weight, bias = draw(way, seed=3)
    _, *how = way
    tensors = Tensor(x), Tensor(weight, requires_grad=True), Tensor(bias, requires_grad=True)
    out = F.conv2d(*tensors, *how)
    back = np.random.default_rng(4).standard_normal(out.shape)
    call = f"conv2d with {told(*way)}"
    attempt(
        f"the backward pass of {call}",
        lambda: out.backward(Tensor(back)),
        "columns are (groups, places, cells) and rows (groups, places, filters): transpose the "
        "last two axes only, with `.mT`",
    )
    # The output is linear in the weights: the gradient of one weight is sum(back * its own output).
    assert_gradient(
        "bias", tensors[2].grad.data, back.sum(axis=(0, 2, 3)), call,
        "It is the sum of the incoming gradient over images and places.",
    )  # fmt: skip
    checked = np.random.default_rng(5).permutation(weight.size)[:12]
    expected = tensors[1].grad.data.copy()
    for position in checked:
        one = np.zeros(weight.size)
        one[position] = 1
        index = np.unravel_index(position, weight.shape)
        expected[index] = (slow_conv2d(x, one.reshape(weight.shape), None, *how) * back).sum()
    assert_gradient(
        "weight", tensors[1].grad.data, expected, call,
        "Each weight collects (pixel times gradient) from every place of every image: "
        "columns.mT @ rows, unpacked in the order of pack.",
    )  # fmt: skip


# ---- 7.7


@pytest.mark.parametrize("way", WAYS, ids=NAMES)
def test_7_7_gradient_of_the_image(way):
    x, weight, _ = draw(way, seed=6)
    _, *how = way
    image = Tensor(x, requires_grad=True)
    out = F.conv2d(image, Tensor(weight), None, *how)
    back = np.random.default_rng(7).standard_normal(out.shape)
    call = f"conv2d with {told(*way)}"
    attempt(
        f"the backward pass of {call}",
        lambda: out.backward(Tensor(back)),
        "rows are (groups, places, O / groups), the weights of one cell (groups, O / groups, "
        "C / groups): their product needs no transpose",
    )
    found, expected = image.grad.data, image.grad.data.copy()
    for position in np.random.default_rng(8).permutation(x.size)[:12]:
        one = np.zeros(x.size)
        one[position] = 1
        index = np.unravel_index(position, x.shape)
        expected[index] = (slow_conv2d(one.reshape(x.shape), weight, None, *how) * back).sum()
    assert_gradient(
        "the image", found, expected, call,
        "Each pixel collects from every place that saw it: for each cell, "
        "framed[index] += what the places sent (`+=`, because places overlap; the weights of this "
        "cell, not mirrored; with groups, transpose(1, 0, 2) before the reshape).",
    )  # fmt: skip


def test_7_7_shared_and_repeated():
    x, weight, _ = draw(WAYS[1], seed=9)
    image = Tensor(x[:1, :, :4, :4], requires_grad=True)
    filters = Tensor(weight, requires_grad=True)
    for _ in range(2):
        (F.conv2d(image, filters, padding=1) * 2).sum().backward()
    once = image.grad.data / 2
    image.grad = filters.grad = None
    out = F.conv2d(image, filters, padding=1)
    (out + out).sum().backward()
    assert np.allclose(image.grad.data, once), (
        "backward twice must give twice the gradient, and a result used twice the sum of both uses"
    )


def test_7_7_both_gradients_in_one_walk_and_twice():
    x, weight, bias = draw(WAYS[1], seed=19)
    back = np.random.default_rng(20).standard_normal((2, 8, 6, 7))
    alone = []
    for position in range(3):
        tensors = [Tensor(a, requires_grad=i == position) for i, a in enumerate((x, weight, bias))]
        F.conv2d(*tensors, padding=1).backward(Tensor(back))
        alone.append(tensors[position].grad.data)
    tensors, up = [Tensor(a, requires_grad=True) for a in (x, weight, bias)], Tensor(back)
    out = F.conv2d(*tensors, padding=1)
    for times in (1, 2):
        out.backward(up, retain_graph=True)
        for name, tensor, expected in zip(("image", "weight", "bias"), tensors, alone):
            assert np.allclose(tensor.grad.data, times * expected), (
                f"conv2d, backward number {times} with gradients for image, weight and bias: that "
                f"of the {name} is not {times} times what it is when only the {name} needs one. "
                "Does gradient_of_filters or scatter write into columns, rows or weight?"
            )
    assert np.array_equal(up.data, back), (
        "conv2d: backward has changed the gradient that it was given. Others may hold it"
    )


def test_7_7_views_and_float32():
    x, weight, _ = draw(WAYS[0], seed=10, dtype=np.float32)
    turned = Tensor(np.ascontiguousarray(x.transpose(0, 1, 3, 2)), requires_grad=True)
    out = F.conv2d(turned.transpose(2, 3), Tensor(weight))
    plain = F.conv2d(Tensor(x), Tensor(weight))
    assert np.allclose(out.data, plain.data, atol=1e-5), "a transposed view gave another result"
    out.sum().backward()
    found = turned.grad.dtype
    assert found == np.float32, f"the gradient of a float32 image is {found}"


# ---- 7.8


def test_7_8_one_cell_is_copied_too():
    framed = np.arange(4.0).reshape(1, 2, 2, 1)
    found = F.largest_of_cells(framed, [(slice(None), slice(0, 2), slice(0, 2))])
    assert np.array_equal(found, framed), f"the largest of one cell is {found}, expected {framed}"
    assert not np.shares_memory(found, framed), (
        "largest_of_cells of a window with one cell returned a view of `framed`: who writes into "
        "the result would change the image. Start from a copy of the first cell"
    )


@pytest.mark.parametrize("way", WAYS[:5], ids=NAMES[:5])
def test_7_8_max_pooling(way):
    kernel, stride, padding, dilation, _ = way
    padding = tuple(min(p, k // 2) for p, k in zip(padding, kernel))
    x = -np.abs(np.random.default_rng(11).standard_normal((2, 3, 6, 7)))  # all below the frame's 0
    out = F.max_pool2d(Tensor(x), kernel, stride, padding, dilation)
    call = f"max_pool2d of negative numbers with {told(kernel, stride, padding, dilation, 1)}"
    size = [count_places(*a) for a in zip((6, 7), kernel, stride, padding, dilation)]
    assert out.shape == (2, 3, *size), f"{call} has shape {out.shape}, expected {(2, 3, *size)}"
    for oy, ox, pixels in each_place((6, 7), kernel, stride, padding, dilation):
        expected = np.max([x[:, :, py, px] for _, _, py, px in pixels], axis=0)
        found = out.data[:, :, oy, ox]
        assert_window(call, (oy, ox), found, expected, "the largest pixel of the window")


def test_7_8_nan_is_not_dropped():
    row = np.array([1.0, np.nan, 2.0, 3.0]).reshape(1, 1, 1, 4)
    found = F.max_pool2d(Tensor(row), (1, 2)).data.ravel().tolist()
    assert np.isnan(found[0]) and found[1] == 3, (
        f"max_pool2d of [1, nan, 2, 3] with a kernel of (1, 2) is {found}, expected [nan, 3]: a "
        "NaN says that something went wrong before, and must not vanish. np.maximum keeps it"
    )


def test_7_8_input_is_left_alone():
    x = np.random.default_rng(12).standard_normal((1, 1, 4, 4))
    before = x.copy()
    tensor = Tensor(x)
    F.max_pool2d(tensor, 2)
    assert np.array_equal(tensor.data, before), (
        "max_pool2d changed its input: start from a copy of the first cell, framed[index].copy()"
    )


# ---- 7.9


def checked_backward(call, out, back):
    """out.backward(back); what was handed to backward, and the result, must stay as they were."""
    up, result = Tensor(back), out.data.copy()
    out.backward(up)
    assert np.array_equal(up.data, back), (
        f"{call}: backward has changed `grad`, the array it was given. Others may hold it: make a "
        "new one"
    )
    assert np.array_equal(out.data, result), (
        f"{call}: backward has changed the result of forward (`best`)"
    )


@pytest.mark.parametrize("way", WAYS[:5], ids=NAMES[:5])
def test_7_9_max_pooling_backward(way):
    kernel, stride, padding, dilation, _ = way
    padding = tuple(min(p, k // 2) for p, k in zip(padding, kernel))
    x = np.random.default_rng(13).permutation(84.0 * np.arange(1, 85) / 84).reshape(1, 2, 6, 7)
    image = Tensor(x, requires_grad=True)
    out = F.max_pool2d(image, kernel, stride, padding, dilation)
    back = np.random.default_rng(14).standard_normal(out.shape)
    call = f"max_pool2d with {told(kernel, stride, padding, dilation, 1)}"
    checked_backward(call, out, back)
    expected = np.zeros_like(x)
    for oy, ox, pixels in each_place((6, 7), kernel, stride, padding, dilation):
        for c in range(2):
            _, _, wy, wx = max(pixels, key=lambda p: x[0, c, p[2], p[3]])
            expected[0, c, wy, wx] += back[0, c, oy, ox]
    assert_gradient(
        "the image", image.grad.data, expected, call,
        "A window's whole gradient belongs to its largest pixel; a pixel that wins in several "
        "windows gets the sum.",
    )  # fmt: skip


def test_7_9_the_first_of_equals_wins():
    image = Tensor(np.ones((1, 1, 2, 4)), requires_grad=True)
    F.max_pool2d(image, 2).backward(Tensor(np.array([[[[3.0, 5.0]]]])))
    expected = [[3, 0, 5, 0], [0, 0, 0, 0]]
    assert image.grad.data[0, 0].tolist() == expected, (
        f"all pixels are equal: the gradient must go to the first of each window, {expected}; "
        f"yours went to {image.grad.data[0, 0].tolist()}. Once a window is won, cross it off "
        "`unclaimed`"
    )


# ---- 7.10


def test_7_10_leaves_its_input_alone():
    image = Tensor(np.ones((1, 1, 4, 4)))
    F.avg_pool2d(image, 2)
    assert (image.data == 1).all(), (
        "avg_pool2d changed its input: the first cell must be copied before the others are added"
    )


@pytest.mark.parametrize("way", WAYS[:4], ids=NAMES[:4])
def test_7_10_average_pooling(way):
    kernel, stride, padding, _, _ = way
    padding = tuple(min(p, k // 2) for p, k in zip(padding, kernel))
    x = np.random.default_rng(15).standard_normal((2, 3, 6, 7))
    image = Tensor(x, requires_grad=True)
    out = F.avg_pool2d(image, kernel, stride, padding)
    call = f"avg_pool2d with {told(kernel, stride, padding, (1, 1), 1)}"
    size = [count_places(*a) for a in zip((6, 7), kernel, stride, padding, (1, 1))]
    assert out.dtype != object, f"{call}: forward returned None: is the `return` missing?"
    assert out.shape == (2, 3, *size), (
        f"{call} has shape {out.shape}, expected (N, C, OH, OW) = {(2, 3, *size)}: the channels "
        "must go back to axis 1"
    )
    back = np.random.default_rng(16).standard_normal(out.shape)
    checked_backward(call, out, back)
    expected = np.zeros_like(x)
    for oy, ox, pixels in each_place((6, 7), kernel, stride, padding, (1, 1)):
        mean = sum(x[:, :, py, px] for _, _, py, px in pixels) / math.prod(kernel)
        name = f"the mean (frame as zeros, all {math.prod(kernel)} cells count)"
        assert_window(call, (oy, ox), out.data[:, :, oy, ox], mean, name)
        for _, _, py, px in pixels:
            expected[:, :, py, px] += back[:, :, oy, ox] / math.prod(kernel)
    assert_gradient(
        "the image", image.grad.data, expected, call,
        "Each pixel gets an equal share from every window that it is in.",
    )  # fmt: skip


def test_7_10_float32_stays():
    pixels = np.ones((1, 2, 4, 4), np.float32)
    found = F.AvgPool2dOp().forward(pixels, (2, 2), (2, 2), (0, 0)).dtype
    assert found == np.float32, (
        f"forward of float32 pixels computes in {found}: start from a copy of the first cell, not "
        "from np.zeros, which is float64"
    )


# ---- 7.11


def test_7_11_averaging_matrix():
    for size in range(1, 8):
        for out in range(1, 10):
            try:
                matrix = F.averaging_matrix(size, out)
            except ZeroDivisionError:
                raise AssertionError(
                    f"averaging_matrix({size}, {out}) found a window without pixels: starts are "
                    "rounded down and ends rounded up, so each has at least one"
                ) from None
            assert matrix.shape == (out, size), f"averaging_matrix({size}, {out}): {matrix.shape}"
            for i in range(out):
                pixels = range(math.floor(i * size / out), math.ceil((i + 1) * size / out))
                expected = [1 / len(pixels) if p in pixels else 0 for p in range(size)]
                assert np.allclose(matrix[i], expected), (
                    f"averaging_matrix({size}, {out}), row {i}, is {matrix[i].round(3).tolist()}, "
                    f"expected {np.round(expected, 3).tolist()}: pixels {pixels.start} to "
                    f"{pixels.stop - 1}, from floor(i * size / out) up to, not including, "
                    "ceil((i + 1) * size / out)"
                )


def test_7_11_adaptive_pooling():
    x = np.random.default_rng(17).standard_normal((2, 3, 5, 8))
    image = Tensor(x, requires_grad=True)
    whole = AdaptiveAvgPool2d(1)(image)
    assert np.allclose(whole.data[:, :, 0, 0], x.mean(axis=(2, 3))), (
        "AdaptiveAvgPool2d(1) must be the mean of each channel"
    )
    whole.sum().backward()
    assert np.allclose(image.grad.data, 1 / 40), "each of 40 pixels must get 1/40 of the gradient"
    parts = AdaptiveAvgPool2d((5, 2))(image)
    assert np.allclose(parts.data, x.reshape(2, 3, 5, 2, 4).mean(-1)), (
        "AdaptiveAvgPool2d((5, 2)) of 5 by 8 pixels must average four columns at a time"
    )


# ---- 7.12


def test_7_12_parameters():
    layer = Conv2d(4, 6, (3, 5), groups=2)
    shapes = {name: p.shape for name, p in layer.named_parameters()}
    assert shapes == {"weight": (6, 2, 3, 5), "bias": (6,)}, (
        f"Conv2d(4, 6, (3, 5), groups=2) has parameters {shapes}, expected weight (out_channels, "
        "in_channels / groups, KH, KW) = (6, 2, 3, 5) and bias (6,)"
    )
    assert all(p.dtype == np.float32 for p in layer.parameters()), "parameters must be float32"
    without = dict(Conv2d(4, 6, 3, bias=False).named_parameters())
    assert list(without) == ["weight"], f"with bias=False there are parameters {list(without)}"


def test_7_12_first_values():
    bound = 1 / math.sqrt(16 * 9)
    for groups in (2, 1):
        manual_seed(0)
        layer = Conv2d(16 * groups, 64, 3, groups=groups)
        for name, values in (("weight", layer.weight.data), ("bias", layer.bias.data)):
            largest = np.abs(values).max()
            assert 0.9 * bound < largest <= bound * 1.001, (
                f"Conv2d({16 * groups}, 64, 3, groups={groups}): the first values of {name} reach "
                f"up to {largest:.4f}, expected nearly 1 / sqrt(in_channels / groups * KH * KW) = "
                f"1 / sqrt(16 * 9) = {bound:.4f}"
            )
            assert abs(values.mean()) < bound / 3, (
                f"the first values of {name} have mean {values.mean():.4f}, expected about 0"
            )
            all_different(
                f"Conv2d({16 * groups}, 64, 3, groups={groups}).{name}", values,
                "Draw one for each element: kaiming_uniform_ and uniform_ fill a whole tensor.",
            )  # fmt: skip
    again = Conv2d(16, 64, 3)
    assert not np.array_equal(again.weight.data, layer.weight.data), "two layers start alike"
    manual_seed(0)
    assert np.array_equal(Conv2d(16, 64, 3).weight.data, layer.weight.data), (
        "manual_seed(0) must repeat the first values: draw them with the functions of nn.init"
    )


def test_7_12_layers_compute():
    x = np.random.default_rng(18).standard_normal((2, 4, 6, 7)).astype(np.float32)
    layer = Conv2d(4, 8, 3, stride=2, padding=1, dilation=1, groups=2)
    expected = slow_conv2d(x, layer.weight.data, layer.bias.data, (2, 2), (1, 1), (1, 1), 2)
    assert np.allclose(layer(Tensor(x)).data, expected, atol=1e-5), "Conv2d does not compute conv2d"
    pooled = MaxPool2d(2)(Tensor(x))
    assert pooled.shape == (2, 4, 3, 3), f"MaxPool2d(2) of 6 by 7: {pooled.shape}; stride is 2 too"
    assert AvgPool2d(3, stride=1, padding=1)(Tensor(x)).shape == x.shape, "AvgPool2d keeps the size"


def test_7_12_errors_name_the_layer():
    with pytest.raises(ValueError, match=r"Conv2d\(4, 8.*\(2, 3, 6, 7\).*\(8, 4, 3, 3\)"):
        Conv2d(4, 8, 3)(Tensor(np.zeros((2, 3, 6, 7), np.float32)))
    with pytest.raises(ValueError, match=r"groups=3"):
        Conv2d(4, 6, 3, groups=3)
    with pytest.raises(ValueError, match="more than half"):
        MaxPool2d(2, padding=2)(Tensor(np.zeros((1, 1, 4, 4))))
