import math
from functools import partial

import numpy as np

CASES = [(7, 5, 2, 2), (8, 7, 3, 2), (5, 4, 3, 1), (8, 11, 2, 3)]  # H, W, k, stride


def value(window, t):
    """The definition; math.fsum adds exactly."""
    return math.log(math.fsum(math.exp(t * v) for v in window.ravel()) / window.size) / t


def pooled(x, t, k, stride):
    """The definition, one window at a time. x: (B, C, H, W)"""
    h, w = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    y = np.empty((*x.shape[:2], h, w))
    for b, c, p, q in np.ndindex(*y.shape):
        y[b, c, p, q] = value(x[b, c, p * stride : p * stride + k, q * stride : q * stride + k], t)
    return y


def check_forward(t):
    """The value of every window is that of the definition"""
    for H, W, k, stride in CASES:
        x = t.rng.normal(size=(2, 3, H, W))
        for sharpness in (0.3, 1.0, 2.7):
            t.equal(t.call("soft_pool", x, sharpness, k, stride), pooled(x, sharpness, k, stride), what="y")


def check_one_image(t):
    """One image of one channel is a batch too"""
    x = t.rng.normal(size=(1, 1, 7, 5))
    t.equal(t.call("soft_pool", x, 1.7, 2, 2), pooled(x, 1.7, 2, 2), what="y")
    dy = t.rng.normal(size=(1, 1, 3, 2))
    expected = t.numeric_gradient(lambda: pooled(x, 1.7, 2, 2), x, dy, smooth=True)
    t.equal(t.call("soft_pool_backward", dy, x, 1.7, 2, 2)[0], expected, atol=1e-9, what="dx")


def check_no_loop(t):
    """No loop over images or positions"""
    small, large = (t.rng.normal(size=shape) for shape in [(1, 1, 4, 6), (13, 7, 22, 16)])
    t.no_loop("soft_pool", (small, 1.7, 2, 2), (large, 1.7, 2, 2), over="images or positions")
    dys = [t.rng.normal(size=(*x.shape[:2], x.shape[2] // 2, x.shape[3] // 2)) for x in (small, large)]
    t.no_loop("soft_pool_backward", (dys[0], small, 1.7, 2, 2), (dys[1], large, 1.7, 2, 2), over="images or positions")


def check_ends(t):
    """A tiny t gives the mean, a large one the maximum, and nothing overflows"""
    for H, W, k, stride in CASES:
        x = t.rng.normal(size=(2, 3, H, W))
        places = [(p, q) for p in range(0, H - k + 1, stride) for q in range(0, W - k + 1, stride)]
        shape = (2, 3, (H - k) // stride + 1, (W - k) // stride + 1)
        with np.errstate(all="ignore"):
            soft, sharp = t.call("soft_pool", x, 1e-6, k, stride), t.call("soft_pool", x, 1e6, k, stride)
        means = np.stack([x[:, :, p : p + k, q : q + k].mean(axis=(2, 3)) for p, q in places], axis=2)
        t.equal(soft, means.reshape(shape), rtol=1e-5, atol=1e-5, what="y at t = 1e-6, against the mean")
        best = np.stack([x[:, :, p : p + k, q : q + k].max(axis=(2, 3)) for p, q in places], axis=2)
        t.equal(sharp, best.reshape(shape), rtol=1e-5, atol=1e-5, what="y at t = 1e6, against the maximum")


def gradients(t, dy, x, sharpness, k, stride):
    with np.errstate(all="ignore"):
        got = t.call("soft_pool_backward", dy, x, sharpness, k, stride)
    t.require(isinstance(got, (tuple, list)) and len(got) == 2, "soft_pool_backward must return dx and dt", got=got)
    return got


def check_dx(t):
    """The gradient of x agrees with central differences"""
    for H, W, k, stride in CASES:
        x = t.rng.normal(size=(2, 2, H, W))
        dy = t.rng.normal(size=(2, 2, (H - k) // stride + 1, (W - k) // stride + 1))
        expected = np.zeros(x.shape)
        for b, c, p, q in np.ndindex(*dy.shape):  # what each window passes back, added up
            at = (b, c, slice(p * stride, p * stride + k), slice(q * stride, q * stride + k))
            window = x[at].copy()
            expected[at] += t.numeric_gradient(partial(value, window, 1.7), window, dy[b, c, p, q], smooth=True)
        got = gradients(t, dy, x, 1.7, k, stride)[0]
        t.equal(got, expected, atol=1e-9, what="dx")


def check_dt(t):
    """The gradient of t agrees with central differences"""
    for H, W, k, stride in CASES:
        x = t.rng.normal(size=(3, 2, H, W)) + 0.5
        for start in (0.4, 2.3):
            sharpness = np.array(start)
            dy = t.rng.normal(size=pooled(x, start, k, stride).shape)
            expected = t.numeric_gradient(
                lambda x=x, s=sharpness, k=k, d=stride: pooled(x, s, k, d), sharpness, dy, smooth=True
            )
            got = gradients(t, dy, x, start, k, stride)[1]
            t.equal(got, expected, atol=1e-9, what="dt", why="one t serves every window of every map")


def check_small(t):
    """At a small t, dt is half the variance of each window"""
    H, W, k, stride = CASES[0]
    x = t.rng.normal(size=(2, 3, H, W))
    dy = t.rng.normal(size=pooled(x, 1.0, k, stride).shape)
    expected = 0.0
    for b, c, p, q in np.ndindex(*dy.shape):
        window = x[b, c, p * stride : p * stride + k, q * stride : q * stride + k]
        expected += dy[b, c, p, q] * ((window - window.mean()) ** 2).mean() / 2
    for sharpness, rtol in [(1e-3, 1e-2), (1e-5, 1e-3)]:
        got = gradients(t, dy, x, sharpness, k, stride)[1]
        why = "y = mean + t variance / 2 + ..., so dy/dt does not vanish with t"
        t.equal(got, expected, rtol=rtol, atol=rtol, what=f"dt at t = {sharpness:g}", why=why)


def check_sharp(t):
    """At a large t the gradient goes to the largest pixel of each window"""
    x = t.rng.permutation(2 * 3 * 8 * 7).reshape(2, 3, 8, 7) / 7.0  # no two pixels are equal
    dy = t.rng.normal(size=(2, 3, 3, 3))
    expected = np.zeros(x.shape)
    for b, c, p, q in np.ndindex(*dy.shape):
        window = x[b, c, 2 * p : 2 * p + 3, 2 * q : 2 * q + 3]
        i, j = np.unravel_index(window.argmax(), window.shape)
        expected[b, c, 2 * p + i, 2 * q + j] += dy[b, c, p, q]
    got = gradients(t, dy, x, 1e4, 3, 2)[0]
    t.equal(got, expected, rtol=1e-6, atol=1e-7, what="dx at t = 1e4")
