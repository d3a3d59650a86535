"""`tito run SCRIPT [args]`: a PyTorch script on the student's own framework."""

from __future__ import annotations

import argparse
from typing import ClassVar

from tito.commands.base import BaseCommand


class RunCommand(BaseCommand):
    """`import torch` in the script gives the workspace's `tinytorch`; the script needs no edit."""

    name: ClassVar[str] = "run"
    help: ClassVar[str] = (
        "Run a PyTorch script on your framework: torch is your tinytorch in it, and torchvision "
        "your tinytorch.vision. Ends with the script's exit code."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="list the names it lacks; do not run it"
        )
        parser.add_argument("--json", action="store_true", help="with --check: print JSON")
        parser.add_argument("script", metavar="SCRIPT", help="a Python file")
        parser.add_argument(
            "args", metavar="...", nargs=argparse.REMAINDER, help="arguments for the script"
        )

    def run(self, args: argparse.Namespace) -> int:
        from tito.workflows.run_script import check_script, run_script

        if not args.check:
            return run_script(self.world, args.script, args.args)
        missing = check_script(self.world, args.script)
        if args.json:
            from tito.views.script import missing_json

            self.world.emit_json(missing_json(args.script, missing))
        else:
            from tito.views.script import show_missing

            show_missing(self.world, args.script, missing)
        return 1 if any(not row.if_reached for row in missing) else 0
