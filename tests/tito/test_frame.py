"""The main function: one exit, the right code, a helpful message, output in any encoding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import ClassVar

import pytest

import tito.main
from tito import __version__
from tito.commands.base import BaseCommand
from tito.core import console
from tito.core.errors import MachineError, TitoError, UsageError
from tito.main import COMMANDS, Entry, main
from tito.world import World

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


class Probe(BaseCommand):
    """A command that does what a test tells it to."""

    name: ClassVar[str] = "probe"
    help: ClassVar[str] = "For a test."
    error: ClassVar[BaseException | None] = None

    def add_arguments(self, parser) -> None:  # type: ignore[no-untyped-def]
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--color")

    def run(self, args) -> int:  # type: ignore[no-untyped-def]
        if Probe.error is not None:
            raise Probe.error
        self.world.say("done [bold]like this[/bold]")
        return 0


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> type[Probe]:
    monkeypatch.setitem(COMMANDS, "probe", Entry(__name__, "Probe", "for a test"))
    monkeypatch.setattr(Probe, "error", None)
    monkeypatch.setattr("importlib.import_module", lambda name: sys.modules[__name__])
    monkeypatch.setattr(sys.modules[__name__], "Probe", Probe, raising=False)
    return Probe


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_the_overview_names_every_command(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in COMMANDS)
    assert "Next: " in out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tito {__version__}\n"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("modul", "module"), ("mile", "milestone"), ("exprot", "export"), ("--versoin", "--version")],
)
def test_an_unknown_command_names_the_nearest(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([typed]) == 2
    err = capsys.readouterr().err
    assert f"Did you mean {meant}?" in err
    assert "Next: tito --help" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["module", "tset", "01"], "Did you mean test?"),
        (["module", "list", "--jsn"], "Did you mean --json?"),
        (["module", "test"], "required: NN"),
        (["module", "start", "1", "--open", "--jupyter"], "not allowed with"),
        (["export", "1", "2"], "does not know '2'"),
        (["module", "--json"], "tito module does not know '--json'. Next: tito module --help"),
        (["module", "reset", "1", "--task", "1.1"], "does not know '--task'. Did you mean --yes?"),
        (["module", "test", "1", "2"], "test does not know '2'. Next: tito module test --help"),
        (["milestone", "status", "xor"], "status does not take 'xor'"),
        (["milestone", "list", "--seed", "3"], "list does not take '--seed'"),
        (["milestone", "info", "xor", "--all"], "info does not take '--all'"),
        (["milestone", "run", "xor", "--seed", "-1"], "A seed is a whole number, 0 or larger."),
    ],
)
def test_wrong_usage(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    err = capsys.readouterr().err.replace("\n", " ")
    assert words in err
    assert "--help" in err


@pytest.mark.parametrize("name", [*COMMANDS, "milestones", "modules"])
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert "usage: tito" in capsys.readouterr().out
    assert main(["help", name]) == 0


@pytest.mark.parametrize(("cls", "code"), [(TitoError, 1), (UsageError, 2), (MachineError, 3)])
def test_an_error_owns_its_exit_code(
    probe: type[Probe], cls: type[TitoError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    probe.error = cls(
        "What [happened].", where="a/file.py:3", excerpt="   3 | x", hint="tito doctor"
    )
    assert main(["probe"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "What [happened].\n  at a/file.py:3\n\n   3 | x\n\nNext: tito doctor\n"


@pytest.mark.parametrize(
    ("hint", "label"),
    [
        (f"/home/{'u' * 90}/python -m pip install x", "Next"),
        ("python3 -m pip install x", "Next"),
        ("tito doctor", "Next"),
        ("Free some disk space.", "Try"),
    ],
)
def test_a_command_is_next_and_a_sentence_is_to_try(
    probe: type[Probe], hint: str, label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    probe.error = TitoError("What happened.", hint=hint)
    main(["probe"])
    assert capsys.readouterr().err.endswith(f"{label}: {hint}\n")


def test_an_error_as_json(probe: type[Probe], capsys: pytest.CaptureFixture[str]) -> None:
    probe.error = TitoError("ü", hint="tito doctor")
    assert main(["probe", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["error"]["message"] == "ü"
    assert found["error"]["exit_code"] == 1


def test_an_interrupt(probe: type[Probe], capsys: pytest.CaptureFixture[str]) -> None:
    probe.error = KeyboardInterrupt()
    assert main(["probe"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_defect_of_the_tool_is_the_tools(
    probe: type[Probe], capsys: pytest.CaptureFixture[str]
) -> None:
    probe.error = ZeroDivisionError("a defect")
    assert main(["probe"]) == 3
    err = capsys.readouterr().err
    assert "tito itself failed: ZeroDivisionError: a defect" in err
    assert "Traceback" not in err
    kept = Path(next(line for line in err.splitlines() if "details are in" in line).split()[-1])
    assert "Traceback" in kept.read_text(encoding="utf-8")
    kept.unlink()


def test_a_full_disk_is_the_machines(
    probe: type[Probe], capsys: pytest.CaptureFixture[str]
) -> None:
    probe.error = OSError(28, "No space left on device", "/a/file")
    assert main(["probe"]) == 3
    err = capsys.readouterr().err
    assert err.startswith("The operating system reports: No space left on device.\n  at /a/file\n")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("a defect"), "tito itself failed: ZeroDivisionError: a defect"),
        (OSError(28, "No space left on device"), "The operating system reports"),
    ],
)
def test_what_the_machine_did_as_json(
    probe: type[Probe],
    error: Exception,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where the details are left
    probe.error = error
    assert main(["probe", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert words in found["error"]["message"]
    assert found["error"]["exit_code"] == 3


def test_a_defect_with_its_traceback(
    probe: type[Probe], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TITO_DEBUG", "1")
    probe.error = ZeroDivisionError("a defect")
    assert main(["probe"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_what_is_said_is_not_markup(probe: type[Probe], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe"]) == 0
    assert "done [bold]like this[/bold]" in capsys.readouterr().out


def shell(*arguments: str, repo: Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "tito", *arguments],
        cwd=repo,
        env={**os.environ, "PYTHONPATH": str(repo), **env},
        capture_output=True,
    )


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8", "utf-16"])
def test_any_encoding(repo: Path, encoding: str) -> None:
    run = shell("module", "list", repo=repo, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert run.returncode == 0, run.stderr.decode(errors="replace")
    text = run.stdout.decode(encoding)
    assert "Tensor" in text
    assert ("\u2502" in text) == encoding.startswith("utf")


def test_without_color(repo: Path) -> None:
    assert b"\x1b" not in shell("module", "status", repo=repo).stdout
    forced = shell("module", "status", repo=repo, FORCE_COLOR="1")
    assert b"\x1b" in forced.stdout
    plain = shell("module", "status", repo=repo, FORCE_COLOR="1", NO_COLOR="1").stdout
    assert b"\x1b[3" not in plain


def piped(arguments: str, rest: str, repo: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{sys.executable}' -m tito {arguments} {rest}"],
        cwd=repo,
        env={**os.environ, "PYTHONPATH": str(repo)},
        capture_output=True,
    )


@posix
def test_a_reader_that_leaves(repo: Path) -> None:
    run = piped("module list --json", "| head -1", repo)
    assert run.stdout == b"{\n"
    assert run.stderr == b""


@posix
@pytest.mark.parametrize("arguments", ["module list", "milestone status", "module list --json"])
def test_a_reader_that_never_came(repo: Path, arguments: str) -> None:
    run = piped(arguments, "| sh -c 'exec <&-; sleep 2'", repo)
    assert (run.returncode, run.stderr) == (0, b"")


@posix
def test_an_error_that_nobody_reads_keeps_its_code(repo: Path) -> None:
    run = piped("module bogus", "2>&1 | sh -c 'exec <&-; sleep 2'", repo)
    assert (run.returncode, run.stderr) == (2, b"")


@posix
def test_without_a_stdout(repo: Path) -> None:
    run = piped("module status", ">&-", repo)
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
@pytest.mark.parametrize(
    "arguments", ["module list", "milestone status", "milestone list --json", "module --help"]
)
def test_a_stdout_on_a_full_disk(repo: Path, arguments: str) -> None:
    run = piped(arguments, ">/dev/full", repo)
    assert run.returncode == 3
    assert run.stderr.startswith(b"The operating system reports: No space left on device.\n")
    assert b"Traceback" not in run.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder that somebody is in")
def test_in_a_folder_that_is_gone(tmp_path: Path, repo: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    run = subprocess.run(
        f"cd '{gone}' && rmdir '{gone}' && '{sys.executable}' -m tito module list",
        shell=True,
        env={**os.environ, "PYTHONPATH": str(repo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 3
    assert "The folder that you are in does not exist any more." in run.stderr
    assert "Next: cd ~" in run.stderr


def test_symbols_have_plain_twins() -> None:
    assert len(console.UNICODE) == len(console.ASCII)
    assert "".join(console.ASCII).isascii()


def test_an_answer_that_is_not_yes_is_no() -> None:
    import io

    for answer, expected in (("y", True), ("YES", True), ("", False), ("maybe", False)):
        world = World(stdin=io.StringIO(answer + "\n"), stdout=io.StringIO())
        assert world.confirm("Sure?") is expected


LIGHT = ("argparse", "rich", "filelock", "numpy", "pytest", "subprocess", "tempfile")


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], LIGHT),
        (["--version"], LIGHT),
        (["module", "list", "--json"], ("filelock", "numpy", "pytest", "subprocess", "rich")),
        (["module", "status"], ("filelock", "numpy", "pytest", "subprocess", "shutil")),
        (["milestone", "status"], ("filelock", "numpy", "pytest", "subprocess", "shutil")),
    ],
)
def test_a_start_is_light(repo: Path, arguments: list[str], heavy: tuple[str, ...]) -> None:
    """What costs tens of milliseconds is not imported where it is not used."""
    loaded = imported_by(f"import tito.main; tito.main.main({arguments!r})", repo)
    if "rich" not in heavy:  # before release 15, rich itself imported some of them
        loaded -= imported_by("import rich.console, rich.table", repo)
    assert loaded & set(heavy) == set()


def imported_by(code: str, cwd: Path) -> set[str]:
    code = f"import sys; {code}; print(*sys.modules, file=sys.stderr)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, encoding="utf-8"
    )
    assert run.returncode == 0, run.stderr
    return set(run.stderr.split())


def test_the_table_of_commands_is_true() -> None:
    import importlib

    for name, entry in COMMANDS.items():
        command = getattr(importlib.import_module(entry.module), entry.attribute)
        assert issubclass(command, BaseCommand)
        assert command.name == name
        assert command.help
    assert set(tito.main.ALIASES.values()) <= set(COMMANDS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  x: one two three", "  x: one\n    two\n    three"),
        ("  a-hyphenated-word", "  a-hyphenated-word"),
        ("no indent, so rich breaks it", "no indent, so rich breaks it"),
        ("  short", "  short"),
        ("  two lines\n  as they are", "  two lines\n  as they are"),
    ],
)
def test_an_entry_goes_on_below_itself(text: str, shown: str) -> None:
    assert console.hanging(text, 10) == shown
