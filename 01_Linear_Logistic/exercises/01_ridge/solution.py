"""Ridge regression: the mean squared error with a price on the size of the weights."""

import numpy as np


def ridge_loss(x: np.ndarray, y: np.ndarray, weight: np.ndarray, bias: np.ndarray, alpha: float) -> float:
    """The mean over all elements of the squared error, plus alpha times the sum of the squared weights.

    x: (n, f). y: (n, k). weight: (k, f). bias: (k,).
    """
    residual = x @ weight.T + bias - y  # (n, k)
    return float((residual**2).mean() + alpha * (weight**2).sum())


def ridge_gradient(
    x: np.ndarray, y: np.ndarray, weight: np.ndarray, bias: np.ndarray, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of `ridge_loss` with respect to weight (k, f) and bias (k,)."""
    residual = x @ weight.T + bias - y  # (n, k)
    dresidual = 2 * residual / residual.size  # the mean is over n * k elements
    return dresidual.T @ x + 2 * alpha * weight, dresidual.sum(axis=0)


def ridge_fit(x: np.ndarray, y: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """The weight (k, f) and bias (k,) that minimise `ridge_loss`, in closed form."""
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    xc, yc = x - x_mean, y - y_mean  # centring removes the bias
    gram = xc.T @ xc + y.size * alpha * np.eye(x.shape[1])  # (f, f)
    weight = np.linalg.solve(gram, xc.T @ yc).T  # (k, f)
    return weight, y_mean - weight @ x_mean
