"""What `tinytorch/` offers at every stage, and how it gets there."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import textwrap
import time
from importlib.util import cache_from_source, source_hash
from pathlib import Path
from typing import Any

import pytest

from tests.nested import nested
from tito.core.errors import MachineError, TitoError
from tito.core.export import compose, swap
from tito.core.export.package_files import package_files
from tito.core.export.prerequisites import missing_modules
from tito.core.export.source_map import exported_modules, lesson_line
from tito.core.export.stale import stale_modules
from tito.core.folders import delete
from tito.core.lesson.file import LessonFile, read_lesson
from tito.core.workspace.workspace import Workspace

CELLS: dict[str, list[tuple[str, str]]] = {
    "00_setup": [
        ("default_exp random", ""),
        ("export", "def manual_seed(seed):\n    return seed"),
        ("export utils.collect_env", "print('loaded collect_env')\ndef report():\n    return 'ok'"),
    ],
    "01_tensor": [
        ("default_exp tensor", ""),
        ("export", "from tinytorch.random import manual_seed as _seed\nclass Tensor:\n    pass"),
        ("export", "def tensor(data):\n    return Tensor()\n\n\n_hidden = 1"),
    ],
    "03_nn": [
        ("default_exp nn.modules", ""),
        ("export nn.functional", "from tinytorch import Tensor\ndef relu(x):\n    return x"),
        ("export", "from tinytorch.nn import functional as F\nclass Linear:\n    use = F.relu"),
        ("export nn.init", "def zeros_(x):\n    return x"),
    ],
    "04_training": [
        ("default_exp optim.optimizers", ""),
        ("export", "from tinytorch import nn\nclass SGD:\n    layer = nn.Linear"),
        ("export training", "from tinytorch.optim import SGD\nclass Trainer:\n    optimizer = SGD"),
        ("export nn.utils", "def clip(x):\n    return x"),
    ],
    "07_spatial": [
        ("default_exp nn.spatial", ""),
        (
            "export nn.functional",
            "from tinytorch.tensor import Tensor\ndef conv2d(x):\n    return x",
        ),
        ("export", "from tinytorch.nn.functional import conv2d\nclass Conv2d:\n    use = conv2d"),
    ],
}


def lesson_text(name: str) -> str:
    cells = [f"# %%\n#| {directive}\n{code}\n" for directive, code in CELLS[name]]
    return f"# %% [markdown]\n# # Module {name[:2]}: {name[3:]}\n\n" + "\n".join(cells)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for name in CELLS:
        path = tmp_path / "modules" / name / f"{name[3:]}.py"
        path.parent.mkdir(parents=True)
        path.write_text(lesson_text(name), encoding="utf-8")
    return Workspace(tmp_path)


def read(workspace: Workspace, name: str) -> LessonFile:
    return read_lesson(workspace, workspace.resolve(name))


def with_lesson(workspace: Workspace, name: str) -> dict[str, str]:
    """The files with this lesson, whatever it builds on."""
    file = read(workspace, name)
    package = compose.read_package(workspace).with_lesson(file.module.name, file.lesson)
    return package_files(package, compose.outlines(workspace, package))


def put(workspace: Workspace, files: dict[str, str]) -> None:
    with swap.swapped(workspace, files):
        pass


def export(workspace: Workspace, *names: str) -> None:
    for name in names:
        put(workspace, with_lesson(workspace, name))


def ask(workspace: Workspace, *questions: str) -> dict[str, Any]:
    """Each statement or expression in a Python of its own stage; what came, or which error."""
    script = textwrap.dedent(
        """
        import importlib, json, sys
        found = {}
        for question in json.loads(sys.argv[1]):
            names = {}
            try:
                *before, last = question.split("; ")
                exec("; ".join(before), names)
                found[question] = repr(eval(last, names)) if before else exec(last, names)
            except BaseException as error:
                found[question] = f"{type(error).__name__}: {error}"
        print("ANSWERS" + json.dumps(found))
        """
    )
    run = subprocess.run(
        [sys.executable, "-c", script, json.dumps(questions)],
        cwd=workspace.root,
        capture_output=True,
        encoding="utf-8",
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
    )
    assert run.returncode == 0, run.stderr
    printed, _, answers = run.stdout.partition("ANSWERS")
    return {**json.loads(answers), "printed": printed.strip()}


def later(name: str, module: str) -> str:
    return f"{name} comes with module {module}: tito module start {module[:2]}"


def test_before_the_first_export_every_name_says_its_module(workspace: Workspace) -> None:
    put(workspace, compose.initial_files(workspace))
    found = ask(
        workspace,
        "import tinytorch",
        "import tinytorch; tinytorch.Tensor",
        "from tinytorch import Tensor",
        "from tinytorch import nn",
        "import tinytorch.nn",
        "import tinytorch.nn.functional",
        "from tinytorch.nn import Linear",
        "import tinytorch.optim as optim",
        "import tinytorch; tinytorch.training",
        "from tinytorch.utils import collect_env",
        "import tinytorch; tinytorch.no_such_thing",
        "from tinytorch import no_such_thing",
    )
    nn = f"ImportError: {later('tinytorch.nn', '03_nn')}"
    assert found == {
        "printed": "",
        "import tinytorch": None,
        "import tinytorch; tinytorch.Tensor": (
            f"AttributeError: {later('tinytorch.Tensor', '01_tensor')}"
        ),
        "from tinytorch import Tensor": f"ImportError: {later('tinytorch.Tensor', '01_tensor')}",
        "from tinytorch import nn": nn,
        "import tinytorch.nn": nn,
        "import tinytorch.nn.functional": nn,
        "from tinytorch.nn import Linear": nn,
        "import tinytorch.optim as optim": (
            f"ImportError: {later('tinytorch.optim', '04_training')}"
        ),
        "import tinytorch; tinytorch.training": (
            f"AttributeError: {later('tinytorch.training', '04_training')}"
        ),
        "from tinytorch.utils import collect_env": (
            f"ImportError: {later('tinytorch.utils', '00_setup')}"
        ),
        "import tinytorch; tinytorch.no_such_thing": (
            "AttributeError: module 'tinytorch' has no attribute 'no_such_thing'"
        ),
        "from tinytorch import no_such_thing": found["from tinytorch import no_such_thing"],
    }
    assert "cannot import name 'no_such_thing'" in found["from tinytorch import no_such_thing"]


def test_half_way(workspace: Workspace) -> None:
    export(workspace, "00", "01", "03")
    found = ask(
        workspace,
        "import tinytorch; tinytorch.tensor(1).__class__.__name__",
        "from tinytorch.tensor import Tensor, _hidden; _hidden",
        "import tinytorch; tinytorch.nn.functional.relu(3)",
        "import tinytorch; tinytorch.nn.Linear.use(4)",
        "import tinytorch; tinytorch.nn.modules.__name__",
        "import tinytorch; sorted(tinytorch.__all__)",
        "import tinytorch; sorted(tinytorch.nn.__all__)",
        "from tinytorch.nn.functional import conv2d",
        "import tinytorch; tinytorch.nn.functional.conv2d",
        "from tinytorch.nn import Conv2d",
        "import tinytorch; hasattr(tinytorch.nn, 'Conv2d')",
        "import tinytorch.nn.spatial",
        "from tinytorch.nn import utils",
        "from tinytorch import training",
        "from tinytorch import *; (tensor(1) is not None, manual_seed(2))",
    )
    conv = later("tinytorch.nn.functional.conv2d", "07_spatial")
    expected = {
        "import tinytorch; tinytorch.tensor(1).__class__.__name__": "'Tensor'",
        "from tinytorch.tensor import Tensor, _hidden; _hidden": "1",
        "import tinytorch; tinytorch.nn.functional.relu(3)": "3",
        "import tinytorch; tinytorch.nn.modules.__name__": "'tinytorch.nn.modules'",
        "import tinytorch; sorted(tinytorch.__all__)": "['Tensor', 'manual_seed', 'nn', 'tensor']",
        "import tinytorch; sorted(tinytorch.nn.__all__)": "['Linear', 'functional', 'init']",
        "from tinytorch.nn.functional import conv2d": f"ImportError: {conv}",
        "import tinytorch; tinytorch.nn.functional.conv2d": f"AttributeError: {conv}",
        "from tinytorch.nn import Conv2d": (
            f"ImportError: {later('tinytorch.nn.Conv2d', '07_spatial')}"
        ),
        "import tinytorch; hasattr(tinytorch.nn, 'Conv2d')": "False",
        "import tinytorch.nn.spatial": (
            f"ImportError: {later('tinytorch.nn.spatial', '07_spatial')}"
        ),
        "from tinytorch.nn import utils": (
            f"ImportError: {later('tinytorch.nn.utils', '04_training')}"
        ),
        "from tinytorch import training": (
            f"ImportError: {later('tinytorch.training', '04_training')}"
        ),
        "from tinytorch import *; (tensor(1) is not None, manual_seed(2))": "(True, 2)",
    }
    assert {question: found[question] for question in expected} == expected
    assert found["printed"] == "", "what is under utils must not be loaded by `import tinytorch`"


def test_at_the_end(workspace: Workspace) -> None:
    export(workspace, "00", "01", "03", "04", "07")
    found = ask(
        workspace,
        "import tinytorch; tinytorch.nn.Conv2d.use(1)",
        "import tinytorch; tinytorch.training.Trainer.optimizer is tinytorch.optim.SGD",
        "import tinytorch; tinytorch.nn.utils.clip(2)",
        "import tinytorch; tinytorch.utils.collect_env.report()",
        "from tinytorch.nn.functional import conv2d, relu; conv2d(relu(3))",
    )
    del found["printed"]
    assert list(found.values()) == ["1", "True", "2", "'ok'", "3"]


def test_what_a_class_will_be_given_later_says_its_module(workspace: Workspace) -> None:
    lesson = workspace.resolve("03").lesson
    given = "\n# %%\n#| export\nTensor.later = lambda self: 3\nTensor.early = 3\n"
    lesson.write_text(lesson.read_text() + given)
    first = workspace.resolve("01").lesson
    own = "class Tensor:\n    early = 1\n    broken = property(lambda self: self.misspelt)"
    first.write_text(first.read_text().replace("class Tensor:\n    pass", own))
    export(workspace, "00", "01")
    found = ask(
        workspace,
        "import tinytorch; tinytorch.Tensor().later()",
        "import tinytorch; hasattr(tinytorch.Tensor, 'later')",
        "import tinytorch; tinytorch.Tensor().early",
        "import tinytorch; tinytorch.Tensor().broken",
    )
    del found["printed"]
    assert list(found.values()) == [
        f"AttributeError: {later('Tensor.later', '03_nn')}",
        "False",
        "1",
        "AttributeError: 'Tensor' object has no attribute 'misspelt'",
    ]


def test_a_shared_file_holds_its_sections_in_module_order(workspace: Workspace) -> None:
    export(workspace, "00", "01", "03", "07")
    first = (workspace.package / "nn/functional.py").read_text()
    assert first.index("def relu") < first.index("def conv2d")
    export(workspace, "03")  # again: only its own sections are replaced
    assert (workspace.package / "nn/functional.py").read_text() == first
    assert exported_modules(workspace.package) == {"00_setup", "01_tensor", "03_nn", "07_spatial"}


def test_what_is_half_written_elsewhere_does_not_leak(workspace: Workspace) -> None:
    export(workspace, "00", "01", "03")
    lesson = workspace.resolve("03").lesson
    lesson.write_text(lesson.read_text().replace("return x", "return half_done("))
    export(workspace, "07")
    functional = (workspace.package / "nn/functional.py").read_text()
    assert "half_done" not in functional
    assert "def conv2d" in functional


def test_a_later_lesson_that_is_broken_stops_nothing(workspace: Workspace) -> None:
    workspace.resolve("07").lesson.write_text("# %%\n#| export nn.spatial\ndef (")
    export(workspace, "00")
    assert exported_modules(workspace.package) == {"00_setup"}


def test_every_exported_line_leads_back_to_the_lesson(workspace: Workspace) -> None:
    export(workspace, "00", "01", "03", "07")
    checked = 0
    for path in workspace.package.rglob("*.py"):
        text = path.read_text()
        for number, line in enumerate(text.split("\n"), start=1):
            place = lesson_line(text, number)
            if place is None or not line.strip() or line.startswith("#"):
                continue
            if "_later" in line or "_names" in line or ": '" in line or line == "}":
                continue  # what later modules bring
            lesson = (workspace.root / place[0]).read_text().split("\n")
            assert lesson[place[1] - 1] == line
            checked += 1
    assert checked > 20


def test_a_target_that_a_lesson_gave_up_is_removed(workspace: Workspace) -> None:
    export(workspace, "00", "01", "03")
    lesson = workspace.resolve("03").lesson
    lesson.write_text(lesson.read_text().replace("export nn.init", "export nn.functional"))
    export(workspace, "03")
    assert not (workspace.package / "nn/init.py").exists()


@pytest.mark.parametrize("exported", ["", "#| export\n"], ids=["at the top", "in a cell"])
def test_a_future_import_of_a_lesson_holds_in_the_package(
    workspace: Workspace, exported: str
) -> None:
    """There it can only be at the top of a file; lines of the lesson stay where they are."""
    lesson = workspace.resolve("00").lesson
    text = lesson_text("00_setup").replace("def manual_seed(seed)", "def manual_seed(seed: Later)")
    assert "Later" in text
    lesson.write_text(f"# %%\n{exported}from __future__ import annotations\n\n{text}")
    export(workspace, "00")
    asked = "import tinytorch; tinytorch.manual_seed.__annotations__"
    assert ask(workspace, asked)[asked] == "{'seed': 'Later'}"
    assert not stale_modules(workspace)
    exported = (workspace.package / "random.py").read_text()
    line = exported[: exported.index("def manual_seed")].count("\n") + 1
    found = lesson_line(exported, line)
    assert found is not None
    assert lesson.read_text().split("\n")[found[1] - 1] == "def manual_seed(seed: Later):"


def test_files_of_somebody_else_are_left_alone(workspace: Workspace) -> None:
    put(workspace, compose.initial_files(workspace))
    own = workspace.package / "my_notes.py"
    own.write_text("x = 1\n")
    export(workspace, "00")
    assert own.read_text() == "x = 1\n"


@pytest.mark.skipif(os.name == "nt", reason="made by steps that Windows has not")
def test_folders_that_are_nested_too_deep_are_left_alone(workspace: Workspace) -> None:
    put(workspace, compose.initial_files(workspace))
    nested(workspace.package / "deep")
    try:
        export(workspace, "00")
        with pytest.raises(TitoError, match="no"), swap.swapped(workspace, {}):
            raise TitoError("no")
        assert exported_modules(workspace.package) == {"00_setup"}
        assert (workspace.package / "deep").is_dir()
    finally:
        delete(workspace.package / "deep")


@pytest.mark.skipif(os.name == "nt", reason="made by steps that Windows has not")
def test_a_staging_copy_is_deleted_however_deep(workspace: Workspace) -> None:
    with swap.staged(workspace, {}) as folder:
        nested(folder)
    assert list(workspace.scratch.iterdir()) == []


def test_a_damaged_package_names_the_command_that_mends_it(workspace: Workspace) -> None:
    export(workspace, "00", "01")
    damaged = workspace.package / "tensor.py"
    damaged.write_text(damaged.read_text() + "def (\n")
    with pytest.raises(MachineError) as caught:
        export(workspace, "03")
    assert caught.value.hint == "tito export 01"
    export(workspace, "01")
    export(workspace, "03")


def test_compiled_files_of_the_second_before_are_not_used(workspace: Workspace) -> None:
    """A .pyc is matched by whole seconds and size; two exports may share both."""
    lesson = workspace.resolve("00").lesson
    for value in ("1234", "5678"):
        text = lesson_text("00_setup").replace("return seed", f"return {value}")
        lesson.write_text(text)
        export(workspace, "00")
        os.utime(workspace.package / "random.py", (1_700_000_000, 1_700_000_000))
        answers = ask(workspace, "import tinytorch; tinytorch.manual_seed(1)")
        assert answers["import tinytorch; tinytorch.manual_seed(1)"] == value


def test_what_is_exported_is_compiled_and_a_staging_copy_anew(workspace: Workspace) -> None:
    export(workspace, "00")
    for path in workspace.package.rglob("*.py"):
        compiled = Path(cache_from_source(str(path))).read_bytes()
        assert compiled[4] == 0b11, "matched by the hash of the source, not by its time"
        assert compiled[8:16] == source_hash(path.read_bytes()), f"{path} is not what was compiled"
    with swap.staged(workspace, with_lesson(workspace, "01")) as folder:
        assert not list(folder.rglob("*.pyc")), "somebody may have compiled something else"


@pytest.mark.parametrize(
    ("module", "exported", "missing"),
    [
        ("00", [], []),
        ("01", [], ["00_setup"]),
        ("01", ["00"], []),
        ("03", [], ["01_tensor"]),
        ("03", ["00", "01"], []),
        ("04", ["00", "01"], ["03_nn"]),
        ("07", [], ["01_tensor", "03_nn"]),
    ],
)
def test_prerequisites_are_found_from_imports(
    workspace: Workspace, module: str, exported: list[str], missing: list[str]
) -> None:
    export(workspace, *exported)
    package = compose.read_package(workspace)
    unexported = compose.outlines(workspace, package)
    assert missing_modules(read(workspace, module), package, unexported) == missing


def test_a_swap_is_undone_when_a_later_step_fails(workspace: Workspace) -> None:
    put(workspace, compose.initial_files(workspace))
    before = {path: path.read_bytes() for path in workspace.package.rglob("*.py")}
    files = with_lesson(workspace, "00")
    seen: list[str] = []
    with pytest.raises(TitoError), swap.swapped(workspace, files):  # noqa: PT012
        seen.append((workspace.package / "random.py").read_text())
        raise TitoError("no")
    assert "def manual_seed" in seen[0]
    assert {path: path.read_bytes() for path in workspace.package.rglob("*.py")} == before
    assert not (workspace.scratch / "swap").exists()


def test_the_first_export_that_fails_leaves_no_folder(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = with_lesson(workspace, "00")
    with pytest.raises(TitoError), swap.swapped(workspace, files):
        raise TitoError("no")
    assert not workspace.package.exists()


SWAPPER = """
import sys, time
from pathlib import Path
from tito.core.export import swap
from tito.core.workspace.workspace import Workspace

def slowly(source, path, move=swap._move):
    time.sleep(0.003)  # most of the time should pass in the middle
    move(source, path)

swap._move = slowly
workspace = Workspace(Path(sys.argv[1]))
names = ["a.py", "b.py", "nn/c.py", "nn/d.py"]
version = 0
while True:
    version += 1
    line = f'\"\"\"{swap.SIGN}\"\"\"\\nVERSION = {version}\\n'
    with swap.swapped(workspace, dict.fromkeys(names, line)):
        print("swapped", flush=True)
"""


def test_killed_in_the_middle_of_a_swap(workspace: Workspace, repo: Path) -> None:
    """kill -9 at any moment: after the next look, all files are of one version."""
    rng = random.Random(7)
    cut_short = 0
    for _ in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", SWAPPER, str(workspace.root)],
            env={**os.environ, "PYTHONPATH": str(repo)},
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        for _ in range(rng.randint(1, 8)):
            child.stdout.readline()
        time.sleep(rng.random() * 0.02)
        child.kill()
        child.communicate()
        cut_short += workspace.journal.exists()
        swap.recover(workspace)
        texts = {path.read_text() for path in workspace.package.rglob("*.py")}
        assert len(texts) == 1, texts
    assert cut_short, "no swap was ever hit: this test has shown nothing"
