import numpy as np


def check_size(t):
    """The kernel stops at so many places"""
    for n, k, stride, padding in [
        (7, 3, 1, 0),
        (7, 3, 2, 0),
        (7, 3, 3, 0),
        (32, 5, 1, 2),
        (11, 4, 3, 1),
        (5, 5, 2, 0),
        (2, 3, 2, 1),
    ]:
        left, places = 0, 0
        while left + k <= n + 2 * padding:  # slide it
            left, places = left + stride, places + 1
        got = t.call("output_size", n, k, stride, padding)
        t.equal(got, places, what=f"the size for n={n}, k={k}, stride={stride}, padding={padding}")
        t.require(isinstance(got, (int, np.integer)), "a size is a whole number, an int", got=got)
