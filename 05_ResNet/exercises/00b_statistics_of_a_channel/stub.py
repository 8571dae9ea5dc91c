"""What batch normalisation measures in training."""

import numpy as np


def channel_statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x: (B, C, H, W). Returns: mean (C,), variance (C,)"""
    raise NotImplementedError("channel_statistics")
