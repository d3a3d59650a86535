"""What to try, by the kind of difference that was observed."""

from __future__ import annotations

GRADIENT_HINTS = {
    "missing": "No gradient arrived: was the operation recorded, and does its backward return one "
    "gradient for each input tensor?",
    "shape": "Is the gradient summed back over the dimensions that broadcasting added?",
    "zero": "Somewhere in backward, a gradient is multiplied by zero or not passed on.",
    "sign": "Look for a missing or extra minus sign.",
    "factor": "Is something counted twice, or a mean not taken (or taken twice)?",
    "extra": "Is a mask missing, or do entries get a gradient that do not affect the result?",
    "dropped": "Some entries that affect the result get no gradient.",
    "nan": "Is there a division by zero, or a log of zero, in backward?",
}
KIND_HINTS = {
    "not summed": "The gradient must be summed back over the dimensions that broadcasting added.",
    "transposed": "Look at each transpose, and at each reshape where the axes should be swapped.",
    "order": "In which order are the entries put together?",
    "off by one": "Look at where a range or a slice begins and ends.",
    "axis": "Along which dimension is the sum, the mean or the maximum taken?",
    "offset": "Is a constant added or left out?",
    "wrong operand": "Does it return an operand where it should return the result?",
    "missing term": "Is each operand added once, with its own sign?",
    "missing factor": "Compare with the formula, factor by factor.",
    "condition": "Look at the condition, or the mask, that chooses these entries.",
    "dtype": "Is the work done in float32 somewhere? A result has the dtype of its inputs.",
    "precision": "Is a small number added, say against a division by zero, or is a formula only "
    "an approximation?",
}
CUT_OFF_HINT = (
    "Is it computed from the bare array (`.data`, `detach`) and wrapped again, or under no_grad? "
    "Only what the operations of tensors compute is recorded for backward."
)
