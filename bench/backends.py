"""Load one of the two frameworks under the same names, on one thread."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

from tito.core.process import ONE_THREAD

ROOT = Path(__file__).resolve().parent.parent
TINYTORCH, PYTORCH = "tinytorch", "torch"


def one_thread(environment: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the environment with BLAS held to one thread and the checkout importable."""
    return {
        **dict(environment),
        **ONE_THREAD,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }


def export_reference() -> None:
    """Write tinytorch/ from the solved lessons, so that the current course is measured."""
    command = [sys.executable, "-m", "tito.main", "export", "--no-test"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"tito export --no-test failed:\n{done.stdout}{done.stderr}")


def load(name: str) -> SimpleNamespace:
    """Import a framework; if PyTorch is missing, say so instead of a traceback."""
    try:
        tt = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != PYTORCH:
            raise
        sys.exit("bench needs PyTorch to compare with: pip install 'tinytorch-course[torch]'")
    if name == PYTORCH:
        tt.set_num_threads(1)
    return SimpleNamespace(
        name=name,
        tt=tt,
        nn=importlib.import_module(f"{name}.nn"),
        optim=importlib.import_module(f"{name}.optim"),
    )
