"""Around the student's code in the child: a folder of its own, and an end in any case."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path


def work_in(staging: Path) -> None:
    """Work in a folder for a lesson's own files, temporary ones too: it goes away with the run."""
    folder = staging / "work"
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    tempfile.tempdir = str(folder)


def end_with_the_tool() -> None:
    """When the tool that reads the report has been killed, end, with all that was started here."""
    if sys.platform == "win32":
        return
    tool = os.getppid()

    def watch() -> None:
        while os.getppid() == tool:
            time.sleep(1)
        if os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
