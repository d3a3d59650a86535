"""`python -m bench.isolation`: what isolation costs, and how far its limits are from being met.

Runs milestones with the reference framework at each level in turn, as a student's run, and prints
the medians of their processor seconds, the ratio to the level `process`, and the most that the
judged process used of what `isolation/limits.py` limits. Linux only: it looks into /proc.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from bench.seeds import prepare, reference

LEVELS = ("process", "sandbox")
SECONDS_BETWEEN_LOOKS = 0.01


class Watch(threading.Thread):
    """Looks at the judged process of a run again and again; keeps the most of each figure."""

    def __init__(self, framework: Path) -> None:
        super().__init__(daemon=True)
        self.framework, self.most = str(framework), dict[str, float]()
        self.over = threading.Event()

    def run(self) -> None:
        process = None
        while not self.over.wait(SECONDS_BETWEEN_LOOKS):
            process = process or judged(self.framework)
            if process is not None:
                with suppress(OSError, AttributeError):  # it has ended
                    for name, value in used(process).items():
                        self.most[name] = max(value, self.most.get(name, 0.0))


def judged(framework: str) -> Path | None:
    """The process in which this framework is judged, if it has begun."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if framework in words and any(word.endswith("judged.py") for word in words):
                return entry
    return None


def used(process: Path) -> dict[str, float]:
    """What a process uses at this moment."""
    status = (process / "status").read_text(encoding="utf-8")
    times = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return {
        "memory GB": kilobytes(status, "VmData") / 2**20,
        "address space GB": kilobytes(status, "VmPeak") / 2**20,
        "processor s": sum(map(int, times)) / os.sysconf("SC_CLK_TCK"),
        "open files": len(list((process / "fd").iterdir())),
        "threads": float(len(list((process / "task").iterdir()))),
    }


def kilobytes(status: str, name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return float(found[1]) if found else 0.0


def of_children() -> float:
    """The processor time of all processes that have ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(milestone: str, level: str, framework: Path, seed: int) -> tuple[float, Watch]:
    """The processor seconds of one run, and what its judged process used."""
    from milestone_tracker import MilestoneTracker

    watch = Watch(framework)
    watch.start()
    start = of_children()
    tracker = MilestoneTracker(env={**os.environ, "TITO_ISOLATION": level})
    verdict = tracker.run_milestone(milestone, seed=seed, workspace=framework)
    seconds = of_children() - start
    watch.over.set()
    watch.join()
    if verdict.outcome != "passed":
        sys.exit(f"{milestone}, {level}: {verdict.reason}\n{verdict.details}")
    return seconds, watch


def main() -> None:
    prepare("")
    from milestone_tracker import ordered_milestones

    parser = argparse.ArgumentParser(prog="python -m bench.isolation", description=__doc__)
    parser.add_argument("milestones", nargs="*", metavar="MILESTONE", default=["perceptron"])
    parser.add_argument("--rounds", type=int, default=5, help="runs at each level (default: 5)")
    chosen = parser.parse_args()
    unknown = set(chosen.milestones) - set(ordered_milestones())
    if unknown:
        parser.error(f"no milestone {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as scratch:
        framework = reference(Path(scratch)).resolve()
        for milestone in chosen.milestones:
            show(milestone, framework, chosen.rounds)


def show(milestone: str, framework: Path, rounds: int) -> None:
    """Measure the levels in turn, so that a machine that slows down slows both."""
    taken: dict[str, list[float]] = {level: [] for level in LEVELS}
    most: dict[str, float] = {}
    for seed in range(1, rounds + 1):
        for level in LEVELS:
            seconds, watch = measure(milestone, level, framework, seed)
            taken[level].append(seconds)
            most = {name: max(most.get(name, 0.0), value) for name, value in watch.most.items()}
    medians = {level: statistics.median(seconds) for level, seconds in taken.items()}
    for level, seconds in medians.items():
        print(f"{milestone:<12} {level:<8} {seconds:6.2f} s  {seconds / medians['process']:.2f} x")
    print("  most used:", ", ".join(f"{name} {value:.3g}" for name, value in most.items()))


if __name__ == "__main__":
    main()
