"""Load one of the two frameworks under the same names, on one thread."""

from __future__ import annotations

import atexit
import importlib
import os
import sys
import tempfile
from collections.abc import Iterable
from functools import cache
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


@cache
def reference() -> Path:
    """A folder with tinytorch/ from the solved lessons, to be measured; deleted at the end.

    This process imports it from there; one that is started in the folder does, too.
    """
    from tito.workflows.init import create_workspace

    folder = tempfile.TemporaryDirectory(prefix="tinytorch-bench-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    root = create_workspace(Path(folder.name) / "solved", solved=True).root
    sys.path.insert(0, str(root))
    return root


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
