# %% [markdown]
# # Given in module 13: The transformer
#
# What the lesson `transformer.py` uses and nobody need write: the settings of a GPT, inputs that do
# not fit, and the names in a file of GPT-2. It is exported before the lesson's own cells. Do not
# edit it; `tito doctor --fix` puts it back.

# %%
import tito.activate  # makes "import tinytorch" find this workspace's own package

# %% [markdown]
# ## Arguments of the layers

# %%
#| export nn.transformer
from tinytorch.nn import functional


def _activation(activation):
    """The function that "relu" or "gelu" names; another function is taken as it is."""
    if callable(activation):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation must be 'relu', 'gelu' or a function, not {activation!r}")
    return getattr(functional, activation)


def _check_width(layer, src, width):
    """Refuse an input that is no batch of sequences (or one sequence) of this width."""
    if src.ndim not in (2, 3) or src.shape[-1] != width:
        raise ValueError(
            f"{layer}: needs (sequences, positions, {width}) or (positions, {width}); the input "
            f"has shape {tuple(src.shape)}"
        )


# %% [markdown]
# ## The settings of a GPT

# %%
#| export models
import json
import re
from pathlib import Path

import numpy as np

from tinytorch.tensor import unwrap

_FIELDS = (
    "vocab_size",
    "n_positions",
    "n_embd",
    "n_layer",
    "n_head",
    "n_inner",
    "dropout",
    "layer_norm_epsilon",
    "initializer_range",
)


class GPTConfig:
    """The sizes of a GPT and its other settings, under the names of GPT-2's `config.json`.

    Args:
        vocab_size: V, how many tokens there are.
        n_positions: the longest sequence.
        n_embd: E, the width.
        n_layer: the number of layers.
        n_head: heads in each layer; divides E.
        n_inner: the width between the two linear layers; None: 4 E.
        dropout: the probability of every dropout.
        layer_norm_epsilon: `eps` of the layer norms.
        initializer_range: the standard deviation of the first weights.

    Raises:
        ValueError: a size below 1, or heads that do not divide the width.
    """

    def __init__(
        self,
        vocab_size,
        n_positions,
        n_embd,
        n_layer,
        n_head,
        n_inner=None,
        dropout=0.1,
        layer_norm_epsilon=1e-5,
        initializer_range=0.02,
    ):
        self.vocab_size, self.n_positions, self.n_embd = vocab_size, n_positions, n_embd
        self.n_layer, self.n_head = n_layer, n_head
        self.n_inner = 4 * n_embd if n_inner is None else n_inner
        self.dropout, self.layer_norm_epsilon = dropout, layer_norm_epsilon
        self.initializer_range = initializer_range
        for name in _FIELDS[:6]:
            if getattr(self, name) < 1:
                raise ValueError(f"GPTConfig: {name}={getattr(self, name)} must be 1 or more")
        if n_embd % n_head:
            raise ValueError(f"GPTConfig: n_head={n_head} must divide n_embd={n_embd}")

    def __repr__(self):
        return f"GPTConfig({', '.join(f'{name}={getattr(self, name)}' for name in _FIELDS)})"

    def __eq__(self, other):
        return isinstance(other, GPTConfig) and vars(self) == vars(other)

    __hash__ = None


# %% [markdown]
# ## What may be wrong with the input


# %%
#| export models
def _check_ids(name, ids, config):
    """Refuse ids that are not (N, L), L from 1 to n_positions."""
    shape = tuple(ids.shape)
    if len(shape) != 2:
        raise ValueError(f"{name}: ids must be (N, L), N sequences of L tokens, not {shape}")
    if not 1 <= shape[1] <= config.n_positions:
        raise ValueError(
            f"{name}: {shape[1]} tokens in a sequence; it has positions for 1 to "
            f"{config.n_positions}"
        )


def _check_sampling(max_new_tokens, temperature, top_k, top_p):
    """Refuse settings of `generate` that mean nothing."""
    if max_new_tokens < 0:
        raise ValueError(f"generate: max_new_tokens={max_new_tokens} must be 0 or more")
    if not temperature >= 0:
        raise ValueError(f"generate: temperature={temperature} must be 0 or more")
    if top_k is not None and top_k < 1:
        raise ValueError(f"generate: top_k={top_k} must be 1 or more")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"generate: top_p={top_p} must be above 0 and at most 1")


def _prompt(ids):
    """The ids a text begins with, as an array (N, L) of whole numbers with L of at least 1."""
    ids = np.asarray(unwrap(ids))
    if ids.ndim != 2 or not ids.shape[1] or ids.dtype.kind not in "iu":
        raise ValueError(
            f"generate: needs whole numbers (N, L) with at least one token, not {ids.dtype} of "
            f"shape {ids.shape}"
        )
    return ids


def probabilities(logits):
    """Softmax over the last axis in float64: np.ndarray (..., V) to the same shape."""
    logits = np.asarray(logits, np.float64)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


# %% [markdown]
# ## GPT-2's files

# %%
#| export models
_PARTS = {
    "ln_1": "norm1",
    "attn.c_attn": "self_attn.in_proj",
    "attn.c_proj": "self_attn.out_proj",
    "ln_2": "norm2",
    "mlp.c_fc": "linear1",
    "mlp.c_proj": "linear2",
}
_IN_A_LAYER = re.compile(r"h\.(\d+)\.(.+)\.(weight|bias)")
# The values that this GPT computes with; a file that asks for others is refused.
_ONLY = {
    "model_type": "gpt2",
    "activation_function": "gelu_new",
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "reorder_and_upcast_attn": False,
    "add_cross_attention": False,
    "tie_word_embeddings": True,
}


def our_name(name):
    """The name here of a weight in a file of GPT-2; None for one that is not needed here.

    Not needed are the causal masks that old files hold (`h.0.attn.bias`), and the head, which is
    the table of tokens once more.

    Example:
        >>> our_name("transformer.h.0.attn.c_proj.weight")
        'blocks.layers.0.self_attn.out_proj.weight'
    """
    name = name.removeprefix("transformer.")
    if name == "lm_head.weight" or name.endswith((".attn.bias", ".attn.masked_bias")):
        return None
    inside = _IN_A_LAYER.fullmatch(name)
    if inside is None or inside[2] not in _PARTS:
        return re.sub(r"^ln_f\.", "blocks.norm.", name)
    part = _PARTS[inside[2]]
    return f"blocks.layers.{inside[1]}.{part}{'_' if part.endswith('in_proj') else '.'}{inside[3]}"


def is_conv1d(name):
    """Whether a weight of GPT-2 is stored as (in, out); a Linear has (out, in)."""
    return name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight"))


def read_config(path):
    """The GPTConfig in a `config.json` of GPT-2.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON, lacks a size, or describes another network; the message has the
            file and the setting.
    """
    path = Path(path)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path} must hold settings in braces, not {type(found).__name__}")
    for name, needed in _ONLY.items():
        if found.get(name, needed) != needed:
            raise ValueError(f"{path}: {name} is {found[name]!r}; only {needed!r} is known here")
    missing = [name for name in _FIELDS[:5] if name not in found]
    if missing:
        raise ValueError(f"{path} does not say {', '.join(missing)}")
    settings = {name: found[name] for name in _FIELDS if name in found}
    return GPTConfig(**settings, dropout=found.get("resid_pdrop", 0.1))


# %% [markdown]
# ## The decoder, and both together
#
# The Transformer of 2017 translates: its encoder reads a sentence, its decoder writes another one
# and looks at what the encoder found. The lesson does not need them.

# %%
#| default_exp nn.transformer_more
#| export
import math

import numpy as np

from tinytorch.nn import functional
from tinytorch.nn.attention import MultiheadAttention
from tinytorch.nn.init import xavier_uniform_
from tinytorch.nn.modules import Module
from tinytorch.nn.normalization import Dropout, LayerNorm
from tinytorch.nn.transformer import (
    TransformerEncoder,
    TransformerEncoderLayer,
    _check_width,
)
from tinytorch.tensor import device as _device
from tinytorch.tensor import float32, wrap

__all__ = ["Transformer", "TransformerDecoder", "TransformerDecoderLayer"]


class TransformerDecoderLayer(Module):
    """Attention to itself, attention to `memory`, and a feed-forward network, with shortcuts.

    The arguments are those of `TransformerEncoderLayer`.

    Source: Vaswani et al., Attention is all you need (2017).
    """

    def __init__(
        self,
        d_model,
        nhead,
        dim_feedforward=2048,
        dropout=0.1,
        activation=functional.relu,
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
    ):
        super().__init__()
        first = TransformerEncoderLayer(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias,
        )  # fmt: skip
        self.d_model, self.norm_first, self.activation = d_model, norm_first, first.activation
        self.self_attn = first.self_attn
        self.multihead_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first
        )
        for name in ("linear1", "dropout", "linear2", "norm1", "norm2"):
            setattr(self, name, getattr(first, name))
        self.norm3 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
        for number in (1, 2, 3):
            setattr(self, f"dropout{number}", Dropout(dropout))

    def forward(
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal=False,
        memory_is_causal=False,
    ):
        """Look at what is written so far, then at what was read, then think.

        Args:
            tgt: Tensor (T, N, E), or (N, T, E) with batch_first: what is written.
            memory: Tensor (S, N, E), or (N, S, E): what the encoder found.
            tgt_mask, memory_mask: (T, T) and (T, S); bools (True: do not look) or floats (added).
            tgt_key_padding_mask, memory_key_padding_mask: (N, T) and (N, S).
            tgt_is_causal, memory_is_causal: position i sees 0 to i.

        Returns:
            Tensor of tgt's shape.
        """
        _check_width("TransformerDecoderLayer", tgt, self.d_model)
        own = self.self_attn, None, tgt_mask, tgt_key_padding_mask, tgt_is_causal
        read = self.multihead_attn, memory, memory_mask, memory_key_padding_mask, memory_is_causal
        halves = (
            lambda x: self.dropout1(_look(x, *own)),
            lambda x: self.dropout3(_look(x, *read)),
            lambda x: TransformerEncoderLayer._ff_block(self, x),  # your own, with dropout2
        )
        for half, norm in zip(halves, (self.norm1, self.norm2, self.norm3)):
            tgt = tgt + half(norm(tgt)) if self.norm_first else norm(tgt + half(tgt))
        return tgt


def _look(x, attention, memory, mask, padding, is_causal):
    """What `x` finds in `memory`, or in itself."""
    memory = x if memory is None else memory
    masks = {"attn_mask": mask, "key_padding_mask": padding, "is_causal": is_causal}
    return attention(x, memory, memory, need_weights=False, **masks)[0]


class TransformerDecoder(Module):
    """`num_layers` copies of a layer, one after the other, all with the same `memory`."""

    def __init__(self, decoder_layer, num_layers, norm=None):
        super().__init__()
        self.layers = TransformerEncoder(decoder_layer, num_layers).layers
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal=None,
        memory_is_causal=False,
    ):
        """All layers, then the norm: see `TransformerDecoderLayer.forward`."""
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, bool(tgt_is_causal), memory_is_causal)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder that reads, and a decoder that writes (Vaswani et al., 2017)."""

    def __init__(
        self,
        d_model=512,
        nhead=8,
        num_encoder_layers=6,
        num_decoder_layers=6,
        dim_feedforward=2048,
        dropout=0.1,
        activation=functional.relu,
        custom_encoder=None,
        custom_decoder=None,
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
    ):
        super().__init__()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        how = d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first
        parts = {
            "encoder": (TransformerEncoder, TransformerEncoderLayer, num_encoder_layers),
            "decoder": (TransformerDecoder, TransformerDecoderLayer, num_decoder_layers),
        }
        for name, custom in (("encoder", custom_encoder), ("decoder", custom_decoder)):
            stack, layer, count = parts[name]
            norm = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)
            made = custom or stack(layer(*how, norm_first, bias), count, norm)
            setattr(self, name, made)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                xavier_uniform_(parameter)

    def forward(
        self,
        src,
        tgt,
        src_mask=None,
        tgt_mask=None,
        memory_mask=None,
        src_key_padding_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        src_is_causal=None,
        tgt_is_causal=None,
        memory_is_causal=False,
    ):
        """Read `src`, and write on from `tgt`: Tensor of tgt's shape."""
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        paddings = tgt_key_padding_mask, memory_key_padding_mask
        causal = tgt_is_causal, memory_is_causal
        return self.decoder(tgt, memory, tgt_mask, memory_mask, *paddings, *causal)

    @staticmethod
    def generate_square_subsequent_mask(sz, device=None, dtype=None):
        """(sz, sz): 0 where position i may look, minus infinity at all that comes later."""
        if device is not None:
            _device(device)
        return wrap(np.triu(np.full((sz, sz), -math.inf, dtype or float32), 1))
