"""The tests that a file has, read as text before the lesson runs: each of them must have run.

A lesson could make pytest leave some out, by its options or by a hook.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

TEST = re.compile(rb"^def (test\w*)", re.MULTILINE)
APART = "in_process"  # the mark of a test that a judge leaves out


@dataclass(frozen=True)
class Listed:
    """The source of a test file, before anybody could change it."""

    source: bytes
    judged: bool

    def missing(self, ran: Collection[str]) -> list[str]:
        """The test functions that did not run, of which `ran` has the names."""
        seen = [name.decode() for name in TEST.findall(self.source)]
        if all(name in ran for name in seen):
            return []
        return [name for name in self._names() if name not in ran]  # parsing takes longer

    def _names(self) -> Iterator[str]:
        try:
            body = ast.parse(self.source).body
        except (SyntaxError, ValueError, RecursionError):
            return  # the run has said so
        for node in body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                marks = {ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list}
                if not (self.judged and APART in marks):
                    yield node.name
