import numpy as np


def check_values(t):
    """What stays on is made larger"""
    for shape, p in [((7,), 0.0), ((7, 5), 0.2), ((2, 3, 5), 0.5), ((7, 5), 0.9)]:
        x = t.rng.normal(size=shape)
        kept = t.rng.random(x.shape) >= p
        expected = np.zeros(x.shape)
        for index in np.ndindex(*x.shape):
            if kept[index]:
                expected[index] = x[index] / (1.0 - p)
        got = t.call("drop", x, kept, p)
        t.equal(got, expected, what=f"the units with p = {p:g}")
        t.own_memory(got, x)


def check_mean(t):
    """The mean over all masks is the unit itself"""
    x = np.array(2.0)
    on, off = (t.call("drop", x, np.array(state), 0.2) for state in (True, False))
    t.equal(0.8 * on + 0.2 * off, x, what="0.8 times the unit when on + 0.2 times the unit when off")
