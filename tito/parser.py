"""An argparse parser that raises UsageError and suggests the nearest known word."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn, TextIO

from tito.core.errors import UsageError, did_you_mean

CHOICE = r"invalid choice: '(?P<word>.*?)' \(choose from (?P<known>.*)\)"
# argparse looks for translations of its messages at every start, file by file. We skip that:
# `_in_plain_words` matches the English messages.
vars(argparse)["_"] = str
UNKNOWN = r"unrecognized arguments: (?P<word>\S+)"


def columns(env: Mapping[str, str]) -> int:
    """The width of the terminal, or 80 if it is not known."""
    try:
        return int(env.get("COLUMNS", 0)) or os.get_terminal_size().columns
    except (OSError, ValueError):
        return 80


class Parser(argparse.ArgumentParser):
    """Raises instead of exiting. Help goes to `out`, laid out for `width` columns."""

    def __init__(self, *args: Any, out: TextIO, width: int = 80, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)  # a script must not depend on a prefix
        # With a fixed width: argparse makes one for every option, and would import shutil to ask.
        formatter = partial(argparse.HelpFormatter, width=max(width - 2, 20))
        kwargs.setdefault("formatter_class", formatter)
        self.out, self.width = out, width
        super().__init__(*args, **kwargs)

    def add_subparsers(self, **kwargs: Any) -> Any:
        kwargs.setdefault("parser_class", partial(VerbParser, out=self.out, width=self.width))
        return super().add_subparsers(**kwargs)

    def print_help(self, file: Any = None) -> None:
        """Print the help to `out`. argparse itself would silently ignore a write error."""
        print(self.format_help(), end="", file=file or self.out)

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
            meant = did_you_mean(unknown["word"], self._option_string_actions)
            return f"{self.prog} does not know {unknown['word']!r}.{meant}"
        return f"{self.prog}: {message}"


class VerbParser(Parser):
    """A subparser that reports its own unknown arguments; argparse would leave that to the main
    parser, which has other options. `fill` adds the arguments when they are needed.

    With `intermixed`, options may stand between several positional arguments.
    """

    intermixed: bool = False

    def __init__(
        self, *args: Any, fill: Callable[[argparse.ArgumentParser], None], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._fill = fill
        self._inside = False  # argparse's own steps of an intermixed command line

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._inside:
            return super().parse_known_args(args, namespace)
        self._fill(self)
        self._inside = True
        parse = self.parse_known_intermixed_args if self.intermixed else super().parse_known_args
        namespace, unknown = parse(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return namespace, unknown
