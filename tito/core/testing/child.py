"""The child process of a module's test run, which reports in JSON lines.

Run by path, not imported: it must see only the student's `tinytorch` and the tests, so it uses
nothing from tito but the files beside it that it loads by path. Its job and the secret that seals
its lines come by the standard input. It judges nothing; it records what happens line by line, so
that a crash loses nothing. `runner` reads the lines. The lesson is imported between pytest's
configuration and its collection: earlier, it could change the settings (PYTEST_ADDOPTS, the ini
file); later, pytest would report its errors as collection errors.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib.util
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

MESSAGE_LIMIT = 4_000
FRAME_LIMIT = 40
OWN_FOLDER = str(Path(__file__).resolve().parent)

# Switch off what a module's tests never use, and what reads the caller's settings or starts slowly.
OFF = (
    "cacheprovider", "debugging", "doctest", "faulthandler", "junitxml", "logging", "pastebin",
    "terminal", "threadexception", "unittest", "unraisableexception",
)  # fmt: skip
HOW = ["--capture=no", "--import-mode=importlib", "--noconftest"]
STRICT = "-Werror::pytest.PytestReturnNotNoneWarning"
PYTEST_OPTIONS = [*HOW, *[f"-pno:{name}" for name in OFF], STRICT]


class Reporter:
    """Writes events, and enforces the time limit of each step."""

    def __init__(self, job: dict[str, Any], seal: Any) -> None:
        self.job, self.pid = job, os.getpid()
        self.seal, self.raised = seal, load(beside("raised"))
        self.limits = load(job["limits"])
        self.gigabytes: float = job["gigabytes"] or self.limits.MEMORY_GB
        # Both stay open until the process ends.
        self.file = Path(job["events"]).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115
        self.stack = Path(job["stack"]).open("w", encoding="utf-8")  # noqa: SIM115
        self.modules = {os.path.realpath(m["tests"]): m["name"] for m in job["modules"]}
        self.stdout = os.dup(1)  # the lesson may close its own

    def emit(self, event: str, **data: Any) -> None:
        if os.getpid() != self.pid:  # a process forked by the student's code
            os._exit(0)
        self.file.write(self.seal.close(json.dumps({"event": event, **data})) + "\n")

    def mark_output(self, test: str) -> None:
        """Mark the output: what is printed from here on belongs to this test."""
        flush()
        os.write(self.stdout, f"\n{self.job['token']}{test}\n".encode())

    def watch(self) -> None:
        """From now on, write a stack after a crash or when the time limit is reached."""
        faulthandler.enable(self.stack)
        if sys.platform != "win32":
            faulthandler.register(signal.SIGUSR1, self.stack)
        self.restart_clock()

    def restart_clock(self) -> None:
        # A judge has a limit of its own for each request, and names the line.
        seconds = self.job["test_seconds"] * (12 if self.job["verification"] else 1)
        faulthandler.dump_traceback_later(seconds, exit=True, file=self.stack)

    def relevant(self, filename: str) -> bool:
        return filename.startswith(self.job["staging"]) or self.module_of(filename) is not None

    def module_of(self, test_file: str | os.PathLike[str]) -> str | None:
        return self.modules.get(os.path.realpath(test_file))

    def frames(self, error: BaseException) -> list[list[Any]]:
        """The lines of the student's package and of the tests that an exception went through."""
        found: list[list[Any]] = []
        for trace in self.raised.traces(error):
            for frame, line in traceback.walk_tb(trace):
                if self.relevant(frame.f_code.co_filename):
                    found.append([frame.f_code.co_filename, line, frame.f_code.co_name])
        there = getattr(error, "places", ())  # in the judged process
        found += [[str(Path(self.job["staging"], file)), *at] for file, *at in there]
        if isinstance(error, SyntaxError) and error.filename and self.relevant(error.filename):
            found.append([error.filename, error.lineno or 1, ""])
        return [*found[: FRAME_LIMIT // 2], *found[FRAME_LIMIT // 2 :][-FRAME_LIMIT // 2 :]]

    def describe(self, error: BaseException) -> dict[str, Any]:
        if isinstance(error, MemoryError):
            self.limits.make_room()
        return {
            "type": self.raised.kind(error),
            "text": self.text(error)[:MESSAGE_LIMIT],
            "blank": self.raised.blank_task(error),
            "missing": error.name if isinstance(error, ModuleNotFoundError) else None,
            "frames": self.frames(error),
        }

    def text(self, error: BaseException) -> str:
        said = self.raised.text(error)
        met: str = self.limits.limit_met(self.raised.kind(error), said, self.gigabytes)
        parts = [met] if isinstance(error, MemoryError) else [said, "" if met in said else met]
        return "\n".join(filter(None, parts))


def beside(name: str) -> str:
    return str(Path(OWN_FOLDER, f"{name}.py"))


def load(path: str) -> Any:
    """A file of the course, by its path."""
    spec = importlib.util.spec_from_file_location(f"_course_{Path(path).stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def flush() -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or replaced
        sys.stdout.flush()


def judges(job: dict[str, Any], emit: Any) -> list[Any]:
    """With `--judged`: the framework runs in another process, and stand-ins are imported here."""
    if not job["verification"]:
        return []
    sys.path.insert(0, job["verification"])
    return [importlib.import_module("verification.modules.run").Judge(job, emit)]


def import_lessons(reporter: Reporter, settings_kept: Any) -> bool:
    """Import what the lessons export; report an error here as an error in the lesson."""
    for module in reporter.job["modules"]:
        reporter.restart_clock()
        reporter.emit("importing", module=module["name"])
        try:
            with settings_kept():
                for target in module["targets"]:
                    importlib.import_module(target)
        except BaseException as error:
            reporter.emit("import_failed", module=module["name"], **reporter.describe(error))
            return False
    return True


def refuse_breakpoint(*_: object, **__: object) -> None:
    """Stand-in for breakpoint(): there is no keyboard here."""
    raise RuntimeError("breakpoint() has no keyboard here. To debug, run the lesson's own file")


def isolate(*staging: str) -> None:
    """Let this process find the staged package, but not tito's own folder."""
    others = [path for path in sys.path if path and str(Path(path).resolve()) != OWN_FOLDER]
    sys.path[:] = [*staging, *others]


def release(version: str) -> tuple[int, ...]:
    """`2.1.0rc1` as the numbers (2, 1)."""
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def main(job_file: str, seal: Any, early: Any = None) -> None:
    """Do the job. `early` are tests that were read before, if they are still those of the job."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    isolate(*([] if job["verification"] else [job["staging"]]))
    reporter = Reporter(job, seal)
    tests = [module["tests"] for module in job["modules"]]
    held = load(beside("held")).HeldTests(tests)
    held = early if early is not None and early.is_like(held) else held
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
    around = load(beside("around"))
    around.end_with_the_tool()
    around.refuse_to_fork()
    reporter.limits.apply_limits(reporter.gigabytes)
    load(str(Path(job["limits"]).with_name("landlock.py"))).keep_signals_inside()
    held.rewrite()
    held.settings_kept = around.settings_kept

    def begin() -> bool:
        imported = import_lessons(reporter, around.settings_kept)
        around.work_in(Path(job["staging"]))  # the lesson may have deleted it
        return imported

    judge, hooks = judges(job, reporter.emit), load(beside("plugin")).Plugin(reporter, begin)
    options = [f"--rootdir={job['staging']}", f"-c{job['ini']}", *PYTEST_OPTIONS]
    code = pytest.main([*options, *tests], plugins=[hooks, held, *judge])
    if hooks.imported is not False:
        reporter.emit("session_finished", code=int(code))
    for each in judge:
        each.end()
    flush()
    os._exit(0)  # the report is written; do not wait for a student's thread


def prepare(tests: list[str]) -> Any:
    """Import what every run needs, and compile tests, before there is a job."""
    isolate()
    with contextlib.suppress(ImportError, AttributeError, OSError):  # `main` says what is missing
        known = importlib.import_module("_pytest.config").default_plugins
        plugins = (f"_pytest.{name}" for name in known if name not in OFF)
        for package in ("pytest", "numpy", *plugins):
            importlib.import_module(package)
        held = load(beside("held")).HeldTests(tests)
        held.rewrite()
        gc.collect()
        gc.freeze()  # none of this is garbage ever
        return held
    return None


def wait_for_job() -> tuple[str, Any]:
    """The job's file and the report's seal, by the standard input. Nothing comes: end quietly."""
    with open(0, "rb", buffering=0, closefd=False) as stream:
        line = stream.readall()  # all of it, and past `sys.stdin`, which would keep a copy
    if not line:
        os._exit(0)
    job_file, secret = json.loads(line)
    load(beside("around")).work_in(Path(job_file).parent)
    return job_file, load(beside("seal")).Seal(bytes.fromhex(secret))


if __name__ == "__main__":
    early = prepare(sys.argv[2:]) if sys.argv[1:] else None
    main(*wait_for_job(), early)
