def check_gradient(t):
    """The gradient agrees with central differences"""
    for shape in [(3, 3, 3, 3), (2, 5, 7, 3), (1, 2, 1, 5), (2, 1, 5, 1)]:
        x, bias, dy = t.rng.normal(size=shape), t.rng.normal(size=shape[1]), t.rng.normal(size=shape)
        expected = t.numeric_gradient(lambda x=x, b=bias: x + b.reshape(-1, 1, 1), bias, dy, smooth=True)
        t.equal(t.call("bias_gradient", dy), expected, atol=1e-9, why="nudge bias[c]: which pixels move?")


def check_no_loop(t):
    """There is no loop over maps or images"""
    small, large = ((t.rng.normal(size=shape),) for shape in [(2, 2, 3, 3), (31, 37, 3, 3)])
    t.no_loop("bias_gradient", small, large, over="maps or images")
