"""The largest learning rate for linear regression: measured, predicted, and what scaling the features does to it."""

import numpy as np
from linear_numpy import LinearRegression


def zero_model(x: np.ndarray, y: np.ndarray) -> LinearRegression:
    """Linear regression from x (n, D) to y (n, K) with all parameters at zero: where every run begins."""
    model = LinearRegression(x.shape[1], y.shape[1], rng=np.random.default_rng(0))
    for param in model.params.values():
        param[...] = 0.0
    return model


def losses(x: np.ndarray, y: np.ndarray, *, lr: float, steps: int) -> np.ndarray:
    """The mean squared error before the first of `steps` full-batch steps and after each of them.

    x: (n, D). y: (n, K). Returns: (steps + 1,)
    """
    raise NotImplementedError("losses")


def measured_limit(x: np.ndarray, y: np.ndarray) -> float:
    """The learning rate above which gradient descent diverges, within 3 %, found by trying. x: (n, D). y: (n, K)."""
    raise NotImplementedError("measured_limit")


def predicted_limit(x: np.ndarray, y: np.ndarray) -> float:
    """The same limit from the largest curvature of the loss, without a step. x: (n, D). y: (n, K)."""
    raise NotImplementedError("predicted_limit")


def steps_needed(x: np.ndarray, y: np.ndarray, *, lr: float, share: float, max_steps: int = 1000) -> int:
    """Steps until the loss is above its minimum by at most `share` of what it was above it at first.

    x: (n, D). y: (n, K).

    Raises:
        RuntimeError: not there after `max_steps`.
    """
    raise NotImplementedError("steps_needed")


def speed_up(x: np.ndarray, y: np.ndarray, *, share: float) -> float:
    """How many times as many steps the features need as they are, compared with mean 0 and variance 1 each.

    Both at half of their own predicted limit. x: (n, D). y: (n, K).
    """
    raise NotImplementedError("speed_up")
