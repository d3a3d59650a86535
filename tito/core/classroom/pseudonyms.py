"""A student's pseudonym: the same each time, and nobody without the class's secret can undo it."""

from __future__ import annotations

from pathlib import Path

from tito.core.classroom.secret import class_secret, derived

LENGTH = 12  # hexadecimal digits: two of a thousand students share one in 10^-9 of the classes


def pseudonyms(root: Path, students: list[str]) -> dict[str, str]:
    """The pseudonym of each student, by ID."""
    secret = class_secret(root)
    return {name: f"s-{derived(secret, 'pseudonym', name)[:LENGTH]}" for name in students}
