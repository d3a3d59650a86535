"""Bytecode of given code, which is kept from run to run: by its text, and of nothing else."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from tito import FRAMEWORK
from tito.core.export import bytecode
from tito.core.export.bytecode import AT_LEAST, add_bytecode

LESSON, GIVEN = "modules/03_line/line.py", "modules/03_line/line_given.py"
LONG = "# what makes it long enough to be kept\n" * (AT_LEAST // 30)


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "kept"
    monkeypatch.setattr(bytecode, "KEPT", place)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return place


def exported(value: int, *lessons: str) -> str:
    cells = [f"# %% {lesson}:{line}\n" for line, lesson in enumerate(lessons, 1)]
    return "".join(cells) + f"VALUE = {value}\n{LONG}"


def laid_out(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Lay the files out in a folder of their own; return the names that have bytecode."""
    for name, text in files.items():
        path = folder / FRAMEWORK / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    add_bytecode(folder, files)
    return sorted(path.name.partition(".")[0] for path in folder.rglob("*.pyc"))


def imported(folder: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("laid_out", folder / FRAMEWORK / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_files_of_given_code_alone_have_it(tmp_path: Path, kept: Path) -> None:
    files = {
        "given.py": exported(1, GIVEN, GIVEN),
        "mixed.py": exported(2, GIVEN, LESSON),
        "own.py": exported(3, LESSON),
        "unmarked.py": exported(4),
        "short.py": exported(5, GIVEN)[:100],
    }
    assert laid_out(tmp_path / "a", files) == ["given"]
    assert len(list(kept.iterdir())) == 1


def test_it_is_compiled_once_for_each_text(tmp_path: Path, kept: Path) -> None:
    files = {"given.py": exported(1, GIVEN)}
    laid_out(tmp_path / "a", files)
    [first] = kept.iterdir()
    written = first.stat().st_mtime_ns
    laid_out(tmp_path / "b", files)
    assert [(p, p.stat().st_mtime_ns) for p in kept.iterdir()] == [(first, written)]
    laid_out(tmp_path / "c", {"given.py": exported(2, GIVEN)})
    assert len(list(kept.iterdir())) == 2
    for folder, value in (("a", 1), ("b", 1), ("c", 2)):
        assert value == imported(tmp_path / folder, "given.py").VALUE


def test_python_takes_it_and_names_the_new_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = exported(1, GIVEN) + "def fail():\n    raise ValueError\n"
    for folder in ("a", "b"):
        laid_out(tmp_path / folder, {"given.py": text})
    # What compiles a file that has none.
    monkeypatch.setattr(SourceFileLoader, "source_to_code", None, raising=False)
    module = imported(tmp_path / "b", "given.py")
    assert module.fail.__code__.co_filename == str(tmp_path / "b" / FRAMEWORK / "given.py")


def test_where_nothing_can_be_kept_it_is_left_out(tmp_path: Path, kept: Path) -> None:
    kept.write_text("a file in the place of the folder")
    assert laid_out(tmp_path / "a", {"given.py": exported(1, GIVEN)}) == []
    assert imported(tmp_path / "a", "given.py").VALUE == 1
    kept.unlink()
    assert laid_out(tmp_path / "b", {"given.py": "def broken(:\n" + exported(1, GIVEN)}) == []


def test_old_ones_are_deleted(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bytecode, "MOST_FILES", 3)
    for value in range(10):
        laid_out(tmp_path / str(value), {"given.py": exported(value, GIVEN)})
        assert 1 <= len(list(kept.iterdir())) <= 3
