import torch
from optimizers_numpy import Adam

SHAPES = {"weight": (5, 3), "bias": (7,), "slope": (2, 3), "shift": (7,)}


def follow(t, names, steps, weight_decay=0.0, lr=0.01, betas=(0.9, 0.999), clear=True):
    """The learner's Adam beside the chapter's NumPy one, for a few steps on noisy gradients of a quadratic.

    The latter equals torch.optim.Adam step for step, as the chapter proves; importing that one takes seconds.
    """
    theirs = {name: t.rng.normal(size=SHAPES[name]) for name in names}
    mine = {name: torch.tensor(p, requires_grad=True) for name, p in theirs.items()}
    options = {"lr": lr, "betas": betas, "weight_decay": weight_decay}
    optimizer, reference = t.call("MyAdam", mine, **options), Adam(theirs, **options)
    sums = dict.fromkeys(names, 0.0)
    for step in range(1, steps + 1):
        if clear:
            optimizer.zero_grad()
            sums = dict.fromkeys(names, 0.0)
        noise = {name: t.rng.normal(size=SHAPES[name]) for name in names}
        sum(((p - torch.tensor(noise[name])) ** 2).sum() for name, p in mine.items()).backward()
        sums = {name: sums[name] + 2.0 * (theirs[name] - noise[name]) for name in names}
        before = {name: p.grad.clone() for name, p in mine.items()}
        t.call(optimizer.step)
        reference.step(sums)
        for name in names:
            t.equal(mine[name], theirs[name], rtol=1e-8, atol=1e-10, what=f"{name} after step {step}")
            t.equal(mine[name].grad, before[name], rtol=0, atol=0, what=f"the gradient of {name} after step {step}")


def check_single(t):
    """A single parameter: equal to Adam in every step"""
    follow(t, ["weight"], 7)


def check_several(t):
    """Several parameters: equal to Adam in every step"""
    follow(t, ["weight", "bias", "slope", "shift"], 7)


def check_late(t):
    """Other betas, and more steps"""
    follow(t, ["bias", "slope"], 23, lr=0.05, betas=(0.7, 0.9))


def check_decay(t):
    """Weight decay: equal to Adam, and the gradients stay what backward left"""
    follow(t, ["weight", "bias"], 5, weight_decay=0.3)


def check_kept_gradients(t):
    """Weight decay, with gradients added up over all steps"""
    follow(t, ["weight", "bias"], 5, weight_decay=0.3, clear=False)


def check_unused(t):
    """A parameter without a gradient stays as it is"""
    params = {name: torch.tensor(t.rng.normal(size=SHAPES[name]), requires_grad=True) for name in ("weight", "bias")}
    before = {name: p.detach().clone() for name, p in params.items()}
    optimizer = t.call("MyAdam", params, lr=0.01)
    (3.0 * params["weight"]).sum().backward()
    t.call(optimizer.step)
    t.equal(params["bias"], before["bias"], what="bias, which took no part in the loss")
    # At the first step m^ = g and v^ = g^2, so Adam moves each entry by lr.
    t.equal(params["weight"], before["weight"] - 0.01, atol=1e-9, what="weight after the first step")
