"""Pooling by the logarithm of a mean of exponentials: from the mean of a window to its maximum.

B  batch    C  channels    H, W  image    h, w  output image    k  side of a window
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(x: np.ndarray, k: int, stride: int) -> np.ndarray:
    """x: (B, C, H, W). Returns: a view (B, C, h, w, k, k)"""
    return sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]


def soft_pool(x: np.ndarray, t: float, k: int, stride: int) -> np.ndarray:
    """log(mean of exp(t x) over each k x k window) / t. x: (B, C, H, W). Returns: (B, C, h, w)"""
    seen = windows(x, k, stride)
    largest = seen.max(axis=(4, 5), keepdims=True)  # taken out of the logarithm, so that no exponent is above 0
    mean = np.exp(t * (seen - largest)).mean(axis=(4, 5))  # (B, C, h, w)
    return largest[..., 0, 0] + np.log(mean) / t


def soft_pool_backward(dy: np.ndarray, x: np.ndarray, t: float, k: int, stride: int) -> tuple[np.ndarray, float]:
    """dy: (B, C, h, w). Returns: dx (B, C, H, W), and dt, the gradient of the one sharpness."""
    seen = windows(x, k, stride)  # (B, C, h, w, k, k)
    p = np.exp(t * (seen - seen.max(axis=(4, 5), keepdims=True)))
    p /= p.sum(axis=(4, 5), keepdims=True)  # dy/dx_i = p_i, the softmax of t x over the window
    dx = np.zeros_like(x)
    h, w = dy.shape[2:]
    for i in range(k):
        for j in range(k):
            dx[:, :, i : i + stride * h : stride, j : j + stride * w : stride] += dy * p[..., i, j]
    y = soft_pool(x, t, k, stride=stride)
    dt = dy * ((p * seen).sum(axis=(4, 5)) - y) / t  # dy/dt = (sum of p x - y) / t
    return dx, float(dt.sum())
