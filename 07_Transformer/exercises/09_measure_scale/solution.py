"""How the scores, and the gradient of the softmax, depend on the width of queries and keys."""

import numpy as np


def draw_scores(d_k: int, keys: int, trials: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Returns: (trials, keys), the scaled products of random queries and keys; queries are drawn first"""
    q = rng.normal(size=(trials, d_k))
    k = rng.normal(size=(trials, keys, d_k))
    return scale * np.einsum("td,tkd->tk", q, k)


def jacobian_size(scores: np.ndarray) -> np.ndarray:
    """scores: (trials, keys). Returns: (trials,), the Frobenius norm of diag(p) - p p'"""
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    squares, cubes = (p**2).sum(axis=1), (p**3).sum(axis=1)
    return np.sqrt(np.maximum(squares - 2 * cubes + squares**2, 0.0))  # rounding may leave -1e-17


def exponent(sizes: list[int], values: list[float]) -> float:
    """Returns: the slope of log(values) over log(sizes)"""
    slope, _ = np.polyfit(np.log(sizes), np.log(values), 1)
    return float(slope)


def growth(sizes: list[int], keys: int, trials: int, scaled: bool, rng: np.random.Generator) -> tuple[float, float]:
    """Returns: the exponents in d_k of the scores' standard deviation and of the mean size of the Jacobian"""
    spreads, gradients = [], []
    for d_k in sizes:
        scores = draw_scores(d_k, keys, trials, d_k**-0.5 if scaled else 1.0, rng)
        spreads.append(float(scores.std()))
        gradients.append(float(jacobian_size(scores).mean()))
    return exponent(sizes, spreads), exponent(sizes, gradients)
