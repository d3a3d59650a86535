"""Build what another system grades with: Gradescope's zip, Classroom 50's files.

They hold the course, `class.toml` and the seed of one assignment: no roster, no secret, no name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tito import __version__
from tito.core.classroom.bundle import course_bundle, requirements
from tito.core.classroom.config import CONFIG, Assignment, find_class, read_class
from tito.core.classroom.points import Item, rounded
from tito.core.classroom.secret import class_secret, seed_of
from tito.core.errors import UsageError, reporting_os_errors
from tito.core.files import read_regular, write_whole
from tito.core.outcome import StrEnum
from tito.core.words import module_number
from tito.workflows.classroom.report import items_in

if TYPE_CHECKING:
    from tito.world import World

JOB = "autograder.json"
RUNNABLE = ("setup.sh", "run_autograder")
SECONDS = 570  # of Gradescope's ten minutes: the rest is for it to start and to read the results
MODULE_SECONDS = 240
MILESTONE_SECONDS = 600  # Classroom 50 allows no more
MEMORY_MB = 450.0  # for the student's process, of the 768 that a container has


class Visibility(StrEnum):
    """When Gradescope shows a test to students."""

    VISIBLE = "visible"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class Job:
    """What an autograder is for."""

    assignment: str
    seed: int
    visibility: str = Visibility.VISIBLE.value
    judged: bool = True  # in a process that the student's code cannot reach


# A shell with `set -u` and no bashism beyond Gradescope's own image (Ubuntu). The folder may be
# another one, to try the autograder elsewhere.
SETUP = """\
#!/usr/bin/env bash
# Run once, when Gradescope builds the image.
set -eu
root="${1:-/autograder}"
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    apt-get update && apt-get install -y --no-install-recommends python3 python3-venv
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
    echo "The course needs Python 3.10: choose a newer base image (Ubuntu 22.04 or later)." >&2
    exit 1
}
python3 -m venv "$root/venv"
"$root/venv/bin/python" -m pip install --quiet --no-cache-dir -r "$root/source/requirements.txt"
"$root/venv/bin/python" - "$root/source/course" <<'END'
import pathlib, sys, sysconfig
path = pathlib.Path(sysconfig.get_path("purelib"), "course.pth")
path.write_text(sys.argv[1] + "\\n", encoding="utf-8")
END
"$root/venv/bin/python" -m compileall -q "$root/source/course" || true
"""
RUN = """\
#!/usr/bin/env bash
# Run for each submission. If it cannot judge, there are no results and the exit code is not 0:
# Gradescope then shows a failure of the autograder, and no zero.
set -u
root="${{1:-/autograder}}"
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 PYTHONUTF8=1 NO_COLOR=1
rm -f "$root/results/results.json"
timeout --kill-after=10 "${{TITO_LIMIT:-{seconds}}}" \\
    "$root/venv/bin/python" -m tito class gradescope --run "$root"
code=$?
if [ "$code" -ne 0 ]; then
    rm -f "$root/results/results.json"
    [ "$code" -eq 124 ] && echo "The autograder ran out of time; this is not a verdict."
    exit "$code"
fi
"""
CLASSROOM50 = '''\
"""Grade the repository in the current folder. Exit code 0: it was judged, whatever came out."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    needed = str(HERE / "requirements.txt")
    if subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", "-r", needed]):
        return 3
    path = os.pathsep.join(filter(None, (str(HERE / "course"), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "tito", "class", "classroom50", "--run", str(HERE)]
    return subprocess.call(command, env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"})


sys.exit(main())
'''


def gradescope_files(
    world: World, name: str, visibility: str | None, *, judged: bool = True
) -> dict[str, bytes]:
    """The files of `autograder.zip`, by name."""
    files, _ = _common(world, name, visibility, judged=judged)
    scripts = {"setup.sh": SETUP, "run_autograder": RUN.format(seconds=SECONDS)}
    return {**{script: text.encode() for script, text in scripts.items()}, **files}


def classroom50_files(world: World, name: str, *, judged: bool = True) -> dict[str, bytes]:
    """`autograder.py` with what it needs beside it, and `tests.json` for a class without code."""
    files, assignment = _common(world, name, None, judged=judged)
    tests = json.dumps(tests_json(assignment, items_in(world, assignment)), indent=1)
    own = {"autograder.py": CLASSROOM50, "tests.json": tests + "\n"}
    return {**{path: text.encode() for path, text in own.items()}, **files}


def _common(
    world: World, name: str, visibility: str | None, *, judged: bool
) -> tuple[dict[str, bytes], Assignment]:
    root = find_class(world.cwd)
    assignment = read_class(root).assignment(name)
    items_in(world, assignment)  # a mistake in its points is told here, not in the container
    seed = seed_of(class_secret(root), assignment.id)
    shown = visibility or (Visibility.AFTER_PUBLISHED if assignment.hidden else Visibility.VISIBLE)
    job = {"assignment": assignment.id, "seed": seed, "visibility": str(shown), "judged": judged}
    files = {
        JOB: (json.dumps(job, indent=1) + "\n").encode(),
        CONFIG: read_regular(root / CONFIG),
        "requirements.txt": "".join(f"{line}\n" for line in requirements()).encode(),
        **course_bundle(),
    }
    return files, assignment


def tests_json(assignment: Assignment, items: tuple[Item, ...]) -> list[dict[str, Any]]:
    """One test for each module and milestone, which passes as a whole or not at all."""
    setup = f"python -m pip install --quiet tinytorch-course=={__version__}"
    found = []
    for module in assignment.modules:
        points = sum(item.points for item in items if item.module == module)
        run = f"tito module test {module_number(module)} --judged"
        found.append(_test(module, setup, run, points, MODULE_SECONDS))
    for item in items:
        if not item.module:
            run = f"tito export && tito milestone run {item.key}"
            found.append(_test(item.title, setup, run, item.points, MILESTONE_SECONDS))
    return found


def _test(name: str, setup: str, run: str, points: Any, seconds: int) -> dict[str, Any]:
    return {
        "name": name,
        "type": "run",
        "setup": setup,
        "run": run,
        "timeout": seconds,
        "points": int(rounded(points, 0)),
    }


def write_out(path: Path, data: bytes) -> None:
    with reporting_os_errors("The file could not be written: {}.", where=path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)


def read_job(source: Path) -> Job:
    """What the autograder in this folder is for; UsageError if the folder is none."""
    try:
        found = json.loads(read_regular(source / JOB))
        return Job(
            str(found["assignment"]),
            int(found["seed"]),
            str(found["visibility"]),
            bool(found["judged"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "This folder is not an autograder that tito has built.",
            where=str(source / JOB),
            hint="tito class gradescope --help",
        ) from error
