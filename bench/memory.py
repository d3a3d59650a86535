"""`python -m bench.memory`: does the memory of a long training grow?

Trains the networks of the milestones lstm, resnet and gpt for 10,000 steps each, with small
batches, on the reference framework, and prints the resident memory after 1,000 steps and at the
end. Each runs in a process of its own. Exits with 1 if one has grown by more than a megabyte.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench import backends, networks
from bench.process import peak_megabytes

EARLY, LATE, ALLOWED = 1_000, 10_000, 1.0  # steps, steps, megabytes
Batches = Iterator[list[Any]]


def resident_megabytes() -> float:
    """Memory in use now; where the system does not tell, the peak so far."""
    statistics = Path("/proc/self/statm")
    if not statistics.exists():
        return peak_megabytes()
    pages = int(statistics.read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def lstm(lib: SimpleNamespace, rng: np.random.Generator) -> tuple[Any, np.ndarray, np.ndarray]:
    """The network, inputs and targets; so do the others."""
    inputs = rng.standard_normal((64, 20, 8)).astype(np.float32)
    return networks.reader(lib.nn), inputs, rng.integers(0, 4, 64)


def resnet(lib: SimpleNamespace, rng: np.random.Generator) -> tuple[Any, np.ndarray, np.ndarray]:
    images = rng.random((64, 1, 8, 8), np.float32)
    return networks.residual(lib.nn), images, rng.integers(0, 10, 64)


def gpt(lib: SimpleNamespace, rng: np.random.Generator) -> tuple[Any, np.ndarray, np.ndarray]:
    texts = rng.integers(0, 12, (64, 8))
    return networks.gpt(lib, networks.SMALL), texts, np.roll(texts, -1, axis=1)


NETWORKS: dict[str, Callable[..., Any]] = {make.__name__: make for make in (lstm, resnet, gpt)}


def batches(lib: SimpleNamespace, inputs: np.ndarray, targets: np.ndarray) -> Batches:
    """Without end: passes of the framework's own loader, four examples at a time."""
    data = lib.tt.utils.data
    dataset = data.TensorDataset(lib.tt.tensor(inputs), lib.tt.tensor(targets))
    return chain.from_iterable(repeat(data.DataLoader(dataset, batch_size=4, shuffle=True)))


def train(lib: SimpleNamespace, name: str) -> Iterator[int]:
    """Train, and yield the number of each step."""
    model, inputs, targets = NETWORKS[name](lib, np.random.default_rng(0))
    optimizer = lib.optim.Adam(model.parameters(), lr=1e-3)
    schedule = lib.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=LATE)
    criterion = lib.nn.CrossEntropyLoss()
    for step, (x, y) in enumerate(batches(lib, inputs, targets), 1):
        optimizer.zero_grad()
        scores = model(x)
        loss = criterion(scores.reshape(-1, scores.shape[-1]), y.reshape(-1))
        loss.backward()
        lib.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield step


def measured(lib: SimpleNamespace, name: str) -> tuple[float, float]:
    """The megabytes after EARLY and after LATE steps."""
    found = []
    for step in train(lib, name):
        if step in (EARLY, LATE):
            gc.collect()
            found.append(resident_megabytes())
        if step == LATE:
            break
    return found[0], found[1]


def in_a_process(name: str) -> tuple[float, float]:
    """Measure one network in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bench.memory", "--here", name],
        cwd=backends.reference(), env=backends.one_thread(os.environ.items()), text=True,
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    early, late = map(float, done.stdout.split())
    return early, late


def main() -> int:
    """Measure the networks asked for, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(NETWORKS))
    parser.add_argument("--here", choices=NETWORKS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        print(*measured(backends.load(backends.TINYTORCH), chosen.here))
        return 0
    backends.reference()
    grown = 0
    for name in chosen.networks or NETWORKS:
        early, late = in_a_process(name)
        print(f"{name:8} {early:7.1f} MB after {EARLY:,} steps, {late:7.1f} MB after {LATE:,}")
        grown += late - early > ALLOWED
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
