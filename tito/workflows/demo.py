"""The demo as a list of steps: what a student would type, starting from an empty folder.

The steps follow from the course's modules and from what the tracker unlocks on the way; nothing is
listed here. tito/commands/demo.py runs them. While a milestone trains, which takes one processor,
the next modules are completed beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

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


class Turn(NamedTuple):
    """A step, and what may run beside it: the steps of the modules that come next."""

    step: Step
    milestone: str = ""
    beside: Iterator[Step] = iter(())


def turns(root: Path, tracker: Tracker) -> Iterator[Turn]:
    """Yield the turns one by one: what is unlocked depends on those before."""
    yield Turn(Step(("init", root.name), root.parent, "From an empty folder"))
    workspace = Workspace(root)
    coming = steps_of_modules(workspace)
    while True:
        unlocked = next(milestone_turns(workspace, tracker, coming), None)
        step = next(coming, None) if unlocked is None else None
        if unlocked is not None:
            yield unlocked
        elif step is not None:
            yield Turn(step)
        else:
            break
    yield Turn(Step(("milestone", "progress"), root, "What this framework has learned"))


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


def milestone_turns(
    workspace: Workspace, tracker: Tracker, coming: Iterator[Step]
) -> Iterator[Turn]:
    """One turn for each milestone that is unlocked and not learned yet."""
    for row in tracker.status():
        if row["state"] == MilestoneState.UNLOCKED:
            about = f"{row['name']}: trained by this framework, here and now"
            step = Step(("milestone", "run", row["id"]), workspace.root, about)
            yield Turn(step, row["id"], coming)


def fill_in(module: Module) -> None:
    """Replace the blank lesson with the course's solved one."""
    solved = course().module(module.name)
    if solved is not None:
        shutil.copyfile(solved.lesson, module.lesson)
