"""The percent format: a Python file cut into cells by `# %%` lines.

We do not use jupytext, because messages need the line of each cell and jupytext starts slowly. A
course test compares the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

MARKER = re.compile(r"\s*#\s*%%%*(?:\s+(?P<options>.*?))?\s*")
DIRECTIVE = re.compile(r"#\s*\|\s*(?P<word>\w+)\s*(?P<value>\S*)\s*")
STRING_EDGE = re.compile(r"""#|\\.|\"{3}|'{3}|\"|'""")


@dataclass(frozen=True)
class Cell:
    """One cell. `line` is the 1-based line of the file where it begins."""

    kind: str  # "markdown", "raw" or "code"
    line: int
    lines: tuple[str, ...]

    @property
    def source(self) -> str:
        return "\n".join(self.lines)

    @property
    def end(self) -> int:
        """The last line that belongs to the cell."""
        return self.line + len(self.lines) - 1

    @cached_property
    def directives(self) -> dict[str, str]:
        """The directives at the top of a cell: {"export": "nn.init"} for `#| export nn.init`."""
        found: dict[str, str] = {}
        for line in self.lines if self.kind == "code" else ():
            match = DIRECTIVE.fullmatch(line)
            if match:
                found[match["word"]] = match["value"]
            elif line.strip():
                break
        return found

    @property
    def prose(self) -> tuple[str, ...]:
        """A markdown cell's lines without their comment signs."""
        return tuple(map(_uncommented, self.lines))


def split_cells(text: str) -> list[Cell]:
    """Split `text` into cells. A `# %%` inside a multi-line string is not a marker."""
    lines: list[str] = []
    found = [("code", 1, lines)]
    quote: str | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        marker = MARKER.fullmatch(line) if not quote and "%%" in line else None
        if marker is None:
            lines.append(line)
            if found[-1][0] != "code":
                quote = None
            elif quote in line if quote else '"""' in line or "'''" in line:
                quote = _open_quote(line, quote)  # most lines cannot open or close one
            continue
        lines = []
        found.append((_kind(marker["options"] or ""), number + 1, lines))
    for _, _, lines in found:
        while lines and not lines[-1].strip():
            lines.pop()
    return [  # empty text before the first marker is not a cell
        Cell(kind, first, tuple(lines)) for kind, first, lines in found if lines or first > 1
    ]


def _kind(options: str) -> str:
    for word in ("markdown", "md", "raw"):
        if f"[{word}]" in options:
            return "raw" if word == "raw" else "markdown"
    return "code"


def _open_quote(line: str, quote: str | None) -> str | None:
    """The triple quote that is open after `line`, if `quote` was open before it."""
    single: str | None = None
    for edge in STRING_EDGE.findall(line):
        if quote is not None:
            quote = None if edge == quote else quote
        elif single is not None:
            single = None if edge[0] == single else single
        elif edge == "#":
            break
        elif len(edge) == 3:
            quote = edge
        elif edge[0] != "\\":
            single = edge
    return quote


def _uncommented(line: str) -> str:
    stripped = line[1:] if line.startswith("#") else line
    return stripped[1:] if line.startswith("#") and stripped.startswith(" ") else stripped
