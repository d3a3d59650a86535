"""A CSV file of somebody else's, in which a few cells are filled and every other byte stays.

Line ends, a byte order mark, the separator, the quotes of untouched cells and the encoding are
kept: the system that wrote the file must recognize it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tito.core.errors import UsageError, os_reason
from tito.core.files import read_regular

SEPARATORS = ",;\t"
BOM = "\ufeff"
ENCODINGS = ("utf-8", "cp1252")  # Excel on Windows still writes the second
NUMBER = re.compile(r"-?\d+(?P<mark>[.,])\d+")


@dataclass
class Sheet:
    """Rows of raw cells, quotes included. `ends` has each row's own line end."""

    path: Path
    encoding: str
    bom: str
    separator: str
    rows: list[list[str]]
    ends: list[str]

    def cell(self, row: int, column: int) -> str:
        """The value of a cell; empty where the row is too short."""
        cells = self.rows[row]
        return unquoted(cells[column]) if column < len(cells) else ""

    def row(self, row: int) -> list[str]:
        return [unquoted(cell) for cell in self.rows[row]]

    def column(self, column: int, start: int = 0) -> list[str]:
        return [self.cell(row, column) for row in range(start, len(self.rows))]

    def put(self, row: int, column: int, value: str) -> None:
        """Fill a cell. It keeps its quotes, and gets some where the value needs them."""
        cells = self.rows[row]
        cells.extend([""] * (column + 1 - len(cells)))
        if value == unquoted(cells[column]):
            return
        needs = any(mark in value for mark in (self.separator, '"', "\n", "\r"))
        if needs or cells[column].strip().startswith('"'):
            value = '"' + value.replace('"', '""') + '"'
        cells[column] = value

    def encoded(self) -> bytes:
        lines = (
            self.separator.join(row) + end for row, end in zip(self.rows, self.ends, strict=True)
        )
        return (self.bom + "".join(lines)).encode(self.encoding, errors="replace")

    def decimal_mark(self, columns: list[int]) -> str:
        """`,` or `.`: what the numbers of these columns are written with."""
        for column in columns:
            for value in self.column(column, 1):
                if found := NUMBER.fullmatch(value.strip()):
                    return found["mark"]
        return "," if self.separator == ";" else "."


def unquoted(raw: str) -> str:
    text = raw.strip()
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        return text[1:-1].replace('""', '"')
    return raw


def read_sheet(path: Path) -> Sheet:
    """Read a CSV file; UsageError if it cannot be read as one."""
    try:
        data = read_regular(path)
    except OSError as error:
        raise UsageError(
            f"The file cannot be read: {os_reason(error)}.", where=str(path)
        ) from error
    text, encoding = _decoded(data, path)
    bom = BOM if text.startswith(BOM) else ""
    text = text[len(bom) :]
    separator = separator_of(text)
    rows, ends = [], []
    for cells, end in split_rows(text, separator):
        rows.append(cells)
        ends.append(end)
    if not rows:
        raise UsageError("The file is empty.", where=str(path))
    return Sheet(path, encoding, bom, separator, rows, ends)


def _decoded(data: bytes, path: Path) -> tuple[str, str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16-le" if data[:2] == b"\xff\xfe" else "utf-16-be"
        return data.decode(encoding), encoding
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise UsageError("The file is neither UTF-8 nor Windows text.", where=str(path))


def separator_of(text: str) -> str:
    """The separator that the first line has most of."""
    first = text.splitlines()[0] if text else ""
    return max(SEPARATORS, key=first.count)


def split_rows(text: str, separator: str) -> Iterator[tuple[list[str], str]]:
    """Each row's raw cells and its line end. A quoted cell may span lines."""
    cell = re.compile(rf'[ ]*"(?:[^"]|"")*"[^{separator}\r\n]*|[^{separator}\r\n]*')
    at, cells = 0, []
    while at < len(text):
        match = cell.match(text, at)
        cells.append(match[0] if match else "")
        at = match.end() if match else at
        if text[at : at + 1] == separator:
            at += 1
            if at == len(text):
                cells.append("")
            continue
        end = "\r\n" if text[at : at + 2] == "\r\n" else text[at : at + 1]
        at += len(end)
        yield cells, end
        cells = []
    if cells:
        yield cells, ""
