"""What `tito watch` does: test a lesson after each save, cancel a run that a save has overtaken.

Events (a save, a key, the end of a run) arrive in one queue and are handled one after another.
What is shown, and how a command is run in the terminal, is passed in.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tito.core.errors import TitoError, machine_error
from tito.core.testing.results import Checklist
from tito.workflows.complete import Watcher, test
from tito.workflows.status import ModuleState, status

if TYPE_CHECKING:
    from tito.core.testing.standby import Standby
    from tito.core.watching.keys import ReadKey
    from tito.core.workspace.workspace import Module
    from tito.world import World

TURN_SECONDS = 0.02  # how long a key is waited for before the queue is looked at
Result = Checklist | TitoError


class Saved(NamedTuple):
    """A Python file below `modules/` was written or deleted."""

    path: Path


class Finished(NamedTuple):
    """A run has ended with a result, or with an exception that is a defect of ours."""

    run: Run
    result: Result | Exception


Event = Saved | Finished


class CancelledError(Exception):
    """Ends a run whose result nobody waits for any more."""


@dataclass(frozen=True)
class View:
    """What there is to see at one moment."""

    module: Module
    result: Result | None  # of the latest run that ended
    testing: bool
    at: datetime | None  # when that run ended
    note: str = ""


class Run(Watcher):
    """One run of a module's tests, in a thread of its own."""

    def __init__(
        self, world: World, module: Module, standby: Standby, events: queue.Queue[Event]
    ) -> None:
        self._world, self._module, self._standby = world, module, standby
        self._events = events
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End the run and its child process; it reports nothing any more."""
        self._cancelled.set()
        self._thread.join()

    def tick(self, seconds: float) -> None:  # noqa: ARG002
        if self._cancelled.is_set():
            raise CancelledError

    def _work(self) -> None:
        try:
            found: Result | Exception = self._result()
        except CancelledError:
            return
        except Exception as error:  # raised again in the main thread
            found = error
        self._events.put(Finished(self, found))

    def _result(self) -> Result:
        try:
            return test(self._world, self._module, self, self._standby)
        except TitoError as error:
            return error
        except OSError as error:  # deleted or renamed while it was read
            return machine_error(error, "The run did not start: {}.", where=None)


class Watch:
    """The loop. `q` or the end of the input ends it."""

    def __init__(
        self,
        world: World,
        module: Module,
        *,
        standby: Standby,
        show: Callable[[View], None],
        command: Callable[[list[str]], None],
    ) -> None:
        self.world, self.module = world, module
        self.events: queue.Queue[Event] = queue.Queue()
        self._standby, self._show, self._command = standby, show, command
        self._run: Run | None = None
        self._result: Result | None = None
        self._at: datetime | None = None
        self._note = ""

    def saved(self, path: Path) -> None:
        """Called from the thread that notices changes."""
        self.events.put(Saved(path))

    def loop(self, read_key: ReadKey) -> None:
        self._test()
        try:
            while True:
                self._drain()
                key = read_key(TURN_SECONDS).lower()
                if key == "q":
                    return
                if key:
                    self._press(key)
        except EOFError:
            return
        finally:
            self._cancel()

    # ------------------------------------------------------------------------------------- events

    def _drain(self) -> None:
        """Handle what has arrived. Several files saved at once are one reason to test."""
        saved: list[Path] = []
        while True:
            try:
                event = self.events.get_nowait()
            except queue.Empty:
                break
            if isinstance(event, Saved):
                saved.append(event.path)
            elif event.run is self._run:
                self._finish(event.result)
        if saved:
            self._react(saved)

    def _react(self, saved: list[Path]) -> None:
        """Test the module whose lesson was saved: the student may have gone on to another one."""
        for module in self.world.workspace.modules:
            if module.lesson in saved:
                self.module = module
                self._test()
                return

    def _finish(self, result: Result | Exception) -> None:
        if isinstance(result, Exception) and not isinstance(result, TitoError):
            raise result
        self._run, self._result, self._at = None, result, self.world.now()
        self._draw()
        self._standby.refill(self.world.workspace.judging(self.module).tests)

    def _test(self) -> None:
        self._cancel()
        self._run = Run(self.world, self.module, self._standby, self.events)
        self._draw()

    def _cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()
            self._run = None

    def _draw(self) -> None:
        shown = self._result if self._is_about_this_module() else None
        testing = self._run is not None
        self._show(View(self.module, shown, testing, self._at, self._note))

    def _is_about_this_module(self) -> bool:
        found = self._result
        return not isinstance(found, Checklist) or found.module == self.module.name

    # --------------------------------------------------------------------------------------- keys

    def _press(self, key: str) -> None:
        if key == "n":
            self._go_on()
        elif key in ("\r", "\n", " ", "r"):
            self._test()
        elif key in KEYS:
            self._cancel()
            arguments = KEYS[key](self)
            if arguments:
                self._command(arguments)
            self._after(key)

    def _after(self, key: str) -> None:
        """Go on to the next module if this one is complete now."""
        if key == "c" and self._state() is ModuleState.COMPLETE:
            self._go_on()
        else:
            self._test()

    def _state(self) -> ModuleState:
        return next(s.state for s in status(self.world) if s.module == self.module)

    def _go_on(self) -> None:
        """To the next module that is not complete: first those behind this one."""
        found = status(self.world)
        later = [s for s in found if s.module.name > self.module.name]
        open_ones = [s for s in (*later, *found) if s.state is not ModuleState.COMPLETE]
        others = [s.module for s in open_ones if s.module != self.module]
        if others:
            self.module, self._note = others[0], ""
        else:
            self._note = "Every other module is complete."
        self._test()

    def hint(self) -> list[str]:
        found = self._result
        open_task = found.first_open if isinstance(found, Checklist) else None
        task = ["--task", open_task.task.number] if open_task is not None else []
        return ["module", "hint", self.module.number, *task]

    def milestone(self) -> list[str]:
        """Run the first milestone that is unlocked and not learned yet."""
        learned = self.world.tracker.progress.get("completed_milestones", [])
        for row in self.world.tracker.status():
            if not row["missing"] and row["id"] not in learned:
                return ["milestone", "run", row["id"]]
        return ["milestone", "status"]

    def complete(self) -> list[str]:
        return ["module", "complete", self.module.number]

    def overview(self) -> list[str]:
        return ["module", "list"]


KEYS: dict[str, Callable[[Watch], list[str]]] = {
    "h": Watch.hint,
    "l": Watch.overview,
    "c": Watch.complete,
    "m": Watch.milestone,
}


def module_to_watch(world: World) -> Module:
    """The module the student is at: the one started last that is not complete."""
    found = status(world)
    if not found:
        raise TitoError("This workspace has no modules.", hint="tito doctor")
    wanted = [s for s in found if s.state is not ModuleState.COMPLETE]
    started = [s for s in wanted if s.state is ModuleState.STARTED]
    return (started or wanted or found[-1:])[0].module
