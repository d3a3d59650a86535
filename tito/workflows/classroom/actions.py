"""A GitHub Actions workflow that judges each push and shows the checklist as its summary."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tito import __version__

PLACE = ".github/workflows/tinytorch.yml"
PACKAGE = f"tinytorch-course=={__version__}"

WORKFLOW = """\
# Written by `tito class workflow`. It judges each push with the course's own tests; the checklist
# is the summary of the run. A run is red while a task is open.
name: TinyTorch
on:
  push:
  workflow_dispatch:
permissions:
  contents: read
jobs:
  checklist:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - name: Install the course
        run: python -m pip install {package}
      - name: Judge
        run: tito class checklist {words}
"""


def workflow_text(modules: Sequence[str], milestones: Sequence[str], package: str = PACKAGE) -> str:
    """The workflow file; without modules, those that the student has begun are judged."""
    words = [*modules, *(f"--milestone {name}" for name in milestones)]
    return WORKFLOW.format(package=json.dumps(package), words=" ".join(words)).replace(
        "checklist \n", "checklist\n"
    )
