"""`python -m bench.parity_files`: weights between this framework and PyTorch, in both directions.

Random names, shapes and dtypes are written by one side and read by the other: safetensors's own
reader and writer for PyTorch are the measure. Exits with 1 if any number differs. Needs
`pip install safetensors`.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np

from bench import backends

CASES = 200
KINDS = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def drawn(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A few arrays; some without numbers, some without dimensions."""
    arrays = {}
    for number in range(rng.integers(0, 6)):
        shape = rng.integers(0, 5, rng.integers(0, 4))
        name = f"{number}.{''.join(rng.choice(list('ab.é水'), 3))}"
        arrays[name] = np.asarray(rng.standard_normal(shape) * 9).astype(rng.choice(KINDS))
    return arrays


def same(found: dict[str, Any], arrays: dict[str, np.ndarray]) -> bool:
    """Whether tensors of either side have these names, dtypes and numbers."""
    got = {name: np.asarray(tensor.numpy()) for name, tensor in found.items()}
    return got.keys() == arrays.keys() and all(
        got[name].dtype == array.dtype and np.array_equal(got[name], array)
        for name, array in arrays.items()
    )


def bfloat16(torch: Any, writer: Any, load: Any) -> bool:
    """Whether every one of the 65,536 numbers of bfloat16 is read as PyTorch reads it."""
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(torch.bfloat16)
    found = load(io.BytesIO(writer.save({"x": bits})))["x"].numpy()
    return bool(np.array_equal(found, bits.float().numpy(), equal_nan=True))


def main() -> None:
    """Write, read, compare, and print."""
    try:
        import safetensors.torch as theirs
    except ModuleNotFoundError:
        sys.exit("bench.parity_files compares with safetensors: pip install safetensors")
    backends.reference()
    ours, torch = backends.load(backends.TINYTORCH).tt, backends.load(backends.PYTORCH).tt
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(CASES):
        arrays, file = drawn(rng), io.BytesIO()
        ours.save({name: ours.Tensor(array) for name, array in arrays.items()}, file)
        wrong += not same(theirs.load(file.getvalue()), arrays)
        raw = theirs.save({name: torch.from_numpy(array) for name, array in arrays.items()})
        wrong += not same(ours.load(io.BytesIO(raw)), arrays)
    print(f"{CASES} files in each direction: {wrong} differ")
    exact = bfloat16(torch, theirs, ours.load)
    print(f"all numbers of bfloat16: {'the same' if exact else 'different'}")
    sys.exit(bool(wrong) or not exact)


if __name__ == "__main__":
    main()
