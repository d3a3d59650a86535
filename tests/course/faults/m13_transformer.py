"""Wrong answers of module 13: the transformer's layer, a GPT, sampling, and GPT-2's weights."""

from __future__ import annotations

from tests.course.faults.fault import Catalogue, Fault

TRANSFORMER = Catalogue("13_transformer")

TRANSFORMER.task(
    "13.1", "nn.TransformerEncoderLayer",
    Fault("dropout does not reach the attention", "missing branch",
          'how = {"dropout": dropout, "bias"', 'how = {"dropout": 0.0, "bias"'),
    Fault("batch_first does not reach the attention", "missing branch",
          ', "batch_first": batch_first}', "}"),
    Fault("always batch first", "condition", '"batch_first": batch_first', '"batch_first": True'),
    Fault("one head", "wrong operand", "MultiheadAttention(d_model, nhead,",
          "MultiheadAttention(d_model, 1,"),
    Fault("the second linear layer has the first one's shape", "shape",
          "Linear(dim_feedforward, d_model, bias=bias)",
          "Linear(d_model, dim_feedforward, bias=bias)"),
    Fault("linear1 with a bias always", "missing branch",
          "Linear(d_model, dim_feedforward, bias=bias)", "Linear(d_model, dim_feedforward)"),
    Fault("norm2 with a bias always", "missing branch",
          "self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)",
          "self.norm2 = LayerNorm(d_model, eps=layer_norm_eps)"),
    Fault("eps ignored", "missing branch",
          "self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)",
          "self.norm1 = LayerNorm(d_model, bias=bias)"),
    Fault("one norm for both", "state",
          "self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)",
          "self.norm2 = self.norm1"),
    Fault("one dropout for both halves", "state", "Dropout(dropout), Dropout(dropout)",
          "(self.dropout,) * 2"),
    Fault("PyTorch's order not kept", "order",
          "        self.linear2 = Linear(dim_feedforward, d_model, bias=bias)\n"
          "        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)\n",
          "        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias)\n"
          "        self.linear2 = Linear(dim_feedforward, d_model, bias=bias)\n",
          accepted="another start, from which it learns as well"),
)  # fmt: skip
TRANSFORMER.task(
    "13.2", "nn.TransformerEncoderLayer",
    Fault("attn_mask ignored", "missing branch", '"attn_mask": attn_mask, ', ""),
    Fault("padding ignored", "missing branch", ', "key_padding_mask": key_padding_mask}', "}"),
    Fault("is_causal ignored", "missing branch", ", is_causal=is_causal", ""),
    Fault("always causal", "condition", "is_causal=is_causal", "is_causal=True"),
    Fault("the pair is kept", "forgotten return",
          "        out, _ = self.self_attn(x, x, x, need_weights=False, is_causal=is_causal, "
          "**masks)\n        return self.dropout1(out)",
          "        return self.self_attn(x, x, x, need_weights=False, is_causal=is_causal, "
          "**masks)"),
    Fault("dropout1 forgotten", "missing branch", "return self.dropout1(out)", "return out"),
    Fault("the inner dropout at the end of attention", "wrong operand",
          "return self.dropout1(out)", "return self.dropout(out)"),
    Fault("the shortcut already here", "order", "return self.dropout1(out)",
          "return x + self.dropout1(out)"),
    Fault("no activation", "missing branch", "self.activation(self.linear1(x))",
          "self.linear1(x)"),
    Fault("always relu", "condition", "self.activation(self.linear1(x))",
          "functional.relu(self.linear1(x))"),
    Fault("dropout2 forgotten", "missing branch", "return self.dropout2(self.linear2(inner))",
          "return self.linear2(inner)"),
    Fault("the inner dropout forgotten", "missing branch",
          "self.dropout(self.activation(self.linear1(x)))", "self.activation(self.linear1(x))"),
    Fault("dropouts swapped", "order",
          "        inner = self.dropout(self.activation(self.linear1(x)))\n"
          "        return self.dropout2(",
          "        inner = self.dropout2(self.activation(self.linear1(x)))\n"
          "        return self.dropout("),
    Fault("nothing is returned", "forgotten return", "return self.dropout2(", "self.dropout2("),
)  # fmt: skip
TRANSFORMER.task(
    "13.3", "nn.TransformerEncoderLayer",
    Fault("post-norm for pre-norm", "condition", "if self.norm_first:", "if False:"),
    Fault("pre-norm for post-norm", "condition", "if self.norm_first:", "if True:"),
    Fault("norm_first the other way round", "sign", "if self.norm_first:",
          "if not self.norm_first:"),
    Fault("the attention's shortcut dropped", "missing branch",
          "x = x + self._sa_block(self.norm1(x), *masks)",
          "x = self._sa_block(self.norm1(x), *masks)"),
    Fault("the feed-forward shortcut dropped", "missing branch",
          "return x + self._ff_block(self.norm2(x))", "return self._ff_block(self.norm2(x))"),
    Fault("post-norm without its first shortcut", "missing branch",
          "self.norm1(x + self._sa_block(x, *masks))", "self.norm1(self._sa_block(x, *masks))"),
    Fault("post-norm without its second shortcut", "missing branch",
          "self.norm2(x + self._ff_block(x))", "self.norm2(self._ff_block(x))"),
    Fault("the shortcut carries the normalized", "wrong operand",
          "            x = x + self._sa_block(self.norm1(x), *masks)\n",
          "            x = self.norm1(x)\n            x = x + self._sa_block(x, *masks)\n"),
    Fault("norm1 twice", "wrong operand", "self._ff_block(self.norm2(x))",
          "self._ff_block(self.norm1(x))"),
    Fault("norms swapped in post-norm", "order", "        x = self.norm1(x + ",
          "        x = self.norm2(x + "),
    Fault("masks forgotten in pre-norm", "missing branch", "self._sa_block(self.norm1(x), *masks)",
          "self._sa_block(self.norm1(x), None, None)"),
    Fault("masks forgotten in post-norm", "missing branch", "self._sa_block(x, *masks)",
          "self._sa_block(x, None, None)"),
    Fault("is_causal forgotten", "missing branch", "self._sa_block(self.norm1(x), *masks)",
          "self._sa_block(self.norm1(x), *masks[:2])"),
)  # fmt: skip
TRANSFORMER.task(
    "13.4", "nn.TransformerEncoder",
    Fault("the same layer again and again", "aliasing", "copy.deepcopy(encoder_layer)",
          "encoder_layer"),
    Fault("copies that share their weights", "aliasing", "copy.deepcopy(encoder_layer)",
          "copy.copy(encoder_layer)"),
    Fault("the pattern is the first layer", "aliasing",
          "ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])",
          "ModuleList([encoder_layer, *(copy.deepcopy(encoder_layer) for _ in "
          "range(num_layers - 1))])"),
    Fault("a plain list", "state",
          "ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])",
          "[copy.deepcopy(encoder_layer) for _ in range(num_layers)]"),
    Fault("one layer too many", "off by one", "range(num_layers)", "range(num_layers + 1)"),
    Fault("the norm forgotten", "missing branch",
          "return src if self.norm is None else self.norm(src)", "return src"),
    Fault("the norm after every layer", "order",
          "            src = layer(src, *masks)\n        return src if self.norm is None else "
          "self.norm(src)",
          "            src = layer(src, *masks)\n            src = src if self.norm is None else "
          "self.norm(src)\n        return src"),
    Fault("every layer gets the first input", "wrong operand",
          "        for layer in self.layers:\n            src = layer(src, *masks)",
          "        first = src\n        for layer in self.layers:\n            src = "
          "layer(first, *masks)"),
    Fault("the masks forgotten", "missing branch", "layer(src, *masks)", "layer(src)"),
    Fault("is_causal forgotten", "missing branch", "layer(src, *masks)", "layer(src, *masks[:2])"),
    Fault("only the first layer is masked", "state", "            src = layer(src, *masks)\n",
          "            src = layer(src, *masks)\n            masks = (None, None, False)\n"),
    Fault("backward through the layers", "order", "in self.layers:",
          "in reversed(list(self.layers)):"),
)  # fmt: skip
TRANSFORMER.task(
    "13.5", "models.GPT",
    Fault("tied weights untied", "missing branch",
          "\n        self.lm_head.weight = self.wte.weight", ""),
    Fault("the head starts as a copy", "aliasing", "        self.lm_head.weight = self.wte.weight",
          "        self.lm_head.weight.data[...] = self.wte.weight.data"),
    Fault("tied the other way round", "order", "self.lm_head.weight = self.wte.weight",
          "self.wte = self.lm_head"),
    Fault("a head with a bias", "missing branch", "config.vocab_size, bias=False)",
          "config.vocab_size)"),
    Fault("post-norm for pre-norm", "condition", "batch_first=True, norm_first=True",
          "batch_first=True"),
    Fault("the sequence first", "axis", "batch_first=True", "batch_first=False"),
    Fault("relu for gelu", "wrong operand", "gelu_new, eps", '"relu", eps'),
    Fault("the exact gelu", "wrong operand", "gelu_new, eps", '"gelu", eps'),
    Fault("no norm at the end", "missing branch", ", LayerNorm(width, eps=eps))", ")"),
    Fault("the last norm's eps forgotten", "missing branch", "LayerNorm(width, eps=eps))",
          "LayerNorm(width))"),
    Fault("one layer too few", "off by one", "(layer, config.n_layer,",
          "(layer, config.n_layer - 1,"),
    Fault("n_inner ignored", "wrong operand", "config.n_inner, config.dropout",
          "4 * width, config.dropout"),
    Fault("dropout ignored in the layers", "wrong operand", "config.n_inner, config.dropout",
          "config.n_inner, 0.1"),
    Fault("dropout of the sum ignored", "wrong operand", "Dropout(config.dropout)", "Dropout()"),
    Fault("positions for every token", "wrong operand", "Embedding(config.n_positions, width)",
          "Embedding(config.vocab_size, width)"),
    Fault("one head for all", "wrong operand", "width, config.n_head,", "width, 1,"),
)  # fmt: skip
TRANSFORMER.task(
    "13.6", "models.GPT",
    Fault("the residual scale forgotten", "factor", "small if added else std", "std"),
    Fault("the residual scale of n terms, not 2 n", "factor", "math.sqrt(2 * ", "math.sqrt("),
    Fault("divided by 2 n without the root", "factor",
          "std / math.sqrt(2 * self.config.n_layer)", "std / (2 * self.config.n_layer)"),
    Fault("out_proj alone is scaled", "missing branch", '("out_proj.weight", "linear2.weight")',
          '"out_proj.weight"'),
    Fault("linear1 is scaled", "wrong operand", '"linear2.weight")', '"linear1.weight")'),
    Fault("biases stay", "missing branch", "zeros_(parameter)", "pass"),
    Fault("norms drawn too", "condition", "elif parameter.ndim == 2:", "else:"),
    Fault("the variance for the spread", "factor", "std=small if added else std",
          "std=(small if added else std) ** 2"),
    Fault("initializer_range ignored", "wrong operand", "        small = std /",
          "        std = 0.02\n        small = std /"),
    Fault("norms set to 0", "condition", 'if name.endswith("bias"):', "if parameter.ndim == 1:"),
)  # fmt: skip
TRANSFORMER.task(
    "13.7", "models.GPT",
    Fault("no causal mask", "missing branch", "self.blocks(x, is_causal=True)", "self.blocks(x)"),
    Fault("mask off by one", "off by one", "self.blocks(x, is_causal=True)",
          "self.blocks(x, mask=Tensor(np.triu(np.ones((ids.shape[1],) * 2, bool), 2)))"),
    Fault("positions from 1", "off by one", "np.arange(ids.shape[1])",
          "np.arange(1, ids.shape[1] + 1) % self.config.n_positions"),
    Fault("positions backward", "order", "np.arange(ids.shape[1])",
          "np.arange(ids.shape[1])[::-1].copy()"),
    Fault("positions of the batch", "axis", "np.arange(ids.shape[1])",
          "np.minimum(np.arange(ids.shape[1]), ids.shape[0] - 1)"),
    Fault("no positions", "missing branch", "self.wte(ids) + self.wpe(places)", "self.wte(ids)"),
    Fault("multiplied in place of added", "wrong operand", "self.wte(ids) + self.wpe(places)",
          "self.wte(ids) * self.wpe(places)"),
    Fault("drop forgotten", "missing branch", "self.drop(self.wte(ids) + self.wpe(places))",
          "self.wte(ids) + self.wpe(places)"),
    Fault("drop on the tokens alone", "order", "self.drop(self.wte(ids) + self.wpe(places))",
          "self.drop(self.wte(ids)) + self.wpe(places)"),
    Fault("no head", "missing branch", "self.lm_head(self.blocks(x, is_causal=True))",
          "self.blocks(x, is_causal=True)"),
    Fault("probabilities for logits", "order",
          "return self.lm_head(self.blocks(x, is_causal=True))",
          "return functional.softmax(self.lm_head(self.blocks(x, is_causal=True)), -1)"),
    Fault("the last position alone", "shape",
          "return self.lm_head(self.blocks(x, is_causal=True))",
          "return self.lm_head(self.blocks(x, is_causal=True)[:, -1:])"),
    Fault("nothing is returned", "forgotten return", "return self.lm_head(", "self.lm_head("),
)  # fmt: skip
TRANSFORMER.task(
    "13.8", "models.next_token_loss",
    Fault("each token says itself", "off by one",
          "said = logits[:, :-1]", "said = logits[:, 1:]"),
    Fault("nothing is shifted", "off by one",
          "    said = logits[:, :-1].reshape(-1, logits.shape[2])\n"
          "    came = ids[:, 1:].reshape(-1)\n",
          "    said = logits.reshape(-1, logits.shape[2])\n    came = ids.reshape(-1)\n"),
    Fault("the token before", "off by one",
          "    said = logits[:, :-1].reshape(-1, logits.shape[2])\n"
          "    came = ids[:, 1:].reshape(-1)\n",
          "    said = logits[:, 1:].reshape(-1, logits.shape[2])\n"
          "    came = ids[:, :-1].reshape(-1)\n"),
    Fault("two tokens on", "off by one",
          "    said = logits[:, :-1].reshape(-1, logits.shape[2])\n"
          "    came = ids[:, 1:].reshape(-1)\n",
          "    said = logits[:, :-2].reshape(-1, logits.shape[2])\n"
          "    came = ids[:, 2:].reshape(-1)\n"),
    Fault("ignore_index ignored", "missing branch", ", ignore_index=ignore_index", ""),
    Fault("the sum for the mean", "factor", "ignore_index=ignore_index)",
          'ignore_index=ignore_index, reduction="sum")'),
    Fault("cut off from the graph", "state", "logits[:, :-1]", "logits.detach()[:, :-1]"),
    Fault("mixed up by a transpose", "transpose", "came = ids[:, 1:].reshape(-1)",
          "came = ids[:, 1:].T.reshape(-1)"),
    Fault("nothing is returned", "forgotten return", "return functional.cross_entropy(",
          "functional.cross_entropy("),
)  # fmt: skip
TRANSFORMER.task(
    "13.9", "models.GPT",
    Fault("top-k off by one", "off by one", "np.partition(logits, -k, axis=-1)[:, -k, None]",
          "np.sort(logits, axis=-1)[:, max(-k - 1, -logits.shape[-1]), None]"),
    Fault("the k smallest", "sign", "logits < smallest, -np.inf", "logits >= smallest, -np.inf"),
    Fault("equals of the k-th dropped", "condition", "logits < smallest", "logits <= smallest"),
    Fault("one bound for all rows", "axis", "[:, -k, None]", "[:1, -k, None]"),
    Fault("k above the number of tokens", "error not raised",
          "    k = min(k, logits.shape[-1])\n", ""),
    Fault("zeros for minus infinity", "wrong operand", "np.where(logits < smallest, -np.inf,",
          "np.where(logits < smallest, 0.0,"),
    Fault("top-k in place", "aliasing",
          "    return np.where(logits < smallest, -np.inf, logits)",
          "    logits[logits < smallest] = -np.inf\n    return logits"),
    Fault("top-p off by one", "off by one", "before = likely.cumsum(axis=-1) - likely",
          "before = likely.cumsum(axis=-1)"),
    Fault("top-p one too many", "off by one", "before = likely.cumsum(axis=-1) - likely",
          "before = np.roll(likely.cumsum(axis=-1) - likely, 1, axis=-1)"),
    Fault("top-p keeps the unlikely", "sign", "before < p", "before >= p"),
    Fault("rising order", "order", "np.argsort(-logits", "np.argsort(logits"),
    Fault("not put back", "order",
          "    np.put_along_axis(out, order, np.where(before < p, falling, -np.inf), axis=-1)\n",
          "    out[...] = np.where(before < p, falling, -np.inf)\n"),
    Fault("probabilities returned", "wrong operand", "before < p, falling", "before < p, likely"),
    Fault("the sum of logits", "wrong operand", "likely = probabilities(falling)",
          "likely = falling"),
    Fault("the rows added up", "axis", "likely.cumsum(axis=-1)",
          "likely.cumsum().reshape(likely.shape)"),
)  # fmt: skip
TRANSFORMER.task(
    "13.10", "models.GPT",
    Fault("sampling ignores its generator", "randomness", "u = generator.random(",
          "u = default_generator.random("),
    Fault("always the same numbers", "randomness", "u = generator.random(",
          "u = np.random.default_rng(0).random("),
    Fault("one number for all rows", "randomness", "generator.random((len(chances), 1))",
          "generator.random((1, 1))"),
    Fault("a number for each token", "randomness", "generator.random((len(chances), 1))",
          "generator.random(chances.shape)"),
    Fault("ends not divided", "stability", "    ends /= ends[:, -1:]\n", ""),
    Fault("one too high", "off by one", "(ends <= u).sum(axis=-1)", "(ends <= u).sum(axis=-1) + 1"),
    Fault("the chances for the ends", "missing branch", "ends = chances.cumsum(axis=-1)",
          "ends = chances.copy()"),
    Fault("from the other side", "sign", "(ends <= u)", "(ends > u)"),
    Fault("the wrong sum", "axis", "chances.cumsum(axis=-1)", "chances.cumsum(axis=0)"),
    Fault("temperature ignored", "missing branch", "    logits = logits / temperature\n", ""),
    Fault("temperature multiplies", "factor", "logits / temperature", "logits * temperature"),
    Fault("temperature applied to probabilities", "order",
          "    logits = logits / temperature\n",
          "    logits = np.log(probabilities(logits) / temperature)\n"),
    Fault("temperature after top_p", "order",
          "        logits = keep_top_p(logits, top_p)\n",
          "        logits = keep_top_p(logits * temperature, top_p) / temperature\n"),
    Fault("greedy at 1 too", "condition", "temperature == 0", "temperature in (0, 1)"),
    Fault("temperature 0 not special", "missing branch",
          "    if temperature == 0:\n        return logits.argmax(axis=-1)\n", ""),
    Fault("the least likely", "sign", "logits.argmax(axis=-1)", "logits.argmin(axis=-1)"),
    Fault("top_k ignored", "condition", "if top_k is not None", "if False"),
    Fault("top_p ignored", "condition", "if top_p is not None", "if False"),
    Fault("top_p before top_k", "order",
          "    if top_k is not None:\n        logits = keep_top_k(logits, top_k)\n"
          "    if top_p is not None:\n        logits = keep_top_p(logits, top_p)\n",
          "    if top_p is not None:\n        logits = keep_top_p(logits, top_p)\n"
          "    if top_k is not None:\n        logits = keep_top_k(logits, top_k)\n"),
)  # fmt: skip
TRANSFORMER.task(
    "13.11", "models.GPT",
    Fault("one token too few", "off by one", "range(count)", "range(count - 1)"),
    Fault("the first positions are seen", "wrong operand", "ids[:, -self.config.n_positions :]",
          "ids[:, : self.config.n_positions]"),
    Fault("never cut off", "missing branch", "ids[:, -self.config.n_positions :]", "ids"),
    Fault("one position too few is seen", "off by one", "-self.config.n_positions :",
          "-self.config.n_positions + 1 :"),
    Fault("the first position's logits", "wrong operand", "logits[:, -1]", "logits[:, 0]"),
    Fault("appended in front", "order", "[ids, chosen[:, None]]", "[chosen[:, None], ids]"),
    Fault("the last token alone is seen", "wrong operand", "ids[:, -self.config.n_positions :]",
          "ids[:, -1:]"),
    Fault("always greedy", "condition", "pick(logits[:, -1], *how)",
          "logits[:, -1].argmax(axis=-1)"),
    Fault("settings forgotten", "missing branch", "pick(logits[:, -1], *how)",
          "pick(logits[:, -1], how[0], None, None, how[3])"),
    Fault("sampling ignores its seed", "randomness", "pick(logits[:, -1], *how)",
          "pick(logits[:, -1], *how[:3], default_generator)"),
    Fault("only the new tokens", "forgotten return", "        return ids",
          "        return ids[:, ids.shape[1] - count :]"),
    Fault("only the first sequence goes on", "aliasing",
          "chosen = pick(logits[:, -1], *how)", "chosen = pick(logits[:, -1], *how)[:1]"
          " + np.zeros(len(ids), int)"),
)  # fmt: skip
TRANSFORMER.task(
    "13.12", "models.GPT",
    Fault("nothing transposed", "transpose", "array.T if is_conv1d(name) else array", "array"),
    Fault("everything transposed", "transpose", "array.T if is_conv1d(name) else array", "array.T"),
    Fault("square matrices not transposed", "transpose", "array.T if is_conv1d(name)",
          "array.T if is_conv1d(name) and array.shape[0] != array.shape[1]"),
    Fault("reshaped in place of transposed", "shape", "array.T if",
          "array.reshape(array.shape[::-1]) if"),
    Fault("asked by our name", "wrong operand", "is_conv1d(name)", "is_conv1d(our_name(name))"),
    Fault("the head forgotten", "missing branch",
          '    state["lm_head.weight"] = state["wte.weight"]\n', ""),
    Fault("masks loaded as weights", "missing branch",
          "        if our_name(name) is not None:\n            state[our_name(name)]",
          "        if True:\n            state[our_name(name)]"),
    Fault("the head from the positions", "wrong operand", '= state["wte.weight"]',
          '= state["wpe.weight"]'),
    Fault("the given dictionary emptied", "aliasing", "    state = {}\n",
          "    state = {}\n    weights.pop('lm_head.weight', None)\n"),
)  # fmt: skip

# More of them, thought of from the lesson alone, without its tests.

TRANSFORMER.task(
    "13.1",
    "nn.TransformerEncoderLayer",
    Fault(
        "linear2 always has a bias",
        "wrong operand",
        "Linear(dim_feedforward, d_model, bias=bias)",
        "Linear(dim_feedforward, d_model)",
    ),
)

TRANSFORMER.task(
    "13.2",
    "nn.TransformerEncoderLayer",
    Fault(
        "dropped before it is bent",
        "order",
        "self.dropout(self.activation(self.linear1(x)))",
        "self.activation(self.dropout(self.linear1(x)))",
    ),
)

TRANSFORMER.task(
    "13.3",
    "nn.TransformerEncoderLayer",
    Fault(
        "the second norm before the sum",
        "order",
        "return self.norm2(x + self._ff_block(x))",
        "return x + self.norm2(self._ff_block(x))",
    ),
)

TRANSFORMER.task(
    "13.9",
    "models.GPT",
    Fault(
        "the one that reaches p dropped",
        "off by one",
        "np.where(before < p, falling, -np.inf)",
        "np.where(before + likely <= p, falling, -np.inf)",
    ),
)

TRANSFORMER.task(
    "13.10",
    "models.GPT",
    Fault(
        "temperature after top_k and top_p",
        "order",
        "    logits = logits / temperature\n"
        "    if top_k is not None:\n"
        "        logits = keep_top_k(logits, top_k)\n"
        "    if top_p is not None:\n"
        "        logits = keep_top_p(logits, top_p)\n"
        "    return draw(probabilities(logits), generator)",
        "    if top_k is not None:\n"
        "        logits = keep_top_k(logits, top_k)\n"
        "    if top_p is not None:\n"
        "        logits = keep_top_p(logits, top_p)\n"
        "    return draw(probabilities(logits / temperature), generator)",
    ),
)

TRANSFORMER.task(
    "13.11",
    "models.GPT",
    Fault(
        "one place too few is read",
        "off by one",
        "ids[:, -self.config.n_positions :]",
        "ids[:, 1 - self.config.n_positions :]",
    ),
)

TRANSFORMER.task(
    "13.1",
    "nn.TransformerEncoderLayer",
    Fault(
        "linear2 is drawn before linear1",
        "order",
        "        self.linear1 = Linear(d_model, dim_feedforward, bias=bias)\n"
        "        self.dropout = Dropout(dropout)\n"
        "        self.linear2 = Linear(dim_feedforward, d_model, bias=bias)\n",
        "        second = Linear(dim_feedforward, d_model, bias=bias)\n"
        "        self.linear1 = Linear(d_model, dim_feedforward, bias=bias)\n"
        "        self.dropout = Dropout(dropout)\n"
        "        self.linear2 = second\n",
    ),
)

TRANSFORMER.task(
    "13.3",
    "nn.TransformerEncoderLayer",
    Fault(
        "the input is changed in evaluation",
        "aliasing",
        "            x = x + self._sa_block(self.norm1(x), *masks)\n",
        "            seen = self._sa_block(self.norm1(x), *masks)\n"
        "            if self.training:\n"
        "                x = x + seen\n"
        "            else:\n"
        "                x.data += seen.data\n",
    ),
)

TRANSFORMER.task(
    "13.9",
    "models.GPT",
    Fault(
        "one more where the sum is p exactly",
        "off by one",
        "np.where(before < p, falling, -np.inf)",
        "np.where(before <= p, falling, -np.inf)",
    ),
)

TRANSFORMER.task(
    "13.10",
    "models.GPT",
    Fault(
        "an end belongs to the token before it",
        "off by one",
        "return (ends <= u).sum(axis=-1)",
        "return (ends < u).sum(axis=-1)",
    ),
    Fault(
        "the logits are divided in place",
        "aliasing",
        "    logits = logits / temperature\n",
        "    logits /= temperature\n",
    ),
)
