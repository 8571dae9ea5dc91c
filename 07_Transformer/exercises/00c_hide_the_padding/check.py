import numpy as np


def check_hidden(t):
    """Keys that are padding are hidden from every query"""
    for batch, heads, n, m in [(3, 3, 3, 3), (2, 3, 5, 7), (1, 2, 4, 3), (2, 1, 1, 3), (1, 2, 3, 1)]:
        scores = t.rng.normal(size=(batch, heads, n, m))
        real = np.arange(m) < np.array([m, m - 1, m - 2])[:batch, None]
        expected = scores.copy()
        for b, j in np.ndindex(batch, m):
            if not real[b, j]:
                expected[b, :, :, j] = -np.inf
        got = t.call("hide_padding", scores, real)
        t.own_memory(got, scores)
        t.equal(
            np.exp(got),
            np.exp(expected),
            what="exp(result)",
            why="a hidden key must have the weight 0, a real one its own",
        )
