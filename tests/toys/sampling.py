"""A variational autoencoder: it is trained on rows and noise, has no labels at all, and samples from noise alone."""

from __future__ import annotations

import numpy as np

from tests.toys.scale import LOW_SGD, SGD
from utils.ladder import Ladder, Mistake
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

B, D, Z = 7, 5, 3

NUMPY = f'''
import numpy as np
{SGD}
class VAE:
    """x -> mean, logvar; z = mean + exp(logvar / 2) eps; x^ = W z. The loss is the negative evidence lower bound."""
    def __init__(self, d, z, *, rng, dtype=np.float64):
        shapes = {{"mean.weight": (z, d), "logvar.weight": (z, d), "decoder.weight": (d, z)}}
        self.params = {{name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}}
        self.grads = {{name: np.zeros(shape, dtype) for name, shape in shapes.items()}}
    def encode(self, x):
        return x @ self.params["mean.weight"].T, x @ self.params["logvar.weight"].T
    def decode(self, z):
        return z @ self.params["decoder.weight"].T
    def forward(self, x, eps):
        self.x, self.eps = x, eps
        self.mean, self.logvar = self.encode(x)
        self.sd = np.exp(0.5 * self.logvar)
        self.z = self.mean + self.sd * eps
        return self.decode(self.z), self.mean, self.logvar
    def loss(self, y):
        self.dy = (y - self.x) / len(y)
        fit = 0.5 * np.sum((y - self.x) ** 2)
        kl = -0.5 * np.sum(1 + self.logvar - self.mean**2 - np.exp(self.logvar))
        return ((fit + kl) / len(y)).item()
    def backward(self):
        p, g, n = self.params, self.grads, len(self.x)
        g["decoder.weight"] += self.dy.T @ self.z
        dz = self.dy @ p["decoder.weight"]
        dmean = dz + self.mean / n
        dlogvar = 0.5 * dz * self.eps * self.sd + 0.5 * (np.exp(self.logvar) - 1) / n
        g["mean.weight"] += dmean.T @ self.x
        g["logvar.weight"] += dlogvar.T @ self.x
        return dmean @ p["mean.weight"] + dlogvar @ p["logvar.weight"] - self.dy
    def zero_grads(self):
        for grad in self.grads.values():
            grad[...] = 0
'''

LOWLEVEL = f"""
import torch
{LOW_SGD}
def init(generator):
    shapes = {{"mean.weight": ({Z}, {D}), "logvar.weight": ({Z}, {D}), "decoder.weight": ({D}, {Z})}}
    return {{n: torch.randn(*s, generator=generator, dtype=torch.float64).requires_grad_() for n, s in shapes.items()}}

def decode(p, z):
    return z @ p["decoder.weight"].T

def forward(p, x, eps):
    mean, logvar = x @ p["mean.weight"].T, x @ p["logvar.weight"].T
    return decode(p, mean + torch.exp(0.5 * logvar) * eps), mean, logvar

def loss(y, x, mean, logvar):
    return (0.5 * ((y - x) ** 2).sum() - 0.5 * (1 + logvar - mean**2 - logvar.exp()).sum()) / len(x)
"""

PAPER = """
import torch
from torch import nn

class VAE(nn.Module):
    def __init__(self, d, z):
        super().__init__()
        self.mean, self.logvar = nn.Linear(d, z, bias=False), nn.Linear(d, z, bias=False)
        self.decoder = nn.Linear(z, d, bias=False)
    def forward(self, x, eps):
        mean, logvar = self.mean(x), self.logvar(x)
        return self.decoder(mean + torch.exp(0.5 * logvar) * eps), mean, logvar
"""

SOURCES = {
    "numpy": ("sampling_numpy", NUMPY),
    "pytorch_lowlevel": ("sampling_lowlevel", LOWLEVEL),
    "paper": ("sampling_paper", PAPER),
}


class NumpyVAE(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("sampling_numpy").VAE(D, Z, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        if "z" in batch:
            return {"samples": model.decode(batch["z"])}
        return dict(zip(("y", "mean", "logvar"), model.forward(batch["x"], batch["eps"]), strict=True))

    def loss(self, model, outputs, batch):
        return model.loss(outputs["y"]), lambda inputs: {"x": model.backward()}

    def optimizer(self, params, lr=0.01):
        return self.load("sampling_numpy").SGD(params, lr)


class LowVAE(LowLevel):
    def init(self, generator):
        return self.load("sampling_lowlevel").init(generator)

    def forward(self, model, batch, training):
        vae = self.load("sampling_lowlevel")
        if "z" in batch:
            return {"samples": vae.decode(model, batch["z"])}, {}
        return dict(zip(("y", "mean", "logvar"), vae.forward(model, batch["x"], batch["eps"]), strict=True)), {}

    def loss(self, model, outputs, batch):
        return self.load("sampling_lowlevel").loss(outputs["y"], batch["x"], outputs["mean"], outputs["logvar"])

    def optimizer(self, params, lr=0.01):
        return self.load("sampling_lowlevel").SGD(params, lr)


class PaperVAE(ModuleLevel):
    def build(self):
        return self.load("sampling_paper").VAE(D, Z)

    def forward(self, model, batch, training):
        if "z" in batch:
            return {"samples": model.decoder(batch["z"])}
        return dict(zip(("y", "mean", "logvar"), model(batch["x"], batch["eps"]), strict=True))

    def loss(self, model, outputs, batch):
        from torch.distributions import Normal, kl_divergence

        fit = 0.5 * (outputs["y"] - batch["x"]).square().sum(1)
        posterior = Normal(outputs["mean"], (0.5 * outputs["logvar"]).exp())
        return (fit + kl_divergence(posterior, Normal(0.0, 1.0)).sum(1)).mean()

    def optimizer(self, params, lr=0.01):
        import torch

        return torch.optim.SGD(params.values(), lr=lr)


MISTAKES = (
    Mistake(
        "eps is a constant", "numpy", "self.eps * self.sd", "self.sd", "gradient logvar.weight", "z moves with eps"
    ),
    Mistake(
        "the divergence has the other sign",
        "numpy",
        "kl = -0.5 * np.sum(",
        "kl = 0.5 * np.sum(",
        "loss",
        "it is a cost",
    ),
    Mistake(
        "variance in place of standard deviation",
        "pytorch_lowlevel",
        "torch.exp(0.5 * logvar) * eps",
        "torch.exp(logvar) * eps",
        "output y",
        "logvar is log sigma^2",
    ),
    Mistake(
        "the divergence is averaged over the latents",
        "pytorch_lowlevel",
        "(1 + logvar - mean**2 - logvar.exp()).sum()",
        "(1 + logvar - mean**2 - logvar.exp()).mean()",
        "loss",
        "latents are independent: their divergences add up",
    ),
)


def noise(rng: np.random.Generator, batch, **sizes) -> dict[str, np.ndarray]:
    return {"eps": rng.normal(size=(len(batch["x"]), Z))}


LADDER = Ladder(
    name="sampling",
    paper="none",
    data=lambda rng: {"x": rng.normal(size=(B, D))},
    noise=noise,
    modules={level: name for level, (name, _) in SOURCES.items()},
    builders={"numpy": NumpyVAE, "pytorch_lowlevel": LowVAE, "paper": PaperVAE},
    inputs=("x",),
    mistakes=MISTAKES,
)
