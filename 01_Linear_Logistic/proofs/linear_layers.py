"""The layers and losses of the chapter and the torch operations that each must equal, ties and extremes among their inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from linear_levels import D, K
from torch import Tensor
from torch.nn import functional as F

from utils.ladder import LayerCase, Load
from utils.parity.cases import randomised

Draw = Callable[[np.random.Generator], np.ndarray]


def linear_case(title: str, *lead: int) -> LayerCase:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> tuple[Any, tuple[np.ndarray, ...]]:
        layer = load("linear_numpy").Linear(D, K, rng=rng, dtype=dtype)
        return randomised(layer, rng), (rng.standard_normal((*lead, D)),)

    return LayerCase(title, build, lambda params, x: F.linear(x, params["weight"], params["bias"]))


def plain_case(
    title: str, layer: str, torch_op: Callable[..., Tensor], *inputs: Draw, smooth: bool = True, **options: float
) -> LayerCase:
    """A layer without parameters, "module.Class", with its `options`."""
    module, name = layer.split(".")
    return LayerCase(
        title,
        lambda load, rng, dtype: (getattr(load(module), name)(**options), tuple(draw(rng) for draw in inputs)),
        lambda params, *tensors: torch_op(*tensors),
        smooth,
    )


def normal(*shape: int) -> Draw:
    return lambda rng: rng.standard_normal(shape)


def labels(*shape: int) -> Draw:
    return lambda rng: rng.integers(0, 3, shape)


def extremes(rng: np.random.Generator) -> np.ndarray:
    return np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4], [0.0, 0.0, 0.0], [40.0, -40.0, 800.0], [1e-9, -1e-9, 3.0]])


LINEAR_LAYERS = (
    linear_case("Linear", 5),
    linear_case("Linear, (B, T, in)", 5, 2),
    plain_case(
        "MSELoss",
        "linear_numpy.MSELoss",
        lambda y, t: F.mse_loss(y, t.view_as(y)),  # mse_loss alone broadcasts unequal shapes, with a warning
        normal(5, 3),
        normal(5, 3),
    ),
)
RIDGE_LAYERS = (
    plain_case("L2Penalty", "regularized_numpy.L2Penalty", lambda w: 0.7 * w.square().sum(), normal(K, D), alpha=0.7),
)
LOGISTIC_LAYERS = (
    plain_case(
        "BCEWithLogitsLoss",
        "logistic_numpy.BCEWithLogitsLoss",
        F.binary_cross_entropy_with_logits,
        normal(5, 3),
        lambda rng: rng.uniform(size=(5, 3)),
    ),
    plain_case(
        "BCEWithLogitsLoss, extreme and zero logits",
        "logistic_numpy.BCEWithLogitsLoss",
        F.binary_cross_entropy_with_logits,
        extremes,
        lambda rng: rng.integers(0, 2, (5, 3)) * 1.0,
        smooth=False,
    ),
)
SOFTMAX_LAYERS = (
    plain_case("CrossEntropyLoss", "logistic_numpy.CrossEntropyLoss", F.cross_entropy, normal(5, 3), labels(5)),
    plain_case(
        "CrossEntropyLoss, (B, T, K)",
        "logistic_numpy.CrossEntropyLoss",
        lambda z, t: F.cross_entropy(z.movedim(-1, 1), t),  # torch has the classes on the second axis
        normal(5, 2, 3),
        labels(5, 2),
    ),
    plain_case(
        "CrossEntropyLoss, extreme and tied logits",
        "logistic_numpy.CrossEntropyLoss",
        F.cross_entropy,
        extremes,
        labels(5),
        smooth=False,
    ),
)
UNIT_LAYERS = (
    plain_case("Sigmoid", "logistic_numpy.Sigmoid", torch.sigmoid, normal(5, 3)),
    plain_case("Sigmoid, extreme and zero inputs", "logistic_numpy.Sigmoid", torch.sigmoid, extremes, smooth=False),
)
