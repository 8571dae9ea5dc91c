import numpy as np

SIZES = [(3, 5, 2), (5, 5, 1), (2, 3, 1)]  # in_channels, channels, stride
NAMES = ("conv1", "conv2", "shortcut_conv")


def block(t, sizes):
    """The learner's block with every parameter random, and an input."""
    layer = t.call("BlockC", *sizes, rng=np.random.default_rng(5))
    t.require(hasattr(layer, "params"), "BlockC must stay a Module", got=type(layer).__name__)
    wanted = {f"{n}.weight" for n in (*NAMES, "bn1", "bn2", "shortcut_bn")} | {
        "bn1.bias",
        "bn2.bias",
        "shortcut_bn.bias",
    }
    t.require(
        set(layer.params) == wanted,
        "the parameters have other names",
        expected=sorted(wanted),
        got=sorted(layer.params),
    )
    for p in layer.params.values():
        p[...] = t.rng.uniform(0.5, 1.5, p.shape) if p.ndim == 1 else t.rng.normal(size=p.shape)
    return layer, t.rng.normal(size=(2, sizes[0], 5, 7))


def convolve(x, weight, stride):
    """The definition, as a sum over windows. x: (B, C, H, W), weight: (O, C, k, k)"""
    k = weight.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.tensordot(windows, weight, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)


def normalise(x, params, name):
    mean, var = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3), keepdims=True)
    column = (slice(None), None, None)
    return params[f"{name}.weight"][column] * (x - mean) / np.sqrt(var + 1e-5) + params[f"{name}.bias"][column]


def expected_output(p, x, stride):
    y = np.maximum(normalise(convolve(x, p["conv1.weight"], stride), p, "bn1"), 0.0)
    y = normalise(convolve(y, p["conv2.weight"], 1), p, "bn2")
    return np.maximum(y + normalise(convolve(x, p["shortcut_conv.weight"], stride), p, "shortcut_bn"), 0.0)


def check_forward(t):
    """Branch and projection are added, then the ReLU"""
    for sizes in SIZES:
        layer, x = block(t, sizes)
        t.equal(t.call(layer.forward, x), expected_output(layer.params, x, sizes[2]), rtol=1e-8, what="the output")
    for shape in ((2, 3, 1, 1), (1, 3, 5, 7)):
        layer, _ = block(t, (3, 5, 2))
        x = t.rng.normal(size=shape)
        t.equal(
            t.call(layer.forward, x), expected_output(layer.params, x, 2), rtol=1e-8, what=f"the output for {shape}"
        )


def check_backward(t):
    """Every gradient agrees with central differences"""
    for sizes in ((2, 3, 2), (3, 3, 1)):
        layer, x = block(t, sizes)
        x = x[:, :, :4, :3].copy()
        dy = t.rng.normal(size=expected_output(layer.params, x, sizes[2]).shape)
        t.call(layer.forward, x)
        layer.zero_grads()
        dx = t.call(layer.backward, dy)
        grads = {name: grad.copy() for name, grad in layer.grads.items()}
        for name in ("shortcut_conv.weight", "shortcut_bn.weight", "bn2.bias", "bn1.weight"):
            expected = t.numeric_gradient(
                lambda: expected_output(layer.params, x, sizes[2]),  # noqa: B023
                layer.params[name],
                dy,
            )
            t.equal(grads[name], expected, rtol=1e-5, atol=1e-6, what=f"the gradient of {name}")
        expected = t.numeric_gradient(lambda: expected_output(layer.params, x, sizes[2]), x, dy)  # noqa: B023
        t.equal(dx, expected, rtol=1e-5, atol=1e-6, what="dx", why="x is used twice")


def check_evaluation(t):
    """The mode reaches all three normalisations"""
    layer, x = block(t, (3, 5, 2))
    t.call(layer.forward, x, False)
    for name, running in layer.buffers.items():
        if name.endswith("running_mean"):
            t.equal(running, np.zeros(5), what=f"{name} after a pass in evaluation mode")


def check_count(t):
    """The extra parameters of whole networks"""
    for n, width in ((1, 16), (3, 16), (9, 16), (3, 5)):
        expected, shapes = 0, [(width, width)] * n
        shapes += [(width, 2 * width), *[(2 * width, 2 * width)] * (n - 1)]
        shapes += [(2 * width, 4 * width), *[(4 * width, 4 * width)] * (n - 1)]
        expected = sum(c * out + 2 * out for c, out in shapes)
        t.equal(t.call("extra_parameters", n, width), expected, what=f"extra_parameters({n}, {width})")
