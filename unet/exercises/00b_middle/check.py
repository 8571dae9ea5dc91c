import numpy as np


def check_middle(t):
    """Every map keeps its middle"""
    for shape, height, width in [
        ((2, 3, 9, 12), 5, 6),
        ((3, 2, 7, 11), 4, 8),
        ((2, 5, 13, 7), 13, 4),
        ((1, 2, 5, 8), 2, 8),
        ((2, 1, 3, 5), 1, 1),
        ((2, 3, 1, 5), 1, 2),
        ((2, 3, 5, 1), 2, 1),
    ]:
        x = t.rng.normal(size=shape)
        expected = np.empty((*shape[:2], height, width))
        above, before = (max(n for n in range(20) if 2 * n <= rest) for rest in (shape[2] - height, shape[3] - width))
        for i in range(height):
            for j in range(width):
                expected[:, :, i, j] = x[:, :, above + i, before + j]
        got = t.call("middle", x, height, width)
        t.equal(got, expected, what=f"the middle {height} x {width} of {shape[2]} x {shape[3]}")
        t.require(np.shares_memory(got, x), "the crop must be a view of x: nothing needs to be copied")
