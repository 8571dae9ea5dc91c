"""The modern perceptron and the one of 1998 at every level, with batches to prove on.

| ladder  | level            | model, forward            | loss               | optimizer |
| ------- | ---------------- | ------------------------- | ------------------ | --------- |
| mlp     | numpy            | `MLP(x, masks)`           | `CrossEntropyLoss` | `AdamW`   |
|         | pytorch_lowlevel | `mlp(params, x, masks)`   | `cross_entropy`    | `AdamW`   |
|         | paper            | `MLP(x, masks)`           | `F.cross_entropy`  | torch's   |
| mlp1998 | numpy            | `MLP1998(x)`              | `SquaredError`     | `SGD`     |
|         | pytorch_lowlevel | `mlp1998(params, x)`      | `squared_error`    | `SGD`     |
|         | paper            | `MLP1998(x)`              | `squared_error`    | torch's   |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from utils.ladder import Batch
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

SIZES = (11, 7, 5, 3)  # distinct primes: a transposed or swapped axis cannot go unnoticed
EXAMPLES = 13
ADAMW: dict[str, Any] = {"lr": 1e-3, "weight_decay": 1e-2}
SGD_1998: dict[str, Any] = {"lr": 0.01}


# ---- batches ----


def plain_batch(rng: np.random.Generator) -> Batch:
    return {"images": rng.normal(size=(EXAMPLES, SIZES[0])), "labels": rng.integers(0, SIZES[-1], EXAMPLES)}


def dropout_noise(rng: np.random.Generator, batch: Batch, *, sizes: tuple[int, ...], dropout: float = 0.3) -> Batch:
    """A dropout mask "mask0", "mask1", ... for each hidden layer: 0 with probability `dropout`, else 1 / (1 - dropout).
    None where `dropout` is 0."""
    if dropout == 0:
        return {}
    shapes = [(len(batch["labels"]), width) for width in sizes[1:-1]]
    return {f"mask{i}": (rng.random(s, dtype=np.float32) >= dropout) / (1 - dropout) for i, s in enumerate(shapes)}


def masks_of(batch: Mapping[str, Any], training: bool) -> list[Any] | None:
    """The dropout masks of a batch in order; None in evaluation and where there are none."""
    names = sorted(name for name in batch if name.startswith("mask"))
    return [batch[name] for name in names] if training and names else None


# ---- the modern network ----

MLP_TRACE = (*(f"{part}.{i}" for i in range(2) for part in ("linears", "relus", "dropouts")), "linears.2")


class NumpyMLP(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("mlp_numpy").MLP(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"logits": model.forward(batch["images"], masks_of(batch, training))}

    def loss(self, model, outputs, batch):
        criterion = self.load("logistic_numpy").CrossEntropyLoss()
        loss = criterion.forward(outputs["logits"], batch["labels"])
        return loss, lambda inputs: {"images": model.backward(criterion.backward())}

    def optimizer(self, params, **options):
        return self.load("optimizers_numpy").AdamW(params, **ADAMW | options)


class LowMLP(LowLevel):
    def init(self, generator):
        return self.load("mlp_lowlevel").init_mlp(**self.sizes, generator=generator)

    def forward(self, model, batch, training):
        logits, activations = self.load("mlp_lowlevel").mlp(model, batch["images"], masks_of(batch, training))
        return {"logits": logits}, activations

    def loss(self, model, outputs, batch):
        return self.load("logistic_lowlevel").cross_entropy(outputs["logits"], batch["labels"])

    def optimizer(self, params, **options):
        return self.load("optimizers_lowlevel").AdamW(params, **ADAMW | options)


class PaperMLP(ModuleLevel):
    def build(self):
        return self.load("mlp_paper").MLP(**self.sizes)

    def init(self, module, generator):
        self.load("mlp_paper").init_mlp(module, generator)

    def forward(self, model, batch, training):
        return {"logits": model(batch["images"], masks_of(batch, training))}

    def loss(self, model, outputs, batch):
        return F.cross_entropy(outputs["logits"], batch["labels"])

    def optimizer(self, params, **options):
        return torch.optim.AdamW(params.values(), **ADAMW | options)


# ---- the network of 1998 ----

TRACE_1998 = tuple(f"{part}.{i}" for i in range(3) for part in ("linears", "squashes"))


class NumpyMLP1998(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("mlp_numpy").MLP1998(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"outputs": model.forward(batch["images"])}

    def loss(self, model, outputs, batch):
        mlp, y = self.load("mlp_numpy"), outputs["outputs"]
        criterion = mlp.SquaredError()
        loss = criterion.forward(y, mlp.one_of_k(batch["labels"], y.shape[1]).astype(y.dtype))
        return loss, lambda inputs: {"images": model.backward(criterion.backward())}

    def optimizer(self, params, **options):
        return self.load("optimizers_numpy").SGD(params, **SGD_1998 | options)


class LowMLP1998(LowLevel):
    def init(self, generator):
        return self.load("mlp_lowlevel").init_mlp1998(**self.sizes, generator=generator)

    def forward(self, model, batch, training):
        outputs, activations = self.load("mlp_lowlevel").mlp1998(model, batch["images"])
        return {"outputs": outputs}, activations

    def loss(self, model, outputs, batch):
        mlp, y = self.load("mlp_lowlevel"), outputs["outputs"]
        return mlp.squared_error(y, mlp.one_of_k(batch["labels"], y.shape[1]).to(y.dtype))

    def optimizer(self, params, **options):
        return self.load("optimizers_lowlevel").SGD(params, **SGD_1998 | options)


class PaperMLP1998(ModuleLevel):
    def build(self):
        return self.load("mlp_paper").MLP1998(**self.sizes)

    def init(self, module, generator):
        self.load("mlp_paper").init_mlp1998(module, generator)

    def forward(self, model, batch, training):
        return {"outputs": model(batch["images"])}

    def loss(self, model, outputs, batch):
        return self.load("mlp_paper").squared_error(outputs["outputs"], batch["labels"])

    def optimizer(self, params, **options):
        return torch.optim.SGD(params.values(), **SGD_1998 | options)
