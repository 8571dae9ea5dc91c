import numpy as np


def check_bias(t):
    """Every map has its own number added"""
    for shape in [
        (3, 3, 3, 3),
        (2, 5, 7, 3),
        (1, 2, 3, 5),
        (2, 3, 1, 1),
        (2, 1, 3, 5),
    ]:  # in the first, every wrong axis fits as well
        x, bias = t.rng.normal(size=shape), t.rng.normal(size=shape[1])
        expected = np.empty(shape)
        for b, c, i, j in np.ndindex(*shape):
            expected[b, c, i, j] = x[b, c, i, j] + bias[c]
        t.equal(t.call("add_bias", x, bias), expected, why="all pixels of x[b, c] get the number bias[c]")


def check_no_loop(t):
    """There is no loop over images or maps"""
    small, large = ((t.rng.normal(size=(b, c, 3, 3)), t.rng.normal(size=c)) for b, c in [(2, 2), (31, 37)])
    t.no_loop("add_bias", small, large, over="images or maps")
