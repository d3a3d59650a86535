"""Complete one module and show how it went: what `module complete` and `export` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tito.core.testing.orphans import ending_orphans
from tito.views.completion import show_failure, show_success, step_after
from tito.views.progress import watching
from tito.workflows.complete import complete
from tito.workflows.status import next_step, status

if TYPE_CHECKING:
    from tito.world import World


def complete_and_show(world: World, number: str, *, as_json: bool, judged: bool = False) -> int:
    """Print the result and return the exit code."""
    module = world.workspace.resolve(number)
    with ending_orphans("adopt_orphans"), watching(world) as watcher:
        result = complete(world, module, watcher, judged=judged)
    if as_json:
        from tito.views.as_json import completion_json

        world.emit_json(completion_json(result, next_step(status(world))))
    elif result.done:
        show_success(world, result)
        world.next_step(*step_after(result, next_step(status(world))))
    else:
        show_failure(world, result)
    return result.checklist.report.exit_code
