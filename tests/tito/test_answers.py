"""Which line of a lesson a milestone's failure names: the answer to the part that is wrong."""

from __future__ import annotations

import pytest

from tito.core.lesson.answers import answer_lines
from tito.core.lesson.file import reference
from tito.core.lesson.lesson import Lesson


def lesson(module: str) -> Lesson:
    file = reference(module)
    assert file is not None
    return file.lesson


@pytest.mark.parametrize(
    ("module", "part", "said", "texts"),
    [
        ("02_autograd", "Tensor.__matmul__", "The gradient of", ["grad @ B.mT", "A.mT @ grad"]),
        ("02_autograd", "Tensor.exp", "The gradient of", ["grad * "]),
        ("02_autograd", "Tensor.exp", "The result of", []),
        ("03_nn", "nn.ReLU", "The result of", ["np.maximum"]),
        ("03_nn", "nn.CrossEntropyLoss", "The gradient of", [""]),
        ("03_nn", "nn.MSELoss", "The result of", [""]),
        ("01_tensor", "Tensor.sum", "The result of", [""]),
        ("07_spatial", "nn.Conv2d", "The result of", []),  # the work of several answers
        ("12_attention", "nn.MultiheadAttention", "The gradient of", []),
        ("06_normalization", "nn.LayerNorm", "The result of", []),
    ],
)
def test_the_line_is_the_answer_s_where_its_name_says_so(
    module: str, part: str, said: str, texts: list[str]
) -> None:
    solved = lesson(module)
    lines = answer_lines(solved, part, f"{said} `{part}` is 2 times too large.")
    assert len(lines) == len(texts)
    blocks = {block.begin + 1: block for task in solved.tasks for block in task.blocks}
    for line, text in zip(lines, texts, strict=True):
        block = blocks[line]
        assert text in "\n".join(solved.lines[block.begin : block.end])


def test_a_lesson_that_is_no_python_names_no_line() -> None:
    broken = Lesson(lesson("02_autograd").text + "\ndef (:\n", "modules/02_autograd/autograd.py")
    assert answer_lines(broken, "Tensor.exp", "The gradient of") == []
