import numpy as np


def check_heads(t):
    """Every head has its slice of every word"""
    for batch, n, heads, width in [(2, 3, 3, 3), (2, 5, 3, 2), (1, 4, 2, 5), (3, 2, 1, 4), (2, 1, 1, 1)]:
        x = t.rng.normal(size=(batch, n, heads * width))
        expected = np.empty((batch, heads, n, width))
        for b, h, i in np.ndindex(batch, heads, n):
            expected[b, h, i] = x[b, i, h * width : (h + 1) * width]
        t.equal(
            t.call("split_heads", x, heads),
            expected,
            why=f"head h has the numbers {width} h to {width} h + {width - 1} of each word",
        )


def check_no_loop(t):
    """There is no loop over the heads"""
    t.no_loop("split_heads", (t.rng.normal(size=(2, 3, 4)), 2), (t.rng.normal(size=(2, 3, 128)), 64), over="the heads")
