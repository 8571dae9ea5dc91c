import numpy as np
from conv_numpy import Conv2d


def layer_and_input(t, channels, out_channels, k, H, W):
    layer = t.call("Convolution", channels, out_channels, k, rng=t.rng)
    layer.params["weight"][...] = t.rng.normal(size=(out_channels, channels, k, k))
    layer.params["bias"][...] = t.rng.normal(size=out_channels)
    return layer, t.rng.normal(size=(2, channels, H, W))


CASES = [(2, 3, 3, 5, 7), (3, 2, 2, 7, 5), (2, 3, 5, 7, 8)]  # C, O, k, H, W


def formula(x, weight, bias):
    """The chapter's formula, one tap of the kernel at a time."""
    k = weight.shape[2]
    h, w = x.shape[2] - k + 1, x.shape[3] - k + 1
    y = np.zeros((len(x), len(weight), h * w)) + bias[:, None]
    for i, j in np.ndindex(k, k):
        y += weight[:, :, i, j] @ x[:, :, i : i + h, j : j + w].reshape(len(x), -1, h * w)
    return y.reshape(len(x), -1, h, w)


def check_forward(t):
    """The forward pass is the chapter's formula"""
    for case in CASES:
        layer, x = layer_and_input(t, *case)
        got = t.call(layer.forward, x)
        t.equal(got, formula(x, layer.params["weight"], layer.params["bias"]), what="y")


def check_parameters(t):
    """The gradients of weight and bias agree with central differences"""
    for case in CASES[:2]:
        layer, x = layer_and_input(t, *case)
        y = t.call(layer.forward, x)
        dy = t.rng.normal(size=y.shape)
        t.call(layer.backward, dy)
        weight, bias = layer.params["weight"].copy(), layer.params["bias"].copy()
        for name, array in [("weight", weight), ("bias", bias)]:
            expected = t.numeric_gradient(lambda x=x, w=weight, b=bias: formula(x, w, b), array, dy, smooth=True)
            t.equal(layer.grads[name], expected, atol=1e-9, what=f"grads[{name!r}]")
        before = {name: g.copy() for name, g in layer.grads.items()}
        t.call(layer.backward, dy)
        for name, g in layer.grads.items():
            why = "backward adds to the gradients; only zero_grads clears them"
            t.equal(g, 2 * before[name], what=f"grads[{name!r}] after backward twice", why=why)


def check_one(t):
    """One number of dy goes back to the pixels it came from"""
    layer, x = layer_and_input(t, 2, 3, 3, 5, 7)
    t.equal(t.call(layer.forward, x), formula(x, layer.params["weight"], layer.params["bias"]), what="y")
    for o, p, q in [(1, 2, 3), (2, 0, 4)]:
        dy, expected = np.zeros((2, 3, 3, 5)), np.zeros(x.shape)
        dy[0, o, p, q] = 1.0
        expected[0, :, p : p + 3, q : q + 3] = layer.params["weight"][o]  # y[o, p, q] read pixel p + i through w[i]
        got = t.call(layer.backward, dy)
        why = f"dy is 1 at [0, {o}, {p}, {q}] and 0 elsewhere; compare with weight[{o}, 0]"
        t.equal(got[0, 0], expected[0, 0], what="map 0 of dx", why=why)
        t.equal(got, expected, what="dx", why=why)


def check_input(t):
    """The gradient of the input agrees with central differences"""
    for case in CASES[:2]:
        layer, x = layer_and_input(t, *case)
        y = t.call(layer.forward, x)
        dy = t.rng.normal(size=y.shape)
        got = t.call(layer.backward, dy)
        weight, one = layer.params["weight"], x[:1].copy()
        expected = t.numeric_gradient(lambda x=one, w=weight: formula(x, w, np.zeros(len(w))), one, dy[:1], smooth=True)
        t.equal(got[:1], expected, atol=1e-9, what="dx of the first image")
        other = Conv2d(*case[:3], rng=t.rng)
        other.weight[...] = weight
        other.forward(x)
        t.equal(got, other.backward(dy), what="dx")


def check_stack(t):
    """A stack of two layers learns to imitate another one"""
    x = t.rng.normal(size=(7, 1, 8, 7))
    first, second = t.rng.normal(size=(2, 1, 3, 3)) / 3.0, t.rng.normal(size=(1, 2, 3, 3)) / 3.0
    y = formula(np.tanh(formula(x, first, np.zeros(2))), second, np.zeros(1))
    model = t.call("Stack", (1, 5, 1), 3, rng=t.rng)
    losses = t.call("imitate", model, x, y, lr=0.2, steps=100, mutates=True)
    t.require(len(losses) == 100, "imitate must return the loss of every step", got=len(losses))
    share = np.mean(losses[-10:]) / np.mean(y**2)
    t.between(share, 0.0, 0.02, what="the mean squared error of the last 10 steps, as a share of the mean square of y")
