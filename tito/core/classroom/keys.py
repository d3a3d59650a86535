"""The keys of one TOML table, taken one by one; every error says which table and which key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tito.core.errors import TitoError, did_you_mean

# A folder is named so, on Windows too, and an option cannot look like it.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}


def is_name(text: str) -> bool:
    """Whether this can be a folder's name on every system."""
    return (
        bool(NAME.fullmatch(text))
        and not text.endswith(".")
        and text.partition(".")[0].lower() not in RESERVED
    )


class Keys:
    """Takes keys out of a table. `refuse_others` then reports those that nobody took."""

    def __init__(self, title: str, table: Mapping[str, Any], where: str) -> None:
        self._title, self._table, self._where = title, table, where
        self._taken: set[str] = set()

    def called(self, name: str) -> Keys:
        """The same keys, with errors that name this one of several tables."""
        found = Keys(f"{self._title} {name}", self._table, self._where)
        found._taken = self._taken
        return found

    def mistake(self, key: str, text: str, *, hint: str | None = None) -> TitoError:
        place = f"{self._title}: {key}" if self._title else key
        return TitoError(f"{place}: {text}.", where=self._where, hint=hint)

    def take(self, key: str) -> Any:
        self._taken.add(key)
        return self._table.get(key)

    def _typed(self, key: str, kind: type, called: str) -> Any:
        value = self.take(key)
        if value is not None and not isinstance(value, kind):
            raise self.mistake(key, f"{value!r} is not {called}")
        return value

    def text(self, key: str, otherwise: str) -> str:
        value = self._typed(key, str, "a text in quotes")
        return otherwise if value is None else str(value)

    def name(self, key: str) -> str:
        """A text that can be a folder's name."""
        value = self.text(key, "")
        if not is_name(value):
            letters = "letters, digits and ._-, and starts with a letter or digit"
            raise self.mistake(key, f"{value!r} names a folder, so it has only {letters}")
        return value

    def texts(self, key: str) -> list[str]:
        values = self._typed(key, list, "a list") or []
        if not all(isinstance(value, str) for value in values):
            raise self.mistake(key, 'the list holds texts in quotes, such as ["00", "01"]')
        return list(values)

    def flag(self, key: str) -> bool:
        return bool(self._typed(key, bool, "true or false"))

    def positive(self, key: str, otherwise: float | None) -> float | None:
        value = self.take(key)
        return otherwise if value is None else self._number(key, value)

    def _number(self, key: str, value: Any) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value < 1e9:
            raise self.mistake(key, f"{value!r} is not a number from 0 up")
        return float(value)

    def numbers(self, key: str) -> dict[str, float]:
        table = self._typed(key, dict, "a table such as { perceptron = 10 }") or {}
        return {str(name): self._number(f"{key}.{name}", value) for name, value in table.items()}

    def table(self, key: str) -> Keys:
        table = self._typed(key, dict, "a table") or {}
        title = f"{self._title}.{key}" if self._title else f"[{key}]"
        return Keys(title, table, self._where)

    def tables(self, key: str) -> list[Keys]:
        tables = self._typed(key, list, f"a list of [[{key}]] tables") or []
        if not all(isinstance(table, dict) for table in tables):
            raise self.mistake(key, f"write [[{key}]] in double brackets")
        return [Keys(f"[[{key}]]", table, self._where) for table in tables]

    def refuse_others(self) -> None:
        """Raise TitoError for a key that nobody knows: a misspelled one would do nothing."""
        for key in self._table:
            if key not in self._taken:
                meant = did_you_mean(key, self._taken)
                raise self.mistake(key, f"there is no such key.{meant}".rstrip("."))
