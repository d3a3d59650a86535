"""`tito demo`: the whole course in a throw-away workspace, every milestone really trained.

Each step is the command a student would type, run in its own process. While a milestone trains, the
next modules are completed beside it, or another milestone trains; what they print follows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tito.commands.base import BaseCommand
from tito.core.errors import MachineError, TitoError, UsageError
from tito.core.folders import delete
from tito.core.words import counted, quoted

if TYPE_CHECKING:
    import argparse

    from tito.core.milestones.tracker import Tracker
    from tito.core.workspace.workspace import Workspace
    from tito.workflows.beside import Done
    from tito.workflows.demo import Step

NOTHING: Mapping[str, str] = {}


class DemoCommand(BaseCommand):
    """Runs with its own TINYTORCH_HOME, so that nobody's progress is touched."""

    name: ClassVar[str] = "demo"
    help: ClassVar[str] = "Watch the whole course run once, in a throw-away workspace."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--keep", metavar="DIR", help="make the workspace there, and keep it")

    def run(self, args: argparse.Namespace) -> int:
        with self._workspace_path(args.keep) as folder:
            root = Path(folder)
            home = root / ".tito" / "home" if args.keep else root.with_name("home")
            started = time.monotonic()
            tracker = self._tracker(root, home)
            self._run_steps(root, home, tracker, kept=bool(args.keep))
            self._conclude(tracker, time.monotonic() - started)
            if args.keep:
                self.world.say_whole(f"Kept: {root}\n  its progress: {home}")
        self.world.next_step("tito init my-tinytorch", "and write it yourself")
        return 0

    def _workspace_path(self, keep: str | None) -> AbstractContextManager[str]:
        if not keep:
            return TemporaryWorkspace()
        root = (self.world.cwd / keep).resolve()
        if not root.parent.is_dir():
            raise UsageError(
                "This folder does not exist.",
                where=str(root.parent),
                hint=f"tito demo --keep {quoted(self.world.cwd / root.name)}",
            )
        return nullcontext(str(root))

    def _tracker(self, root: Path, home: Path) -> Tracker:
        """The tracker for the demo's workspace (it may not exist yet), with the demo's own home."""
        from tito.core.milestones.tracker import Tracker
        from tito.core.workspace.workspace import Workspace

        workspace = Workspace(root, self.world.chosen_course)
        return Tracker(workspace, {**self.world.env, "TINYTORCH_HOME": str(home)})

    def _run_steps(self, root: Path, home: Path, tracker: Tracker, *, kept: bool) -> None:
        from tito.workflows.beside import Beside
        from tito.workflows.demo import Agenda, first_step, last_step

        def run(step: Step) -> None:
            self._announce(step)
            self._must_go_on(step, self._run_step(step, home).returncode, root, kept=kept)

        def show(ended: list[Done]) -> None:
            for done in ended:
                self._announce(done.step)
                self.world.stdout.write(done.printed)
                self._must_go_on(done.step, done.code, root, kept=kept)

        run(first_step(root))
        agenda = Agenda(tracker.workspace, tracker)
        with Beside(agenda.next_beside, partial(self._kept_step, home=home)) as beside:
            while (step := agenda.next()) is not None:
                if step.milestone:
                    beside.begin(partial(has_begun, tracker.workspace, step.milestone))
                run(step)
                show(beside.pause())
            if beside.running is not None:
                self.world.say(f"\n# Still training: {beside.running.typed}", style="dim")
            show(beside.wait())
        run(last_step(root))

    def _announce(self, step: Step) -> None:
        self.world.say()
        if step.about:
            self.world.say(f"# {step.about}", style="dim")
        self.world.say(f"$ {step.typed}", style="bold cyan")
        self.world.stdout.flush()

    def _must_go_on(self, step: Step, code: int, root: Path, *, kept: bool) -> None:
        """Raise TitoError unless a student would go on after this exit code."""
        if code and step.arguments[0] == "init":  # init has already said why
            raise TitoError(
                "The demo could not create its workspace.",
                where=str(root),
                hint="tito demo --keep DIR, with a new folder",
                exit_code=code,
            )
        if code not in (0, 1) or (code == 1 and not step.may_fail):
            raise MachineError(
                f"The demo stopped: `{step.typed}` ended with exit code {code}.",
                where=str(step.cwd),
                hint="tito doctor" if kept else "tito demo --keep DIR, to look at what is there",
            )

    def _kept_step(self, step: Step, home: Path) -> Done:
        """Run a step and keep what it prints, in the terminal's encoding."""
        from tito.workflows.beside import Done

        encoding = self.world.stdout.encoding or "utf-8"
        ran = self._run_step(
            step, home, {"PYTHONIOENCODING": encoding},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding=encoding, errors="replace",
        )  # fmt: skip
        return Done(step, ran.returncode, ran.stdout)

    def _run_step(
        self, step: Step, home: Path, more: Mapping[str, str] = NOTHING, **how: Any
    ) -> subprocess.CompletedProcess[Any]:
        from tito.core.workspace.course import PACKAGE

        path = [str(PACKAGE.parent), self.world.env.get("PYTHONPATH", "")]
        env = {
            **self.world.env,
            "TINYTORCH_HOME": str(home),
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            **more,
        }
        command = [sys.executable, "-m", "tito", *self.world.course_option, *step.arguments]
        return subprocess.run(command, cwd=step.cwd, env=env, check=False, **how)

    def _conclude(self, tracker: Tracker, seconds: float) -> None:
        from tito.core.milestones.tracker import MilestoneState

        states = [row["state"] for row in tracker.status()]
        modules = counted(len(tracker.workspace.modules), "module")
        learned = counted(states.count(MilestoneState.COMPLETED), "milestone")
        said = f"{modules} completed, {learned} learned, in {seconds:.0f} seconds."
        self.world.say()
        self.world.say(said, style="bold green")
        if MilestoneState.LOCKED in states:
            locked = counted(states.count(MilestoneState.LOCKED), "milestone")
            self.world.say(f"Still locked: {locked}, which need modules that are not written yet.")


def has_begun(workspace: Workspace, milestone: str) -> bool:
    """Its process has imported `tinytorch/`, which the next module will change."""
    from tito.core.milestones.live import live_run

    live = live_run(workspace)
    return live.milestone == milestone and bool(live.events)


class TemporaryWorkspace(AbstractContextManager[str]):
    """A path for a workspace in a temporary folder, which is deleted afterwards."""

    def __enter__(self) -> str:
        self._folder = Path(tempfile.mkdtemp(prefix="tinytorch-demo-"))
        return str(self._folder.resolve() / "my-tinytorch")

    def __exit__(self, *_: object) -> None:
        delete(self._folder)
