"""The soft Dice loss of a cell mask."""

import numpy as np


def dice_loss(p: np.ndarray, y: np.ndarray) -> float:
    """1 - 2 sum p y / (sum p + sum y), over all pixels. p, y: (B, H, W); y is 0 or 1, p between them; not both all zero."""
    return float(1.0 - 2.0 * (p * y).sum() / (p.sum() + y.sum()))


def dice_backward(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Returns: the gradient with respect to p, (B, H, W)"""
    I, S = (p * y).sum(), p.sum() + y.sum()  # noqa: E741
    return -(2.0 * y * S - 2.0 * I) / S**2
