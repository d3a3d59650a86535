"""Which lessons may change what others export: those of the course do not."""

from __future__ import annotations

import pytest

from tito.core.lesson.file import reference
from tito.core.lesson.lesson import Lesson
from tito.core.lesson.reaching import reaches_out
from tito.core.workspace.workspace import course

MODULE = "02_autograd"


def with_code(code: str) -> Lesson:
    solved = reference(MODULE)
    assert solved is not None
    return Lesson(f"{solved.lesson.text}\n# %%\n#| export\n{code}\n", solved.lesson.shown)


def original() -> Lesson:
    solved = reference(MODULE)
    assert solved is not None
    return solved.lesson


@pytest.mark.parametrize("name", [module.name for module in course().modules])
def test_the_answers_of_the_course_do_not(name: str) -> None:
    solved = reference(name)
    assert solved is not None
    assert not reaches_out(solved.lesson, solved.lesson)


@pytest.mark.parametrize(
    "code",
    [
        "Tensor.exp = None",
        "import tinytorch as t\nt.tensor.zeros = None",
        "import tinytorch.random\ndef late():\n    tinytorch.random.seed.x[0].y = 1",
        "def late(x):\n    object.__setattr__(x, 'a', 1)",
        "getattr(Tensor, '__di' 'ct__')",
        "exec('1')",
        "__import__('gc')",
        "from sys import modules",
        "class Mine(",
    ],
)
def test_it_is_seen(code: str) -> None:
    assert reaches_out(with_code(code), original())


@pytest.mark.parametrize(
    "code",
    [
        "def helper(x):\n    y = x * 2\n    y.grad = None\n    return y",
        "class Mine:\n    def __init__(self):\n        self.a = 1",
        "TEXT = 'as in the globals of a module, which are long to explain in a line'",
    ],
)
def test_what_people_write_is_left_alone(code: str) -> None:
    assert not reaches_out(with_code(code), original())
