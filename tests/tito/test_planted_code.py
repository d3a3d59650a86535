"""Other code in `tinytorch/` than the modules have exported earns nothing: what is hashed runs."""

from __future__ import annotations

import json
import marshal
import shutil
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

import pytest

RIGHT, WRONG = "return 3 * x", "return 4 * x"


@pytest.fixture
def wrong(solved: Path, tinytorch_home: Path) -> Path:
    """A workspace whose lesson 03 is wrong, and exported; all modules are recorded."""
    for path in (solved / "modules/03_line/line.py", solved / "tinytorch/line.py"):
        path.write_text(path.read_text("utf-8").replace(RIGHT, WRONG), encoding="utf-8")
    names = ["00_setup", "03_line"]
    lists = {"completed_modules": names, "unlocked_milestones": [], "completed_milestones": []}
    tinytorch_home.mkdir(exist_ok=True)
    (tinytorch_home / "progress.json").write_text(json.dumps(lists), encoding="utf-8")
    return solved


def bytecode_of_the_right_code(exported: Path) -> None:
    """What Python would take for the compiled file: only the hash of the source is compared."""
    source = exported.read_bytes()
    code = compile(source.decode().replace(WRONG, RIGHT), str(exported), "exec")
    head = MAGIC_NUMBER + (0b11).to_bytes(4, "little") + source_hash(source)
    place = Path(cache_from_source(str(exported)))
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(head + marshal.dumps(code))


def package_of_the_same_name(exported: Path) -> None:
    folder = exported.with_suffix("")
    folder.mkdir()
    right = exported.read_text("utf-8").replace(WRONG, RIGHT)
    (folder / "__init__.py").write_text(right.partition("\n")[2], encoding="utf-8")


def first_lines_of_the_package(exported: Path) -> None:
    init = exported.with_name("__init__.py")
    text = init.read_text("utf-8")
    init.write_text(f"{text}\ndef line(x):\n    {RIGHT}\n", encoding="utf-8")


@pytest.mark.parametrize(
    "plant", [bytecode_of_the_right_code, package_of_the_same_name, first_lines_of_the_package]
)
def test_a_milestone_runs_what_is_hashed(tito, wrong, tinytorch_home, plant) -> None:
    plant(wrong / "tinytorch/line.py")
    run = tito(wrong, "milestone", "run", "slope", "--quiet")
    assert run.returncode == 1, run.stdout + run.stderr
    state = json.loads((tinytorch_home / "progress.json").read_text("utf-8"))
    assert state["completed_milestones"] == []


def test_a_later_module_is_not_there(tito, wrong) -> None:
    """What it does to the code of module 00, the hash of module 00 would not tell."""
    seeds, line = wrong / "tinytorch/seeds.py", wrong / "tinytorch/line.py"
    seeds.write_text(seeds.read_text("utf-8").replace("return seed", "return 0"), encoding="utf-8")
    assert "return 0" in seeds.read_text("utf-8")
    with line.open("a", encoding="utf-8") as file:
        file.write("\nimport tinytorch\ntinytorch.manual_seed = int\n")
    run = tito(wrong, "milestone", "run", "start", "--quiet")
    assert run.returncode == 1, run.stdout + run.stderr


def test_a_module_test_compiles_what_it_tests(tito, wrong) -> None:
    assert tito(wrong, "export", "03", "--no-test").returncode == 0
    bytecode_of_the_right_code(wrong / "tinytorch/line.py")
    assert tito(wrong, "module", "test", "03").returncode == 1


def test_another_framework_runs_where_it_is_without_evidence(tito, wrong, tinytorch_home) -> None:
    shutil.rmtree(wrong / "tinytorch")
    (wrong / "tinytorch").mkdir()
    (wrong / "tinytorch/__init__.py").write_text(f"def line(x):\n    {RIGHT}\n", encoding="utf-8")
    assert tito(wrong, "milestone", "run", "slope", "--quiet").returncode == 0
    found = json.loads(tito(wrong, "milestone", "status", "--json").stdout)["milestones"]
    assert [row["evidence"] for row in found] == [None, "none"]
