"""How the findings of `tito doctor` are shown, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tito.core.errors import is_command
from tito.core.words import counted
from tito.workflows.doctor_machine import Finding, Level, exit_code

if TYPE_CHECKING:
    from tito.core.workspace.workspace import Workspace
    from tito.world import World

STYLES = {Level.YOURS: "bold red", Level.MACHINE: "bold red"}


def show_findings(world: World, title: str, findings: Sequence[Finding]) -> None:
    signs = {Level.GOOD: world.symbols.done, Level.NOTE: world.symbols.waiting}
    world.say(title, style="bold")
    for finding in findings:
        sign = signs.get(finding.level, world.symbols.wrong)
        world.say(f"  {sign} {finding.text}", style=STYLES.get(finding.level))
        if finding.fix:
            world.say_whole(f"      {finding.fix}")
    world.say()


def show_conclusion(world: World, findings: Sequence[Finding]) -> None:
    """Say how many things there are to fix, and the command for the first."""
    wrong = [finding for finding in findings if finding.fault]
    if not wrong:
        show_sound(world, findings)
        return
    world.say(f"{counted(len(wrong), 'thing')} to fix.", style="bold red")
    first = next((finding.fix for finding in wrong if finding.fix), None)
    if first and is_command(first):
        world.next_step(first)
    elif first:
        world.say(f"Try: {first}", style="bold")


def show_sound(world: World, findings: Sequence[Finding]) -> None:
    """Nothing is wrong; a note may still name a command, as after a change of a lesson."""
    notes = [note.fix for note in findings if note.level is Level.NOTE and note.fix]
    to_do = [fix for fix in notes if fix.startswith("tito ")]
    said = "Nothing to fix."
    if to_do:
        said = f"Nothing is wrong, {counted(len(to_do), 'thing')} to do."
    elif notes:
        said = f"Nothing is wrong. What you may do, if you like: {counted(len(notes), 'note')}."
    world.say(said, style="bold green")
    world.next_step(to_do[0] if to_do else "tito module status")


def findings_json(
    groups: Mapping[str, Sequence[Finding]], workspace: Workspace | None
) -> dict[str, Any]:
    findings = [finding for group in groups.values() for finding in group]
    return {
        "workspace": str(workspace.root) if workspace else None,
        "exit_code": exit_code(findings),
        "findings": {key.lower(): [f.as_json() for f in group] for key, group in groups.items()},
    }
