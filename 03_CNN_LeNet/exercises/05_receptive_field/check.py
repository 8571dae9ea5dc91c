import math

import numpy as np
from conv_numpy import Conv2d

LENET = [(5, 1), (2, 2), (5, 1), (2, 2), (5, 1)]  # C1, S2, C3, S4, C5


def counted(layers):
    """The field of two neighbouring units, followed downward as intervals of units."""
    ends = []
    for unit in (0, 1):
        low = high = unit
        for k, stride in reversed(layers):
            low, high = low * stride, high * stride + k - 1
        ends.append((low, high))
    return ends[0][1] - ends[0][0] + 1, ends[1][0] - ends[0][0]


def check_field(t):
    """The receptive field is as large as counting says"""
    for layers in (LENET[:1], LENET[:2], LENET[:3], LENET, [(3, 1)] * 4, [(7, 2), (3, 2), (2, 3), (5, 1), (3, 3)]):
        got = t.call("receptive_field", layers)
        t.require(isinstance(got, (tuple, list)) and len(got) == 2, "receptive_field must return two numbers", got=got)
        side, jump = counted(layers)
        t.equal(got[0], side, what="the side of the field")
        t.equal(got[1], jump, what="the jump")


def check_spread(t):
    """The spread is the standard deviation of the row number"""
    for height, width in [(5, 7), (11, 3)]:
        image = t.rng.uniform(size=(height, width)) ** 3 * 17.0
        total = math.fsum(image.ravel())
        mean = math.fsum(i * v for i, row in enumerate(image) for v in row) / total
        variance = math.fsum((i - mean) ** 2 * v for i, row in enumerate(image) for v in row) / total
        t.equal(t.call("spread", image), math.sqrt(variance))


def path_sums(kernels):
    """The squared gradient of map 0, by the definition: every tap hands the gradient down. kernels: (O, C, k, k) each."""
    gradient = np.zeros((len(kernels[-1]), 1, 1))
    gradient[0] = 1.0
    for kernel in reversed(kernels):
        k, side = kernel.shape[2], gradient.shape[1]
        below = np.zeros((kernel.shape[1], side + k - 1, side + k - 1))
        for o, c, i, j in np.ndindex(*kernel.shape):
            below[c, i : i + side, j : j + side] += kernel[o, c, i, j] * gradient[o]
        gradient = below
    return (gradient**2).sum(axis=0)


def check_image(t):
    """The squared gradient is the sum over all paths, squared"""
    for depth, k, channels in [(1, 5, 3), (2, 3, 5), (5, 2, 3)]:
        seed = int(t.rng.integers(2**31))
        got = t.call("gradient_image", depth, k, channels, np.random.default_rng(seed))
        rng = np.random.default_rng(seed)
        kernels = [Conv2d(channels, channels, k, bias=False, rng=rng).weight for _ in range(depth)]
        t.equal(
            got,
            path_sums(kernels),
            atol=1e-13,
            why="layers drawn from the image upward, gradient of output map 0 alone",
        )


def check_growth(t):
    """The spread grows as it should with the depth"""
    got = t.call("growth", [2, 4, 8], 5, 5, 12, t.rng)
    t.between(got, 0.44, 0.56, what="the exponent", match=0.04)


def check_growth_exactly(t):
    """On two depths, the exponent is that of the averaged images"""
    seed, k, channels, trials = int(t.rng.integers(2**31)), 3, 2, 4
    got = t.call("growth", [1, 3], k, channels, trials, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    widths = []
    for depth in (1, 3):
        stacks = [
            [Conv2d(channels, channels, k, bias=False, rng=rng).weight for _ in range(depth)] for _ in range(trials)
        ]
        p = np.sum([path_sums(kernels) for kernels in stacks], axis=(0, 2))
        rows = np.arange(len(p))
        mean = (p * rows).sum() / p.sum()
        widths.append(math.sqrt((p * (rows - mean) ** 2).sum() / p.sum()))
    why = "depth after depth, each with its own stacks drawn one after the other"
    t.equal(got, math.log(widths[1] / widths[0]) / math.log(3.0), why=why)
