"""`python -m pytest`, which imports all it can before it is told its arguments.

Run by path, with the interpreter's options of a milestone: it uses nothing from tito. The line on
its standard input has the arguments, the folder and the environment of the run. None: it ends.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import sys
from typing import Any


def prepare() -> None:
    """Import what every run needs. What is missing, pytest's own start says."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        known = importlib.import_module("_pytest.config").default_plugins
        for package in ("pytest", "numpy", *(f"_pytest.{name}" for name in known)):
            importlib.import_module(package)


def told() -> dict[str, Any] | None:
    with open(0, "rb", buffering=0, closefd=False) as stream:
        line = stream.readall()
    found: dict[str, Any] | None = json.loads(line) if line else None
    return found


def main() -> None:
    prepare()
    job = told()
    if job is None:
        return
    os.environ.clear()
    os.environ.update(job["env"])
    os.chdir(job["cwd"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.argv = ["pytest", *job["arguments"]]
    try:
        runpy.run_module("pytest", run_name="__main__", alter_sys=True)
    except SystemExit as done:
        if isinstance(done.code, int):  # taking NumPy and pytest apart would take a while
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(done.code)
        raise


if __name__ == "__main__":
    main()
