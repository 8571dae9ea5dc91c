import math

import numpy as np


def check_scores(t):
    """Entry [b, i, j] is the score of query i and key j"""
    for batch, n, m, d in [(3, 3, 3, 3), (2, 5, 7, 3), (1, 1, 4, 5), (2, 3, 1, 1)]:
        q, k = t.rng.normal(size=(batch, n, d)), t.rng.normal(size=(batch, m, d))
        expected = np.empty((batch, n, m))
        for b, i, j in np.ndindex(batch, n, m):
            expected[b, i, j] = math.fsum(q[b, i] * k[b, j]) / math.sqrt(d)
        t.equal(t.call("scores", q, k), expected, what=f"the scores of {n} queries and {m} keys of width {d}")


def check_no_loop(t):
    """There is no loop over sentences, queries or keys"""
    small, large = ((t.rng.normal(size=(b, n, 3)), t.rng.normal(size=(b, n, 3))) for b, n in [(2, 3), (31, 37)])
    t.no_loop("scores", small, large, over="sentences, queries or keys")
