"""What `tito doctor` does: restore the course's files if asked to, then check everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tito.core.errors import MachineError, UsageError
from tito.core.workspace.course_files import restore_course_files
from tito.workflows.doctor_isolation import check_isolation
from tito.workflows.doctor_machine import Finding, Level, check_environment

if TYPE_CHECKING:
    from tito.core.workspace.workspace import Workspace
    from tito.world import World

Tell = Callable[[str], None]


def workspace_or_none(world: World) -> Workspace | None:
    try:
        return world.workspace
    except UsageError:
        return None


def examine(world: World, tell: Tell) -> Iterator[tuple[str, list[Finding]]]:
    """Yield the findings group by group: checking the workspace may take long."""
    yield "Environment", [*check_environment(world.stdout, world.env), check_isolation()]
    yield "Workspace", examine_workspace(world, tell)


def examine_workspace(world: World, tell: Tell) -> list[Finding]:
    workspace = workspace_or_none(world)
    if workspace is None:
        return [Finding(Level.NOTE, "this folder is not in a workspace", "tito init my-tinytorch")]
    from tito.workflows.doctor_workspace import check_workspace  # slow to import

    try:
        return [Finding(Level.GOOD, str(workspace.root)), *check_workspace(world, tell)]
    except MachineError as error:  # the installation lacks the course
        return [Finding(Level.MACHINE, str(error), error.hint)]


def fix(world: World) -> str:
    """Restore the course's own files; return a sentence that says what was done."""
    workspace = workspace_or_none(world)
    if workspace is None or workspace.is_authors:
        raise UsageError("There is no student workspace here to fix.", hint="tito doctor")
    from tito.workflows.doctor_lessons import put_back_imports  # slow to import

    names, kept = restore_course_files(workspace, world.now())
    lessons = put_back_imports(workspace, world.now())
    said = f"Restored: {', '.join(names)}." if names else "The course's files are all in place."
    said += f" Your versions are kept in {kept}." if kept else ""
    copies = f"copies are kept in {workspace.scratch / 'kept'}"
    return f"{said} Imports put back: {', '.join(lessons)} ({copies})." if lessons else said
