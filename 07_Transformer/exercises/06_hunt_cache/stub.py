"""Causal self-attention that remembers keys and values between calls."""

import numpy as np


class CachedAttention:
    """One head. The positions of a sequence may arrive in pieces.

    Args:
        wq, wk, wv: (d, d), the projections, applied as x W^T.
    """

    def __init__(self, wq: np.ndarray, wk: np.ndarray, wv: np.ndarray) -> None:
        self.wq, self.wk, self.wv = wq, wk, wv
        self.reset()

    def reset(self) -> None:
        """Begin a new sequence."""
        self.keys: np.ndarray | None = None
        self.values: np.ndarray | None = None

    def remember(self, k: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """k, v: (n, d), of the new positions. Returns: those of all positions so far, (m, d) each"""
        if self.keys is None or self.values is None:
            self.keys, self.values = k, v
        else:
            self.keys, self.values = np.concatenate([self.keys, k]), np.concatenate([self.values, v])
        return self.keys, self.values

    def visible(self, n: int, m: int) -> np.ndarray:
        """Which of the m positions so far each of the n new ones may look at. Returns: bool (n, m)"""
        if n == 1:
            return np.ones((1, m), dtype=bool)  # one new position sees all there is
        return np.tril(np.ones((n, m), dtype=bool))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x: (n, d), the next n positions. Returns: (n, d)"""
        keys, values = self.remember(x @ self.wk.T, x @ self.wv.T)
        scores = (x @ self.wq.T) @ keys.T / np.sqrt(x.shape[1])  # (n, m)
        scores = np.where(self.visible(len(x), len(keys)), scores, -np.inf)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True) @ values
