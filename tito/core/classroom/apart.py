"""Hand work to a process of its own, here or on another machine, and wait for what it saw.

The process ends with its parent: it reads a pipe that closes when the parent is gone.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tito.core import process
from tito.core.classroom.cores import a_core, bind
from tito.core.classroom.handed import handed_over
from tito.core.files import read_regular

LONGEST = 3600.0  # seconds for a whole submission; every part of it has a limit of its own
COMMAND = ("-m", "tito", "class", "judge", "--with-parent")
TAIL = 2000  # characters of what a broken process has printed
BROKEN = "broken"  # the key of a reason why there is no result

Seen = dict[str, Any]


def judge_apart(
    work: Mapping[str, Any],
    env: Mapping[str, str],
    stop: threading.Event | None = None,
) -> Seen:
    """Judge `work` (`Work.as_json`) in a new process; what it saw, or `{"broken": why}`.

    Nothing is raised for what happens there: a full disk, a killed process, a defect. When `stop`
    is set, the process is ended, and everything it started.
    """
    try:
        stop = stop or threading.Event()
        with handed_over() as folder, a_core(stop) as core:
            return _judged(work, folder, env, stop, core)
    except OSError as error:
        return {BROKEN: f"The work could not be handed over: {error}"}


def _judged(
    work: Mapping[str, Any],
    folder: Path,
    env: Mapping[str, str],
    stop: threading.Event,
    core: int | None,
) -> Seen:
    job, seen = folder / "work.json", folder / "seen.json"
    job.write_text(json.dumps(work), encoding="utf-8")
    command = [sys.executable, *COMMAND, str(job), "--out", str(seen)]
    here = {**env, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))}
    started = process.start(command, folder, here, waits=True)
    if core is not None:
        bind(started.pid, core)
    ended = process.run(
        command,
        cwd=folder,
        env=here,
        timeout=LONGEST,
        ready=started,
        on_tick=lambda _: _end_if(stop, started),
    )
    if ended.timed_out:
        return {BROKEN: f"It took more than {LONGEST:.0f} seconds."}
    try:
        found = json.loads(read_regular(seen))
    except (OSError, ValueError, RecursionError):
        said = ended.output[-TAIL:].strip() or "It said nothing."
        return {BROKEN: f"The judging process broke off (exit code {ended.returncode}). {said}"}
    return found if isinstance(found, dict) else {BROKEN: "It wrote no result."}


def _end_if(stop: threading.Event, started: subprocess.Popen[bytes]) -> None:
    """Close the pipe: the process then ends what it has started, and itself."""
    if stop.is_set() and started.stdin is not None:
        with contextlib.suppress(OSError):
            started.stdin.close()
