"""The plainest ladder: two scalings with a tanh between them."""

from __future__ import annotations

import numpy as np

from utils.ladder import Check, Ladder, LayerCase, Mistake, Overfit, Script
from utils.levels import LowLevel, ModuleLevel, NumpyLevel
from utils.parity.finding import passed

SCALE = '''
import numpy as np

class Scale:
    """y = a x, elementwise over the last axis."""
    def __init__(self, width, *, rng, dtype=np.float64):
        self.params = {"a": rng.normal(size=width).astype(dtype)}
        self.grads = {"a": np.zeros(width, dtype)}
    def forward(self, x):
        if x.ndim != 2 or x.shape[1] != len(self.params["a"]):
            raise ValueError(f"Scale expected (B, {len(self.params['a'])}), got {x.shape}")
        self.x = x
        return x * self.params["a"]
    def backward(self, dy):
        self.grads["a"] += (dy * self.x).sum(axis=0)
        return dy * self.params["a"]
    def zero_grads(self):
        self.grads["a"][...] = 0
'''

MODEL = """
class Model:
    def __init__(self, width, *, rng, dtype=np.float64):
        self.first, self.second = Scale(width, rng=rng, dtype=dtype), Scale(width, rng=rng, dtype=dtype)
        self.params = {"first.a": self.first.params["a"], "second.a": self.second.params["a"]}
        self.grads = {"first.a": self.first.grads["a"], "second.a": self.second.grads["a"]}
    def forward(self, x):
        return self.second.forward(np.tanh(self.first.forward(x)))
    def backward(self, dy):
        dh = self.second.backward(dy)
        return self.first.backward(dh * (1 - self.second.x ** 2))
    def zero_grads(self):
        self.first.zero_grads()
        self.second.zero_grads()
"""

SGD = """
class SGD:
    def __init__(self, params, lr):
        self.params, self.lr, self.state = params, lr, {}
    def step(self, grads):
        for name in self.params:
            self.params[name] -= self.lr * grads[name]
"""
NUMPY = SCALE + MODEL + SGD

LOW_MODEL = """
import torch

def init(generator):
    return {name: torch.randn(5, generator=generator, dtype=torch.float64).requires_grad_() for name in ("first.a", "second.a")}

def forward(params, x):
    first = x * params["first.a"]
    second = torch.tanh(first) * params["second.a"]
    return second, {"first": first, "second": second}
"""

LOW_SGD = """
class SGD:
    def __init__(self, params, lr):
        self.params, self.lr, self.state = params, lr, {}
    def zero_grad(self):
        for p in self.params.values():
            p.grad = None
    def step(self):
        with torch.no_grad():
            for p in self.params.values():
                p -= self.lr * p.grad
"""
LOWLEVEL = LOW_MODEL + LOW_SGD

PAPER_SCALE = """
import torch
from torch import nn

class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.a = nn.Parameter(torch.ones(width))
    def forward(self, x):
        return x * self.a
"""

PAPER_MODEL = """
class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first, self.second = Scale(width), Scale(width)
    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))
"""
PAPER = PAPER_SCALE + PAPER_MODEL

SOURCES = {"numpy": ("toy_numpy", NUMPY), "pytorch_lowlevel": ("toy_lowlevel", LOWLEVEL), "paper": ("toy_paper", PAPER)}


class NumpyScale(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("toy_numpy").Model(self.sizes["width"], rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"y": model.forward(batch["x"])}

    def loss(self, model, outputs, batch):
        error = outputs["y"] - batch["y"]
        return np.mean(error**2), lambda inputs: {"x": model.backward(2 * error / error.size)}

    def optimizer(self, params, lr=0.1):
        return self.load("toy_numpy").SGD(params, lr)


class LowScale(LowLevel):
    def init(self, generator):
        return self.load("toy_lowlevel").init(generator)

    def forward(self, model, batch, training):
        y, activations = self.load("toy_lowlevel").forward(model, batch["x"])
        return {"y": y}, activations

    def loss(self, model, outputs, batch):
        return ((outputs["y"] - batch["y"]) ** 2).mean()

    def optimizer(self, params, lr=0.1):
        return self.load("toy_lowlevel").SGD(params, lr)


class PaperScale(ModuleLevel):
    def build(self):
        return self.load("toy_paper").Model(self.sizes["width"])

    def forward(self, model, batch, training):
        return {"y": model(batch["x"])}

    def loss(self, model, outputs, batch):
        return ((outputs["y"] - batch["y"]) ** 2).mean()

    def optimizer(self, params, lr=0.1):
        import torch

        return torch.optim.SGD(params.values(), lr=lr)


def data(rng: np.random.Generator) -> dict[str, np.ndarray]:
    x = rng.normal(size=(7, 5))
    return {"x": x, "y": rng.normal(size=5) * np.tanh(x)}


def scale_case(load, rng, dtype):
    return load("toy_numpy").Scale(5, rng=rng, dtype=dtype), (rng.normal(size=(3, 5)),)


def toy_ladder(*mistakes: Mistake, **changes) -> Ladder:
    """The toy ladder, every proof of which holds."""
    declared = {
        "name": "toy",
        "chapter": "00",
        "paper": "none",
        "sizes": {"width": 5},
        "data": data,
        "modules": {level: name for level, (name, _) in SOURCES.items()},
        "builders": {"numpy": NumpyScale, "pytorch_lowlevel": LowScale, "paper": PaperScale},
        "reference_builders": {"itself": PaperScale},
        "inputs": ("x",),
        "activations": ("first", "second"),
        "layers": (LayerCase("Scale", scale_case, lambda params, x: x * params["a"]),),
        "checks": (Check("width", lambda load, rng: [passed("5")]),),
        "mistakes": mistakes,
        "scripts": (Script("nothing", lambda folder: (folder / "x").write_text("x")),),
        "overfit": Overfit(steps=200, loss=0.5),
    }
    return Ladder(**(declared | changes))
