"""Where the course is: the solved lessons, their tests, and the milestones.

In a checkout that is the repository; in an installed wheel it is `tito/_course`. Its tracker, tests
and hints count, not a workspace's copies of them; an author names another course with `--course`.
"""

from functools import cache
from pathlib import Path

from tito.core.errors import MachineError, UsageError

FIX = "tito doctor --fix"  # puts the course's own files back into a workspace
REINSTALL = "pip install --force-reinstall tinytorch-course"
INSTALLED = "installed"  # which course judged, as it is recorded
ISOLATION = Path("tests/milestones/verification/isolation")
PACKAGE = Path(__file__).resolve().parents[2]


def course_root() -> Path:
    """The folder with the course's `modules/` and `tests/milestones/`."""
    return _course_of(PACKAGE)


@cache
def _course_of(package: Path) -> Path:
    for root in (package / "_course", package.parent):
        if (root / "modules").is_dir():
            return root
    raise MachineError(
        "This installation of tito does not include the course.",
        where=str(package / "_course"),
        hint=REINSTALL,
    )


def chosen_course(folder: Path) -> Path:
    """The course in `folder`, which may be a workspace; UsageError if there is none."""
    if (folder / "modules").is_dir():
        return folder.resolve()
    raise UsageError(
        "This folder is not a course: it has no modules/.",
        where=str(folder),
        hint="--course . inside a workspace takes its own tests and milestones",
    )
