"""`python -m bench`: the reference framework beside PyTorch eager, in turn, on one thread.

Prints medians and ratios (TinyTorch / PyTorch, lower is better) of training loops, of one small
operation, of whole processes, and of their peak memory, and for comparison some loops written by
hand in NumPy, which shows how much faster they could be. It only measures.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench import backends
from bench.by_hand import BY_HAND
from bench.loader import loader_pass
from bench.loops import Pair, beside_by_hand, training_loop
from bench.process import whole_process
from bench.small import OPERATIONS, small_operation
from bench.workloads import WORKLOADS
from tito.core.process import ONE_THREAD


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(WORKLOADS))
    parser.add_argument(
        "--rounds", type=int, default=7, help="measured rounds of each (default: 7)"
    )
    parser.add_argument("--loops-only", action="store_true", help="skip the whole processes")
    chosen = parser.parse_args()
    unknown = set(chosen.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    return chosen


def restart_on_one_thread() -> None:
    """Run again with the thread count set: BLAS reads it only when NumPy loads."""
    if all(os.environ.get(name) == "1" for name in ONE_THREAD):
        return
    environment = backends.one_thread(os.environ.items())
    sys.exit(subprocess.call([sys.executable, "-m", "bench", *sys.argv[1:]], env=environment))


def show(
    console: Console,
    title: str,
    unit: str,
    scale: float,
    pairs: list[Pair],
    other: str = "PyTorch",
) -> None:
    """Print one table of medians and ratios."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    for column in (f"TinyTorch ({unit})", f"{other} ({unit})", "ratio"):
        table.add_column(column, justify="right")
    for pair in pairs:
        ours, theirs = statistics.median(pair.ours), statistics.median(pair.theirs)
        table.add_row(
            pair.name, f"{ours * scale:.1f}", f"{theirs * scale:.1f}", f"{pair.ratio:.2f}"
        )
    console.print(table)


def main() -> None:
    """Measure everything asked for and print it."""
    chosen = arguments()
    restart_on_one_thread()
    backends.reference()
    console, names = Console(), chosen.workloads or list(WORKLOADS)
    times: list[Pair] = []
    memory: list[Pair] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        steps = len(names) * (1 if chosen.loops_only else 2) + len(OPERATIONS) + 1
        bar = progress.add_task("measuring", total=steps)
        if not chosen.loops_only:
            for name in names:
                progress.update(bar, description=f"whole process: {name}")
                wall, peak = whole_process(name, max(3, chosen.rounds // 2))
                times.append(wall)
                memory.append(peak)
                progress.advance(bar)
        ours, theirs = backends.load(backends.TINYTORCH), backends.load(backends.PYTORCH)
        loops, hand, small = [], [], []
        for name in names:
            progress.update(bar, description=f"training loop: {name}")
            loops.append(training_loop(name, ours, theirs, chosen.rounds))
            if name in BY_HAND:
                hand.append(beside_by_hand(name, ours, chosen.rounds))
            progress.advance(bar)
        for name in OPERATIONS:
            progress.update(bar, description=f"small operation: {name}")
            small.append(small_operation(name, ours, theirs, chosen.rounds))
            progress.advance(bar)
        progress.update(bar, description="DataLoader")
        reading = loader_pass(ours, theirs, chosen.rounds)
        progress.advance(bar)
    console.print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, "
        f"PyTorch {theirs.tt.__version__}, {platform.machine()}, one thread, "
        f"medians of {chosen.rounds} rounds in turn; ratio = TinyTorch / PyTorch"
    )
    show(console, "Training loop", "ms", 1e3, loops)
    if hand:
        show(console, "The same written by hand", "ms", 1e3, hand, other="NumPy")
    show(console, "One small operation on 4x4, forward and backward", "us", 1e6, small)
    show(console, "60,000 images in shuffled batches of 64", "ms", 1e3, [reading])
    if times:
        show(console, "Whole process", "ms", 1e3, times)
        show(console, "Peak memory of the process", "MB", 1.0, memory)


if __name__ == "__main__":
    main()
