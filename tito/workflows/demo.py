"""The demo as a list of steps: what a student would type, starting from an empty folder.

The steps follow from the course's modules and from what the tracker unlocks on the way; nothing is
listed here. tito/commands/demo.py runs them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tito.core.milestones.tracker import MilestoneState, Tracker
from tito.core.workspace.workspace import Module, Workspace, course


@dataclass(frozen=True)
class Step:
    """One `tito` command line, the folder to run it in, and what it shows."""

    arguments: tuple[str, ...]
    cwd: Path
    about: str = ""
    may_fail: bool = False

    @property
    def typed(self) -> str:
        return " ".join(["tito", *(f'"{a}"' if " " in a else a for a in self.arguments)])


def steps(root: Path, tracker: Tracker) -> Iterator[Step]:
    """Yield the steps one by one: what is unlocked depends on the steps before."""
    yield Step(("init", root.name), root.parent, "From an empty folder")
    workspace = Workspace(root)
    for count, module in enumerate(workspace.modules):
        yield from module_steps(workspace, module, blank_first=count == 0)
        yield from milestone_steps(workspace, tracker)
    yield Step(("milestone", "progress"), root, "What this framework has learned")


def module_steps(workspace: Workspace, module: Module, *, blank_first: bool) -> Iterator[Step]:
    if blank_first:
        about = f"Module {module.name}, still blank"
        yield Step(("module", "test", module.number), workspace.root, about, may_fail=True)
    fill_in(module)
    about = f"Module {module.name}, with the reference answers filled in"
    yield Step(("module", "complete", module.number), workspace.root, about)


def milestone_steps(workspace: Workspace, tracker: Tracker) -> Iterator[Step]:
    """One step for each milestone that is unlocked and not learned yet."""
    for row in tracker.status():
        if row["state"] == MilestoneState.UNLOCKED:
            about = f"{row['name']}: trained by this framework, here and now"
            yield Step(("milestone", "run", row["id"]), workspace.root, about)


def fill_in(module: Module) -> None:
    """Replace the blank lesson with the course's solved one."""
    solved = course().module(module.name)
    if solved is not None:
        shutil.copyfile(solved.lesson, module.lesson)
