"""PyTorch scripts on the student's framework: the examples give PyTorch's losses, unchanged."""

from __future__ import annotations

import importlib.util
import json
import re
import textwrap
from pathlib import Path

import pytest

from tito.core.workspace.course import course_root

EXAMPLES = course_root() / "examples"
SCRIPTS = sorted(path.stem for path in EXAMPLES.glob("*.py"))
NUMBER = re.compile(r"-?\d+\.\d+")
TOLERANCE = 2e-3  # float32 over some hundred steps


@pytest.fixture
def tito(solved, run, tmp_path):
    """Run `tito` in the solved workspace."""

    def call(*arguments: str | Path, **env: str):
        home = str(tmp_path / "home")
        return run("-m", "tito", *arguments, cwd=solved.root, TINYTORCH_HOME=home, **env)

    return call


@pytest.fixture
def script(tmp_path):
    """Write a script and return its path."""

    def write(text: str) -> Path:
        path = tmp_path / "script.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


def agree(found: str, expected: str) -> None:
    """The same words, and the same numbers but for rounding."""
    assert NUMBER.sub("#", found) == NUMBER.sub("#", expected)
    ours, theirs = ([float(n) for n in NUMBER.findall(text)] for text in (found, expected))
    assert ours == pytest.approx(theirs, rel=TOLERANCE, abs=TOLERANCE)


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_example_gives_pytorch_s_losses(name, tito, run):
    """`expected/` was written by PyTorch 2.13.0: python examples/NAME.py > expected/NAME.txt"""
    done = tito("run", f"examples/{name}.py")
    assert done.returncode == 0, done.stderr
    agree(done.stdout, (EXAMPLES / "expected" / f"{name}.txt").read_text(encoding="utf-8"))
    if importlib.util.find_spec("torch") is not None:
        agree(done.stdout, run(EXAMPLES / f"{name}.py", cwd=EXAMPLES).stdout)


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_example_needs_nothing_that_is_missing(name, tito):
    done = tito("run", "--check", "--json", f"examples/{name}.py")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["missing"] == []


def test_every_example_is_in_the_readme():
    table = re.findall(r"^\| `(\w+)\.py`", (EXAMPLES / "README.md").read_text("utf-8"), re.M)
    assert sorted(table) == SCRIPTS


def test_torch_is_the_student_s_own_framework_under_every_name(tito, script):
    path = script("""
        import sys
        import torch, tinytorch
        import torch.nn.functional as F
        import torch.cuda
        from torch.utils.data import DataLoader
        from torchvision import transforms, datasets
        import torchvision.transforms as T
        assert torch is tinytorch and F is tinytorch.nn.functional
        assert torch.nn.Linear is tinytorch.nn.Linear
        assert not torch.cuda.is_available()
        assert torch.__spec__.name == "tinytorch" and F.__spec__.name == "tinytorch.nn.functional"
        assert T is transforms is tinytorch.vision.transforms
        assert __name__ == "__main__" and sys.argv[1:] == ["--lr", "0.1", "--check"]
        import beside
        print(beside.HERE, sys.argv[0] == __file__)
    """)
    (path.parent / "beside.py").write_text("HERE = 'found'\n", encoding="utf-8")
    done = tito("run", path, "--lr", "0.1", "--check")
    assert (done.returncode, done.stdout) == (0, "found True\n"), done.stderr


def test_the_files_that_pytorch_spreads_its_names_over_can_be_imported_from(tito, script):
    path = script("""
        from torch.distributions.multivariate_normal import MultivariateNormal
        from torch.distributions.beta import Beta
        from torch.nn.modules.loss import CrossEntropyLoss
        from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
        from torch.optim.lbfgs import LBFGS
        from torch.optim.optimizer import Optimizer
        from torch.optim.swa_utils import AveragedModel
        from torch.linalg import norm, solve
        print("found")
    """)
    done = tito("run", path)
    assert (done.returncode, done.stdout) == (0, "found\n"), done.stderr
    done = tito("run", "--check", path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import torch\ntorch.fft.rfft(1)", "torch.fft: np.fft works on x.numpy()"),
        ("import torch.utils.tensorboard", "torch.utils.tensorboard: print the numbers"),
        ("import torch.onnx\ntorch.onnx.export(1)", "torch.onnx.export: the course writes safe"),
        ("from torch.nn import Bilinear", "Bilinear"),
        (
            "import torch\ntorch.zeros(2).logcumsumexp(0)",
            "torch.Tensor.logcumsumexp: the course does not",
        ),
        ("import torch\nx = torch.zeros(2).cuda()", "there is no GPU here"),
        ("import torch\nx = (1,", 'script.py", line 2\n    x = (1,\n'),
        ("import torch, nothing_of_the_kind", "needs the package nothing_of_the_kind: pip install"),
    ],
)
def test_what_is_missing_is_named_where_the_script_stops(text, said, tito, script):
    done = tito("run", script(text))
    assert done.returncode == 1
    assert said in done.stderr
    assert "script.py" in done.stderr
    assert "core/scripts" not in done.stderr, "the frames of the import hook are not the script's"
    assert "ast.py" not in done.stderr, "nor are those of its compilation"


def test_the_script_s_exit_code_and_output_are_its_own(tito, script):
    done = tito("run", script("import sys\nprint('out')\nsys.exit(7)"))
    assert (done.returncode, done.stdout) == (7, "out\n")


def test_data_is_a_tensor_in_the_script_and_in_the_modules_beside_it(tito, script):
    """PyTorch's `x.data`: the same memory, without history. Elsewhere `data` is what it was."""
    path = script("""
        import torch, numpy as np
        from beside import reset, Holder
        layer = torch.nn.Linear(2, 3)
        reset(layer)
        print(layer.weight.tolist(), layer.weight.requires_grad)
        layer.weight.data.add_(1.0).mul_(2.0)
        layer.weight.data[0] = 7.0
        layer.weight.data -= 1.0
        print(layer.weight.tolist(), layer.weight.data.numpy().sum(), type(Holder().data))
        loss = (layer(torch.ones(1, 2)) ** 2).sum()
        loss.backward()
        layer.bias.data = layer.bias.data - 0.5 * layer.bias.grad.data
        print(loss.data.item(), layer.bias.data.shape, torch.max(layer.bias.data, 0).indices)
        try:
            loss.requires_grad = False
        except RuntimeError as error:
            assert "flags of leaf variables" in str(error)
        assert loss.requires_grad
        layer.weight.requires_grad = False
        assert not layer.weight.requires_grad

        class Own:
            def __data(self):
                return self.data

            data = 3

            def read(self):
                return self.__data()

        print(Own().read(), torch.utils.data.TensorDataset.__name__)
    """)
    (path.parent / "beside.py").write_text(
        "class Holder:\n    data = (1, 2)\n\n\n"
        "def reset(layer):\n    layer.weight.data.fill_(0.5)\n    layer.bias.data.zero_()\n",
        encoding="utf-8",
    )
    done = tito("run", path)
    assert done.stdout.splitlines() == [
        "[[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]] True",
        "[[6.0, 6.0], [2.0, 2.0], [2.0, 2.0]] 20.0 <class 'tuple'>",
        "176.0 (3,) tensor(1)",
        "3 TensorDataset",
    ], done.stderr
    assert not (path.parent / "__pycache__").exists(), "changed code may not be left behind"


def test_an_error_in_the_script_shows_its_own_line(tito, script):
    path = script("import torch\nx = torch.ones(2)\nx.data.view(3).data\n")
    done = tito("run", path)
    assert done.returncode == 1
    assert f'File "{path}", line 3, in <module>' in done.stderr
    assert "    x.data.view(3).data\n" in done.stderr


def test_what_scripts_do_for_other_machines_does_not_stop_them(tito, script):
    """As in PyTorch on a machine without a GPU, and in a process of its own."""
    path = script("""
        import torch
        import torch.backends.cudnn as cudnn
        import torch.distributed as dist
        from torch.nn.parallel import DistributedDataParallel as DDP
        from torch.utils.data.dataloader import DataLoader
        from torch.utils.data.sampler import RandomSampler
        from torch.optim.optimizer import Optimizer
        from torch.nn.modules.loss import CrossEntropyLoss
        assert Optimizer is torch.optim.Optimizer and CrossEntropyLoss is torch.nn.CrossEntropyLoss
        cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = True
        kinds = torch.cuda, torch.mps, torch.xpu, torch.accelerator, torch.backends.mps
        print([kind.is_available() for kind in kinds], torch.accelerator.current_accelerator())
        table = {"float32": torch.float32, "bfloat16": torch.bfloat16}
        net = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        scaler = torch.cuda.amp.GradScaler(enabled=True)
        with torch.amp.autocast("cuda", dtype=table["bfloat16"]), torch.cuda.amp.autocast():
            loss = net(torch.ones(1, 1)).sum()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        before = net.weight.item()
        scaler.step(optimizer)
        scaler.update()
        print(round(before - net.weight.item(), 4), isinstance(net, DDP))
        draws = iter(DataLoader(range(9), sampler=RandomSampler(range(9), True, int(1e10))))
        print(next(draws).shape)
        try:
            torch.ones(2).to(torch.bfloat16)
        except RuntimeError as error:
            print(error)
        DDP(net)
    """)
    done = tito("run", path)
    assert done.stdout.splitlines() == [
        "[False, False, False, False, False] None",
        "0.1 False",
        "(1,)",
        "torch.bfloat16: NumPy has no such numbers; write torch.float32",
    ], done.stderr
    assert "torch.nn.parallel.DistributedDataParallel: the course runs in one" in done.stderr
    assert "    DDP(net)\n" in done.stderr


def test_check_tells_what_may_not_be_reached_and_looks_into_the_modules_beside(tito, script):
    path = script("""
        import torch
        import beside
        from torch.nn.parallel import DistributedDataParallel as DDP
        import torch.onnx

        def export(net):
            torch.onnx.export(net)

        if beside.many:
            net = DDP(beside.net)
            export(net)
        fast = beside.many and torch.compile(beside.net)
    """)
    (path.parent / "beside.py").write_text(
        "import torch\nmany = False\nnet = torch.nn.Linear(2, 3)\n", encoding="utf-8"
    )
    assert tito("run", path).returncode == 0
    done = tito("run", "--check", "--json", path)
    rows = [(row["name"], row["line"]) for row in json.loads(done.stdout)["missing"]]
    assert (done.returncode, rows) == (
        0,
        [
            ("torch.onnx.export", 8),
            ("torch.nn.parallel.DistributedDataParallel", 11),
            ("torch.compile", 13),
        ],
    )
    shown = tito("run", "--check", path).stdout
    assert "every name it uses" in shown
    assert "Only in branches that may not be taken:" in shown

    beside = path.parent / "beside.py"
    beside.write_text(beside.read_text("utf-8") + "torch.lobpcg(net)\n", encoding="utf-8")
    done = tito("run", "--check", path)
    assert done.returncode == 1
    assert "beside.py, line 4 torch.lobpcg: the course does not have it" in done.stdout


def test_check_lists_all_that_is_missing_and_runs_nothing(tito, script):
    path = script("""
        import numpy as np
        import torch
        from torch import nn
        import torch.fft
        torch.fft.rfft(1)
        x = torch.zeros(3)
        print(np.log(2.0), x.erfinv(), torch.exp(x), x.view(-1))
        net = nn.parallel.DataParallel(nn.Fold(3))
        open("was-run", "w")

        class Own:
            def bernoulli_(self):
                return 0

        Own().bernoulli_()
    """)
    done = tito("run", "--check", "--json", path)
    assert done.returncode == 1
    rows = {row["name"]: row["line"] for row in json.loads(done.stdout)["missing"]}
    assert rows == {
        "torch.fft.rfft": 6,
        "erfinv": 8,
        "torch.nn.parallel.DataParallel": 9,
        "torch.nn.Fold": 9,
    }
    shown = tito("run", "--check", path)
    assert "line 9" in shown.stdout
    assert "use the network itself" in " ".join(shown.stdout.split())


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (None, 2, "There is no file"),
        (b"x = (", 1, "is not Python"),
        ("name = 'é'".encode("latin-1"), 1, "is not UTF-8 text"),
    ],
)
def test_a_script_that_cannot_be_read_is_said_to_be_so(content, code, said, tito, tmp_path):
    path = tmp_path / "odd.py"
    if content is not None:
        path.write_bytes(content)
    done = tito("run", "--check", path)
    assert done.returncode == code
    assert said in " ".join(done.stderr.split())


def test_a_name_that_a_later_module_brings_says_which(run, tmp_path, script):
    from tito.workflows.init import create_workspace

    work = create_workspace(tmp_path / "work")
    path = script("import torch\ntorch.zeros(2)")
    done = run("-m", "tito", "run", "--check", path, cwd=work.root)
    assert done.returncode == 1
    assert "comes with module 01_tensor: tito module start 01" in " ".join(done.stdout.split())
