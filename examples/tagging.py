"""An LSTM reads a sentence and tags each word: determiner, noun, verb or adjective."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

DATA = [
    ("the old dog ate the apple", "D A N V D N"),
    ("everybody read that good book", "N V D A N"),
    ("a small child saw the dog", "D A N V D N"),
    ("the child read a book", "D N V D N"),
    ("that dog saw everybody", "D N V N"),
]
TAGS = {"D": 0, "N": 1, "V": 2, "A": 3}
WORDS = {}
for text, _ in DATA:
    for word in text.split():
        WORDS.setdefault(word, len(WORDS))


class LSTMTagger(nn.Module):
    def __init__(self, embedding_dim, hidden_dim, vocab_size, tagset_size):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)

    def forward(self, sentence):
        embeds = self.word_embeddings(sentence)
        lstm_out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
        tag_space = self.hidden2tag(lstm_out.view(len(sentence), -1))
        return F.log_softmax(tag_space, dim=1)


def start_from(net, seed):
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.from_numpy(random.uniform(-0.4, 0.4, tuple(p.shape))))


def prepare(words, index):
    return torch.tensor([index[word] for word in words.split()], dtype=torch.long)


model = LSTMTagger(6, 8, len(WORDS), len(TAGS))
start_from(model, seed=0)
loss_function = nn.NLLLoss()
optimizer = optim.SGD(model.parameters(), lr=0.5)

for epoch in range(61):
    total = 0.0
    for text, tags in DATA:
        model.zero_grad()
        tag_scores = model(prepare(text, WORDS))
        loss = loss_function(tag_scores, prepare(tags, TAGS))
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 15 == 0:
        print(f"epoch {epoch} loss {total / len(DATA):.5f}")

with torch.no_grad():
    for text, tags in DATA[:2]:
        found = model(prepare(text, WORDS)).argmax(dim=1).tolist()
        print(text, "->", " ".join("DNVA"[tag] for tag in found), f"({tags})")
