"""Logistic and softmax regression in NumPy: stable sigmoid and softmax, and the two cross-entropies.

Derivations: `../theory.md`. The losses take logits and never a probability: the logarithm of a rounded probability is
where the naive formula fails.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


# --8<-- [start:sigmoid]
def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), any shape; exp is only ever taken of a number <= 0, so nothing overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)  # for z < 0: exp(z) / (1 + exp(z)), the same fraction times exp(z)


# --8<-- [end:sigmoid]


# --8<-- [start:log_softmax]
def log_softmax(z: Array, axis: int = -1) -> Array:
    """z - log sum exp z along `axis`, any shape. Subtracting the maximum first changes nothing but the overflow."""
    shifted = z - z.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def softmax(z: Array, axis: int = -1) -> Array:
    """exp z / sum exp z along `axis`, any shape; positive, sums to one."""
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


# --8<-- [end:log_softmax]


# --8<-- [start:bce]
class BCEWithLogitsLoss:
    """L = mean of -[t log s(z) + (1 - t) log(1 - s(z))], s the sigmoid, as max(z, 0) - z t + log(1 + exp(-|z|)).

    Raises:
        ValueError: the shapes differ, a target lies outside [0, 1], or the batch is empty.
    """

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, logits: Array, targets: Array) -> float:
        """logits: any shape. targets: the same shape, in [0, 1]."""
        if logits.shape != targets.shape:
            raise ValueError(f"BCEWithLogitsLoss expected targets of shape {logits.shape}, got {targets.shape}")
        if logits.size == 0:
            raise ValueError(f"BCEWithLogitsLoss got an empty batch of shape {logits.shape}; its mean is undefined")
        if targets.min() < 0 or targets.max() > 1:
            low, high = targets.min(), targets.max()
            raise ValueError(f"BCEWithLogitsLoss expected targets in [0, 1], got values from {low} to {high}")
        self.logits, self.targets = logits, targets
        losses = np.maximum(logits, 0.0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
        return float(losses.mean())

    def backward(self, dy: float = 1.0) -> Array:
        """Returns: dL/dlogits, of the logits' shape."""
        return (sigmoid(self.logits) - self.targets) * (dy / self.logits.size)  # dL/dz = (s(z) - t) / N

    def zero_grads(self) -> None: ...


# --8<-- [end:bce]


# --8<-- [start:cross_entropy]
class CrossEntropyLoss:
    """L = mean over the examples of -log softmax(z)[target]; the classes are the last axis.

    Raises:
        ValueError: the targets are not integers, do not fit the logits' leading axes, or lie outside 0..C-1, or the
            batch is empty.
    """

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, logits: Array, targets: Array) -> float:
        """logits: (..., C). targets: (...), integer class labels."""
        if logits.ndim == 0 or targets.shape != logits.shape[:-1]:
            expected = logits.shape[:-1]
            raise ValueError(
                f"CrossEntropyLoss expected targets of shape {expected} for logits {logits.shape}, got {targets.shape}"
            )
        if logits.size == 0:
            raise ValueError(f"CrossEntropyLoss got an empty batch of shape {logits.shape}; its mean is undefined")
        if not np.issubdtype(targets.dtype, np.integer):
            raise ValueError(f"CrossEntropyLoss expected integer class labels, got {targets.dtype}")
        classes = logits.shape[-1]
        if targets.min() < 0 or targets.max() >= classes:
            wrong = targets[(targets < 0) | (targets >= classes)].flat[0]
            raise ValueError(f"CrossEntropyLoss expected labels from 0 to {classes - 1}, got {wrong}")
        self.labels = targets.reshape(-1)  # (N,)
        self.shape = logits.shape
        self.log_probs = log_softmax(logits).reshape(-1, classes)  # (N, C)
        return float(-self.log_probs[np.arange(len(self.labels)), self.labels].mean())

    def backward(self, dy: float = 1.0) -> Array:
        """Returns: dL/dlogits, (..., C)."""
        n = len(self.labels)
        dlogits = np.exp(self.log_probs)  # (N, C): the probabilities p
        dlogits[np.arange(n), self.labels] -= 1.0
        dlogits *= dy / n  # dL/dz = (p - onehot(t)) / N
        return dlogits.reshape(self.shape)

    def zero_grads(self) -> None: ...


# --8<-- [end:cross_entropy]
