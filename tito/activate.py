"""`import tito.activate`, a lesson's first line: `import tinytorch` then means this workspace's.

A lesson runs in many places: `python modules/01_tensor/tensor.py`, a notebook, an editor's cell
runner, each with a current folder of its own. This puts the root of the workspace first on
`sys.path` and the lesson's own folder last, for the code given beside it. It does nothing else.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tito.core.errors import UsageError
from tito.core.workspace.workspace import find_workspace


def workspace_and_place() -> tuple[Path, Path]:
    """The workspace and the folder of the running lesson.

    A notebook has no `__file__`, but runs in its own folder: then the current folder is used.
    """
    lesson = getattr(sys.modules.get("__main__"), "__file__", None)
    try:
        if lesson is not None:
            place = Path(lesson).resolve().parent
            root = find_workspace(place).root
            # Only a lesson counts: an environment in one workspace may be used from another.
            if place.is_relative_to(root / "modules"):
                return root, place
    except UsageError:
        pass
    try:
        place = Path.cwd().resolve()
        return find_workspace(place).root, place
    except UsageError as error:
        raise ImportError(f"{error} Searched from {error.where}. Next: {error.hint}") from None


def activate() -> Path:
    """Put the workspace first on `sys.path`, the lesson's folder last; returns the workspace."""
    root, place = workspace_and_place()
    loaded = getattr(sys.modules.get("tinytorch"), "__file__", None)
    if loaded is not None and not Path(loaded).resolve().is_relative_to(root):
        raise ImportError(
            f"tinytorch is already imported, from {Path(loaded).parent}, not from this "
            f"workspace, {root}. Restart Python (or the notebook's kernel) and run this first."
        )
    entry = str(root)
    sys.path[:] = [entry, *(path for path in sys.path if path != entry)]
    if place.parent == root / "modules" and str(place) not in sys.path:
        sys.path.append(str(place))  # last, so that a lesson hides no other module
    return root


ROOT = activate()
