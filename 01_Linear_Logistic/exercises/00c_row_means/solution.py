"""Broadcasting: a number for each row."""

import numpy as np


def centre_rows(x: np.ndarray) -> np.ndarray:
    """x: (n, D). Returns: (n, D), a new array in which every row has the mean 0"""
    return x - x.mean(axis=1, keepdims=True)  # (n, D) - (n, 1)
