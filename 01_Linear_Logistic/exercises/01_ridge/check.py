from functools import partial

import numpy as np

ALPHA = 0.3
OVER = "the weights or the examples"


def problem(rng, n=11, features=5, targets=3):
    """x (n, f), y (n, k), weight (k, f), bias (k,), none of them centred."""
    x = rng.normal(size=(n, features)) + 1.5
    return x, rng.normal(size=(n, targets)) - 2.0, rng.normal(size=(targets, features)), rng.normal(size=targets)


def loss(x, y, weight, bias, alpha):
    """The definition, element by element."""
    total = 0.0
    for i in range(len(x)):
        for j in range(y.shape[1]):
            total += (sum(x[i] * weight[j]) + bias[j] - y[i, j]) ** 2
    return total / (len(x) * y.shape[1]) + alpha * sum(w**2 for w in weight.ravel())


def check_loss(t):
    """The loss is the mean squared error plus the penalty"""
    for n, features, targets in [(11, 5, 3), (11, 5, 1), (1, 1, 2)]:
        x, y, weight, bias = problem(t.rng, n, features, targets)
        for alpha in (0.0, ALPHA):
            got = t.call("ridge_loss", x, y, weight, bias, alpha=alpha)
            t.equal(got, loss(x, y, weight, bias, alpha))
    small, large = problem(t.rng, 7, 2, 3), problem(t.rng, 31, 23, 13)
    t.no_loop("ridge_loss", (*small, ALPHA), (*large, ALPHA), over=OVER)


def check_gradient(t):
    """The gradient agrees with central differences"""
    for n, features, targets in [(11, 5, 3), (3, 7, 2), (7, 2, 1)]:
        x, y, weight, bias = problem(t.rng, n, features, targets)
        got = t.call("ridge_gradient", x, y, weight, bias, alpha=ALPHA)
        t.require(isinstance(got, tuple | list) and len(got) == 2, "ridge_gradient must return two arrays", got=got)
        for name, array, mine in [("weight", weight, got[0]), ("bias", bias, got[1])]:
            expected = t.numeric_gradient(partial(loss, x, y, weight, bias, ALPHA), array, smooth=True)
            t.equal(mine, expected, atol=1e-9, what=f"the gradient of {name}")
    got = t.call("ridge_gradient", x, y, weight, bias, alpha=1.7)
    expected = t.numeric_gradient(partial(loss, x, y, weight, bias, 1.7), weight, smooth=True)
    t.equal(got[0], expected, atol=1e-9, what="the gradient of weight with another alpha")
    small, large = problem(t.rng, 7, 2, 3), problem(t.rng, 31, 23, 13)
    t.no_loop("ridge_gradient", (*small, ALPHA), (*large, ALPHA), over=OVER)


def check_fit(t):
    """The fit is the minimiser"""
    for targets, alpha in [(3, 0.0), (3, ALPHA), (1, ALPHA)]:
        x, y, *_ = problem(t.rng, targets=targets)
        got = t.call("ridge_fit", x, y, alpha=alpha)
        t.require(isinstance(got, tuple | list) and len(got) == 2, "ridge_fit must return two arrays", got=got)
        # Least squares on the data and, for the penalty, one further example for each weight: no centring, no normal equations.
        n, features, targets = len(x), x.shape[1], y.shape[1]
        further = np.sqrt(n * targets * alpha) * np.eye(features, features + 1)
        long_x = np.concatenate([np.column_stack([x, np.ones(n)]), further])
        long_y = np.concatenate([y, np.zeros((features, targets))])
        best = np.linalg.lstsq(long_x, long_y, rcond=None)[0]
        t.equal(got[0], best[:-1].T, rtol=1e-7, atol=1e-9, what="the weight")
        t.equal(got[1], best[-1], rtol=1e-7, atol=1e-9, what="the bias")
    small, large = problem(t.rng, 7, 2, 3), problem(t.rng, 31, 23, 13)
    t.no_loop("ridge_fit", (*small[:2], ALPHA), (*large[:2], ALPHA), over=OVER)
