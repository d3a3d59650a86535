"""What grading costs: one submission, and from that a class of any size.

    python -m bench.grading [--copies 10,1000] [--jobs 2] [--modules 00,01] [--milestones xor]
    python -m bench.grading --workers 1,4 [--copies 16]

Grades copies of the solved course with `tito class grade` in a temporary class, and prints the
processor time of a submission, how busy the cores were, the grader's memory, and the workers that
10,000 submissions need. With several sizes, the cost at each is compared with the first; with
`--workers`, Dask clusters of these sizes grade the same class, and their results must be the same.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tito.core.workspace.workspace import course

PLANNED = 10_000
MODULES, MILESTONES = "00,01,02,03,04", "perceptron,xor,mlp_digits"
CORES = os.cpu_count() or 1
SAMPLE_SECONDS = 0.5  # between two looks at the grader's memory


@dataclass(frozen=True)
class Graded:
    """A class that was graded once."""

    copies: int
    how: tuple[str, ...]
    clock: float  # seconds
    busy: float  # processor seconds of the grader and all that it has started
    machine: float  # the share of all cores that were busy, with whatever; NaN if unknown
    memory: list[float]  # megabytes of the grader itself, in time
    results: list[dict[str, Any]]

    @property
    def each(self) -> float:
        return self.busy / self.copies

    def lines(self) -> list[str]:
        """The figures in words."""
        seconds = [float(result["seconds"]) for result in self.results]
        tenth = self.memory[len(self.memory) // 10 :]
        memory = f"{tenth[0]:.0f} MB after a tenth, {max(tenth):.0f} MB at most" if tenth else "?"
        middle, busy = statistics.median(seconds), self.busy / self.clock / CORES
        return [
            f"{self.copies} submissions, {' '.join(self.how)}, {CORES} cores: {self.clock:.0f} s",
            f"  processor time for each: {self.each:.2f} s",
            f"  clock for each: {middle:.1f} s ({min(seconds):.1f} to {max(seconds):.1f})",
            f"  cores busy: {busy:.0%} with it, {self.machine:.0%} in all",
            f"  the grader's memory: {memory}",
        ]


def make_class(root: Path, copies: int, modules: list[str], milestones: list[str]) -> None:
    """A class of `copies` nameless students who all handed in the reference answers."""
    assignment = {"id": "a1", "modules": modules, "milestones": milestones}
    lines = [f"{key} = {json.dumps(value)}" for key, value in assignment.items()]
    (root / "class.toml").write_text("\n".join(["[[assignment]]", *lines]), encoding="utf-8")
    students = [f"s{number:05}" for number in range(copies)]
    (root / "roster.csv").write_text("\n".join(["id", *students]), encoding="utf-8")
    for student in students:
        for module in course().modules:
            target = root / "submissions/a1" / student / "modules" / module.name
            target.mkdir(parents=True)
            (target / module.lesson.name).write_bytes(module.lesson.read_bytes())


def grade(root: Path, copies: int, *how: str) -> Graded:
    """Grade everything, in this way (options of `tito class grade`)."""
    command = [sys.executable, "-m", "tito", "class", "grade", "a1", "--again", *how]
    before, ticks, started = os.times(), ticks_of_machine(), time.perf_counter()
    grader = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL)
    memory: list[float] = []
    threading.Thread(target=sample, args=(grader, memory), daemon=True).start()
    if grader.wait():
        raise SystemExit(f"tito class grade ended with exit code {grader.returncode}")
    clock, after = time.perf_counter() - started, os.times()
    busy = (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )
    return Graded(copies, how, clock, busy, busy_since(ticks), memory, results(root))


def sample(grader: subprocess.Popen[bytes], memory: list[float]) -> None:
    """Note the grader's memory until it ends; nothing where the system does not tell it."""
    while grader.poll() is None:
        try:
            pages = int(Path(f"/proc/{grader.pid}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, ValueError):
            return
        memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
        time.sleep(SAMPLE_SECONDS)


def ticks_of_machine() -> list[int]:
    """How long all cores together were idle, and in all; empty where that is not told."""
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    except OSError:
        return []
    ticks = [int(word) for word in line.split()[1:]]
    return [ticks[3] + ticks[4], sum(ticks)]


def busy_since(before: list[int]) -> float:
    now = ticks_of_machine()
    return 1 - (now[0] - before[0]) / (now[1] - before[1]) if now else float("nan")


def results(root: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_bytes()) for path in sorted((root / "results/a1").glob("*.json"))]
    wrong = [result["student"] for result in found if result["state"] != "graded"]
    if wrong:
        raise SystemExit(f"not graded: {', '.join(wrong)}")
    return found


def timeless(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Results without what is different each time."""
    text = json.dumps(results)
    found: list[dict[str, Any]] = json.loads(text, object_hook=_without_times)
    return found


def _without_times(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in ("seconds", "graded_at")}


def plan(graded: Graded) -> list[str]:
    """What 10,000 submissions need. A worker is a core that does nothing else."""
    rate = graded.copies / graded.clock * 3600
    hours = PLANNED / rate
    lines = [f"{PLANNED:,} submissions: {hours:.1f} h on this machine"]
    for wanted in (1, 8, 24):
        lines.append(f"  in {wanted:>2} h: {PLANNED * graded.each / 3600 / wanted:.0f} workers")
    return lines


def sizes(text: str) -> list[int]:
    return [int(word) for word in text.split(",") if word]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--copies", type=sizes, default=[8], metavar="N,...")
    parser.add_argument("--jobs", type=int, default=CORES)
    parser.add_argument("--workers", type=sizes, default=[], metavar="N,...")
    parser.add_argument("--modules", default=MODULES)
    parser.add_argument("--milestones", default=MILESTONES)
    given = parser.parse_args()
    milestones = [name for name in given.milestones.split(",") if name]
    ways = [("--jobs", str(given.jobs)), *(("--workers", str(n)) for n in given.workers)]
    done: list[Graded] = []
    for copies in given.copies:
        with tempfile.TemporaryDirectory(prefix="tito-bench-") as folder:
            make_class(Path(folder), copies, given.modules.split(","), milestones)
            for how in ways:
                done.append(grade(Path(folder), copies, *how))
                print("\n".join(done[-1].lines()), flush=True)
                compare(done[-1], done)
    print("\n".join(plan(done[0])))


def compare(graded: Graded, done: list[Graded]) -> None:
    """Beside the first: what one submission costs; of the same class also the results."""
    first = next(one for one in done if one.copies == graded.copies)
    if timeless(graded.results) != timeless(first.results):
        raise SystemExit(f"{' '.join(graded.how)} has seen something else")
    if graded is not done[0]:
        print(f"  beside the first: {graded.each / done[0].each:.2f} times the processor time")
        speed = first.clock / graded.clock
        print(f"  beside the first of this size: {speed:.2f} times as fast, the same results")


if __name__ == "__main__":
    main()
