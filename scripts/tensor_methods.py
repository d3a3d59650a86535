"""Write tito/core/scripts/tensor_methods.py from an installed PyTorch: scripts/tensor_methods.py

A method counts if a tensor has it and no other object that scripts commonly call has one of that
name: `x.view(...)` can only be a tensor's, `x.split(...)` may be a string's.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import random
import re
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import torch

TARGET = Path(__file__).resolve().parents[1] / "tito" / "core" / "scripts" / "tensor_methods.py"
OTHERS = (
    *(str, bytes, list, dict, set, tuple, int, float, object, np.ndarray, type(sys.stdout)),
    *(pathlib.Path, collections.deque, collections.Counter, re.Pattern, re.Match, random.Random),
    *(argparse.ArgumentParser, threading.Thread, np.random.Generator, np.random.RandomState),
    *(torch.nn.Module, torch.optim.Optimizer),
)
HEAD = '''\
"""The methods that only a tensor has, of PyTorch {version}.

Written by scripts/tensor_methods.py.
"""

_NAMES = """
{names}
"""
ONLY_A_TENSOR_HAS = frozenset(_NAMES.split())
'''


def main() -> None:
    """Write the file."""
    common = {name for other in OTHERS for name in dir(other)}
    names = sorted(name for name in dir(torch.Tensor) if name[0] != "_" and name not in common)
    block = textwrap.fill(" ".join(names), 100)
    version = torch.__version__.partition("+")[0]
    TARGET.write_text(HEAD.format(version=version, names=block), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
