"""A classifier of handwritten digits, 8 x 8 pixels each, in batches from a DataLoader."""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

DIGITS = Path(__file__).resolve().parents[1] / "tests" / "milestones" / "data" / "digits.npz"


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.hidden = nn.Linear(64, width)
        self.out = nn.Linear(width, 10)

    def forward(self, x):
        x = torch.flatten(x, 1)
        return self.out(F.relu(self.hidden(x)))


def start_from(net, seed):
    """The same first weights for every framework."""
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for p in net.parameters():
            scale = 1 / np.sqrt(p.shape[-1])
            p.copy_(torch.from_numpy(random.uniform(-scale, scale, tuple(p.shape))))


def load(digits):
    with np.load(digits) as file:
        images, labels = file["images"], file["labels"]
    images = torch.from_numpy(images.reshape(-1, 1, 8, 8).astype("float32") / 16)
    labels = torch.from_numpy(labels.astype("int64"))
    return TensorDataset(images[:1200], labels[:1200]), TensorDataset(images[1200:], labels[1200:])


def train(net, loader, optimizer, device):
    net.train()
    total = 0.0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def accuracy(net, loader, device):
    net.eval()
    right = 0
    with torch.no_grad():
        for images, labels in loader:
            guess = net(images.to(device)).argmax(dim=1)
            right += (guess == labels.to(device)).sum().item()
    return right / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--data", default=DIGITS)
    args = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    training, held_out = load(args.data)
    train_loader = DataLoader(training, batch_size=50, shuffle=False)
    test_loader = DataLoader(held_out, batch_size=100)
    net = Net(args.width).to(device)
    start_from(net, seed=0)
    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        loss = train(net, train_loader, optimizer, device)
        print(f"epoch {epoch} loss {loss:.6f} accuracy {accuracy(net, test_loader, device):.4f}")


if __name__ == "__main__":
    main()
