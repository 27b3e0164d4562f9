"""What a step of W1, W2 and W3 takes in PyTorch: one thread, a batch of one, plain SGD, float32.

    pip install torch && python3 tests/reference/torch_bench.py

Prints one JSON object a line, as `tamis bench --torch` reads it. Weights and samples are PyTorch's own random ones:
the time of a step does not depend on them.
"""

import json
import time

import torch
from torch import nn

ROWS, STEPS, ROUNDS = 16, 300, 10


def linear(*widths):
    return nn.Sequential(*(nn.Linear(i, o, bias=False) for i, o in zip(widths, widths[1:])))


WORKLOADS = [
    ("W1", linear(15, 15, 15, 15, 1), nn.MSELoss(), 0.001, lambda: torch.randn(1, 1)),
    ("W2", nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 1)), nn.MSELoss(), 0.005,
     lambda: torch.randn(1, 1)),
    ("W3", nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10)), nn.CrossEntropyLoss(), 0.001,
     lambda: torch.randint(10, (1,))),
]


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    for name, net, loss, step_size, target in WORKLOADS:
        rows = [(torch.randn(1, net[0].in_features), target()) for _ in range(ROWS)]
        sgd = torch.optim.SGD(net.parameters(), lr=step_size)
        best = float("inf")
        for _ in range(ROUNDS):
            start = time.perf_counter_ns()
            for k in range(STEPS):
                x, t = rows[k % ROWS]
                sgd.zero_grad()
                loss(net(x), t).backward()
                sgd.step()
            best = min(best, (time.perf_counter_ns() - start) / STEPS)
        print(json.dumps({"workload": name, "variant": f"PyTorch {torch.__version__}", "ns_per_step": best}))


main()
