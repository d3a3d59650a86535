"""Finding the workspace, and the module somebody means."""

from __future__ import annotations

from pathlib import Path

import pytest

from tito.core.errors import TitoError, UsageError
from tito.core.workspace.workspace import Workspace, find_workspace, modules_in, outer_workspace


def make(root: Path, *names: str) -> Workspace:
    """Folders of modules, each with an empty lesson."""
    for name in names:
        folder = root / "modules" / name
        folder.mkdir(parents=True)
        (folder / f"{name[3:]}.py").touch()
    return Workspace(root)


def test_modules_are_the_folders_and_nothing_else(tmp_path: Path) -> None:
    make(
        tmp_path, "03_line", "00_setup", "__pycache__", "1_short", "04-dash", "notes", "20_capstone"
    )
    (tmp_path / "modules" / "05_file").write_text("not a folder")
    assert [m.name for m in modules_in(tmp_path)] == ["00_setup", "03_line", "20_capstone"]


def test_a_workspace_is_found_from_anywhere_in_it(tmp_path: Path) -> None:
    workspace = make(tmp_path / "my work", "00_setup")
    inside = workspace.root / "modules" / "00_setup" / "deep"
    inside.mkdir()
    assert find_workspace(inside).root == workspace.root
    assert find_workspace(workspace.root).root == workspace.root


def test_the_nearest_workspace_wins(tmp_path: Path) -> None:
    outer = make(tmp_path, "00_setup")
    inner = make(tmp_path / "inner", "01_tensor")
    assert find_workspace(inner.root / "modules").root == inner.root
    found = outer_workspace(inner)
    assert found is not None
    assert found.root == outer.root
    assert outer_workspace(outer) is None or outer_workspace(outer) != outer


def test_a_folder_without_modules_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "modules").mkdir()
    with pytest.raises(UsageError) as caught:
        find_workspace(tmp_path)
    assert caught.value.exit_code == 2
    assert "tito init" in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["1", "01", "001", "01_tensor", "tensor", "TENSOR"])
def test_ways_to_name_a_module(tmp_path: Path, text: str) -> None:
    workspace = make(tmp_path, "00_setup", "01_tensor", "10_tokenization", "11_embeddings")
    module = workspace.resolve(text)
    assert (module.name, module.number, module.short) == ("01_tensor", "01", "tensor")
    assert module.lesson == tmp_path / "modules" / "01_tensor" / "tensor.py"
    assert module.tests.name == "test_tensor.py"


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("14", "11_embeddings"),
        ("999", "11_embeddings"),
        ("tensr", "01_tensor"),
        ("02_tensor", "01_tensor"),
        ("1.0", "01_tensor"),
        ("01_", "01_tensor"),
        ("9" * 5000, "11_embeddings"),
        ("-1", "00_setup"),
        ("", None),
        ("¹", None),
        ("../01_tensor", "01_tensor"),
    ],
)
def test_an_unknown_module(tmp_path: Path, text: str, near: str | None) -> None:
    workspace = make(tmp_path, "00_setup", "01_tensor", "10_tokenization", "11_embeddings")
    with pytest.raises(TitoError) as caught:
        workspace.resolve(text)
    assert caught.value.exit_code == 1
    assert caught.value.hint == "tito module list"
    if near is not None:
        assert f"Did you mean {near}?" in caught.value.message


def test_two_folders_with_one_number(tmp_path: Path) -> None:
    workspace = make(tmp_path, "90_tensor", "90_tensor_copy")
    with pytest.raises(TitoError, match="90_tensor, 90_tensor_copy"):
        workspace.resolve("90")
    assert workspace.resolve("90_tensor").name == "90_tensor"


def test_a_folder_without_a_lesson_of_its_name_is_a_copy(tmp_path: Path) -> None:
    """Unless the course has a module of that name: then its lesson is missing."""
    make(tmp_path, "90_tensor")
    for name in ("90_tensor_old", "01_tensor"):
        (tmp_path / "modules" / name).mkdir()
    workspace = Workspace(tmp_path)
    assert [module.name for module in workspace.modules] == ["01_tensor", "90_tensor"]
    assert workspace.copies == ["90_tensor_old"]
    assert workspace.resolve("90").name == "90_tensor"


def test_paths_are_shown_from_the_workspace(tmp_path: Path) -> None:
    workspace = make(tmp_path, "01_tensor")
    assert workspace.shown(workspace.modules[0].lesson) == "modules/01_tensor/tensor.py"
    assert workspace.shown(tmp_path.parent) == str(tmp_path.parent)
