import numpy as np
import torch

SIZES = [
    (2, 3, 5, 7, 4, 6),
    (1, 2, 3, 2, 5, 3),
    (2, 1, 2, 3, 2, 5),
    (2, 3, 1, 2, 1, 4),
    (3, 2, 2, 1, 4, 1),
]  # B C D E H W


def problem(t, B, C, D, E, H, W):
    x, g, dy = t.rng.normal(size=(B, C, H, W)), t.rng.normal(size=(B, D, H, W)), t.rng.normal(size=(B, C, H, W))
    shapes = {"wx": (E, C), "wg": (E, D), "b": (E,), "psi": (E,), "c": ()}
    return x, g, dy, {name: np.array(t.rng.normal(size=shape)) for name, shape in shapes.items()}


def by_torch(x, g, p):
    """1x1 convolutions."""
    wx, wg, psi = p["wx"][:, :, None, None], p["wg"][:, :, None, None], p["psi"][None, :, None, None]
    z = torch.nn.functional.conv2d(x, wx, p["b"]) + torch.nn.functional.conv2d(g, wg)
    alpha = torch.nn.functional.conv2d(z.relu(), psi, p["c"][None]).sigmoid()
    return alpha * x, alpha[:, 0]


def leaves(x, g, p):
    made = {name: torch.tensor(value, requires_grad=True) for name, value in {"x": x, "g": g, **p}.items()}
    return made["x"], made["g"], {name: made[name] for name in p}


def check_forward(t):
    """The gate is the one of the formula"""
    for sizes in SIZES:
        x, g, _, p = problem(t, *sizes)
        got = t.call("gate", x, g, p)
        t.require(isinstance(got, tuple) and len(got) == 2, "gate must return y and alpha", got=got)
        wanted = by_torch(*leaves(x, g, p))
        for what, a, b in zip(("y", "alpha"), got, wanted, strict=True):
            t.equal(a, b.detach().numpy(), what=what)


def check_backward(t):
    """The gradients are torch's"""
    problems = [problem(t, *sizes) for sizes in SIZES]
    x, g, dy, p = problems[0]
    problems.append((x, g, dy, p | {name: np.zeros_like(p[name]) for name in ("wx", "wg", "b")}))  # every z is 0
    for x, g, dy, p in problems:
        got = t.call("gate_backward", dy, x, g, p)
        t.require(isinstance(got, tuple) and len(got) == 3, "gate_backward must return dx, dg, a dict", got=got)
        t.require(
            isinstance(got[2], dict) and got[2].keys() == p.keys(), f"the dict must have {', '.join(p)}", got=got[2]
        )
        tx, tg, tp = leaves(x, g, p)
        by_torch(tx, tg, tp)[0].backward(torch.tensor(dy))
        for name, value in tp.items():
            t.equal(got[2][name], value.grad.numpy(), what=f"the gradient of {name}")
            t.own_memory(got[2][name], p[name])
        t.equal(got[1], tg.grad.numpy(), what="dg")
        t.equal(got[0], tx.grad.numpy(), what="dx")


def check_large_scores(t):
    """Scores of a thousand shut the gate or open it, without overflow"""
    x, g, _, p = problem(t, 2, 3, 5, 7, 4, 6)
    for c in (-1000.0, 1000.0):
        y, alpha = t.call("gate", x, g, p | {"c": np.array(c)})
        t.own_memory(y, x)
        t.equal(alpha, np.full((2, 4, 6), float(c > 0)), what="alpha")


def check_no_loop(t):
    """There is no loop over images, channels or pixels"""
    small, large = (problem(t, *sizes) for sizes in ((2, 2, 2, 2, 3, 3), (7, 11, 5, 13, 9, 8)))
    t.no_loop("gate", (small[0], small[1], small[3]), (large[0], large[1], large[3]), over="images, channels or pixels")
    t.no_loop(
        "gate_backward",
        (small[2], small[0], small[1], small[3]),
        (large[2], large[0], large[1], large[3]),
        over="images, channels or pixels",
    )
