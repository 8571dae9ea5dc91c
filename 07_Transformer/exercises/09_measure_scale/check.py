import math

import numpy as np


def check_scores(t):
    """The scores are scaled products of each query with its own keys"""
    seed = int(t.rng.integers(2**31))
    got = t.call("draw_scores", 3, 5, 7, 0.4, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    q, k = rng.normal(size=(7, 3)), rng.normal(size=(7, 5, 3))
    t.equal(got, np.array([[0.4 * (q[i] @ k[i, j]) for j in range(5)] for i in range(7)]))


def check_jacobian(t):
    """The size is the norm of the matrix"""
    scores = t.rng.normal(size=(5, 7)) * np.array([[0.1], [1.0], [3.0], [10.0], [30.0]])
    expected = []
    for row in scores:
        p = np.exp(row - row.max())
        p /= p.sum()
        expected.append(math.sqrt(((np.diag(p) - np.outer(p, p)) ** 2).sum()))
    t.equal(t.call("jacobian_size", scores), np.array(expected), rtol=1e-6, atol=1e-9)


def check_large_scores(t):
    """Scores of 1e4 give finite sizes"""
    p = 1 / (1 + math.exp(-1.0))
    scores = np.array([[1e4, -1e4, 0.0], [5.0, 5.0, -1e4], [1e4, 1e4 - 1.0, 0.0]])
    t.equal(t.call("jacobian_size", scores), np.array([0.0, 0.5, 2 * p * (1 - p)]), atol=1e-9)


def check_exponent(t):
    """The exponent of a power is found"""
    sizes = [3, 7, 20, 50]
    for a in (-0.5, 2.0):
        t.equal(t.call("exponent", sizes, [5.0 * s**a for s in sizes]), a)


def check_growth_without_scale(t):
    """Without the scale"""
    got = t.call("growth", [32, 128, 512], 7, 300, False, t.rng)
    t.require(isinstance(got, (tuple, list)) and len(got) == 2, "growth must return two exponents", got=got)
    t.between(got[0], 0.45, 0.55, what="the exponent of the spread", match=0.04)
    t.between(got[1], -0.62, -0.34, what="the exponent of the gradient", match=0.04)


def check_growth_with_scale(t):
    """With the scale"""
    got = t.call("growth", [32, 128, 512], 7, 300, True, t.rng)
    t.between(got[0], -0.03, 0.03, what="the exponent of the spread", match=0.04)
    t.between(got[1], -0.05, 0.05, what="the exponent of the gradient", match=0.04)
