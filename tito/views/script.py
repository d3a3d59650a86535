"""What `tito run --check` shows: the PyTorch names that a script uses and tinytorch lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tito.workflows.run_script import Missing
    from tito.world import World


def show_missing(world: World, script: str, missing: list[Missing]) -> None:
    if not missing:
        world.say(f"{script}: your tinytorch has every name it uses.")
        world.next_step(f"tito run {script}")
        return
    world.say(f"{script} uses {len(missing)} names that your tinytorch does not have:")
    for row in missing:
        world.say(f"  line {row.line:<4} {row.message}")
    world.next_step("tito module status")


def missing_json(script: str, missing: list[Missing]) -> dict[str, Any]:
    return {"script": script, "missing": [row._asdict() for row in missing]}
