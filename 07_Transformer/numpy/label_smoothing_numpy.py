"""Cross-entropy with label smoothing in NumPy, forward and backward.

Szegedy et al. 2016, section 7; Vaswani et al. 2017, section 5.4 (eps = 0.1). Derivation: `../theory.md`.
"""

from __future__ import annotations

import numpy as np
from logistic_numpy import log_softmax
from module_numpy import Module

Array = np.ndarray


# --8<-- [start:label_smoothing]
class LabelSmoothedCrossEntropy(Module):
    """L = mean over the real labels of -sum_v q_v log p_v, with q = (1 - eps) one-hot + eps / V. Padding does not count.

    Args:
        smoothing: eps. 0 is the plain cross-entropy.
        pad: the label that is left out, of the sum and of the mean.

    Raises:
        ValueError: shapes that do not fit, labels outside 0..V-1, or nothing but padding.
    """

    def __init__(self, smoothing: float = 0.1, pad: int = 0) -> None:
        super().__init__()
        if not 0 <= smoothing < 1:
            raise ValueError(f"smoothing must be in [0, 1), got {smoothing}")
        self.smoothing, self.pad = smoothing, pad

    def forward(self, logits: Array, labels: Array) -> float:
        """logits: (..., V). labels: integers (...), the target one position later."""
        if labels.shape != logits.shape[:-1]:
            raise ValueError(
                f"LabelSmoothedCrossEntropy expected labels of shape {logits.shape[:-1]} for logits {logits.shape}, "
                f"got {labels.shape}"
            )
        vocabulary = logits.shape[-1]
        if labels.size and (labels.min() < 0 or labels.max() >= vocabulary):
            wrong = labels[(labels < 0) | (labels >= vocabulary)].flat[0]
            raise ValueError(f"LabelSmoothedCrossEntropy expected labels from 0 to {vocabulary - 1}, got {wrong}")
        real = labels != self.pad  # (...)
        if not real.any():
            raise ValueError(f"LabelSmoothedCrossEntropy got nothing but padding in labels of shape {labels.shape}")
        self.shape, self.real = logits.shape, real
        self.labels = labels[real]  # (N,)
        self.log_p = log_softmax(logits[real])  # (N, V)
        right = self.log_p[np.arange(len(self.labels)), self.labels]  # (N,)
        # eq: label-smoothing
        losses = (1.0 - self.smoothing) * right + self.smoothing * self.log_p.mean(axis=1)
        return float(-losses.mean())

    def backward(self, dy: float = 1.0) -> Array:
        """Returns: dlogits (..., V), zero at the padding"""
        n, vocabulary = self.log_p.shape
        drows = np.exp(self.log_p)  # p: (N, V)
        drows -= self.smoothing / vocabulary  # q has eps / V everywhere,
        drows[np.arange(n), self.labels] -= 1.0 - self.smoothing  # and 1 - eps more at the label
        # eq: label-smoothing-backward
        drows *= dy / n  # dL/dz = (p - q) / N
        dlogits = np.zeros(self.shape, dtype=drows.dtype)
        dlogits[self.real] = drows
        return dlogits


# --8<-- [end:label_smoothing]
