"""Try every fault that has no result yet, on one or several processors, with a progress bar."""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.course.faults.fault import Fault
from tests.course.faults.records import Records
from tests.course.faults.workbench import Workbench
from tito.core.milestones.tracker import load
from tito.core.workspace.course import course_root
from tito.core.workspace.workspace import Workspace

STAGES = ("home", "milestone")
JUDGED = "judged"  # the module's tests through the judge: slower than at home, run if asked for
Work = tuple[str, Fault]


def run(faults: list[Fault], records: Records, stages: tuple[str, ...], jobs: int) -> None:
    """Try each fault at each stage; results go to `records` as soon as they are known."""
    faults = sorted(faults, key=lambda fault: fault.key)  # a run that is cut short is a sample
    work = [(s, f) for s in stages for f in faults if asked(f, s) and not records.get(f, s)]
    in_parallel(work, Workbench, lambda bench, item: _one(item, bench, records), jobs)


def in_parallel(
    work: Sequence[Any],
    make: Callable[[Path], Any],
    attempt: Callable[[Any, Any], None],
    jobs: int,
) -> None:
    """`attempt(bench, item)` for each item, on `jobs` workbenches; Ctrl-C ends it."""
    with (
        _workbenches(make, jobs) as lend,
        _bar(len(work)) as advance,
        ThreadPoolExecutor(jobs) as pool,
    ):

        def one(item: Any) -> None:
            with lend() as bench:
                attempt(bench, item)

        futures = [pool.submit(one, item) for item in work]
        try:
            for future in as_completed(futures):
                future.result()
                advance()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def one_for_each_task(faults: Sequence[Fault]) -> list[Fault]:
    """The first in the run's own order that is really wrong."""
    real = sorted((f for f in faults if not f.equivalent), key=lambda fault: fault.key)
    return list({(f.module, f.task): f for f in reversed(real)}.values())


def asked(fault: Fault, stage: str) -> bool:
    """Whether the stage has something to say: no milestone needs module 05."""
    return stage != "milestone" or first_milestone(fault.module) is not None


def _one(work: Work, bench: Workbench, records: Records) -> None:
    stage, fault = work
    with bench.trying(fault):
        milestone = first_milestone(fault.module) if stage == "milestone" else None
        if milestone:
            result = bench.milestone(fault.module, milestone)
        else:
            result = bench.home(fault.module, *(["--judged"] if stage == JUDGED else []))
    if result["outcome"] != "could_not_run":  # the next run tries it again
        records.add(fault, stage, result)


@cache
def first_milestone(module: str) -> str | None:
    """The first milestone that needs the module, if one does."""
    tracker = load(Workspace(course_root()))
    assert tracker is not None
    return next(
        (
            name
            for name in tracker.MILESTONE_ORDER
            if module in tracker.MILESTONES[name]["requires"]
        ),
        None,
    )


@contextmanager
def _workbenches(make: Callable[[Path], Any], count: int) -> Iterator[Callable[[], Any]]:
    """One workbench for each job, lent to one thread at a time."""
    with tempfile.TemporaryDirectory(prefix="tinytorch-faults-") as folder:
        free: queue.Queue[Any] = queue.Queue()
        for number in range(count):
            place = Path(folder) / str(number)
            place.mkdir()
            free.put(make(place))

        @contextmanager
        def lend() -> Iterator[Any]:
            bench = free.get()
            try:
                yield bench
            finally:
                free.put(bench)

        yield lend


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("wrong answers tried", total=total)
        yield lambda: progress.advance(task)
