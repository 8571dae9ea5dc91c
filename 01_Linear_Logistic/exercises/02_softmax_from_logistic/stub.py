"""From two classes to K: log-odds against a reference class."""

import numpy as np


def class_log_probs(z: np.ndarray) -> np.ndarray:
    """The logarithms of the probabilities of all K classes.

    z: (n, K - 1), column k - 1 holds the log-odds of class k against class 0. Returns: (n, K), class 0 first.
    """
    raise NotImplementedError("class_log_probs")


def reference_loss(x: np.ndarray, labels: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> float:
    """The mean over the examples of -log p[label].

    x: (n, D). labels: (n,), integers from 0 to K - 1. weight: (K - 1, D). bias: (K - 1,).
    """
    raise NotImplementedError("reference_loss")


def reference_gradient(
    x: np.ndarray, labels: np.ndarray, weight: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of `reference_loss` with respect to weight (K - 1, D) and bias (K - 1,)."""
    raise NotImplementedError("reference_gradient")


def from_softmax(weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The model with a reference class that gives the same probabilities as a softmax regression.

    weight: (K, D). bias: (K,). Returns: weight (K - 1, D), bias (K - 1,)
    """
    raise NotImplementedError("from_softmax")
