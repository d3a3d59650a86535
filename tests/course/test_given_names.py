"""Names that the given files bring, beside the values that PyTorch 2.13.0 gives.

One process for all: each test is a function of the script below. `bench.parity_names` compares
more of them with PyTorch itself.
"""

from __future__ import annotations

import inspect
import struct
import zlib
from pathlib import Path

import pytest

torch = None  # `tinytorch`, where the functions below run


def comparisons_as_functions():
    x, y = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2.0, 2.0, 2.0])
    found = [f(x, y).tolist() for f in (torch.lt, torch.le, torch.gt, torch.ge, torch.eq, torch.ne)]
    assert found == [
        [True, False, False], [True, True, False], [False, False, True], [False, True, True],
        [False, True, False], [True, False, True],
    ]  # fmt: skip
    assert torch.nonzero(x > 1).tolist() == [[1], [2]]


def diagonals_and_their_gradients():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.diag(x, 1)
    assert y.tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]
    (y * torch.arange(9.0).view(3, 3)).sum().backward()
    assert x.grad.tolist() == [1.0, 5.0]
    m = torch.arange(6.0).view(2, 3).requires_grad_()
    assert m.diag(-1).tolist() == [3.0]
    (torch.diag(m) * torch.tensor([10.0, 20.0])).sum().backward()
    assert m.grad.tolist() == [[10.0, 0.0, 0.0], [0.0, 20.0, 0.0]]


def keepdims_and_out():
    x = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    assert x.sum(1, keepdims=True).tolist() == [[3.0], [8.0]]
    assert torch.mean(x, 0, keepdims=True).tolist() == [[2.0, 3.5]]
    assert x.max(1, keepdims=True).values.tolist() == [[2.0], [5.0]]
    y = torch.zeros(2, 2)
    assert torch.add(x, x, out=y) is y
    assert y.tolist() == [[2.0, 4.0], [6.0, 10.0]]


def filled_positions():
    x = torch.zeros(3, 2)
    assert x.index_fill_(0, torch.tensor([0, 2]), 4.0) is x
    assert x.tolist() == [[4.0, 4.0], [0.0, 0.0], [4.0, 4.0]]
    assert x.index_fill_(0, torch.tensor([], dtype=torch.long), 9.0)[0].tolist() == [4.0, 4.0]


def generators_of_their_own():
    torch.manual_seed(1)
    before = torch.rand(2).tolist()
    torch.manual_seed(1)
    g = torch.Generator(device="cpu").manual_seed(5)
    first = torch.randn(2, 3, generator=g), torch.randperm(4, generator=g)
    assert torch.rand(2).tolist() == before, "it moved the one generator"
    g.manual_seed(5)
    assert torch.randn(2, 3, generator=g).tolist() == first[0].tolist()
    assert torch.randperm(4, generator=g).tolist() == first[1].tolist()
    assert g.initial_seed() == 5
    assert torch.rand(1, generator=torch.Generator()).shape == (1,)


def operations_in_pytorch_s_form():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, scale):
            assert not torch.is_grad_enabled()
            ctx.save_for_backward(x)
            ctx.scale = scale
            return scale * x**3

        @staticmethod
        def backward(ctx, grad_output):
            (x,) = ctx.saved_tensors
            assert ctx.needs_input_grad[0]
            return grad_output * ctx.scale * 3 * x**2, None

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = Cube.apply(x, 2.0)
    assert y.tolist() == [2.0, 16.0]
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 24.0]


def gradients_of_results():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    z = y**2
    y.retain_grad()
    y.retain_grad()
    z.sum().backward(retain_graph=True)
    assert (y.grad.tolist(), z.grad, x.grad.tolist()) == ([6.0, 12.0], None, [18.0, 36.0])
    z.sum().backward()
    assert y.grad.tolist() == [12.0, 24.0]
    try:
        torch.ones(2).retain_grad()
    except RuntimeError:
        return
    raise AssertionError("a tensor that requires no gradient keeps none")


def shared_memory_that_is_changed_in_the_graph():
    w = torch.tensor([5.0, 7.0], requires_grad=True)
    x = torch.zeros(2)
    y = x.detach()
    y.copy_(w)
    assert x.tolist() == [5.0, 7.0]
    x = torch.ones(2)
    y = x.detach()
    x *= w
    x.sum().backward()
    assert (y.tolist(), w.grad.tolist()) == ([5.0, 7.0], [1.0, 1.0])
    import numpy as np

    array = np.ones(2, "float32")
    torch.from_numpy(array).add_(w)
    assert array.tolist() == [6.0, 8.0]


def sums_of_products():
    x, a, b = torch.ones(2, 2), torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.full((2, 2), 2.0)
    assert torch.addmm(x, a, b, beta=2, alpha=0.5).tolist() == [[5.0, 5.0], [9.0, 9.0]]
    assert torch.addcmul(x, a, b, value=3).tolist() == [[7.0, 13.0], [19.0, 25.0]]
    assert torch.addcdiv(x, a, b).tolist() == [[1.5, 2.0], [2.5, 3.0]]
    assert torch.lerp(x, a, 0.5).tolist() == [[1.0, 1.5], [2.0, 2.5]]
    zero = torch.tensor([0, 2, 0])
    assert torch.logical_or(zero, torch.tensor([0, 0, 3])).tolist() == [False, True, True]
    assert torch.logical_not(zero).tolist() == [True, False, True]
    assert not x.is_sparse
    assert x.new(2, 3).shape == (2, 3)
    assert torch.finfo(torch.float32).max == 3.4028234663852886e38


def larger_images():
    F = torch.nn.functional

    x = torch.arange(4.0).view(1, 1, 2, 2).requires_grad_()
    w = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    y = F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1)
    assert y.tolist() == [[[[0.0, 3.0, 4.0], [4.0, 3.0, 6.0], [8.0, 9.0, 12.0]]]]
    y.sum().backward()
    assert x.grad.tolist() == [[[[4.0, 7.0], [6.0, 10.0]]]]
    z = F.pixel_shuffle(torch.arange(8.0).view(1, 4, 1, 2), 2)
    assert z.tolist() == [[[[0.0, 2.0, 1.0, 3.0], [4.0, 6.0, 5.0, 7.0]]]]
    up = F.interpolate(torch.arange(4.0).view(1, 1, 2, 2), size=(3, 4))
    assert up[0, 0].tolist() == [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0], [2.0, 2.0, 3.0, 3.0]]
    rows = torch.arange(5.0).view(1, 1, 5)
    assert F.conv1d(rows, torch.tensor([[[1.0, -1.0, 2.0]]]), padding="same").tolist() == [
        [[2.0, 3.0, 5.0, 7.0, -1.0]]
    ]
    image = torch.arange(16.0).view(1, 1, 4, 4)
    same = F.conv2d(image, torch.arange(4.0).view(1, 1, 2, 2), padding="same")
    assert same[0, 0, 0].tolist() == [24.0, 30.0, 36.0, 14.0]
    assert same[0, 0, 3].tolist() == [13.0, 14.0, 15.0, 0.0]
    assert torch.nn.Conv2d(1, 2, 3, padding="same", dilation=2)(image).shape == (1, 2, 4, 4)
    assert torch.nn.Conv2d(1, 2, 3, padding="valid")(image).shape == (1, 2, 2, 2)
    assert F.adaptive_avg_pool2d(image, (None, 2)).tolist()[0][0][3] == [12.5, 14.5]
    assert F.max_pool1d(rows, 2).tolist() == [[[1.0, 3.0]]]
    assert torch.nn.ConvTranspose2d(2, 6, (3, 2), groups=2).weight.shape == (2, 3, 3, 2)


def the_decoder_and_its_mask():
    mask = torch.nn.Transformer.generate_square_subsequent_mask(2)
    assert mask.tolist() == [[0.0, -torch.inf], [0.0, 0.0]]
    net = torch.nn.Transformer(8, 2, 1, 1, 16, dropout=0.0).eval()
    src, tgt = torch.randn(5, 3, 8), torch.randn(4, 3, 8)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(4)
    before = net(src, tgt, tgt_mask=mask)
    tgt[3] = 9.0
    after = net(src, tgt, tgt_mask=mask)
    assert torch.equal(before[:3], after[:3])
    assert not torch.allclose(before[3], after[3])
    names = [name for name, _ in net.decoder.layers[0].named_children()]
    assert names[:2] == ["self_attn", "multihead_attn"]


def grids_of_images():
    from tinytorch.vision.utils import make_grid, save_image

    images = torch.arange(12.0).view(3, 1, 2, 2) / 11
    grid = make_grid(images, nrow=2, padding=1, pad_value=0.5)
    assert grid.shape == (3, 7, 7)
    assert grid[2].mul(22).round().int().tolist() == [
        [11, 11, 11, 11, 11, 11, 11],
        [11, 0, 2, 11, 8, 10, 11],
        [11, 4, 6, 11, 12, 14, 11],
        [11, 11, 11, 11, 11, 11, 11],
        [11, 16, 18, 11, 11, 11, 11],
        [11, 20, 22, 11, 11, 11, 11],
        [11, 11, 11, 11, 11, 11, 11],
    ]
    assert make_grid(images * 4 - 2, normalize=True).max().item() == 1.0
    save_image(images, "grid.png", nrow=2)
    try:
        save_image(images, "grid.jpg")
    except ValueError:
        return
    raise AssertionError("a JPEG file cannot be written")


def lbfgs_on_rosenbrock_s_valley():
    import copy

    def begun(**how):
        w = torch.tensor([-1.5, 2.0], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.LBFGS([w], max_iter=5, **how)

        def closure():
            optimizer.zero_grad()
            loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
            loss.backward()
            return loss

        return w, optimizer, lambda: optimizer.step(closure).item()

    def after_four(**how):
        w, optimizer, step = begun(**how)
        with torch.no_grad():  # what the closure does is recorded all the same
            losses = [step() for _ in range(4)]
        state = optimizer.state_dict()["state"][0]
        found = [*w.tolist(), losses[-1], float(state["t"]), state["func_evals"], state["n_iter"]]
        return [round(x, 8) for x in found]

    wolfe = {"line_search_fn": "strong_wolfe"}
    assert after_four(**wolfe) == [-0.2926447, 0.041974, 3.16858407, 0.70645761, 25, 17]
    assert after_four(lr=1e-3) == [-1.49787948, 2.00075284, 12.19931092, 0.001, 20, 20]
    short = after_four(**wolfe, history_size=1, max_eval=4)
    assert short == [-0.68364653, 0.47161029, 5.07901979, 1.0, 16, 9]

    w, optimizer, step = begun(**wolfe)
    step()
    other, resumed, step_on = begun(**wolfe)
    other.data[...] = w.data
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert [step(), w.tolist()] == [step_on(), other.tolist()], "resumed elsewhere"

    def says(words, call, *args, **how):
        said = "nothing"
        try:
            call(*args, **how)
        except (RuntimeError, TypeError, ValueError) as error:
            said = str(error)
        assert words in said, said

    two = [{"params": [w]}, {"params": [other]}]
    says("one parameter group", torch.optim.LBFGS, two)
    says("returned None", optimizer.step, lambda: None)
    says("strong_wolfe", begun(line_search_fn="armijo")[2])
    pair = torch.optim.LBFGS([torch.zeros(3, requires_grad=True)])
    says("numbers", pair.load_state_dict, optimizer.state_dict())


def the_same_numbers_for_any_number_of_workers():
    from tinytorch.utils.data import DataLoader, Dataset, IterableDataset

    class Noisy(Dataset):
        def __len__(self):
            return 11

        def __getitem__(self, index):
            numbers = [*torch.rand(2).tolist(), *torch.randint(9, (1,)).tolist()]
            return index, numbers, torch.randperm(4), torch.zeros(2).normal_(), torch.randn(1)

    class Stream(IterableDataset):
        def __iter__(self):
            for _ in range(7):
                yield torch.rand(3)

    def went(dataset, workers):
        torch.manual_seed(5)
        loader = DataLoader(dataset, 2, shuffle=dataset.__class__ is Noisy, num_workers=workers)
        said = []
        for _ in range(2):
            for batch in loader:
                said += [str(batch), torch.rand(1).item()]  # the training draws in between
        return said

    for dataset in (Noisy(), Stream()):
        alone = went(dataset, 0)
        assert len(set(alone)) == len(alone), "two batches, or two passes, drew the same"
        assert went(dataset, 1) == went(dataset, 4) == alone, dataset


def how_often():
    x = torch.tensor([[0.5, 1.0], [2.0, 4.0]], dtype=torch.float64)
    hist, edges = torch.histogram(x, 7)
    assert (hist.tolist(), edges.tolist()[:2]) == ([1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0], [0.5, 1.0])
    assert (hist.dtype, torch.histogram(x).hist.shape) == (torch.float64, (100,))
    assert x.histogram(torch.tensor([0.0, 1.0, 4.0])).hist.tolist() == [1.0, 3.0]
    weighed = torch.histogram(x, 2, range=(0.0, 2.0), weight=x, density=True)
    assert weighed.hist.tolist() == [0.5 / 3.5, 3.0 / 3.5]
    assert torch.histc(x, 2).tolist() == [3.0, 1.0]
    assert x.histc(bins=3, min=0, max=3).tolist() == [1.0, 1.0, 1.0]
    for wrong in (
        lambda: torch.histc(x, 0), lambda: torch.histc(x, 2, 3, 1),
        lambda: torch.histogram(x.long(), 2), lambda: torch.histogram(x * float("nan"), 2),
    ):  # fmt: skip
        try:
            wrong()
        except RuntimeError as error:
            assert "histogram" in str(error)  # noqa: PT017
        else:
            raise AssertionError("a histogram of nothing")


CASES = [
    comparisons_as_functions, diagonals_and_their_gradients, keepdims_and_out, filled_positions,
    generators_of_their_own, operations_in_pytorch_s_form, gradients_of_results,
    shared_memory_that_is_changed_in_the_graph, sums_of_products, larger_images,
    the_decoder_and_its_mask, grids_of_images, lbfgs_on_rosenbrock_s_valley,
    how_often, the_same_numbers_for_any_number_of_workers,
]  # fmt: skip


def test_the_values_are_pytorch_s(solved, run, tmp_path):
    lines = ["import sys", f"sys.path.insert(0, {str(solved.root)!r})", "import tinytorch as torch"]
    lines += [inspect.getsource(case) for case in CASES]
    lines += [f"{case.__name__}()" for case in CASES]
    done = run("-c", "\n".join(lines), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    size, rows = _png(tmp_path / "grid.png")
    assert size == (10, 10)
    assert rows[2] == bytes(v for v in (0, 0, 0, 23, 0, 0, 93, 116, 0, 0) for _ in "rgb")
    assert rows[4] == bytes(30)


def _png(path: Path) -> tuple[tuple[int, int], list[bytes]]:
    """The size of a PNG file, and its rows of pixels; every checksum must be right."""
    raw, at, parts = path.read_bytes(), 8, {}
    while at < len(raw):
        length, name = struct.unpack(">I4s", raw[at : at + 8])
        content = raw[at + 8 : at + 8 + length]
        (sealed,) = struct.unpack(">I", raw[at + 8 + length : at + 12 + length])
        assert sealed == zlib.crc32(name + content)
        parts[name] = content
        at += 12 + length
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    lines, step = zlib.decompress(parts[b"IDAT"]), 1 + 3 * width
    return (width, height), [lines[i * step + 1 : (i + 1) * step] for i in range(height)]


@pytest.mark.parametrize("broken", [None, b"1234"])
def test_cifar10_reads_the_binary_files(broken, solved, run, tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    image = bytes([7]) + bytes(1024 * [10]) + bytes(1024 * [20]) + bytes(1024 * [30])
    for number in range(1, 6):
        (folder / f"data_batch_{number}.bin").write_bytes(2 * image)
    (folder / "test_batch.bin").write_bytes(image if broken is None else broken)
    code = f"""
import sys
sys.path.insert(0, {str(solved.root)!r})
from tinytorch.vision import datasets, transforms
seen = datasets.CIFAR10({str(tmp_path)!r}, transform=transforms.ToTensor(), download=True)
image, label = seen[9]
print(len(seen), label, seen.data.shape, seen.targets[0], seen.classes[label])
print(image.shape, [round(c.item() * 255) for c in image.mean((1, 2))])
datasets.CIFAR10({str(tmp_path)!r}, train=False)
"""
    done = run("-c", code, cwd=tmp_path)
    assert done.stdout.splitlines() == [
        "10 7 (10, 32, 32, 3) 7 horse",
        "(3, 32, 32) [10, 20, 30]",
    ], done.stderr
    assert done.returncode == (broken is not None)
    assert broken is None or "test_batch.bin is damaged: 4 bytes" in done.stderr
