"""The layers of the chapter and the torch operation that each must equal, with ordinary, tied and extreme inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from utils.ladder import LayerCase, Load

Case = tuple[Any, tuple[np.ndarray, ...]]

EXTREMES = np.array([[0.0, -0.0, 1e-300, -1e-300, 6.0, -6.0, 30.0], [-30.0, 710.0, -710.0, 1e4, -1e4, 1.0, -1.0]])


def activation_cases(name: str, torch_op: Callable[[Tensor], Tensor], **options: float) -> tuple[LayerCase, LayerCase]:
    """An activation at ordinary values, and at its tie (zero), its saturation, and extremes."""

    def case(draw: Callable[[np.random.Generator], np.ndarray]) -> Callable[..., Case]:
        def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
            return getattr(load("activations_numpy"), name)(**options), (draw(rng),)

        return build

    title = ", ".join([name, *(f"{key} {value}" for key, value in options.items())])
    op = lambda params, x: torch_op(x)  # noqa: E731
    return (
        LayerCase(title, case(lambda rng: rng.normal(size=(5, 7)) * 2.0), op),
        LayerCase(f"{title} at zero and extremes", case(lambda rng: EXTREMES.copy()), op, smooth=False),
    )


def dropout_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    mlp = load("mlp_numpy")
    return mlp.Dropout(), (rng.normal(size=(5, 7)), mlp.dropout_mask((5, 7), 0.3, rng=rng))


def squared_error_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return load("mlp_numpy").SquaredError(), (rng.normal(size=(5, 7)), rng.normal(size=(5, 7)))


def softmax_3d(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return load("activations_numpy").Softmax(), (rng.normal(size=(2, 3, 5)),)


MLP_LAYERS = (
    *activation_cases("Sigmoid", torch.sigmoid),
    *activation_cases("Tanh", torch.tanh),
    *activation_cases("ReLU", F.relu),
    *activation_cases("LeakyReLU", F.leaky_relu),
    *activation_cases("LeakyReLU", lambda x: F.leaky_relu(x, 0.2), negative_slope=0.2),
    *activation_cases("ELU", F.elu),
    *activation_cases("ELU", lambda x: F.elu(x, 0.7), alpha=0.7),
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
