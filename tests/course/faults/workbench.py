"""A throw-away workspace with the reference answers in which one fault at a time is tried.

`home` is what `tito module test` says, `milestone` what its milestone says of the exported package.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.course.faults.fault import Fault
from tests.course.faults.place import with_fault
from tito.core.export.compose import compose
from tito.core.export.swap import swapped
from tito.core.lesson.file import read_lesson
from tito.core.workspace.course import course_root
from tito.core.workspace.workspace import Module
from tito.workflows.init import create_workspace

SEED = 1
LIMIT = 600.0  # seconds; a milestone that does not end is noticed
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Workbench:
    """One solved workspace; `with bench.trying(fault)` changes one lesson and puts it back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = create_workspace(folder / "workspace", solved=True)
        self.sound = folder / "sound"
        shutil.copytree(self.workspace.package, self.sound)
        self.right: dict[str, dict[str, Any]] = {}

    @contextmanager
    def trying(self, fault: Fault) -> Iterator[None]:
        module = Module(self.workspace.root / "modules" / fault.module)
        lesson = read_lesson(self.workspace, module).lesson
        module.lesson.write_text(with_fault(lesson, fault), encoding="utf-8", newline="\n")
        try:
            yield
        finally:
            module.lesson.write_text(lesson.text, encoding="utf-8", newline="\n")

    def home(self, module: str, *options: str) -> dict[str, Any]:
        """What the module's own tests say: outcome, the tasks that failed, the first message."""
        before = time.monotonic()
        said = json.loads(self._tito("module", "test", module, "--json", *options))
        failed = [test for test in said["tests"] if test["status"] not in ("passed", "skipped")]
        cause = json.dumps(said["cause"]) if said["cause"] else ""
        slow = not failed and '"time"' in cause  # a loop that never ends, or a busy machine
        return {
            "outcome": "could_not_run" if slow else said["outcome"],
            "tasks": [test["task"] for test in failed],
            "message": failed[0]["message"] if failed else cause,
            "seconds": round(time.monotonic() - before, 2),
        }

    def milestone(self, module: str, milestone: str) -> dict[str, Any]:
        """What the milestone alone says of the exported fault, whatever the module's tests say.

        `same` tells of a fault that passed whether it left every measured number as it was.
        """
        right = self._measured(milestone)
        before = time.monotonic()
        try:
            self._export(Module(self.workspace.root / "modules" / module))
            found = self._alone(milestone)
        finally:
            shutil.rmtree(self.workspace.package)
            shutil.copytree(self.sound, self.workspace.package)
        seconds = round(time.monotonic() - before, 2)
        same = found.pop("metrics", None) == right
        return {**found, "milestone": milestone, "same": same, "seconds": seconds}

    def _measured(self, milestone: str) -> dict[str, Any]:
        """What the milestone measures with the reference answers."""
        if milestone not in self.right:
            found = self._alone(milestone)
            if found["outcome"] != "passed":
                raise RuntimeError(f"The right answers fail at {milestone}: {found['message']}")
            self.right[milestone] = found["metrics"]
        return self.right[milestone]

    def _alone(self, milestone: str) -> dict[str, Any]:
        arguments = (milestone, str(SEED), str(self.workspace.root))
        try:
            said = self._python("-m", "tests.course.faults.alone", *arguments)
        except subprocess.TimeoutExpired:
            return {"outcome": "failed", "message": "It did not end.", "part": "", "module": ""}
        return dict(json.loads(said))

    def _export(self, module: Module) -> None:
        """Write the lesson into `tinytorch/`, untested."""
        composed = compose(self.workspace, read_lesson(self.workspace, module))
        with swapped(self.workspace, composed.files):
            self._require_changed_package()

    def _require_changed_package(self) -> None:
        """An export that was refused would leave the right answers, and they would be judged."""
        if _sources(self.workspace.package) == _sources(self.sound):
            raise RuntimeError("The fault was not exported: tinytorch/ is still the reference's.")

    def _tito(self, *arguments: str) -> str:
        return self._python("-m", "tito", *arguments)

    def _python(self, *arguments: str) -> str:
        root, given = course_root(), os.environ.get("PYTHONPATH")
        folders = [str(root), str(root / "tests" / "milestones"), given]
        path = os.pathsep.join(filter(None, folders))
        home = {"TINYTORCH_HOME": str(self.folder / "home"), "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.workspace.root,
            env={**os.environ, **ONE_THREAD, **home},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=LIMIT,
        )
        if not done.stdout:
            raise RuntimeError(f"{' '.join(arguments)} printed nothing.\n{done.stderr}")
        return done.stdout


def _sources(package: Path) -> dict[Path, bytes]:
    return {path.relative_to(package): path.read_bytes() for path in package.rglob("*.py")}
