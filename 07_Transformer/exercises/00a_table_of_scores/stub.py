"""The scores of attention."""

import numpy as np


def scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """q: (B, n, d). k: (B, m, d). Returns: (B, n, m)"""
    raise NotImplementedError("scores")
