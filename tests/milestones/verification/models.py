"""The networks of the milestones, in PyTorch's names only.

`nn` and `tt` are arguments: a milestone runs before later modules exist, so they must not be
imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np


class Part(NamedTuple):
    """Rows of a parameter that are checked separately: each part moves, or its gradient is zero.

    `zero_because` says why the loss does not depend on them in training. That is checked: only if
    the gradient is zero may the part stay unchanged.
    """

    parameter: str
    label: str = ""
    rows: slice | np.ndarray = slice(None)
    zero_because: str = ""

    def __str__(self) -> str:
        return f"{self.parameter} ({self.label})" if self.label else self.parameter


class Perceptron:
    """z = x w + b with tensors alone: module 03 does not exist yet."""

    def __init__(self, tt: Any, inputs: int) -> None:
        self.w = tt.zeros(inputs, 1, requires_grad=True)
        self.b = tt.zeros(1, requires_grad=True)

    def __call__(self, x: Any) -> Any:
        return x @ self.w + self.b

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        yield from (("w", self.w), ("b", self.b))


def logistic_loss(z: Any, target: Any) -> Any:
    """mean(log(1 + exp(-t z))), targets -1 and 1: small where z has the sign of t."""
    return ((-(z * target)).exp() + 1).log().mean()


def xor(nn: Any, hidden: int = 16) -> Any:
    return nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 1))


def without_hidden_layer(nn: Any) -> Any:
    return nn.Sequential(nn.Linear(2, 1))


def mlp(nn: Any, width: int = 32) -> Any:
    """64 pixels, 32 hidden units, 10 digits: 2,410 parameters."""
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))


def cnn(nn: Any, width: int = 8) -> Any:
    """Two layers of shared filters, the strongest response in each quarter: 1,898 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(4), nn.Flatten(),
        nn.Linear(8 * width, 10),
    )  # fmt: skip


def filters(network: Any) -> list[Any]:
    """The convolutions of the cnn."""
    return [network[0], network[2]]


CHANNELS, BLOCKS = 8, 6


def deep(tt: Any, residual: bool) -> Any:
    """14 layers that learn, for digits: residual (He et al., 2015), or plain, of the same depth.

    The residual one has a shortcut around every two convolutions and a normalization after each.
    `carrying` is a list of one bool: False cuts all shortcuts.
    """
    nn, carrying = tt.nn, [residual]

    class Block(nn.Module):  # type: ignore[misc, name-defined]  # the framework's own
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = convolution(nn, residual), convolution(nn, residual)
            if residual:
                self.norm1, self.norm2 = nn.BatchNorm2d(CHANNELS), nn.BatchNorm2d(CHANNELS)
            self.relu = nn.ReLU()

        def forward(self, x: Any) -> Any:
            if not residual:
                return self.relu(self.conv2(self.relu(self.conv1(x))))
            y = self.norm2(self.conv2(self.relu(self.norm1(self.conv1(x)))))
            return self.relu(y + x if carrying[0] else y)

    class Deep(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.first = convolution(nn, residual, channels=1)
            if residual:
                self.norm = nn.BatchNorm2d(CHANNELS)
            self.relu, self.pool = nn.ReLU(), nn.MaxPool2d(2)
            self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
            self.mean, self.flatten = nn.AdaptiveAvgPool2d(1), nn.Flatten()
            self.dropout, self.scores = nn.Dropout(0.1), nn.Linear(CHANNELS, 10)
            self.carrying = carrying

        def forward(self, x: Any) -> Any:
            x = self.norm(self.first(x)) if residual else self.first(x)
            x = self.blocks(self.pool(self.relu(x)))
            return self.scores(self.dropout(self.flatten(self.mean(x))))

    return Deep()


def convolution(nn: Any, residual: bool, channels: int = CHANNELS) -> Any:
    """3 x 3. Before a normalization a bias would do nothing."""
    return nn.Conv2d(channels, CHANNELS, 3, padding=1, bias=not residual)


SYMBOLS = 10
SEPARATOR = SYMBOLS  # one more token, between a sequence and its reversal
WIDTH = 32


def transformer(tt: Any, places: int, heads: int = 4) -> Any:
    """One decoder block: the scores of the next symbol at every place."""
    nn = tt.nn

    class Transformer(nn.Module):  # type: ignore[misc, name-defined]  # the framework's own
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(SYMBOLS + 1, WIDTH)
            self.positions = nn.Embedding(places, WIDTH)
            self.attention = nn.MultiheadAttention(WIDTH, heads, batch_first=True)
            self.up = nn.Linear(WIDTH, 2 * WIDTH)
            self.activation = nn.ReLU()
            self.down = nn.Linear(2 * WIDTH, WIDTH)
            self.scores = nn.Linear(WIDTH, SYMBOLS)

        def forward(self, ids: Any) -> Any:
            length = ids.shape[1]
            x = self.tokens(ids) + self.positions(tt.arange(length))
            hidden = tt.tensor(future(length))
            seen, _ = self.attention(x, x, x, attn_mask=hidden, need_weights=False)
            x = x + seen
            return self.scores(x + self.down(self.activation(self.up(x))))

    return Transformer()


def future(length: int) -> np.ndarray:
    """True where row i must not look: at every column after i."""
    return np.triu(np.ones((length, length), bool), 1)


def projections(parameter: str, width: int, key: str = "") -> list[Part]:
    """The three thirds of an in_proj; `key` says why the keys' third has no gradient, if so."""
    return [
        Part(parameter, f"{name} projection", slice(i * width, (i + 1) * width), why)
        for i, (name, why) in enumerate({"Q": "", "K": key, "V": ""}.items())
    ]


SOFTMAX_IGNORES_IT = "It adds the same number to all scores of a query, and softmax ignores that."
TRANSFORMER_PARTS = [
    *projections("attention.in_proj_weight", WIDTH),
    *projections(
        "attention.in_proj_bias", WIDTH,
        key=SOFTMAX_IGNORES_IT,
    ),
]  # fmt: skip


def query_projection(network: Any) -> list[Any]:
    """(parameter, rows) of Q. Without it all scores are equal, and attention is uniform."""
    attention, rows = network.attention, slice(0, WIDTH)
    return [(attention.in_proj_weight, rows), (attention.in_proj_bias, rows)]


def sequence_loss(criterion: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Cross-entropy over the last places only, those that have a target."""

    def loss(scores: Any, targets: Any) -> Any:
        last = scores[:, -targets.shape[1] :]
        return criterion(last.reshape(-1, last.shape[-1]), targets.reshape(-1))

    return loss


LAYERS, GPT_WIDTH = 2, 48


def gpt(tt: Any, tokens: int, places: int) -> Any:
    """The framework's own GPT, a small one; `places` is the length of its longest text."""
    config = tt.models.GPTConfig(
        vocab_size=tokens, n_positions=places, n_embd=GPT_WIDTH, n_layer=LAYERS, n_head=4,
        dropout=0.0, initializer_range=0.15,
    )  # fmt: skip
    return tt.models.GPT(config)


GPT_PARTS = [
    part
    for layer in range(LAYERS)
    for part in projections(
        f"blocks.layers.{layer}.self_attn.in_proj_bias", GPT_WIDTH, key=SOFTMAX_IGNORES_IT,
    )
]  # fmt: skip


KEYS, CHANNELS = 4, 8  # what is to be remembered, and all that is heard
GATES = "ifgo"  # PyTorch's order of the rows of an LSTM's weights


def reader(tt: Any, kind: str, hidden: int) -> Any:
    """A recurrent layer reads a sequence in two pieces, and says which key there was."""
    nn = tt.nn

    class Reader(nn.Module):  # type: ignore[misc, name-defined]  # the framework's own
        def __init__(self) -> None:
            super().__init__()
            self.layer = getattr(nn, kind)(CHANNELS, hidden, batch_first=True)
            self.scores = nn.Linear(hidden, KEYS)

        def forward(self, x: Any) -> Any:
            half = x.shape[1] // 2
            _, state = self.layer(x[:, :half])
            output, _ = self.layer(x[:, half:], state)
            return self.scores(output[:, -1])

    return Reader()


def gate_biases(layer: Any, gate: str) -> list[Any]:
    """(parameter, rows) of both biases of one gate of an LSTM."""
    hidden = np.shape(layer.bias_ih_l0.data)[0] // len(GATES)
    rows = slice(GATES.index(gate) * hidden, (GATES.index(gate) + 1) * hidden)
    return [(layer.bias_ih_l0, rows), (layer.bias_hh_l0, rows)]


# How many numbers each of them learns.
PARAMETER_COUNTS = {
    "perceptron": 3, "xor": 65, "mlp": 2410, "cnn": 1898, "resnet": 7282, "transformer": 9610,
    "lstm": 8164, "gpt": 57600, "gpt_names": 58464,
}  # fmt: skip
