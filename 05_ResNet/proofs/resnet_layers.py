"""The layers and blocks of the chapter and the torch operations that each must equal, extremes among their inputs."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from utils.ladder import LayerCase
from utils.proofs import part


class InEvaluation:
    """A layer in evaluation mode, for the comparison of layers, which calls `forward(x)`."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.params, self.grads = layer, layer.params, layer.grads

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.layer.forward(x, False)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return self.layer.backward(dy)


def norm_layer(module: ModuleType, rng: np.random.Generator) -> Any:
    layer = part(module, "BatchNorm2d", "batchnorm_numpy")(3)
    layer.params["weight"][...] = rng.uniform(0.5, 1.5, 3)
    layer.params["bias"][...] = rng.normal(size=3)
    layer.buffers["running_mean"][...] = RUNNING_MEAN
    layer.buffers["running_var"][...] = RUNNING_VAR
    return layer


RUNNING_MEAN, RUNNING_VAR = np.array([0.3, -0.7, 1.1]), np.array([0.5, 1.3, 2.1])


def norm_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return norm_layer(module, rng), (rng.normal(size=(2, 3, 5, 7)) * 2.0 + 1.0,)


def norm_case_evaluation(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return InEvaluation(norm_layer(module, rng)), (rng.normal(size=(2, 3, 5, 7)),)


def norm_case_extreme(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    """A channel of one value only, one of tiny and one of huge values."""
    x = rng.normal(size=(2, 3, 5, 7))
    x[:, 0], x[:, 1], x[:, 2] = 4.0, x[:, 1] * 1e-6, x[:, 2] * 1e6
    return norm_layer(module, rng), (x,)


def torch_norm(params: dict[str, Tensor], x: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, params["weight"], params["bias"], training=True)


def torch_norm_evaluation(params: dict[str, Tensor], x: Tensor) -> Tensor:
    mean, var = torch.tensor(RUNNING_MEAN), torch.tensor(RUNNING_VAR)
    return F.batch_norm(x, mean, var, params["weight"], params["bias"], training=False)


def pool_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return part(module, "GlobalAvgPool", "batchnorm_numpy")(), (rng.normal(size=(2, 3, 5, 7)),)


def pad_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return part(module, "PadShortcut", "resnet_numpy")(3, 8, 2), (rng.normal(size=(2, 3, 5, 7)),)


def projection_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    layer = part(module, "Projection", "resnet_numpy")(3, 5, 2, rng=rng, dtype=np.float64)
    return random_block(layer, rng), (rng.normal(size=(2, 3, 7, 11)),)


def torch_projection(p: dict[str, Tensor], x: Tensor) -> Tensor:
    x = F.conv2d(x, p["0.weight"], stride=2)
    return F.batch_norm(x, None, None, p["1.weight"], p["1.bias"], training=True)


def random_block(layer: Any, rng: np.random.Generator) -> Any:
    """The block with all of its parameters random, its scales positive."""
    for p in layer.params.values():
        p[...] = rng.uniform(0.5, 1.5, p.shape) if p.ndim == 1 else rng.normal(size=p.shape)
    return layer


def block_case(name: str, option: str, stride: int) -> Callable:
    def case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
        kind = part(module, name, "resnet_numpy")
        c = 3 if stride > 1 else 2 * kind.expansion
        channels = 5 if option == "A" and stride > 1 else 2  # a shortcut of zeros can only add channels
        return random_block(kind(c, channels, stride, option=option, rng=rng), rng), (rng.normal(size=(2, c, 5, 7)),)

    return case


def torch_block(option: str, stride: int) -> Callable:
    """A block of either kind from torch operations."""

    def block(p: dict[str, Tensor], x: Tensor) -> Tensor:
        last = 3 if "conv3.weight" in p else 2
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

    return block


NORM_LAYERS = (
    LayerCase("BatchNorm2d", norm_case, torch_norm),
    LayerCase("BatchNorm2d in evaluation", norm_case_evaluation, torch_norm_evaluation),
    LayerCase("BatchNorm2d at extremes", norm_case_extreme, torch_norm, smooth=False),
    LayerCase("GlobalAvgPool", pool_case, lambda params, x: F.adaptive_avg_pool2d(x, 1).flatten(1)),
)
CIFAR_LAYERS = (
    *NORM_LAYERS,
    LayerCase("PadShortcut", pad_case, lambda params, x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 3))),
    LayerCase("BasicBlock, identity", block_case("BasicBlock", "A", 1), torch_block("A", 1)),
    LayerCase("BasicBlock, option A", block_case("BasicBlock", "A", 2), torch_block("A", 2)),
)
LAYERS_OF_18 = (
    LayerCase("Projection", projection_case, torch_projection),
    LayerCase("BasicBlock, option B", block_case("BasicBlock", "B", 2), torch_block("B", 2)),
)
LAYERS_OF_50 = (
    LayerCase("Bottleneck, identity", block_case("Bottleneck", "B", 1), torch_block("B", 1)),
    LayerCase("Bottleneck, option B", block_case("Bottleneck", "B", 2), torch_block("B", 2)),
)
PLAIN_LAYERS = (LayerCase("BasicBlock, plain", block_case("BasicBlock", "none", 2), torch_block("none", 2)),)
