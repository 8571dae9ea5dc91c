"""What batch normalisation measures in training."""

import numpy as np


def channel_statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x: (B, C, H, W). Returns: mean (C,), variance (C,)"""
    return x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
