"""A convolution and the batch normalisation behind it, as one convolution."""

import numpy as np


def fold(
    weight: np.ndarray, scale: np.ndarray, shift: np.ndarray, mean: np.ndarray, var: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, np.ndarray]:
    """weight: (O, C, k, k). scale, shift, mean, var: (O,). Returns: folded weight (O, C, k, k), folded bias (O,)"""
    factor = scale / np.sqrt(var + eps)  # (O,)
    return weight * factor[:, None, None, None], shift - mean * factor
