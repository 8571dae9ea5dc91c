from itertools import combinations

import numpy as np
from logistic_numpy import BCEWithLogitsLoss, LogisticRegression


def problem(rng, n, features):
    """Two overlapping classes, and parameters that are not at the minimum."""
    x = rng.normal(size=(n, features)) + 0.5
    targets = (x @ rng.normal(size=features) + rng.normal(size=n) > 0).astype(np.float64)
    return x, targets, 0.5 * rng.normal(size=(1, features)), -rng.uniform(0.2, 0.8, size=1)


def batch_gradient(x, targets, weight, bias):
    """The chapter's model and loss on one batch: the gradient of the mean, weights first, (D + 1,)."""
    model, criterion = LogisticRegression(x.shape[1], rng=np.random.default_rng(0)), BCEWithLogitsLoss()
    model.params["linear.weight"][...] = weight
    model.params["linear.bias"][...] = bias
    criterion.forward(model.forward(x), targets)
    model.backward(criterion.backward())
    return np.append(model.grads["linear.weight"][0], model.grads["linear.bias"])


def distances(x, targets, weight, bias, batch_size):
    """The squared distance of every batch that there is."""
    full = batch_gradient(x, targets, weight, bias)
    rows = [list(rows) for rows in combinations(range(len(x)), batch_size)]
    return np.array([((batch_gradient(x[r], targets[r], weight, bias) - full) ** 2).sum() for r in rows])


def exact_noise(x, targets, weight, bias, batch_size):
    """The mean over every batch that there is."""
    return distances(x, targets, weight, bias, batch_size).mean()


def nearest(got, possible):
    """That of the possible numbers which is nearest to what came."""
    return possible[np.argmin(np.abs(possible - got))]


def check_examples(t):
    """Each example's gradient is that of a batch of one"""
    for n, features in [(7, 3), (3, 5), (1, 2), (5, 1)]:
        x, targets, weight, bias = problem(t.rng, n, features)
        got = t.call("example_gradients", x, targets, weight, bias)
        t.equal(got, [batch_gradient(x[i : i + 1], targets[i : i + 1], weight, bias) for i in range(n)])


def check_prediction(t):
    """The prediction is the mean over all batches that there are"""
    x, targets, weight, bias = problem(t.rng, 7, 3)
    for batch_size in (1, 2, 5, 7):
        got = t.call("predicted_noise", x, targets, weight, bias, batch_size=batch_size)
        why = "here, all batches of 7 examples are tried" if batch_size < 7 else "a batch of all examples has no noise"
        t.equal(
            got, exact_noise(x, targets, weight, bias, batch_size), what=f"noise of batches of {batch_size}", why=why
        )


def check_measurement(t):
    """The measured noise agrees with the mean over all batches"""
    x, targets, weight, bias = problem(t.rng, 7, 3)
    for batch_size in (2, 5):
        got = t.call("gradient_noise", x, targets, weight, bias, batch_size=batch_size, draws=1000, rng=t.rng)
        exact = exact_noise(x, targets, weight, bias, batch_size)
        t.between(got, 0.85 * exact, 1.15 * exact, what=f"measured noise of batches of {batch_size}")
    got = t.call("gradient_noise", x, targets, weight, bias, batch_size=7, draws=5, rng=t.rng)
    t.between(
        got, 0.0, 1e-20, what="measured noise of a batch of all examples", why="such a batch can be drawn in one way"
    )


def check_exponent(t):
    """The noise falls with the batch size as it should"""
    x, targets, weight, bias = problem(t.rng, 2003, 5)
    got = t.call("noise_exponent", x, targets, weight, bias, batch_sizes=(2, 5, 11, 31, 83), draws=200, rng=t.rng)
    t.between(
        got, -1.1, -0.9, what="the exponent", why="how does the variance of a mean depend on how many are averaged?"
    )


def check_single_draws(t):
    """Measured on a single batch, the noise is the squared distance of one of them"""
    x, targets, weight, bias = problem(t.rng, 7, 3)
    for _ in range(3):
        got = t.call("gradient_noise", x, targets, weight, bias, batch_size=2, draws=1, rng=t.rng)
        t.equal(got, nearest(got, distances(x, targets, weight, bias, 2)), what="noise measured with draws=1")
    x, targets = x[:5], targets[:5]
    one, two = (np.log(distances(x, targets, weight, bias, size)) for size in (1, 2))
    slopes = np.subtract.outer(two, one).ravel() / np.log(2.0)
    got = t.call("noise_exponent", x, targets, weight, bias, batch_sizes=(1, 2), draws=1, rng=t.rng)
    t.equal(got, nearest(got, slopes), what="the exponent with draws=1", why="the slope through two points")
