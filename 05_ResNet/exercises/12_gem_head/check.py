import timm
import torch


def definition(x, p, eps=1e-6):
    """The formula, map by map, in float64."""
    out = torch.zeros(x.shape[:2], dtype=torch.float64)
    for b in range(x.shape[0]):
        for c in range(x.shape[1]):
            values = [max(float(v), eps) for v in x[b, c].flatten()]
            out[b, c] = (sum(v**p for v in values) / len(values)) ** (1 / p)
    return out


def narrow(rng):
    settings = {"layers": (1, 1, 1, 1), "channels": (8, 16, 24, 40), "stem_type": "deep", "stem_width": 4}
    model = timm.create_model("resnet18", num_classes=5, **settings).double()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                drawn = torch.from_numpy(rng.normal(size=tuple(value.shape)))
                value.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else 0.3 * drawn)
    return model


def check_mean(t):
    """The layer computes the generalised mean"""
    x = torch.from_numpy(t.rng.normal(size=(2, 3, 5, 7)) + 0.5)
    for p in (1.0, 2.0, 3.7):
        pool = t.call("GeMPool", p).double()
        t.equal(t.call(pool, x), definition(x, p), rtol=1e-6, atol=1e-9, called=f"GeMPool({p})(x (2, 3, 5, 7))")
    for eps in (0.3, 1e-3):
        pool = t.call("GeMPool", 2.0, eps=eps).double()
        t.equal(t.call(pool, x), definition(x, 2.0, eps), rtol=1e-6, what=f"the result with eps = {eps:g}")
    one = x[:, :1, :1, :1]
    t.equal(t.call(t.call("GeMPool").double(), one), definition(one, 3.0), rtol=1e-6, what="the result for one pixel")
    t.equal(t.call(pool.feat_mult), 1, what="feat_mult()")


def check_ends(t):
    """p = 1 is the average, a large p nears the maximum"""
    x = torch.from_numpy(t.rng.uniform(0.1, 2.0, size=(3, 2, 7, 5)))
    t.equal(t.call(t.call("GeMPool", 1.0).double(), x), x.mean(dim=(2, 3)), rtol=1e-6, what="GeMPool(1.0)(x)")
    t.equal(t.call(t.call("GeMPool", 500.0).double(), x), x.amax(dim=(2, 3)), rtol=0.02, what="GeMPool(500.0)(x)")


def check_gradient(t):
    """The gradients of x and of p agree with central differences"""
    x = t.rng.uniform(0.2, 2.0, size=(2, 3, 5, 2))
    dy = t.rng.normal(size=(2, 3))
    pool = t.call("GeMPool", 2.5).double()
    names = [name for name, _ in pool.named_parameters()]
    t.require(names == ["p"], "p must be the one parameter of the layer", expected="['p']", got=str(names))
    t.require(tuple(pool.p.shape) == (1,), "p must have shape (1,)", got=str(tuple(pool.p.shape)))
    tensor = torch.from_numpy(x.copy()).requires_grad_()
    t.call(pool, tensor).backward(torch.from_numpy(dy))
    t.equal(
        tensor.grad,
        t.numeric_gradient(lambda: definition(x, 2.5), x, dy),
        rtol=1e-5,
        atol=1e-7,
        what="the gradient of x",
    )
    h = 1e-6
    slope = ((definition(x, 2.5 + h) - definition(x, 2.5 - h)) * torch.from_numpy(dy)).sum() / (2 * h)
    t.equal(pool.p.grad, slope.reshape(1), rtol=1e-5, atol=1e-7, what="the gradient of p")


def check_range(t):
    """Large and empty maps stay in the range of float32"""
    x = torch.tensor([[[[0.0, 1e4], [2.0, 1e-4]], [[0.0, 0.0], [0.0, 0.0]], [[-3.0, 5e-5], [1e-5, 0.0]]]])
    for p in (3.0, 30.0):
        pool = t.call("GeMPool", p)
        tensor = x.clone().requires_grad_()
        out = t.call(pool, tensor)
        t.equal(out, definition(x.double(), p), rtol=1e-4, atol=1e-12, what=f"float32, p = {p:g}")
        out.sum().backward()
        t.require(bool(torch.isfinite(tensor.grad).all()), "the gradient of x is not finite", got=tensor.grad)
        t.require(bool(torch.isfinite(pool.p.grad).all()), "the gradient of p is not finite", got=pool.p.grad)


def check_head(t):
    """The model pools with it, and classifies anew"""
    model = narrow(t.rng)
    before = model.fc.weight
    changed = t.call("gem_head", model, 7, p=4.0)
    t.require(
        changed is model,
        "the function must change the model that it got, and return that model",
        got=repr(type(changed)),
    )
    x = torch.from_numpy(t.rng.normal(size=(2, 3, 64, 64)))
    features = model.eval().forward_features(x)
    pooled = model.forward_head(features, pre_logits=True)
    t.require(
        "global_pool.p" in dict(model.named_parameters()),
        "the model has no parameter global_pool.p",
        got=str([name for name, _ in model.named_parameters() if "pool" in name]),
    )
    t.equal(pooled, definition(features.detach(), 4.0), rtol=1e-6, what="what the head pools")
    t.require(
        tuple(model.fc.weight.shape) == (7, 40),
        "the classifier has the wrong shape",
        got=str(tuple(model.fc.weight.shape)),
    )
    t.require(model.fc.weight is not before, "the classifier is still the old one")
    with torch.no_grad():
        model.fc.weight.copy_(torch.from_numpy(t.rng.normal(size=tuple(model.fc.weight.shape))))
        model.fc.bias.copy_(torch.from_numpy(t.rng.normal(size=tuple(model.fc.bias.shape))))
    logits = model(x)
    t.equal(logits, pooled @ model.fc.weight.T + model.fc.bias, what="the logits", rtol=1e-6)
    t.require(model.num_classes == 7, "model.num_classes does not say so", got=str(model.num_classes))
    t.require(
        model.global_pool.p.dtype == torch.float64,
        "p has another dtype than the model",
        got=str(model.global_pool.p.dtype),
    )


def check_other_classes(t):
    """Another number of classes"""
    changed = t.call("gem_head", narrow(t.rng), 3)
    t.equal(tuple(changed.fc.weight.shape), (3, 40), what="the shape of the classifier for 3 classes")
