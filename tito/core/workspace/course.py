"""Where the course is: the solved lessons, their tests, and the milestones.

In a checkout that is the repository; in an installed wheel it is `tito/_course`.
"""

from pathlib import Path

from tito.core.errors import MachineError

FIX = "tito doctor --fix"  # puts the course's own files back into a workspace
ISOLATION = Path("tests/milestones/verification/isolation")
PACKAGE = Path(__file__).resolve().parents[2]


def course_root() -> Path:
    """The folder with the course's `modules/` and `tests/milestones/`."""
    for root in (PACKAGE / "_course", PACKAGE.parent):
        if (root / "modules").is_dir():
            return root
    raise MachineError(
        "This installation of tito does not include the course.",
        where=str(PACKAGE / "_course"),
        hint="pip install --force-reinstall tinytorch-course",
    )
