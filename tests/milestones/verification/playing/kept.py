"""A kept run: `run.json`, and the weights in the safetensors format beside it.

The format: 8 bytes with the length of a JSON header (little endian), the header with dtype, shape
and place of each array, and the arrays' bytes (github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from verification.files import read_regular

LARGEST = 5_000_000  # bytes of either file
DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "U8": "u1",
    "BOOL": "?",
}
Weights = dict[str, np.ndarray]


class Kept(NamedTuple):
    """What was trained, with which seed and options, and what it has learned."""

    milestone: str
    seed: int
    experiment: dict[str, Any]
    weights: Weights


def read_kept(folder: Path) -> Kept:
    """The run in this folder.

    Raises:
        ValueError: it is not a whole one.
        OSError: it cannot be read.
    """
    told = json.loads(read_regular(folder / "run.json", LARGEST).decode())
    if not isinstance(told, dict) or not isinstance(told.get("seed"), int):
        raise ValueError("run.json does not tell what was trained")
    weights = read_weights(read_regular(folder / "weights.safetensors", LARGEST))
    return Kept(str(told.get("milestone")), told["seed"], told.get("experiment") or {}, weights)


def read_weights(raw: bytes) -> Weights:
    """The arrays by name; ValueError if the bytes are damaged."""
    size = int.from_bytes(raw[:8], "little")
    header, body = json.loads(raw[8 : 8 + size]), raw[8 + size :]
    return {
        name: one_array(entry, body) for name, entry in header.items() if name != "__metadata__"
    }


def one_array(entry: Any, body: bytes) -> np.ndarray:
    try:
        start, end = entry["data_offsets"]
        dtype = np.dtype(DTYPES[entry["dtype"]])
        found: np.ndarray = np.frombuffer(body[start:end], dtype).reshape(entry["shape"]).copy()
    except (KeyError, TypeError) as error:
        raise ValueError(f"weights.safetensors is damaged: {error}") from error
    return found
