"""What to write instead of the parts of PyTorch that the course does not have.

Only what needs more words than "the course does not have it". What a later module brings is said
by `tinytorch` itself.
"""

from __future__ import annotations

STANDS_FOR = {"torch": "tinytorch", "torchvision": "tinytorch.vision"}

# PyTorch spreads its names over more files: what is imported from these stands in the package.
IN_ONE = (
    "torch.autograd.function",
    "torch.autograd.variable",
    *(
        f"torch.distributions.{file}"
        for file in (
            *("bernoulli", "beta", "categorical", "dirichlet", "distribution", "exponential"),
            *("gamma", "independent", "kl", "laplace", "log_normal", "multivariate_normal"),
            *("normal", "poisson", "uniform"),
        )
    ),
    "torch.nn.modules",
    "torch.nn.parameter",
    *(
        f"torch.optim.{file}"
        for file in (
            *("adadelta", "adagrad", "adam", "adamax", "adamw", "lbfgs", "nadam", "optimizer"),
            *("radam", "rmsprop", "sgd"),
        )
    ),
    "torchvision.datasets.cifar",
    "torchvision.datasets.mnist",
    "torchvision.transforms.transforms",
)

ONE_MACHINE = "the course runs in one process on one CPU: use the network itself"
NO_GPU = "there is no GPU here: leave the line out"
NO_COMPILER = "the course runs what you wrote as it stands: use the function itself"

# These may be imported: many scripts do it for a branch that is never taken. Using them stops.
DEFERRED = ("torch.distributed", "torch.jit", "torch.nn.parallel", "torch.onnx")

# The longest name that fits counts.
INSTEAD = {
    "torch.backends": NO_GPU,
    "torch.cuda": "there is no GPU here; cuda.is_available() says so",
    "torch.compile": NO_COMPILER,
    "torch.distributed": ONE_MACHINE,
    "torch.distributions": "the course has Normal, Categorical and a dozen others; "
    "print(dir(torch.distributions)) lists them",
    "torch.fft": "np.fft works on x.numpy(); it has no gradient",
    "torch.jit": NO_COMPILER,
    "torch.linalg": "the course has the common ones; np.linalg of x.numpy() has no gradient",
    "torch.load": "the course reads safetensors files only, because a pickled file can run code",
    "torch.mps": NO_GPU,
    "torch.nn.DataParallel": ONE_MACHINE,
    "torch.nn.parallel": ONE_MACHINE,
    "torch.onnx": "the course writes safetensors files, with tinytorch.save",
    "torch.nn.utils.parametrize": "the course has weight_norm and spectral_norm in torch.nn.utils",
    "torch.nn.utils.prune": "multiply the weights by a mask in forward",
    "torch.sparse": "the course has dense tensors only",
    "torch.utils.checkpoint": "call the function itself; it only saves memory",
    "torch.utils.tensorboard": "print the numbers, or write them to a CSV file",
    "torchaudio": "the course has no sound",
    "torchtext": "the course has no data sets of text: read a file",
    "torchvision.models": "write the network out, as in milestone 2015, or load its weights",
}


def advice(name: str) -> str:
    """The sentence for a dotted PyTorch name, or for the package it lies in; else empty."""
    while name:
        if name in INSTEAD:
            return INSTEAD[name]
        name = name.rpartition(".")[0]
    return ""


def is_deferred(name: str) -> bool:
    """Whether the name is, or lies in, a package that is refused only where it is used."""
    return name.startswith(DEFERRED) and any(f"{name}.".startswith(f"{d}.") for d in DEFERRED)


def missing(name: str) -> str:
    """Say that the course does not have `name`, and what to write instead."""
    return f"{name}: {advice(name) or 'the course does not have it'}"
