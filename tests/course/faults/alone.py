"""A milestone's test on a workspace, without pytest and tracker around it; prints what it said.

    python -m tests.course.faults.alone MILESTONE SEED WORKSPACE

`tests/milestones` must be on the path. The test, the probes and the judged process are those of
`tito milestone run`; what is left out here only starts, limits and records it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import test_learning_verification as tests

from milestone_tracker import MILESTONES
from verification.failures import Failure
from verification.places import named, raised_in
from verification.run import Run


def said(milestone: str, seed: int, workspace: Path) -> dict[str, Any]:
    """Outcome, first sentence, the part and module that it blames, and what was measured."""
    metrics: dict[str, object] = {}
    definition = MILESTONES[milestone]
    run = Run(milestone, definition["requires"], seed, metrics.__setitem__, workspace=workspace)
    run.chosen = definition["chosen"]
    try:
        getattr(tests, definition["test"])(run)
    except Failure as failure:
        return failed(failure.said, failure.part, failure.module)
    except Exception as error:  # of the student's code: the milestone shows it the same way
        return failed(named(error), *lesson_of(raised_in(error), workspace))
    finally:
        run.end()
    return {"outcome": "passed", "message": "", "metrics": metrics}


def lesson_of(place: str, workspace: Path) -> tuple[str, str]:
    """(the place, the module it was exported from), as `tito` shows it for an error."""
    file, _, line = place.partition(", ")[0].rpartition(":")
    if not file:
        return "", ""
    above = (workspace / file).read_text(encoding="utf-8").splitlines()[: int(line)]
    sections = [text for text in above if text.startswith("# %% modules/")]
    return place, sections[-1].split("/")[1] if sections else ""


def failed(message: str, part: str = "", module: str = "") -> dict[str, Any]:
    return {"outcome": "failed", "message": message, "part": part, "module": module}


if __name__ == "__main__":
    print(json.dumps(said(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
