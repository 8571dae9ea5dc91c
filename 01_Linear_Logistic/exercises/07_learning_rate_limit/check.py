import numpy as np


def problem(rng, n=53, scales=(1.0, 2.0, 0.5), targets=2):
    """Features of different scales, not centred; x (n, D), y (n, K)."""
    features = len(scales)
    x = (rng.normal(size=(n, features)) + 0.5) * np.array(scales)
    y = x @ rng.normal(size=(features, targets)) + rng.normal(size=(n, targets)) + 1.0
    return x, y


def modes(x, y):
    """The curvatures along the loss's own axes, and the excess of the loss at zero parameters along each.

    By singular values: X1 = U S V^T, so that the fitted part of y has the coordinates U^T y.
    """
    u, s, _ = np.linalg.svd(np.column_stack([x, np.ones(len(x))]), full_matrices=False)
    return 2.0 * s**2 / y.size, ((u.T @ y) ** 2).sum(axis=1) / y.size


def excess(curvatures, start, lr, steps):
    """Along its own axis, each part of the error is multiplied by 1 - lr * curvature in every step."""
    return (start * (1.0 - lr * curvatures) ** (2 * steps)).sum()


def limit(x, y):
    return 2.0 / modes(x, y)[0].max()


def steps_to(x, y, share):
    curvatures, start = modes(x, y)
    steps = 0
    while excess(curvatures, start, 1.0 / curvatures.max(), steps) > share * start.sum():
        steps += 1
    return steps


def check_losses(t):
    """The losses of a run are those of gradient descent"""
    for n, scales, targets in [(53, (1.0, 2.0, 0.5), 2), (11, (3.0, 1.0), 3), (1, (2.0,), 1)]:
        x, y = problem(t.rng, n, scales, targets)
        curvatures, start = modes(x, y)
        lr = 0.7 * limit(x, y)
        got = t.call("losses", x, y, lr=lr, steps=13)
        floor = (y**2).mean() - start.sum()
        expected = [floor + excess(curvatures, start, lr, k) for k in range(14)]
        t.equal(got, expected, rtol=1e-8, why="14 numbers for 13 steps: before the first and after each")


def check_measured(t):
    """The measured limit is where runs begin to diverge"""
    for n, scales, targets in [(31, (1.0, 0.3), 3), (7, (9.0, 5.0), 2), (1, (0.2,), 1), (11, (0.2, 0.1), 13)]:
        x, y = problem(t.rng, n, scales, targets)
        with np.errstate(all="ignore"):
            got = t.call("measured_limit", x, y)
        t.between(got, 0.96 * limit(x, y), 1.04 * limit(x, y), what="the measured limit", match=0.01)
    # The steep first feature takes no part in any run: its two signs have the same targets, so its gradient is exactly 0.
    x, y = np.array([[8.0, 0.7], [-8.0, 0.7]]), np.tile(t.rng.normal(size=3), (2, 1))
    with np.errstate(all="ignore"):
        got = t.call("measured_limit", x, y)
    expected = limit(x[:, 1:], y)
    why = "By running alone: here the steepest direction is one in which no run ever moves."
    t.between(got, 0.96 * expected, 1.04 * expected, what="the measured limit", why=why, match=0.01)


def check_predicted(t):
    """The predicted limit agrees with the largest singular value"""
    wide = (1.0, 5.0, 2.0, 0.3, 1.0)
    for n, scales, targets in [(53, (1.0, 2.0, 0.5), 2), (31, (0.2, 0.1), 3), (11, wide, 3), (1, (2.0,), 1)]:
        x, y = problem(t.rng, n, scales, targets)
        t.equal(t.call("predicted_limit", x, y), limit(x, y), why="below it every run converges, above it none does")


def check_steps(t):
    """The steps are counted"""
    x, y = problem(t.rng)
    lr = 0.5 * limit(x, y)
    for share in (0.1, 1e-3):
        got = t.call("steps_needed", x, y, lr=lr, share=share)
        expected = steps_to(x, y, share)
        t.between(got, expected - 1, expected + 1, what=f"steps until {share:g} of the excess is left", match=0.0)
    t.equal(t.call("steps_needed", x, y, lr=lr, share=1.0), 0, what="steps until all of the excess is left")
    t.equal(t.call("steps_needed", x, y, lr=lr, share=1e-3, max_steps=got), got, what="steps with just as many allowed")
    t.raises("steps_needed", x, y, lr=lr, share=1e-3, max_steps=got - 1, error=RuntimeError)
    x, y = problem(t.rng, 1, (2.0,), 1)
    got = t.call("steps_needed", x, y, lr=0.5 * limit(x, y), share=0.1)
    t.equal(got, 1, what="steps where the loss has a single curvature, at half of the limit")


def check_speed_up(t):
    """Scaled features need fewer steps"""
    for scales, targets, share in [((1.0, 3.0, 0.5), 2, 1e-6), ((1.0, 3.0, 0.5), 2, 1e-2), ((5.0,), 1, 1e-6)]:
        x, y = problem(t.rng, scales=scales, targets=targets)
        scaled = (x - x.mean(axis=0)) / x.std(axis=0)
        expected = steps_to(x, y, share) / steps_to(scaled, y, share)
        with np.errstate(all="ignore"):
            got = t.call("speed_up", x, y, share=share)
        t.between(got, 0.85 * expected, 1.15 * expected, what=f"the speed-up until {share:g} of the excess is left")
