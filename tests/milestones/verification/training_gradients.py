"""Check the gradients during training: float32, a whole batch, weights that have moved.

`model_gradients.py` checks float64, few examples and the first weights. An error that appears only
here need not harm the accuracy: Adam divides by the size of a gradient.

Later in training, to the last steps, the gradients together are checked along themselves, and one
by one only where the loss does not fall as they say.

In float32, a ReLU or a maximum can be on the other side of its kink than in float64; then a right
gradient disagrees too. So one step that disagrees is not a failure: only a gradient that is wrong
in all of the next steps is. The tolerance does not change.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from verification.data import Examples
from verification.failures import Failure
from verification.gradients import Measured, check_found, fall_along, gradient_array
from verification.layers import module_of, owner_of
from verification.model_gradients import forward_and_loss, in_words
from verification.model_under_test import ModelUnderTest, Moment, Values

TOLERANCE = 1e-2  # float32: near the end of a training its gradients are mostly rounding
LOOKS = 3
ROUGHLY, SMALLEST = 0.05, 1e-6  # of the gradients' length (reference: 0.0014), and near loss 0

Wrong = dict[str, list[Measured]]


class TrainingCheck:
    """Checks the planned steps, and the next ones as long as a parameter is always wrong.

    The first one parameter by parameter; the later ones so only if all together are wrong.
    """

    def __init__(self, subject: ModelUnderTest, plan: Sequence[int]) -> None:
        self.subject, self._plan = subject, list(plan)
        self._is_first, self._looks, self._wrong = True, 0, Wrong()
        self._next = self._plan.pop(0) if plan else None

    def is_due(self, step: int) -> bool:
        return step == self._next

    def until(self, done: int) -> int:
        """How many steps may be made before the next check."""
        return sys.maxsize if self._next is None or self._next <= done else self._next - 1 - done

    def look(self, step: int, batch: Examples, moment: Moment) -> None:
        """Check the gradients that backward has left; `moment` is the forward's state."""
        suspected = self._is_first or not falls_as_said(self.subject, batch, moment)
        wrong = wrong_in_training(self.subject, batch, moment) if suspected else Wrong()
        always = {name: of for name, of in wrong.items() if not self._looks or name in self._wrong}
        self._looks, self._wrong = self._looks + 1, always
        if always and self._looks == LOOKS:
            raise training_failure(self.subject, batch, always)
        if always:
            self._next = step + 1
            return
        self._is_first, self._looks = False, 0
        later = [planned for planned in self._plan if planned > step]
        self._next, self._plan = next(iter(later), None), later[1:]


def wrong_in_training(subject: ModelUnderTest, batch: Examples, moment: Moment) -> Wrong:
    """The parameters whose current gradient is wrong for this batch."""
    with subject.held(True, moment, float64=True) as restart:
        _, loss, _ = forward_and_loss(subject, batch, restart)
        return check_found(subject.parameters(), loss, subject.run.checks_rng, TOLERANCE)


def falls_as_said(subject: ModelUnderTest, batch: Examples, moment: Moment) -> bool:
    """Whether the loss falls along all current gradients together about as fast as they say."""
    with subject.held(True, moment, float64=True) as restart:
        _, loss, _ = forward_and_loss(subject, batch, restart)
        said, found = fall_along(subject.parameters(), loss, subject.run.checks_rng)
    return abs(said - found) <= ROUGHLY * said + SMALLEST


def check_descent(subject: ModelUnderTest, before: Values, lr: float) -> None:
    """Check that a step of gradient descent has moved the parameters by `lr` times the gradients.

    The course's own code has made it: a parameter whose gradient now reads otherwise has shown that
    code another one.
    """
    for name, p in subject.parameters().items():
        old, step = before[name], lr * gradient_array(name, p)
        rounding = 8 * np.finfo(np.float32).eps * (np.abs(old) + np.abs(step))
        if (np.abs(old - np.asarray(p.data) - step) > rounding).any():
            raise Failure(
                f"A step of gradient descent, p -= {lr:g} * p.grad, has not moved `{name}` by "
                f"{lr:g} times the gradient that it has after the step.",
                module="02_autograd",
                part="Tensor.grad",
                hint="`p.grad` and `p.data` are the same whenever and from wherever they are read.",
            )


def training_failure(subject: ModelUnderTest, batch: Examples, wrong: Wrong) -> Failure:
    name, measured = list(wrong.items())[-1]
    model = subject.model
    return Failure(
        f"During training, the gradient of `{name}` ({owner_of(model, name)}) "
        f"{in_words(measured, measured[0], TOLERANCE)}.",
        module=module_of(model, name),
        hint="Before training it was right, in float64. What depends on the dtype, on the number "
        "of examples, or on something kept from an earlier step: an array, a gradient that "
        "zero_grad did not clear?",
        wrong=", ".join(wrong),
        right=", ".join(other for other in subject.parameters() if other not in wrong),
        batch=f"{len(batch.targets)} examples",
    )
