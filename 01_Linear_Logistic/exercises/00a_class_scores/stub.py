"""The scores of a linear layer."""

import numpy as np


def class_scores(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """x: (n, D). weight: (K, D). bias: (K,). Returns: (n, K)"""
    raise NotImplementedError("class_scores")
