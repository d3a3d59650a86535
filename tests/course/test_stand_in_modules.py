"""The judge's stand-ins for modules of the framework: their names, and how little is asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests/milestones"))

from verification import pipe
from verification.failures import Failure
from verification.modules.imports import Finder, install
from verification.modules.objects import map_of

FILES = {
    "__init__.py": "from tinytorch.tensor import Tensor, tensor\n",
    "tensor.py": (
        "class Tensor:\n    pass\n\n"
        "def tensor(value, more=0):\n"
        "    if value < 0:\n        raise ValueError('negative')\n"
        "    return 2 * value + more\n"
    ),
    "optim.py": "",
    "loud.py": (
        "import warnings\nimport numpy as np\nnp.seterr(all='raise')\n"
        "warnings.simplefilter('error')\n"
        "def noise():\n    warnings.warn('no error')\n    return np.geterr()['under']\n"
    ),
}


@pytest.fixture
def finder(tmp_path: Path) -> Iterator[Finder]:
    (tmp_path / "tinytorch").mkdir()
    for name, text in FILES.items():
        (tmp_path / "tinytorch" / name).write_text(text, encoding="utf-8")
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if is_ours(name)}
    made = install(tmp_path, 10.0)
    yield made
    made.process.end()
    sys.meta_path.remove(made)
    for name in [name for name in sys.modules if is_ours(name)]:
        del sys.modules[name]
    sys.modules.update(before)


def is_ours(name: str) -> bool:
    return name.partition(".")[0] == "tinytorch"


def package() -> ModuleType:
    return import_module("tinytorch")


def test_a_function_hides_the_module_of_its_name_as_it_does_over_there(finder: Finder) -> None:
    module = import_module("tinytorch.tensor")
    assert module.tensor(2) == 4
    assert package().tensor(2) == 4
    optim = import_module("tinytorch.optim")
    assert package().optim is optim


def test_map_is_one_request(finder: Finder) -> None:
    double = package().tensor
    before = finder.process._number
    assert list(map_of(double, range(100))) == list(range(0, 200, 2))
    assert finder.process._number == before + 1
    assert list(map_of(double, [1, 2], [10, 20])) == [12, 24]
    with pytest.raises(ValueError, match="negative"):
        map_of(double, [1, -1])
    assert list(map_of(abs, [-1])) == [1]


def test_whether_a_class_has_an_object_is_asked_once(finder: Finder) -> None:
    kind = package().Tensor
    objects = [kind() for _ in range(5)]
    before = finder.process._number
    assert all(isinstance(each, kind) for each in objects)
    assert finder.process._number == before + 1
    assert not isinstance(5, kind)
    assert not isinstance(import_module("tinytorch.optim"), kind)


@pytest.mark.filterwarnings("ignore:no error")
def test_settings_that_a_lesson_makes_for_all_are_undone(finder: Finder) -> None:
    """What it sets at its import, and at a second one for the tests alone."""
    loud = import_module("tinytorch.loud")
    assert loud.noise() == "ignore"
    finder.process.ask("fresh", "tinytorch.loud")
    assert loud.noise() == "ignore"


FORMS = {
    "news that are numbers": ["is", True, [5, 5, 5]],
    "warnings that are numbers": ["is", True, [[], [], [5]]],
    "changes that are numbers": ["is", True, [[], [5], []]],
    "a view far outside": [
        "is", True, [[], [[1, "buffer", 0], [3, "array", [1, 10**30, [1], [8], "<f8", True]]], []],
    ],
    "bytes that are a number": ["is", ["x", [5]], [[], [], []]],
    "a call of nothing": ["call", 5, [[], [], []]],
    "a call of what is not lent": ["call", ["t", ["call", ["t", []], ["d", []]]], [[], [], []]],
    "an error whose places are numbers": [
        "raised",
        {"kind": "X", "text": "", "places": [5, ["f", 1, "g", "h"]], "is_error": True,
         "late": False, "bases": [], "blank": ""},
        [[], [], []],
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", FORMS)
def test_an_answer_of_another_form_ends_the_run(
    finder: Finder, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = FORMS[kind]
    process = finder.process

    def forged(_: object) -> tuple[list[object], list[np.ndarray]]:
        number = 0 if head[0] == "call" else process._number
        return [number, *head], [np.zeros(8, np.uint8)]

    monkeypatch.setattr(pipe, "read_frame", forged)
    with pytest.raises(Failure, match="sent an invalid answer"):
        process.ask("module", "tinytorch")
