"""Ridge regression: the mean squared error with a price on the size of the weights."""

import numpy as np


def ridge_loss(x: np.ndarray, y: np.ndarray, weight: np.ndarray, bias: np.ndarray, alpha: float) -> float:
    """The mean over all elements of the squared error, plus alpha times the sum of the squared weights.

    x: (n, f). y: (n, k). weight: (k, f). bias: (k,).
    """
    raise NotImplementedError("ridge_loss")


def ridge_gradient(
    x: np.ndarray, y: np.ndarray, weight: np.ndarray, bias: np.ndarray, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of `ridge_loss` with respect to weight (k, f) and bias (k,)."""
    raise NotImplementedError("ridge_gradient")


def ridge_fit(x: np.ndarray, y: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """The weight (k, f) and bias (k,) that minimise `ridge_loss`, in closed form."""
    raise NotImplementedError("ridge_fit")
