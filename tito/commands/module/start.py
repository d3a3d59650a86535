"""`tito module start`: what a module exports, its tasks, and which file to open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand, add_module
from tito.core.editor import editor_command, jupyter_command, open_with
from tito.core.words import module_number
from tito.views.modules import introduction
from tito.workflows.start import Start, start

if TYPE_CHECKING:
    import argparse


class StartCommand(BaseCommand):
    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_module(parser)
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--open", action="store_true", help="open it in $VISUAL or $EDITOR")
        group.add_argument("--jupyter", action="store_true", help="open JupyterLab")

    def run(self, args: argparse.Namespace) -> int:
        module = self.workspace.resolve(args.module)
        # First, because without an editor the module must not be marked as started.
        program = self._program(args)
        started = start(self.world, module)
        self._show(module.name, started)
        if program is not None:
            if args.jupyter:
                self.world.say(
                    "In JupyterLab: right-click the file, then Open With, then Notebook."
                )
            open_with(program, module.lesson, self.workspace.root, self.world.env)
        if started.missing:
            self.world.next_step(f"tito module start {module_number(started.missing[0])}")
        else:
            self.world.next_step(f"tito module test {module.number}", "as often as you like")
        return 0

    def _program(self, args: argparse.Namespace) -> list[str] | None:
        if args.open:
            return editor_command(self.world.env)
        return jupyter_command(self.workspace.root) if args.jupyter else None

    def _show(self, name: str, started: Start) -> None:
        for line in introduction(name, started.lesson, started.offers):
            self.world.say(line)
        if not started.is_new:
            self.world.say("You have already started this module.")
        if started.missing:
            names = ", ".join(started.missing)
            self.world.say(f"It builds on {names}. Complete that first.", style="yellow")
        self.world.say(f"Open {started.lesson.shown}", style="bold")
