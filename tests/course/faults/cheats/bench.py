"""Try one cheat in a throw-away workspace: does it earn a tick?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.course.faults.cheats.cheat import MILESTONE, MODULE, Cheat
from tests.course.faults.fault import Fault
from tests.course.faults.workbench import Workbench

STAGES = ("milestone", "judged", "home")


class CheatBench(Workbench):
    """A workbench with a cheat's trick in the lesson, its files in the workspace, its variables."""

    @contextmanager
    def trying(self, fault: Fault) -> Iterator[None]:
        assert isinstance(fault, Cheat)
        with super().trying(fault), self._planted(fault.planted):
            lesson = self.workspace.root / "modules" / MODULE / f"{MODULE[3:]}.py"
            text = lesson.read_text(encoding="utf-8")
            lesson.write_text(f"{text}\n# %%\n#| export\n{fault.code}", encoding="utf-8")
            # A cheat that writes to its home must never find the home of whoever runs this.
            self.environment = {"HOME": str(self.folder), **fault.environment}
            try:
                yield
            finally:
                self.environment = {}
                shutil.rmtree(self.home_folder, ignore_errors=True)

    @contextmanager
    def _planted(self, files: Mapping[str, str]) -> Iterator[None]:
        """Write files into the workspace; afterwards it is as it was."""
        before = {name: self._text(name) for name in files}
        for name, text in files.items():
            path = self.workspace.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            for name, was in before.items():
                path = self.workspace.root / name
                path.unlink() if was is None else path.write_text(was, encoding="utf-8")

    def _text(self, name: str) -> str | None:
        path = self.workspace.root / name
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def verdict(self, stage: str) -> dict[str, Any]:
        """`earned`: the verdict is a pass, or the progress says so afterwards."""
        try:
            found = self._verdict(stage)
        except (RuntimeError, ValueError) as error:  # refused, or it printed no JSON
            found = {"outcome": "refused", "message": str(error)[-400:]}
        record = self._record()
        if found["outcome"] == "passed" or record:
            return {**found, "earned": True, "record": record}
        return {**found, "earned": False}

    def _verdict(self, stage: str) -> dict[str, Any]:
        if stage == "milestone":
            return self.milestone(MODULE, MILESTONE)
        return self.home(MODULE, *(["--judged"] if stage == "judged" else []))

    def _record(self) -> bool:
        """Whether the person's progress holds the tick: nothing that is tried here records one."""
        path = self.home_folder / "progress.json"
        try:
            progress = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return (
            MODULE in progress["completed_modules"] or MILESTONE in progress["completed_milestones"]
        )

    @property
    def home_folder(self) -> Path:
        return self.folder / "home"
