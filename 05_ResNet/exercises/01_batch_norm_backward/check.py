import numpy as np

SIZES = [(7, 3), (5, 2), (2, 5), (3, 1), (1, 2)]


def problem(rng, n, channels):
    """x (n, C), weight, bias (C,) and an upstream gradient (n, C)."""
    x = rng.normal(size=(n, channels)) * 2.0 + 1.0
    weight = rng.uniform(0.5, 1.5, channels)
    weight[1::2] *= -1.0  # a factor may be negative
    return x, weight, rng.normal(size=channels), rng.normal(size=(n, channels))


def forward(x, weight, bias, eps=1e-5):
    """The definition: y, x_hat and the standard deviation."""
    mean = x.sum(axis=0) / len(x)
    std = np.sqrt(((x - mean) ** 2).sum(axis=0) / len(x) + eps)
    x_hat = (x - mean) / std
    return weight * x_hat + bias, x_hat, std


def backward(t, x, weight, bias, dy):
    _, x_hat, std = forward(x, weight, bias)
    got = t.call("batch_norm_backward", dy, x_hat, std, weight)
    t.require(isinstance(got, (tuple, list)) and len(got) == 3, "batch_norm_backward must return three arrays", got=got)
    t.own_memory(got[0], dy, x_hat, what="dx")
    return got


def check_parameters(t):
    """The gradients of weight and bias agree with central differences"""
    for n, channels in SIZES:
        x, weight, bias, dy = problem(t.rng, n, channels)
        _, dweight, dbias = backward(t, x, weight, bias, dy)
        for what, array, got in (("dweight", weight, dweight), ("dbias", bias, dbias)):
            expected = t.numeric_gradient(lambda: forward(x, weight, bias)[0], array, dy, smooth=True)  # noqa: B023
            t.equal(got, expected, rtol=1e-9, atol=1e-9, what=what)


def check_input(t):
    """The gradient of the input agrees with central differences"""
    for n, channels in SIZES:
        x, weight, bias, dy = problem(t.rng, n, channels)
        dx, _, _ = backward(t, x, weight, bias, dy)
        expected = t.numeric_gradient(lambda: forward(x, weight, bias)[0], x, dy, smooth=True)  # noqa: B023
        t.equal(dx, expected, rtol=1e-8, atol=1e-8, what="dx", why="x acts on every output of its column")


def check_no_gradient_along_a_constant(t):
    """Adding a constant to a channel changes nothing, so dx sums to zero"""
    x, weight, bias, dy = problem(t.rng, 7, 3)
    dx, _, _ = backward(t, x, weight, bias, dy)
    t.equal(np.sum(dx, axis=0), np.zeros(3), atol=1e-10, what="the sum of dx over the batch")


def check_dtype(t):
    """float32 gives float32 back"""
    x, weight, bias, dy = problem(t.rng, 7, 3)
    _, x_hat, std = forward(x, weight, bias)
    t.keeps_dtype("batch_norm_backward", dy, x_hat, std, weight)
