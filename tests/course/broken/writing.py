"""Mistakes of modules 09, 10 and 13: checkpoints, tokens, the transformer, and what it writes."""

from __future__ import annotations

from tests.course.broken import Broken

SERIALIZATION = "modules/09_serialization/serialization.py"
TOKENIZATION = "modules/10_tokenization/tokenization.py"
TRANSFORMER = "modules/13_transformer/transformer.py"

BROKEN = [
    Broken(
        "post-norm for pre-norm", "gpt", "if self.norm_first:", "if False:",
        ("do the norms stand in the other place", "nn.TransformerEncoderLayer", TRANSFORMER),
    ),
    Broken(
        "a shortcut dropped", "gpt",
        "return x + self._ff_block(self.norm2(x))", "return self._ff_block(self.norm2(x))",
        ("is the shortcut around the feed-forward half missing?", TRANSFORMER),
    ),
    Broken(
        "the encoder's masks forgotten", "gpt",
        "x = x + self._sa_block(self.norm1(x), *masks)",
        "x = x + self._sa_block(self.norm1(x), None, None)",
        ("is the mask used (it sees the future)?", TRANSFORMER),
    ),
    Broken(
        "tied weights untied", "gpt", "        self.lm_head.weight = self.wte.weight\n", "",
        ("`models.GPT` also has the parameter `lm_head.weight`", TRANSFORMER),
    ),
    Broken(
        "the GPT's mask off by one", "gpt", "self.blocks(x, is_causal=True)",
        "self.blocks(x, mask=Tensor(np.triu(np.ones((ids.shape[1],) * 2, bool), 2)))",
        ("is the mask off by one", "models.GPT", TRANSFORMER),
    ),
    Broken(
        "positions from 1", "gpt", "Tensor(np.arange(ids.shape[1]))",
        "Tensor(np.arange(1, ids.shape[1] + 1) % self.config.n_positions)",
        ("do the positions count from 1?", "models.GPT", TRANSFORMER),
    ),
    Broken(
        "each token says itself", "gpt", "came = ids[:, 1:].reshape(-1)",
        "came = ids[:, :-1].reshape(-1)",
        ("models.next_token_loss", TRANSFORMER),
    ),
    Broken(
        "temperature applied to probabilities", "gpt", "    logits = logits / temperature\n",
        "    logits = np.log(probabilities(logits) / temperature)\n",
        ("is the temperature used, and on the scores, not on probabilities?", TRANSFORMER),
    ),
    Broken(
        "top-k off by one", "gpt", "np.partition(logits, -k, axis=-1)[:, -k, None]",
        "np.sort(logits, axis=-1)[:, -k - 1, None]",
        ("are k kept, not k + 1?", TRANSFORMER),
    ),
    Broken(
        "top-p off by one", "gpt", "before = likely.cumsum(axis=-1) - likely",
        "before = likely.cumsum(axis=-1)",
        ("is the token missing with which the sum reaches p?", TRANSFORMER),
    ),
    Broken(
        "sampling ignores its seed", "gpt", "u = generator.random(", "u = np.random.random_sample(",
        ("after the same `manual_seed`, wrote two texts", TRANSFORMER),
    ),
    Broken(
        "sampling has a seed of its own", "gpt", "u = generator.random(",
        "u = np.random.default_rng(0).random(",
        ("the same text after two different seeds", TRANSFORMER),
    ),
    Broken(
        "a tokenizer that counts from 1", "gpt",
        "return [self.vocab[character] for character in text]",
        "return [self.vocab[character] + 1 for character in text]",
        ("CharTokenizer(", "from 0 on", TOKENIZATION),
    ),
    Broken(
        "a checkpoint that forgets the optimizer", "gpt",
        '            part.load_state_dict(state["parts"][name])\n',
        '            if name != "optimizer":\n'
        '                part.load_state_dict(state["parts"][name])\n',
        ("one step of Adam after", "The optimizer's memory", SERIALIZATION),
    ),
    Broken(
        "places in a file counted in numbers", "gpt", "begin + array.nbytes", "begin + array.size",
        ("does it count numbers, not bytes?", "serialization.layout", SERIALIZATION),
    ),
    Broken(
        "a resumed pass repeats a batch", "gpt",
        "            self.done += 1\n            yield batch\n",
        "            yield batch\n            self.done += 1\n",
        ("counted before it is given out?", "serialization.Resumable", SERIALIZATION),
    ),
    Broken(
        "a checkpoint that forgets the random numbers", "gpt",
        '        set_rng_state(state["generator"])\n', "",
        ("does not go on where it was at `capture`", "serialization.resume", SERIALIZATION),
    ),
]  # fmt: skip
