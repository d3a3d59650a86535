"""Events that a child has written are used only if they have the right format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tito.core.process import ProcessResult
from tito.core.testing.cause import read_report
from tito.core.testing.listed import Listed
from tito.core.testing.trace import PRINTED_LIMIT, SHAPES, Trace, is_event, last_printed
from tito.core.workspace.workspace import Workspace

FINISHED = {
    "event": "finished",
    "id": "00_setup::test_0_1_a",
    "module": "00_setup",
    "test": "test_0_1_a",
    "outcome": "passed",
    "seconds": 0.1,
}
FAILED = {
    **FINISHED,
    "outcome": "failed",
    "type": "AssertionError",
    "text": "no",
    "blank": None,
    "missing": None,
    "frames": [["/a/test_setup.py", 3, "test_0_1_a"]],
}

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


def trace_of(events: list[dict[str, Any]], tmp_path: Path) -> Trace:
    return Trace(
        workspace=Workspace(tmp_path),
        files={},
        tests={"00_setup": tmp_path / "test_setup.py"},
        listed={"00_setup": Listed(b"def test_0_1_a(): pass", judged=False)},
        events=[event for event in events if is_event(event)],
        run=ProcessResult(0, ""),
        stack="",
        token="@0@ ",
        test_seconds=10.0,
    )


@pytest.mark.parametrize("event", [FINISHED, FAILED])
def test_what_the_child_writes_is_an_event(event: dict[str, Any]) -> None:
    assert is_event(event)
    assert is_event(json.loads(json.dumps(event)))


@pytest.mark.parametrize("event", [FINISHED, FAILED])
def test_a_value_of_another_type_makes_it_none(event: dict[str, Any]) -> None:
    for key in event:
        if key != "missing":
            assert not is_event({**event, key: {"a": "dictionary"}}), key
            assert not is_event({**event, key: True}), key
            assert not is_event({name: value for name, value in event.items() if name != key}), key
    assert not is_event({**FAILED, "frames": [["a", "b", "c"]]})
    assert not is_event({**FINISHED, "outcome": "failed"}), "an error has its details"
    assert not is_event({**FINISHED, "outcome": "splendid"})


@given(st.lists(st.dictionaries(st.sampled_from([*FAILED, "tests", "code", "package"]), junk)))
def test_forged_events_are_no_defect_of_the_tool(events: list[dict[str, Any]]) -> None:
    """Whatever they contain, there is a report."""
    for event, kind in zip(events, SHAPES, strict=False):
        event["event"] = kind
    read_report(trace_of([*events, FAILED], Path("/nowhere")))


def test_the_marks_between_tests_are_not_what_a_student_has_printed(tmp_path: Path) -> None:
    output = "\n@0@ 00_setup::test_0_1_a\nhello\n\n@0@ 00_setup::test_0_1_b\nbye\n"
    trace = replace(trace_of([], tmp_path), run=ProcessResult(1, output))
    assert last_printed(trace).split() == ["hello", "bye"]


def test_a_mark_that_the_limit_would_cut_is_not_printed_either(tmp_path: Path) -> None:
    """Only the end is shown, wherever in a line it begins."""
    mark = "@5a00620fa78a8@ 11_embeddings::test_11_4"
    for printed in range(PRINTED_LIMIT // 2 - len(mark) - 5, PRINTED_LIMIT // 2 + 5):
        run = ProcessResult(1, f"hello\n{mark}\n{'x' * printed}\n")
        trace = replace(trace_of([], tmp_path), run=run, token="@5a00620fa78a8@ ")
        found = last_printed(trace)
        assert not found.strip("helox\n"), found
        assert found.count("x") >= min(printed, PRINTED_LIMIT // 2 - 1)
