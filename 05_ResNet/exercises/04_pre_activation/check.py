import numpy as np


def block(t, channels=3, seed=5):
    layer = t.call("PreActBlock", channels, rng=np.random.default_rng(seed))
    for p in layer.params.values():
        p[...] = t.rng.uniform(0.5, 1.5, p.shape) if p.ndim == 1 else t.rng.normal(size=p.shape) * 0.3
    return layer


def convolve(x, weight):
    """The definition, as a sum over windows: stride 1, padding 1."""
    x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    return np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)


def normalise(x, p, name):
    mean, var = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3), keepdims=True)
    column = (slice(None), None, None)
    return p[f"{name}.weight"][column] * (x - mean) / np.sqrt(var + 1e-5) + p[f"{name}.bias"][column]


def expected_output(p, x):
    y = convolve(np.maximum(normalise(x, p, "bn1"), 0.0), p["conv1.weight"])
    return x + convolve(np.maximum(normalise(y, p, "bn2"), 0.0), p["conv2.weight"])


def check_forward(t):
    """The output is the definition's"""
    for channels, size in ((3, (5, 7)), (2, (3, 5))):
        layer, x = block(t, channels), t.rng.normal(size=(2, channels, *size))
        t.equal(t.call(layer.forward, x), expected_output(layer.params, x), rtol=1e-8, what="the output")
    for shape in ((2, 3, 1, 1), (1, 3, 5, 7)):
        layer, x = block(t), t.rng.normal(size=shape)
        t.equal(t.call(layer.forward, x), expected_output(layer.params, x), rtol=1e-8, what=f"the output for {shape}")


def check_backward(t):
    """Every gradient agrees with central differences"""
    layer, x = block(t, 2), t.rng.normal(size=(2, 2, 3, 5))
    dy = t.rng.normal(size=x.shape)
    t.call(layer.forward, x)
    layer.zero_grads()
    dx = t.call(layer.backward, dy)
    grads = {name: grad.copy() for name, grad in layer.grads.items()}
    for name, p in layer.params.items():
        expected = t.numeric_gradient(lambda: expected_output(layer.params, x), p, dy)
        t.equal(grads[name], expected, rtol=1e-5, atol=1e-6, what=f"the gradient of {name}")
    expected = t.numeric_gradient(lambda: expected_output(layer.params, x), x, dy)
    t.equal(dx, expected, rtol=1e-5, atol=1e-6, what="dx")


def check_identity(t):
    """With the branch switched off, values and gradient pass unchanged"""
    layer, x = block(t), t.rng.normal(size=(2, 3, 5, 7))
    layer.params["conv2.weight"][...] = 0.0
    dy = t.rng.normal(size=x.shape)
    y = t.call(layer.forward, x)
    t.equal(y, x, what="the output", why="negative values pass too")
    dx = t.call(layer.backward, dy)
    t.equal(dx, dy, what="dx")
    t.own_memory(y, x, what="the output")
    t.own_memory(dx, dy, what="dx")


def check_stack(t):
    """Five blocks: the output is the input plus all branches, and the mode reaches every layer"""
    layers = [block(t, seed=seed) for seed in range(5)]
    x = t.rng.normal(size=(2, 3, 5, 7))
    y, expected = x, x
    for layer in layers:
        y, expected = t.call(layer.forward, y), expected_output(layer.params, expected)
    t.equal(y, expected, rtol=1e-7, what="the output of the stack")
    before = [layer.buffers["bn2.running_mean"].copy() for layer in layers]
    for layer in layers:
        x = t.call(layer.forward, x, False)
    for layer, held in zip(layers, before, strict=True):
        t.equal(layer.buffers["bn2.running_mean"], held, what="the running mean after evaluation")
