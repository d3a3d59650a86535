"""`tito class init DIR`: a class folder with an example that works as it is."""

from __future__ import annotations

from pathlib import Path

from tito import __version__
from tito.core.classroom.config import CONFIG, read_class
from tito.core.classroom.roster import ROSTER
from tito.core.errors import UsageError, reporting_os_errors
from tito.core.files import write_whole
from tito.core.words import quoted
from tito.core.workspace.workspace import course

EXAMPLE = """\
# The class: edit this file; `tito class` reads it each time.
[class]
name = {name}
course = "{version}"          # the release of the course that the class works with
timezone = "UTC"          # for the deadlines below, such as "Europe/Berlin"

# What one test may take. Without these lines, the course's own limits hold.
# [limits]
# seconds = 10
# memory_mb = 2048

[late]
policy = "none"           # or "percent_per_day" (percent, cap), or "grace_days" (days)
# percent = 10            # of the points, for each day begun
# cap = 50                # never more than that many percent
# days = 3

[[assignment]]
id = "a1"                 # names folders: submissions/a1, results/a1, reports/a1
title = "The first module"
modules = ["{first}"]
milestones = []           # such as ["perceptron"]; `tito milestone status` lists them
# due = 2027-03-01T23:59:00
# points = {{ "{first}" = 10 }}   # by module, task ("1.3") or milestone; else 1 for each task
"""
ROSTER_EXAMPLE = """\
id,last_name,first_name,email
ada,Lovelace,Ada,ada@example.org
alan,Turing,Alan,alan@example.org
"""
IGNORED = """\
# Names, work and marks of students do not belong into a public repository. Remove the lines of
# what you want to keep in a private one.
/roster.csv
/submissions/
/results/
/reports/
/.tito/
"""


def create_class(target: Path) -> Path:
    """Write the example; refuse a folder that already has files of a class."""
    files = {
        CONFIG: EXAMPLE.format(
            name=f'"{_plain(target.name)}"', version=__version__, first=course().modules[0].number
        ),
        ROSTER: ROSTER_EXAMPLE,
        ".gitignore": IGNORED,
    }
    there = next((name for name in files if name != ".gitignore" and (target / name).exists()), "")
    if there:
        raise UsageError(
            f"This folder already has a {there}. Nothing in it was changed.",
            where=str(target / there),
            hint=f"tito class init {quoted(target.with_name(f'{target.name}-2'))}",
        )
    with reporting_os_errors("The class folder could not be written: {}.", where=target):
        target.mkdir(parents=True, exist_ok=True)
        for name, text in reversed(files.items()):  # class.toml last: it makes it a class folder
            if not (target / name).exists():
                write_whole(target / name, text.encode())
    read_class(target)
    return target


def _plain(name: str) -> str:
    """A folder's name between the quotes of TOML."""
    kept = "".join(letter for letter in name if letter.isprintable() and letter not in '"\\')
    return kept or "My class"
