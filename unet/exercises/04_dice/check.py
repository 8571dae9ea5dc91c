import math

import numpy as np

SHAPES = [(2, 3, 5), (1, 3, 5), (2, 1, 5), (2, 3, 1)]


def problem(t, shape):
    y = t.rng.integers(0, 2, shape).astype(float)
    y[0, 0, 0] = 1.0
    return t.rng.uniform(0.05, 0.95, shape), y


def by_definition(p, y):
    pairs = list(zip(p.ravel(), y.ravel(), strict=True))
    return 1 - 2 * math.fsum(a * b for a, b in pairs) / math.fsum(a + b for a, b in pairs)


def check_loss(t):
    """The loss is that of the definition"""
    for shape in SHAPES:
        p, y = problem(t, shape)
        t.equal(t.call("dice_loss", p, y), by_definition(p, y), what="the loss")


def check_ends(t):
    """Equal masks cost nothing, masks apart cost one"""
    y = np.zeros((2, 3, 5))
    y[:, :2, 1:3] = 1.0
    t.equal(t.call("dice_loss", y, y), 0.0, what="equal masks")
    t.equal(t.call("dice_loss", 1.0 - y, y), 1.0, what="masks apart")


def check_gradient(t):
    """The gradient agrees with central differences"""
    for shape in SHAPES:
        p, y = problem(t, shape)
        expected = t.numeric_gradient(lambda p=p, y=y: by_definition(p, y), p, 1.0, smooth=True)
        t.equal(t.call("dice_backward", p, y), expected, rtol=1e-8, atol=1e-9, what="the gradient")
