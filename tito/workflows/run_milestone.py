"""What is looked at before a milestone is run: may it run here, and is it what the student thinks?

Nothing here judges: a refusal names what is missing, and nobody's code is called wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tito.core.errors import TitoError
from tito.core.export.stale import behind, difference, not_exported
from tito.core.words import enumerated
from tito.core.workspace.course_files import MEND
from tito.core.workspace.workspace import Workspace


def refuse_if_locked(row: Mapping[str, Any]) -> None:
    missing = row["missing"]
    if missing:
        raise TitoError(
            f"{row['name']} is locked: {row['done']} of {row['total']} modules are complete, "
            f"missing {', '.join(missing)}.",
            hint=f"tito module start {missing[0][:2]}",
        )


def refuse_if_not_exported(workspace: Workspace, name: str, requires: Iterable[str]) -> None:
    """Modules may have been completed in another workspace: no part of this one is wrong."""
    if not (workspace.package / "__init__.py").is_file():
        raise TitoError(
            "There is no tinytorch package in this workspace yet.",
            where=str(workspace.package),
            hint="tito export",
        )
    absent = not_exported(workspace, requires)
    if absent:
        verb = "is" if len(absent) == 1 else "are"
        raise TitoError(
            f"{name} builds on {', '.join(absent)}, which {verb} complete, "
            "but not exported in this workspace.",
            hint=f"tito module complete {absent[0][:2]}",
        )


def change_lines(
    workspace: Workspace, requires: Iterable[str], edited: Sequence[str]
) -> Iterable[str]:
    """A milestone judges what is exported; an edit since then would seem to do nothing."""
    for module in behind(workspace, requires):
        yield f"  {difference(workspace, module)}. To export it:"
        yield f"    tito module complete {module.number}"
    if edited:
        yield f"  Not as the course has it: {enumerated(edited)}. To put it back:"
        yield f"    {MEND}"
