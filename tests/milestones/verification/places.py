"""From a traceback to the line of the lesson that raised: the file that a student edits.

An exported file says before each cell where it comes from: `# %% modules/03_nn/nn.py:120`.
"""

from __future__ import annotations

import re
import traceback
from pathlib import Path

MARKER = re.compile(r"^# %% (modules/\S+\.py):(\d+)\s*$")


def raised_in(error: BaseException) -> str:
    """The last line inside `tinytorch` that an exception came through, as the lesson counts it."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if "tinytorch" in Path(frame.filename).parts]
    if not inside:
        return ""
    last = inside[-1]
    return f"{lesson_line(Path(last.filename), last.lineno or 1)}, in {last.name}: {last.line}"


def lesson_line(path: Path, line: int) -> str:
    """`modules/03_nn/nn.py:131`, or the exported file's own line where it has no marker."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[:line]
    except OSError:
        lines = []
    for number in range(len(lines), 0, -1):
        found = MARKER.match(lines[number - 1])
        if found:
            return f"{found[1]}:{int(found[2]) + line - number - 1}"
    parts = path.parts
    return f"{'/'.join(parts[parts.index('tinytorch') :])}:{line}"
