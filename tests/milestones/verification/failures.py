"""The exception that says what is wrong with a framework, where, and what to try.

The checks raise it; `conftest.py` shows it.
"""

from __future__ import annotations


def lesson_file(module: str) -> str:
    """`03_nn` -> `modules/03_nn/nn.py`, the file a student edits."""
    return f"modules/{module}/{module.partition('_')[2]}.py"


class Failure(AssertionError):
    """One failed check. `said` is the first line: what happened, in one sentence."""

    def __init__(
        self, said: str, *, module: str = "", part: str = "", hint: str = "", **facts: str
    ) -> None:
        self.said, self.module, self.part, self.hint = said, module, part, hint
        self.facts = facts
        super().__init__(self.text())

    def rows(self) -> list[tuple[str, str]]:
        """The lines below the first, as (name, text), without empty ones.

        Where to look and what to try come before the numbers: a report may be cut off.
        """
        rows = [("part", self.part), ("file", lesson_file(self.module) if self.module else "")]
        number = self.module.partition("_")[0]
        tries = f"tito module test {number}" if number else ""
        rows += [("likely", self.hint), ("try", tries), *self.facts.items()]
        return [row for row in rows if row[1]]

    def text(self, replay: str = "") -> str:
        """The whole message, as a student reads it."""
        rows = [*self.rows(), *([("replay", replay)] if replay else [])]
        lines = [f"  {name:<7} {' '.join(words.split())}" for name, words in rows]
        return "\n".join([self.said, "", *lines])
