"""Bytecode of the course's given code in a package that is laid out for one run.

Given code is most of a package and changes with the course only; compiling it anew took longer
than anything else before a short run. Its bytecode is kept beside tito's own, found by the hash of
the text it was compiled from, and never taken from a workspace, where it may be of anything.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path

from tito import FRAMEWORK
from tito.core.export.package import marks_in

KEPT = Path(__file__).resolve().parents[2] / "__pycache__" / "given"
AT_LEAST = 4_000  # characters: smaller files are compiled as quickly as found
MOST_FILES = 300  # a course has about twenty, in some variants


def add_bytecode(folder: Path, files: Mapping[str, str]) -> None:
    """Put the bytecode of given code into `folder`; where it cannot be kept, leave it out."""
    for name, text in files.items():
        if len(text) >= AT_LEAST and is_given(text):
            source = folder / FRAMEWORK / name
            with suppress(OSError):
                compiled = bytecode_of(text, source)
                if compiled is not None:
                    target = Path(cache_from_source(source))
                    target.parent.mkdir(exist_ok=True)
                    shutil.copyfile(compiled, target)


def is_given(text: str) -> bool:
    """Whether a file of the package has cells of given code alone."""
    lessons = {mark["lesson"] for mark in marks_in(text)}
    return bool(lessons) and all(lesson.endswith("_given.py") for lesson in lessons)


def bytecode_of(text: str, source: Path) -> Path | None:
    """The kept bytecode of a text, compiled from the file `source` if it is new."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    kept = KEPT / f"{digest}.{sys.implementation.cache_tag}.pyc"
    if kept.is_file():
        return kept
    if sys.dont_write_bytecode:
        return None
    import py_compile

    with suppress(FileNotFoundError):
        if len(list(KEPT.iterdir())) >= MOST_FILES:
            shutil.rmtree(KEPT, ignore_errors=True)
    try:  # checked against the source when it is imported
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        py_compile.compile(str(source), str(kept), doraise=True, invalidation_mode=mode)
    except py_compile.PyCompileError:
        return None  # the run says what is wrong with it
    return kept
