"""The messages between the judge and the judged process: frames, plain values and arrays.

Both sides load this file. A frame is two lengths, a JSON head, and arrays as npy. Nothing is
pickled, and reading a frame looks up no names: values that are not plain are passed to `refer` when
writing and to `resolve` when reading. Invalid messages raise `Malformed`.
"""

from __future__ import annotations

import json
import re
import struct
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

MAX_HEAD = 8_000_000  # bytes of JSON: ten thousand handles need a tenth of it
MAX_ARRAYS = 64_000_000  # bytes: the largest array in a milestone is below 2 million
MAX_DEPTH = 20
LENGTHS = struct.Struct("<II")
ENCODE = json.JSONEncoder(separators=(",", ":")).encode
DECODE = json.JSONDecoder().decode

MAGIC = b"\x93NUMPY\x01\x00"
HEADER = re.compile(
    rb"\{'descr': '([<|][biufc]\d{1,2})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,10}, ?)*(?:\d{1,10})?)\), \} *\n"
)
DTYPES = {"|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"}
DTYPES |= {"<f2", "<f4", "<f8", "<c8", "<c16"}
PLAIN = {type(None), bool, int, float, str}

Refer = Callable[[Any], list[Any]]
Resolve = Callable[[list[Any]], Any]
Layout = tuple["np.dtype[Any]", bool, tuple[int, ...]]


class Malformed(ValueError):
    """An invalid frame, value or array."""


# ---------------------------------------------------------------------------------------- arrays


@lru_cache(256)
def header_of(dtype: str, fortran: bool, shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    padded = text + b" " * (-(len(MAGIC) + 3 + len(text)) % 64) + b"\n"
    return MAGIC + struct.pack("<H", len(padded)) + padded


def npy(array: np.ndarray) -> bytes:
    """The bytes of an .npy file; Fortran order is kept."""
    if array.nbytes > MAX_ARRAYS:
        size = array.nbytes // 1_000_000
        raise Malformed(f"an array of {size:,} MB, but the limit is {MAX_ARRAYS // 1_000_000} MB")
    by_columns = array.flags.f_contiguous and not array.flags.c_contiguous
    head = header_of(array.dtype.str, by_columns, array.shape)
    return head + array.tobytes("F" if by_columns else "C")


@lru_cache(256)
def layout_of(header: bytes) -> Layout:
    found = HEADER.fullmatch(header)
    if found is None or found[1].decode() not in DTYPES:
        raise Malformed("an array without a valid npy header for numbers")
    shape = tuple(int(size) for size in found[3].replace(b",", b" ").split())
    return np.dtype(found[1].decode()), found[2] == b"True", shape


def array_from(blob: bytes) -> np.ndarray:
    """Read an array of numbers; it owns its memory."""
    end = 10 + int.from_bytes(blob[8:10], "little")
    if blob[:8] != MAGIC:
        raise Malformed("an array that is not npy")
    dtype, by_columns, shape = layout_of(blob[10:end])
    size = 1
    for length in shape:  # Python's integers, which do not overflow
        size *= length
    if len(shape) > 32 or size * dtype.itemsize != len(blob) - end:
        raise Malformed("an array whose size does not match its header")
    if size == 0:
        return empty(shape, dtype)
    flat = np.frombuffer(blob, dtype, offset=end)
    if dtype.kind == "b":  # the bytes may be anything
        flat = flat.view(np.uint8) != 0
    return np.array(flat.reshape(shape, order="F" if by_columns else "C"), order="K")


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    try:
        return np.zeros(shape, dtype)
    except (ValueError, OverflowError) as error:  # the other dimensions are too large
        raise Malformed("an empty array of an impossible shape") from error


def can_travel(value: Any) -> bool:
    return bool(value.dtype.str in DTYPES)


# ---------------------------------------------------------------------------------------- values


def pack(value: Any, blobs: list[bytes], refer: Refer, depth: int = 0) -> Any:
    """Convert a value to JSON; arrays are added to `blobs`."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if depth > MAX_DEPTH:
        raise Malformed(f"a value nested more than {MAX_DEPTH} deep")
    if kind is list:
        return ["l", [pack(each, blobs, refer, depth + 1) for each in value]]
    if isinstance(value, tuple):
        return ["t", [pack(each, blobs, refer, depth + 1) for each in value]]
    if kind is dict or kind is OrderedDict:
        pairs = value.items()
        return ["d", [[pack(x, blobs, refer, depth + 1) for x in pair] for pair in pairs]]
    return pack_of_numpy(value, blobs, refer)


def pack_of_numpy(value: Any, blobs: list[bytes], refer: Refer) -> list[Any]:
    if isinstance(value, (np.ndarray, np.generic)) and can_travel(value):
        blobs.append(npy(np.asarray(value)))
        return ["a" if isinstance(value, np.ndarray) else "n", len(blobs) - 1]
    if isinstance(value, np.dtype) and value.str in DTYPES:
        return ["y", value.str]
    if isinstance(value, slice):
        return ["s", [pack(x, blobs, refer) for x in (value.start, value.stop, value.step)]]
    return ["e"] if value is Ellipsis else refer(value)


def unpack(node: Any, arrays: list[np.ndarray], resolve: Resolve) -> Any:
    """Convert JSON from `pack` back to the value."""
    if type(node) is not list:
        if type(node) in PLAIN:
            return node
        raise Malformed("a value without a kind")
    if node[:1] == ["e"]:
        return Ellipsis
    try:
        kind, inside = node[0], node[1]
        if kind in ("l", "t", "s"):
            values = [unpack(each, arrays, resolve) for each in inside]
            return values if kind == "l" else tuple(values) if kind == "t" else slice(*values)
        if kind == "d":
            pairs = [[unpack(x, arrays, resolve) for x in pair] for pair in inside]
            return {key: value for key, value in pairs}  # noqa: C416 (a pair of three is refused)
        if kind in ("a", "n"):
            return arrays[inside] if kind == "a" else arrays[inside][()]
        if kind == "y" and inside in DTYPES:
            return np.dtype(inside)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise Malformed("a value that does not match its kind") from error
    return resolve(node)


# ---------------------------------------------------------------------------------------- frames


def frame(head: list[Any], blobs: list[bytes]) -> bytes:
    """Build a message. The lengths of the arrays are the last entry of its head."""
    text = ENCODE([*head, [len(blob) for blob in blobs]]).encode()
    size = sum(map(len, blobs))
    if len(text) > MAX_HEAD or size > MAX_ARRAYS:
        raise Malformed(f"an answer of {(len(text) + size) // 1_000_000:,} MB")
    return b"".join([LENGTHS.pack(len(text), size), text, *blobs])


def read_frame(read: Callable[[int], bytes]) -> tuple[list[Any], list[np.ndarray]]:
    """Read a message: its head without the lengths, and its arrays. `read(n)` returns n bytes."""
    head_size, size = LENGTHS.unpack(read(LENGTHS.size))
    if head_size > MAX_HEAD or size > MAX_ARRAYS:
        raise Malformed(f"a message of {(head_size + size) // 1_000_000:,} MB")
    text, body = read(head_size), read(size) if size else b""
    try:
        *head, lengths = DECODE(text.decode())
        if any(type(length) is not int or length < 10 for length in lengths):
            raise Malformed("lengths that are none")
        if type(lengths) is not list or sum(lengths) != size:
            raise Malformed("arrays of the wrong length")
    except (TypeError, ValueError, RecursionError) as error:
        raise Malformed("an invalid message") from error
    arrays, start = [], 0
    for length in lengths:
        arrays.append(array_from(body[start : start + length]))
        start += length
    return head, arrays
