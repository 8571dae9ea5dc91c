import numpy as np

CASES = [  # images, channels of the skip and of the map from below; sides of both
    (2, 3, 5, (9, 12), (4, 6)),
    (2, 3, 5, (12, 9), (4, 6)),
    (1, 2, 3, (8, 8), (5, 4)),
    (2, 1, 3, (7, 11), (7, 3)),
    (3, 2, 1, (6, 5), (1, 3)),
    (2, 3, 2, (4, 7), (3, 1)),
    (2, 3, 2, (1, 5), (1, 2)),
    (2, 3, 2, (5, 1), (2, 1)),
]


def problem(t, images, skips, maps, skip_side, side):
    return t.rng.normal(size=(images, skips, *skip_side)), t.rng.normal(size=(images, maps, *side))


def definition(skip, below):
    """Pixel by pixel: as many rows are cut off above as below, and of an odd rest one less."""
    B, C, H, W = skip.shape
    h, w = below.shape[2:]
    y = np.zeros((B, C + below.shape[1], h, w))
    for i in range(h):
        for j in range(w):
            y[:, :C, i, j] = skip[:, :, i + int((H - h) / 2), j + int((W - w) / 2)]
            y[:, C:, i, j] = below[:, :, i, j]
    return y


def check_forward(t):
    """The joint takes the middle of the skip"""
    for case in CASES:
        skip, below = problem(t, *case)
        t.equal(t.call("joint", skip, below), definition(skip, below), what="the joint")


def check_backward(t):
    """The gradients agree with central differences"""
    for case in CASES:
        skip, below = problem(t, *case)
        dy = t.rng.normal(size=(len(skip), skip.shape[1] + below.shape[1], *below.shape[2:]))
        got = t.call("joint_backward", dy, skip.shape)
        t.require(isinstance(got, tuple) and len(got) == 2, "joint_backward must return dskip and dbelow", got=got)
        for what, array, grad in (("dskip", skip, got[0]), ("dbelow", below, got[1])):
            expected = t.numeric_gradient(lambda: definition(skip, below), array, dy)  # noqa: B023
            t.equal(grad, expected, rtol=1e-6, atol=1e-7, what=what)
