from functools import partial

import numpy as np

ALPHA = 0.3


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
    x, y, weight, bias = problem(t.rng)
    for alpha in (0.0, ALPHA):
        got = t.call("ridge_loss", x, y, weight, bias, alpha=alpha)
        t.equal(got, loss(x, y, weight, bias, alpha))


def check_gradient(t):
    """The gradient agrees with central differences"""
    for n, features, targets in [(11, 5, 3), (3, 7, 2)]:
        x, y, weight, bias = problem(t.rng, n, features, targets)
        got = t.call("ridge_gradient", x, y, weight, bias, alpha=ALPHA)
        t.require(isinstance(got, tuple | list) and len(got) == 2, "ridge_gradient must return two arrays", got=got)
        for name, array, mine in [("weight", weight, got[0]), ("bias", bias, got[1])]:
            expected = t.numeric_gradient(partial(loss, x, y, weight, bias, ALPHA), array)
            t.equal(mine, expected, rtol=1e-6, atol=1e-7, what=f"the gradient of {name}")


def check_fit(t):
    """The fit is the minimiser"""
    x, y, *_ = problem(t.rng)
    for alpha in (0.0, ALPHA):
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
