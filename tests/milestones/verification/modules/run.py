"""What a run of a module's tests needs of the judge: the framework's process, test after test.

After the death of that process, the next tests run with a new one: the modules are imported again,
and so is the test file, since what it holds are stand-ins for objects of the old process.
"""

from __future__ import annotations

import runpy
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from verification.isolation.orphans import become_the_judge, end_orphans
from verification.modules.imports import install
from verification.modules.objects import with_stand_ins


class Judge:
    """A plugin of pytest that prepares each test; `end` ends the framework's process."""

    def __init__(self, job: Mapping[str, Any], emit: Callable[..., None]) -> None:
        self._emit = emit
        become_the_judge()
        self._finder = install(Path(job["staging"]), job["test_seconds"])
        emit("isolated", isolation=self._finder.process.held)
        self._files: dict[Path, dict[str, Any]] = {}
        self._restarted = False

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Tests that need the student's code in their own process are left out."""
        apart = [item for item in items if item.get_closest_marker("in_process")]
        items[:] = [item for item in items if item not in apart]
        self._emit("left_out", count=len(apart))

    def pytest_runtest_call(self, item: Any) -> None:
        """A process that lives, a folder that it can write to, and the mark `shared`."""
        if self._finder.process.is_over:
            self._finder.restart()
            self._files.clear()
            self._restarted = True
        if self._restarted:
            item.obj = self._again(item.path)[item.originalname]
        if "tmp_path" in item.funcargs:
            item.funcargs["tmp_path"] = self._folder()
        with_stand_ins(item.obj.__globals__)
        self._finder.process.share(item.get_closest_marker("shared") is not None)

    def _again(self, path: Path) -> dict[str, Any]:
        if path not in self._files:
            self._files[path] = runpy.run_path(str(path), run_name=path.stem)
        return self._files[path]

    def _folder(self) -> Path:
        """A new folder that the framework can write to, in its own home."""
        return Path(tempfile.mkdtemp(dir=self._finder.process.home))

    def end(self) -> None:
        self._finder.process.end()
        end_orphans()
