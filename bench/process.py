"""Time whole processes, from start to exit, and their peak memory, both frameworks in turn.

`python -m bench.process FRAMEWORK WORKLOAD` is the child: it trains once and prints its own peak
memory, because what a parent reads about a child includes the parent's memory.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from bench.backends import PYTORCH, TINYTORCH, load, one_thread, reference
from bench.loops import Pair
from bench.workloads import WORKLOADS


def peak_megabytes() -> float:
    """Peak resident memory of this process; 0.0 where the system does not report it (Windows)."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
        if found:
            return int(found[1]) / 1024
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def run_child(framework: str, workload: str) -> tuple[float, float]:
    """Train once in a new process; return its seconds and its peak megabytes."""
    command = [sys.executable, "-W", "ignore", "-m", "bench.process", framework, workload]
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=reference(), env=one_thread(os.environ.items()), capture_output=True, text=True
    )
    took = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return took, float(done.stdout)


def whole_process(workload: str, rounds: int) -> tuple[Pair, Pair]:
    """Return (seconds, peak megabytes) of the workload's process on both sides."""
    run_child(TINYTORCH, workload)
    run_child(PYTORCH, workload)
    samples = [
        (run_child(TINYTORCH, workload), run_child(PYTORCH, workload)) for _ in range(rounds)
    ]
    return (
        Pair(workload, [a[0] for a, _ in samples], [b[0] for _, b in samples]),
        Pair(workload, [a[1] for a, _ in samples], [b[1] for _, b in samples]),
    )


if __name__ == "__main__":
    WORKLOADS[sys.argv[2]](load(sys.argv[1]))()
    print(peak_megabytes())
