"""Rotary positions: queries and keys are turned by an angle that grows with the position."""

import numpy as np


def angles(positions: np.ndarray, width: int, base: float) -> np.ndarray:
    """Returns: (n, width / 2), position times frequency"""
    return np.asarray(positions)[:, None] * base ** (-np.arange(0, width, 2) / width)


def rotate(x: np.ndarray, positions: np.ndarray, base: float = 10000.0) -> np.ndarray:
    """x: (..., n, d). positions: (n,). Returns: (..., n, d), each pair of adjacent features turned

    Raises:
        ValueError: d is odd.
    """
    width = x.shape[-1]
    if width % 2:
        raise ValueError(f"rotate expected an even width, got {width}")
    angle = angles(positions, width, base)
    first, second = x[..., 0::2], x[..., 1::2]  # (..., n, d / 2) each
    y = np.empty_like(x)
    y[..., 0::2] = first * np.cos(angle) - second * np.sin(angle)
    y[..., 1::2] = first * np.sin(angle) + second * np.cos(angle)
    return y


def rotate_backward(dy: np.ndarray, positions: np.ndarray, base: float = 10000.0) -> np.ndarray:
    """dy: (..., n, d). Returns: dx (..., n, d)"""
    return rotate(dy, -np.asarray(positions), base)  # the transpose of a rotation is the rotation back


def rotary_scores(q: np.ndarray, k: np.ndarray, base: float = 10000.0) -> np.ndarray:
    """q: (..., n, d), the last n of m positions. k: (..., m, d). Returns: scores (..., n, m), divided by the root of d"""
    n, m = q.shape[-2], k.shape[-2]
    turned = rotate(q, np.arange(m - n, m), base)
    return turned @ np.swapaxes(rotate(k, np.arange(m), base), -1, -2) / np.sqrt(q.shape[-1])
