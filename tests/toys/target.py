"""A target network: what it says is regressed on, no gradient moves it, and every fourth step it becomes a copy."""

from __future__ import annotations

import numpy as np

from tests.toys.scale import LOW_SGD, PAPER_SCALE, SCALE, SGD
from utils.ladder import Ladder, Mistake, Phase
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

EVERY, LIMIT = 4, 0.05  # steps between two copies, largest gradient

NUMPY = f"""{SCALE}{SGD}
class Pair:
    def __init__(self, width, *, rng, dtype=np.float64):
        self.online, self.target = Scale(width, rng=rng, dtype=dtype), Scale(width, rng=rng, dtype=dtype)
        self.params, self.grads = {{"online.a": self.online.params["a"]}}, {{"online.a": self.online.grads["a"]}}
        self.buffers = {{"target.a": self.target.params["a"]}}
    def forward(self, x):
        return self.online.forward(x)
    def aim(self, reward, x):
        return reward + 0.9 * self.target.forward(x)
    def backward(self, dy):
        return self.online.backward(dy)
    def zero_grads(self):
        self.online.zero_grads()

def clip(grads, limit):
    for grad in grads.values():
        np.clip(grad, -limit, limit, out=grad)

def copy_target(arrays):
    arrays["target.a"][...] = arrays["online.a"]
"""

LOWLEVEL = f"""
import torch
{LOW_SGD}
def init(generator):
    online = torch.randn(5, generator=generator, dtype=torch.float64)
    return {{"online.a": online.requires_grad_(), "target.a": torch.randn(5, generator=generator, dtype=torch.float64)}}

def clip(grads, limit):
    for grad in grads.values():
        grad.clamp_(-limit, limit)

def copy_target(tensors):
    tensors["target.a"].copy_(tensors["online.a"])
"""

PAPER = f"""{PAPER_SCALE}
class Pair(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.online, self.target = Scale(width), Scale(width)
    def forward(self, x):
        return self.online(x)
"""

SOURCES = {
    "numpy": ("target_numpy", NUMPY),
    "pytorch_lowlevel": ("target_lowlevel", LOWLEVEL),
    "paper": ("target_paper", PAPER),
}


class NumpyPair(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("target_numpy").Pair(5, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"q": model.forward(batch["x"])}

    def loss(self, model, outputs, batch):
        error = outputs["q"] - model.aim(batch["reward"], batch["x"])
        return np.mean(error**2), lambda inputs: {"x": model.backward(2 * error / error.size)}

    def optimizer(self, params, lr=0.5):
        return self.load("target_numpy").SGD(params, lr)

    def before_update(self, params, grads):
        self.load("target_numpy").clip(grads, LIMIT)

    def after_update(self, params, step):
        if step % EVERY == 0:
            self.load("target_numpy").copy_target(params)


class LowPair(LowLevel):
    def init(self, generator):
        return self.load("target_lowlevel").init(generator)

    def forward(self, model, batch, training):
        q = batch["x"] * model["online.a"]
        return {"q": q}, {"online": q}

    def loss(self, model, outputs, batch):
        aim = batch["reward"] + 0.9 * batch["x"].detach() * model["target.a"]
        return ((outputs["q"] - aim) ** 2).mean()

    def optimizer(self, params, lr=0.5):
        return self.load("target_lowlevel").SGD(params, lr)

    def before_update(self, params, grads):
        self.load("target_lowlevel").clip(grads, LIMIT)

    def after_update(self, params, step):
        if step % EVERY == 0:
            self.load("target_lowlevel").copy_target(params)


class PaperPair(ModuleLevel):
    def build(self):
        return self.load("target_paper").Pair(5)

    def forward(self, model, batch, training):
        return {"q": model(batch["x"])}

    def loss(self, model, outputs, batch):
        return ((outputs["q"] - batch["reward"] - 0.9 * model.target(batch["x"].detach())) ** 2).mean()

    def optimizer(self, params, lr=0.5):
        import torch

        return torch.optim.SGD(params.values(), lr=lr)

    def before_update(self, params, grads):
        import torch

        torch.nn.utils.clip_grad_value_(params.values(), LIMIT)

    def after_update(self, params, step):
        if step % EVERY == 0:
            params["target.a"].copy_(params["online.a"])


MISTAKES = (
    Mistake(
        "the target is never copied",
        "numpy",
        'arrays["target.a"][...] = arrays["online.a"]',
        "pass",
        f"loss at step {EVERY}",
        "a target that stands still is a wrong answer for ever",
    ),
    Mistake(
        "the copy is a view",
        "pytorch_lowlevel",
        'tensors["target.a"].copy_(tensors["online.a"])',
        'tensors["target.a"] = tensors["online.a"]',
        f"loss at step {EVERY + 1}",
        "the target then moves with every step",
    ),
    Mistake(
        "not clipped",
        "pytorch_lowlevel",
        "grad.clamp_(-limit, limit)",
        "grad.clamp_(-1e9, 1e9)",
        "loss at step 1",
        "clipping",
    ),
    Mistake(
        "the target's gradient flows on",
        "numpy",
        "return self.online.backward(dy)",
        "return self.online.backward(dy) - 0.9 * dy * self.target.params['a']",
        "input gradient x",
        "the aim is a constant",
    ),
)

LADDER = Ladder(
    name="target",
    paper="none",
    data=lambda rng: {"x": rng.normal(size=(7, 5)), "reward": rng.normal(size=(7, 5))},
    modules={level: name for level, (name, _) in SOURCES.items()},
    builders={"numpy": NumpyPair, "pytorch_lowlevel": LowPair, "paper": PaperPair},
    inputs=("x",),
    activations=("online",),
    phases=(Phase(trains=lambda name: not name.startswith("target.")),),
    mistakes=MISTAKES,
)
