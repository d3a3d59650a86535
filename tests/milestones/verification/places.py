"""From a traceback to the line of the lesson that raised: the file that a student edits.

An exported file says before each cell where it comes from: `# %% modules/03_nn/nn.py:120`.
"""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path

MARKER = re.compile(r"^# %% (modules/\S+\.py):(\d+)\s*$")


def raised_in(error: BaseException) -> str:
    """The last line inside `tinytorch` that an exception came through, as the lesson counts it."""
    # The package itself: a folder above it, or an environment, may be called tinytorch too.
    folder = Path(getattr(sys.modules.get("tinytorch"), "__file__", None) or "tinytorch/").parent
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
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
    inner = path.parts[::-1].index("tinytorch") + 1
    return f"{'/'.join(path.parts[-inner:])}:{line}"
