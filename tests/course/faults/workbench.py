"""A throw-away workspace with the reference answers in which one fault at a time is tried.

`home` is what `tito module test` says, `milestone` what the tracker says of the exported package.
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
from tito.core.lesson.file import read_lesson
from tito.core.workspace.course import course_root
from tito.core.workspace.workspace import Module
from tito.workflows.init import create_workspace

SEED = 1
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
MILESTONE = """
import importlib.util, json, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("the_tracker", sys.argv[1])
tracker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tracker)
verdict = tracker.MilestoneTracker().run_milestone(
    sys.argv[2], seed=int(sys.argv[3]), workspace=Path(sys.argv[4])
)
print(json.dumps({"outcome": verdict.outcome, "message": f"{verdict.reason}\\n{verdict.details}"}))
"""


class Workbench:
    """One solved workspace; `with bench.trying(fault)` changes one lesson and puts it back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = create_workspace(folder / "workspace", solved=True)
        self.sound, self.environment = folder / "sound", dict[str, str]()
        shutil.copytree(self.workspace.package, self.sound)

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
        return {
            "outcome": said["outcome"],
            "tasks": [test["task"] for test in failed],
            "message": failed[0]["message"] if failed else cause,
            "seconds": round(time.monotonic() - before, 2),
        }

    def milestone(self, module: str, milestone: str) -> dict[str, Any]:
        """What the milestone alone says of the exported fault, whatever the module's tests say."""
        before = time.monotonic()
        self._tito("export", "--no-test", module)
        self._require_changed_package()
        tracker = course_root() / "tests" / "milestones" / "milestone_tracker.py"
        arguments = (str(tracker), milestone, str(SEED), str(self.workspace.root))
        try:
            said = json.loads(self._python("-c", MILESTONE, *arguments))
        finally:
            shutil.rmtree(self.workspace.package)
            shutil.copytree(self.sound, self.workspace.package)
        return {**said, "milestone": milestone, "seconds": round(time.monotonic() - before, 2)}

    def _require_changed_package(self) -> None:
        """An export that was refused would leave the right answers, and they would be judged."""
        if _sources(self.workspace.package) == _sources(self.sound):
            raise RuntimeError("The fault was not exported: tinytorch/ is still the reference's.")

    def _tito(self, *arguments: str) -> str:
        return self._python("-m", "tito", *arguments)

    def _python(self, *arguments: str) -> str:
        path = os.pathsep.join(filter(None, [str(course_root()), os.environ.get("PYTHONPATH")]))
        home = {"TINYTORCH_HOME": str(self.folder / "home"), "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.workspace.root,
            env={**os.environ, **ONE_THREAD, **home, **self.environment},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if not done.stdout:
            raise RuntimeError(f"{' '.join(arguments)} printed nothing.\n{done.stderr}")
        return done.stdout


def _sources(package: Path) -> dict[Path, bytes]:
    return {path.relative_to(package): path.read_bytes() for path in package.rglob("*.py")}
