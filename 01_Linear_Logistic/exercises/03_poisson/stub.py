"""Poisson regression: a loss for counts, derived from maximum likelihood."""

import numpy as np


class PoissonLoss:
    """L = mean over all elements of -log P(t), t drawn from a Poisson distribution, without the terms free of the input.

    Raises:
        ValueError: the shapes differ, or a count is negative.
    """

    def __init__(self) -> None:
        self.params: dict[str, np.ndarray] = {}
        self.grads: dict[str, np.ndarray] = {}

    def forward(self, log_rates: np.ndarray, counts: np.ndarray) -> float:
        """log_rates: any shape. counts: the same shape, numbers >= 0, integers or floats."""
        raise NotImplementedError("PoissonLoss.forward")

    def backward(self, dy: float = 1.0) -> np.ndarray:
        """Returns: dL/dlog_rates, of the shape of log_rates."""
        raise NotImplementedError("PoissonLoss.backward")

    def zero_grads(self) -> None: ...


def deviance(log_rates: np.ndarray, counts: np.ndarray) -> float:
    """Twice the mean of the difference in -log P(t) to the best possible rates. log_rates, counts: the same shape."""
    raise NotImplementedError("deviance")


def fit_poisson(x: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weight and bias that minimise `PoissonLoss` for the log-rates x W^T + b.

    x: (n, D). counts: (n,). Returns: weight (1, D), bias (1,)
    """
    raise NotImplementedError("fit_poisson")
