"""What `tito doctor` checks in a workspace.

The student's lessons and package are only read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tito.core import process
from tito.core.errors import TitoError
from tito.core.export.stale import difference, stale_modules
from tito.core.outcome import Evidence
from tito.core.words import counted, enumerated
from tito.core.workspace.course import FIX
from tito.core.workspace.course_files import differing_files
from tito.core.workspace.workspace import Workspace, outer_workspace
from tito.workflows.doctor_lessons import check_lessons
from tito.workflows.doctor_machine import Finding, Level, check_disk_space, check_home
from tito.workflows.status import evidence_of

if TYPE_CHECKING:
    from tito.core.milestones.tracker import Tracker
    from tito.world import World

IMPORT_SECONDS = 20.0
PATIENCE = 2.0  # seconds an import may take before `tito doctor` says that it is waiting

Tell = Callable[[str], None]


def check_workspace(world: World, tell: Tell) -> list[Finding]:
    """Run all checks. `tell` is called with a sentence when one takes long."""
    workspace = world.workspace
    return [
        *check_place(workspace),
        *check_lessons(workspace),
        *check_package(world, tell),
        *check_course_files(workspace),
        *check_tracker(world),
        check_disk_space(workspace.root),
    ]


def check_place(workspace: Workspace) -> Iterator[Finding]:
    outer = outer_workspace(workspace)
    if outer is not None:
        text = f"this workspace is inside another one, {outer.root}; commands use the inner one"
        yield Finding(Level.NOTE, text, f"Move one of them out of {outer.root}.")
    for name in workspace.copies:
        text = f"modules/{name} is not a module of the course and is ignored"
        yield Finding(Level.NOTE, text, "Keep copies outside modules/.")
    if not os.access(workspace.root, os.W_OK):
        yield Finding(
            Level.MACHINE, f"{workspace.root} cannot be written to", "Fix its permissions."
        )


def check_package(world: World, tell: Tell) -> Iterator[Finding]:
    """Check that `tinytorch/` can be imported and is what the lessons would export now."""
    workspace = world.workspace
    if not (workspace.package / "__init__.py").is_file():
        yield Finding(Level.YOURS, "tinytorch/ is missing", "tito export")
        return
    try:
        changed = stale_modules(workspace)
    except TitoError as error:
        yield Finding(Level.YOURS, f"{error.where or 'tinytorch/'}: {error}", error.hint)
        return
    # An edit in tinytorch/ is fixed by completing the module it belongs to, not the first one.
    fix = f"tito module complete {changed[0].number}" if changed else "tito export"
    yield try_import(world, tell, fix)
    for module in changed:
        yield Finding(
            Level.NOTE, difference(workspace, module), f"tito module complete {module.number}"
        )


def try_import(world: World, tell: Tell, fix: str = "tito export") -> Finding:
    """Import tinytorch in a separate process, because it is a student's code."""
    root, said = world.workspace.root, False

    def tick(elapsed: float) -> None:
        nonlocal said
        if elapsed > PATIENCE and not said:
            said = True
            tell(f"import tinytorch is slow; waiting for at most {IMPORT_SECONDS:.0f} s")

    ours = {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    env = {**process.clean_environment(world.env), **ours}
    command = [sys.executable, "-c", "import tinytorch"]
    result = process.run(command, cwd=root, env=env, timeout=IMPORT_SECONDS, on_tick=tick)
    if result.timed_out:
        text = f"import tinytorch did not finish within {IMPORT_SECONDS:.0f} seconds"
        return Finding(Level.YOURS, text, fix)
    last = (result.output.strip().splitlines() or ["no output"])[-1]
    if result.returncode != 0:
        return Finding(Level.YOURS, f"import tinytorch fails: {last}", fix)
    return Finding(Level.GOOD, "tinytorch can be imported")


def check_course_files(workspace: Workspace) -> list[Finding]:
    """Compare the files that judge a student's code with the installed course's own."""
    if workspace.is_authors:
        return [Finding(Level.NOTE, "this is the course itself: its modules are the solved ones")]
    missing, changed = differing_files(workspace)
    findings = [
        Finding(Level.YOURS, f"{enumerated(names)} {verb}", FIX)
        for names, verb in ((missing, "missing"), (changed, "not the course's version"))
        if names
    ]
    return findings or [Finding(Level.GOOD, "tests, hints and milestones are the course's own")]


def check_tracker(world: World) -> Iterator[Finding]:
    """Check the tracker and, through it, the progress file."""
    try:
        missing = world.tracker.module is None
    except TitoError as error:
        yield Finding(Level.MACHINE, str(error), world.workspace.judge_repair)
        return
    if missing:
        text = "the milestone tracker is missing"
        yield Finding(Level.MACHINE, text, world.workspace.judge_repair)
        return
    yield from check_progress(world)


def progress_finding(tracker: Tracker, state: Mapping[str, Any]) -> Finding:
    """How much is recorded; what has no evidence is counted apart."""
    modules, milestones = state["completed_modules"], state["completed_milestones"]
    found = {name: state["modules"].get(name, {}) for name in modules}
    proven = [n for n in modules if evidence_of(tracker, n, found[n]) is Evidence.RECORD]
    learned = [n for n in milestones if tracker.has_evidence(n, state["milestones"].get(n, {}))]
    claimed = len(modules) + len(milestones) - len(proven) - len(learned)
    text = (
        f"{counted(len(proven), 'module')} complete, {counted(len(learned), 'milestone')} learned"
    )
    rest = f", {counted(claimed, 'name')} recorded without evidence" if claimed else ""
    return Finding(Level.NOTE if claimed else Level.GOOD, f"progress: {text}{rest}")


def check_progress(world: World) -> Iterator[Finding]:
    tracker, told = world.tracker, list[str]()
    try:
        with tracker.translating_errors():
            path = tracker.progress_file
            state = tracker.open(tell=told.append).progress
    except TitoError as error:
        yield Finding(Level.MACHINE, str(error), error.hint)
        return
    yield from (Finding(Level.NOTE, text) for text in told)
    is_newer = state.get("schema_version", 1) > tracker.required.SCHEMA_VERSION
    if is_newer:
        text = f"{path} was written by a newer TinyTorch: it can be read but not changed"
        yield Finding(Level.MACHINE, text, "Upgrade tinytorch-course.")
    yield progress_finding(tracker, state)
    if not is_newer:
        yield check_home(path)
