"""The digits of `tamis repro digits` by PyTorch: the same set-up with other draws, for tests/tests/repro_small.rs.

    pip install torch numpy scikit-learn
    python tests/reference/torch_digits.py > tests/reference/torch_digits.json

It also checks host/assets/digits.csv against scikit-learn's copy of the set.
"""

import json
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits

torch.set_num_threads(1)
SEEDS, ETA = 8, 0.05

digits = load_digits()
table = np.loadtxt(Path(__file__).parents[2] / "host/assets/digits.csv", delimiter=",", dtype=int)
assert (table == np.c_[digits.data, digits.target]).all()

test = np.arange(len(table)) % 5 == 4
x = torch.tensor(digits.data / 16, dtype=torch.float32)
y = torch.tensor(digits.target)
train_x, train_y, test_x, test_y = x[~test], y[~test], x[test], y[test]
power = (train_x**2).mean(0)
rare = (power > 0) & (power < 0.01)
used = power >= 0.01
border = torch.nonzero(~used).flatten()


def flash(images):
    """Pixels off the used ones, lit at random."""
    images = images.clone()
    images[:, border] = 0.75 * (torch.rand(len(images), len(border)) < 0.5).float()
    return images


def run(batch, updates, relabelled, decay, flashing, seed):
    shown = flash if flashing else lambda images: images
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    for layer in (net[0], net[2]):
        torch.nn.init.kaiming_normal_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    start = net[0].weight.detach().norm(dim=0)
    loss, n, done = torch.nn.CrossEntropyLoss(), len(train_x), 0
    weights = [layer.weight for layer in (net[0], net[2])]
    while done < updates:
        order = torch.randperm(n)
        for at in range(0, n, batch):
            rows = order[at : at + batch]
            labels = train_y[rows]
            if relabelled:
                labels = torch.where(torch.rand(len(rows)) < relabelled, torch.randint(10, labels.shape), labels)
            net.zero_grad()
            loss(net(shown(train_x[rows])), labels).backward()
            with torch.no_grad():
                for p in weights:
                    p.mul_(1 - ETA * decay)
                for p in net.parameters():
                    p.sub_(ETA * p.grad)
            done += 1
            if done == updates:
                break
    with torch.no_grad():
        end = net[0].weight.norm(dim=0)
        rms = lambda columns: columns.square().mean().sqrt().item()
        return {
            "accuracy": (net(shown(test_x)).argmax(1) == test_y).float().mean().item(),
            "training_loss": loss(net(shown(train_x)), train_y).item(),
            "rare": rms(end[rare]) / rms(start[rare]),
            "used": rms(end[used]) / rms(start[used]),
        }


RUNS = [
    ("batch 8", 8, 7200, 0.0, 0.0, False),
    ("batch 512, as many epochs", 512, 120, 0.0, 0.0, False),
    ("batch 512, as many updates", 512, 7200, 0.0, 0.0, False),
    ("batch 8, weight decay", 8, 7200, 0.0, 0.005, False),
    ("batch 8, noisy labels", 8, 7200, 0.2, 0.0, False),
    ("batch 512, noisy labels", 512, 7200, 0.2, 0.0, False),
    ("batch 8, noisy border too", 8, 7200, 0.2, 0.0, True),
    ("batch 512, noisy border too", 512, 7200, 0.2, 0.0, True),
]
runs = []
for name, batch, updates, relabelled, decay, flashing in RUNS:
    seeds = [run(batch, updates, relabelled, decay, flashing, seed) for seed in range(SEEDS)]
    runs.append({"name": name, "batch": batch, "updates": updates})
    for key in seeds[0]:
        values = sorted(round(seed[key], 5) for seed in seeds)
        runs[-1][key] = [values[0], values[-1]]
print(json.dumps({"torch": torch.__version__, "seeds": SEEDS, "runs": runs}, indent=1))
