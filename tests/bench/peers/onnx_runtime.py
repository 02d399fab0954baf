"""ONNX Runtime, on the graph that PyTorch exports of its own tower."""

import tempfile
import warnings
from pathlib import Path

import harness
import onnxruntime
import torch
from torch_towers import features


class Tower(torch.nn.Module):
    def __init__(self, values):
        super().__init__()
        self.values = values

    def forward(self, image):
        return features({**self.values, "image": image})


def load(arrays):
    values = {name: torch.from_numpy(array) for name, array in arrays.items()}
    image = values.pop("image")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = harness.THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = str(Path(folder) / "tower.onnx")
        torch.onnx.export(Tower(values), (image,), file, input_names=["image"], output_names=["z"], dynamo=True, verbose=False)
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"]), arrays["image"]


def tower(loaded):
    session, image = loaded
    last = {}

    def step():
        last["z"] = session.run(["z"], {"image": image})[0]

    return step, lambda: last


harness.main(f"onnxruntime {onnxruntime.__version__}", {"image_tower": (load, tower)})
