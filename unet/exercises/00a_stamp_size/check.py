import numpy as np


def stamped(n, k, stride, padding, extra):
    """One past the last pixel that some stamp reaches, and what is cut off and kept."""
    row = np.zeros(200, dtype=int)
    for i in range(n):
        row[i * stride : i * stride + k] = 1
    return int(np.flatnonzero(row)[-1]) + 1 - padding - padding + extra


def check_size(t):
    """So many pixels come out"""
    for case in [
        (3, 3, 2, 0, 0),
        (28, 2, 2, 0, 0),
        (1, 5, 3, 0, 0),
        (7, 3, 1, 1, 0),
        (7, 4, 2, 1, 0),
        (5, 3, 2, 1, 1),
        (5, 7, 4, 2, 3),
    ]:
        got = t.call("up_size", *case)
        n, k, stride, padding, extra = case
        what = f"the size for n={n}, k={k}, stride={stride}, padding={padding}, extra={extra}"
        t.equal(got, stamped(*case), what=what)
        t.require(isinstance(got, (int, np.integer)), "a size is a whole number, an int", got=got)
