"""argparse with the tool's manners: a wrong word is a UsageError with the nearest right one."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from tito.core.errors import UsageError, did_you_mean

CHOICE = r"invalid choice: '(?P<word>.*?)' \(choose from (?P<known>.*)\)"
# argparse looks its texts up in translations, file by file, at every start. Ours are read again
# by `_in_plain_words`, which knows them in English.
vars(argparse)["_"] = str
UNKNOWN = r"unrecognized arguments: (?P<word>\S+)"


class Parser(argparse.ArgumentParser):
    """Raises instead of exiting; subparsers are of the same kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)  # a script must not depend on a prefix
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        raise UsageError(self._in_plain_words(message), hint=f"{self.prog} --help")

    def _in_plain_words(self, message: str) -> str:
        import re

        choice = re.search(CHOICE, message)
        if choice:
            known = [word.strip().strip("'") for word in choice["known"].split(",")]
            meant = did_you_mean(choice["word"], known)
            return f"{self.prog} does not know {choice['word']!r}.{meant}"
        unknown = re.search(UNKNOWN, message)
        if unknown:
            meant = did_you_mean(unknown["word"], self._all_options())
            return f"{self.prog} does not know {unknown['word']!r}.{meant}"
        return f"{self.prog}: {message}"

    def _all_options(self) -> set[str]:
        """Its own options and its subparsers': argparse reports a subparser's at the top."""
        found = set(self._option_string_actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                for inner in action.choices.values():
                    found.update(inner._option_string_actions)
        return found
