"""`tito class judge FILE`: judge one submission, work in and result out as JSON.

`tito class grade` starts one such process for each submission; a grader of somebody's own can too.
"""

from __future__ import annotations

import _thread
import json
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand
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
        from tito.workflows.classroom.one import judge_submission

        if args.with_parent:
            threading.Thread(target=self._end_with_parent, daemon=True).start()
        work = self._read(self.world.cwd / args.work)
        with tempfile.TemporaryDirectory(prefix="tito-judge-") as folder:
            seen = judge_submission(work, Path(folder), self.world.env)
        if args.out:
            write_whole(self.world.cwd / args.out, json.dumps(seen).encode())
        else:
            self.world.emit_json(seen)
        return 0

    def _end_with_parent(self) -> None:
        """Interrupt the main thread, which then ends what it has started."""
        self.world.stdin.read()
        _thread.interrupt_main()

    def _read(self, path: Path) -> Work:
        try:
            return read_work(json.loads(read_regular(path)))
        except (OSError, ValueError) as error:
            raise UsageError(f"The work cannot be read: {error}.", where=str(path)) from error
