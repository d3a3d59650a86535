"""`tito class judge FILE`: judge one submission, work in and result out as JSON.

`tito class grade` starts one such process for each submission; a grader of somebody's own can too.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tito.commands.base import BaseCommand
from tito.core.classroom.work import read_work
from tito.core.errors import UsageError
from tito.core.files import read_regular

if TYPE_CHECKING:
    import argparse

    from tito.core.classroom.work import Work


class ClassJudgeCommand(BaseCommand):
    """Exit code 0: it was judged, whatever the verdict."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("work", metavar="FILE", help="the work, as JSON")

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.classroom.one import judge_submission

        work = self._read(self.world.cwd / args.work)
        with tempfile.TemporaryDirectory(prefix="tito-judge-") as folder:
            seen = judge_submission(work, Path(folder), self.world.env)
        self.world.emit_json(seen)
        return 0

    def _read(self, path: Path) -> Work:
        try:
            return read_work(json.loads(read_regular(path)))
        except (OSError, ValueError) as error:
            raise UsageError(f"The work cannot be read: {error}.", where=str(path)) from error
