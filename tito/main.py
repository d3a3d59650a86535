"""Commands -> parser -> exit code. The only place in the tool that exits.

A command's file is imported when the command is asked for, argparse and rich when they are
needed: `tito --help` starts as fast as Python does.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from tito import __version__
from tito.commands.base import Entry
from tito.core.console import never_fail_to_encode, print_json
from tito.core.errors import (
    MachineError,
    TitoError,
    UsageError,
    did_you_mean,
    is_system_failure,
    machine_error,
)
from tito.world import World

if TYPE_CHECKING:
    import argparse

    from tito.commands.base import BaseCommand

COMMANDS = {
    "init": Entry("tito.commands.init", "InitCommand", "make a workspace to work in"),
    "module": Entry(
        "tito.commands.module_workflow", "ModuleWorkflowCommand", "start, test and complete modules"
    ),
    "watch": Entry("tito.commands.watch", "WatchCommand", "test your lesson on every save"),
    "milestone": Entry(
        "tito.commands.milestones", "MilestonesCommand", "see and run what you have unlocked"
    ),
    "report": Entry("tito.commands.report", "ReportCommand", "your journey on one page"),
    "show": Entry("tito.commands.show", "ShowCommand", "a page to watch and try your network on"),
    "play": Entry("tito.commands.play", "PlayCommand", "use the network that you have trained"),
    "run": Entry("tito.commands.run", "RunCommand", "run a PyTorch script on your framework"),
    "verify": Entry("tito.commands.verify", "VerifyCommand", "repeat a recorded milestone"),
    "export": Entry("tito.commands.export", "ExportCommand", "write your lessons into tinytorch/"),
    "update": Entry("tito.commands.update", "UpdateCommand", "take over a new course release"),
    "doctor": Entry("tito.commands.doctor", "DoctorCommand", "find and fix what is wrong"),
    "class": Entry(
        "tito.commands.classroom.family", "ClassCommand", "teach: collect and grade submissions"
    ),
    "demo": Entry("tito.commands.demo", "DemoCommand", "watch the whole course run once"),
}
COURSE = "--course"
ALIASES = {"milestones": "milestone", "modules": "module"}


def main(argv: Sequence[str] | None = None, world: World | None = None) -> int:
    """Run one command line and return its exit code."""
    world = world or World()
    never_fail_to_encode(world.stdout, world.stderr)
    code = run(list(sys.argv[1:] if argv is None else argv), world)
    for stream in (world.stdout, world.stderr):
        flush_or_discard(stream)
    return code


def run(arguments: list[str], world: World) -> int:
    """Run the command; return its exit code, or that of the error it ended with."""
    as_json = "--json" in arguments
    try:
        code = dispatch(without_course(arguments, world), world)
        world.stdout.flush()
        return code
    except TitoError as error:
        return report(error, world, as_json=as_json)
    except KeyboardInterrupt:
        print("\nStopped.", file=world.stderr)
        return 130
    except BrokenPipeError:
        return 0  # nobody reads our pipe any more (`tito module list | head -1`)
    except OSError as error:
        if is_system_failure(error):
            refused = machine_error(error, "The operating system reports: {}.", where=None)
            return report(refused, world, as_json=as_json)
        return report_defect(world, as_json=as_json)
    except Exception:
        return report_defect(world, as_json=as_json)


def without_course(arguments: list[str], world: World) -> list[str]:
    """The arguments without `--course DIR`, which every command takes; the world is told of it."""
    given = [word for word in arguments if word.partition("=")[0] == COURSE]
    if not given:
        return arguments
    at = arguments.index(given[0])
    _, _, named = given[0].partition("=")
    end = at + 1 if named else at + 2
    folder = named or (arguments[at + 1 : end] or [""])[0]
    if not folder or len(given) > 1:
        raise UsageError(f"{COURSE} needs the folder of one course.", hint="tito --help")
    world.choose_course(folder)
    return arguments[:at] + arguments[end:]


def dispatch(arguments: list[str], world: World) -> int:
    first = arguments[0] if arguments else "--help"
    if first in ("-h", "--help", "help"):
        if len(arguments) > 1 and first == "help":
            return dispatch([arguments[1], "--help"], world)
        print(overview(), file=world.stdout)
        return 0
    if first in ("-V", "--version"):
        print(f"tito {__version__}", file=world.stdout)
        return 0
    command = load(first, world)
    try:
        args = make_parser(command).parse_args(arguments[1:])
    except SystemExit as request:  # argparse after --help
        return int(request.code or 0)
    return command.run(args)


def overview() -> str:
    lines = [f"  {name:<10} {entry.line}" for name, entry in COMMANDS.items()]
    return "\n".join(
        [
            "usage: tito COMMAND [...]",
            "",
            "You write a deep-learning framework, module by module.",
            "",
            *lines,
            "",
            "  --version     show the version",
            f"  {COURSE} DIR  judge with the course in DIR (for authors of a course)",
            "",
            "tito COMMAND --help explains a command.",
            "Next: tito module status",
        ]
    )


def load(word: str, world: World) -> BaseCommand:
    """Import and return the command of that name."""
    name = ALIASES.get(word, word)
    if name not in COMMANDS:
        kind = "option" if word.startswith("-") else "command"
        meant = did_you_mean(word, [*COMMANDS, "--help", "--version", COURSE])
        raise UsageError(f"tito has no {kind} {word!r}.{meant}", hint="tito --help")
    return COMMANDS[name].load(world)


def make_parser(command: BaseCommand) -> argparse.ArgumentParser:
    from tito.parser import Parser, columns

    world = command.world
    parser = Parser(
        prog=f"tito {command.name}",
        description=command.help,
        out=world.stdout,
        width=columns(world.env),
    )
    command.add_arguments(parser)
    return parser


def report(error: TitoError, world: World, *, as_json: bool = False) -> int:
    """Say what happened, where, and the next command."""
    from tito.views.error import show_error

    if as_json:
        say_as_json(error, world)
    show_error(error, world.error_console)
    return error.exit_code


def say_as_json(error: TitoError, world: World) -> None:
    """Print the error as JSON. If stdout itself has failed, stderr has to be enough."""
    from tito.views.error import error_json

    with contextlib.suppress(OSError):
        print_json(error_json(error), world.stdout)
        world.stdout.flush()


def report_defect(world: World, *, as_json: bool = False) -> int:
    """Report an unexpected exception as tito's own fault, and keep its traceback."""
    import traceback  # here, like tempfile below: together a tenth of a command's time

    text = traceback.format_exc()
    last = text.strip().splitlines()[-1]
    if as_json:
        say_as_json(MachineError(f"tito itself failed: {last}", hint="tito doctor"), world)
    if world.env.get("TITO_DEBUG"):
        print(text, file=world.stderr)
        return 3
    print(f"tito itself failed: {last}", file=world.stderr)
    print(f"The details are in {keep(text)}", file=world.stderr)
    print("Next: tito doctor  (TITO_DEBUG=1 shows the details at once)", file=world.stderr)
    return 3


def keep(text: str) -> Path:
    """Save a traceback in a temporary file."""
    import tempfile

    handle, name = tempfile.mkstemp(prefix="tito-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return Path(name)


def flush_or_discard(stream: TextIO) -> None:
    """Drop what cannot be written: Python would try again at exit, and end with code 120."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):  # a test's stream has no file descriptor
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    raise SystemExit(main())
