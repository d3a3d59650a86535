"""What measures must stay what it was before the framework came: NumPy, pytest, these files.

A framework runs in the process that judges it, and Python lets any code replace any function. By
accident (`np.exp = ...` where `exp = ...` was meant) or not: what is measured with a replaced
function proves nothing. This notices what is still replaced when it looks. It is no fence against
somebody who wants to deceive: that cannot be had inside one process.
"""

from __future__ import annotations

import sys

from verification.faults import Fault

# Of the standard library and NumPy the functions; of what stands in this folder all, classes too.
LIBRARIES = {"builtins", "numpy", "numpy.linalg", "pytest"}
OWN = {"verification", "conftest", "milestone_tracker", "test_learning_verification"}
MAY_CHANGE = {"_", "__warningregistry__"}

Holdings = dict[str, object]


def holdings() -> Holdings:
    """`numpy.allclose`, `verification.run.Run.measured`, ...: each with what it is now."""
    found: Holdings = {}
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


def check_untouched(before: Holdings) -> None:
    """A fault when something that was there is another thing now. New names may have come."""
    now = holdings()
    changed = [name for name, held in before.items() if now.get(name) is not held]
    if changed:
        raise Fault(
            f"`{changed[0]}` was replaced while your framework ran, and the milestone measures "
            "with it.",
            hint="Which line of your modules assigns to it? A function of your own has a name of "
            "its own.",
            changed=", ".join(changed[:5]),
        )
