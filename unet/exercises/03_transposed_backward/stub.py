"""Transposed convolution without padding.

B  batch    C, O  channels in, out    h, w  image    k  kernel    s  stride
"""

import numpy as np


def forward(x: np.ndarray, weight: np.ndarray, s: int) -> np.ndarray:
    """x: (B, C, h, w), weight: (C, O, k, k). Returns: (B, O, (h - 1) s + k, (w - 1) s + k)"""
    B, _, h, w = x.shape
    k = weight.shape[2]
    y = np.zeros((B, weight.shape[1], (h - 1) * s + k, (w - 1) * s + k))
    for m in range(k):
        for n in range(k):
            y[:, :, m : m + s * h : s, n : n + s * w : s] += np.einsum("bchw,co->bohw", x, weight[:, :, m, n])
    return y


def backward(dy: np.ndarray, x: np.ndarray, weight: np.ndarray, s: int) -> tuple[np.ndarray, np.ndarray]:
    """dy: as the output of `forward`. Returns: dx (B, C, h, w), dweight (C, O, k, k)"""
    raise NotImplementedError("backward")
