from functools import partial

import numpy as np
from logistic_numpy import CrossEntropyLoss

SLOPES = np.array([0.25, -0.1, 0.7, 0.0, 1.3])
SHAPES = [(7, 5), (3, 2, 5), (5,)]


def definition(x, slopes):
    """One element at a time."""
    y = np.empty(x.shape)
    for index in np.ndindex(*x.shape):
        y[index] = x[index] if x[index] > 0 else slopes[index[-1]] * x[index]
    return y


def layer_with(t, slopes):
    layer = t.call("PReLU", len(slopes))
    t.require("weight" in layer.params, "PReLU has no parameter called weight", got=sorted(layer.params))
    layer.params["weight"][...] = slopes
    return layer


def check_parameter(t):
    """The slopes are a parameter that starts at 0.25"""
    layer = t.call("PReLU", 5)
    t.require(list(layer.params) == ["weight"], "PReLU should have the one parameter weight", got=sorted(layer.params))
    t.equal(layer.params["weight"], np.full(5, 0.25), what="params['weight']")
    t.equal(layer.grads["weight"], np.zeros(5), what="grads['weight'] before any backward")
    layer = t.call("PReLU", 3, slope=0.1)
    t.equal(layer.params["weight"], np.full(3, 0.1), what="params['weight']")


def check_forward(t):
    """The output, with one and with two leading axes"""
    layer = layer_with(t, SLOPES)
    for shape in SHAPES:
        x = t.rng.normal(size=shape)
        t.equal(t.call(layer.forward, x), definition(x, SLOPES), what="the output")
    x = t.rng.normal(size=(7, 1))
    t.equal(t.call(layer_with(t, SLOPES[:1]).forward, x), definition(x, SLOPES[:1]), what="the output of one feature")


def check_dx(t):
    """The gradient of the input agrees with central differences"""
    layer = layer_with(t, SLOPES)
    for shape in SHAPES:
        x, dy = t.rng.normal(size=shape), t.rng.normal(size=shape)
        t.call(layer.forward, x)
        got = t.call(layer.backward, dy)
        t.equal(got, t.numeric_gradient(partial(definition, x, SLOPES), x, dy), rtol=1e-6, atol=1e-7, what="dx")
    x, dy = np.zeros((7, 5)), t.rng.normal(size=(7, 5))
    t.own_memory(t.call(layer.forward, x), x, what="the output")
    t.equal(t.call(layer.backward, dy), SLOPES * dy, what="dx at x = 0", why="there the slope counts as the derivative")


def check_dweight(t):
    """The gradient of the slopes agrees with central differences"""
    for shape in SHAPES:
        layer, slopes = layer_with(t, SLOPES), SLOPES.copy()
        x, dy = t.rng.normal(size=shape), t.rng.normal(size=shape)
        t.call(layer.forward, x)
        t.call(layer.backward, dy)
        expected = t.numeric_gradient(partial(definition, x, slopes), slopes, dy)
        t.equal(layer.grads["weight"], expected, rtol=1e-6, atol=1e-7, what="grads['weight']")


def check_adds(t):
    """A second backward adds to the first"""
    layer, slopes = layer_with(t, SLOPES), SLOPES.copy()
    expected = np.zeros(5)
    for _ in range(2):
        x, dy = t.rng.normal(size=(7, 5)), t.rng.normal(size=(7, 5))
        t.call(layer.forward, x)
        t.call(layer.backward, dy)
        expected += t.numeric_gradient(partial(definition, x, slopes), slopes, dy)
        t.equal(layer.grads["weight"], expected, rtol=1e-6, atol=1e-7, what="grads['weight']")


def check_model(t):
    """PReLUMLP: every gradient of the whole network"""
    model = t.call("PReLUMLP", (5, 7, 3, 2), rng=t.rng)
    names = [f"linears.{i}.{p}" for i in range(3) for p in ("weight", "bias")] + ["relus.0.weight", "relus.1.weight"]
    t.require(sorted(model.params) == sorted(names), "the names are others than expected", got=sorted(model.params))
    x, labels, criterion = t.rng.normal(size=(11, 5)), t.rng.integers(0, 2, 11), CrossEntropyLoss()
    for p in model.params.values():
        p += 0.1 * t.rng.normal(size=p.shape)
    t.call(lambda: criterion.forward(model.forward(x), labels))
    t.call(lambda: model.backward(criterion.backward()))
    grads = {name: g.copy() for name, g in model.grads.items()}
    for name in names:
        expected = t.numeric_gradient(lambda: criterion.forward(model.forward(x), labels), model.params[name])
        t.equal(grads[name], expected, rtol=1e-6, atol=1e-7, what=f"the gradient of {name}", called="PReLUMLP.backward")


def check_std(t):
    """The scale of the weights keeps the mean square"""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)  # means over a standard normal
    for fan_in, slope in [(300, 0.25), (47, 0.0), (7, 1.0), (11, 2.0)]:
        got = t.call("prelu_std", fan_in, slope)
        survives = (weights * definition(nodes[:, None], [slope])[:, 0] ** 2).sum() / weights.sum()
        t.equal(got**2 * fan_in * survives, 1.0, rtol=1e-8, what="the factor on the mean square of one layer")
