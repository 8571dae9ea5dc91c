import torch
from torch.nn import functional as F

CASES = [(2, 2), (3, 2), (3, 1), (2, 3)]  # kernel, stride


def problem(t, k, s):
    x, weight = t.rng.normal(size=(2, 3, 5, 4)), t.rng.normal(size=(3, 7, k, k))
    dy = t.rng.normal(size=(2, 7, 4 * s + k, 3 * s + k))
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, weight)]
    F.conv_transpose2d(*tensors, stride=s).backward(torch.tensor(dy))
    got = t.call("backward", dy, x, weight, s)
    t.require(isinstance(got, tuple) and len(got) == 2, "backward must return dx and dweight", got=got)
    return got, [a.grad.numpy() for a in tensors]


def check_dx(t):
    """The gradient of the input is torch's"""
    for k, s in CASES:
        (dx, _), (expected, _) = problem(t, k, s)
        t.equal(dx, expected, what=f"dx, kernel {k}, stride {s}")


def check_dweight(t):
    """The gradient of the weight is torch's"""
    for k, s in CASES:
        (_, dweight), (_, expected) = problem(t, k, s)
        t.equal(dweight, expected, what=f"dweight, kernel {k}, stride {s}")
