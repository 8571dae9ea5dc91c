"""LeNet-5 with either of the paper's losses, and the modern variant, at every level, with parameters and batches to prove on.

| ladder       | level            | model, forward            | loss               | optimizer |
| ------------ | ---------------- | ------------------------- | ------------------ | --------- |
| lenet5       | numpy            | `LeNet5(x)`               | `MAPLoss`          | `SGD`     |
|              | pytorch_lowlevel | `lenet5(params, x)`       | `map_loss`         | `SGD`     |
|              | paper            | `LeNet5(x)`               | `map_loss`         | torch's   |
| lenet5_mse   | numpy            | `LeNet5(x)`               | `RBFLoss`          | `SGD`     |
|              | pytorch_lowlevel | `lenet5(params, x)`       | `rbf_loss`         | `SGD`     |
|              | paper            | `LeNet5(x)`               | `rbf_loss`         | torch's   |
| lenet_modern | numpy            | `LeNetModern(x)`          | `CrossEntropyLoss` | `SGD`     |
|              | pytorch_lowlevel | `lenet_modern(params, x)` | `cross_entropy`    | `SGD`     |
|              | paper            | `LeNetModern(x)`          | `F.cross_entropy`  | torch's   |

LeNet-5 has one size, `table`: the links of C3, where they are not those of Table I.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from utils.ladder import Batch, Params
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

EXAMPLES = 3
SGD: dict[str, Any] = {"lr": 0.002, "momentum": 0.9}
CODES = "output.codes"  # fixed: the one parameter that is not trained


# ---- parameters and batches ----


def random_params(rng: np.random.Generator) -> Params:
    """Everything random, codes too. F6 is small: with the real codes every e^-y of equation 9 would be about e^-80, and
    a fault in that term could not be seen."""

    def normal(*shape: int, scale: float) -> np.ndarray:
        return rng.normal(size=shape) * scale

    return {
        "c1.weight": normal(6, 1, 5, 5, scale=0.2),
        "c1.bias": normal(6, scale=0.3),
        "s2.coefficient": normal(6, scale=0.3),
        "s2.bias": normal(6, scale=0.3),
        "c3.weight": normal(60, 5, 5, scale=0.1),
        "c3.bias": normal(16, scale=0.3),
        "s4.coefficient": normal(16, scale=0.3),
        "s4.bias": normal(16, scale=0.3),
        "c5.weight": normal(120, 16, 5, 5, scale=0.05),
        "c5.bias": normal(120, scale=0.3),
        "f6.weight": normal(84, 120, scale=0.01),
        "f6.bias": normal(84, scale=0.05),
        CODES: normal(10, 84, scale=0.1),
    }


def random_batch(rng: np.random.Generator) -> Batch:
    return {"images": rng.normal(size=(EXAMPLES, 1, 32, 32)), "labels": rng.integers(0, 10, EXAMPLES)}


# ---- LeNet-5, t: squashed ----

TRACE = ("c1", "t1", "s2", "t2", "c3", "t3", "s4", "t4", "c5", "t5", "f6", "t6", "output")


class NumpyLeNet5(NumpyLevel):
    criterion = "MAPLoss"

    def build(self, rng, dtype):
        return self.load("lenet_numpy").LeNet5(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"distances": model.forward(batch["images"])}

    def loss(self, model, outputs, batch):
        criterion = getattr(self.load("lenet_numpy"), self.criterion)()
        loss = criterion.forward(outputs["distances"], batch["labels"])
        return loss, lambda inputs: {"images": model.backward(criterion.backward(), input_grad=inputs)}

    def optimizer(self, params, **options):
        return self.load("optimizers_numpy").SGD(params, **SGD | options)


class LowLeNet5(LowLevel):
    criterion = "map_loss"

    def init(self, generator):
        return self.load("lenet_lowlevel").init_lenet5(**self.sizes, generator=generator)

    def forward(self, model, batch, training):
        distances, activations = self.load("lenet_lowlevel").lenet5(model, batch["images"], **self.sizes)
        return {"distances": distances}, activations

    def loss(self, model, outputs, batch):
        return getattr(self.load("lenet_lowlevel"), self.criterion)(outputs["distances"], batch["labels"])

    def optimizer(self, params, **options):
        return self.load("optimizers_lowlevel").SGD(params, **SGD | options)


class PaperLeNet5(ModuleLevel):
    criterion = "map_loss"

    def build(self):
        return self.load("lenet_paper").LeNet5(**self.sizes)

    def init(self, module, generator):
        self.load("lenet_paper").init_lenet5(module, generator)

    def forward(self, model, batch, training):
        return {"distances": model(batch["images"])}

    def loss(self, model, outputs, batch):
        return getattr(self.load("lenet_paper"), self.criterion)(outputs["distances"], batch["labels"])

    def optimizer(self, params, **options):
        return torch.optim.SGD(params.values(), **SGD | options)


class NumpyLeNet5MSE(NumpyLeNet5):
    criterion = "RBFLoss"


class LowLeNet5MSE(LowLeNet5):
    criterion = "rbf_loss"


class PaperLeNet5MSE(PaperLeNet5):
    criterion = "rbf_loss"


# ---- the modern variant, r: rectified ----

MODERN_TRACE = ("c1", "r1", "s2", "c3", "r3", "s4", "c5", "r5", "f6", "r6", "output")


class NumpyModern(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("lenet_modern_numpy").LeNetModern(rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"logits": model.forward(batch["images"])}

    def loss(self, model, outputs, batch):
        criterion = self.load("logistic_numpy").CrossEntropyLoss()
        loss = criterion.forward(outputs["logits"], batch["labels"])
        return loss, lambda inputs: {"images": model.backward(criterion.backward(), input_grad=inputs)}

    def optimizer(self, params, **options):
        return self.load("optimizers_numpy").SGD(params, **SGD | options)


class LowModern(LowLevel):
    def init(self, generator):
        return self.load("lenet_modern_lowlevel").init_lenet_modern(generator=generator)

    def forward(self, model, batch, training):
        logits, activations = self.load("lenet_modern_lowlevel").lenet_modern(model, batch["images"])
        return {"logits": logits}, activations

    def loss(self, model, outputs, batch):
        return self.load("logistic_lowlevel").cross_entropy(outputs["logits"], batch["labels"])

    def optimizer(self, params, **options):
        return self.load("optimizers_lowlevel").SGD(params, **SGD | options)


class PaperModern(ModuleLevel):
    def build(self):
        return self.load("lenet_modern_paper").LeNetModern()

    def init(self, module, generator):
        self.load("lenet_modern_paper").init_lenet_modern(module, generator)

    def forward(self, model, batch, training):
        return {"logits": model(batch["images"])}

    def loss(self, model, outputs, batch):
        return F.cross_entropy(outputs["logits"], batch["labels"])

    def optimizer(self, params, **options):
        return torch.optim.SGD(params.values(), **SGD | options)
