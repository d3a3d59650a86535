"""What is left of a run: the weights that were learned, and pictures of the network at work.

Both are for the student, not for the verdict. They go to the caller's files, beside the progress
events; if the caller wants none, nothing is written.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from verification.model_under_test import ModelUnderTest, Values

# The safetensors format's names of dtypes (github.com/huggingface/safetensors).
DTYPES = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "u1": "U8", "b1": "BOOL"}
LARGEST = 5_000_000  # bytes; the largest network of the milestones has a tenth of it


def keep_weights(subject: ModelUnderTest, prefix: str = "") -> None:
    """Keep a trained network's parameters and buffers, by name.

    `prefix` tells a second network of the same milestone from the first.
    """
    run = subject.run
    if run.stream is None or not run.is_seen:
        return
    buffers = {name: np.array(buffer.data) for name, buffer in subject.buffers().items()}
    values = subject.parameter_values() | buffers
    run.weights |= {prefix + name: value for name, value in values.items()}
    write_weights(weights_file(run.stream), run.weights)


def weights_file(stream: Path) -> Path:
    """The file of the weights, beside that of the progress events."""
    return stream.with_suffix(".safetensors")


def write_weights(path: Path, weights: Values) -> None:
    """Write arrays as a safetensors file; too large, or of another dtype, they are not written."""
    body = as_safetensors(weights)
    if len(body) > LARGEST:
        return
    half = path.with_suffix(".part")
    half.write_bytes(body)
    half.replace(path)


def as_safetensors(weights: Values) -> bytes:
    """The length of a JSON header (8 bytes, little endian), the header, and the arrays' bytes."""
    header, parts, place = {}, [], 0
    for name, value in weights.items():
        dtype = value.dtype.str[1:]
        if dtype in DTYPES:
            raw = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<")).tobytes()
            header[name] = {
                "dtype": DTYPES[dtype],
                "shape": list(value.shape),
                "data_offsets": [place, place + len(raw)],
            }
            parts.append(raw)
            place += len(raw)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + b"".join(parts)
