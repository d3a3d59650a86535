"""Run the tests of modules against a staged package, in one child process with limits.

`cause` interprets the run, `views/checklist` shows it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tito import FRAMEWORK
from tito.core import process
from tito.core.child_output import Event
from tito.core.errors import UsageError
from tito.core.files import read_regular
from tito.core.testing.cause import read_report
from tito.core.testing.ending import Ending
from tito.core.testing.listed import Listed
from tito.core.testing.results import Cause, Place, Report
from tito.core.testing.seal import SECRET_BYTES, Seal
from tito.core.testing.trace import Trace, is_event
from tito.core.workspace.course import ISOLATION, course_root
from tito.core.workspace.workspace import Module, Workspace

if TYPE_CHECKING:
    from tito.core.testing.standby import Standby

CHILD = Path(__file__).with_name("child.py")
READY = "ready"  # the child's argument: import what every run needs before the job is there
TEST_SECONDS = 10.0  # for one test; TITO_TEST_SECONDS changes it
ALL_SECONDS = 120.0
OLDEST_NUMPY = "2.1"  # the first for which float32 stays float32 on every Python that we support
OLDEST_PYTEST = "8.2"  # older ones fail in odd places, and the lesson would be blamed

MARKERS = """markers =
    in_process: the test needs the student's code in its own process; a judge leaves it out
    shared: the framework may change the lists, dicts and arrays of the test, which are not copied
"""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Subject:
    """A module of the course whose tests are run, and what the student's own exports."""

    module: Module
    targets: Sequence[str]


def run_tests(
    workspace: Workspace,
    staging: Path,
    files: Mapping[str, str],
    subjects: Sequence[Subject],
    *,
    env: Mapping[str, str],
    judged: bool = False,
    on_progress: Progress | None = None,
    on_tick: Callable[[float], None] | None = None,
    standby: Standby | None = None,
) -> Report:
    """One run. `staging` is the folder that holds the package as `tinytorch/`."""
    missing = _missing_tests(workspace, subjects)
    if missing is not None:
        return Report(cause=missing)
    seconds = _setting(env, "TITO_TEST_SECONDS", "seconds") or TEST_SECONDS
    gigabytes = _setting(env, "TITO_TEST_GB", "gigabytes")  # `limits.py` has the default
    token = f"@{os.urandom(8).hex()}@ "
    judge = workspace.judge.milestones if judged else None
    listed = {s.module.name: Listed(read_regular(s.module.tests), judged) for s in subjects}
    job = _write_job(staging, subjects, token, seconds, gigabytes, judge)
    events: list[Event] = []
    secret = os.urandom(SECRET_BYTES)
    result = process.run(
        [sys.executable, str(CHILD)],
        cwd=staging,
        env=child_environment(env),
        timeout=max(ALL_SECONDS, 2 * seconds) * (5 if judged else 1),
        progress_file=staging / "events.jsonl",
        on_event=_Listener(events, on_progress),
        on_tick=on_tick,
        unseal=Seal(secret).open,
        told=json.dumps([str(job), secret.hex()]),  # a path may hold anything
        ready=standby.take() if standby is not None else None,
    )
    report = read_report(
        Trace(
            workspace=workspace,
            files=files,
            tests={subject.module.name: subject.module.tests for subject in subjects},
            listed=listed,
            events=events,
            run=result,
            stack=_text_of(staging / "stack.txt"),
            token=token,
            test_seconds=seconds,
        )
    )
    left_out = sum(event["count"] for event in events if event["event"] == "left_out")
    isolation = next((e["isolation"] for e in events if e["event"] == "isolated"), "")
    return replace(report, judged=judged, left_out=left_out, isolation=isolation)


def _text_of(path: Path) -> str:
    """What the student's process has left there, if that is a file."""
    try:
        return read_regular(path).decode("utf-8", errors="replace")
    except OSError:
        return ""


class _Listener:
    """Collects events and counts finished tests for a progress line."""

    def __init__(self, events: list[Event], on_progress: Progress | None) -> None:
        self.events = events
        self.on_progress = on_progress
        self.total = self.done = 0

    def __call__(self, event: Event) -> None:
        if not is_event(event):
            return
        self.events.append(event)
        if event["event"] == "collected":
            self.total = len(event["tests"])
        self.done += event["event"] == "finished"
        if self.on_progress is not None and self.total:
            self.on_progress(min(self.done, self.total), self.total)


def child_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment, without variables that would change the run."""
    return {**process.clean_environment(env), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def _write_job(
    staging: Path,
    subjects: Sequence[Subject],
    token: str,
    seconds: float,
    gigabytes: float | None,
    judge: Path | None,
) -> Path:
    ini = staging / "pytest.ini"
    ini.write_text(f"[pytest]\nminversion = {OLDEST_PYTEST}\n{MARKERS}", encoding="utf-8")
    job = staging / "job.json"
    content = {
        "staging": str(staging),
        "events": str(staging / "events.jsonl"),
        "stack": str(staging / "stack.txt"),
        "ini": str(ini),
        "token": token,
        "test_seconds": seconds,
        "limits": str(course_root() / ISOLATION / "limits.py"),
        "gigabytes": gigabytes,
        "oldest_numpy": OLDEST_NUMPY,
        "verification": str(judge) if judge is not None else None,
        "modules": [
            {
                "name": subject.module.name,
                "tests": str(subject.module.tests),
                "targets": [f"{FRAMEWORK}.{target}" for target in subject.targets],
            }
            for subject in subjects
        ],
    }
    job.write_text(json.dumps(content), encoding="utf-8")
    return job


def _missing_tests(workspace: Workspace, subjects: Sequence[Subject]) -> Cause | None:
    for subject in subjects:
        if not subject.module.tests.is_file():
            return _tests_missing(workspace, subject.module)
    return None


def _tests_missing(workspace: Workspace, module: Module) -> Cause:
    """A file of the course is gone, or it is a module of somebody's own."""
    own = workspace.root / "modules" / module.name / module.tests.name
    if workspace.chosen_course is None and own.is_file():
        place, hint = Place(str(module.tests), 0), f"tito --course . module test {module.number}"
        return Ending.TESTS_ELSEWHERE.cause(place, hint=hint, module=module.name)
    place = Place(workspace.shown(module.tests), 0)
    return Ending.TESTS_MISSING.cause(place, hint=workspace.judge_repair)


def _setting(env: Mapping[str, str], name: str, unit: str) -> float | None:
    """A positive number from the environment, if it is there; UsageError if it is not one."""
    text = env.get(name)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 86_400:
        raise UsageError(
            f"{name} is {text!r}, which is not a number of {unit}.", hint=f"unset {name}"
        )
    return number
