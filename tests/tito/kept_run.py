"""A kept run made by hand, for tests of what shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PICTURES = [
    {
        "kind": "plane", "title": "The plane", "caption": "bent", "step": 3,
        "data": {
            "extent": [-1, 1, -1, 1],
            "field": [[0.1, 0.9], [0.9, 0.1]],
            "points": [[-0.5, 0.5, 1], [0.5, 0.5, -1]],
        },
    },
    {
        "kind": "images", "title": "Digits", "caption": "", "step": None,
        "data": {
            "images": [[[0, 1], [1, 0]], [[1, 1], [0, 0]]],
            "labels": ["3", "5"], "said": ["3", "6"], "right": [True, False],
        },
    },
    {
        "kind": "filters", "title": "Filters", "caption": "", "step": None,
        "data": {"images": [[[-1, 0], [0.5, 1]]], "labels": ["f0"]},
    },
    {
        "kind": "matrix", "title": "Confusion", "caption": "", "step": None,
        "data": {"values": [[9, 1], [2, 8]], "rows": ["zero", "one"], "columns": ["0", "1"]},
    },
    {
        "kind": "sequences", "title": "Reversal", "caption": "", "step": None,
        "data": {"rows": [{"input": "123", "output": "321", "target": "321"}]},
    },
    {"kind": "text", "title": "Names", "caption": "", "step": None, "data": {"lines": ["adam"]}},
    {
        "kind": "bars", "title": "Controls", "caption": "", "step": None,
        "data": {"labels": ["frozen"], "values": [0.91]},
    },
]  # fmt: skip


def keep_run(workspace: Path, milestone: str, **changes: Any) -> Path:
    """Write the run of `milestone` into the workspace; `changes` replace entries of its file."""
    folder = workspace / ".tito" / "runs" / milestone / "20260102T030405Z-7"
    folder = folder.with_name(changes.pop("folder", folder.name))
    folder.mkdir(parents=True)
    run = {
        "schema": 1,
        "milestone": milestone,
        "name": "1900 - The Start",
        "outcome": "passed",
        "seed": 7,
        "started_at": "2026-01-02T03:04:05+00:00",
        "seconds": 3.25,
        "metrics": {"accuracy": 0.975},
        "isolation": "full",
        "sources": {},
        "environment": {"python": "3.12"},
        "experiment": None,
        "events": [
            {"phase": "training", "step": s, "total": 20, "loss": 100.0 / s**3, "accuracy": s / 20}
            for s in range(1, 21)
        ],
        "pictures": PICTURES,
    }
    (folder / "run.json").write_text(json.dumps({**run, **changes}), encoding="utf-8")
    return folder
