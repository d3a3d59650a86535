"""What every command is: a name, its arguments, and `run(args)`, which returns an exit code.

A command gathers arguments, calls a workflow and shows what came back. It raises `TitoError` for
what the user can act on. It never exits.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from tito.world import World

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from tito.core.workspace.workspace import Workspace


class BaseCommand:
    """Subclasses set `name` and `help`, and define `add_arguments` and `run`."""

    name: ClassVar[str] = ""
    help: ClassVar[str] = ""  # the text above the options in `tito NAME --help`

    def __init__(self, world: World | None = None) -> None:
        self.world = world if world is not None else World()

    @property
    def console(self) -> Console:
        return self.world.console

    @property
    def workspace(self) -> Workspace:
        return self.world.workspace

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add this command's options to its parser."""

    def run(self, args: argparse.Namespace) -> int:
        """Run the command; return the exit code."""
        raise NotImplementedError(f"{type(self).__name__}.run")


class Entry(NamedTuple):
    """Where a command is defined, and its line in an overview. Its file is imported only when it is
    used, so that tito starts fast."""

    module: str
    attribute: str
    line: str

    def load(self, world: World) -> BaseCommand:
        found: BaseCommand = getattr(importlib.import_module(self.module), self.attribute)(world)
        return found


class Family(BaseCommand):
    """A command with verbs (`tito module test`); each verb is a command of its own.

    Subclasses set `verbs`, and `default` if the command may be given without a verb.
    """

    verbs: ClassVar[Mapping[str, Entry]] = {}
    default: ClassVar[str | None] = None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        # `prog` is given because argparse would format a whole usage line to find it
        actions = parser.add_subparsers(
            dest="action", metavar="ACTION", prog=parser.prog, required=self.default is None
        )
        for name, entry in self.verbs.items():
            actions.add_parser(
                name,
                help=entry.line,
                description=entry.line,
                fill=partial(self._add_arguments_of, entry),
            )

    def _add_arguments_of(self, entry: Entry, parser: argparse.ArgumentParser) -> None:
        """Add one verb's arguments, once it is known: the other verbs' files are not imported."""
        entry.load(self.world).add_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        return self.verbs[str(args.action or self.default)].load(self.world).run(args)


# ------------------------------------------------------------------------------ shared arguments


def add_module(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("module", metavar="NN", help="1, 01 or 01_tensor")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for editors and graders")


def add_judged(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--judged",
        action="store_true",
        help="the course's tests, in a process that your code cannot reach",
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trust",
        action="store_true",
        help="test modules in the process of the student's code: faster, for a class that "
        "does not cheat",
    )


def add_task(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", metavar="N.M", help="this task, not the one that fails")


def add_yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask")
