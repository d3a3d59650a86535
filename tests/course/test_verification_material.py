"""What a verification uses and reports: data, metrics, required values, a failure's text."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "milestones"))

from verification import controls, data, metrics, models, seeds, training
from verification.failures import Failure, lesson_file
from verification.model_under_test import ModelUnderTest
from verification.places import raised_in
from verification.probes import parts
from verification.probes.probe import Kit, Probe
from verification.run import Run

# -------------------------------------------------------------------------- data, metrics, controls


def test_the_digits_are_the_recorded_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digits = data.digits()
    assert digits.inputs.shape == (1797, 8, 8)
    assert np.bincount(digits.targets).tolist() == [
        178,
        182,
        177,
        183,
        181,
        182,
        181,
        179,
        174,
        180,
    ]
    damaged = tmp_path / "digits.npz"
    damaged.write_bytes(data.DIGITS.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(data, "DIGITS", damaged)
    with pytest.raises(OSError, match="damaged"):
        data.digits()


def test_no_line_does_better_on_xor_than_three_corners_of_four() -> None:
    """Ten thousand random lines, none better."""
    rng = np.random.default_rng(0)
    points = data.xor_clouds(rng, 25)
    lines = rng.normal(size=(2, 10_000))
    above = points.inputs @ lines + rng.normal(size=10_000) > 0
    assert ((points.targets > 0.5) == above).mean(axis=0).max() <= 0.75


def test_separable_points_keep_their_distance() -> None:
    points = data.separable_points(np.random.default_rng(1), 200, gap=0.15)
    left, right = (points.inputs[points.targets[:, 0] == side] for side in (-1, 1))
    assert len(left) == len(right) == 100
    distance = np.linalg.norm(left[:, None] - right[None], axis=-1).min()
    assert distance >= 0.3


def test_a_shift_moves_every_pixel() -> None:
    image = np.arange(1.0, 5).reshape(1, 2, 2)
    moved = data.shifted(data.Examples(image, np.zeros(1)), right=1, down=0)
    assert moved.inputs.tolist() == [[[0, 1], [0, 3]]]


def test_sequences_held_out_are_new() -> None:
    learn, new = data.sequences(np.random.default_rng(0), (50, 14), length=2, symbols=8)
    seen = {tuple(row) for row in learn}
    assert len(seen) == 50
    assert not seen & {tuple(row) for row in new}


def test_a_reversal_is_predicted_from_the_separator_on() -> None:
    examples = data.reversal(np.array([[3, 1, 4]]), separator=9)
    assert examples.inputs.tolist() == [[3, 1, 4, 9, 4, 1]]
    assert examples.targets.tolist() == [[4, 1, 3]]


def test_losses_are_what_their_names_say() -> None:
    scores = np.array([[1000.0, 0.0], [0.0, 0.0]])
    assert metrics.class_loss(scores, np.array([0, 1])) == pytest.approx(np.log(2) / 2)
    assert metrics.binary_loss(np.zeros((2, 1)), np.array([[0.0], [1.0]])) == pytest.approx(
        np.log(2)
    )
    assert metrics.CLASS_METRICS.accuracy(scores, np.array([0, 1])) == 0.5


def test_every_control_of_a_milestone_says_what_it_shows() -> None:
    tests = Path(controls.__file__).parents[1] / "test_learning_verification.py"
    used = re.findall(r'require_control\(\s*run,\s*"([^"]+)"', tests.read_text(encoding="utf-8"))
    assert len(used) > 10
    assert set(used) == set(controls.SHOWS)


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_a_bar_that_is_not_reached_is_a_failure(value: float) -> None:
    run = Run("blobs", [], 5, lambda *_: None)
    with pytest.raises(Failure, match="did not learn"):
        controls.require(run, "accuracy", value, at_least=0.9)
    with pytest.raises(Failure, match="control succeeded"):
        controls.require_control(run, "a line", value + 0.3, at_most=0.75)


def test_a_key_bias_need_not_move_but_queries_and_values_must() -> None:
    declared = [part for part in models.TRANSFORMER_PARTS if part.parameter.endswith("bias")]
    assert [part.label[0] for part in declared if not part.zero_because] == ["Q", "V"]
    assert [part.label[0] for part in declared if part.zero_because] == ["K"]
    weights = [part for part in models.TRANSFORMER_PARTS if part.parameter.endswith("weight")]
    assert [bool(part.zero_because) for part in weights] == [False] * 3


def test_a_projection_that_stands_still_is_named() -> None:
    before = {"in_proj_weight": np.zeros((6, 2))}
    moved = SimpleNamespace(data=np.array([[1.0, 1], [1, 1], [0, 0], [0, 0], [1, 1], [1, 1]]))
    model = SimpleNamespace(named_parameters=lambda: [("in_proj_weight", moved)])
    run = Run("transformer", [], 1, lambda name, value: None)
    parts_of_it = models.projections("in_proj_weight", 2)
    subject = ModelUnderTest(run, model, None, metrics.CLASS_METRICS, 12, parts_of_it)
    with pytest.raises(Failure, match=r"in_proj_weight \(K projection\)"):
        training.check_moved(subject, before)


# --------------------------------------------------------------------------------- report and run


def test_a_failure_reads_from_what_happened_to_what_to_try() -> None:
    failure = Failure("It is zero.", module="03_nn", part="nn.ReLU", hint="A mask?", yours="0")
    lines = failure.text("tito milestone run xor --seed 1").splitlines()
    assert lines == [
        "It is zero.",
        "",
        "  part    nn.ReLU",
        "  file    modules/03_nn/nn.py",
        "  likely  A mask?",
        "  try     tito module test 03",
        "  yours   0",
        "  replay  tito milestone run xor --seed 1",
    ]


def test_a_module_names_its_lesson() -> None:
    assert lesson_file("04_training") == "modules/04_training/training.py"


def test_progress_is_one_event_a_line_and_enough_for_a_curve(tmp_path: Path) -> None:
    now = [0.0]
    stream = tmp_path / "progress.jsonl"
    run = Run("xor", [], 1, lambda name, value: None, stream, clock=lambda: now[0])
    for step in range(1, 101):
        now[0] += 0.01
        if run.progress_is_due(step, 100):
            run.progress("training", step, 100, loss=0.5)
    events = [json.loads(line) for line in stream.read_text(encoding="utf-8").splitlines()]
    assert events[-1] == {"phase": "training", "step": 100, "total": 100, "loss": 0.5}
    assert 20 <= len(events) <= 60


def test_a_check_more_changes_nothing_of_what_is_learned_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or every new probe would move the figures that the documents give for a seed."""

    def drawing(kit: Kit) -> None:
        kit.rng.normal()
        kit.tt.drawn += 1

    seen = set()
    for count in (1, 3):
        run = Run("xor", [], 7, lambda name, value: None)
        run.tt = SimpleNamespace(drawn=0)
        run.tt.manual_seed = lambda seed, tt=run.tt: setattr(tt, "drawn", seed)
        probes = [Probe("part", "03_nn", drawing)] * count
        monkeypatch.setattr(parts, "probes_for", lambda modules, probes=probes: probes)
        parts.check_parts(run)
        seen.add((run.rng.normal(), run.tt.drawn))
    assert seen == {(seeds.source(7, "data").normal(), seeds.of_the_framework(7))}


def test_every_module_s_probes_are_found_and_nothing_else_is_taken_for_them() -> None:
    """`probe.py` and `parts.py` are in the same folder."""
    files = {path.stem for path in Path(parts.__file__).parent.glob("m[0-9]*.py")}
    assert {f"m{module}" for module in parts.modules_with_probes()} == files
    assert "03_nn" in parts.modules_with_probes()
    assert parts.probes_for(["03_nn", "99_without_probes"]) == parts.probes_for(["03_nn"])


def test_only_the_package_is_the_framework_not_a_folder_of_that_name_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git clone` makes a folder tinytorch, with .venv in it."""
    package = tmp_path / "tinytorch" / "tinytorch"
    package.mkdir(parents=True)
    monkeypatch.setitem(
        sys.modules, "tinytorch", SimpleNamespace(__file__=str(package / "__init__.py"))
    )
    said = {}
    for file in (package / "nn.py", package.parent / ".venv" / "helper.py"):
        try:
            exec(compile("1 / 0", str(file), "exec"), {})  # noqa: S102 (a frame of that file)
        except ZeroDivisionError as error:
            said[file.name] = raised_in(error)
    assert said["nn.py"].startswith("tinytorch/nn.py:1, in <module>")
    assert said["helper.py"] == ""
