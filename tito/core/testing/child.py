"""The child process of a module's test run, which reports in JSON lines.

Run by path (`python child.py job.json`), not imported: it must find only the student's `tinytorch`
and the tests, so it uses nothing of tito. It judges nothing; it writes down what happens, line by
line, so that a crash loses nothing. `runner` reads that. pytest is started from here rather than
with `-m pytest -p`, because the lesson must be imported before the collection, where its errors
would be called collection errors.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

MESSAGE_LIMIT = 4_000
FRAME_LIMIT = 40
SKIPS = ("Skipped", "XFailed")
OWN_FOLDER = str(Path(__file__).resolve().parent)

# What a module's tests never use, and what would read the caller's settings or slow the start.
PYTEST_OPTIONS = [
    "--capture=no",
    "--import-mode=importlib",
    "--noconftest",
    "-pno:cacheprovider",
    "-pno:debugging",  # there is no terminal for its prompt
    "-pno:doctest",
    "-pno:faulthandler",  # it would take our stack file's place
    "-pno:junitxml",
    "-pno:logging",
    "-pno:pastebin",
    "-pno:terminal",
    "-pno:threadexception",
    "-pno:unittest",
    "-pno:unraisableexception",
    "-Werror::pytest.PytestReturnNotNoneWarning",
]


class Reporter:
    """Writes events, and watches the clock of each step."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job, self.pid = job, os.getpid()
        # Both stay open until the process ends, however it ends.
        self.file = Path(job["events"]).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115
        self.stack = Path(job["stack"]).open("w", encoding="utf-8")  # noqa: SIM115
        self.modules = {os.path.realpath(m["tests"]): m["name"] for m in job["modules"]}
        self.stdout = os.dup(1)  # the lesson may close its own

    def emit(self, event: str, **data: Any) -> None:
        if (
            os.getpid() != self.pid
        ):  # a process that the student's code forked has come back into pytest
            os._exit(0)
        self.file.write(json.dumps({"event": event, **data}) + "\n")

    def mark_output(self, test: str) -> None:
        """What is printed from here on belongs to this test."""
        flush()
        os.write(self.stdout, f"\n{self.job['token']}{test}\n".encode())

    def watch(self) -> None:
        """From now on a crash, or no progress within the limit, leaves a stack behind."""
        faulthandler.enable(self.stack)
        if sys.platform != "win32":
            faulthandler.register(signal.SIGUSR1, self.stack)
        self.restart_clock()

    def restart_clock(self) -> None:
        faulthandler.dump_traceback_later(self.job["test_seconds"], exit=True, file=self.stack)

    def relevant(self, filename: str) -> bool:
        return filename.startswith(self.job["staging"]) or self.module_of(filename) is not None

    def module_of(self, test_file: str | os.PathLike[str]) -> str | None:
        return self.modules.get(os.path.realpath(test_file))

    def frames(self, error: BaseException) -> list[list[Any]]:
        """The lines of the student's package and of the tests that an exception went through."""
        trace = error.__traceback__
        found: list[list[Any]] = []
        while trace is not None:
            code = trace.tb_frame.f_code
            if self.relevant(code.co_filename):
                found.append([code.co_filename, trace.tb_lineno, code.co_name])
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename and self.relevant(error.filename):
            found.append([error.filename, error.lineno or 1, ""])
        return [*found[: FRAME_LIMIT // 2], *found[FRAME_LIMIT // 2 :][-FRAME_LIMIT // 2 :]]

    def describe(self, error: BaseException) -> dict[str, Any]:
        if isinstance(error, MemoryError):
            limit_memory(None)  # or there is none to report it with
        return {
            "type": _kind(error),
            "text": self.text(error)[:MESSAGE_LIMIT],
            "blank": _blank_task(error),
            "missing": error.name if isinstance(error, ModuleNotFoundError) else None,
            "frames": self.frames(error),
        }

    def text(self, error: BaseException) -> str:
        if isinstance(error, MemoryError):
            limit = f"more than {self.job['gigabytes']:g} GB"
            return f"It asked for {limit} of memory. Does something grow in a loop?"
        return _text(error)


def _kind(error: BaseException) -> str:
    return "MemoryError" if isinstance(error, MemoryError) else type(error).__name__


def limit_memory(gigabytes: float | None) -> None:
    """What this process may allocate, where the system keeps count of it; None lifts the limit."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = hard if gigabytes is None else int(gigabytes * 2**30)
        with contextlib.suppress(OSError, ValueError):  # the caller's own limit is lower
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def flush() -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or replaced
        sys.stdout.flush()


def _text(error: BaseException) -> str:
    if isinstance(error, SyntaxError):  # str() adds a line of the generated file
        return str(error.msg)
    try:
        return str(error)
    except BaseException as inner:  # a student's __repr__ may be what is broken, or exit
        return f"(its message cannot be shown: {type(inner).__name__})"


def _blank_task(error: BaseException | None) -> str | None:
    """The message of the stub that is behind this error, whatever it was wrapped in."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, NotImplementedError) and _text(error).startswith("Task "):
            return _text(error)
        error = error.__cause__ or error.__context__
    return None


class Plugin:
    """pytest's hooks: each becomes a line."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter

    def pytest_configure(self, config: Any) -> None:
        """Without its terminal, pytest before 9.1 still asks for some of what the terminal has."""
        for name, value in (("verbose", 0), ("tbstyle", "short"), ("showlocals", False)):
            if not hasattr(config.option, name):
                setattr(config.option, name, value)
        # Failing, it would put an empty AssertionError in the place of a test's own words.
        plain = SimpleNamespace(_highlight=lambda source, **_: source)
        config.get_terminal_writer = lambda: plain

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        if report.when == "collect":
            error = call.excinfo.value
            module = self.reporter.module_of(node.path)
            details = self.reporter.describe(error.__cause__ or error)
            self.reporter.emit("collect_error", module=module, **details)

    def pytest_collection_finish(self, session: Any) -> None:
        tests = [[self.reporter.module_of(item.path), item.name] for item in session.items]
        self.reporter.emit("collected", tests=tests)

    def pytest_runtest_protocol(self, item: Any) -> None:
        """Comes before anything of the test; what it prints from here on is its own."""
        self.reporter.restart_clock()
        name = self.id_of(item)
        self.reporter.emit("started", id=name)
        self.reporter.mark_output(name)

    def id_of(self, item: Any) -> str:
        """Not pytest's: outside its root folder, two files' tests may share an id there."""
        return f"{self.reporter.module_of(item.path)}::{item.name}"

    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        """One line for each phase that says something: the call, and any phase that failed.

        The report handed back to pytest is a bare one: its own would format a traceback with
        sources for every stub of a blank lesson, which takes many times as long as the tests.
        """
        import pytest

        error = call.excinfo.value if call.excinfo is not None else None
        kind = type(error).__name__
        outcome = "passed" if error is None else "skipped" if kind in SKIPS else "failed"
        if error is not None or call.when == "call":
            details = self.reporter.describe(error) if error is not None else {}
            self.reporter.emit(
                "finished",
                id=self.id_of(item),
                module=self.reporter.module_of(item.path),
                test=item.name,
                outcome=outcome,
                seconds=call.duration,
                **details,
            )
        return pytest.TestReport(
            item.nodeid,
            item.location,
            {},
            outcome,  # type: ignore[arg-type]
            longrepr=None if error is None else kind,
            when=call.when,
            duration=call.duration,
        )


def import_lessons(reporter: Reporter) -> bool:
    """Import what the lessons export. An error here is the lesson's, and is reported as one."""
    for module in reporter.job["modules"]:
        reporter.restart_clock()
        reporter.emit("importing", module=module["name"])
        try:
            for target in module["targets"]:
                importlib.import_module(target)
        except BaseException as error:
            reporter.emit("import_failed", module=module["name"], **reporter.describe(error))
            return False
    return True


def refuse_breakpoint(*_: object, **__: object) -> None:
    """Replaces the debugger: there is no keyboard here."""
    raise RuntimeError("breakpoint() has no keyboard here: run the lesson's own file to stop there")


def isolate(staging: str) -> None:
    """This process finds the staged package, and not tito's own folder."""
    others = [path for path in sys.path if path and str(Path(path).resolve()) != OWN_FOLDER]
    sys.path[:] = [staging, *others]


def release(version: str) -> tuple[int, ...]:
    """`2.1` of `2.1.0rc1`, as numbers."""
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    isolate(job["staging"])
    reporter = Reporter(job)
    started = time.monotonic()
    for package, oldest in (("pytest", None), ("numpy", job["oldest_numpy"])):
        try:
            found = importlib.import_module(package)
        except ImportError as error:
            reporter.emit("machine_lacks", package=package, text=str(error))
            return
        if oldest and release(found.__version__) < release(oldest):
            text = f"It has {package} {found.__version__}, and {oldest} or newer is needed"
            wanted = f"{package}>={oldest}"
            reporter.emit("machine_lacks", package=package, text=text, wanted=wanted)
            return
    import pytest

    reporter.emit("ready", seconds=time.monotonic() - started)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.breakpointhook = refuse_breakpoint
    reporter.watch()
    limit_memory(job["gigabytes"])
    if import_lessons(reporter):
        tests = [module["tests"] for module in job["modules"]]
        where = [f"--rootdir={job['staging']}", f"-c{job['ini']}"]
        code = pytest.main([*where, *PYTEST_OPTIONS, *tests], plugins=[Plugin(reporter)])
        reporter.emit("session_finished", code=int(code))
    flush()
    os._exit(0)  # the report is written; a student's thread must not keep us here


if __name__ == "__main__":
    main(sys.argv[1])
