"""A recurrent layer: two outputs, every state and the last one, and a state that the next batch begins with."""

from __future__ import annotations

import numpy as np

from tests.toys.scale import LOW_SGD, SGD
from utils.ladder import Ladder, LayerCase, Mistake, Phase
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

T, B, WIDTH = 3, 7, 5

NUMPY = f'''
import numpy as np
{SGD}
class Recurrent:
    """h[t] = tanh(w x[t] + u h[t-1]), elementwise."""
    def __init__(self, width, *, rng, dtype=np.float64):
        self.params = {{name: rng.normal(size=width).astype(dtype) for name in ("w", "u")}}
        self.grads = {{name: np.zeros(width, dtype) for name in ("w", "u")}}
    def forward(self, x, h):
        if x.ndim != 3 or h.shape != x.shape[1:] or x.shape[2:] != self.params["w"].shape:
            raise ValueError(f"Recurrent expected (T, B, width) and (B, width), got {{x.shape}} and {{h.shape}}")
        self.x, self.h = x, [h]
        for row in x:
            self.h.append(np.tanh(row * self.params["w"] + self.h[-1] * self.params["u"]))
        return np.stack(self.h[1:]), self.h[-1]
    def backward(self, dy):
        dys, dh = dy
        dx = np.empty_like(self.x)
        for t in reversed(range(len(self.x))):
            da = (dys[t] + dh) * (1 - self.h[t + 1] ** 2)
            self.grads["w"] += (da * self.x[t]).sum(axis=0)
            self.grads["u"] += (da * self.h[t]).sum(axis=0)
            dx[t], dh = da * self.params["w"], da * self.params["u"]
        return dx, dh
    def zero_grads(self):
        for grad in self.grads.values():
            grad[...] = 0

class Model:
    def __init__(self, width, *, rng, dtype=np.float64):
        self.rnn = Recurrent(width, rng=rng, dtype=dtype)
        self.params = {{f"rnn.{{name}}": p for name, p in self.rnn.params.items()}}
        self.grads = {{f"rnn.{{name}}": g for name, g in self.rnn.grads.items()}}
        self.buffers = {{"state": np.zeros(({B}, width), dtype)}}
    def forward(self, x, training):
        y, last = self.rnn.forward(x, self.buffers["state"])
        if training:
            self.buffers["state"] = last.copy()
        return y
    def backward(self, dy):
        return self.rnn.backward((dy, np.zeros_like(dy[0])))[0]
    def zero_grads(self):
        self.rnn.zero_grads()
'''

LOWLEVEL = f"""
import torch
{LOW_SGD}
def init(generator):
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)
    return {{
        "rnn.w": draw({WIDTH}).requires_grad_(), "rnn.u": draw({WIDTH}).requires_grad_(), "state": 0 * draw({B}, {WIDTH}),
    }}

def forward(params, x, training):
    h, states = params["state"].clone(), []
    for row in x:
        h = torch.tanh(row * params["rnn.w"] + h * params["rnn.u"])
        states.append(h)
    if training:
        params["state"].copy_(h.detach())
    return torch.stack(states), h
"""

PAPER = f"""
import torch
from torch import nn

class Recurrent(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.w, self.u = nn.Parameter(torch.ones(width)), nn.Parameter(torch.ones(width))
    def forward(self, x, h):
        states = []
        for row in x:
            h = torch.tanh(row * self.w + h * self.u)
            states.append(h)
        return torch.stack(states), h

class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.rnn = Recurrent(width)
        self.register_buffer("state", torch.zeros({B}, width))
    def forward(self, x):
        y, last = self.rnn(x, self.state.clone())
        if self.training:
            self.state.copy_(last.detach())
        return y
"""

SOURCES = {
    "numpy": ("recurrent_numpy", NUMPY),
    "pytorch_lowlevel": ("recurrent_lowlevel", LOWLEVEL),
    "paper": ("recurrent_paper", PAPER),
}


class NumpyRecurrent(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("recurrent_numpy").Model(WIDTH, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"y": model.forward(batch["x"], training)}

    def loss(self, model, outputs, batch):
        error = outputs["y"] - batch["y"]
        return np.mean(error**2), lambda inputs: {"x": model.backward(2 * error / error.size)}

    def optimizer(self, params, lr=0.5):
        return self.load("recurrent_numpy").SGD(params, lr)


class LowRecurrent(LowLevel):
    def init(self, generator):
        return self.load("recurrent_lowlevel").init(generator)

    def forward(self, model, batch, training):
        y, last = self.load("recurrent_lowlevel").forward(model, batch["x"], training)
        return {"y": y}, {"rnn": (y, last)}

    def loss(self, model, outputs, batch):
        return ((outputs["y"] - batch["y"]) ** 2).mean()

    def optimizer(self, params, lr=0.5):
        return self.load("recurrent_lowlevel").SGD(params, lr)


class PaperRecurrent(ModuleLevel):
    def build(self):
        return self.load("recurrent_paper").Model(WIDTH)

    def forward(self, model, batch, training):
        return {"y": model(batch["x"])}

    def loss(self, model, outputs, batch):
        return ((outputs["y"] - batch["y"]) ** 2).mean()

    def optimizer(self, params, lr=0.5):
        import torch

        return torch.optim.SGD(params.values(), lr=lr)


def recurrent_case(load, rng, dtype):
    layer = load("recurrent_numpy").Recurrent(WIDTH, rng=rng, dtype=dtype)
    return layer, (rng.normal(size=(T, B, WIDTH)), rng.normal(size=(B, WIDTH)))


def recurrent_op(params, x, h):
    import torch

    states = []
    for row in x:
        h = torch.tanh(row * params["w"] + h * params["u"])
        states.append(h)
    return torch.stack(states), h


MISTAKES = (
    Mistake(
        "the gradient of the last state is dropped",
        "numpy",
        "dys, dh = dy",
        "dys, dh = dy[0], np.zeros_like(dy[1])",
        "layer Recurrent",
        "the last state is an output too",
    ),
    Mistake(
        "no gradient through time",
        "numpy",
        'dx[t], dh = da * self.params["w"], da * self.params["u"]',
        'dx[t], dh = da * self.params["w"], 0 * da',
        "gradient rnn.u",
        "every state depends on the one before",
    ),
    Mistake(
        "the first state in place of the last",
        "numpy",
        "return np.stack(self.h[1:]), self.h[-1]",
        "return np.stack(self.h[1:]), self.h[1]",
        "activation rnn[1]",
        "the second output is the last state",
    ),
    Mistake(
        "the state is not carried on",
        "pytorch_lowlevel",
        'params["state"].copy_(h.detach())',
        "pass",
        "buffer state",
        "the next batch begins where this one ended",
    ),
    Mistake(
        "the state is carried on in evaluation",
        "numpy",
        "        if training:\n            self.buffers",
        "        if True:\n            self.buffers",
        "buffer state",
        "evaluation changes nothing",
    ),
)

LADDER = Ladder(
    name="recurrent",
    paper="none",
    data=lambda rng: {"x": rng.normal(size=(T, B, WIDTH)), "y": rng.normal(size=(T, B, WIDTH))},
    modules={level: name for level, (name, _) in SOURCES.items()},
    builders={"numpy": NumpyRecurrent, "pytorch_lowlevel": LowRecurrent, "paper": PaperRecurrent},
    inputs=("x",),
    activations=("rnn",),
    phases=(Phase(trains=lambda name: name != "state"),),
    layers=(LayerCase("Recurrent", recurrent_case, recurrent_op),),
    mistakes=MISTAKES,
)
