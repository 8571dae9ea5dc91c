"""Cropping a skip."""

import numpy as np


def middle(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """x: (B, C, H, W). Returns: (B, C, height, width), a view"""
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top : top + height, left : left + width]
