"""Batch normalisation of a table, one channel a column."""

import numpy as np


def batch_norm_forward(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float = 1e-5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x: (n, C). weight, bias: (C,). Returns: y (n, C), x_hat (n, C), std (C,)"""
    std = np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) / std
    return weight * x_hat + bias, x_hat, std


def batch_norm_backward(
    dy: np.ndarray, x_hat: np.ndarray, std: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy, x_hat: (n, C). std, weight: (C,). Returns: dx (n, C), dweight (C,), dbias (C,)"""
    dweight = (dy * x_hat).sum(axis=0)
    dbias = dy.sum(axis=0)
    dx = weight / std * (dy - dbias / len(dy) - x_hat * dweight / len(dy))
    return dx, dweight, dbias
