"""Broken frameworks: small, realistic mistakes in the reference answers, and what must be said.

Each is one replacement in the exported package. Every one of them must fail its milestone, with a
message that names the right part and the right file. `test_broken_frameworks.py` runs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Broken:
    """One mistake: `old` stands once in the package and becomes `new`; `where` narrows the files.

    With an empty `old`, `new` is put at the end of the file `where`.
    """

    name: str
    milestone: str
    old: str
    new: str
    says: tuple[str, ...]
    where: str = ""

    def apply(self, package: Path) -> None:
        """Make the mistake in a copy of the package."""
        files = [package / self.where] if self.where else sorted(package.rglob("*.py"))
        texts = {path: path.read_text(encoding="utf-8") for path in files}
        if not self.old:
            (path,) = files
            path.write_text(texts[path] + "\n\n" + self.new + "\n", encoding="utf-8")
            return
        found = [path for path, text in texts.items() for _ in range(text.count(self.old))]
        if len(found) != 1:
            raise LookupError(
                f"{self.name}: {self.old!r} stands {len(found)} times in the reference. "
                "It has changed: adapt this mistake to it."
            )
        text = texts[found[0]].replace(self.old, self.new)
        found[0].write_text(text, encoding="utf-8")
