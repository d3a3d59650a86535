"""Writes tests/milestones/data/digits.npz from the copy of the digits that scikit-learn ships.

Needs scikit-learn, which nothing else here does. Run it again and the same bytes come out: the
archive's time stamps are fixed. The hash it prints belongs into verification/data.py.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits  # type: ignore[import-not-found,import-untyped,unused-ignore]

TARGET = Path(__file__).parents[1] / "tests" / "milestones" / "data" / "digits.npz"
FIXED_TIME = (1998, 7, 1, 0, 0, 0)  # the month the set was given to UCI


def write_archive(target: Path, arrays: dict[str, np.ndarray]) -> None:
    """`np.savez_compressed`, but with fixed time stamps, so that the hash can be checked."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, buffer.getvalue())


def main() -> None:
    digits = load_digits()
    images, labels = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    assert images.shape == (1797, 8, 8)
    assert images.max() == 16
    assert (images == digits.images).all(), "a pixel was not a whole number"
    write_archive(TARGET, {"images": images, "labels": labels})
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")
    print(f"sha256 {hashlib.sha256(TARGET.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
