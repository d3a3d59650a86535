"""The hints beside a lesson: `hints.toml`, three for each task."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from tito.core.errors import MachineError, TitoError
from tito.core.files import read_regular
from tito.core.workspace.workspace import Module, Workspace

# The same parser under two names; imported by name because only one is installed.
toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


def read_hints(workspace: Workspace, module: Module) -> dict[str, list[str]]:
    """The hints by task number."""
    path = workspace.judging(module).hints
    where, fix = workspace.shown(path), workspace.judge_repair
    try:
        found: dict[str, Any] = toml.loads(read_regular(path).decode("utf-8"))
    except FileNotFoundError as error:
        raise MachineError("The module's hints are missing.", where=where, hint=fix) from error
    except (OSError, ValueError) as error:
        raise MachineError(f"The hints cannot be read: {error}.", where=where, hint=fix) from error
    tables = {task: table for task, table in found.items() if isinstance(table, dict)}
    return {task: [str(hint) for hint in table.get("hints", [])] for task, table in tables.items()}


def task_hints(workspace: Workspace, module: Module, task: str) -> list[str]:
    """The hints of one task."""
    hints = read_hints(workspace, module)
    if not hints.get(task):
        raise TitoError(
            f"There are no hints for task {task}.",
            where=workspace.shown(workspace.judging(module).hints),
            hint=f"tito module hint {module.number}",
        )
    return hints[task]
