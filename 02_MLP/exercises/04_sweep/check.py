import numpy as np


def network_with(t, sizes):
    """The learner's network with large random parameters, a batch, targets."""
    net = t.call("Network", sizes, rng=t.rng)
    for p in (*net.weights, *net.biases):
        p[...] = t.rng.normal(size=p.shape)
    return net, t.rng.normal(size=(11, sizes[0])), t.rng.uniform(size=(11, sizes[-1]))


def compare(t, sizes, eps, kinds):
    """One sweep against a step along the central differences, taken where the sweep began."""
    net, x, d = network_with(t, sizes)

    def error():
        y = x
        for weight, bias in zip(weights, biases, strict=True):
            y = 1.0 / (1.0 + np.exp(-(y @ weight.T + bias)))
        return 0.5 * ((y - d) ** 2).sum()

    weights, biases = [w.copy() for w in net.weights], [b.copy() for b in net.biases]
    gradients = {"weights": [t.numeric_gradient(error, w) for w in weights]}
    gradients["biases"] = [t.numeric_gradient(error, b) for b in biases]
    before = {"weights": weights, "biases": biases}
    t.call(net.sweep, x, d, eps=eps)
    for kind in kinds:
        for i in reversed(range(len(weights))):
            gradient = (before[kind][i] - getattr(net, kind)[i]) / eps
            what = f"the gradient that the step of {kind}[{i}] amounts to, (before - after) / eps"
            t.equal(gradient, gradients[kind][i], rtol=1e-6, atol=1e-7, what=what)


def check_forward(t):
    """The forward pass and the error"""
    net, x, d = network_with(t, (5, 3, 2))
    h = 1.0 / (1.0 + np.exp(-(x @ net.weights[0].T + net.biases[0])))
    y = 1.0 / (1.0 + np.exp(-(h @ net.weights[1].T + net.biases[1])))
    for got, expected in zip(t.call(net.forward, x), (x, h, y), strict=True):
        t.equal(got, expected, what="the outputs of a layer")
    t.equal(t.call(net.error, x, d), 0.5 * ((y - d) ** 2).sum(), what="the error")


def check_single_layer(t):
    """One layer: the step follows the gradient"""
    compare(t, (5, 3), 0.5, ("weights", "biases"))


def check_three_layers(t):
    """Three layers: the step follows the gradient"""
    compare(t, (5, 3, 7, 2), 0.5, ("weights", "biases"))


def check_small_step(t):
    """A very small step follows the gradient too"""
    compare(t, (5, 3, 7, 2), 1e-3, ("weights", "biases"))
