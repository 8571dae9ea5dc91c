"""A scale and a shift for each place of the last axis."""

import numpy as np


def shifted(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a x + b. x: (B, D). a, b: (D,). Returns: (B, D)"""
    raise NotImplementedError("shifted")


def shifted_backward(dy: np.ndarray, x: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy, x: (B, D). a: (D,). Returns: dx (B, D), da (D,), db (D,)"""
    raise NotImplementedError("shifted_backward")
