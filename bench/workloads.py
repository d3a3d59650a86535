"""The training loops that both frameworks run: the same code, in PyTorch's names.

A workload takes the loaded framework and returns its training loop as a function without
arguments. Data and model are made outside the loop; every call of the loop takes the same steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench import networks
from bench.backends import ROOT

Loop = Callable[[], None]
DIGITS = ROOT / "tests" / "milestones" / "data" / "digits.npz"


def perceptron(lib: SimpleNamespace) -> Loop:
    """The milestone's neuron, loss and descent: 100 points, 300 steps, without module 03."""
    tt = lib.tt
    x, y = map(tt.tensor, points())

    def loop() -> None:
        w, b = tt.zeros(2, 1, requires_grad=True), tt.zeros(1, requires_grad=True)
        for _ in range(300):
            loss = ((-((x @ w + b) * y)).exp() + 1).log().mean()
            w.grad = b.grad = None
            loss.backward()
            for p in (w, b):
                p.data -= 1.0 * p.grad.data

    return loop


def perceptron_layers(lib: SimpleNamespace) -> Loop:
    """The same neuron and loss as they are usually written: a layer, a loss, SGD."""
    nn = lib.nn
    inputs, sides = points()
    x, y = lib.tt.tensor(inputs), lib.tt.tensor((sides + 1) / 2)

    def loop() -> None:
        model, criterion = nn.Linear(2, 1), nn.BCEWithLogitsLoss()
        optimizer = lib.optim.SGD(model.parameters(), lr=1.0)
        for _ in range(300):
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()

    return loop


def xor(lib: SimpleNamespace) -> Loop:
    """The milestone's network and loss: 64 points, 2-16-1, 400 steps of SGD."""
    tt, nn = lib.tt, lib.nn
    x, y = map(tt.tensor, corners())

    def loop() -> None:
        model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
        criterion = nn.BCEWithLogitsLoss()
        optimizer = lib.optim.SGD(model.parameters(), lr=0.5)
        for _ in range(400):
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()

    return loop


def mlp_digits(lib: SimpleNamespace) -> Loop:
    """64-32-10 on the real digits, ten epochs of Adam with batches of 50."""
    nn = lib.nn
    images, labels = digits()
    flat = images.reshape(len(images), -1)

    def loop() -> None:
        model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        classify(lib, model, batches(flat, labels, 50, epochs=10))

    return loop


def cnn(lib: SimpleNamespace) -> Loop:
    """Two convolutions and two pools on the real digits, four epochs of Adam."""
    nn = lib.nn
    images, labels = digits()

    def loop() -> None:
        model = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64, 10),
        )  # fmt: skip
        classify(lib, model, batches(images, labels, 50, epochs=4))

    return loop


def resnet(lib: SimpleNamespace) -> Loop:
    """The milestone's network, 14 layers with shortcuts and normalization: one epoch of Adam."""
    images, labels = digits()
    return lambda: classify(lib, networks.residual(lib.nn), batches(images, labels, 50, epochs=1))


def transformer(lib: SimpleNamespace) -> Loop:
    """One block of attention and feed-forward, width 32, two heads, on 12 positions."""
    tokens = np.random.default_rng(0).integers(0, 11, (6400, 12))
    return lambda: language_model(lib, tokens, vocabulary=11, width=32, heads=2, layers=1, batch=64)


def gpt(lib: SimpleNamespace) -> Loop:
    """The milestone's network, two layers of width 48 on 8 positions, batch 64, clipped, Adam."""

    def loss(model: Any, x: Any, y: Any) -> Any:
        return lib.nn.CrossEntropyLoss()(model(x)[:, -3:].reshape(-1, 12), y.reshape(-1))

    data = in_tensors(lib, *texts(), 64)
    return lambda: descend(lib, networks.gpt(lib, networks.SMALL), loss, data, 0.004)


def lstm(lib: SimpleNamespace) -> Loop:
    """The milestone's network, 40 hidden units over 100 steps of 8, batch 32, clipped, Adam."""
    data = in_tensors(lib, *sequences(), 32)

    def loss(model: Any, x: Any, y: Any) -> Any:
        return lib.nn.CrossEntropyLoss()(model(x), y)

    return lambda: descend(lib, networks.reader(lib.nn), loss, data, 0.01)


def conv_large(lib: SimpleNamespace) -> Loop:
    """Two convolutions (3 -> 32 -> 64, 3x3) and a pool on 32x32x3 images, batch 64."""
    rng, nn = np.random.default_rng(0), lib.nn
    images = rng.random((256, 3, 32, 32), np.float32)
    labels = rng.integers(0, 10, 256)

    def loop() -> None:
        model = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64 * 256, 10),
        )  # fmt: skip
        classify(lib, model, batches(images, labels, 64, epochs=1))

    return loop


def attention_large(lib: SimpleNamespace) -> Loop:
    """Four layers, width 128, 4 heads, 64 positions, batch 16."""
    tokens = np.random.default_rng(0).integers(0, 64, (128, 64))
    return lambda: language_model(
        lib, tokens, vocabulary=64, width=128, heads=4, layers=4, batch=16
    )


def points() -> tuple[np.ndarray, np.ndarray]:
    """100 points (100, 2) on both sides of a line, and their sides -1 and 1, (100, 1)."""
    x = np.random.default_rng(0).standard_normal((100, 2)).astype(np.float32)
    return x, np.sign(x @ np.array([[1.0], [-2.0]], np.float32))


def corners() -> tuple[np.ndarray, np.ndarray]:
    """64 points (64, 2) near the corners of a square, and their exclusive or, (64, 1)."""
    exact = np.tile([[0, 0], [0, 1], [1, 0], [1, 1]], (16, 1))
    noise = np.random.default_rng(0).normal(0, 0.1, exact.shape)
    return (exact + noise).astype(np.float32), (exact[:, :1] != exact[:, 1:]).astype(np.float32)


def sequences() -> tuple[np.ndarray, np.ndarray]:
    """640 sequences of noise (640, 100, 8), and for each one of four keys (640,)."""
    rng = np.random.default_rng(0)
    return rng.normal(0, 0.3, (640, 100, 8)).astype(np.float32), rng.integers(0, 4, 640)


def texts() -> tuple[np.ndarray, np.ndarray]:
    """4,096 texts of 8 tokens out of twelve, (4096, 8), and three for each to say, (4096, 3)."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 12, (4096, 8)), rng.integers(0, 12, (4096, 3))


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The first 1,500 real digits, (1500, 1, 8, 8) float32 in 0..1, and their labels."""
    with np.load(DIGITS) as stored:
        images, labels = stored["images"], stored["labels"]
    scaled = images[:1500, None].astype(np.float32) / 16
    return scaled, labels[:1500].astype(np.int64)


def batches(
    x: np.ndarray, y: np.ndarray, size: int, epochs: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield slices of the data in order, so that both frameworks see the same ones."""
    for _ in range(epochs):
        for start in range(0, len(x) - size + 1, size):
            yield x[start : start + size], y[start : start + size]


def in_tensors(
    lib: SimpleNamespace, x: np.ndarray, y: np.ndarray, batch: int
) -> list[tuple[Any, Any]]:
    """All batches, as the framework's tensors."""
    return [(lib.tt.tensor(a), lib.tt.tensor(b)) for a, b in batches(x, y, batch, epochs=1)]


def descend(
    lib: SimpleNamespace,
    model: Any,
    loss: Callable[[Any, Any, Any], Any],
    data: list[tuple[Any, Any]],
    lr: float,
) -> None:
    """Train `model` with Adam and clipped gradients."""
    parameters = list(model.parameters())
    optimizer = lib.optim.Adam(parameters, lr=lr)
    for x, y in data:
        optimizer.zero_grad()
        loss(model, x, y).backward()
        lib.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()


def classify(
    lib: SimpleNamespace, model: Any, data: Iterator[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Train `model` with Adam and cross-entropy over the classes of its last dimension."""
    tt, criterion = lib.tt, lib.nn.CrossEntropyLoss()
    optimizer = lib.optim.Adam(model.parameters(), lr=0.003)
    for x, y in data:
        optimizer.zero_grad()
        scores = model(tt.tensor(x))
        loss = criterion(scores.reshape(-1, scores.shape[-1]), tt.tensor(y.reshape(-1)))
        loss.backward()
        optimizer.step()


def language_model(
    lib: SimpleNamespace,
    tokens: np.ndarray,
    *,
    vocabulary: int,
    width: int,
    heads: int,
    layers: int,
    batch: int,
) -> None:
    """Train a causal model of `layers` blocks (no normalization) to repeat its input."""
    tt, nn = lib.tt, lib.nn
    length = tokens.shape[1]
    future = tt.tensor(np.triu(np.ones((length, length), bool), 1))
    positions = tt.tensor(np.arange(length))

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
            self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
            self.relu = nn.ReLU()

        def forward(self, x: Any) -> Any:
            x = x + self.attention(x, x, x, need_weights=False, attn_mask=future)[0]
            return x + self.narrow(self.relu(self.widen(x)))

    class Model(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.place = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
            self.blocks = nn.Sequential(*[Block() for _ in range(layers)])
            self.scores = nn.Linear(width, vocabulary)

        def forward(self, ids: Any) -> Any:
            return self.scores(self.blocks(self.embed(ids) + self.place(positions)))

    classify(lib, Model(), batches(tokens, tokens, batch, epochs=1))


WORKLOADS: dict[str, Callable[[SimpleNamespace], Loop]] = {
    workload.__name__: workload
    for workload in (
        perceptron,
        perceptron_layers,
        xor,
        mlp_digits,
        cnn,
        resnet,
        transformer,
        lstm,
        gpt,
        conv_large,
        attention_large,
    )
}
