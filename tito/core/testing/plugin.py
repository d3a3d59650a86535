"""pytest's hooks of a module's test run. Loaded by path in the child's process."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

SKIPS = ("Skipped", "XFailed")


class Plugin:
    """pytest hooks that write one event each."""

    def __init__(self, reporter: Any, begin: Callable[[], bool]) -> None:
        self.reporter, self._begin = reporter, begin
        self.imported: bool | None = None  # None: pytest did not come so far

    def pytest_cmdline_main(self) -> int | None:
        """Import the lessons, once the settings are read; where that fails, do nothing else."""
        self.imported = self._begin()
        return None if self.imported else 1

    def pytest_configure(self, config: Any) -> None:
        """Without its terminal plugin, pytest before 9.1 still uses some of its options."""
        for name, value in (("verbose", 0), ("tbstyle", "short"), ("showlocals", False)):
            if not hasattr(config.option, name):
                setattr(config.option, name, value)
        # If it failed, an empty AssertionError would replace the test's own message.
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
        """Runs before anything of the test, so that its output can be marked."""
        self.reporter.restart_clock()
        name = self.id_of(item)
        self.reporter.emit("started", id=name)
        self.reporter.mark_output(name)

    def id_of(self, item: Any) -> str:
        """Our own test id: outside pytest's root folder, tests of two files may share an id."""
        return f"{self.reporter.module_of(item.path)}::{item.name}"

    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        """Write an event for the call phase, and for any phase that failed.

        pytest gets a minimal report back: its own would format a traceback with source code for
        every stub of a blank lesson, which takes many times as long as the tests.
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
