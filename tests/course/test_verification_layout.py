"""The house rules of `tests/milestones`: sizes, a docstring for every file, and one-way imports.

Two docstrings, of `verification` and `verification.probes`, list the files in order: each file
imports only from those above it. The tests read the text and import nothing. Each rule is also
tested on a copy of the folder in which it is broken.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

MILESTONES = Path(__file__).parents[1] / "milestones"
FILE_LINES, FUNCTION_LINES = 260, 40

LONG_FILES = {
    "milestone_tracker.py": "the specification asks for one self-contained file",
    "test_learning_verification.py": "the specification asks for one file with all milestones",
}
LONG_FUNCTIONS = {
    "test_learning_verification.test_transformer_learning": "one milestone from top to bottom, "
    "with its four controls and their bars where they are used",
}

Breaches = list[str]


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*.py") if "__pycache__" not in path.parts)


def module_name(root: Path, path: Path) -> str:
    """`verification.probes.m03_nn`; a package by its own name."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def trees(root: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in files(root):
        yield module_name(root, path), ast.parse(path.read_text(encoding="utf-8"))


def imports(root: Path) -> Iterator[tuple[str, str]]:
    """(importer, imported) anywhere in a file: in a function, by import_module, for annotations."""
    known = {module_name(root, path) for path in files(root)}
    for name, tree in trees(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                yield from ((name, full if full in known else node.module) for full in inner)
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                names = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                yield from ((name, str(given)) for given in names)


# --------------------------------------------------------------------------------------- the rules


def without_docstring(root: Path) -> Breaches:
    return [name for name, tree in trees(root) if not ast.get_docstring(tree)]


def long_files(root: Path) -> Breaches:
    """A file that is too long, or an exception that is no longer one."""
    long = {
        path.relative_to(root).as_posix()
        for path in files(root)
        if len(path.read_text(encoding="utf-8").splitlines()) > FILE_LINES
    }
    return sorted(long ^ {*LONG_FILES})


def long_functions(root: Path) -> Breaches:
    """A function that is too long, or an exception that is no longer one."""
    long = {
        f"{name}.{node.name}"
        for name, tree in trees(root)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES
    }
    return sorted(long ^ {*LONG_FUNCTIONS})


def order(root: Path, package: str) -> list[str]:
    """The files that a package's docstring lists, `mNN_name` for all those of modules."""
    text = (root / package.replace(".", "/") / "__init__.py").read_text(encoding="utf-8")
    listed = re.findall(
        r"^    (\w+)(?:\.py|/) ", ast.get_docstring(ast.parse(text), False) or "", re.M
    )
    return [f"{package}.{name}" for name in listed]


def listed_as(package: str, name: str) -> str:
    """The name in the package's list for a module, `mNN_name` for those of modules."""
    inside = name.removeprefix(f"{package}.").split(".")[0]
    return f"{package}.{'mNN_name' if re.fullmatch(r'm[0-9]{2}_[a-z_]+', inside) else inside}"


def unlisted(root: Path) -> Breaches:
    """Files that are in no list, and lines of a list without a file."""
    found = []
    for package in ("verification", "verification.probes"):
        prefix = f"{package}."
        names = {name for name, _ in trees(root) if name.startswith(prefix)}
        found += sorted({listed_as(package, name) for name in names} ^ {*order(root, package)})
    return found


def upward(root: Path) -> Breaches:
    """Imports of files that are not above the importer in its package's list."""
    found = []
    for package in ("verification", "verification.probes"):
        floors = {name: floor for floor, name in enumerate(order(root, package))}
        for who, whom in imports(root):
            if not all(name.startswith(f"{package}.") for name in (who, whom)):
                continue
            a, b = listed_as(package, who), listed_as(package, whom)
            below = floors.get(b, 0) < floors.get(a, 0)
            one_line = a == b and (package == "verification" or whom < who)
            if not (below or one_line):
                found.append(f"{who} -> {whom}")
    return found


def into_the_probes(root: Path) -> Breaches:
    """Imports of probes from outside that do not use `parts.py`."""
    return [
        f"{who} -> {whom}"
        for who, whom in imports(root)
        if whom.startswith("verification.probes")
        and not who.startswith("verification.probes")
        and whom != "verification.probes.parts"
    ]


ALLOWED = {  # besides the standard library, by the beginning of a module's name
    "milestone_tracker": {"rich", "filelock", "milestone_tracker"},  # itself, when run as a script
    "conftest": {"pytest", "milestone_tracker", "verification"},
    "test_learning_verification": {"verification"},
    "verification.run": {"numpy", "verification", "tinytorch"},
    "verification": {"numpy", "verification"},
}


def forbidden_imports(root: Path) -> Breaches:
    """Forbidden imports: `tito` anywhere, `tinytorch` except in one place."""
    found = []
    for who, whom in imports(root):
        key = next(key for key in ALLOWED if who == key or who.startswith(f"{key}."))
        top = whom.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ALLOWED[key]:
            found.append(f"{who} -> {whom}")
    return found


RULES: list[Callable[[Path], Breaches]] = [
    without_docstring,
    long_files,
    long_functions,
    unlisted,
    upward,
    into_the_probes,
    forbidden_imports,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_holds(rule: Callable[[Path], Breaches]) -> None:
    assert rule(MILESTONES) == []


PLANTED = [
    (without_docstring, "verification/new.py", "x = 1\n", ["verification.new"]),
    (long_files, "verification/data.py", "\n" * 260, ["verification/data.py"]),
    (
        long_functions,
        "verification/data.py",
        "\n\ndef long():\n" + "    x = 1\n" * 40,
        ["verification.data.long"],
    ),
    (unlisted, "verification/new.py", '"""New."""\n', ["verification.new"]),
    (unlisted, "verification/probes/new.py", '"""New."""\n', ["verification.probes.new"]),
    (
        upward,
        "verification/wording.py",
        "\nfrom verification import models\n",
        ["verification.wording -> verification.models"],
    ),
    (
        upward,
        "verification/failures.py",
        "\ndef late():\n    import verification.controls\n",
        ["verification.failures -> verification.controls"],
    ),
    (
        upward,
        "verification/probes/m02_autograd.py",
        "\nfrom verification.probes import m03_nn\n",
        ["verification.probes.m02_autograd -> verification.probes.m03_nn"],
    ),
    (
        upward,
        "verification/probes/probe.py",
        "\nfrom verification.layers import Call\n",
        ["verification.probes.probe -> verification.layers"],
    ),
    (
        into_the_probes,
        "verification/controls.py",
        "\nfrom verification.probes.inputs import Array\n",
        ["verification.controls -> verification.probes.inputs"],
    ),
    (
        forbidden_imports,
        "verification/metrics.py",
        "\nimport tinytorch.nn\n",
        ["verification.metrics -> tinytorch.nn"],
    ),
    (
        forbidden_imports,
        "verification/run.py",
        "\nfrom tito.core import words\n",
        ["verification.run -> tito.core"],
    ),
    (
        forbidden_imports,
        "verification/gradients.py",
        '\nimport importlib\nimportlib.import_module("tinytorch")\n',
        ["verification.gradients -> tinytorch"],
    ),
    (forbidden_imports, "milestone_tracker.py", "\nimport numpy\n", ["milestone_tracker -> numpy"]),
    (
        forbidden_imports,
        "verification/models.py",
        "\nimport test_learning_verification\n",
        ["verification.models -> test_learning_verification"],
    ),
]


@pytest.mark.parametrize(
    ("rule", "file", "text", "found"),
    PLANTED,
    ids=[f"{rule.__name__}-{file}-{i}" for i, (rule, file, *_) in enumerate(PLANTED)],
)
def test_a_breach_is_seen(
    rule: Callable[[Path], Breaches], file: str, text: str, found: Breaches, tmp_path: Path
) -> None:
    for path in files(MILESTONES):
        copy = tmp_path / path.relative_to(MILESTONES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    with (tmp_path / file).open("a", encoding="utf-8") as added:
        added.write(text)
    assert rule(tmp_path) == found


@pytest.mark.parametrize(
    ("rule", "exceptions"), [(long_files, LONG_FILES), (long_functions, LONG_FUNCTIONS)]
)
def test_an_exception_that_is_none_any_more_is_a_breach(
    rule: Callable[[Path], Breaches], exceptions: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(exceptions, "conftest.py", "it was long once")
    assert rule(MILESTONES) == ["conftest.py"]
