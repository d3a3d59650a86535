"""Time one shuffled pass of a DataLoader over 60,000 images, on both frameworks in turn."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from bench.loops import Pair, in_turn, seconds

IMAGES, BATCH = 60_000, 64


def one_pass(lib: SimpleNamespace) -> Callable[[], float]:
    """Return a sampler: seconds of one pass over 28x28 images and labels, no transforms."""
    data = importlib.import_module(f"{lib.name}.utils.data")
    images = np.random.default_rng(0).random((IMAGES, 28, 28), np.float32)
    dataset = data.TensorDataset(lib.tt.tensor(images), lib.tt.tensor(np.arange(IMAGES)))
    loader = data.DataLoader(dataset, batch_size=BATCH, shuffle=True)

    def read_all() -> None:
        seen = sum(len(x) for x, _ in loader)
        assert seen == IMAGES, seen

    return lambda: seconds(read_all)


def loader_pass(ours: SimpleNamespace, theirs: SimpleNamespace, n: int) -> Pair:
    """Compare the passes; a first, uncounted one of each warms up."""
    mine, other = one_pass(ours), one_pass(theirs)
    mine()
    other()
    return in_turn("DataLoader", mine, other, n)
