"""The rest of `torch_face.py`: files, tokens and a GPT, which PyTorch does not have by these names.

It stands in its package as `writing.py`, which the package imports last. The layers are PyTorch's
own. PyTorch wants a mask beside `is_causal=True`, and the page does not: it is made here.
"""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

# --------------------------------------------------------------------------------------- files

KINDS = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U64": "<u8", "BOOL": "|b1",
         "U8": "|u1"}  # fmt: skip
NAMES = {np.dtype(kind): name for name, kind in KINDS.items()}


def flatten(value, arrays):
    """JSON for any value; its arrays go to `arrays`, by their number."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        kind = "tensor" if isinstance(value, torch.Tensor) else "array"
        found = value.detach().numpy() if kind == "tensor" else value
        arrays[f"#{len(arrays)}"] = found
        return [kind, f"#{len(arrays) - 1}"]
    if isinstance(value, dict):
        return ["dict", [[flatten(k, arrays), flatten(v, arrays)] for k, v in value.items()]]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, [flatten(one, arrays) for one in value]]
    return ["plain", value]


def restored(packed, arrays):
    kind, inside = packed
    if kind == "dict":
        return {restored(k, arrays): restored(v, arrays) for k, v in inside}
    if kind in ("list", "tuple"):
        return {"list": list, "tuple": tuple}[kind](restored(one, arrays) for one in inside)
    if kind == "plain":
        return inside
    return torch.from_numpy(arrays[inside]) if kind == "tensor" else arrays[inside]


def save(obj, f):
    flat = all(isinstance(value, torch.Tensor) for value in obj.values())
    arrays, header = {}, {}
    if flat:
        arrays = {name: value.detach().numpy() for name, value in obj.items()}
    else:
        header["__metadata__"] = {"value": json.dumps(flatten(obj, arrays))}
    begin, data = 0, []
    for name, array in arrays.items():
        data.append(np.ascontiguousarray(array).tobytes())
        end = begin + len(data[-1])
        header[name] = {"dtype": NAMES[array.dtype], "shape": [*array.shape],
                        "data_offsets": [begin, end]}  # fmt: skip
        begin = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    whole = len(text).to_bytes(8, "little") + text + b"".join(data)
    if hasattr(f, "write"):
        f.write(whole)
        return
    path = Path(f)
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(whole)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load(f):
    raw = f.read() if hasattr(f, "read") else Path(f).read_bytes()
    end = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:end])
    noted = header.pop("__metadata__", {})
    arrays = {
        name: np.frombuffer(raw[end + entry["data_offsets"][0] : end + entry["data_offsets"][1]],
                            KINDS[entry["dtype"]]).reshape(entry["shape"]).copy()
        for name, entry in header.items()
    }  # fmt: skip
    if "value" in noted:
        return restored(json.loads(noted["value"]), arrays)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def capture(parts, **notes):
    states = {name: copy.deepcopy(part.state_dict()) for name, part in parts.items()}
    return {"parts": states, "generator": torch.get_rng_state(), "notes": notes}


def resume(state, parts):
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    torch.set_rng_state(state["generator"])
    return state["notes"]


serialization = SimpleNamespace(save=save, load=load, capture=capture, resume=resume)

# --------------------------------------------------------------------------------------- tokens


class CharTokenizer:
    def __init__(self, text):
        self.letters = sorted(set(text))

    def encode(self, text):
        return [self.letters.index(letter) for letter in text]

    def decode(self, ids):
        return "".join(self.letters[number] for number in ids)


text = SimpleNamespace(CharTokenizer=CharTokenizer)

# ---------------------------------------------------------------------------------------- layers


def copied_parameter(self, memo):
    """As PyTorch's own, which asks `data` for a tensor."""
    if id(self) not in memo:
        memo[id(self)] = nn.Parameter(self.detach().clone(), self.requires_grad)
    return memo[id(self)]


nn.Parameter.__deepcopy__ = copied_parameter


def mask_of(x, mask, is_causal):
    if mask is None and is_causal:
        return torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    return mask


class TransformerEncoderLayer(nn.TransformerEncoderLayer):
    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        mask = mask_of(src, src_mask, is_causal)
        return super().forward(src, mask, src_key_padding_mask, is_causal)


class TransformerEncoder(nn.TransformerEncoder):
    def __init__(self, encoder_layer, num_layers, norm=None):
        super().__init__(encoder_layer, num_layers, norm, enable_nested_tensor=False)

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        return super().forward(
            src, mask_of(src, mask, is_causal), src_key_padding_mask, bool(is_causal)
        )


nn.TransformerEncoderLayer, nn.TransformerEncoder = TransformerEncoderLayer, TransformerEncoder

# ----------------------------------------------------------------------------------------- a GPT


@dataclass
class GPTConfig:
    vocab_size: int
    n_positions: int
    n_embd: int
    n_layer: int
    n_head: int
    n_inner: int | None = None
    dropout: float = 0.1
    layer_norm_epsilon: float = 1e-5
    initializer_range: float = 0.02


class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config, width = config, config.n_embd
        self.wte = nn.Embedding(config.vocab_size, width)
        self.wpe = nn.Embedding(config.n_positions, width)
        self.drop = nn.Dropout(config.dropout)
        layer = TransformerEncoderLayer(
            width, config.n_head, config.n_inner or 4 * width, config.dropout,
            lambda x: nn.functional.gelu(x, approximate="tanh"), config.layer_norm_epsilon,
            batch_first=True, norm_first=True,
        )  # fmt: skip
        norm = nn.LayerNorm(width, eps=config.layer_norm_epsilon)
        self.blocks = TransformerEncoder(layer, config.n_layer, norm)
        self.lm_head = nn.Linear(width, config.vocab_size, bias=False)
        self.lm_head.weight = self.wte.weight
        for name, parameter in self.named_parameters():
            added = name.endswith(("out_proj.weight", "linear2.weight"))
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.ndim == 2:
                shrink = math.sqrt(2 * config.n_layer) if added else 1
                nn.init.normal_(parameter, std=config.initializer_range / shrink)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        return self.lm_head(self.blocks(self.drop(x), is_causal=True))

    @torch.no_grad()
    def generate(self, ids, max_new_tokens, temperature=1.0, top_k=None, top_p=None):
        was = self.training
        self.eval()
        for _ in range(max_new_tokens):
            logits = self(ids[:, -self.config.n_positions :])[:, -1]
            ids = torch.cat([ids, self.chosen(logits, temperature, top_k, top_p)], dim=1)
        self.train(was)
        return ids

    @staticmethod
    def chosen(logits, temperature, top_k, top_p):
        if temperature == 0:
            return logits.argmax(dim=-1, keepdim=True)
        logits = logits / temperature
        if top_k is not None:
            least = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]
            logits = logits.masked_fill(logits < least, -math.inf)
        if top_p is not None:
            falling, order = logits.sort(dim=-1, descending=True)
            chances = falling.softmax(dim=-1)
            falling = falling.masked_fill(chances.cumsum(dim=-1) - chances >= top_p, -math.inf)
            logits = torch.empty_like(logits).scatter(-1, order, falling)
        return torch.multinomial(logits.softmax(dim=-1), 1)


def next_token_loss(logits, ids):
    said = logits[:, :-1].reshape(-1, logits.shape[2])
    return nn.functional.cross_entropy(said, ids[:, 1:].reshape(-1))


models = SimpleNamespace(GPT=GPT, GPTConfig=GPTConfig, next_token_loss=next_token_loss)
