"""Side-by-side measurements of the reference framework and PyTorch. Nothing here is a test."""

import os

from tito.core.process import ONE_THREAD

os.environ.update(ONE_THREAD)  # before anything here imports NumPy
