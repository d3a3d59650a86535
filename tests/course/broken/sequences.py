"""Mistakes of modules 11 and 12: embeddings and attention."""

from __future__ import annotations

from tests.course.broken import Broken

EMBEDDINGS = "modules/11_embeddings/embeddings.py"
ATTENTION = "modules/12_attention/attention.py"

BROKEN = [
    Broken(
        "rows of an id that repeats not added up", "transformer",
        "out[ids[starts]] = np.add.reduceat(rows[order], starts)",
        "out[ids] = rows[order]",
        ("nn.Embedding.weight", "an id that repeats", EMBEDDINGS),
    ),
    Broken(
        "the same row for every id", "transformer",
        "return weight[ids]", "return weight[ids * 0]",
        ("does each id have its own row, not the first?", EMBEDDINGS),
    ),
    Broken(
        "padding that learns", "transformer",
        "out[padding_idx] = 0", "pass",
        ("padding_idx=1", EMBEDDINGS),
    ),
    Broken(
        "no positions, learned", "transformer",
        "return input + self.weight[:length]", "return input + 0 * self.weight[:length]",
        ("LearnedPositionalEmbedding", EMBEDDINGS),
    ),
    Broken(
        "no positions, sinusoidal", "transformer",
        "return input + table[:length]", "return input",
        ("SinusoidalPositionalEncoding", EMBEDDINGS),
    ),
    Broken(
        "attention not scaled", "transformer",
        "scale = 1 / math.sqrt(query.shape[-1]) if scale is None", "scale = 1.0 if scale is None",
        ("is it divided by sqrt(d)?", ATTENTION),
    ),
    Broken(
        "attention not scaled in the layer", "transformer",
        "scale, p = 1 / math.sqrt(self.head_dim),", "scale, p = 1.0,",
        ("is each head divided by sqrt(head_dim)?", ATTENTION),
    ),
    Broken(
        "attention scaled by the whole width", "transformer",
        "scale, p = 1 / math.sqrt(self.head_dim),", "scale, p = 1 / math.sqrt(self.embed_dim),",
        ("is it sqrt(embed_dim) instead of sqrt(head_dim)?", ATTENTION),
    ),
    Broken(
        "uniform attention", "transformer",
        "return (q * scale) @ k.mT", "return 0 * q @ k.mT",
        ("(uniform)?", ATTENTION),
    ),
    Broken(
        "uniform attention in the layer", "transformer",
        "scale, p = 1 / math.sqrt(self.head_dim),", "scale, p = 0.0,",
        ("nn.MultiheadAttention", "(uniform)?", ATTENTION),
    ),
    Broken(
        "the keys of the layer detached", "transformer",
        "q, k, v = self.project(query, 0), self.project(key, 1), self.project(value, 2)",
        "q, k, v = self.project(query, 0), self.project(key, 1).detach(), self.project(value, 2)",
        ("`nn.MultiheadAttention.in_proj_weight` (rows of K)", ATTENTION),
    ),
    Broken(
        "the queries of the layer detached", "transformer",
        "q, k, v = self.project(query, 0), self.project(key, 1), self.project(value, 2)",
        "q, k, v = self.project(query, 0).detach(), self.project(key, 1), self.project(value, 2)",
        ("`nn.MultiheadAttention", "(rows of Q)", ATTENTION),
    ),
    Broken(
        "the values of the layer detached", "transformer",
        "q, k, v = self.project(query, 0), self.project(key, 1), self.project(value, 2)",
        "q, k, v = self.project(query, 0), self.project(key, 1), self.project(value, 2).detach()",
        ("`nn.MultiheadAttention", "(rows of V)", ATTENTION),
    ),
    Broken(
        "attention that gives zeros", "transformer",
        "return self.weights @ v", "return 0 * self.weights @ v",
        ("scaled_dot_product_attention", "is zero everywhere", ATTENTION),
    ),
    Broken(
        "softmax over the queries", "transformer",
        "total = np.add.reduce(scores, axis=-1, keepdims=True)",
        "total = np.add.reduce(scores, axis=-2, keepdims=True)",
        ("do the shares of each row add up to 1, not of each column", ATTENTION),
    ),
    Broken(
        "a causal mask that leaks one place", "transformer",
        "return np.triu(np.full((queries, keys), -np.inf, dtype), 1)",
        "return np.triu(np.full((queries, keys), -np.inf, dtype), 2)",
        ("is_causal=True", "off by one", ATTENTION),
    ),
    Broken(
        "a mask that is ignored", "transformer",
        "scores += mask", "pass",
        ("is the mask used", ATTENTION),
    ),
    Broken(
        "the layer's mask ignored", "transformer",
        "return AttentionOp.apply(q, k, v, mask, scale), None",
        "return AttentionOp.apply(q, k, v, None, scale), None",
        ("nn.MultiheadAttention", "is the mask used (it sees the future)?", ATTENTION),
    ),
    Broken(
        "the layer's mask off by one", "transformer",
        "return AttentionOp.apply(q, k, v, mask, scale), None",
        "mask = None if mask is None else np.where(np.tri(*mask.shape[-2:], 1) > 0, 0, mask)\n"
        "            return AttentionOp.apply(q, k, v, mask.astype(q.dtype) if mask is not None "
        "else None, scale), None",
        ("nn.MultiheadAttention", "off by one", ATTENTION),
    ),
    Broken(
        "heads mixed", "transformer",
        "return x.reshape(n, length, heads, width // heads).transpose(1, 2)",
        "return x.reshape(n, heads, length, width // heads)",
        ("are the heads mixed", ATTENTION),
    ),
    Broken(
        "the queries' gradient dropped", "transformer",
        "return scores @ k, scores.mT @ q, weights.mT @ grad",
        "return 0 * (scores @ k), scores.mT @ q, weights.mT @ grad",
        ("for its input q is zero everywhere", ATTENTION),
    ),
    Broken(
        "the keys' gradient dropped", "transformer",
        "return scores @ k, scores.mT @ q, weights.mT @ grad",
        "return scores @ k, 0 * (scores.mT @ q), weights.mT @ grad",
        ("for its input k is zero everywhere", ATTENTION),
    ),
    Broken(
        "the values' gradient dropped", "transformer",
        "return scores @ k, scores.mT @ q, weights.mT @ grad",
        "return scores @ k, scores.mT @ q, 0 * (weights.mT @ grad)",
        ("for its input v is zero everywhere", ATTENTION),
    ),
    Broken(
        "the softmax's sum forgotten in backward", "transformer",
        "scores -= weights * np.add.reduce(scores, axis=-1, keepdims=True)", "pass",
        ("scaled_dot_product_attention", "The gradient", ATTENTION),
    ),
    Broken(
        "the scale forgotten in backward", "transformer",
        "scores *= scale\n", "pass\n",
        ("scaled_dot_product_attention", "The gradient", ATTENTION),
    ),
    Broken(
        "keys and values exchanged", "transformer",
        "self.project(key, 1), self.project(value, 2)",
        "self.project(key, 2), self.project(value, 1)",
        ("are K and V taken from the wrong thirds?", ATTENTION),
    ),
    Broken(
        "the keys projected from the query", "transformer",
        "self.project(key, 1)", "self.project(query, 1)",
        ("are the keys projected from key, not from the query?", ATTENTION),
    ),
    Broken(
        "key_padding_mask ignored", "transformer",
        "padding = padding[:, None, None, :]", "padding = 0 * total if total is not None else None",
        ("is key_padding_mask used?", ATTENTION),
    ),
]  # fmt: skip
