"""How far each module is, from what the tracker recorded, what is exported, and what was started.

Derived whenever it is asked for; nothing here is stored. Only the head of a lesson is read, and
the whole of it when its bytes differ from those it was completed with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tito.core.errors import TitoError
from tito.core.export.source_map import exported_modules
from tito.core.milestones import tracker
from tito.core.workspace.notes import Notes
from tito.core.workspace.workspace import Module, Workspace

TITLE = re.compile(r"^(?:# )?# Module \d+: *(?P<title>.+?) *$", re.MULTILINE)
SUMMARY = re.compile(r"(?:\s|#(?!\s*\w))*(?P<summary>(?:# ?\S.*\n)+)")
TASK_HEADING = b"\n# ## Task "
HEAD_BYTES = 4_000


@dataclass(frozen=True)
class Standing:
    """One module's line. `state`: not started, started, complete, changed (since it was
    completed), exported (but never recorded as complete), unrecorded (exported, and there is no
    tracker that could know more), elsewhere (completed in another workspace, not exported in this
    one), or missing (its lesson cannot be read)."""

    module: Module
    title: str
    summary: str
    tasks: int
    state: str
    started_at: str | None = None
    completed_at: str | None = None
    tests: int | None = None


def standings(workspace: Workspace) -> list[Standing]:
    """All modules of the workspace, in order."""
    progress = tracker.progress(workspace)
    completed = set(progress.get("completed_modules", []))
    records: dict[str, dict[str, Any]] = progress.get("modules", {})
    exported = exported_modules(workspace)
    started = Notes.of(workspace).started
    found = [
        _standing(
            workspace,
            module,
            records.get(module.name, {}) if module.name in completed else None,
            module.name in exported,
            started.get(module.name),
        )
        for module in workspace.modules
    ]
    if progress:
        return found
    return [replace(s, state="unrecorded") if s.state == "exported" else s for s in found]


def _standing(
    workspace: Workspace,
    module: Module,
    record: dict[str, Any] | None,
    exported: bool,
    started: str | None,
) -> Standing:
    data = _read(module)
    title, summary = _head(data[:HEAD_BYTES].decode("utf-8", errors="replace"))
    return Standing(
        module,
        title=title or module.short,
        summary=summary,
        tasks=data.count(TASK_HEADING),
        state=_state(workspace, module, data, record, exported, started),
        started_at=started,
        completed_at=(record or {}).get("completed_at"),
        tests=(record or {}).get("tests"),
    )


def _state(
    workspace: Workspace,
    module: Module,
    data: bytes,
    record: dict[str, Any] | None,
    exported: bool,
    started: str | None,
) -> str:
    if not data.strip():
        return "missing"
    if record is not None and not exported:
        return "elsewhere"
    if record is not None:
        return "changed" if has_changed(workspace, module, data, record) else "complete"
    if exported:
        return "exported"
    return "started" if started else "not started"


def has_changed(workspace: Workspace, module: Module, data: bytes, record: dict[str, Any]) -> bool:
    """Whether the lesson would export something else than what was completed.

    A record without hashes (written by hand, or by the tracker's own script) proves nothing.
    """
    import hashlib

    if "export_sha256" not in record:
        return False
    if hashlib.sha256(data).hexdigest() == record.get("source_sha256"):
        return False
    try:
        from tito.core.lesson.file import read_lesson  # the rare case, and the slow one

        export_hash = read_lesson(workspace, module).lesson.export_hash
    except (TitoError, OSError):
        return True
    return bool(export_hash != record["export_sha256"])


def next_step(found: Sequence[Standing]) -> tuple[str, str]:
    """The command to type now, and why."""
    verbs = {
        "missing": ("reset", "its lesson is missing or empty"),
        "changed": ("complete", "it has changed since it was completed"),
        "elsewhere": ("complete", "it is not exported in this workspace"),
        "exported": ("complete", "it is exported, but not recorded as complete"),
        "started": ("test", "it is under way"),
        "not started": ("start", ""),
    }
    for standing in found:
        if standing.state in verbs:
            verb, why = verbs[standing.state]
            reason = f"{standing.module.name}: {why}" if why else standing.title
            return f"tito module {verb} {standing.module.number}", reason
    return "tito milestone status", "every module is complete"


def _head(text: str) -> tuple[str, str]:
    """The title and the line below it, as `Lesson` reads them, without taking a lesson apart."""
    text = text.replace("\r\n", "\n")
    title = TITLE.search(text)
    if title is None:
        return "", ""
    below = SUMMARY.match(text, title.end())
    lines = below["summary"].splitlines() if below else []
    return title["title"], " ".join(line.lstrip("# ") for line in lines)


def _read(module: Module) -> bytes:
    try:
        return module.lesson.read_bytes()
    except OSError:
        return b""
