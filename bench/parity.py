"""`python -m bench.parity`: compare every layer, function and loss with PyTorch's.

And every optimizer and schedule, over twenty steps, and what distributions say. For each case of
the files `parity_*`, many times: draw shapes and arguments, give both frameworks the same weights
and inputs, compare outputs and the gradients of all inputs and parameters, in float64 and in
float32. Exits with 1 if a difference is larger than the bound.
"""

from __future__ import annotations

import argparse
import inspect
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import (
    backends,
    parity_cases,
    parity_distributions,
    parity_in_place,
    parity_names,
    parity_normalization,
    parity_training,
    parity_transformer,
)
from bench.parity_cases import Case

BOUNDS = {"float32": 1e-5, "float64": 1e-10}


@dataclass
class Worst:
    """The largest relative difference seen in a case, and in what."""

    error: float = 0.0
    what: str = "-"

    def see(self, what: str, ours: np.ndarray, theirs: np.ndarray, scale: float) -> None:
        """Take one pair of arrays into account; a wrong shape or dtype is an infinite error."""
        if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
            found = f"{what}: {ours.shape} {ours.dtype}, PyTorch {theirs.shape} {theirs.dtype}"
            self.error, self.what = np.inf, found
        elif theirs.size:
            error = relative_difference(ours, theirs, scale)
            if error > self.error:
                self.error, self.what = error, what


def relative_difference(ours: np.ndarray, theirs: np.ndarray, scale: float) -> float:
    """Largest difference over `scale`; equal infinities and NaNs count as equal."""
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    if same.all():
        return 0.0
    differ = ours[~same].astype(np.float64), theirs[~same].astype(np.float64)
    difference = np.abs(differ[0] - differ[1]).max()
    return float(difference / scale) if np.isfinite(difference) else np.inf


def scales(found: dict[str, np.ndarray]) -> dict[str, float]:
    """What a difference is relative to: an output's largest entry; for a gradient, the largest
    entry of all gradients of the case, because one that is zero in theory (softmax over a single
    key) is only rounding. At least 1, the size of the inputs: the tail of a GELU is a difference
    of numbers of that size, in both frameworks (torch.testing also allows an absolute 1e-5 in
    float32). In float64 the bound is tight enough to see any real mistake.
    """
    largest = {
        what: float(np.abs(values[np.isfinite(values)]).max(initial=1.0))
        for what, values in found.items()
    }
    gradients = max((x for what, x in largest.items() if what.startswith("grad")), default=1.0)
    return {what: gradients if what.startswith("grad") else x for what, x in largest.items()}


def array(value: Any) -> np.ndarray:
    """The array of either framework's tensor."""
    return np.asarray(value.detach().numpy())


def run(lib: SimpleNamespace, case: Case, dtype: str, weights: int) -> dict[str, np.ndarray]:
    """Run one case on one framework; return its outputs and gradients by name."""
    inputs = [lib.tt.tensor(cast(x, dtype)) for x in case.inputs]
    for x in inputs:
        if array(x).dtype.kind == "f":
            x.requires_grad_()
    module = case.build(lib) if case.build else None
    rng = np.random.default_rng(weights)
    parameters = dict(module.named_parameters()) if module is not None else {}
    for name in sorted(parameters):
        fill(lib, parameters[name], rng, dtype)
    outputs = case.call(lib, module, *inputs)
    outputs = [o for o in (outputs if isinstance(outputs, tuple) else (outputs,)) if o is not None]
    found = {f"output {i}": array(o) for i, o in enumerate(outputs)}
    for output in outputs:
        if output.requires_grad:
            values = array(output)
            output.backward(
                lib.tt.tensor(np.asarray(rng.standard_normal(values.shape), values.dtype)),
                retain_graph=True,
            )
    leaves = {f"input {i}": x for i, x in enumerate(inputs)} | parameters
    return found | {f"grad of {n}": array(t.grad) for n, t in leaves.items() if t.grad is not None}


def cast(values: np.ndarray, dtype: str) -> np.ndarray:
    """Floats in the compared precision; integers and masks unchanged."""
    return values.astype(dtype) if values.dtype.kind == "f" else values


def fill(lib: SimpleNamespace, parameter: Any, rng: np.random.Generator, dtype: str) -> None:
    """Give a parameter the same random weights on both sides, in the compared precision."""
    values = rng.standard_normal(tuple(parameter.shape)).astype(dtype)
    parameter.data = lib.tt.tensor(values) if lib.name == backends.PYTORCH else values


def compare(
    name: str,
    draw: Callable[[np.random.Generator], Case],
    libs: tuple[SimpleNamespace, SimpleNamespace],
    samples: int,
    seed: int,
) -> dict[str, Worst]:
    """Compare one case over `samples` draws in both precisions."""
    worst = {dtype: Worst() for dtype in BOUNDS}
    for sample in range(samples):
        # crc32, not hash(): the same draws in every process, so that a failure can be replayed
        rng = np.random.default_rng([seed, sample, zlib.crc32(name.encode())])
        case = draw(rng)
        for dtype, record in worst.items():
            theirs = run(libs[1], case, dtype, sample)
            try:
                ours = run(libs[0], case, dtype, sample)
            except Exception as error:  # becomes a row of the table; the comparison goes on
                record.error = np.inf
                record.what = f"{type(error).__name__}: {error} ({case.arguments})"
                continue
            if ours.keys() != theirs.keys():
                record.error = np.inf
                record.what = f"only one side has {sorted(ours.keys() ^ theirs.keys())}"
                continue
            relative_to = scales(theirs)
            for what, values in theirs.items():
                shown = f"{what} ({case.arguments})"
                record.see(shown, ours[what], values, relative_to[what])
    return worst


def main() -> int:
    """Compare all cases, print a table, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.parity", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CASE", help="only these (default: all)")
    parser.add_argument("--samples", type=int, default=30, help="draws of each case (default: 30)")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    backends.reference()
    libs = backends.load(backends.TINYTORCH), backends.load(backends.PYTORCH)
    files = (parity_cases, parity_normalization, parity_training, parity_transformer)
    members = [pair for file in files for pair in inspect.getmembers(file)]
    cases = {n: f for n, f in members if n.startswith("case_")}
    for table in (parity_names, parity_training, parity_distributions, parity_in_place):
        cases |= {f"case_{name}": draw for name, draw in table.CASES.items()}
    cases = {n: f for n, f in cases.items() if not chosen.names or n[5:] in chosen.names}
    table = Table("case", "float32", "float64", "worst in", title=f"{chosen.samples} draws each")
    failed = 0
    for name, draw in track(
        cases.items(), "comparing", console=Console(stderr=True), transient=True
    ):
        worst = compare(name, draw, libs, chosen.samples, chosen.seed)
        bad = [d for d, w in worst.items() if not w.error <= BOUNDS[d]]
        failed += bool(bad)
        table.add_row(
            name[5:],
            *(f"{w.error:.1e}" for w in worst.values()),
            worst[bad[0]].what if bad else "",
            style="red" if bad else "",
        )
    console = Console()
    console.print(table)
    console.print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
