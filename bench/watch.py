"""`python -m bench.watch`: the seconds from a save to its verdict in `tito watch`.

Drives a real watch in a pseudo-terminal, in a solved workspace: a line of an answer is edited, the
file is saved, and the clock runs until the new screen stands. Prints the median of each module
beside a bare `python -c "import numpy"` of the same minutes. Linux and macOS; it only measures.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TITO = [sys.executable, "-m", "tito"]
ANSWER = "### BEGIN SOLUTION\n"
TESTING, DONE = "testing ...", "q quit"
PATIENCE = 120.0  # seconds
PAUSE = 1.2  # between a verdict and the next save; nobody types faster


class Terminal:
    """A watch in a terminal of 80 by 24."""

    def __init__(self, module: str, workspace: Path, env: dict[str, str]) -> None:
        self.child, self.descriptor = pty.fork()
        if self.child == 0:
            os.chdir(workspace)
            os.execve(sys.executable, [*TITO, "watch", module], env)
        size = struct.pack("HHHH", 24, 80, 0, 0)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, size)
        self.seen = ""

    def until(self, text: str) -> str:
        """Read on until `text` is on the screen; what is printed behind it is kept."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            if time.monotonic() > end:
                sys.exit(f"{text!r} did not come:\n{self.seen}")
            if select.select([self.descriptor], [], [], 0.02)[0]:
                self.seen += os.read(self.descriptor, 65_536).decode(errors="replace")
        before, _, self.seen = self.seen.partition(text)
        return before

    def close(self) -> None:
        os.kill(self.child, signal.SIGTERM)
        os.waitpid(self.child, 0)
        os.close(self.descriptor)


def seconds_of(module: Path, workspace: Path, env: dict[str, str], saves: int) -> list[float]:
    """The seconds from each save of the lesson to its verdict."""
    lesson = module / f"{module.name.partition('_')[2]}.py"
    solved = lesson.read_text(encoding="utf-8")
    terminal = Terminal(module.name[:2], workspace, env)
    terminal.until("tasks done")
    terminal.until(DONE)
    taken = []
    for number in range(saves):
        time.sleep(PAUSE)
        edited = solved.replace(ANSWER, f"{ANSWER}    # edit {number}\n", 1)
        started = time.perf_counter()
        lesson.write_text(edited, encoding="utf-8")
        terminal.until(TESTING)
        terminal.until(DONE)
        screen = terminal.until(DONE)
        taken.append(time.perf_counter() - started)
        if "wrong" in screen:
            sys.exit(f"{module.name} is not judged as right:\n{screen}")
    terminal.close()
    lesson.write_text(solved, encoding="utf-8")
    return taken


def bare_numpy(runs: int) -> list[float]:
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import numpy"], check=True)
        taken.append(time.perf_counter() - started)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.watch", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="NN", help="default: every module")
    parser.add_argument("--saves", type=int, default=5, help="of each lesson (default: 5)")
    chosen = parser.parse_args()
    medians: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        home = str(Path(scratch) / "home")
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TINYTORCH_HOME": home, "TERM": "xterm"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # what pip installs is compiled
        workspace = Path(scratch) / "work"
        made = [*TITO, "init", str(workspace), "--solved"]  # every module is exported there
        subprocess.run(made, env=env, check=True, stdout=subprocess.DEVNULL)
        for module in sorted((workspace / "modules").glob("[0-9]*")):
            if chosen.modules and module.name[:2] not in chosen.modules:
                continue
            bare += bare_numpy(2)
            taken = seconds_of(module, workspace, env, chosen.saves)
            medians.append(statistics.median(taken))
            print(f"{module.name:<18} {medians[-1]:6.2f} s  (slowest {max(taken):.2f})", flush=True)
    numpy = statistics.median(bare)
    typical = statistics.median(medians)
    print(f"{'typical (median)':<18} {typical:6.2f} s  {typical / numpy:.1f} x a bare import")
    print(f"{'import numpy':<18} {numpy:6.2f} s")


if __name__ == "__main__":
    main()
