"""`tito module ...`: everything about one module, from start to completion.

`VERBS` lists the verbs; each is its own command in `commands/module/`. All milestone logic is in
the tracker, all export logic in `core/export`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tito.commands.base import Entry, Family

BASE = "tito.commands.module"
VERBS = {
    "list": Entry(f"{BASE}.overview", "ListCommand", "what each module is about"),
    "status": Entry(f"{BASE}.overview", "StatusCommand", "how far you are"),
    "start": Entry(f"{BASE}.start", "StartCommand", "what a module adds, and which file to open"),
    "test": Entry(f"{BASE}.check", "TestCommand", "your tasks as a checklist"),
    "complete": Entry(f"{BASE}.check", "CompleteCommand", "test, export, and see what it unlocks"),
    "hint": Entry(f"{BASE}.help", "HintCommand", "the next hint for the task that fails"),
    "solution": Entry(f"{BASE}.help", "SolutionCommand", "the reference answers beside yours"),
    "reset": Entry(f"{BASE}.reset", "ResetCommand", "make the lesson blank again; a copy is kept"),
}


class ModuleWorkflowCommand(Family):
    """Runs a verb. The specification names the two methods, for Python callers."""

    name: ClassVar[str] = "module"
    help: ClassVar[str] = "Start, test and complete the modules of the course."
    verbs: ClassVar[Mapping[str, Entry]] = VERBS
    default: ClassVar[str | None] = "status"

    def complete_module(self, module_number: str, *, as_json: bool = False) -> int:
        """Test, export, record, and show what that unlocks; if a test fails, change nothing."""
        from tito.commands.completing import complete_and_show  # slow to import

        return complete_and_show(self.world, module_number, as_json=as_json)

    def _check_milestone_unlocks(
        self, module_name: str, evidence: Mapping[str, Any] | None = None
    ) -> dict[str, list[str]]:
        """Simple wrapper: the milestone tracker does all the work."""
        return self.world.tracker.record_module(module_name, evidence, self.console)
