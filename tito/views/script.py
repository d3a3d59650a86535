"""What `tito run --check` shows: the PyTorch names that a script uses and tinytorch lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tito.workflows.run_script import Missing
    from tito.world import World


def show_missing(world: World, script: str, missing: list[Missing]) -> None:
    """What stops the script, and apart from it what would, in a branch that may not be taken."""
    stops = [row for row in missing if not row.if_reached]
    perhaps = [row for row in missing if row.if_reached]
    if stops:
        world.say(f"{script} uses {len(stops)} names that your tinytorch does not have:")
        _show_rows(world, stops)
    else:
        world.say(f"{script}: your tinytorch has every name it uses.")
    if perhaps:
        world.say("Only in branches that may not be taken:")
        _show_rows(world, perhaps)
    world.next_step("tito module status" if stops else f"tito run {script}")


def _show_rows(world: World, rows: list[Missing]) -> None:
    for row in rows:
        where = f"{row.file}, line {row.line}" if row.file else f"line {row.line:<4}"
        world.say(f"  {where} {row.message}")


def missing_json(script: str, missing: list[Missing]) -> dict[str, Any]:
    return {"script": script, "missing": [row._asdict() for row in missing]}
