"""How far each module is, from what the tracker recorded, what is exported, and what was started.

Computed on demand; nothing here is stored. A lesson is parsed only if its bytes have changed since
it was completed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tito.core.errors import TitoError
from tito.core.export.source_map import exported_modules
from tito.core.files import read_regular
from tito.core.lesson.workload import Workload, told
from tito.core.outcome import Evidence, StrEnum
from tito.core.words import module_number
from tito.core.workspace.course import INSTALLED
from tito.core.workspace.workspace import Module, Workspace

if TYPE_CHECKING:
    from tito.core.milestones.tracker import Tracker
    from tito.world import World

TITLE = re.compile(r"^(?:# )?# Module \d+: *(?P<title>.+?) *$", re.MULTILINE)
SUMMARY = re.compile(r"(?:\s|#(?!\s*\w))*(?P<summary>(?:# ?\S.*\n)+)")
TASK_HEADING = b"\n# ## Task "
STUB = b"raise NotImplementedError("
BLANK = re.compile(rb"^\s+raise NotImplementedError\(\"Task ", re.MULTILINE)
HEAD_BYTES = 4_000


class ModuleState(StrEnum):
    """How far a module is."""

    NOT_STARTED = "not started"
    STARTED = "started"
    ANSWERED = "answered"  # but never tested on this machine, as in a git clone
    COMPLETE = "complete"
    CHANGED = "changed"  # since it was completed
    OUTDATED = "outdated"  # its tests have changed since it was completed
    EXPORTED = "exported"  # but never recorded as complete
    UNRECORDED = "unrecorded"  # exported, but there is no tracker
    ELSEWHERE = "elsewhere"  # completed in another workspace, not exported in this one
    MISSING = "missing"  # its lesson cannot be read


class ModuleStatus(NamedTuple):
    """One module's line."""

    module: Module
    title: str
    summary: str
    tasks: int
    state: ModuleState
    started_at: str | None = None
    completed_at: str | None = None
    tests: int | None = None
    evidence: Evidence | None = None  # None: it is not complete
    workload: Workload | None = None  # None: the lesson does not say how long it takes

    @property
    def is_proven(self) -> bool:
        """Whether it is complete, and its tests are on record."""
        return self.state is ModuleState.COMPLETE and self.evidence is Evidence.RECORD


def status(world: World) -> list[ModuleStatus]:
    """All modules of the workspace, in order."""
    workspace, progress = world.workspace, world.tracker.progress
    completed = set(progress.get("completed_modules", []))
    records: dict[str, dict[str, Any]] = progress.get("modules", {})
    exported = exported_modules(workspace.package)
    started = world.notes.started
    found = [
        _status_of(
            world,
            module,
            records.get(module.name, {}) if module.name in completed else None,
            module.name in exported,
            started.get(module.name),
        )
        for module in workspace.modules
    ]
    if progress:
        return found
    unrecorded, exported_only = ModuleState.UNRECORDED, ModuleState.EXPORTED
    return [s._replace(state=unrecorded) if s.state is exported_only else s for s in found]


def _status_of(
    world: World,
    module: Module,
    record: dict[str, Any] | None,
    exported: bool,
    started: str | None,
) -> ModuleStatus:
    data, workspace = _read(module), world.workspace
    head = data[:HEAD_BYTES].decode("utf-8", errors="replace")
    title, summary = _head(head)
    return ModuleStatus(
        module,
        title=title or module.short,
        summary=summary,
        tasks=data.count(TASK_HEADING),
        state=_state(workspace, module, data, record, exported, started),
        started_at=started,
        completed_at=(record or {}).get("completed_at"),
        tests=(record or {}).get("tests"),
        evidence=None if record is None else evidence_of(world.tracker, module.name, record, data),
        workload=told(head),
    )


def evidence_of(
    tracker: Tracker, name: str, record: Mapping[str, Any], lesson: bytes = b""
) -> Evidence:
    """Whether a module's record has the hashes of what was tested, by the course that judges.

    A lesson that passed has no blank task, so a record of this very `lesson` with one is made up.
    """
    hashes = (record.get("source_sha256"), record.get("export_sha256"))
    whole = all(isinstance(h, str) for h in hashes) and tracker.is_sealed(name, record)
    ours = record.get("course", INSTALLED) == tracker.workspace.judged_by
    made_up = BLANK.search(lesson) is not None and _hash_of(lesson) == hashes[0]
    return Evidence.RECORD if whole and ours and not made_up else Evidence.NONE


def _hash_of(lesson: bytes) -> str:
    import hashlib

    return hashlib.sha256(lesson).hexdigest()


def _state(
    workspace: Workspace,
    module: Module,
    data: bytes,
    record: dict[str, Any] | None,
    exported: bool,
    started: str | None,
) -> ModuleState:
    if not data.strip():
        return ModuleState.MISSING
    if record is not None and not exported:
        return ModuleState.ELSEWHERE
    if record is not None:
        if has_changed(workspace, module, data, record):
            return ModuleState.CHANGED
        outdated = has_new_tests(workspace, module, record)
        return ModuleState.OUTDATED if outdated else ModuleState.COMPLETE
    if exported:
        return ModuleState.EXPORTED
    if started:
        return ModuleState.STARTED
    return ModuleState.ANSWERED if is_answered(data) else ModuleState.NOT_STARTED


def is_answered(data: bytes) -> bool:
    """Whether no task is blank. It looks for stubs only, so that status need not parse a lesson."""
    return TASK_HEADING in data and STUB not in data


def has_changed(workspace: Workspace, module: Module, data: bytes, record: dict[str, Any]) -> bool:
    """Whether the lesson would now export different code than when it was completed.

    False for a record without hashes (written by hand, or by the tracker's own script).
    """
    if "export_sha256" not in record:
        return False
    if _hash_of(data) == record.get("source_sha256"):
        return False
    try:
        from tito.core.lesson.file import read_lesson  # slow, and rarely needed

        export_hash = read_lesson(workspace, module).lesson.export_hash
    except (TitoError, OSError):
        return True
    return bool(export_hash != record["export_sha256"])


def has_new_tests(workspace: Workspace, module: Module, record: Mapping[str, Any]) -> bool:
    """Whether other tests judge the module now than when it was completed.

    False for a record without their hash, and where they cannot be read.
    """
    if "tests_sha256" not in record:
        return False
    from tito.core.workspace.release import tests_hash

    now = tests_hash(workspace, module)
    return now is not None and now != record["tests_sha256"]


NEXT = {
    ModuleState.MISSING: ("reset", "its lesson is missing or empty"),
    ModuleState.CHANGED: ("complete", "it has changed since it was completed"),
    ModuleState.OUTDATED: ("complete", "its tests have changed since it was completed"),
    ModuleState.ELSEWHERE: ("complete", "it is not exported in this workspace"),
    ModuleState.EXPORTED: ("complete", "it is exported, but not recorded as complete"),
    ModuleState.ANSWERED: ("complete", "it is answered, but not checked on this machine"),
    ModuleState.STARTED: ("test", "you have started it"),
    ModuleState.NOT_STARTED: ("start", ""),
}


def next_step(found: Sequence[ModuleStatus]) -> tuple[str, str]:
    """The command to type now, and why."""
    for status in found:
        if status.state in NEXT:
            verb, why = NEXT[status.state]
            reason = f"{status.module.name}: {why}" if why else status.title
            return f"tito module {verb} {status.module.number}", reason
    return "tito milestone status", "every module is complete"


def step_of(world: World, name: str) -> str:
    """The command that brings one module on: how far it is decides, and not who asks."""
    mine = [found for found in status(world) if found.module.name == name]
    verb = NEXT.get(mine[0].state, ("start", ""))[0] if mine else "start"
    return f"tito module {verb} {module_number(name)}"


def step_instead(world: World, said: str) -> tuple[str, str] | None:
    """The step of `module list`, where the tracker `said` to start a module; else None.

    The tracker knows what is recorded, and not how far a module is that is not.
    """
    if not said.startswith("Next: tito module "):
        return None
    command, why = next_step(status(world))
    return (command, why) if command.startswith("tito module ") else None


def _head(text: str) -> tuple[str, str]:
    """The title and the line below it, like in `Lesson`, but without parsing the lesson."""
    text = text.replace("\r\n", "\n")
    title = TITLE.search(text)
    if title is None:
        return "", ""
    below = SUMMARY.match(text, title.end())
    lines = below["summary"].splitlines() if below else []
    return title["title"], " ".join(line.lstrip("# ") for line in lines)


def _read(module: Module) -> bytes:
    try:
        return read_regular(module.lesson)
    except OSError:
        return b""
