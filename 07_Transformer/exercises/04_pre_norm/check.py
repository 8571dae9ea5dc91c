import numpy as np

D, HEADS, FF = 6, 2, 5


def normed(p, x):
    mean = x.mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + 1e-5) * p["weight"] + p["bias"]


def attended(p, x, mask):
    """Multi-head self-attention, one head after the other."""
    q, k, v = (x @ p[f"{name}.weight"].T + p[f"{name}.bias"] for name in ("q", "k", "v"))
    heads = []
    for h in range(HEADS):
        part = slice(h * D // HEADS, (h + 1) * D // HEADS)
        s = q[..., part] @ np.swapaxes(k[..., part], 1, 2) / np.sqrt(D // HEADS)
        e = np.exp(np.where(mask[:, 0], s - s.max(), -np.inf))
        heads.append(e / e.sum(axis=-1, keepdims=True) @ v[..., part])
    return np.concatenate(heads, axis=-1) @ p["out.weight"].T + p["out.bias"]


def below(params, prefix):
    return {name[len(prefix) :]: value for name, value in params.items() if name.startswith(prefix)}


def layer(p, x, mask):
    x = x + attended(below(p, "attention."), normed(below(p, "norm1."), x), mask)
    inner = normed(below(p, "norm2."), x) @ p["feed_forward.linear1.weight"].T + p["feed_forward.linear1.bias"]
    return x + np.maximum(inner, 0) @ p["feed_forward.linear2.weight"].T + p["feed_forward.linear2.bias"]


def encoder(p, x, mask, depth):
    for i in range(depth):
        x = layer(below(p, f"stack.{i}."), x, mask)
    return normed(below(p, "norm."), x)


def build(t, name, *sizes):
    """The learner's module with random biases and scales, an input and a mask with padding."""
    module = t.call(name, *sizes, D, HEADS, FF, rng=t.rng)
    for value in module.params.values():
        value += 0.3 * t.rng.normal(size=value.shape)
    mask = np.ones((2, 1, 1, 3), dtype=bool)
    mask[1, 0, 0, 2] = False
    return module, t.rng.normal(size=(2, 3, D)) * 2.0 + 1.0, mask


def check_layer(t):
    """A layer gives what the definition gives"""
    module, x, mask = build(t, "PreNormLayer")
    t.equal(t.call(module.forward, x, mask), layer(module.params, x, mask), rtol=1e-9)


def check_encoder(t):
    """So does the stack"""
    module, x, mask = build(t, "PreNormEncoder", 2)
    t.equal(t.call(module.forward, x, mask), encoder(module.params, x, mask, 2), rtol=1e-9)


def check_silent_branches(t):
    """With branches that give zero, the gradient arrives as it left the last normalisation"""
    module, x, mask = build(t, "PreNormEncoder", 3)
    for name, value in module.params.items():
        if name.startswith("stack.") and (".out." in name or ".linear2." in name):
            value[...] = 0.0
    t.equal(t.call(module.forward, x, mask), normed(below(module.params, "norm."), x), rtol=1e-9, what="the output")
    dy = t.rng.normal(size=x.shape)
    expected = t.numeric_gradient(lambda: normed(below(module.params, "norm."), x), x, dy)
    t.equal(t.call(module.backward, dy), expected, rtol=1e-5, atol=1e-6, what="dx")


def check_layer_input(t):
    """The gradient of a layer's input agrees with central differences"""
    module, x, mask = build(t, "PreNormLayer")
    dy = t.rng.normal(size=x.shape)
    t.call(module.forward, x, mask)
    dx = t.call(module.backward, dy)
    t.equal(dx, t.numeric_gradient(lambda: layer(module.params, x, mask), x, dy), rtol=1e-5, atol=1e-6)


def check_layer_parameters(t):
    """So do the gradients of its parameters"""
    module, x, mask = build(t, "PreNormLayer")
    dy = t.rng.normal(size=x.shape)
    t.call(module.forward, x, mask)
    module.zero_grads()
    t.call(module.backward, dy)
    for name in ("norm1.weight", "norm1.bias", "attention.v.bias", "norm2.weight", "feed_forward.linear1.bias"):
        expected = t.numeric_gradient(lambda: layer(module.params, x, mask), module.params[name], dy)
        t.equal(module.grads[name], expected, rtol=1e-5, atol=1e-6, what=name)


def check_encoder_gradients(t):
    """And those of the stack"""
    module, x, mask = build(t, "PreNormEncoder", 2)
    dy = t.rng.normal(size=x.shape)
    t.call(module.forward, x, mask)
    module.zero_grads()
    dx = t.call(module.backward, dy)
    for name in ("norm.weight", "stack.0.norm2.bias"):
        expected = t.numeric_gradient(lambda: encoder(module.params, x, mask, 2), module.params[name], dy)
        t.equal(module.grads[name], expected, rtol=1e-5, atol=1e-6, what=name)
    t.equal(dx, t.numeric_gradient(lambda: encoder(module.params, x, mask, 2), x, dy), rtol=1e-5, atol=1e-6, what="dx")
