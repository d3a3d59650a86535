"""Run a command that can write only below one folder, and signal nobody outside of it.

    python confined.py FOLDER COMMAND...

Cheats are made to reach what is not theirs: the progress in a home, processes above, the report of
a test run. So they run inside a Landlock domain (Linux) with a home of their own in FOLDER.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

COURSE = Path(__file__).resolve().parents[4]
LANDLOCK = COURSE / "tests" / "milestones" / "verification" / "isolation" / "landlock.py"
WRITABLE = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def landlock() -> Any:
    spec = importlib.util.spec_from_file_location("landlock", LANDLOCK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def confine(folder: Path) -> None:
    """Everything may be read, FOLDER and a few devices may be written; SystemExit if not so."""
    if not landlock().restrict([Path("/")], [], [], [folder, *map(Path, WRITABLE)]):
        raise SystemExit("Cheats run only where Landlock can confine them (Linux 5.13 or newer).")


if __name__ == "__main__":
    confine(Path(sys.argv[1]).resolve())
    os.execv(sys.argv[2], sys.argv[2:])
