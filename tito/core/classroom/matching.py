"""Whose is it: an arrival's id, e-mail or name, and the roster."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from tito.core.classroom.roster import Student

# An id is sure, a name is a guess that counts only if one student has it.
SURE = ("id", "email")


class Matcher:
    """Finds the students of a roster."""

    def __init__(self, roster: Sequence[Student]) -> None:
        self._by: dict[str, dict[str, list[Student]]] = {}
        for student in roster:
            for key, text in _keys_of(student):
                if text:
                    self._by.setdefault(key, {}).setdefault(_plain(text), []).append(student)

    def find(self, owner: Mapping[str, str]) -> Student | None:
        """The one student that an owner's id, e-mail, number or name belongs to."""
        order = [*SURE, *(key for key in owner if key not in (*SURE, "name")), "name"]
        for key in order:
            found = self._by.get(key, {}).get(_plain(owner.get(key, "")), [])
            if len(found) == 1:
                return found[0]
        return None


def _keys_of(student: Student) -> list[tuple[str, str]]:
    first, last = student.first_name, student.last_name
    named = [("name", first + last), ("name", last + first)] if first or last else []
    # Canvas and Gradescope know the school's own number, which a roster may have under its name.
    return [
        ("id", student.id),
        ("email", student.email),
        *student.more.items(),
        *((key, student.id) for key in ("canvas_id", "moodle_id") if key not in student.more),
        *dict.fromkeys(named),
    ]


def _plain(text: str) -> str:
    """Without case, accents, spaces and punctuation: `Löwe-Meyer, Ada` as `lowemeyerada`."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if letter.isalnum())
