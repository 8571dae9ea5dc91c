from functools import partial

import numpy as np

SHAPES = [((7, 5), 3, 2), ((3, 2, 5), 2, 3), ((5,), 3, 2)]  # shape of x, units, pieces


def definition(x, weight, bias, pieces):
    """One example and one unit at a time."""
    flat = x.reshape(-1, x.shape[-1])
    h = np.empty((len(flat), len(weight) // pieces))
    for i, row in enumerate(flat):
        for j in range(h.shape[1]):
            h[i, j] = max(weight[k] @ row + bias[k] for k in range(j * pieces, (j + 1) * pieces))
    return h.reshape(*x.shape[:-1], -1)


def layer_with(t, features, units, pieces):
    """The learner's layer with a random weight and bias, and copies of both."""
    layer = t.call("Maxout", features, units, pieces, rng=t.rng)
    params = layer.linear.params
    for p in params.values():
        p[...] = t.rng.normal(size=p.shape)
    return layer, params["weight"].copy(), params["bias"].copy()


def check_forward(t):
    """The output is the largest piece of each unit"""
    for shape, units, pieces in SHAPES:
        layer, weight, bias = layer_with(t, shape[-1], units, pieces)
        x = t.rng.normal(size=shape)
        t.equal(t.call(layer.forward, x), definition(x, weight, bias, pieces), what="the output")


def check_backward(t):
    """Every gradient agrees with central differences"""
    for shape, units, pieces in SHAPES:
        layer, weight, bias = layer_with(t, shape[-1], units, pieces)
        x, dy = t.rng.normal(size=shape), t.rng.normal(size=(*shape[:-1], units))
        t.call(layer.forward, x)
        got = {"dx": t.call(layer.backward, dy)}
        got |= {f"the gradient of linear.{name}": g for name, g in layer.linear.grads.items()}
        h = partial(definition, x, weight, bias, pieces)
        for (what, mine), array in zip(got.items(), (x, weight, bias), strict=True):
            t.equal(mine, t.numeric_gradient(h, array, dy), rtol=1e-6, atol=1e-7, what=what)
        before = {name: g.copy() for name, g in layer.linear.grads.items()}
        t.call(layer.backward, dy)
        for name, g in layer.linear.grads.items():
            why = "backward adds to the gradients; only zero_grads clears them"
            t.equal(g, 2 * before[name], what=f"the gradient of linear.{name} after backward twice", why=why)


def check_no_loop(t):
    """No loop over examples, units or pieces"""
    forwards, backwards = [], []
    for n, units, pieces in [(2, 2, 2), (31, 23, 7)]:
        layer, *_ = layer_with(t, 5, units, pieces)
        x = t.rng.normal(size=(n, 5))
        t.call(layer.forward, x)
        forwards.append((layer, x))
        backwards.append((layer, t.rng.normal(size=(n, units))))
    t.no_loop(t.get("Maxout").forward, *forwards, over="examples, units or pieces")
    t.no_loop(t.get("Maxout").backward, *backwards, over="examples, units or pieces")
    small, large = ((t.rng.normal(size=(n, 5)), t.rng.normal(size=n)) for n in (2, 61))
    t.no_loop("relu_as_maxout", small, large, over="units")


def check_tie(t):
    """Of equal pieces only the first gets the gradient"""
    layer, *_ = layer_with(t, 5, 3, 3)
    params = layer.linear.params
    for p in params.values():  # whole numbers: sums of them are exact, so that equal pieces are equal to the last bit
        p[...] = t.rng.integers(-3, 4, p.shape)
        p[1::3] = p[::3]  # the first two pieces of each unit are the same
    params["weight"][2::3], params["bias"][2::3] = 0.0, -100.0  # the third is never the largest
    x, dy = t.rng.integers(-3, 4, (7, 5)).astype(float), t.rng.normal(size=(7, 3))
    t.call(layer.forward, x)
    dx = t.call(layer.backward, dy)
    t.equal(
        dx, dy @ params["weight"][::3], what="dx", why="Two pieces are equal and the third never wins: h is linear."
    )
    grads = layer.linear.grads["bias"].reshape(3, 3)
    t.equal(grads[:, 0], dy.sum(axis=0), what="the bias gradient of the first pieces")
    t.equal(grads[:, 1:], np.zeros((3, 2)), what="the bias gradient of the second and third pieces")


def check_relu(t):
    """A ReLU layer is a maxout layer"""
    weight, bias = t.rng.normal(size=(3, 5)), t.rng.normal(size=3)
    got = t.call("relu_as_maxout", weight, bias)
    t.require(isinstance(got, (tuple, list)) and len(got) == 2, "relu_as_maxout must return two arrays", got=got)
    shapes = [np.shape(part) for part in got]
    t.require(shapes == [(6, 5), (6,)], "the shapes are wrong", expected="(6, 5) and (6,)", got=str(shapes))
    one = t.call("relu_as_maxout", weight[:1, :1], bias[:1])
    t.equal(np.shape(one[0]), (2, 1), what="the shape of the weight for one unit with one input")
    x = 2.0 * t.rng.normal(size=(11, 5))
    h = definition(x, *got, 2)
    t.equal(h, np.maximum(x @ weight.T + bias, 0.0), what="the output of a Maxout with that weight and bias")
