"""Pictures of a network at work: they change nothing, break nothing, and show what it computes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tito.core.workspace.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parents[1] / "milestones"))

from verification import data, looking, models, pictures
from verification.metrics import BINARY_METRICS
from verification.model_under_test import ModelUnderTest
from verification.playing.attending import Attending
from verification.run import Run
from verification.there import GradientDescent
from verification.training import train

STEPS = 60


@pytest.fixture(scope="module")
def tinytorch(solved: Workspace) -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(solved.root))
        import tinytorch

        yield tinytorch
    for name in [name for name in sys.modules if name.partition(".")[0] == "tinytorch"]:
        del sys.modules[name]


Trained = Callable[..., tuple[dict[str, np.ndarray], list[dict[str, Any]]]]


@pytest.fixture
def trained(tinytorch: ModuleType, tmp_path: Path) -> Trained:
    """Train the network of 1986 for a while: its parameters, and what it has told."""

    def trained(look: pictures.Look | None) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
        stream = tmp_path / f"{look}.jsonl"
        run = Run("xor", [], 7, lambda name, value: None, stream)
        run.tt = tinytorch
        run.seed_framework()
        learn = data.xor_clouds(run.rng, 16)
        network = models.xor(tinytorch.nn)
        subject = ModelUnderTest(run, network, tinytorch.nn.BCEWithLogitsLoss(), BINARY_METRICS, 65)
        if look is not None:
            looking.watch(subject, data.xor_clouds(np.random.default_rng(1), 100), look)
        descent = GradientDescent(network.parameters(), lr=0.5)
        train(subject, learn, descent, steps=STEPS, batch=64)
        told = [json.loads(line) for line in stream.read_text(encoding="utf-8").splitlines()]
        return subject.parameter_values(), told

    return trained


def test_pictures_do_not_change_what_is_learned(trained: Trained) -> None:
    plain, _ = trained(None)
    watched, told = trained(pictures.plane)
    assert all(np.array_equal(plain[name], watched[name]) for name in plain)
    steps = [line["picture"]["step"] for line in told if "picture" in line]
    assert (steps[0], steps[-1]) == (1, STEPS)
    assert len(steps) <= looking.LOOKS + 2
    [held_out] = [line["held_out"] for line in told if line.get("step") == STEPS]
    assert 0 <= held_out <= 1


def test_a_picture_that_cannot_be_made_is_left_out(trained: Trained) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    parameters, told = trained(broken)
    assert all(np.isfinite(value).all() for value in parameters.values())
    assert not [line for line in told if "picture" in line]
    assert told[-1]["step"] == STEPS


def test_points_of_every_corner_are_shown(trained: Trained) -> None:
    """The clouds are sorted by corner."""
    _, told = trained(pictures.plane)
    [points, *_] = [line["picture"]["data"]["points"] for line in told if "picture" in line]
    assert len(points) == pictures.POINTS
    assert {(x > 0, y > 0) for x, y, _ in points} == {(a, b) for a in (0, 1) for b in (0, 1)}


def test_the_attention_shown_is_that_of_the_layer(tinytorch: ModuleType) -> None:
    tinytorch.manual_seed(3)
    model = models.transformer(tinytorch, places=16)
    values = {name: np.array(p.data) for name, p in model.named_parameters()}
    ids = np.arange(15) % models.SYMBOLS
    shown = pictures.head_weights(values, ids, heads=4).mean(axis=0)
    x = model.tokens(tinytorch.tensor(ids[None])) + model.positions(tinytorch.arange(15))
    hidden = tinytorch.tensor(models.future(15))
    _, weights = model.attention(x, x, x, attn_mask=hidden)
    assert np.allclose(shown, np.array(weights.data)[0], atol=1e-5)


def test_what_the_page_shows_is_the_attention_of_every_layer(tinytorch: ModuleType) -> None:
    tinytorch.manual_seed(3)
    model = models.transformer(tinytorch, places=16)
    values = {name: np.array(p.data) for name, p in model.named_parameters()}
    told = Attending(tinytorch, "transformer", values).attend("31415926")
    ids = np.array(
        [models.SEPARATOR if letter == "|" else int(letter) for letter in told["letters"]]
    )
    expected = pictures.head_weights(values, ids, heads=4)
    shown = [head["weights"] for head in told["heads"]]
    assert np.allclose(shown, expected, atol=1e-3)
    scores = np.array(model(tinytorch.tensor(ids[None])).data)[0, 8:].argmax(axis=-1)
    assert told["writes"][8:] == [str(said) for said in scores]


def test_both_gpts_of_a_run_are_shown(tinytorch: ModuleType) -> None:
    values = {}
    for prefix, letters, places in (("", data.SUM_LETTERS, 8), ("names.", data.NAME_LETTERS, 11)):
        model = models.gpt(tinytorch, len(letters), places)
        values |= {prefix + name: np.array(p.data) for name, p in model.named_parameters()}
    attending = Attending(tinytorch, "gpt", values)
    for text, read in (("7+85", "07+85="), ("ma", "\nma")):
        told = attending.attend(text)
        assert "".join(told["letters"]).startswith(read)
        assert (len(told["heads"]), len(told["writes"])) == (2 * 4, len(told["letters"]))
        for head in told["heads"]:
            assert np.allclose(np.sum(head["weights"], axis=1), 1, atol=1e-2)
            assert np.array_equal(head["weights"], np.tril(head["weights"]))


def test_gates_that_are_shut_are_shown_shut(tinytorch: ModuleType) -> None:
    model = models.reader(tinytorch, "LSTM", 6)
    values = {name: np.array(p.data) for name, p in model.named_parameters()}
    values["layer.bias_ih_l0"][:] = np.repeat([20.0, -20.0, 0.0, 20.0], 6)  # i, f, g, o
    inputs = np.random.default_rng(0).normal(size=(9, models.CHANNELS))
    shown = pictures.gate_means(values, inputs)
    assert np.allclose(shown, np.array([[1.0], [0.0], [1.0]]) * np.ones((3, 9)), atol=1e-3)
