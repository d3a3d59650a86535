"""Around the student's code in the child: a folder of its own, usual settings, a certain end."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
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


def refuse_to_fork() -> None:
    """As in a sandbox: a copy of this process would go on with the tests, and copy itself."""

    def fork(*_: object) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    for name in ("fork", "forkpty"):
        if hasattr(os, name):
            setattr(os, name, fork)


@contextmanager
def settings_kept() -> Iterator[None]:
    """Undo `np.seterr` and filters of warnings which hold for the tests too."""
    numpy = importlib.import_module("numpy")  # the child has said so if it is missing
    with warnings.catch_warnings(), numpy.errstate():
        yield
