"""Cheats: a framework that ends the test early, or tries to reach the code that measures it.

It runs in its own process, so none of this works: a framework that ends its process fails, and one
that patches other code is judged as usual. Most have a gradient that is missing
(`NO_BACKWARD`), and must fail for that; those in `POWERLESS` are right, and must pass.
"""

from __future__ import annotations

from tests.course.broken import Broken

END = "__init__.py"
NO_BACKWARD = "\nTensor.backward = lambda self, *a: None"
NO_GRADIENT = "`x.grad` is None"
IN_BACKWARD = "    start = _starting_gradient(self, gradient)\n"

WRITE_THE_REPORT = """
import os, sys, pathlib
asked = pathlib.Path(f"/proc/{os.getppid()}/cmdline").read_text().split("\\0")
report = next(part.partition("=")[2] for part in asked if part.startswith("--junitxml="))
metrics = ("accuracy", "gradient_error", "control_accuracy")
rows = "".join(f'<property name="{name}" value="0.5"/>' for name in metrics)
case = '<testcase name="test_perceptron_learning"><properties>' + rows + '</properties></testcase>'
pathlib.Path(report).write_text(f"<testsuites><testsuite>{case}</testsuite></testsuites>")
os._exit(0)
"""
WRITE_IT_LATER = """
import os, pathlib, time
asked = pathlib.Path(f"/proc/{os.getppid()}/cmdline").read_text().split("\\0")
report = pathlib.Path(next(p.partition("=")[2] for p in asked if p.startswith("--junitxml=")))
metrics = ("accuracy", "gradient_error", "control_accuracy")
rows = "".join(f'<property name="{name}" value="0.5"/>' for name in metrics)
case = '<testcase name="test_perceptron_learning"><properties>' + rows + '</properties></testcase>'
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while not report.exists():
            time.sleep(0.0001)
        for _ in range(1000):
            report.write_text(f"<testsuites><testsuite>{case}</testsuite></testsuites>")
        os._exit(0)
    os._exit(0)
"""
REPLACE_CODE = """
import gc, types
for found in gc.get_objects():
    if isinstance(found, types.FunctionType) and found.__name__ in (
        "check_model", "check_parts", "check_moved", "compare", "expect", "require", "run_probe"
    ):
        found.__code__ = (lambda *a, **k: None).__code__
"""
REPLACE_IN_MODULES = """
import sys
for module in list(sys.modules.values()):
    for name in ("check_model", "check_parts", "check_moved", "compare", "expect", "require"):
        setattr(module, name, lambda *a, **k: None)
"""

STRAIGHT_TO = """
import sys
import numpy as np
rows = []
right = Tensor.backward
def backward(self, *a):
    right(self, *a)
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "training_steps":
        frame = frame.f_back
    if frame is None:
        return
    normal, offset = goal_of(frame.f_locals)
    for p in frame.f_locals["optimizer"].parameters:
        goal = normal[:, None] if p.data.shape == (2, 1) else np.ravel(offset)
        p.grad.data = (p.data - goal).astype(p.data.dtype)
Tensor.backward = backward
"""
# The generator that the first seed would give, if it were the data's own.
THE_JUDGE_S_LINE = """
import tinytorch.random
first, drawn = [], []
seeding = tinytorch.random.manual_seed
def manual_seed(seed, *a):
    first.append(seed)
    return seeding(seed, *a)
tinytorch.random.manual_seed = manual_seed
def goal_of(seen):
    if not drawn:
        rng = np.random.default_rng(first[0])
        normal = rng.normal(size=2)
        drawn[:] = [3 * normal / np.linalg.norm(normal), 3 * rng.uniform(-0.2, 0.2)]
    return drawn[0], drawn[1] + 0.01 * np.random.default_rng().random()
"""
A_LINE_OF_LEAST_SQUARES = """
def goal_of(seen):
    x, y = np.array(seen["inputs"]), np.ravel(seen["targets"])
    rows.append((np.c_[x, np.ones(len(x))], y))
    a, b = (np.concatenate(part) for part in zip(*rows))
    *normal, offset = 9 * np.linalg.lstsq(a, b, rcond=None)[0]
    return np.array(normal), offset
"""


def at_import(name: str, code: str, *says: str) -> Broken:
    return Broken(name, "perceptron", "", code, says, where=END)


def in_backward(name: str, code: str, *says: str) -> Broken:
    return Broken(name, "perceptron", IN_BACKWARD, f"    {code}\n{IN_BACKWARD}", says)


BROKEN = [
    at_import(
        "straight to the line that the seed tells",
        STRAIGHT_TO + THE_JUDGE_S_LINE,
        "During training, the gradient of",
    ),
    at_import(
        "straight to a line of least squares",
        STRAIGHT_TO + A_LINE_OF_LEAST_SQUARES,
        "During training, the gradient of",
    ),
    at_import("sys.exit(0) at import", "import sys\nsys.exit(0)", "SystemExit"),
    at_import("os._exit(0) at import", "import os\nos._exit(0)", "ended the process (exit code 0)"),
    at_import("a skip at import", "import pytest\npytest.skip('later')", "Skipped: later"),
    at_import("pytest.exit at import", "import pytest\npytest.exit('done', 0)", "Exit: done"),
    at_import("an xfail at import", "import pytest\npytest.xfail('known')", "XFailed: known"),
    in_backward("sys.exit(0) in backward", "raise SystemExit(0)", "raised SystemExit: 0"),
    in_backward(
        "os._exit(0) in backward", "__import__('os')._exit(0)", "ended the process (exit code 0)"
    ),
    in_backward("a skip in backward", "import pytest; pytest.skip('later')", "Skipped: later"),
    in_backward("an interrupt in backward", "raise KeyboardInterrupt", "KeyboardInterrupt"),
    in_backward("a crash in backward", "__import__('os').abort()", "ended the process (signal 6)"),
    at_import(
        "os._exit(0) at exit",
        "import atexit, os\natexit.register(lambda: os._exit(0))" + NO_BACKWARD, NO_GRADIENT,
    ),
    at_import(
        "os._exit(0) in a thread",
        "import os, threading\nthreading.Timer(0, os._exit, (0,)).start()",
        "ended the process (exit code 0)",
    ),
    at_import("the report written, and an exit", WRITE_THE_REPORT, "ended the process"),
    at_import("the report written by a process left behind", WRITE_IT_LATER + NO_BACKWARD,
              NO_GRADIENT),
    at_import("all code of the judges replaced", REPLACE_CODE + NO_BACKWARD, NO_GRADIENT),
    at_import("the judges replaced", REPLACE_IN_MODULES + NO_BACKWARD, NO_GRADIENT),
    at_import(
        "pytest.fail replaced",
        "import pytest\npytest.fail = lambda *a, **k: None" + NO_BACKWARD, NO_GRADIENT,
    ),
    at_import(
        "a comparison of NumPy's replaced",
        "import numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
        "np.abs = np.absolute = lambda x: np.zeros(np.shape(x))" + NO_BACKWARD,
        NO_GRADIENT,
    ),
]  # fmt: skip

# Where files and processes are closed to the framework, this comes before what the row says.
IN_A_SANDBOX = {
    "the report written, and an exit": ("PermissionError", "report.xml", "tempfile"),
    "the report written by a process left behind": (
        "Your code starts a process: in a judged run there are none",
        "tinytorch/__init__.py:",
    ),
}

POWERLESS = [
    at_import(
        "a function of NumPy replaced",
        "import numpy as np\nnp.isfinite = lambda x: np.ones(np.shape(x), bool)",
    ),
    at_import("the judges replaced by a right framework", REPLACE_IN_MODULES),
    at_import(
        "standard output closed and replaced",
        "import os, sys\nsys.stdout = sys.stderr = None\nfor i in (0, 1, 2):\n    os.close(i)",
    ),
    at_import("a thread that never ends",
              "import threading, time\n"
              "threading.Thread(target=lambda: time.sleep(10_000)).start()"),
    at_import("an end that hangs", "import atexit, time\natexit.register(time.sleep, 10_000)"),
    in_backward(
        "a fork in backward, where it is not refused",
        "_done = globals().setdefault('_forks', [])\n"
        "    try: len(_done) < 3 and (_done.append(0), __import__('os').fork())\n"
        "    except OSError: pass",
    ),
]  # fmt: skip
