"""A residual block of two linear maps, forward and backward."""

import numpy as np

Cache = tuple[np.ndarray, np.ndarray, np.ndarray]


def block_forward(x: np.ndarray, w1: np.ndarray, w2: np.ndarray) -> tuple[np.ndarray, Cache]:
    """ReLU(F(x) + x), F(x) = ReLU(x w1^T) w2^T. x: (B, D). w1: (M, D), w2: (D, M). Returns: y (B, D), what backward needs"""
    hidden = np.maximum(x @ w1.T, 0.0)  # (B, M)
    y = np.maximum(hidden @ w2.T + x, 0.0)  # (B, D)
    return y, (x, hidden, y)


def block_backward(
    dy: np.ndarray, w1: np.ndarray, w2: np.ndarray, cache: Cache
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (B, D). Returns: dx (B, D), dw1 (M, D), dw2 (D, M)"""
    x, hidden, y = cache
    dsum = dy * (y > 0)  # through the last ReLU
    dw2 = dsum.T @ hidden
    dhidden = (dsum @ w2) * (hidden > 0)
    dw1 = dhidden.T @ x
    dx = dhidden @ w1 + dy  # the branch and the shortcut
    return dx, dw1, dw2
