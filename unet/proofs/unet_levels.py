"""The U-Net and a step of its way up at every level, with batches to prove on.

| ladder   | level            | model, forward                           | loss         | optimizer           |
| -------- | ---------------- | ---------------------------------------- | ------------ | ------------------- |
| up_block | numpy            | `UpBlock(x, skip)`                       | `MSELoss`    | `SGD`, momentum 0.99 |
|          | pytorch_lowlevel | `up_block(params, "", x, skip)`          | `mse_loss`   | `SGD`               |
|          | paper            | `UpBlock(x, skip)`                       | `F.mse_loss` | torch's             |
| unet     | numpy            | `UNet(images, masks, training)`          | `PixelLoss`  | `SGD`, or `Adam`    |
|          | pytorch_lowlevel | `unet(params, images, masks, training)`  | `pixel_loss` | `SGD`               |
|          | paper            | `UNet(images, masks)`                    | `pixel_loss` | torch's             |

`unet_same` is `unet` with `same=True`. The masks of dropout are arrays of the batch and act in training mode only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from utils.ladder import Batch
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

# Distinct, as far as the network lets them: two equal sizes hide a missing transpose.
B, IN, CLASSES, WIDTH, DEPTH = 2, 7, 5, 3, 2
SIZES: dict[str, Any] = {"in_channels": IN, "classes": CLASSES, "width": WIDTH, "depth": DEPTH}
SGD: dict[str, Any] = {"lr": 0.01, "momentum": 0.99}  # section 3 has the momentum and no learning rate
DROPOUT = 0.5


# ---- batches ----


def block_batch(rng: np.random.Generator) -> Batch:
    """A skip with 6 rows and 2 columns to cut off; torchvision's crop rounds half of an odd rest to an even number."""
    return {
        "x": rng.normal(size=(B, 2 * WIDTH, 4, 5)),
        "skip": rng.normal(size=(B, WIDTH, 14, 12)),
        "target": rng.normal(size=(B, WIDTH, 4, 6)),
    }


def unet_batch(rng: np.random.Generator) -> Batch:
    return pixels(rng, (44, 52), (4, 12))


def same_batch(rng: np.random.Generator) -> Batch:
    return pixels(rng, (12, 16), (12, 16))


def pixels(rng: np.random.Generator, side: tuple[int, int], map_side: tuple[int, int]) -> Batch:
    return {
        "images": rng.normal(size=(B, IN, *side)),
        "labels": rng.integers(0, CLASSES, (B, *map_side)),
        "weights": rng.uniform(0.0, 3.0, (B, *map_side)),
    }


def dropout_noise(
    rng: np.random.Generator,
    batch: Batch,
    *,
    depth: int = 4,
    width: int = 64,
    same: bool = False,
    dropout: float = DROPOUT,
    **sizes: Any,
) -> Batch:
    """Masks of 0 and 1 / (1 - dropout) for the maps of the last level before the bottom, and of the bottom."""
    if dropout == 0:
        return {}
    count, _, *sides = batch["images"].shape
    lost, masks = 0 if same else 4, {}
    for level in range(depth + 1):
        sides = [n - lost for n in sides]
        if level >= depth - 1:
            keep = rng.random((count, width << level, *sides)) >= dropout
            masks["mask_last" if level < depth else "mask_bottom"] = keep / (1.0 - dropout)
        sides = [n // 2 for n in sides]
    return masks


def masks_of(batch: Any, training: bool) -> tuple[Any, ...]:
    return (batch["mask_last"], batch["mask_bottom"]) if training and "mask_last" in batch else ()


def is_parameter(name: str) -> bool:
    """Running statistics are not trained."""
    return not name.endswith(("running_mean", "running_var", "num_batches_tracked"))


def trace() -> tuple[str, ...]:
    """Names of the recorded activations in the order of computation."""
    blocks = [f"down.{level}" for level in range(DEPTH)] + ["bottom"]
    down = [f"{block}{part}" for block in blocks for part in (".conv1", ".conv2", "")]
    parts = (".upconv", ".convs.conv1", ".convs.conv2", ".convs", "")
    up = [f"up.{step}{part}" for step in range(DEPTH) for part in parts]
    return (*down, *up, "head")


# ---- a step of the way up ----


class NumpyUpBlock(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("unet_numpy").UpBlock(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"y": model.forward(batch["x"], batch["skip"], training)}

    def loss(self, model, outputs, batch):
        criterion = self.load("linear_numpy").MSELoss()
        loss = criterion.forward(outputs["y"], batch["target"])
        return loss, lambda inputs: dict(zip(("x", "skip"), model.backward(criterion.backward()), strict=True))

    def optimizer(self, params, **options):
        return self.load("optimizers_numpy").SGD(params, **SGD | options)


class LowUpBlock(LowLevel):
    def init(self, generator):
        unet = self.load("unet_lowlevel")
        return unet.as_leaves(unet.init_up_block("", self.sizes["channels"], self.sizes["same"], generator))

    def forward(self, model, batch, training):
        record: dict[str, Any] = {}
        y = self.load("unet_lowlevel").up_block(model, "", batch["x"], batch["skip"], training, record)
        return {"y": y}, record

    def loss(self, model, outputs, batch):
        return self.load("linear_lowlevel").mse_loss(outputs["y"], batch["target"])

    def optimizer(self, params, **options):
        return self.load("optimizers_lowlevel").SGD(params, **SGD | options)


class PaperUpBlock(ModuleLevel):
    def build(self):
        return self.load("unet_paper").UpBlock(**self.sizes)

    def init(self, module, generator):
        self.load("unet_paper").init_unet(module, generator)

    def forward(self, model, batch, training):
        return {"y": model(batch["x"], batch["skip"])}

    def loss(self, model, outputs, batch):
        return F.mse_loss(outputs["y"], batch["target"])

    def optimizer(self, params, **options):
        return torch.optim.SGD(params.values(), **SGD | options)


# ---- the network ----


class NumpyUNet(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("unet_numpy").UNet(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"logits": model.forward(batch["images"], masks_of(batch, training), training)}

    def loss(self, model, outputs, batch):
        criterion = self.load("unet_numpy").PixelLoss()
        loss = criterion.forward(outputs["logits"], batch["labels"], batch["weights"])
        return loss, lambda inputs: {"images": model.backward(criterion.backward(), input_grad=inputs)}

    def optimizer(self, params, kind="sgd", **options):
        optimizers = self.load("optimizers_numpy")
        return optimizers.Adam(params, **options) if kind == "adam" else optimizers.SGD(params, **SGD | options)


class LowUNet(LowLevel):
    def init(self, generator):
        return self.load("unet_lowlevel").init_unet(**self.sizes, generator=generator)

    def forward(self, model, batch, training):
        unet = self.load("unet_lowlevel").unet
        logits, activations = unet(model, batch["images"], masks_of(batch, training), training)
        return {"logits": logits}, activations

    def loss(self, model, outputs, batch):
        return self.load("unet_lowlevel").pixel_loss(outputs["logits"], batch["labels"], batch["weights"])

    def optimizer(self, params, kind="sgd", **options):
        optimizers = self.load("optimizers_lowlevel")
        return optimizers.Adam(params, **options) if kind == "adam" else optimizers.SGD(params, **SGD | options)


class PaperUNet(ModuleLevel):
    def build(self):
        return self.load("unet_paper").UNet(**self.sizes)

    def init(self, module, generator):
        self.load("unet_paper").init_unet(module, generator)

    def forward(self, model, batch, training):
        return {"logits": model(batch["images"], masks_of(batch, training))}

    def loss(self, model, outputs, batch):
        return self.load("unet_paper").pixel_loss(outputs["logits"], batch["labels"], batch["weights"])

    def optimizer(self, params, kind="sgd", **options):
        if kind == "adam":
            return torch.optim.Adam(params.values(), **options)
        return torch.optim.SGD(params.values(), **SGD | options)
