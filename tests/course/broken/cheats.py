"""Ways around learning: a framework that ends the test early, or lays hands on what measures.

One that sets out to deceive cannot be kept from it: it runs in the process that judges it. What is
held here are the plain ways.
"""

from __future__ import annotations

from tests.course.broken import Broken

END = "__init__.py"
NO_BACKWARD = "\nTensor.backward = lambda self, *a: None"
IN_BACKWARD = "    start = _starting_gradient(self, gradient)\n"


def at_import(name: str, code: str, *says: str) -> Broken:
    return Broken(name, "perceptron", "", code, says, where=END)


def in_backward(name: str, code: str, *says: str) -> Broken:
    return Broken(name, "perceptron", IN_BACKWARD, f"    {code}\n{IN_BACKWARD}", says)


BROKEN = [
    at_import("sys.exit(0) at import", "import sys\nsys.exit(0)", "SystemExit"),
    at_import("os._exit(0) at import", "import os\nos._exit(0)", "ended early"),
    at_import("a skip at import", "import pytest\npytest.skip('later')", "skipped"),
    at_import("pytest.exit at import", "import pytest\npytest.exit('done', 0)", "ended"),
    at_import(
        "an xfail at import", "import pytest\npytest.xfail('known')", "skipped"
    ),
    in_backward("sys.exit(0) in backward", "raise SystemExit(0)", "SystemExit"),
    in_backward("os._exit(0) in backward", "__import__('os')._exit(0)", "ended early"),
    in_backward("a skip in backward", "import pytest; pytest.skip('later')", "skipped"),
    in_backward("an interrupt in backward", "raise KeyboardInterrupt", "ended early"),
    at_import(
        "os._exit(0) at exit",
        "import atexit, os\natexit.register(lambda: os._exit(0))" + NO_BACKWARD,
        "`x.grad` is None",
    ),
    at_import(
        "os._exit(0) in a thread",
        "import os, threading\nthreading.Timer(0, os._exit, (0,)).start()", "ended early",
    ),
    at_import(
        "a function of NumPy replaced",
        "import numpy as np\nnp.isfinite = lambda x: np.ones(np.shape(x), bool)",
        "`numpy.isfinite` was replaced",
    ),
    at_import(
        "the judges replaced",
        "import sys\nhere = sys.modules['test_learning_verification']\n"
        "here.check_model = lambda *a: 0.0\n"
        "here.check_parts = here.check_moved = lambda *a: None\n"
        "here.require = lambda *a, **k: None" + NO_BACKWARD,
        "`test_learning_verification.require` was replaced",
    ),
    at_import(
        "pytest.fail replaced",
        "import sys\nsys.modules['pytest'].fail = lambda *a, **k: None" + NO_BACKWARD,
        "`pytest.fail` was replaced",
    ),
    in_backward(
        "the judges replaced when a gradient is asked for",
        "__import__('sys').modules['test_learning_verification'].require = lambda *a, **k: None",
        "`test_learning_verification.require` was replaced",
    ),
]  # fmt: skip
