"""The layers of the chapter and the torch operation that each must equal, with ordinary, tied and extreme inputs."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from mlp_levels import DROPOUT
from torch import Tensor
from torch.nn import functional as F

from utils.ladder import LayerCase
from utils.proofs import part


def activation_cases(name: str, torch_op: Callable[[Tensor], Tensor]) -> tuple[LayerCase, LayerCase]:
    """An activation at ordinary values, and at its tie (zero), its saturation, and extremes."""

    def ordinary(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
        return part(module, name, "activations_numpy")(), (rng.normal(size=(5, 7)) * 2.0,)

    def extreme(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
        x = np.array([[0.0, -0.0, 1e-300, -1e-300, 6.0, -6.0, 30.0], [-30.0, 710.0, -710.0, 1e4, -1e4, 1.0, -1.0]])
        return part(module, name, "activations_numpy")(), (x,)

    op = lambda params, x: torch_op(x)  # noqa: E731
    return LayerCase(name, ordinary, op), LayerCase(f"{name} at zero and extremes", extreme, op, smooth=False)


def dropout_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return module.Dropout(), (rng.normal(size=(5, 7)), module.dropout_mask((5, 7), DROPOUT, rng=rng))


def squared_error_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return module.SquaredError(), (rng.normal(size=(5, 7)), rng.normal(size=(5, 7)))


def softmax_3d(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return part(module, "Softmax", "activations_numpy")(), (rng.normal(size=(2, 3, 5)),)


MLP_LAYERS = (
    *activation_cases("Sigmoid", torch.sigmoid),
    *activation_cases("Tanh", torch.tanh),
    *activation_cases("ReLU", F.relu),
    *activation_cases("LeakyReLU", F.leaky_relu),
    *activation_cases("ELU", F.elu),
    *activation_cases("GELU", F.gelu),
    *activation_cases("GELUTanh", lambda x: F.gelu(x, approximate="tanh")),
    *activation_cases("SiLU", F.silu),
    *activation_cases("Softmax", lambda x: torch.softmax(x, dim=-1)),
    LayerCase("Softmax on three axes", softmax_3d, lambda params, x: torch.softmax(x, dim=-1)),
    LayerCase("Dropout", dropout_case, lambda params, x, mask: x * mask.detach()),
)
LAYERS_1998 = (
    *activation_cases("ScaledTanh", lambda x: 1.7159 * torch.tanh(2.0 / 3.0 * x)),
    LayerCase("SquaredError", squared_error_case, lambda params, y, t: 0.5 * ((y - t) ** 2).sum(1).mean()),
)
