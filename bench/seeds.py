"""`python -m bench.seeds`: every milestone on many fresh seeds, with the reference framework.

It answers: does a correct framework ever fail a milestone, and how far are its metrics from the
required values? It prints the range of each metric, and exits with 1 if a seed fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.backends import ROOT, reference
from tito.core.process import ONE_THREAD

TESTS = ROOT / "tests" / "milestones"


class Result(NamedTuple):
    """One milestone with one seed. `said` is empty if it passed."""

    milestone: str
    seed: int
    said: str
    metrics: dict[str, float]
    seconds: float


def attempt(task: tuple[str, int, Path]) -> Result:
    """Run one milestone's test on the framework in this folder; `prepare` has set the paths."""
    import test_learning_verification as tests

    from milestone_tracker import MILESTONES
    from verification.run import Run

    milestone, seed, framework = task
    definition, found = MILESTONES[milestone], {}
    run = Run(milestone, definition["requires"], seed, found.__setitem__, workspace=framework)
    run.chosen = definition["chosen"]
    start = time.monotonic()
    try:
        getattr(tests, definition["test"])(run)
        said = ""
    except Exception as error:  # any error counts as a failure of this seed
        said = str(error).partition("\n")[0] or type(error).__name__
    finally:
        run.end()
    found.pop("isolation", None)  # reported too, but it is no number
    metrics = {name: float(value) for name, value in found.items()}
    return Result(milestone, seed, said, metrics, time.monotonic() - start)


def prepare(framework: str) -> None:
    """Put the framework and the tests on the path of each worker."""
    sys.path[:0] = [framework, str(TESTS)]


def sweep(framework: Path, tasks: list[tuple[str, int]], jobs: int) -> Iterator[Result]:
    """All tasks in one pool, each result as it is ready."""
    os.environ.update(ONE_THREAD)  # before a worker imports NumPy
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        jobs, mp_context=context, initializer=prepare, initargs=(str(framework),)
    ) as pool:
        yield from pool.map(attempt, [(*task, framework) for task in tasks])


def show(console: Console, milestone: str, results: list[Result]) -> None:
    """Print how many seeds of one milestone failed, and the range of its metrics."""
    failed = [result for result in results if result.said]
    seconds = statistics.median(result.seconds for result in results)
    title = f"{milestone}: {len(failed)} of {len(results)} seeds failed, {seconds:.2f} s each"
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in ("metric", "smallest", "5%", "median", "95%", "largest"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for name in results[0].metrics if results else ():
        values = sorted(result.metrics[name] for result in results if name in result.metrics)
        last = len(values) - 1
        row = [values[round(last * part)] for part in (0, 0.05, 0.5, 0.95, 1)]
        table.add_row(name, *(f"{value:.4g}" for value in row))
    console.print(table)
    for result in failed:
        console.print(f"  seed {result.seed}: {result.said}", markup=False)


def arguments(milestones: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.seeds", description=__doc__)
    parser.add_argument("milestones", nargs="*", metavar="MILESTONE", help=", ".join(milestones))
    parser.add_argument("--seeds", type=int, default=100, help="seeds for each (default: 100)")
    parser.add_argument("--first", type=int, help="the first seed, to repeat a sweep")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--framework", type=Path, help="a folder with tinytorch/ (the reference)")
    chosen = parser.parse_args()
    unknown = set(chosen.milestones) - set(milestones)
    if unknown:
        parser.error(f"no milestone {', '.join(sorted(unknown))}")
    return chosen


def main() -> int:
    prepare("")
    from milestone_tracker import ordered_milestones

    chosen = arguments(ordered_milestones())
    first = int.from_bytes(os.urandom(4), "little") if chosen.first is None else chosen.first
    names = chosen.milestones or ordered_milestones()
    tasks = [(name, first + i) for name in names for i in range(chosen.seeds)]
    console = Console()
    console.print(f"seeds {first} to {first + chosen.seeds - 1}")
    framework = chosen.framework or reference()
    running = sweep(framework.resolve(), tasks, chosen.jobs)
    shown = track(running, total=len(tasks), console=Console(stderr=True), transient=True)
    results = list(shown)
    for name in names:
        show(console, name, [result for result in results if result.milestone == name])
    return 1 if any(result.said for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
