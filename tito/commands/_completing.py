"""Complete one module and show how it went: what `module complete` and `export` have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tito.core.workspace.notes import Notes
from tito.views.as_json import completion_json
from tito.views.checklist import broken_lines, next_command, show_checklist
from tito.views.lines import show_lines
from tito.views.progress import watching
from tito.workflows import complete as completion
from tito.workflows.status import next_step, standings

if TYPE_CHECKING:
    from tito.commands.base import BaseCommand

Check = Callable[[str, dict[str, Any]], dict[str, list[str]]]


def complete_and_show(command: BaseCommand, number: str, check: Check, as_json: bool) -> int:
    """The exit code; everything it has to say is said."""
    module = command.workspace.resolve(number)
    result, announcement = run(command, module.name, check)
    if as_json:
        command.world.emit_json(result_json(command, result))
        return result.checklist.report.exit_code
    if not result.done:
        return show_failure(command, result)
    show_checklist(command, result.checklist)
    show_export(command, result)
    announce(command, announcement)
    command.next_step(*_what_now(command, result))
    return 0


def run(command: BaseCommand, name: str, check: Check) -> tuple[completion.Completion, str]:
    """Do it. What the tracker prints is caught and shown later: a pipe that breaks while it
    speaks must not undo an export that is recorded already."""
    caught = ""

    def record(module_name: str, evidence: completion.Evidence) -> completion.Unlocked:
        nonlocal caught
        with command.console.capture() as capture:
            unlocked = check(module_name, evidence)
        caught = capture.get()
        return unlocked

    module = command.workspace.resolve(name)
    with watching(command.world) as watcher:
        result = completion.complete(
            command.workspace, module, env=command.world.env, watcher=watcher, record=record
        )
    Notes.of(command.workspace).start(module)
    return result, caught


def result_json(command: BaseCommand, result: completion.Completion) -> dict[str, Any]:
    found = completion_json(result)
    return {**found, "next": _what_now(command, result)[0]} if result.done else found


def show_failure(command: BaseCommand, result: completion.Completion) -> int:
    show_checklist(command, result.checklist)
    show_lines(command, broken_lines(result))
    command.say("Nothing was exported; your progress is as it was.")
    step, why = next_command(result.checklist)
    if result.broken and result.checklist.report.cause is None:
        why = f"once {result.broken[0].module} passes with it"
    command.next_step(step, why)
    return result.checklist.report.exit_code


def show_export(command: BaseCommand, result: completion.Completion) -> None:
    done = command.world.symbols.done
    name = result.checklist.module
    if result.retested:
        verb = "passes" if len(result.retested) == 1 else "pass"
        command.say(f"{done} {', '.join(result.retested)} still {verb} with it", style="green")
    what = "exported into tinytorch/" if result.changed else "tinytorch/ holds it already"
    command.say(f"{done} {name} is complete: {what}", style="bold green")


def announce(command: BaseCommand, text: str) -> None:
    """The tracker's own words, with its colors."""
    if text:
        from rich.text import Text

        command.console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)


def _what_now(command: BaseCommand, result: completion.Completion) -> tuple[str, str]:
    for milestone in result.unlocked["newly_unlocked"]:
        return f"tito milestone run {milestone}", "does your framework really learn it?"
    return next_step(standings(command.workspace))
