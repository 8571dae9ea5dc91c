"""Broadcasting: a number for each feature map."""

import numpy as np


def add_bias(x: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """x: (B, C, H, W). bias: (C,). Returns: (B, C, H, W), a new array"""
    return x + bias[:, None, None]  # (C, 1, 1) against (B, C, H, W)
