"""What a missing connection, or one wrong link, is blamed on: the part that made it, in its module.

Only the checks of single parts run here, on a copy of the package with one change.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.course.broken import Broken
from tito.core.workspace.course import course_root
from tito.core.workspace.workspace import Workspace

MILESTONES = course_root() / "tests" / "milestones"
sys.path.append(str(MILESTONES))

from verification.failures import Failure  # noqa: E402
from verification.probes.parts import check_parts  # noqa: E402
from verification.run import Run  # noqa: E402

MODULES = ["01_tensor", "02_autograd", "03_nn", "11_embeddings"]
ROWS = "*self.shape[:start], joined, *self.shape[end + 1 :]"
CASES = [
    Broken(
        "flatten beside the tensor", "",
        f"return self.reshape({ROWS})", f"return Tensor(self.data.reshape({ROWS}))",
        ("The result of `x.flatten(1)` is not connected to x", "Tensor.flatten", "01_tensor"),
    ),
    Broken(
        "transpose beside the tensor", "",
        "dim1, dim0\n        return Permute.apply(self, tuple(order))",
        "dim1, dim0\n        return Tensor(self.data.transpose(order))",
        ("The result of `x.transpose(0, 1)` is not connected", "Tensor.transpose", "01_tensor"),
    ),
    Broken(
        "clamp beside the tensor", "",
        "return Clamp.apply(self, min, max)", "return Tensor(np.clip(self.data, min, max))",
        ("x.clamp(min=-0.58, max=0.58)` is not connected to x", "Tensor.clamp", "01_tensor"),
    ),
    Broken(
        "one operand of maximum detached", "",
        "return Maximum.apply(input, other)", "return Maximum.apply(input, other.detach())",
        ("The result of `maximum(a, b)` is not connected to b", "maximum", "01_tensor"),
    ),
    Broken(
        "a rule without its second gradient is another matter", "",
        "return np.where(b_wins, 0, shares), np.where(a_wins, 0, shares)",
        "return np.where(b_wins, 0, shares), None",
        ("`maximum` for its input b is None", "maximum", "02_autograd"),
    ),
    Broken(
        "nothing is recorded: a fault of apply, not of the operations", "",
        "result.grad_fn, result.requires_grad = node, True", "result.grad_fn = node",
        ("", "Tensor.backward", "02_autograd"),
    ),
    Broken(
        "needs of the tensors alone, without the plain values", "",
        "node.inputs, node.needs_input_grad = args, needs",
        "node.inputs, node.needs_input_grad = args, [n for n in needs if n]",
        ("`b.grad` is None.|No gradient arrived", "Tensor.backward", "02_autograd"),
    ),
    Broken(
        "plain tensors get a gradient too", "",
        "needs.append(arg.requires_grad)", "needs.append(True)",
        ("`p.grad` is not None, though p requires no gradient", "Tensor.backward", "02_autograd"),
    ),
    Broken(
        "numbers are said to need a gradient", "",
        "node.inputs, node.needs_input_grad = args, needs",
        "node.inputs, node.needs_input_grad = args, [True] * len(needs)",
        ("(needs_input_grad: [True, True, True])", "Tensor.backward", "02_autograd"),
    ),
    Broken(
        "a Sequential of detached tensors", "",
        "            input = module(input)\n", "            input = module(input.detach())\n",
        ("no gradient comes back to x, 0.weight, 0.bias.", "nn.Sequential", "03_nn"),
    ),
    Broken(
        "a Sequential whose result is detached", "",
        "            input = module(input)\n", "            input = module(input).detach()\n",
        ("no gradient comes back to x, 0.weight, 0.bias, 1.weight", "nn.Sequential", "03_nn"),
    ),
    Broken(
        "a learned table that is detached", "",
        "return input + self.weight[:length]", "return input + self.weight.detach()[:length]",
        ("weight` is None.|No gradient arrived", "nn.LearnedPositionalEmbedding", "11_embeddings"),
    ),
    Broken(
        "a learned table of which the last row is taken", "",
        "return input + self.weight[:length]", "return input + self.weight[-1]",
        ("a row of its own, not the last?", "nn.LearnedPositionalEmbedding", "11_embeddings"),
    ),
]  # fmt: skip


@pytest.fixture
def broken(request: pytest.FixtureRequest, solved: Workspace, tmp_path: Path) -> Iterator[Run]:
    shutil.copytree(solved.package, tmp_path / "tinytorch")
    request.param.apply(tmp_path / "tinytorch")
    run = Run("xor", MODULES, 1, lambda name, value: None, workspace=tmp_path)
    yield run
    run.end()


@pytest.mark.parametrize(
    ("broken", "says"),
    [(case, case.says) for case in CASES],
    ids=[case.name for case in CASES],
    indirect=["broken"],
)
def test_the_part_that_is_at_fault_is_named(broken: Run, says: tuple[str, str, str]) -> None:
    broken.framework()
    with pytest.raises(Failure) as caught:
        check_parts(broken)
    failure, (words, *blamed) = caught.value, says
    assert [failure.part, failure.module] == blamed, failure.text()
    for part in words.split("|"):
        assert part.strip() in f"{failure.text()}", failure.text()
