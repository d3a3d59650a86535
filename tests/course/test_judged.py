"""Module tests through the judge: each task has one, wrong answers are noticed, processes restart.

`test_cheats.py` has the people who want the tick without the work.
"""

from __future__ import annotations

import ast
from pathlib import Path

MODULES = Path(__file__).resolve().parents[2] / "modules"


def test_each_task_has_a_test_for_the_judge() -> None:
    tasks, judged = set(), set()
    for path in MODULES.glob("*/test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                task = (path.parent.name, *node.name.split("_")[1:3])
                tasks.add(task)
                if not any("in_process" in ast.unparse(d) for d in node.decorator_list):
                    judged.add(task)
    assert len(tasks) >= 84
    assert tasks - judged == set()
