"""Attention with a mask, forward and backward."""

import numpy as np

Kept = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def softmax(s: np.ndarray) -> np.ndarray:
    """Along the last axis. A row of -inf gives zeros."""
    top = s.max(axis=-1, keepdims=True)
    e = np.exp(s - np.where(np.isneginf(top), 0.0, top))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1.0, total)


def attend(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, Kept]:
    """q: (..., n, d_k). k: (..., m, d_k). v: (..., m, d_v). mask: bool, broadcast to (..., n, m), True where visible.

    Returns: (..., n, d_v) and what backward needs
    """
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])  # (..., n, m)
    weights = softmax(np.where(mask, scores, -np.inf))  # hidden scores must not reach the denominator
    return weights @ v, (q, k, v, weights)


def attend_backward(dy: np.ndarray, kept: Kept) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (..., n, d_v). Returns: dq, dk, dv"""
    q, k, v, weights = kept
    dweights = dy @ np.swapaxes(v, -1, -2)  # (..., n, m)
    dscores = weights * (dweights - (weights * dweights).sum(axis=-1, keepdims=True)) / np.sqrt(q.shape[-1])
    return dscores @ k, np.swapaxes(dscores, -1, -2) @ q, np.swapaxes(weights, -1, -2) @ dy
