"""Whether the machine is so busy that a limit on time would blame the wrong one."""

from __future__ import annotations

from pathlib import Path

SMALL = 0.2  # waiting for a processor a fifth of the time is ordinary
MOST_TIMES = 3.0


def times_longer(process: int) -> float:
    """How many times a limit on time to add to it, by how long the process waited for a processor.

    A process that ran for half of the time it wanted to run deserves the limit once more: 1.0. At
    most 3.0; 0.0 for what has not waited, which a loop that never ends has not on a quiet machine,
    and where the system does not tell (it is Linux's scheduler that counts).
    """
    try:
        ran, waited = map(int, Path(f"/proc/{process}/schedstat").read_text("ascii").split()[:2])
    except (OSError, ValueError):
        return 0.0
    return share_as_times(waited / max(ran + waited, 1))


def share_as_times(waited: float) -> float:
    return min(waited / max(1 - waited, 1e-9), MOST_TIMES) if waited > SMALL else 0.0
