"""Why the judged process has ended, and the line that it was at."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from verification.failures import Failure
from verification.isolation.limits import CPU_SECONDS
from verification.raised import EndedFromOutside
from verification.wording import visible

CLOSED = 71  # judged.py's exit code after the framework closed its pipe
FROM_OUTSIDE = (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM))


def ended_by_itself(code: int | None) -> Exception:
    """The exception for a process that has ended, or (`code` None) has closed the pipe."""
    if code is None or code == CLOSED:
        return Failure(
            "Your code closed the pipe that the milestone uses to call it.",
            hint="Use os.close and os.closerange only for descriptors that your code has opened.",
        )
    if -code in FROM_OUTSIDE:
        return EndedFromOutside(
            f"Your framework's process was killed from outside (signal {-code}); often this "
            "means that memory ran out."
        )
    if -code == getattr(signal, "SIGXCPU", None):
        return Failure(
            f"Your code used more than {CPU_SECONDS} s of processor time, a milestone's limit.",
            hint="Is there a loop that never ends, or a process or thread that works on?",
        )
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return Failure(
        f"Your code ended the process ({how}).",
        hint="Does it call sys.exit or os._exit, or crash in a library?",
    )


def innermost(stack: str, package: Path) -> str:
    """The first line of a faulthandler stack inside the package: `tinytorch/autograd.py:77`."""
    for file, line in re.findall(r'File "([^"\n]*)", line (\d+)', stack):
        if Path(file).is_relative_to(package):
            shown = Path("tinytorch", Path(file).relative_to(package)).as_posix()
            return visible(f"{shown}:{line}"[:300])
    return ""
