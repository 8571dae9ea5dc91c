"""A tiny chapter, written into a temporary folder: what the tests of the engine prove and break."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np

from utils.ladder import Check, Ladder, LayerCase, Level, Mistake, Overfit, Script
from utils.levels import LowLevel, ModuleLevel, NumpyLevel
from utils.parity.finding import passed

NUMPY = '''
import numpy as np

class Scale:
    """y = a x, elementwise over the last axis."""
    def __init__(self, width, *, rng, dtype=np.float64):
        self.params = {"a": rng.normal(size=width).astype(dtype)}
        self.grads = {"a": np.zeros(width, dtype)}
    def forward(self, x):
        self.x = x
        return x * self.params["a"]
    def backward(self, dy):
        self.grads["a"] += (dy * self.x).sum(axis=0)
        return dy * self.params["a"]
    def zero_grads(self):
        self.grads["a"][...] = 0

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

class SGD:
    def __init__(self, params, lr):
        self.params, self.lr, self.state = params, lr, {}
    def step(self, grads):
        for name in self.params:
            self.params[name] -= self.lr * grads[name]
'''

LOWLEVEL = """
import torch

def init(generator):
    return {name: torch.randn(5, generator=generator, dtype=torch.float64).requires_grad_() for name in ("first.a", "second.a")}

def forward(params, x):
    first = x * params["first.a"]
    second = torch.tanh(first) * params["second.a"]
    return second, {"first": first, "second": second}

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

PAPER = """
import torch
from torch import nn

class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.a = nn.Parameter(torch.ones(width))
    def forward(self, x):
        return x * self.a

class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first, self.second = Scale(width), Scale(width)
    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))
"""

MODULES = {"numpy": ("toy_numpy", NUMPY), "pytorch_lowlevel": ("toy_lowlevel", LOWLEVEL), "paper": ("toy_paper", PAPER)}


def write_chapter(folder: Path) -> None:
    """The toy chapter under `folder`, its level folders on the import path."""
    (folder / "ladder.py").write_text("LADDERS = {}\n")
    for level, (name, source) in MODULES.items():
        (folder / level).mkdir()
        (folder / level / f"{name}.py").write_text(source)
        sys.path.insert(0, str(folder / level))
    importlib.invalidate_caches()


def forget_chapter(folder: Path) -> None:
    for level, (name, _) in MODULES.items():
        sys.path.remove(str(folder / level))
        sys.modules.pop(name, None)


def numpy_level(toy: ModuleType) -> Level:
    def one_pass(model, batch, training):
        y = model.forward(batch["x"])

        def backward(inputs):
            return {"x": model.backward(2 * (y - batch["y"]) / y.size)}

        return {"y": y}, float(np.mean((y - batch["y"]) ** 2)), backward

    return NumpyLevel(
        lambda rng, dtype: toy.Model(5, rng=rng, dtype=dtype),
        one_pass,
        lambda model, lr=0.1: toy.SGD(model.params, lr),
        activations=("first", "second"),
    )


def lowlevel_level(toy: ModuleType) -> Level:
    def one_pass(params, batch, training):
        y, activations = toy.forward(params, batch["x"])
        return {"y": y}, ((y - batch["y"]) ** 2).mean(), activations

    return LowLevel(toy.init, one_pass, lambda params, lr=0.1: toy.SGD(params, lr), inputs=("x",))


def paper_level(toy: ModuleType) -> Level:
    import torch

    def one_pass(module, batch):
        y = module(batch["x"])
        return {"y": y}, ((y - batch["y"]) ** 2).mean()

    return ModuleLevel(
        lambda: toy.Model(5),
        one_pass,
        lambda module, lr=0.1: torch.optim.SGD(module.parameters(), lr=lr),
        inputs=("x",),
        activations=("first", "second"),
    )


def batch(rng: np.random.Generator) -> dict[str, np.ndarray]:
    x = rng.normal(size=(7, 5))
    return {"x": x, "y": rng.normal(size=5) * np.tanh(x)}


def toy_ladder(*mistakes: Mistake, **changes) -> Ladder:
    """The toy ladder, every proof of which holds."""
    declared = {
        "name": "toy",
        "chapter": "00",
        "paper": "none",
        "init": lambda rng: {"first.a": rng.normal(size=5), "second.a": rng.normal(size=5)},
        "batch": batch,
        "modules": {level: name for level, (name, _) in MODULES.items()},
        "builders": {"numpy": numpy_level, "pytorch_lowlevel": lowlevel_level, "paper": paper_level},
        "references": {"itself": paper_level(importlib.import_module("toy_paper"))},
        "activations": ("first", "second"),
        "layers": (
            LayerCase(
                "Scale",
                lambda toy, rng: (toy.Scale(5, rng=rng), (rng.normal(size=(3, 5)),)),
                lambda params, x: x * params["a"],
            ),
        ),
        "checks": (Check("width", lambda modules, rng: [passed("5")]),),
        "mistakes": mistakes,
        "scripts": (Script("nothing", lambda folder: (folder / "x").write_text("x")),),
        "overfit": Overfit(steps=200, loss=0.5),
    }
    return Ladder(**(declared | changes))
