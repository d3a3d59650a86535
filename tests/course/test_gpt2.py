"""Module 13 reads GPT-2's settings and weights, and gives the logits of Hugging Face's GPT-2.

`gpt2/` holds a small random model; `scripts/make_gpt2.py` made it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("gpt2")

READ = """
import sys
import numpy as np
from tinytorch import load, tensor
from tinytorch.models import GPT

folder = sys.argv[1]
model = GPT.from_pretrained(folder)
assert not model.training
right = np.load(folder + "/logits.npz")
print(np.abs(model(tensor(right["ids"])).data - right["logits"]).max())
print(np.abs(right["logits"]).max())
weights = load(folder + "/model.safetensors")
print(sum(p.numel() for p in model.parameters()), sum(w.numel() for w in weights.values()))
"""

FROM = "import sys; from tinytorch.models import GPT; GPT.from_pretrained(sys.argv[1])"
CONFIG = "import sys; from tinytorch.models import read_config; read_config(sys.argv[1])"


def test_the_logits_are_those_of_hugging_face(solved, run):
    done = run("-c", READ, FOLDER, cwd=solved.root)
    assert done.returncode == 0, done.stderr
    gap, largest, *counts = done.stdout.split()
    assert float(largest) > 1
    assert float(gap) < 1e-4
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"activation_function": "relu"}, "activation_function is 'relu'"),
        ({"model_type": "llama"}, "model_type is 'llama'"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings is False"),
        ({"n_head": None}, "does not say n_head"),
        ({"n_head": 3}, "n_head=3 must divide n_embd=16"),
        (None, "is not JSON"),
    ],
)
def test_settings_that_are_not_gpt_2_s_are_refused(change, says, solved, run, tmp_path):
    path = Path(shutil.copy(FOLDER / "config.json", tmp_path))
    if change is None:
        path.write_text("{'n_head': 4}", encoding="utf-8")
    else:
        settings = {**json.loads(path.read_text(encoding="utf-8")), **change}
        kept = {name: value for name, value in settings.items() if change.get(name, "") is not None}
        path.write_text(json.dumps(kept), encoding="utf-8")
    done = run("-c", CONFIG, path, cwd=solved.root)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ValueError: "), done.stderr
    assert says in last


@pytest.mark.parametrize(
    ("name", "change", "error", "says"),
    [
        ("config.json", Path.unlink, "FileNotFoundError", "config.json"),
        ("model.safetensors", Path.unlink, "FileNotFoundError", "model.safetensors"),
        (
            "model.safetensors",
            lambda path: path.write_bytes(path.read_bytes()[:9000]),
            "SafetensorError",
            "model.safetensors",
        ),
        (
            "config.json",
            lambda path: path.write_text(path.read_text().replace('"n_embd": 16', '"n_embd": 20')),
            "RuntimeError",
            "wte.weight",
        ),
    ],
    ids=["no settings", "no weights", "cut off", "another width"],
)
def test_a_folder_that_is_damaged_is_refused(name, change, error, says, solved, run, tmp_path):
    folder = Path(shutil.copytree(FOLDER, tmp_path / "folder"))
    change(folder / name)
    done = run("-c", FROM, folder, cwd=solved.root)
    assert done.returncode == 1
    assert error in done.stderr.strip().splitlines()[-1] or f"{error}:" in done.stderr, done.stderr
    assert says in done.stderr
