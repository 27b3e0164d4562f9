"""What a step takes in PyTorch as a researcher writes the loop: the linear experiment of arXiv 2406.11110 at a batch of
one, one thread, float32.

    pip install torch && python3 tests/reference/torch_loop.py

15-15-15-15-1 without activations and biases, 10,000 stored samples in random order, mean squared error, step size 0.1,
the norm of the gradient at most 1. Only the training is timed: drawing the order and reading norms is not. Prints
nanoseconds a step, the median and the fastest of some rounds, as one JSON object that `tamis sweep bench --torch` reads.
"""

import json
import statistics
import time

import torch
from torch import nn

SAMPLES, STEPS, ROUNDS = 10_000, 400, 15


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    x = torch.randn(SAMPLES, 15)
    y = x[:, :5].sum(dim=1, keepdim=True)
    net = nn.Sequential(*(nn.Linear(15, outputs, bias=False) for outputs in (15, 15, 15, 1)))
    for layer in net:
        nn.init.kaiming_normal_(layer.weight)
    loss, sgd = nn.MSELoss(), torch.optim.SGD(net.parameters(), lr=0.1)
    times = []
    for _ in range(ROUNDS):
        order = torch.randperm(SAMPLES)[:STEPS]
        start = time.perf_counter_ns()
        for k in order:
            row = k.unsqueeze(0)
            sgd.zero_grad()
            loss(net(x[row]), y[row]).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            sgd.step()
        times.append((time.perf_counter_ns() - start) / STEPS)
    print(json.dumps({"torch": torch.__version__, "median_ns": statistics.median(times), "fastest_ns": min(times)}))


main()
