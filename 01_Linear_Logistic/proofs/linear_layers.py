"""The layers and losses of the chapter and the torch operations that each must equal, ties and extremes among their inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from linear_levels import D, K
from torch.nn import functional as F

from utils.ladder import LayerCase
from utils.proofs import randomised


def linear_case(*lead: int) -> Any:
    def build(module: Any, rng: np.random.Generator) -> Any:
        return randomised(module.Linear(D, K, rng=rng), rng), (rng.standard_normal((*lead, D)),)

    return build


def random_weight(rng: np.random.Generator) -> tuple[np.ndarray]:
    return (rng.standard_normal((K, D)),)


EXTREMES = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4], [0.0, 0.0, 0.0], [40.0, -40.0, 800.0], [1e-9, -1e-9, 3.0]])

LINEAR_LAYERS = (
    LayerCase("Linear", linear_case(5), lambda p, x: F.linear(x, p["weight"], p["bias"])),
    LayerCase("Linear, (B, T, in)", linear_case(5, 2), lambda p, x: F.linear(x, p["weight"], p["bias"])),
    LayerCase(
        "MSELoss",
        lambda m, rng: (m.MSELoss(), (rng.standard_normal((5, 3)), rng.standard_normal((5, 3)))),
        lambda p, x, t: F.mse_loss(x, t),
    ),
)
RIDGE_LAYERS = (
    LayerCase("L2Penalty", lambda m, rng: (m.L2Penalty(0.7), random_weight(rng)), lambda p, w: 0.7 * w.square().sum()),
)
LOGISTIC_LAYERS = (
    LayerCase(
        "BCEWithLogitsLoss",
        lambda m, rng: (m.BCEWithLogitsLoss(), (rng.standard_normal((5, 3)), rng.uniform(size=(5, 3)))),
        lambda p, z, t: F.binary_cross_entropy_with_logits(z, t),
    ),
    LayerCase(
        "BCEWithLogitsLoss, extreme and zero logits",
        lambda m, rng: (m.BCEWithLogitsLoss(), (EXTREMES.copy(), rng.integers(0, 2, EXTREMES.shape) * 1.0)),
        lambda p, z, t: F.binary_cross_entropy_with_logits(z, t),
        smooth=False,
    ),
)
SOFTMAX_LAYERS = (
    LayerCase(
        "CrossEntropyLoss",
        lambda m, rng: (m.CrossEntropyLoss(), (rng.standard_normal((5, 3)), rng.integers(0, 3, 5))),
        lambda p, z, t: F.cross_entropy(z, t),
    ),
    LayerCase(
        "CrossEntropyLoss, (B, T, K)",
        lambda m, rng: (m.CrossEntropyLoss(), (rng.standard_normal((5, 2, 3)), rng.integers(0, 3, (5, 2)))),
        lambda p, z, t: F.cross_entropy(z.reshape(-1, 3), t.reshape(-1)),
    ),
    LayerCase(
        "CrossEntropyLoss, extreme and tied logits",
        lambda m, rng: (m.CrossEntropyLoss(), (EXTREMES.copy(), rng.integers(0, 3, 5))),
        lambda p, z, t: F.cross_entropy(z, t),
        smooth=False,
    ),
)
UNIT_LAYERS = (
    LayerCase("Sigmoid", lambda m, rng: (m.Sigmoid(), (rng.standard_normal((5, 3)),)), lambda p, x: torch.sigmoid(x)),
    LayerCase(
        "Sigmoid, extreme and zero inputs",
        lambda m, rng: (m.Sigmoid(), (EXTREMES.copy(),)),
        lambda p, x: torch.sigmoid(x),
        smooth=False,
    ),
)
