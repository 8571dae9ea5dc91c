"""Scores with a learned vector for each distance (Shaw et al. 2018, equation 4)."""

import numpy as np


def relative_rows(n: int, m: int, reach: int) -> np.ndarray:
    """Returns: integers (n, m) from 0 to 2 reach: the clipped distance from query to key, plus reach"""
    raise NotImplementedError("relative_rows")


def relative_scores(q: np.ndarray, k: np.ndarray, table: np.ndarray) -> np.ndarray:
    """q: (..., n, d). k: (..., m, d). table: (2 reach + 1, d). Returns: (..., n, m)"""
    raise NotImplementedError("relative_scores")


def relative_scores_backward(
    ds: np.ndarray, q: np.ndarray, k: np.ndarray, table: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ds: (..., n, m). Returns: dq (..., n, d), dk (..., m, d), dtable (2 reach + 1, d)"""
    raise NotImplementedError("relative_scores_backward")
