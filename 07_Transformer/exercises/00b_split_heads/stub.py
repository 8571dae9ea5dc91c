"""A vector for every word becomes a vector for every head and word."""

import numpy as np


def split_heads(x: np.ndarray, heads: int) -> np.ndarray:
    """x: (B, n, D). Returns: (B, H, n, D / H); head h has the numbers h D / H to (h + 1) D / H - 1 of each word"""
    raise NotImplementedError("split_heads")
