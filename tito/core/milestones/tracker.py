"""The way to the milestone tracker, and the only one: `tests/milestones/milestone_tracker.py`.

Exactly one thing means "there is no tracker": a ModuleNotFoundError that names it. Any other
error in it is shown. This file holds no milestone, no requirement and no state.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tito.core.errors import MachineError, TitoError, is_refusal
from tito.core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from rich.console import Console

NAME = "milestone_tracker"


def load(workspace: Workspace) -> ModuleType | None:
    """The workspace's tracker, or None where it has none."""
    folder = str(workspace.milestones)
    _forget_another_workspaces(workspace)
    sys.path.insert(0, folder)
    try:
        importlib.import_module(NAME)
        _forget_another_workspaces(workspace)  # found further down sys.path: not this one's
        return sys.modules.get(NAME)
    except ModuleNotFoundError as error:
        if error.name == NAME:
            return None
        raise _broken(workspace, error) from error
    except Exception as error:
        raise _broken(workspace, error) from error
    finally:
        sys.path.remove(folder)  # the next workspace may have none, and must not find this one


def _forget_another_workspaces(workspace: Workspace) -> None:
    """One process may visit several workspaces (the demo, the tests)."""
    file = getattr(sys.modules.get(NAME), "__file__", None)
    if file is not None and Path(file) != workspace.milestones / f"{NAME}.py":
        del sys.modules[NAME]


def _broken(workspace: Workspace, error: BaseException) -> MachineError:
    text = f"The milestone tracker is broken: {type(error).__name__}: {error}"
    where = workspace.shown(workspace.milestones / f"{NAME}.py")
    return MachineError(text, where=where, hint="tito doctor")


@contextmanager
def speaking(workspace: Workspace, module: ModuleType) -> Iterator[None]:
    """The tracker's own errors keep their words and exit codes; any other one is a defect of it."""
    expected = getattr(module, "TrackerError", ())
    try:
        yield
    except (KeyboardInterrupt, BrokenPipeError, TitoError):
        raise
    except Exception as error:
        if is_refusal(error):
            raise  # stdout on a full disk, say; the tracker wraps what happens to its own files
        if not isinstance(error, expected):
            raise _broken(workspace, error) from error
        code = getattr(error, "exit_code", MachineError.exit_code)
        hint = getattr(error, "hint", None) or None
        raise TitoError(str(error), hint=hint, exit_code=code) from error


def check_module_export(
    workspace: Workspace,
    module_name: str,
    console: Console | None = None,
    evidence: dict[str, Any] | None = None,
) -> dict[str, list[str]]:
    """Record a finished module and say what it unlocks; nothing happens where no tracker is."""
    module = load(workspace)
    if module is None:
        return {"newly_unlocked": [], "messages": []}
    with speaking(workspace, module):
        found: dict[str, list[str]] = module.check_module_export(
            module_name, console=console, evidence=evidence
        )
    return found


def progress(workspace: Workspace) -> dict[str, Any]:
    """The tracker's state, read only; empty where there is no tracker."""
    module = load(workspace)
    if module is None:
        return {}
    with speaking(workspace, module):
        state: dict[str, Any] = module.MilestoneTracker().progress
    return state


def completed_modules(workspace: Workspace) -> list[str]:
    """The names of the modules that the tracker has recorded."""
    return list(progress(workspace).get("completed_modules", []))
