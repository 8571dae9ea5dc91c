"""The layers and blocks of the chapter and the torch operations that each must equal."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.functional import center_crop

from utils.ladder import LayerCase, Load
from utils.parity.cases import randomised

Case = tuple[Any, tuple[np.ndarray, ...]]


# ---- transposed convolution ----


def transposed_case(k: int, s: int, p: int, op: int) -> LayerCase:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        layer = load("transposed_numpy").ConvTranspose2d(
            3, 2, k, stride=s, padding=p, output_padding=op, rng=rng, dtype=dtype
        )
        return randomised(layer, rng), (rng.normal(size=(2, 3, 5, 4)),)

    def op_of_torch(params: dict[str, Tensor], x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, params["weight"], params["bias"], s, p, op)

    return LayerCase(f"ConvTranspose2d, kernel {k}, stride {s}, padding {p}, {op} more", build, op_of_torch)


# ---- cropping, concatenation ----


class Cropping:
    """A crop to 4 x 7 pixels, for the comparison of layers, which calls `forward(x)`."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.params, self.grads, self.backward = layer, {}, {}, layer.backward

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.layer.forward(x, 4, 7).copy()


def crop_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return Cropping(load("transposed_numpy").Crop()), (rng.normal(size=(2, 3, 9, 11)),)  # rests of 5 and 4


def torch_crop(params: dict[str, Tensor], x: Tensor) -> Tensor:
    if x.ndim != 4:
        raise ValueError("torchvision crops the last two axes of anything")
    return x[:, :, 2:6, 2:9]


def concatenate_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return load("transposed_numpy").Concatenate(), (rng.normal(size=(2, 3, 5, 7)), rng.normal(size=(2, 4, 5, 7)))


# ---- blocks ----


def double_conv(p: dict[str, Tensor], x: Tensor, name: str = "") -> Tensor:
    """From torch operations; padded and normalised where there are scales."""
    for i in (1, 2):
        same = f"{name}bn{i}.weight" in p
        x = F.conv2d(x, p[f"{name}conv{i}.weight"], p.get(f"{name}conv{i}.bias"), padding=int(same))
        if same:
            x = F.batch_norm(x, None, None, p[f"{name}bn{i}.weight"], p[f"{name}bn{i}.bias"], training=True)
        x = F.relu(x)
    return x


def up_block(p: dict[str, Tensor], x: Tensor, skip: Tensor) -> Tensor:
    x = F.conv_transpose2d(x, p["upconv.weight"], p["upconv.bias"], stride=2)
    return double_conv(p, torch.cat([center_crop(skip, list(x.shape[2:])), x], dim=1), "convs.")


def double_case(same: bool) -> LayerCase:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        layer = load("unet_numpy").DoubleConv(3, 5, same=same, rng=rng, dtype=dtype)
        return randomised(layer, rng), (rng.normal(size=(2, 3, 7, 8)),)

    return LayerCase("DoubleConv, padded" if same else "DoubleConv", build, double_conv)


def block_case(same: bool) -> LayerCase:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        layer = load("unet_numpy").UpBlock(3, same=same, rng=rng, dtype=dtype)
        return randomised(layer, rng), (rng.normal(size=(2, 6, 3, 4)), rng.normal(size=(2, 3, 10, 12)))

    return LayerCase("UpBlock, padded" if same else "UpBlock", build, up_block)


# ---- the loss ----


class GivenLabels:
    """The loss of fixed labels and weights as a layer of the logits."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.params, self.grads, self.backward = layer, {}, {}, layer.backward

    def forward(self, logits: np.ndarray) -> float:
        return self.layer.forward(logits, LABELS, WEIGHTS.astype(logits.dtype))


LABELS = np.arange(2 * 5 * 7).reshape(2, 5, 7) * 11 % 3
WEIGHTS = 1.0 + np.arange(2 * 5 * 7).reshape(2, 5, 7) * 17 % 13 / 4.0


def loss_case(scale: float) -> LayerCase:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        return GivenLabels(load("unet_numpy").PixelLoss()), (scale * rng.normal(size=(2, 3, 5, 7)),)

    return LayerCase("PixelLoss" if scale == 1 else "PixelLoss of huge logits", build, torch_loss, smooth=scale == 1)


def torch_loss(params: dict[str, Tensor], logits: Tensor) -> Tensor:
    nll = F.cross_entropy(logits, torch.tensor(LABELS), reduction="none")
    return (nll * torch.tensor(WEIGHTS, dtype=logits.dtype)).mean()


BLOCK_LAYERS = (
    *(transposed_case(*sizes) for sizes in ((2, 2, 0, 0), (3, 2, 1, 1), (4, 2, 1, 0), (3, 1, 1, 0), (2, 3, 0, 2))),
    LayerCase("Crop", crop_case, torch_crop),
    LayerCase("Concatenate", concatenate_case, lambda params, a, b: torch.cat([a, b], dim=1)),
    double_case(same=False),
    block_case(same=False),
)
UNET_LAYERS = (loss_case(1.0), loss_case(1e3))
SAME_LAYERS = (double_case(same=True), block_case(same=True))
