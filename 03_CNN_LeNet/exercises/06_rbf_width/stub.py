"""RBF outputs with learned centres and widths.

B  batch    K  classes    D  code length
"""

import numpy as np


def rbf(x: np.ndarray, centres: np.ndarray, log_width: np.ndarray) -> np.ndarray:
    """-log of a Gaussian density for each class, without the constant.

    x: (B, D), centres: (K, D), log_width: (K,). Returns: (B, K)
    """
    raise NotImplementedError("rbf")


def rbf_backward(
    dy: np.ndarray, x: np.ndarray, centres: np.ndarray, log_width: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (B, K). Returns: dx (B, D), dcentres (K, D), dlog_width (K,)"""
    raise NotImplementedError("rbf_backward")


def best_log_width(x: np.ndarray, centres: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The log-widths (K,) at which the sum over the examples of y[target] is smallest. x: (B, D), targets: (B,)."""
    raise NotImplementedError("best_log_width")
