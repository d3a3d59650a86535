"""The class's secret: the held-out seeds of milestones come from it, so nobody can foresee them."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from tito.core.errors import reporting_os_errors
from tito.core.files import read_regular, write_whole

SECRET = ".tito/secret"  # in the class folder; its .gitignore leaves it out
LARGEST_SEED = 2**31


def class_secret(root: Path) -> bytes:
    """The secret of a class folder, made when it is first asked for."""
    path = root / SECRET
    with reporting_os_errors("The secret of the class cannot be kept: {}.", where=path):
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_whole(path, os.urandom(16).hex().encode())
        return read_regular(path).strip()


def derived(secret: bytes, *words: str) -> str:
    """A hexadecimal word for these words that only who has the secret can compute."""
    return hmac.new(secret, "\0".join(words).encode(), hashlib.sha256).hexdigest()


def seed_of(secret: bytes, assignment: str) -> int:
    """The seed of an assignment, which each submission's own comes from."""
    return int(derived(secret, "seed", assignment)[:12], 16) % LARGEST_SEED


def own_seed(seed: int, files_hash: str) -> int:
    """The seed of one submission's milestones: the same on a regrade, another for other files.

    What a student's code tells of the data of one run, in its feedback, is of no use in the next.
    """
    return int(derived(str(seed).encode(), files_hash)[:12], 16) % LARGEST_SEED
