"""Late policies: how many of the earned points a late submission loses. Pure functions.

A day is 24 hours of real time after the deadline (a change of clocks moves nothing). A day that
has begun counts whole: one second late is one day late. What is taken is a share of what was
earned, so that a score never falls below zero.

- `none`: nothing is taken.
- `percent_per_day`: `percent` of the points for each day, at most `cap` percent.
- `grace_days`: nothing within `days` days; after that `percent` for each further day, at most
  `cap` percent.

A submission without a time is not late: nobody loses points for what a system did not record.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from fractions import Fraction

from tito.core.classroom.config import Late, LatePolicy
from tito.core.classroom.points import exact

DAY = timedelta(days=1)


def days_late(due: datetime | None, submitted: datetime | None) -> int:
    """Whole days after the deadline, begun ones included; 0 in time. Both times have zones."""
    late = time_after(due, submitted)
    return 0 if late is None else max(0, math.ceil(late / DAY))


def time_after(due: datetime | None, submitted: datetime | None) -> timedelta | None:
    """Real time after the deadline, negative before it; None if one of the two is not known.

    Of two times in one zone Python subtracts what the clocks show, so both are taken to UTC.
    """
    if due is None or submitted is None:
        return None
    return submitted.astimezone(timezone.utc) - due.astimezone(timezone.utc)


def none(_days: int, _late: Late) -> Fraction:
    """Take nothing."""
    return Fraction(0)


def percent_per_day(days: int, late: Late) -> Fraction:
    """The share that is taken: `percent` for each day, at most `cap` percent."""
    return min(days * _share(late.percent), _share(late.cap))


def grace_days(days: int, late: Late) -> Fraction:
    """The share that is taken: nothing within `days`, then as `percent_per_day`."""
    return percent_per_day(max(0, days - late.days), late)


POLICIES: dict[LatePolicy, Callable[[int, Late], Fraction]] = {
    LatePolicy.NONE: none,
    LatePolicy.PERCENT_PER_DAY: percent_per_day,
    LatePolicy.GRACE_DAYS: grace_days,
}


def share_taken(late: Late, days: int) -> Fraction:
    """The share of the earned points, from 0 to 1, that the policy takes."""
    return POLICIES[late.policy](days, late)


def _share(percent: float) -> Fraction:
    return min(exact(percent), Fraction(100)) / 100
