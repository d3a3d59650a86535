"""For every test: a home of its own, one BLAS thread, and none of the caller's settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tito.core.process import ONE_THREAD

# Before NumPy is imported, here or in a child process.
for _name, _value in ONE_THREAD.items():
    os.environ.setdefault(_name, _value)

# Hypothesis by default fails what is slow, as any test may be on a loaded machine, and what shares
# a fixture between examples, which our tests do knowingly.
settings.register_profile(
    "ours",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("ours")

REPO = Path(__file__).resolve().parents[1]

# A developer's own settings would change what the tool prints or runs.
CALLER_SETTINGS = (
    "COLUMNS",
    "EDITOR",
    "FORCE_COLOR",
    "NO_COLOR",
    "PYTEST_ADDOPTS",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONIOENCODING",
    "PYTHONUNBUFFERED",
    "PYTHONUTF8",
    "TINYTORCH_PROGRESS_STREAM",
    "TTY_COMPATIBLE",
    "VISUAL",
)


@pytest.fixture(scope="session", autouse=True)
def _away_from_the_caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs first, so that it holds for fixtures that outlive a test too."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("TINYTORCH_HOME", str(tmp_path_factory.mktemp("home")))
        for name in CALLER_SETTINGS:
            monkeypatch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def tinytorch_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """An empty home: no test reads or writes a person's own progress."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("TINYTORCH_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def repo() -> Path:
    """The checkout: the solved course."""
    return REPO


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough", action="store_true", help="run the tests marked `thorough` too: half an hour"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the thorough tests to those who ask for them: others of their kind run every time."""
    if config.getoption("--thorough"):
        return
    left = [item for item in items if item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if not item.get_closest_marker("thorough")]
