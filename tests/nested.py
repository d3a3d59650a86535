"""Folders in folders, too deep for `shutil`, `os.walk` and `Path.rglob`.

A test deletes them itself: pytest cannot.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DEEP = 1_100  # more than Python's stack has frames
# Made step by step: no path is that long.
CODE = "import os\nfor _ in range({levels}):\n    os.mkdir({name!r}); os.chdir({name!r})\n"


def nested(top: Path, levels: int = DEEP, name: str = "d") -> None:
    """Make them, with a file in the innermost."""
    top.mkdir(parents=True, exist_ok=True)
    code = CODE.format(levels=levels, name=name) + "open('file', 'w').close()\n"
    subprocess.run([sys.executable, "-c", code], cwd=top, check=True)
