# %% [markdown]
# # Given in module 09: Serialization
#
# What the lesson `serialization.py` uses and nobody need write: the names of dtypes in safetensors
# files, files that are of another kind, values that cannot be saved. It is exported before the
# lesson's own cells, into the same file. Do not edit it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## The names of dtypes
#
# BF16 is missing here: NumPy has no such dtype, so it can be read (task 9.5), not written.

# %%
#| export serialization
import os
import secrets
from pathlib import Path

import numpy as np

from tinytorch.tensor import Tensor

DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("bool"),
}
_NAMES = {dtype.str: name for name, dtype in DTYPES.items()}


def _dtype_name(name, array):
    """The format's name for an array's dtype; `name` is for the error."""
    found = _NAMES.get(array.dtype.newbyteorder("<").str)
    if found is None:
        raise TypeError(f"{name}: a safetensors file has no numbers of dtype {array.dtype}")
    return found


def _little_endian(array):
    """The bytes of an array, row by row, the least significant byte of each number first."""
    return array.astype(array.dtype.newbyteorder("<"), order="C", copy=False).tobytes()


# %% [markdown]
# ## Files of another kind


# %%
#| export serialization
class SafetensorError(ValueError, RuntimeError):
    """A file is not what a safetensors file has to be. PyTorch's `load` raises RuntimeErrors."""


def _foreign(raw):
    """What a file seems to be that is no safetensors file, or None."""
    if raw[:4] == b"PK\x03\x04" or raw[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        return (
            "this file is a pickle, as PyTorch's torch.save writes it. Reading a pickle runs the "
            "program in it, so it is never read here. In PyTorch, convert it: from safetensors."
            'torch import save_file; save_file(model.state_dict(), "model.safetensors")'
        )
    if raw[:6] == b"\x93NUMPY":
        return "this file is a NumPy array: np.load reads it"
    return None


def _no_name_twice(pairs):
    """For json.loads: an object as a dict, refused if it has a name twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _described(name, entry):
    """dtype name, shape and offsets of a header's entry, whose kinds are right."""
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        numbers = [*shape, begin, end]
    except (KeyError, TypeError, ValueError):
        raise SafetensorError(f"the header says no dtype, shape and place of {name!r}") from None
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise SafetensorError(f"{name!r}: shape {shape} and place {begin}, {end} are no sizes")
    if dtype != "BF16" and dtype not in DTYPES:
        raise SafetensorError(f"{name!r} has dtype {dtype}, which is not known here")
    return dtype, tuple(shape), begin, end


# %% [markdown]
# ## Values, paths, files

# %%
#| export serialization
PLAIN = (bool, int, float, str, type(None))


def _plain(value, path):
    """A number, a text, a bool or None as JSON has it; anything else is refused."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, PLAIN):
        raise TypeError(
            f"save: {path or 'the object'} is a {type(value).__name__}. Tensors, arrays, numbers, "
            "texts, None, and lists, tuples and dictionaries of them can be saved; for an object, "
            "save its state_dict()"
        )
    return value


def _free_name(path, tensors):
    """A name for a tensor that no other has."""
    name = path or "tensor"
    while name in tensors or name == "__metadata__":
        name += "_"
    return name


def _joined(path, key):
    return f"{path}.{key}" if path else str(key)


def _is_flat(value):
    """Whether it is a dictionary of nothing but names and tensors, like a model's state."""
    return (
        isinstance(value, dict)
        and "__metadata__" not in value
        and all(isinstance(key, str) for key in value)
        and all(isinstance(part, Tensor) for part in value.values())
    )


def _beside(path):
    """A new name in the same folder, which nobody else uses; an error if there is no folder."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} into")
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")


def _sync_folder(folder):
    """Have the folder's list of names on the disk as well; Windows has no call for it."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(f):
    """All bytes of a file, given by path or open."""
    return f.read() if hasattr(f, "read") else Path(f).read_bytes()


def _check_parts(saved, parts):
    """Refuse a checkpoint that has other parts than are to be resumed."""
    missing = [name for name in parts if name not in saved]
    extra = [name for name in saved if name not in parts]
    if missing or extra:
        told = [f"it lacks {', '.join(missing)}"] if missing else []
        told += [f"it also has {', '.join(extra)}"] if extra else []
        raise ValueError(f"the checkpoint does not fit: {', and '.join(told)}")
