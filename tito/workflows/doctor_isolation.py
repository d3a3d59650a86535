"""What `tito doctor` says about isolation: how far this machine keeps a milestone's code apart."""

from __future__ import annotations

import json
import subprocess
import sys

from tito.core.errors import MachineError
from tito.core.python import python_command
from tito.core.words import quoted
from tito.core.workspace.course import ISOLATION, course_root
from tito.workflows.doctor_machine import Finding, Level

SECONDS = 20.0
UNKNOWN = "how far milestones can be isolated is not known: the probe did not run"
MORE = {
    "linux": "For a sandbox: Linux 5.13 or newer with Landlock and seccomp.",
    "win32": "For a sandbox: run tito in WSL 2.",
}
HOLDS = {"sandbox": "no network, no other processes, no files but Python's and its own"}
ELSEWHERE = "For more isolation: run tito in a container, for example Docker."


def check_isolation() -> Finding:
    """Try it in a process of its own, because a sandbox cannot be left again."""
    try:
        probe = course_root() / ISOLATION / "level.py"
    except MachineError as error:  # the installation lacks the course
        return Finding(Level.NOTE, UNKNOWN, error.hint)
    try:
        command = [sys.executable, "-I", str(probe)]
        run = subprocess.run(command, capture_output=True, check=True, timeout=SECONDS)
        found = json.loads(run.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return Finding(Level.NOTE, UNKNOWN, f"To see why: {python_command()} -I {quoted(probe)}")
    means = ", ".join(found["means"])
    text = f"milestones run your code isolated: {found['level']}{means and f' ({means})'}"
    if found["level"] != "process":
        held = HOLDS.get(found["level"])
        return Finding(Level.GOOD, f"{text}: {held}" if held else text)
    return Finding(Level.NOTE, text, MORE.get(sys.platform, ELSEWHERE))
