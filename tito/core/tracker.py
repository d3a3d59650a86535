"""The way to the milestone tracker, and the only one: `tests/milestones/milestone_tracker.py`.

Exactly one thing means "there is no tracker": a ModuleNotFoundError that names it. Any other
error in it is shown. This file holds no milestone, no requirement and no state.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

from tito.core.errors import MachineError
from tito.core.workspace import Workspace

NAME = "milestone_tracker"


def load(workspace: Workspace) -> ModuleType | None:
    """The workspace's tracker, or None where it has none."""
    folder = str(workspace.milestones)
    _forget_another_workspaces(folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(NAME)
    except ModuleNotFoundError as error:
        if error.name == NAME:
            return None
        raise _broken(workspace, error) from error
    except Exception as error:
        raise _broken(workspace, error) from error


def _forget_another_workspaces(folder: str) -> None:
    """One process may visit several workspaces (the demo, the tests)."""
    loaded = sys.modules.get(NAME)
    file = getattr(loaded, "__file__", None)
    if file is not None and not file.startswith(folder):
        del sys.modules[NAME]
        stale = [path for path in sys.path if path and file.startswith(path)]
        for path in stale:
            if path.endswith("milestones"):
                sys.path.remove(path)


def _broken(workspace: Workspace, error: BaseException) -> MachineError:
    text = f"The milestone tracker is broken: {type(error).__name__}: {error}"
    where = workspace.shown(workspace.milestones / f"{NAME}.py")
    return MachineError(text, where=where, hint="tito doctor")


def completed_modules(workspace: Workspace) -> list[str]:
    """What the tracker has recorded; empty where there is no tracker."""
    return list(progress(workspace).get("completed_modules", []))


def progress(workspace: Workspace) -> dict[str, Any]:
    """The tracker's state, read only."""
    module = load(workspace)
    if module is None:
        return {}
    state: dict[str, Any] = module.MilestoneTracker().progress
    return state
