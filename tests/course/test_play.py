"""`tito play` with the real course: trained weights, real processes, drawings of every kind."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "milestones"))

from tests.nested import CODE, DEEP
from tito.core.workspace.workspace import Workspace
from tito.main import main
from tito.world import World
from verification import data, kept, seeds
from verification.playing import drawing, png
from verification.playing.answers import NotAQuestion

SEED = 7
Tito = Callable[..., tuple[int, str, str]]


def classifier(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """64 -> 32 -> 10, trained here by NumPy on the digits that the run with SEED learns from."""
    learn, _ = data.split(seeds.source(SEED, "data"), data.flat(data.digits()), 360)
    w, b = rng.normal(0, 0.2, (32, 64)), np.zeros(32)
    v, c = rng.normal(0, 0.2, (10, 32)), np.zeros(10)
    for step in range(1500):
        rows = rng.integers(0, len(learn.targets), 64)
        x = learn.inputs[rows] + rng.normal(0, 0.1, (64, 64))
        hidden = np.maximum(x @ w.T + b, 0)
        scores = np.exp(hidden @ v.T + c)
        error = scores / scores.sum(axis=1, keepdims=True)
        error[np.arange(64), learn.targets[rows]] -= 1
        rate = 0.5 / 64 * (1 - step / 1500)
        back = (error @ v) * (hidden > 0)
        for p, change in ((v, error.T @ hidden), (c, error.sum(axis=0))):
            p -= rate * change
        for p, change in ((w, back.T @ x), (b, back.sum(axis=0))):
            p -= rate * change
    named = {"0.weight": w, "0.bias": b, "2.weight": v, "2.bias": c}
    return {name: value.astype("f4") for name, value in named.items()}


TRAINED: dict[str, dict[str, np.ndarray]] = {
    "perceptron": {"w": np.array([[2.0], [-1.0]], "f4"), "b": np.array([0.25], "f4")},
    "xor": {  # two hidden units decide, the others are silent
        "0.weight": np.zeros((16, 2), "f4"),
        "0.bias": np.zeros(16, "f4"),
        "2.weight": np.zeros((1, 16), "f4"),
        "2.bias": np.array([-4.0], "f4"),
    },
    "mlp_digits": classifier(np.random.default_rng(1)),
}
TRAINED["xor"]["0.weight"][:2] = [[3, -3], [-3, 3]]
TRAINED["xor"]["0.bias"][:2] = -3
TRAINED["xor"]["2.weight"][0, :2] = 6
TRAINED["xor"]["2.bias"][:] = 8


@pytest.fixture
def workspace(solved: Workspace, tmp_path: Path) -> Workspace:
    """The solved course's package and lessons, and one kept run of each network above."""
    for name in ("modules", "tinytorch", "tests"):
        shutil.copytree(solved.root / name, tmp_path / name)
    for milestone, weights in TRAINED.items():
        keep(tmp_path, milestone, weights)
    return Workspace(tmp_path)


def keep(root: Path, milestone: str, weights: dict[str, np.ndarray], **more: Any) -> Path:
    folder = root / ".tito" / "runs" / milestone / f"20260101T000000Z-{SEED}"
    folder.mkdir(parents=True, exist_ok=True)
    told = {"milestone": milestone, "outcome": "passed", "seed": SEED, "experiment": None, **more}
    (folder / "run.json").write_text(json.dumps(told), encoding="utf-8")
    kept.write_weights(folder / "weights.safetensors", weights)
    return folder


@pytest.fixture
def tito(workspace: Workspace, tmp_path: Path) -> Tito:
    def call(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        world = World(
            cwd=workspace.root,
            progress_file=tmp_path / "progress.json",
            stdin=io.StringIO(typed),
            stdout=out,
            stderr=err,
        )
        return main(["play", *arguments], world), out.getvalue(), err.getvalue()

    return call


def test_a_point_is_on_the_side_that_the_weights_say(tito: Tito) -> None:
    code, out, _ = tito("perceptron", "--input", "0.5, -0.25")
    assert code == 0
    assert "=> class 1" in out
    assert "= 1.50" in out  # 2 * 0.5 + 0.25 + 0.25


@pytest.mark.skipif(os.name == "nt", reason="made by steps that Windows has not")
def test_nothing_is_left_however_deep(
    tito: Tito, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = workspace.package / "random.py"
    lesson.write_text(f"{lesson.read_text('utf-8')}\n{CODE.format(levels=DEEP, name='d')}", "utf-8")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    for _ in range(2):
        assert tito("perceptron", "--input", "0.5, -0.25")[0] == 0
        assert list((tmp_path / "temporary").iterdir()) == []


def test_a_pipe_is_answered_line_by_line(tito: Tito) -> None:
    code, out, err = tito("xor", "--quiet", typed="1 -1\n1 1\nwhat\n-1 1\n")
    assert (code, out.split()) == (0, ["class", "1", "class", "0", "class", "1"])
    assert "'what' is not a point" in err


def test_what_is_no_question_is_wrong_usage(tito: Tito) -> None:
    code, _, err = tito("perceptron", "--input", "seven")
    assert code == 2
    assert "Type a point: two numbers" in err


def test_held_out_digits_are_those_of_the_run(tito: Tito) -> None:
    _, held_out = data.split(seeds.source(SEED, "data"), data.digits(), 360)
    numbers = ["0", "7", "359"]
    code, out, _ = tito("mlp_digits", "--json", *(w for n in numbers for w in ("--input", n)))
    assert code == 0
    for number, answer in zip(numbers, json.loads(out)["answers"], strict=True):
        assert f"meant {held_out.targets[int(number)]}:" in answer["lines"][1]
        shown = answer["pictures"][0]["data"]["images"][0]
        assert np.allclose(shown, held_out.inputs[int(number)], atol=1e-3)


@pytest.mark.parametrize("dark_on_light", [True, False])
def test_a_png_of_any_size_is_read(tito: Tito, workspace: Workspace, dark_on_light: bool) -> None:
    """Held-out digits, enlarged unevenly, off center, in both colors."""
    _, held_out = data.split(seeds.source(SEED, "data"), data.digits(), 360)
    arguments, rows = [], range(40)
    for row in rows:
        ink = np.zeros((150, 120))
        ink[5:117, 30:114] = np.kron(held_out.inputs[row], np.ones((14, 14)))[:, :84]
        ink[5:117, 30:114] = stretched(held_out.inputs[row], (112, 84))
        file = workspace.root / f"{row}.png"
        file.write_bytes(png_file(1 - ink if dark_on_light else ink))
        arguments += ["--file", file.name]
    code, out, err = tito("mlp_digits", "--quiet", *arguments)
    assert code == 0, err
    right = np.array(out.split(), int) == held_out.targets[list(rows)]
    assert right.mean() >= 0.8, out


def stretched(image: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    rows, columns = (np.linspace(0, 7, length) for length in shape)
    across = np.array([np.interp(columns, np.arange(8), row) for row in image])
    return np.array([np.interp(rows, np.arange(8), column) for column in across.T]).T


def png_file(gray: np.ndarray, color: int = 0, filters: bytes = b"\0") -> bytes:
    """A gray or RGBA PNG file whose rows have these filters, one after the other."""
    pixels = np.round(gray * 255).astype(np.uint8)
    if color == 6:
        pixels = np.repeat(pixels[..., None], 4, axis=2)
        pixels[..., 3] = 255
    height, width = gray.shape
    rows = pixels.reshape(height, -1).astype(int)
    step, above, body = (4 if color == 6 else 1), np.zeros(rows.shape[1], int), b""
    for number, row in enumerate(rows):
        kind = filters[number % len(filters)]
        left = np.concatenate([np.zeros(step, int), row[:-step]])
        corner = np.concatenate([np.zeros(step, int), above[:-step]])
        paeth = [png.paeth(*three) for three in zip(left, above, corner, strict=True)]
        guess = [0, left, above, (left + above) // 2, np.array(paeth)][kind]
        body += bytes([kind]) + ((row - guess) % 256).astype(np.uint8).tobytes()
        above = row
    head = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(body)), (b"IEND", b"")]
    return png.SIGNATURE + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in parts
    )


@pytest.mark.parametrize("color", [0, 6])
def test_every_filter_of_a_png_is_undone(color: int) -> None:
    image = np.round(np.random.default_rng(0).uniform(0, 1, (10, 7)) * 255) / 255
    found = png.read_png(png_file(image, color, filters=bytes(range(5))))
    assert np.allclose(found, image)


@pytest.mark.parametrize("spoil", [lambda raw: raw[:48], lambda raw: raw[:8], lambda raw: b"no"])
def test_a_damaged_png_is_no_question(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(NotAQuestion):
        png.read_png(spoil(png_file(np.ones((9, 9)))))


def test_a_drawing_in_letters_is_read(tito: Tito) -> None:
    """Twenty held-out digits in letters, each followed by an empty line."""
    _, held_out = data.split(seeds.source(SEED, "data"), data.digits(), 360)
    drawn = ["\n".join(["draw", *letters(image), "", ""]) for image in held_out.inputs[:20]]
    code, out, _ = tito("mlp_digits", "--quiet", typed="".join(drawn))
    assert code == 0
    right = np.array(out.split(), int) == held_out.targets[:20]
    assert right.mean() >= 0.7, out


def letters(image: np.ndarray) -> list[str]:
    """Two letters for a pixel: a terminal's letters are twice as high as they are wide."""
    return ["".join("##" if value > 0.4 else "  " for value in row) for row in image]


def test_a_drawing_is_as_high_as_the_digits_of_the_course() -> None:
    small = np.zeros((60, 90))
    small[40:52, 70:78] = 1
    found = drawing.as_digit(small)
    assert found[:, 3:5].min() == 1
    assert found[:, [0, 7]].max() == 0


def test_an_empty_picture_says_so(tito: Tito, workspace: Workspace) -> None:
    (workspace.root / "empty.png").write_bytes(png_file(np.ones((20, 20))))
    code, _, err = tito("mlp_digits", "--file", "empty.png")
    assert code == 2
    assert "nothing drawn" in err


def test_another_kind_of_picture_names_the_package(
    tito: Tito, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)  # as where it is not installed
    (workspace.root / "digit.jpg").write_bytes(b"\xff\xd8\xff")
    code, _, err = tito("mlp_digits", "--file", "digit.jpg")
    assert code == 2
    assert "pillow" in err


def test_a_milestone_that_was_never_run_says_what_to_run(tito: Tito) -> None:
    code, _, err = tito("cnn", "--input", "1")
    assert code == 1
    assert "Next: tito milestone run cnn" in err


def test_a_failed_run_is_not_played(tito: Tito, workspace: Workspace) -> None:
    keep(workspace.root, "perceptron", TRAINED["perceptron"], outcome="failed")
    assert tito("perceptron", "--input", "1 1")[0] == 1


def test_weights_that_do_not_fit_say_train_again(tito: Tito, workspace: Workspace) -> None:
    keep(workspace.root, "perceptron", {"w": np.ones((3, 1), "f4")})
    code, _, err = tito("perceptron", "--input", "1 1")
    assert code == 1
    assert "Next: tito milestone run perceptron" in err


def test_a_damaged_run_is_the_machines_fault(tito: Tito, workspace: Workspace) -> None:
    folder = keep(workspace.root, "perceptron", TRAINED["perceptron"])
    (folder / "weights.safetensors").write_bytes(b"\x08" + b"\0" * 7 + b"no json!")
    code, _, err = tito("perceptron", "--input", "1 1")
    assert code == 3
    assert "cannot be used" in err
    assert "Next: tito milestone run perceptron" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("xor", "--file", "x.png"),
        ("mlp_digits", "--file", "absent.png"),
        ("xor", "--temperature", "1"),
        ("gpt", "--top-k", "0"),
        ("gpt", "--temperature", "-1"),
        ("gpt", "--seed", "-1"),
    ],
)
def test_wrong_options_are_wrong_usage(tito: Tito, arguments: tuple[str, ...]) -> None:
    assert tito(*arguments)[0] == 2


def test_an_error_of_the_framework_names_the_line_of_the_lesson(
    tito: Tito, workspace: Workspace
) -> None:
    file = workspace.package / "nn" / "modules.py"
    text = file.read_text(encoding="utf-8")
    new = text.replace("        return tanh(input)", '        raise ValueError("my tanh")')
    assert new != text
    file.write_text(new, encoding="utf-8")
    code, _, err = tito("xor", "--input", "1 1")
    assert code == 1
    assert "ValueError: my tanh" in err
    assert "modules/03_nn/nn.py" in err
