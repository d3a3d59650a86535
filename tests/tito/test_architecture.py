"""The imports between packages go one way: main, commands, workflows, core.

The table below says which imports are allowed; the tests compare the code with it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TITO = Path(__file__).resolve().parents[2] / "tito"

FLOOR = {
    "errors",
    "outcome",
    "words",
    "files",
    "folders",
    "process",
    "child_output",
    "console",
    "python",
    "editor",
}

# Which package may import which. The floor's files are free to all that stand above them.
MAY_IMPORT = {
    "core": set(),
    "core.workspace": {"core"},
    "core.lesson": {"core", "core.workspace"},
    "core.export": {"core", "core.workspace", "core.lesson"},
    "core.testing": {"core", "core.workspace", "core.export"},
    "core.milestones": {"core", "core.workspace", "core.export"},
    "core.watching": {"core"},
    "core.scripts": set(),
    "core.classroom": {"core", "core.workspace"},
    "core.showing": {"core", "core.workspace"},
    "world": {"core", "core.workspace", "core.export", "core.milestones"},
    "workflows": {
        "core",
        "core.workspace",
        "core.lesson",
        "core.export",
        "core.testing",
        "core.milestones",
        "core.scripts",
        "core.classroom",
        "world",
    },
    # Of the workflows the values that come back from them; of core what these are made of.
    "views": {
        "core",
        "core.workspace",
        "core.testing",
        "core.milestones",
        "core.classroom",
        "workflows",
    },
    # The page of `tito show` is a view that lives longer, with a process behind it.
    "show": {"core.workspace", "core.milestones", "core.showing", "views"},
    "commands": {
        "core",
        "core.workspace",
        "core.lesson",
        "core.export",
        "core.testing",
        "core.milestones",
        "core.watching",
        "core.classroom",
        "world",
        "workflows",
        "views",
        "show",
    },
    "parser": {"core"},
    "activate": {"core", "core.workspace"},
    "main": {"core", "commands", "parser", "views", "world"},
    "__main__": {"main"},
}


@cache
def files() -> list[Path]:
    return [path for path in sorted(TITO.rglob("*.py")) if "_course" not in path.parts]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def modules() -> set[str]:
    return {module_name(path) for path in files()}


def module_name(path: Path) -> str:
    parts = ("tito", *path.relative_to(TITO).with_suffix("").parts)
    return ".".join(part for part in parts if part != "__init__")


def package_of(module: str) -> str:
    """`tito.core.lesson.percent` -> `core.lesson`; a file of the floor is of `core`."""
    parts = module.split(".")[1:]
    if parts[:1] == ["core"]:
        return "core" if len(parts) < 2 or parts[1] in FLOOR else ".".join(parts[:2])
    return parts[0] if parts else ""


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, except for annotations only.

    A command is named in a table and imported by its name: that counts too.
    """
    tree = tree_of(path)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    known = modules()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module
        elif isinstance(node, ast.Constant) and node.value in known:
            yield str(node.value)


@cache
def edges() -> list[tuple[str, str]]:
    return [(module_name(path), target) for path in files() for target in imports(path)]


def arrows() -> set[tuple[str, str]]:
    """The edges between packages of tito."""
    found = {(package_of(a), package_of(b)) for a, b in edges() if b.startswith("tito")}
    return {(a, b) for a, b in found if a != b and b}


def test_every_arrow_is_in_the_table() -> None:
    not_planned = {(a, b) for a, b in arrows() if a and b not in MAY_IMPORT[a]}
    assert not_planned == set()


def test_the_table_has_no_arrow_that_the_house_has_not() -> None:
    planned = {(a, b) for a, allowed in MAY_IMPORT.items() for b in allowed}
    assert planned - arrows() == set()


def test_the_table_has_no_circle() -> None:
    def above(package: str, way: tuple[str, ...] = ()) -> None:
        assert package not in way, f"{' -> '.join(way)} -> {package}"
        for other in MAY_IMPORT[package]:
            above(other, (*way, package))

    for package in MAY_IMPORT:
        above(package)


def test_no_file_is_in_a_circle() -> None:
    targets: dict[str, set[str]] = {}
    for a, b in edges():
        targets.setdefault(a, set()).add(b)
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, f"{' -> '.join(way)} -> {module}"
        if module not in done:
            for other in targets.get(module, set()) - {module}:
                visit(other, (*way, module))
        done.add(module)

    for module in targets:
        visit(module, ())


def breaking(rule: str) -> list[tuple[str, str]]:
    """The imports that break a rule that is not in the table."""
    rules = {
        "no command knows another command": lambda a, b: (
            is_command(a) and is_command(b) and a != b and not is_group_of(a, b)
        ),
        "no numpy, no framework": lambda a, b: (
            b.split(".")[0] in ("numpy", "tinytorch") and a not in CHILDREN
        ),
        "only core.milestones.tracker knows the tracker": lambda a, b: (
            b.split(".")[0] == "milestone_tracker" and a != "tito.core.milestones.tracker"
        ),
        "the child knows nothing of tito": lambda a, b: a in CHILDREN and b.startswith("tito"),
    }
    return [(a, b) for a, b in edges() if rules[rule](a, b)]


CHILD = "tito.core.testing.child"
EARLY_JUDGE = "tito.core.milestones.early_judge"
# They run in a process of their own, with the framework.
CHILDREN = {CHILD, "tito.core.testing.around", "tito.core.showing.child"}


def is_command(name: str) -> bool:
    """A command's own file; `base` and `completing` are there to be shared."""
    last = name.rpartition(".")[2]
    return name.startswith("tito.commands.") and last not in (
        "base",
        "completing",
        "module",
        "classroom",
    )


def is_group_of(name: str, verb: str) -> bool:
    groups = {
        "tito.commands.module_workflow": "tito.commands.module.",
        "tito.commands.classroom.family": "tito.commands.classroom.",
    }
    return name in groups and verb.startswith(groups[name])


@pytest.mark.parametrize(
    "rule",
    [
        "no command knows another command",
        "no numpy, no framework",
        "only core.milestones.tracker knows the tracker",
        "the child knows nothing of tito",
    ],
)
def test_an_arrow_points_one_way(rule: str) -> None:
    assert breaking(rule) == []


def test_the_walk_sees_the_imports() -> None:
    """These imports are in the tool today."""
    found = edges()
    assert ("tito.__main__", "tito.main") in found
    assert ("tito.main", "tito.commands.init") in found  # named in a table
    assert (
        "tito.core.export.compose",
        "tito.core.export.prerequisites",
    ) in found  # from x import y
    assert ("tito.commands.export", "tito.workflows.complete") in found  # inside a function


def test_every_package_opens_with_one_sentence() -> None:
    for path in files():
        if path.name == "__init__.py" and path.parent != TITO:
            text = ast.get_docstring(tree_of(path)) or ""
            assert text.endswith("."), path
            assert "\n" not in text, path


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_only_main_exits() -> None:
    exits = ("exit", "quit", "sys.exit", "os._exit")
    found = [
        (module_name(path), name) for path in files() for name, _ in calls(path) if name in exits
    ]
    assert set(found) == {(CHILD, "os._exit"), (EARLY_JUDGE, "os._exit")}


def test_nothing_below_the_commands_prints() -> None:
    """A workflow returns values, core does too; what is shown is decided above them."""
    found = [
        module_name(path)
        for path in files()
        for name, _ in calls(path)
        if name == "print" and package_of(module_name(path)).startswith(("core.", "workflows"))
    ]
    assert found == []


def test_only_the_world_reaches_for_the_process() -> None:
    """The environment is handed on; two worlds in one process must not see each other's."""
    found = {
        module_name(path)
        for path in files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")
    }
    assert found == {"tito.world", EARLY_JUDGE}  # a program of its own sets its environment


def test_only_core_export_writes_the_package() -> None:
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
    assert {module for module, _ in found} <= {"tito.core.export.swap"}
    named = [
        module_name(path)
        for path in files()
        if any(
            isinstance(node, ast.Attribute)
            and node.attr == "package"
            and ast.unparse(node.value).endswith("workspace")
            for node in ast.walk(tree_of(path))
        )
    ]
    assert set(named) <= {
        "tito.core.export.compose",
        "tito.core.export.snapshot",
        "tito.core.export.swap",
        "tito.workflows.doctor_workspace",
        "tito.workflows.run_milestone",
        "tito.workflows.run_script",
        "tito.workflows.status",
    }, "a new package looks at tinytorch/: does it only read?"


def test_only_the_tracker_knows_where_progress_is() -> None:
    naming = [module_name(p) for p in files() if "progress.json" in p.read_text(encoding="utf-8")]
    assert naming == []


def test_no_outcome_is_compared_as_a_string() -> None:
    """Outcomes, states and causes are enums: a typing mistake is an error of mypy's."""
    words = {
        "passed", "failed", "could_not_run", "wrong", "blank", "skipped", "stopped", "done",
        "waiting", "not run", "complete", "completed", "changed", "exported", "elsewhere",
        "missing", "started", "answered", "not started", "unrecorded", "unlocked", "locked", "good",
        "note", "yours", "machine",
    }  # fmt: skip
    found = [
        (module_name(path), ast.unparse(node))
        for path in files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Compare)
        for part in (node.left, *node.comparators)
        if isinstance(part, ast.Constant) and part.value in words
    ]
    assert found == []


def test_every_file_opens_by_saying_what_it_is() -> None:
    for path in files():
        text = ast.get_docstring(tree_of(path))
        assert text, f"{path} has no docstring"


def test_rooms_stay_small() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files()}
    assert {str(path): lines for path, lines in sizes.items() if lines > 310} == {}
