"""What every command is: a name, its arguments, and `run(args)`, which returns an exit code.

A command raises `TitoError` for what the user can act on. It never exits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tito.core.errors import is_command
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
        """Do it; return the exit code."""
        raise NotImplementedError(f"{type(self).__name__}.run")

    def say(self, text: str = "", style: str | None = None) -> None:
        self.world.say(text, style)

    def next_step(self, command: str, why: str = "") -> None:
        """The last line of every command: what comes next."""
        say = self.world.say_whole if is_command(command) else self.say
        say(f"Next: {command}" + (f"  ({why})" if why else ""), style="bold")
