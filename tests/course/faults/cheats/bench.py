"""Try one cheat in a throw-away workspace: does it earn a tick?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.course.faults.cheats import confined
from tests.course.faults.cheats.cheat import MILESTONE, MODULE, REQUIRED, Cheat
from tests.course.faults.fault import Fault
from tests.course.faults.workbench import LIMIT, ONE_THREAD, SEED, Workbench
from tito.core.milestones.tracker import Tracker, load
from tito.core.outcome import Evidence
from tito.core.workspace.course import course_root
from tito.core.workspace.workspace import Module, Workspace
from tito.workflows import status

STAGES = ("milestone", "judged", "home", "pytest")
TITO = Path(sys.executable).with_name("tito")  # `-m tito` would find the workspace's files first


class CheatBench(Workbench):
    """A workbench with a cheat's trick in the lesson, its files in the workspace, its variables.

    What it runs can write only below `folder`, which also holds its home and temporary folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.environment: dict[str, str] = {}
        loaded = load(Workspace(course_root()))
        assert loaded is not None
        self.tracker = loaded

    @contextmanager
    def trying(self, fault: Fault) -> Iterator[None]:
        assert isinstance(fault, Cheat)
        with super().trying(fault), self._planted(fault.planted):
            lesson = self.workspace.root / "modules" / MODULE / f"{MODULE[3:]}.py"
            text = lesson.read_text(encoding="utf-8")
            lesson.write_text(f"{text}\n# %%\n#| export\n{fault.code}", encoding="utf-8")
            self.environment = dict(fault.environment)
            try:
                yield
            finally:
                self.environment = {}
                # Some leave a journal of an export behind, which would stop the next one.
                for place in (
                    self.home_folder,
                    self.folder / "tmp",
                    self.workspace.scratch / "swap",
                ):
                    shutil.rmtree(place, ignore_errors=True)

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
                if was is not None:
                    path.write_text(was, encoding="utf-8")
                else:
                    path.unlink(missing_ok=True)  # an export may have put the package back

    def _text(self, name: str) -> str | None:
        path = self.workspace.root / name
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def verdict(self, stage: str) -> dict[str, Any]:
        """`earned`: the verdict is a pass, or the progress says so afterwards, with evidence."""
        before = time.monotonic()
        if stage == "pytest":
            found = self._pytest()
        else:
            found = _told(self._milestone() if stage == "milestone" else self._module(stage))
        earned = found["outcome"] == "passed" or self._recorded(stage)
        return {**found, "earned": earned, "seconds": round(time.monotonic() - before, 2)}

    def _module(self, stage: str) -> subprocess.CompletedProcess[str] | None:
        judged = ["--judged"] if stage == "judged" else []
        return self._tito_confined("module", "test", MODULE, "--json", *judged)

    def _milestone(self) -> subprocess.CompletedProcess[str] | None:
        """The modules are complete, as if the tests had been passed; the fault is exported."""
        tracker = self.tracker.MilestoneTracker(self.home_folder / "progress.json")
        for module in REQUIRED:
            tracker.mark_module_complete(module, {"tests": 1})
        with self._exported():
            return self._tito_confined("milestone", "run", MILESTONE, "--json", f"--seed={SEED}")

    def _pytest(self) -> dict[str, Any]:
        """For comparison, a checker that trusts what it runs: plain pytest, its code, its report.

        What fools nobody here and is not aimed at this course's own tools is no cheat.
        """
        report = self.folder / "tmp" / "report.xml"
        options = ["-m", "pytest", "-q", "--import-mode=importlib", f"--junitxml={report}"]
        with self._exported():
            path = {"PYTHONPATH": str(self.workspace.root)}
            done = self._confined(*options, f"modules/{MODULE}/test_{MODULE[3:]}.py", own=path)
        said = report.read_text("utf-8", errors="replace") if report.is_file() else ""
        good = 'errors="0"' in said and 'failures="0"' in said and 'tests="0"' not in said
        passed = done is not None and (done.returncode == 0 or good)
        message = "" if done is None else done.stdout[-200:]
        return {"outcome": "passed" if passed else "failed", "message": message}

    @contextmanager
    def _exported(self) -> Iterator[None]:
        try:
            self._export(Module(self.workspace.root / "modules" / MODULE))
            yield
        finally:
            shutil.rmtree(self.workspace.package)
            shutil.copytree(self.sound, self.workspace.package)

    def _recorded(self, stage: str) -> bool:
        """Whether the person's progress shows the tick as earned: nothing here records one."""
        names, records, name = (
            ("completed_milestones", "milestones", MILESTONE)
            if stage == "milestone"
            else ("completed_modules", "modules", MODULE)
        )
        try:
            progress = json.loads((self.home_folder / "progress.json").read_text("utf-8"))
            record = progress.get(records, {}).get(name, {})
            if name not in progress[names]:
                return False
            if stage == "milestone":
                return bool(self.tracker.evidence_of(name, record) == Evidence.RECORD)
            return status.evidence_of(Tracker(self.workspace, {}), name, record) is Evidence.RECORD
        except (OSError, ValueError, KeyError):
            return False

    def _tito_confined(self, *arguments: str) -> subprocess.CompletedProcess[str] | None:
        return self._confined(str(TITO), *arguments, own={})

    def _confined(
        self, *arguments: str, own: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str] | None:
        """Python with these arguments, and these variables of its own; None if it did not end."""
        places = {"TINYTORCH_HOME": "home", "HOME": "home", "USERPROFILE": "home", "TMPDIR": "tmp"}
        for name in set(places.values()):
            (self.folder / name).mkdir(exist_ok=True)
        own = {**own, **{name: str(self.folder / place) for name, place in places.items()}}
        command = [sys.executable, confined.__file__, self.folder, sys.executable]
        try:
            return subprocess.run(
                [*map(str, command), *arguments],
                cwd=self.workspace.root,
                env={"PATH": os.environ["PATH"], **ONE_THREAD, **own, **self.environment},
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                check=False,
                timeout=LIMIT,
            )
        except subprocess.TimeoutExpired:
            return None

    @property
    def home_folder(self) -> Path:
        return self.folder / "home"


def _told(done: subprocess.CompletedProcess[str] | None) -> dict[str, Any]:
    """What the command has said: its outcome, and the first reason that it gave."""
    if done is None:
        return {"outcome": "no end", "message": ""}
    try:
        said = json.loads(done.stdout)
        return {"outcome": said["outcome"], "message": _reason(said)[:400]}
    except (ValueError, KeyError, TypeError):
        said_on_error = (done.stderr or done.stdout)[-400:]
        return {"outcome": f"refused ({done.returncode})", "message": said_on_error}


def _reason(said: dict[str, Any]) -> str:
    failed = [test for test in said.get("tests", []) if test["status"] not in ("passed", "skipped")]
    if failed:
        return str(failed[0]["message"])
    return json.dumps(said.get("cause") or said.get("reason") or said.get("details") or "")
