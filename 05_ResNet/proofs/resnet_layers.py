"""The layers and blocks of the chapter and the torch operations that each must equal, extremes among their inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from utils.ladder import LayerCase, Load

Case = tuple[Any, tuple[np.ndarray, ...]]


def random_layer(layer: Any, rng: np.random.Generator) -> Any:
    """The layer with all of its parameters random, its scales positive."""
    for p in layer.params.values():
        p[...] = rng.uniform(0.5, 1.5, p.shape) if p.ndim == 1 else rng.normal(size=p.shape)
    return layer


# ---- normalisation and pooling ----


RUNNING_MEAN, RUNNING_VAR = np.array([0.3, -0.7, 1.1]), np.array([0.5, 1.3, 2.1])


class InEvaluation:
    """A normalisation in evaluation mode, for the comparison of layers, which calls `forward(x)`."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.params, self.grads, self.backward = layer, layer.params, layer.grads, layer.backward
        layer.running_mean[...], layer.running_var[...] = RUNNING_MEAN, RUNNING_VAR

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.layer.forward(x, False)


def norm_layer(load: Load, rng: np.random.Generator, dtype: Any) -> Any:
    return random_layer(load("batchnorm_numpy").BatchNorm2d(3, dtype=dtype), rng)


def norm_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return norm_layer(load, rng, dtype), (rng.normal(size=(2, 3, 5, 7)) * 2.0 + 1.0,)


def norm_case_evaluation(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return InEvaluation(norm_layer(load, rng, dtype)), (rng.normal(size=(2, 3, 5, 7)),)


def norm_case_extreme(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    """A channel of one value only, one of tiny and one of huge values."""
    x = rng.normal(size=(2, 3, 5, 7))
    x[:, 0], x[:, 1], x[:, 2] = 4.0, x[:, 1] * 1e-6, x[:, 2] * 1e6
    return norm_layer(load, rng, dtype), (x,)


def torch_norm(params: dict[str, Tensor], x: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, params["weight"], params["bias"], training=True)


def torch_norm_evaluation(params: dict[str, Tensor], x: Tensor) -> Tensor:
    return F.batch_norm(x, torch.tensor(RUNNING_MEAN), torch.tensor(RUNNING_VAR), params["weight"], params["bias"])


def pool_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return load("batchnorm_numpy").GlobalAvgPool(), (rng.normal(size=(2, 3, 5, 7)),)


# ---- shortcuts ----


def pad_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return load("resnet_numpy").PadShortcut(3, 8, 2), (rng.normal(size=(2, 3, 5, 7)),)


def torch_pad(params: dict[str, Tensor], x: Tensor) -> Tensor:
    """Option A as a convolution: output channels 2, 3, 4 copy the input's, the other five have weights of zero."""
    weight = torch.zeros(8, 3, 1, 1, dtype=x.dtype)
    weight[2:5, :, 0, 0] = torch.eye(3)
    return F.conv2d(x, weight, stride=2)


def projection_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    layer = load("resnet_numpy").Projection(3, 5, 2, rng=rng, dtype=dtype)
    return random_layer(layer, rng), (rng.normal(size=(2, 3, 7, 11)),)


def torch_projection(p: dict[str, Tensor], x: Tensor) -> Tensor:
    return F.batch_norm(F.conv2d(x, p["0.weight"], stride=2), None, None, p["1.weight"], p["1.bias"], training=True)


# ---- blocks ----


def block_case(title: str, name: str, option: str, stride: int) -> LayerCase:
    """A block of either kind, and the same from torch operations."""

    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        block = getattr(load("resnet_numpy"), name)
        c = 3 if stride > 1 else 2 * block.expansion
        channels = 5 if option == "A" and stride > 1 else 2  # a shortcut of zeros can only add channels
        layer = block(c, channels, stride, option=option, rng=rng, dtype=dtype)
        return random_layer(layer, rng), (rng.normal(size=(2, c, 5, 7)),)

    def torch_block(p: dict[str, Tensor], x: Tensor) -> Tensor:
        last = 3 if name == "Bottleneck" else 2
        y = x
        for i in range(1, last + 1):
            weight = p[f"conv{i}.weight"]
            y = F.conv2d(y, weight, None, stride if i == last - 1 else 1, weight.shape[2] // 2)
            y = F.batch_norm(y, None, None, p[f"bn{i}.weight"], p[f"bn{i}.bias"], training=True)
            y = F.relu(y) if i < last else y
        if option == "B" and stride > 1:
            x = F.conv2d(x, p["downsample.0.weight"], stride=stride)
            x = F.batch_norm(x, None, None, p["downsample.1.weight"], p["downsample.1.bias"], training=True)
        elif option == "A" and stride > 1:
            more = y.shape[1] - x.shape[1]
            x = F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, more // 2, more - more // 2))
        return F.relu(y if option == "none" else y + x)

    return LayerCase(f"{name}, {title}", build, torch_block)


CIFAR_LAYERS = (
    LayerCase("BatchNorm2d", norm_case, torch_norm),
    LayerCase("BatchNorm2d in evaluation", norm_case_evaluation, torch_norm_evaluation),
    LayerCase("BatchNorm2d at extremes", norm_case_extreme, torch_norm, smooth=False),
    LayerCase("GlobalAvgPool", pool_case, lambda params, x: F.adaptive_avg_pool2d(x, 1).flatten(1)),
    LayerCase("PadShortcut", pad_case, torch_pad),
    block_case("identity", "BasicBlock", "A", 1),
    block_case("option A", "BasicBlock", "A", 2),
)
PLAIN_LAYERS = (block_case("plain", "BasicBlock", "none", 2),)
LAYERS_OF_18 = (
    LayerCase("Projection", projection_case, torch_projection),
    block_case("option B", "BasicBlock", "B", 2),
)
LAYERS_OF_50 = (
    block_case("identity", "Bottleneck", "B", 1),
    block_case("option B", "Bottleneck", "B", 2),
)
