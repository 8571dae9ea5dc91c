"""The loss of weighted pixels."""

import numpy as np


def weighted_loss(p: np.ndarray, weights: np.ndarray) -> float:
    """p: (B, h, w), the probability of each pixel's class, above 0. weights: (B, h, w). Returns: the loss"""
    raise NotImplementedError("weighted_loss")
