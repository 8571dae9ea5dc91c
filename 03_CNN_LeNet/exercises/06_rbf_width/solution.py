"""RBF outputs with learned centres and widths.

B  batch    K  classes    D  code length
"""

import numpy as np


def rbf(x: np.ndarray, centres: np.ndarray, log_width: np.ndarray) -> np.ndarray:
    """-log of a Gaussian density for each class, without the constant.

    x: (B, D), centres: (K, D), log_width: (K,). Returns: (B, K)
    """
    squared = ((x[:, None, :] - centres) ** 2).sum(axis=2)  # (B, K)
    return 0.5 * np.exp(-2.0 * log_width) * squared + x.shape[1] * log_width


def rbf_backward(
    dy: np.ndarray, x: np.ndarray, centres: np.ndarray, log_width: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (B, K). Returns: dx (B, D), dcentres (K, D), dlog_width (K,)"""
    difference = x[:, None, :] - centres  # (B, K, D)
    scaled = dy * np.exp(-2.0 * log_width)  # (B, K): dy / width^2
    pull = scaled[:, :, None] * difference  # dy/dx = (x - centre) / width^2: (B, K, D)
    dx = pull.sum(axis=1)  # an example meets every code
    dcentres = -pull.sum(axis=0)  # a code meets every example, with the opposite sign
    squared = (difference**2).sum(axis=2)  # (B, K)
    dlog_width = (dy * x.shape[1] - scaled * squared).sum(axis=0)  # dy/dlambda = D - squared / width^2
    return dx, dcentres, dlog_width


def best_log_width(x: np.ndarray, centres: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The log-widths (K,) at which the sum over the examples of y[target] is smallest. x: (B, D), targets: (B,)."""
    squared = (x - centres[targets]) ** 2  # (B, D): only the right code counts
    variance = np.array([squared[targets == i].mean() for i in range(len(centres))])  # over examples and directions
    return 0.5 * np.log(variance)
