# %% [markdown]
# # Module 09: Serialization
#
# Weights in files, checkpoints that survive a power cut, training that goes on where it stopped.
#
# About 25 minutes of reading and 2.5 hours of writing.
#
# This module needs modules 00 to 04. It does not need 05 to 08, but works with their loaders and
# layers.
#
# ## The question
#
# A model has learned for a week, and the program ends. Its numbers are in memory only, so they have
# to go into a file. Python has a module for it, `pickle`, which takes any object. Here is a file
# that somebody sent us, with weights in it, as they say.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

import pickle
import tempfile
from pathlib import Path

import numpy as np

from tinytorch import Tensor, manual_seed, nn, randn, tensor
from tinytorch.optim import Adam
from tinytorch.optim.lr_scheduler import CosineAnnealingLR
from tinytorch.training import minibatches, train_step
from serialization_given import (
    DTYPES,
    SafetensorError,
    _beside,
    _check_parts,
    _described,
    _dtype_name,
    _foreign,
    _free_name,
    _is_flat,
    _joined,
    _little_endian,
    _no_name_twice,
    _plain,
    _read,
    _sync_folder,
)


class Weights:
    def __reduce__(self):
        return print, ("   ... and this could have been any program, with all your rights",)


file_that_was_sent = pickle.dumps(Weights())
print("loading the weights")
pickle.loads(file_that_was_sent)

# %% [markdown]
# A pickle is a small program that builds objects, and loading it runs that program. A file of
# weights should be numbers and nothing else.
#
# That is the first half of the question. The second: the week of training is cut off on Thursday.
# The weights of Wednesday are in a file. Is that enough to go on? The optimizer has averages of its
# own, the schedule knows which day it is, and the random generator decides what comes next. And if
# the power fails *while* the file is written, is Tuesday's file still there?
#
# ## Where this stands
#
# **safetensors** (Nicolas Patry and others at Hugging Face, 2022) is the format in which most
# models are published today: a header in JSON, then plain numbers. You write a reader and a writer,
# and exchange files with PyTorch (`safetensors.torch.load_file` and `save_file`). A file that holds
# all that a training run needs is a **checkpoint**. How often one should be written was worked out
# by John W. Young, *A First Order Approximation to the Optimum Checkpoint Interval* (1974). In
# PyTorch `torch.save` and `torch.load` are the names, and what they write is a pickle. Ours have
# the same names, take the same objects, and write safetensors.
#
# # Part one: a file of numbers
#
# ## Task 9.1: the header's table
#
# The numbers of all tensors lie one after the other, without gaps. The **header** is a table that
# tells, for each tensor, its dtype, its shape, and its place: the first byte that belongs to it and
# the first that does not. Both are counted from the beginning of the *data*.
#
# ```
#   {"bias": float32 (2,),  "w": float32 (2, 3)}
#
#   data     b b b b b b b b w w w w w w w w w w w w w w ... w
#            0               8                               32
#
#   header   "bias": {"dtype": "F32", "shape": [2],    "data_offsets": [0, 8]}
#            "w":    {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]}
# ```
#
# `_dtype_name(name, array)`, given, is "F32" for float32. An array knows its size in bytes,
# `array.nbytes`, and a shape in JSON is a list. The order is that of the dictionary you are given.

# %%
#| default_exp serialization
#| export
import copy
import json
import math
import os
from pathlib import Path

import numpy as np

from tinytorch.random import get_rng_state, set_rng_state
from tinytorch.tensor import Tensor

__all__ = ["load", "save"]


def layout(arrays):
    """Where each array lies in a safetensors file.

    Args:
        arrays: dict from names to np.ndarrays.

    Returns:
        dict: from each name, in the same order, to {"dtype": str, "shape": list of int,
        "data_offsets": [begin, end]}, in bytes from the beginning of the data.

    Raises:
        TypeError: the format has no such dtype (`_dtype_name` says so).

    Example:
        >>> layout({"bias": np.zeros(2, "float32")})
        {'bias': {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}}
    """
    ### BEGIN SOLUTION
    header, begin = {}, 0
    for name, array in arrays.items():
        end = begin + array.nbytes
        header[name] = {
            "dtype": _dtype_name(name, array),
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
        begin = end
    return header
    ### END SOLUTION


# %%
table = layout({"bias": np.zeros(2, "float32"), "w": np.zeros((2, 3), "float32")})
for name, entry in table.items():
    print(name, entry)

# %% [markdown]
# ## Task 9.2: the file, to_bytes
#
# ```
#   8 bytes               n bytes                    the rest
#   n, little-endian      the header as JSON, UTF-8  the data
#                         filled up with spaces
# ```
#
# **Little-endian** is the order in which your processor most likely has its bytes: the least
# significant first, `n.to_bytes(8, "little")`. The spaces make n a multiple of 8, so that the
# numbers lie at places that a processor likes. `-len(text) % 8` is how many are needed.
#
# A header may also have notes, under the name `__metadata__`: a dictionary from texts to texts. It
# stands before the tensors, and only if there is one. `_little_endian(array)` gives the bytes of an
# array.


# %%
#| export
def to_bytes(arrays, metadata=None):
    """The content of a safetensors file (Patry et al., 2022).

    Args:
        arrays: dict from names to np.ndarrays.
        metadata: dict from str to str, or None.

    Returns:
        bytes.

    Example:
        >>> to_bytes({"x": np.array([7], "uint8")})[-3:]      # two of the spaces, and the 7
        b'  \\x07'
    """
    header = {} if metadata is None else {"__metadata__": metadata}
    ### BEGIN SOLUTION
    header |= layout(arrays)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    data = [_little_endian(array) for array in arrays.values()]
    return b"".join([len(text).to_bytes(8, "little"), text, *data])
    ### END SOLUTION


# %%
raw = to_bytes({"x": np.array([1, 2], "float32")})
print("length of the header:", list(raw[:8]))
print("header:", raw[8:-8])
print("data:", raw[-8:].hex(" "))

# %% [markdown]
# ## Task 9.3: read the header
#
# Files get cut off, mixed up, and sent by people who mean harm. A reader believes nothing. In this
# order:
#
# - a file of another kind: `_foreign(raw)` is a sentence about it, or None. Raise it.
# - the header is longer than the file: it was cut off, or it is something else. A file of less than
#   8 bytes is among these, since its data would begin after its end.
# - the header is no JSON, or the JSON is no object (a `dict`).
#
# Each is a `SafetensorError`, given, with a sentence that says what was found. `json.loads` raises
# a `ValueError` for what is no JSON, for bytes that are no UTF-8, and, with the second argument
# `object_pairs_hook=_no_name_twice`, for a name that occurs twice. One nested too deeply is a
# `RecursionError`.


# %%
#| export
def read_header(raw):
    """The header of a safetensors file.

    Args:
        raw: bytes, the whole file.

    Returns:
        (dict, int): the header, and the place in `raw` where the data begins.

    Raises:
        SafetensorError: the file is cut off, or of another kind.

    Example:
        >>> read_header(to_bytes({}))
        ({}, 16)
    """
    ### BEGIN SOLUTION
    if _foreign(raw):
        raise SafetensorError(_foreign(raw))
    start = 8 + int.from_bytes(raw[:8], "little")
    if start > len(raw):
        raise SafetensorError(f"cut off, or no safetensors file: it ends after {len(raw)} bytes")
    try:
        header = json.loads(raw[8:start], object_pairs_hook=_no_name_twice)
    except (ValueError, RecursionError) as error:
        raise SafetensorError(f"the header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise SafetensorError("the header is no table of tensors")
    return header, start
    ### END SOLUTION


# %%
whole = to_bytes({"x": np.zeros(3)})
for raw in (whole, whole[:12], b"hello", file_that_was_sent, b"x" * 99):
    try:
        print(read_header(raw))
    except SafetensorError as error:
        print(str(error)[:90])

# %% [markdown]
# ## Task 9.4: does the header fit the data
#
# A header can lie. If two tensors share bytes, or one reaches past the end, a reader that trusts it
# shows what is not its own. The rule is short: sorted by where they begin, each tensor begins where
# the one before ended, the first at 0, and the last ends with the data. And each is as long as its
# shape says.
#
# ```
#   begin   0      8      32        size of the data 40:  refused, 8 bytes belong to nobody
#   end     8     32                shape [2, 3], F32:    2 * 3 * 4 = 24 = 32 - 8, right
# ```
#
# You get the entries as tuples (begin, end, nbytes, name), where `nbytes` has been computed from
# shape and dtype. Sorting tuples sorts them by `begin`, then by `end`, which matters for tensors
# without numbers.


# %%
#| export
def check_places(entries, size):
    """Refuse tensors that overlap, leave gaps, or are not as long as their shape says.

    Args:
        entries: list of (begin, end, nbytes, name), in any order.
        size: how many bytes of data there are.

    Raises:
        SafetensorError: names the tensor, and both sizes.

    Example:
        >>> check_places([(8, 32, 24, "w"), (0, 8, 8, "bias")], 32)
    """
    ### BEGIN SOLUTION
    here = 0
    for begin, end, nbytes, name in sorted(entries):
        if begin != here:
            raise SafetensorError(f"{name!r} begins at byte {begin}, expected {here}")
        if end - begin != nbytes:
            raise SafetensorError(f"{name!r} has {end - begin} bytes, its shape needs {nbytes}")
        here = end
    if here != size:
        raise SafetensorError(f"the tensors need {here} bytes, the file has {size}: is it cut off?")
    ### END SOLUTION


# %%
check_places([(8, 32, 24, "w"), (0, 8, 8, "bias")], 32)
for entries, size in (([(0, 8, 8, "a"), (4, 12, 8, "b")], 12), ([(0, 8, 12, "a")], 8), ([], 3)):
    try:
        check_places(entries, size)
    except SafetensorError as error:
        print(error)

# %% [markdown]
# ## Task 9.5: bfloat16, and from_bytes
#
# Large models are often published in **bfloat16** (Google Brain): a float32 without its lower half.
# It keeps the sign and the exponent, and so the range, and gives up digits.
#
# ```
#   float32    s eeeeeeee mmmmmmmmmmmmmmmmmmmmmmm        1 + 8 + 23 bits
#   bfloat16   s eeeeeeee mmmmmmm                        1 + 8 +  7 bits
#   3.140625   0 10000000 1001001        0x4049          and as float32   0x40490000
# ```
#
# NumPy has no such dtype. But as integers of two bytes, `"<u2"`, they can be read, made integers of
# four, moved up by 16 bits, and *looked at* as float32: `array.view("<f4")` changes no bit.
#
# With that, `from_bytes`. The lines above its blank have checked the header. For each name make the
# array: `np.frombuffer(raw, dtype, count, offset)` reads `count` numbers from the place `offset`.
# It shares the memory of `raw` and cannot be written to, so copy; and give it its shape.
# `math.prod(())` is 1, which is right for a tensor with no dimensions.


# %%
#| export
def from_bfloat16(bits):
    """bfloat16 numbers as float32, exactly.

    Args:
        bits: np.ndarray of dtype uint16, any shape.

    Returns:
        np.ndarray: float32, the same shape.

    Example:
        >>> from_bfloat16(np.array([0x3F80, 0x4049], "uint16"))
        array([1.      , 3.140625], dtype=float32)
    """
    ### BEGIN SOLUTION
    return (bits.astype("uint32") << 16).view("float32")
    ### END SOLUTION


def from_bytes(raw):
    """The arrays in a safetensors file.

    Args:
        raw: bytes, the content of the file.

    Returns:
        (dict, dict): from names to np.ndarrays, writable, BF16 as float32; and the metadata.

    Raises:
        SafetensorError: damaged, cut off, of another kind.

    Example:
        >>> from_bytes(to_bytes({"x": np.array([7, 8])}))[0]
        {'x': array([7, 8])}
    """
    header, start = read_header(raw)
    metadata = header.pop("__metadata__", {})
    table = {name: _described(name, entry) for name, entry in header.items()}
    widths = {"BF16": 2} | {name: dtype.itemsize for name, dtype in DTYPES.items()}
    entries = [
        (begin, end, math.prod(shape) * widths[dtype], name)
        for name, (dtype, shape, begin, end) in table.items()
    ]
    check_places(entries, len(raw) - start)
    arrays = {}
    for name, (dtype, shape, begin, _) in table.items():
        ### BEGIN SOLUTION
        kind = np.dtype("<u2") if dtype == "BF16" else DTYPES[dtype]
        array = np.frombuffer(raw, kind, math.prod(shape), start + begin)
        array = array.reshape(shape).astype(kind.newbyteorder("="))
        arrays[name] = from_bfloat16(array) if dtype == "BF16" else array
        ### END SOLUTION
    return arrays, metadata


# %%
arrays = {"w": np.arange(6.0).reshape(2, 3), "n": np.array(5), "none": np.zeros((0, 3), "float32")}
again, _ = from_bytes(to_bytes(arrays))
for name, array in again.items():
    print(f"{name:5} {array.dtype!s:8} {array.shape!s:7} {array.tolist()}")
print(from_bfloat16(np.array([0x3F80, 0x4049, 0xC000, 0x7F80], "uint16")))

# %% [markdown]
# # Part two: everything that a run needs
#
# ## Task 9.6: pack
#
# A model's state is a dictionary of tensors, and fits. But an optimizer's has dictionaries within
# dictionaries, numbers, tuples, and keys that are ints. So take it apart: the tensors go into one
# flat dictionary, and what remains is a *description* which JSON can hold, and which says where
# each tensor belongs.
#
# ```
#   {"lr": 0.1, "betas": (0.9, 0.99), "state": {0: tensor}}
#
#   {"dict": [["lr", 0.1],                                       tensors
#             ["betas", {"tuple": [0.9, 0.99]}],
#             ["state", {"dict": [[0, {"tensor": "state.0"}]]}]]}     "state.0": array
# ```
#
# JSON would turn a tuple into a list, and the key 0 into the text "0". That is why each container
# says what it is, and a dictionary becomes a list of pairs. A tensor's name is its **path**:
# `_joined(path, key)` puts the two together with a dot; in lists and tuples the key is the
# position. `_free_name(path, tensors)` makes sure that no name is used twice.
#
# Write it as a function that calls itself for what is inside. What is no tensor, dictionary, list
# or tuple is for `_plain(value, path)`, which returns it if it is a number or text, and refuses it
# if not. Arrays are given: they are like tensors, but say "array".


# %%
#| export
def pack(value, path, tensors):
    """Take a value apart: tensors into `tensors`, the rest into a description for JSON.

    Args:
        value: a Tensor, np.ndarray, number, text, None, or dict, list, tuple of such.
        path: str, where the value stands, "" at the top.
        tensors: dict; the arrays of all tensors in `value` are added to it.

    Returns:
        The description: {"tensor": name}, {"array": name}, {"dict": [[key, description], ...]},
        {"list": [...]}, {"tuple": [...]}, or what `_plain` gives.

    Raises:
        TypeError: something else is in it; names its path.

    Example:
        >>> tensors = {}
        >>> pack({"betas": (0.9, tensor(2.0))}, "", tensors), list(tensors)
        ({'dict': [['betas', {'tuple': [0.9, {'tensor': 'betas.1'}]}]]}, ['betas.1'])
    """
    if isinstance(value, np.ndarray):
        name = _free_name(path, tensors)
        tensors[name] = value
        return {"array": name}
    ### BEGIN SOLUTION
    if isinstance(value, Tensor):
        name = _free_name(path, tensors)
        tensors[name] = value.data
        return {"tensor": name}
    if isinstance(value, dict):
        parts = [(key, pack(part, _joined(path, key), tensors)) for key, part in value.items()]
        return {"dict": [[_plain(key, path), part] for key, part in parts]}
    if isinstance(value, (list, tuple)):
        parts = [pack(part, _joined(path, i), tensors) for i, part in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": parts}
    return _plain(value, path)
    ### END SOLUTION


# %%
tensors = {}
print(pack({"lr": 0.1, "betas": (0.9, 0.99), "state": {0: tensor([1.0, 2.0])}}, "", tensors))
print(tensors)

# %% [markdown]
# ## Task 9.7: unpack, save and load
#
# The way back. A description is either a plain value or a dictionary with one entry, whose key says
# what it is. `[(kind, inside)] = packed.items()` takes that entry out.
#
# `save` and `load` below it are given, and use what you have written. A model's state becomes a
# file without any description, one that every other reader of safetensors understands. Anything
# else carries its description in the metadata.


# %%
#| export
def unpack(packed, tensors):
    """Put together again what `pack` took apart.

    Args:
        packed: a description.
        tensors: dict from names to np.ndarrays.

    Returns:
        The value: tensors, arrays, numbers, texts, None, dictionaries, lists, tuples.

    Example:
        >>> unpack({"dict": [[0, {"tensor": "x"}]]}, {"x": np.array([7])})
        {0: tensor([7])}
    """
    ### BEGIN SOLUTION
    if not isinstance(packed, dict):
        return packed
    [(kind, inside)] = packed.items()
    if kind in ("tensor", "array"):
        return Tensor(tensors[inside]) if kind == "tensor" else tensors[inside]
    if kind == "dict":
        return {key: unpack(part, tensors) for key, part in inside}
    parts = [unpack(part, tensors) for part in inside]
    return tuple(parts) if kind == "tuple" else parts
    ### END SOLUTION


def save(obj, f):
    """Write tensors, and what contains them, to a safetensors file. Never a pickle.

    Args:
        obj: a Tensor, np.ndarray, number, text, None, or dict, list, tuple of such, for example a
            `state_dict()`.
        f: a path, written atomically; or a file that is open for writing bytes.

    Raises:
        TypeError: something else is in `obj`.
    """
    if _is_flat(obj):
        raw = to_bytes({name: part.data for name, part in obj.items()})
    else:
        tensors = {}
        described = json.dumps(pack(obj, "", tensors))
        raw = to_bytes(tensors, {"tinytorch": described})
    if hasattr(f, "write"):
        f.write(raw)
    else:
        write_atomically(f, raw)


def load(f, map_location=None, *, weights_only=True):
    """Read a safetensors file: one of `save`, or anybody's.

    Args:
        f: a path, or a file that is open for reading bytes.
        map_location, weights_only: PyTorch's; there is one device, and nothing but numbers.

    Returns:
        What was saved; for files of others a dict from names to tensors.

    Raises:
        FileNotFoundError: there is no such file.
        SafetensorError: damaged, cut off, of another kind, a pickle.
    """
    try:
        tensors, metadata = from_bytes(_read(f))
        described = metadata.get("tinytorch")
        if described is None:
            return {name: Tensor(array) for name, array in tensors.items()}
        return unpack(json.loads(described), tensors)
    except SafetensorError as error:
        raise SafetensorError(f"{getattr(f, 'name', f)}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise SafetensorError(f"{f}: its description of what was saved is damaged") from error


# %%
before = {"lr": 0.1, "betas": (0.9, 0.99), "state": {0: tensor([1.0, 2.0])}, "names": ["a", None]}
tensors = {}
described = json.loads(json.dumps(pack(before, "", tensors)))
print(unpack(described, tensors))

# %% [markdown]
# ## Task 9.8: all or nothing, write_atomically
#
# To write a file takes time. If the program is killed in the middle, or the disk is full, there is
# half a file; and the good one that had this name is gone. Nobody should ever see a half-written
# file. One operation of a file system is **atomic**, which means that it happens entirely or not at
# all: to rename. So:
#
# ```
#   1. write everything to model.1f3a.tmp, beside the old file     a crash here: the old file stands
#   2. have it really on the disk: flush, then fsync               (and here)
#   3. temporary.replace(path): it takes the old one's name        before: old. after: new.
# ```
#
# Step 2 is the one that is forgotten. `write` hands the bytes to Python, `file.flush()` hands them
# to the operating system, and only `os.fsync(file.fileno())` has them on the disk. Without it the
# renaming may be there after a power cut and the bytes not.
#
# If anything fails, remove the temporary file, and let the error through. Catch `BaseException`, so
# that Ctrl-C is among it. The temporary name (given) is in the *same folder*, because renaming is
# atomic within one disk only.


# %%
#| export
def write_atomically(path, data):
    """Write a file so that its name has the old content or the new one, never a part.

    Args:
        path: str or Path. A file of that name is replaced.
        data: bytes.

    Raises:
        OSError: it cannot be written; the old file is as it was, and nothing is left beside it.
    """
    path = Path(os.path.realpath(path))  # a link stays a link
    temporary = _beside(path)
    ### BEGIN SOLUTION
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    ### END SOLUTION
    _sync_folder(path.parent)


# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "notes.bin"
    write_atomically(path, b"Wednesday")
    try:
        write_atomically(path, "Thursday, but a text and no bytes")
    except TypeError as error:
        print("failed:", error)
    print("in the file:", path.read_bytes())
    print("in the folder:", *(file.name for file in Path(folder).iterdir()))

    manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    save(model.state_dict(), Path(folder) / "model.safetensors")
    for name, part in load(Path(folder) / "model.safetensors").items():
        same = np.array_equal(part.data, model.state_dict()[name].data)
        print(f"{name:9} {tuple(part.shape)!s:7} the same {same}")

# %% [markdown]
# # Part three: to go on as if nothing had happened
#
# ## Task 9.9: in the middle of an epoch
#
# The optimizer and the schedule have a `state_dict()`, the generator has `get_rng_state()`. There
# is one more thing with a state: the loop over the data. After 37 of 100 batches, which are the
# other 63? They follow from the order that was drawn when the epoch *began*. So keep two things:
# the generator's state at the beginning, and how many batches are done.
#
# ```
#   first run      start ... b0 b1 b2 ... b36 | checkpoint: {"start": ..., "done": 37}, and the
#                                               generator as it is now
#   second run     set the generator to start; make the loop; throw 37 batches away;
#                  set the generator to what it was at the checkpoint; go on: b37 b38 ...
# ```
#
# The last step matters: drawing the order again has moved the generator, and dropout, for example,
# would go on with other numbers.
#
# `batches` is a loader, or a function that makes a pass: `lambda: minibatches(X, y, 32)`. Its pass
# is made by `self._pass()`, given, and the order may be drawn there or at the first `next`. A *new*
# epoch begins with noting the state in `self.start` and `self.done = 0`. A *resumed* one, when
# `self.resumed` is True, has both already. Set it to False, so that the next epoch is a new one.
# Count a batch *before* you yield it: while it is being learned from, it counts as done, and a
# checkpoint is written after that.


# %%
#| export
class Resumable:
    """Goes over batches, and can go on in the middle of a pass, with the same ones.

    Args:
        batches: a loader whose order comes from the one generator, or a function without arguments
            that returns an iterable of batches.

    Attributes:
        start: the generator's state when the pass began, None before the first.
        done: how many batches of the pass have been given out.
        resumed: whether the next pass goes on with one that was loaded.
    """

    def __init__(self, batches):
        self.batches = batches
        self.start, self.done, self.resumed = None, 0, False

    def _pass(self):
        return iter(self.batches() if callable(self.batches) else self.batches)

    def __iter__(self):
        """The batches of a new pass, or those that are left of a resumed one.

        After a resumed pass has skipped what was done, the generator is where it was before.
        """
        ### BEGIN SOLUTION
        if not self.resumed:
            self.start, self.done = get_rng_state(), 0
        now, self.resumed = get_rng_state(), False
        set_rng_state(self.start)
        batches = self._pass()
        for _ in range(self.done):
            next(batches)
        if self.done:
            set_rng_state(now)
        for batch in batches:
            self.done += 1
            yield batch
        ### END SOLUTION
        self.done = 0  # the pass is over

    def state_dict(self):
        """Where the pass is; `load_state_dict` of another one goes on from there."""
        return {"start": self.start, "done": self.done}

    def load_state_dict(self, state_dict):
        """The next pass is the rest of the one that `state_dict` comes from."""
        self.start, self.done = state_dict["start"], int(state_dict["done"])
        self.resumed = self.done > 0


# %%
manual_seed(0)
eight = np.arange(8.0)
numbers = Resumable(lambda: (x.tolist() for x, _ in minibatches(eight, eight, 2)))
loop = iter(numbers)
print("before:   ", next(loop), next(loop))
bookmark = numbers.state_dict()
print("and then: ", *loop)
numbers.load_state_dict(bookmark)
print("resumed:  ", *numbers)

# %% [markdown]
# ## Task 9.10: capture and resume
#
# A checkpoint is the state of all parts, whatever they are, as long as they have `state_dict` and
# `load_state_dict`; the generator's; and what you want to note besides, such as the epoch.
#
# ```
#   {"parts": {"model": ..., "optimizer": ..., "batches": ...},  "generator": ...,  "notes": {...}}
# ```
#
# `capture` makes this dictionary. Its tensors are the parts' own, and change with them: save it at
# once.
#
# `resume` loads it into parts that exist. If the optimizer does not fit, the model has been loaded
# already: half a checkpoint. So keep a *copy* of every part's state first (`copy.deepcopy`), and if
# anything goes wrong, Ctrl-C included, put all of them back and raise the error on. The generator
# comes last, since a part might draw from it while it is loaded. `_check_parts`, above the blank,
# has seen to it that the names agree.


# %%
#| export
def capture(parts, **notes):
    """The state of a training run.

    Args:
        parts: dict from names to objects with a `state_dict()`: model, optimizer, scheduler,
            `Resumable`.
        notes: whatever `save` takes, kept under their names.

    Returns:
        dict: {"parts": the states by name, "generator": `get_rng_state()`, "notes": notes}.

    Example:
        >>> save(capture({"model": model, "optimizer": optimizer}, epoch=3), "run.safetensors")
    """
    ### BEGIN SOLUTION
    states = {name: part.state_dict() for name, part in parts.items()}
    return {"parts": states, "generator": get_rng_state(), "notes": notes}
    ### END SOLUTION


def resume(state, parts):
    """Go on from a captured state.

    Args:
        state: what `capture` returned, usually by way of `save` and `load`.
        parts: dict with the same names, to objects with `load_state_dict`.

    Returns:
        dict: the notes.

    Raises:
        ValueError: other parts than these were captured.
        Whatever a part's `load_state_dict` raises. All parts, and the generator, are as they were.

    Example:
        >>> resume(load("run.safetensors"), {"model": model, "optimizer": optimizer})
        {'epoch': 3}
    """
    if not isinstance(state, dict) or not {"parts", "generator", "notes"} <= state.keys():
        raise ValueError("resume: this is no checkpoint that capture() made")
    _check_parts(state["parts"], parts)
    ### BEGIN SOLUTION
    before = {name: copy.deepcopy(part.state_dict()) for name, part in parts.items()}
    try:
        for name, part in parts.items():
            part.load_state_dict(state["parts"][name])
        set_rng_state(state["generator"])
    except BaseException:
        for name, part in parts.items():
            part.load_state_dict(before[name])
        raise
    return state["notes"]
    ### END SOLUTION


# %%
net = nn.Linear(2, 1)
state = capture({"net": net}, epoch=3)
print(list(state), state["notes"], list(state["parts"]["net"]))
try:
    resume(state, {"net": net, "optimizer": Adam(net.parameters())})
except ValueError as error:
    print(error)

# %% [markdown]
# ## Put together
#
# A network with noise in it, so that the generator matters, an optimizer with a memory, a schedule,
# and shuffled batches. One run goes through. The other is cut off in the middle of its second
# epoch, and a new program, with new objects and another seed, goes on from the file. The losses
# should be the same to the last bit.

# %%
manual_seed(1)
X = randn(64, 3)
Y = X.sum(1, keepdim=True)


class Noisy(nn.Module):
    """A small network that learns with noise on its hidden numbers."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 16), nn.Linear(16, 1)

    def forward(self, x):
        hidden = self.first(x).tanh()
        return self.second(hidden + 0.1 * randn(*hidden.shape))


def new_run(seed):
    manual_seed(seed)
    model = Noisy()
    optimizer = Adam(model.parameters(), lr=0.01)
    scheduler = CosineAnnealingLR(optimizer, T_max=24)
    batches = Resumable(lambda: minibatches(X, Y, 8))
    return {"model": model, "optimizer": optimizer, "scheduler": scheduler, "batches": batches}


def go_on(run, epochs, path=None, stop_after=None):
    """The losses of all steps; with `stop_after`, write a checkpoint there and stop."""
    losses = []
    for _ in range(epochs):
        for x, y in run["batches"]:
            loss, _ = train_step(run["model"], nn.MSELoss(), run["optimizer"], x, y)
            run["scheduler"].step()
            losses.append(loss)
            if len(losses) == stop_after:
                save(capture(run, steps=len(losses)), path)
                return losses
    return losses


through = go_on(new_run(seed=2), epochs=3)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "run.safetensors"
    first = go_on(new_run(seed=2), epochs=3, path=path, stop_after=13)
    run = new_run(seed=999)
    notes = resume(load(path), run)
    second = go_on(run, epochs=2)
    size = path.stat().st_size
print(f"{notes['steps']} steps, {size} bytes of checkpoint, then {len(second)} more steps")
print("uninterrupted, last losses:", *(f"{loss:.9f}" for loss in through[-3:]))
print("resumed, last losses:      ", *(f"{loss:.9f}" for loss in second[-3:]))
print("all the same:", first + second == through)

# %% [markdown]
# ## What you can do now
#
# You can give a model to others and take theirs, without running anybody's program, and stop
# a training run at any moment. `tito module test 09` runs the tests, `tito module complete 09` puts
# your code into `tinytorch`: `tinytorch.save`, `tinytorch.load`, and the rest in
# `tinytorch.serialization`.
#
# ## Experiments
#
# - Leave the optimizer out of both dictionaries of parts in "Put together". After how many steps
#   does the difference show? And without the generator?
# - Change one byte in the middle of a file of weights. Does `load` notice? What would it take?
# - Save a model whose two layers share one weight. How large is the file, and are the two still one
#   after loading?
#
# ## Questions
#
# **1.** Why does the header come first, and not each tensor with its own few words before it?
#
# <details><summary>Answer</summary>
#
# With one table at the beginning, a reader knows the place of every tensor after two reads, and can
# take one of a thousand, or map the file into memory, without going through the others. And the
# table can be checked as a whole before any number is used.
#
# </details>
#
# **2.** An Adam checkpoint is about three times as large as the model. Why, and when is the model
# alone enough?
#
# <details><summary>Answer</summary>
#
# For each parameter Adam keeps two averages of the same shape. To use the model, or to begin a new
# training run with it (fine-tuning), its own numbers are enough; to go on with *this* run they are
# not.
#
# </details>
#
# **3.** Writing a checkpoint takes 10 seconds, and the machine fails about once a day. How often
# should one be written?
#
# <details><summary>Answer</summary>
#
# Young's answer is the square root of 2 * cost * time between failures: sqrt(2 * 10 * 86400), about
# 1,300 seconds. More often wastes time on writing, less often wastes more of it when it fails.
#
# </details>
