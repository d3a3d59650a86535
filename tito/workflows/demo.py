"""The demo as a list of steps: what a student would type, starting from an empty folder.

The steps follow from the course's modules and from what the tracker unlocks on the way; nothing is
listed here. tito/commands/demo.py runs them. While a milestone trains, which takes one processor,
the next modules are completed beside it; when all are complete, another milestone trains there.
"""

from __future__ import annotations

import shutil
import threading
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
    milestone: str = ""  # the one that it trains

    @property
    def typed(self) -> str:
        return " ".join(["tito", *(f'"{a}"' if " " in a else a for a in self.arguments)])


class Agenda:
    """What is left to do, given out step by step: what is unlocked depends on those before."""

    def __init__(self, workspace: Workspace, tracker: Tracker) -> None:
        self._workspace, self._tracker = workspace, tracker
        self._modules, self._begun = steps_of_modules(workspace), set[str]()
        self._lock = threading.Lock()

    def next(self) -> Step | None:
        """The next step that is shown as it runs; a milestone as soon as it is unlocked."""
        with self._lock:
            return self._milestone() or next(self._modules, None)

    def next_beside(self) -> Step | None:
        """The next step beside a milestone that trains."""
        with self._lock:
            return next(self._modules, None) or self._milestone()

    def _milestone(self) -> Step | None:
        """One that is unlocked and has not been begun."""
        for row in self._tracker.status():
            name = row["id"]
            if row["state"] == MilestoneState.UNLOCKED and name not in self._begun:
                self._begun.add(name)
                about = f"{row['name']}: trained by this framework, here and now"
                arguments = ("milestone", "run", name)
                return Step(arguments, self._workspace.root, about, milestone=name)
        return None


def first_step(root: Path) -> Step:
    return Step(("init", root.name), root.parent, "From an empty folder")


def last_step(root: Path) -> Step:
    return Step(("milestone", "progress"), root, "What this framework has learned")


def steps_of_modules(workspace: Workspace) -> Iterator[Step]:
    for count, module in enumerate(workspace.modules):
        yield from module_steps(workspace, module, blank_first=count == 0)


def module_steps(workspace: Workspace, module: Module, *, blank_first: bool) -> Iterator[Step]:
    if blank_first:
        about = f"Module {module.name}, still blank"
        yield Step(("module", "test", module.number), workspace.root, about, may_fail=True)
    fill_in(module)
    about = f"Module {module.name}, with the reference answers filled in"
    yield Step(("module", "complete", module.number), workspace.root, about)


def fill_in(module: Module) -> None:
    """Replace the blank lesson with the course's solved one."""
    solved = course().module(module.name)
    if solved is not None:
        shutil.copyfile(solved.lesson, module.lesson)
