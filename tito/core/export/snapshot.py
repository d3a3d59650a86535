"""What a milestone judges: the code that the modules have exported, read once.

What is hashed for the record is what runs: the modules that a milestone needs, and those before
them that are exported too. Whatever else is in `tinytorch/` does not count: later modules, a file
or folder that hides an exported file, an edited `__init__.py`, bytecode compiled from other code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tito.core.export.compose import exported_files, read_package
from tito.core.export.package import Package
from tito.core.export.stale import code_of
from tito.core.export.swap import is_generated, refuse_changed, staged
from tito.core.workspace.workspace import Workspace


@dataclass(frozen=True)
class Snapshot:
    """The exported code of a workspace at one moment.

    `package` is None for a framework that tito did not generate. That runs where it is, and has no
    hashes: there is nothing to say what it was.
    """

    workspace: Workspace
    package: Package | None

    @property
    def modules(self) -> set[str]:
        return set() if self.package is None else self.package.modules

    def up_to(self, required: Iterable[str]) -> Snapshot:
        """Without modules after the last that is required: no earlier one may build on them."""
        last = max(required, default="")
        return self.only(name for name in self.modules if name <= last)

    def only(self, names: Iterable[str]) -> Snapshot:
        """With the code of these modules alone."""
        package = self.package
        for name in sorted(self.modules.difference(names)):
            assert package is not None
            package = package.without(name)
        return replace(self, package=package)

    def hashes(self, names: Iterable[str] | None = None) -> dict[str, str]:
        """SHA-256 of the exported code of each module that has any; None: of all modules."""
        if self.package is None:
            return {}
        wanted = sorted(self.modules if names is None else names)
        found = {name: code_of(name, self.package) for name in wanted}
        return {
            name: hashlib.sha256(repr(sorted(code.items())).encode()).hexdigest()
            for name, code in found.items()
            if code
        }

    @contextmanager
    def laid_out(self) -> Iterator[Path]:
        """A folder with this code as `tinytorch/`, and nothing else in it."""
        if self.package is None:
            yield self.workspace.root
            return
        files = exported_files(self.workspace, self.package.as_it_is())
        with staged(self.workspace, files) as folder:
            yield folder
            refuse_changed(folder, files)


def take(workspace: Workspace) -> Snapshot:
    there = (workspace.package / "__init__.py").is_file() and is_generated(workspace)
    return Snapshot(workspace, read_package(workspace) if there else None)
