"""Models of names, letter by letter, from two letters to attention: bigram, MLP, GRU, transformer.

Every model gets a block of letters and scores the next one at each place.
"""

import numpy as np
import torch
import torch.nn as nn
from torch.nn import functional as F

NAMES = """ada alan albert alonzo barbara bernhard blaise carl claude david dennis donald edsger
emmy ernst evariste frances fritz george grace guido hedy helena ida isaac jean john joan joseph
judea kathleen ken kurt leonhard linus lotfi margaret marie marvin mary niels niklaus norbert
pafnuty pierre radia richard robert rosalind seymour shafi sofya stephen tim tony vannevar
""".split()
LETTERS = "." + "abcdefghijklmnopqrstuvwxyz"
BLOCK, WIDTH, VOCABULARY = 8, 16, len(LETTERS)


class Bigram(nn.Module):
    def __init__(self):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros((VOCABULARY, VOCABULARY)))

    def forward(self, idx):
        return self.logits[idx]


class MLP(nn.Module):
    """Bengio and others (2003): the letters before, side by side, through one hidden layer."""

    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(VOCABULARY + 1, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(BLOCK * WIDTH, 32), nn.Tanh(), nn.Linear(32, VOCABULARY))

    def forward(self, idx):
        embeddings = []
        for _ in range(BLOCK):
            embeddings.append(self.wte(idx))
            idx = torch.roll(idx, 1, 1)
            idx[:, 0] = VOCABULARY  # nothing stands before the first letter
        return self.mlp(torch.cat(embeddings, -1))


class GRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(VOCABULARY, WIDTH)
        self.gru = nn.GRU(WIDTH, 24, batch_first=True)
        self.lm_head = nn.Linear(24, VOCABULARY)

    def forward(self, idx):
        hidden, _ = self.gru(self.wte(idx))
        return self.lm_head(hidden)


class Attention(nn.Module):
    def __init__(self, heads=2):
        super().__init__()
        self.c_attn = nn.Linear(WIDTH, 3 * WIDTH)
        self.c_proj = nn.Linear(WIDTH, WIDTH)
        self.heads = heads
        mask = torch.tril(torch.ones(BLOCK, BLOCK)).view(1, 1, BLOCK, BLOCK)
        self.register_buffer("bias", mask)

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = self.c_attn(x).split(C, dim=2)
        q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in (q, k, v))
        att = (q @ k.transpose(-2, -1)) * (1.0 / np.sqrt(k.size(-1)))
        att = att.masked_fill(self.bias[:, :, :T, :T] == 0, float("-inf"))
        y = F.softmax(att, dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(VOCABULARY, WIDTH)
        self.wpe = nn.Embedding(BLOCK, WIDTH)
        self.ln_1, self.ln_2, self.ln_f = (nn.LayerNorm(WIDTH) for _ in range(3))
        self.attn = Attention()
        self.mlp = nn.ModuleDict(
            {"c_fc": nn.Linear(WIDTH, 4 * WIDTH), "c_proj": nn.Linear(4 * WIDTH, WIDTH)}
        )
        self.lm_head = nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, idx):
        pos = torch.arange(0, idx.size(1), dtype=torch.long).unsqueeze(0)
        x = self.wte(idx) + self.wpe(pos)
        x = x + self.attn(self.ln_1(x))
        x = x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x))))
        return self.lm_head(self.ln_f(x))


def blocks():
    """Letters and the letters after them; -1 where nothing is to be learned."""
    x = torch.zeros(len(NAMES), BLOCK, dtype=torch.long)
    y = torch.full((len(NAMES), BLOCK), -1, dtype=torch.long)
    for row, name in enumerate(NAMES):
        ids = torch.tensor([LETTERS.index(letter) for letter in name[: BLOCK - 1]])
        x[row, 1 : 1 + len(ids)] = ids
        y[row, : len(ids)] = ids
        y[row, len(ids)] = 0
    return x, y


def start_from(net, seed):
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if "ln_" not in name:
                p.copy_(torch.from_numpy(random.normal(0, 0.2, tuple(p.shape))))


@torch.no_grad()
def generate(model, random):
    idx = torch.zeros(1, 1, dtype=torch.long)
    while idx.size(1) < BLOCK:
        probs = F.softmax(model(idx)[:, -1, :], dim=-1)
        # torch.multinomial(probs, 1), with a number that is the same for every framework
        chosen = (probs.cumsum(dim=-1) < random.uniform()).sum(dim=-1, keepdim=True)
        idx = torch.cat((idx, chosen.clamp(max=VOCABULARY - 1)), dim=1)
        if idx[0, -1].item() == 0:
            break
    return "".join(LETTERS[i] for i in idx[0, 1:].tolist() if i)


inputs, targets = blocks()
for kind in (Bigram, MLP, GRU, Transformer):
    model = kind()
    start_from(model, seed=0)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=0.02, weight_decay=0.01, betas=(0.9, 0.99), eps=1e-8
    )
    for step in range(31):
        logits = model(inputs)
        loss = F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)
        model.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"{kind.__name__} step {step} loss {loss.item():.5f}")
    model.eval()
    random = np.random.default_rng(2)
    print(f"{kind.__name__} writes", ", ".join(generate(model, random) for _ in range(5)))
