"""What grading costs: one submission, and from that a class of any size.

    python -m bench.grading [--copies 8] [--jobs 2] [--modules 00,01,02] [--milestones xor]

Grades copies of the solved course with `tito class grade` in a temporary class, and prints the
median time of a submission, how busy the cores were, and the workers that 10,000 submissions need.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tito.core.workspace.workspace import course

PLANNED = 10_000
MODULES, MILESTONES = "00,01,02,03,04", "perceptron,xor,mlp_digits"


def make_class(root: Path, copies: int, modules: list[str], milestones: list[str]) -> None:
    """A class of `copies` students who all handed in the reference answers."""
    assignment = {"id": "a1", "modules": modules, "milestones": milestones}
    lines = [f"{key} = {json.dumps(value)}" for key, value in assignment.items()]
    (root / "class.toml").write_text("\n".join(["[[assignment]]", *lines]), encoding="utf-8")
    students = [f"s{number:04}" for number in range(copies)]
    (root / "roster.csv").write_text("\n".join(["id", *students]), encoding="utf-8")
    for student in students:
        for module in course().modules:
            target = root / "submissions/a1" / student / "modules" / module.name
            target.mkdir(parents=True)
            (target / module.lesson.name).write_bytes(module.lesson.read_bytes())


def grade(root: Path, jobs: int) -> tuple[float, float]:
    """Seconds of the clock, and of all processes together."""
    before, started = os.times(), time.perf_counter()
    command = [sys.executable, "-m", "tito", "class", "grade", "a1", "--jobs", str(jobs)]
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    busy = (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )
    return time.perf_counter() - started, busy


def results(root: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_bytes()) for path in sorted((root / "results/a1").glob("*.json"))]
    wrong = [result["student"] for result in found if result["state"] != "graded"]
    if wrong:
        raise SystemExit(f"not graded: {', '.join(wrong)}")
    return found


def report(copies: int, jobs: int, clock: float, busy: float, seconds: list[float]) -> list[str]:
    """The figures in words. `busy` counts every process that the grader waited for."""
    each = statistics.median(seconds)
    rate = copies / clock * 3600
    cores = os.cpu_count() or 1
    lines = [
        f"{copies} submissions, {jobs} at a time on {cores} cores: {clock:.0f} s",
        f"one submission: {each:.1f} s (median; {min(seconds):.1f} to {max(seconds):.1f})",
        f"processor time for each: {busy / copies:.1f} s; cores busy: {busy / clock / cores:.0%}",
        f"in an hour: {rate:.0f} submissions",
    ]
    for hours in (1, 8, 24):
        machines = PLANNED / rate / hours
        lines.append(
            f"{PLANNED:,} in {hours:>2} h: {machines:.1f} machines like this one, "
            f"or {machines * jobs:.0f} Dask workers"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--copies", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--modules", default=MODULES)
    parser.add_argument("--milestones", default=MILESTONES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tito-bench-") as folder:
        root = Path(folder)
        milestones = [name for name in given.milestones.split(",") if name]
        make_class(root, given.copies, given.modules.split(","), milestones)
        clock, busy = grade(root, given.jobs)
        seconds = [float(result["seconds"]) for result in results(root)]
    print("\n".join(report(given.copies, given.jobs, clock, busy, seconds)))


if __name__ == "__main__":
    main()
