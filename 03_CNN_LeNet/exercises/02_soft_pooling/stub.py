"""Pooling by the logarithm of a mean of exponentials: from the mean of a window to its maximum.

B  batch    C  channels    H, W  image    h, w  output image    k  side of a window
"""

import numpy as np


def soft_pool(x: np.ndarray, t: float, k: int, stride: int) -> np.ndarray:
    """log(mean of exp(t x) over each k x k window) / t. x: (B, C, H, W). Returns: (B, C, h, w)"""
    raise NotImplementedError("soft_pool")


def soft_pool_backward(dy: np.ndarray, x: np.ndarray, t: float, k: int, stride: int) -> tuple[np.ndarray, float]:
    """dy: (B, C, h, w). Returns: dx (B, C, H, W), and dt, the gradient of the one sharpness."""
    raise NotImplementedError("soft_pool_backward")
