"""What a cheat is: a wrong answer to one task, and a trick that should hide it.

The answer is wrong in the gradient of a matrix product (Task 2.10), which the module's tests see
and the first milestone needs. So one lesson is tried at home, judged, and at the milestone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.course.faults.fault import Fault

KINDS = (
    "report",
    "runner",
    "numbers",
    "objects",
    "planted",
    "machine",
    "judging",
    "pipe",
)
MODULE, MILESTONE = "02_autograd", "perceptron"
REQUIRED = ("00_setup", "01_tensor", "02_autograd")


@dataclass(frozen=True)
class Cheat(Fault):
    """`code` ends the exported lesson. `planted` are files of the workspace, `environment` is the
    caller's. `patches` says whether the trick replaces, or uses, parts of the test runner, NumPy or
    Python in the process that they share at home.
    """

    code: str = ""
    planted: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    patches: bool = False

    @property
    def key(self) -> str:
        parts = (self.title, self.old, self.new, self.code, *sorted(map(str, self.planted.items())))
        text = "\0".join((*parts, *sorted(map(str, self.environment.items()))))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def cheat(
    kind: str,
    title: str,
    code: str = "",
    *,
    planted: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    patches: bool = False,
) -> Cheat:
    """A cheat with the wrong answer that they all share."""
    return Cheat(
        title,
        kind,
        "A.mT @ grad",
        "-(A.mT @ grad)",
        code=code,
        planted=planted or {},
        environment=environment or {},
        patches=patches,
        name="matmul",
        task="2.10",
        module=MODULE,
    )
