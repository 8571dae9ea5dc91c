"""Rotary positions: queries and keys are turned by an angle that grows with the position."""

import numpy as np


def angles(positions: np.ndarray, width: int, base: float) -> np.ndarray:
    """Returns: (n, width / 2), position times frequency"""
    raise NotImplementedError("angles")


def rotate(x: np.ndarray, positions: np.ndarray, base: float = 10000.0) -> np.ndarray:
    """x: (..., n, d). positions: (n,). Returns: (..., n, d), each pair of adjacent features turned

    Raises:
        ValueError: d is odd.
    """
    raise NotImplementedError("rotate")


def rotate_backward(dy: np.ndarray, positions: np.ndarray, base: float = 10000.0) -> np.ndarray:
    """dy: (..., n, d). Returns: dx (..., n, d)"""
    raise NotImplementedError("rotate_backward")


def rotary_scores(q: np.ndarray, k: np.ndarray, base: float = 10000.0) -> np.ndarray:
    """q: (..., n, d), the last n of m positions. k: (..., m, d). Returns: scores (..., n, m), divided by the root of d"""
    raise NotImplementedError("rotary_scores")
