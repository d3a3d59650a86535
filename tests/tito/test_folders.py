"""Folders are deleted and looked through however deep they are, by `tito` and by the judge."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.nested import nested
from tito.core import folders

COURSE = Path(__file__).resolve().parents[2]
sys.path.append(str(COURSE / "tests/milestones"))

from verification import files  # noqa: E402

Delete = Callable[[Path], None]
NOBODY = 65_534


@pytest.fixture(params=[folders, files], ids=["tito", "judge"])
def module(request: pytest.FixtureRequest) -> ModuleType:
    found: ModuleType = request.param
    return found


@pytest.fixture(params=[True, False], ids=["by descriptor", "by path"])
def delete(
    module: ModuleType, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Delete:
    if request.param and not module.BY_DESCRIPTOR:
        pytest.skip("this system has none for folders")
    monkeypatch.setattr(module, "BY_DESCRIPTOR", request.param)
    found: Delete = module.delete
    return found


@pytest.mark.skipif(os.name == "nt", reason="made by steps that Windows has not")
def test_folders_are_deleted_however_deep(tmp_path: Path, delete: Delete) -> None:
    nested(tmp_path / "top")
    nested(tmp_path / "top" / "other", 300, "n" * 150)
    (tmp_path / "top" / "file").touch()
    delete(tmp_path / "top")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_deleted_and_not_followed(tmp_path: Path, delete: Delete) -> None:
    kept, top = tmp_path / "kept", tmp_path / "top"
    (kept / "inner").mkdir(parents=True)
    (top / "a").mkdir(parents=True)
    for place, target in ((top / "a" / "link", kept), (tmp_path / "link", kept)):
        place.symlink_to(target, target_is_directory=True)
    delete(top)
    delete(tmp_path / "link")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "link"]
    assert (kept / "inner").is_dir()


def test_what_is_not_there_or_no_folder_is_no_error(tmp_path: Path, delete: Delete) -> None:
    delete(tmp_path / "absent")
    (tmp_path / "file").touch()
    delete(tmp_path / "file")
    assert (tmp_path / "file").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mode bits")
def test_folders_that_were_shut_are_deleted_too(tmp_path: Path, module: ModuleType) -> None:
    """The superuser may enter every folder, so a test that runs as one steps down."""
    step_down = f"if os.geteuid() == 0: os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})"
    code = (
        "import importlib.util, os, sys, tempfile\nfrom pathlib import Path\n"
        f"spec = importlib.util.spec_from_file_location('it', {module.__file__!r})\n"
        "it = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(it)\n"
        f"{step_down}\n"
        "top = Path(tempfile.mkdtemp())\n"
        f"bottom = top / 'r' / '/'.join('d' * {2 * files.LEVELS})\n"
        "bottom.mkdir(parents=True)\n"
        "for folder in (bottom, *bottom.parents):\n"
        "    (folder / 'file').touch()\n"
        "    folder.chmod(0o500 if len(folder.parts) % 2 else 0)\n"
        "    if folder == top: break\n"
        "it.delete(top)\n"
        "print(os.path.lexists(top))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("False\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="counts this process's descriptors")
def test_few_descriptors_are_held(
    tmp_path: Path, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    rmdir = os.rmdir

    def counting(*given: object, **options: object) -> None:
        held.append(len(list(Path("/proc/self/fd").iterdir())))
        rmdir(*given, **options)  # type: ignore[arg-type]

    nested(tmp_path / "top", 200)
    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(os, "rmdir", counting)
    module.delete(tmp_path / "top")
    assert len(held) > 200
    assert max(held) - before <= module.LEVELS + 5
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_cannot_be_deleted_does_not_keep_the_rest(
    tmp_path: Path, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = os.unlink

    def stubborn(path: str, **options: int | None) -> None:
        if path.endswith("stays"):
            raise OSError("no")
        unlink(path, **options)

    for name in ("a/b/stays", "a/b/goes", "a/c/goes", "goes"):
        (tmp_path / "top" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "top" / name).touch()
    monkeypatch.setattr(os, "unlink", stubborn)
    module.delete(tmp_path / "top")
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == ["top", "top/a", "top/a/b", "top/a/b/stays"]


def test_a_temporary_folder_is_deleted_after_an_error_too(tmp_path: Path) -> None:
    def fail() -> None:
        with folders.temporary("x-", tmp_path) as folder:
            assert folder.parent == tmp_path
            nested(folder)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_looking_through_folders_ends_somewhere(tmp_path: Path) -> None:
    nested(tmp_path / "b")
    (tmp_path / "a").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "c").touch()
    found = list(folders.below(tmp_path))
    assert found[:3] == [(tmp_path / "a", False), (tmp_path / "c", False), (tmp_path / "b", True)]
    assert len(found) == 3 + folders.DEEPEST
    folders.delete(tmp_path / "b")


def test_tito_and_the_judge_delete_alike() -> None:
    """Neither may import the other, so the text stands twice."""
    texts = [Path(str(module.__file__)).read_text("utf-8") for module in (folders, files)]
    assert len({text[text.index("\ndef delete(") :] for text in texts}) == 1
