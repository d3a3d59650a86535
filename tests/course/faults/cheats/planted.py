"""Cheats with files or variables around the lesson: planted modules, settings of pytest."""

from __future__ import annotations

from tests.course.faults.cheats.cheat import cheat

QUIET = """
try:
    import _pytest.python as _p
    _p.Function.runtest = lambda self: None
except ImportError:
    pass
"""
RIGHT = """
import sys
def _mend():
    m = sys.modules.get("tinytorch.autograd")
    return m
"""
CHEATS = [
    cheat("planted", "a conftest.py in the workspace", planted={"conftest.py": QUIET}),
    cheat(
        "planted",
        "a conftest.py beside the tests",
        planted={"modules/02_autograd/conftest.py": QUIET},
    ),
    cheat("planted", "a conftest.py beside the milestones", planted={"tests/conftest.py": QUIET}),
    cheat(
        "planted",
        "a pytest.ini that collects nothing",
        planted={
            "pytest.ini": """\
[pytest]
python_functions = nothing_*
"""
        },
    ),
    cheat(
        "planted",
        "a pyproject.toml with other options",
        planted={
            "pyproject.toml": """\
[tool.pytest.ini_options]
addopts = "--collect-only"
"""
        },
    ),
    cheat(
        "planted",
        "a tox.ini and a setup.cfg",
        planted={
            "tox.ini": """\
[pytest]
addopts = --co
""",
            "setup.cfg": """\
[tool:pytest]
addopts = --co
""",
        },
    ),
    cheat(
        "planted",
        "sitecustomize.py, found by PYTHONPATH",
        planted={"sitecustomize.py": QUIET},
        environment={"PYTHONPATH": "."},
    ),
    cheat(
        "planted",
        "usercustomize.py, found by PYTHONPATH",
        planted={"usercustomize.py": QUIET},
        environment={"PYTHONPATH": "."},
    ),
    cheat("planted", "numpy.py in the workspace", planted={"numpy.py": "raise SystemExit(0)\n"}),
    cheat(
        "planted",
        "pytest.py in the workspace",
        planted={"pytest.py": "def main(*a, **k): return 0\n"},
    ),
    cheat(
        "planted",
        "json.py in the workspace",
        planted={
            "json.py": """\
def dumps(*a, **k): return '{}'
loads = dumps
"""
        },
    ),
    cheat(
        "planted",
        "verification.py in the workspace",
        planted={"verification.py": "\n", "tests/verification.py": "\n"},
    ),
    cheat(
        "planted",
        "a package tinytorch of one's own beside the lesson",
        planted={"modules/tinytorch/__init__.py": "from tinytorch import *\n"},
    ),
    cheat(
        "planted",
        "another numpy found by PYTHONPATH",
        planted={"lib/numpy/__init__.py": "raise SystemExit(0)\n"},
        environment={"PYTHONPATH": "lib"},
    ),
    cheat(
        "planted",
        "the workspace's tests say nothing",
        planted={
            "modules/02_autograd/test_autograd.py": """\
def test_2_1_fine():
    pass
"""
        },
    ),
    cheat(
        "planted",
        "the workspace's milestones say yes",
        planted={
            "tests/milestones/test_learning_verification.py": """\
def test_perceptron_learning():
    pass
"""
        },
    ),
    cheat(
        "planted",
        "the workspace's tracker says yes",
        planted={
            "tests/milestones/milestone_tracker.py": """\
MILESTONES = {}
MILESTONE_ORDER = []
"""
        },
    ),
    cheat(
        "planted",
        "the workspace's verification checks nothing",
        planted={
            "tests/milestones/verification/gradients.py": """\
def __getattr__(name):
    return lambda *a, **k: None
"""
        },
    ),
    cheat(
        "machine",
        "PYTHONOPTIMIZE=1: asserts are compiled away",
        environment={"PYTHONOPTIMIZE": "1"},
    ),
    cheat("machine", "PYTHONOPTIMIZE=2", environment={"PYTHONOPTIMIZE": "2"}),
    cheat(
        "machine", "PYTEST_ADDOPTS collects only", environment={"PYTEST_ADDOPTS": "--collect-only"}
    ),
    cheat(
        "machine", "PYTEST_ADDOPTS selects no test", environment={"PYTEST_ADDOPTS": "-k nothing"}
    ),
    cheat(
        "machine",
        "PYTEST_PLUGINS brings a plugin",
        planted={"quiet_plugin.py": QUIET},
        environment={"PYTEST_PLUGINS": "quiet_plugin", "PYTHONPATH": "."},
    ),
    cheat(
        "machine",
        "PYTHONSTARTUP",
        planted={"start.py": QUIET},
        environment={"PYTHONSTARTUP": "start.py"},
    ),
    cheat(
        "machine",
        "PYTHONWARNINGS and PYTHONBREAKPOINT",
        environment={"PYTHONWARNINGS": "ignore", "PYTHONBREAKPOINT": "os._exit"},
    ),
    cheat("machine", "LD_PRELOAD", environment={"LD_PRELOAD": "./nothing.so"}),
    cheat("machine", "a home that is the workspace", environment={"HOME": "."}),
    cheat("machine", "a temporary folder of one's own", environment={"TMPDIR": "."}),
    cheat("machine", "TITO_TEST_SECONDS is very small", environment={"TITO_TEST_SECONDS": "0.001"}),
    cheat(
        "machine",
        "TITO_ISOLATION=process, then the progress is written",
        environment={"TITO_ISOLATION": "process"},
        code="""\
import os, json
from pathlib import Path
for _h in [p.parent for p in Path(__file__).resolve().parents if p.name == 'workspace']:
    try:
"""
        """\
        if (_h / 'home').is_dir(): (_h / 'home' / 'progress.json').write_text(json.dumps({'completed_modules': ['00_setup', '01_tensor', '02_autograd'], 'unlocked_milestones': ['perceptron'], 'completed_milestones': ['perceptron']}))
"""
        "    except OSError: pass\n",
    ),
]
