import math

import numpy as np


def data(rng, shape):
    """Log-rates, and counts drawn from the Poisson distributions of other rates; zeros among them."""
    log_rates = np.asarray(rng.normal(size=shape))
    counts = np.asarray(rng.poisson(2.0, size=shape), dtype=np.float64)
    counts.flat[:2] = (0.0, 5.0)[: counts.size]
    return log_rates, counts


def minus_log_p(log_rate, count):
    """-log of the Poisson probability of `count`, from its definition."""
    rate = math.exp(log_rate)
    return -math.log(math.exp(-rate) * rate**count / math.factorial(int(count)))


def mean_minus_log_p(log_rates, counts):
    each = [minus_log_p(z, c) for z, c in zip(log_rates.ravel(), counts.ravel(), strict=True)]
    return math.fsum(each) / len(each)


def check_forward(t):
    """The loss is the negative log-likelihood, up to a constant"""
    for shape in [(7,), (5, 3), ()]:
        log_rates, counts = data(t.rng, shape)
        constant = math.fsum(math.log(math.factorial(int(c))) for c in counts.ravel()) / counts.size
        loss = t.call("PoissonLoss")
        t.equal(
            t.call(loss.forward, log_rates, counts),
            mean_minus_log_p(log_rates, counts) - constant,
            why="log t! does not depend on the input and is left out",
        )


def check_backward(t):
    """The gradient agrees with central differences"""
    loss = t.call("PoissonLoss")
    for shape in [(7,), (5, 3), (5, 3)]:
        log_rates, counts = data(t.rng, shape)
        t.call(loss.forward, log_rates, counts)
        for dy in (1.0, -0.7):
            expected = t.numeric_gradient(
                lambda z=log_rates, c=counts: mean_minus_log_p(z, c), log_rates, dy, smooth=True
            )
            t.equal(t.call(loss.backward, dy), expected, atol=1e-9, what="dL/dlog_rates")


def check_whole_numbers(t):
    """Counts may be integers"""
    log_rates, counts = data(t.rng, (5, 3))
    whole = counts.astype(np.int64)
    results = []
    for given in (counts, whole):
        loss = t.call("PoissonLoss")
        value = t.call(loss.forward, log_rates, given)
        with np.errstate(all="ignore"):
            results.append((value, t.call(loss.backward, 1.0), t.call("deviance", log_rates, given)))
    for what, mine, right in zip(("the loss", "dL/dlog_rates", "the deviance"), *results[::-1], strict=True):
        t.equal(mine, right, what=f"{what} of integer counts", why="an array of integers rounds what is written to it")


def check_large(t):
    """Rates from e^-600 to e^600 are taken as they are"""
    log_rates, counts = np.array([-600.0, -40.0, 40.0, 600.0]), np.array([3.0, 2.0, 5.0, 7.0])
    for i in range(4):  # one at a time: the largest would hide the others
        z, c = log_rates[i : i + 1], counts[i : i + 1]
        loss = t.call("PoissonLoss")
        t.equal(t.call(loss.forward, z, c), math.exp(z[0]) - c[0] * z[0], what=f"the loss at a log-rate of {z[0]:g}")
        t.equal(t.call(loss.backward, 1.0), [math.exp(z[0]) - c[0]], what=f"dL/dlog_rates at a log-rate of {z[0]:g}")
        expected = 2.0 * (math.exp(z[0]) - c[0] * z[0] - c[0] + c[0] * math.log(c[0]))
        t.equal(t.call("deviance", z, c), expected, what=f"the deviance at a log-rate of {z[0]:g}")


def check_refusals(t):
    """What is no count is refused"""
    loss = t.call("PoissonLoss")
    t.raises(loss.forward, np.zeros((5, 1)), np.zeros(5), says="(5, 1)")
    t.raises(loss.forward, np.zeros(3), np.array([0.0, -1.0, 2.0]), says="-1")


def check_deviance(t):
    """The deviance is 0 for perfect rates, and right for others"""
    for shape in [(7,), (5, 3)]:
        log_rates, counts = data(t.rng, shape)
        best = [minus_log_p(math.log(c), c) if c > 0 else 0.0 for c in counts.ravel()]  # P(0) = 1 at rate 0
        expected = 2.0 * (mean_minus_log_p(log_rates, counts) - math.fsum(best) / len(best))
        with np.errstate(all="ignore"):
            t.equal(
                t.call("deviance", log_rates, counts), expected, why="some counts are 0: what is the best rate then?"
            )
    counts = 1.0 + t.rng.poisson(2.0, size=11)
    t.equal(t.call("deviance", np.log(counts), counts), 0.0, what="the deviance of perfect rates")


def fit_data(rng, n, features, level=0.5):
    """x (n, features), and counts (n,) with log-rates around `level`."""
    x = rng.normal(size=(n, features))
    return x, rng.poisson(np.exp(0.4 * x @ rng.normal(size=features) + level))


def check_fit(t):
    """The fit is the minimiser"""
    problems = [fit_data(t.rng, n, features) for n, features in [(61, 3), (101, 5), (37, 1)]]
    problems.append(fit_data(t.rng, 41, 2, level=34.0))  # counts of 1e14
    x, counts = fit_data(t.rng, 31, 2)
    problems.append((np.vstack([x, x * [1.0, -1.0]]), np.tile(counts, 2)))  # the second feature tells nothing
    problems += [(x, counts.astype(np.float64)) for x, counts in problems]
    for x, counts in problems:
        n, features = x.shape
        with np.errstate(all="ignore"):
            got = t.call("fit_poisson", x, counts)
        t.require(isinstance(got, (tuple, list)) and len(got) == 2, "fit_poisson must return two arrays", got=got)
        weight, bias = np.asarray(got[0]), np.asarray(got[1])
        t.equal(weight.shape, (1, features), what="the shape of the weight")
        t.equal(bias.shape, (1,), what="the shape of the bias")
        rates = np.exp(x @ weight[0] + bias[0])
        t.equal(
            rates.mean(), counts.mean(), rtol=1e-7, what="the mean of the fitted rates", why="at the minimum dL/db = 0"
        )
        # The residuals of the minimiser are orthogonal to every feature.
        t.equal(
            x.T @ rates / n,
            x.T @ counts / n,
            rtol=1e-6,
            atol=1e-8,
            what="x^T rates / n",
            why="at the minimum dL/dW = 0",
        )
