"""Results on disk: one JSON line for each try, keyed by a hash of the fault and the course.

A killed run goes on where it stopped; what changed since is tried again, the rest is not.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from tests.course.faults.fault import Fault
from tito.core.workspace.course import course_root


class Records:
    """The results so far. Safe to use from several threads of one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.found = dict(_read(path)) if path.exists() else {}

    def get(self, fault: Fault, stage: str) -> dict[str, Any] | None:
        return self.found.get(key(fault, stage))

    def add(self, fault: Fault, stage: str, result: dict[str, Any]) -> None:
        about = {"key": key(fault, stage), "stage": stage, "title": fault.title}
        line = json.dumps({**about, **result})
        with self.lock:
            self.found[key(fault, stage)] = result
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def _read(path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            result = json.loads(line)
        except ValueError:  # the last line of a run that was killed
            continue
        yield result["key"], result


def key(fault: Fault, stage: str) -> str:
    """The same as long as the fault and what judges it at this stage are the same."""
    return f"{fault.key}-{stage}-{course_hash(fault.module, stage)}"


@cache
def course_hash(module: str, stage: str) -> str:
    """Of the lessons; and of the module's tests, or else of the milestones and the lessons."""
    modules = course_root() / "modules"
    milestones = course_root() / "tests" / "milestones"
    lessons = [path for path in modules.glob("*/*.py") if not path.name.startswith("test_")]
    if stage == "milestone":
        judges = list(milestones.rglob("*.py"))
    else:
        judges = list((modules / module).glob("test_*.py"))
        judges += (milestones / "verification").rglob("*.py") if stage == "judged" else []
        lessons = [path for path in lessons if path.parent.name <= module]
    digest = hashlib.sha256()
    for path in sorted([*lessons, *judges]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
