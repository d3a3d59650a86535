"""`tito watch`: test a lesson again whenever it is saved."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, ClassVar

from tito.commands.base import BaseCommand

if TYPE_CHECKING:
    import argparse

    from tito.core.watching.changes import Changes
    from tito.core.watching.keys import ReadKey
    from tito.workflows.watch import View

ANY_KEY = "Press any key to go on."
FOREVER = 3600.0


class WatchCommand(BaseCommand):
    """One screen: the checklist, the first failure, and keys for what comes next."""

    name: ClassVar[str] = "watch"
    help: ClassVar[str] = "Test your lesson again on every save."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "module", nargs="?", metavar="NN", help="where to begin (default: where you are)"
        )
        parser.add_argument(
            "--poll", action="store_true", help="look at the files, do not wait for the system"
        )

    def run(self, args: argparse.Namespace) -> int:
        from tito.core.process import terminate_as_interrupt
        from tito.core.testing.standby import Standby
        from tito.core.watching.changes import Changes
        from tito.core.watching.keys import single_keys
        from tito.workflows.watch import Watch, module_to_watch

        world = self.world
        module = self.workspace.resolve(args.module) if args.module else module_to_watch(world)
        standby = Standby(self.workspace.root, world.env)
        try:
            standby.refill(
                self.workspace.judging(module).tests
            )  # it starts while the folder is tried
            # A terminal that is closed must not leave a test running.
            with terminate_as_interrupt(), single_keys(world.stdin) as read_key:
                self._read_key = read_key
                watch = Watch(
                    world, module, standby=standby, show=self._show, command=self._command
                )
                folder = self.workspace.root / "modules"
                self._changes = Changes(folder, watch.saved, polling=args.poll)
                try:
                    watch.loop(read_key)
                finally:
                    self._changes.close()
        finally:
            standby.close()
        world.next_step(f"tito module test {watch.module.number}")
        return 0

    _read_key: ReadKey
    _changes: Changes

    def _show(self, view: View) -> None:
        from tito.views.watch import show_screen

        show_screen(self.world, view, self._changes.means)
        self.world.stdout.flush()

    def _command(self, arguments: list[str]) -> None:
        """Run another command in this terminal, then wait for a key."""
        console = self.console
        if console.is_terminal:
            console.clear()
        subprocess.run(
            [sys.executable, "-m", "tito", *self.world.course_option, *arguments],
            cwd=self.workspace.root,
            env=dict(self.world.env),
            stdin=subprocess.DEVNULL,
            check=False,
        )
        self.world.say(ANY_KEY, "dim")
        self._read_key(FOREVER)
