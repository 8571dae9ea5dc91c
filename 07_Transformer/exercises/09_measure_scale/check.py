import math

import numpy as np


def drawn(d_k, keys, trials, scale, rng):
    """The definition, a product at a time."""
    q, k = rng.normal(size=(trials, d_k)), rng.normal(size=(trials, keys, d_k))
    return np.array([[scale * (q[i] @ k[i, j]) for j in range(keys)] for i in range(trials)])


def norms(scores):
    """The definition, from the matrix of each row."""
    found = []
    for row in scores:
        p = np.exp(row - row.max())
        p /= p.sum()
        found.append(math.sqrt(((np.diag(p) - np.outer(p, p)) ** 2).sum()))
    return np.array(found)


def check_scores(t):
    """The scores are scaled products of each query with its own keys"""
    for keys in (5, 2):
        seed = int(t.rng.integers(2**31))
        got = t.call("draw_scores", 3, keys, 7, 0.4, np.random.default_rng(seed))
        t.equal(got, drawn(3, keys, 7, 0.4, np.random.default_rng(seed)))


def check_jacobian(t):
    """The size is the norm of the matrix"""
    scores = t.rng.normal(size=(5, 7)) * np.array([[0.1], [1.0], [3.0], [10.0], [30.0]])
    t.equal(t.call("jacobian_size", scores), norms(scores), rtol=1e-6, atol=1e-9)
    t.equal(t.call("jacobian_size", scores[:1]), norms(scores[:1]), rtol=1e-6, what="the size of a single row")
    t.equal(t.call("jacobian_size", scores[:, :1]), np.zeros(5), atol=1e-9, what="the sizes of rows of one score")
    whole = np.array([[0, 1, 2], [5, -1, 3]])
    t.equal(t.call("jacobian_size", whole), norms(whole), rtol=1e-6, what="the sizes of rows of integers")
    t.keeps_dtype("jacobian_size", scores)


def check_large_scores(t):
    """Scores of 1e4 give finite sizes"""
    p = 1 / (1 + math.exp(-1.0))
    scores = np.array([[1e4, -1e4, 0.0], [5.0, 5.0, -1e4], [1e4, 1e4 - 1.0, 0.0]])
    t.equal(t.call("jacobian_size", scores), np.array([0.0, 0.5, 2 * p * (1 - p)]), atol=1e-9)


def check_exponent(t):
    """The exponent of a power is found"""
    sizes = [3, 7, 20, 50]
    for a in (-0.5, 2.0, 0.3):
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


def check_growth_exactly(t):
    """On two widths, the exponents are those of the same draws"""
    for scaled in (False, True):
        seed = int(t.rng.integers(2**31))
        got = t.call("growth", [2, 6], 3, 11, scaled, np.random.default_rng(seed))
        rng = np.random.default_rng(seed)
        low, high = (drawn(d_k, 3, 11, d_k**-0.5 if scaled else 1.0, rng) for d_k in (2, 6))
        ratios = (high.std() / low.std(), norms(high).mean() / norms(low).mean())
        t.equal(got, np.log(ratios) / math.log(3.0), what=f"the exponents with scaled={scaled}")
