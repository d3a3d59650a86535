"""Judge the lessons of a folder as a submission, without a class: for a push, or for oneself."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tito.core.classroom.secret import LARGEST_SEED
from tito.core.classroom.submissions import read_submission_in
from tito.core.classroom.work import Work
from tito.core.errors import UsageError
from tito.core.folders import temporary
from tito.core.lesson.file import read_lesson
from tito.core.lesson.lesson import LessonError
from tito.core.workspace.workspace import Workspace, course
from tito.workflows.classroom.one import judge_submission


def begun(workspace: Workspace, files: Mapping[str, bytes]) -> list[str]:
    """The modules in which at least one task is answered."""
    found = []
    for module in workspace.modules:
        if f"modules/{module.name}/{module.lesson.name}" not in files:
            continue
        try:
            untouched = read_lesson(workspace, module).lesson.is_untouched
        except LessonError:
            untouched = False
        if not untouched:
            found.append(module.name)
    return found


def checklist(
    workspace: Workspace,
    modules: Sequence[str],
    milestones: Sequence[str],
    env: Mapping[str, str],
    told: Callable[[str], None],
    *,
    judged: bool = True,
) -> dict[str, Any]:
    """Judge these modules, or all that are begun, with the installed course and a fresh seed."""
    files, _ = read_submission_in(workspace.root)
    names = [course().resolve(word).name for word in modules] or begun(workspace, files)
    if not names and not milestones:
        raise UsageError("No module is begun here.", hint="tito module start 00")
    seed = secrets.randbelow(LARGEST_SEED)
    work = Work(files, tuple(names), tuple(milestones), seed, judged=judged)
    with temporary("tito-judge-") as folder:
        return judge_submission(work, folder, env, told)
