"""Course code beside the framework: what `save` writes, what `load` reads, and resumed passes.

Like `there.py` it does not judge, runs in the judged process, and imports NumPy only.
"""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np


def saved(tt: Any, value: Any) -> np.ndarray:
    """The bytes that `save` writes into an open file."""
    file = io.BytesIO()
    tt.save(value, file)
    return np.frombuffer(file.getvalue(), np.uint8)


def loaded(tt: Any, raw: np.ndarray) -> Any:
    """What `load` reads from an open file with these bytes."""
    return tt.load(io.BytesIO(raw.tobytes()))


def saved_twice(tt: Any, first: Any, second: Any) -> tuple[bool, list[str]]:
    """Write two files of one name, and try to write one where a folder stands.

    Returns:
        (whether a link to the first file still shows all of it, the names in the folder in the
        end: `kept`, `link`, `taken`, and whatever was left behind).
    """
    with tempfile.TemporaryDirectory() as folder:
        path, link, taken = (Path(folder, name) for name in ("kept", "link", "taken"))
        tt.save(first, path)
        before = path.read_bytes()
        with suppress(OSError):  # a file system without links
            os.link(path, link)
        tt.save(second, path)
        whole = not link.exists() or link.read_bytes() == before
        taken.mkdir()
        with suppress(OSError):
            tt.save(first, taken)
        return whole, sorted(path.name for path in Path(folder).iterdir())


def told(tt: Any, batches: Any, stop: int | None = None) -> list[tuple[np.ndarray, float]]:
    """The positions in each batch, and a random number that is drawn while it is learned from."""
    found = []
    for (positions,) in batches:
        found.append((np.array(positions.data), float(tt.randn(1).data[0])))
        if len(found) == stop:
            break
    return found


def shuffled(tt: Any, count: int) -> Any:
    """A loader that can be resumed, of `count` batches of two positions."""
    dataset = tt.utils.data.TensorDataset(tt.tensor(np.arange(2 * count)))
    return tt.serialization.Resumable(tt.utils.data.DataLoader(dataset, 2, shuffle=True))


def passes(tt: Any, seed: int, count: int, stop: int) -> tuple[list[Any], list[Any]]:
    """Two passes in one go, and the same with a checkpoint after `stop` batches of the first."""
    tt.manual_seed(seed)
    one = shuffled(tt, count)
    whole = [*told(tt, one), *told(tt, one)]
    tt.manual_seed(seed)
    begun, again = shuffled(tt, count), shuffled(tt, count)
    parts = told(tt, begun, stop)
    raw = saved(tt, tt.serialization.capture({"batches": begun}))
    tt.manual_seed(seed + 1)
    tt.serialization.resume(loaded(tt, raw), {"batches": again})
    return whole, [*parts, *told(tt, again), *told(tt, again)]
