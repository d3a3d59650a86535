"""The installed course as a folder that runs without being installed, for a grader elsewhere.

It has the layout of the wheel: `course/tito/`, and the course itself in `course/tito/_course/`. Who
puts `course/` on Python's path has this very release, whichever way it was installed here.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from tito.core.errors import MachineError
from tito.core.workspace.course import PACKAGE, REINSTALL, course_root
from tito.core.workspace.course_files import course_files
from tito.core.workspace.workspace import modules_in

DISTRIBUTION = "tinytorch-course"
COURSE = PurePosixPath("course")
OLDEST_DATE = (1980, 1, 1, 0, 0, 0)  # for every file of a zip: the same course, the same bytes


def course_bundle() -> dict[str, bytes]:
    """The tool and the course by their path in the bundle."""
    inside = COURSE / "tito"
    files = {inside / name: PACKAGE / name for name in _own_files()}
    root = course_root()
    files |= {inside / "_course" / name: root / name for name in _course_names(root)}
    return {path.as_posix(): source.read_bytes() for path, source in sorted(files.items())}


def _own_files() -> Iterator[str]:
    for path in sorted(PACKAGE.rglob("*")):
        name = path.relative_to(PACKAGE)
        made = {"__pycache__", "_course"} & set(name.parts)
        if path.is_file() and not made and not path.name.startswith("."):
            yield name.as_posix()


def _course_names(root: Path) -> Iterator[str]:
    yield from course_files(root)
    yield from (module.lesson.relative_to(root).as_posix() for module in modules_in(root))


def requirements() -> list[str]:
    """The packages that the tool itself needs, as pip takes them; no extras."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        found = requires(DISTRIBUTION) or []
    except PackageNotFoundError as error:
        text = "tito is not installed, so that its requirements are not known."
        raise MachineError(text, hint=REINSTALL) from error
    return [line for line in found if "extra ==" not in line]


def as_zip(files: Mapping[str, bytes], runnable: tuple[str, ...] = ()) -> bytes:
    """A zip file, the same bytes for the same files; `runnable` ones may be executed."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, OLDEST_DATE)
            info.create_system = 3  # Unix, so that the mode counts
            info.external_attr = (0o100755 if name in runnable else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return data.getvalue()
