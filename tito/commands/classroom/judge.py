"""`tito class judge FILE`: judge one submission, work in and result out as JSON.

`tito class grade` starts one such process for each submission; a grader of somebody's own can too.
"""

from __future__ import annotations

import _thread
import json
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tito.commands.base import BaseCommand
from tito.core.classroom.handed import delete_handed_over
from tito.core.classroom.work import read_work
from tito.core.errors import UsageError
from tito.core.files import read_regular, write_whole
from tito.core.folders import temporary
from tito.core.testing.orphans import ending_orphans

if TYPE_CHECKING:
    import argparse

    from tito.core.classroom.work import Work

PATIENCE = 10.0  # seconds until the next interrupt: Python drops one that comes in a `__del__`


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
        alone = threading.Event()
        try:
            if args.with_parent:
                self._end_with_parent(alone)
            self._write(args, self._judged(self._read(path)))
        finally:
            if alone.is_set():
                delete_handed_over(path.parent)
        return 0

    def _write(self, args: argparse.Namespace, seen: dict[str, Any]) -> None:
        if args.out:
            write_whole(self.world.cwd / args.out, json.dumps(seen).encode())
        else:
            self.world.emit_json(seen)

    def _judged(self, work: Work) -> dict[str, Any]:
        from tito.workflows.classroom.one import judge_submission

        with temporary("tito-judge-") as folder, ending_orphans():
            return judge_submission(work, folder, self.world.env)

    def _end_with_parent(self, alone: threading.Event) -> None:
        """When standard input closes, interrupt the main thread; it ends what it has started.

        A grader in the background of a shell ignores interrupts, and hands that on: not here.
        """
        signal.signal(signal.SIGINT, signal.default_int_handler)

        def watch() -> None:
            self.world.stdin.read()
            alone.set()
            while True:
                _thread.interrupt_main()
                time.sleep(PATIENCE)

        threading.Thread(target=watch, daemon=True).start()

    def _read(self, path: Path) -> Work:
        try:
            return read_work(json.loads(read_regular(path)))
        except (OSError, ValueError) as error:
            raise UsageError(f"The work cannot be read: {error}.", where=str(path)) from error
