"""Whether a milestone is on record for the code and the verification that there are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tito.core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from tito.core.export.snapshot import Snapshot


def changed_codes(rows: Sequence[Mapping[str, Any]], workspace: Workspace) -> dict[str, list[str]]:
    """By its id, for each milestone on record: the modules whose code is not what it ran with."""
    recorded = [row for row in rows if row["evidence"] is not None]
    if not recorded:
        return {}
    from tito.core.export.snapshot import take  # slow to import, and most often not needed

    code = take(workspace)
    return {row["id"]: changed_since(row["record"], code) for row in recorded}


def changed_since(record: Mapping[str, Any], code: Snapshot) -> list[str]:
    """The same for one record."""
    sources = record.get("sources")
    if not isinstance(sources, dict):
        return []
    now = code.hashes(map(str, sources))
    return [name for name, before in sources.items() if now.get(name) != before]


def verification_changed(record: Mapping[str, Any], workspace: Workspace) -> bool:
    """Whether a milestone was passed under tests that are no longer the course's."""
    from tito.core.workspace.release import verification_hash

    before = record.get("verification_sha256")
    return isinstance(before, str) and before != verification_hash(workspace)
