"""Whether a framework's checkpoint keeps a training: all parameters, and the optimizer's memory.

A new model and a new optimizer go on from the file's bytes. They must begin where the old ones
stopped, and take the same next step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from verification import there
from verification.data import Examples
from verification.failures import Failure
from verification.feed import resumed
from verification.model_under_test import ModelUnderTest, Values

MODULE, PART = "09_serialization", "serialization.resume"


def check_resumed(
    old: ModelUnderTest,
    new: ModelUnderTest,
    kept: dict[str, Any],
    into: dict[str, Any],
    examples: Examples,
) -> None:
    """Resume `into` (of the model `new`) from a checkpoint of `kept`, and compare one more step."""
    run = old.run
    run.there(resumed)(run.tt, kept, into)
    compare(old.parameter_values(), new.parameter_values(), "after `resume`")
    for subject, parts in ((old, kept), (new, into)):
        batches = [examples]
        run.there(there.training_steps)(
            run.tt,
            subject.model,
            subject.criterion,
            parts["optimizer"],
            parts["scheduler"],
            batches,
        )
    compare(old.parameter_values(), new.parameter_values(), "one step after `resume`")


def compare(old: Values, new: Values, when: str) -> None:
    other = [
        name
        for name, value in old.items()
        if not (name in new and np.array_equal(value, new[name]))
    ]
    if not other:
        return
    later = when.startswith("one step")
    raise Failure(
        f"A training that goes on from its checkpoint is another: {when}, `{other[0]}` differs.",
        module=MODULE,
        part=PART,
        differ=f"{len(other)} of {len(old)} parameters",
        hint="The parameters agree, the steps do not: are the optimizer's memory and the schedule "
        "in the checkpoint, and loaded?"
        if later
        else "Are all parameters in the checkpoint, under their names, and loaded?",
    )
