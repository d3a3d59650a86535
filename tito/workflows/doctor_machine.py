"""What `tito doctor` checks on the machine: Python, packages, home, disk, terminal.

Each check returns findings and fixes nothing. `doctor_workspace` checks the workspace; `views`
shows the findings.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tito import __version__
from tito.core.console import supports_unicode
from tito.core.errors import os_reason
from tito.core.outcome import Fault, StrEnum
from tito.core.python import pip_install, python_command
from tito.core.workspace.course import PACKAGE

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DISTRIBUTION = "tinytorch-course"
OLDEST_PYTHON = (3, 10)
MIN_FREE_BYTES = 50_000_000  # bytes: a lesson's copies, a verification's scratch files


class Level(StrEnum):
    """How much a finding matters, and to whom."""

    GOOD = "good"
    NOTE = "note"  # worth knowing, but nothing is wrong
    YOURS = "yours"  # in the student's workspace
    MACHINE = "machine"  # in the environment or the tool


FAULT_OF = {Level.YOURS: Fault.STUDENT, Level.MACHINE: Fault.MACHINE}


@dataclass(frozen=True)
class Finding:
    """The result of one check. `fix` is the command, or a short sentence, that fixes it."""

    level: Level
    text: str
    fix: str | None = None

    @property
    def fault(self) -> Fault | None:
        """Whose problem it is; None if there is nothing to do."""
        return FAULT_OF.get(self.level)

    def as_json(self) -> dict[str, object]:
        # "mend" is the old name of "fix", kept for programs that read it.
        return {"level": self.level, "text": self.text, "fix": self.fix, "mend": self.fix}


def exit_code(findings: Sequence[Finding]) -> int:
    """The exit code of the worst finding."""
    return max((f.fault.exit_code for f in findings if f.fault), default=0)


def check_environment(stdout: TextIO, env: Mapping[str, str]) -> list[Finding]:
    return [
        check_python(),
        *check_packages(),
        check_command(env),
        check_jupyter(),
        check_terminal(stdout),
    ]


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    shown = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        text = f"Python {shown} is too old: TinyTorch needs {oldest} or newer"
        return Finding(Level.MACHINE, text, "python3.12 -m venv .venv")
    place = "in an environment" if sys.prefix != sys.base_prefix else "not in an environment"
    return Finding(Level.GOOD, f"Python {shown}, {place}: {sys.executable}")


def check_packages() -> list[Finding]:
    """The core dependencies, as the package itself declares them."""
    try:
        declared = list(requirements())
    except ModuleNotFoundError as error:  # packaging comes with pytest
        text = f"the packages cannot be checked: {error.name} is missing"
        return [Finding(Level.MACHINE, text, pip_install("pytest"))]
    if not declared:
        text = "tito runs without being installed; its dependencies cannot be checked"
        return [Finding(Level.NOTE, text, pip_install(str(PACKAGE.parent)))]
    return [check_package(requirement) for requirement in declared]


def requirements() -> Iterator[Requirement]:
    """What this installation needs on this Python, without extras."""
    from packaging.requirements import Requirement

    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def check_package(requirement: Requirement) -> Finding:
    wanted = f"{requirement.name}{requirement.specifier}"
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        text = f"{requirement.name} is not installed"
        return Finding(Level.MACHINE, text, pip_install(wanted))
    if not requirement.specifier.contains(version, prereleases=True):
        text = f"{requirement.name} {version} is installed, but {requirement.specifier} is needed"
        return Finding(Level.MACHINE, text, pip_install(wanted))
    try:
        importlib.import_module(requirement.name)
    except Exception as error:  # a broken installation may raise anything
        text = f"{requirement.name} {version} cannot be imported: {error!r}"
        again = pip_install(f"{requirement.name}=={version}")
        return Finding(Level.MACHINE, text, f"{again} --force-reinstall")
    return Finding(Level.GOOD, f"{requirement.name} {version}")


def check_command(env: Mapping[str, str]) -> Finding:
    """Check that typing `tito` runs this installation."""
    text = f"tito {__version__}, from {PACKAGE}"
    found = shutil.which("tito", path=env.get("PATH"))
    here = Path(sys.executable).parent
    if found is None:
        return Finding(Level.NOTE, f"{text}; no tito on the PATH", f"{python_command()} -m tito")
    if not Path(found).absolute().is_relative_to(here.absolute()):
        other = f"{text}; but typing tito runs {found}, from another environment"
        return Finding(Level.NOTE, other, f"{python_command()} -m tito")
    return Finding(Level.GOOD, text)


def check_jupyter() -> Finding:
    missing = [n for n in ("jupyterlab", "jupytext") if importlib.util.find_spec(n) is None]
    if not missing:
        return Finding(Level.GOOD, "JupyterLab opens the lessons as notebooks")
    text = f"notebooks (optional) do not work: {' and '.join(missing)} not installed"
    return Finding(Level.NOTE, text, pip_install(*missing))


def check_terminal(stdout: TextIO) -> Finding:
    encoding = getattr(stdout, "encoding", None) or "unknown"
    if supports_unicode(stdout):
        return Finding(Level.GOOD, f"the terminal's encoding is {encoding}")
    setting = "set PYTHONUTF8=1" if os.name == "nt" else "export PYTHONUTF8=1"
    return Finding(
        Level.NOTE, f"the terminal's encoding is {encoding}: tito draws plain characters", setting
    )


def check_home(progress_file: Path) -> Finding:
    """Check that progress can be recorded, by writing a file beside it: mode bits do not tell."""
    folder = progress_file.parent
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"x" * 4096)
            file.flush()
    except OSError as error:
        text = f"progress cannot be recorded in {folder}: {os_reason(error)}"
        here = r"set TINYTORCH_HOME=%CD%\.tinytorch"
        fix = here if os.name == "nt" else 'export TINYTORCH_HOME="$PWD/.tinytorch"'
        return Finding(Level.MACHINE, text, fix)
    return Finding(Level.GOOD, f"progress can be recorded in {folder}")


def check_disk_space(place: Path, free: int | None = None) -> Finding:
    free = shutil.disk_usage(place).free if free is None else free
    if free < MIN_FREE_BYTES:
        text = f"the disk of {place} is almost full: {free / 1e6:.0f} MB left"
        return Finding(Level.MACHINE, text, f"Free at least {MIN_FREE_BYTES / 1e6:.0f} MB.")
    return Finding(Level.GOOD, f"{free / 1e9:.1f} GB free on the disk")
