"""How the scores, and the gradient of the softmax, depend on the width of queries and keys."""

import numpy as np


def draw_scores(d_k: int, keys: int, trials: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Returns: (trials, keys), the scaled products of random queries and keys; queries are drawn first"""
    raise NotImplementedError("draw_scores")


def jacobian_size(scores: np.ndarray) -> np.ndarray:
    """scores: (trials, keys). Returns: (trials,), the Frobenius norm of diag(p) - p p'"""
    raise NotImplementedError("jacobian_size")


def exponent(sizes: list[int], values: list[float]) -> float:
    """Returns: the power of `sizes` that `values` grow with"""
    raise NotImplementedError("exponent")


def growth(sizes: list[int], keys: int, trials: int, scaled: bool, rng: np.random.Generator) -> tuple[float, float]:
    """Returns: the exponents in d_k of the scores' standard deviation and of the mean size of the Jacobian"""
    raise NotImplementedError("growth")
