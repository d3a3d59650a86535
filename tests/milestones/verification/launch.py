"""Start the judged process with its environment, and end it.

Only the standard library is imported here: importing NumPy takes a fifth of a second, and both
processes can do it at the same time if this one is started first.
"""

from __future__ import annotations

import os
import signal
import site
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from verification.files import delete
from verification.isolation.leftovers import new_home
from verification.isolation.limits import SETTING, memory_gb

KEPT = ("PATH", "LANG", "SYSTEMROOT", "LD_LIBRARY_PATH", SETTING)
THREADS = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "VECLIB_MAXIMUM", "NUMEXPR_NUM")


class Launched(NamedTuple):
    """A process, and the folder that is its home."""

    process: subprocess.Popen[bytes]
    home: Path

    def end(self) -> None:
        """End the process and everything it started; then delete its folder."""
        if sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for end in (self.process.stdin, self.process.stdout):
            if end is not None:
                end.close()
        delete(self.home)


def launch(workspace: Path, scratch: Path | None = None) -> Launched:
    """Start `judged.py`, isolated, for this workspace. It does nothing before the first request.

    Its home is in `scratch`, if the caller has such a folder, which is deleted in any case.
    """
    memory_gb(os.environ)  # raises here if it is not valid, and not in the process
    home = new_home(scratch)
    user = site.getusersitepackages() if site.ENABLE_USER_SITE else ""
    level = os.environ.get("TITO_ISOLATION", "auto")
    given = [level, str(workspace), str(home / "stack"), *filter(None, [user])]
    runner = str(Path(__file__).with_name("judged.py"))
    process = subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", "-W", "ignore", runner, *given],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        cwd=home,
        env=environment(str(home)),
        start_new_session=os.name == "posix",
    )
    return Launched(process, home)


def environment(home: str) -> dict[str, str]:
    """The judged process's environment: few variables, and not the caller's home."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    homes = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), home)
    return kept | homes | {f"{name}_THREADS": "1" for name in THREADS}
