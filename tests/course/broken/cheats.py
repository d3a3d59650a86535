"""Ways around learning: a framework that ends the test early in place of passing it."""

from __future__ import annotations

from tests.course.broken import Broken

END = "__init__.py"


def at_import(name: str, code: str, *says: str) -> Broken:
    return Broken(name, "perceptron", "", code, says, where=END)


BROKEN = [
    at_import("sys.exit(0) at import", "import sys\nsys.exit(0)", "SystemExit"),
    at_import("os._exit(0) at import", "import os\nos._exit(0)", "ended early"),
    at_import("a skip at import", "import pytest\npytest.skip('later')", "skipped"),
    at_import("pytest.exit at import", "import pytest\npytest.exit('done', 0)", "ended"),
    at_import(
        "an xfail at import", "import pytest\npytest.xfail('known')", "skipped"
    ),
    Broken(
        "sys.exit(0) in backward", "perceptron",
        "    start = _starting_gradient(self, gradient)\n", "    raise SystemExit(0)\n",
        ("SystemExit",),
    ),
    Broken(
        "os._exit(0) in backward", "perceptron",
        "    start = _starting_gradient(self, gradient)\n", "    __import__('os')._exit(0)\n",
        ("ended early",),
    ),
]  # fmt: skip
