"""TOML, read with the parser of this Python."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

# The same parser under two names; imported by name because only one is installed.
_toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


def parse(text: str) -> dict[str, Any]:
    """The tables of a TOML text; ValueError names line and column of a mistake."""
    found: dict[str, Any] = _toml.loads(text)
    return found
