"""From two classes to K: log-odds against a reference class."""

import numpy as np


def class_log_probs(z: np.ndarray) -> np.ndarray:
    """The logarithms of the probabilities of all K classes.

    z: (n, K - 1), column k - 1 holds the log-odds of class k against class 0. Returns: (n, K), class 0 first.
    """
    logits = np.column_stack([np.zeros(len(z)), z])  # (n, K): the odds of class 0 against itself are 1
    shifted = logits - logits.max(axis=1, keepdims=True)  # every exponent is at most 0
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def reference_loss(x: np.ndarray, labels: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> float:
    """The mean over the examples of -log p[label].

    x: (n, D). labels: (n,), integers from 0 to K - 1. weight: (K - 1, D). bias: (K - 1,).
    """
    log_probs = class_log_probs(x @ weight.T + bias)  # (n, K)
    return float(-log_probs[np.arange(len(labels)), labels].mean())


def reference_gradient(
    x: np.ndarray, labels: np.ndarray, weight: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of `reference_loss` with respect to weight (K - 1, D) and bias (K - 1,)."""
    n = len(labels)
    dlogits = np.exp(class_log_probs(x @ weight.T + bias))  # (n, K): the probabilities
    dlogits[np.arange(n), labels] -= 1.0
    dz = dlogits[:, 1:] / n  # (n, K - 1): the logit of class 0 is a constant and has no gradient
    return dz.T @ x, dz.sum(axis=0)


def from_softmax(weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The model with a reference class that gives the same probabilities as a softmax regression.

    weight: (K, D). bias: (K,). Returns: weight (K - 1, D), bias (K - 1,)
    """
    return weight[1:] - weight[0], bias[1:] - bias[0]
