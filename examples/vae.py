"""A variational autoencoder (Kingma and Welling, 2013): it reads digits and draws new ones."""

from pathlib import Path

import numpy as np
import torch
from torch import nn, optim
from torch.nn import functional as F

DIGITS = Path(__file__).resolve().parents[1] / "tests" / "milestones" / "data" / "digits.npz"
RANDOM = np.random.default_rng(1)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 48)
        self.fc21 = nn.Linear(48, 4)
        self.fc22 = nn.Linear(48, 4)
        self.fc3 = nn.Linear(4, 48)
        self.fc4 = nn.Linear(48, 64)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        # torch.randn_like(std), with numbers that are the same for every framework
        eps = torch.from_numpy(RANDOM.standard_normal(tuple(std.shape)).astype("float32"))
        return mu + eps * std

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 64))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    """What the picture has lost, and how far the code is from a normal distribution."""
    bce = F.binary_cross_entropy(recon_x, x.view(-1, 64), reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


def start_from(net, seed):
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for p in net.parameters():
            scale = 1 / np.sqrt(p.shape[-1])
            p.copy_(torch.from_numpy(random.uniform(-scale, scale, tuple(p.shape))))


def draw(picture):
    for row in picture.view(8, 8).tolist():
        print("".join(" .:-=+*#%@"[min(9, int(10 * value))] * 2 for value in row))


with np.load(DIGITS) as file:
    images = torch.from_numpy(file["images"].reshape(-1, 1, 8, 8).astype("float32") / 16)

model = VAE()
start_from(model, seed=0)
optimizer = optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(5):
    train_loss = 0.0
    for data in images[:1200].split(60):
        optimizer.zero_grad()
        recon, mu, logvar = model(data)
        loss = loss_function(recon, data, mu, logvar)
        loss.backward()
        train_loss += loss.item()
        optimizer.step()
    print(f"epoch {epoch} loss {train_loss / 1200:.4f}")

with torch.no_grad():
    draw(model.decode(torch.zeros(1, 4)))
