"""Gradient descent fits three curves: a line, a sine, and the radius and center of a circle."""

import math

import numpy as np
import torch

STEPS = 60


def fit(name, parameters, loss_of, optimizer):
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        if step % 20 == 0:
            print(f"{name} step {step} loss {loss.item():.6f}")
    values = " ".join(f"{p.item():.4f}" for p in parameters)
    print(f"{name} found {values}")


def parameter(value):
    return torch.tensor(float(value), requires_grad=True)


random = np.random.default_rng(0)
x = torch.linspace(-1, 1, 50)
noise = torch.from_numpy(random.normal(0, 0.05, 50).astype("float32"))

slope, offset = parameter(0), parameter(0)
line = 2 * x - 0.5 + noise
fit(
    "line",
    [slope, offset],
    lambda: ((slope * x + offset - line) ** 2).mean(),
    torch.optim.SGD([slope, offset], lr=0.2, momentum=0.5),
)

size, speed = parameter(0.5), parameter(2.5)
wave = 1.5 * torch.sin(math.pi * x) + noise
fit(
    "sine",
    [size, speed],
    lambda: ((size * torch.sin(speed * x) - wave) ** 2).mean(),
    torch.optim.Adam([size, speed], lr=0.05),
)

angle = torch.linspace(0, 2 * math.pi, 40)
points = torch.stack([1 + 2 * angle.cos(), -1 + 2 * angle.sin()], dim=1)
center = torch.zeros(2, requires_grad=True)
radius = parameter(1)
optimizer = torch.optim.SGD([center, radius], lr=0.1)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=20, gamma=0.5)
for step in range(STEPS):
    optimizer.zero_grad()
    distance = ((points - center) ** 2).sum(dim=1).sqrt()
    loss = (distance - radius).pow(2).mean()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 20 == 0:
        print(f"circle step {step} loss {loss.item():.6f} rate {scheduler.get_last_lr()[0]:.3f}")
print("circle found", " ".join(f"{value:.4f}" for value in [*center.tolist(), radius.item()]))
