"""`python -m bench.startup`: the CPU time of a command, compared with drawing one rich table.

Both run in turn, many times, in a temporary workspace; prints the ratio of the medians. It only
measures.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = (["--version"], ["module", "status"], ["milestone", "status"], ["module", "--help"])
# As large as the table of `tito module status`.
BARE = """
from rich.console import Console
from rich.table import Table
table = Table(title="0 of 8 modules complete", title_justify="left", title_style="bold")
for heading in ("", "Module", "Tasks", "State", "Since"):
    table.add_column(heading)
for row in range(8):
    table.add_row(f"{row:02}", "Embeddings and positions", "12", "not started", "2026-01-01 10:00")
Console().print(table)
"""


def cpu_seconds(command: list[str], cwd: Path) -> float:
    """User and system time of one run, including its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TINYTORCH_HOME": str(cwd / "home")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # what pip installs is compiled
    subprocess.run(command, cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description="Start-up beside one rich table.")
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    python, tito = sys.executable, [sys.executable, "-m", "tito"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*tito, "init", "work"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        work = Path(folder) / "work"
        taken: dict[str, list[float]] = {}
        for _ in range(runs + 1):
            taken.setdefault("one rich table", []).append(cpu_seconds([python, "-c", BARE], work))
            for arguments in COMMANDS:
                seconds = cpu_seconds([*tito, *arguments], work)
                taken.setdefault("tito " + " ".join(arguments), []).append(seconds)
    medians = {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}
    for name, seconds in medians.items():
        print(f"{name:<22} {1000 * seconds:6.0f} ms  {seconds / medians['one rich table']:.2f} x")


if __name__ == "__main__":
    main()
