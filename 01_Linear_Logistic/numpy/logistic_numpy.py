"""Logistic and softmax regression in NumPy: stable sigmoid and softmax, and the two cross-entropies.

Derivations: `../theory.md`. The losses take logits and never a probability: the logarithm of a rounded probability is
where the naive formula fails.
"""

from __future__ import annotations

import numpy as np
from linear_numpy import Linear, LinearRegression
from numpy.typing import DTypeLike

Array = np.ndarray


# --8<-- [start:sigmoid]
def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), any shape; exp is only ever taken of a number <= 0, so nothing overflows."""
    e = np.exp(-np.abs(z))
    # eq: sigmoid
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
        # eq: bce
        losses = np.maximum(logits, 0.0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
        return float(losses.mean())

    def backward(self, dy: float = 1.0) -> Array:
        """Returns: dL/dlogits, of the logits' shape."""
        # eq: bce-backward
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
        # eq: cross-entropy-backward
        dlogits[np.arange(n), self.labels] -= 1.0
        # eq: cross-entropy-backward
        dlogits *= dy / n  # dL/dz = (p - onehot(t)) / N
        return dlogits.reshape(self.shape)

    def zero_grads(self) -> None: ...


# --8<-- [end:cross_entropy]


# --8<-- [start:logistic]
class LogisticRegression:
    """P(t = 1 | x) = sigmoid(w x + b): a linear layer with one output, the logit. Train it with `BCEWithLogitsLoss`."""

    def __init__(self, in_features: int, *, rng: np.random.Generator, dtype: DTypeLike = np.float64) -> None:
        self.linear = Linear(in_features, 1, rng=rng, dtype=dtype)
        self.params = {f"linear.{name}": p for name, p in self.linear.params.items()}
        self.grads = {f"linear.{name}": g for name, g in self.linear.grads.items()}

    def forward(self, x: Array) -> Array:
        """x: (B, in). Returns: logits (B,)"""
        return self.linear.forward(x)[..., 0]  # (B, 1) -> (B,)

    def backward(self, dlogits: Array) -> Array:
        """dlogits: (B,). Returns: dx (B, in)"""
        return self.linear.backward(dlogits[..., np.newaxis])  # (B,) -> (B, 1) -> (B, in)

    def zero_grads(self) -> None:
        self.linear.zero_grads()


# --8<-- [end:logistic]


# --8<-- [start:softmax_regression]
class SoftmaxRegression(LinearRegression):
    """P(t = k | x) = softmax(W x + b)_k. The same linear layer; `CrossEntropyLoss` makes it a classifier."""


# --8<-- [end:softmax_regression]


# --8<-- [start:newton]
def newton(x: Array, targets: Array, *, l2: float, tol: float = 1e-13, max_steps: int = 50) -> tuple[Array, Array]:
    """The minimiser of the mean logistic loss + l2/2 |w|^2 by Newton's method (iteratively reweighted least squares).

    Each step solves H d = g with H = X^T diag(p (1 - p)) X / n + l2 I, the bias free. Without a penalty and with classes
    that a plane separates there is no minimiser: the weights grow without end.

    Args:
        x: (n, in). targets: (n,), 0 or 1.
    Returns: weight (1, in), bias (1,)
    Raises:
        RuntimeError: not converged after `max_steps`, or H is singular: there is no minimiser, or more than one.
    """
    n, features = x.shape
    x1 = np.concatenate([x, np.ones((n, 1))], axis=1)  # (n, in + 1)
    penalty = np.append(np.full(features, l2), 0.0)
    w = np.zeros(features + 1)
    for _ in range(max_steps):
        p = sigmoid(x1 @ w)  # (n,)
        # eq: newton-step
        gradient = x1.T @ (p - targets) / n + penalty * w  # (in + 1,)
        # eq: newton-step
        hessian = (x1.T * (p * (1.0 - p))) @ x1 / n + np.diag(penalty)  # (in + 1, in + 1)
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            raise RuntimeError(f"newton met a singular Hessian with l2={l2}; there is no single minimiser") from None
        w -= step
        if np.abs(step).max() <= tol * np.abs(w).max():
            return w[np.newaxis, :-1], w[-1:]
    raise RuntimeError(f"newton did not converge in {max_steps} steps; with l2={l2} the weights may grow without end")


# --8<-- [end:newton]


# --8<-- [start:sigmoid_units]
class Sigmoid:
    """y = sigmoid(x), any shape."""

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        if x.size == 0:
            raise ValueError(f"Sigmoid got an empty batch of shape {x.shape}")
        self.y = sigmoid(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        if dy.shape != self.y.shape:
            raise ValueError(f"Sigmoid.backward expected dy of shape {self.y.shape}, got {dy.shape}")
        # eq: sigmoid-backward
        return dy * self.y * (1.0 - self.y)  # ds/dx = s (1 - s)

    def zero_grads(self) -> None: ...


class SigmoidUnits:
    """The linear classifier of LeCun et al. 1998, section III-C.1: one sigmoid unit a class, trained on squared error."""

    def __init__(
        self, in_features: int, classes: int, *, rng: np.random.Generator, dtype: DTypeLike = np.float64
    ) -> None:
        self.linear = Linear(in_features, classes, rng=rng, dtype=dtype)
        self.sigmoid = Sigmoid()
        self.params = {f"linear.{name}": p for name, p in self.linear.params.items()}
        self.grads = {f"linear.{name}": g for name, g in self.linear.grads.items()}

    def forward(self, x: Array) -> Array:
        """x: (B, in). Returns: scores in (0, 1), (B, K)"""
        return self.sigmoid.forward(self.linear.forward(x))

    def backward(self, dscores: Array) -> Array:
        """dscores: (B, K). Returns: dx (B, in)"""
        return self.linear.backward(self.sigmoid.backward(dscores))

    def zero_grads(self) -> None:
        self.linear.zero_grads()


# --8<-- [end:sigmoid_units]


def one_hot(labels: Array, classes: int, dtype: DTypeLike = np.float64) -> Array:
    """labels: (B,), integers from 0 to classes - 1. Returns: (B, classes), 1 at the label and 0 elsewhere."""
    if labels.size == 0 or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"one_hot expected labels from 0 to {classes - 1}, got {sorted(set(labels.tolist()))[:10]}")
    return np.eye(classes, dtype=dtype)[labels]
