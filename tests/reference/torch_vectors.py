"""Losses, gradients and trainings of PyTorch, in float64 from float32 starts.

Run `pip install torch numpy`, then `python3 torch_vectors.py`; it writes `torch_vectors.json` beside itself.
Tensors keep PyTorch's layout: weights are [out][in].
"""

import json
from pathlib import Path

import torch
from torch import nn

UPDATES = 20
SETTINGS = [
    {"name": "one by one", "batch": 1, "eta": 0.05},
    {"name": "batch of four", "batch": 4, "eta": 0.1},
    {"name": "one by one, decay", "batch": 1, "eta": 0.05, "decay": 0.02},
    {"name": "batch of four, decay", "batch": 4, "eta": 0.1, "decay": 0.02},
    {"name": "one by one, clipped", "batch": 1, "eta": 0.05, "clip": 0.25},
    {"name": "batch of four, clipped", "batch": 4, "eta": 0.1, "clip": 0.25},
    {"name": "one by one, clipped, decay", "batch": 1, "eta": 0.05, "clip": 0.25, "decay": 0.02},
    {"name": "batch of four, clipped, decay", "batch": 4, "eta": 0.1, "clip": 0.25, "decay": 0.02},
]


def net(widths, activation, bias):
    layers = []
    for i, o in zip(widths, widths[1:]):
        layers += [nn.Linear(i, o, bias=bias), activation()]
    return nn.Sequential(*layers[:-1])


def tensors(model, of=lambda p: p):
    digits = lambda v: [float(f"{v:.10g}") for v in v]
    return {name: digits(of(p).detach().flatten().tolist()) for name, p in model.named_parameters()}


def train(model, xs, ts, batch, eta, decay=0.0, clip=None, **_):
    named = list(model.named_parameters())
    groups = [
        {"params": [p for name, p in named if name.endswith("weight")], "weight_decay": decay},
        {"params": [p for name, p in named if name.endswith("bias")], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.SGD([group for group in groups if group["params"]], lr=eta)
    for update in range(UPDATES):
        rows = [(update * batch + k) % len(xs) for k in range(batch)]
        optimiser.zero_grad()
        nn.functional.mse_loss(model(xs[rows]), ts[rows]).backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimiser.step()
    return tensors(model)


def case(name, widths, activation, bias, seed):
    torch.manual_seed(seed)
    start = net(widths, activation, bias)  # PyTorch's own initial weights
    xs, ts = torch.randn(8, widths[0]), torch.randn(8, widths[-1])
    rounded = lambda t: [[float(str(v)) for v in row] for row in t.numpy()]
    exact = lambda p: [float(str(v)) for v in p.detach().numpy().ravel()]
    initial = {name: exact(p) for name, p in start.named_parameters()}

    def fresh():
        model = net(widths, activation, bias)
        model.load_state_dict(start.state_dict())
        return model.double()

    model, x64, t64 = fresh(), xs.double(), ts.double()
    loss = nn.functional.mse_loss(model(x64), t64)
    loss.backward()
    return {
        "name": name,
        "widths": widths,
        "initial": initial,
        "inputs": rounded(xs),
        "targets": rounded(ts),
        "loss": loss.item(),
        "gradient": tensors(model, lambda p: p.grad),
        "trainings": [{**s, "after": train(fresh(), x64, t64, **s)} for s in SETTINGS],
    }


vectors = {
    "torch": torch.__version__,
    "updates": UPDATES,
    "nets": [
        case("tanh", [15, 16, 4], nn.Tanh, True, 1),
        case("linear", [6, 8, 1], nn.Identity, False, 2),
        case("relu", [5, 7, 3], nn.ReLU, True, 3),
    ],
}
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(vectors).replace('{"name"', '\n{"name"') + "\n")
