"""PyTorch behind the face of `tinytorch`: what differs is that `Tensor.data` is a NumPy array.

Everything else is PyTorch's own. It is copied as `tinytorch/__init__.py`, where torch is installed.
"""

import numpy as np
import torch
from torch import *  # noqa: F403
from torch import nn, optim, utils  # noqa: F401

torch.set_num_threads(1)
_DATA = torch._C.TensorBase.data


def _array(tensor):
    """The tensor's own memory as an array."""
    return tensor.detach().numpy()


def _replace(tensor, new):
    _DATA.__set__(tensor, torch.from_numpy(np.ascontiguousarray(new).reshape(np.shape(new))))


torch.Tensor.data = property(_array, _replace)


class DataLoader(utils.data.DataLoader):
    """Reads when asked: PyTorch's workers are processes, the page's are threads."""

    def __init__(self, *arguments, num_workers=0, **named):
        super().__init__(*arguments, **named)


utils.data.DataLoader = DataLoader

from tinytorch.writing import load, models, save, serialization, text  # noqa: E402, F401
