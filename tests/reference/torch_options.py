"""Whole trainings of PyTorch with every option that it defines, in float64 from float32 starts.

Run `pip install torch numpy`, then `python3 torch_options.py`; it writes `torch_options.json` beside itself.
Tensors keep PyTorch's layout: weights are [out][in]. Decoupled decay is AdamW's, done by hand: PyTorch's SGD has none.
"""

import json
from pathlib import Path

import torch
from torch import nn

UPDATES = 20
ROWS = 8
LOSSES = {
    "mse": nn.MSELoss(),
    "huber": nn.HuberLoss(delta=0.5),
    "binary": nn.BCEWithLogitsLoss(),
    "softmax": nn.CrossEntropyLoss(),
}
ACTIVATIONS = {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU}
NETS = [
    {"name": "tanh", "widths": [4, 6, 3], "activation": "tanh", "bias": True},
    {"name": "leaky", "widths": [5, 6, 4, 3], "activation": "leaky_relu", "bias": True},
    {"name": "sigmoid", "widths": [3, 5, 2], "activation": "sigmoid", "bias": False},
]
OPTIONS = [
    {},
    {"momentum": 0.9},
    {"decay": 0.1},
    {"decay": 0.1, "decay_biases": 0.1},
    {"decay": 0.1, "decay_biases": 0.05, "decoupled": True},
    {"clip_value": 0.05},
    {"clip_norm": 0.2},
    {"momentum": 0.7, "clip_value": 0.05, "decay": 0.1},
    {"momentum": 0.7, "clip_norm": 0.2, "decay": 0.1, "decay_biases": 0.1},
    {"momentum": 0.7, "clip_norm": 0.2, "decay": 0.1, "decoupled": True},
    {"warm_up": 7},
    {"step_decay": [6, 0.5]},
    {"cosine": 20},
    {"drop": [13, 0.2]},
    {"warm_up": 5, "drop": [13, 0.2]},
    {"cosine": 23, "momentum": 0.5, "decay": 0.1, "decoupled": True},
]


def net(spec):
    layers = []
    for i, o in zip(spec["widths"], spec["widths"][1:]):
        layers += [nn.Linear(i, o, bias=spec["bias"]), ACTIVATIONS[spec["activation"]]()]
    return nn.Sequential(*layers[:-1])


def tensors(model):
    digits = lambda p: [float(f"{v:.9g}") for v in p.detach().flatten().tolist()]
    return {name: digits(p) for name, p in model.named_parameters()}


def scheduler(optimiser, options):
    """The scheduler of the step size, if any."""
    schedules = torch.optim.lr_scheduler
    if "warm_up" in options:
        at, factor = options.get("drop", (UPDATES, 1))
        whole = lambda t: min(1, (t + 1) / options["warm_up"]) * (factor if t >= at else 1)
        return schedules.LambdaLR(optimiser, whole)
    if "step_decay" in options:
        return schedules.StepLR(optimiser, *options["step_decay"])
    if "cosine" in options:
        return schedules.CosineAnnealingLR(optimiser, options["cosine"])
    if "drop" in options:
        at, factor = options["drop"]
        return schedules.MultiStepLR(optimiser, [at], factor)
    return None


def train(spec, state, loss, xs, targets, batch, eta, options):
    model = net(spec)
    model.load_state_dict(state)
    model = model.double()
    named = list(model.named_parameters())
    coupled = not options.get("decoupled", False)
    groups = []
    for kind, key in [("weight", "decay"), ("bias", "decay_biases")]:
        params = [p for name, p in named if name.endswith(kind)]
        decay = options.get(key, 0.0)
        if params:
            groups.append({"params": params, "weight_decay": decay if coupled else 0.0, "by_hand": 0.0 if coupled else decay})
    optimiser = torch.optim.SGD(groups, lr=eta, momentum=options.get("momentum", 0.0))
    schedule = scheduler(optimiser, options)
    for update in range(UPDATES):
        rows = [(update * batch + k) % ROWS for k in range(batch)]
        optimiser.zero_grad()
        LOSSES[loss](model(xs[rows].double()), targets[rows]).backward()
        if "clip_norm" in options:
            nn.utils.clip_grad_norm_(model.parameters(), options["clip_norm"])
        if "clip_value" in options:
            nn.utils.clip_grad_value_(model.parameters(), options["clip_value"])
        with torch.no_grad():
            for group in optimiser.param_groups:
                for p in group["params"]:
                    p.mul_(1 - group["lr"] * group["by_hand"])
        optimiser.step()
        if schedule:
            schedule.step()
    return tensors(model)


def case(spec, seed):
    torch.manual_seed(seed)
    start = net(spec)
    outputs = spec["widths"][-1]
    xs = torch.randn(ROWS, spec["widths"][0])
    measured, probable = torch.randn(ROWS, outputs), torch.rand(ROWS, outputs)
    classes = torch.randint(outputs, (ROWS,))
    targets = {"mse": measured.double(), "huber": measured.double(), "binary": probable.double(), "softmax": classes}
    exact = lambda t: [[float(str(v)) for v in row] for row in t.numpy()]
    trainings = []
    for index, options in enumerate(OPTIONS):
        # Every option with two of the losses, one at a batch of one and one at a batch of four; plain with all.
        names = list(LOSSES)
        pairs = [(names[index % 4], 1), (names[(index + 1 + index // 4) % 4], 4)]
        for loss, batch in pairs if options else [(loss, batch) for loss in names for batch in (1, 4)]:
            after = train(spec, start.state_dict(), loss, xs, targets[loss], batch, 0.1, options)
            trainings.append({"loss": loss, "batch": batch, "eta": 0.1, **options, "after": after})
    return {
        **spec,
        "initial": {name: [float(str(v)) for v in p.detach().numpy().ravel()] for name, p in start.named_parameters()},
        "inputs": exact(xs),
        "targets": {
            "mse": exact(measured),
            "huber": exact(measured),
            "binary": exact(probable),
            "softmax": [[float(c)] for c in classes],
        },
        "trainings": trainings,
    }


vectors = {
    "torch": torch.__version__,
    "updates": UPDATES,
    "huber": 0.5,
    "nets": [case(spec, seed) for seed, spec in enumerate(NETS, 11)],
}
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(vectors).replace('{"loss"', '\n{"loss"').replace('{"name"', '\n{"name"') + "\n")
