"""Tests of module 09: what `tito module test 09` runs against your own export."""

import io
import json
import math
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor, manual_seed, nn, randn, tensor
from tinytorch import serialization as S
from tinytorch.optim import SGD, Adam
from tinytorch.optim.lr_scheduler import StepLR
from tinytorch.random import get_rng_state
from tinytorch.training import minibatches, train_step

# What safetensors 0.8.0 writes with PyTorch 2.13.0:
#   safetensors.torch.save({"w": torch.arange(6.).reshape(2, 3),
#       "b": torch.tensor([1.5, -2.0], dtype=torch.bfloat16), "n": torch.tensor(5),
#       "on": torch.tensor([True, False])}, {"by": "torch"}).hex()
FROM_PYTORCH = bytes.fromhex(
    "00010000000000007b225f5f6d657461646174615f5f223a7b226279223a22746f726368227d2c226e223a7b22647479"
    "7065223a22493634222c227368617065223a5b5d2c22646174615f6f666673657473223a5b302c385d7d2c2277223a7b"
    "226474797065223a22463332222c227368617065223a5b322c335d2c22646174615f6f666673657473223a5b382c3332"
    "5d7d2c2262223a7b226474797065223a2242463136222c227368617065223a5b325d2c22646174615f6f666673657473"
    "223a5b33322c33365d7d2c226f6e223a7b226474797065223a22424f4f4c222c227368617065223a5b325d2c22646174"
    "615f6f666673657473223a5b33362c33385d7d7d202020200500000000000000000000000000803f0000004000004040"
    "000080400000a040c03f00c00100"
)


def given(call, value):
    """`value`, unless it is None: then the `return` is missing."""
    assert value is not None, f"{call} gave None: is the `return` missing?"
    return value


def refusal(call, action, kind=None):
    """The message of the error that `action` must raise."""
    kind = kind or S.SafetensorError
    try:
        result = action()
    except Exception as error:
        if any(one.__name__ == kind.__name__ for one in type(error).__mro__):
            return str(error)
        pytest.fail(
            f"{call} raised {type(error).__name__}: {error}; expected {kind.__name__}", False
        )
    pytest.fail(f"{call} gave {result!r}; expected {kind.__name__}", False)


def some_arrays():
    return {
        "bias": np.array([1.5, -2.0], "float32"),
        "w": np.arange(6, dtype="float64").reshape(2, 3),
        "none": np.zeros((0, 3), "int64"),
        "alone": np.array(7, "int32"),
        "mask": np.array([True, False, True]),
    }


def file_with(header, data=b""):
    """A file with a header as it is written here."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


# ---- 9.1


def test_9_1_dtype_shape_and_place_of_each_array():
    found = given("layout(arrays)", S.layout(some_arrays()))
    expected = {
        "bias": entry([2], 0, 8),
        "w": entry([2, 3], 8, 56, "F64"),
        "none": entry([0, 3], 56, 56, "I64"),
        "alone": entry([], 56, 60, "I32"),
        "mask": entry([3], 60, 63, "BOOL"),
    }
    assert list(found) == list(expected), f"layout has the names {list(found)}, in that order"
    for name, wanted in expected.items():
        assert found[name] == wanted, (
            f"layout(arrays)[{name!r}] is {found[name]}, expected {wanted}: each array begins "
            "where the one before ended, and ends as many bytes later as it has"
        )


def test_9_1_a_shape_is_a_list():
    found = given("layout", S.layout({"w": np.zeros((2, 3))}))["w"]
    for name in ("shape", "data_offsets"):
        kind = type(found[name])
        assert kind is list, f"{name} is a {kind.__name__}; JSON has lists, so write a list"


# ---- 9.2


def parts_of(raw):
    """Length, header (bytes) and data of a file."""
    length = int.from_bytes(raw[:8], "little")
    return length, raw[8 : 8 + length], raw[8 + length :]


def test_9_2_length_header_data():
    arrays = some_arrays()
    raw = given("to_bytes(arrays)", S.to_bytes(arrays))
    assert isinstance(raw, bytes), f"to_bytes gave a {type(raw).__name__}, expected bytes"
    length, text, data = parts_of(raw)
    assert length < len(raw), (
        f"to_bytes: the first 8 bytes, little-endian, say that the header has {length} bytes, and "
        f"the whole file has {len(raw)}"
    )
    assert json.loads(text) == S.layout(arrays), (
        f"to_bytes: the header is {text}, expected layout(arrays) as JSON"
    )
    expected = b"".join(array.tobytes() for array in arrays.values())
    assert data == expected, (
        f"to_bytes: after the header come {len(data)} bytes, expected the {len(expected)} of the "
        "arrays, one after the other"
    )


@pytest.mark.parametrize("name", ["x", "xy", "xyz", "some name", "é", "12345678"])
def test_9_2_the_header_fills_a_multiple_of_eight(name):
    length, text, _ = parts_of(S.to_bytes({name: np.zeros(1)}))
    assert length % 8 == 0, (
        f"to_bytes with the name {name!r}: the header has {length} bytes, {text[-12:]}; fill it up "
        "with spaces to a multiple of 8"
    )
    assert text.rstrip(b" ").endswith(b"}"), "the header is filled up with spaces, at its end"
    assert len(text) - len(text.rstrip(b" ")) < 8, "no more spaces than are needed"


def test_9_2_notes_stand_under_metadata():
    _, text, _ = parts_of(S.to_bytes({"x": np.zeros(1)}, {"by": "me"}))
    found = json.loads(text).get("__metadata__")
    assert found == {"by": "me"}, (
        f"to_bytes(arrays, {{'by': 'me'}}): __metadata__ is {found}. The line above your blank has "
        "put it into the header: add the tensors, and keep it"
    )
    names = list(json.loads(text))
    assert names == ["__metadata__", "x"], (
        f"to_bytes(arrays, {{'by': 'me'}}): the header has {names}, in that order; the notes stand "
        "before the tensors"
    )
    _, text, _ = parts_of(S.to_bytes({"x": np.zeros(1)}))
    assert "__metadata__" not in json.loads(text), "without notes there is no __metadata__"


def test_9_2_any_order_in_memory():
    straight = np.arange(6, dtype="float32").reshape(2, 3)
    expected = S.to_bytes({"x": straight})
    found = S.to_bytes({"x": np.ascontiguousarray(straight.T).T})
    assert found == expected, (
        "to_bytes of a transposed array differs: _little_endian(array) has its bytes"
    )


@pytest.mark.in_process
def test_9_2_any_order_of_bytes():
    straight = np.arange(6, dtype="float32").reshape(2, 3)
    assert S.to_bytes({"x": straight.astype(">f4")}) == S.to_bytes({"x": straight}), (
        "to_bytes of a big-endian array differs: _little_endian(array) has its bytes"
    )


# ---- 9.3


def test_9_3_header_and_start():
    arrays = some_arrays()
    raw = S.to_bytes(arrays)
    found = given("read_header(raw)", S.read_header(raw))
    assert isinstance(found, tuple), f"read_header gave a {type(found).__name__}, expected a tuple"
    header, start = found
    assert header == S.layout(arrays), f"read_header: the header is {header}"
    expected = 8 + int.from_bytes(raw[:8], "little")
    assert start == expected, (
        f"read_header: the data begins at {start}, expected {expected}: 8 bytes, then the header"
    )


@pytest.mark.parametrize(
    ("what", "raw"),
    [
        ("an empty file", b""),
        ("a file of 5 bytes", b"hello"),
        ("a file of 7 zeros", bytes(7)),
        ("a header that is cut off", file_with({"x": entry([1], 0, 4)})[:20]),
        ("a header whose last spaces are cut off", (8).to_bytes(8, "little") + b"{}"),
        ("a text", b"This is a text, and a rather long one."),
        ("a header that is no JSON", file_with(b"{not json}")),
        ("a header that is no UTF-8", file_with(b'{"\xff": 1}')),
        ("a header that is a list", file_with([1, 2])),
        ("a header that is a number", file_with(b"7")),
        ("an empty header", file_with(b"")),
        ("a name that occurs twice", file_with(b'{"x": 1, "x": 2}')),
        ("a header nested too deeply", file_with(b'{"x":' + b"[" * 200_000)),
    ],
)
def test_9_3_what_is_no_safetensors_file_is_refused(what, raw):
    said = refusal(f"read_header of {what}", lambda: S.read_header(raw))
    assert said, f"read_header of {what}: the error has no sentence"


def test_9_3_a_file_without_tensors_is_whole():
    raw = file_with({})
    try:
        found = given("read_header", S.read_header(raw))
    except S.SafetensorError as error:
        pytest.fail(
            f"read_header of a file with a header and no data raised {error}: the data may begin "
            "where the file ends",
            pytrace=False,
        )
    assert found == ({}, len(raw)), f"read_header of a file without tensors is {found}"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_9_3_a_pickle_is_named_and_not_run(protocol):
    raw = pickle.dumps({"w": [1.0] * 100}, protocol)
    said = refusal("read_header of a pickle", lambda: S.read_header(raw))
    assert "pickle" in said, f"read_header of a pickle says {said!r}: raise what _foreign(raw) says"
    said = refusal("read_header of torch.save's file", lambda: S.read_header(b"PK\x03\x04" * 20))
    assert "torch.save" in said, f"read_header of torch.save's file says {said!r}"


# ---- 9.4


@pytest.mark.parametrize(
    ("entries", "size"),
    [
        ([], 0),
        ([(0, 8, 8, "a")], 8),
        ([(8, 32, 24, "w"), (0, 8, 8, "bias")], 32),
        ([(0, 4, 4, "b"), (4, 4, 0, "a"), (4, 8, 4, "z"), (0, 0, 0, "y")], 8),
    ],
)
def test_9_4_what_fits_passes(entries, size):
    try:
        S.check_places(list(entries), size)
    except S.SafetensorError as error:
        pytest.fail(f"check_places({entries}, {size}) raised {error}; these fit", False)


@pytest.mark.parametrize(
    ("what", "entries", "size", "named"),
    [
        ("overlap", [(0, 8, 8, "a"), (4, 12, 8, "bb")], 12, "bb"),
        ("a gap", [(0, 8, 8, "a"), (12, 16, 4, "bb")], 16, "bb"),
        ("a late beginning", [(8, 16, 8, "aa")], 16, "aa"),
        ("too short for its shape", [(0, 8, 12, "aa")], 8, "aa"),
        ("too long for its shape", [(0, 8, 4, "aa")], 8, "aa"),
        ("an end before the beginning", [(0, 8, 8, "a"), (8, 4, 0, "bb")], 8, "bb"),
        ("data that is cut off", [(0, 8, 8, "a"), (8, 16, 8, "b")], 12, "12"),
        ("data that belongs to nobody", [(0, 8, 8, "a")], 11, "11"),
        ("data without tensors", [], 3, "3"),
    ],
)
def test_9_4_what_does_not_fit_is_refused(what, entries, size, named):
    call = f"check_places({entries}, {size}), {what},"
    said = refusal(call, lambda: S.check_places(list(entries), size))
    assert named in said, f"{call} says {said!r}: {named!r} should be in it"


# ---- 9.5


def test_9_5_bfloat16_is_half_a_float32():
    bits = np.array([[0x3F80, 0x4049, 0xC000], [0x7F80, 0x0000, 0x0001]], "uint16")
    found = given("from_bfloat16(bits)", S.from_bfloat16(bits))
    assert found.dtype == np.float32, f"from_bfloat16 gave {found.dtype}, expected float32"
    assert found.shape == (2, 3), f"from_bfloat16 of shape (2, 3) has shape {found.shape}"
    expected = [[1.0, 3.140625, -2.0], [np.inf, 0.0, 2.0**-133]]
    assert found.tolist() == expected, (
        f"from_bfloat16 gave {found.tolist()}, expected {expected}: move the bits up by 16, then "
        "look at them as float32, without converting"
    )


def test_9_5_arrays_come_back():
    before = some_arrays()
    after, metadata = given("from_bytes", S.from_bytes(S.to_bytes(before, {"by": "me"})))
    assert metadata == {"by": "me"}, f"from_bytes: the metadata is {metadata}"
    assert list(after) == list(before), f"from_bytes has the names {list(after)}"
    for name, array in before.items():
        found = after[name]
        assert found.shape == array.shape, (
            f"{name}: shape {found.shape} after from_bytes, {array.shape} before"
        )
        assert found.dtype == array.dtype, (
            f"{name}: dtype {found.dtype} after from_bytes, {array.dtype} before"
        )
        assert np.array_equal(found, array), (
            f"{name} is {found.tolist()} after from_bytes, {array.tolist()} before: its first byte "
            "is at start + begin"
        )
        assert found.flags.writeable, f"{name} cannot be written to after from_bytes: copy it"


def test_9_5_a_file_of_pytorch_is_read():
    found, metadata = S.from_bytes(FROM_PYTORCH)
    assert metadata == {"by": "torch"}
    shown = {name: (str(a.dtype), a.tolist()) for name, a in found.items()}
    assert shown == {
        "n": ("int64", 5),
        "w": ("float32", [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]),
        "b": ("float32", [1.5, -2.0]),
        "on": ("bool", [True, False]),
    }, f"a file that PyTorch wrote is read as {shown}"


@pytest.mark.parametrize("shape", [[2, 2], [4], [1, 4, 1], []])
def test_9_5_bfloat16_has_its_shape(shape):
    count = math.prod(shape)
    bits = np.array([0x3F80, 0x4049, 0xC000, 0x7F80][:count], "<u2")
    raw = file_with({"x": entry(shape, 0, 2 * count, "BF16")}, bits.tobytes())
    found = S.from_bytes(raw)[0]["x"]
    assert found.shape == tuple(shape), (
        f"from_bytes of a BF16 tensor of shape {shape} has shape {found.shape}: the shape is that "
        "of the header, for this dtype as for the others"
    )
    expected = [1.0, 3.140625, -2.0, np.inf][:count]
    assert found.ravel().tolist() == expected, (
        f"from_bytes of a BF16 tensor is {found.ravel().tolist()}, expected {expected}"
    )


@pytest.mark.parametrize("length", [0, 7, 8, 100, 263, 264, 290, len(FROM_PYTORCH) - 1])
def test_9_5_a_file_that_is_cut_off_is_refused(length):
    refusal(f"from_bytes of the first {length} bytes", lambda: S.from_bytes(FROM_PYTORCH[:length]))


@pytest.mark.parametrize(
    "bad",
    [
        {"x": 7},
        {"x": {"dtype": "F32", "shape": [1]}},
        {"x": entry([1], 0, 4, "F8_E4M3")},
        {"x": entry([-1], 0, 4)},
        {"x": entry([1.0], 0, 4)},
        {"x": entry("1", 0, 4)},
        {"x": entry([2**62, 4], 0, 4)},
    ],
)
def test_9_5_a_header_that_lies_is_refused(bad):
    refusal(f"from_bytes with the header {bad}", lambda: S.from_bytes(file_with(bad, bytes(4))))


# ---- 9.6


class Secret:
    pass


@pytest.mark.shared
def test_9_6_tensors_are_taken_out():
    tensors = {}
    value = {"lr": 0.1, "betas": (0.9, 0.99), "state": {0: tensor([1.0, 2.0])}}
    found = given("pack(value, '', tensors)", S.pack(value, "", tensors))
    expected = {
        "dict": [
            ["lr", 0.1],
            ["betas", {"tuple": [0.9, 0.99]}],
            ["state", {"dict": [[0, {"tensor": "state.0"}]]}],
        ]
    }
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(expected)), (
        f"pack({value}, '', tensors) is {found}, expected {expected}"
    )
    assert list(tensors) == ["state.0"], f"pack: tensors has the names {list(tensors)}"
    kind = type(tensors["state.0"])
    assert kind is np.ndarray, f"tensors holds arrays, tensor.data; this is a {kind.__name__}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7),
        (None, None),
        ("a", "a"),
        ([1, [True]], {"list": [1, {"list": [True]}]}),
        ((), {"tuple": []}),
        ({}, {"dict": []}),
        (OrderedDict(b=1, a=2), {"dict": [["b", 1], ["a", 2]]}),
        (np.float64(0.5), 0.5),
        (
            [tensor(1.0), (tensor(2.0),)],
            {"list": [{"tensor": "p.0"}, {"tuple": [{"tensor": "p.1.0"}]}]},
        ),
    ],
)  # fmt: skip
def test_9_6_each_container_says_what_it_is(value, expected):
    found = S.pack(value, "p", {})
    assert found == expected, f"pack({value!r}, 'p', tensors) is {found}, expected {expected}"


@pytest.mark.shared
def test_9_6_no_name_is_used_twice():
    tensors = {}
    S.pack({"a": {"b": tensor(1.0)}, "a.b": tensor(2.0)}, "", tensors)
    assert len(tensors) == 2, (
        f"pack of two tensors with the same path kept {list(tensors)}: _free_name(path, tensors)"
    )


def test_9_6_what_cannot_be_saved_is_named():
    for value, path in (({"a": [1, Secret()]}, "a.1"), ({"f": complex}, "f"), ({"s": {1, 2}}, "s")):
        said = refusal(f"pack({value})", lambda value=value: S.pack(value, "", {}), TypeError)
        assert path in said, f"pack({value}) says {said!r}: the path {path} should be in it"


# ---- 9.7


def same(a, b):
    """Whether two values are equal, with the same types, tensors and arrays included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (Tensor, np.ndarray)):
        x, y = np.asarray(getattr(a, "data", a)), np.asarray(getattr(b, "data", b))
        a, b = (x, y) if isinstance(a, np.ndarray) else (a.data, b.data)
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


VALUES = [
    {"lr": 0.1, "betas": (0.9, 0.99), "state": {0: {"step": 3, "m": tensor([1.0, 2.0])}}},
    [None, True, 2**127, -0.5, "é", (), [], {}],
    {"step": 0, "off": False, "decay": 0.0, "name": "", "none": None},
    tensor([[1, 2]]),
    {"array": np.arange(3), "tensor": tensor(1.5), "dict": {"list": [1]}, 7: {"tuple": (1,)}},
]


@pytest.mark.shared
@pytest.mark.parametrize("value", VALUES)
def test_9_7_what_was_packed_comes_back(value):
    tensors = {}
    packed = json.loads(json.dumps(S.pack(value, "", tensors)))
    found = S.unpack(packed, tensors)
    assert same(found, value), (
        f"unpack(pack(value)) is {found!r}, the value {value!r}: what is no description stays as "
        "it is, and each container becomes again what it says"
    )


@pytest.mark.parametrize("value", VALUES)
def test_9_7_save_and_load(value, tmp_path):
    file = io.BytesIO()
    tinytorch.save(value, file)
    file.seek(0)
    found = tinytorch.load(file)
    assert same(found, value), f"load gave {found!r}, saved was {value!r}"


def test_9_7_the_state_of_a_model_is_a_plain_file():
    model, file = nn.Linear(2, 3), io.BytesIO()
    tinytorch.save(model.state_dict(), file)
    header, _ = S.read_header(file.getvalue())
    assert set(header) == {"weight", "bias"}, f"its header has {set(header)}"
    found = tinytorch.load(io.BytesIO(FROM_PYTORCH))
    assert isinstance(found["w"], Tensor), f"load of PyTorch's file gave {found}"


def test_9_7_a_damaged_description_is_refused():
    for text in ("{", '{"tensor": "x"}', '{"dict": 7}', '{"a": 1, "b": 2}'):
        raw = S.to_bytes({}, {"tinytorch": text})
        call = f"load with the description {text}"
        refusal(call, lambda raw=raw: tinytorch.load(io.BytesIO(raw)))


# ---- 9.8


def test_9_8_the_file_has_the_new_content(tmp_path):
    path = tmp_path / "file.bin"
    for data in (b"first", b"", b"x" * 100_000):
        S.write_atomically(path, data)
        assert path.read_bytes() == data, "write_atomically: the file has another content"
    left = [file.name for file in tmp_path.iterdir()]
    assert left == ["file.bin"], f"after write_atomically the folder has {left}"
    S.write_atomically(str(path), b"by its name")
    assert path.read_bytes() == b"by its name"


def test_9_8_the_name_gets_another_file(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    before = path.stat().st_ino
    S.write_atomically(path, b"new")
    assert before == 0 or path.stat().st_ino != before, (  # 0: a file system without numbers
        "write_atomically wrote into the old file: if the power fails in the middle, neither the "
        "old content nor the new one is there. temporary.replace(path) gives the name to the new "
        "file"
    )


def test_9_8_what_cannot_be_written_changes_nothing(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    for name, data, kind in (("file.bin", "a text", TypeError), ("folder", b"new", OSError)):
        call = f"write_atomically({name!r}, {data!r})"
        try:
            S.write_atomically(tmp_path / name, data)
        except kind:
            pass
        else:
            pytest.fail(f"{call} kept a {kind.__name__} to itself: raise it on", False)
        left = sorted(file.name for file in tmp_path.iterdir())
        assert left == ["file.bin", "folder"], f"after {call} failed the folder has {left}"
        assert path.read_bytes() == b"old", f"after {call} failed the old file is gone"


@pytest.mark.in_process
def test_9_8_everything_is_on_the_disk_before_the_name_changes(tmp_path, monkeypatch):
    path, seen = tmp_path / "file.bin", []
    path.write_bytes(b"old")

    def fsync(handle, real=os.fsync):
        if os.fstat(handle).st_size == 3 and not seen:
            seen.append(path.read_bytes())
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    S.write_atomically(path, b"new")
    assert seen, (
        "write_atomically: at os.fsync the file did not have its 3 bytes. First file.flush(), then "
        "os.fsync(file.fileno()), while it is open"
    )
    assert seen == [b"old"], (
        f"at os.fsync the name had the content {seen[0]}, expected the old one: write to the "
        "temporary file, and give it the name when it is on the disk"
    )


@pytest.mark.in_process
def test_9_8_if_it_fails_the_old_file_stands(tmp_path, monkeypatch):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def full(handle):
        monkeypatch.undo()  # what comes after it has a disk that works
        raise OSError(28, "No space left on device")

    def interrupted(handle):
        monkeypatch.undo()
        raise KeyboardInterrupt

    for fsync, kind in ((full, OSError), (interrupted, KeyboardInterrupt)):
        monkeypatch.setattr(os, "fsync", fsync)
        try:
            S.write_atomically(path, b"new")
        except kind:
            pass
        else:
            name = kind.__name__
            pytest.fail(f"write_atomically kept a {name} to itself: raise it on", False)
        assert path.read_bytes() == b"old", f"after a {kind.__name__} the old file is gone"
        left = [file.name for file in tmp_path.iterdir()]
        assert left == ["file.bin"], f"after a {kind.__name__} the folder has {left}"


@pytest.mark.in_process
def test_9_8_the_name_always_has_a_file(tmp_path, monkeypatch):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")

    def refused(*_, **__):
        raise OSError(13, "Permission denied")

    with monkeypatch.context() as patch:
        for name in ("replace", "rename"):
            patch.setattr(os, name, refused)
            patch.setattr(Path, name, refused)
        refusal("write_atomically", lambda: S.write_atomically(path, b"new"), OSError)
    left = [file.name for file in tmp_path.iterdir()]
    assert left == ["file.bin"], (
        f"when the renaming failed the folder had {left}, expected ['file.bin']: replace takes the "
        "old one's name in one step. Who removes the old file first has none for a moment"
    )
    assert path.read_bytes() == b"old"


# ---- 9.9


def numbered(count=6):
    """Batches of two, in a random order; between them the caller may draw as well."""
    x = np.arange(2 * count, dtype="float32")
    return S.Resumable(lambda: (a.tolist() for a, _ in minibatches(x, x, 2)))


def test_9_9_a_pass_has_all_batches_and_the_next_another_order():
    manual_seed(3)
    batches = numbered()
    first, second = list(batches), list(batches)
    for found in (first, second):
        numbers = sorted(x for batch in found for x in batch)
        assert numbers == list(range(12)), f"a pass has the batches {found}"
    assert first != second, "the second pass has the order of the first: it begins a new one"
    manual_seed(3)
    x = np.arange(12, dtype="float32")
    expected = [a.tolist() for a, _ in minibatches(x, x, 2)]
    assert first == expected, f"the pass has {first}, without Resumable it is {expected}"


def test_9_9_a_pass_that_was_left_is_over():
    manual_seed(3)
    batches = numbered()
    next(iter(batches))
    found = list(batches)
    assert len(found) == 6, (
        f"one pass was left after a batch; the next one has {len(found)} batches, expected all 6: "
        "a new pass begins with done = 0"
    )


@pytest.mark.parametrize("done", [1, 3, 5, 6])
def test_9_9_a_resumed_pass_has_the_rest(done):
    manual_seed(4)
    batches = numbered()
    loop = iter(batches)
    for _ in range(done):
        next(loop)
    state, generator = batches.state_dict(), get_rng_state()
    assert state["done"] == done, (
        f"after {done} batches state_dict()['done'] is {state['done']}: count before the yield"
    )
    expected = list(loop)
    then = list(batches)
    manual_seed(99)
    again = numbered()
    again.load_state_dict(state)
    tinytorch.random.set_rng_state(generator)
    found = list(again)
    assert found == expected, (
        f"after {done} batches a resumed pass has {found}, expected {expected}: the order is drawn "
        "with the generator at `start`"
    )
    found = list(again)
    assert found == then, f"the pass after it has {found}, expected {then}, a whole new one"


def test_9_9_a_resumed_pass_can_be_left_again():
    manual_seed(6)
    batches = numbered()
    loop = iter(batches)
    next(loop), next(loop)
    state, generator = batches.state_dict(), get_rng_state()
    expected = list(loop)[2:]
    again = numbered()
    again.load_state_dict(state)
    tinytorch.random.set_rng_state(generator)
    loop = iter(again)
    next(loop), next(loop)
    state = again.state_dict()
    assert state["done"] == 4, (
        f"2 batches were done, and after 2 more of the resumed pass state_dict()['done'] is "
        f"{state['done']}, expected 4: go on counting from where it was"
    )
    last = numbered()
    last.load_state_dict(state)
    found = list(last)
    assert found == expected, f"resumed a second time the pass has {found}, expected {expected}"


def test_9_9_the_generator_goes_on_where_it_was():
    manual_seed(5)
    batches = numbered()
    loop, seen = iter(batches), []
    next(loop)
    randn(3)
    state, generator = batches.state_dict(), get_rng_state()
    for batch in loop:
        seen.append((batch, randn(1).item()))
    again = numbered()
    again.load_state_dict(state)
    tinytorch.random.set_rng_state(generator)
    found = [(batch, randn(1).item()) for batch in again]
    assert found == seen, (
        "numbers drawn between the batches differ in a resumed pass: after the batches that are "
        "thrown away set the generator to what it was before"
    )


# ---- 9.10


def run_of(seed, optimizer=Adam):
    manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    rule = optimizer(model.parameters(), lr=0.05)
    data = X, X.sum(1, keepdim=True)
    return {
        "model": model,
        "optimizer": rule,
        "scheduler": StepLR(rule, 5, 0.5),
        "batches": S.Resumable(lambda: minibatches(*data, 4)),
    }


X = Tensor(np.random.default_rng(0).standard_normal((20, 3)).astype("float32"))


def steps(run, count, noise=True):
    """The losses of so many steps; each draws from the generator, too."""
    losses = []
    while True:
        for x, y in run["batches"]:
            x = x + 0.1 * randn(*x.shape) if noise else x
            losses.append(train_step(run["model"], nn.MSELoss(), run["optimizer"], x, y)[0])
            run["scheduler"].step()
            if len(losses) == count:
                return losses


@pytest.mark.parametrize("stop", [1, 5, 7, 10])
def test_9_10_training_goes_on_bit_for_bit(stop, tmp_path):
    whole = steps(run_of(1), 17)
    first = run_of(1)
    begun = steps(first, stop)
    tinytorch.save(given("capture", S.capture(first, step=stop)), tmp_path / "run.safetensors")
    states = states_of(first)
    second = run_of(77)
    notes = given("resume", S.resume(tinytorch.load(tmp_path / "run.safetensors"), second))
    assert notes == {"step": stop}, f"resume gave {notes}, the notes were {{'step': {stop}}}"
    other = [name for name, state in states_of(second).items() if state != states[name]]
    found = begun + steps(second, 17 - stop)
    at = next((i for i, (a, b) in enumerate(zip(found, whole)) if a != b), None)
    assert at is None, (
        f"stopped after {stop} steps and resumed: the loss of step {at} is {found[at]!r}, "
        f"uninterrupted {whole[at]!r}. {differing(other)}"
    )


def states_of(run):
    """The state of each part of a run and of the generator, as texts to be compared."""
    states = {name: repr(plain(part.state_dict())) for name, part in run.items()}
    return {**states, "generator": repr(get_rng_state())}


def plain(state):
    """A state with lists in place of tensors, whose text shows every digit."""
    if isinstance(state, dict):
        return {str(key): plain(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return [plain(value) for value in state]
    return state.tolist() if isinstance(state, Tensor) else state


def differing(names):
    """What to look at, for a run that did not go on as it would have."""
    if "generator" in names:
        more = f" Other than before are also: {', '.join(names[:-1])}." * (len(names) > 1)
        return (
            "After resume the generator does not go on where it was at capture: set its state, as "
            f"the last thing, for loading a part may draw numbers.{more}"
        )
    if names:
        return (
            f"After resume the state of {', '.join(names)} is not what it was at capture: give "
            "each part its own state with load_state_dict."
        )
    return "After resume all states are what they were at capture: do the batches begin anew?"


def test_9_10_capture_has_all_states():
    run = run_of(1)
    steps(run, 2)
    found = given("capture(run, epoch=3)", S.capture(run, epoch=3))
    assert set(found) == {"parts", "generator", "notes"}, f"capture has the keys {set(found)}"
    assert found["notes"] == {"epoch": 3}, f"capture: the notes are {found['notes']}"
    assert set(found["parts"]) == set(run), f"capture: the parts are {set(found['parts'])}"
    assert found["generator"] == get_rng_state(), "capture: that is not the generator's state now"
    found = S.capture({"model": run["model"]})["notes"]
    assert found == {}, f"capture without notes has the notes {found}, expected {{}}"


def test_9_10_other_parts_are_refused():
    run = run_of(1)
    state = S.capture({"model": run["model"], "old": run["optimizer"]})
    said = refusal("resume", lambda: S.resume(state, run), ValueError)
    for name in ("optimizer", "scheduler", "old"):
        assert name in said, f"resume says {said!r}: {name} should be in it"
    refusal("resume of something else", lambda: S.resume({"w": 1}, run), ValueError)


def test_9_10_if_one_part_does_not_fit_nothing_has_changed():
    good, other = run_of(1), run_of(2)
    steps(good, 3)
    state = S.capture(good)
    state["parts"]["optimizer"]["param_groups"][0]["params"] = [0]
    before = {name: p.data.copy() for name, p in other["model"].named_parameters()}
    generator = get_rng_state()
    refusal("resume, where one part does not fit,", lambda: S.resume(state, other), ValueError)
    for name, p in other["model"].named_parameters():
        assert np.array_equal(p.data, before[name]), (
            f"the optimizer did not fit, and {name} of the model has changed: copy all states "
            "first, and put them back (copy.deepcopy: a state shares the model's memory)"
        )
    assert get_rng_state() == generator, "the optimizer did not fit, and the generator has changed"


class Part:
    """Has a number as its state; `when_loaded` is called before a state is taken over."""

    def __init__(self, number, when_loaded):
        self.number, self.when_loaded = number, when_loaded

    def state_dict(self):
        return {"number": self.number}

    def load_state_dict(self, state):
        self.when_loaded(state)
        self.number = state["number"]


class Interrupted(BaseException):
    """As Ctrl-C: no `Exception`."""


@pytest.mark.in_process
@pytest.mark.parametrize("kind", [ValueError, Interrupted])
def test_9_10_whatever_goes_wrong_all_is_put_back(kind):
    def fail(state):
        if state["number"] == 2:
            raise kind

    manual_seed(1)
    state = S.capture({"first": Part(1, id), "second": Part(2, id)})
    manual_seed(2)
    generator, parts = get_rng_state(), {"first": Part(10, id), "second": Part(20, fail)}
    try:
        S.resume(state, parts)
    except kind:
        pass
    else:
        pytest.fail(f"resume kept a {kind.__name__} to itself: raise it on", False)
    found = [part.number for part in parts.values()]
    assert found == [10, 20], (
        f"the second part raised {kind.__name__}, and the parts have the states {found}, expected "
        "[10, 20] as before: put all of them back, for a BaseException too (Ctrl-C is one)"
    )
    assert get_rng_state() == generator, (
        "a part could not be loaded, and the generator has changed: it comes last"
    )


@pytest.mark.in_process
def test_9_10_the_generator_comes_last():
    manual_seed(1)
    state = S.capture({"noisy": Part(1, id)})
    expected = get_rng_state()
    S.resume(state, {"noisy": Part(2, lambda state: randn(3))})
    assert get_rng_state() == expected, (
        "a part drew numbers while it was loaded, and the generator is not as captured: set it "
        "after the parts"
    )


def test_9_10_a_model_of_another_shape_is_named():
    state = S.capture({"model": nn.Linear(3, 2)})
    for other, named in ((nn.Linear(3, 4), "weight"), (nn.Linear(3, 2, bias=False), "bias")):
        said = refusal("resume", lambda o=other: S.resume(state, {"model": o}), RuntimeError)
        assert named in said, f"resume into another model says {said!r}: expected {named} in it"


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_9_10_states_of_optimizers_survive_a_file(optimizer):
    run, file = run_of(1, optimizer), io.BytesIO()
    steps(run, 3)
    tinytorch.save(run["optimizer"].state_dict(), file)
    file.seek(0)
    assert same(tinytorch.load(file), json_like(run["optimizer"].state_dict()))


def json_like(value):
    """The value with plain dictionaries for others."""
    if isinstance(value, dict):
        return {key: json_like(part) for key, part in value.items()}
    return [json_like(part) for part in value] if isinstance(value, list) else value
