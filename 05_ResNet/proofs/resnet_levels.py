"""The residual networks at every level, with batches to prove on. The plain network is CIFAR-10's with the option "none".

| network  | level            | model, forward                                | loss               | optimizer |
| -------- | ---------------- | --------------------------------------------- | ------------------ | --------- |
| ImageNet | numpy            | `ResNet(x, training)`                         | `CrossEntropyLoss` | `SGD`     |
|          | pytorch_lowlevel | `resnet(params, x, training, residual)`       | `cross_entropy`    | `SGD`     |
|          | paper            | `ResNet(x)`                                   | `F.cross_entropy`  | torch's   |
| CIFAR-10 | numpy            | `CifarResNet(x, training)`                    | `CrossEntropyLoss` | `SGD`     |
|          | pytorch_lowlevel | `cifar_resnet(params, x, training, residual)` | `cross_entropy`    | `SGD`     |
|          | paper            | `CifarResNet(x)`                              | `F.cross_entropy`  | torch's   |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from utils.ladder import Batch
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

CLASSES = 7
CIFAR: dict[str, Any] = {"depth": 8, "width": 5, "in_channels": 3, "classes": CLASSES, "option": "A"}
RESNET18: dict[str, Any] = {"depth": 18, "width": 5, "classes": CLASSES}
RESNET50: dict[str, Any] = {"depth": 50, "width": 5, "classes": CLASSES, "layers": (1, 2, 1, 1)}
# The paper has 0.1, 0.9, 1e-4; this decay shows in ten steps.
SGD: dict[str, Any] = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-2}


# ---- batches and names ----


def random_batch(
    examples: int, height: int, width: int, *, classes: int = CLASSES
) -> Callable[[np.random.Generator], Batch]:
    def batch(rng: np.random.Generator) -> Batch:
        images = rng.normal(size=(examples, 3, height, width))
        return {"images": images, "labels": rng.integers(0, classes, examples)}

    return batch


small_batch = random_batch(2, 13, 11)  # halved twice with rest: 13, 7, 4 and 11, 6, 3
large_batch = random_batch(2, 37, 43)  # halved five times with rest: 37, 19, 10, 5, 3, 2


def is_parameter(name: str) -> bool:
    """Running statistics are not trained."""
    return not name.endswith(("running_mean", "running_var", "num_batches_tracked"))


def trace_of(counts: tuple[int, ...], convs: int, *stem: str) -> tuple[str, ...]:
    """Names of the recorded activations in the order of computation: stem, the layers of every block, the block, head."""
    parts = [f".{part}{i}" for i in range(1, convs + 1) for part in ("conv", "bn")]
    blocks = [f"layer{stage}.{i}" for stage, count in enumerate(counts, start=1) for i in range(count)]
    return (*stem, *(block + part for block in blocks for part in (*parts, "")), "avgpool", "fc")


CIFAR_TRACE = trace_of((1, 1, 1), 2, "conv1", "bn1")
TRACE_18 = trace_of((2, 2, 2, 2), 2, "conv1", "bn1", "maxpool")
TRACE_50 = trace_of(RESNET50["layers"], 3, "conv1", "bn1", "maxpool")


# ---- the networks for ImageNet ----


class NumpyResNet(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("resnet_numpy").ResNet(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"logits": model.forward(batch["images"], training)}

    def loss(self, model, outputs, batch):
        criterion = self.load("logistic_numpy").CrossEntropyLoss()
        loss = criterion.forward(outputs["logits"], batch["labels"])
        return loss, lambda inputs: {"images": model.backward(criterion.backward(), input_grad=inputs)}

    def optimizer(self, params, **options):
        return self.load("optimizers_numpy").SGD(params, **SGD | options)


class LowResNet(LowLevel):
    @property
    def residual(self) -> bool:
        return self.sizes.get("option") != "none"

    def init(self, generator):
        return self.load("resnet_lowlevel").init_imagenet_resnet(**self.sizes, generator=generator)

    def forward(self, model, batch, training):
        resnet = self.load("resnet_lowlevel").resnet
        logits, activations = resnet(model, batch["images"], training, residual=self.residual)
        return {"logits": logits}, activations

    def loss(self, model, outputs, batch):
        return self.load("logistic_lowlevel").cross_entropy(outputs["logits"], batch["labels"])

    def optimizer(self, params, **options):
        return self.load("optimizers_lowlevel").SGD(params, **SGD | options)


class PaperResNet(ModuleLevel):
    def build(self):
        return self.load("resnet_paper").ResNet(**self.sizes)

    def init(self, module, generator):
        self.load("resnet_paper").init_resnet(module, generator)

    def forward(self, model, batch, training):
        return {"logits": model(batch["images"])}

    def loss(self, model, outputs, batch):
        return F.cross_entropy(outputs["logits"], batch["labels"])

    def optimizer(self, params, **options):
        return torch.optim.SGD(params.values(), **SGD | options)


# ---- the networks for CIFAR-10 ----


class NumpyCifarResNet(NumpyResNet):
    def build(self, rng, dtype):
        return self.load("resnet_numpy").CifarResNet(**self.sizes, rng=rng, dtype=dtype)


class LowCifarResNet(LowResNet):
    def init(self, generator):
        return self.load("resnet_lowlevel").init_cifar_resnet(**self.sizes, generator=generator)

    def forward(self, model, batch, training):
        cifar_resnet = self.load("resnet_lowlevel").cifar_resnet
        logits, activations = cifar_resnet(model, batch["images"], training, residual=self.residual)
        return {"logits": logits}, activations


class PaperCifarResNet(PaperResNet):
    def build(self):
        return self.load("resnet_paper").CifarResNet(**self.sizes)
