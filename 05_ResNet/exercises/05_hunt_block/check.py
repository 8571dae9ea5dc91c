import numpy as np


def problem(rng, n=5, width=3, hidden=7):
    """x (B, D), w1 (M, D), w2 (D, M)."""
    return rng.normal(size=(n, width)), rng.normal(size=(hidden, width)), rng.normal(size=(width, hidden)) * 0.5


def forward(x, w1, w2):
    """The definition."""
    return np.maximum(np.maximum(x @ w1.T, 0.0) @ w2.T + x, 0.0)


def gradients(t, x, w1, w2, dy):
    made = t.call("block_forward", x, w1, w2)
    t.require(isinstance(made, tuple) and len(made) == 2, "block_forward must return y and a cache", got=made)
    t.equal(made[0], forward(x, w1, w2), what="the output")
    got = t.call("block_backward", dy, w1, w2, made[1])
    t.require(isinstance(got, (tuple, list)) and len(got) == 3, "block_backward must return dx, dw1, dw2", got=got)
    return got


def check_weights(t):
    """The gradients of the weights agree with central differences"""
    for sizes in ((5, 3, 7), (2, 5, 3), (1, 1, 7)):
        x, w1, w2 = problem(t.rng, *sizes)
        dy = t.rng.normal(size=x.shape)
        _, dw1, dw2 = gradients(t, x, w1, w2, dy)
        for what, array, got in (("dw1", w1, dw1), ("dw2", w2, dw2)):
            expected = t.numeric_gradient(lambda: forward(x, w1, w2), array, dy)  # noqa: B023
            t.equal(got, expected, rtol=1e-6, atol=1e-7, what=what)


def check_input(t):
    """The gradient of the input agrees with central differences"""
    for sizes in ((5, 3, 7), (2, 5, 3), (1, 1, 7)):
        x, w1, w2 = problem(t.rng, *sizes)
        dy = t.rng.normal(size=x.shape)
        dx, _, _ = gradients(t, x, w1, w2, dy)
        expected = t.numeric_gradient(lambda: forward(x, w1, w2), x, dy)  # noqa: B023
        t.equal(dx, expected, rtol=1e-6, atol=1e-7, what="dx")


def check_open_and_shut(t):
    """Where every unit of the output is positive, and where none is"""
    x, w1, w2 = problem(t.rng)
    dy = t.rng.normal(size=x.shape)
    for what, moved in (("positive", np.abs(x) + 9.0), ("zero", -np.abs(x) - 9.0)):
        branch = w2 * 0.0
        dx, _, _ = gradients(t, moved, w1, branch, dy)
        expected = dy if what == "positive" else np.zeros_like(dy)
        t.equal(dx, expected, what=f"dx where the branch is off and the output is {what}")
        t.own_memory(dx, dy, what="dx")


def check_dtype(t):
    """float32 gives float32 back"""
    x, w1, w2 = problem(t.rng)
    _, cache = t.keeps_dtype("block_forward", x, w1, w2)
    t.keeps_dtype("block_backward", t.rng.normal(size=x.shape), w1, w2, cache)
