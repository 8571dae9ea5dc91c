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
        if log_rates.shape != counts.shape:
            raise ValueError(f"PoissonLoss expected counts of shape {log_rates.shape}, got {counts.shape}")
        if counts.min() < 0:
            raise ValueError(f"PoissonLoss expected counts >= 0, got {counts.min()}")
        self.rates = np.exp(log_rates)
        self.counts = counts
        return float((self.rates - counts * log_rates).mean())

    def backward(self, dy: float = 1.0) -> np.ndarray:
        """Returns: dL/dlog_rates, of the shape of log_rates."""
        return (self.rates - self.counts) * (dy / self.counts.size)  # dL/dz = (exp(z) - t) / N

    def zero_grads(self) -> None: ...


def deviance(log_rates: np.ndarray, counts: np.ndarray) -> float:
    """Twice the mean of the difference in -log P(t) to the best possible rates. log_rates, counts: the same shape."""
    positive = np.where(counts > 0, counts, 1.0)  # t log t goes to 0 with t: log 1 = 0 stands in for it
    best = counts - counts * np.log(positive)  # the loss at rate = t
    return float(2.0 * (np.exp(log_rates) - counts * log_rates - best).mean())


def fit_poisson(x: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weight and bias that minimise `PoissonLoss` for the log-rates x W^T + b.

    x: (n, D). counts: (n,). Returns: weight (1, D), bias (1,)
    """
    n, features = x.shape
    x1 = np.column_stack([x, np.ones(n)])  # (n, D + 1)
    w = np.append(np.zeros(features), np.log(counts.mean()))  # the best constant rate is the mean
    for _ in range(50):
        rates = np.exp(x1 @ w)  # (n,)
        gradient = x1.T @ (rates - counts) / n
        hessian = (x1.T * rates) @ x1 / n  # d rate / d log-rate = rate
        step = np.linalg.solve(hessian, gradient)
        w = w - step
        if np.abs(step).max() < 1e-12:
            break
    return w[np.newaxis, :-1], w[-1:]
