"""Two players: a generator scales noise, a discriminator scores real and generated rows; each trains on a loss of its own."""

from __future__ import annotations

import numpy as np

from tests.toys.scale import LOW_SGD, PAPER_SCALE, SCALE, SGD
from utils.ladder import Ladder, Mistake, Phase
from utils.levels import LowLevel, ModuleLevel, NumpyLevel
from utils.levels.adapter import Turn

NUMPY = f"""{SCALE}{SGD}
def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

class Game:
    def __init__(self, width, *, rng, dtype=np.float64):
        self.g, self.d = Scale(width, rng=rng, dtype=dtype), Scale(width, rng=rng, dtype=dtype)
        self.params = {{"g.a": self.g.params["a"], "d.a": self.d.params["a"]}}
        self.grads = {{"g.a": self.g.grads["a"], "d.a": self.d.grads["a"]}}
    def generate(self, z):
        return np.tanh(self.g.forward(z))
    def score(self, x):
        return self.d.forward(x).sum(axis=1)
    def discriminate(self, x, z):
        return self.score(np.concatenate([x, self.generate(z)]))
    def discriminator_loss(self, scores):
        n = len(scores) // 2
        self.dscores = np.concatenate([-sigmoid(-scores[:n]), sigmoid(scores[n:])]) / n
        return (softplus(-scores[:n]).mean() + softplus(scores[n:]).mean()).item()
    def discriminator_backward(self):
        dx = self.d.backward(self.dscores[:, None] * np.ones_like(self.d.x))
        return dx[:len(dx) // 2]
    def generator_loss(self, scores):
        self.dscores = -sigmoid(-scores) / len(scores)
        return softplus(-scores).mean().item()
    def generator_backward(self):
        dfake = self.d.backward(self.dscores[:, None] * np.ones_like(self.d.x))
        return self.g.backward(dfake * (1 - self.d.x**2))
    def zero_grads(self):
        self.g.zero_grads()
        self.d.zero_grads()
"""

LOWLEVEL = f"""
import torch
from torch.nn.functional import softplus
{LOW_SGD}
def init(generator):
    return {{name: torch.randn(5, generator=generator, dtype=torch.float64).requires_grad_() for name in ("g.a", "d.a")}}

def generate(params, z):
    g = z * params["g.a"]
    return torch.tanh(g), g

def score(params, x):
    d = x * params["d.a"]
    return d.sum(1), d

def discriminator_loss(scores):
    real, fake = scores.chunk(2)
    return softplus(-real).mean() + softplus(fake).mean()

def generator_loss(scores):
    return softplus(-scores).mean()
"""

PAPER = f"""{PAPER_SCALE}
class Game(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.g, self.d = Scale(width), Scale(width)
    def generate(self, z):
        return torch.tanh(self.g(z))
    def score(self, x):
        return self.d(x).sum(1)
"""

SOURCES = {
    "numpy": ("players_numpy", NUMPY),
    "pytorch_lowlevel": ("players_lowlevel", LOWLEVEL),
    "paper": ("players_paper", PAPER),
}


class NumpyGame(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("players_numpy").Game(5, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"samples": model.generate(batch["z"])}

    def loss(self, model, outputs, batch):
        raise AssertionError("a player has a loss of its own")

    def turns(self):
        return {
            "discriminator": Turn(self.discriminate, self.discriminator_loss, self.sgd),
            "generator": Turn(self.deceive, self.generator_loss, self.sgd),
        }

    def discriminate(self, model, batch, training):
        return {"scores": model.discriminate(batch["x"], batch["z"])}

    def discriminator_loss(self, model, outputs, batch):
        return model.discriminator_loss(outputs["scores"]), lambda inputs: {"x": model.discriminator_backward()}

    def deceive(self, model, batch, training):
        samples = model.generate(batch["z"])
        return {"samples": samples, "scores": model.score(samples)}

    def generator_loss(self, model, outputs, batch):
        return model.generator_loss(outputs["scores"]), lambda inputs: {"z": model.generator_backward()}

    def sgd(self, params, lr=0.3):
        return self.load("players_numpy").SGD(params, lr)


class LowGame(LowLevel):
    def init(self, generator):
        return self.load("players_lowlevel").init(generator)

    def forward(self, model, batch, training):
        samples, g = self.load("players_lowlevel").generate(model, batch["z"])
        return {"samples": samples}, {"g": g}

    def loss(self, model, outputs, batch):
        raise AssertionError("a player has a loss of its own")

    def turns(self):
        game = self.load("players_lowlevel")
        return {
            "discriminator": Turn(
                self.discriminate, lambda m, out, b: game.discriminator_loss(out["scores"]), self.sgd
            ),
            "generator": Turn(self.deceive, lambda m, out, b: game.generator_loss(out["scores"]), self.sgd),
        }

    def discriminate(self, model, batch, training):
        import torch

        samples, activations = self.forward(model, batch, training)
        x = torch.cat([batch["x"], samples["samples"].detach()])
        scores, d = self.load("players_lowlevel").score(model, x)
        return {"scores": scores}, activations | {"d": d}

    def deceive(self, model, batch, training):
        outputs, activations = self.forward(model, batch, training)
        scores, d = self.load("players_lowlevel").score(model, outputs["samples"])
        return outputs | {"scores": scores}, activations | {"d": d}

    def sgd(self, params, lr=0.3):
        return self.load("players_lowlevel").SGD(params, lr)


class PaperGame(ModuleLevel):
    def build(self):
        return self.load("players_paper").Game(5)

    def forward(self, model, batch, training):
        return {"samples": model.generate(batch["z"])}

    def loss(self, model, outputs, batch):
        raise AssertionError("a player has a loss of its own")

    def turns(self):
        from torch.nn.functional import softplus

        def discriminator_loss(model, outputs, batch):
            real, fake = outputs["scores"].chunk(2)
            return softplus(-real).mean() + softplus(fake).mean()

        return {
            "discriminator": Turn(self.discriminate, discriminator_loss, self.sgd),
            "generator": Turn(self.deceive, lambda m, outputs, b: softplus(-outputs["scores"]).mean(), self.sgd),
        }

    def discriminate(self, model, batch, training):
        import torch

        return {"scores": model.score(torch.cat([batch["x"], model.generate(batch["z"]).detach()]))}

    def deceive(self, model, batch, training):
        samples = model.generate(batch["z"])
        return {"samples": samples, "scores": model.score(samples)}

    def sgd(self, params, lr=0.3):
        import torch

        return torch.optim.SGD(params.values(), lr=lr)


MISTAKES = (
    Mistake(
        "the generator is trained to lose",
        "numpy",
        "self.dscores = -sigmoid(-scores) / len(scores)",
        "self.dscores = sigmoid(-scores) / len(scores)",
        "gradient g.a",
        "sign",
    ),
    Mistake(
        "the samples are not detached",
        "numpy",
        "return dx[:len(dx) // 2]",
        "self.g.backward(dx[len(dx) // 2:]); return dx[:len(dx) // 2] * 2",
        "input gradient discriminator.x",
        "the generator's gradient is not the discriminator's matter",
    ),
    Mistake(
        "real and generated are swapped",
        "pytorch_lowlevel",
        "real, fake = scores.chunk(2)",
        "fake, real = scores.chunk(2)",
        "output discriminator.loss",
        "labels",
    ),
    Mistake(
        "a learning rate of its own",
        "numpy",
        "self.params[name] -= self.lr * grads[name]",
        "self.params[name] -= (2 if name == 'd.a' else 1) * self.lr * grads[name]",
        "loss at step 0",
        "the generator plays against a discriminator that has just moved",
    ),
)


def data(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"x": rng.normal(size=(7, 5)) + 0.5}


def noise(rng: np.random.Generator, batch, **sizes) -> dict[str, np.ndarray]:
    return {"z": rng.normal(size=batch["x"].shape)}


LADDER = Ladder(
    name="players",
    paper="none",
    data=data,
    noise=noise,
    modules={level: name for level, (name, _) in SOURCES.items()},
    builders={"numpy": NumpyGame, "pytorch_lowlevel": LowGame, "paper": PaperGame},
    inputs=("x", "z"),
    activations=("g", "d"),
    phases=(
        Phase("discriminator", lambda name: name.startswith("d.")),
        Phase("generator", lambda name: name.startswith("g.")),
    ),
    mistakes=MISTAKES,
)
