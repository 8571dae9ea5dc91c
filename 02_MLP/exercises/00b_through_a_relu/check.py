import numpy as np


def check_gate(t):
    """The gradient passes where the input was positive"""
    for shape in [(7,), (5, 3), (2, 3, 5)]:
        x, dy = t.rng.normal(size=shape), t.rng.normal(size=shape)
        expected = np.zeros(shape)
        for index in np.ndindex(*shape):
            if x[index] > 0:
                expected[index] = dy[index]
        t.equal(
            t.call("relu_backward", dy, x),
            expected,
            why="dy may be negative where x is positive, and the other way round",
        )


def check_zero(t):
    """At 0 the derivative is 0"""
    x, dy = np.array([-1.0, 0.0, 2.0]), np.array([3.0, 5.0, -7.0])
    t.equal(t.call("relu_backward", dy, x), [0.0, 0.0, -7.0], what="dx for x = [-1, 0, 2]")
    whole = x.astype(np.int64)
    t.equal(t.call("relu_backward", 0.5 * dy, whole), [0.0, 0.0, -3.5], what="dx for whole numbers x = [-1, 0, 2]")


def check_no_loop(t):
    """There is no loop over the numbers"""
    small, large = ((t.rng.normal(size=(n, 3)), t.rng.normal(size=(n, 3))) for n in (2, 61))
    t.no_loop("relu_backward", small, large, over="the rows")
