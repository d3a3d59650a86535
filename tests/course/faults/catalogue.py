"""All faults, in the order of the course."""

from __future__ import annotations

from tests.course.faults.fault import Fault
from tests.course.faults.m00_setup import SETUP
from tests.course.faults.m01_tensor import TENSOR
from tests.course.faults.m02_autograd import AUTOGRAD
from tests.course.faults.m03_nn import NN
from tests.course.faults.m04_training import TRAINING
from tests.course.faults.m05_data import DATA
from tests.course.faults.m06_normalization import NORMALIZATION
from tests.course.faults.m07_spatial import SPATIAL
from tests.course.faults.m08_recurrent import RECURRENT
from tests.course.faults.m09_serialization import SERIALIZATION
from tests.course.faults.m10_tokenization import TOKENIZATION
from tests.course.faults.m11_embeddings import EMBEDDINGS
from tests.course.faults.m12_attention import ATTENTION
from tests.course.faults.m13_transformer import TRANSFORMER

FAULTS: list[Fault] = [
    fault
    for module in (
        SETUP,
        TENSOR,
        AUTOGRAD,
        NN,
        TRAINING,
        DATA,
        NORMALIZATION,
        SPATIAL,
        RECURRENT,
        SERIALIZATION,
        TOKENIZATION,
        EMBEDDINGS,
        ATTENTION,
        TRANSFORMER,
    )
    for fault in module.faults
]
