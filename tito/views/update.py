"""How an update is shown: lesson by lesson, conflicts with their place and the course's text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tito.core.words import counted

if TYPE_CHECKING:
    from tito.core.workspace.workspace import Workspace
    from tito.workflows.update import LessonUpdate, Update

LINES = 12  # of the course's text that a conflict shows


def show_update(found: Update, workspace: Workspace, *, only_check: bool) -> Iterator[str]:
    if found.is_empty:
        yield f"Your workspace has this release of the course ({found.version})."
        return
    yield f"{'An update would bring' if only_check else 'Updated to'} release {found.version}:"
    if found.lacks_base:
        yield "  This workspace does not say which release it began with. The lessons are compared"
        yield "  cell by cell; where yours differ from the course's, yours stay."
    for lesson in found.lessons:
        yield from _lesson(lesson)
    if found.others:
        yield f"  {counted(len(found.others), 'file')} of the course (tests, hints, milestones)"
    if found.folder is not None:
        yield f"All files as they were are kept in {workspace.shown(found.folder)}/before"
        if found.beside:
            yield f"The course's own lessons with conflicts: {workspace.shown(found.folder)}/new"


def _lesson(lesson: LessonUpdate) -> Iterator[str]:
    if lesson.is_new:
        yield f"  {lesson.name}: a new lesson"
    elif lesson.problem is not None:
        yield f"  {lesson.problem.where or lesson.name}: not merged. {lesson.problem.message}"
        if lesson.problem.hint:
            yield f"      {lesson.problem.hint} Then: tito update"
    elif lesson.taken:
        yield f"  {lesson.name}: {counted(lesson.taken, 'cell')} from the course"
    elif not lesson.conflicts:
        yield f"  {lesson.name}: titles of tasks"
    for conflict in lesson.conflicts:
        yield f"  {lesson.name}:{conflict.line}: {conflict.reason}; yours stays."
        yield from _difference(conflict.mine, conflict.new)


def _difference(mine: tuple[str, ...], new: tuple[str, ...]) -> Iterator[str]:
    from difflib import unified_diff

    lines = list(unified_diff(mine, new, n=0, lineterm=""))[3:]
    yield from (f"      {line}" for line in lines[:LINES])
    if len(lines) > LINES:
        yield f"      ... and {counted(len(lines) - LINES, 'more line')}"


def update_json(found: Update, workspace: Workspace) -> dict[str, Any]:
    return {
        "from": found.version_before,
        "to": found.version,
        "lessons": [_lesson_json(lesson) for lesson in found.lessons],
        "files": list(found.others),
        "kept": workspace.shown(found.folder) if found.folder else None,
    }


def _lesson_json(lesson: LessonUpdate) -> dict[str, Any]:
    return {
        "lesson": lesson.name,
        "new": lesson.is_new,
        "cells": lesson.taken,
        "problem": lesson.problem.message if lesson.problem else None,
        "conflicts": [
            {"line": each.line, "reason": each.reason, "course": "\n".join(each.new)}
            for each in lesson.conflicts
        ],
    }
