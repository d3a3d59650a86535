"""Tests of module 13: what `tito module test 13` runs against your own export.

The oracles put the layer and the GPT together from their parts in NumPy, and draw tokens one row at
a time. Where a result equals that of a known slip, the message says which.
"""

import json
import math
from functools import partial

import numpy as np
import pytest

from tinytorch import Tensor, manual_seed, models, nn, tensor
from tinytorch.models import GPT, GPTConfig, next_token_loss
from tinytorch.nn import TransformerEncoder, TransformerEncoderLayer
from tinytorch.serialization import save

SMALL = {"vocab_size": 11, "n_positions": 6, "n_embd": 8, "n_layer": 2, "n_head": 2}


def attempt(call, function):
    """function(); a None in it, or as its result, is told as what it is."""
    try:
        value = function()
    except (AttributeError, TypeError) as error:
        if "NoneType" not in str(error):
            raise
        message = f"{call}: {error}. Something in it is None: is a `return` missing?"
        raise AssertionError(message).with_traceback(error.__traceback__) from None
    assert value is not None, f"{call} gave None: is the `return` missing?"
    return value


def close(found, expected):
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-4, atol=1e-5)


def compared(call, found, expected, slips=None, why=""):
    """Assert that both are equal; else say where, and which slip would give what was found."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, (
        f"{call} has shape {found.shape}, expected {expected.shape}. {why}"
    )
    if close(found, expected):
        return
    likely = [said for said, value in (slips or {}).items() if close(found, value())]
    with np.errstate(invalid="ignore"):
        gap = np.where(np.isclose(found, expected, rtol=1e-4, atol=1e-5), 0, 1)
    place = tuple(int(n) for n in np.unravel_index(gap.argmax(), gap.shape))
    raise AssertionError(
        f"{call}: at {list(place)} yours is {found[place]:.5g}, expected {expected[place]:.5g}. "
        f"{likely[0] if likely else why}"
    )


def rows(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def scattered(module, seed=0):
    """The module with all parameters drawn anew: no bias is 0 and no norm's weight 1."""
    rng = np.random.default_rng(seed)
    for parameter in module.parameters():
        parameter.data = rng.normal(0.1, 0.4, parameter.shape).astype(np.float32)
    return module


def make_layer(seed=0, **how):
    how = {"dim_feedforward": 12, "dropout": 0.0, "batch_first": True, **how}
    return scattered(TransformerEncoderLayer(8, 2, **how), seed)


class Times(nn.Module):
    """Multiplies by a number: shows where a module is used."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


# ---- 13.1


def test_13_1_parts_and_their_order():
    layer = TransformerEncoderLayer(8, 2, dim_feedforward=12)
    found = [(name, tuple(p.shape)) for name, p in layer.named_parameters()]
    expected = [
        ("self_attn.in_proj_weight", (24, 8)), ("self_attn.in_proj_bias", (24,)),
        ("self_attn.out_proj.weight", (8, 8)), ("self_attn.out_proj.bias", (8,)),
        ("linear1.weight", (12, 8)), ("linear1.bias", (12,)),
        ("linear2.weight", (8, 12)), ("linear2.bias", (8,)),
        ("norm1.weight", (8,)), ("norm1.bias", (8,)),
        ("norm2.weight", (8,)), ("norm2.bias", (8,)),
    ]  # fmt: skip
    missing = sorted({name for name, _ in expected} - {name for name, _ in found})
    assert not missing, f"TransformerEncoderLayer(8, 2) has no parameter {', '.join(missing)}"
    wrong = [f"{name} {shape}, expected {dict(expected).get(name)}"
             for name, shape in found if dict(expected).get(name) != shape]  # fmt: skip
    assert not wrong, f"TransformerEncoderLayer(8, 2, dim_feedforward=12): {wrong[0]}"
    assert found == expected, (
        f"the parts are made in the order {[name for name, _ in found]}; expected self_attn, "
        "linear1, (dropout,) linear2, norm1, norm2"
    )


def test_13_1_first_values_are_drawn_in_this_order():
    manual_seed(4)
    layer = TransformerEncoderLayer(8, 2, dim_feedforward=12)
    manual_seed(4)
    alone = {
        "self_attn": nn.MultiheadAttention(8, 2),
        "linear1": nn.Linear(8, 12),
        "linear2": nn.Linear(12, 8),
    }
    for name, part in alone.items():
        for (kind, ours), (_, expected) in zip(
            getattr(layer, name).named_parameters(), part.named_parameters()
        ):
            assert np.array_equal(ours.data, expected.data), (
                f"after manual_seed the first values of {name}.{kind} are not those of a {name} "
                "that is made in its turn: self_attn, linear1, linear2, each made once"
            )


def test_13_1_arguments_reach_the_parts():
    layer = TransformerEncoderLayer(8, 4, 12, 0.25, layer_norm_eps=0.5, batch_first=True)
    for name in ("dropout", "dropout1", "dropout2"):
        part = getattr(layer, name, None)
        assert isinstance(part, nn.Dropout), f"layer.{name} is {part!r}, expected a Dropout"
        assert part.p == 0.25, f"with dropout=0.25, layer.{name} drops with p={part.p}"
    distinct = len({id(layer.dropout), id(layer.dropout1), id(layer.dropout2)})
    assert distinct == 3, "dropout, dropout1 and dropout2 must be three modules, one is used twice"
    attention = layer.self_attn
    assert attention.dropout == 0.25, f"with dropout=0.25, self_attn has {attention.dropout}"
    assert attention.num_heads == 4, f"with nhead=4, self_attn has {attention.num_heads} heads"
    assert attention.batch_first is True, "batch_first=True does not reach self_attn"
    assert TransformerEncoderLayer(8, 4).self_attn.batch_first is False, (
        "TransformerEncoderLayer(8, 4) has batch_first=False; its self_attn has True"
    )
    for name in ("norm1", "norm2"):
        eps = getattr(layer, name).eps
        assert eps == 0.5, f"with layer_norm_eps=0.5, layer.{name} has eps={eps}"


def test_13_1_without_bias():
    names = [n for n, _ in TransformerEncoderLayer(8, 2, 12, bias=False).named_parameters()]
    left = [name for name in names if name.endswith("bias")]
    assert not left, f"with bias=False there is still {', '.join(left)}"
    assert len(names) == 6, f"with bias=False six weights are left, not {names}"


# ---- 13.2


@pytest.mark.parametrize("batch_first", [True, False])
def test_13_2_attention_half(batch_first):
    layer, x = make_layer(batch_first=batch_first), rows(3, 4, 8)
    found = attempt("_sa_block(x, None, None)", lambda: layer._sa_block(x, None, None))
    assert not isinstance(found, tuple), (
        "_sa_block returns a pair: self_attn gives (result, weights), only the result is needed"
    )
    expected, _ = layer.self_attn(x, x, x)
    slips = {"Is the shortcut added already? That comes in task 13.3": lambda: (expected + x).data}
    compared(
        "_sa_block(x, None, None)", found.data, expected.data, slips,
        "It is self_attn with x as query, key and value",
    )  # fmt: skip


def test_13_2_attention_half_hands_on_the_masks():
    layer, x = make_layer(), rows(2, 4, 8)
    mask = tensor(np.triu(np.ones((4, 4), bool), 1))
    padding = tensor([[False, False, False, True], [False, False, True, True]])
    cases = {
        "attn_mask": ((mask, None, False), {"attn_mask": mask}),
        "key_padding_mask": ((None, padding, False), {"key_padding_mask": padding}),
        "is_causal": ((None, None, True), {"attn_mask": mask}),
    }
    for name, (given, same) in cases.items():
        found = layer._sa_block(x, *given).data
        expected, _ = layer.self_attn(x, x, x, **same)
        compared(
            f"_sa_block with {name} alone", found, expected.data,
            {f"{name} is ignored": lambda: layer.self_attn(x, x, x)[0].data},
            f"Hand {name} on to self_attn as {name}",
        )  # fmt: skip


def test_13_2_feed_forward_half():
    layer, x = make_layer(activation="gelu"), rows(2, 3, 8)
    found = attempt("_ff_block(x)", lambda: layer._ff_block(x)).data
    between = layer.linear1(x)
    expected = layer.linear2(nn.functional.gelu(between))
    slips = {
        "That is without the activation": lambda: layer.linear2(between).data,
        "That is with relu: use self.activation": (
            lambda: layer.linear2(nn.functional.relu(between)).data
        ),
        "The activation comes after the second linear layer": (
            lambda: nn.functional.gelu(layer.linear2(between)).data
        ),
        "Is the shortcut added already? That comes in task 13.3": lambda: (expected + x).data,
    }
    compared("_ff_block(x), activation gelu", found, expected.data, slips)


def test_13_2_dropouts_are_in_their_places():
    layer, x = make_layer(), rows(2, 3, 8)
    layer.dropout, layer.dropout1, layer.dropout2 = Times(-2.0), Times(3.0), Times(5.0)
    out, _ = layer.self_attn(x, x, x)
    why = "is it applied to the attention's result, and once?"
    found = layer._sa_block(x, None, None).data
    compared(
        "_sa_block, with a dropout1 that multiplies by 3,", found, 3 * out.data,
        {"dropout1 is not used": lambda: out.data,
         "dropout is used in place of dropout1": lambda: -2 * out.data,
         "dropout2 is used in place of dropout1": lambda: 5 * out.data}, why,
    )  # fmt: skip

    def half(inner, outer):
        return outer * layer.linear2(inner * nn.functional.relu(layer.linear1(x))).data

    compared(
        "_ff_block, with a dropout that multiplies by -2 and a dropout2 by 5,",
        layer._ff_block(x).data, half(-2, 5),
        {"dropout is not used": lambda: half(1, 5), "dropout2 is not used": lambda: half(-2, 1),
         "neither dropout nor dropout2 is used": lambda: half(1, 1),
         "dropout and dropout2 are swapped": lambda: half(5, -2)},
        "dropout comes after the activation, dropout2 at the end",
    )  # fmt: skip


# ---- 13.3


def layer_ways(layer, x):
    """The results of a layer as it is meant to be and as it is not."""
    attention, feed = (lambda x: layer._sa_block(x, None, None)), layer._ff_block
    norm1, norm2 = layer.norm1, layer.norm2

    def pre():
        y = x + attention(norm1(x))
        return (y + feed(norm2(y))).data

    def post():
        y = norm1(x + attention(x))
        return norm2(y + feed(y)).data

    def no_shortcuts():
        y = norm1(attention(x)) if not layer.norm_first else attention(norm1(x))
        return (norm2(feed(y)) if not layer.norm_first else feed(norm2(y))).data

    def swapped():
        if layer.norm_first:
            y = x + attention(norm2(x))
            return (y + feed(norm1(y))).data
        y = norm2(x + attention(x))
        return norm1(y + feed(y)).data

    def one_norm(norm):
        if layer.norm_first:
            y = x + attention(norm(x))
            return (y + feed(norm(y))).data
        y = norm(x + attention(x))
        return norm(y + feed(y)).data

    def from_src():
        y = x + attention(norm1(x)) if layer.norm_first else norm1(x + attention(x))
        return (x + feed(norm2(y)) if layer.norm_first else norm2(x + feed(y))).data

    def only_first():
        y = x + attention(norm1(x)) if layer.norm_first else norm1(x + attention(x))
        return (feed(norm2(y)) if layer.norm_first else norm2(feed(y))).data

    def only_second():
        y = attention(norm1(x)) if layer.norm_first else norm1(attention(x))
        return (y + feed(norm2(y)) if layer.norm_first else norm2(y + feed(y))).data

    def shortcuts(first, second):
        """With the norms first, which of the shortcuts start from the normalized x."""
        y = (norm1(x) if first else x) + attention(norm1(x))
        return ((norm2(y) if second else y) + feed(norm2(y))).data

    def halves(first, second):
        """With the norms last, which of them are of the half alone, without its shortcut."""
        y = x + norm1(attention(x)) if first else norm1(x + attention(x))
        return (y + norm2(feed(y)) if second else norm2(y + feed(y))).data

    return pre, post, {
        "That is norm last; norm_first=True normalizes before each half": post,
        "That is norm first; norm_first=False normalizes after each sum": pre,
        "Both shortcuts are missing: x + ...": no_shortcuts,
        "The second shortcut is missing": only_first,
        "The first shortcut is missing": only_second,
        "norm1 and norm2 are swapped": swapped,
        "norm1 stands in both halves; the second has norm2": lambda: one_norm(norm1),
        "norm2 stands in both halves; the first has norm1": lambda: one_norm(norm2),
        "The second half's shortcut starts from src, not from what the first half gave": from_src,
    } | {
        words.format(name): partial(wrong, name != "norm2", name != "norm1")
        for name in ("norm1", "norm2", "norm1 and norm2")
        for words, wrong in (
            ("The shortcut starts from the normalized x ({}); it must carry x itself", shortcuts),
            ("Normalize the sum x + ..., not the half alone ({})", halves),
        )
    }  # fmt: skip


@pytest.mark.parametrize("norm_first", [False, True])
def test_13_3_shortcuts_and_norms(norm_first):
    layer, x = make_layer(norm_first=norm_first), rows(2, 4, 8)
    call = f"a layer with norm_first={norm_first}"
    pre, post, slips = layer_ways(layer, x)
    found = attempt(call, lambda: layer(x)).data
    compared(call, found, pre() if norm_first else post(), slips)


@pytest.mark.parametrize("norm_first", [False, True])
def test_13_3_masks_reach_the_attention(norm_first):
    layer, x = make_layer(norm_first=norm_first), rows(2, 4, 8)
    changed = Tensor(x.data.copy())
    changed.data[:, 3, 0] += 1  # one number: a norm takes away what all have in common
    mask = tensor(np.triu(np.ones((4, 4), bool), 1))
    padding = tensor([[False, False, False, True]] * 2)
    for name, how in (("src_mask", {"src_mask": mask}), ("is_causal", {"is_causal": True}),
                      ("src_key_padding_mask", {"src_key_padding_mask": padding})):  # fmt: skip
        same = close(layer(changed, **how).data[:, :3], layer(x, **how).data[:, :3])
        assert same, (
            f"norm_first={norm_first}: {name} hides position 3 from the others, but their results "
            "change with it: is the mask handed on to _sa_block?"
        )


@pytest.mark.shared
def test_13_3_leaves_its_input_alone():
    for norm_first in (False, True):
        for training in (False, True):
            layer, x = make_layer(norm_first=norm_first).train(training), rows(2, 4, 8)
            layer(x)
            assert np.array_equal(x.data, rows(2, 4, 8).data), (
                f"a layer with norm_first={norm_first}, training={training}, changed its input: "
                "x + ... makes a new tensor, x += ... does not"
            )


def test_13_3_one_sequence_and_order_of_axes():
    layer, x = make_layer(), rows(2, 4, 8)
    other = make_layer(batch_first=False)
    expected = layer(x).data
    compared("one sequence (L, E)", layer(x[0]).data, expected[0])
    turned = other(x.transpose(0, 1)).data.swapaxes(0, 1)
    compared("batch_first=False", turned, expected)
    with pytest.raises(ValueError, match="TransformerEncoderLayer"):
        layer(rows(2, 4, 7))


# ---- 13.4


def test_13_4_copies_of_their_own():
    pattern = make_layer()
    encoder = TransformerEncoder(pattern, 3)
    assert isinstance(encoder.layers, nn.ModuleList), (
        f"encoder.layers is a {type(encoder.layers).__name__}: in a ModuleList the parameters are "
        "found"
    )
    assert len(encoder.layers) == 3, f"num_layers=3 gave {len(encoder.layers)} layers"
    layers = [pattern, *encoder.layers]
    assert len({id(layer) for layer in layers}) == 4, (
        "some layers are the same object, or are the pattern itself: copy it for each"
    )
    arrays = [id(layer.linear1.weight) for layer in layers]
    assert len(set(arrays)) == 4, "some layers share a weight: copy.deepcopy copies those too"
    for layer in encoder.layers:
        same = np.array_equal(layer.linear1.weight.data, pattern.linear1.weight.data)
        assert same, "a copy begins with the pattern's numbers; this one has others"
    found = len(list(encoder.parameters()))
    assert found == 36, f"3 layers of 12 parameters each have 36; parameters() yields {found}"


def test_13_4_all_layers_then_the_norm():
    encoder, x = TransformerEncoder(make_layer(), 3), rows(2, 4, 8)
    for seed, layer in enumerate(encoder.layers, 1):
        scattered(layer, seed)
    first, second, third = encoder.layers
    expected = third(second(first(x)))
    slips = {
        "That is the first layer alone": lambda: first(x).data,
        "That is the last layer alone: hand each layer what the one before gave": (
            lambda: third(x).data
        ),
        "The layers run backward": lambda: first(second(third(x))).data,
    }
    found = attempt("encoder(x)", lambda: encoder(x)).data
    compared("an encoder of 3 layers", found, expected.data, slips)
    norm = scattered(nn.LayerNorm(8), 9)
    with_norm = TransformerEncoder(make_layer(), 2, norm=norm)
    first, second = with_norm.layers
    compared(
        "an encoder with a norm", with_norm(x).data, norm(second(first(x))).data,
        {"The norm is missing": lambda: second(first(x)).data,
         "The norm comes after every layer": lambda: norm(second(norm(first(x)))).data},
    )  # fmt: skip
    assert with_norm.norm is norm, "encoder.norm must be the norm that was given"


def test_13_4_masks_reach_every_layer():
    encoder, x = TransformerEncoder(make_layer(), 3), rows(2, 4, 8)
    mask = tensor(np.triu(np.ones((4, 4), bool), 1))
    padding = tensor([[False, False, True, True], [False, False, False, False]])
    for name, how in (("mask", (mask, None, False)), ("is_causal", (None, None, True)),
                      ("src_key_padding_mask", (None, padding, False))):  # fmt: skip
        expected = x
        for layer in encoder.layers:
            expected = layer(expected, *how)
        found = encoder(x, *how).data
        compared(f"an encoder with {name}", found, expected.data, why="Give it to every layer")


# ---- 13.5


class Parts(GPT):
    """A GPT whose parts keep the first values that they make themselves."""

    def reset_parameters(self):
        pass


def test_13_5_parts():
    config = GPTConfig(**SMALL, dropout=0.3, layer_norm_epsilon=0.01)
    model = Parts(config)
    for name, shape in (("wte", (11, 8)), ("wpe", (6, 8)), ("lm_head", (11, 8))):
        part, kind = getattr(model, name, None), nn.Linear if name == "lm_head" else nn.Embedding
        assert part is not None, f"the GPT has no part named {name}"
        found = type(part).__name__
        assert isinstance(part, kind), f"model.{name} is a {found}, expected {kind.__name__}"
        found = tuple(part.weight.shape)
        assert found == shape, f"{name}.weight has shape {found}, expected {shape}"
    assert model.lm_head.bias is None, "lm_head has a bias: make it with bias=False"
    assert model.drop.p == 0.3, f"with dropout=0.3 in the config, model.drop has p={model.drop.p}"
    assert isinstance(model.blocks, TransformerEncoder), (
        f"model.blocks is {type(model.blocks).__name__}, expected a TransformerEncoder"
    )
    assert len(model.blocks.layers) == 2, "n_layer=2 does not reach the encoder"
    assert isinstance(model.blocks.norm, nn.LayerNorm), (
        "the encoder has no norm at its end: with norm_first it needs one"
    )
    eps = model.blocks.norm.eps
    assert eps == 0.01, f"layer_norm_epsilon=0.01, but the norm at the end has eps={eps}"


def test_13_5_the_layers_are_gpt_2_s():
    config = GPTConfig(**SMALL, n_inner=20, dropout=0.3, layer_norm_epsilon=0.01)
    layer = Parts(config).blocks.layers[0]
    assert layer.norm_first is True, "GPT-2 normalizes first: norm_first=True"
    assert layer.self_attn.batch_first is True, "ids are (N, L): batch_first=True"
    heads = layer.self_attn.num_heads
    assert heads == 2, f"n_head=2, the layers have {heads} heads"
    inner = tuple(layer.linear1.weight.shape)
    assert inner == (20, 8), f"n_inner=20, but linear1.weight has shape {inner}, not (20, 8)"
    assert layer.dropout1.p == 0.3, f"dropout=0.3, but the layers drop with {layer.dropout1.p}"
    assert layer.norm1.eps == 0.01, f"layer_norm_epsilon=0.01, a norm has eps={layer.norm1.eps}"
    x = rows(20)
    expected = nn.functional.gelu(x, approximate="tanh").data
    gap = np.abs(layer.activation(x).data - expected).max()
    assert gap < 1e-7, "the layers' activation is not gelu_new: hand it to the layer"


def test_13_5_head_and_table_are_one_parameter():
    model = Parts(GPTConfig(**SMALL))
    same = np.array_equal(model.lm_head.weight.data, model.wte.weight.data)
    assert model.lm_head.weight is model.wte.weight, (
        "lm_head.weight and wte.weight must be the same Parameter; "
        + ("the numbers are copied, and will differ after a step" if same else "they are two")
    )
    names = [name for name, _ in model.named_parameters()]
    assert "wte.weight" in names, f"the table's first name is wte.weight, not in {names[:2]}"
    assert "lm_head.weight" not in names, "parameters() yields the tied table twice"


# ---- 13.6


def spread(parameter):
    return float(np.asarray(parameter.data).std())


@pytest.mark.parametrize("size", [0.02, 0.1])
def test_13_6_spread(size):
    manual_seed(0)
    config = GPTConfig(60, 50, 64, 8, 4, initializer_range=size)
    model = GPT(config)
    added = size / math.sqrt(2 * 8)
    for name, parameter in model.named_parameters():
        if parameter.ndim != 2:
            continue
        wanted = added if name.endswith(("out_proj.weight", "linear2.weight")) else size
        found = spread(parameter)
        told = ""
        if wanted == added and abs(found / size - 1) < 0.1:
            told = "What is added to the line of additions gets 1 / sqrt(2 n_layer) of it"
        elif wanted == added:
            told = f"{size} / sqrt(2 n_layer) = {wanted:.4f}: 16 terms are added here"
        assert abs(found / wanted - 1) < 0.1, (
            f"initializer_range={size}, 8 layers: {name} has a spread of {found:.4f}, expected "
            f"{wanted:.4f}. {told}"
        )


def test_13_6_biases_and_norms():
    model = scattered(GPT(GPTConfig(**SMALL)))
    before = dict(model.named_parameters())
    weights = {n: p.data.copy() for n, p in before.items() if p.ndim == 1 and "bias" not in n}
    model.reset_parameters()
    for name, parameter in model.named_parameters():
        assert parameter is before[name], f"{name} is a new Parameter: fill the old one in place"
        if name.endswith("bias"):
            assert not parameter.data.any(), f"{name} is not 0 after reset_parameters()"
    for name, value in weights.items():
        found = before[name].data
        assert np.array_equal(found, value), (
            f"{name} belongs to a norm and stays as it is; it was changed to {found[:3]} ..."
        )


def test_13_6_without_an_opinion():
    manual_seed(1)
    model = GPT(GPTConfig(50, 16, 32, 2, 4)).eval()
    ids = tensor(np.random.default_rng(0).integers(0, 50, (4, 16)))
    found = model.blocks(model.wte(ids)).data @ model.wte.weight.data.T
    assert np.abs(found).max() < 1.5, (
        f"an untrained GPT has logits up to {np.abs(found).max():.2g}; they should be near 0"
    )


# ---- 13.7


def make_gpt(seed=0, **how):
    return scattered(GPT(GPTConfig(**{**SMALL, "dropout": 0.0, **how})), seed)


def ids_of(*shape, seed=0, below=11):
    return tensor(np.random.default_rng(seed).integers(0, below, shape))


def gpt_by_hand(model, ids, first=0, causal=True, head=True):
    positions = model.wpe.weight.data[first : first + ids.shape[1]]
    x = Tensor(model.wte.weight.data[ids.data] + positions)
    x = model.blocks(x, is_causal=causal)
    return x.data @ model.wte.weight.data.T if head else x.data


def test_13_7_logits():
    model, ids = make_gpt(), ids_of(3, 5)
    found = attempt("GPT(config)(ids)", lambda: model(ids)).data
    plain = model.wte.weight.data[ids.data]
    slips = {
        "The mask is missing: is_causal=True": lambda: gpt_by_hand(model, ids, causal=False),
        "Positions count from 0; yours count from 1": lambda: gpt_by_hand(model, ids, first=1),
        "The positions are missing": (
            lambda: model.blocks(Tensor(plain), is_causal=True).data @ model.wte.weight.data.T
        ),
        "The tokens are missing": (
            lambda: (
                gpt_by_hand(model, ids) * 0
                + model.blocks(model.wpe(ids * 0 + tensor(np.arange(5))), is_causal=True).data
                @ model.wte.weight.data.T
            )
        ),
    }
    compared("GPT(config)(ids) of ids (3, 5)", found, gpt_by_hand(model, ids), slips)


def test_13_7_as_long_as_there_are_positions():
    model, ids = make_gpt(), ids_of(2, 6)
    compared("a sequence of n_positions tokens", model(ids).data, gpt_by_hand(model, ids))
    compared("one token", model(ids[:, :1]).data, gpt_by_hand(model, ids[:, :1]))
    for wrong in (ids_of(2, 7), ids_of(2, 0), ids_of(4)):
        with pytest.raises(ValueError, match="GPT"):
            model(wrong)
    with pytest.raises(IndexError):
        model(tensor([[11]]))


def test_13_7_nothing_looks_ahead():
    model, ids = make_gpt(), ids_of(1, 5)
    before = model(ids).data
    for place in range(5):
        changed = ids.data.copy()
        changed[0, place] = (changed[0, place] + 1) % 11
        gap = np.abs(model(tensor(changed)).data - before).max(axis=2)[0]
        noticed = np.flatnonzero(gap > 1e-6).tolist()
        assert noticed == list(range(place, 5)), (
            f"token {place} was changed; the logits at positions {noticed} changed, expected "
            f"{list(range(place, 5))}: position i sees tokens 0 to i"
        )


def test_13_7_dropout_of_the_sum():
    model, ids = make_gpt(), ids_of(2, 5)
    model.drop = Times(0.5)
    x = model.wte.weight.data[ids.data] + model.wpe.weight.data[:5]
    expected = model.blocks(Tensor(0.5 * x), is_causal=True).data @ model.wte.weight.data.T
    compared(
        "a GPT whose drop multiplies by 0.5", model(ids).data, expected,
        {"drop is not used": lambda: gpt_by_hand(model, ids)},
        "drop comes after tokens and positions are added, before the blocks",
    )  # fmt: skip


# ---- 13.8


def losses(logits):
    """-log softmax, (N, L, V)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=-1, keepdims=True)) - shifted


def test_13_8_each_position_says_the_next():
    logits, ids = rows(3, 5, 11, seed=1), ids_of(3, 5)
    cost = losses(logits.data.astype(np.float64))
    took = np.take_along_axis

    def mean(cost, answers):
        return took(cost, answers[..., None], axis=2).mean()

    expected = mean(cost[:, :-1], ids.data[:, 1:])
    found = attempt("next_token_loss(logits, ids)", lambda: next_token_loss(logits, ids))
    slips = {
        "Position i is compared with token i itself, which it has seen": (
            lambda: mean(cost, ids.data)
        ),
        "It is compared with the token before": lambda: mean(cost[:, 1:], ids.data[:, :-1]),
        "That is the sum; the mean is asked for": lambda: expected * 12,
        "The last token's loss is missing": lambda: mean(cost[:, :-2], ids.data[:, 1:-1]),
        "Position i is compared with the token two further on": (
            lambda: mean(cost[:, :-2], ids.data[:, 2:])
        ),
        "The tokens are rolled around: the last position has no answer": (
            lambda: mean(cost, np.roll(ids.data, -1, axis=1))
        ),
    }
    slips = {said: (lambda value=value: np.array(value())) for said, value in slips.items()}
    compared("next_token_loss(logits, ids)", found.data, expected, slips)


def test_13_8_ignored_answers_and_errors():
    logits, answers = rows(2, 4, 11), np.array(ids_of(2, 4).data)
    answers[1, 2:] = 0
    answers[0] = [0, 1, 2, 3]
    ids = tensor(answers)
    cost = losses(logits.data.astype(np.float64))
    kept = [(0, 0, 1), (0, 1, 2), (0, 2, 3)]
    kept += [(1, i, int(ids.data[1, i + 1])) for i in range(3) if ids.data[1, i + 1] != 0]
    expected = np.mean([cost[place] for place in kept])
    found = next_token_loss(logits, ids, ignore_index=0).data
    compared(
        "next_token_loss with ignore_index=0", found, expected,
        {"ignore_index is not handed on": lambda: next_token_loss(logits, ids).data},
    )  # fmt: skip
    for wrong in (ids_of(2, 3), ids_of(2, 4)[:, :1]):
        with pytest.raises(ValueError, match="next_token_loss"):
            next_token_loss(logits, wrong)


def test_13_8_learns():
    manual_seed(0)
    model, ids = GPT(GPTConfig(**SMALL, dropout=0.0)), ids_of(4, 6)
    next_token_loss(model(ids), ids).backward()
    still = [name for name, p in model.named_parameters() if p.grad is None]
    assert not still, f"no gradient arrives at {', '.join(still)}"


# ---- 13.9


def test_13_9_top_k():
    ranks = np.random.default_rng(0).permuted(np.tile(np.arange(7.0), (4, 1)), axis=1)
    logits = ranks + 10 * np.arange(4.0)[:, None]
    before = logits.copy()
    for k in (1, 3, 7, 20):
        call = f"keep_top_k of 7 logits, k = {k}"
        found = attempt(call, lambda k=k: models.keep_top_k(logits, k))
        assert np.array_equal(logits, before), f"{call} changed the logits themselves"
        kept = np.isfinite(found).sum(axis=1).tolist()
        assert kept == [min(k, 7)] * 4, f"{call} keeps {kept} of the rows, expected {min(k, 7)}"
        expected = np.where(ranks > 6 - k, logits, -np.inf)
        compared(call, found, expected, why="Keep the largest, as they are; the others: -inf")


def test_13_9_top_k_keeps_equals():
    found = models.keep_top_k(np.array([[3.0, 1.0, 2.0, 2.0, 0.0]]), 2)
    kept = np.isfinite(found[0]).astype(int).tolist()
    assert kept == [1, 0, 1, 1, 0], (
        f"logits 3, 1, 2, 2, 0 with k = 2: kept {kept}, expected [1, 0, 1, 1, 0]: what equals the "
        "second largest stays too"
    )


PROBABLE = [0.15, 0.5, 0.05, 0.3]


@pytest.mark.parametrize(
    ("p", "kept"),
    [(0.1, [1]), (0.49, [1]), (0.51, [1, 3]), (0.79, [1, 3]), (0.81, [0, 1, 3]), (0.96, range(4))],
)
def test_13_9_top_p(p, kept):
    logits = np.log([PROBABLE, PROBABLE[::-1]])
    call = f"keep_top_p of probabilities {PROBABLE}, p = {p},"
    found = attempt(call, lambda: models.keep_top_p(logits, p))
    assert np.array_equal(logits, np.log([PROBABLE, PROBABLE[::-1]])), (
        f"{call} changed the logits themselves"
    )
    place = np.flatnonzero(np.isfinite(found[0])).tolist()
    told = ""
    if len(place) == len(kept) - 1:
        told = "The token with which the sum reaches p belongs to the set"
    elif len(place) == len(kept) + 1:
        told = "That is one too many: the sum before it is p or more already"
    elif len(place) == len(kept):
        told = "The number is right, the places are not: does each go back to where it came from?"
    assert place == list(kept), f"{call} keeps tokens {place}, expected {list(kept)}. {told}"
    other = np.flatnonzero(np.isfinite(found[1])).tolist()
    expected = sorted(3 - i for i in kept)
    assert other == expected, (
        f"the second row, {PROBABLE[::-1]}, keeps {other}, expected {expected}: each row has its "
        "own order"
    )
    assert np.allclose(found[np.isfinite(found)], logits[np.isfinite(found)]), (
        f"{call} changed the logits that stay"
    )


def test_13_9_top_p_when_the_sum_is_p_exactly():
    for p, expected in ((0.25, 1), (0.5, 2), (0.75, 3), (1.0, 4)):
        kept = int(np.isfinite(models.keep_top_p(np.zeros((1, 4)), p)).sum())
        assert kept == expected, (
            f"four equal chances of 0.25, p = {p}: {kept} are kept, expected {expected}, which "
            "have p together: keep those of which the sum *before* them is below p"
        )


def test_13_9_top_p_of_logits_left_by_top_k():
    found = models.keep_top_p(models.keep_top_k(np.log([PROBABLE]), 2), 0.6)
    kept = np.flatnonzero(np.isfinite(found[0])).tolist()
    assert kept == [1], (
        f"of {PROBABLE} two are kept, .5 and .3, which are .625 and .375 of their sum; p = 0.6 "
        f"then keeps tokens {kept}, expected [1]"
    )


# ---- 13.10


def drawn_by_hand(chances, generator):
    tokens = []
    for row, u in zip(chances, generator.random(len(chances))):
        token, total = 0, row[0] / row.sum()
        while u >= total:
            token += 1
            total += row[token] / row.sum()
        tokens.append(token)
    return tokens


def test_13_10_draw():
    chances = np.random.default_rng(1).dirichlet(np.ones(6), 50)
    call = "draw(chances (50, 6), generator)"
    before = chances.copy()
    found = attempt(call, lambda: models.draw(chances, np.random.default_rng(3)))
    assert np.array_equal(chances, before), f"{call} changed the chances themselves"
    assert found.shape == (50,), f"{call} has shape {found.shape}, expected (50,)"
    expected = np.array(drawn_by_hand(chances, np.random.default_rng(3)))
    other = models.draw(chances, np.random.default_rng(4))
    assert not np.array_equal(found, other), f"{call}: two seeds give the same 50 tokens"
    again = models.draw(chances, np.random.default_rng(3))
    assert np.array_equal(found, again), (
        f"{call}: the same seed gave other tokens. Draw from the `generator` that is given"
    )
    one_more = found == expected + 1
    told = "One too high: `ends <= u` counts those that u is past" if one_more.all() else ""
    assert np.array_equal(found, expected), (
        f"{call}: {(found != expected).sum()} of 50 tokens are not where generator.random((50, 1)) "
        f"falls. {told}"
    )


def test_13_10_draw_one_number_a_row():
    generator, other = np.random.default_rng(0), np.random.default_rng(0)
    found = models.draw(np.full((200, 4), 0.25), generator)
    assert len(set(found.tolist())) == 4, (
        f"200 equal rows of 4 equal chances gave only the tokens {sorted(set(found.tolist()))}: "
        "each row needs a number of its own, random((N, 1))"
    )
    other.random(200)
    assert generator.random() == other.random(), (
        "draw must take N numbers from the generator, one for each row, and no more"
    )


def test_13_10_draw_never_takes_what_cannot_be():
    for scale in (1.0, 0.5, 2.0):
        chances = np.tile(np.array([0.0, 0.5, 0.0, 0.5, 0.0]) * scale, (4000, 1))
        found = models.draw(chances, np.random.default_rng(0))
        counts = np.bincount(found, minlength=6).tolist()
        assert counts[0] == counts[2] == counts[4] == counts[5] == 0, (
            f"chances {chances[0].tolist()}, 4000 draws: {counts} times token 0, 1, ...; where the "
            "chance is 0 nothing may come. Are the ends divided by the last one?"
        )
        assert abs(counts[1] - 2000) < 200, (
            f"chances {chances[0].tolist()}: token 1 came {counts[1]} times of 4000, expected "
            "about 2000"
        )


def test_13_10_draw_where_u_is_an_end():
    class At(np.random.Generator):
        def random(self, size=None, *_, **__):
            return np.full(() if size is None else size, 0.5)

    class Zeros(np.random.Generator):
        def random(self, size=None, *_, **__):
            return np.zeros(() if size is None else size)

    for kind, u, chances, expected in (
        (Zeros, 0, [0.0, 0.5, 0.5], 1),
        (At, 0.5, [0.5, 0.5], 1),
        (At, 0.5, [0.5, 0.0, 0.5], 2),
    ):
        found = models.draw(np.array([chances]), kind(np.random.PCG64(0))).tolist()
        assert found == [expected], (
            f"draw([{chances}], generator), where u is {u}, took token {found}, expected "
            f"[{expected}]: the token is the number of ends that are *at most* u, `ends <= u`; "
            "with `<` a token of probability 0 may come"
        )


def picked_by_hand(logits, temperature, top_k, top_p, seed):
    logits = logits / temperature
    for setting, keep in ((top_k, models.keep_top_k), (top_p, models.keep_top_p)):
        logits = logits if setting is None else keep(logits, setting)
    chances = np.exp(-losses(logits[None])[0])
    return np.array(drawn_by_hand(chances, np.random.default_rng(seed)))


@pytest.mark.parametrize(
    "how",
    [(1.0, None, None), (0.3, None, None), (3.0, None, None), (1.0, 3, None), (1.0, None, 0.6),
     (4.0, None, 0.6), (0.5, 4, 0.7), (2.0, 6, 0.5)],
)  # fmt: skip
def test_13_10_pick(how):
    logits = np.random.default_rng(2).standard_normal((300, 12)) * 2
    call = f"pick with temperature {how[0]}, top_k {how[1]}, top_p {how[2]}"
    before = logits.copy()
    found = attempt(call, lambda: models.pick(logits, *how, np.random.default_rng(5)))
    assert np.array_equal(logits, before), (
        f"{call} changed the logits themselves: logits / temperature makes a new array, "
        "logits /= temperature does not"
    )
    expected = picked_by_hand(logits, *how, 5)
    without = (1.0, *how[1:]), (how[0], None, how[2]), (how[0], how[1], None)
    names = "temperature", "top_k", "top_p"
    told = [
        f"{name} has no effect"
        for name, other in zip(names, without)
        if other != how and np.array_equal(found, picked_by_hand(logits, *other, 5))
    ]
    if how[0] != 1 and np.array_equal(found, picked_by_hand(logits, 1 / how[0], *how[1:], 5)):
        told = ["The temperature multiplies; it must divide"]
    why = "in this order: logits / temperature, top_k, top_p, probabilities, draw"
    assert np.array_equal(found, expected), (
        f"{call}: {(found != expected).sum()} of 300 tokens are others than with this seed "
        f"expected. {told[0] if told else why}"
    )


def test_13_10_pick_greedy():
    logits = np.random.default_rng(2).standard_normal((20, 12))
    generator = np.random.default_rng(0)
    found = attempt("pick, temperature 0", lambda: models.pick(logits, 0, 3, 0.5, generator))
    assert np.array_equal(found, logits.argmax(axis=1)), (
        "pick with temperature 0 takes the largest logit of each row"
    )
    same = generator.random() == np.random.default_rng(0).random()
    assert same, "with temperature 0 nothing is drawn from the generator"


# ---- 13.11


def text_by_hand(model, ids, count, choose):
    """`choose` gets the logits (N, V) of the last position, after n_positions tokens at most."""
    for _ in range(count):
        logits = gpt_by_hand(model, tensor(ids[:, -6:]))[:, -1]
        ids = np.concatenate([ids, choose(logits)[:, None]], axis=1)
    return ids


def test_13_11_greedy():
    model, start = make_gpt(3), ids_of(3, 2)
    expected = text_by_hand(model, start.data, 3, lambda logits: logits.argmax(axis=1))
    call = "generate(ids (3, 2), 3, temperature=0)"
    found = attempt(call, lambda: model.generate(start, 3, temperature=0)).data
    assert found.shape == (3, 5), f"{call} has shape {found.shape}, expected (3, 5)"
    assert np.array_equal(found[:, :2], start.data), f"{call}: the text must begin with the ids"
    assert np.array_equal(found, expected), (
        f"{call} gave {found.tolist()}, expected {expected.tolist()}: take the logits of the last "
        "position, choose, append at the end, and go on from there"
    )


def test_13_11_longer_than_the_positions():
    model, start = make_gpt(4), ids_of(2, 4)
    expected = text_by_hand(model, start.data, 8, lambda logits: logits.argmax(axis=1))
    try:
        found = model.generate(start, 8, temperature=0).data
    except (IndexError, ValueError) as error:
        raise AssertionError(
            f"4 tokens and 8 more, with n_positions=6, stopped with: {error}. The model sees the "
            "last n_positions tokens only"
        ) from None
    assert np.array_equal(found, expected), (
        f"with n_positions=6, 8 tokens after {start.tolist()[0]} are {found.tolist()[0][4:]}, "
        f"expected {expected.tolist()[0][4:]}: the model sees the *last* 6 tokens, no fewer"
    )
    assert model.generate(start, 0).tolist() == start.tolist(), "with 0 new tokens nothing changes"


def test_13_11_settings_and_seed():
    model, start = make_gpt(5), ids_of(3, 2)
    for how in ((2.0, None, None), (1.0, 3, None), (1.5, None, 0.5)):
        ours = np.random.default_rng(8)
        expected = text_by_hand(
            model, start.data, 6, lambda logits, how=how, ours=ours: models.pick(logits, *how, ours)
        )
        found = model.generate(start, 6, *how, generator=np.random.default_rng(8)).data
        assert np.array_equal(found, expected), (
            f"generate with temperature {how[0]}, top_k {how[1]}, top_p {how[2]} and a generator "
            "of its own gave another text: hand all four on to pick (`*how`)"
        )
    texts = []
    for seed in (1, 1, 2):
        manual_seed(seed)
        texts.append(model.generate(start, 12, temperature=3.0).tolist())
    assert texts[0] == texts[1], "after the same manual_seed two texts differ"
    assert texts[0] != texts[2], "after another manual_seed the text is the same"


def test_13_11_leaves_the_model_as_it_was():
    model, start = make_gpt(6, dropout=0.5), ids_of(1, 3)
    for mode in (True, False):
        model.train(mode)
        first = model.generate(start, 3, temperature=0).tolist()
        assert model.training is mode, f"the model was in training={mode} before generate"
        assert first == model.generate(start, 3, temperature=0).tolist(), "dropout is on"
    for wrong in ({"temperature": -1}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.5}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            model.generate(start, 1, **wrong)


# ---- 13.12


def as_gpt2(model, prefix="transformer."):
    """The weights of a model under GPT-2's names and in its shapes."""
    names = {"wte": "wte", "wpe": "wpe", "ln_f": "blocks.norm"}
    for i in range(len(model.blocks.layers)):
        here = f"blocks.layers.{i}."
        for theirs, ours in (("ln_1", "norm1"), ("attn.c_attn", "self_attn.in_proj"),
                             ("attn.c_proj", "self_attn.out_proj"), ("ln_2", "norm2"),
                             ("mlp.c_fc", "linear1"), ("mlp.c_proj", "linear2")):  # fmt: skip
            names[f"h.{i}.{theirs}"] = here + ours
    state, out = model.state_dict(), {}
    for theirs, ours in names.items():
        for kind in ("weight", "bias"):
            name = f"{ours}_{kind}" if ours.endswith("in_proj") else f"{ours}.{kind}"
            if name in state:
                array = state[name].data
                turned = ".c_" in theirs and kind == "weight"
                out[f"{prefix}{theirs}.{kind}"] = array.T.copy() if turned else array.copy()
    return out


@pytest.mark.parametrize("prefix", ["transformer.", ""])
def test_13_12_every_weight_arrives(prefix):
    model = make_gpt(7)
    found = attempt("from_gpt2(weights)", lambda: models.from_gpt2(as_gpt2(model, prefix)))
    state = {name: value.data for name, value in model.state_dict().items()}
    missing, more = sorted(set(state) - set(found)), sorted(set(found) - set(state))
    assert not missing, f"from_gpt2 gives no {', '.join(missing[:3])}"
    assert not more, f"from_gpt2 gives {', '.join(more[:3])}, which a GPT does not have"
    for name, value in state.items():
        yours = np.asarray(found[name])
        turned = yours.shape == value.T.shape and np.array_equal(yours, value.T) and value.ndim == 2
        told = "It is the transposed one" if turned and not np.array_equal(yours, value) else ""
        assert yours.shape == value.shape, (
            f"{name} has shape {yours.shape}, expected {value.shape}. {told}"
        )
        assert np.array_equal(yours, value), f"{name} has other numbers. {told}"


def test_13_12_what_is_not_needed_is_left_out():
    weights = as_gpt2(make_gpt(8))
    weights["transformer.h.0.attn.bias"] = np.tril(np.ones((1, 1, 6, 6)))
    weights["transformer.h.1.attn.masked_bias"] = np.array(-1e4)
    weights["lm_head.weight"] = np.zeros((11, 8))
    before = {name: value.copy() for name, value in weights.items()}
    found = models.from_gpt2(weights)
    assert all(isinstance(name, str) for name in found), "a weight stands under the name None"
    other = GPT(GPTConfig(**SMALL, dropout=0.0))
    other.load_state_dict(found)
    ids = ids_of(2, 6)
    compared("the logits of the GPT made from it", other(ids).data, make_gpt(8)(ids).data)
    assert list(weights) == list(before), "the dictionary that was given has changed"


def test_13_12_a_file_that_does_not_fit():
    weights = as_gpt2(make_gpt(9))
    del weights["transformer.h.1.mlp.c_fc.bias"]
    with pytest.raises(RuntimeError, match=r"blocks\.layers\.1\.linear1\.bias"):
        GPT(GPTConfig(**SMALL)).load_state_dict(models.from_gpt2(weights))
    weights["transformer.h.1.mlp.other.bias"] = np.zeros(3)
    with pytest.raises(RuntimeError, match="other"):
        GPT(GPTConfig(**SMALL)).load_state_dict(models.from_gpt2(weights))


def test_13_12_from_a_folder(tmp_path):
    settings = {"model_type": "gpt2", **SMALL, "n_inner": None, "activation_function": "gelu_new"}
    (tmp_path / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    weights = {name: Tensor(array) for name, array in as_gpt2(make_gpt(10)).items()}
    save(weights, tmp_path / "model.safetensors")
    model, ids = GPT.from_pretrained(tmp_path), ids_of(2, 6)
    compared("GPT.from_pretrained(folder)(ids)", model(ids).data, make_gpt(10)(ids).data)
    assert model.training is False, "GPT.from_pretrained gives a model in evaluation mode"
