import math

import numpy as np

CASES = [(5, 3, 7), (3, 5, 2), (7, 2, 11), (1, 1, 1)]  # B, K, D


def problem(rng, B, K, D):
    return rng.normal(size=(B, D)), rng.normal(size=(K, D)), 0.7 * rng.normal(size=K)


def outputs(x, centres, log_width):
    """The formula, one example and class at a time."""
    y = np.empty((len(x), len(centres)))
    for b, i in np.ndindex(*y.shape):
        sigma = math.exp(log_width[i])
        distance = math.fsum((u - v) ** 2 for u, v in zip(x[b], centres[i], strict=True))
        y[b, i] = distance / (2 * sigma**2) + x.shape[1] * math.log(sigma)
    return y


def check_forward(t):
    """The outputs are those of the formula"""
    for case in CASES:
        x, centres, log_width = problem(t.rng, *case)
        got = t.call("rbf", x, centres, log_width)
        t.equal(got, outputs(x, centres, log_width))


def check_gradients(t):
    """The gradients agree with central differences"""
    for case in CASES:
        arrays = dict(zip(("x", "centres", "log_width"), problem(t.rng, *case), strict=True))
        dy = t.rng.normal(size=case[:2])
        got = t.call("rbf_backward", dy, *arrays.values())
        ok = isinstance(got, (tuple, list)) and len(got) == 3
        t.require(ok, "rbf_backward must return three arrays", got=got)
        for mine, (name, array) in zip(got, arrays.items(), strict=True):
            expected = t.numeric_gradient(lambda a=arrays: outputs(**a), array, dy)
            t.equal(mine, expected, rtol=1e-6, atol=1e-7, what=f"d{name}")


def check_best(t):
    """No other width fits the examples better"""
    for B, K, D in [(23, 3, 7), (31, 5, 2), (17, 2, 1)]:
        x, centres, _ = problem(t.rng, B, K, D)
        x = x * t.rng.uniform(0.2, 3.0, size=(B, 1))
        targets = np.concatenate([np.arange(K), t.rng.integers(0, K, size=B - K)])
        got = t.call("best_log_width", x, centres, targets)
        expected = np.empty(K)
        for i in range(K):  # a search, by thirds: the loss of one class has one minimum
            own, low, high = x[targets == i], -9.0, 9.0
            for _ in range(50):
                a, b = low + (high - low) / 3, high - (high - low) / 3
                first, second = (outputs(own, centres[[i]], [value]).sum() for value in (a, b))
                low, high = (low, b) if first < second else (a, high)
            expected[i] = (low + high) / 2
        t.equal(got, expected, rtol=1e-6, atol=1e-6, what="the best log-widths")


def check_narrow(t):
    """Lengths in another unit: widths of 1e-9"""
    x, centres, log_width = problem(t.rng, 5, 3, 7)
    dy, unit = t.rng.normal(size=(5, 3)), 1e-9
    small = (unit * x, unit * centres, log_width + math.log(unit))
    why = "all lengths are 1e-9 times as large, and every width with them"
    t.equal(t.call("rbf", *small), outputs(x, centres, log_width) + 7 * math.log(unit), rtol=1e-7, why=why)
    expected = t.call("rbf_backward", dy, x, centres, log_width)
    for name, mine, right, factor in zip(
        ("dx", "dcentres", "dlog_width"), t.call("rbf_backward", dy, *small), expected, (unit, unit, 1.0), strict=True
    ):
        t.equal(np.asarray(mine) * factor, right, rtol=1e-6, atol=1e-6, what=name, why=why)


def check_no_loop(t):
    """No loop over examples or directions"""
    few, many = (problem(t.rng, B, 3, D) for B, D in ((2, 2), (31, 29)))
    t.no_loop("rbf", few, many, over="examples or directions")
    back = [(t.rng.normal(size=(len(given[0]), 3)), *given) for given in (few, many)]
    t.no_loop("rbf_backward", *back, over="examples or directions")
    best = [(t.rng.normal(size=(B, 5)), t.rng.normal(size=(3, 5)), np.arange(B) % 3) for B in (3, 61)]
    t.no_loop("best_log_width", *best, over="examples")


def check_dtype(t):
    """float32 gives float32 back"""
    x, centres, log_width = problem(t.rng, 5, 3, 7)
    y = t.keeps_dtype("rbf", x, centres, log_width)
    t.keeps_dtype("rbf_backward", y.astype(float), x, centres, log_width)
    t.keeps_dtype("best_log_width", x, centres, np.arange(5) % 3)
