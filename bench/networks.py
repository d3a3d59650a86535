"""Networks that are measured or compared: the same code for both frameworks, in PyTorch's names."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

# A GPT as small as the milestone's.
SMALL = {"vocab_size": 12, "n_positions": 8, "n_embd": 48, "n_layer": 2, "n_head": 4}


def residual(nn: Any, width: int = 8, blocks: int = 6, dropout: float = 0.1) -> Any:
    """For digits (N, 1, 8, 8): a convolution, a pool, blocks of two convolutions, a layer."""

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = filters(width), filters(width)
            self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
            self.relu = nn.ReLU()

        def forward(self, x: Any) -> Any:
            y = self.relu(self.norm1(self.conv1(x)))
            return self.relu(self.norm2(self.conv2(y)) + x)

    def filters(channels: int) -> Any:
        return nn.Conv2d(channels, width, 3, padding=1, bias=False)

    return nn.Sequential(
        filters(1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2),
        *(Block() for _ in range(blocks)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(width, 10),
    )  # fmt: skip


def reader(nn: Any, inputs: int = 8, hidden: int = 40, classes: int = 4) -> Any:
    """An LSTM reads sequences (N, T, inputs); a layer says from its last output what they are."""

    class Reader(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.LSTM(inputs, hidden, batch_first=True)
            self.scores = nn.Linear(hidden, classes)

        def forward(self, x: Any) -> Any:
            return self.scores(self.layer(x)[0][:, -1])

    return Reader()


def gpt(lib: SimpleNamespace, sizes: dict[str, int]) -> Any:
    """A GPT of the framework's parts, with the names that `models.GPT` has, without dropout.

    `sizes` has `vocab_size`, `n_positions`, `n_embd`, `n_layer` and `n_head`, as in a `GPTConfig`.
    """
    tt, nn, width = lib.tt, lib.nn, sizes["n_embd"]
    gelu = partial(nn.functional.gelu, approximate="tanh")

    class GPT(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.wte = nn.Embedding(sizes["vocab_size"], width)
            self.wpe = nn.Embedding(sizes["n_positions"], width)
            layer = nn.TransformerEncoderLayer(
                width, sizes["n_head"], 4 * width, 0.0, gelu, batch_first=True, norm_first=True
            )
            norm = nn.LayerNorm(width)
            self.blocks = nn.TransformerEncoder(
                layer, sizes["n_layer"], norm, enable_nested_tensor=False
            )
            self.lm_head = nn.Linear(width, sizes["vocab_size"], bias=False)
            self.lm_head.weight = self.wte.weight

        def forward(self, ids: Any) -> Any:
            length = ids.shape[1]
            x = self.wte(ids) + self.wpe(tt.arange(length))
            future = tt.ones(length, length, dtype=tt.bool).triu(1)
            return self.lm_head(self.blocks(x, mask=future, is_causal=True))

    return GPT()
