"""The layers of the chapter and the torch operation that each must equal, ties and extremes among their inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from utils.ladder import LayerCase, Load
from utils.parity.cases import randomised

Case = tuple[Any, tuple[np.ndarray, ...]]

IMAGES = (5, 7, 11, 13)


# ---- convolution and pooling ----


def conv_case(about: str = "", *, bias: bool = True, **window: int) -> LayerCase:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        layer = load("conv_numpy").Conv2d(7, 2, 3, **window, bias=bias, rng=rng, dtype=dtype)
        return randomised(layer, rng), (rng.normal(size=IMAGES),)

    return LayerCase("Conv2d" + about, build, lambda p, x: F.conv2d(x, p["weight"], p.get("bias"), **window))


def pool_case(
    pool: str, op: Callable[..., Tensor], images: Callable, *, about: str = "", smooth: bool = True, **window: int
) -> LayerCase:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        return getattr(load("conv_numpy"), pool)(**window), (images(rng),)

    return LayerCase(pool + about, build, lambda p, x: op(x, **window), smooth=smooth)


def spread(rng: np.random.Generator) -> np.ndarray:
    """Values that are all different by far more than the step of central differences: no tie, and no tie nearby."""
    size = int(np.prod(IMAGES))
    return (rng.permutation(size).reshape(IMAGES) - size / 2) / 1000.0


def tied(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 3, size=IMAGES).astype(np.float64)


# ---- the layers of LeNet-5 ----


def subsampling_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return randomised(load("lenet_numpy").Subsampling(3, rng=rng, dtype=dtype), rng), (rng.normal(size=(5, 3, 10, 14)),)


def subsampling(p: Any, x: Tensor) -> Tensor:
    return p["coefficient"].view(-1, 1, 1) * 4.0 * F.avg_pool2d(x, 2) + p["bias"].view(-1, 1, 1)


SMALL_TABLE = ((0, 2), (1,), (0, 1, 2), (2,), (0, 1))


def table_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    layer = load("lenet_numpy").TableConv2d(SMALL_TABLE, 3, 2, rng=rng, dtype=dtype)
    return randomised(layer, rng), (rng.normal(size=(7, 3, 11, 13)),)


def masked_conv(p: dict[str, Tensor], x: Tensor) -> Tensor:
    outs, ins = zip(*[(o, c) for o, maps in enumerate(SMALL_TABLE) for c in maps], strict=True)
    mask = torch.zeros(5, 3, 1, 1, dtype=x.dtype)
    mask[outs, ins] = 1.0
    full = torch.ones(5, 3, 2, 2, dtype=x.dtype)
    full[outs, ins] = p["weight"]
    return F.conv2d(x, full * mask, p["bias"])


RBF_CODES = np.random.default_rng(0).normal(size=(5, 11))


def rbf_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return load("lenet_numpy").RBF(RBF_CODES, dtype=dtype), (rng.normal(size=(3, 11)),)


def rbf(x: Tensor, codes: Tensor) -> Tensor:
    """Equation 7. x: (B, D), codes: (K, D). Returns: (B, K)"""
    return torch.cdist(x, codes, compute_mode="donot_use_mm_for_euclid_dist") ** 2


# ---- the losses of LeNet-5 ----


def equation_8(y: Tensor, labels: Tensor) -> Tensor:
    return (y * F.one_hot(labels, y.shape[1])).sum() / len(y)


def equation_9(y: Tensor, labels: Tensor, j: float = 0.1) -> Tensor:
    """A cross-entropy with one more class, of constant logit -j."""
    return F.cross_entropy(torch.cat([-y, torch.full_like(y[:, :1], -j)], dim=1), labels)


def loss_case(
    loss: str, op: Callable[..., Tensor], largest: float, *, about: str = "", smooth: bool = True, **options: float
) -> LayerCase:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        criterion = getattr(load("lenet_numpy"), loss)(**options)
        return criterion, (rng.uniform(0, largest, size=(7, 5)), rng.integers(0, 5, 7))

    return LayerCase(loss + about, build, lambda p, y, labels: op(y, labels, **options), smooth=smooth)


LENET_LAYERS = (
    conv_case(),
    conv_case(" with stride and padding", stride=2, padding=1),
    conv_case(" with stride 3, no bias", stride=3, bias=False),
    LayerCase("Subsampling", subsampling_case, subsampling),
    LayerCase("TableConv2d", table_case, masked_conv),
    LayerCase("RBF", rbf_case, lambda p, x: rbf(x, torch.tensor(RBF_CODES))),
    loss_case("RBFLoss", equation_8, 9.0),
    loss_case("MAPLoss", equation_9, 3.0),
    loss_case("MAPLoss", equation_9, 3.0, about=" with j = 3", j=3.0),
    loss_case("MAPLoss", equation_9, 1e4, about=" at extremes", smooth=False),
)
OVERLAPPING: dict[str, Any] = {"kernel_size": 3, "stride": 2, "padding": 1}
MODERN_LAYERS = (
    pool_case("MaxPool2d", F.max_pool2d, spread, kernel_size=2),
    pool_case("MaxPool2d", F.max_pool2d, spread, about=", overlapping and padded", **OVERLAPPING),
    pool_case("MaxPool2d", F.max_pool2d, tied, about=" with ties", smooth=False, **OVERLAPPING),
    pool_case("AvgPool2d", F.avg_pool2d, spread, kernel_size=2),
    pool_case("AvgPool2d", F.avg_pool2d, spread, about=", overlapping and padded", **OVERLAPPING),
)
