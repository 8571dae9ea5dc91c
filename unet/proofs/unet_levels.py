"""How the model is called at every level, with batches to prove on.

| level            | model, forward         | loss         | optimizer         |
| ---------------- | ---------------------- | ------------ | ----------------- |
| numpy            | `Unet(x)`         | `MSELoss`    | `GradientDescent` |
| pytorch_lowlevel | `unet(params, x)` | `mse_loss`   | `GradientDescent` |
| paper            | `Unet(x)`         | `F.mse_loss` | torch's `SGD`     |

TODO(rungs new): the model of the paper, on a padded or masked case if it has one.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from utils.ladder import Batch
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

B, WIDTH = 7, 5  # distinct primes: two equal sizes hide a missing transpose


def batch(rng: np.random.Generator) -> Batch:
    x = rng.normal(size=(B, WIDTH))
    return {"x": x, "target": np.tanh(rng.normal(size=WIDTH) * x)}


class NumpyUnet(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("unet_numpy").Unet(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"y": model.forward(batch["x"])}

    def loss(self, model, outputs, batch):
        criterion = self.load("linear_numpy").MSELoss()
        loss = criterion.forward(outputs["y"], batch["target"])
        return loss, lambda inputs: {"x": model.backward(criterion.backward())}

    def optimizer(self, params, lr=0.1):
        return self.load("linear_numpy").GradientDescent(params, lr)


class LowUnet(LowLevel):
    def init(self, generator):
        return self.load("unet_lowlevel").init_unet(**self.sizes, generator=generator)

    def forward(self, model, batch, training):
        y, activations = self.load("unet_lowlevel").unet(model, batch["x"])
        return {"y": y}, activations

    def loss(self, model, outputs, batch):
        return self.load("linear_lowlevel").mse_loss(outputs["y"], batch["target"])

    def optimizer(self, params, lr=0.1):
        return self.load("linear_lowlevel").GradientDescent(params, lr)


class PaperUnet(ModuleLevel):
    def build(self):
        return self.load("unet_paper").Unet(**self.sizes)

    def init(self, module, generator):
        self.load("unet_paper").init_unet(module, generator)

    def forward(self, model, batch, training):
        return {"y": model(batch["x"])}

    def loss(self, model, outputs, batch):
        return F.mse_loss(outputs["y"], batch["target"])

    def optimizer(self, params, lr=0.1):
        return torch.optim.SGD(params.values(), lr=lr)
