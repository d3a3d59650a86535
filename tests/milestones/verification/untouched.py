"""Whether NumPy, pytest or these files were changed by the framework that they measure.

A framework runs in the process that judges it, and Python lets any code replace any function. By
accident (`np.exp = ...` where `exp = ...` was meant) or not: what is measured with a replaced
function proves nothing. This notices what is still replaced when it looks. It does not stop
somebody who sets out to deceive: within one process, nothing can.
"""

from __future__ import annotations

import sys

from verification.faults import Fault

# Only the functions of the standard library and NumPy; everything in this folder, classes too.
LIBRARIES = {"builtins", "numpy", "numpy.linalg", "pytest"}
OWN = {"verification", "conftest", "milestone_tracker", "test_learning_verification"}
MAY_CHANGE = {"_", "__warningregistry__"}

Snapshot = dict[str, object]


def snapshot() -> Snapshot:
    """What each of these names is now: `numpy.allclose`, `verification.run.Run.measured`, ..."""
    found: Snapshot = {}
    for module, loaded in list(sys.modules.items()):
        own = module.partition(".")[0] in OWN
        if not own and module not in LIBRARIES:
            continue
        for name, value in vars(loaded).items():
            if name in MAY_CHANGE:
                continue
            found[f"{module}.{name}"] = value
            if own and isinstance(value, type) and value.__module__ == module:
                found |= {f"{module}.{name}.{part}": held for part, held in vars(value).items()}
    return found


def check_untouched(before: Snapshot) -> None:
    """A fault when something that was there is something else now. New names are fine."""
    now = snapshot()
    changed = [name for name, held in before.items() if now.get(name) is not held]
    if changed:
        raise Fault(
            f"`{changed[0]}` was replaced while your framework ran, and the milestone measures "
            "with it.",
            hint="Which line of your modules assigns to it? A function of your own has a name of "
            "its own.",
            changed=", ".join(changed[:5]),
        )
