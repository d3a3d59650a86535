"""Residual blocks with batch normalization (He, Zhang, Ren and Sun, 2015) on the digits."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

DIGITS = Path(__file__).resolve().parents[1] / "tests" / "milestones" / "data" / "digits.npz"


class Block(nn.Module):
    def __init__(self, channels_in, channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True)
        )
        self.blocks = nn.Sequential(Block(8, 8), Block(8, 16, stride=2), Block(16, 16))
        self.pool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = self.pool(self.blocks(self.stem(x)))
        return self.fc(torch.flatten(x, 1))


def start_from(net, seed):
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for p in net.parameters():
            if p.dim() > 1:  # the normalizations begin with ones and zeros
                scale = np.sqrt(6 / p[0].numel())
                p.copy_(torch.from_numpy(random.uniform(-scale, scale, tuple(p.shape))))
    nn.init.zeros_(net.fc.bias)


with np.load(DIGITS) as file:
    images = torch.from_numpy(file["images"].reshape(-1, 1, 8, 8).astype("float32") / 16)
    labels = torch.from_numpy(file["labels"].astype("int64"))

net = ResNet()
start_from(net, seed=0)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=36)
for step in range(36):
    batch = slice(32 * step, 32 * step + 32)
    loss = criterion(net(images[batch]), labels[batch])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    if step % 6 == 0:
        print(f"step {step} loss {loss.item():.5f} rate {scheduler.get_last_lr()[0]:.4f}")

net.eval()
with torch.no_grad():
    scores = net(images[1200:1500])
print(f"held-out loss {nn.functional.cross_entropy(scores, labels[1200:1500]).item():.4f}")
