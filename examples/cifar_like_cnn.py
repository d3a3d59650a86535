"""A convolutional network on small color pictures: which of four shapes, in any color and place?

The pictures are drawn here, 16 x 16 in three colors, so that nothing has to be downloaded.
"""

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset

CLASSES = ("square", "frame", "cross", "stripe")


def picture(random, shape):
    image = random.uniform(0, 0.3, (3, 16, 16))
    top, left = random.integers(1, 9, 2)
    patch = np.zeros((6, 6))
    if shape == "square":
        patch[:] = 1
    elif shape == "frame":
        patch[:] = 1
        patch[1:-1, 1:-1] = 0
    elif shape == "cross":
        patch[2:4] = patch[:, 2:4] = 1
    else:
        patch[2:4] = 1
    color = random.uniform(0.4, 1.0, 3)
    image[:, top : top + 6, left : left + 6] += color[:, None, None] * patch
    return image.clip(0, 1).astype("float32")


class Shapes(Dataset):
    def __init__(self, count, seed):
        random = np.random.default_rng(seed)
        self.labels = random.integers(0, 4, count)
        self.images = [picture(random, CLASSES[label]) for label in self.labels]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return torch.from_numpy(self.images[index]), int(self.labels[index])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * 4 * 4, 32)
        self.fc2 = nn.Linear(32, 4)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.pool(self.relu(self.conv1(x)))
        x = self.pool(self.relu(self.conv2(x)))
        x = x.view(-1, 16 * 4 * 4)
        return self.fc2(self.relu(self.fc1(x)))


def start_from(net, seed):
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for p in net.parameters():
            fan_in = p[0].numel() if p.dim() > 1 else p.numel()
            scale = 1 / np.sqrt(fan_in)
            p.copy_(torch.from_numpy(random.uniform(-scale, scale, tuple(p.shape))))


train_loader = DataLoader(Shapes(320, seed=1), batch_size=32)
test_loader = DataLoader(Shapes(100, seed=2), batch_size=50)
net = Net()
start_from(net, seed=0)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.02, momentum=0.9)

for epoch in range(8):
    running_loss = 0.0
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print(f"epoch {epoch + 1} loss {running_loss / len(train_loader):.6f}")

correct = total = 0
with torch.no_grad():
    for inputs, labels in test_loader:
        _, predicted = torch.max(net(inputs), 1)
        total += labels.size(0)
        correct += (predicted == labels).sum().item()
print(f"accuracy {correct / total:.4f}")
