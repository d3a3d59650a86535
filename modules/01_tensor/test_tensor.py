"""Tests of module 01: what `tito module test 01` runs against your own export. NumPy judges.

PYTEST_DONT_REWRITE: every assert has a message of its own, and rewriting costs a quarter second.
"""

import importlib
import importlib.util
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from tinytorch.random import manual_seed


@contextmanager
def as_module_01_wrote_it(name):
    """Import the exported file a second time, for the tests alone, and give it under its name.

    Once module 02 is exported it has put its own `Function.apply` into the place of Task 1.3's, and
    everything would be computed by that: Task 1.3 could be wrong, and nobody would see it.
    """
    changed = importlib.import_module(name)
    loader = getattr(changed.__spec__.loader, "again", None)  # of a judge, who has no file
    where = None if loader else changed.__file__
    spec = importlib.util.spec_from_file_location(name, where, loader=loader)
    fresh = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(fresh)
        yield fresh
    finally:
        sys.modules[name] = changed


with as_module_01_wrote_it("tinytorch.tensor") as own:
    from tinytorch.tensor import (
        Add,
        Function,
        Index,
        Sub,
        Tensor,
        arange,
        as_array,
        broadcast_shapes,
        cat,
        eye,
        float32,
        float64,
        full,
        int64,
        keeps_float64,
        matmul_shape,
        maximum,
        ones,
        pick,
        rand,
        randn,
        settle,
        stack,
        tensor,
        where,
        wrap,
        zeros,
    )


SHOWN = 6  # so many numbers of an input are written out in a message


def run(function, *args, **kwargs):
    """What a call returns, or the exception that it raises, for `same` and `equal` to report."""
    try:
        result = function(*args, **kwargs)
    except NotImplementedError:
        raise
    except Exception as error:
        return error
    assert not isinstance(result, Exception), (
        f"a call returned {result!r}: an error is raised, not returned"
    )
    return result


def told(error, call, cause):
    """A failure that shows the call, and still knows in which line of the lesson it stopped."""
    text = f"{call} raised {type(error).__name__}: {error}\n{cause}".rstrip()
    failure = AssertionError(text).with_traceback(error.__traceback__)
    failure.__cause__ = error
    return failure


def equal(found, expected, call, cause):
    """`found` is a value, mostly a shape, equal to `expected` and of its type; Size is a tuple."""
    if isinstance(found, Exception):
        raise told(found, f"{call} should be {expected}; it", cause) from None
    assert found == expected, f"{call} is {found!r}, expected {expected}: {cause}"
    kind = tuple if isinstance(found, tuple) else type(found)
    assert kind is type(expected), (
        f"{call} is a {type(found).__name__}, expected a {type(expected).__name__}"
    )


def same(found, expected, call, cause):
    """`found` is a tensor with the shape, the dtype and the numbers of the array `expected`."""
    if isinstance(found, Exception):
        raise told(found, call, cause) from None
    expected = np.asarray(expected)
    assert isinstance(found, Tensor), (
        f"{call} returned a {type(found).__name__}, expected a Tensor: {cause}"
    )
    array = found.data
    assert type(array) is np.ndarray, (
        f"{call}: its .data is a {type(array).__name__}, it must be a NumPy array, even for one "
        "number"
    )
    assert array.shape == expected.shape, (
        f"{call} has shape {array.shape}, expected {expected.shape}: {cause}"
    )
    assert array.dtype == expected.dtype, (
        f"{call} has dtype {array.dtype}, expected {expected.dtype}: {cause}"
    )
    fine = 1e-12 if array.dtype == float64 else 1e-5
    close = np.isclose(array, expected, rtol=fine, atol=fine, equal_nan=True)
    if not close.all() and array.size > 12:  # a page of numbers would hide the cause
        place = tuple(np.argwhere(~close)[0].tolist())
        raise AssertionError(
            f"{call} is {array[place]} at {list(place)}, expected {expected[place]} "
            f"({np.count_nonzero(~close)} of {array.size} numbers differ): {cause}"
        )
    assert close.all(), f"{call} is\n{array}\nexpected\n{expected}\n{cause}"


def refuses(call, shown, kinds, words=(), cause=""):
    """`call()` raises one of `kinds`, with all `words` in its message."""
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    wanted = f"{shown} should raise {' or '.join(kind.__name__ for kind in kinds)}"
    result = run(call)
    if isinstance(result, kinds):
        missing = [word for word in words if word not in str(result)]
        assert not missing, (
            f"{shown} raised {type(result).__name__} with the message {str(result)!r}; "
            f"it does not say {' and '.join(missing)}. {cause}"
        )
    elif isinstance(result, Exception):
        raise told(result, f"{wanted}; it", cause) from None
    else:
        raise AssertionError(f"{wanted}; it returned {result!r}. {cause}")


def calls_of(operation, work):
    """How often `work()` runs the forward of `operation`."""
    original, count = operation.forward, []

    def counted(self, *args):
        count.append(1)
        if isinstance(original, np.ufunc):
            return original(*args)  # not a method: it is not handed `self`
        return original(self, *args)

    operation.forward = counted
    try:
        work()
    finally:
        operation.forward = original
    return len(count)


def operations_of(work):
    """How many operations `work()` computes, each of them by `apply`."""
    original, count = vars(Function)["apply"], []

    def counted(cls, *args):
        count.append(cls)
        return original.__func__(cls, *args)

    Function.apply = classmethod(counted)
    try:
        work()
    finally:
        Function.apply = original
    return len(count)


def made_from(x, work):
    """Whether what `work()` returns came out of operations that lead back to the tensor `x`."""
    original, made = vars(Function)["apply"], [x]

    def noted(cls, *args):
        result = original.__func__(cls, *args)
        if any(arg is tensor for arg in args for tensor in made):
            made.append(result)
        return result

    Function.apply = classmethod(noted)
    try:
        result = work()
    finally:
        Function.apply = original
    return any(result is tensor for tensor in made[1:])


def numbers(rng, shape, dtype="float64"):
    """Random numbers from about -6 to 6; a few of them have two decimals, to be shown."""
    drawn = np.asarray(rng.standard_normal(shape) * 2)
    return np.asarray(drawn.round(2) if drawn.size <= SHOWN else drawn).astype(dtype)


def named(a):
    """The array `a` as a message names a tensor: few numbers in full, others by their shape."""
    if 0 < a.size <= SHOWN:
        kind = f", dtype={a.dtype}" if a.dtype == float64 else ""
        values = np.asarray(a, float64).round(2) if a.dtype.kind == "f" else a
        return f"tensor({values.tolist()}{kind})"
    return f"a {a.dtype} tensor of shape {a.shape}"


def random_shapes(seed, count, sizes=(1, 2, 3, 1, 4, 0), most=4):
    """A generator of NumPy, and `count` random shapes."""
    rng = np.random.default_rng(seed)
    shapes = [tuple(rng.choice(sizes, rng.integers(0, most + 1)).tolist()) for _ in range(count)]
    return rng, shapes


def small_first(*shapes):
    """Those first whose numbers a message can show, empty ones last: it is the first that is."""
    return sorted([(3,), (2, 2), *shapes], key=lambda s: (0 in s, np.prod(s) > SHOWN, s == ()))


def partner(rng, shape):
    """A shape that broadcasts with `shape`: fewer dimensions, or more, some of them 1."""
    other = [1 if rng.random() < 0.4 else n for n in shape][rng.integers(0, len(shape) + 1) :]
    return tuple(([2] if rng.random() < 0.2 and len(other) == len(shape) else []) + other)


# ---- 1.1 numbers in


def test_1_1_dtypes_of_python_numbers():
    cause = "Python floats become float32, ints int64, bools stay bool"
    for data, dtype in [
        (1.5, float32),
        (3, int64),
        (True, bool),
        ([1, 2.5], float32),
        ([1, 2], int64),
        ([True, False], bool),
        ([[1.0], [2.0]], float32),
        ((1, 2), int64),
        ([], float32),
        ([[], []], float32),
        ([np.float64(1.5)], float64),  # NumPy's own number has chosen, also in a list
        ([True, 2], int64),
    ]:
        found = as_array(data)
        assert type(found) is np.ndarray, (
            f"as_array({data!r}) returned {found!r}, expected a NumPy array"
        )
        assert found.dtype == dtype, (
            f"as_array({data!r}) has dtype {found.dtype}, expected {np.dtype(dtype)}: {cause}"
        )
        assert found.tolist() == np.array(data).tolist(), (
            f"as_array({data!r}) holds {found.tolist()}: only the dtype may change, not the numbers"
        )


def test_1_1_arrays_keep_their_dtype():
    for dtype in ("float64", "float32", "int64", "int32", "uint8", "bool"):
        for data in (np.ones((2, 3), dtype), np.array(1, dtype), np.ones(1, dtype)[0]):
            found = as_array(data)
            assert found.dtype == dtype, (
                f"as_array of NumPy's {data!r} has dtype {found.dtype}, expected {dtype}: "
                "a NumPy array or scalar has chosen its dtype already (`keeps_dtype`)"
            )
            assert found.shape == data.shape, (
                f"as_array of an array of shape {data.shape} has shape {found.shape}"
            )


def test_1_1_whoever_asks_gets_it():
    for data in ([1, 2], [1.5, 2.5], np.array([1.0, 2.0]), np.array([1, 2], "int32"), 3, [True]):
        for dtype in (float32, float64, int64, "float64"):
            found = as_array(data, dtype)
            assert found.dtype == np.dtype(dtype), (
                f"as_array({data!r}, {dtype}) has dtype {found.dtype}: "
                "a dtype that was asked for comes before every rule"
            )
    third = as_array(1 / 3, float64)
    assert third.item() == 1 / 3, (
        f"as_array(1/3, float64) is {third.item()!r}, expected {1 / 3!r}: "
        "do not go through float32 on the way, it loses digits"
    )


def test_1_1_has_its_own_memory():
    for dtype in (None, float64, float32):
        data = np.zeros(3)
        found = as_array(data, dtype)
        found[0] = 7
        assert data[0] == 0, (
            f"as_array(data, {dtype}) shares memory with `data`: a change in one changes the "
            "other. "
            "`array` is a copy already; keep working with it, not with `data`"
        )


def test_1_1_refuses_what_is_no_number():
    for data in ("12", ["a", "b"], None, [1, None], {}, 1j, [object()]):
        refuses(lambda d=data: as_array(d), f"as_array({data!r})", TypeError)
        refuses(lambda d=data: as_array(d, float32), f"as_array({data!r}, float32)", TypeError)
    for data in ([[1, 2], [3]], [[1], 2], [[[1]], [[1, 2]]]):
        refuses(lambda d=data: as_array(d), f"as_array({data!r})", ValueError, ["length"])


def test_1_1_tensor():
    x = tensor([[1, 2, 3], [4, 5, 6]])
    assert x.shape == x.size() == (2, 3), f"tensor([[1, 2, 3], [4, 5, 6]]) has shape {x.shape}"
    assert (x.ndim, x.dim(), x.numel(), x.size(1), len(x)) == (2, 2, 6, 3, 2), (
        "ndim, dim(), numel(), size(1) or len() of tensor([[1, 2, 3], [4, 5, 6]]) is wrong"
    )
    assert x.tolist() == [[1, 2, 3], [4, 5, 6]], f"tolist() gave {x.tolist()}"
    copy = tensor(x)
    copy.data[0, 0] = 9
    assert x.data[0, 0] == 1, "tensor(x) must copy the numbers of the tensor x"
    together = tensor([tensor(1.0), tensor(2.5)])
    assert together.tolist() == [1.0, 2.5], f"tensor of two tensors gave {together!r}"
    assert tensor(7).item() == 7 and float(tensor(2.5)) == 2.5, "item() or float() is wrong"
    assert [10, 20, 30][tensor(1)] == 20, "a tensor of one int must work as an index"
    refuses(lambda: tensor([1, 2]).item(), "tensor([1, 2]).item()", RuntimeError, ["(2,)"])
    refuses(lambda: bool(tensor([1, 2])), "bool(tensor([1, 2]))", RuntimeError, ["(2,)"])
    refuses(lambda: len(tensor(1)), "len(tensor(1))", TypeError)
    refuses(lambda: tensor([1], requires_grad=True), "an int tensor with gradient", RuntimeError)


def test_1_1_printing():
    for data, expected in [
        ([1.0, 2.0, -3.0], "tensor([ 1.,  2., -3.])"),
        ([0.5, 10.25], "tensor([ 0.5000, 10.2500])"),
        ([1e-6, 1.0], "tensor([1.0000e-06, 1.0000e+00])"),
        ([[1, 20], [3, 4]], "tensor([[ 1, 20],\n        [ 3,  4]])"),
        ([True, False], "tensor([ True, False])"),
        (7, "tensor(7)"),
        (2.5, "tensor(2.5000)"),
        ([], "tensor([])"),
        ([[], []], "tensor([], size=(2, 0))"),
        (np.array([1.0]), "tensor([1.], dtype=float64)"),
        ([float("nan"), 1.5], "tensor([   nan, 1.5000])"),
    ]:
        found = repr(tensor(data))
        assert found == expected, f"repr(tensor({data!r})) is {found}, expected {expected}"
    assert f"{tensor(1.23456):.2f}" == "1.23", "f'{tensor(1.23456):.2f}' should be 1.23"


def test_1_1_new_tensors():
    cause = "the functions that make new tensors need as_array for the dtype of their numbers"
    same(zeros(2, 3), np.zeros((2, 3), "float32"), "zeros(2, 3)", cause)
    same(ones((2, 0)), np.ones((2, 0), "float32"), "ones((2, 0))", cause)
    same(ones(2, dtype=int64), np.ones(2, "int64"), "ones(2, dtype=int64)", cause)
    same(full((2,), 7), np.array([7, 7]), "full((2,), 7)", cause)
    same(full((), 2.5), np.array(2.5, "float32"), "full((), 2.5)", cause)
    same(eye(2, 3), np.eye(2, 3, dtype="float32"), "eye(2, 3)", cause)
    same(arange(4), np.arange(4), "arange(4)", cause)
    same(arange(0, 1, 0.25), np.arange(4, dtype="float32") / 4, "arange(0, 1, 0.25)", cause)
    same(arange(5, 0, -2), np.array([5, 3, 1]), "arange(5, 0, -2)", cause)
    refuses(lambda: arange(0, 5, -1), "arange(0, 5, -1)", ValueError)
    for make in (rand, randn):
        manual_seed(3)
        first = make(2, 50)
        manual_seed(3)
        same(
            make(2, 50), first.data, f"{make.__name__}(2, 50) after manual_seed(3)", "one generator"
        )
        assert first.dtype == float32, f"{make.__name__}(2, 50) has dtype {first.dtype}"


# ---- 1.2 the dtype of a result

ARRAYS = {
    "int64 of shape (3,)": np.ones(3, "int64"),
    "bool of shape (3,)": np.ones(3, "bool"),
    "float32 of shape (3,)": np.ones(3, "float32"),
    "float64 of shape (3,)": np.ones(3),
    "float32 of shape ()": np.ones((), "float32"),
    "float64 of shape ()": np.ones(()),
    "float64 of shape (0,)": np.ones(0),
    "float64 of shape (1,)": np.ones(1),
    "float32 of shape (1,)": np.ones(1, "float32"),
    "the number 2.5": 2.5,
    "NumPy's scalar float64(2.5)": np.float64(2.5),
    "None": None,
}


def test_1_1_the_names_of_sizes():
    """PyTorch's argument names, for those who write them out."""
    for call, found in [
        ("zeros(size=(2, 3))", lambda: zeros(size=(2, 3))),
        ("ones(size=[2, 3])", lambda: ones(size=[2, 3])),
        ("rand(size=(2, 3))", lambda: rand(size=(2, 3))),
        ("randn(size=(2, 3))", lambda: randn(size=(2, 3))),
        ("full(size=(2, 3), fill_value=1)", lambda: full(size=(2, 3), fill_value=1)),
    ]:
        result = run(found)
        shape = tuple(result.shape) if isinstance(result, Tensor) else result
        equal(shape, (2, 3), call, "the shape")
    same(run(lambda: arange(end=3)), np.array([0, 1, 2]), "arange(end=3)", "the start is 0")


def test_1_1_full_takes_a_number():
    for value in (np.float64(2.5), tensor(2.5, dtype=float64), tensor(2.5), 2.5):
        call = f"full((2,), {value!r})"
        same(full((2,), value), np.array([2.5, 2.5], "float32"), call, "one number: as tensor(2.5)")
    same(full((2,), np.int32(3)), np.array([3, 3]), "full((2,), np.int32(3))", "as tensor(3)")


def test_1_2_who_keeps_float64():
    stays = "float64 of shape (3,)"
    zero_dim = "float64 of shape ()"
    for names, expected in [
        ([stays], True),
        ([stays, "float32 of shape (3,)"], True),
        (["float32 of shape (3,)", stays], True),
        ([stays, "int64 of shape (3,)"], True),
        ([stays, "the number 2.5"], True),
        (["float64 of shape (0,)"], True),
        (["float64 of shape (1,)", "float32 of shape (3,)"], True),
        ([zero_dim, "float32 of shape (1,)"], False),
        ([zero_dim], True),
        ([zero_dim, "float32 of shape ()"], True),
        ([zero_dim, "int64 of shape (3,)"], True),
        ([zero_dim, "float32 of shape (3,)"], False),
        (["float32 of shape (3,)", zero_dim], False),
        (["float32 of shape (3,)", "int64 of shape (3,)"], False),
        (["int64 of shape (3,)", "the number 2.5"], False),
        (["int64 of shape (3,)", "NumPy's scalar float64(2.5)"], False),
        (["bool of shape (3,)", "None"], False),
        ([], False),
    ]:
        found = keeps_float64([ARRAYS[name] for name in names])
        assert bool(found) == expected, (
            f"keeps_float64 of {' and '.join(names) or 'nothing'} is {found}, expected {expected}: "
            "only NumPy arrays of floats have a say, first those with dimensions; "
            "if there are none, those of shape (). (An array of shape (1,) has a dimension: ask "
            "for its ndim, not for its size.)"
        )


@pytest.mark.shared
def test_1_2_settle():
    ints, floats, doubles = np.array([1, 2]), np.ones(2, "float32"), np.ones(2)
    for a, b, dtype in [
        (ints, ints, float32),
        (floats, ints, float32),
        (doubles, floats, float64),
        (doubles, 3.0, float64),
        (floats, 3.0, float32),
        (ints, 0.5, float32),
    ]:
        found = settle(a / b, (a, b))
        assert isinstance(found, np.ndarray), (
            f"settle of an array returned {found!r}, expected an array: is the `return` missing?"
        )
        assert found.dtype == dtype, (
            f"{a.dtype} / {getattr(b, 'dtype', 'a Python number')} settled to {found.dtype}, "
            f"expected {dtype}: float64 becomes float32 unless keeps_float64 says that it stays"
        )
        assert np.allclose(found, a / b), f"settle changed the numbers: {a / b} became {found}"
    for result in (ints, np.array([True]), floats):
        found = settle(result, (result,))
        assert found is result, (
            f"settle made a new array of a {result.dtype} result: only float64 may have to change"
        )
    assert settle(doubles, (doubles,)) is doubles, (
        "settle copied a float64 array that stays float64: return it as it is"
    )


def test_1_2_settle_scalars():
    for scalar, inputs, dtype in [
        (np.float64(1.5), (np.ones(2),), float64),
        (np.float64(1.5), (np.ones(2, int),), float32),
        (np.float32(1.5), (np.ones(2, "float32"),), float32),
        (np.int64(3), (np.ones(2, int),), int64),
        (np.True_, (), bool),
    ]:
        found = settle(scalar, inputs)
        assert type(found) is np.ndarray and found.shape == () and found.dtype == dtype, (
            f"settle({scalar!r}) gave {found!r}, expected an array of shape () and dtype {dtype}"
        )


# ---- 1.3 one operation


class Probe(Function):
    """Remembers what its forward was given."""

    seen = None  # a list, while a test looks

    def forward(self, *args):
        self.seen.append((self, args))
        return np.float64(1.5)


@pytest.mark.shared
def test_1_3_apply_unwraps_and_wraps():
    Probe.seen = []
    x = tensor([1.0, 2.0])
    call = "Probe.apply(x, 3, None, (0, 1), 'text')"
    cause = "forward gets the arrays of the tensors; everything else reaches it as it is"
    result = run(Probe.apply, x, 3, None, (0, 1), "text")
    if isinstance(result, Exception):
        raise told(result, call, cause) from None
    assert len(Probe.seen) == 1, (
        f"Probe.apply(...) ran forward {len(Probe.seen)} times, expected once"
    )
    args = Probe.seen[0][1]
    assert len(args) == 5, (
        f"{call} passed {len(args)} arguments to forward, expected 5: {cause} (and it is "
        "forward(*arrays), with the star)"
    )
    assert args[0] is x.data, (
        f"forward got a {type(args[0]).__name__} for the tensor x, expected the array x.data itself"
    )
    assert args[1:] == (3, None, (0, 1), "text"), (
        f"the plain values 3, None, (0, 1), 'text' reached forward as {args[1:]}: pass them "
        "unchanged"
    )
    same(
        result,
        np.array(1.5, "float32"),
        "a forward that returns np.float64(1.5)",
        "settle the result with the arrays, then wrap it",
    )
    Probe.apply(tensor(np.ones(1)))
    assert Probe.seen[0][0] is not Probe.seen[1][0], (
        "two calls of apply used the same object: make a new one each time, cls()"
    )


class Through(Function):
    """Returns the array that it was given."""

    def forward(self, a):
        return a


@pytest.mark.shared
def test_1_3_the_result_is_not_copied():
    for kind in ("float32", "float64", "int64"):
        x = tensor(np.ones(3, kind))
        result = run(Through.apply, x)
        call = f"the apply of an operation whose forward returns the array that it got, {kind},"
        same(result, x.data, call, "wrap what settle returns")
        assert result.data is x.data, (
            f"{call} gave a tensor with a copy of it: wrap the very array that `settle` returned. "
            "wrap(array) copies nothing, Tensor(array) does; views such as x[0] depend on it, and "
            "a copy after each operation costs as much as the operation"
        )


def test_1_3_float64_stays():
    same(
        Probe.apply(tensor(np.ones(2))),
        np.array(1.5),
        "Probe.apply of a float64 tensor",
        "settle needs the *arrays* as its inputs, not the tensors",
    )


def test_1_3_arithmetic():
    rng, shapes = random_shapes(13, 12)
    for shape in small_first(*shapes):
        for kind, other_kind in [
            ("float32", "float32"),
            ("float64", "float64"),
            ("float64", "float32"),
        ]:
            a = numbers(rng, shape, kind)
            b = numbers(rng, partner(rng, shape), other_kind) + np.array(20, other_kind)
            x, y, expected_kind = tensor(a), tensor(b), kind
            if a.ndim == 0 and b.ndim:
                expected_kind = other_kind
            for sign, found, expected in [
                ("+", x + y, a + b),
                ("-", x - y, a - b),
                ("*", x * y, a * b),
                ("/", x / y, a / b),
            ]:
                same(
                    found,
                    expected.astype(expected_kind),
                    f"a {sign} b for a = {named(a)} and b = {named(b)}",
                    "apply passes arrays on in the order of its arguments",
                )


def test_1_3_arithmetic_with_numbers():
    x, a = tensor([1.0, 2.0, 4.0]), np.array([1, 2, 4], "float32")
    for call, found, expected in [
        ("x + 1", x + 1, a + 1),
        ("1 + x", 1 + x, a + 1),
        ("x - 1", x - 1, a - 1),
        ("1 - x", 1 - x, 1 - a),
        ("x * 0.1", x * 0.1, a * np.float32(0.1)),
        ("2 * x", 2 * x, a * 2),
        ("x / 2", x / 2, a / 2),
        ("2 / x", 2 / x, 2 / a),
        ("x ** 2", x**2, a * a),
        ("2 ** x", 2**x, 2**a),
        ("-x", -x, -a),
        ("np.ones(3) * x", np.ones(3) * x, a.astype(float64)),
    ]:
        same(found, expected, f"{call} for x = tensor([1., 2., 4.])", "order of the arguments?")
    i = tensor([1, 2, 4])
    for call, found, expected in [
        ("i + 1", i + 1, np.array([2, 3, 5])),
        ("i / 2", i / 2, np.array([0.5, 1, 2], "float32")),
        ("i * 0.5", i * 0.5, np.array([0.5, 1, 2], "float32")),
        ("i * x", i * x, np.array([1, 4, 16], "float32")),
        ("i ** 2", i**2, np.array([1, 4, 16])),
        ("True + i", True + i, np.array([2, 3, 5])),
    ]:
        same(found, expected, f"{call} for i = tensor([1, 2, 4])", "is the result settled?")


def test_1_3_elementwise_functions():
    rng = np.random.default_rng(5)
    for shape in [(), (3,), (0,), (2, 3)]:
        for kind in ("float32", "float64"):
            a = np.abs(numbers(rng, shape, kind)) + np.array(0.1, kind)
            for name in ("exp", "log", "sqrt", "abs", "tanh"):
                method, function = getattr(tensor(a), name), getattr(own, name)
                expected = getattr(np, name)(a)
                same(method(), expected, f"x.{name}() of shape {shape}", "see the class")
                same(function(tensor(a)), expected, f"tinytorch.{name}(x)", "see as_function")
    assert own.abs(-3) == 3, "tinytorch.abs(-3) of a plain number should be Python's abs"


def test_1_3_whole_numbers():
    for a, b in [
        (np.array([7, -7, 6]), np.array([2, 2, -4])),
        (np.array([7.5, -7.5], "float32"), np.array([2, 2], "float32")),
        (np.array([7.5, -7.5]), np.array(2.0)),
    ]:
        x, y = tensor(a), tensor(b)
        same(x // y, a // b, f"{a} // {b}", "rounded down")
        same(x % y, a % b, f"{a} % {b}", "what is left, with the sign of the divisor")
    i = tensor([2, 3])
    same(i % 2 == 0, np.array([True, False]), "tensor([2, 3]) % 2 == 0", "even?")
    same(7 // i, np.array([3, 2]), "7 // tensor([2, 3])", "")
    same(7 % i, np.array([1, 1]), "7 % tensor([2, 3])", "")
    same(np.array([7, 8]) % i, np.array([1, 2]), "array % tensor", "the tensor answers for both")
    same(+i, np.array([2, 3]), "+tensor([2, 3])", "")


def test_1_3_pow():
    x = tensor([2.0, 3.0])
    for call, found in [
        ("x.pow(2)", lambda: x.pow(2)),
        ("x.pow(exponent=2)", lambda: x.pow(exponent=2)),
        ("pow(x, 2)", lambda: own.pow(x, 2)),
        ("pow(input=x, exponent=2)", lambda: own.pow(input=x, exponent=2)),
    ]:
        same(run(found), np.array([4, 9], "float32"), call, "PyTorch's names")
    same(own.pow(2, x), np.array([4, 8], "float32"), "pow(2, x)", "a number first")
    equal(own.pow(2, 3), 8, "pow(2, 3)", "without a tensor it is Python's own")


@pytest.mark.shared
def test_1_3_conversions():
    x = tensor([1.5, -2.5])
    same(x.double(), np.array([1.5, -2.5]), "x.double()", "a cast keeps what was asked for")
    same(x.long(), np.array([1, -2]), "x.long()", "a cast to int64 drops the fraction")
    same(x.to(float64).float(), x.data, "x.to(float64).float()", "there and back")
    assert x.float() is x, "x.float() of a float32 tensor should be x itself"
    copy = x.clone()
    same(copy, x.data, "x.clone()", "the same numbers")
    assert not np.shares_memory(copy.data, x.data), "x.clone() must have memory of its own"
    assert x.contiguous() is x, "a contiguous tensor is its own x.contiguous()"
    assert np.shares_memory(x.detach().data, x.data), "x.detach() must share the memory of x"


@pytest.mark.shared
def test_1_3_arrays_that_meet_tensors():
    a, x = np.array([1, 2], "float32"), tensor([3.0, 4.0])
    for call, found, expected in [
        ("array + tensor", a + x, [4, 6]),
        ("array - tensor", a - x, [-2, -2]),
        ("array * tensor", a * x, [3, 8]),
        ("array / tensor", a / x, [1 / 3, 0.5]),
        ("array ** tensor", a**x, [1, 16]),
        ("np.float32(2) - tensor", np.float32(2) - x, [-1, -2]),
        ("array @ tensor", a @ x, 11),
    ]:
        same(found, np.array(expected, "float32"), call, "the tensor answers for both")
    for call, found, expected in [
        ("array < tensor", a < x, [True, True]),
        ("array >= tensor", a >= x, [False, False]),
        ("array == tensor", a == x, [False, False]),
        ("mask & tensor", (a < 2) & (x > 3), [False, False]),
        ("mask | tensor", (a < 2) | (x > 3), [True, True]),
        ("mask ^ tensor", (a < 2) ^ (x > 2), [False, True]),
    ]:
        same(found, np.array(expected), call, "the tensor answers for both")
    assert isinstance(np.exp(x), Tensor), "NumPy's functions of a tensor give tensors"
    w = tensor([5.0, 6.0], requires_grad=True)
    memory = w.data
    w.data -= 0.5 * x  # what many PyTorch programs write
    assert w.data is memory, "w.data -= tensor must change the array that is there"
    same(w, np.array([3.5, 4], "float32"), "w after w.data -= 0.5 * tensor([3., 4.])", "")
    refuses(lambda: np.exp(w), "np.exp(a tensor that requires grad)", RuntimeError, ["detach"])


def test_1_3_functions_of_bytes_and_bools():
    """Of these NumPy makes float16, which is right to three digits only."""
    for dtype in ("uint8", "int8", "bool"):
        a = np.array([1, 2, 3]).astype(dtype)
        x, exact = tensor(a), a.astype("float32")
        for name in ("exp", "log", "sqrt", "tanh"):
            call = f"tensor({a}).{name}() of {dtype}"
            same(getattr(x, name)(), getattr(np, name)(exact), call, "computed in float32")
    half = tensor(np.ones(2, "float16"))
    same(half.exp(), np.exp(np.ones(2, "float16")), "exp of float16", "who asks for it gets it")


def test_1_3_equal_to_none():
    x = ones(2)
    assert (x == None) is False, "x == None must be False, also with many elements"  # noqa: E711
    assert (x != None) is True, "x != None must be True, also with many elements"  # noqa: E711


@pytest.mark.shared
def test_1_3_indexing():
    rng = np.random.default_rng(7)
    a = numbers(rng, (3, 4, 2))
    x = tensor(a)
    for shown, index in [
        ("0", 0),
        ("-1, 2", (-1, 2)),
        ("1, 2, 0", (1, 2, 0)),
        ("..., 1", (..., 1)),
        (":, None", (slice(None), None)),
        ("1:, ::2", (slice(1, None), slice(None, None, 2))),
        ("[0, 2, 0]", [0, 2, 0]),
    ]:
        same(x[index], a[index], f"x[{shown}]", "what forward returned must be wrapped")
    positions = np.array([[0, 2], [1, 1]])
    same(x[tensor(positions)], a[positions], "x[a tensor of positions]", "see unwrap_index")
    same(x[:, tensor([3, 0])], a[:, [3, 0]], "x[:, positions]", "see unwrap_index")
    same(x[x > 0], a[a > 0], "x[x > 0]", "a mask picks the elements where it is true")
    element = x[1, 2, 0]
    element.data[...] = 100
    assert x.data[1, 2, 0] == 100, "x[1, 2, 0] must be a view: the same memory as x"
    refuses(lambda: x[3], "x[3] with 3 rows", IndexError)


@pytest.mark.shared
def test_1_3_indexing_with_a_number_and_a_list():
    """PyTorch takes the number first; NumPy moves the list's dimension to the front."""
    a = numbers(np.random.default_rng(8), (2, 3, 4, 5))
    x, rest = tensor(a), slice(None)
    mask = np.array([True, False, True, False])
    for shown, index, expected in [
        ("0, :, [1, 3]", (0, rest, [1, 3]), a[0][:, [1, 3]]),
        ("0, ..., [1, 3]", (0, ..., [1, 3]), a[0][..., [1, 3]]),
        ("tensor(0), :, [1, 3]", (tensor(0), rest, [1, 3]), a[0][:, [1, 3]]),
        ("-1, :, a mask", (-1, rest, tensor(mask)), a[-1][:, mask]),
        ("1, a mask of two dims", (1, a[0, :, :, 0] > 0), a[1][a[0, :, :, 0] > 0]),
        ("0, None, [1, 2], [1, 3]", (0, None, [1, 2], [1, 3]), a[0][None, [1, 2], [1, 3]]),
        ("[0, 1], 1, :, [0, 4]", ([0, 1], 1, rest, [0, 4]), a[:, 1][[0, 1], :, [0, 4]]),
        ("0, :, 2, [1, 3]", (0, rest, 2, [1, 3]), a[0][:, 2][:, [1, 3]]),
    ]:
        same(x[index], expected, f"x[{shown}] of shape (2, 3, 4, 5)", "the number goes first")
    row = x[tensor(1)]
    row.data[...] = 7
    assert (x.data[1] == 7).all(), "x[tensor(1)] must be a view, like x[1]"


def test_1_3_broadcasting_errors_name_the_operation():
    for shown, call, words in [
        ("ones(2, 3) + ones(4)", lambda: ones(2, 3) + ones(4), ["Add", "(2, 3)", "(4,)"]),
        ("ones(2, 3) * ones(2)", lambda: ones(2, 3) * ones(2), ["Mul", "(2, 3)", "(2,)"]),
        (
            "where of three shapes",
            lambda: where(ones(2) > 0, ones(3), 0),
            ["Where", "(2,)", "(3,)"],
        ),
    ]:
        refuses(
            call,
            shown,
            ValueError,
            words,
            "Catch ValueError around forward, and raise explained(error, cls, arrays)",
        )


def test_1_3_other_errors_stay_as_they_are():
    class Broken(Function):
        def forward(self, a):
            raise ValueError("a mistake of its own")

    refuses(
        lambda: Broken.apply(tensor(1)),
        "a forward that raises ValueError('a mistake of its own')",
        ValueError,
        ["a mistake of its own"],
        "`explained` decides; pass its answer on",
    )

    class Wrong(Function):
        def forward(self, a):
            return {}["missing"]

    refuses(
        lambda: Wrong.apply(tensor(1)),
        "a forward that raises KeyError",
        KeyError,
        [],
        "catch ValueError only",
    )


# ---- 1.4 broadcasting


def test_1_4_small_cases():
    for shapes, expected in [
        ([(2, 3), (3,)], (2, 3)),
        ([(3,), (2, 3)], (2, 3)),
        ([(2, 1), (1, 4)], (2, 4)),
        ([(8, 1, 6, 1), (7, 1, 5)], (8, 7, 6, 5)),
        ([(2, 3), ()], (2, 3)),
        ([(), ()], ()),
        ([(5,)], (5,)),
        ([], ()),
        ([(1,), (1, 1)], (1, 1)),
        ([(0,), (1,)], (0,)),
        ([(2, 1), (3,), ()], (2, 3)),
        ([(1, 3), (2, 1), (4, 1, 1)], (4, 2, 3)),
    ]:
        equal(
            run(broadcast_shapes, *shapes),
            expected,
            f"broadcast_shapes({', '.join(map(str, shapes))})",
            "align at the right, count missing sizes as 1; in each column the size that is not 1 "
            "wins",
        )


def test_1_4_against_numpy():
    rng, shapes = random_shapes(14, 150, sizes=(1, 2, 3, 1, 0))
    for first, second in zip(shapes, shapes[1:] + shapes[:1]):
        for trio in ([first, second], [first, second, partner(rng, second)]):
            shown = f"broadcast_shapes({', '.join(map(str, trio))})"
            expected = run(np.broadcast_shapes, *trio)
            if isinstance(expected, Exception):
                words = [str(shape) for shape in trio]
                refuses(
                    lambda t=trio: broadcast_shapes(*t),
                    shown,
                    ValueError,
                    words,
                    "Two different sizes, neither of them 1, do not fit; the message holds all "
                    "shapes",
                )
            else:
                equal(run(broadcast_shapes, *trio), expected, shown, "as NumPy says")


def test_1_4_what_does_not_fit():
    for shapes in [
        ((2, 3), (2,)),
        ((0,), (3,)),
        ((2,), (1,), (3,)),
        ((2, 3), (4, 3)),
        ((3,), (0, 2)),
    ]:
        refuses(
            lambda s=shapes: broadcast_shapes(*s),
            f"broadcast_shapes({', '.join(map(str, shapes))})",
            ValueError,
            [str(shape) for shape in shapes],
            "Two sizes that differ, neither of them 1 (a 0 is a size like any other)",
        )


# ---- 1.5 clamp


def test_1_5_clamp():
    rng, shapes = random_shapes(15, 10)
    for shape in small_first(*shapes, ()):
        for kind in ("float32", "float64"):
            a = numbers(rng, shape, kind)
            for low, high in [(-1, 1), (None, 0.5), (0, None), (-0.5, 0.25), (2, 1)]:
                expected = a.copy()
                if low is not None:
                    expected[expected < low] = low
                if high is not None:
                    expected[expected > high] = high
                before = a.copy()
                same(
                    run(tensor(a).clamp, low, high),
                    expected,
                    f"{named(a)} after clamp({low}, {high})",
                    "first raise to `low`, then lower to `high`; None means no bound (0 is a "
                    "bound)",
                )
                assert (a == before).all(), "clamp must not change the tensor it was given"


def test_1_5_one_bound_at_least():
    refuses(
        lambda: tensor([1.0]).clamp(),
        "tensor([1.]).clamp()",
        ValueError,
        [],
        "Without any bound, clamp is a mistake",
    )


def test_1_5_clamp_leaves_its_input_alone():
    x = tensor([-2.0, 0.5, 3.0])
    x.clamp(0, 1)
    assert x.tolist() == [-2.0, 0.5, 3.0], (
        f"after x.clamp(0, 1), x itself is {x.tolist()}: make a new array, do not write into `a`"
    )


def test_1_5_clamp_nan_ints_and_tensors():
    nan = float("nan")
    same(
        tensor([nan, 5.0]).clamp(0, 1),
        np.array([nan, 1], "float32"),
        "tensor([nan, 5.]).clamp(0, 1)",
        "NaN stays NaN: np.maximum and np.minimum do that, comparisons do not",
    )
    same(
        tensor([-2, 3]).clamp(min=0),
        np.array([0, 3]),
        "tensor([-2, 3]).clamp(min=0)",
        "ints with int bounds stay ints",
    )
    same(
        tensor([-2, 3]).clamp(0.5),
        np.array([0.5, 3], "float32"),
        "tensor([-2, 3]).clamp(0.5)",
        "ints with a float bound become floats",
    )
    same(
        tensor([1.0, 5.0]).clamp(max=tensor([0.0, 9.0])),
        np.array([0, 5], "float32"),
        "tensor([1., 5.]).clamp(max=tensor([0., 9.]))",
        "a bound may be an array",
    )
    same(own.clamp(tensor([5.0]), max=2), np.array([2], "float32"), "clamp(x, max=2)", "")


def test_1_5_clamp_of_infinities():
    x = [-np.inf, 1.0, np.inf]
    for low, high, expected in [(0, 2, [0, 1, 2]), (0, None, [0, 1, np.inf]),
                                (None, 2, [-np.inf, 1, 2])]:  # fmt: skip
        with np.errstate(invalid="ignore"):
            found = run(tensor(x).clamp, low, high)
        same(
            found,
            np.array(expected, "float32"),
            f"tensor([-inf, 1., inf]).clamp({low}, {high})",
            "an infinity is clamped like any number. A NaN means that a mask was multiplied with "
            "it, and inf * 0 is NaN: choose with np.maximum and np.minimum",
        )


def test_1_5_maximum_keeps_nan():
    nan = np.nan
    x, y = tensor([nan, 1.0, nan]), tensor([1.0, nan, nan])
    cause = "NaN stays NaN, so that a mistake is not covered up: np.maximum does that, np.fmax not"
    same(maximum(x, y), np.full(3, nan, "float32"), "maximum([nan, 1, nan], [1, nan, nan])", cause)
    same(x.min(y), np.full(3, nan, "float32"), "[nan, 1, nan].min([1, nan, nan])", cause)


def test_1_5_where_maximum_and_masks():
    x = tensor([-2.0, 0.5, 3.0])
    same(x > 0, np.array([False, True, True]), "x > 0", "a comparison gives bools")
    same(tensor(1.0) == tensor(1.0), np.array(True), "tensor(1.) == tensor(1.)", "shape ()")
    same(~(x > 0) | (x >= 3), np.array([True, False, True]), "~(x > 0) | (x >= 3)", "bools")
    same((x > 0) ^ (x >= 3), np.array([False, True, False]), "(x > 0) ^ (x >= 3)", "xor")
    same(True & (x > 0), np.array([False, True, True]), "True & (x > 0)", "either side")
    same(where(x > 0, x, 0), np.array([0, 0.5, 3], "float32"), "where(x > 0, x, 0)", "")
    same(maximum(x, tensor(1)), np.array([1, 1, 3], "float32"), "maximum(x, tensor(1))", "")


# ---- 1.6 in place


@pytest.mark.shared
def test_1_6_same_tensor_same_memory():
    for sign, change in [
        ("+=", lambda x: x.__iadd__(2)),
        ("-=", lambda x: x.__isub__(2)),
        ("*=", lambda x: x.__imul__(2)),
        ("/=", lambda x: x.__itruediv__(2)),
        ("**=", lambda x: x.__ipow__(2)),
        ("//=", lambda x: x.__ifloordiv__(2)),
        ("%=", lambda x: x.__imod__(2)),
    ]:
        x = tensor([1.0, 2.0, 3.0])
        memory, expected = (
            x.data,
            {
                "+=": [3, 4, 5],
                "-=": [-1, 0, 1],
                "*=": [2, 4, 6],
                "/=": [0.5, 1, 1.5],
                "**=": [1, 4, 9],
                "//=": [0, 1, 1],
                "%=": [1, 0, 1],
            }[sign],
        )
        result = run(change, x)
        if isinstance(result, Exception):
            raise told(result, f"`x {sign} 2`", "NumPy knows arrays: is out= self.data?") from None
        given = "another tensor" if isinstance(result, Tensor) else repr(result)
        assert result is x, (
            f"`x {sign} 2` gave {given}: Python puts the result in the place of x, so return self"
        )
        assert x.data is memory, (
            f"after `x {sign} 2` x.data is a new array: give NumPy out=self.data, do not assign it"
        )
        same(
            x,
            np.array(expected, "float32"),
            f"x after `x {sign} 2`, from [1., 2., 3.]",
            "call the operation that was given, with self.data first and `other` second",
        )


def test_1_6_views_see_it():
    x = tensor([[1.0, 2.0], [3.0, 4.0]])
    row, column = x[1], x[:, 0]
    x += tensor([10.0, 20.0])
    same(
        row,
        np.array([13, 24], "float32"),
        "the view x[1] after x += tensor([10., 20.])",
        "write into the same memory",
    )
    column *= 2
    same(
        x,
        np.array([[22, 22], [26, 24]], "float32"),
        "x after its column x[:, 0] was doubled",
        "a view that is changed changes the original",
    )
    x += x
    same(x, np.array([[44, 44], [52, 48]], "float32"), "x after x += x", "")


def test_1_6_assigning_to_an_index():
    x, a = zeros(2, 3, 4), np.zeros((2, 3, 4), "float32")
    x[0, :, tensor([1, 3])] = ones(3, 2)
    a[0][:, [1, 3]] = 1
    same(x, a, "x after x[0, :, [1, 3]] = ones(3, 2)", "the number goes first, as in x[0]")
    x[1, 2, 3] = tensor([8.0])
    a[1, 2, 3] = 8
    same(x, a, "x after x[1, 2, 3] = tensor([8.])", "one element fits everywhere, in any shape")


def test_1_6_the_shape_stays():
    x = ones(3)
    refuses(
        lambda: x.__iadd__(ones(2, 3)),
        "ones(3) += ones(2, 3)",
        ValueError,
        ["(3,)", "(2,3)"],
        "The result does not fit into x; NumPy refuses by itself when it has out=self.data",
    )
    same(x, np.ones(3, "float32"), "x after the refused x += ones(2, 3)", "nothing may change")


def test_1_6_the_dtype_stays():
    i = tensor([1, 2, 3])
    refuses(
        lambda: i.__iadd__(0.5),
        "tensor([1, 2, 3]) += 0.5",
        TypeError,
        [],
        'A float does not fit into int64: casting="same_kind" refuses it',
    )
    refuses(
        lambda: i.__itruediv__(2), "tensor([1, 2, 3]) /= 2", TypeError, [], "A quotient is a float"
    )
    same(i, np.array([1, 2, 3]), "i after both were refused", "nothing may change")
    x = tensor([1.0, 2.0])
    x += np.array([0.5, 0.5])
    same(
        x,
        np.array([1.5, 2.5], "float32"),
        "a float32 tensor after += of a float64 array",
        'float64 into float32 is of the same kind, casting="same_kind" allows it',
    )


def test_1_6_no_copy_is_made():
    x, y = zeros(4), ones(4)
    x += y
    same(y, np.ones(4, "float32"), "y after x += y", "only x may change")
    z = tensor([1.0, 2.0, 3.0])
    z[0] = 5
    z[z > 2.5] = tensor(0.0)
    same(z, np.array([0, 2, 0], "float32"), "z after z[0] = 5 and z[z > 2.5] = tensor(0.)", "")
    same(z.fill_(3.0), np.full(3, 3, "float32"), "z.fill_(3.)", "")
    same(z.zero_(), np.zeros(3, "float32"), "z.zero_()", "")


def test_1_6_the_array_of_the_other_tensor():
    class Unguarded(Tensor):
        def _check_writable(self, value=None):
            """Module 02 would refuse what is done here, outside of `no_grad()`."""

    x, w = Unguarded([1.0, 2.0]), tensor([3.0, 4.0], requires_grad=True)
    result = run(x.__iadd__, w)
    cause = "Hand NumPy the array of `other`, unwrap(other), and not the tensor"
    if isinstance(result, Exception):
        raise told(result, "`x += w` for a w that requires grad", cause) from None
    same(x, np.array([4, 6], "float32"), "x after x += w, from [1., 2.] and [3., 4.]", cause)


def test_1_6_asks_first():
    asked = []

    class Guarded(Tensor):
        def _check_writable(self, value=None):
            asked.append(1)

    x = Guarded([1.0])
    x += 1
    assert asked, "`x += 1` did not call self._check_writable(other): module 02 needs that line"


# ---- 1.7 sum and mean


def dims_for(rng, ndim):
    """None, every single dimension from both ends, and a tuple."""
    dims = [None, *range(-ndim, ndim)]
    if ndim >= 2:
        dims += [tuple(rng.choice(ndim, 2, replace=False).tolist()), (0, -1)]
    return dims


def test_1_7_sum_and_mean_against_numpy():
    rng, shapes = random_shapes(17, 9, sizes=(1, 2, 3, 4))
    cause = "dim says which dimension disappears; with keepdim it stays, with size 1"
    for shape in small_first(*shapes, ()):
        a = numbers(rng, shape)
        for dim in dims_for(rng, len(shape)):
            for keepdim in (False, True):
                call = f"(dim={dim}, keepdim={keepdim}) of {named(a)}"
                same(
                    run(tensor(a).sum, dim, keepdim),
                    a.sum(axis=dim, keepdims=keepdim),
                    f"sum{call}",
                    cause,
                )
                same(
                    run(tensor(a).mean, dim, keepdim),
                    a.mean(axis=dim, keepdims=keepdim),
                    f"mean{call}",
                    f"{cause}; divide by the number of elements in each sum, not by all",
                )


def test_1_7_dtypes():
    for kind, expected in [
        ("float32", float32),
        ("float64", float64),
        ("int64", int64),
        ("bool", int64),
    ]:
        for dim in (None, 0):
            found = tensor(np.ones((2, 3), kind)).sum(dim)
            assert found.dtype == expected, (
                f"the sum(dim={dim}) of a {kind} tensor has dtype {found.dtype}, expected "
                f"{expected}"
            )
    for kind in ("float32", "float64"):
        found = tensor(np.ones((2, 3), kind)).mean()
        assert found.dtype == kind, f"the mean of a {kind} tensor has dtype {found.dtype}"
    assert (tensor([True, True, False])).sum().item() == 2, "the sum of a mask counts its Trues"


def test_1_7_the_mean_of_ints_is_refused():
    for x in (tensor([1, 2]), tensor([True, False])):
        refuses(
            lambda x=x: x.mean(),
            f"{x!r}.mean()",
            TypeError,
            [],
            "The mean needs floats: check a.dtype.kind",
        )


def test_1_7_nothing_to_add():
    same(zeros(0).sum(), np.array(0, "float32"), "zeros(0).sum()", "the sum of no numbers is 0")
    same(zeros(0, 3).sum(0), np.zeros(3, "float32"), "zeros(0, 3).sum(0)", "three sums of nothing")
    same(zeros(2, 0).sum(0), np.zeros(0, "float32"), "zeros(2, 0).sum(0)", "no sums at all")
    same(
        run(zeros(2, 0).mean, 0),
        np.zeros(0, "float32"),
        "zeros(2, 0).mean(0)",
        "no means at all: do not divide by the 0 results there are",
    )
    with np.errstate(all="ignore"):
        same(zeros(0).mean(), np.array(np.nan, "float32"), "zeros(0).mean()", "0 / 0 is NaN")


def test_1_7_many_numbers():
    tenths = tensor(np.full(1_000_000, 0.1, "float32"))
    rows = tensor(tenths.data.reshape(2, 500_000))
    for call, found, expected in [
        ("sum()", run(tenths.sum), 100_000),
        ("sum(dim=0)", run(tenths.sum, 0), 100_000),
        ("mean()", run(tenths.mean), 0.1),
        ("sum(dim=1), as two rows of half a million,", run(rows.sum, 1), 50_000),
    ]:
        call = f"{call} of a million float32 tenths"
        if isinstance(found, Exception):
            raise told(found, call, "") from None
        far = np.abs(found.data / expected - 1).max()
        assert far < 1e-4, (
            f"{call} is {found.tolist()}, expected {expected}, within a few digits: it was added "
            "from left to right (np.cumsum and loops do that), and once the running sum is large, "
            "part of each 0.1 is lost. NumPy's `a.sum(axis=..., keepdims=...)` adds in pairs"
        )


def test_1_7_transposed_numbers():
    a = numbers(np.random.default_rng(3), (3, 4))
    same(tensor(a.T).sum(0), a.T.sum(0), "the sum(0) of a tensor that is not contiguous", "")
    same(tensor(a).sum([0, 1]), a.sum(), "sum([0, 1])", "a list of dims is a tuple of dims")
    same(tensor(a).sum(()), a.sum(), "sum(())", "no dims named: all of them, as in PyTorch")
    same(own.sum(tensor(a), dim=1), a.sum(1), "tinytorch.sum(x, dim=1)", "see as_function")
    assert own.sum([1, 2]) == 3, "tinytorch.sum of a list should be Python's sum"


# ---- 1.8 variance


def test_1_8_against_numpy():
    rng, shapes = random_shapes(18, 6, sizes=(2, 3, 4))
    for shape in small_first(*[s for s in shapes if s]):
        a = numbers(rng, shape) + 5
        for dim in dims_for(rng, len(shape)):
            for correction in (1, 0):
                for keepdim in (False, True):
                    same(
                        run(tensor(a).var, dim, keepdim=keepdim, correction=correction),
                        a.var(axis=dim, ddof=correction, keepdims=keepdim),
                        f"var({dim}, keepdim={keepdim}, correction={correction}) of {named(a)}",
                        "subtract the mean over `dim` (kept, so that it broadcasts), "
                        "square, sum over `dim`, divide by the count in each sum minus correction",
                    )


def test_1_8_far_from_zero():
    a = (10_000 + np.random.default_rng(1).standard_normal(1000)).astype("float32")
    found, expected = tensor(a).var().item(), a.astype("float64").var(ddof=1)
    assert np.isclose(found, expected, rtol=1e-3), (
        f"the variance of 1000 numbers near 10,000 is {found:.7g}, expected {expected:.7g}: "
        "mean(x^2) - mean(x)^2 loses all digits in float32; subtract the mean first"
    )


@pytest.mark.in_process
def test_1_8_is_made_of_tensor_operations():
    x = tensor([2.0, 4.0, 9.0])
    assert calls_of(Sub, x.var) > 0, (
        "x.var() was computed without a subtraction of tensors: compute with tensors "
        "(`self - mean`), not with NumPy, or module 02 cannot know the gradient"
    )
    assert made_from(x, x.var), (
        "x.var() subtracts tensors, but what it returns was then computed beside them: square, sum "
        "and divide tensors too, not their arrays, or module 02 cannot know the gradient"
    )


def test_1_8_dtype_and_small_counts():
    same(
        tensor([2.0, 4.0, 9.0]).var(),
        np.array(13, "float32"),
        "tensor([2., 4., 9.]).var()",
        "float32 stays float32; the default is correction=1",
    )
    same(
        tensor([2.0, 4.0]).var(unbiased=False),
        np.array(1, "float32"),
        "tensor([2., 4.]).var(unbiased=False)",
        "that means correction=0",
    )
    same(own.var(tensor([2.0, 4.0])), np.array(2, "float32"), "tinytorch.var(x)", "")
    with np.errstate(all="ignore"):
        same(tensor([3.0]).var(), np.array(np.nan, "float32"), "tensor([3.]).var()", "0 / 0 is NaN")
        same(
            tensor([2.0, 4.0]).var(correction=5),
            np.array(np.inf, "float32"),
            "tensor([2., 4.]).var(correction=5)",
            "divide by 0, never by less than 0",
        )
        same(zeros(0, 2).var(0), np.full(2, np.nan, "float32"), "zeros(0, 2).var(0)", "")
    same(
        run(zeros(2, 0).var, 0), np.zeros(0, "float32"), "zeros(2, 0).var(0)", "no variances at all"
    )


# ---- 1.9 the largest, and where it is


def test_1_8_the_older_way():
    x = tensor([2.0, 4.0, 9.0])
    for call, found in [
        ("x.var(unbiased=False)", lambda: x.var(unbiased=False)),
        ("x.var(False)", lambda: x.var(False)),
    ]:
        same(run(found), np.array(26 / 3, "float32"), call, "as correction=0")


def positions_of(positions):
    few = positions.size <= SHOWN
    return str(positions.tolist()) if few else f"of shape {positions.shape}"


def test_1_9_pick():
    rng, shapes = random_shapes(19, 15, sizes=(1, 2, 3, 4))
    for shape in small_first(*[s for s in shapes if s]):
        a = numbers(rng, shape)
        for dim in range(len(shape)):
            kept = rng.integers(0, shape[dim], a.max(axis=dim, keepdims=True).shape)
            expected = np.take_along_axis(a, kept, dim)
            for keepdim in (True, False):
                positions = kept if keepdim else kept.squeeze(dim)
                same(
                    run(pick, tensor(a), wrap(positions), dim, keepdim),
                    expected if keepdim else expected.squeeze(dim),
                    f"pick from {named(a)}, positions {positions_of(positions)}, "
                    f"dim={dim}, keepdim={keepdim}",
                    "one index for each dimension of x: the grid of np.indices, with the "
                    "positions "
                    + ("replacing the entry for `dim`" if keepdim else "inserted at place `dim`"),
                )


def test_1_9_pick_uses_indexing():
    x = tensor([[3, 9, 2], [7, 1, 5]])
    count = calls_of(Index, lambda: pick(x, tensor([1, 0]), 1, False))
    assert count == 1, (
        f"pick used x[...] {count} times, expected once: index the tensor, not its array, "
        "so that module 02 knows the way back"
    )


def test_1_9_max_and_min():
    rng, shapes = random_shapes(91, 5, sizes=(1, 2, 3), most=3)
    for shape in small_first(*[s for s in shapes if s]):
        for kind in ("float64", "float32", "int64"):
            a = numbers(rng, shape, kind)
            x = tensor(a)
            same(x.max(), a.max(), f"max() of {named(a)}", "")
            same(x.min(), a.min(), f"min() of {named(a)}", "")
            for dim in range(-len(shape), len(shape)):
                for keepdim in (False, True):
                    for name, arg in [("max", "argmax"), ("min", "argmin")]:
                        pair = getattr(x, name)(dim, keepdim)
                        call = f"{name}({dim}, {keepdim}) of {named(a)}"
                        same(
                            pair.values,
                            getattr(a, name)(axis=dim, keepdims=keepdim),
                            f"the values of {call}",
                            "pick them with the positions",
                        )
                        same(
                            pair.indices,
                            getattr(a, arg)(axis=dim, keepdims=keepdim),
                            f"the indices of {call}",
                            "",
                        )


def test_1_9_the_smaller_of_two():
    """Of any dtype: there is no -True, and -200 does not fit into a byte."""
    for dtype in ("float32", "float64", "int64", "uint8", "bool"):
        a, b = np.array([200, 0, 3]).astype(dtype), np.array([100, 1, 3]).astype(dtype)
        call = f"of two {dtype} tensors"
        same(tensor(a).min(tensor(b)), np.minimum(a, b), f"min {call}", "the smaller of the two")
        same(tensor(a).max(tensor(b)), np.maximum(a, b), f"max {call}", "the larger of the two")


def test_1_9_nan_wins():
    x = tensor([1.0, np.nan, 3.0])
    for call, found in [("max()", x.max()), ("min()", x.min()), ("max(0).values", x.max(0).values)]:
        cause = "NaN stays NaN, so that a mistake is not covered up"
        same(found, np.array(np.nan, "float32"), f"tensor([1., nan, 3.]).{call}", cause)


def test_1_9_edges():
    values, indices = tensor(5.0).max(0)
    same(values, np.array(5, "float32"), "tensor(5.).max(0).values", "")
    same(indices, np.array(0), "tensor(5.).max(0).indices", "")
    same(zeros(0, 3).max(1).values, np.zeros(0, "float32"), "zeros(0, 3).max(1).values", "")
    refuses(lambda: ones(2).max(1), "ones(2).max(1)", IndexError)
    refuses(lambda: zeros(0).max(), "zeros(0).max()", ValueError)
    same(own.max(tensor([1, 5]), tensor([3, 2])), np.array([3, 5]), "max(x, y)", "")
    assert own.max(3, 5) == 5 and own.min([3, 5]) == 3, (
        "tinytorch.max(3, 5) of plain numbers should be Python's max"
    )


# ---- 1.10 the matrix product

PRODUCTS = [
    ((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((1, 3), (3, 1)),
    ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((8, 1, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((2, 0), (0, 3)), ((0, 3), (3, 2)), ((0,), (0,)),
    ((0, 2, 3), (3, 2)), ((4, 5, 2, 3), (4, 1, 3, 2)),
]  # fmt: skip


def test_1_10_shapes():
    for a, b in PRODUCTS:
        expected = np.matmul(np.zeros(a), np.zeros(b)).shape
        equal(
            run(matmul_shape, a, b),
            expected,
            f"matmul_shape({a}, {b})",
            "a vector on the left is a row, on the right a column, and its 1 is dropped; "
            "what comes before the last two dimensions broadcasts",
        )


def test_1_10_shapes_at_random():
    rng = np.random.default_rng(10)
    for _ in range(150):
        a, b = (tuple(rng.choice((1, 2, 3), rng.integers(1, 5)).tolist()) for _ in range(2))
        product, shown = run(np.matmul, np.zeros(a), np.zeros(b)), f"matmul_shape({a}, {b})"
        if isinstance(product, Exception):
            refuses(
                lambda a=a, b=b: matmul_shape(a, b),
                shown,
                ValueError,
                [],
                "Do the inner sizes agree, and do the leading ones broadcast?",
            )
        else:
            equal(run(matmul_shape, a, b), product.shape, shown, "as NumPy says")


def test_1_10_what_does_not_fit():
    for a, b in [
        ((2, 3), (2, 3)),
        ((2, 3), (4,)),
        ((3,), (4, 3)),
        ((3,), (2,)),
        ((), (3,)),
        ((2, 2), ()),
        ((1, 2), (1, 2)),
        ((5, 2, 3), (5, 4, 3)),
    ]:
        refuses(
            lambda a=a, b=b: matmul_shape(a, b),
            f"matmul_shape({a}, {b})",
            ValueError,
            ["matmul", str(a), str(b)],
            "The last size of the first must equal the second-to-last of the second "
            "(the only one, for a vector)",
        )
    for a, b in [((2, 3), (2, 3)), ((5, 2, 3), (4, 3, 2)), ((), (3,))]:
        refuses(
            lambda a=a, b=b: ones(a) @ ones(b), f"ones{a} @ ones{b}", ValueError, [str(a), str(b)]
        )


def test_1_10_products():
    rng = np.random.default_rng(11)
    for shape_a, shape_b in PRODUCTS:
        for kind in ("float64", "float32", "int64"):
            a, b = numbers(rng, shape_a, kind), numbers(rng, shape_b, kind)
            same(
                tensor(a) @ tensor(b), a @ b, f"{kind} tensors of shapes {shape_a} @ {shape_b}", ""
            )
    a, b = numbers(rng, (2, 3)), numbers(rng, (3, 4))
    same(tensor(a.T).matmul(tensor(a)), a.T @ a, "x.T.matmul(x)", "")
    same(own.matmul(tensor(a), tensor(b)), a @ b, "tinytorch.matmul(a, b)", "")
    same(a @ tensor(b), a @ b, "an array @ a tensor", "")


# ---- 1.11 other shapes, same numbers


def test_1_11_flatten():
    for shape, args, expected in [
        ((2, 3, 4, 5), (), (120,)),
        ((2, 3, 4, 5), (1,), (2, 60)),
        ((2, 3, 4, 5), (1, 2), (2, 12, 5)),
        ((2, 3, 4, 5), (-2,), (2, 3, 20)),
        ((2, 3, 4, 5), (0, -2), (24, 5)),
        ((2, 3, 4, 5), (2, 2), (2, 3, 4, 5)),
        ((3,), (), (3,)),
        ((), (), (1,)),
        ((0, 3, 2), (1,), (0, 6)),
        ((2, 0, 3), (0, 1), (0, 3)),
    ]:
        size = int(np.prod(shape))
        same(
            run(arange(size).reshape(*shape).flatten, *args),
            np.arange(size).reshape(expected),
            f"a tensor of shape {shape} after flatten{args or '()'}",
            "keep the sizes before start, multiply those from start through end, keep the rest "
            "(and write the product down: -1 has no answer when a size is 0)",
        )
    refuses(lambda: ones(2, 3).flatten(2), "ones(2, 3).flatten(2)", IndexError)
    refuses(lambda: ones(2, 3).flatten(1, 0), "ones(2, 3).flatten(1, 0)", RuntimeError)


def test_1_11_unsqueeze():
    rng, shapes = random_shapes(11, 12)
    for shape in small_first(*shapes):
        a = numbers(rng, shape)
        for dim in range(-len(shape) - 1, len(shape) + 1):
            same(
                run(tensor(a).unsqueeze, dim),
                np.expand_dims(a, dim),
                f"{named(a)} after unsqueeze({dim})",
                "the result has one dimension more, and dim counts in the result: -1 is its last",
            )
        for dim in (len(shape) + 1, -len(shape) - 2):
            refuses(
                lambda a=a, d=dim: tensor(a).unsqueeze(d),
                f"unsqueeze({dim}) of {named(a)}",
                IndexError,
                [],
                "checked_dim raises it, when it knows how many dimensions the result has",
            )


def test_1_11_squeeze():
    for shape, args, expected in [
        ((1, 3, 1), (), (3,)),
        ((1, 3, 1), (0,), (3, 1)),
        ((1, 3, 1), (-1,), (1, 3)),
        ((1, 3, 1), (1,), (1, 3, 1)),
        ((1, 3, 1), ((0, 1),), (3, 1)),
        ((1, 3, 1), ((0, -1),), (3,)),
        ((1, 1), (), ()),
        ((1, 1), (0,), (1,)),
        ((), (), ()),
        ((), (0,), ()),
        ((2, 3), (), (2, 3)),
        ((1, 0), (), (0,)),
        ((0, 1), (0,), (0, 1)),
    ]:
        size = int(np.prod(shape))
        same(
            run(arange(size).reshape(shape).squeeze, *args),
            np.arange(size).reshape(expected),
            f"a tensor of shape {shape} after squeeze{args if args else '()'}",
            "remove sizes of 1 only, and only at the dims asked for",
        )
    refuses(lambda: ones(1, 3).squeeze(2), "ones(1, 3).squeeze(2)", IndexError)


@pytest.mark.in_process
def test_1_11_is_made_of_tensor_operations():
    x = ones(2, 1, 3)
    for call, work in [
        ("flatten()", x.flatten),
        ("unsqueeze(0)", lambda: x.unsqueeze(0)),
        ("squeeze(1)", lambda: x.squeeze(1)),
    ]:
        assert operations_of(work) > 0, (
            f"x.{call} was computed beside the tensor: call self.reshape(...), not NumPy on "
            "self.data, or module 02 cannot know the gradient"
        )


@pytest.mark.shared
def test_1_11_nothing_is_copied():
    x = arange(6)
    for call, y in [
        ("reshape(2, 3)", x.reshape(2, 3)),
        ("view(3, -1)", x.view(3, -1)),
        ("unsqueeze(0)", x.unsqueeze(0)),
        ("view(1, 6).squeeze()", x.view(1, 6).squeeze()),
        ("view(2, 3).flatten()", x.view(2, 3).flatten()),
    ]:
        assert np.shares_memory(x.data, y.data), f"x.{call} copied the numbers of x: use reshape"
    across = wrap(np.arange(6).reshape(2, 3).T)
    refuses(
        lambda: across.view(6), "view(6) of a transposed (2, 3)", RuntimeError, ["(3, 2)", "(6,)"]
    )
    same(across.reshape(6), np.array([0, 3, 1, 4, 2, 5]), "reshape(6) of a transposed (2, 3)", "")
    same(across.flatten(), np.array([0, 3, 1, 4, 2, 5]), "flatten() of a transposed (2, 3)", "")
    refuses(lambda: x.reshape(4, 2), "arange(6).reshape(4, 2)", ValueError, ["(6,)", "(4, 2)"])
    refuses(lambda: x.reshape(-2), "arange(6).reshape(-2)", ValueError, ["(6,)", "(-2,)"])


# ---- 1.12 transpose and expand


@pytest.mark.in_process
def test_1_12_transpose():
    rng, shapes = random_shapes(12, 6)
    for shape in small_first((2, 3), *[s for s in shapes if s]):
        a = numbers(rng, shape)
        x = tensor(a)
        for first in range(-len(shape), len(shape)):
            for second in range(-len(shape), len(shape)):
                found = run(x.transpose, first, second)
                same(
                    found,
                    a.swapaxes(first, second),
                    f"{named(a)} after transpose({first}, {second})",
                    "in the list 0, 1, 2, ... exchange the two entries, then permute",
                )
                assert a.size == 0 or np.shares_memory(found.data, x.data), (
                    f"transpose({first}, {second}) copied the numbers: Permute.apply makes a view"
                )
    refuses(lambda: ones(2, 3).transpose(0, 2), "ones(2, 3).transpose(0, 2)", IndexError)
    assert operations_of(lambda: ones(2, 3).transpose(0, 1)) > 0, (
        "transpose was computed beside the tensor: use permute (or Permute.apply), not NumPy on "
        "self.data, or module 02 cannot know the gradient"
    )


def test_1_12_permute_and_T():
    a = numbers(np.random.default_rng(12), (2, 3, 4))
    x = tensor(a)
    same(x.permute(2, 0, 1), a.transpose(2, 0, 1), "x.permute(2, 0, 1)", "")
    same(x.permute((-1, 0, 1)), a.transpose(2, 0, 1), "x.permute((-1, 0, 1))", "")
    same(x.T, a.T, "x.T", "")
    refuses(
        lambda: x.permute(0, 1), "permute(0, 1) of shape (2, 3, 4)", RuntimeError, ["(2, 3, 4)"]
    )
    assert x.T.contiguous().data.flags.c_contiguous, "x.T.contiguous() must lie row by row"


def test_1_12_the_names_of_sizes():
    """PyTorch's argument names, for those who write them out."""
    x = ones(2, 3)
    for call, found in [
        ("reshape(x, shape=(3, 2))", lambda: own.reshape(x, shape=(3, 2))),
        ("permute(x, dims=(1, 0))", lambda: own.permute(x, dims=(1, 0))),
        ("ones(3, 1).expand(size=(3, 2))", lambda: ones(3, 1).expand(size=(3, 2))),
    ]:
        same(run(found), np.ones((3, 2), "float32"), call, "the shape is (3, 2)")


@pytest.mark.shared
def test_1_12_expand():
    for shape, sizes, expected in [
        ((3, 1), (3, 4), (3, 4)),
        ((3, 1), (-1, 4), (3, 4)),
        ((3, 1), (2, -1, 4), (2, 3, 4)),
        ((3,), (2, 3), (2, 3)),
        ((3,), (2, -1), (2, 3)),
        ((), (2, 2), (2, 2)),
        ((), (), ()),
        ((2, 1, 3), (-1, -1, -1), (2, 1, 3)),
        ((1,), (0,), (0,)),
        ((0, 1), (-1, 2), (0, 2)),
        ((1, 3), (0, 3), (0, 3)),
    ]:
        a = np.arange(int(np.prod(shape))).reshape(shape)
        x = tensor(a)
        found = run(x.expand, *sizes)
        same(
            found,
            np.broadcast_to(a, expected),
            f"a tensor of shape {shape} after expand{sizes}",
            "align at the right; -1 keeps the size; then np.broadcast_to",
        )
        assert found.data.size == 0 or np.shares_memory(found.data, x.data), (
            f"expand{sizes} copied the numbers: np.broadcast_to makes a view"
        )


def test_1_12_expand_refuses():
    for shape, sizes, why in [
        ((3,), (-1, 3), "-1 for a new dimension: there is no size to keep"),
        ((3,), (4,), "3 cannot be stretched, only 1 can"),
        ((2, 3), (3,), "fewer sizes than dimensions"),
        ((2, 3), (3, 3), "2 cannot be stretched, only 1 can"),
        ((1, 3), (3, 1), "3 cannot be stretched to 1"),
    ]:
        refuses(
            lambda s=shape, z=sizes: ones(*s).expand(*z),
            f"ones{shape}.expand{sizes}",
            ValueError,
            ["expand", str(shape), str(sizes)],
            f"{why}; raise the given `problem`",
        )


def test_1_12_cat_and_stack():
    a, b = np.arange(6).reshape(2, 3), np.arange(3).reshape(1, 3)
    same(cat([tensor(a), tensor(b)]), np.concatenate([a, b]), "cat([a, b])", "")
    same(cat([tensor(a), tensor(a)], dim=-1), np.concatenate([a, a], -1), "cat([a, a], dim=-1)", "")
    same(
        cat([tensor(a), ones(1, 3)]),
        np.concatenate([a, np.ones((1, 3))]).astype("float32"),
        "cat of int64 and float32",
        "",
    )
    for dim in (0, 1, -1):
        same(stack([tensor(a), tensor(a)], dim), np.stack([a, a], dim), f"stack([a, a], {dim})", "")
    refuses(
        lambda: cat([tensor(a), ones(2)]),
        "cat of shapes (2, 3) and (2,)",
        ValueError,
        ["cat", "(2, 3)", "(2,)"],
    )
    refuses(lambda: cat([tensor(a)], dim=2), "cat([a], dim=2)", IndexError, ["(2, 3)"])
    refuses(
        lambda: stack([tensor(a), tensor(b)]),
        "stack of shapes (2, 3) and (1, 3)",
        ValueError,
        ["stack", "(2, 3)", "(1, 3)"],
    )


def test_1_12_cat_begins_with_nothing():
    """`seen = tensor([])`, and then `seen = cat([seen, batch])` again and again."""
    nothing, batch = tensor([]), ones(2, 3)
    for dim in (0, 1, -1):
        call = f"cat([tensor([]), ones(2, 3)], dim={dim})"
        same(run(cat, [nothing, batch], dim), np.ones((2, 3), "float32"), call, "it fits with all")
    call = "cat([tensor([]), tensor([[1, 2]])])"
    found = run(cat, [nothing, tensor([[1, 2]])])
    same(found, np.array([[1, 2]], "float32"), call, "its dtype counts")
    same(cat([nothing, nothing]), np.zeros(0, "float32"), "cat([tensor([]), tensor([])])", "")
    refuses(lambda: cat([zeros(0, 4), batch]), "cat of (0, 4) and (2, 3)", ValueError)


def test_1_12_attention_in_four_lines():
    """Nothing new: everything of this module in one computation, in float64, beside NumPy."""
    rng = np.random.default_rng(0)
    q, k, v = (numbers(rng, (2, 5, 4)) for _ in range(3))
    scores = tensor(q) @ tensor(k).transpose(-2, -1) / 2
    weights = (scores - scores.max(-1, keepdim=True).values).exp()
    found = (weights / weights.sum(-1, keepdim=True)) @ tensor(v)
    e = np.exp(q @ k.swapaxes(-1, -2) / 2)
    same(
        found,
        e / e.sum(-1, keepdims=True) @ v,
        "attention, out of the pieces of this module",
        "one of the tasks above is not quite right",
    )


def test_1_3_adding_twice_is_two_operations():
    assert calls_of(Add, lambda: tensor(1) + 1 + 1) == 2, "a + 1 + 1 must be two additions"
