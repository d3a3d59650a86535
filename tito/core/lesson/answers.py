"""Where in a lesson the answer to a public name stands: `Tensor.exp` is in `exp_backward`.

Only where the names say so: a layer whose work is done by functions of other names has none here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tito.core.errors import TitoError
from tito.core.lesson.lesson import Lesson

MOST = 4  # more lines than that say nothing
SHORTEST = 3  # letters of a name that a longer one may begin with: MSEOp and MSELoss
OPERATORS = {"truediv": "div", "getitem": "index", "rmul": "mul", "radd": "add", "neg": "mul"}
SETTING_UP = ("__init__", "reset_parameters")
Chain = tuple[str, ...]  # the names of the definitions around an answer


def answer_lines(lesson: Lesson, part: str, said: str) -> list[int]:
    """The lines of the answers to `part`, after what was said to be wrong; none if unsure."""
    name = plain(part.rpartition(".")[2])
    wanted = OPERATORS.get(name, name)
    try:
        found = list(answers(lesson))
    except (SyntaxError, ValueError, RecursionError, MemoryError, TitoError):
        return []
    exact = [(chain, line) for chain, line in found if wanted in map(stem, chain)]
    like = [(chain, line) for chain, line in found if any(alike(stem(n), wanted) for n in chain)]
    lines = [line for chain, line in exact or like if fits(chain, said)]
    return lines if len(lines) <= MOST else []


def answers(lesson: Lesson) -> Iterator[tuple[Chain, int]]:
    """Each answer's definitions, the outer one first, and its first line.

    Without those that use other answers: any of them may be the wrong one.
    """
    tree = ast.parse(lesson.text)
    around = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    found: list[tuple[list[ast.FunctionDef | ast.ClassDef], int]] = []
    for task in lesson.tasks:
        for block in task.blocks:
            inside = [n for n in around if n.lineno <= block.begin <= (n.end_lineno or 0)]
            found += [(inside, block.begin + 1)] if inside else []
    owners = {inside[0].name for inside, _ in found}
    for inside, line in found:
        used = {name for node in ast.walk(inside[-1]) for name in names_in(node)}
        is_rule = any(node.name.endswith(("_backward", "Op")) for node in inside)
        if is_rule or not used & owners - {node.name for node in inside}:
            yield tuple(node.name for node in inside), line


def names_in(node: ast.AST) -> list[str]:
    return [node.id] if isinstance(node, ast.Name) else []


def fits(chain: Chain, said: str) -> bool:
    """Whether an answer is on the way forward or back, as what was said."""
    if chain[-1:] and chain[-1] in SETTING_UP:
        return False
    back = any(name.endswith("backward") for name in chain)
    if said.startswith("The gradient"):
        return back
    return not back if said.startswith("The result") else True


def alike(name: str, wanted: str) -> bool:
    return min(len(name), len(wanted)) >= SHORTEST and wanted.startswith(name)


def stem(name: str) -> str:
    """`ReLUOp` and `relu_backward` are about `relu`."""
    return plain(name.removesuffix("_backward").removesuffix("Op"))


def plain(name: str) -> str:
    """`__matmul__`, `MatMul` and `_matmul` are the same."""
    return name.replace("_", "").lower()
