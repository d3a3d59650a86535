"""Progress under stress, with real processes: `python stress.py together` and `... kill`.

together: 8 processes record 200 modules each, in one file, at once. kill: 300 writers are ended by
kill -9 at a random moment. Both print what they counted, as JSON, and exit 1 when anything that
was acknowledged is missing. Not a test by itself: test_stress.py runs it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "milestones"))

import milestone_tracker as mt


def write_modules(file: Path, prefix: str, count: int) -> None:
    tracker = mt.MilestoneTracker(file)
    for number in range(count):
        tracker.mark_module_complete(f"{prefix}_{number}")


def together(file: Path, processes: int, modules: int) -> dict[str, Any]:
    """Each process records its own names; the file must hold the names of all."""
    command = [sys.executable, __file__, "write", "--file", str(file), "--modules", str(modules)]
    started = time.perf_counter()
    running = [
        subprocess.Popen([*command, "--prefix", f"{number:02d}_together"])
        for number in range(processes)
    ]
    codes = [process.wait() for process in running]
    found = json.loads(file.read_bytes())["completed_modules"]
    wanted = {f"{p:02d}_together_{m}" for p in range(processes) for m in range(modules)}
    return {
        "updates": len(wanted),
        "lost": len(wanted - set(found)),
        "repeated": len(found) - len(set(found)),
        "failed_processes": sum(code != 0 for code in codes),
        "seconds": round(time.perf_counter() - started, 1),
    }


def kill(file: Path, times: int, seed: int) -> dict[str, Any]:
    """After each kill, both files are valid JSON and have everything that was acknowledged."""
    rng = random.Random(seed)
    mt.MilestoneTracker(file).mark_module_complete("00_setup")
    import filelock  # noqa: F401  # imported before the fork, so that the kills hit writes

    acknowledged = {"00_setup"}
    longest = 0.02  # seconds a writer lives at most; follows the machine, so that most kills hit
    count = {"kills": 0, "unreadable": 0, "lost": 0, "mid_write": 0}
    started = time.perf_counter()
    for number in range(times):
        names = _kill_a_writer(file, number, rng.uniform(0, longest))
        longest *= 0.95 if len(names) > 1 else 1.05
        acknowledged |= names
        count["kills"] += 1
        count["mid_write"] += any(file.parent.glob("*.tmp"))
        try:
            found = set(json.loads(file.read_bytes())["completed_modules"])
            json.loads(file.with_name(file.name + ".bak").read_bytes())
        except ValueError:
            count["unreadable"] += 1
            continue
        count["lost"] += len(acknowledged - found)
    mt.MilestoneTracker(file).mark_module_complete("99_last")
    leftovers = [path.name for path in file.parent.glob("*.tmp")]
    return {
        **count,
        "acknowledged": len(acknowledged),
        "leftovers": leftovers,
        "seconds": round(time.perf_counter() - started, 1),
    }


def _kill_a_writer(file: Path, number: int, delay: float) -> set[str]:
    """Fork a process that records modules without end; the names it had recorded when it died."""
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        tracker = mt.MilestoneTracker(file)
        for step in range(1_000_000):
            name = f"{number % 100:02d}_kill_{number}_{step}"
            tracker.mark_module_complete(name)
            os.write(sender, f"{name}\n".encode())
    os.close(sender)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(receiver, "rb") as pipe:
        return set(pipe.read().decode().split())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("together", "kill", "write"))
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--modules", type=int, default=200)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    parser.add_argument("--prefix", default="00_write")
    chosen = parser.parse_args()
    if chosen.action == "write":
        write_modules(chosen.file, chosen.prefix, chosen.modules)
        return 0
    if chosen.action == "together":
        counted = together(chosen.file, chosen.processes, chosen.modules)
    else:
        counted = kill(chosen.file, chosen.times, chosen.seed) | {"seed": chosen.seed}
    print(json.dumps(counted))
    wrong = ("lost", "repeated", "failed_processes", "unreadable", "leftovers")
    return int(any(counted.get(name) for name in wrong))


if __name__ == "__main__":
    sys.exit(main())
