"""Losses and their gradients by PyTorch in float64, for tests/kernel/tests/losses.rs.

    pip install torch numpy
    python tests/reference/torch_losses.py > tests/reference/torch_losses.json
"""

import json

import torch

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)


def case(name, loss, y, target, parameter=None):
    y = y.to(torch.float32).to(torch.float64).requires_grad_()
    value = loss(y, target)
    value.backward()
    target = target.tolist()
    return {
        "loss": name,
        "parameter": parameter,
        "y": y.tolist(),
        "target": target if isinstance(target, list) else [target],
        "value": value.item(),
        "gradient": y.grad.tolist(),
    }


cases = []
for outputs in (1, 2, 3, 10):
    for scale in (0.1, 1.0, 30.0):
        y = torch.randn(outputs) * scale
        t = (torch.randn(outputs) * scale).to(torch.float32).to(torch.float64)
        p = torch.rand(outputs).to(torch.float32).to(torch.float64)
        cases.append(case("mse", torch.nn.MSELoss(), y, t))
        for bound in (0.25, 1.0, 2.5):
            cases.append(case("huber", torch.nn.HuberLoss(delta=bound), y, t, bound))
        cases.append(case("binary", torch.nn.BCEWithLogitsLoss(), y, p))
        cases.append(case("binary", torch.nn.BCEWithLogitsLoss(), y, p.round()))
        c = torch.randint(outputs, ())
        cases.append(case("softmax", torch.nn.CrossEntropyLoss(), y, c))

print(json.dumps(cases, indent=None).replace("}, {", "},\n{"))
