"""Networks of PyTorch and Keras as files, and what they predict, for tests/tests/exchange.rs; and what ONNX Runtime says
of the file that Tamis itself has written.

    cargo run --package tamis-host --bin tamis -- import tests/reference/exchange/image.json --out tests/reference/exchange
    pip install torch onnx onnxruntime safetensors 'keras==3.3.3' 'numpy<2'
    KERAS_BACKEND=torch python tests/reference/exchange.py

Names in keras.onnx are addresses, so that file is another each time. Written with torch 2.2.2, keras 3.3.3, onnx 1.23.2, onnxruntime 1.32.0, safetensors 0.8.0.
"""

import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import nn

FOLDER = pathlib.Path(__file__).parent / "exchange"
ROWS = 16
torch.manual_seed(11)
keras.utils.set_random_seed(11)
cases = []


def add(file, x, y, **hints):
    cases.append({"file": file, "x": x.tolist(), "y": y.tolist(), **hints})


def export(model, x, file):
    """As ONNX, for any number of rows."""
    torch.onnx.export(
        model.eval(), x, str(FOLDER / file), opset_version=13, input_names=["x"], output_names=["y"],
        dynamic_axes={"x": {0: "rows"}, "y": {0: "rows"}},
    )


def in_torch(name, model, inputs, hints):
    """The same model as state_dict and as ONNX; predictions in float64."""
    x = torch.randn(ROWS, inputs)
    y = model.double()(x.double()).detach()
    model = model.float()
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, FOLDER / f"{name}.safetensors")
    add(f"{name}.safetensors", x, y, **hints)
    export(model, x, f"{name}.onnx")
    add(f"{name}.onnx", x, y)


class Named(nn.Module):
    """Layers with names, two of them without biases."""

    def __init__(self):
        super().__init__()
        self.fc2 = nn.Linear(4, 6, bias=False)
        self.fc10 = nn.Linear(6, 5)
        self.fc11 = nn.Linear(5, 2, bias=False)

    def forward(self, x):
        return torch.sigmoid(self.fc11(torch.relu(self.fc10(torch.relu(self.fc2(x))))))


def sequential(widths, activation):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


# Six layers: their numbers are 0, 2, 4, 6, 8, 10.
in_torch("torch_sequential", sequential([3, 8, 7, 6, 5, 4, 1], nn.Tanh), 3, {"activation": "tanh"})
in_torch("torch_named", Named(), 4, {"activation": "relu", "last": "sigmoid"})
in_torch("torch_leaky", sequential([5, 9, 3], nn.LeakyReLU), 5, {"activation": "leaky_relu"})

# Keras, through the exporter of PyTorch, on which it runs here.
biases = keras.initializers.RandomNormal(stddev=0.5)
model = keras.Sequential([
    keras.Input((4,)),
    keras.layers.Dense(6, activation="tanh", bias_initializer=biases),
    keras.layers.Dense(5, activation="sigmoid", use_bias=False),
    keras.layers.Dense(2, bias_initializer=biases),
])
x = torch.randn(ROWS, 4)
z = x.double().numpy()
for layer, f in zip(model.layers, (np.tanh, lambda z: 1 / (1 + np.exp(-z)), lambda z: z)):
    weights = [np.asarray(w, dtype=np.float64) for w in layer.get_weights()]
    z = f(z @ weights[0] + (weights[1] if len(weights) > 1 else 0))
assert np.allclose(z, model(x).detach().cpu().numpy(), atol=1e-5)
export(model, x, "keras.onnx")
add("keras.onnx", x, torch.from_numpy(z))

# As tf2onnx writes a classifier: MatMul and Add, a constant node, Flatten in front, Softmax at the end.
rng = np.random.default_rng(11)
w1, b1 = rng.normal(size=(6, 8)).astype("f4"), rng.normal(size=8).astype("f4")
w2, b2 = rng.normal(size=(8, 3)).astype("f4"), rng.normal(size=(1, 3)).astype("f4")
nodes = [
    helper.make_node("Flatten", ["x"], ["flat"], name="flatten"),
    helper.make_node("MatMul", ["flat", "dense/kernel"], ["dense/MatMul:0"], name="dense/MatMul"),
    helper.make_node("Add", ["dense/MatMul:0", "dense/bias"], ["dense/Add:0"], name="dense/Add"),
    helper.make_node("Relu", ["dense/Add:0"], ["dense/Relu:0"], name="dense/Relu"),
    helper.make_node("Constant", [], ["out/kernel"], value=numpy_helper.from_array(w2, "out/kernel")),
    helper.make_node("MatMul", ["dense/Relu:0", "out/kernel"], ["out/MatMul:0"], name="out/MatMul"),
    helper.make_node("Add", ["out/bias", "out/MatMul:0"], ["out/Add:0"], name="out/Add"),
    helper.make_node("Softmax", ["out/Add:0"], ["y"], name="out/Softmax", axis=-1),
]
graph = helper.make_graph(
    nodes, "classifier",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 2, 3])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])],
    [
        numpy_helper.from_array(w1, "dense/kernel"),
        # Numbers in a field of their own and not as bytes.
        helper.make_tensor("dense/bias", TensorProto.FLOAT, [8], b1.tolist()),
        numpy_helper.from_array(b2, "out/bias"),
    ],
)
classifier = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.checker.check_model(classifier)
onnx.save(classifier, FOLDER / "keras_like.onnx")
x = rng.normal(size=(ROWS, 6)).astype("f4")
hidden = np.maximum(x.astype("f8") @ w1.astype("f8") + b1.astype("f8"), 0)
logits = hidden @ w2.astype("f8") + b2.astype("f8")
y = onnxruntime.InferenceSession(str(FOLDER / "keras_like.onnx")).run(None, {"x": x.reshape(ROWS, 2, 3)})[0]
softmax = np.exp(logits - logits.max(1, keepdims=True))
assert np.allclose(softmax / softmax.sum(1, keepdims=True), y, atol=1e-6)
add("keras_like.onnx", torch.from_numpy(x), torch.from_numpy(logits))

# What Tamis has written, as ONNX Runtime computes it.
onnx.checker.check_model(onnx.load(FOLDER / "model.onnx"), full_check=True)
session = onnxruntime.InferenceSession(str(FOLDER / "model.onnx"))
x = (3 * rng.normal(size=(64, session.get_inputs()[0].shape[1]))).astype("f4")
y = session.run(None, {session.get_inputs()[0].name: x})[0]
ours = {"x": x.tolist(), "y": y.tolist()}

# What must be refused: halves and doubles.
layer = {"0.weight": torch.randn(4, 3), "0.bias": torch.randn(4)}
save_file({key: value.half() for key, value in layer.items()}, FOLDER / "half.safetensors")
save_file({key: value.double() for key, value in layer.items()}, FOLDER / "double.safetensors")

text = json.dumps({"cases": cases, "ours": ours}).replace('{"file"', '\n{"file"').replace('"ours"', '\n"ours"')
(FOLDER / "predictions.json").write_text(text + "\n")
