"""`tito class judge FILE`: judge one submission, work in and result out as JSON.

`tito class grade` starts one such process for each submission; a grader of somebody's own can too.
"""

from __future__ import annotations

import _thread
import json
import shutil
import signal
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tito.commands.base import BaseCommand
from tito.core.classroom.apart import HANDED_OVER
from tito.core.classroom.work import read_work
from tito.core.errors import UsageError
from tito.core.files import read_regular, write_whole

if TYPE_CHECKING:
    import argparse

    from tito.core.classroom.work import Work


class ClassJudgeCommand(BaseCommand):
    """Exit code 0: it was judged, whatever the verdict."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("work", metavar="FILE", help="the work, as JSON")
        parser.add_argument("--out", metavar="FILE", help="write the result there")
        parser.add_argument(
            "--with-parent", action="store_true", help="end when standard input is closed"
        )

    def run(self, args: argparse.Namespace) -> int:
        path = self.world.cwd / args.work
        try:
            if args.with_parent:
                self._end_with_parent()
            seen = self._judged(self._read(path))
        except KeyboardInterrupt:
            if args.with_parent and path.parent.name.startswith(HANDED_OVER):
                shutil.rmtree(path.parent, ignore_errors=True)  # nobody else is left to do it
            raise
        if args.out:
            write_whole(self.world.cwd / args.out, json.dumps(seen).encode())
        else:
            self.world.emit_json(seen)
        return 0

    def _judged(self, work: Work) -> dict[str, Any]:
        from tito.workflows.classroom.one import judge_submission

        with tempfile.TemporaryDirectory(prefix="tito-judge-") as folder:
            return judge_submission(work, Path(folder), self.world.env)

    def _end_with_parent(self) -> None:
        """When standard input closes, interrupt the main thread; it ends what it has started.

        A grader in the background of a shell ignores interrupts, and hands that on: not here.
        """
        signal.signal(signal.SIGINT, signal.default_int_handler)

        def watch() -> None:
            self.world.stdin.read()
            _thread.interrupt_main()

        threading.Thread(target=watch, daemon=True).start()

    def _read(self, path: Path) -> Work:
        try:
            return read_work(json.loads(read_regular(path)))
        except (OSError, ValueError) as error:
            raise UsageError(f"The work cannot be read: {error}.", where=str(path)) from error
