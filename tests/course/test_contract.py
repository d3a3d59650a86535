"""The public surface: every name of the contract is there, and a name that comes later says so."""

from __future__ import annotations

import pytest

# The modules that exist so far; the names are PyTorch's.
TOP = """
    manual_seed Tensor tensor zeros ones full eye arange rand randn exp log sqrt abs tanh maximum
    clamp where matmul cat stack no_grad
"""
ALSO_ON_TOP = """
    seed initial_seed get_rng_state set_rng_state random
    float32 float64 int64 sum mean var max min argmax argmin pow broadcast_shapes reshape flatten
    squeeze unsqueeze transpose permute is_grad_enabled autograd models nn optim training
    load save serialization
"""
MORE_ON_TOP = """
    histc histogram
    Generator accelerator amp autocast backends bfloat16 diag eq ge get_default_device gt le lt
    contiguous_format preserve_format addcdiv addcmul addmm clip clone detach lerp logical_and
    logical_not logical_or logical_xor masked_select narrow ravel scatter select finfo
    iinfo mps ne nonzero set_default_device xpu
    BoolTensor DoubleTensor FloatTensor IntTensor LongTensor Size add all allclose any
    argsort as_tensor bernoulli bmm bool ceil chunk concat cos cuda cumsum device div dot
    double e einsum empty empty_like enable_grad equal erf flip float float16 floor
    from_numpy full_like gather get_default_dtype half hstack index_select inf
    inference_mode int int16 int32 int8 is_tensor isfinite isinf isnan linspace log10 log1p
    log2 log_softmax logsumexp long masked_fill meshgrid minimum mm movedim mul multinomial
    mv nan neg norm normal numel ones_like outer pi prod rand_like randint randint_like
    randn_like randperm reciprocal relu repeat_interleave roll round rsqrt set_default_dtype
    set_grad_enabled sigmoid sign sin softmax sort split square std sub t topk
    tril triu uint8 unbind unique vstack zeros_like
    absolute acos acosh addmv amax amin aminmax arccos arcsin arctan
    arctan2 argwhere asarray asin asinh atan atan2 atanh atleast_1d atleast_2d atleast_3d baddbmm
    bincount bitwise_and bitwise_not bitwise_or bitwise_xor block_diag broadcast_tensors
    broadcast_to bucketize cartesian_prod cdist clamp_max clamp_min column_stack combinations
    concatenate corrcoef cosh cosine_similarity count_nonzero cov cross cummax cummin cumprod
    deg2rad det diag_embed diagflat diagonal diff digamma dist divide dstack dtype exp2 expm1
    fliplr flipud floor_divide fmax fmin fmod frac ger get_num_threads heaviside hsplit
    hypot index_add index_fill index_put inner inverse is_complex is_floating_point isclose isin
    kron kthvalue lgamma linalg logaddexp logdet logit logspace masked_scatter median mode
    moveaxis msort multiply nan_to_num nanmean nansum negative poisson promote_types quantile
    rad2deg remainder rot90 scatter_add scatter_reduce searchsorted set_float32_matmul_precision
    set_num_threads set_printoptions sgn signbit sinh slogdet spmm std_mean subtract svd swapaxes
    swapdims take take_along_dim tan tensor_split tensordot tile trace trapezoid tril_indices
    triu_indices true_divide trunc unflatten use_deterministic_algorithms var_mean vdot vsplit
    xlogy
"""
METHODS = """
    sum mean var max min argmax matmul reshape view flatten transpose permute T squeeze unsqueeze
    expand exp log sqrt abs tanh clamp data grad numpy item tolist detach requires_grad shape ndim
    dtype size numel backward
"""
DEEPER = {
    "autograd": "gradcheck no_grad",
    "nn": """
        Parameter Module Linear ReLU GELU Sigmoid Tanh Softmax Flatten Sequential ModuleList MSELoss
        BCELoss BCEWithLogitsLoss CrossEntropyLoss init functional Conv2d MaxPool2d AvgPool2d
        AdaptiveAvgPool2d Embedding MultiheadAttention LayerNorm RMSNorm GroupNorm BatchNorm1d
        BatchNorm2d Dropout Dropout2d RNN LSTM GRU RNNCell LSTMCell GRUCell
        TransformerEncoderLayer TransformerEncoder Transformer TransformerDecoder
        TransformerDecoderLayer Conv1d ConvTranspose2d MaxPool1d AvgPool1d AdaptiveAvgPool1d
        PixelShuffle Upsample
    """,
    "nn.functional": """
        scaled_dot_product_attention conv2d linear relu softmax cross_entropy layer_norm rms_norm
        group_norm batch_norm dropout dropout2d
    """,
    "nn.recurrent": "unroll gradient_reach open_forget_gates_ in_pieces",
    "models": "GPT GPTConfig next_token_loss",
    "nn.utils": "clip_grad_norm_",
    "optim": "SGD Adam AdamW lr_scheduler",
    "serialization": "save load to_bytes from_bytes capture resume Resumable SafetensorError",
    "text": "CharTokenizer BPETokenizer split read_text",
    "training": "Trainer",
    "random": "manual_seed",
    "utils.collect_env": "main",
    "utils.data": """
        Dataset IterableDataset TensorDataset ConcatDataset Subset random_split Sampler
        SequentialSampler RandomSampler WeightedRandomSampler BatchSampler SubsetRandomSampler
        DataLoader default_collate default_convert get_worker_info
    """,
    "utils.data.dataloader": "DataLoader default_collate",
    "vision.transforms": """
        Compose Lambda ToTensor Normalize RandomCrop RandomHorizontalFlip Pad Resize CenterCrop
    """,
    "vision.datasets": "MNIST FashionMNIST Digits CIFAR10",
    "vision.utils": "make_grid save_image",
}

PROBE = """
import importlib, sys
import tinytorch
missing = [name for name in {top} if not hasattr(tinytorch, name)]
x = tinytorch.tensor([1.0], requires_grad=True)
missing += ["Tensor." + name for name in {methods} if not hasattr(x, name)]
for place, names in {deeper}.items():
    module = importlib.import_module("tinytorch." + place)
    missing += [place + "." + name for name in names.split() if not hasattr(module, name)]
print(missing)
"""


def test_every_name_of_the_contract_is_there(solved, run):
    code = PROBE.format(top=TOP.split(), methods=METHODS.split(), deeper=DEEPER)
    done = run("-c", code, cwd=solved.root)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_the_top_offers_what_pytorch_offers_there_and_no_helpers(solved, run):
    """Pinned, because every public name must be kept. All are PyTorch's, except `training`."""
    done = run("-c", "import tinytorch; print(*dir(tinytorch))", cwd=solved.root)
    offered = {name for name in done.stdout.split() if not name.startswith("_")}
    assert offered == {*TOP.split(), *ALSO_ON_TOP.split(), *MORE_ON_TOP.split()}


def test_what_users_import_is_the_function_not_the_module(solved, run):
    code = "import tinytorch.tensor, tinytorch; print(tinytorch.tensor([1, 2]).tolist())"
    assert run("-c", code, cwd=solved.root).stdout == "[1, 2]\n"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("tt.zeros(3, 4).grad = tt.ones(3)", "shape (3,) was assigned to the grad of a tensor of "),
        ("tt.zeros(3).grad = tt.ones(3, 1)", "shape (3, 1) was assigned"),
    ],
)
def test_what_does_not_fit_is_refused(code, says, solved, run):
    done = run("-c", f"import tinytorch as tt; {code}", cwd=solved.root)
    assert done.returncode == 1
    assert says in done.stderr


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A workspace with all modules before a named one exported; asked for in their order."""
    from tito.core.export.compose import compose
    from tito.core.export.swap import swapped
    from tito.core.lesson.file import read_lesson
    from tito.workflows.init import create_workspace

    folder = tmp_path_factory.mktemp("begun")
    workspace = create_workspace(folder / "workspace")
    solved = create_workspace(folder / "course", solved=True)
    left = list(zip(workspace.modules, solved.modules, strict=True))

    def exported_before(name):
        while left[0][0].name < name:
            place, answers = left.pop(0)
            place.lesson.write_text(answers.lesson.read_text("utf-8"), encoding="utf-8")
            with swapped(workspace, compose(workspace, read_lesson(workspace, place)).files):
                pass
        assert left[0][0].name == name, "rows are in the order of the modules"
        return workspace

    return exported_before


@pytest.mark.parametrize(
    ("code", "module"),
    [
        ("import tinytorch; tinytorch.ones(2).sum().backward()", "02_autograd"),
        ("import tinytorch.utils.data", "05_data"),
        ("import tinytorch; tinytorch.utils.data.DataLoader", "05_data"),
        ("from tinytorch.utils.data import DataLoader", "05_data"),
        ("from tinytorch.vision import datasets", "05_data"),
        ("import tinytorch; tinytorch.nn.LayerNorm", "06_normalization"),
        ("from tinytorch.nn import BatchNorm2d", "06_normalization"),
        ("from tinytorch.nn import functional as F; F.dropout", "06_normalization"),
        ("import tinytorch; tinytorch.nn.Conv2d", "07_spatial"),
        ("from tinytorch.nn import Conv2d", "07_spatial"),
        ("import tinytorch; tinytorch.nn.LSTM", "08_recurrent"),
        ("from tinytorch.nn.recurrent import in_pieces", "08_recurrent"),
        ("import tinytorch; tinytorch.save({}, 'x')", "09_serialization"),
        ("from tinytorch import load", "09_serialization"),
        ("from tinytorch.text import BPETokenizer", "10_tokenization"),
        ("from tinytorch.nn import Embedding", "11_embeddings"),
        ("from tinytorch import nn; nn.functional.scaled_dot_product_attention", "12_attention"),
        ("from tinytorch.nn import TransformerEncoderLayer", "13_transformer"),
        ("from tinytorch.models import GPT", "13_transformer"),
    ],
)
def test_a_name_that_comes_later_says_which_module_brings_it(code, module, before, run):
    done = run("-c", code, cwd=before(module).root)
    assert done.returncode == 1
    assert module in done.stderr.splitlines()[-1], done.stderr


def test_nothing_heavy_is_imported_with_the_framework(solved, run):
    code = (
        "import sys, numpy; before = set(sys.modules); import tinytorch; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(new & {'rich', 'pytest', 'typing_extensions', 'dataclasses', 'tito'}))"
    )
    assert run("-c", code, cwd=solved.root).stdout == "[]\n"
