"""What to write instead of the parts of PyTorch that the course does not have.

Only what needs more words than "the course does not have it". What a later module brings is said
by `tinytorch` itself.
"""

from __future__ import annotations

STANDS_FOR = {"torch": "tinytorch", "torchvision": "tinytorch.vision"}

ONE_MACHINE = "the course runs in one process on one CPU: use the network itself"
NO_GPU = "there is no GPU here: leave the line out"
NO_COMPILER = "the course runs what you wrote as it stands: use the function itself"

# The longest name that fits counts.
INSTEAD = {
    "torch.backends": NO_GPU,
    "torch.cuda": "there is no GPU here; cuda.is_available() says so",
    "torch.cuda.amp": "everything is float32 here: leave autocast and GradScaler out",
    "torch.amp": "everything is float32 here: leave autocast and GradScaler out",
    "torch.autocast": "everything is float32 here: leave it out",
    "torch.compile": NO_COMPILER,
    "torch.distributed": ONE_MACHINE,
    "torch.fft": "np.fft works on x.numpy(); it has no gradient",
    "torch.jit": NO_COMPILER,
    "torch.linalg": "np.linalg works on x.numpy(); it has no gradient",
    "torch.load": "the course reads safetensors files only, because a pickled file can run code",
    "torch.mps": NO_GPU,
    "torch.nn.DataParallel": ONE_MACHINE,
    "torch.nn.parallel": ONE_MACHINE,
    "torch.nn.utils.rnn": "the course has no packed sequences: pad them, and mask what is padding",
    "torch.onnx": "the course writes safetensors files, with tinytorch.save",
    "torch.sparse": "the course has dense tensors only",
    "torch.utils.checkpoint": "call the function itself; it only saves memory",
    "torch.utils.tensorboard": "print the numbers, or write them to a CSV file",
    "torchaudio": "the course has no sound",
    "torchtext": "the course has no data sets of text: read a file",
    "torchvision.models": "write the network out, as in milestone 2015, or load its weights",
    "torchvision.utils": "show an image with print(), or with matplotlib.pyplot.imshow",
}


def advice(name: str) -> str:
    """The sentence for a dotted PyTorch name, or for the package it lies in; else empty."""
    while name:
        if name in INSTEAD:
            return INSTEAD[name]
        name = name.rpartition(".")[0]
    return ""


def missing(name: str) -> str:
    """Say that the course does not have `name`, and what to write instead."""
    return f"{name}: {advice(name) or 'the course does not have it'}"
