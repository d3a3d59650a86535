"""The arrows of the house, read from the imports: main -> commands -> core, and never back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TITO = Path(__file__).resolve().parents[2] / "tito"


def files() -> list[Path]:
    return [path for path in sorted(TITO.rglob("*.py")) if "_course" not in path.parts]


def module_name(path: Path) -> str:
    parts = ("tito", *path.relative_to(TITO).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports anywhere in it, but for its annotations' sake."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    known = {module_name(other) for other in files()}
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module


def edges() -> list[tuple[str, str]]:
    return [(module_name(path), target) for path in files() for target in imports(path)]


def breaking(rule: str) -> list[tuple[str, str]]:
    """The imports that break a rule."""
    rules = {
        "core knows no command": lambda a, b: (
            a.startswith("tito.core") and b.startswith(("tito.commands", "tito.main"))
        ),
        "only __main__ knows main": lambda a, b: b == "tito.main" and a != "tito.__main__",
        "no command knows another command": lambda a, b: (
            is_command(b) and a.startswith("tito.commands.") and a != b
        ),
        "no numpy, no framework": lambda a, b: (
            b.split(".")[0] in ("numpy", "tinytorch") and a != "tito.core.testing.child"
        ),
        "only core.tracker knows the tracker": lambda a, b: (
            b.split(".")[0] == "milestone_tracker" and a != "tito.core.milestones.tracker"
        ),
        "the child knows nothing of tito": lambda a, b: (
            a == "tito.core.testing.child" and b.startswith("tito")
        ),
    }
    return [(a, b) for a, b in edges() if rules[rule](a, b)]


def is_command(name: str) -> bool:
    """A command's own file; `base` and the views (`_name`) are there to be shared."""
    last = name.removeprefix("tito.commands.")
    return name.startswith("tito.commands.") and last != "base" and not last.startswith("_")


@pytest.mark.parametrize(
    "rule",
    [
        "core knows no command",
        "only __main__ knows main",
        "no command knows another command",
        "no numpy, no framework",
        "only core.tracker knows the tracker",
        "the child knows nothing of tito",
    ],
)
def test_an_arrow_points_one_way(rule: str) -> None:
    assert breaking(rule) == []


def test_the_walk_sees_the_imports() -> None:
    """Seen to work: these stand in the tool today."""
    found = edges()
    assert ("tito.__main__", "tito.main") in found
    assert (
        "tito.commands._completing",
        "tito.workflows.complete",
    ) in found  # from tito.core import x
    assert (
        "tito.commands.module_workflow",
        "tito.core.milestones.tracker",
    ) in found  # inside a function


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_only_main_exits() -> None:
    exits = ("exit", "quit", "sys.exit", "os._exit")
    found = [
        (module_name(path), name) for path in files() for name, _ in calls(path) if name in exits
    ]
    assert found == [("tito.core.testing.child", "os._exit")]


def test_only_the_exporter_writes_the_package() -> None:
    """`workspace.package` is the only way to the folder; others may look into it, not write."""
    writes = (
        "write_text",
        "write_bytes",
        "unlink",
        "mkdir",
        "replace",
        "rename",
        "rmtree",
        "rmdir",
    )
    found = [
        (module_name(path), ast.unparse(call))
        for path in files()
        for name, call in calls(path)
        if name.rpartition(".")[2] in writes and ".package" in ast.unparse(call)
    ]
    assert {module for module, _ in found} <= {"tito.core.export.exporter"}
    named = [
        module_name(path)
        for path in files()
        if any(
            isinstance(node, ast.Attribute)
            and node.attr == "package"
            and ast.unparse(node.value).endswith("workspace")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    assert set(named) <= {
        "tito.core.export.exporter",
        "tito.core.export.source_map",
        "tito.workflows.doctor_workspace",
        "tito.workflows.run_milestone",
    }, "a new room looks at tinytorch/: does it only read?"


def test_only_the_tracker_knows_where_progress_is() -> None:
    naming = [module_name(p) for p in files() if "progress.json" in p.read_text(encoding="utf-8")]
    # The demo hands the tracker the file of its throw-away home; it does not open it.
    assert naming == ["tito.workflows.demo"]


def test_every_file_opens_by_saying_what_it_is() -> None:
    for path in files():
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert text, f"{path} has no docstring"


def test_rooms_stay_small() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
    assert {str(path): lines for path, lines in sizes.items() if lines > 310} == {}
