"""What a run of a module's tests needs of the judge: the framework's process, test after test.

After the death of that process, the next tests run with a new one: the modules are imported again,
and so is the test file, since what it holds are stand-ins for objects of the old process.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from verification.isolation.orphans import become_the_judge, end_orphans
from verification.modules.imports import install
from verification.modules.objects import with_stand_ins
from verification.process import StillRunning


class Judge:
    """A plugin of pytest that prepares each test; `end` ends the framework's process."""

    def __init__(self, job: Mapping[str, Any], emit: Callable[..., None]) -> None:
        self._emit = emit
        become_the_judge()
        self._finder = install(Path(job["staging"]), job["test_seconds"])
        emit("isolated", isolation=self._finder.process.held)
        self._files: dict[Path, ModuleType] = {}
        self._restarted = False
        self._endless: dict[str, StillRunning] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Tests that need the student's code in their own process are left out."""
        apart = [item for item in items if item.get_closest_marker("in_process")]
        items[:] = [item for item in items if item not in apart]
        self._emit("left_out", count=len(apart))

    def pytest_runtest_call(self, item: Any) -> None:
        """A process that lives, a folder that it can write to, and the mark `shared`."""
        if task_of(item) in self._endless:  # one wait for each task: there is a limit for all
            raise self._endless[task_of(item)]
        if self._finder.process.is_over:
            self._finder.restart()
            self._files.clear()
            self._restarted = True
        if self._restarted:
            renew(item, self._again(item))
        if "tmp_path" in item.funcargs:
            item.funcargs["tmp_path"] = self._folder()
        with_stand_ins(item.obj.__globals__)
        self._finder.process.share(item.get_closest_marker("shared") is not None)

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Remember a task whose code did not come back."""
        if call.excinfo is not None and isinstance(call.excinfo.value, StillRunning):
            self._endless.setdefault(task_of(item), call.excinfo.value)

    def _again(self, item: Any) -> ModuleType:
        """The test file, imported once more by what has imported it: its text was read before."""
        if item.path not in self._files:
            spec = item.module.__spec__
            self._files[item.path] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        return self._files[item.path]

    def _folder(self) -> Path:
        """A new folder that the framework can write to, in its own home."""
        return Path(tempfile.mkdtemp(dir=self._finder.process.home))

    def end(self) -> None:
        self._finder.process.end()
        end_orphans()


def task_of(item: Any) -> str:
    """`test_3_12_named` -> "3_12"."""
    return "_".join(item.originalname.split("_")[1:3])


def renew(item: Any, module: ModuleType) -> None:
    """Give a collected test the function and the parameters of a later import of its file."""
    old, item.obj = item.obj, getattr(module, item.originalname)
    if hasattr(item, "callspec"):
        for before, now in zip(parameters_of(old), parameters_of(item.obj), strict=True):
            item.funcargs.update(now[row_of(before, item.callspec.params)])


def parameters_of(function: Any) -> list[list[dict[str, Any]]]:
    """For each `parametrize`, its rows as arguments by name."""
    marks = [mark for mark in function.pytestmark if mark.name == "parametrize"]
    return [[arguments(mark.args[0], row) for row in mark.args[1]] for mark in marks]


def arguments(names: Any, row: Any) -> dict[str, Any]:
    """`"a, b"` or `["a", "b"]`, and what stands for both in one row."""
    names = names.replace(" ", "").split(",") if isinstance(names, str) else names
    is_param = isinstance(row, tuple) and hasattr(row, "marks")  # a stand-in would be asked
    if is_param:
        return dict(zip(names, row.values, strict=True))
    return dict(zip(names, row if len(names) > 1 else [row], strict=True))


def row_of(rows: list[dict[str, Any]], chosen: Mapping[str, Any]) -> int:
    """Which of the rows a test was collected with."""
    return next(
        number
        for number, row in enumerate(rows)
        if all(chosen[name] is value for name, value in row.items())
    )
