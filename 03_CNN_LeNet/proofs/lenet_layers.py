"""The layers of the chapter and the torch operation that each must equal, ties and extremes among their inputs."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from utils.ladder import LayerCase
from utils.proofs import part, randomised

Built = tuple[Any, tuple[np.ndarray, ...]]


def conv_case(name: str, *, stride: int = 1, padding: int = 0, bias: bool = True) -> LayerCase:
    def build(module: ModuleType, rng: np.random.Generator) -> Built:
        conv = part(module, "Conv2d", "conv_numpy")
        layer = conv(3, 5, 3, stride=stride, padding=padding, bias=bias, rng=rng)
        return randomised(layer, rng), (rng.normal(size=(2, 3, 11, 13)),)

    def op(p: dict[str, Tensor], x: Tensor) -> Tensor:
        return F.conv2d(x, p["weight"], p.get("bias"), stride=stride, padding=padding)

    return LayerCase(name, build, op)


def pool_case(
    name: str,
    pool: str,
    op: Callable[..., Tensor],
    draw: Callable[[np.random.Generator], np.ndarray],
    smooth: bool = True,
    **sizes: int,
) -> LayerCase:
    def build(module: ModuleType, rng: np.random.Generator) -> Built:
        return part(module, pool, "conv_numpy")(**sizes), (draw(rng),)

    return LayerCase(name, build, lambda p, x: op(x, **sizes), smooth=smooth)


def spread(rng: np.random.Generator) -> np.ndarray:
    """Values that are all different by far more than the step of central differences: no tie, and no tie nearby."""
    shape = (2, 3, 11, 13)
    return (rng.permutation(int(np.prod(shape))).reshape(shape) - 400.0) / 100.0


def tied(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 3, size=(2, 3, 11, 13)).astype(np.float64)


def subsampling_case(module: ModuleType, rng: np.random.Generator) -> Built:
    return randomised(module.Subsampling(3, rng=rng), rng), (rng.normal(size=(2, 3, 10, 14)),)


SMALL_TABLE = ((0, 2), (1,), (0, 1, 2), (2,), (0, 1))


def table_case(module: ModuleType, rng: np.random.Generator) -> Built:
    return randomised(module.TableConv2d(SMALL_TABLE, 3, 3, rng=rng), rng), (rng.normal(size=(2, 3, 7, 11)),)


def masked_conv(p: dict[str, Tensor], x: Tensor) -> Tensor:
    outs, ins = zip(*[(o, c) for o, maps in enumerate(SMALL_TABLE) for c in maps], strict=True)
    mask = torch.zeros(5, 3, 1, 1, dtype=x.dtype)
    mask[outs, ins] = 1.0
    full = torch.ones(5, 3, 3, 3, dtype=x.dtype)
    full[outs, ins] = p["weight"]
    return F.conv2d(x, full * mask, p["bias"])


def rbf_case(module: ModuleType, rng: np.random.Generator) -> Built:
    return module.RBF(RBF_CODES), (rng.normal(size=(3, 11)),)


RBF_CODES = np.random.default_rng(0).normal(size=(5, 11))


def rbf_op(p: dict[str, Tensor], x: Tensor) -> Tensor:
    return torch.cdist(x, torch.tensor(RBF_CODES), compute_mode="donot_use_mm_for_euclid_dist") ** 2


def loss_case(name: str, loss: str, op: Callable[..., Tensor], scale: float, smooth: bool = True) -> LayerCase:
    def build(module: ModuleType, rng: np.random.Generator) -> Built:
        return getattr(module, loss)(), (rng.uniform(0, scale, size=(7, 5)), rng.integers(0, 5, 7))

    return LayerCase(name, build, op, smooth=smooth)


def equation_8(p: dict[str, Tensor], y: Tensor, labels: Tensor) -> Tensor:
    return (y * F.one_hot(labels, y.shape[1])).sum() / len(y)


def equation_9(p: dict[str, Tensor], y: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(torch.cat([-y, torch.full_like(y[:, :1], -0.1)], dim=1), labels)


CONVOLUTION = (
    conv_case("Conv2d"),
    conv_case("Conv2d with stride and padding", stride=2, padding=1),
    conv_case("Conv2d with stride 3, no bias", stride=3, bias=False),
)
LENET_LAYERS = (
    *CONVOLUTION,
    LayerCase("Subsampling", subsampling_case, lambda p, x: (
        p["coefficient"].view(-1, 1, 1) * 4.0 * F.avg_pool2d(x, 2) + p["bias"].view(-1, 1, 1)
    )),
    LayerCase("TableConv2d", table_case, masked_conv),
    LayerCase("RBF", rbf_case, rbf_op),
    loss_case("RBFLoss", "RBFLoss", equation_8, 9.0),
    loss_case("MAPLoss", "MAPLoss", equation_9, 3.0),
    loss_case("MAPLoss at extremes", "MAPLoss", equation_9, 1e4, smooth=False),
)  # fmt: skip
MODERN_LAYERS = (
    *CONVOLUTION,
    pool_case("MaxPool2d", "MaxPool2d", F.max_pool2d, spread, kernel_size=2),
    pool_case(
        "MaxPool2d, overlapping and padded", "MaxPool2d", F.max_pool2d, spread, kernel_size=3, stride=2, padding=1
    ),
    pool_case("MaxPool2d with ties", "MaxPool2d", F.max_pool2d, tied, kernel_size=3, stride=2, padding=1, smooth=False),
    pool_case("AvgPool2d", "AvgPool2d", F.avg_pool2d, spread, kernel_size=2),
    pool_case(
        "AvgPool2d, overlapping and padded", "AvgPool2d", F.avg_pool2d, spread, kernel_size=3, stride=2, padding=1
    ),
)
