"""What `tito doctor` looks at in a workspace.

The student's lessons and the student's package are only read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

from tito.core import process
from tito.core.errors import TitoError
from tito.core.export.stale import behind, difference
from tito.core.lesson.file import check, lost_tasks, read_lesson, unmarked_tasks, was_cut
from tito.core.milestones import tracker
from tito.core.words import counted, enumerated
from tito.core.workspace.course import course_root
from tito.core.workspace.course_files import MEND, differing_files
from tito.core.workspace.workspace import Module, Workspace, modules_in, outer_workspace
from tito.workflows.doctor_machine import Finding, check_home, check_room

IMPORT_SECONDS = 20.0
PATIENCE = 2.0  # seconds of an import that nobody minds

Tell = Callable[[str], None]


def check_workspace(workspace: Workspace, tell: Tell) -> list[Finding]:
    """`tell` hears what is being waited for."""
    return [
        *check_place(workspace),
        *check_lessons(workspace),
        *check_package(workspace, tell),
        *check_course_files(workspace),
        *check_tracker(workspace),
        check_room(workspace.root),
    ]


def check_place(workspace: Workspace) -> Iterator[Finding]:
    outer = outer_workspace(workspace)
    if outer is not None:
        text = f"this workspace lies inside another one, {outer.root}: commands see the inner one"
        yield Finding("note", text, f"Move one of them out of {outer.root}.")
    if not os.access(workspace.root, os.W_OK):
        yield Finding("machine", f"{workspace.root} cannot be written to", "Mend its permissions.")


def check_lessons(workspace: Workspace) -> list[Finding]:
    missing = [
        Finding("yours", f"modules/{module.name} is missing", f"tito module reset {module.number}")
        for module in modules_in(course_root())
        if not (workspace.root / "modules" / module.name).is_dir()
    ]
    broken = [f for module in workspace.modules if (f := check_lesson(workspace, module))]
    if broken or missing:
        return missing + broken
    return [Finding("good", f"{counted(len(workspace.modules), 'lesson')} can be read")]


def check_lesson(workspace: Workspace, module: Module) -> Finding | None:
    try:
        file = read_lesson(workspace, module)
        check(file)
    except TitoError as error:
        where = error.where or workspace.shown(module.lesson)
        return Finding("yours", f"{where}: {error}", error.hint)
    lost = lost_tasks(module.name, file.lesson)
    if lost:
        numbers = enumerated([task.number for task in lost])
        if was_cut(module.name, file.lesson):
            text = f"{workspace.shown(module.lesson)} has lost task {numbers}"
            return Finding("yours", text, f"tito module reset {module.number}")
        text = f"{workspace.shown(module.lesson)}: no heading above the answer to task {numbers}"
        return Finding("note", text, f"Put the line '{lost[0].heading}' back.")
    unmarked = unmarked_tasks(module.name, file.lesson)
    if unmarked:
        where, lines = workspace.shown(module.lesson), "### BEGIN SOLUTION and ### END SOLUTION"
        text = f"{where}: no {lines} around an answer to task {enumerated(unmarked)}"
        return Finding("note", text, "Put the lines back, so that tito finds your answers.")
    return None


def check_package(workspace: Workspace, tell: Tell) -> Iterator[Finding]:
    """Whether `tinytorch/` can be imported, and is what the lessons would export today."""
    if not (workspace.package / "__init__.py").is_file():
        yield Finding("yours", "tinytorch/ is missing", "tito export")
        return
    try:
        changed = behind(workspace)
    except TitoError as error:
        yield Finding("yours", f"{error.where or 'tinytorch/'}: {error}", error.hint)
        return
    # What was edited in tinytorch/ itself is put right by its own lesson, not by the first one.
    mend = f"tito module complete {changed[0].number}" if changed else "tito export"
    yield try_import(workspace, tell, mend)
    for module in changed:
        yield Finding(
            "note", difference(workspace, module), f"tito module complete {module.number}"
        )


def try_import(workspace: Workspace, tell: Tell, mend: str = "tito export") -> Finding:
    """Import it in a process of its own: it is a student's code."""
    said = False

    def tick(elapsed: float) -> None:
        nonlocal said
        if elapsed > PATIENCE and not said:
            said = True
            tell(f"import tinytorch takes long (at most {IMPORT_SECONDS:.0f} s)")

    ours = {"PYTHONPATH": str(workspace.root), "PYTHONIOENCODING": "utf-8"}
    env = {**os.environ, **ours, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", "import tinytorch"]
    result = process.run(command, cwd=workspace.root, env=env, timeout=IMPORT_SECONDS, on_tick=tick)
    if result.timed_out:
        text = f"import tinytorch has not ended after {IMPORT_SECONDS:.0f} seconds"
        return Finding("yours", text, mend)
    last = (result.output.strip().splitlines() or ["no output"])[-1]
    if result.returncode != 0:
        return Finding("yours", f"import tinytorch fails: {last}", mend)
    return Finding("good", "tinytorch can be imported")


def check_course_files(workspace: Workspace) -> list[Finding]:
    """The files that judge a student's code, against the installed course's own."""
    if workspace.is_authors:
        return [Finding("note", "this is the course itself: its modules are the solved ones")]
    missing, changed = differing_files(workspace)
    findings = [
        Finding("yours", f"{enumerated(names)} {verb}", MEND)
        for names, verb in ((missing, "missing"), (changed, "not as the course has it"))
        if names
    ]
    return findings or [Finding("good", "tests, hints and milestones are the course's own")]


def check_tracker(workspace: Workspace) -> Iterator[Finding]:
    """The tracker, and through it the progress: nothing else knows where that is."""
    try:
        module = tracker.load(workspace)
    except TitoError as error:
        yield Finding("machine", str(error), MEND)
        return
    if module is None:
        yield Finding("machine", "the milestone tracker is missing", MEND)
        return
    yield from check_progress(module)


def check_progress(module: ModuleType) -> Iterator[Finding]:
    told: list[str] = []
    try:
        path = module.default_progress_file()
        state = module.MilestoneTracker(path, tell=told.append).progress
    except module.TrackerError as error:
        yield Finding("machine", str(error), error.hint or None)
        return
    yield from (Finding("note", text) for text in told)
    is_newer = state.get("schema_version", 1) > module.SCHEMA_VERSION
    if is_newer:
        text = f"{path} was written by a newer TinyTorch: it can be read, not changed"
        yield Finding("machine", text, "Upgrade tinytorch-course.")
    done = counted(len(state["completed_modules"]), "module")
    learned = counted(len(state["completed_milestones"]), "milestone")
    yield Finding("good", f"progress: {done} complete, {learned} learned")
    if not is_newer:
        yield check_home(path)
