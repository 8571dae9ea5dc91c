def problem(rng, examples=7, width=5):
    """dy and x (B, D), a and b (D,)."""
    return (*rng.normal(size=(2, examples, width)), *rng.normal(size=(2, width)))


def check_forward(t):
    """The scaled input, shifted"""
    _, x, a, b = problem(t.rng)
    want = [[x[n, d] * a[d] + b[d] for d in range(len(a))] for n in range(len(x))]
    t.equal(t.call("shifted", x, a, b), want)


def check_backward(t):
    """The gradients agree with central differences"""
    dy, x, a, b = problem(t.rng)
    got = t.call("shifted_backward", dy, x, a)
    t.require(isinstance(got, tuple) and len(got) == 3, "shifted_backward must return three arrays", got=got)
    for name, array, mine in [("x", x, got[0]), ("a", a, got[1]), ("b", b, got[2])]:
        want = t.numeric_gradient(lambda: x * a + b, array, dy)
        t.equal(mine, want, rtol=1e-6, atol=1e-7, what=f"the gradient of {name}")
